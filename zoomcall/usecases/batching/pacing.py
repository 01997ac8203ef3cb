"""How fast calls begin: a token bucket that also obeys Zoom's 429."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

_LONGEST_HOLD = timedelta(minutes=1)


class Pace:
    """Lets calls begin at a rate; threads may share it.

    Args:
        rate: Calls a second.
        burst: How many may begin at once after a pause.
        monotonic: A clock that nobody can set, in seconds.
    """

    def __init__(self, rate: float, burst: int, *, monotonic: Callable[[], float]) -> None:
        self._interval = 1 / rate
        self._slack = (burst - 1) * self._interval
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next = monotonic() - self._slack
        self._held_until = self._next

    def begin(self) -> float:
        """Take the next place if its time has come and return 0; else return the seconds until then."""
        with self._lock:
            now = self._monotonic()
            begins = max(self._next, now - self._slack)
            left = max(begins, self._held_until) - now
            if left > 0:
                return left
            self._next = begins + self._interval
            return 0.0

    def hold(self, pause: timedelta) -> None:
        """Let nothing begin for a while, because Zoom said 429; nor all at once afterwards.

        A limit a day asks for hours: nobody waits so long without a word, and calls that it concerns say so.
        """
        with self._lock:
            until = self._monotonic() + min(pause, _LONGEST_HOLD).total_seconds()
            self._held_until = max(self._held_until, until)
            self._next = max(self._next, self._held_until)
