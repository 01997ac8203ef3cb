"""The emulator as tests run it: in a thread, with faults to inject and requests to count."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from emulator.hand_made import GOOD_TOKEN, TEN_O_CLOCK, Caller, eventually, oauth_caller

from zoomcall.domain.target import Api
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.running import LATER_SESSION_NAME, Emulator
from zoomcall.emulator.world import VenueKey
from zoomcall.errors import UsageError

PATCH = {
    "method": "user.invite.room_system_callout",
    "params": {"call_type": "sip", "device_ip": "answer@room.example.com"},
}


@pytest.fixture
def target(zoom: Emulator) -> str:
    """Return the path that controls a session."""
    zoom.open_session("Running", identifier="KkMH")
    return "/v2/videosdk/sessions/KkMH/events"


def test_ready_tells_all_that_the_contract_names(zoom: Emulator) -> None:
    assert set(zoom.ready) == {
        "api_base",
        "oauth_base",
        "api_key",
        "api_secret",
        "account_id",
        "client_id",
        "client_secret",
        "webhook_secret",
        "websocket_subscription_id",
        "session_id",
        "session_name",
        "meeting_id",
        "lobby_meeting_id",
        "public_client_id",
        "empty_session_id",
        "ended_session_id",
        "later_session_id",
    }
    assert zoom.ready["api_base"] == f"{zoom.base}/v2"
    assert zoom.ready["oauth_base"] == zoom.base


def test_every_run_draws_its_own_long_secrets() -> None:
    with Emulator() as one, Emulator() as other:
        same = {name for name in one.ready if one.ready[name] == other.ready[name]}
        assert same == {"session_name"}
        assert len(one.ready["api_secret"]) >= 32
        assert all(one.ready[name].isalnum() for name in ("api_key", "account_id", "client_id"))
        assert one.ready["meeting_id"].isdigit()
        for name in ("session_id", "empty_session_id", "ended_session_id"):
            assert "/" in one.ready[name][1:]


def test_the_clock_is_the_worlds_unless_another_is_given() -> None:
    with Emulator() as zoom:
        answer = Caller(zoom.base)("GET", "/nowhere")
    seen = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - seen).total_seconds()) < 5


def test_it_ends_at_once_and_leaves_nothing_behind() -> None:
    before = threading.active_count()
    zoom = Emulator(time_scale=1)
    with zoom:
        key = zoom.open_session("Ending", identifier="KkMH").key
        idle = http.client.HTTPConnection("127.0.0.1", int(zoom.base.rpartition(":")[2]))
        idle.request("GET", "/nowhere")
        idle.getresponse().read()
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert threading.active_count() == before
    assert zoom.world.venue(key) is not None
    idle.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(zoom.base.rpartition(":")[2])), timeout=2)


def test_closing_twice_is_fine() -> None:
    zoom = Emulator()
    with zoom:
        pass
    zoom.close()


def test_one_that_never_ran_can_be_closed() -> None:
    Emulator().close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::", ""])  # noqa: S104  they are refused
def test_a_host_that_is_not_loopback_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="not this machine"):
        Emulator(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_any_loopback_host_will_do(host: str) -> None:
    with Emulator(host=host) as zoom:
        assert Caller(zoom.base)("GET", "/nowhere").status == 404


def test_a_port_in_use_is_refused(zoom: Emulator) -> None:
    port = int(zoom.base.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"port {port}"):
        Emulator(port=port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match="--port must be"):
        Emulator(port=port)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_time_scale_that_is_no_positive_number_is_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="time-scale"):
        Emulator(time_scale=scale)


def test_requests_are_kept_with_their_bodies(zoom: Emulator, videosdk: Caller, target: str) -> None:
    videosdk("PATCH", target, PATCH)
    patches = [received for received in zoom.requests if received.method == "PATCH"]
    assert len(patches) == 1
    assert b"answer@room.example.com" in patches[0].request.body
    assert patches[0].request.header("content-type") == "application/json"
    assert patches[0].request.header("x-nothing") is None
    assert patches[0].status == 202


def test_a_fault_answers_in_zooms_place(zoom: Emulator, videosdk: Caller, target: str) -> None:
    page = Reply(502, b"<html>Bad gateway</html>", (("Content-Type", "text/html"),))
    zoom.add_fault(Fault(method="PATCH", path_part="/events", reply=page, times=2))
    assert videosdk("GET", "/v2/videosdk/sessions/KkMH").status == 200
    for _ in range(2):
        answer = videosdk("PATCH", target, PATCH)
        assert (answer.status, answer.body) == (502, b"<html>Bad gateway</html>")
    assert zoom.world.events == ()
    assert videosdk("PATCH", target, PATCH).status == 202


def test_a_fault_may_hide_what_zoom_did(zoom: Emulator, videosdk: Caller, target: str) -> None:
    zoom.add_fault(Fault(method="PATCH", reply=Reply(503), is_acted_on=True))
    assert videosdk("PATCH", target, PATCH).status == 503
    eventually(lambda: len(zoom.world.events) == 2)


def test_a_fault_may_close_the_connection_before_or_after_the_deed(
    zoom: Emulator, videosdk: Caller, target: str
) -> None:
    for is_acted_on in (False, True):
        zoom.add_fault(Fault(method="PATCH", is_reset=True, is_acted_on=is_acted_on))
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            videosdk("PATCH", target, PATCH)
        assert zoom.requests[-1].status is None
        if not is_acted_on:
            assert zoom.world.events == ()
    eventually(lambda: len(zoom.world.events) == 2)


def test_a_fault_may_only_delay(zoom: Emulator, videosdk: Caller, target: str) -> None:
    zoom.add_fault(Fault(path_part="/KkMH", delay=0.2))
    started = time.monotonic()
    assert videosdk("PATCH", target, PATCH).status == 202
    assert time.monotonic() - started >= 0.2


def test_rubbish_on_the_wire_is_answered_and_not_fatal(zoom: Emulator, videosdk: Caller) -> None:
    port = int(zoom.base.rpartition(":")[2])
    for rubbish in (b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
            wire.sendall(rubbish + b"\r\n\r\n")
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(4096):
                pass
    assert videosdk("GET", "/nowhere").status == 404


def test_many_callers_are_served_at_once(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Busy", identifier="busy")
    key = VenueKey(Api.SESSION, "busy")
    statuses = []

    def read() -> None:
        for _ in range(10):
            statuses.append(videosdk("GET", "/v2/videosdk/sessions/busy/users").status)
            zoom.join(key, "Guest")

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80
    assert len(zoom.requests) == 80
    assert len(zoom.world.venue(key).present) == 82


def test_a_server_that_cannot_start_says_so() -> None:
    zoom = Emulator()
    zoom._listener.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        zoom.__enter__()
    zoom.close()


def test_the_account_can_be_turned_while_it_runs(zoom: Emulator) -> None:
    assert zoom.has_crc_plan
    zoom.has_crc_plan = False
    assert not zoom.has_crc_plan
    zoom.world.scopes = ("imchat:bot",)
    assert zoom.world.scopes == ("imchat:bot",)
    assert oauth_caller(zoom)("GET", "/v2/users/me").refusal[:2] == (400, 4711)
    zoom.world.scopes = ("user:read",)
    assert oauth_caller(zoom)("GET", "/v2/users/me").status == 200


def test_a_stranger_comes_and_goes(zoom: Emulator, videosdk: Caller) -> None:
    key = zoom.open_session("Strangers", identifier="KkMH", people=0).key
    stranger = zoom.join(key, "Stranger")
    users = videosdk("GET", "/v2/videosdk/sessions/KkMH/users").json()["users"]
    assert [(user["participant_uuid"], user["device"]) for user in users] == [(stranger.uuid, "H.323/SIP")]
    zoom.leave(key, stranger)
    assert videosdk("GET", "/v2/videosdk/sessions/KkMH/users").json()["users"] == []


# The session that goes live later


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = TEN_O_CLOCK

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.parametrize("by", ["id", "name", "list"])
def test_the_later_session_goes_live_five_scaled_seconds_after_it_is_first_asked_for(
    make_zoom: Callable[..., Emulator], by: str
) -> None:
    clock = Hands()
    zoom = make_zoom(clock=clock, time_scale=0.5)
    caller = Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})
    users = f"/v2/videosdk/sessions/{quote(zoom.ready['later_session_id'], safe='')}/users"
    everything = "/v2/videosdk/sessions?from=2026-11-20&to=2026-11-21"
    named = f"{everything}&session_name={quote(LATER_SESSION_NAME)}"

    def is_live() -> bool:
        if by == "id":
            return caller("GET", users).status == 200
        rows = caller("GET", named if by == "name" else everything).json()["sessions"]
        return LATER_SESSION_NAME in {row["session_name"] for row in rows}

    past = [row["id"] for row in caller("GET", f"{everything}&type=past").json()["sessions"]]
    assert past == [zoom.ready["ended_session_id"]]
    clock.now += timedelta(minutes=1)  # who asks for sessions that are over does not ask for it
    assert not is_live()
    clock.now += timedelta(seconds=2.4)
    assert not is_live()
    clock.now += timedelta(seconds=0.1)
    assert is_live()
    assert len(caller("GET", users).json()["users"]) == 2
