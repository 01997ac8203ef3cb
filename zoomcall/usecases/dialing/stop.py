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
        return Running(work, self)


class Running(Generic[T]):
    """Work in a thread of its own."""

    def __init__(self, work: Callable[[], T], stop: Stop) -> None:
        self._stop = stop
        self._ends: queue.SimpleQueue[tuple[T] | BaseException | None] = queue.SimpleQueue()
        self._beginning = threading.Lock()  # taken once, by the work or by whoever abandons it
        self._thread = threading.Thread(target=self._run, args=(work,), name="request", daemon=True)
        try:
            self._thread.start()
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
            is_over = not self._thread.is_alive()
            with suppress(queue.Empty):
                return self._ends.get(timeout=LONGEST_SLEEP)
            if is_over:  # without memory even for its last word
                return None if self._stop.is_set else MemoryError()

    def _run(self, work: Callable[[], T]) -> None:
        if self._stop.is_set or not self._beginning.acquire(blocking=False):
            return
        try:
            self._ends.put((work(),))
        except BaseException as error:  # noqa: BLE001 - result() raises it
            with suppress(MemoryError):  # which result() notices
                self._ends.put(error)
