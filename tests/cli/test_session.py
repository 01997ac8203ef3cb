import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from contract import check
from loopback import Loopback, Peer
from shell import SENTINEL, Result, Shell

ID = "sfk/aOFJSJSYhGwk1hnxgw=="
SESSIONS = {
    "sessions": [
        {"id": ID, "session_name": "stand\x1b[31mup\tone", "user_count": 2, "start_time": "2026-11-21T09:00:00Z"},
        {"id": "b==", "session_name": "[red]retro[/red]", "session_key": "k"},
    ]
}
USERS = {
    "users": [
        {
            "id": "1",
            "participant_uuid": "P1",
            "name": "Board\nroom",
            "device": "H.323/SIP",
            "ip_address": "203.0.113.10",
            "join_time": "2026-11-21T09:30:00Z",
            "rung": None,
        },
        {"id": "2"},
        {"id": "3", "name": "Gone", "leave_time": "2026-11-21T09:31:00Z"},
    ]
}
GONE = (404, {"code": 3001, "message": "Session is not found or has expired."})

Reply = tuple[int, dict[str, Any]]


class FakeZoom:
    """Zoom's reading endpoints on loopback."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {
            "/v2/videosdk/sessions": (200, SESSIONS),
            f"/v2/videosdk/sessions/{ID}": (200, {"id": ID, **SESSIONS["sessions"][0]}),
            f"/v2/videosdk/sessions/{ID}/users": (200, USERS),
        }
        self.targets: list[str] = []
        self.server = Loopback(self._serve)

    def _serve(self, peer: Peer) -> None:
        while request := peer.read():
            target = request.split(b" ")[1].decode()
            self.targets.append(target)
            path, _, query = target.partition("?")
            status, body = self.replies.get(unquote(path), GONE)
            names = parse_qs(query).get("session_name")
            if names and "sessions" in body:
                body = {"sessions": [row for row in body["sessions"] if row["session_name"] in names]}
            peer.answer(status, json.dumps(body).encode(), "Date: Sat, 21 Nov 2026 10:00:00 GMT")


@pytest.fixture
def zoom() -> Iterator[FakeZoom]:
    fake = FakeZoom()
    with fake.server:
        yield fake


@pytest.fixture
def call(zoomcall: Shell, zoom: FakeZoom) -> Callable[..., Result]:
    zoomcall.set(
        ZOOMCALL_API_BASE=f"{zoom.server.url}/v2",
        ZOOMCALL_API_KEY="key-1",
        ZOOMCALL_API_SECRET=SENTINEL,
    )
    return zoomcall


def test_live_sessions_are_listed_for_a_pipe(call: Callable[..., Result], zoom: FakeZoom) -> None:
    result = call("session", "list")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "ID\tNAME\tUSERS\tSTARTED",
        f"{ID}\tstand[31mup one\t2\t2026-11-21T09:00:00Z",
        "b==\t[red]retro[/red]\t-\t-",
    ]
    [target] = zoom.targets
    assert "type=live" in target


def test_names_are_no_markup_on_a_terminal(call: Callable[..., Result]) -> None:
    result = call("session", "list", terminal=("stdout",))
    assert "[red]retro[/red]" in result.stdout
    assert "stand[31mup one" in result.stdout


def test_live_sessions_are_listed_as_json(call: Callable[..., Result]) -> None:
    result = call("session", "list", "--json")
    document = result.json()
    check(document)
    assert (result.code, document["schema"]) == (0, "zoomcall.session.list/1")
    assert document["result"]["sessions"] == [
        {
            "id": ID,
            "name": "stand\x1b[31mup\tone",
            "user_count": 2,
            "start_time": "2026-11-21T09:00:00Z",
            "session_key": None,
        },
        {"id": "b==", "name": "[red]retro[/red]", "user_count": None, "start_time": None, "session_key": "k"},
    ]
    assert "\x1b" not in result.stdout


def test_no_live_session_is_an_answer(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies["/v2/videosdk/sessions"] = (200, {"sessions": []})
    assert call("session", "list").stdout == "No session is live.\n"
    document = call("session", "list", "--json").json()
    check(document)
    assert document["result"] == {"sessions": []}


def test_a_session_is_shown_with_who_is_in_it(call: Callable[..., Result], zoom: FakeZoom) -> None:
    result = call("session", "show", ID)
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"id: {ID}",
        "name: stand[31mup one",
        "started: 2026-11-21T09:00:00Z",
        "users: 2",
        "",
        "NAME\tDEVICE\tADDRESS\tJOINED\tRUNG AS",
        "Board room\tH.323/SIP\t203.0.113.10\t2026-11-21T09:30:00Z\t-",
        "-\t-\t-\t-\t-",
    ]
    assert [target.partition("?")[0] for target in zoom.targets] == [
        "/v2/videosdk/sessions/sfk%2FaOFJSJSYhGwk1hnxgw%3D%3D",
        "/v2/videosdk/sessions/sfk%2FaOFJSJSYhGwk1hnxgw%3D%3D/users",
    ]


def test_a_session_is_shown_as_json(call: Callable[..., Result]) -> None:
    document = call("session", "show", ID, "--json").json()
    check(document)
    assert document["schema"] == "zoomcall.session.show/1"
    assert document["result"]["session"]["id"] == ID
    assert document["result"]["users"] == [
        {
            "id": "P1",
            "participant_uuid": "P1",
            "name": "Board\nroom",
            "device": "H.323/SIP",
            "is_room_system": True,
            "ip_address": "203.0.113.10",
            "join_time": "2026-11-21T09:30:00Z",
            "rung": None,
        },
        {
            "id": "2",
            "participant_uuid": None,
            "name": "",
            "device": None,
            "is_room_system": False,
            "ip_address": None,
            "join_time": None,
            "rung": None,
        },
    ]


def test_an_empty_session_is_shown(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies[f"/v2/videosdk/sessions/{ID}/users"] = (200, {"users": []})
    result = call("session", "show", ID)
    assert result.code == 0
    assert result.stdout.endswith("users: 0\n")


def test_a_session_is_shown_by_its_name(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies["/v2/videosdk/sessions/b==/users"] = (200, USERS)
    assert call("session", "show", "[red]retro[/red]", "--json").json()["result"]["session"]["id"] == "b=="


def test_an_id_in_a_variable_stands_in_for_the_argument(call: Callable[..., Result]) -> None:
    assert f"id: {ID}\n" in call("session", "show", environ={"ZOOMCALL_SESSION": ID}).stdout


def test_a_name_in_a_variable_is_looked_up(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies["/v2/videosdk/sessions/b==/users"] = (200, USERS)
    assert call("session", "show", environ={"ZOOMCALL_SESSION_NAME": "[red]retro[/red]"}).code == 0


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {}, "no session"),
        ((), {"ZOOMCALL_SESSION": "a", "ZOOMCALL_SESSION_NAME": "b"}, "both set"),
        (("",), {}, "empty"),
        (("x" * 201,), {}, "201 characters"),
        (("a\x1b",), {}, "control character"),
    ],
)
def test_without_one_session_nothing_is_asked(
    call: Callable[..., Result],
    zoom: FakeZoom,
    arguments: tuple[str, ...],
    variables: dict[str, str],
    said: str,
) -> None:
    result = call("session", "show", *arguments, environ=variables)
    assert result.code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert zoom.targets == []


def test_two_sessions_of_a_name_are_a_usage_error(call: Callable[..., Result], zoom: FakeZoom) -> None:
    rows = [{"id": "a==", "session_name": "twin talk"}, {"id": "b==", "session_name": "twin talk"}]
    zoom.replies["/v2/videosdk/sessions"] = (200, {"sessions": rows})
    result = call("session", "show", "twin talk", "--json")
    assert result.code == 2
    check(result.json())
    assert "a==" in result.json()["error"]["title"]
    assert "b==" in result.json()["error"]["title"]


@pytest.mark.parametrize("text", [ID.lower(), "nobody", "no body"])
def test_an_unknown_session_is_no_session(call: Callable[..., Result], text: str) -> None:
    result = call("session", "show", text, "--json")
    assert result.code == 6
    check(result.json())
    assert result.json()["error"]["causes"]


def test_a_refused_credential_is_explained(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies["/v2/videosdk/sessions"] = (401, {"code": 124, "message": "Invalid access token."})
    result = call("session", "list", "--json")
    assert result.code == 4
    check(result.json())
    assert "clock-skew" in {row["id"] for key in ("causes", "checked") for row in result.json()["error"][key]}


def test_without_a_credential_nothing_is_asked(zoomcall: Shell, zoom: FakeZoom) -> None:
    zoomcall.set(ZOOMCALL_API_BASE=f"{zoom.server.url}/v2")
    assert zoomcall("session", "list").code == 3
    assert zoom.targets == []


def test_what_is_no_zoom_is_a_fault_of_zooms(call: Callable[..., Result], zoom: FakeZoom) -> None:
    zoom.replies["/v2/videosdk/sessions"] = (200, {"hello": "from the hotel"})
    assert call("session", "list").code == 11


def test_the_debug_trace_holds_no_token(call: Callable[..., Result]) -> None:
    result = call("session", "show", ID, "--debug")
    assert "debug: > authorization: (not shown)" in result.stderr
    assert "debug: < HTTP 200" in result.stderr
