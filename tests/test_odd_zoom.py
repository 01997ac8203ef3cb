"""Invites against a Zoom that misbehaves on the wire, through the real entry point."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from emulator.hand_made import eventually
from loopback import Loopback, Peer
from shell import SENTINEL, ProcessShell, Shell

from zoomcall.cli.invite.telling import Telling
from zoomcall.cli.render import text

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


def test_an_answer_that_is_packed_again_and_again_is_not_unpacked(zoomcall: Shell) -> None:
    bomb = b" " * 2**24
    for _ in range(3):
        bomb = gzip.compress(bomb)
    zoom = OddZoom(roster=lambda peer: peer.answer(200, bomb, "Content-Encoding: gzip, gzip, gzip"))
    with Loopback(zoom) as server:
        result = zoomcall("invite", "sip", "room@example.com", environ=environ_of(server))
    assert result.code == 11
    assert "an answer that cannot be read: its body is compressed more than once" in result.stderr
    assert "patch" not in zoom.kinds


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


@dataclass(frozen=True)
class Moment:
    """When a signal comes: while nothing answers one kind of request, from its first or a later one on."""

    kind: str
    skipped: int = 0
    after: str = ""

    def has_come(self, kinds: list[str]) -> bool:
        """Whether a request of that kind hangs."""
        seen = kinds[kinds.index(self.after) :] if self.after in kinds else [] if self.after else kinds
        return seen.count(self.kind) > self.skipped


BEFORE = Moment("roster"), Moment("logs", skipped=1)
DURING = Moment("patch"), Moment("logs", after="patch"), Moment("roster", after="patch")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [*BEFORE, *DURING], ids=str)
@pytest.mark.parametrize("is_json", [True, False], ids=["json", "text"])
def test_a_signal_ends_an_invite_within_a_second_and_says_what_may_ring(
    zoomcall_process: ProcessShell, moment: Moment, number: signal.Signals, *, is_json: bool
) -> None:
    def hang_or(answer: Reaction) -> Reaction:
        return lambda peer: peer.hold() if moment.has_come(zoom.kinds) else answer(peer)

    zoom = OddZoom(
        roster=hang_or(lambda peer: reply(peer, 200, {"users": [HOST]})),
        logs=hang_or(lambda peer: reply(peer, 200, {"webhook_logs": []})),
        patch=hang_or(lambda peer: peer.answer(202)),
    )
    arguments = ("invite", "sip", "room@example.com", *(("--json",) if is_json else ()))
    with Loopback(zoom) as server, zoomcall_process.start(*arguments, environ=environ_of(server)) as running:
        eventually(lambda: moment.has_come(zoom.kinds))
        time.sleep(0.05)  # until the answer to whatever came before has been read
        begun = time.monotonic()
        running.send(number)
        running.process.wait(10)
        seconds = time.monotonic() - begun
        result = running.finish()
    assert result.code == 128 + number
    assert seconds < 1
    if moment in BEFORE:
        outcome, words = ("no", "not-sent"), "before anything was sent: nothing rings because of this command"
    else:
        sent = "unknown" if moment.kind == "patch" else "yes"
        outcome, words = (sent, "pending"), "room@example.com may still ring, and Zoom has no way to cancel that"
    assert zoom.kinds.count("patch") == (moment in DURING)
    if is_json:
        document = result.json()
        assert (document["result"]["sent"], document["result"]["state"]) == outcome
        assert words in document["error"]["title"]
    else:
        assert sum(words in line for line in result.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", ["answer", "print"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_once_the_call_is_over_changes_nothing(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, place: str
) -> None:
    def signalled(*arguments: Any) -> Any:
        signal.raise_signal(number)
        return (answer if place == "answer" else write)(*arguments)

    answer, write = Telling.answer, text.write_page
    if place == "answer":
        monkeypatch.setattr(Telling, "answer", signalled)
    else:
        monkeypatch.setattr(text, "write_page", signalled)
    zoom = OddZoom(roster=lambda peer: reply(peer, 200, {"users": [HOST]}), patch=lambda peer: peer.answer(200))
    with Loopback(zoom) as server:
        result = zoomcall("invite", "sip", "room@example.com", environ=environ_of(server))
    assert (result.code, "nothing rings because of this command" in result.stderr) == (7, False)
    assert "error: " in result.stderr


def test_two_signals_are_heeded_and_the_third_ends_the_process_at_once(zoomcall_process: ProcessShell) -> None:
    hanging = (
        "import time; from zoomcall.cli.interrupts import stop_on_signals;"
        " from zoomcall.usecases.dialing.stop import Stop; stop_on_signals(Stop());"
        " print('ready', flush=True);\nwhile True: time.sleep(0.01)"
    )
    python = replace(zoomcall_process, command=(sys.executable, "-c"))
    with python.start(hanging) as running:
        assert running.process.stdout is not None
        assert running.process.stdout.readline() == b"ready\n"
        for _ in range(2):
            running.send(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(0.3)
        running.send(signal.SIGINT)
        assert running.process.wait(10) == -signal.SIGINT


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
