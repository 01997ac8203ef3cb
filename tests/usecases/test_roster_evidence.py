"""Calls that overlap, strangers that come and go, looks that are late: who is said to have joined?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, Match, Sent, State
from zoomcall.domain.journal import CallId, NewCall, Standing, TargetKey
from zoomcall.domain.roster import ROOM_DEVICE, Dial, Participant
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing.evidence import Judge, Observation, OpenCall

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TARGET = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc==")
LONGEST_RING = timedelta(minutes=4)
LONGEST_PREPARATION = timedelta(seconds=20)
MOST_CALLS = 4

ROOMS = tuple(
    RoomAddress.parse(protocol, text)
    for protocol, text in (
        (Protocol.SIP, "a@example.com"),
        (Protocol.SIP, "b@example.com"),
        (Protocol.H323, "203.0.113.10"),
        (Protocol.SIP, "a@203.0.113.10"),
        (Protocol.SIP, "b@203.0.113.10"),
    )
)
KINDS = tuple(product(ROOMS, (None, None, "Board room", "Lab"), (1.0, 90.0)))


@dataclass(eq=False)
class Call:
    """One dial, with what this machine knows of it and what is true of it."""

    room: RoomAddress
    to_name: str | None
    timeout: timedelta
    baseline: tuple[Participant, ...]
    looked_at: datetime
    id: CallId | None = None
    dialled_at: datetime = START
    judge: Judge | None = None
    look: tuple[Participant, ...] | None = None
    outcome: State | None = None
    settled_at: datetime = START
    brought: Participant | None = None

    def may_bring_at(self, now: datetime) -> bool:
        """Whether its room may still come."""
        can_come = self.outcome in {None, State.PENDING, State.JOINED}
        return self.brought is None and can_come and now - self.dialled_at < LONGEST_RING

    def was_open_since(self, moment: datetime) -> bool:
        """Whether it was unresolved for this machine at ``moment`` or later."""
        if self.outcome is State.REFUSED:
            return False
        if self.outcome in {None, State.PENDING}:
            return self.dialled_at + max(self.timeout, LONGEST_RING) >= moment
        return self.settled_at >= moment


class World:
    """Several processes dial into one session, with one journal; every step takes a number to choose by."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = START
        self.count = 0
        self.beginning: list[Call] = []
        self.calls: list[Call] = []
        self.present: list[Participant] = []
        self.credited: list[Participant] = []

    @property
    def waiting(self) -> list[Call]:
        """The calls whose outcome this machine does not know."""
        return [call for call in self.calls if call.outcome is None]

    # What happens out there

    def wait(self, number: int) -> None:
        self.now += timedelta(seconds=(0, 0.001, 1, 3, 3, 15, 60, 300)[number % 8])
        for call in self.waiting:
            if self.now - call.dialled_at > call.timeout:
                self.settle(call, State.PENDING)

    def stranger(self, number: int) -> None:
        uri = "sip:x@stranger.example" if number % 2 else None  # a session's roster shows none
        self.join(f"Stranger {number}", ip_address="198.51.100.7", sip_uri=uri)

    def person(self, number: int) -> None:
        self.join(("Ada", "Board room", "Lab")[number % 3], device="Mac", ip_address="203.0.113.10")

    def leave(self, number: int) -> None:
        if self.present:
            self.present.pop(number % len(self.present))

    def come(self, number: int) -> None:
        able = [call for call in self.calls if call.may_bring_at(self.now)]
        if able:
            call = able[number % len(able)]
            uri = f"sip:{call.room.text}" if number & 16 and call.room.protocol is Protocol.SIP else None
            ip = str(call.room.ip) if call.room.ip and number & 32 else "192.0.2.99"
            name = call.to_name or f"Room {call.room}"
            call.brought = self.join(name, ip_address=ip, sip_uri=uri)

    def join(self, name: str, device: str = ROOM_DEVICE, **more: str | None) -> Participant:
        self.count += 1
        identifier = f"P{self.count}"
        participant = Participant(
            id=identifier, uuid=identifier, name=name, device=device, join_time=self.now, **more
        )
        self.present.append(participant)
        return participant

    # What this machine does

    def look_before(self, number: int) -> None:
        room, to_name, timeout = KINDS[number % len(KINDS)]
        call = Call(room, to_name, timedelta(seconds=timeout), tuple(self.present), self.now)
        self.beginning.append(call)

    def send(self, _: int) -> None:
        if not self.beginning or len(self.calls) == MOST_CALLS:
            return
        call = self.beginning.pop(0)
        if self.now - call.looked_at > LONGEST_PREPARATION:
            return
        new = NewCall(
            target=TARGET,
            target_name=None,
            address=call.room,
            to_name=call.to_name,
            profile=None,
            timeout=call.timeout,
            at=self.now,
        )
        call.dialled_at = self.now
        call.id = self.journal.claim(new, is_forced=True)
        case = OpenCall(
            call_id=call.id,
            dial=Dial(address=call.room, to_name=call.to_name),
            target=TARGET,
            dialled_at=self.now,
            dialled_at_zoom=self.now,
            baseline=call.baseline,
        )
        call.judge = Judge(case, self.journal)
        self.calls.append(call)

    def dial(self, number: int) -> None:
        self.look_before(number)
        self.send(number)

    def read(self, number: int) -> None:
        if self.waiting:
            self.waiting[number % len(self.waiting)].look = tuple(self.present)

    def judge(self, number: int) -> None:
        able = [call for call in self.waiting if call.look is not None]
        if not able:
            return
        call = able[number % len(able)]
        assert call.judge is not None
        assert call.look is not None
        observation = call.judge.of_roster(call.look, self.now)
        if observation is not None:
            self.hold_against_the_truth(call, observation)
            self.settle(call, State.JOINED, observation)

    def poll(self, number: int) -> None:
        for call in self.waiting[number % 2 :]:
            call.look = tuple(self.present)
        for index in range(len(self.waiting)):
            self.judge(number + index)

    def time_out(self, number: int) -> None:
        if self.waiting:
            self.settle(self.waiting[number % len(self.waiting)], State.PENDING)

    def come_to_nothing(self, number: int) -> None:
        able = [call for call in self.waiting if call.brought is None]
        if able:
            fates = (State.DECLINED, State.MISSED, State.FAILED, State.REFUSED)
            self.settle(able[number % len(able)], fates[number % 4])

    def settle(self, call: Call, state: State, seen: Observation | None = None) -> None:
        assert call.id is not None
        standing = Standing(
            state=state,
            sent=Sent.YES,
            at=self.now,
            evidence=None if seen is None else Evidence(seen.source, seen.match),
            participant_id=None if seen is None or seen.participant is None else seen.participant.id,
        )
        self.journal.settle(call.id, standing)
        call.outcome, call.settled_at = state, self.now

    # What must hold

    def hold_against_the_truth(self, call: Call, observation: Observation) -> None:
        participant = observation.participant
        assert participant is not None
        assert observation.state is State.JOINED
        assert call.look is not None
        assert participant in call.look
        assert participant.is_room_system
        assert participant not in call.baseline, "was there before"
        assert participant not in self.credited, "credited twice"
        self.credited.append(participant)
        bringer = next((each for each in self.calls if each.brought is participant), None)
        if bringer is not None and is_same_room(bringer, call):
            return
        if bringer is not None and bringer.outcome is State.JOINED:
            # A stranger alone was taken for that room before: its own room comes unexpected now.
            assert observation.match is Match.ONLY_CANDIDATE or bringer.to_name == call.to_name is not None
            return
        assert observation.match is Match.ONLY_CANDIDATE, "called exact, and is another"
        others = [each for each in self.calls if each is not call]
        assert not any(each.was_open_since(call.dialled_at) for each in others), "another call was open"
        newcomers = [each for each in call.look if each.is_room_system and each not in call.baseline]
        assert [each for each in newcomers if each not in self.credited[:-1]] == [participant], "not the only one"


