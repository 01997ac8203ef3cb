"""The two PATCHes: what they accept, and how they refuse."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from emulator.hand_made import Answer, Caller, eventually

from zoomcall.domain.target import Api
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

EVENTS = "/v2/videosdk/sessions/KkMH/events"
CALLOUT = "user.invite.room_system_callout"
VALID = {"call_type": "sip", "device_ip": "fail-9@room.example.com"}
GONE = (404, 3001, "Session is not found or has expired.")


@pytest.fixture
def session(zoom: Emulator) -> VenueKey:
    """Open a session with a short ID."""
    return zoom.open_session("Control", identifier="KkMH").key


@pytest.fixture
def patch(session: VenueKey, videosdk: Caller) -> Callable[..., Answer]:
    """Send one control request to it."""
    return lambda body, **headers: videosdk("PATCH", EVENTS, body, **headers)


@pytest.mark.parametrize(
    "params",
    [
        VALID,
        {"call_type": "h323", "device_ip": "203.0.113.10", "h323_headers": {"from_display_name": "x" * 64}},
        VALID | {"sip_headers": {"from_uri": "sips:me@example.com", "to_display_name": "ü" * 64}},
        VALID | {"sip_headers": {"additional_headers": [{"key": "k" * 32, "value": "v" * 256}] * 10}},
        VALID | {"h323_headers": "only looked at for h323"},
        VALID | {"unknown": 1},
    ],
)
def test_a_callout_is_accepted_with_an_empty_202(patch: Callable[..., Answer], params: Any) -> None:
    answer = patch({"method": CALLOUT, "params": params})
    assert (answer.status, answer.body) == (202, b"")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        (None, "params"),
        ({}, "params"),
        ("text", "params"),
        ({"device_ip": "203.0.113.10"}, "params.call_type"),
        (VALID | {"call_type": "SIP"}, "params.call_type"),
        (VALID | {"call_type": ["sip"]}, "params.call_type"),
        (VALID | {"device_ip": 7}, "params.device_ip"),
        (VALID | {"device_ip": None}, "params.device_ip"),
        (VALID | {"sip_headers": []}, "params.sip_headers"),
        (VALID | {"sip_headers": {"from_display_name": "x" * 65}}, "params.sip_headers.from_display_name"),
        (VALID | {"sip_headers": {"to_display_name": "x" * 65}}, "params.sip_headers.to_display_name"),
        (VALID | {"sip_headers": {"from_uri": "me@example.com"}}, "params.sip_headers.from_uri"),
        (VALID | {"sip_headers": {"from_uri": "sip:" + "x" * 253}}, "params.sip_headers.from_uri"),
        (VALID | {"sip_headers": {"additional_headers": []}}, "params.sip_headers.additional_headers"),
        (
            VALID | {"sip_headers": {"additional_headers": [{"key": "X-A", "value": "1"}] * 11}},
            "params.sip_headers.additional_headers",
        ),
        (
            VALID | {"sip_headers": {"additional_headers": [{"key": "k" * 33, "value": "1"}]}},
            "params.sip_headers.additional_headers.key",
        ),
        (
            VALID | {"sip_headers": {"additional_headers": [{"key": "X-A", "value": "v" * 257}]}},
            "params.sip_headers.additional_headers.value",
        ),
        (VALID | {"sip_headers": {"additional_headers": ["X-A: 1"]}}, "params.sip_headers.additional_headers.key"),
        (
            {"call_type": "h323", "device_ip": "203.0.113.10", "h323_headers": {"to_display_name": "x" * 65}},
            "params.h323_headers.to_display_name",
        ),
    ],
)
def test_a_field_that_breaks_a_documented_limit_is_named(
    zoom: Emulator, patch: Callable[..., Answer], params: Any, field: str
) -> None:
    answer = patch({"method": CALLOUT, "params": params})
    assert answer.refusal == (400, 300, "Validation Failed.")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert zoom.world.events == ()


@pytest.mark.parametrize(
    "method", [None, "", 7, "participant.invite.room_system_callout", "user.invite.room_system", "user.delete"]
)
def test_an_unknown_method_is_refused(patch: Callable[..., Answer], method: Any) -> None:
    answer = patch({"method": method, "params": VALID})
    assert answer.refusal == (400, 300, "Validation Failed.")
    assert [error["field"] for error in answer.json()["errors"]] == ["method"]


@pytest.mark.parametrize("method", ["recording.start", "audio.block"])
def test_a_method_that_the_account_has_not_bought_is_refused(patch: Callable[..., Answer], method: Any) -> None:
    assert patch({"method": method, "params": VALID}).refusal == (
        400,
        300,
        "This API is not available for this account, please contact Zoom support.",
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(patch: Callable[..., Answer], body: Any) -> None:
    assert patch(body, Content_Type="application/json").refusal == (
        400,
        300,
        "Request Body should be a valid JSON object.",
    )


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(patch: Callable[..., Answer], kind: str | None) -> None:
    body = json.dumps({"method": CALLOUT, "params": VALID}).encode()
    assert patch(body, Content_Type=kind).refusal == (415, 300, "Unsupported Content Type")


def test_a_charset_beside_the_content_type_is_fine(patch: Callable[..., Answer]) -> None:
    body = json.dumps({"method": CALLOUT, "params": VALID}).encode()
    assert patch(body, Content_Type="application/json; charset=utf-8").status == 202


def test_a_body_beyond_a_megabyte_is_refused(patch: Callable[..., Answer]) -> None:
    assert patch(b" " * (1024 * 1024 + 1), Content_Type="application/json").status == 413


def test_a_misspelt_field_leaves_the_call_without_an_address(zoom: Emulator, patch: Callable[..., Answer]) -> None:
    answer = patch({"method": CALLOUT, "params": {"call_type": "h323", "device_id": "answer@room.example.com"}})
    assert answer.status == 202
    event = eventually(lambda: zoom.world.events)[0]
    assert event.name == "session.user_room_system_callout_failed"
    assert event.body["payload"]["object"]["reason_type"] == 8


@pytest.mark.parametrize("address", ["noop@room.example.com", "NoOp@room.example.com"])
def test_a_noop_is_a_200_and_nothing_more(zoom: Emulator, patch: Callable[..., Answer], address: str) -> None:
    answer = patch({"method": CALLOUT, "params": {"call_type": "sip", "device_ip": address}})
    assert (answer.status, answer.body) == (200, b"")
    patch({"method": CALLOUT, "params": VALID})
    event = eventually(lambda: zoom.world.events)[0]
    assert event.body["payload"]["object"]["participant"]["device_ip"] == "fail-9@room.example.com"


def test_a_session_that_ended_cannot_be_dialled_into(
    zoom: Emulator, session: VenueKey, patch: Callable[..., Answer]
) -> None:
    zoom.end(session)
    assert patch({"method": CALLOUT, "params": VALID}).refusal == GONE


def test_a_session_with_nobody_in_it_cannot_be_dialled_into(zoom: Emulator, videosdk: Caller) -> None:
    empty = zoom.open_session("Empty", identifier="empty", people=0)
    assert empty.is_live
    body = {"method": CALLOUT, "params": VALID}
    assert videosdk("PATCH", "/v2/videosdk/sessions/empty/events", body).refusal == GONE


def test_somebody_is_removed_by_uuid(zoom: Emulator, session: VenueKey, patch: Callable[..., Answer]) -> None:
    attendee = zoom.join(session, "Stranger")
    body = {"method": "user.remove", "params": {"participant_uuid": attendee.uuid}}
    assert patch(body).status == 202
    venue = zoom.world.venue(session)
    assert [somebody.name for somebody in venue.present] == ["Jill Chill", "Ada Example"]
    assert venue.attendees[-1].left_at is not None


def test_removing_nobody_changes_nothing(zoom: Emulator, session: VenueKey, patch: Callable[..., Answer]) -> None:
    before = zoom.world.venue(session)
    assert patch({"method": "user.remove", "params": {"participant_uuid": "nobody"}}).status == 202
    assert zoom.world.venue(session) == before


def test_a_removal_needs_a_uuid(patch: Callable[..., Answer]) -> None:
    answer = patch({"method": "user.remove", "params": {"id": "1"}})
    assert answer.refusal == (400, 300, "Validation Failed.")


def test_a_meeting_takes_its_own_method_only(zoom: Emulator, meetings: Caller) -> None:
    number = zoom.ready["meeting_id"]
    target = f"/v2/live_meetings/{number}/events"
    own = {"method": "participant.invite.room_system_callout", "params": VALID}
    assert meetings("PATCH", target, own).status == 202
    answer = meetings("PATCH", target, {"method": CALLOUT, "params": VALID})
    assert answer.refusal == (400, 300, "Validation Failed.")


def test_a_meeting_that_waits_can_be_dialled_into(zoom: Emulator, meetings: Caller) -> None:
    zoom.open_meeting("Later", number=98765432101, is_started=False)
    body = {
        "method": "participant.invite.room_system_callout",
        "params": {"call_type": "sip", "device_ip": "answer@room.example.com"},
    }
    assert meetings("GET", "/v2/meetings/98765432101").json()["status"] == "waiting"
    assert meetings("PATCH", "/v2/live_meetings/98765432101/events", body).status == 202
    eventually(lambda: meetings("GET", "/v2/meetings/98765432101").json()["status"] == "started")


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        ("91234567890", (404, 3001, "Meeting 91234567890 is not found or has expired.")),
        ("KkMH%3D%3D", (400, 300, "Invalid meeting id.")),
        ("123", (400, 300, "Invalid meeting id.")),
    ],
)
def test_an_unknown_meeting_is_refused(meetings: Caller, number: str, refusal: tuple[int, int, str]) -> None:
    body = {"method": "participant.invite.room_system_callout", "params": VALID}
    assert meetings("PATCH", f"/v2/live_meetings/{number}/events", body).refusal == refusal


def test_a_meeting_that_ended_is_unknown(zoom: Emulator, meetings: Caller) -> None:
    number = zoom.ready["meeting_id"]
    zoom.end(VenueKey(Api.MEETING, number))
    body = {"method": "participant.invite.room_system_callout", "params": VALID}
    answer = meetings("PATCH", f"/v2/live_meetings/{number}/events", body)
    assert answer.refusal == (404, 3001, f"Meeting {number} is not found or has expired.")
