"""Every pair of an evidence source and a fate, calm and under noise: exit code, state and who proved it."""

import base64
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from emulator.hand_made import Caller, eventually
from shell import ProcessShell, Shell, environ_of

from zoomcall.adapters import http
from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.emulator import publishing
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.trouble import Trouble, parse_faults
from zoomcall.emulator.world import Venue
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

SECRET = "verdicts-webhook-secret"
SCALE = 0.01
RHYTHM = Rhythm(first=timedelta(seconds=0.02), early=timedelta(seconds=0.03), interval=timedelta(seconds=0.06))
CROWD = 320
"""More than one page of users."""
LOOKS_TO_A_FAILURE = 5
"""A request is sent three times at most: no two of these meet the same one."""


@dataclass(frozen=True)
class Fate:
    """What an address stands for, and what must come of it where events tell."""

    user: str
    code: int
    state: str
    reason: int | None = None


FATES = (
    Fate("answer", 0, "joined"),
    Fate("slow-answer", 0, "joined"),
    Fate("decline", 20, "declined"),
    Fate("no-answer", 21, "missed"),
    Fate("drop-60", 0, "joined"),
    Fate("fail-0", 29, "failed", 0),
    Fate("fail-1", 25, "failed", 1),
    Fate("fail-2", 26, "failed", 2),
    Fate("fail-3", 29, "failed", 3),
    Fate("fail-4", 29, "failed", 4),
    Fate("fail-5", 24, "failed", 5),
    Fate("fail-6", 22, "failed", 6),
    Fate("fail-7", 21, "failed", 7),
    Fate("fail-8", 22, "failed", 8),
    Fate("fail-9", 23, "failed", 9),
    Fate("fail-10", 26, "failed", 10),
    Fate("fail-11", 29, "failed", 11),
    Fate("fail-12", 24, "failed", 12),
    Fate("fail-13", 23, "failed", 13),
    Fate("fail-14", 23, "failed", 14),
    Fate("fail-99", 29, "failed", 99),
)
NOISY = ("answer", "decline", "no-answer", "drop-60", "fail-9")


@dataclass(frozen=True)
class Source:
    """Where evidence comes from."""

    name: str
    api: Api
    flags: tuple[str, ...]
    protocol: str = "sip"
    proves: tuple[str, ...] = ("joined", "declined", "missed", "failed")


SOURCES = (
    Source("roster", Api.SESSION, ("--evidence", "roster"), proves=("joined",)),
    Source("roster", Api.MEETING, ("--evidence", "roster"), proves=("joined",)),
    Source("webhook-log", Api.SESSION, ("--evidence", "webhook-log"), protocol="h323"),
    Source("webhook", Api.SESSION, ("--evidence", "webhook", "--events", "{events}")),
    Source("webhook", Api.MEETING, ("--evidence", "webhook", "--events", "{events}"), protocol="h323"),
    Source("websocket", Api.MEETING, ("--evidence", "websocket")),
)


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


def a_zoom(receiver: tuple[str, Path], trouble: Trouble | None = None) -> Emulator:
    keys = Keys.make(webhook_secret=Secret(SECRET))
    return Emulator(time_scale=SCALE, keys=keys, webhook_url=receiver[0], trouble=trouble)


@pytest.fixture(scope="module")
def calm_zoom(receiver: tuple[str, Path]) -> Iterator[Emulator]:
    """Run a local Zoom that delivers every event once and in order."""
    with a_zoom(receiver) as zoom:
        yield zoom


@pytest.fixture
def noisy_zoom(receiver: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Run a local Zoom that delivers every event late, twice, and in the wrong order."""
    monkeypatch.setattr(publishing, "_LONGEST_HOLD", timedelta(seconds=0.1))
    with a_zoom(receiver, parse_faults("late-events:40ms,double-events,swapped-events")) as zoom:
        yield zoom


@pytest.fixture
def program(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Call the program with looks and retries that are some fifty times as fast."""
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=RHYTHM))
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.02)
    return zoomcall


