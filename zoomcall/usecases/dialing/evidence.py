"""Judges whether a roster or an event proves the outcome of a call (contract 6.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource, Match, Reason, State
from zoomcall.domain.event import CalloutEvent, Event, ParticipantEvent
from zoomcall.domain.journal import CallId, CallRecord, TargetKey
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.roster import Credit, Dial, Participant, credit, is_exact, newcomers_of
from zoomcall.domain.target import Api

if TYPE_CHECKING:
    from zoomcall.domain.destination import Destination
    from zoomcall.usecases.dialing.ports import CallJournal

CLOCK_DOUBT = timedelta(seconds=5)
"""How far the estimate of Zoom's clock, which shows whole seconds, may be off; used only to tell calls apart."""


class Observation(Struct, frozen=True, kw_only=True):
    """Evidence of a call's state.

    Attributes:
        state: The state that it shows.
        at: Zoom's time, or this machine's if Zoom gives none.
        source: Where it was seen.
        match: How it was tied to the call.
        reason: Zoom's reason for a failure.
        participant: The room in the roster.
        message_id: Zoom's id of the call, from an event.
        is_late: Something newer is known already, so that it belongs into the timeline and changes nothing else.
    """

    state: State
    at: datetime
    source: EvidenceSource
    match: Match
    reason: Reason | None = None
    participant: Participant | None = None
    message_id: str | None = None
    is_late: bool = False


class OpenCall(Struct, frozen=True, kw_only=True):
    """One call to be judged.

    Attributes:
        call_id: Its id in the journal.
        dial: The room and the name sent for it.
        target: The session or meeting that it was rung into.
        dialled_at: When the journal recorded it, just before the PATCH, by this machine's clock.
        dialled_at_zoom: The earliest that moment can be by Zoom's clock.
        baseline: The participants before the PATCH; None if they could not be read.
        baseline_at: When they were asked for, by this machine's clock; it may be seconds before the PATCH.
        before_patch: The span from that roster to the PATCH, by Zoom's clock, without its uncertain ends.
        is_past: Nobody was watching, so only an exact match proves anything.
        message_id: Zoom's id of the call, if it is known.
        has_waiting_room: What the meeting's settings say; None if they could not be read.
        known: The participant that was credited to it before, and how.
    """

    call_id: CallId
    dial: Dial
    target: TargetKey
    dialled_at: datetime
    dialled_at_zoom: datetime
    baseline: Collection[Participant] | None
    baseline_at: datetime | None = None
    before_patch: tuple[datetime, datetime] | None = None
    is_past: bool = False
    message_id: str | None = None
    has_waiting_room: bool | None = None
    known: tuple[str, Match] | None = None


