"""Pushed evidence: events from a receiver, a file or a websocket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zoomcall.errors import ZoomcallError
from zoomcall.usecases.dialing.signals import EventsSeen, Exhausted, Hiccup, Looked, Signal, Signals

if TYPE_CHECKING:
    from zoomcall.domain.call import EvidenceSource
    from zoomcall.domain.event import Event

_FILE_PAUSE_SECONDS = 0.2
_DELAY = timedelta(seconds=0.25)


class PushFeed:
    """Hands events on to every waiting call.

    A call subscribes before its PATCH, and no older event can be its own. So nothing is kept for later calls,
    except an event dated in the future, until that moment has passed.

    Args:
        source: Which evidence it sends.
        now: The clock.
    """

    def __init__(self, source: EvidenceSource, now: Callable[[], datetime]) -> None:
        self._source = source
        self._now = now
        self._lock = threading.Lock()
        self._subscribers: list[Signals] = []
        self._to_come: list[Event] = []
        self._untold: Hiccup | None = None
        self._end: Exhausted | None = None

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """Which evidence it sends."""
        return frozenset({self._source})

    @property
    def delay(self) -> timedelta:
        """How long an event may take from the system's buffers to the calls."""
        return _DELAY

    def subscribe(self, signals: Signals) -> None:
        """Put into a call's queue what arrives from now on."""
        with self._lock:
            self._subscribers.append(signals)
            self._forget_past()
            if self._to_come:
                signals.put(EventsSeen(self._source, tuple(self._to_come)))
            if self._untold is not None:
                signals.put(self._untold)
                self._untold = None
            if self._end is not None:
                signals.put(self._end)

    def unsubscribe(self, signals: Signals) -> None:
        """Put nothing more into a call's queue."""
        with self._lock:
            if signals in self._subscribers:
                self._subscribers.remove(signals)

    def look_again(self, signals: Signals) -> None:
        """Answer at once: what is pushed cannot be looked at."""
        signals.put(Looked())

    def favour_events(self) -> None:
        """Do nothing: it has only events."""

    def publish(self, events: Iterable[Event]) -> None:
        """Hand events on to every waiting call."""
        seen = tuple(events)
        if seen:
            with self._lock:
                self._to_come.extend(seen)
                self._forget_past()
                self._put(EventsSeen(self._source, seen))

    def stumble(self, why: str) -> None:
        """Report a passing failure to the waiting calls, or to the next call if none is waiting."""
        hiccup = Hiccup(self._source, why)
        with self._lock:
            self._untold = None if self._subscribers else hiccup
            self._put(hiccup)

    def give_up(self, why: str) -> None:
        """Report to every call, later ones too, that nothing more will arrive."""
        end = Exhausted(self._source, why)
        with self._lock:
            self._end = end
            self._put(end)

    def _forget_past(self) -> None:
        moment = self._now()
        self._to_come = [event for event in self._to_come if event.at > moment]

    def _put(self, signal: Signal) -> None:
        for subscriber in self._subscribers:
            subscriber.put(signal)


class FollowedFeed(PushFeed):
    """Reads what is new, again and again, in a thread that never delays the end of the process.

    Args:
        source: Which evidence it sends.
        read: Returns what is new.
        now: The clock.
    """

    def __init__(
        self,
        source: EvidenceSource,
        read: Callable[[], Iterable[Event]],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(source, now)
        self._read = read
        self._ended = threading.Event()
        self._is_running = False
        self._asking: tuple[Signals, ...] = ()

    def start(self) -> None:
        """Start reading."""
        self._is_running = True
        threading.Thread(target=self._run, name=f"follow-{self._source}", daemon=True).start()

    def stop(self) -> None:
        """Stop reading."""
        self._ended.set()

    def look_again(self, signals: Signals) -> None:
        """Answer after the next reading."""
        with self._lock:
            if self._is_running:
                self._asking += (signals,)
            else:
                signals.put(Looked())

    def _run(self) -> None:
        try:
            while not self._ended.wait(_FILE_PAUSE_SECONDS):
                asking = self._asking
                self.publish(self._read())
                self._answer(asking)
        except ZoomcallError as error:
            self.give_up(error.message)
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the calls that wait for it
            self.give_up(f"reading failed ({type(error).__name__})")
        with self._lock:
            self._is_running = False
        self._answer(self._asking)

    def _answer(self, asking: tuple[Signals, ...]) -> None:
        with self._lock:
            self._asking = self._asking[len(asking) :]
        for signals in asking:
            signals.put(Looked())
