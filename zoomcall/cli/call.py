"""``zoomcall call``: what this machine has dialled, and hanging up."""

from typing import Annotated, Any

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallRecord
from zoomcall.domain.time_words import stamp
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.call_history import find, hang_up, is_open, settle

app = typer.Typer(help="Show what this machine has dialled, and hang up.")

_CALL_HELP = "Its id, or the address of the newest call to it."


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.call.list/1"),
    examples=("zoomcall call list", "zoomcall call list --json"),
)
def list_calls(
    run: Run,
    *,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 50,
) -> Answer:
    """List the calls of this machine, the newest first."""
    calls = run.wiring.journal_to_read().calls()[:limit]
    rows = tuple(
        (str(call.id), stamp(call.at), _state_words(call), call.protocol.value, call.shown, _target_words(call))
        for call in calls
    )
    page: Page = (Table(("ID", "DIALLED", "STATE", "PROTOCOL", "ROOM", "INTO"), rows),) if rows else ()
    if not rows:
        page = (Line("This machine has dialled no call."),)
    return Answer(page=page, result={"calls": [call_json(call) for call in calls]})


@command(
    app,
    "status",
    CommandSpec(schema="zoomcall.call.status/1"),
    examples=("zoomcall call status", "zoomcall call status 12", "zoomcall call status room@example.com"),
)
def status(
    run: Run,
    call: Annotated[
        str | None, typer.Argument(metavar="CALL", help=_CALL_HELP + " Default: the newest call.")
    ] = None,
    *,
    is_offline: Annotated[bool, typer.Option("--offline", help="Ask nobody.")] = False,
) -> Answer:
    """Show one call; an open one is looked up among those who are in and in Zoom's webhook log."""

    def not_looked_up(error: ZoomcallError) -> None:
        run.notice(Notice("not-looked-up", f"the call could not be looked up: {error.message}"))

    journal = run.wiring.journal_to_read()
    record = find(journal, call)
    if is_open(record) and not is_offline:
        try:
            zoom = run.wiring.connection_of_call(record).zoom
        except ZoomcallError as error:
            not_looked_up(error)
        else:
            record = settle(record, zoom=zoom, journal=journal, now=run.now(), on_fault=not_looked_up)
    return Answer(page=_page(record), result={"call": call_json(record)})


@command(
    app,
    "hangup",
    CommandSpec(schema="zoomcall.call.hangup/1"),
    examples=("zoomcall call hangup 12", "zoomcall call hangup room@example.com"),
)
def hangup(run: Run, call: Annotated[str, typer.Argument(metavar="CALL", help=_CALL_HELP)]) -> Answer:
    """Remove the room that joined from its session.

    Zoom's REST can neither cancel a call that rings nor remove anyone from a meeting.
    """
    journal = run.wiring.journal_to_read()
    record = find(journal, call)
    done = hang_up(record, zoom=lambda: run.wiring.connection_of_call(record).zoom, journal=journal, now=run.now)
    words = "was hung up before" if done.was_removed_before else "is hung up"
    return Answer(
        page=(Line(f"{done.call.shown} {words} (call {done.call.id})", Tone.GOOD),),
        result={"call": call_json(done.call), "removed": True},
    )


def call_json(call: CallRecord) -> dict[str, Any]:
    """Give a call of the journal."""
    return {
        "id": call.id,
        "at": call.at,
        "target": {"kind": call.target.api, "id": call.target.id, "name": call.target_name},
        "room": {"protocol": call.protocol, "address": call.shown, "name": None},
        "api_base": call.target.api_base,
        "profile": call.profile,
        "http_status": call.http_status,
        "sent": call.sent,
        "state": call.state,
        "evidence": None
        if call.evidence is None
        else {"source": call.evidence.source, "match": call.evidence.match},
        "reason": None if call.reason is None else {"code": call.reason.code, "name": call.reason.name},
        "participant_uuid": call.participant_uuid,
        "settled_at": call.settled_at,
        "removed_at": call.removed_at,
    }


def _state_words(call: CallRecord) -> str:
    if call.removed_at is not None:
        return "hung up"
    return f"{call.state} ({call.reason.code} {call.reason.name})" if call.reason else call.state.value


def _target_words(call: CallRecord) -> str:
    return f"{call.target.api} {call.target_name or call.target.id}"


def _page(call: CallRecord) -> Page:
    lines = [
        Line(str(call.id), label="call"),
        Line(f"{call.protocol} {call.shown}", label="room"),
        Line(_target_words(call), label="into"),
        Line(stamp(call.at), label="dialled"),
        Line(_state_words(call), label="state"),
    ]
    if call.evidence is not None:
        lines.append(Line(f"{call.evidence.source}, {call.evidence.match}", label="evidence"))
    if call.removed_at is not None:
        lines.append(Line(stamp(call.removed_at), label="hung up"))
    if is_open(call):
        lines.append(Line("Nothing proves how it ended; the room may have rung.", Tone.WARNING))
    return tuple(lines)
