"""Looks back at the calls of this machine: finds them, settles what was left open, hangs up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.journal import LONGEST_RINGING, CallId, CallRecord, Standing, TargetKey
from zoomcall.domain.live import LOG_REACH
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.place import Ending, Now, Place
from zoomcall.domain.roster import Participant, is_exact
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NotConfigured, UsageError
from zoomcall.usecases.dialing.evidence import Judge, Observation, OpenCall
from zoomcall.usecases.whereabouts import (
    HUNG_UP,
    PastEndpoints,
    ReadRoster,
    place_of,
    roster_command,
    settled_place,
    state_after,
)
from zoomcall.usecases.zoom_clock import CLOCK_GRAIN, LOG_SLACK, lead
from zoomcall.usecases.zoom_roles import callouts_in, who_is_in

if TYPE_CHECKING:
    from zoomcall.usecases.dialing.ports import CallEndpoints, CallJournal

_LONGEST_CALL = timedelta(hours=1)
_ACCEPTED = 202
_ID = Pattern(r"[1-9][0-9]{0,17}")


OnUnkept = Callable[[NotConfigured], None]


ReadLog = Callable[[], tuple[CalloutEvent, ...]]
"""Reads the callout events of the webhook log."""

T = TypeVar("T")


class Review(Struct, frozen=True):
    """A call as it is known now, and where its room is."""

    call: CallRecord
    place: Now


class HangUp(Struct, frozen=True):
    """What a hang-up did."""

    call: CallRecord
    ending: Ending
    place: Now


def find(journal: CallJournal, text: str | None) -> CallRecord:
    """Return a call by its id, or the newest one to an address; the newest of all if ``text`` is None.

    Raises:
        UsageError: There is none.
    """
    found = _newest(journal) if text is None else _named(journal, text.strip())
    if found is not None:
        return found
    if text is None or _newest(journal) is None:
        raise UsageError("no calls have been made from this machine", command="zoomcall invite sip --help")
    raise UsageError(
        f"no call {quoted(text)} was made from this machine",
        fix="Use an id or an address as `zoomcall call list` prints it.",
        command="zoomcall call list",
    )


def _newest(journal: CallJournal) -> CallRecord | None:
    return next(iter(journal.calls(limit=1)), None)


def _named(journal: CallJournal, text: str) -> CallRecord | None:
    if _ID.fullmatch(text):
        by_id = journal.call(CallId(int(text)))
        if by_id is not None:
            return by_id
    newest = (call for room in _spellings(text) for call in journal.calls(room=room, limit=1))
    return max(newest, key=lambda call: call.id, default=None)


def _spellings(text: str) -> Iterator[tuple[Protocol, str]]:
    for protocol in Protocol:
        with suppress(UsageError):
            yield protocol, parse_destination(protocol, text).normalised


def settle(
    call: CallRecord,
    *,
    zoom: CallEndpoints,
    journal: CallJournal,
    now: datetime,
    on_fault: Callable[[ZoomRefused | NetworkFault], None],
    on_unkept: OnUnkept,
    roster: ReadRoster | None = None,
    log: ReadLog | None = None,
) -> CallRecord:
    """Find out how an open call ended, from the roster, then from the webhook log; return the updated call.

    The roster is read first, since any answer shows Zoom's clock, which reading the log requires.

    Args:
        call: The call; a settled one is returned unchanged.
        zoom: Zoom.
        journal: Keeps what is found.
        now: By this machine's clock.
        on_fault: Receives what kept a source from being read.
        on_unkept: Receives why the journal does not keep what was found.
        roster: Reads who is in the target, if that is shared with other calls.
        log: Reads the log since the call at the latest, if that is shared with other calls.
    """
    return _settle(
        call,
        roster or once(zoom, call.target),
        log or log_of(zoom, since=call.at, until=call.at + max(call.timeout, _LONGEST_CALL), now=now),
        zoom=zoom,
        journal=journal,
        now=now,
        on_fault=on_fault,
        on_unkept=on_unkept,
    )


def review(
    call: CallRecord,
    *,
    zoom: PastEndpoints,
    journal: CallJournal,
    now: datetime,
    on_fault: Callable[[ZoomRefused | NetworkFault], None],
    on_unkept: OnUnkept,
    roster: ReadRoster | None = None,
) -> Review:
    """Settle an open call, and find out where its room is now.

    Args:
        call: The call.
        zoom: Zoom; it is asked nothing about a call that did not bring the room in, or that was hung up.
        journal: Keeps what is found.
        now: By this machine's clock.
        on_fault: Receives what kept a source from being read.
        on_unkept: Receives why the journal does not keep what was found.
        roster: Reads who is in the target, if that is shared with other calls.
    """
    place = settled_place(call)
    if place is not None:
        return Review(call, place)
    roster = roster or once(zoom, call.target)
    call = settle(call, zoom=zoom, journal=journal, now=now, on_fault=on_fault, on_unkept=on_unkept, roster=roster)
    place = settled_place(call)
    if place is not None:
        return Review(call, place)
    try:
        place = place_of(call, roster=roster, zoom=zoom, journal=journal)
    except (ZoomRefused, NetworkFault) as error:
        if not call.state.is_open:
            on_fault(error)
        return Review(call, Now(state=Place.UNKNOWN, why=f"cannot read who is in: {error.message}"))
    state = state_after(call, place)
    if state is not call.state:
        with kept_if_possible(on_unkept):
            journal.settle(call.id, Standing(state=state, sent=call.sent, at=now))
        call = replace(call, state=state)
    return Review(call, place)


def once(zoom: CallEndpoints, target: TargetKey) -> ReadRoster:
    """Return a function that reads a roster once."""
    return _once(lambda: who_is_in(zoom, target))


def log_of(zoom: CallEndpoints, *, since: datetime, until: datetime, now: datetime) -> ReadLog:
    """Return a function that reads the webhook log once; the times are this machine's, which Zoom's need not be."""

    def read() -> tuple[CalloutEvent, ...]:
        skew = lead(zoom)
        logs = zoom.webhook_logs(from_time=since - skew - LOG_SLACK, to_time=min(now, until) - skew + LOG_SLACK)
        return callouts_in(logs)

    return _once(read)


def _once(read: Callable[[], T]) -> Callable[[], T]:
    """Return a function that reads when it is first called, and then returns or raises the same again."""
    seen: list[T] = []
    faults: list[ZoomRefused | NetworkFault] = []

    def read_or_recall() -> T:
        if faults:
            raise faults[0]
        if not seen:
            try:
                seen.append(read())
            except (ZoomRefused, NetworkFault) as error:
                faults.append(error)
                raise
        return seen[0]

    return read_or_recall


def _settle(
    call: CallRecord,
    roster: ReadRoster,
    log: ReadLog,
    *,
    zoom: CallEndpoints,
    journal: CallJournal,
    now: datetime,
    on_fault: Callable[[ZoomRefused | NetworkFault], None],
    on_unkept: OnUnkept,
) -> CallRecord:
    for look in (partial(_in_roster, roster=roster), partial(_in_log, log=log)):
        if not call.state.is_open:
            return call
        try:
            found = look(call, zoom, journal, now)
        except (ZoomRefused, NetworkFault) as error:
            on_fault(error)
        else:
            call = call if found is None else settled_by(call, found, journal, now, on_unkept)
    return call


def _in_log(
    call: CallRecord, zoom: CallEndpoints, journal: CallJournal, now: datetime, *, log: ReadLog
) -> Observation | None:
    if call.target.api is not Api.SESSION or now - call.at > LOG_REACH:
        return None
    events = log()
    judge = Judge(case_of(call, zoom, baseline=None), journal)
    seen = judge.of_events(events, EvidenceSource.WEBHOOK_LOG)
    last: Observation | None = None
    for observation in seen:
        last = observation
    return last if last is not None and last.state.is_final else None


def _in_roster(
    call: CallRecord, zoom: CallEndpoints, journal: CallJournal, now: datetime, *, roster: ReadRoster
) -> Observation | None:
    """Find the room among the participants who joined since the call, by Zoom's clock."""
    present = roster()
    return Judge(case_of(call, zoom, baseline=earlier_than(call, present, zoom)), journal).of_roster(present, now)


