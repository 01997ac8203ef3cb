"""Look at one target again and again, on behalf of every call into it, within Zoom's rate limits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.roster import Participant
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError

POLL_INTERVAL = timedelta(seconds=3)
FIRST_LOOK = timedelta(seconds=1)
EARLY_INTERVAL = timedelta(seconds=1.5)
_EARLY_LOOKS = 2
_TRUSTED_LOOKS = 4
_ROSTER_TURN = 10


class RosterSeen(Struct, frozen=True):
    """Who was there at one look."""

    participants: tuple[Participant, ...]

    @property
    def source(self) -> EvidenceSource:
        """The roster."""
        return EvidenceSource.ROSTER


class EventsSeen(Struct, frozen=True):
    """Events that came together, old and strange ones among them."""

    source: EvidenceSource
    events: tuple[CalloutEvent, ...]


class Exhausted(Struct, frozen=True):
    """A source that can prove nothing any more, and why."""

    source: EvidenceSource
    why: str


class Hiccup(Struct, frozen=True):
    """A look that failed and will be tried again."""

    source: EvidenceSource
    why: str


Seen = RosterSeen | EventsSeen
Signal = Seen | Exhausted | Hiccup
Signals = queue.SimpleQueue[Signal]
Look = Callable[[], Seen]


class Feed(Protocol):
    """Evidence sources at work in a thread of their own."""

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """Which evidence they give."""

    def subscribe(self, signals: Signals) -> None:
        """Put everything that is seen from now on into a call's queue, and what has given up by now."""

    def unsubscribe(self, signals: Signals) -> None:
        """Stop that; never blocks."""

    def favour_events(self) -> None:
        """Take note that a call's events do come: looking for them is worth more than the roster."""


class Rhythm(Struct, frozen=True, kw_only=True):
    """When to look.

    Attributes:
        first: Before the first look.
        early: Between the first looks, when quick rooms answer.
        interval: Between later looks.
    """

    first: timedelta = FIRST_LOOK
    early: timedelta = EARLY_INTERVAL
    interval: timedelta = POLL_INTERVAL

    def pause_before(self, look: int) -> timedelta:
        """Give the pause before the look of that number, from 0."""
        if look == 0:
            return self.first
        return self.early if look < _EARLY_LOOKS else self.interval


class Patrol:
    """Looks at one target for all calls into it: one request a look, however many calls wait.

    With a roster and a webhook log to look at, it takes turns; once a call's events come, it looks for events, and
    a fate is known within one interval. It never leaves the roster out for good: an event that says the room has
    joined may be late, or of no subscription.

    Args:
        looks: What can be looked at.
        rhythm: When.
    """

    def __init__(self, looks: Mapping[EvidenceSource, Look], *, rhythm: Rhythm | None = None) -> None:
        self._looks = dict(looks)
        self._rhythm = rhythm or Rhythm()
        self._lock = threading.Lock()
        self._subscribers: list[Signals] = []
        self._ended = threading.Event()
        self._has_events = False
        self._are_events_expected = False
        self._missing: dict[EvidenceSource, int] = {}
        self._ends: list[Exhausted] = []

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """What can still be looked at."""
        with self._lock:
            return frozenset(self._looks)

    def subscribe(self, signals: Signals) -> None:
        """Let a call see what is seen, and what has given up before; the first one starts the looking anew."""
        with self._lock:
            self._subscribers.append(signals)
            for end in self._ends:
                signals.put(end)
            if len(self._subscribers) > 1:
                return
            self._ended = threading.Event()
            arguments = (self._ended,)
        threading.Thread(target=self._run, args=arguments, name="patrol", daemon=True).start()

    def unsubscribe(self, signals: Signals) -> None:
        """Let a call see no more; the last one ends the looking."""
        with self._lock:
            if signals in self._subscribers:
                self._subscribers.remove(signals)
            if not self._subscribers:
                self._ended.set()

    def favour_events(self) -> None:
        """Look for events from now on, and at the roster every tenth time."""
        self._has_events = True

    def expect_events(self) -> None:
        """Look for events alone at first: earlier calls had some."""
        self._are_events_expected = True

    def _run(self, ended: threading.Event) -> None:
        look = 0
        while self._looks and not ended.wait(self._rhythm.pause_before(look).total_seconds()):
            source = self._source_of(look)
            look += 1
            with self._lock:
                waiting = tuple(self._subscribers)
            self._tell(self._look_at(source), waiting)

    def _source_of(self, look: int) -> EvidenceSource:
        both = EvidenceSource.WEBHOOK_LOG, EvidenceSource.ROSTER
        available = [source for source in both if source in self._looks] or list(self._looks)
        if len(available) == 1:
            return available[0]
        log, roster = available
        if self._has_events:
            return roster if look % _ROSTER_TURN == _ROSTER_TURN - 1 else log
        if self._are_events_expected:
            return log if look < _TRUSTED_LOOKS or look % 2 else roster
        return roster if look % 2 else log

    def _look_at(self, source: EvidenceSource) -> Signal:
        try:
            seen = self._looks[source]()
        except ZoomcallError as error:
            return self._judge(source, error)
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the calls that wait for it
            return self._give_up(source, f"looking itself failed ({type(error).__name__})")
        self._missing.pop(source, None)
        return seen

    def _judge(self, source: EvidenceSource, error: ZoomcallError) -> Signal:
        """Tell what may pass from what will not."""
        if error.kind is ErrorKind.NO_SESSION:
            self._missing[source] = self._missing.get(source, 0) + 1
            if self._missing[source] > 1:
                return self._give_up(source, "the session or meeting has ended")
            return Hiccup(source, error.message)
        if may_pass(error):
            return Hiccup(source, error.message)
        return self._give_up(source, error.message)

    def _give_up(self, source: EvidenceSource, why: str) -> Exhausted:
        end = Exhausted(source, why)
        with self._lock:
            self._looks.pop(source, None)
            self._ends.append(end)
        return end

    def _tell(self, signal: Signal, waiting: Collection[Signals]) -> None:
        """Tell those who were waiting when the look began: what was seen may be older than a later call.

        The end of a source concerns everybody.
        """
        with self._lock:
            subscribers = [each for each in self._subscribers if each in waiting or isinstance(signal, Exhausted)]
        for subscriber in subscribers:
            subscriber.put(signal)


def may_pass(error: ZoomcallError) -> bool:
    """Say whether the same look may succeed a little later."""
    return isinstance(error, NetworkFault) or error.kind in {ErrorKind.RATE_LIMITED, ErrorKind.ZOOM_FAULT}


class Patrols:
    """One patrol a target, shared by all calls of this process.

    Args:
        rhythm: When they look.
    """

    def __init__(self, rhythm: Rhythm | None = None) -> None:
        self._rhythm = rhythm
        self._lock = threading.Lock()
        self._patrols: dict[TargetKey, Patrol] = {}

    def for_target(self, target: TargetKey, looks: Mapping[EvidenceSource, Look]) -> Patrol:
        """Give the target's patrol, made with these looks if it is the first call into it."""
        with self._lock:
            if target not in self._patrols or not self._patrols[target].sources:
                self._patrols[target] = Patrol(looks, rhythm=self._rhythm)
            return self._patrols[target]
