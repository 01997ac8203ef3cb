"""Rings the rows of a batch: so many at a time, at the account's rate, again if asked to."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.batch import BatchRow, key_of
from zoomcall.domain.call import Sent, State
from zoomcall.errors import ErrorKind, Shortage, ZoomcallError
from zoomcall.usecases.batching.live import Doors
from zoomcall.usecases.batching.pacing import Pace
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.stop import Stop

_LONGEST_SLEEP = 0.25
"""Seconds after which a worker notices that the run is over, since a signal handler takes no lock to say so."""
_TICK = 0.5
"""Seconds between two words to the listener that time passes."""
_OF_CREDENTIAL = {ErrorKind.NOT_CONFIGURED, ErrorKind.AUTH}
_OF_ONE_TARGET = {300, 1010, 3000, 3003, 3161}
"""Zoom's codes for rights that are missing in one meeting or session, and perhaps not in another (zoom-api 7)."""


class Terms(Struct, frozen=True, kw_only=True):
    """How a batch is rung.

    Attributes:
        parallel: How many calls may be unresolved at once.
        attempts: How often a room is rung at most.
        retry_on: The states after which it is rung again.
        retry_delay: The pause before that.
        longest: After this nothing more is sent; None for no limit.
        has_one_target: Whether all rows ring into the same session or meeting, whose end ends the run.
    """

    parallel: int = 20
    attempts: int = 1
    retry_on: frozenset[State] = frozenset()
    retry_delay: timedelta = timedelta(seconds=30)
    longest: timedelta | None = None
    has_one_target: bool = False


class RowReport(Struct, frozen=True, kw_only=True):
    """What became of a row; ``call`` is None if it was not rung any more."""

    row: BatchRow
    attempts: int
    call: CallReport | None


class BatchListener(Protocol):
    """Receives what happens; calls come from many threads, one at a time except for ``keep``."""

    def keep(self, report: RowReport) -> None:
        """Keep what became of a row, just before ``ends``; several threads may wait for a disk together."""

    def begins(self, row: BatchRow, attempt: int) -> None:
        """Receive that a row's call begins."""

    def retries(self, row: BatchRow, call: CallReport, pause: timedelta) -> None:
        """Receive that a row will be rung again after a pause."""

    def ends(self, report: RowReport) -> None:
        """Receive what became of a row."""

    def passes(self, *, is_stopping: bool) -> None:
        """Receive that time passes, and whether the sending was ended from outside."""


Dial = Callable[[BatchRow], CallReport]
"""Rings a row's room and waits for the outcome; failures are in the report."""


def _no_threads() -> Shortage:
    return Shortage(
        "the system has no more threads for zoomcall", fix="End other programs, or raise the limit (ulimit -u)."
    )


