"""The leg from the local Zoom to an H.323 room on this machine, as far as it goes without an H.323 stack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from zoomcall.emulator.fates import RING_TIME, UNREACHABLE, Stage, Step
from zoomcall.emulator.world import Call

PORT = 1720
"""The port of H.225 call signalling."""


class H323Leg:
    """A room that counts as answering if it accepts a TCP connection; no H.323 is spoken.

    Args:
        peer: The room's IP address and port.
        time_scale: Factor for the ring time.
    """

    def __init__(self, peer: tuple[str, int], time_scale: float) -> None:
        self._peer = peer
        self._ring_seconds = RING_TIME.total_seconds() * time_scale

    async def ring(self, call: Call) -> AsyncGenerator[Step, None]:  # noqa: ARG002  a connection needs no details
        """Connect and disconnect at once; the room stays in the venue until it is removed."""
        clock = asyncio.get_running_loop()
        start = clock.time()
        try:
            async with asyncio.timeout(self._ring_seconds):
                _, writer = await asyncio.open_connection(*self._peer)
            writer.close()
        except OSError:
            yield Step(Stage.FAILED, timedelta(seconds=clock.time() - start), UNREACHABLE)
        else:
            yield Step(Stage.ACCEPTED, timedelta(seconds=clock.time() - start))