def earlier_than(call: CallRecord, present: Iterable[Participant], zoom: CallEndpoints) -> list[Participant]:
    """Return who joined before a call, by Zoom's clock; who has no time of joining may have."""
    since = call.at - lead(zoom) + CLOCK_GRAIN
    return [each for each in present if each.join_time is None or each.join_time < since]


def case_of(call: CallRecord, zoom: CallEndpoints, *, baseline: Collection[Participant] | None) -> OpenCall:
    """Return a call of the journal as its judge sees it."""
    match = Match.EXACT if call.evidence is None else call.evidence.match
    return OpenCall(
        call_id=call.id,
        dial=call.dial,
        target=call.target,
        dialled_at=call.at,
        dialled_at_zoom=call.at - lead(zoom),
        baseline=baseline,
        is_past=True,
        message_id=call.message_id,
        known=None if call.participant_id is None else (call.participant_id, match),
    )


@contextmanager
def kept_if_possible(on_unkept: OnUnkept) -> Iterator[None]:
    """Go on if the journal cannot be written: what was found is true all the same."""
    try:
        yield
    except NotConfigured as error:
        on_unkept(error)


def settled_by(
    call: CallRecord, found: Observation, journal: CallJournal, now: datetime, on_unkept: OnUnkept
) -> CallRecord:
    """Write down what an observation shows of a call, and return the updated call."""
    participant = found.participant
    is_outcome = found.state.is_final or found.state is State.WAITING_ROOM
    standing = Standing(
        state=found.state,
        sent=Sent.YES,
        at=now,
        reason=found.reason,
        evidence=Evidence(found.source, found.match) if is_outcome else None,
        participant_id=participant.id if participant else None,
        participant_uuid=participant.uuid if participant else None,
    )
    with kept_if_possible(on_unkept):
        journal.settle(call.id, standing)
    return replace(
        call,
        state=standing.state,
        sent=standing.sent,
        reason=standing.reason,
        evidence=standing.evidence or call.evidence,
        participant_id=standing.participant_id or call.participant_id,
        participant_uuid=standing.participant_uuid or call.participant_uuid,
        settled_at=found.at if found.state.is_final else None,
    )


