"""The exchange: it rings rooms and makes their fates happen in the world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Protocol

from zoomcall.emulator.fates import ADMISSION_DELAY, BAD_ADDRESS, UNREACHABLE, Fate, Stage, Step, failure
from zoomcall.emulator.world import Call, VenueKey, World


class Leg(Protocol):
    """A connection from Zoom to one room."""

    def ring(self, call: Call) -> AsyncGenerator[Step, None]:
        """Ring the room and yield each step as it happens.

        Closing the generator (``aclose``) hangs up; that happens when the room is removed or the emulator ends.
        After ``ACCEPTED`` it yields ``LEFT`` when the room hangs up; if it ends without that, the room stays.
        """
        ...


class FatedLeg:
    """A leg without a room: it plays a fate.

    Args:
        fate: What happens.
        time_scale: Factor for its times.
    """

    def __init__(self, fate: Fate, time_scale: float) -> None:
        self._fate = fate
        self._time_scale = time_scale

    async def ring(self, call: Call) -> AsyncGenerator[Step, None]:  # noqa: ARG002  a fate needs no room
        """Yield each step when it is due."""
        clock = asyncio.get_running_loop()
        start = clock.time()
        for step in self._fate.steps:
            due = start + step.after.total_seconds() * self._time_scale
            await asyncio.sleep(max(0.0, due - clock.time()))
            yield step


LegFinder = Callable[[Call], Leg | None]


def no_leg(_: Call) -> Leg | None:
    """Return None: only rooms with a fate can be reached."""
    return None


class Exchange:
    """Every call of a run. Lives on one event loop.

    Args:
        world: Where the calls happen.
        clock: Returns the current time.
        time_scale: Factor for the times of fates.
        find_leg: Returns the leg to a room whose address names no fate, or None if the room is unreachable.
    """

    def __init__(
        self, world: World, *, clock: Callable[[], datetime], time_scale: float = 1.0, find_leg: LegFinder = no_leg
    ) -> None:
        self._world = world
        self._clock = clock
        self._time_scale = time_scale
        self._find_leg = find_leg
        self._tasks: dict[Call, asyncio.Task[None]] = {}

    def place(self, call: Call) -> None:
        """Start ringing a room."""
        task = asyncio.get_running_loop().create_task(self._follow(call), name=f"call {call.message_id}")
        self._tasks[call] = task
        task.add_done_callback(lambda _: self._tasks.pop(call, None))

    def remove(self, venue: VenueKey, attendee_uuid: str) -> None:
        """Remove an attendee from a venue; a room that was rung is hung up."""
        for call, task in self._tasks.items():
            if call.venue == venue and self._world.stay_of(call) == attendee_uuid:
                task.cancel()
        self._world.leave(venue, attendee_uuid, now=self._clock())

    def hang_up(self, venue: VenueKey) -> None:
        """Hang up every room that has joined a venue; those still ringing find it ended when they answer."""
        for call, task in self._tasks.items():
            if call.venue == venue and self._world.stay_of(call) is not None:
                task.cancel()

    async def close(self) -> None:
        """Hang up every call."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, call: Call) -> None:
        fate = call.fate if call.address else failure(BAD_ADDRESS)
        async with aclosing(self._leg(call, fate).ring(call)) as steps:
            async for step in steps:
                self._world.advance(call, step, now=self._clock())
                if step.stage is Stage.ACCEPTED:
                    stay = self._world.stay_of(call)
                    if stay is None:
                        return  # the venue has ended
                    self._admit_later(call.venue, stay, ADMISSION_DELAY if fate is None else fate.admitted_after)

    def _admit_later(self, venue: VenueKey, attendee_uuid: str, delay: timedelta | None) -> None:
        """Let the host admit an attendee, if that one is in a waiting room then."""
        if delay is not None:
            asyncio.get_running_loop().call_later(
                delay.total_seconds() * self._time_scale,
                lambda: self._world.admit(venue, attendee_uuid, now=self._clock()),
            )

    def _leg(self, call: Call, fate: Fate | None) -> Leg:
        leg = self._find_leg(call) if fate is None else FatedLeg(fate, self._time_scale)
        return leg or FatedLeg(failure(UNREACHABLE), self._time_scale)
