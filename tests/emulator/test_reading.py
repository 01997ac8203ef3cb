"""The GETs: rosters, listings, pages, logs, plans."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from emulator.hand_made import TEN_O_CLOCK, Caller, eventually, oauth_caller

from zoomcall.domain.target import Api
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

GONE = (404, 3001, "Session is not found or has expired.")
TODAY = "from=2026-11-20&to=2026-11-21"
HOUR = "from=2026-11-21T09:00:00Z&to=2026-11-21T11:00:00Z"
CALLOUT = {
    "method": "user.invite.room_system_callout",
    "params": {"call_type": "sip", "device_ip": "fail-9@room.example.com"},
}


@pytest.fixture
def path(zoom: Emulator) -> str:
    """Return the path of a live session with two people."""
    zoom.open_session("Reading", identifier="KkMH")
    return "/v2/videosdk/sessions/KkMH"


def test_the_populated_session_was_there_before_with_people_and_a_room(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Other", identifier="other")
    users = [
        user
        for venue in zoom.world.venues(Api.SESSION)
        if venue.key.identifier == zoom.ready["session_id"]
        for user in venue.present
    ]
    assert [user.device for user in users] == ["Windows", "Mac", "H.323/SIP"]
    assert all(user.joined_at < TEN_O_CLOCK for user in users)


def test_users_have_zooms_fields(videosdk: Caller, path: str) -> None:
    document = videosdk("GET", f"{path}/users").json()
    assert document["page_size"] == 30
    assert document["next_page_token"] == ""
    user = document["users"][0]
    assert user["name"] == "Jill Chill"
    assert user["device"] == "Windows"
    assert user["join_time"] == "2026-11-21T10:00:00Z"
    assert user["ip_address"].startswith("203.0.113.")
    assert set(user) >= {"id", "participant_uuid", "location", "network_type", "user_key", "is_original_host"}
    assert "leave_time" not in user
    assert "sip_uri" not in user


def test_an_empty_session_lives_with_nobody_in_it(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Empty", identifier="empty", people=0)
    assert videosdk("GET", "/v2/videosdk/sessions/empty/users").json()["users"] == []
    assert videosdk("GET", "/v2/videosdk/sessions/empty").json()["user_count"] == 0


def test_an_ended_session_is_past_and_not_live(zoom: Emulator, videosdk: Caller, path: str) -> None:
    zoom.end(VenueKey(Api.SESSION, "KkMH"))
    assert videosdk("GET", path).refusal == GONE
    assert videosdk("GET", f"{path}/users?type=live").refusal == GONE
    assert videosdk("GET", f"{path}?type=past").json()["end_time"] == "2026-11-21T10:00:00Z"
    past = videosdk("GET", f"{path}/users?type=past").json()["users"]
    assert [user["leave_time"] for user in past] == ["2026-11-21T10:00:00Z"] * 2


def test_a_live_session_is_not_past(videosdk: Caller, path: str) -> None:
    refusal = (404, 3001, "Session ID is invalid or has not ended.")
    assert videosdk("GET", f"{path}/users?type=past").refusal == refusal
    assert videosdk("GET", f"{path}?type=scheduled").refusal == GONE
    assert videosdk("GET", f"{path}/users?type=lively").refusal == (400, 300, "Validation Failed.")


def test_the_populated_session_is_listed_once_by_its_name(zoom: Emulator, videosdk: Caller) -> None:
    document = videosdk("GET", f"/v2/videosdk/sessions?{TODAY}&type=live&session_name=Morning+stand-up").json()
    assert [session["id"] for session in document["sessions"]] == [zoom.ready["session_id"]]
    assert document["sessions"][0]["session_name"] == zoom.ready["session_name"]
    assert document["sessions"][0]["user_count"] == 3


def test_two_live_sessions_of_one_name_are_both_listed(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Morning stand-up", identifier="second")
    document = videosdk("GET", f"/v2/videosdk/sessions?{TODAY}&session_name=Morning%20stand-up").json()
    assert [session["id"] for session in document["sessions"]] == [zoom.ready["session_id"], "second"]


def test_live_and_past_sessions_are_listed_apart(zoom: Emulator, videosdk: Caller) -> None:
    live = videosdk("GET", f"/v2/videosdk/sessions?{TODAY}").json()["sessions"]
    past = videosdk("GET", f"/v2/videosdk/sessions?{TODAY}&type=past").json()["sessions"]
    assert [row["id"] for row in live] == [zoom.ready["session_id"], zoom.ready["empty_session_id"]]
    assert [row["id"] for row in past] == [zoom.ready["ended_session_id"]]
    assert videosdk("GET", "/v2/videosdk/sessions?from=2026-11-01&to=2026-11-02&type=past").json()["sessions"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-11-20",
        "to=2026-11-20",
        "from=2026-11-21&to=2026-11-20",
        "from=2026-10-01&to=2026-11-20",
        "from=20.11.2026&to=2026-11-20",
        "from=2026-11-31&to=2026-12-01",
        f"{TODAY}&type=scheduled",
        f"{TODAY}&page_size=0",
        f"{TODAY}&page_size=301",
        f"{TODAY}&page_size=x",
    ],
)
def test_a_bad_query_is_refused(videosdk: Caller, query: str) -> None:
    assert videosdk("GET", f"/v2/videosdk/sessions?{query}").refusal == (400, 300, "Validation Failed.")


def test_many_users_come_in_pages(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Crowd", identifier="crowd", people=75)
    target = "/v2/videosdk/sessions/crowd/users"
    names, token, sizes = [], "", []
    while True:
        document = videosdk("GET", f"{target}?page_size=30&next_page_token={token}").json()
        sizes.append(len(document["users"]))
        names += [user["name"] for user in document["users"]]
        token = document["next_page_token"]
        if not token:
            break
    assert sizes == [30, 30, 15]
    assert len(set(names)) == 75


def test_a_page_token_serves_its_own_listing_for_fifteen_minutes(
    make_zoom: Callable[..., Emulator], videosdk: Caller, zoom: Emulator
) -> None:
    moment = [TEN_O_CLOCK]
    zoom = make_zoom(clock=lambda: moment[0])
    zoom.open_session("Crowd", identifier="crowd", people=40)
    zoom.open_session("Other crowd", identifier="other", people=40)
    call = type(videosdk)(zoom.base, videosdk.headers)
    token = call("GET", "/v2/videosdk/sessions/crowd/users").json()["next_page_token"]
    target = f"/v2/videosdk/sessions/crowd/users?next_page_token={token}"
    refusal = (400, 300, "The next page token is invalid or expired.")
    moment[0] = TEN_O_CLOCK + timedelta(minutes=5)
    assert call("GET", target).status == 200
    assert call("GET", target.replace("crowd", "other")).refusal == refusal
    assert call("GET", target + "x").refusal == refusal


def test_a_page_token_expires(make_zoom: Callable[..., Emulator]) -> None:
    moment = [TEN_O_CLOCK]
    zoom = make_zoom(clock=lambda: moment[0], token_lifetime=timedelta(hours=2))
    zoom.open_meeting("Crowd", number=91234567890, people=40)
    call = oauth_caller(zoom)
    target = "/v2/metrics/meetings/91234567890/participants"
    token = call("GET", target).json()["next_page_token"]
    moment[0] = TEN_O_CLOCK + timedelta(minutes=15)
    assert call("GET", f"{target}?next_page_token={token}").refusal == (
        400,
        300,
        "The next page token is invalid or expired.",
    )


def test_a_meeting_tells_its_state(zoom: Emulator, meetings: Caller) -> None:
    number = zoom.ready["meeting_id"]
    document = meetings("GET", f"/v2/meetings/{number}").json()
    assert (document["id"], document["status"]) == (int(number), "started")
    assert meetings("GET", "/v2/meetings/91234567890").refusal == (
        404,
        3001,
        "Meeting 91234567890 is not found or has expired.",
    )


def test_a_sip_room_shows_its_uri_in_a_meeting_only(zoom: Emulator, meetings: Caller, videosdk: Caller) -> None:
    meeting = VenueKey(Api.MEETING, zoom.ready["meeting_id"])
    zoom.join(meeting, "Cart", sip_uri="cart@example.com")
    zoom.join(meeting, "Codec", ip_address="203.0.113.77")
    host, cart, codec = meetings("GET", f"/v2/metrics/meetings/{meeting.identifier}/participants").json()[
        "participants"
    ]
    assert (host["role"], host["status"]) == ("host", "in_meeting")
    assert (cart["device"], cart["sip_uri"], cart["from_sip_uri"]) == (
        "H.323/SIP",
        "cart@example.com",
        "cart@example.com",
    )
    assert codec["ip_address"] == "203.0.113.77"
    assert "sip_uri" not in codec
    zoom.open_session("Reading", identifier="KkMH")
    zoom.join(VenueKey(Api.SESSION, "KkMH"), "Cart", sip_uri="cart@example.com")
    assert "sip_uri" not in videosdk("GET", "/v2/videosdk/sessions/KkMH/users").json()["users"][-1]


def test_a_meeting_that_waits_has_no_participants_to_show(zoom: Emulator, meetings: Caller) -> None:
    zoom.open_meeting("Later", number=91234567890, is_started=False)
    assert meetings("GET", "/v2/metrics/meetings/91234567890/participants").refusal == (
        404,
        3001,
        "Meeting 91234567890 is not found or has expired.",
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("&type=1", 1),
        ("&type=2", 1),
        ("&type=3", 0),
        ("&type=1&event=session.user_room_system_callout_failed", 1),
        ("&type=1&event=session.user_room_system_callout_accepted", 0),
    ],
)
def test_the_log_holds_every_event_as_undelivered(
    zoom: Emulator, videosdk: Caller, path: str, query: str, count: int
) -> None:
    videosdk("PATCH", f"{path}/events", CALLOUT)
    event = eventually(lambda: zoom.world.events)[0]
    rows = videosdk("GET", f"/v2/videosdk/report/webhook_logs?{HOUR}{query}").json()["webhook_logs"]
    assert len(rows) == count
    for row in rows:
        assert row["event"] == "session.user_room_system_callout_failed"
        assert row["date_time"] == "2026-11-21T10:00:00Z"
        assert row["request_id"] == event.request_id
        assert row["status"] == -1
        assert '"reason_type":9' in row["request_body"]


def test_the_log_keeps_to_its_span(zoom: Emulator, videosdk: Caller, path: str) -> None:
    videosdk("PATCH", f"{path}/events", CALLOUT)
    eventually(lambda: zoom.world.events)
    base = "/v2/videosdk/report/webhook_logs?type=1"
    span = "&from=2026-11-21T10:00:00Z&to=2026-11-21T10:00:00Z"
    assert len(videosdk("GET", base + span).json()["webhook_logs"]) == 1
    span = "&from=2026-11-21T10:00:01Z&to=2026-11-21T10:00:02Z"
    assert videosdk("GET", base + span).json()["webhook_logs"] == []


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("", (400, 300, "Validation Failed.")),
        (
            "from=2026-11-21&to=2026-11-21",
            (400, 1503, "The dates must follow the format: `yyyy-MM-dd'T'HH:mm:ss'Z'`."),
        ),
        (
            "from=2026-11-21T10:00:00Z&to=2026-11-21T09:00:00Z",
            (400, 1501, "The 'to' date must be after the 'from' date."),
        ),
        (
            "from=2026-11-21T11:00:00Z&to=2026-11-21T12:00:00Z",
            (400, 1504, "The 'from' date must be before the current date(UTC)."),
        ),
        (f"{HOUR}&type=0", (400, 300, "Validation Failed.")),
        (
            f"{HOUR}&retry_num=4",
            (400, 1506, "The 'retry_num' value must be an integer within the range of 0 to 3."),
        ),
        (
            "from=2026-11-13T09:00:00Z&to=2026-11-21T10:00:00Z",
            (400, 1502, "The date range must be within the last seven days."),
        ),
    ],
)
def test_a_bad_span_of_the_log_is_refused(videosdk: Caller, query: str, refusal: tuple[int, int, str]) -> None:
    assert videosdk("GET", f"/v2/videosdk/report/webhook_logs?{query}").refusal == refusal


def test_dialling_in_tells_of_the_crc_plan(zoom: Emulator, videosdk: Caller, meetings: Caller, path: str) -> None:
    answer = videosdk("POST", f"{path}/sip_dialing", {"passcode": "secret"})
    assert answer.status == 201
    document = answer.json()
    assert document["expire_in"] == 7200
    assert document["sip_dialing"].endswith(f"{document['participant_identifier_code']}@zoomcrc.com")
    assert videosdk("POST", f"{path}/sip_dialing").status == 201
    assert videosdk("POST", "/v2/videosdk/sessions/gone/sip_dialing").refusal == GONE
    meeting = f"/v2/meetings/{zoom.ready['meeting_id']}/sip_dialing"
    assert meetings("POST", meeting, {"passcode": ""}).json()["paid_crc_plan_participant"] is True
    zoom.has_crc_plan = False
    assert videosdk("POST", f"{path}/sip_dialing").refusal == (
        403,
        2311,
        "No Permission, does not have Conference Room Connector plan.",
    )
    assert meetings("POST", meeting).json()["paid_crc_plan_participant"] is False
    assert meetings("GET", "/v2/crc/participant_identifier_code").json()["paid_crc_plan_participant"] is False


def test_a_crc_code_lives_as_long_as_asked(meetings: Caller) -> None:
    target = "/v2/crc/participant_identifier_code"
    assert meetings("GET", target).json()["expire_in"] == 43200
    assert meetings("GET", f"{target}?expires_in=30").json()["expire_in"] == 30
    assert meetings("GET", f"{target}?expires_in=29").refusal == (400, 300, "Validation Failed.")


def test_port_usage_counts_the_rooms(meetings: Caller) -> None:
    document = meetings("GET", f"/v2/metrics/crc?{TODAY}").json()
    assert document["crc_ports_usage"] == [
        {
            "date_time": "2026-11-21T10:00:00Z",
            "crc_ports_hour_usage": [{"hour": "10", "max_usage": 1, "total_usage": 1}],
        }
    ]
    assert meetings("GET", "/v2/metrics/crc?from=2026-11-01&to=2026-11-02").json()["crc_ports_usage"] == []


def test_managed_rooms_are_listed_in_pages_and_each_has_a_state(meetings: Caller) -> None:
    document = meetings("GET", "/v2/crc/managed_rooms?page_size=1").json()
    (room,) = document["managed_rooms"]
    assert set(room) == {"device_id", "name", "manage_type", "device_type", "serial_number", "ip_address"}
    assert document["next_page_token"]
    state = meetings("GET", f"/v2/crc/managed_rooms/{room['device_id']}").json()
    assert {name: state[name] for name in ("connection_status", "sip_status", "call_status")} == {
        "connection_status": "connected",
        "sip_status": "registered",
        "call_status": "InMeeting",
    }
    assert meetings("GET", "/v2/crc/managed_rooms/nobody").refusal[:2] == (404, 60061003)


def test_devices_are_listed_in_pages(meetings: Caller) -> None:
    document = meetings("GET", "/v2/h323/devices?page_size=2").json()
    assert [device["protocol"] for device in document["devices"]] == ["SIP", "H.323"]
    rest = meetings("GET", f"/v2/h323/devices?page_size=2&next_page_token={document['next_page_token']}").json()
    assert [device["id"] for device in rest["devices"]] == ["3"]
    assert set(rest["devices"][0]) == {"id", "name", "protocol", "ip", "encryption"}


def test_the_user_belongs_to_the_account(meetings: Caller) -> None:
    document = meetings("GET", "/v2/users/me").json()
    assert (document["id"], document["account_id"]) == ("HandMadeUser", "HandMadeAccount")
    assert document["email"].endswith("@example.com")
