import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Loopback, Peer, answering
from shell import SENTINEL

from zoomcall.adapters.http import Clock, Http
from zoomcall.adapters.zoom_rest import ZoomRest
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.api_base import API_BASE, ApiBase
from zoomcall.domain.callout import Callout, CalloutRequest, SipHeader
from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.live import LiveSession, Meeting, SipDialing, User, WebhookLog
from zoomcall.domain.roster import Participant
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api, MeetingNumber, MeetingTarget, SessionId, SessionTarget, parse_session_id
from zoomcall.domain.zoom_list import ListedRoom, ZoomList
from zoomcall.errors import ErrorKind, NetworkFault, NetworkWord, UsageError, WrongCredential

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
SESSION = SessionId("KkMHZ4y8QhSUWAHi5sWvfg==")
MEETING = MeetingNumber("84098077904")

Reply = httpx.Response | Exception | dict[str, Any]


class FakeZoom:
    """Zoom at the end of a faked wire: gives one reply after the other, the last one for ever."""

    def __init__(
        self, *replies: Reply, token: AccessToken | None = None, renewed: AccessToken | None = None
    ) -> None:
        self.replies = replies
        self.requests: list[httpx.Request] = []
        self.apis: list[Api] = []
        self.renewals: list[AccessToken] = []
        self.renewed_until: datetime | None = None
        self.token = token or bearer()
        clock = Clock(now=lambda: NOW, sleep=lambda _: None, chance=lambda: 0.0)
        self.rest = ZoomRest(
            Http(transport=httpx.MockTransport(self.answer), clock=clock),
            API_BASE,
            self.supply,
            renew=None if renewed is None else lambda refused, deadline: self.renew(refused, deadline, renewed),
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, dict):
            return httpx.Response(200, json=reply)
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    def supply(self, api: Api) -> AccessToken:
        self.apis.append(api)
        return self.token

    def renew(self, refused: AccessToken, deadline: datetime | None, token: AccessToken) -> AccessToken:
        self.renewals.append(refused)
        self.renewed_until = deadline
        return token

    @property
    def sent(self) -> list[tuple[str, bytes]]:
        return [(request.method, request.url.raw_path) for request in self.requests]


def bearer(text: str = SENTINEL, kind: CredentialKind = CredentialKind.VIDEOSDK) -> AccessToken:
    return AccessToken(text=Secret(text), kind=kind)


def sip_call(target: SessionTarget | MeetingTarget, address: str = "room@example.com") -> CalloutRequest:
    return CalloutRequest(target, Callout(address=RoomAddress.parse(Protocol.SIP, address)))


def refused(status: int, code: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message})


# One method an endpoint


def test_me_says_whose_the_token_is() -> None:
    zoom = FakeZoom(
        {"id": "U1", "email": "a@b.example", "display_name": "Ada", "role_name": "Owner", "account_id": "A"}
    )
    assert zoom.rest.me() == User(id="U1", email="a@b.example", name="Ada", account_id="A", role="Owner")
    assert zoom.sent == [("GET", b"/v2/users/me")]
    assert zoom.apis == [Api.MEETING]
    assert zoom.requests[0].headers["authorization"] == f"Bearer {SENTINEL}"
    assert zoom.requests[0].content == b""


def test_me_makes_a_name_of_its_parts() -> None:
    assert FakeZoom({"first_name": "Ada", "last_name": "L"}).rest.me().name == "Ada L"
    assert FakeZoom({"first_name": 7}).rest.me() == User(name="7")


def test_sessions_are_listed_over_all_pages() -> None:
    first = {
        "next_page_token": "t+/=",
        "sessions": [{"id": "a==", "session_name": "One", "user_count": 2, "start_time": "2026-11-21T09:00:00Z"}],
    }
    second = {"next_page_token": "", "sessions": [{"id": "b==", "session_name": "Two", "session_key": "k"}]}
    zoom = FakeZoom(first, second)
    assert zoom.rest.sessions(from_date=DAY, to_date=DAY, name="On e") == (
        LiveSession(id=SessionId("a=="), name="One", user_count=2, start_time=NOW - timedelta(hours=1)),
        LiveSession(id=SessionId("b=="), name="Two", key="k"),
    )
    query = b"from=2026-11-21&to=2026-11-21&type=live&session_name=On+e&page_size=300"
    assert zoom.sent == [
        ("GET", b"/v2/videosdk/sessions?" + query),
        ("GET", b"/v2/videosdk/sessions?" + query + b"&next_page_token=t%2B%2F%3D"),
    ]
    assert zoom.apis == [Api.SESSION, Api.SESSION]


