"""Meetings with a waiting room, from the command line: answered is not joined (contract 6.5)."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from shell import ProcessShell, Result, Shell, environ_of

from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.messages import refusal
from zoomcall.emulator.running import Emulator, utc_now
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.world import Event, EventIds, VenueKey
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

SECRET = "waiting-room-webhook-secret"
LOBBY, PLAIN = "lobby_meeting_id", "meeting_id"
RHYTHM = Rhythm(first=timedelta(seconds=0.02), early=timedelta(seconds=0.03), interval=timedelta(seconds=0.06))
NO_ROSTER = tuple(scope for scope in ALL_ADMIN if "participants" not in scope)
NO_SETTINGS = tuple(scope for scope in ALL_ADMIN if "meeting:read" not in scope)
NEITHER = tuple(scope for scope in NO_SETTINGS if scope in NO_ROSTER)
SOURCES = {
    "roster": ("--evidence", "roster"),
    "webhook": ("--evidence", "webhook", "--events", "{events}"),
    "websocket": ("--evidence", "websocket"),
}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Run a real receiver, and give its URL and the file that it records to."""
    shell = Shell(tmp_path_factory.mktemp("receiver") / "shell")
    shell.set(ZOOMCALL_WEBHOOK_SECRET=SECRET)
    events, ready = shell.folder / "events.jsonl", shell.folder / "ready.json"
    serve = ("webhook", "serve", "--record", str(events), "--ready-file", str(ready), "-q")
    with ProcessShell(shell).start(*serve) as running:
        eventually(ready.exists, seconds=30)
        yield json.loads(ready.read_text(encoding="utf-8"))["url"], events
        running.process.terminate()
        running.finish()


@pytest.fixture(params=list(EventIds))
def zoom(request: pytest.FixtureRequest, receiver: tuple[str, Path]) -> Iterator[Emulator]:
    """Run a local Zoom, with ids for each call or for each event."""
    keys = Keys.make(webhook_secret=Secret(SECRET))
    with Emulator(time_scale=0.05, keys=keys, webhook_url=receiver[0], event_ids=request.param) as running:
        yield running


class Program:
    """Invites into the meetings of a local Zoom."""

    def __init__(self, shell: Shell, zoom: Emulator, events: Path) -> None:
        self.shell = shell
        self.zoom = zoom
        self._events = events

    def invite(self, address: str, key: str, *flags: str, source: str = "roster", timeout: str = "20") -> Result:
        evidence = [flag.format(events=self._events) for flag in SOURCES[source]]
        return self.shell(
            *("invite", "sip", address, "--meeting", self.zoom.ready[key]),
            *(*evidence, "--timeout", timeout, "--json", *flags),
        )

    def rooms(self, key: str) -> list[str]:
        venue = self.zoom.world.venue(VenueKey(Api.MEETING, self.zoom.ready[key]))
        assert venue is not None
        return [somebody.name for somebody in venue.present if somebody.device == "H.323/SIP"]


@pytest.fixture
def program(
    zoomcall: Shell, zoom: Emulator, receiver: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """Call the program with looks that are some fifty times as fast."""
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=RHYTHM))
    zoomcall.set(**environ_of(zoom))
    return Program(zoomcall, zoom, receiver[1])


def story(result: Result) -> list[str]:
    return [entry["state"] for entry in result.json()["result"]["timeline"]]


every_source = pytest.mark.parametrize("source", SOURCES)


@every_source
def test_a_room_that_nobody_admits_is_left_in_the_waiting_room(program: Program, source: str) -> None:
    result = program.invite("lobby@room.example.com", LOBBY, "--to-name", "Board", source=source, timeout="1.5")
    document = result.json()
    assert (result.code, document["exit_name"]) == (27, "waiting-room")
    assert document["result"]["state"] == "waiting-room"
    assert document["result"]["sent"] == "yes"
    assert document["result"]["evidence"]["source"] == source
    assert document["error"]["kind"] == "waiting-room"
    assert document["error"]["title"] == "lobby@room.example.com is still in the waiting room"
    assert [cause["id"] for cause in document["error"]["causes"]][:1] == ["waiting-room"]
    assert "joined" not in story(result)
    assert story(result)[-1] == "waiting-room"
    assert program.rooms(LOBBY) == ["Board"]


@every_source
@pytest.mark.parametrize("user", ["lobby-1", "lobby-8", "answer", "slow-answer"])
def test_a_room_that_is_admitted_has_joined(program: Program, source: str, user: str) -> None:
    result = program.invite(f"{user}@room.example.com", LOBBY, "--to-name", "Board", source=source)
    assert (result.code, result.json()["result"]["state"]) == (0, "joined")
    assert result.json()["result"]["evidence"]["source"] == source
    assert story(result)[-1] == "joined"


@every_source
@pytest.mark.parametrize("user", ["answer", "lobby"])
def test_without_a_waiting_room_an_answer_is_a_join(program: Program, source: str, user: str) -> None:
    result = program.invite(f"{user}@room.example.com", PLAIN, source=source)
    assert (result.code, result.json()["result"]["state"]) == (0, "joined")
    assert "waiting-room" not in story(result)


@pytest.mark.parametrize("source", ["webhook", "websocket"])
@pytest.mark.parametrize(("user", "code"), [("decline", 20), ("no-answer", 21), ("fail-9", 23), ("fail-12", 24)])
def test_other_ends_are_the_same_in_a_meeting_with_a_waiting_room(
    program: Program, source: str, user: str, code: int
) -> None:
    assert program.invite(f"{user}@room.example.com", LOBBY, source=source).code == code


