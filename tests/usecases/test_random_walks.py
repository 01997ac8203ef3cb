"""Random calls in the local Zoom's world: what its events and rosters prove is held against what is true there."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State
from zoomcall.domain.event import read_any_event
from zoomcall.domain.journal import CallId, NewCall, Standing, TargetKey
from zoomcall.domain.roster import Dial, Participant
from zoomcall.domain.target import Api
from zoomcall.emulator.fates import Stage, Step
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.world import Attendee, Call, Event, EventIds, Venue, World
from zoomcall.usecases.dialing.evidence import Judge, OpenCall

WALKS = 1000
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DEADLINE = 90.0
LAST_ACT = 60.0
LONGEST_WAY = 5.0
"""By how much events overtake each other."""
ENDS = {Stage.REJECTED: State.DECLINED, Stage.MISSED: State.MISSED, Stage.FAILED: State.FAILED}
KEYS = Keys.make()


@dataclass
class Dialled:
    """One call of this machine: what is true of it, and what its judge says."""

    id: CallId
    judge: Judge
    call: Call
    to_name: str | None
    end: State | None = None
    has_left: bool = False
    was_in: bool = False
    was_looked_at: bool = False
    attendee_uuid: str | None = None
    seen: list[State] = field(default_factory=list)
    match: Match | None = None
    twins: list[Call] = field(default_factory=list)
    twin_ends: list[State] = field(default_factory=list)
    twin_uuids: set[str] = field(default_factory=set)
    twin_was_in: bool = False
    twin_waits: bool = False

    @property
    def verdict(self) -> State:
        """What the program would say at the deadline."""
        last = self.seen[-1] if self.seen else State.PENDING
        return last if last.is_final or last is State.WAITING_ROOM else State.PENDING


class Walk:
    """One meeting or session, some calls of this machine, and strangers.

    Args:
        seed: Decides everything.
        journal: An empty one.
    """

    def __init__(self, seed: int, journal: Journal) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a walk is no secret
        self.journal = journal
        self.api = self.chance.choice([Api.SESSION, Api.MEETING, Api.MEETING, Api.MEETING])
        self.has_lobby = self.api is Api.MEETING and self.chance.random() < 0.6
        self.has_events, self.has_roster = self.chance.choice([(True, True), (True, False), (False, True)])
        is_known = not self.has_roster and self.chance.random() < 0.6
        self.setting = self.has_lobby if is_known else None
        self.world = World(KEYS, event_ids=self.chance.choice(list(EventIds)))
        self.venue, self.elsewhere = self._open(has_lobby=self.has_lobby), self._open(has_lobby=False)
        self.target = TargetKey(api_base="http://127.0.0.1/v2", api=self.api, id=self.venue.key.identifier)
        self.acts: list[tuple[float, int, Callable[[datetime], None]]] = []
        self.arrivals: list[tuple[float, int, list[Event] | tuple[Attendee, ...]]] = []
        self._order = count()
        self.calls = [self._dial(f"room{number}@example.com") for number in range(self.chance.randint(1, 3))]

    def _open(self, *, has_lobby: bool) -> Venue:
        if self.api is Api.SESSION:
            return self.world.open_session("Walk", now=START - timedelta(minutes=5))
        return self.world.open_meeting("Walk", now=START - timedelta(minutes=5), has_waiting_room=has_lobby)

    def at(self, seconds: float, act: Callable[[datetime], None]) -> None:
        self.acts.append((seconds, next(self._order), act))

    def some(self, most: float, least: float = 0.0) -> float:
        return round(self.chance.uniform(least, most), 3)

    def step(self, call: Call, stage: Stage) -> Callable[[datetime], None]:
        reason = 9 if stage is Stage.FAILED else None
        return lambda now: self.world.advance(call, Step(stage, timedelta(), reason), now=now)

    def plan(self, call: Call) -> tuple[State | None, float]:
        """Plan what becomes of a call; return its end, if the room does not answer, and when it does."""
        rings, ends = self.some(5, 0.01), self.some(20, 6)
        if self.chance.random() < 0.9:
            self.at(rings, self.step(call, Stage.RINGING))
        stage = self.chance.choice([*([Stage.ACCEPTED] * 3), *ENDS])
        self.at(ends, self.step(call, stage))
        return ENDS.get(stage), ends

    def _dial(self, room: str) -> Dialled:
        to_name = f"Name of {room}" if self.chance.random() < 0.5 else None
        address = RoomAddress.parse(Protocol.SIP, room)
        call_id = self.journal.claim(
            NewCall(
                target=self.target,
                target_name=None,
                address=address,
                to_name=to_name,
                profile=None,
                timeout=timedelta(seconds=DEADLINE),
                at=START,
            ),
            is_forced=True,
        )
        case = OpenCall(
            call_id=call_id,
            dial=Dial(address=address, to_name=to_name),
            target=self.target,
            dialled_at=START,
            dialled_at_zoom=START,
            baseline=tuple(map(self.row, self.venue.present)) if self.has_roster else None,
            has_waiting_room=self.setting,
        )
        call = Call(
            venue=self.venue.key, message_id=f"m{call_id}", protocol=Protocol.SIP, address=room, to_name=to_name
        )
        dialled = Dialled(call_id, Judge(case, self.journal), call, to_name)
        dialled.end, answered = self.plan(call)
        if dialled.end is None:
            self._move_on(dialled, answered)
        return dialled

    def _move_on(self, dialled: Dialled, answered: float) -> None:
        """Plan what happens after the answer: the host admits the room, or it leaves, or both, or neither."""

        def admit(now: datetime) -> None:
            self.world.admit(self.venue.key, self.world.stay_of(dialled.call) or "", now=now)

        if self.chance.random() < 0.6:
            self.at(answered + self.some(20, 6), admit)
        if self.chance.random() < 0.3:
            self.at(answered + self.some(30, 6), self.step(dialled.call, Stage.LEFT))

    def make_noise(self) -> None:
        """Let strangers' rooms come and go, and the same rooms be rung elsewhere and before."""
        for number in range(self.chance.randint(0, 3)):
            stranger = Call(
                venue=self.venue.key,
                message_id=f"s{number}",
                protocol=Protocol.SIP,
                address=f"stranger{number}@example.com",
            )
            self.plan(stranger)
            same = Call(
                venue=self.elsewhere.key,
                message_id=f"e{number}",
                protocol=Protocol.SIP,
                address=f"room{number}@example.com",
                to_name=f"Name of room{number}@example.com",
            )
            self.plan(same)
            earlier = Call(
                venue=self.venue.key,
                message_id=f"b{number}",
                protocol=Protocol.SIP,
                address=f"room{number}@example.com",
            )
            self.at(-self.some(60, 1), self.step(earlier, self.chance.choice([Stage.RINGING, *ENDS])))
            self.at(
                self.some(LAST_ACT),
                lambda now: void(self.world.join(self.venue.key, now=now, name="Ada", device="Mac")),
            )

    def ring_twins(self) -> None:
        """Let strangers ring the same rooms in the same meeting: which call brought a room cannot be told."""
        for dialled in self.calls:
            if self.chance.random() < 0.2:
                twin = replace(dialled.call, message_id=f"t{dialled.id}", to_name=None)
                end, _ = self.plan(twin)
                dialled.twins.append(twin)
                dialled.twin_ends += [] if end is None else [end]

    def run(self) -> None:
        """Let it all happen, and then let the judges see it, in the order in which it arrives."""
        self.make_noise()
        self.ring_twins()
        if self.has_roster:
            for look in range(1, int(DEADLINE / 2)):
                self.at(look * 2.0, self.look)
        for seconds, _, act in sorted(self.acts, key=lambda each: each[:2]):
            told = len(self.world.events)
            act(START + timedelta(seconds=seconds))
            for dialled in self.calls:
                self.keep_truth(dialled)
            if self.has_events:
                for event in self.world.events[told:]:
                    for _ in range(self.chance.choice([1, 1, 2])):
                        self.arrivals.append((seconds + self.some(LONGEST_WAY), next(self._order), [event]))
        for seconds, _, seen in sorted(self.arrivals, key=lambda each: each[:2]):
            for dialled in self.calls:
                self.show(dialled, seen, START + timedelta(seconds=seconds))

    def look(self, now: datetime) -> None:
        venue = self.world.venue(self.venue.key)
        assert venue is not None
        for dialled in self.calls:
            dialled.was_looked_at |= any(
                somebody.uuid == dialled.attendee_uuid and not somebody.is_waiting for somebody in venue.present
            )
        seconds = (now - START).total_seconds()
        self.arrivals.append((seconds + self.some(0.5), next(self._order), venue.present))

    def keep_truth(self, dialled: Dialled) -> None:
        dialled.attendee_uuid = dialled.attendee_uuid or self.world.stay_of(dialled.call)
        dialled.twin_uuids |= {uuid for twin in dialled.twins if (uuid := self.world.stay_of(twin)) is not None}
        venue = self.world.venue(self.venue.key)
        assert venue is not None
        for attendee in venue.attendees:
            if attendee.uuid == dialled.attendee_uuid:
                dialled.was_in |= attendee.is_present and not attendee.is_waiting
                dialled.has_left = not attendee.is_present
            if attendee.uuid in dialled.twin_uuids:
                dialled.twin_was_in |= attendee.is_present and not attendee.is_waiting
                dialled.twin_waits = attendee.is_present and attendee.is_waiting

    def show(self, dialled: Dialled, seen: list[Event] | tuple[Attendee, ...], now: datetime) -> None:
        if dialled.verdict.is_final:
            return
        if isinstance(seen, tuple):
            found = dialled.judge.of_roster(tuple(map(self.row, seen)), now)
            observations = [] if found is None else [found]
        else:
            events = [event for each in seen if (event := read_any_event(each.body)) is not None]
            observations = list(dialled.judge.of_events(events, EvidenceSource.WEBHOOK))
        for observation in observations:
            if observation.is_late:
                continue
            dialled.seen.append(observation.state)
            dialled.match = observation.match
            standing = Standing(
                state=observation.state,
                sent=Sent.YES,
                at=now,
                evidence=Evidence(observation.source, observation.match),
                participant_id=observation.participant.id if observation.participant else None,
            )
            self.journal.settle(dialled.id, standing)
            if observation.state.is_final:
                return

    def row(self, attendee: Attendee) -> Participant:
        """Return a row of the roster."""
        return Participant(
            id=attendee.uuid,
            uuid=attendee.uuid,
            other_ids=frozenset({attendee.id}),
            name=attendee.name,
            device=attendee.device,
            ip_address=attendee.ip_address,
            sip_uri=attendee.sip_uri if self.api is Api.MEETING else None,
            join_time=attendee.joined_at,
            is_waiting=attendee.is_waiting,
        )

    def hold(self, dialled: Dialled) -> None:
        """Hold a verdict against the truth."""
        verdict = dialled.verdict
        if verdict is State.JOINED:
            assert dialled.was_in or dialled.twin_was_in or self.may_be_mistaken(dialled)
        elif verdict is State.WAITING_ROOM:
            is_waiting = dialled.end is None and not dialled.was_in and not dialled.has_left
            assert is_waiting or dialled.twin_waits
        elif verdict is not State.PENDING:
            assert verdict is dialled.end or verdict in dialled.twin_ends
        else:
            assert self.may_be_pending(dialled), dialled.seen

    def may_be_mistaken(self, dialled: Dialled) -> bool:
        """Return whether a stranger's room, the only newcomer, passes for the room (contract 6.5).

        That takes a roster that says nothing of it, as a session's does of a room that was given no name, before
        any event of the call.
        """
        says_nothing = self.api is Api.SESSION and self.has_roster and dialled.to_name is None
        return says_nothing and dialled.match is Match.ONLY_CANDIDATE and State.RINGING not in dialled.seen

    def may_be_pending(self, dialled: Dialled) -> bool:
        """Return whether the contract lets the call end without an outcome (contract 6.5)."""
        if dialled.twins:
            return True  # two possible calls for one event are no evidence
        if dialled.end is not None:
            return not self.has_events  # a roster shows no refusal
        if self.has_lobby and dialled.has_left and not dialled.was_in:
            return True  # it left the waiting room by itself
        if not self.has_events and dialled.has_left and not dialled.was_looked_at:
            return True  # it came and went between two looks
        if self.has_roster and not self.has_events and self.api is Api.SESSION:
            return dialled.to_name is None and len(self.calls) > 1  # a session's roster shows no SIP URI
        if self.has_roster:
            return False
        if self.api is Api.SESSION or self.setting is False:
            return False
        return dialled.to_name is None  # no event about it names it


def void(_: object) -> None:
    """Drop a value."""


@pytest.mark.parametrize("first", range(0, WALKS, 100))
def test_no_walk_leads_to_a_false_outcome(first: int) -> None:
    verdicts = set()
    for seed in range(first, first + 100):
        with closing(Journal(None)) as journal:
            walk = Walk(seed, journal)
            walk.run()
            for dialled in walk.calls:
                try:
                    walk.hold(dialled)
                except AssertionError as error:
                    error.add_note(f"walk {seed}")
                    raise
                verdicts.add(dialled.verdict)
    assert verdicts == {State.JOINED, State.WAITING_ROOM, State.PENDING, *ENDS.values()}