def test_past_sessions_can_be_listed() -> None:
    zoom = FakeZoom({"sessions": [{"id": "a", "end_time": "2026-11-21T10:00:00Z"}]})
    [session] = zoom.rest.sessions(from_date=DAY, to_date=DAY, is_live=False)
    assert session == LiveSession(id=SessionId("a"))
    assert zoom.requests[0].url.params["type"] == "past"


def test_a_session_that_two_pages_name_is_listed_once() -> None:
    zoom = FakeZoom({"sessions": [{"id": "a"}], "next_page_token": "x"}, {"sessions": [{"id": "a"}]})
    assert len(zoom.rest.sessions(from_date=DAY, to_date=DAY)) == 1


def test_a_session_is_shown() -> None:
    assert FakeZoom({"session_name": "One"}).rest.session(SESSION) == LiveSession(id=SESSION, name="One")
    zoom = FakeZoom({"id": SESSION, "session_name": "One", "user_count": "3"})
    assert zoom.rest.session(SESSION) == LiveSession(id=SESSION, name="One", user_count=3)
    assert zoom.sent == [("GET", b"/v2/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D?type=live")]


def test_users_of_a_session_are_participants() -> None:
    zoom = FakeZoom(
        {
            "users": [
                {
                    "id": "16778240",
                    "name": "Board room",
                    "device": "H.323/SIP",
                    "ip_address": "203.0.113.10",
                    "join_time": "2026-11-21T10:00:00Z",
                    "participant_uuid": "P1",
                },
                {"id": 7, "name": "Ada", "device": "Mac", "leave_time": "2026-11-21T10:00:00Z"},
            ],
        }
    )
    assert zoom.rest.session_users(SESSION) == (
        Participant(
            id="P1",
            uuid="P1",
            other_ids=frozenset({"16778240"}),
            name="Board room",
            device="H.323/SIP",
            ip_address="203.0.113.10",
            join_time=NOW,
        ),
        Participant(id="7", name="Ada", device="Mac", leave_time=NOW),
    )
    assert zoom.sent == [
        ("GET", b"/v2/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D/users?type=live&page_size=300")
    ]


def test_a_user_without_any_id_is_the_same_in_every_poll() -> None:
    zoom = FakeZoom({"users": [{"name": "Ada", "join_time": "T"}, {"name": "Bob", "join_time": "T"}]})
    first, second = zoom.rest.session_users(SESSION), zoom.rest.session_users(SESSION)
    assert [user.id for user in first] == [user.id for user in second]
    assert len({user.id for user in first}) == 2


def test_two_users_of_one_name_without_an_id_are_told_apart_by_when_they_joined() -> None:
    rows = [{"name": "Room", "join_time": f"2026-11-21T10:00:0{second}Z"} for second in (1, 2)]
    first, second = FakeZoom({"users": rows}).rest.session_users(SESSION)
    assert first.id != second.id


def test_a_participant_in_the_waiting_room_is_not_in_the_meeting() -> None:
    rows = [{"user_id": "1", "status": "in_waiting_room"}, {"user_id": "2", "status": "in_meeting"}]
    waiting, joined = FakeZoom({"participants": rows}).rest.meeting_participants(MEETING)
    assert (waiting.is_present, joined.is_present) == (False, True)


def test_text_that_no_encoding_takes_is_written_out() -> None:
    reply = httpx.Response(200, content=r'{"users": [{"id": "\ud800", "name": "a\udfffb"}]}')
    [user] = FakeZoom(reply).rest.session_users(SESSION)
    assert (user.id, user.name) == ("\\ud800", "a\\udfffb")


