"""Faults that are put between the emulated Zoom and its caller."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.emulator.messages import Reply, Request


class Fault(Struct, frozen=True, kw_only=True):
    """What goes wrong with some requests.

    Attributes:
        method: Of the requests it befalls; None: any.
        path_part: Text that their raw path holds.
        path_ends: How their raw path ends, one of these; any way if there are none.
        reply: The answer given in place of Zoom's.
        is_reset: Close the connection without any answer.
        is_acted_on: Zoom acts on the request before its answer is lost or replaced.
        delay: Seconds to wait before answering.
        times: How many requests it befalls.
    """

    method: str | None = None
    path_part: str = ""
    path_ends: tuple[str, ...] = ()
    reply: Reply | None = None
    is_reset: bool = False
    is_acted_on: bool = False
    delay: float = 0.0
    times: int = 1

    def befalls(self, request: Request) -> bool:
        """Say whether it is for such a request."""
        is_end = not self.path_ends or request.path.endswith(self.path_ends)
        return self.method in {None, request.method} and self.path_part in request.path and is_end


class Faults:
    """The faults still to come, in order; any thread may add some.

    Args:
        coming: The first of them.
        pace: Seconds that every answer takes longer, faulty or not.
    """

    def __init__(self, coming: Iterable[Fault] = (), *, pace: float = 0.0) -> None:
        self.pace = pace
        self._coming: list[Fault] = list(coming)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let ``fault`` befall the next requests that it is for."""
        with self._lock:
            self._coming.append(fault)

    def draw(self, request: Request) -> Fault | None:
        """Take the first fault that befalls ``request``, once."""
        with self._lock:
            for index, fault in enumerate(self._coming):
                if fault.befalls(request):
                    if fault.times > 1:
                        self._coming[index] = replace(fault, times=fault.times - 1)
                    else:
                        del self._coming[index]
                    return fault
        return None