def open_venue(zoom: Emulator, api: Api, *, people: int = 2) -> Venue:
    if api is Api.SESSION:
        return zoom.open_session("Verdicts", people=people)
    return zoom.open_meeting("Verdicts", people=people)


def dial(program: Shell, zoom: Emulator, source: Source, fate: Fate, venue: Venue, events: Path, *more: str) -> Any:
    flags = [flag.format(events=events) for flag in source.flags]
    timeout = "20" if fate.state in source.proves else "0.25"
    target = (f"--{source.api.value}", venue.key.identifier)
    address = f"{fate.user}@room.example.com"
    return program(
        "invite",
        source.protocol,
        address,
        *target,
        *flags,
        "--timeout",
        timeout,
        "--json",
        *more,
        environ=environ_of(zoom),
    )


def check(result: Any, source: Source, fate: Fate) -> None:
    document = result.json()["result"]
    if fate.state not in source.proves:
        assert (result.code, document["state"], document["evidence"]) == (8, "pending", None)
        return
    assert (result.code, document["state"]) == (fate.code, fate.state)
    assert document["evidence"]["source"] == source.name
    assert (document["reason"] or {}).get("code") == fate.reason
    assert document["timeline"][-1]["state"] == fate.state
    if source.name != "roster":
        assert document["evidence"]["match"] == "exact"


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.user)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"{source.name}-{source.api}")
def test_the_fate_is_told_by_the_source(
    program: Shell, calm_zoom: Emulator, receiver: tuple[str, Path], source: Source, fate: Fate
) -> None:
    venue = open_venue(calm_zoom, source.api)
    check(dial(program, calm_zoom, source, fate, venue, receiver[1]), source, fate)


@pytest.mark.parametrize("fate", [fate for fate in FATES if fate.user in NOISY], ids=lambda fate: fate.user)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"{source.name}-{source.api}")
def test_the_fate_is_told_by_the_source_under_noise(
    program: Shell, noisy_zoom: Emulator, receiver: tuple[str, Path], source: Source, fate: Fate
) -> None:
    venue = open_venue(noisy_zoom, source.api, people=CROWD)
    for name in ("Cart", "Codec", "room.example.com"):
        noisy_zoom.join(venue.key, name, sip_uri=f"{fate.user}@elsewhere.example.com")
    with Noise(noisy_zoom, venue, are_rooms_strange=source.name != "roster").around():
        result = dial(program, noisy_zoom, source, fate, venue, receiver[1], "--to-name", "Room 7")
    check(result, source, fate)