def test_participants_of_a_meeting_have_a_sip_uri() -> None:
    rows = [{"id": "U", "user_id": "167", "user_name": "Room", "device": "H.323/SIP", "sip_uri": "sip:r@x.example"}]
    zoom = FakeZoom({"participants": rows})
    [participant] = zoom.rest.meeting_participants(MEETING)
    assert (participant.id, participant.name, participant.sip_uri) == ("167", "Room", "sip:r@x.example")
    assert zoom.sent == [("GET", b"/v2/metrics/meetings/84098077904/participants?type=live&page_size=300")]
    assert zoom.apis == [Api.MEETING]


def test_a_meeting_is_shown() -> None:
    zoom = FakeZoom({"id": 84098077904, "topic": "Standup", "status": "started", "host_id": "H"})
    meeting = zoom.rest.meeting(MEETING)
    assert meeting == Meeting(status="started")
    assert meeting.is_live
    assert zoom.sent == [("GET", b"/v2/meetings/84098077904")]
    assert FakeZoom({"status": "waiting"}).rest.meeting(MEETING).is_live is False
    assert FakeZoom({"status": None}).rest.meeting(MEETING).is_live is None


def test_sip_dialing_of_a_session_proves_the_plan() -> None:
    zoom = FakeZoom(httpx.Response(201, json={"sip_dialing": "967.xx@zoomcrc.com", "expire_in": 7200}))
    dialing = zoom.rest.session_sip_dialing(SESSION)
    assert dialing == SipDialing(has_crc_plan=None)
    assert "967" not in repr(dialing)
    assert zoom.sent == [("POST", b"/v2/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D/sip_dialing")]
    assert zoom.requests[0].content == b"{}"


def test_sip_dialing_of_a_meeting_tells_of_the_plan() -> None:
    zoom = FakeZoom({"paid_crc_plan_participant": False, "sip_dialing": 5})
    assert zoom.rest.meeting_sip_dialing(MEETING) == SipDialing(has_crc_plan=False)
    assert zoom.sent == [("POST", b"/v2/meetings/84098077904/sip_dialing")]
    assert FakeZoom({"paid_crc_plan_participant": "no"}).rest.meeting_sip_dialing(MEETING) == SipDialing()


def test_a_dial_in_code_tells_of_the_plan_without_a_meeting() -> None:
    zoom = FakeZoom({"participant_identifier_code": "12ab", "expire_in": 30, "paid_crc_plan_participant": True})
    assert zoom.rest.crc_code() == SipDialing(has_crc_plan=True)
    assert zoom.sent == [("GET", b"/v2/crc/participant_identifier_code?expires_in=30")]


def test_a_missing_plan_is_not_entitled() -> None:
    zoom = FakeZoom(refused(403, 2311, "No Permission, does not have Conference Room Connector plan."))
    with pytest.raises(ZoomRefused) as caught:
        zoom.rest.session_sip_dialing(SESSION)
    assert caught.value.kind is ErrorKind.NOT_ENTITLED


def test_registered_devices_are_listed() -> None:
    row = {"id": "D", "name": "Room", "protocol": "H.323", "ip": " 203.0.113.10", "encryption": "auto"}
    zoom = FakeZoom({"devices": [row, {}, None]})
    assert zoom.rest.h323_devices() == (
        ListedRoom(list=ZoomList.DEVICES, id="D", name="Room", protocol="H.323", address="203.0.113.10"),
        ListedRoom(list=ZoomList.DEVICES, id=""),
    )
    assert zoom.sent == [("GET", b"/v2/h323/devices?page_size=300")]


@pytest.mark.parametrize("key", ["managed_rooms", "rooms"])
def test_managed_rooms_are_in_the_only_array_of_the_document(key: str) -> None:
    row = {"device_id": "C/1", "name": "Suite", "manage_type": "Cisco", "ip_address": "10.0.0.5"}
    zoom = FakeZoom({"page_size": 300, key: [row], "next_page_token": ""})
    room = ListedRoom(list=ZoomList.MANAGED, id="C/1", name="Suite", protocol="SIP", address="10.0.0.5")
    assert zoom.rest.managed_rooms() == (room,)
    assert zoom.sent == [("GET", b"/v2/crc/managed_rooms?page_size=300")]
    assert FakeZoom({"total_records": 0}).rest.managed_rooms() == ()


