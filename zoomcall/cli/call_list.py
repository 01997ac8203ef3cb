"""``zoomcall call list``: apart from what asks Zoom."""

from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.dialled import dialled, state_tone, state_words, target_words
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table
from zoomcall.cli.results.call import CallListResult
from zoomcall.cli.run import Run
from zoomcall.domain.time_words import stamp

app = typer.Typer()


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.call.list/1"),
    examples=("zoomcall call list", "zoomcall call list --json"),
)
def list_calls(
    run: Run,
    *,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Show at most this many.")] = 50,
) -> Answer:
    """List the calls dialled from this machine, newest first."""
    if run.options.profile is not None:
        run.wiring.choice(None)  # a profile that does not exist is an error, even if nothing is sent
    calls = run.wiring.journal_to_read().calls(limit=limit)
    rows = tuple(
        (str(call.id), stamp(call.at), state_words(call), call.protocol.value, call.shown, target_words(call))
        for call in calls
    )
    headings = ("ID", "DIALLED", "STATE", "PROTOCOL", "ROOM", "INTO")
    tones = (headings.index("STATE"), tuple(map(state_tone, calls)))
    table = Table(headings, rows, times=frozenset({headings.index("DIALLED")}), tones=tones)
    page: Page = (table if rows else Line("No calls were dialled from this machine."),)
    return Answer(page=page, result=CallListResult(calls=tuple(map(dialled, calls))))
