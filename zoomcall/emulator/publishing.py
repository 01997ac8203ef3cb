"""Hands events to everything that reports them: the log, the endpoint, the websocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from zoomcall.emulator.faults import Mischief
from zoomcall.emulator.world import Event

_LONGEST_HOLD = timedelta(seconds=1)

Outlet = Callable[[Event], None]


class Publisher:
    """Hands each event to each outlet. Lives on one event loop; any thread may publish.

    Args:
        outlets: Receive the events; none of them may block.
        mischief: Disorder on the way.
    """

    def __init__(self, outlets: Sequence[Outlet], mischief: Mischief) -> None:
        self._outlets = tuple(outlets)
        self._mischief = mischief
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, Event] = {}

    def publish(self, event: Event) -> None:
        """Hand an event to the outlets, subject to the mischief."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin, event)

    def _begin(self, event: Event) -> None:
        self._loop.call_later(self._mischief.delay.total_seconds(), self._arrange, event)

    def _arrange(self, event: Event) -> None:
        if not self._mischief.are_swapped:
            self._hand_out(event)
            return
        earlier = self._held.pop(event.about, None)
        if earlier is None:
            self._held[event.about] = event
            self._loop.call_later(_LONGEST_HOLD.total_seconds(), self._let_go, event)
        else:
            self._hand_out(event)
            self._hand_out(earlier)

    def _let_go(self, event: Event) -> None:
        if self._held.get(event.about) is event:
            del self._held[event.about]
            self._hand_out(event)

    def _hand_out(self, event: Event) -> None:
        for _ in range(2 if self._mischief.are_twice else 1):
            for outlet in self._outlets:
                outlet(event)