@pytest.mark.parametrize("body", [{}, {"a": [], "b": []}, {"total_records": 3}])
def test_a_document_without_one_array_is_not_zooms_list(body: dict[str, Any]) -> None:
    with pytest.raises(ZoomRefused) as caught:
        FakeZoom(body).rest.managed_rooms()
    assert caught.value.kind is ErrorKind.ZOOM_FAULT


def test_the_state_of_a_managed_room_is_in_zooms_words() -> None:
    body = {"device_id": "C/1", "connection_status": "connected", "sip_status": "registered", "call_status": 7}
    zoom = FakeZoom(body)
    state = zoom.rest.managed_room("C/1")
    assert (state.connection, state.sip, state.call) == ("connected", "registered", "7")
    assert zoom.sent == [("GET", b"/v2/crc/managed_rooms/C%2F1")]


def test_webhook_logs_hold_failed_and_good_deliveries() -> None:
    rows = [
        {
            "event": "session.user_joined",
            "request_body": '{"a":1}',
            "status": -1,
            "failed_reason_type": 3,
            "date_time": "2026-11-21T10:00:00Z",
            "request_id": "R",
            "trace_id": "T",
            "retry_num": 0,
        },
        {"event": "x", "request_body": {"a": 1}, "status": "200"},
        {"event": None},
    ]
    zoom = FakeZoom({"webhook_logs": rows})
    logs = zoom.rest.webhook_logs(from_time=NOW - timedelta(hours=1), to_time=NOW, event="session.user_joined")
    assert logs == (
        WebhookLog(
            event="session.user_joined",
            request_body='{"a":1}',
            status=-1,
        ),
        WebhookLog(event="x", request_body='{"a": 1}', status=200),
    )
    [(method, path)] = zoom.sent
    assert (method, path.partition(b"?")[0]) == ("GET", b"/v2/videosdk/report/webhook_logs")
    assert path.partition(b"?")[2].split(b"&") == [
        b"from=2026-11-21T09%3A00%3A00Z",
        b"to=2026-11-21T10%3A00%3A00Z",
        b"type=1",
        b"event=session.user_joined",
        b"page_size=300",
    ]


def test_a_sample_of_the_log_is_one_page_and_a_whole_log_every_page() -> None:
    for is_sample, pages in ((True, 1), (False, 2)):
        rows = [{"event": "x"}] * 300
        zoom = FakeZoom({"webhook_logs": rows, "next_page_token": "more"}, {"webhook_logs": rows})
        logs = zoom.rest.webhook_logs(from_time=NOW, to_time=NOW, is_sample=is_sample)
        assert (len(logs), len(zoom.requests)) == (300 * pages, pages)


def test_the_log_is_asked_in_utc() -> None:
    zoom = FakeZoom({"webhook_logs": []})
    moment = NOW.astimezone(timezone(timedelta(hours=9)))
    zoom.rest.webhook_logs(from_time=moment, to_time=moment)
    parameters = zoom.requests[0].url.params
    assert (parameters["from"], parameters["to"]) == ("2026-11-21T10:00:00Z",) * 2


# The PATCHes


def test_a_sip_room_is_rung_into_a_session() -> None:
    zoom = FakeZoom(httpx.Response(202, headers={"x-zm-trackingid": "T1", "date": "Sat, 21 Nov 2026 09:59:58 GMT"}))
    callout = Callout(
        address=RoomAddress.parse(Protocol.SIP, "room@example.com"),
        from_name="Zo\u00eb",
        to_name="Board",
        from_uri="sip:zoomcall@example.com",
        headers=(SipHeader("X-Ref", "42"),),
    )
    answer = zoom.rest.call_out(CalloutRequest(SessionTarget(SESSION), callout))
    assert (answer.status, answer.tracking_id) == (202, "T1")
    assert zoom.sent == [("PATCH", b"/v2/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D/events")]
    [request] = zoom.requests
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "method": "user.invite.room_system_callout",
        "params": {
            "call_type": "sip",
            "device_ip": "room@example.com",
            "sip_headers": {
                "from_display_name": "Zo\u00eb",
                "to_display_name": "Board",
                "from_uri": "sip:zoomcall@example.com",
                "additional_headers": [{"key": "X-Ref", "value": "42"}],
            },
        },
    }
    assert zoom.rest.last_clock == (NOW - timedelta(seconds=2), NOW)


