"""What calls with one credential share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from zoomcall.usecases.dialing.polling import Polls
from zoomcall.usecases.dialing.ports import CallEndpoints, CallJournal
from zoomcall.usecases.dialing.signals import Feed


class Equipment(Struct, frozen=True, kw_only=True):
    """What calls with one credential share.

    Attributes:
        zoom: Zoom, with that credential.
        journal: The calls of this machine.
        polls: Rosters and logs, read with that credential.
        feeds: Sources of pushed events, already running.
        missing: Why other sources of pushed events are not available.
        now: A clock that starts at the wall clock's time and that nobody sets while calls are under way.
    """

    zoom: CallEndpoints
    journal: CallJournal
    polls: Polls
    feeds: tuple[Feed, ...] = ()
    missing: tuple[str, ...] = ()
    now: Callable[[], datetime]