class Batch:
    """One run over many rows.

    Args:
        terms: How to ring.
        dial: Rings one row.
        pace: When calls may begin.
        listener: Receives what happens.
        sending: Ends the sending: what rings is waited for.
        calls: Ends the calls too.
        monotonic: A clock that nobody can set, in seconds.
        doors: Watches the targets whose rows have to wait until they are live.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        dial: Dial,
        pace: Pace,
        listener: BatchListener,
        sending: Stop,
        calls: Stop,
        monotonic: Callable[[], float],
        doors: Doors | None = None,
    ) -> None:
        self._terms = terms
        self._doors = doors
        self._dial = dial
        self._pace = pace
        self._listener = listener
        self._sending = sending
        self._calls = calls
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._due: list[tuple[float, int, int, BatchRow]] = []
        self._held: dict[str, list[BatchRow]] = {}
        self._in_flight = 0
        self._reports: dict[int, RowReport] = {}
        self._ended: set[int] = set()
        self._is_broken = False
        self._bug: BaseException | None = None
        self._ends_at: float | None = None
        self.fatal: ZoomcallError | None = None

    def run(self, rows: Iterable[BatchRow]) -> tuple[RowReport, ...]:
        """Ring every row; return what became of each, in the order of the rows."""
        now, everything = self._monotonic(), sorted(rows, key=lambda row: row.number)
        waiting = frozenset[str]() if self._doors is None else self._doors.keys
        for row in everything:
            key = key_of(row.target)
            if key in waiting:
                self._held.setdefault(key, []).append(row)
            else:
                self._due.append((now, row.number, 1, row))  # in order, and so a heap
        if self._terms.longest is not None:
            self._ends_at = now + self._terms.longest.total_seconds()
        workers = min(self._terms.parallel, len(everything))
        if self._held:
            self._watch_doors()
        with ThreadPoolExecutor(max(1, workers), thread_name_prefix="row") as pool:
            self._wait_for(self._started(pool, workers))
        if self._bug is not None:
            raise self._bug
        for row in everything:
            if row.number not in self._ended:
                self._end(self._as_it_was(row))
        return tuple(self._reports[row.number] for row in everything)

    def _wait_for(self, workers: Collection[Future[None]]) -> None:
        left = set(workers)
        while left:
            left = wait(left, timeout=_TICK).not_done
            with self._changed:
                self._listener.passes(is_stopping=self._sending.is_set and bool(self._in_flight))
        for worker in workers:
            worker.result()

    def _started(self, pool: ThreadPoolExecutor, workers: int) -> list[Future[None]]:
        """Start the workers; fewer do, if the system has no more threads.

        Raises:
            Shortage: Not even one could be started.
        """
        started: list[Future[None]] = []
        for _ in range(workers):
            try:
                started.append(pool.submit(self._work))
            except RuntimeError as error:
                if not started:
                    raise _no_threads() from error
                break
        return started

    def _watch_doors(self) -> None:
        """Start watching the targets that are not live yet.

        Raises:
            Shortage: The system has no thread for that.
        """
        doors = self._doors
        assert doors is not None  # noqa: S101 - nothing is held without it

        def watch() -> None:
            try:
                doors.watch(self._admit, self._is_over)
            except BaseException as bug:  # noqa: BLE001 - a thread's failure must end the run
                with self._changed:
                    self._bug, self._is_broken = bug, True
                    self._changed.notify_all()

        try:
            threading.Thread(target=watch, name="doors", daemon=True).start()
        except RuntimeError as error:
            raise _no_threads() from error

    def _admit(self, key: str, failure: ZoomcallError | None) -> None:
        """Let a target's rows be rung; or end them, if it will not be live."""
        with self._changed:
            now, rows = self._monotonic(), self._held.pop(key, [])
            for row in rows:
                if failure is None:
                    heapq.heappush(self._due, (now, row.number, 1, row))
                elif not self._is_over():
                    self._end(RowReport(row=row, attempts=0, call=CallReport(failure=failure)))
            if failure is not None and self._concerns_all(failure):
                self.fatal = self.fatal or failure
            self._changed.notify_all()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            attempt, row = taken
            try:
                self._ring(row, attempt)
            except BaseException:
                self._is_broken = True
                raise
            finally:
                with self._changed:
                    self._in_flight -= 1
                    if self._in_flight == 0 or self._is_broken:  # hundreds of workers need not wake for less
                        self._changed.notify_all()

    def _take(self) -> tuple[int, BatchRow] | None:
        """Wait for a row that is due; None once nothing more is sent."""
        with self._changed:
            while not self._is_over():
                now = self._monotonic()
                if self._due and self._due[0][0] <= now:
                    _, _, attempt, row = heapq.heappop(self._due)
                    self._in_flight += 1
                    return attempt, row
                if not self._due and not self._held and self._in_flight == 0:
                    return None
                pause = self._due[0][0] - now if self._due else _LONGEST_SLEEP
                self._changed.wait(min(_LONGEST_SLEEP, max(0.0, pause)))
            return None

    def _is_over(self) -> bool:
        is_late = self._ends_at is not None and self._monotonic() >= self._ends_at
        return is_late or self.fatal is not None or self._is_broken or self._sending.is_set

    def _ring(self, row: BatchRow, attempt: int) -> None:
        if not self._wait_for_turn():
            self._end(self._as_it_was(row))
            return
        with self._changed:
            self._listener.begins(row, attempt)
        call = self._dial(row)
        self._heed(call)
        if self._is_to_be_rung_again(call, attempt):
            with self._changed:
                self._listener.retries(row, call, self._terms.retry_delay)
                due = self._monotonic() + self._terms.retry_delay.total_seconds()
                heapq.heappush(self._due, (due, row.number, attempt + 1, row))
                self._changed.notify()
                self._reports[row.number] = RowReport(row=row, attempts=attempt, call=call)
            return
        self._end(RowReport(row=row, attempts=attempt, call=call))

    def _wait_for_turn(self) -> bool:
        """Wait until the pace lets a call begin; False if none is to begin any more. One worker waits at a time."""
        with self._turn:
            while not self._is_over():
                left = self._pace.begin()
                if left <= 0:
                    return True
                self._sleep(left)
        return False

    def _sleep(self, seconds: float) -> None:
        """Sleep, but never longer than the end of the run may go unnoticed."""
        with self._changed:
            if not self._is_over():
                self._changed.wait(min(_LONGEST_SLEEP, seconds))

    def _as_it_was(self, row: BatchRow) -> RowReport:
        """Return what is known of a row that is not rung any more: what its last call was, if there was one."""
        return self._reports.get(row.number) or RowReport(row=row, attempts=0, call=None)

    def _heed(self, call: CallReport) -> None:
        """End the run after a failure that every row would meet."""
        failure = call.failure
        if failure is None or call.sent is not Sent.NO or not self._concerns_all(failure):
            return
        with self._changed:
            self.fatal = self.fatal or failure
            self._changed.notify_all()

    def _concerns_all(self, failure: ZoomcallError) -> bool:
        if failure.kind in _OF_CREDENTIAL or self._terms.has_one_target:
            return failure.kind in {*_OF_CREDENTIAL, ErrorKind.NOT_ENTITLED, ErrorKind.NO_SESSION}
        code = failure.answer.code if isinstance(failure, ZoomRefused) else None
        return failure.kind is ErrorKind.NOT_ENTITLED and code not in _OF_ONE_TARGET

    def _is_to_be_rung_again(self, call: CallReport, attempt: int) -> bool:
        return attempt < self._terms.attempts and call.state in self._terms.retry_on and not self._is_over()

    def _end(self, report: RowReport) -> None:
        self._listener.keep(report)
        with self._changed:
            self._reports[report.row.number] = report
            self._ended.add(report.row.number)
            self._listener.ends(report)
