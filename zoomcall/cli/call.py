"""``zoomcall call``: the calls dialled from this machine, and hanging up."""

from functools import partial
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.results.call import CallHangupResult, CallListResult, CallStatusResult, CallTarget, DialledCall
from zoomcall.cli.results.invite import Reason, Room
from zoomcall.cli.run import Run
from zoomcall.domain.call import State
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallRecord
from zoomcall.domain.time_words import stamp
from zoomcall.errors import NotConfigured, ZoomcallError
from zoomcall.usecases.call_history import find, hang_up, settle

app = typer.Typer(help="Show calls dialled from this machine, and hang up.")

_CALL_HELP = "Id of a call, or an address for the newest call to it."


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
    calls = run.wiring.journal_to_read().calls()[:limit]
    rows = tuple(
        (str(call.id), stamp(call.at), _state_words(call), call.protocol.value, call.shown, _target_words(call))
        for call in calls
    )
    table = Table(("ID", "DIALLED", "STATE", "PROTOCOL", "ROOM", "INTO"), rows)
    page: Page = (table if rows else Line("No calls were dialled from this machine."),)
    return Answer(page=page, result=CallListResult(calls=tuple(map(_dialled, calls))))


@command(
    app,
    "status",
    CommandSpec(schema="zoomcall.call.status/1"),
    examples=("zoomcall call status", "zoomcall call status 12", "zoomcall call status room@example.com"),
)
def status(
    run: Run,
    call: Annotated[
        str | None, typer.Argument(metavar="CALL", help=_CALL_HELP + " By default the newest call.")
    ] = None,
    *,
    is_offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
) -> Answer:
    """Show a call; an open one is looked up in the roster and in Zoom's webhook log."""

    def not_looked_up(error: ZoomcallError) -> None:
        run.notice(Notice("not-looked-up", f"the call could not be looked up: {error.message}"))

    journal = run.wiring.journal_to_read()
    record = find(journal, call)
    if record.state.is_open and not is_offline:
        try:
            zoom = run.wiring.connection_of_call(record).zoom
        except ZoomcallError as error:
            not_looked_up(error)
        else:
            record = settle(
                record,
                zoom=zoom,
                journal=journal,
                now=run.now(),
                on_fault=not_looked_up,
                on_unkept=partial(_warn_unkept, run),
            )
    return Answer(page=_page(record), result=CallStatusResult(call=_dialled(record)))


@command(
    app,
    "hangup",
    CommandSpec(schema="zoomcall.call.hangup/1"),
    examples=("zoomcall call hangup 12", "zoomcall call hangup room@example.com"),
)
def hangup(run: Run, call: Annotated[str, typer.Argument(metavar="CALL", help=_CALL_HELP)]) -> Answer:
    """Remove a room that joined from its session.

    Zoom's REST API cannot cancel a call that still rings.
    """
    journal = run.wiring.journal_to_read()
    record = find(journal, call)
    done = hang_up(
        record,
        zoom=lambda: run.wiring.connection_of_call(record).zoom,
        journal=journal,
        now=run.now,
        on_unkept=partial(_warn_unkept, run),
    )
    words = "was already hung up" if done.was_removed_before else "was hung up"
    return Answer(
        page=(Line(f"{done.call.shown} {words} (call {done.call.id})", Tone.GOOD),),
        result=CallHangupResult(call=_dialled(done.call), removed=True),
    )


def _warn_unkept(run: Run, error: NotConfigured) -> None:
    run.notice(Notice("journal-failed", f"cannot update this call in the journal: {error.message}"))


def _dialled(call: CallRecord) -> DialledCall:
    return DialledCall(
        id=call.id,
        at=call.at,
        target=CallTarget(kind=call.target.api, id=call.target.id, name=call.target_name),
        room=Room(protocol=call.protocol, address=call.shown, name=None),
        api_base=call.target.api_base,
        profile=call.profile,
        http_status=call.http_status,
        sent=call.sent,
        state=call.state,
        evidence=call.evidence,
        reason=None if call.reason is None else Reason(code=call.reason.code, name=call.reason.name),
        participant_uuid=call.participant_uuid,
        settled_at=call.settled_at,
        removed_at=call.removed_at,
    )


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
    if call.state is State.WAITING_ROOM and call.removed_at is None:
        lines.append(Line("A host must admit the room from the waiting room.", Tone.WARNING))
    elif call.state.is_open and call.removed_at is None:
        lines.append(Line("No evidence of the outcome; the room may have rung.", Tone.WARNING))
    return tuple(lines)