def test_an_h323_room_is_rung_into_a_meeting() -> None:
    zoom = FakeZoom(httpx.Response(202))
    callout = Callout(address=RoomAddress.parse(Protocol.H323, "203.0.113.10##84#99887"), to_name="Room 1")
    zoom.rest.call_out(CalloutRequest(MeetingTarget(MEETING), callout))
    assert zoom.sent == [("PATCH", b"/v2/live_meetings/84098077904/events")]
    assert json.loads(zoom.requests[0].content) == {
        "method": "participant.invite.room_system_callout",
        "params": {
            "call_type": "h323",
            "device_ip": "203.0.113.10##84#99887",
            "h323_headers": {"to_display_name": "Room 1"},
        },
    }
    assert zoom.apis == [Api.MEETING]


def test_a_passcode_that_zoom_repeats_is_masked() -> None:
    zoom = FakeZoom(refused(400, 300, "bad device_ip 203.0.113.10##84#99887"))
    callout = Callout(address=RoomAddress.parse(Protocol.H323, "203.0.113.10##84#99887"))
    answer = zoom.rest.call_out(CalloutRequest(MeetingTarget(MEETING), callout))
    assert answer.message == "bad device_ip 203.0.113.10##84#***"


@pytest.mark.parametrize("status", [200, 202, 204, 301, 307, 400, 401, 403, 404, 415, 500, 502, 503])
def test_every_answer_to_a_patch_is_given_back_and_not_sent_again(status: int) -> None:
    zoom = FakeZoom(httpx.Response(status, headers={"location": "https://elsewhere.example/"}))
    assert zoom.rest.call_out(sip_call(SessionTarget(SESSION))).status == status
    assert len(zoom.requests) == 1


def test_a_patch_without_an_answer_is_a_fault() -> None:
    zoom = FakeZoom(httpx.ReadTimeout("x"))
    with pytest.raises(NetworkFault) as caught:
        zoom.rest.call_out(sip_call(SessionTarget(SESSION)))
    assert caught.value.may_have_arrived
    assert len(zoom.requests) == 1


def test_a_participant_is_removed() -> None:
    zoom = FakeZoom(httpx.Response(202))
    assert zoom.rest.remove_participant(SessionTarget(SessionId("/a")), "P 1").status == 202
    assert zoom.sent == [("PATCH", b"/v2/videosdk/sessions/%252Fa/events")]
    assert json.loads(zoom.requests[0].content) == {"method": "user.remove", "params": {"participant_uuid": "P 1"}}


# Session ids on the wire (zoom-api 3.5)

CALLS: list[Callable[[ZoomRest, SessionId], object]] = [
    lambda rest, session: rest.call_out(sip_call(SessionTarget(session))),
    lambda rest, session: rest.session_users(session),
    lambda rest, session: rest.session(session),
    lambda rest, session: rest.session_sip_dialing(session),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("session", "encoded"),
    [
        ("KkMHZ4y8QhSUWAHi5sWvfg==", b"KkMHZ4y8QhSUWAHi5sWvfg%3D%3D"),
        ("sfk/aOFJSJSYhGwk1hnxgw==", b"sfk%2FaOFJSJSYhGwk1hnxgw%3D%3D"),
        ("/sfk+aOFJ==", b"%252Fsfk%252BaOFJ%253D%253D"),
        ("sfk//aOFJ==", b"sfk%252F%252FaOFJ%253D%253D"),
        ("a%2Fb", b"a%252Fb"),
        ("../users", b"..%2Fusers"),
        ("a?b#c;d", b"a%3Fb%23c%3Bd"),
        ("\u00e4", b"%C3%A4"),
    ],
)
def test_a_session_id_stands_in_the_path_byte_for_byte(
    call: Callable[[ZoomRest, SessionId], object], session: str, encoded: bytes
) -> None:
    def script(peer: Peer) -> None:
        while peer.read():
            peer.answer(202, b'{"users":[]}')

    with Loopback(script) as server, Http() as http:
        call(ZoomRest(http, ApiBase(f"{server.url}/v2"), lambda _: bearer()), parse_session_id(session))
    [request] = server.requests
    path = request.split(b" ")[1].partition(b"?")[0]
    assert path.split(b"/")[:4] == [b"", b"v2", b"videosdk", b"sessions"]
    assert path.split(b"/")[4] == encoded


