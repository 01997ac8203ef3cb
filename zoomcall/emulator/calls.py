"""The exchange: it rings rooms and lets their fates happen in the world, in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Protocol

from zoomcall.emulator.fates import BAD_ADDRESS, UNREACHABLE, Fate, Stage, Step, failure, fate_of
from zoomcall.emulator.world import Call, VenueKey, World


class Leg(Protocol):
    """The way from Zoom to one room."""

    def ring(self, call: Call) -> AsyncGenerator[Step, None]:
        """Ring the room and tell what happens, as it happens.

        It is closed early (``aclose``) when the room is removed or the emulator ends: then it hangs up.
        After ``ACCEPTED`` it tells ``LEFT`` when the room hangs up, or ends and so leaves it there for good.
        """
        ...


class FatedLeg:
    """A leg without a room: it plays a fate.

    Args:
        fate: What is to happen.
        time_scale: What its times are multiplied by.
    """

    def __init__(self, fate: Fate, time_scale: float) -> None:
        self._fate = fate
        self._time_scale = time_scale

    async def ring(self, call: Call) -> AsyncGenerator[Step, None]:  # noqa: ARG002  a fate asks nobody
        """Give each step when its time has come."""
        clock = asyncio.get_running_loop()
        start = clock.time()
        for step in self._fate.steps:
            due = start + step.after.total_seconds() * self._time_scale
            await asyncio.sleep(max(0.0, due - clock.time()))
            yield step


LegFinder = Callable[[Call], Leg | None]


def no_leg(_: Call) -> Leg | None:
    """Find no way to any room that is not fated."""
    return None


class Exchange:
    """Every call of a run. Lives on one event loop.

    Args:
        world: Where the calls happen.
        clock: The time now.
        time_scale: What the fates' times are multiplied by.
        find_leg: Gives the way to a room whose address names no fate; None: it cannot be reached.
    """

    def __init__(
        self, world: World, *, clock: Callable[[], datetime], time_scale: float = 1.0, find_leg: LegFinder = no_leg
    ) -> None:
        self._world = world
        self._clock = clock
        self._time_scale = time_scale
        self._find_leg = find_leg
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._calls: dict[str, Call] = {}

    def place(self, call: Call) -> None:
        """Begin to ring a room."""
        task = asyncio.get_running_loop().create_task(self._follow(call), name=f"call {call.message_id}")
        self._tasks[call.message_id] = task
        self._calls[call.message_id] = call
        task.add_done_callback(lambda _: self._tasks.pop(call.message_id, None))

    def remove(self, venue: VenueKey, attendee_uuid: str) -> None:
        """Put somebody out of a venue, and hang up if it is a room that was rung."""
        for message_id, call in self._calls.items():
            if call.venue == venue and self._world.stay_of(call) == attendee_uuid and message_id in self._tasks:
                self._tasks[message_id].cancel()
        self._world.leave(venue, attendee_uuid, now=self._clock())

    def hang_up(self, venue: VenueKey) -> None:
        """Hang up every room that has joined a venue; those that still ring find it ended when they answer."""
        for message_id, task in self._tasks.items():
            call = self._calls[message_id]
            if call.venue == venue and self._world.stay_of(call) is not None:
                task.cancel()

    async def close(self) -> None:
        """Hang every call up."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, call: Call) -> None:
        async with aclosing(self._leg(call).ring(call)) as steps:
            async for step in steps:
                self._world.advance(call, step, now=self._clock())
                if step.stage is Stage.ACCEPTED and self._world.stay_of(call) is None:
                    return  # what it was to join has ended

    def _leg(self, call: Call) -> Leg:
        if not call.address:
            return FatedLeg(failure(BAD_ADDRESS), self._time_scale)
        fate = fate_of(call.address)
        if fate is not None:
            return FatedLeg(fate, self._time_scale)
        return self._find_leg(call) or FatedLeg(failure(UNREACHABLE), self._time_scale)
