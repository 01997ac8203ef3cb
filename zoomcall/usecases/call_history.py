"""Looks back at the calls of this machine: finds them, settles what was left open, hangs up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import Evidence, EvidenceSource, Sent
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.journal import CallRecord, Standing
from zoomcall.domain.live import LOG_REACH
from zoomcall.domain.roster import Participant, is_exact
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NotConfigured, UsageError
from zoomcall.usecases.dialing.evidence import Judge, Observation, OpenCall
from zoomcall.usecases.dialing.ports import CallEndpoints, CallJournal
from zoomcall.usecases.zoom_clock import CLOCK_GRAIN, LOG_SLACK, lead
from zoomcall.usecases.zoom_roles import callouts_in, who_is_in

_LONGEST_CALL = timedelta(hours=1)
_ACCEPTED = 202

OnUnkept = Callable[[NotConfigured], None]


class HangUp(Struct, frozen=True):
    """What a hang-up did; nothing if ``was_removed_before``."""

    call: CallRecord
    was_removed_before: bool = False


def find(journal: CallJournal, text: str | None) -> CallRecord:
    """Return a call by its id, or the newest one to an address; the newest of all if ``text`` is None.

    Raises:
        UsageError: There is none.
    """
    calls = journal.calls()
    if text is None:
        if not calls:
            raise UsageError("no calls have been made from this machine", command="zoomcall invite sip --help")
        return calls[0]
    wanted = set(_spellings(text))
    for call in calls:
        if str(call.id) == text.strip() or (call.protocol, call.address) in wanted:
            return call
    raise UsageError(
        f"no call {quoted(text)} was made from this machine",
        fix="Use an id or an address as `zoomcall call list` prints it.",
        command="zoomcall call list",
    )


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
    """
    for look in (_in_roster, _in_log):
        if not call.state.is_open:
            return call
        try:
            found = look(call, zoom, journal, now)
        except (ZoomRefused, NetworkFault) as error:
            on_fault(error)
        else:
            call = call if found is None else _settled(call, found, journal, now, on_unkept)
    return call


def _in_log(call: CallRecord, zoom: CallEndpoints, journal: CallJournal, now: datetime) -> Observation | None:
    if call.target.api is not Api.SESSION or now - call.at > LOG_REACH:
        return None
    skew = lead(zoom)
    until = min(now, call.at + max(call.timeout, _LONGEST_CALL))
    logs = zoom.webhook_logs(from_time=call.at - skew - LOG_SLACK, to_time=until - skew + LOG_SLACK)
    judge = Judge(_case(call, zoom, baseline=None), journal)
    seen = judge.of_events(callouts_in(logs), EvidenceSource.WEBHOOK_LOG)
    last: Observation | None = None
    for observation in seen:
        last = observation
    return last if last is not None and last.state.is_final else None


def _in_roster(call: CallRecord, zoom: CallEndpoints, journal: CallJournal, now: datetime) -> Observation | None:
    """Find the room among the participants who joined since the call, by Zoom's clock."""
    present = who_is_in(zoom, call.target)
    since = call.at - lead(zoom) + CLOCK_GRAIN
    earlier = [each for each in present if each.join_time is None or each.join_time < since]
    return Judge(_case(call, zoom, baseline=earlier), journal).of_roster(present, now)


def _case(call: CallRecord, zoom: CallEndpoints, *, baseline: Collection[Participant] | None) -> OpenCall:
    return OpenCall(
        call_id=call.id,
        dial=call.dial,
        target=call.target,
        dialled_at=call.at,
        dialled_at_zoom=call.at - lead(zoom),
        baseline=baseline,
        is_past=True,
        message_id=call.message_id,
    )


def _settled(
    call: CallRecord, found: Observation, journal: CallJournal, now: datetime, on_unkept: OnUnkept
) -> CallRecord:
    participant = found.participant
    standing = Standing(
        state=found.state,
        sent=Sent.YES,
        at=now,
        reason=found.reason,
        evidence=Evidence(found.source, found.match),
        participant_id=participant.id if participant else None,
        participant_uuid=participant.uuid if participant else None,
    )
    try:
        journal.settle(call.id, standing)
    except NotConfigured as error:  # what was found is true all the same
        on_unkept(error)
    return replace(
        call,
        state=standing.state,
        sent=standing.sent,
        reason=standing.reason,
        evidence=standing.evidence,
        participant_uuid=standing.participant_uuid or call.participant_uuid,
        settled_at=found.at if found.state.is_final else None,
    )


def hang_up(
    call: CallRecord,
    *,
    zoom: Callable[[], CallEndpoints],
    journal: CallJournal,
    now: Callable[[], datetime],
    on_unkept: OnUnkept,
) -> HangUp:
    """Remove the room that joined, or is in the waiting room, from its session or meeting.

    Args:
        call: The call.
        zoom: Returns Zoom; called only if there is something to do.
        journal: Keeps that the room was removed.
        now: The clock.
        on_unkept: Receives why the journal does not keep it; the room is removed all the same.

    Raises:
        UsageError: The call is over, or Zoom has no way to end it.
        ZoomRefused: Zoom refused.
        NetworkFault: No answer came.
    """
    if call.removed_at is not None:
        return HangUp(call, was_removed_before=True)
    _require_not_over(call)
    rest = zoom()
    faults: list[ZoomRefused | NetworkFault] = []
    call = settle(call, zoom=rest, journal=journal, now=now(), on_fault=faults.append, on_unkept=on_unkept)
    if call.state.is_open and faults:
        raise faults[0]
    _require_not_over(call)
    if not call.state.is_there:
        raise UsageError(
            f"nothing shows that call {call.id} to {call.shown} joined, and Zoom's REST API cannot cancel ringing",
            fix="Reject the call at the room, or wait until it joins or stops ringing. Next time,"
            " `zoomcall invite … --on-timeout remove` removes a room that joins late.",
            command=f"zoomcall call status {call.id}",
        )
    uuid = call.participant_uuid or _look_for(call, rest)
    answer = rest.remove_participant(call.target.target, uuid)
    if answer.status != _ACCEPTED:
        raise ZoomRefused(answer)
    moment = now()
    try:
        journal.mark_removed(call.id, moment)
    except NotConfigured as error:
        on_unkept(error)
    return HangUp(replace(call, participant_uuid=uuid, removed_at=moment))


def _require_not_over(call: CallRecord) -> None:
    if not call.state.blocks_redial:
        raise UsageError(f"call {call.id} to {call.shown} is over ({call.state}); there is nothing to hang up")


def _look_for(call: CallRecord, zoom: CallEndpoints) -> str:
    present = who_is_in(zoom, call.target)
    found = [
        participant
        for participant in present
        if participant.is_room_system and participant.leave_time is None and is_exact(participant, call.dial)
    ]
    if len(found) == 1 and found[0].uuid is not None:
        return found[0].uuid
    raise UsageError(
        f"call {call.id} joined, but it is not certain which participant {call.shown} is, so nobody was removed",
        fix="Remove the room in the Zoom client. Next time, name it with --to-name.",
        command=f"zoomcall session show {call.target.id}" if call.target.api is Api.SESSION else None,
    )