def hang_up(
    call: CallRecord,
    *,
    zoom: Callable[[], PastEndpoints],
    journal: CallJournal,
    now: Callable[[], datetime],
    on_unkept: OnUnkept,
    roster: ReadRoster | None = None,
) -> HangUp:
    """Remove the room that joined, or is in the waiting room, from its session or meeting.

    Args:
        call: The call.
        zoom: Returns Zoom; called only if there is something to do.
        journal: Keeps that the room was removed.
        now: The clock.
        on_unkept: Receives why the journal does not keep it; the room is removed all the same.
        roster: Reads who is in the target, if that is shared with other calls.

    Raises:
        UsageError: The call is over, or Zoom has no way to end it.
        ZoomRefused: Zoom refused.
        NetworkFault: No answer came.
    """
    place = settled_place(call)
    if call.removed_at is not None and place is not None:
        return HangUp(call, Ending.REMOVED_BEFORE, place)
    _require_not_over(call)
    rest = zoom()
    roster = roster or once(rest, call.target)
    faults: list[ZoomRefused | NetworkFault] = []
    seen = review(
        call, zoom=rest, journal=journal, now=now(), on_fault=faults.append, on_unkept=on_unkept, roster=roster
    )
    call = seen.call
    if seen.place.ended is not None:
        raise seen.place.ended
    if call.state.is_open and faults:
        raise faults[0]
    _require_not_over(call)
    if seen.place.state is Place.LEFT:
        return HangUp(call, Ending.LEFT, seen.place)
    if not call.state.is_there:
        raise UsageError(
            f"nothing shows that call {call.id} to {call.shown} joined, and Zoom's REST API cannot cancel ringing",
            fix=call.protocol.told(
                "Reject the call at the room, or wait until it joins or stops ringing. Next time,"
                " `zoomcall invite … --on-timeout remove` removes a room that joins late."
            ),
            command=f"zoomcall call status {call.id}",
        )
    uuid = call.participant_uuid or _look_for(call, roster())
    answer = rest.remove_participant(call.target.target, uuid)
    if answer.status != _ACCEPTED:
        raise ZoomRefused(answer)
    moment = now()
    with kept_if_possible(on_unkept):
        journal.mark_removed(call.id, moment)
    call = replace(call, participant_uuid=uuid, removed_at=moment)
    return HangUp(call, Ending.REMOVED, Now(state=Place.LEFT, since=moment, why=HUNG_UP))


def rooms_in(
    target: TargetKey,
    *,
    journal: CallJournal,
    zoom: PastEndpoints,
    now: datetime,
    on_unkept: OnUnkept,
    roster: ReadRoster,
) -> tuple[CallRecord, ...]:
    """Return this machine's calls whose rooms are in a session or meeting, or may still ring, newest first.

    Raises:
        ZoomRefused: The roster cannot be read, or there is no such session or meeting.
        NetworkFault: No answer came.
    """
    roster()
    found = []
    for call in journal.calls(target=target):
        if settled_place(call) is not None:
            continue
        may_ring = now - call.at <= max(call.timeout, LONGEST_RINGING)
        seen = review(
            call,
            zoom=zoom,
            journal=journal,
            now=now,
            on_fault=lambda _: None,
            on_unkept=on_unkept,
            roster=roster,
        )
        is_gone = seen.place.state is Place.LEFT or settled_place(seen.call) is not None
        if not is_gone and (seen.call.state.is_there or may_ring):
            found.append(seen.call)
    return tuple(found)


def _require_not_over(call: CallRecord) -> None:
    if not call.state.blocks_redial:
        raise UsageError(f"call {call.id} to {call.shown} is over ({call.state}); there is nothing to hang up")


def _look_for(call: CallRecord, present: Iterable[Participant]) -> str:
    found = [
        participant
        for participant in present
        if participant.may_be_rung(call.protocol)
        and participant.leave_time is None
        and is_exact(participant, call.dial)
    ]
    if len(found) == 1 and found[0].uuid is not None:
        return found[0].uuid
    raise UsageError(
        f"call {call.id} joined, but it is not certain which participant {call.shown} is, so nobody was removed",
        fix=call.protocol.told("Remove the room in the Zoom client. Next time, name it with --to-name."),
        command=roster_command(call.target.api, call.target.id),
    )
