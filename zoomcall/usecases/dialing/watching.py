"""Watches one call: every source fills one queue, and one reader judges what it holds until a deadline."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from zoomcall.domain.cause import Notice
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.dialing.signals import (
    EventsSeen,
    Exhausted,
    Feed,
    Hiccup,
    Looked,
    News,
    RosterSeen,
    Seen,
    Signal,
    Signals,
)
from zoomcall.usecases.dialing.stop import LONGEST_SLEEP, Stop, Stopped

if TYPE_CHECKING:
    from zoomcall.domain.call import EvidenceSource
    from zoomcall.domain.journal import TargetKey
    from zoomcall.domain.roster import Participant
    from zoomcall.usecases.dialing.equipment import Equipment
    from zoomcall.usecases.dialing.evidence import Judge, Observation
    from zoomcall.usecases.dialing.ports import Listener

_LAST_LOOK = timedelta(seconds=10)
"""How much longer than asked for a call may last, if Zoom answers the last look slowly."""


class Watch:
    """Collects the evidence of one call, from each feed's subscription on.

    Args:
        now: The clock.
        see: Receives every observation, including the one that settles the call.
        tell: Receives what went wrong on the way.
        tick: Called a few times a second, for progress.
        stop: Ends the wait.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        see: Callable[[Observation], None],
        tell: Callable[[Hiccup | Exhausted], None],
        tick: Callable[[datetime], None],
        stop: Stop,
    ) -> None:
        self._now = now
        self._see = see
        self._tell = tell
        self._tick = tick
        self._stop = stop
        self._signals: Signals = queue.SimpleQueue()
        self._feeds: list[Feed] = []
        self._running: Counter[EvidenceSource] = Counter()
        self._unanswered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for feed in self._feeds:
            feed.unsubscribe(self._signals)

    def subscribe(self, feed: Feed) -> None:
        """Collect what a feed sends from now on."""
        self._feeds.append(feed)
        self._running.update(feed.sources)
        feed.subscribe(self._signals)

    def until(self, deadline: datetime, judge: Judge) -> Observation | None:
        """Return the observation that settles the call; None once time is up or every source is exhausted.

        When time is up, every source is looked at once more: this process may have slept since the last look.

        Raises:
            Stopped: The stop was set.
        """
        with self._stop.waking(self._signals):
            is_last = False
            while any(number > 0 for number in self._running.values()):
                signal = self._next(deadline)
                if signal is None:
                    if is_last:
                        return None
                    is_last, deadline = True, self._look_again()
                    continue
                if isinstance(signal, Looked):
                    self._unanswered -= 1
                    if self._unanswered == 0:
                        deadline = min(deadline, self._now() + self._delay)
                    continue
                settled = self._take(signal, judge)
                if settled is not None:
                    return settled
        return None

    def _look_again(self) -> datetime:
        """Ask every source to look once more, and return when to wait no longer for that."""
        self._unanswered = len(self._feeds)
        for feed in self._feeds:
            feed.look_again(self._signals)
        return self._now() + _LAST_LOOK

    @property
    def _delay(self) -> timedelta:
        return max(feed.delay for feed in self._feeds)

    def _next(self, deadline: datetime) -> Signal | None:
        """Return the next signal; None at the deadline, once all that arrived by then is read."""
        while True:
            moment = self._now()
            left = (deadline - moment).total_seconds()
            if left > 0:
                self._tick(moment)
            try:
                signal = (
                    self._signals.get(timeout=min(LONGEST_SLEEP, left)) if left > 0 else self._signals.get_nowait()
                )
            except queue.Empty:
                if left <= 0:
                    return None
                continue
            if signal is None:
                raise Stopped
            return signal

    def _take(self, signal: News, judge: Judge) -> Observation | None:
        match signal:
            case Exhausted(source, _):
                self._running[source] -= 1
                self._tell(signal)
            case Hiccup():
                self._tell(signal)
            case RosterSeen() | EventsSeen():
                return self._judge(signal, judge)
        return None

    def _judge(self, seen: Seen, judge: Judge) -> Observation | None:
        match seen:
            case RosterSeen(participants):
                observation = judge.of_roster(participants, self._now())
                if observation is None:
                    return None
                self._see(observation)
                return observation if observation.state.is_final else None
            case EventsSeen(source, events):
                for observation in judge.of_events(events, source):
                    for feed in self._feeds:
                        feed.favour_events()
                    self._see(observation)
                    if observation.state.is_final:
                        return observation
                return None


def watch_until(watch: Watch, deadline: datetime, judge: Judge, listener: Listener) -> Observation | None:
    """Watch a call; None, with a warning, if the journal fails, which tells its newcomers from other calls'."""
    try:
        return watch.until(deadline, judge)
    except ZoomcallError as error:
        listener.warn(Notice("evidence-lost", f"stopped looking for evidence: {error.message}"))
        return None


def find_participant(
    judge: Judge, target: TargetKey, equipment: Equipment, *, since: datetime, listener: Listener, stop: Stop
) -> Participant | None:
    """Find a room in the roster that only an event showed to be in: hanging up needs its UUID.

    Args:
        judge: Tells which participant it is.
        target: The session or meeting.
        equipment: Has the rosters.
        since: When the room joined, by this machine's clock. A roster read since then serves, so that rooms that
            join together cost one look.
        listener: Receives why it cannot be looked up.
        stop: Ends the wait.

    Raises:
        Stopped: The stop was set.
    """
    try:
        sighting = stop.start(lambda: equipment.polls.roster(target, deadline=None, since=since)).result()
    except ZoomcallError as error:
        listener.detail(f"cannot look the room up in the roster: {error.message}")
        return None
    return judge.participant_of(sighting.present)
