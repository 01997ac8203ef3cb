"""``zoomcall meeting``: who is in a meeting."""

from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page
from zoomcall.cli.results.meeting import Meeting, MeetingParticipant, MeetingShowResult
from zoomcall.cli.run import Run
from zoomcall.cli.rung_rooms import roster_row, roster_table, rung_rooms
from zoomcall.cli.targets import chosen_meeting
from zoomcall.domain.journal import CallRecord, TargetKey
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import Api, MeetingNumber
from zoomcall.usecases.zoom_roles import who_is_in

app = typer.Typer(help="Show who is in a meeting.")


@app.callback()
def group() -> None:
    """Show who is in a meeting."""  # without a callback, Typer would take a single command for the group itself


@command(
    app,
    "show",
    CommandSpec(schema="zoomcall.meeting.show/1"),
    examples=(
        "zoomcall meeting show '840 9807 7904'",
        "zoomcall meeting show https://zoom.us/j/84098077904 --json",
    ),
)
def show(
    run: Run,
    meeting: Annotated[
        str | None,
        typer.Argument(
            metavar="[NUMBER]", help="Number or join link; by default ZOOMCALL_MEETING.", show_default=False
        ),
    ] = None,
) -> Answer:
    """Show who is in a live meeting, and in its waiting room.

    A room that this machine rang is shown with the address that it was rung at. Needs a scope to read the
    dashboard, like dashboard_meetings:read:admin.
    """
    number = chosen_meeting(run, meeting).number
    connection = run.wiring.connect(Api.MEETING)
    connection.refuse_wrong_bearer(Api.MEETING)
    key = TargetKey(api_base=connection.api_base, api=Api.MEETING, id=number)
    present = tuple(row for row in who_is_in(connection.zoom, key) if row.leave_time is None)
    rung = rung_rooms(run, key, present)
    return Answer(
        page=_page(number, present, rung),
        result=MeetingShowResult(
            meeting=Meeting(number=number),
            participants=tuple(
                MeetingParticipant(
                    **roster_row(row, rung.get(row.id)), is_waiting=row.is_waiting, sip_uri=row.sip_uri
                )
                for row in present
            ),
        ),
    )


def _page(number: MeetingNumber, present: tuple[Participant, ...], rung: dict[str, CallRecord]) -> Page:
    waiting = sum(row.is_waiting for row in present)
    lines = [
        Line(number, label="number"),
        Line(str(len(present) - waiting), label="in"),
        Line(str(waiting), label="waiting"),
    ]
    if not present:
        return tuple(lines)
    return (*lines, Line(), roster_table(present, rung, has_waiting_room=True))