@given(st.text(min_size=1, max_size=40))
def test_any_session_id_is_one_part_of_the_path_and_can_be_decoded(text: str) -> None:
    try:
        session = parse_session_id(text)
    except UsageError:
        return
    zoom = FakeZoom(httpx.Response(202))
    zoom.rest.call_out(sip_call(SessionTarget(session)))
    [(_, path)] = zoom.sent
    [_, v2, videosdk, sessions, part, events] = path.split(b"/")
    assert (v2, videosdk, sessions, events) == (b"v2", b"videosdk", b"sessions", b"events")
    is_twice = text.startswith("/") or "//" in text
    once = unquote(part.decode())
    assert (unquote(once) if is_twice else once) == text


# Tokens


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "a\r\nX: 1", " a", "a\u00e4", "a\x00"])
def test_a_token_that_no_header_can_carry_is_not_sent(text: str) -> None:
    zoom = FakeZoom(httpx.Response(202), token=bearer(text + SENTINEL if text else ""))
    for call in CALLS:
        with pytest.raises(WrongCredential) as caught:
            call(zoom.rest, SESSION)
        assert SENTINEL not in str(caught.value)
    assert zoom.requests == []


def test_a_token_is_renewed_no_longer_than_the_request_may_wait() -> None:
    zoom = FakeZoom(
        refused(401, 124, "Access token is expired."),
        httpx.Response(202, json={"users": []}),
        token=bearer(kind=CredentialKind.S2S),
        renewed=bearer("new", CredentialKind.S2S),
    )
    zoom.rest.session_users(SESSION, deadline=NOW)
    assert zoom.renewed_until == NOW


@pytest.mark.parametrize("call", CALLS[:2])
def test_a_refused_server_to_server_token_is_renewed_once(call: Callable[[ZoomRest, SessionId], object]) -> None:
    old = bearer(kind=CredentialKind.S2S)
    zoom = FakeZoom(
        refused(401, 124, "Access token is expired."),
        httpx.Response(202, json={"users": []}),
        token=old,
        renewed=bearer("new", CredentialKind.S2S),
    )
    call(zoom.rest, SESSION)
    assert zoom.renewals == [zoom.token]
    assert [request.headers["authorization"] for request in zoom.requests] == [f"Bearer {SENTINEL}", "Bearer new"]


def test_a_renewed_token_that_is_refused_too_is_the_answer() -> None:
    zoom = FakeZoom(
        refused(401, 124, "Invalid access token."),
        token=bearer(kind=CredentialKind.S2S),
        renewed=bearer("new", CredentialKind.S2S),
    )
    assert zoom.rest.call_out(sip_call(MeetingTarget(MEETING))).code == 124
    assert len(zoom.requests) == 2


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        (CredentialKind.VIDEOSDK, refused(401, 124, "x")),
        (CredentialKind.TOKEN, refused(401, 124, "x")),
        (CredentialKind.S2S, refused(401, 4700, "x")),
        (CredentialKind.S2S, refused(400, 124, "x")),
    ],
)
def test_no_other_refusal_renews_a_token(kind: CredentialKind, reply: httpx.Response) -> None:
    zoom = FakeZoom(reply, token=bearer(kind=kind), renewed=bearer("new", kind))
    zoom.rest.call_out(sip_call(SessionTarget(SESSION)))
    assert (len(zoom.requests), zoom.renewals) == (1, [])


def test_the_token_of_a_user_is_renewed_too() -> None:
    old, new = bearer(kind=CredentialKind.OAUTH), bearer("new", CredentialKind.OAUTH)
    zoom = FakeZoom(refused(401, 124, "x"), httpx.Response(202), token=old, renewed=new)
    assert zoom.rest.call_out(sip_call(SessionTarget(SESSION))).status == 202
    assert zoom.renewals == [old]


