"""Each rule of evidence at its border: what is just enough to prove an outcome, and what just is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeJournal
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State
from zoomcall.domain.destination import Destination
from zoomcall.domain.event import CalloutEvent, Event, ParticipantEvent
from zoomcall.domain.journal import CallId, CallRecord, TargetKey
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.roster import ROOM_DEVICE, Dial, Participant
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing.evidence import CLOCK_DOUBT, Judge, Observation, OpenCall

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MEETING = TargetKey(api_base="https://api.zoom.us/v2", api=Api.MEETING, id="987654321")
SESSION = replace(MEETING, api=Api.SESSION)
ROOM = RoomAddress.parse(Protocol.SIP, "room@example.com")
PHONE = PhoneNumber.parse("+1 316 790 0000 ext 156")
TICK = timedelta(microseconds=1)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def judge(
    *others: CallRecord, address: Destination = ROOM, journal: FakeJournal | None = None, **call: Any
) -> Judge:
    facts: dict[str, Any] = {
        "call_id": CallId(1),
        "dial": Dial(address=address, to_name=call.pop("to_name", None)),
        "target": MEETING,
        "dialled_at": START,
        "dialled_at_zoom": START,
        "baseline": (),
    }
    return Judge(OpenCall(**(facts | call)), journal or FakeJournal(others=others))


def rival(address: Destination = ROOM, *, settled: float | None = None, **changes: Any) -> CallRecord:
    facts: dict[str, Any] = {
        "id": CallId(2),
        "target": MEETING,
        "target_name": None,
        "protocol": address.protocol,
        "address": address.normalised,
        "shown": address.shown,
        "to_name": None,
        "profile": None,
        "at": START,
        "timeout": timedelta(seconds=60),
        "state": State.ACCEPTED if settled is None else State.MISSED,
        "sent": Sent.YES,
        "settled_at": None if settled is None else at(settled),
    }
    return CallRecord(**(facts | changes))


def row(key: str = "r", **changes: Any) -> Participant:
    return Participant(id=key, **({"device": ROOM_DEVICE} | changes))


def move(state: State, seconds: float = 1, *, name: str = "Board", uuid: str | None = None) -> ParticipantEvent:
    return ParticipantEvent(state=state, target_id=MEETING.id, name=name, uuid=uuid, at=at(seconds))


def callout(
    state: State, seconds: float = 1, *, message: str | None = None, address: Destination = ROOM
) -> CalloutEvent:
    device = address.digits if isinstance(address, PhoneNumber) else address.text
    return CalloutEvent(
        state=state,
        api=Api.MEETING,
        target_id=MEETING.id,
        protocol=address.protocol,
        device=device,
        at=at(seconds),
        message_id=message,
    )


def told(judging: Judge, *events: Event) -> list[State]:
    return [each.state for each in judging.of_events(events, EvidenceSource.WEBHOOK)]


def seen(judging: Judge, *present: Participant) -> State | None:
    found = judging.of_roster(present, at(9))
    return None if found is None else found.state


@pytest.mark.parametrize(
    ("changes", "to_name", "target", "expected"),
    [
        ({}, "Board", MEETING, [State.JOINED]),
        ({"at": START}, "Board", MEETING, [State.JOINED]),
        ({"at": START - TICK}, "Board", MEETING, []),
        ({}, None, MEETING, []),
        ({"name": ""}, None, MEETING, []),
        ({"name": "board"}, "Board", MEETING, []),
        ({"name": "Aaron"}, "Board", MEETING, []),
        ({"name": "Zoe"}, "Board", MEETING, []),
        ({"uuid": "u"}, None, MEETING, []),
        ({"target_id": "987654320"}, "Board", MEETING, []),
        ({"target_id": "987654322"}, "Board", MEETING, []),
        ({}, "Board", SESSION, []),
    ],
)
def test_an_event_is_about_the_room_if_it_has_the_name_sent(
    changes: dict[str, Any], to_name: str | None, target: TargetKey, expected: list[State]
) -> None:
    event = replace(move(State.JOINED), **changes)
    assert told(judge(to_name=to_name, target=target), event) == expected


@pytest.mark.parametrize(("uuid", "is_known"), [("u", True), ("a", False), ("z", False), (None, False)])
def test_an_event_is_about_the_room_if_it_has_the_uuid_in_the_roster(uuid: str | None, *, is_known: bool) -> None:
    judging = judge()
    assert seen(judging, row(uuid="u", is_waiting=True)) is State.WAITING_ROOM
    assert told(judging, move(State.JOINED, uuid=uuid)) == ([State.JOINED] if is_known else [])


def test_a_row_without_uuid_makes_no_event_the_rooms() -> None:
    judging = judge()
    assert seen(judging, row(is_waiting=True)) is State.WAITING_ROOM
    assert told(judging, move(State.JOINED, uuid=None)) == []


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([(State.WAITING_ROOM, 1), (State.JOINED, 2)], [State.WAITING_ROOM, State.JOINED]),
        ([(State.JOINED, 2), (State.WAITING_ROOM, 1)], [State.WAITING_ROOM, State.JOINED]),
        ([(State.WAITING_ROOM, 1), (State.WAITING_ROOM, 2)], [State.WAITING_ROOM]),
        ([(State.WAITING_ROOM, 1), (State.ANSWERED, 1)], [State.WAITING_ROOM, State.ANSWERED]),
    ],
)
def test_moves_are_told_in_the_order_of_zooms_clock(
    moves: list[tuple[State, float]], expected: list[State]
) -> None:
    assert told(judge(to_name="Board"), *(move(*each) for each in moves)) == expected


def test_a_move_that_comes_late_tells_nothing_but_that_the_room_joined() -> None:
    judging = judge(to_name="Board")
    assert told(judging, move(State.ANSWERED, 5)) == [State.ANSWERED]
    assert told(judging, move(State.WAITING_ROOM, 4)) == []
    assert told(judging, move(State.WAITING_ROOM, 5)) == [State.WAITING_ROOM]
    assert told(judging, move(State.JOINED, 1)) == [State.JOINED]
    assert told(judging, move(State.ANSWERED, 4)) == []
    assert told(judging, move(State.JOINED, 9)) == []


def test_the_roster_tells_where_the_room_is_and_each_place_once() -> None:
    judging = judge()
    steps: list[tuple[tuple[Participant, ...], State | None]] = [
        ((), None),
        ((row(is_waiting=True),), State.WAITING_ROOM),
        ((row(is_waiting=True),), None),
        ((), State.ANSWERED),
        ((), None),
        ((row(),), State.JOINED),
        ((row(),), None),
    ]
    for present, expected in steps:
        assert seen(judging, *present) is expected


def test_a_room_whose_row_is_there_and_proves_nothing_now_has_not_left() -> None:
    journal = FakeJournal()
    judging = judge(journal=journal)
    assert seen(judging, row(is_waiting=True)) is State.WAITING_ROOM
    journal.credited = frozenset({"r"})
    assert seen(judging, row(is_waiting=True)) is None
    assert seen(judging) is State.ANSWERED


@pytest.mark.parametrize(
    ("waiting_room", "expected"), [(False, State.JOINED), (True, State.ANSWERED), (None, State.ANSWERED)]
)
def test_who_answers_is_in_if_the_meeting_has_no_waiting_room(waiting_room: bool | None, expected: State) -> None:
    judging = judge(has_waiting_room=waiting_room)
    assert told(judging, callout(State.RINGING), callout(State.ANSWERED, 2)) == [State.RINGING, expected]


def test_an_answer_told_after_the_room_was_seen_is_late_and_no_joining() -> None:
    judging = judge(to_name="Board", has_waiting_room=False)
    assert told(judging, move(State.WAITING_ROOM)) == [State.WAITING_ROOM]
    found = list(judging.of_events([callout(State.ANSWERED, 2), callout(State.MISSED, 3)], EvidenceSource.WEBHOOK))
    assert [(each.state, each.is_late) for each in found] == []
    found = list(judging.of_events([callout(State.ANSWERED, 2)], EvidenceSource.WEBHOOK))
    assert found == []


def test_a_known_participant_counts_by_any_of_its_ids_while_it_is_there() -> None:
    known = ("k", Match.ONLY_CANDIDATE)
    assert seen(judge(known=known, baseline=None), row("r", other_ids=frozenset({"k"}))) is State.JOINED
    assert seen(judge(known=known, baseline=None), row("r")) is None
    assert seen(judge(known=known, baseline=None), row("k", leave_time=START)) is None
    found = judge(known=known, baseline=None).of_roster((row("a"), row("k")), START)
    assert found is not None
    assert (found.match, found.participant) == (Match.ONLY_CANDIDATE, row("k"))


@pytest.mark.parametrize("is_past", [True, False])
def test_for_a_past_call_only_an_exact_match_counts(*, is_past: bool) -> None:
    assert (seen(judge(is_past=is_past), row()) is State.JOINED) is not is_past
    assert seen(judge(is_past=is_past), row(sip_uri="sip:room@example.com")) is State.JOINED


def test_without_a_baseline_or_a_credit_nobody_is_the_room() -> None:
    class Refusing(FakeJournal):
        def take_credit(self, call_id: CallId, participant_id: str) -> bool:
            return False

    assert seen(judge(baseline=None), row()) is None
    assert seen(judge(baseline=(row(),)), row()) is None
    judging = judge(journal=Refusing())
    assert seen(judging, row()) is None
    assert seen(judging) is None


OTHER = RoomAddress.parse(Protocol.H323, "203.0.113.9")
CERTAIN = Evidence(EvidenceSource.ROSTER, Match.EXACT)
UNSURE = Evidence(EvidenceSource.ROSTER, Match.ONLY_CANDIDATE)


@pytest.mark.parametrize(
    ("other", "is_proof"),
    [
        (rival(OTHER), False),
        (rival(OTHER, settled=-1e-6), True),
        (rival(OTHER, settled=0), False),
        (rival(OTHER, settled=1), False),
        (rival(PHONE), True),
        (rival(OTHER, settled=-60, state=State.JOINED, participant_id="p", evidence=CERTAIN), True),
        (rival(OTHER, settled=-60, state=State.JOINED, participant_id="p", evidence=UNSURE), False),
        (rival(OTHER, settled=-60, state=State.JOINED, participant_id="p"), False),
        (rival(OTHER, settled=-60, state=State.JOINED, evidence=CERTAIN), False),
        (rival(OTHER, settled=-60, state=State.MISSED), True),
        (rival(OTHER, settled=-60, state=State.DECLINED), True),
        (rival(OTHER, settled=-60, state=State.PENDING), True),
    ],
)
def test_a_rival_whose_room_may_still_come_makes_the_only_newcomer_no_proof(
    other: CallRecord, *, is_proof: bool
) -> None:
    newcomer = row(ip_address="203.0.113.9")
    assert (seen(judge(other), newcomer) is State.JOINED) is is_proof


@pytest.mark.parametrize(
    ("told_before", "is_proof"),
    [
        ([], True),
        ([State.RINGING], False),
        ([State.RINGING, State.ANSWERED], True),
    ],
)
def test_the_only_newcomer_is_not_the_room_while_that_rings(told_before: list[State], *, is_proof: bool) -> None:
    judging = judge()
    told(judging, *(callout(state, number) for number, state in enumerate(told_before)))
    assert (seen(judging, row()) is State.JOINED) is is_proof


@pytest.mark.parametrize(
    ("other", "is_ours"),
    [
        (rival(), False),
        (rival(settled=-CLOCK_DOUBT.total_seconds()), False),
        (rival(settled=-CLOCK_DOUBT.total_seconds() - 1e-6), True),
        (rival(settled=1), False),
        (rival(OTHER), True),
        (rival(RoomAddress.parse(Protocol.H323, "room@example.com")), True),
        (rival(RoomAddress.parse(Protocol.SIP, "quorum@example.com")), True),
        (rival(RoomAddress.parse(Protocol.SIP, "zoom@example.com")), True),
    ],
)
def test_an_event_may_be_that_of_another_call_to_the_room(other: CallRecord, *, is_ours: bool) -> None:
    assert told(judge(other), callout(State.DECLINED)) == ([State.DECLINED] if is_ours else [])


@pytest.mark.parametrize(
    ("number", "is_ours"),
    [("13167900000-156", False), ("13167900000-157", False), ("13167900000", False), ("15555550100-156", True)],
)
def test_zoom_names_a_phone_without_its_extension(number: str, *, is_ours: bool) -> None:
    other = rival(PhoneNumber.parse(number))
    events = told(judge(other, address=PHONE), callout(State.DECLINED, address=PHONE))
    assert events == ([State.DECLINED] if is_ours else [])


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"at": START}, True),
        ({"at": START - TICK}, False),
        ({"target_id": "987654320"}, False),
        ({"target_id": "987654322"}, False),
        ({"api": Api.SESSION}, False),
        ({"device": "other@example.com"}, False),
        ({"protocol": Protocol.H323}, False),
    ],
)
def test_an_event_is_the_calls_if_room_target_and_time_are(changes: dict[str, Any], *, is_ours: bool) -> None:
    event = replace(callout(State.DECLINED), **changes)
    assert told(judge(), event) == ([State.DECLINED] if is_ours else [])


def matches(judging: Judge, *events: Event) -> list[tuple[State, Match]]:
    return [(each.state, each.match) for each in judging.of_events(events, EvidenceSource.WEBHOOK)]


EXACT, ONLY = Match.EXACT, Match.ONLY_CANDIDATE


@pytest.mark.parametrize(
    ("own_id", "events", "expected"),
    [
        (None, [(State.RINGING, "a"), (State.MISSED, "a")], [(State.RINGING, EXACT), (State.MISSED, EXACT)]),
        (None, [(State.RINGING, "a"), (State.MISSED, "b")], [(State.RINGING, ONLY), (State.MISSED, ONLY)]),
        (None, [(State.RINGING, None), (State.MISSED, None)], [(State.RINGING, ONLY), (State.MISSED, ONLY)]),
        (None, [(State.MISSED, None)], [(State.MISSED, EXACT)]),
        (None, [(State.MISSED, "a"), (State.DECLINED, "b")], []),
        (None, [(State.RINGING, "a"), (State.RINGING, "b")], []),
        (None, [(State.RINGING, "a"), (State.MISSED, "a"), (State.DECLINED, "b")], []),
        ("a", [(State.ANSWERED, "a"), (State.DECLINED, "b")], [(State.ANSWERED, EXACT)]),
        ("a", [(State.MISSED, "a"), (State.DECLINED, "b")], [(State.MISSED, EXACT)]),
        ("a", [(State.RINGING, "a"), (State.DECLINED, "b")], [(State.RINGING, ONLY), (State.DECLINED, ONLY)]),
        ("a", [(State.DECLINED, "b")], [(State.DECLINED, ONLY)]),
        ("a", [(State.DECLINED, None)], [(State.DECLINED, ONLY)]),
        ("b", [(State.RINGING, "a"), (State.MISSED, "a")], [(State.RINGING, ONLY), (State.MISSED, ONLY)]),
    ],
)
def test_ids_tell_which_events_are_one_calls(
    own_id: str | None, events: list[tuple[State, str | None]], expected: list[tuple[State, Match]]
) -> None:
    judging = judge(message_id=own_id)
    seconds = enumerate(events)
    assert (
        matches(judging, *(callout(state, 1 + n, message=message) for n, (state, message) in seconds)) == expected
    )


@pytest.mark.parametrize(
    ("other", "events", "expected"),
    [
        ("b", [(State.MISSED, "a")], []),
        ("b", [(State.MISSED, "a"), (State.DECLINED, "b")], [State.MISSED]),
        ("b", [(State.MISSED, "b")], []),
        ("b", [(State.RINGING, "a"), (State.MISSED, "a")], [State.RINGING, State.MISSED]),
        (None, [(State.MISSED, "a")], []),
    ],
)
def test_a_twins_id_tells_its_events_from_ours(
    other: str | None, events: list[tuple[State, str]], expected: list[State]
) -> None:
    judging = judge(rival(message_id=other))
    assert told(
        judging, *(callout(state, 1 + n, message=message) for n, (state, message) in enumerate(events))
    ) == (expected)


def test_an_observation_says_what_was_seen_and_where() -> None:
    event = callout(State.MISSED, message="m")
    assert list(judge().of_events([event], EvidenceSource.WEBSOCKET)) == [
        Observation(
            state=State.MISSED, at=event.at, source=EvidenceSource.WEBSOCKET, match=Match.EXACT, message_id="m"
        )
    ]
