"""What waiting costs in requests to Zoom, counted at a real socket."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from fakes import FakeListener
from shell import Shell, environ_of

from zoomcall.adapters.http import Http
from zoomcall.adapters.journal import Journal
from zoomcall.adapters.jwt import sign_hs256
from zoomcall.adapters.zoom_rest import ZoomRest
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.callout import Callout
from zoomcall.domain.credential import VideoSdkKey
from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api, SessionId, SessionTarget
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.pushed_events import PushFeed
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.minting import mint_api_jwt

MOST_REQUESTS = 25
"""In a wait of sixty seconds, everything before it included."""

SPEED = 30
USUAL = Rhythm()
FAST = Rhythm(first=USUAL.first / SPEED, early=USUAL.early / SPEED, interval=USUAL.interval / SPEED)


@pytest.fixture
def silent_zoom() -> Iterator[Emulator]:
    """Run a local Zoom whose calls take so long that nothing comes of them."""
    with Emulator(time_scale=1000) as zoom:
        yield zoom


def test_the_rhythm_alone_leaves_room_for_what_comes_before_the_wait() -> None:
    looks, elapsed = 0, USUAL.pause_before(0)
    while elapsed <= timedelta(seconds=60):
        looks += 1
        elapsed += USUAL.pause_before(looks)
    assert looks <= MOST_REQUESTS - 4


@pytest.mark.parametrize(
    ("target", "flags"),
    [
        ("session", ()),
        ("session", ("--evidence", "roster")),
        ("session", ("--evidence", "webhook-log")),
        ("meeting", ()),
        ("meeting", ("--evidence", "roster")),
        ("meeting", ("--evidence", "websocket")),
    ],
)
def test_a_minutes_wait_costs_at_most_25_requests(
    zoomcall: Shell, silent_zoom: Emulator, monkeypatch: pytest.MonkeyPatch, target: str, flags: tuple[str, ...]
) -> None:
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=FAST))
    monkeypatch.setattr(PushFeed, "delay", timedelta(0))  # goes by the clock, in which looks are too quick here
    seconds = str(60 / SPEED)
    identifier = silent_zoom.ready[f"{target}_id"]
    result = zoomcall(
        *("invite", "sip", "answer@room.example.com", f"--{target}", identifier, "--timeout", seconds, *flags),
        environ=environ_of(silent_zoom),
    )
    assert result.code == 8
    paths = Counter(f"{each.method} {each.path}" for each in silent_zoom.requests)
    assert sum(paths.values()) <= MOST_REQUESTS, paths
    assert sum(number for path, number in paths.items() if path.startswith("PATCH")) == 1
    if flags[1:] != ("websocket",):
        assert sum(paths.values()) >= MOST_REQUESTS / 2, "it did not look as often as it may"


Dial = Callable[[str], CallReport]


@pytest.fixture
def dial_room(silent_zoom: Emulator, tmp_path: Path) -> Iterator[Dial]:
    """Ring a room into the emulator's session over the real client, with one journal for all."""
    ready = silent_zoom.ready
    key = VideoSdkKey(ready["api_key"], Secret(ready["api_secret"]))
    now = partial(datetime.now, UTC)
    with ExitStack() as stack:
        http = stack.enter_context(Http())
        journal = Journal(tmp_path)
        stack.callback(journal.close)
        rest = ZoomRest(
            http,
            ApiBase(ready["api_base"]),
            lambda _: mint_api_jwt(key, now=now(), lifetime=timedelta(minutes=5), sign=sign_hs256),
        )

        dialler = Dialler(zoom=rest, journal=journal, polls=Polls(rest, now=now, rhythm=FAST), now=now)

        def run(address: str) -> CallReport:
            order = DialOrder(
                target=SessionTarget(SessionId(ready["session_id"])),
                callout=Callout(address=RoomAddress.parse(Protocol.SIP, address)),
                api_base=ready["api_base"],
                profile=None,
                timeout=timedelta(seconds=60 / SPEED),
            )
            return dialler.dial(order, FakeListener(), Stop())

        yield run


def test_calls_of_one_process_into_one_session_share_one_watcher(silent_zoom: Emulator, dial_room: Dial) -> None:
    reports: list[CallReport] = []

    def ring(number: int) -> None:
        reports.append(dial_room(f"answer@room-{number}.example.com"))

    calls = 6
    threads = [threading.Thread(target=ring, args=(number,)) for number in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == calls
    before_the_wait = 4  # for each call: who is there, whether events come (twice asked), and the request itself
    assert len(silent_zoom.requests) <= calls * before_the_wait + MOST_REQUESTS - before_the_wait
    assert len(silent_zoom.requests) >= calls + MOST_REQUESTS / 2


def test_each_call_of_a_shared_watcher_sees_its_own_room(silent_zoom: Emulator, dial_room: Dial) -> None:
    reports: dict[str, CallReport] = {}

    def ring(address: str) -> None:
        reports[address] = dial_room(address)

    addresses = [f"198.51.100.{number}" for number in range(1, 5)]
    threads = [threading.Thread(target=ring, args=(address,)) for address in addresses]
    for thread in threads:
        thread.start()
    eventually(lambda: [each.method for each in silent_zoom.requests].count("PATCH") == len(addresses))
    session = VenueKey(Api.SESSION, silent_zoom.ready["session_id"])
    for address in addresses[:-1]:
        silent_zoom.join(session, f"room {address}", device=ROOM_DEVICE, ip_address=address)
    for thread in threads:
        thread.join()
    states = {address: report.state.value for address, report in reports.items()}
    assert states == {**dict.fromkeys(addresses[:-1], "joined"), addresses[-1]: "pending"}
    uuids = {report.participant.uuid for report in reports.values() if report.participant is not None}
    assert len(uuids) == len(addresses) - 1
