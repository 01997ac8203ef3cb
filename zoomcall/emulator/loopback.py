"""Legs to real rooms at addresses on this machine."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import is_loopback
from zoomcall.emulator import h323
from zoomcall.emulator.calls import Leg
from zoomcall.emulator.sip.leg import Room, SipLeg
from zoomcall.emulator.world import Call
from zoomcall.errors import UsageError


class LoopbackLegs:
    """Finds the leg to a room on this machine.

    Args:
        time_scale: Factor for the ring time.
        trace: Called with a line for each SIP message, which begins with the number of its call.
    """

    def __init__(self, *, time_scale: float, trace: Callable[[str], None]) -> None:
        self._time_scale = time_scale
        self._trace = trace
        self._numbers = itertools.count(1)
        self._left: set[asyncio.Task[None]] = set()

    def __call__(self, call: Call) -> Leg | None:
        """Return the leg to a call's room, or None if the room is not on this machine or cannot be reached."""
        if call.protocol is Protocol.PHONE:
            return None
        try:
            address = RoomAddress.parse(call.protocol, call.address)
        except UsageError:  # how Zoom would read such an address is unknown
            return None
        if address.host is None or not is_loopback(address.host):
            return None
        host = str(address.ip or "127.0.0.1")
        if call.protocol is Protocol.H323:
            return h323.H323Leg((host, address.port or h323.PORT), self._time_scale)
        room = Room.at(address, host)
        if room is None:
            return None
        number = next(self._numbers)
        return SipLeg(room, self._time_scale, lambda line: self._trace(f"sip {number}: {line}"), self._keep)

    async def close(self) -> None:
        """Wait for the work that outlives its calls."""
        await asyncio.gather(*self._left, return_exceptions=True)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._left.add(task)
        task.add_done_callback(self._left.discard)
