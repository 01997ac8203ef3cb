"""Watches an open call of the journal on, with the sources and rules of an invite (contract 1, ``call wait``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.call import EvidenceSource, State, TimelineEntry
from zoomcall.domain.callout import Callout
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.journal import LONGEST_RINGING, CallRecord, Standing
from zoomcall.domain.live import LOG_REACH
from zoomcall.errors import Interrupted, NotConfigured, ZoomcallError
from zoomcall.usecases.call_history import case_of, earlier_than, kept_if_possible, settled_by
from zoomcall.usecases.dialing.evidence import Judge, Observation
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import PollFeed
from zoomcall.usecases.dialing.preflight import Baseline, Preflight, Prospects
from zoomcall.usecases.dialing.signals import Exhausted, Hiccup
from zoomcall.usecases.dialing.stop import Stop, Stopped
from zoomcall.usecases.dialing.watching import Watch, find_participant, watch_until
from zoomcall.usecases.zoom_clock import lead

if TYPE_CHECKING:
    from zoomcall.usecases.dialing.equipment import Equipment
    from zoomcall.usecases.dialing.ports import Listener


class Watched(Struct, frozen=True):
    """A call after it was watched: ``failure`` says why it is still open, if it is."""

    call: CallRecord
    failure: ZoomcallError | None = None


class WatchingOn:
    """Watches one open call; nothing is sent but requests for evidence.

    Args:
        call: The call.
        equipment: Zoom, the journal, and the sources.
        evidence: Which sources may prove the outcome.
        listener: Receives what happens.
        stop: Ends the watch.
    """

    def __init__(
        self,
        call: CallRecord,
        equipment: Equipment,
        *,
        evidence: frozenset[EvidenceSource],
        listener: Listener,
        stop: Stop,
    ) -> None:
        self._call = call
        self._equipment = equipment
        self._evidence = evidence
        self._listener = listener
        self._stop = stop

    def until(self, timeout: timedelta) -> Watched:
        """Watch until the call is settled, or for ``timeout``; a stop leaves it open, and the journal says so."""
        try:
            return self._watched(timeout)
        except Stopped:
            call, is_terminated = self._call, self._stop.is_terminated
            word = "terminated" if is_terminated else "interrupted"
            message = f"{word}: call {call.id} to {call.shown} stays open, as it was ({call.state})"
            return Watched(call, Interrupted(message, is_terminated=is_terminated))

    def _watched(self, timeout: timedelta) -> Watched:
        equipment, begun = self._equipment, self._equipment.now()
        preflight = Preflight(self._order(timeout), equipment, self._listener, self._stop)
        baseline = preflight.baseline()
        prospects = preflight.prospects(baseline)
        if not prospects.is_any:
            message = f"nothing can prove the outcome: {prospects.why}"
            self._listener.warn(Notice("no-evidence", message))
            return Watched(self._call)
        judge = self._judge(baseline, prospects)
        with Watch(
            now=equipment.now,
            see=self._see,
            tell=self._tell,
            tick=lambda moment: self._listener.progress(self._call.state, moment - begun),
            stop=self._stop,
        ) as watch:
            for feed in equipment.feeds:
                watch.subscribe(feed)
            if prospects.looks:
                since = max(self._call.at, begun - LOG_REACH + timedelta(minutes=1))
                poll = equipment.polls.of(self._call.target)
                watch.subscribe(PollFeed(poll, since, prospects.looks, span=timeout))
            settled = watch_until(watch, equipment.now() + timeout, judge, self._listener)
        if settled is not None and settled.state is State.JOINED and settled.participant is None:
            self._name_participant(judge, settled.at + lead(equipment.zoom))
        return Watched(self._call)

    def _name_participant(self, judge: Judge, since: datetime) -> None:
        call, equipment = self._call, self._equipment
        found = find_participant(
            judge, call.target, equipment, since=since, listener=self._listener, stop=self._stop
        )
        if found is not None:
            self._call = replace(call, participant_id=found.id, participant_uuid=found.uuid)
            standing = Standing(
                state=call.state,
                sent=call.sent,
                at=call.settled_at or equipment.now(),
                participant_id=found.id,
                participant_uuid=found.uuid,
            )
            with kept_if_possible(self._unkept):
                equipment.journal.settle(call.id, standing)

    def _order(self, timeout: timedelta) -> DialOrder:
        """Return the call as an order, so that the preflight of an invite finds out what can prove it."""
        call = self._call
        address = parse_destination(call.protocol, call.shown)
        return DialOrder(
            target=call.target.target,
            callout=Callout(address=address, to_name=call.to_name),
            api_base=call.target.api_base,
            profile=call.profile,
            timeout=timeout,
            is_preflight_off=True,
            patience=self._equipment.now() + timeout,
            evidence=self._evidence,
        )

    def _judge(self, baseline: Baseline, prospects: Prospects) -> Judge:
        call, equipment = self._call, self._equipment
        present = baseline.present
        earlier = None if present is None else earlier_than(call, present, equipment.zoom)
        case = replace(
            case_of(call, equipment.zoom, baseline=earlier),
            has_waiting_room=prospects.has_waiting_room,
            is_past=equipment.now() - call.at > LONGEST_RINGING,
        )
        return Judge(case, equipment.journal)

    def _see(self, observation: Observation) -> None:
        self._listener.entry(TimelineEntry(observation.state, observation.at, observation.source))
        if not observation.is_late:
            self._call = settled_by(
                self._call, observation, self._equipment.journal, self._equipment.now(), self._unkept
            )

    def _unkept(self, error: NotConfigured) -> None:
        self._listener.warn(Notice("journal-failed", f"cannot update this call in the journal: {error.message}"))

    def _tell(self, signal: Hiccup | Exhausted) -> None:
        match signal:
            case Hiccup(source, why):
                self._listener.detail(f"{source}: {why}; trying again")
            case Exhausted(source, why):
                self._listener.warn(Notice("evidence-lost", f"no more evidence from {source}: {why}"))
