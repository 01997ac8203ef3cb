"""Which faults there are, and which of them a scenario is put through."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Mode(IntEnum):
    """What the interposing library does; the numbers are its own."""

    COUNT = 0
    ONCE = 1
    FOREVER = 2
    KILL = 3
    SHORT = 4
    SLOW = 5
    CLOCK = 6


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the ``number``-th call of a kind fails with ``error``, once or from then on.

    For ``KILL`` and the kind ``none`` calls of every kind are counted;
    for ``SLOW`` ``error`` is how many milliseconds an fsync takes, or
    a lock, if that is the kind;
    for ``CLOCK`` it is by how many seconds the wall clock steps at the ``number``-th send.
    """

    kind: str
    number: int
    error: int
    mode: Mode

    @property
    def name(self) -> str:
        """As results and messages call it."""
        what = errno.errorcode.get(self.error, str(self.error)) if self.mode in {Mode.ONCE, Mode.FOREVER} else ""
        if self.mode in {Mode.SLOW, Mode.CLOCK}:
            what = f"{self.error:+d}"
        return " ".join(filter(None, (self.mode.name.lower(), self.kind, str(self.number), what)))

    @property
    def arm(self) -> dict[str, Any]:
        """As the library takes it."""
        return {"kind": self.kind, "number": self.number, "error": self.error, "mode": int(self.mode)}


NO_FAULT = Fault("none", 0, 0, Mode.COUNT)

PASSING = frozenset({errno.EINTR, errno.EAGAIN})
"""What a system call may say at any time, and not for ever."""

ERRORS: Mapping[str, tuple[int, ...]] = {
    "open": (errno.EIO, errno.EMFILE, errno.ENOSPC),
    "read": (errno.EIO, errno.EINTR),
    "write": (errno.ENOSPC, errno.EIO, errno.EINTR),
    "fsync": (errno.EIO, errno.ENOSPC),
    "rename": (errno.EIO, errno.ENOSPC),
    "unlink": (errno.EIO,),
    "mkdir": (errno.ENOSPC, errno.EACCES),
    "lock": (errno.EAGAIN, errno.EINTR, errno.EIO),
    "connect": (errno.ECONNREFUSED, errno.ENETUNREACH),
    "send": (errno.ECONNRESET, errno.EPIPE),
    "receive": (errno.ECONNRESET, errno.EINTR),
    "poll": (errno.EINTR, errno.ENOMEM),
    "thread": (errno.EAGAIN,),
    "memory": (errno.ENOMEM,),
    "output": (errno.ENOSPC, errno.EIO),
}
_MOST_OF_A_KIND = {"memory": 60, "poll": 25, "receive": 40}


def plan(counts: Mapping[str, int]) -> Iterator[Fault]:
    """Yield every fault for a command that makes so many calls of each kind; long ones are thinned out evenly."""
    for kind, errors in ERRORS.items():
        count = counts.get(kind, 0)
        stride = max(1, -(-count // _MOST_OF_A_KIND.get(kind, 200)))
        for number in range(1, count + 1, stride):
            for error in errors:
                yield Fault(kind, number, error, Mode.ONCE)
                if _may_last(kind, error):
                    yield Fault(kind, number, error, Mode.FOREVER)
        if kind == "write":
            yield from (Fault(kind, number, 0, Mode.SHORT) for number in range(1, count + 1))
    yield from (Fault("none", number, 0, Mode.KILL) for number in range(1, counts.get("all", 0) + 1))
    for number in range(1, counts.get("send", 0) + 1):
        yield from (Fault("none", number, seconds, Mode.CLOCK) for seconds in (-3600, 3600))


def _may_last(kind: str, error: int) -> bool:
    """Return whether a system may go on failing like that; crowds show what a kept lock does."""
    return kind == "thread" or (kind != "memory" and error not in PASSING)