def test_without_a_way_to_renew_the_refusal_stands() -> None:
    zoom = FakeZoom(refused(401, 124, "x"), token=bearer(kind=CredentialKind.S2S))
    assert zoom.rest.call_out(sip_call(SessionTarget(SESSION))).status == 401


# Answers that are not the documented ones


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (401, 124, "Invalid access token.", ErrorKind.AUTH),
        (400, 4711, "does not contain scopes:[x]", ErrorKind.NOT_ENTITLED),
        (404, 3001, "Session is not found or has expired.", ErrorKind.NO_SESSION),
        (404, 2300, "This API endpoint is not recognized.", ErrorKind.REJECTED),
        (429, 429, "You have reached the maximum per-second rate limit", ErrorKind.RATE_LIMITED),
        (500, 500, "x", ErrorKind.ZOOM_FAULT),
    ],
)
def test_a_get_that_zoom_refuses_raises_what_zoom_said(
    status: int, code: int, message: str, kind: ErrorKind
) -> None:
    zoom = FakeZoom(refused(status, code, message))
    with pytest.raises(ZoomRefused) as caught:
        zoom.rest.session_users(SESSION)
    assert (caught.value.kind, caught.value.answer.code, caught.value.answer.message) == (kind, code, message)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html>Log in to the hotel's Wi-Fi</html>"),
        httpx.Response(200),
        httpx.Response(204),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"users": {}}),
        httpx.Response(200, json={"users": "none"}),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(403, text="blocked"),
    ],
)
def test_an_answer_of_another_shape_is_no_answer_of_zooms(reply: httpx.Response) -> None:
    with pytest.raises(ZoomRefused) as caught:
        FakeZoom(reply).rest.session_users(SESSION)
    assert caught.value.kind is ErrorKind.ZOOM_FAULT


def test_an_error_in_a_success_is_an_error() -> None:
    with pytest.raises(ZoomRefused) as caught:
        FakeZoom({"code": 200, "message": "Invalid api key or secret."}).rest.session_users(SESSION)
    assert caught.value.kind is ErrorKind.AUTH


def test_a_null_list_is_an_empty_one() -> None:
    assert FakeZoom({"users": None}).rest.session_users(SESSION) == ()


def test_rows_that_are_no_rows_are_left_out() -> None:
    zoom = FakeZoom({"users": ["x", None, 5, [], {"id": "1", "name": ["x"], "device": 7, "join_time": 0}]})
    assert zoom.rest.session_users(SESSION) == (Participant(id="1", device="7"),)
    zoom = FakeZoom({"sessions": [{"id": None}, {"id": ""}, {"id": True}, {"id": "a", "user_count": True}]})
    assert zoom.rest.sessions(from_date=DAY, to_date=DAY) == (LiveSession(id=SessionId("a")),)


def test_pages_that_go_round_in_a_circle_are_no_answer_of_zooms() -> None:
    zoom = FakeZoom({"users": [{"id": "1"}], "next_page_token": "again"})
    with pytest.raises(ZoomRefused) as caught:
        zoom.rest.session_users(SESSION)
    assert caught.value.kind is ErrorKind.ZOOM_FAULT
    assert len(zoom.requests) == 2


def test_pages_without_end_are_no_answer_of_zooms() -> None:
    zoom = FakeZoom(*({"users": [], "next_page_token": str(number)} for number in range(200)))
    with pytest.raises(ZoomRefused):
        zoom.rest.session_users(SESSION)
    assert len(zoom.requests) == 100


def test_a_page_that_is_too_large_is_no_answer_of_zooms() -> None:
    with Loopback(answering(200, b'{"users":[]}' + b" " * (11 * 1024 * 1024))) as server, Http() as http:
        rest = ZoomRest(http, ApiBase(server.url), lambda _: bearer())
        with pytest.raises(ZoomRefused) as caught:
            rest.session_users(SESSION)
    assert caught.value.kind is ErrorKind.ZOOM_FAULT


