"""Zoom's callout events, as read from JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Reason
from zoomcall.domain.event import CalloutEvent, read_event_text

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


def test_an_id_that_no_encoding_takes_is_written_out() -> None:
    assert read(message_id="a\ud800").message_id == "a\\ud800"