class Stranger:
    """Another machine that speaks for the same account."""

    def __init__(self, zoom: Emulator) -> None:
        ready = zoom.ready
        form = f"grant_type=account_credentials&account_id={ready['account_id']}".encode()
        basic = _basic(ready["client_id"], ready["client_secret"])
        answer = Caller(zoom.base)(
            "POST", "/oauth/token", form, Authorization=basic, Content_Type="application/x-www-form-urlencoded"
        )
        self._meetings = Caller(zoom.base, {"Authorization": f"Bearer {answer.json()['access_token']}"})
        self._sessions = Caller(zoom.base, {"x-api-key": zoom.world.keys.build_key.reveal()})

    def ring(self, venue: Venue, address: str, protocol: str = "sip") -> int:
        params = {"call_type": protocol, "device_ip": address}
        if venue.key.api is Api.SESSION:
            path = f"/v2/videosdk/sessions/{venue.key.identifier.replace('/', '%2F')}/events"
            method, caller = "user.invite.room_system_callout", self._sessions
        else:
            path = f"/v2/live_meetings/{venue.key.identifier}/events"
            method, caller = "participant.invite.room_system_callout", self._meetings
        return caller("PATCH", path, {"method": method, "params": params}).status


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Noise:
    """Strangers who ring other rooms here and the same room elsewhere, people who come and go, answers that fail.

    Args:
        zoom: Where.
        venue: Which the call under test goes into.
        are_rooms_strange: Strangers' rooms may join it.
    """

    def __init__(self, zoom: Emulator, venue: Venue, *, are_rooms_strange: bool) -> None:
        self._zoom = zoom
        self._venue = venue
        self._other = open_venue(zoom, venue.key.api)
        self._stranger = Stranger(zoom)
        self._fates = [
            "decline",
            "no-answer",
            "fail-9",
            "fail-0",
            *(["answer", "drop-5"] if are_rooms_strange else []),
        ]
        self._chance = random.Random(venue.key.identifier)  # noqa: S311 - noise is no secret
        self._over = threading.Event()
        self._mistakes: list[BaseException] = []
        self._next_failure = 0

    def _ring_rooms(self) -> None:
        address = f"{self._chance.choice(self._fates)}@stranger-{self._chance.random()}.example.com"
        assert self._stranger.ring(self._venue, address) == 202
        for fate in NOISY:
            self._stranger.ring(self._other, f"{fate}@room.example.com", self._chance.choice(["sip", "h323"]))

    def _move_people(self) -> None:
        somebody = self._zoom.join(
            self._venue.key, "Room 7 (phone)", device=self._chance.choice(["Windows", "Phone"])
        )
        self._zoom.join(self._other.key, "Room 7", device=ROOM_DEVICE)
        self._zoom.leave(self._venue.key, somebody)

    def _fail_answers(self) -> None:
        looks = sum(received.method == "GET" for received in self._zoom.requests)
        if looks >= self._next_failure:  # three in a row would be no noise but an outage
            self._next_failure = looks + LOOKS_TO_A_FAILURE
            reply = Reply(self._chance.choice([429, 500, 502, 503]))
            self._zoom.add_fault(Fault(method="GET", path_part="/v2/", reply=reply))

    def _again_and_again(self, work: Callable[[], None], pause: float) -> None:
        try:
            while not self._over.wait(pause):
                work()
        except BaseException as error:  # noqa: BLE001 - it is told below
            self._mistakes.append(error)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Make noise."""
        works = ((self._ring_rooms, 0.08), (self._move_people, 0.03), (self._fail_answers, 0.05))
        threads = [threading.Thread(target=self._again_and_again, args=work) for work in works]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            self._zoom._faults._coming.clear()
        assert self._mistakes == []


def line_of(venue: Venue, state: str, *, at: datetime) -> str:
    subject = {
        "session_id": venue.key.identifier,
        "message_id": "m",
        "participant": {"call_type": "sip", "device_ip": "no-answer@room.example.com"},
    }
    event = {
        "event": f"session.user_room_system_callout_{state}",
        "event_ts": int(at.timestamp() * 1000),
        "payload": {"object": subject},
    }
    return json.dumps(event) + "\n"


@pytest.mark.parametrize(("seconds", "code"), [(-0.001, 8), (5, 20)])
def test_an_event_that_was_in_the_file_before_counts_only_if_its_time_is_still_to_come(
    program: Shell, emulator: Emulator, tmp_path: Path, seconds: float, code: int
) -> None:
    events = tmp_path / "events.jsonl"
    venue = open_venue(emulator, Api.SESSION)
    moment = datetime.now(UTC)
    while moment.microsecond < 600_000:  # Zoom's clock, in whole seconds, then leaves room for doubt
        moment = datetime.now(UTC)
    events.write_text(line_of(venue, "rejected", at=moment + timedelta(seconds=seconds)), encoding="utf-8")
    result = program(
        *("invite", "sip", "no-answer@room.example.com", "--session", venue.key.identifier),
        *("--evidence", "webhook", "--events", str(events), "--timeout", "0.5", "--json"),
        environ=environ_of(emulator),
    )
    assert result.code == code


def test_an_event_file_that_is_not_there_yet_is_a_warning(
    program: Shell, emulator: Emulator, tmp_path: Path
) -> None:
    venue = open_venue(emulator, Api.SESSION)
    result = program(
        *("invite", "sip", "decline@room.example.com", "--session", venue.key.identifier, "--json"),
        *("--events", str(tmp_path / "events.jsonl")),
        environ=environ_of(emulator),
    )
    assert (result.code, [warning["id"] for warning in result.json()["warnings"]]) == (20, ["event-file-missing"])
