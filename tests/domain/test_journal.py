"""What the journal holds of a call, and whose room has left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.batch import KeptRow, key_of
from zoomcall.domain.call import Reason, Sent, State
from zoomcall.domain.journal import LONGEST_RINGING, SHORTEST_GUARD, CallId, CallRecord, Presence, TargetKey
from zoomcall.domain.live import LOG_REACH, Meeting, WebhookLog
from zoomcall.domain.target import (
    Api,
    MeetingNumber,
    MeetingTarget,
    ResolvedTarget,
    SessionId,
    SessionNameTarget,
    SessionTarget,
)

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CALL = CallRecord(
    id=CallId(1),
    target=TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="s"),
    target_name=None,
    protocol=Protocol.SIP,
    address="room@example.com",
    shown="sip:Room@example.com",
    to_name="Board",
    profile=None,
    at=AT,
    timeout=timedelta(seconds=60),
    state=State.JOINED,
    sent=Sent.YES,
    participant_id="p",
    settled_at=AT,
)


@pytest.mark.parametrize(
    ("target", "api", "identifier"),
    [
        (SessionTarget(SessionId("a=="), "name"), Api.SESSION, "a=="),
        (MeetingTarget(MeetingNumber("987654321")), Api.MEETING, "987654321"),
    ],
)
def test_a_key_leads_back_to_its_target(target: ResolvedTarget, api: Api, identifier: str) -> None:
    key = TargetKey.of(target, "https://api.zoom.us/v2")
    assert (key.api, key.id, key.api_base) == (api, identifier, "https://api.zoom.us/v2")
    assert key_of(key.target) == key_of(target) == f"{api} {identifier}"


def test_a_session_that_is_known_by_name_has_a_key_of_its_own() -> None:
    assert key_of(SessionNameTarget("s")) == "session named s"


@pytest.mark.parametrize(
    ("ids", "asked_at", "settled_at", "participant_id", "lacks"),
    [
        (set(), AT + SECOND, AT, "p", True),
        ({"q"}, AT + SECOND, AT, "p", True),
        ({"p"}, AT + SECOND, AT, "p", False),
        (set(), AT, AT, "p", False),
        (set(), AT - SECOND, AT, "p", False),
        (set(), AT + SECOND, None, "p", False),
        (set(), AT + SECOND, AT, None, False),
    ],
)
def test_a_room_has_left_if_a_later_roster_is_without_it(
    ids: set[str], asked_at: datetime, settled_at: datetime | None, participant_id: str | None, *, lacks: bool
) -> None:
    call = replace(CALL, settled_at=settled_at, participant_id=participant_id)
    assert Presence(frozenset(ids), asked_at).lacks(call) is lacks


@pytest.mark.parametrize(
    ("protocol", "api", "state", "reason", "is_canceled"),
    [
        (Protocol.PHONE, Api.SESSION, State.FAILED, None, True),
        (Protocol.PHONE, Api.SESSION, State.FAILED, Reason(7), False),
        (Protocol.PHONE, Api.SESSION, State.MISSED, None, False),
        (Protocol.PHONE, Api.MEETING, State.FAILED, None, False),
        (Protocol.SIP, Api.SESSION, State.FAILED, None, False),
    ],
)
def test_a_phone_call_into_a_session_fails_without_a_reason_if_it_was_canceled(
    protocol: Protocol, api: Api, state: State, reason: Reason | None, *, is_canceled: bool
) -> None:
    target = replace(CALL.target, api=api)
    call = replace(CALL, protocol=protocol, target=target, state=state, reason=reason)
    assert call.is_canceled is is_canceled


def test_a_recorded_call_rings_what_it_shows() -> None:
    dial = CALL.dial
    assert (dial.address.normalised, dial.to_name) == ("room@example.com", "Board")


def test_a_kept_row_is_read_back() -> None:
    row = KeptRow.of("3", "h323", "10.0.0.1", "session s", "missed", "{}")
    assert (row.number, row.key.protocol, row.key.target, row.state) == (
        3,
        Protocol.H323,
        "session s",
        State.MISSED,
    )


def test_the_guard_and_the_log_reach_as_far_as_documented() -> None:
    assert timedelta(seconds=30) == SHORTEST_GUARD
    assert timedelta(minutes=5) == LONGEST_RINGING
    assert timedelta(days=6, hours=23, minutes=59) == LOG_REACH


@pytest.mark.parametrize(("status", "is_live"), [("started", True), ("waiting", False), (None, None)])
def test_a_meeting_is_live_once_it_was_started(status: str | None, *, is_live: bool | None) -> None:
    assert Meeting(status=status).is_live is is_live


def test_a_line_of_the_webhook_log_does_not_show_the_event() -> None:
    assert "987654321.1234" not in repr(WebhookLog(event="e", request_body="987654321.1234"))