class Judge:
    """Judges the rosters and events of one call's target; the journal tells it of other calls into the target."""

    def __init__(self, call: OpenCall, journal: CallJournal) -> None:
        self._call = call
        self._journal = journal
        self._message_id = call.message_id
        self._fitting: frozenset[CalloutEvent] = frozenset()
        self._told: frozenset[CalloutEvent] = frozenset()
        self._whereabouts: State | None = None
        self._moved_at = call.dialled_at_zoom
        self._seen: Credit | None = None

    def of_roster(self, present: Sequence[Participant], now: datetime) -> Observation | None:
        """Return where the room is, if this roster proves it and it is news; one that left only answered."""
        found = self._credited(present)
        state = State.ANSWERED
        if found is not None:
            state = State.WAITING_ROOM if found.participant.is_waiting else State.JOINED
        elif self._seen is not None and not any(self._seen.participant.is_same(row) for row in present):
            found = self._seen
        if found is None:
            return None
        if state is self._whereabouts:
            return None
        self._whereabouts = state
        return Observation(
            state=state,
            at=now,
            source=EvidenceSource.ROSTER,
            match=found.match,
            participant=found.participant,
        )

    def _credited(self, present: Sequence[Participant]) -> Credit | None:
        """Return the room's row in the roster, if it is certain to be the room's.

        The journal is read after the roster: a call that it does not have yet cannot have brought anyone in.
        """
        call = self._call
        if call.known is not None:
            identifier, match = call.known
            own = [row for row in present if identifier in row.ids and row.leave_time is None]
            if own:
                self._seen = Credit(own[0], match)
                return self._seen
        if call.baseline is None:
            return None
        protocol = call.dial.address.protocol
        newcomers = newcomers_of(present, protocol=protocol, known=call.baseline, before_patch=call.before_patch)
        credited = self._journal.credited_to_others(call.call_id) if newcomers else frozenset[str]()
        free = [row for row in newcomers if row.ids.isdisjoint(credited)]
        if len(free) != 1 and not any(is_exact(row, call.dial) for row in free):
            return None  # as nearly always in a crowd that comes in together, whose rivals need not be read then
        found = self._told_from_rivals(free)
        if found is None or (found.match is not Match.EXACT and (call.is_past or self._is_ringing)):
            return None
        if not self._journal.take_credit(call.call_id, found.participant.id):
            return None
        self._seen = found
        return found

    def _told_from_rivals(self, free: Sequence[Participant]) -> Credit | None:
        """Return which of the newcomers that are credited to no other call is the room."""
        call = self._call
        since = call.baseline_at or call.dialled_at
        rivals = [
            rival
            for rival in self._journal.rivals(call.call_id, since=since)
            if rival.protocol.device == call.dial.address.protocol.device
        ]
        overlapping = [rival for rival in rivals if _may_be_new(rival, call)]
        return credit(
            call.dial,
            newcomers=free,
            credited=(),
            rivals=[record.dial for record in overlapping if record.settled_at is None],
            doubtful=[record.dial for record in rivals if _is_doubtful(record)],
            has_had_rival=bool(overlapping),
        )

    @property
    def _is_ringing(self) -> bool:
        """Whether events say that the room rings and none says that it answered: who comes now is somebody else."""
        return bool(self._told) and not any(_is_end(event.state) for event in self._told)

    def of_events(self, events: Sequence[Event], source: EvidenceSource) -> Iterator[Observation]:
        """Yield what events prove, in the order of Zoom's clock; each once, however often it is delivered.

        What settles the call comes last, so that nothing of a batch read at once is lost.
        """
        callouts = [event for event in events if isinstance(event, CalloutEvent)]
        yield from self._of_callouts(callouts, source)
        moves = [event for event in events if isinstance(event, ParticipantEvent) and self._is_the_room(event)]
        for event in sorted(moves, key=lambda event: event.at):
            is_late = event.at < self._moved_at and event.state is not State.JOINED
            self._moved_at = max(self._moved_at, event.at)
            if event.state is not self._whereabouts and not is_late:
                self._whereabouts = event.state
                yield Observation(state=event.state, at=event.at, source=source, match=Match.EXACT)

    def _is_the_room(self, event: ParticipantEvent) -> bool:
        """Return whether an event names the room: by the name sent, or as the roster does."""
        call = self._call
        is_here = call.target.api is Api.MEETING and event.target_id == call.target.id
        if not is_here or event.at < call.dialled_at_zoom:
            return False
        if event.uuid is not None and self._seen is not None and event.uuid == self._seen.participant.uuid:
            return True
        return call.dial.to_name is not None and event.name == call.dial.to_name

    def _of_callouts(self, events: Sequence[CalloutEvent], source: EvidenceSource) -> Iterator[Observation]:
        self._fitting |= {event for event in events if self._fits(event)}
        if not self._fitting - self._told:
            return
        ours, match = self._ours(self._twins())
        new = ours - self._told
        self._told |= ours
        for event in sorted(new, key=lambda event: (_is_end(event.state), event.at)):
            is_late = self._whereabouts is not None and not event.state.is_final
            is_in = event.state is State.ANSWERED and self._call.has_waiting_room is False and not is_late
            yield Observation(
                state=State.JOINED if is_in else event.state,
                at=event.at,
                source=source,
                match=match,
                reason=event.reason,
                message_id=event.message_id,
                is_late=is_late,
            )

    def participant_of(self, present: Sequence[Participant]) -> Participant | None:
        """Return the room's row in the roster after an event showed that it joined; None if that is uncertain."""
        found = self._credited(present)
        return None if found is None else found.participant

    def _fits(self, event: CalloutEvent) -> bool:
        """Return whether an event is about this room and target, and not older than the PATCH."""
        call = self._call
        if event.api is not call.target.api or event.target_id != call.target.id:
            return False
        return event.at >= call.dialled_at_zoom and event.rings(call.dial.address)

    def _ours(self, twins: Sequence[CallRecord]) -> tuple[frozenset[CalloutEvent], Match]:
        """Return the events that this call alone can have caused, and how surely.

        Events with one id are one call for certain; that two ids are two calls is not (zoom-api 0.11).
        """
        taken = {twin.message_id for twin in twins} - {None}
        free = frozenset(event for event in self._fitting if event.message_id not in taken)
        own = frozenset(event for event in free if event.message_id == self._message_id is not None)
        calls = Counter(event.message_id for event in self._fitting if event.message_id is not None)
        has_call_ids = any(number > 1 for number in calls.values())
        is_known = any(_is_end(event.state) for event in own)
        if (
            is_known
            or (has_call_ids and own)
            or any(self._is_rival(twin, has_call_ids=has_call_ids) for twin in twins)
        ):
            return own, Match.EXACT
        ids = {event.message_id for event in free}
        if len(ids) > 1 and has_call_ids:  # somebody else rings the same room too
            return frozenset(), Match.EXACT
        is_one_call = len(ids) == 1 and ids != {None} and self._message_id in {None, *ids}
        if not is_one_call and not _is_one_story(free):
            return frozenset(), Match.EXACT
        if self._message_id is None and is_one_call and not self._take(next(iter(ids))):
            return frozenset(), Match.EXACT
        is_alone = len(free) <= 1 and self._message_id is None
        return free, Match.EXACT if is_one_call or is_alone else Match.ONLY_CANDIDATE

    def _is_rival(self, twin: CallRecord, *, has_call_ids: bool) -> bool:
        """Return whether an event that is free may be a twin's, where each event may have an id of its own."""
        if twin.message_id is None:
            return True
        is_over = any(event.message_id == twin.message_id and _is_end(event.state) for event in self._fitting)
        return twin.state.is_open and not has_call_ids and not is_over

    def _take(self, message_id: str | None) -> bool:
        """Tie Zoom's id of a call to this one.

        An id seen before with a call that is not a twin has been reused, for example by a replay: that call's own
        events do not fit.
        """
        if message_id is None or not self._journal.take_message(self._call.call_id, message_id):
            return False
        self._message_id = message_id
        return True

    def _twins(self) -> tuple[CallRecord, ...]:
        """Return this machine's other calls to the same room, which may have caused the same events."""
        call = self._call
        address, since = call.dial.address, call.dialled_at - CLOCK_DOUBT
        return tuple(
            rival
            for rival in self._journal.rivals(call.call_id, since=since)
            if rival.protocol is address.protocol
            and _is_told_as(rival, address)
            and (rival.settled_at is None or rival.settled_at >= since)
        )


