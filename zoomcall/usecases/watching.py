"""Watch what becomes of a call: evidence sources feed one queue, the caller reads it with one deadline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from zoomcall.domain.call import EvidenceSource, Match, Reason, State
from zoomcall.domain.journal import CallId, CallRecord
from zoomcall.domain.roster import Dial, Participant, credit
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError

POLL_INTERVAL = timedelta(seconds=3)
FIRST_POLL = timedelta(seconds=1)
_WAKE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something seen of the call.

    Attributes:
        state: What it shows.
        at: Zoom's time of it, else when it was seen.
        source: Who saw it.
        match: How it was tied to the call.
        reason: Zoom's reason of a failure.
        participant: The room in the roster.
    """

    state: State
    at: datetime
    source: EvidenceSource
    match: Match
    reason: Reason | None = None
    participant: Participant | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A source that can prove nothing any more, and why."""

    source: EvidenceSource
    why: str


@dataclass(frozen=True, slots=True)
class Hiccup:
    """A look that failed and will be tried again."""

    source: EvidenceSource
    why: str


Signal = Observation | Exhausted | Hiccup


class EvidenceWatcher(Protocol):
    """One evidence source at work in its own thread."""

    @property
    def source(self) -> EvidenceSource:
        """Which it is."""

    def start(self, signals: queue.SimpleQueue[Signal]) -> None:
        """Begin to put what it sees into the queue."""

    def stop(self) -> None:
        """End soon; never blocks."""


class PollingWatcher:
    """Looks again and again.

    Args:
        source: Which evidence it gives.
        look: One look; gives what it saw.
        interval: Between looks.
        first: Before the first look.
    """

    def __init__(
        self,
        source: EvidenceSource,
        look: Callable[[], Iterable[Observation]],
        *,
        interval: timedelta = POLL_INTERVAL,
        first: timedelta = FIRST_POLL,
    ) -> None:
        self._source = source
        self._look = look
        self._interval = interval
        self._first = first
        self._stopped = threading.Event()
        self._gone = 0

    @property
    def source(self) -> EvidenceSource:
        """Which evidence it gives."""
        return self._source

    def start(self, signals: queue.SimpleQueue[Signal]) -> None:
        """Look in a thread that never holds up the end of the process."""
        threading.Thread(target=self._run, args=(signals,), name=f"watch-{self._source}", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _run(self, signals: queue.SimpleQueue[Signal]) -> None:
        pause = self._first
        while not self._stopped.wait(pause.total_seconds()):
            pause = self._interval
            try:
                for observation in self._look():
                    signals.put(observation)
                self._gone = 0
            except ZoomcallError as error:
                signal = self._judge(error)
                signals.put(signal)
                if isinstance(signal, Exhausted):
                    return
            except Exception as error:  # noqa: BLE001 - a thread's failure must reach the call that waits for it
                signals.put(Exhausted(self._source, f"the watcher itself failed ({type(error).__name__})"))
                return

    def _judge(self, error: ZoomcallError) -> Signal:
        """Tell what may pass from what will not."""
        if error.kind is ErrorKind.NO_SESSION:
            self._gone += 1
            if self._gone > 1:
                return Exhausted(self._source, "the session or meeting has ended")
        is_passing = isinstance(error, NetworkFault) or error.kind in {
            ErrorKind.RATE_LIMITED,
            ErrorKind.ZOOM_FAULT,
            ErrorKind.NO_SESSION,
        }
        if is_passing:
            return Hiccup(self._source, error.message)
        return Exhausted(self._source, error.message)


class CreditJournal(Protocol):
    """What crediting needs of the journal."""

    def rivals(self, call_id: CallId, *, since: datetime) -> tuple[CallRecord, ...]:
        """Other dials into the target, unresolved at ``since`` or later."""

    def credited_to_others(self, call_id: CallId) -> frozenset[str]:
        """Participants tied to other calls."""

    def take_credit(self, call_id: CallId, participant_id: str) -> bool:
        """Tie a participant to this call."""


class RosterJudge:
    """Finds the room among the newcomers of one target, for one call.

    Args:
        own: The call.
        call_id: Its id in the journal.
        dialled_at: When it was written down, just before the PATCH.
        baseline: Ids of the participants before the PATCH.
        journal: For other dials into the target.
    """

    def __init__(
        self,
        own: Dial,
        *,
        call_id: CallId,
        dialled_at: datetime,
        baseline: Collection[str],
        journal: CreditJournal,
    ) -> None:
        self._own = own
        self._call_id = call_id
        self._dialled_at = dialled_at
        self._baseline = baseline
        self._journal = journal

    def judge(self, present: Sequence[Participant], now: datetime) -> Observation | None:
        """Give the room's arrival, if this roster proves it.

        The journal is read after the roster: a dial that is not in it yet cannot have brought anyone.
        """
        if all(participant.id in self._baseline for participant in present):
            return None
        overlapping = self._journal.rivals(self._call_id, since=self._dialled_at)
        found = credit(
            self._own,
            present=present,
            known=self._baseline,
            credited=self._journal.credited_to_others(self._call_id),
            rivals=[record.dial for record in overlapping if record.settled_at is None],
            has_had_rival=bool(overlapping),
        )
        if found is None or not self._journal.take_credit(self._call_id, found.participant.id):
            return None
        return Observation(
            state=State.JOINED,
            at=now,
            source=EvidenceSource.ROSTER,
            match=found.match,
            participant=found.participant,
        )


def watch(
    watchers: Sequence[EvidenceWatcher],
    *,
    deadline: datetime,
    now: Callable[[], datetime],
    see: Callable[[Observation], None],
    tell: Callable[[Hiccup | Exhausted], None],
    tick: Callable[[datetime], None],
) -> Observation | None:
    """Wait for the observation that settles the call; None when time or every source runs out.

    Args:
        watchers: The sources; they are started here and stopped at the end.
        deadline: When to give up.
        now: The clock.
        see: Is given every observation, the settling one too.
        tell: Is given what went wrong on the way.
        tick: Is called a few times a second, for progress.
    """
    signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
    at_work = {watcher.source for watcher in watchers}
    for watcher in watchers:
        watcher.start(signals)
    try:
        while at_work:
            moment = now()
            if moment >= deadline:
                return None
            tick(moment)
            try:
                signal = signals.get(timeout=min(_WAKE, (deadline - moment).total_seconds()))
            except queue.Empty:
                continue
            match signal:
                case Observation():
                    see(signal)
                    if signal.state.is_final:
                        return signal
                case Exhausted(source, _):
                    at_work.discard(source)
                    tell(signal)
                case Hiccup():
                    tell(signal)
        return None
    finally:
        for watcher in watchers:
            watcher.stop()