def is_same_room(one: Call, other: Call) -> bool:
    """Whether two calls ring the same room: which of them brought it cannot be told, and need not be."""
    return one.room.protocol is other.room.protocol and one.room.normalised == other.room.normalised


STEPS = (
    *(World.poll,) * 6,
    *(World.dial,) * 4,
    *(World.come,) * 3,
    *(World.stranger,) * 2,
    *(World.wait,) * 3,
    *(World.read, World.judge),
    *(World.look_before, World.send),
    World.person,
    World.leave,
    World.time_out,
    World.come_to_nothing,
)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 63)), min_size=15, max_size=40))
def test_no_room_is_said_to_have_joined_that_did_not(steps: Sequence[tuple[object, int]]) -> None:
    journal = Journal(None)
    try:
        world = World(journal)
        for step, number in steps:
            assert callable(step)
            step(world, number)
    finally:
        journal.close()


@pytest.mark.parametrize("second", [Protocol.H323, Protocol.SIP])
def test_the_room_of_a_call_that_a_stranger_was_taken_for_is_no_other_calls_room(second: Protocol) -> None:
    """A stranger counted for the first call, as the only newcomer; then its own room comes after all."""
    rooms = [RoomAddress.parse(Protocol.SIP, "a@203.0.113.10"), RoomAddress.parse(Protocol.H323, "203.0.113.10")]
    kinds = [KINDS.index((room, None, 90.0)) for room in rooms]
    if second is Protocol.SIP:
        kinds.reverse()
    with closing(Journal(None)) as journal:
        world = World(journal)
        world.dial(kinds[0])
        world.stranger(0)
        world.poll(0)
        assert world.calls[0].outcome is State.JOINED
        world.wait(5)
        world.dial(kinds[1])
        world.come(32)
        assert world.calls[0].brought is not None
        world.poll(0)
        assert world.calls[1].outcome is None, "whose room it is cannot be told"


def test_a_stranger_taken_for_a_room_does_not_keep_the_next_call_from_its_own() -> None:
    with closing(Journal(None)) as journal:
        world = World(journal)
        world.dial(KINDS.index((ROOMS[0], None, 90.0)))
        world.stranger(0)
        world.poll(0)
        world.wait(5)
        world.dial(KINDS.index((ROOMS[1], None, 90.0)))
        world.stranger(2)
        world.poll(0)
        assert world.calls[1].outcome is State.JOINED
