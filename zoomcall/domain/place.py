"""Where a room is now, and what became of one that was to be hung up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused


class Place(StrEnum):
    """Whether a room is in its session or meeting, which includes the waiting room."""

    IN = "in"
    LEFT = "left"
    UNKNOWN = "unknown"


class Now(Struct, frozen=True, kw_only=True):
    """Where a room is now.

    Attributes:
        state: The place.
        since: Since when, by Zoom's clock, or this machine's if it hung up; None if nobody tells.
        why: What explains it: how it left, why it is not known, or that it waits.
        is_waiting: Whether it is in the waiting room.
        ended: Zoom's answer, if the session or meeting has ended.
    """

    state: Place
    since: datetime | None = None
    why: str | None = None
    is_waiting: bool = False
    ended: ZoomRefused | None = None


class Ending(StrEnum):
    """What became of a room that was to be hung up."""

    REMOVED = "removed"
    REMOVED_BEFORE = "removed-before"
    LEFT = "left"
