"""``zoomcall call``: the calls dialled from this machine, where their rooms are, and hanging up."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.dialled import as_the_invite, dialled, status_answer, wait_answer
from zoomcall.cli.failing import failure_report
from zoomcall.cli.interrupts import stop_on_signals
from zoomcall.cli.invite.flags import EvidenceChoice, InviteFlags
from zoomcall.cli.invite.one import event_feeds, resolved
from zoomcall.cli.invite.telling import Progressing
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.results.call import CallHangupResult, HungUpCall
from zoomcall.cli.run import Run
from zoomcall.cli.targets import chosen_target, target_of_flags, target_of_variables
from zoomcall.domain.cause import Notice
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.journal import CallRecord, TargetKey
from zoomcall.domain.place import Ending, Now, Place
from zoomcall.domain.target import SessionTarget
from zoomcall.domain.time_words import stamp
from zoomcall.errors import ErrorKind, NotConfigured, UsageError, ZoomcallError
from zoomcall.usecases.call_history import HangUp, Review, find, hang_up, once, review, rooms_in
from zoomcall.usecases.dialing.ports import CallJournal
from zoomcall.usecases.dialing.report import Unproven
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.watching_on import Watched, WatchingOn
from zoomcall.usecases.whereabouts import PastEndpoints, ReadRoster, settled_place

app = typer.Typer()

_CALL_HELP = "Id of a call, or an address for the newest call to it."
_NEWEST = _CALL_HELP + " By default the newest call."


@command(
    app,
    "status",
    CommandSpec(schema="zoomcall.call.status/1"),
    examples=(
        "zoomcall call status",
        "zoomcall call status 12",
        "zoomcall call status room@example.com --exit-code",
    ),
)
def status(
    run: Run,
    call: Annotated[str | None, typer.Argument(metavar="CALL", help=_NEWEST)] = None,
    *,
    is_offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
    is_exit_meant: Annotated[bool, typer.Option("--exit-code", help="End as the invite would have.")] = False,
) -> Answer:
    """Show a call, and where its room is now.

    An open call is looked up in the roster and in Zoom's webhook log.
    """
    journal = _journal(run)
    seen = _reviewed(run, find(journal, call), journal, unasked="--offline" if is_offline else None)
    answer = status_answer(seen.call, seen.place)
    return as_the_invite(answer, seen.call) if is_exit_meant else answer


@command(
    app,
    "wait",
    CommandSpec(schema="zoomcall.call.wait/1"),
    examples=(
        "zoomcall call wait",
        "zoomcall call wait 12 --timeout 300",
        "zoomcall call wait room@example.com --events events.jsonl",
    ),
)
def wait(
    run: Run,
    call: Annotated[str | None, typer.Argument(metavar="CALL", help=_NEWEST)] = None,
    *,
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to watch, in seconds or like 90s, 10m or 1h; 90s by default.",
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[EvidenceChoice, typer.Option(help="What may prove the outcome.")] = EvidenceChoice.AUTO,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Follow the events that `webhook serve --record FILE` writes."),
    ] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Receive Zoom's webhooks here meanwhile.")
    ] = None,
) -> Answer:
    """Watch an open call until its outcome is proven, and end as its invite would have.

    Nothing is rung. Ctrl-C leaves the call open.
    """
    flags = InviteFlags(timeout=timeout, evidence=evidence, events=events, listen=listen)
    span = flags.wait(run)
    _ = flags.place  # report a bad one before anything else happens
    journal = _journal(run)
    record = find(journal, call)
    flags.refuse_contradictions(record.target.api)
    watched = Watched(record)
    if record.state.is_open and settled_place(record) is None:
        watched = _watched(run, record, journal, flags, span)
    unasked = None if watched.failure is None else "the command was interrupted"
    seen = _reviewed(run, watched.call, journal, unasked=unasked)
    return wait_answer(seen.call, seen.place, watched.failure, run.facts)


def _watched(run: Run, call: CallRecord, journal: CallJournal, flags: InviteFlags, span: timedelta) -> Watched:
    """Look the call up once, and watch it on if that does not settle it and something still can."""
    connection = run.wiring.connection_of_call(call)
    faults: list[ZoomcallError] = []
    seen = review(
        call,
        zoom=connection.zoom,
        journal=journal,
        now=run.now(),
        on_fault=faults.append,
        on_unkept=partial(_warn_unkept, run),
    )
    refused = next((fault for fault in faults if fault.kind is ErrorKind.AUTH), None)
    if refused is not None:
        raise refused
    if not seen.call.state.is_open or seen.place.state is Place.LEFT or seen.place.ended is not None:
        return Watched(seen.call)
    missing: list[str] = []
    feeds = event_feeds(run, connection, flags, missing)
    equipment = run.wiring.dialler(connection, journal, feeds, missing)
    stop = Stop()
    stop_on_signals(stop)
    with Progressing(run, call.protocol) as listener:
        watching = WatchingOn(seen.call, equipment, evidence=flags.evidence.sources, listener=listener, stop=stop)
        return watching.until(span)


class HangupFlags(Struct, frozen=True, kw_only=True):
    """The flags of ``call hangup``."""

    is_all: Annotated[
        bool, typer.Option("--all", help="Hang up every room of this machine in the session or meeting.")
    ] = False
    session: Annotated[str | None, typer.Option(metavar="ID", help="With --all: the session, by id.")] = None
    session_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --all: the live session, by name.")
    ] = None
    meeting: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="With --all: the meeting, by number or join link.")
    ] = None


@command(
    app,
    "hangup",
    CommandSpec(schema="zoomcall.call.hangup/1"),
    examples=(
        "zoomcall call hangup 12",
        "zoomcall call hangup room@example.com 14",
        "zoomcall call hangup --all --meeting '840 9807 7904'",
    ),
)
def hangup(
    run: Run,
    calls: Annotated[
        list[str] | None, typer.Argument(metavar="[CALL]...", help=_CALL_HELP, show_default=False)
    ] = None,
    *,
    flags: HangupFlags,
) -> Answer:
    """Remove rooms that joined, or are in the waiting room, from their session or meeting.

    A room that has left by itself is not an error. Zoom's REST API cannot cancel a call that still rings.
    """
    journal = _journal(run)
    if flags.is_all:
        if calls:
            raise UsageError("--all and a CALL contradict each other", fix="Leave one of them out.")
        return _all_hung_up(run, journal, flags)
    if target_of_flags(flags) is not None:
        raise UsageError("a session or meeting is only needed with --all", fix="Add --all, or leave it out.")
    if not calls:
        raise UsageError(
            "which call is to be hung up?",
            fix="Name calls by id or address, or use --all.",
            command="zoomcall call list",
        )
    records = {record.id: record for record in (find(journal, text) for text in calls)}
    if len(records) == 1:
        [record] = records.values()
        return _hung_up_answer(run, [(record, _hung_up(run, record, journal))])
    return _hung_up_answer(run, [(record, _tried(run, record, journal)) for record in records.values()])


def _all_hung_up(run: Run, journal: CallJournal, flags: HangupFlags) -> Answer:
    if target_of_flags(flags) is None and target_of_variables(run) is None:
        raise UsageError(
            "--all needs a session or meeting",
            fix="Add --session ID, --session-name NAME or --meeting NUMBER.",
            command="zoomcall call list",
        )
    target = resolved(run, chosen_target(run, flags), run.now() + timedelta(seconds=30))
    connection = run.wiring.connect(target.api)
    connection.refuse_wrong_bearer(target.api)
    identifier = target.id if isinstance(target, SessionTarget) else target.number
    key = TargetKey(api_base=connection.api_base, api=target.api, id=identifier)
    roster = once(connection.zoom, key)
    found = rooms_in(
        key,
        journal=journal,
        zoom=connection.zoom,
        now=run.now(),
        on_unkept=partial(_warn_unkept, run),
        roster=roster,
    )
    return _hung_up_answer(
        run,
        [
            (call, _tried(run, call, journal, roster) if call.state.is_there else _still_ringing(call))
            for call in found
        ],
        nobody=f"No room of this machine is in {target}.",
    )


def _hung_up(run: Run, call: CallRecord, journal: CallJournal, roster: ReadRoster | None = None) -> HangUp:
    def zoom() -> PastEndpoints:
        return run.wiring.connection_of_call(call).zoom

    unkept = partial(_warn_unkept, run)
    return hang_up(call, zoom=zoom, journal=journal, now=run.now, on_unkept=unkept, roster=roster)


def _tried(
    run: Run, call: CallRecord, journal: CallJournal, roster: ReadRoster | None = None
) -> HangUp | ZoomcallError:
    try:
        return _hung_up(run, call, journal, roster)
    except ZoomcallError as error:
        return error


def _still_ringing(call: CallRecord) -> Unproven:
    return Unproven(f"call {call.id} to {call.shown} may still ring and join, and Zoom's REST API cannot cancel it")


def _hung_up_answer(
    run: Run, tried: Iterable[tuple[CallRecord, HangUp | ZoomcallError]], *, nobody: str = ""
) -> Answer:
    lines: list[Line] = []
    rows: list[HungUpCall] = []
    first: ErrorReport | None = None
    for call, done in tried:
        if isinstance(done, ZoomcallError):
            error = failure_report(done, run.facts)
            first = first or error
            lines.append(Line(f"{call.shown} was not hung up (call {call.id}): {done.message}", Tone.BAD))
            code = int(ExitStatus.of(done.kind))
            rows.append(HungUpCall(call=dialled(call), ending=None, exit_code=code, why=done.message))
            continue
        lines.append(Line(f"{call.shown} {_ending_words(done)} (call {call.id})", Tone.GOOD))
        rows.append(HungUpCall(call=dialled(done.call), ending=done.ending, exit_code=0, why=None))
    return Answer(
        page=tuple(lines) or (Line(nobody),),
        result=CallHangupResult(
            call=rows[0].call if rows else None,
            removed=bool(rows) and all(row.ending in {Ending.REMOVED, Ending.REMOVED_BEFORE} for row in rows),
            calls=tuple(rows),
        ),
        status=ExitStatus.OK if first is None else first.status,
        error=first,
    )


def _ending_words(done: HangUp) -> str:
    match done.ending:
        case Ending.REMOVED:
            return "was hung up"
        case Ending.REMOVED_BEFORE:
            return "was already hung up"
        case Ending.LEFT:
            when = "" if done.place.since is None else f" at {stamp(done.place.since)}"
            return f"had left already{when}; nothing was hung up"


def _journal(run: Run) -> CallJournal:
    """Open the journal; a profile that does not exist is an error, even if nothing is sent."""
    if run.options.profile is not None:
        run.wiring.choice(None)
    return run.wiring.journal_to_read()


def _reviewed(run: Run, call: CallRecord, journal: CallJournal, *, unasked: str | None) -> Review:
    """Look a call up, unless ``unasked`` says why nothing is to be sent, or nothing can be."""
    place = settled_place(call)
    if place is not None:
        return Review(call, place)
    if unasked is not None:
        return Review(call, Now(state=Place.UNKNOWN, why=f"Zoom was not asked ({unasked})"))

    def not_looked_up(error: ZoomcallError) -> None:
        run.notice(Notice("not-looked-up", f"the call could not be looked up: {error.message}"))

    try:
        zoom = run.wiring.connection_of_call(call).zoom
    except ZoomcallError as error:
        not_looked_up(error)
        return Review(call, Now(state=Place.UNKNOWN, why=error.message))
    unkept = partial(_warn_unkept, run)
    return review(call, zoom=zoom, journal=journal, now=run.now(), on_fault=not_looked_up, on_unkept=unkept)


def _warn_unkept(run: Run, error: NotConfigured) -> None:
    run.notice(Notice("journal-failed", f"cannot update this call in the journal: {error.message}"))
