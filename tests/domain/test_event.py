"""Zoom's callout events, as read from JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Reason, State
from zoomcall.domain.event import (
    CalloutEvent,
    ParticipantEvent,
    read_any_event,
    read_any_event_text,
    read_event_text,
    read_participant_event,
)
from zoomcall.domain.phone import PhoneNumber

EVENT = {
    "event": "session.user_room_system_callout_failed",
    "event_ts": 1626230691572,
    "payload": {
        "object": {"session_id": "s==", "participant": {"call_type": "sip", "device_ip": "room@room.example"}}
    },
}


def read(**more: Any) -> CalloutEvent:
    document = json.loads(json.dumps(EVENT))
    document["payload"]["object"] |= more
    event = read_event_text(json.dumps(document))
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (9, Reason(9)),
        ("9", Reason(9)),
        (9.0, Reason(9)),
        (99, Reason(99)),
        (9.5, None),
        (True, None),
        ("nine", None),
        ("\u0669", None),
        (2**70, None),
        (None, None),
    ],
)
def test_a_reason_is_a_number_that_every_database_takes(value: object, reason: Reason | None) -> None:
    assert read(reason_type=value).reason == reason


@pytest.mark.parametrize(
    ("spelling", "protocol"),
    [
        ("sip", Protocol.SIP),
        ("SIP", Protocol.SIP),
        ("h323", Protocol.H323),
        ("H323", Protocol.H323),
        ("h.323", Protocol.H323),
        ("H.323", Protocol.H323),
    ],
)
def test_a_protocol_is_read_in_every_spelling_of_zooms(spelling: str, protocol: Protocol) -> None:
    event = read(participant={"call_type": spelling, "device_ip": "203.0.113.9"})
    assert event.protocol is protocol


@pytest.mark.parametrize("spelling", ["", "h-323", "phone", None, 323])
def test_an_event_of_another_protocol_is_none(spelling: object) -> None:
    document = json.loads(json.dumps(EVENT))
    document["payload"]["object"]["participant"]["call_type"] = spelling
    assert read_event_text(json.dumps(document)) is None


@pytest.mark.parametrize("word", ["ringing", "accepted", "rejected", "missed"])
def test_only_a_failure_has_a_reason(word: str) -> None:
    document = json.loads(json.dumps(EVENT))
    document["event"] = f"session.user_room_system_callout_{word}"
    document["payload"]["object"]["reason_type"] = 9
    event = read_event_text(json.dumps(document))
    assert event is not None
    assert event.reason is None


@pytest.mark.parametrize(
    ("name", "known", "target_id"),
    [
        ("session.user", {"session_id": " s== ", "id": 7}, "s=="),
        ("session.user", {"session_id": " ", "id": 7}, None),
        ("session.user", {"session_id": True}, None),
        ("meeting.participant", {"session_id": "s==", "id": 84098077904}, "84098077904"),
        ("meeting.participant", {"session_id": "s==", "id": "84098077904 "}, "84098077904"),
        ("meeting.participant", {"session_id": "s==", "id": None}, None),
        ("meeting.participant", {"session_id": "s==", "id": [1]}, None),
    ],
)
def test_a_session_is_named_by_its_id_and_a_meeting_by_its_number(
    name: str, known: dict[str, Any], target_id: str | None
) -> None:
    document = json.loads(json.dumps(EVENT))
    document["event"] = f"{name}_room_system_callout_failed"
    document["payload"]["object"] |= known
    event = read_event_text(json.dumps(document))
    assert (event and event.target_id) == target_id


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1, datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC)),
        (1626230691572, datetime(2021, 7, 14, 2, 44, 51, 572_000, tzinfo=UTC)),
        (253_402_300_799_000, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (253_402_300_799_001, None),
        (0, None),
        (-1, None),
        (True, None),
        ("1626230691572", None),
        (None, None),
    ],
)
def test_an_events_time_is_milliseconds_that_a_calendar_has(value: object, moment: datetime | None) -> None:
    event = read_event_text(json.dumps(EVENT | {"event_ts": value}))
    assert (event and event.at) == moment


def test_an_events_device_is_the_room_in_whatever_spelling() -> None:
    address = RoomAddress.parse(Protocol.SIP, "room@room.example")
    for spelling, rings in (
        (" room@room.example\n", True),
        ("sip:ROOM@Room.Example:5060", True),
        ("other@room.example", False),
        ("no address at all", False),
    ):
        event = read(participant={"call_type": "sip", "device_ip": spelling})
        assert event.rings(address) is rings
    assert not read().rings(RoomAddress.parse(Protocol.H323, "room@room.example"))


@pytest.mark.parametrize("value", ["", 7, None, ["m"]])
def test_an_id_that_names_no_call_is_none(value: object) -> None:
    assert read(message_id=value).message_id is None


def test_an_id_that_no_encoding_takes_is_written_out() -> None:
    assert read(message_id="a\ud800").message_id == "a\\ud800"


PHONE_EVENTS = {
    "session.user_phone_callout_": {
        "session_id": "4444AAAiAAAAAiAiAiiAii==",
        "session_name": "My Session",
        "session_key": "ABC36jaBI145",
        "user_key": "ASD74dfDI854",
        "participant": {"invitee_name": "Jill Chill", "phone_number": 15555550100, "from_number": 13167900000},
    },
    "meeting.participant_phone_callout_": {
        "id": 713592696,
        "uuid": "4444AAAiAAAAAiAiAiiAii==",
        "participant": {"invitee_name": "Jill Chill", "phone_number": 15555550100},
    },
}


def phone_event(prefix: str, end: str, **participant: object) -> CalloutEvent | None:
    content = PHONE_EVENTS[prefix]
    content = content | {"participant": content["participant"] | participant}
    document = {"event": prefix + end, "event_ts": 1626230691572, "payload": {"object": content}}
    return read_event_text(json.dumps(document))


@pytest.mark.parametrize(
    ("prefix", "end", "state"),
    [
        ("session.user_phone_callout_", "ringing", State.RINGING),
        ("session.user_phone_callout_", "accepted", State.JOINED),
        ("session.user_phone_callout_", "rejected", State.DECLINED),
        ("session.user_phone_callout_", "missed", State.MISSED),
        ("session.user_phone_callout_", "canceled", State.FAILED),
        ("meeting.participant_phone_callout_", "accepted", State.ANSWERED),
        ("meeting.participant_phone_callout_", "failed", State.FAILED),
    ],
)
def test_a_phones_event_tells_its_state_and_the_number_as_an_integer(prefix: str, end: str, state: State) -> None:
    event = phone_event(prefix, end)
    assert event is not None
    assert (event.state, event.protocol, event.device) == (state, Protocol.PHONE, "15555550100")
    assert event.target_id == ("713592696" if prefix.startswith("meeting") else "4444AAAiAAAAAiAiAiiAii==")
    assert event.rings(PhoneNumber.parse("+1 555 555 0100"))
    assert event.rings(PhoneNumber.parse("+15555550100-156"))
    assert not event.rings(PhoneNumber.parse("+15555550101"))
    assert not event.rings(PhoneNumber.parse("+15555550099"))
    assert not event.rings(RoomAddress.parse(Protocol.H323, "15555550100"))


@pytest.mark.parametrize("value", [None, True, -1, 0, 1.5, "", "tel", "015", [15555550100], 10**30])
def test_a_phones_event_without_a_number_is_about_no_call(value: object) -> None:
    assert phone_event("session.user_phone_callout_", "ringing", phone_number=value) is None


def test_a_room_is_never_canceled() -> None:
    document = json.loads(json.dumps(EVENT))
    document["event"] = "session.user_room_system_callout_canceled"
    assert read_event_text(json.dumps(document)) is None


MOVE: dict[str, Any] = {
    "event": "meeting.participant_joined",
    "event_ts": 1_763_719_200_000,
    "payload": {"object": {"id": 84098077904, "participant": {"user_name": "Board", "participant_uuid": "U=="}}},
}


def moved(**participant: object) -> ParticipantEvent | None:
    found = {"id": "84098077904", "participant": {"user_name": "Board", "participant_uuid": "U=="} | participant}
    return read_participant_event(MOVE | {"payload": {"object": found}})


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("meeting.participant_joined", State.JOINED),
        ("meeting.participant_admitted", State.JOINED),
        ("meeting.participant_joined_waiting_room", State.WAITING_ROOM),
        ("meeting.participant_put_in_waiting_room", State.WAITING_ROOM),
        ("meeting.participant_left_waiting_room", State.ANSWERED),
        ("meeting.participant_left", None),
        ("session.user_joined", None),
        (None, None),
        (7, None),
    ],
)
def test_a_participants_event_says_where_it_is(name: object, state: State | None) -> None:
    event = read_participant_event(MOVE | {"event": name})
    assert (event.state if event else None) is state
    assert event is None or event == ParticipantEvent(
        state=event.state, target_id="84098077904", name="Board", uuid="U==", at=event.at
    )
    assert read_any_event(MOVE | {"event": name}) == event
    assert read_any_event_text(json.dumps(MOVE | {"event": name})) == event
    assert read_event_text(json.dumps(MOVE | {"event": name})) is None


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "x",
        MOVE | {"event_ts": 0},
        MOVE | {"event_ts": "1"},
        MOVE | {"payload": {}},
        MOVE | {"payload": []},
    ],
)
def test_a_participants_event_without_meeting_or_time_is_none(broken: object) -> None:
    assert read_participant_event(broken) is None


@pytest.mark.parametrize(
    ("given", "name", "uuid"),
    [
        ({}, "Board", "U=="),
        ({"user_name": 7}, "", "U=="),
        ({"participant_uuid": ""}, "Board", None),
        ({"participant_uuid": 7}, "Board", None),
    ],
)
def test_a_participant_may_lack_name_and_uuid(given: dict[str, object], name: str, uuid: str | None) -> None:
    event = moved(**given)
    assert event is not None
    assert (event.name, event.uuid) == (name, uuid)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null"])
def test_text_that_is_no_json_is_no_event(text: str) -> None:
    assert read_any_event_text(text) is None
    assert read_event_text(text) is None
