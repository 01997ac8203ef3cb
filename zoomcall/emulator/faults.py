"""Faults injected between the emulated Zoom and its clients."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.emulator.messages import Reply, Request


class Fault(Struct, frozen=True, kw_only=True):
    """What goes wrong with some requests.

    Attributes:
        method: Of the affected requests; None for any.
        path_part: Text that their raw path contains.
        path_ends: Suffixes, one of which their raw path has; none for any path.
        reply: The answer sent in place of Zoom's.
        is_reset: Close the connection without an answer.
        is_acted_on: Zoom acts on the request before its answer is lost or replaced.
        delay: Seconds to wait before answering.
        times: How many requests it affects.
        share: Which share of the requests it affects instead, from 0 to 1, for good.
    """

    method: str | None = None
    path_part: str = ""
    path_ends: tuple[str, ...] = ()
    reply: Reply | None = None
    is_reset: bool = False
    is_acted_on: bool = False
    delay: float = 0.0
    times: int = 1
    share: float | None = None

    def affects(self, request: Request) -> bool:
        """Return whether the fault applies to ``request``."""
        is_end = not self.path_ends or request.path.endswith(self.path_ends)
        return self.method in {None, request.method} and self.path_part in request.path and is_end


class Mischief(Struct, frozen=True, kw_only=True):
    """Disorder in the delivery of events; Zoom promises no better.

    Attributes:
        are_twice: Each event is delivered twice, with the same request id.
        are_swapped: A call's events arrive in swapped pairs; one that nothing follows is a second late.
        delay: By how much every event is late.
    """

    are_twice: bool = False
    are_swapped: bool = False
    delay: timedelta = timedelta(0)


class Faults:
    """The pending faults, in order. Thread-safe.

    Args:
        coming: The faults to start with.
        pace: Seconds by which every answer is delayed, faulty or not.
        seed: Makes the same requests in the same order meet the same faults; None for others at each start.
    """

    def __init__(self, coming: Iterable[Fault] = (), *, pace: float = 0.0, seed: int | None = None) -> None:
        self.pace = pace
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret hangs on it
        self._coming: list[Fault] = list(coming)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Inject ``fault`` into the next requests that it applies to."""
        with self._lock:
            self._coming.append(fault)

    def draw(self, request: Request) -> Fault | None:
        """Return the first fault that meets ``request``, if one does, and count it as used once."""
        with self._lock:
            for index, fault in enumerate(self._coming):
                if not fault.affects(request):
                    continue
                if fault.share is not None:
                    if self._chance.random() >= fault.share:
                        continue
                elif fault.times > 1:
                    self._coming[index] = replace(fault, times=fault.times - 1)
                else:
                    del self._coming[index]
                return fault
        return None