def test_an_answer_that_breaks_off_is_no_answer_of_zooms_however_whole_it_looks() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n" + b'{"sip_dialing":"1@zoomcrc.com"}')
        peer.close()

    with Loopback(script) as server, Http() as http:
        rest = ZoomRest(http, ApiBase(server.url), lambda _: bearer())
        with pytest.raises((ZoomRefused, NetworkFault)):
            rest.session_sip_dialing(SESSION)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["id", "name", "device", "join_time", "leave_time", "participant_uuid", "user_count", "event", "status", "ip"]
)
LISTS = ("users", "sessions", "participants", "devices", "webhook_logs")


@given(st.lists(JSON_VALUES | st.dictionaries(KEYS, JSON_VALUES), max_size=4))
def test_rows_of_any_shape_do_no_harm(rows: list[Any]) -> None:
    rest = FakeZoom(dict.fromkeys(LISTS, rows) | {"next_page_token": ""}).rest
    assert len(rest.session_users(SESSION)) == sum(isinstance(row, dict) for row in rows)
    rest.sessions(from_date=DAY, to_date=DAY)
    rest.meeting_participants(MEETING)
    rest.h323_devices()
    FakeZoom({"any": rows, "next_page_token": ""}).rest.managed_rooms()
    rest.webhook_logs(from_time=NOW, to_time=NOW)


@given(st.dictionaries(KEYS | st.sampled_from(["topic", "sip_dialing", "expire_in", "email"]), JSON_VALUES))
def test_objects_of_any_shape_do_no_harm(body: dict[str, Any]) -> None:
    rest = FakeZoom(body).rest
    rest.me()
    rest.session(SESSION)
    rest.meeting(MEETING)
    rest.session_sip_dialing(SESSION)


def test_an_answer_says_where_it_came_from() -> None:
    answer = FakeZoom(httpx.Response(500)).rest.call_out(sip_call(SessionTarget(SESSION)))
    assert answer == ZoomAnswer(
        method="PATCH",
        path="/v2/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D/events",
        status=500,
        local_time=NOW,
        sent_at=NOW,
    )


def test_the_clock_is_unknown_until_an_answer_tells() -> None:
    zoom = FakeZoom({"users": []})
    assert zoom.rest.last_clock is None
    zoom.rest.session_users(SESSION)
    assert zoom.rest.last_clock is None


def test_the_clock_is_the_newest_answers_and_stays_where_one_tells_no_time() -> None:
    dates = ({"date": "Sat, 21 Nov 2026 09:59:58 GMT"}, {"date": "Sat, 21 Nov 2026 09:59:59 GMT"}, {})
    zoom = FakeZoom(*(httpx.Response(200, json={"users": []}, headers=headers) for headers in dates))
    clocks = []
    for _ in dates:
        zoom.rest.session_users(SESSION)
        clocks.append(zoom.rest.last_clock)
    assert clocks == [(NOW - timedelta(seconds=behind), NOW) for behind in (2, 1, 1)]


def test_a_request_whose_token_cannot_be_had_has_not_arrived() -> None:
    zoom = FakeZoom(httpx.Response(202))

    def supply(_: Api) -> AccessToken:
        raise NetworkFault("no answer", word=NetworkWord.RESET, may_have_arrived=True)

    rest = ZoomRest(Http(transport=httpx.MockTransport(zoom.answer)), API_BASE, supply)
    with pytest.raises(NetworkFault) as caught:
        rest.call_out(sip_call(SessionTarget(SESSION)))
    assert not caught.value.may_have_arrived
    assert zoom.requests == []


@pytest.mark.parametrize("reply", [httpx.Response(500), httpx.Response(429), httpx.ConnectError("no")])
def test_who_asks_again_anyway_may_have_each_request_tried_once(reply: Reply) -> None:
    zoom = FakeZoom(reply)
    with pytest.raises((ZoomRefused, NetworkFault)):
        zoom.rest.once.session_users(SESSION)
    assert len(zoom.sent) == 1
    with pytest.raises((ZoomRefused, NetworkFault)):
        zoom.rest.session_users(SESSION)
    assert len(zoom.sent) == 1 + 3
