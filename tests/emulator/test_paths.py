"""Session IDs in paths, as recorded bytes (zoom-api 3.5), and unknown paths."""

import time

import pytest
from emulator.hand_made import Caller, eventually

from zoomcall.domain.target import Api
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

UNKNOWN = (404, 2300, "This API endpoint is not recognized.")
GONE = (404, 3001, "Session is not found or has expired.")


@pytest.mark.parametrize(
    ("identifier", "raw"),
    [
        ("KkMHZ4y8QhSUWAHi5sWvfg==", "KkMHZ4y8QhSUWAHi5sWvfg%3D%3D"),
        ("KkMHZ4y8QhSUWAHi5sWvfg==", "KkMHZ4y8QhSUWAHi5sWvfg=="),
        ("sfk/aOFJSJSYhGwk1hnxgw==", "sfk%2FaOFJSJSYhGwk1hnxgw%3D%3D"),
        ("a+b/c==", "a%2Bb%2Fc%3D%3D"),
        ("a+b/c==", "a+b%2fc%3d%3d"),
        ("/ajXp112QmuoKj4854875==", "%252FajXp112QmuoKj4854875%253D%253D"),
        ("ab//cd==", "ab%252F%252Fcd%253D%253D"),
        ("/", "%252F"),
    ],
)
def test_an_id_encoded_by_the_rule_is_found(zoom: Emulator, videosdk: Caller, identifier: str, raw: str) -> None:
    zoom.open_session("Encoded", identifier=identifier, people=1)
    assert videosdk("GET", f"/v2/videosdk/sessions/{raw}").json()["id"] == identifier
    assert videosdk("GET", f"/v2/videosdk/sessions/{raw}/users").status == 200


@pytest.mark.parametrize(
    ("identifier", "raw"),
    [
        pytest.param("sfk/aOFJ==", "sfk/aOFJ==", id="not encoded at all"),
        pytest.param("sfk/aOFJ==", "sfk%252FaOFJ%253D%253D", id="twice without need"),
        pytest.param("aOFJ==", "aOFJ%253D%253D", id="twice without even a slash"),
        pytest.param("/aOFJ==", "%2FaOFJ%3D%3D", id="leading slash, once"),
        pytest.param("/aOFJ==", "/aOFJ==", id="leading slash, not at all"),
        pytest.param("/aOFJ==", "%25252FaOFJ%25253D%25253D", id="leading slash, three times"),
        pytest.param("ab//cd==", "ab%2F%2Fcd%3D%3D", id="double slash, once"),
    ],
)
def test_an_id_encoded_the_other_way_is_an_unknown_path(
    zoom: Emulator, videosdk: Caller, identifier: str, raw: str
) -> None:
    zoom.open_session("Encoded", identifier=identifier, people=1)
    assert videosdk("GET", f"/v2/videosdk/sessions/{raw}/users").refusal == UNKNOWN


def test_an_unknown_id_is_no_session(videosdk: Caller) -> None:
    assert videosdk("GET", "/v2/videosdk/sessions/AAAA%2FBBBB%3D%3D/users").refusal == GONE


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/v2"),
        ("GET", "/v2/videosdk"),
        ("GET", "/v2/videosdk/session"),
        ("GET", "/v2/videosdk/sessions/"),
        ("GET", "/v2/videosdk/sessions//users"),
        ("GET", "//v2/users/me"),
        ("GET", "/v2/./users/me"),
        ("GET", "/v2/users/me/"),
        ("GET", "/v2/users/%6De"),
        ("GET", "/V2/users/me"),
        ("GET", "/v1/users/me"),
        ("POST", "/v2/videosdk/sessions/abc/events"),
        ("PUT", "/v2/videosdk/sessions/abc/events"),
        ("GET", "/v2/videosdk/sessions/abc/event"),
        ("DELETE", "/v2/live_meetings/97763643886/events"),
        ("PATCH", "/v2/meetings/97763643886/events"),
        ("GET", "/oauth/token"),
        ("POST", "/oauth/tokens"),
        ("GET", "/v2/videosdk/sessions/%FF%FE/users/x"),
    ],
)
def test_an_unknown_path_or_method_is_not_recognised(videosdk: Caller, method: str, target: str) -> None:
    assert videosdk(method, target).refusal == UNKNOWN


@pytest.mark.parametrize("path", ["videosdk/sessions/KkMH/event", "videosdk/sessions/gone/event"])
def test_the_singular_path_does_nothing_and_says_200(zoom: Emulator, videosdk: Caller, path: str) -> None:
    zoom.open_session("Singular", identifier="KkMH")
    body = {
        "method": "user.invite.room_system_callout",
        "params": {"call_type": "sip", "device_ip": "fail-9@room.example.com"},
    }
    answer = videosdk("PATCH", f"/v2/{path}", body)
    assert (answer.status, answer.body) == (200, b"")
    assert videosdk("PATCH", "/v2/videosdk/sessions/KkMH/events", body).status == 202
    eventually(lambda: zoom.world.events)
    time.sleep(0.1)  # twice as long as this fate takes
    assert len(zoom.world.events) == 1


def test_the_singular_path_does_nothing_in_meetings_too(meetings: Caller) -> None:
    answer = meetings("PATCH", "/v2/live_meetings/97763643886/event", {"method": "participant.invite"})
    assert (answer.status, answer.body) == (200, b"")


def test_a_path_is_recorded_byte_for_byte(zoom: Emulator, videosdk: Caller) -> None:
    zoom.open_session("Recorded", identifier="a+b/c==")
    videosdk("GET", "/v2/videosdk/sessions/a%2Bb%2fc==/users?page_size=30&x=%20+")
    received = zoom.requests[-1]
    assert received.request.target == "/v2/videosdk/sessions/a%2Bb%2fc==/users?page_size=30&x=%20+"
    assert received.path == "/v2/videosdk/sessions/a%2Bb%2fc==/users"
    assert received.request.query == {"page_size": "30", "x": "  "}
    assert (received.method, received.status) == ("GET", 200)


def test_every_answer_tells_zooms_time_and_a_tracking_id(videosdk: Caller) -> None:
    for target in ("/v2/users/me", "/nowhere", "/oauth/token"):
        headers = videosdk("GET", target).headers
        assert headers["Date"] == "Sat, 21 Nov 2026 10:00:00 GMT"
        assert headers["x-zm-trackingid"].startswith("v=2.0;")


def test_tracking_ids_differ(videosdk: Caller) -> None:
    ids = {videosdk("GET", "/nowhere").headers["x-zm-trackingid"] for _ in range(5)}
    assert len(ids) == 5


def test_an_absolute_target_is_taken_as_its_path(zoom: Emulator, videosdk: Caller) -> None:
    key = VenueKey(Api.SESSION, zoom.ready["session_id"])
    assert zoom.world.venue(key) is not None
    assert videosdk("GET", f"{zoom.base}/nowhere?x=1").refusal == UNKNOWN
    assert zoom.requests[-1].request.target == "/nowhere?x=1"
