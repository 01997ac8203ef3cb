"""The world on its own, without a wire or a clock."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from emulator.hand_made import HAND_MADE_KEYS, TEN_O_CLOCK
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.address import Protocol
from zoomcall.domain.target import Api
from zoomcall.emulator.fates import Stage, Step
from zoomcall.emulator.world import Call, EventIds, Venue, World, make_session_id
from zoomcall.errors import UsageError


@pytest.fixture
def world() -> World:
    """Return an account without sessions."""
    return World(HAND_MADE_KEYS)


def a_call(venue: Venue, **changes: Any) -> Call:
    settings = {
        "venue": venue.key,
        "message_id": "atsXxhSEQWit9t+U02HXNQ==",
        "protocol": Protocol.H323,
        "address": "10.100.111.237",
    }
    return Call(**(settings | changes))


@pytest.mark.parametrize("stage", ["ringing", "accepted", "rejected", "missed"])
def test_a_sessions_event_has_zooms_shape(world: World, stage: str) -> None:
    session = world.open_session("My Session", now=TEN_O_CLOCK, identifier="4444AAAiAAAAAiAiAiiAii==")
    world.advance(a_call(session), Step(Stage(stage), timedelta()), now=TEN_O_CLOCK)
    assert world.events[0].body == {
        "event": f"session.user_room_system_callout_{stage}",
        "event_ts": 1795255200000,
        "payload": {
            "account_id": "HandMadeAccount",
            "object": {
                "id": session.number,
                "uuid": "4444AAAiAAAAAiAiAiiAii==",
                "session_id": "4444AAAiAAAAAiAiAiiAii==",
                "session_name": "My Session",
                "host_id": session.host_id,
                "message_id": "atsXxhSEQWit9t+U02HXNQ==",
                "inviter_name": "Jill Chill",
                "participant": {"call_type": "h323", "device_ip": "10.100.111.237"},
            },
        },
    }


def test_a_meetings_failure_has_zooms_shape(world: World) -> None:
    meeting = world.open_meeting("Weekly", now=TEN_O_CLOCK, number=71359269600)
    world.advance(a_call(meeting), Step(Stage.FAILED, timedelta(), 1), now=TEN_O_CLOCK)
    assert world.events[0].body == {
        "event": "meeting.participant_room_system_callout_failed",
        "event_ts": 1795255200000,
        "payload": {
            "account_id": "HandMadeAccount",
            "object": {
                "id": 71359269600,
                "uuid": meeting.uuid,
                "host_id": meeting.host_id,
                "message_id": "atsXxhSEQWit9t+U02HXNQ==",
                "inviter_name": "Jill Chill",
                "reason_type": 1,
                "participant": {"call_type": "h323", "device_ip": "10.100.111.237"},
            },
        },
    }


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("join", [("joined", "join_time")]),
        ("leave", [("joined", "join_time"), ("left", "leave_time")]),
        ("wait", [("joined_waiting_room", "date_time")]),
        ("go", [("joined_waiting_room", "date_time"), ("left_waiting_room", "date_time")]),
        (
            "admit",
            [
                ("joined_waiting_room", "date_time"),
                ("admitted", "date_time"),
                ("left_waiting_room", "date_time"),
                ("joined", "join_time"),
            ],
        ),
    ],
)
def test_who_comes_and_goes_in_a_meeting_has_zooms_shape(
    world: World, act: str, expected: list[tuple[str, str]]
) -> None:
    meeting = world.open_meeting("Weekly", now=TEN_O_CLOCK, number=71359269600)
    room = world.join(meeting.key, now=TEN_O_CLOCK, name="Board", is_waiting=act in {"wait", "go", "admit"})
    if act in {"leave", "go"}:
        world.leave(meeting.key, room.uuid, now=TEN_O_CLOCK)
    if act == "admit":
        world.admit(meeting.key, room.uuid, now=TEN_O_CLOCK)
    assert [event.body for event in world.events] == [
        {
            "event": f"meeting.participant_{stage}",
            "event_ts": 1795255200000,
            "payload": {
                "account_id": "HandMadeAccount",
                "object": {
                    "id": "71359269600",
                    "uuid": meeting.uuid,
                    "host_id": meeting.host_id,
                    "topic": "Weekly",
                    "type": 2,
                    "start_time": "2026-11-21T10:00:00Z",
                    "timezone": "UTC",
                    "duration": 60,
                    "participant": {
                        "user_id": room.id,
                        "user_name": "Board",
                        "id": "",
                        "participant_uuid": room.uuid,
                        "email": "",
                        time: "2026-11-21T10:00:00Z",
                    },
                },
            },
        }
        for stage, time in expected
    ]


def test_a_session_tells_nothing_of_who_comes_and_goes(world: World) -> None:
    session = world.open_session("Quiet", now=TEN_O_CLOCK)
    room = world.join(session.key, now=TEN_O_CLOCK, name="Board")
    world.leave(session.key, room.uuid, now=TEN_O_CLOCK)
    world.end(session.key, now=TEN_O_CLOCK)
    assert world.events == ()


def test_the_end_of_a_meeting_tells_who_left_what(world: World) -> None:
    meeting = world.open_meeting("Weekly", now=TEN_O_CLOCK)
    world.join(meeting.key, now=TEN_O_CLOCK, name="Board", is_waiting=True)
    world.end(meeting.key, now=TEN_O_CLOCK)
    told = [(event.name, event.body["payload"]["object"]["participant"]["user_name"]) for event in world.events[1:]]
    assert told == [("meeting.participant_left", "Jill Chill"), ("meeting.participant_left_waiting_room", "Board")]


def test_only_who_waits_is_admitted_and_only_once(world: World) -> None:
    meeting = world.open_meeting("Weekly", now=TEN_O_CLOCK)
    waiting, gone = (world.join(meeting.key, now=TEN_O_CLOCK, name=name, is_waiting=True) for name in "ab")
    world.leave(meeting.key, gone.uuid, now=TEN_O_CLOCK)
    for uuid in (waiting.uuid, waiting.uuid, gone.uuid, meeting.attendees[0].uuid, "nobody"):
        world.admit(meeting.key, uuid, now=TEN_O_CLOCK)
    assert [event.name for event in world.events].count("meeting.participant_admitted") == 1
    assert [somebody.name for somebody in world.venue(meeting.key).present] == ["Jill Chill", "a"]


@given(st.lists(st.tuples(st.sampled_from(["join", "wait", "admit", "leave"]), st.integers(0, 9))))
def test_the_events_of_a_meeting_tell_who_is_in_and_who_waits(acts: list[tuple[str, int]]) -> None:
    world = World(HAND_MADE_KEYS)
    meeting = world.open_meeting("Weekly", now=TEN_O_CLOCK, people=0)
    uuids = ["nobody"]
    for act, index in acts:
        if act in {"join", "wait"}:
            uuids.append(world.join(meeting.key, now=TEN_O_CLOCK, name="x", is_waiting=act == "wait").uuid)
        else:
            {"admit": world.admit, "leave": world.leave}[act](
                meeting.key, uuids[index % len(uuids)], now=TEN_O_CLOCK
            )
    places: dict[str, str] = {}
    for event in world.events:
        uuid = event.body["payload"]["object"]["participant"]["participant_uuid"]
        match event.name.removeprefix("meeting.participant_"):
            case "joined" | "joined_waiting_room" as place:
                places[uuid] = place
            case "left" | "left_waiting_room" as leaving:
                assert places.pop(uuid) == leaving.replace("left", "joined")
            case "admitted":
                assert places[uuid] == "joined_waiting_room"
    assert places == {
        somebody.uuid: "joined_waiting_room" if somebody.is_waiting else "joined"
        for somebody in world.venue(meeting.key).present
    }


@pytest.mark.parametrize(("event_ids", "count"), [(EventIds.PER_CALL, 1), (EventIds.PER_EVENT, 3)])
def test_the_events_of_a_call_share_their_id_or_have_one_each(event_ids: EventIds, count: int) -> None:
    world = World(HAND_MADE_KEYS, event_ids=event_ids)
    session = world.open_session("IDs", now=TEN_O_CLOCK)
    for stage in (Stage.RINGING, Stage.RINGING, Stage.REJECTED):
        world.advance(a_call(session), Step(stage, timedelta()), now=TEN_O_CLOCK)
    ids = [event.body["payload"]["object"]["message_id"] for event in world.events]
    assert len(set(ids)) == count
    assert ("atsXxhSEQWit9t+U02HXNQ==" in ids) == (count == 1)


def test_an_address_comes_back_byte_for_byte(world: World) -> None:
    session = world.open_session("Echo", now=TEN_O_CLOCK)
    world.advance(
        a_call(session, address="SIP:Room@Example.COM;transport=tls"),
        Step(Stage.RINGING, timedelta()),
        now=TEN_O_CLOCK,
    )
    subject = world.events[0].body["payload"]["object"]
    assert subject["participant"]["device_ip"] == "SIP:Room@Example.COM;transport=tls"


def test_listeners_hear_each_event_once_in_order(world: World) -> None:
    session = world.open_session("Heard", now=TEN_O_CLOCK)
    heard = []
    world.subscribe(heard.append)
    for stage in (Stage.RINGING, Stage.ACCEPTED):
        world.advance(a_call(session), Step(stage, timedelta()), now=TEN_O_CLOCK)
    assert tuple(heard) == world.events
    assert len(heard) == 2


def test_a_snapshot_never_changes(world: World) -> None:
    before = world.open_session("Snapshot", now=TEN_O_CLOCK)
    world.join(before.key, now=TEN_O_CLOCK, name="Late")
    world.end(before.key, now=TEN_O_CLOCK)
    assert len(before.attendees) == 2
    assert before.is_live
    after = world.venue(before.key)
    assert len(after.attendees) == 3
    assert not after.is_live
    assert after.present == ()


def test_who_has_left_keeps_the_hour_of_leaving(world: World) -> None:
    session = world.open_session("Leaving", now=TEN_O_CLOCK)
    first = session.attendees[0]
    world.leave(session.key, first.uuid, now=TEN_O_CLOCK)
    world.end(session.key, now=TEN_O_CLOCK + timedelta(minutes=1))
    left = [somebody.left_at for somebody in world.venue(session.key).attendees]
    assert left == [TEN_O_CLOCK, TEN_O_CLOCK + timedelta(minutes=1)]


def test_an_id_is_taken_once(world: World) -> None:
    world.open_session("One", now=TEN_O_CLOCK, identifier="same")
    with pytest.raises(UsageError):
        world.open_session("Two", now=TEN_O_CLOCK, identifier="same")
    assert [venue.name for venue in world.venues(Api.SESSION)] == ["One"]


def test_a_drawn_id_has_a_slash_inside_a_plus_and_two_equal_signs() -> None:
    for _ in range(50):
        identifier = make_session_id()
        assert "/" in identifier
        assert "+" in identifier
        assert identifier.endswith("==")
        assert len(identifier) == 24
        assert not identifier.startswith("/")
        assert "//" not in identifier


def test_threads_lose_nobody(world: World) -> None:
    session = world.open_session("Threads", now=TEN_O_CLOCK, people=0)

    def crowd(index: int) -> None:
        for number in range(50):
            guest = world.join(session.key, now=TEN_O_CLOCK, name=f"{index}-{number}")
            if number % 2:
                world.leave(session.key, guest.uuid, now=TEN_O_CLOCK)

    threads = [threading.Thread(target=crowd, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    venue = world.venue(session.key)
    assert len(venue.attendees) == 400
    assert len(venue.present) == 200
    assert len({somebody.uuid for somebody in venue.attendees}) == 400
