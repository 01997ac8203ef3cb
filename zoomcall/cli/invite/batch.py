"""Ring many rooms."""

from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.invite.batch_flags import BatchFlags
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.run import Run

app = typer.Typer()


@command(
    app,
    "batch",
    CommandSpec(schema="zoomcall.invite.batch/1", has_json_lines=True),
    examples=(
        "zoomcall invite batch rooms.csv --session ID",
        "zoomcall invite batch rooms.csv --rate 20/s --report html=run.html",
        "zoomcall invite batch rooms.csv --journal run.sqlite3 --resume",
        "zoomcall invite batch rooms.csv --when-live 15m --max-duration 1h",
        "zoomcall invite batch - --meeting 84098077904 --dry-run < rooms.csv",
    ),
)
def batch(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CSV, JSON lines, or one address a line.")],
    flags: BatchFlags,
) -> Answer:
    """Ring many rooms, and report what became of each.

    Columns or keys: protocol and address, or room (a name in the address book); session, session_name or meeting;
    name, from_name, to_name, header, from_uri, timeout, note, tag; for phones greeting and press_one (yes or no).
    What a row lacks comes from the flags.
    """
    from zoomcall.cli.invite.many import ring_all

    return ring_all(run, file, flags)
