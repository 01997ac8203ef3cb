"""Judges whether a roster or an event proves the outcome of a call (contract 6.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource, Match, Reason, State
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.journal import CallId, CallRecord, TargetKey
from zoomcall.domain.roster import Dial, Participant, credit, newcomers_of
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
    """

    state: State
    at: datetime
    source: EvidenceSource
    match: Match
    reason: Reason | None = None
    participant: Participant | None = None
    message_id: str | None = None


class OpenCall(Struct, frozen=True, kw_only=True):
    """One call to be judged.

    Attributes:
        call_id: Its id in the journal.
        dial: The room and the name sent for it.
        target: The session or meeting that it was rung into.
        dialled_at: When the journal recorded it, just before the PATCH, by this machine's clock.
        dialled_at_zoom: The earliest that moment can be by Zoom's clock.
        baseline: The participants before the PATCH; None if they could not be read.
        before_patch: The span from that roster to the PATCH, by Zoom's clock, without its uncertain ends.
        is_past: Nobody was watching, so only an exact match proves anything.
    """

    call_id: CallId
    dial: Dial
    target: TargetKey
    dialled_at: datetime
    dialled_at_zoom: datetime
    baseline: Collection[Participant] | None
    before_patch: tuple[datetime, datetime] | None = None
    is_past: bool = False


class Judge:
    """Judges the rosters and events of one call's target; the journal tells it of other calls into the target."""

    def __init__(self, call: OpenCall, journal: CallJournal) -> None:
        self._call = call
        self._journal = journal
        self._message_id: str | None = None
        self._seen: set[tuple[State, datetime, str | None]] = set()

    def of_roster(self, present: Sequence[Participant], now: datetime) -> Observation | None:
        """Return that the room joined, if this roster proves it.

        The journal is read after the roster: a call that it does not have yet cannot have brought anyone in.
        """
        call = self._call
        if call.baseline is None:
            return None
        newcomers = newcomers_of(present, known=call.baseline, before_patch=call.before_patch)
        if not newcomers:
            return None
        overlapping = self._journal.rivals(call.call_id, since=call.dialled_at)
        found = credit(
            call.dial,
            newcomers=newcomers,
            credited=self._journal.credited_to_others(call.call_id),
            rivals=[record.dial for record in overlapping if record.settled_at is None],
            has_had_rival=bool(overlapping),
        )
        if found is None or (call.is_past and found.match is not Match.EXACT):
            return None
        if not self._journal.take_credit(call.call_id, found.participant.id):
            return None
        return Observation(
            state=State.JOINED,
            at=now,
            source=EvidenceSource.ROSTER,
            match=found.match,
            participant=found.participant,
        )

    def of_events(self, events: Sequence[CalloutEvent], source: EvidenceSource) -> Iterator[Observation]:
        """Yield what events prove, in the order of Zoom's clock and without repetitions.

        What settles the call comes last, so that nothing of a batch read at once is lost.
        """
        fitting = [event for event in events if self._fits(event)]
        if not fitting:
            return
        twins = self._twins()
        taken = {twin.message_id for twin in twins}
        strange = {event.message_id for event in fitting if event.message_id is not None} - taken
        if self._message_id is None and len(strange) > 1:
            return  # somebody else rings the same room too, and nothing tells which call is ours
        ours = [event for event in fitting if self._is_ours(event, twins)]
        for event in sorted(ours, key=lambda event: (event.state.is_final, event.at)):
            mark = (event.state, event.at, event.message_id)
            if mark in self._seen:
                continue
            self._seen.add(mark)
            yield Observation(
                state=event.state,
                at=event.at,
                source=source,
                match=Match.EXACT,
                reason=event.reason,
                message_id=event.message_id,
            )

    def participant_of(self, present: Sequence[Participant]) -> Participant | None:
        """Return the room's row in the roster after an event showed that it joined; None if that is uncertain."""
        found = self.of_roster(present, self._call.dialled_at)
        return None if found is None else found.participant

    def _fits(self, event: CalloutEvent) -> bool:
        """Return whether an event is about this room and target, and not older than the PATCH."""
        call = self._call
        if event.api is not call.target.api or event.target_id != call.target.id:
            return False
        return event.at >= call.dialled_at_zoom and event.rings(call.dial.address)

    def _is_ours(self, event: CalloutEvent, twins: Sequence[CallRecord]) -> bool:
        """Return whether no call but this one can have caused an event that fits.

        A twin whose ``message_id`` is known cannot have caused an event with another. An id seen before with
        a call that is not a twin has been reused, for example by a replay: that call's own events do not fit.
        """
        if self._message_id is not None and event.message_id is not None:
            return event.message_id == self._message_id
        if any(event.message_id is None or twin.message_id in {None, event.message_id} for twin in twins):
            return False
        if event.message_id is None:
            return True
        if not self._journal.take_message(self._call.call_id, event.message_id):
            return False
        self._message_id = event.message_id
        return True

    def _twins(self) -> tuple[CallRecord, ...]:
        """Return this machine's other calls to the same room, which may have caused the same events."""
        call = self._call
        address = call.dial.address
        return tuple(
            rival
            for rival in self._journal.rivals(call.call_id, since=call.dialled_at - CLOCK_DOUBT)
            if rival.protocol is address.protocol and rival.address == address.normalised
        )
