"""Invites against a Zoom that misbehaves on the wire, through the real entry point."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from loopback import Loopback, Peer
from shell import SENTINEL, ProcessShell, Shell

SESSION = "KkMHZ4y8QhSUWAHi5sWvfg=="
HOST = {"id": "host", "participant_uuid": "U0", "name": "Ada", "device": "Windows"}
INVITE = ("invite", "sip", "room@example.com", "--timeout", "4", "--json")

Reaction = Callable[[Peer], None]


class OddZoom:
    """Zoom as a script: what each kind of request meets; what is not scripted goes well."""

    def __init__(self, **reactions: Reaction) -> None:
        self.kinds: list[str] = []
        self._reactions = {"token": self._token, "patch": self._patch, "logs": self._logs} | reactions

    def __call__(self, peer: Peer) -> None:
        while request := peer.read():
            kind = _kind(request)
            self.kinds.append(kind)
            self._reactions[kind](peer)

    @staticmethod
    def _token(peer: Peer) -> None:
        reply(peer, 200, {"access_token": SENTINEL, "expires_in": 3600})

    @staticmethod
    def _patch(peer: Peer) -> None:
        peer.answer(202)

    @staticmethod
    def _logs(peer: Peer) -> None:
        reply(peer, 200, {"webhook_logs": []})


def _kind(request: bytes) -> str:
    if request.startswith(b"PATCH"):
        return "patch"
    path = request.split(b" ", 2)[1].partition(b"?")[0]
    ends = {b"/oauth/token": "token", b"webhook_logs": "logs", b"/sessions": "sessions", b"/users/me": "me"}
    return next((kind for end, kind in ends.items() if path.endswith(end)), "roster")


def reply(peer: Peer, status: int, body: dict[str, Any]) -> None:
    peer.answer(status, json.dumps(body).encode(), "Content-Type: application/json")


def broken_off(peer: Peer) -> None:
    peer.reset()
    raise ConnectionResetError


def environ_of(server: Loopback, *, is_meeting: bool = False) -> dict[str, str]:
    pair = {"ZOOMCALL_API_KEY": "key", "ZOOMCALL_API_SECRET": SENTINEL, "ZOOMCALL_SESSION": SESSION}
    app = {
        "ZOOMCALL_ACCOUNT_ID": "account",
        "ZOOMCALL_CLIENT_ID": "client",
        "ZOOMCALL_CLIENT_SECRET": SENTINEL,
        "ZOOMCALL_MEETING": "84098077904",
    }
    return {"ZOOMCALL_API_BASE": f"{server.url}/v2", "ZOOMCALL_OAUTH_BASE": server.url} | (
        app if is_meeting else pair
    )


def test_a_token_endpoint_that_breaks_off_has_rung_nothing(zoomcall: Shell) -> None:
    zoom = OddZoom(token=broken_off)
    with Loopback(zoom) as server:
        result = zoomcall(*INVITE, environ=environ_of(server, is_meeting=True))
    document = result.json()
    assert (result.code, document["error"]["network"]) == (10, "reset")
    assert (document["result"]["sent"], document["result"]["state"]) == ("no", "not-sent")
    assert set(zoom.kinds) == {"token"}


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
@pytest.mark.parametrize("place", ["token", "sessions", "roster"])
def test_a_signal_before_the_request_says_that_nothing_was_sent(
    zoomcall_process: ProcessShell, place: str, number: signal.Signals, code: int, word: str
) -> None:
    zoom = OddZoom(**{place: Peer.hold})
    with Loopback(zoom) as server:
        environ = environ_of(server, is_meeting=place == "token")
        named = ("--session-name", "Standup") if place == "sessions" else ()
        with zoomcall_process.start(*INVITE, *named, environ=environ) as running:
            while place not in zoom.kinds:
                time.sleep(0.01)
            running.send(number)
            result = running.finish()
    document = result.json()
    assert result.code == code
    assert (document["result"]["sent"], document["result"]["state"]) == ("no", "not-sent")
    assert document["error"]["title"].startswith(word)
    assert "patch" not in zoom.kinds


def test_a_room_that_gains_a_uuid_between_two_looks_has_not_joined(zoomcall: Shell) -> None:
    room = {"id": "77", "name": "Old room", "device": "H.323/SIP"}

    def roster(peer: Peer) -> None:
        is_after = "patch" in zoom.kinds
        reply(peer, 200, {"users": [HOST, room | ({"participant_uuid": "U7"} if is_after else {})]})

    zoom = OddZoom(roster=roster)
    with Loopback(zoom) as server:
        result = zoomcall(*INVITE, environ=environ_of(server))
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert zoom.kinds.count("roster") > 1


def test_a_room_that_joins_while_the_request_waits_was_not_brought_by_it(zoomcall: Shell) -> None:
    joined: list[str] = []

    def patch(peer: Peer) -> None:
        if zoom.kinds.count("patch") == 1:
            joined.append(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2)))
            peer.answer(429, b"", "Retry-After: 4")
        else:
            peer.answer(202)

    def roster(peer: Peer) -> None:
        strangers = [
            {"id": "9", "name": "Stranger", "device": "H.323/SIP", "join_time": moment} for moment in joined
        ]
        reply(peer, 200, {"users": [HOST, *strangers]})

    zoom = OddZoom(roster=roster, patch=patch)
    with Loopback(zoom) as server:
        result = zoomcall(*INVITE[:3], "--timeout", "5", "--json", environ=environ_of(server))
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert zoom.kinds.count("patch") == 2


@pytest.mark.parametrize(("me", "code"), [(200, 0), (401, 4)])
def test_an_opaque_token_is_refused_only_if_neither_api_takes_it(zoomcall: Shell, me: int, code: int) -> None:
    refusal = {"code": 124, "message": "Invalid access token."}
    zoom = OddZoom(
        logs=lambda peer: reply(peer, 401, refusal),
        me=lambda peer: reply(peer, me, {"id": "U"} if me == 200 else refusal),
    )
    with Loopback(zoom) as server:
        environ = {"ZOOMCALL_API_BASE": f"{server.url}/v2", "ZOOMCALL_TOKEN": "zoom-" + SENTINEL}
        result = zoomcall("whoami", "--json", environ=environ)
        assert zoomcall("whoami", "--for", "session", "--json", environ=environ).code == 4
    assert result.code == code
    assert zoom.kinds == ["logs", "me", "logs"]