def _is_told_as(rival: CallRecord, address: Destination) -> bool:
    """Return whether Zoom's events name a rival's room or phone as they name this one: without an extension."""
    if isinstance(address, PhoneNumber):
        return rival.address.partition("-")[0] == address.digits
    return rival.address == address.normalised


def _may_be_new(rival: CallRecord, call: OpenCall) -> bool:
    """Return whether a rival's room may have joined after the baseline, as a participant not credited to it."""
    is_unnamed = rival.state is State.JOINED and rival.participant_id is None
    return rival.settled_at is None or rival.settled_at >= call.dialled_at or is_unnamed


def _is_doubtful(rival: CallRecord) -> bool:
    """Return whether a stranger may have been taken for a rival's room, so that its own may still come."""
    evidence = rival.evidence
    is_certain = rival.participant_id is not None and evidence is not None and evidence.match is Match.EXACT
    return rival.state is State.JOINED and not is_certain


def _is_one_story(events: Collection[CalloutEvent]) -> bool:
    """Return whether events can be one call's: no state twice, and one end at most."""
    states = [event.state for event in events]
    return len(set(states)) == len(states) and sum(_is_end(state) for state in states) <= 1


def _is_end(state: State) -> bool:
    """Return whether a state ends the ringing: no other callout event of the call follows."""
    return state.is_final or state is State.ANSWERED
