"""How calls in progress are told to end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from zoomcall.errors import Shortage

T = TypeVar("T")

LONGEST_SLEEP = 0.25
"""Seconds: Windows runs no signal handler while the main thread sleeps in a queue."""
_IDLE_SECONDS = 2.0
"""How long a thread waits for more work."""


class Stopped(Exception):
    """A wait or a request was abandoned because of a stop.

    Args:
        has_begun: Whether the request may have been sent; if not, it never will be.
    """

    def __init__(self, *, has_begun: bool = False) -> None:
        super().__init__()
        self.has_begun = has_begun


class Stop:
    """Tells every call that has it to end now; once set, it stays set."""

    def __init__(self) -> None:
        self._is_set = False
        self._is_terminated = False
        self._lock = threading.Lock()
        self._waiting: tuple[queue.SimpleQueue[Any], ...] = ()
        self._hands = _Hands()

    @property
    def is_set(self) -> bool:
        """Whether to stop."""
        return self._is_set

    @property
    def is_terminated(self) -> bool:
        """Whether it was SIGTERM rather than Ctrl-C."""
        return self._is_terminated

    def set(self, *, is_terminated: bool = False) -> None:
        """Ask to stop; a signal handler may call this at any moment, since it takes no lock."""
        self._is_terminated = self._is_terminated or is_terminated
        self._is_set = True
        for waiting in self._waiting:
            waiting.put(None)

    @contextmanager
    def waking(self, waiting: queue.SimpleQueue[Any]) -> Iterator[None]:
        """Put None into a queue on a stop, to wake its reader."""
        with self._lock:
            self._waiting = (*self._waiting, waiting)
        if self._is_set:
            waiting.put(None)
        try:
            yield
        finally:
            with self._lock:
                self._waiting = tuple(each for each in self._waiting if each is not waiting)

    def start(self, work: Callable[[], T]) -> Running[T]:
        """Start work that blocks, in a thread that a stop abandons.

        Raises:
            Stopped: The stop was set before.
            Shortage: The system allows no more threads; the work will not be done.
        """
        if self._is_set:
            raise Stopped
        return Running(work, self, self._hands)


class Running(Generic[T]):
    """Work in a thread that does nothing else meanwhile."""

    def __init__(self, work: Callable[[], T], stop: Stop, hands: _Hands) -> None:
        self._stop = stop
        self._work = work
        self._ends: queue.SimpleQueue[tuple[T] | BaseException | None] = queue.SimpleQueue()
        self._beginning = threading.Lock()  # taken once, by the work or by whoever abandons it
        self._is_over = False
        self._hand = hands.take()
        try:
            self._hand.do(self.run)
        except (RuntimeError, MemoryError) as error:
            if self._beginning.acquire(blocking=False):  # else it has begun all the same
                raise Shortage(
                    "the system allows no more threads", fix="End other programs, or raise the limit (ulimit -u)."
                ) from error

    def result(self) -> T:
        """Wait for the work and return what it returned or raise what it raised; may be called once.

        Raises:
            Stopped: The stop was set; the work may still go on.
        """
        with self._stop.waking(self._ends):
            end = self._end()
        if end is None:
            raise Stopped(has_begun=not self._beginning.acquire(blocking=False))
        if isinstance(end, BaseException):
            raise end
        return end[0]

    def _end(self) -> tuple[T] | BaseException | None:
        while True:
            is_over = self._is_over or not self._hand.is_alive()
            with suppress(queue.Empty):
                return self._ends.get(timeout=LONGEST_SLEEP)
            if is_over:  # without memory even for its last word
                return None if self._stop.is_set else MemoryError()

    def run(self) -> None:
        """Do the work, in the thread that was taken for it, unless it was abandoned before."""
        if self._stop.is_set or not self._beginning.acquire(blocking=False):
            return
        try:
            self._ends.put((self._work(),))
        except BaseException as error:  # noqa: BLE001 - result() raises it
            with suppress(MemoryError):  # which result() notices
                self._ends.put(error)
        finally:
            self._is_over = True


class _Hands:
    """Threads that wait a while for more work when they have done some: to start one costs more than to wake it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Hand] = []

    def take(self) -> _Hand:
        """Return the thread that became idle last, or a new one."""
        with self._lock:
            return self._idle.pop() if self._idle else _Hand(self)

    def rest(self, hand: _Hand) -> None:
        """Take a thread back."""
        with self._lock:
            self._idle.append(hand)

    def leave(self, hand: _Hand) -> bool:
        """Let a thread end, unless it has just been taken."""
        with self._lock:
            is_idle = hand in self._idle
            if is_idle:
                self._idle.remove(hand)
            return is_idle


class _Hand(threading.Thread):
    """One of the threads."""

    def __init__(self, hands: _Hands) -> None:
        super().__init__(name="request", daemon=True)
        self._hands = hands
        self._works: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def do(self, work: Callable[[], None]) -> None:
        """Do some work, which handles its own failures.

        Raises:
            RuntimeError: The system allows no more threads.
        """
        self._works.put(work)
        if self.ident is None:
            self.start()

    def run(self) -> None:
        """Do what comes, until nothing has come for a while."""
        while True:
            try:
                work = self._works.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                if self._hands.leave(self):
                    return
                continue
            work()
            del work  # which holds the request and its answer
            self._hands.rest(self)