@pytest.mark.parametrize("source", ["webhook", "websocket"])
def test_events_that_cannot_name_the_room_leave_it_answered(program: Program, source: str) -> None:
    """Without the roster and a name of its own, nothing ties the waiting room's events to the room."""
    program.zoom.world.scopes = NO_ROSTER
    result = program.invite("lobby@room.example.com", LOBBY, source=source, timeout="1.5")
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert story(result)[-1] == "answered"


@pytest.mark.parametrize("source", ["webhook", "websocket"])
def test_without_the_meetings_settings_an_answer_alone_is_no_join(program: Program, source: str) -> None:
    program.zoom.world.scopes = NEITHER
    result = program.invite("answer@room.example.com", PLAIN, source=source, timeout="1.5")
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert story(result)[-1] == "answered"
    assert "the room answered, but nothing shows" in result.json()["error"]["title"]
    assert "dashboard_meetings:read:admin" in result.stderr + json.dumps(result.json()["error"])


@every_source
def test_without_the_meetings_settings_the_room_itself_is_proof(program: Program, source: str) -> None:
    program.zoom.world.scopes = NO_SETTINGS
    result = program.invite("answer@room.example.com", PLAIN, "--to-name", "Board", source=source)
    assert (result.code, result.json()["result"]["state"]) == (0, "joined")


@every_source
def test_a_room_in_the_waiting_room_is_removed_when_time_is_up(program: Program, source: str) -> None:
    flags = ("--on-timeout", "remove", "--to-name", "Board")
    result = program.invite("lobby@room.example.com", LOBBY, *flags, source=source, timeout="1")
    assert (result.code, result.json()["result"]["state"]) == (27, "waiting-room")
    assert result.json()["result"]["removed"] is True
    assert program.rooms(LOBBY) == []


def test_a_room_that_joins_a_meeting_late_is_removed(program: Program) -> None:
    flags = ("--on-timeout", "remove", "--to-name", "Board")
    result = program.invite("slow-answer@room.example.com", PLAIN, *flags, timeout="0.1")
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert result.json()["result"]["removed"] is True
    assert program.rooms(PLAIN) == []


@every_source
def test_a_room_that_leaves_the_waiting_room_by_itself_is_pending(program: Program, source: str) -> None:
    def leave_soon(event: Event) -> None:
        if event.name.endswith("participant_joined_waiting_room"):
            threading.Timer(0.4, lambda: program.zoom.world.leave(event.venue, event.about, now=utc_now())).start()

    program.zoom.world.subscribe(leave_soon)
    result = program.invite("lobby@room.example.com", LOBBY, "--to-name", "Board", source=source, timeout="1.5")
    assert (result.code, result.json()["result"]["state"]) == (8, "pending")
    assert result.json()["result"]["evidence"] is None
    assert story(result)[-2:] == ["waiting-room", "answered"]
    assert result.json()["error"]["title"] == "the room left the waiting room, and nothing shows it in the meeting"


@pytest.mark.parametrize(
    ("user", "key", "code"), [("answer", PLAIN, 0), ("lobby-1", LOBBY, 0), ("lobby", LOBBY, 27)]
)
def test_a_room_is_hung_up_in_a_meeting(program: Program, user: str, key: str, code: int) -> None:
    result = program.invite(f"{user}@room.example.com", key, timeout="1.5")
    assert result.code == code
    assert program.rooms(key) == [user]
    assert program.shell("call", "hangup", f"{user}@room.example.com").code == 0
    assert program.rooms(key) == []


def test_a_refused_hang_up_tells_zooms_code(program: Program) -> None:
    assert program.invite("answer@room.example.com", PLAIN).code == 0
    reply = refusal(400, 300, "Invalid method.").reply
    program.zoom.add_fault(Fault(method="PATCH", path_part="/live_meetings/", reply=reply))
    result = program.shell("call", "hangup", "answer@room.example.com")
    assert result.code == 13
    assert "300" in result.stderr
    assert program.rooms(PLAIN) == ["answer"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (LOBBY, "the meeting is live; it has a waiting room, from which a host must admit each room that answers"),
        (PLAIN, "the meeting is live; it has no waiting room"),
    ],
)
def test_doctor_says_whether_a_meeting_has_a_waiting_room(program: Program, key: str, words: str) -> None:
    result = program.shell("doctor", "--meeting", program.zoom.ready[key], "--only", "session", "--json")
    details = {check["id"]: check["detail"] for check in result.json()["result"]["checks"]}
    assert details["session"] == words


def test_a_room_in_the_waiting_room_is_not_rung_again(program: Program) -> None:
    assert program.invite("lobby@room.example.com", LOBBY, timeout="1").code == 27
    again = program.invite("lobby@room.example.com", LOBBY, timeout="1").json()
    assert (again["exit_code"], again["result"]["sent"]) == (12, "no")
    assert again["error"]["causes"][0]["id"] == "waiting-room"
    assert program.rooms(LOBBY) == ["lobby"]


def test_call_status_tells_of_the_waiting_room_until_the_room_is_hung_up(program: Program) -> None:
    assert program.invite("lobby@room.example.com", LOBBY, timeout="1").code == 27
    shown = program.shell("call", "status").stdout
    assert "state: waiting-room\n" in shown
    assert shown.endswith("A host must admit the room from the waiting room.\n")
    assert program.shell("call", "hangup", "1").code == 0
    assert "A host must" not in program.shell("call", "status").stdout
