"""Zoom's clock beside this machine's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

CLOCK_GRAIN = timedelta(seconds=1)
"""Zoom's times are whole seconds."""
LOG_SLACK = timedelta(seconds=2)
"""By how much more of the webhook log is asked for, before and behind, than the clocks say."""


class Clocks(Protocol):
    """What knows both clocks."""

    @property
    def last_clock(self) -> tuple[datetime, datetime] | None:
        """Zoom's clock and this machine's, at its last answer."""


def lead(zoom: Clocks) -> timedelta:
    """Give by how much this machine's clock is ahead of Zoom's, at the most; none if Zoom has told no time yet."""
    if zoom.last_clock is None:
        return timedelta(0)
    server_time, local_time = zoom.last_clock
    return local_time - server_time
