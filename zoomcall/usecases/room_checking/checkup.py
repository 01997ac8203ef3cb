"""Checks rooms, several at the same time and each within its limit."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from msgspec import Struct

from zoomcall.domain.address import RoomAddress
from zoomcall.domain.room_probe import Probed, Spot
from zoomcall.domain.zoom_list import RoomState
from zoomcall.errors import NetworkFault, Shortage
from zoomcall.usecases.dialing.stop import LONGEST_SLEEP
from zoomcall.usecases.room_checking.locating import Found, Names, Search, locate, needs_names
from zoomcall.usecases.room_checking.verdicts import (
    RoomCheckId,
    RoomReport,
    RoomVerdict,
    Subject,
    exit_of,
    is_private,
    of_address,
    of_names,
    of_probe,
    unresolved,
)

T = TypeVar("T")

_SHARE = 0.4
"""How much of a room's time its name may take, and how much each probe."""


class Prober(Protocol):
    """Probes places."""

    def probe(self, spot: Spot, address: RoomAddress, *, seconds: float) -> Probed:
        """Probe one place."""


class StateReader(Protocol):
    """Asks Zoom about a room."""

    def __call__(self, subject: Subject, *, deadline: datetime) -> tuple[RoomVerdict, RoomState | None]:
        """Report what Zoom knows of it."""


class Checker(Struct, frozen=True, kw_only=True):
    """What a check needs.

    Attributes:
        names: DNS; None if no room has a name.
        prober: Probes places.
        ask_zoom: Asks Zoom; None if it is not to be asked.
        now: The clock.
        limit: How long one room may take.
    """

    names: Names | None
    prober: Prober
    ask_zoom: StateReader | None
    now: Callable[[], datetime]
    limit: timedelta

    def check(self, subject: Subject) -> RoomReport:
        """Check one room."""
        began = time.monotonic()
        is_room = isinstance(subject.address, RoomAddress)
        asked = _begun(partial(self._ask, subject)) if is_room and self.ask_zoom is not None else None
        checks = [of_address(subject)]
        found = Found(spots=())
        if isinstance(subject.address, RoomAddress):
            found, names = self._locate(subject.address, subject)
            checks += names
            checks += self._probe_all(found, subject.address)
        state = None
        if asked is not None:
            verdict, state = asked.result()
            checks.append(verdict)
        order = list(RoomCheckId)
        checks.sort(key=lambda check: order.index(check.id))
        return RoomReport(
            subject=subject,
            checks=tuple(checks),
            records=found.records,
            state=state,
            is_private=is_private(subject, [spot.ip for spot in found.spots]),
            exit_status=exit_of(checks),
            seconds=time.monotonic() - began,
        )

    def _ask(self, subject: Subject) -> tuple[RoomVerdict, RoomState | None]:
        assert self.ask_zoom is not None  # noqa: S101 - it was asked for
        return self.ask_zoom(subject, deadline=self.now() + self.limit)

    def _locate(self, address: RoomAddress, subject: Subject) -> tuple[Found, list[RoomVerdict]]:
        began = time.monotonic()
        until = began + _SHARE * self.limit.total_seconds()
        search = Search(self.names, lambda: max(0.0, until - time.monotonic()))
        try:
            found = locate(address, subject.protocols, search)
        except NetworkFault as fault:
            taken = time.monotonic() - began
            return Found(spots=()), [unresolved(address.host or "", fault.message, taken)]
        if not needs_names(address):
            return found, []
        return found, [of_names(found, address.host or "", time.monotonic() - began)]

    def _probe_all(self, found: Found, address: RoomAddress) -> Iterator[RoomVerdict]:
        seconds = _SHARE * self.limit.total_seconds()
        probes = [_begun(partial(self.prober.probe, spot, address, seconds=seconds)) for spot in found.spots]
        for probe in probes:
            yield of_probe(probe.result(), self.now())


def check_rooms(
    subjects: Sequence[Subject],
    check: Callable[[Subject], RoomReport],
    *,
    parallel: int,
    tell: Callable[[RoomReport], None],
) -> tuple[RoomReport, ...]:
    """Check rooms.

    Args:
        subjects: The rooms.
        check: Checks one.
        parallel: How many are checked at the same time.
        tell: Receives each report as it comes, in this thread.

    Returns:
        The reports, in the order of the rooms.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, RoomReport | BaseException]] = queue.SimpleQueue()
    for number in range(len(subjects)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((number, check(subjects[number])))
            except BaseException as error:  # noqa: BLE001 - it is raised again where the reports are awaited
                done.put((number, error))

    _start(work, min(parallel, len(subjects)))
    reports: dict[int, RoomReport] = {}
    while len(reports) < len(subjects):
        try:
            number, report = done.get(timeout=LONGEST_SLEEP)
        except queue.Empty:
            continue
        if isinstance(report, BaseException):
            raise report
        reports[number] = report
        tell(report)
    return tuple(reports[number] for number in range(len(subjects)))


def _start(work: Callable[[], None], count: int) -> None:
    """Start threads; where the system has fewer than are wanted, those do all the work."""
    for number in range(count):
        try:
            threading.Thread(target=work, name=f"room-check-{number}", daemon=True).start()
        except RuntimeError as error:
            if number == 0:
                raise Shortage("the system has no more threads for zoomcall", fix="End other programs.") from error
            return


def _begun(work: Callable[[], T]) -> Future[T]:
    """Begin something in a thread that does not keep the process alive."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            future.set_exception(error)

    try:
        threading.Thread(target=run, daemon=True).start()
    except RuntimeError:  # the system has no more threads
        run()
    return future
