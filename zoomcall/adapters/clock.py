"""Clocks that nobody can set: how long this machine has been up, and a wall clock that no step moves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from msgspec import Struct

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

if sys.platform == "linux":

    def seconds_up() -> float:
        """Return a number of seconds that grows steadily for every process alike, while the machine sleeps too."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def seconds_up() -> float:
        """Return a number of seconds that grows steadily for every process alike, while the machine sleeps too."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:

    def seconds_up() -> float:
        """Return a number of seconds that grows steadily for every process alike, while the machine sleeps too."""
        return time.monotonic()


class Uptime(Struct, frozen=True):
    """A moment by a clock that nobody can set; moments of different boots cannot be compared."""

    boot: str
    ms: int


def uptime() -> Uptime | None:
    """Return this moment; None where the system does not tell one boot from another."""
    boot = _boot()
    return None if boot is None else Uptime(boot, int(seconds_up() * 1000))


@cache
def _boot() -> str | None:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError):
        return None


class SteadyClock:
    """The wall clock as it was at the start, going on steadily, whatever the system's clock is set to meanwhile.

    Moments of one process can so be compared with each other, and with Zoom's clock by the difference that any
    answer of Zoom's shows.

    Args:
        wall: The wall clock, timezone-aware; read once.
    """

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._began = wall()
        self._began_up = seconds_up()

    def now(self) -> datetime:
        """Return the time."""
        return self._began + timedelta(seconds=seconds_up() - self._began_up)
