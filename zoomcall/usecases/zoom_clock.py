"""The difference between Zoom's clock and this machine's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

CLOCK_GRAIN = timedelta(seconds=1)
"""Zoom's times are whole seconds."""
LOG_SLACK = timedelta(seconds=2)
"""How much more of the webhook log is read at either end than the clocks require."""


class Clocks(Protocol):
    """Knows both clocks."""

    @property
    def last_clock(self) -> tuple[datetime, datetime] | None:
        """Zoom's clock and this machine's, at Zoom's last answer."""


def lead(zoom: Clocks) -> timedelta:
    """Return how far this machine's clock is ahead of Zoom's, at most; zero if Zoom has not answered yet."""
    if zoom.last_clock is None:
        return timedelta(0)
    server_time, local_time = zoom.last_clock
    return local_time - server_time
