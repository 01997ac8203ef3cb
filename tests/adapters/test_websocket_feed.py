"""The websocket feed against the emulated Zoom, and against servers that misbehave."""

import base64
import contextlib
import hashlib
import json
import logging
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from emulator.hand_made import Caller, eventually
from loopback import Loopback, Peer, answering, free_port

from zoomcall.adapters.http import Http
from zoomcall.adapters.websocket_feed import NoWebsocket, Timing, TokenRefused, WebsocketFeed, mask_token
from zoomcall.adapters.zoom_oauth import ZoomOAuth
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.call import State
from zoomcall.domain.credential import AccessToken, CredentialKind, ServerToServerApp
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.secret import Secret
from zoomcall.emulator.keys import GrantType
from zoomcall.emulator.running import Emulator
from zoomcall.errors import NetworkFault, NetworkWord, UsageError, ZoomcallError

TOKEN = "made.up.token-that-nobody-may-see"
QUICK = Timing(
    connect=timedelta(seconds=2),
    first_pause=timedelta(seconds=0.05),
    longest_pause=timedelta(seconds=0.2),
)


class Watcher:
    """Collects what a feed tells, and makes feeds."""

    def __init__(self) -> None:
        self.events: list[CalloutEvent] = []
        self.troubles: list[str] = []
        self.ends: list[str] = []
        self.trace: list[str] = []

    def feed(
        self, url: str, *tokens: Callable[[], AccessToken], subscription: str = "sub", timing: Timing = QUICK
    ) -> WebsocketFeed:
        return WebsocketFeed(
            url,
            subscription,
            tokens,
            on_events=self.events.extend,
            on_trouble=self.troubles.append,
            on_end=self.ends.append,
            trace=self.trace.append,
            timing=timing,
        )

    @property
    def states(self) -> list[State]:
        return [event.state for event in self.events]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def feeds() -> Iterator[contextlib.ExitStack]:
    """Stop every feed in the end."""
    with contextlib.ExitStack() as stack:
        yield stack


def bearer(text: str = TOKEN, *, lifetime: timedelta | None = None) -> AccessToken:
    expires_at = None if lifetime is None else datetime.now(UTC) + lifetime
    return AccessToken(text=Secret(text), kind=CredentialKind.S2S, expires_at=expires_at)


class Zoom:
    """A local Zoom, and the tokens that it gives."""

    def __init__(self, emulator: Emulator, http: Http) -> None:
        self.emulator = emulator
        ready = emulator.ready
        self.url = ready["oauth_base"].replace("http", "ws") + "/ws"
        self.subscription = ready["websocket_subscription_id"]
        self.oauth = ZoomOAuth(http, ApiBase(ready["oauth_base"]))
        self._app = ServerToServerApp(ready["account_id"], ready["client_id"], Secret(ready["client_secret"]))
        self.asked: list[str] = []

    def client(self) -> AccessToken:
        self.asked.append("client")
        return self.oauth.client_credentials(self._app)

    def account(self) -> AccessToken:
        self.asked.append("account")
        return self.oauth.account_credentials(self._app)

    def dial(self, address: str) -> None:
        params = {"call_type": "sip", "device_ip": address}
        body = {"method": "participant.invite.room_system_callout", "params": params}
        caller = Caller(self.emulator.base, {"Authorization": f"Bearer {self.account().text.reveal()}"})
        path = f"/v2/live_meetings/{self.emulator.ready['meeting_id']}/events"
        assert caller("PATCH", path, body).status == 202

    @property
    def connections(self) -> int:
        return sum(received.path == "/ws" for received in self.emulator.requests)


@pytest.fixture
def http() -> Iterator[Http]:
    with Http() as client:
        yield client


@pytest.fixture
def zoom(emulator: Emulator, http: Http) -> Zoom:
    return Zoom(emulator, http)


def test_meeting_events_come_in(zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    feed = watcher.feed(zoom.url, zoom.client, zoom.account, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    assert zoom.asked == ["client"]
    zoom.dial("decline@room.example.com")
    eventually(lambda: watcher.states == [State.RINGING, State.DECLINED])
    assert watcher.events[0].device == "decline@room.example.com"
    assert watcher.troubles == watcher.ends == []


def test_the_token_of_the_account_is_the_second_choice(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack
) -> None:
    zoom.emulator.sockets.grants = frozenset({GrantType.ACCOUNT})
    feed = watcher.feed(zoom.url, zoom.client, zoom.account, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    assert zoom.asked == ["client", "account"]
    assert any("Invalid Token" in line for line in watcher.trace)
    zoom.dial("fail-9@room.example.com")
    eventually(lambda: watcher.states == [State.FAILED])


def test_a_token_endpoint_that_refuses_the_first_kind_is_asked_for_the_second(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack
) -> None:
    stranger = ServerToServerApp("a", "b", Secret("c"))
    feed = watcher.feed(
        zoom.url, lambda: zoom.oauth.client_credentials(stranger), zoom.account, subscription=zoom.subscription
    )
    feeds.callback(feed.stop)
    feed.start()
    assert zoom.emulator.sockets.is_connected


def test_without_a_good_token_there_is_no_connection(zoom: Zoom, watcher: Watcher) -> None:
    feed = watcher.feed(zoom.url, bearer, bearer, subscription=zoom.subscription)
    with pytest.raises(TokenRefused, match="Invalid Token"):
        feed.start()
    assert not zoom.emulator.sockets.is_connected


def test_without_the_right_subscription_there_is_no_connection(zoom: Zoom, watcher: Watcher) -> None:
    feed = watcher.feed(zoom.url, zoom.client, zoom.account)
    with pytest.raises(NoWebsocket, match="Invalid subscriptionId"):
        feed.start()
    assert zoom.asked == ["client"]


def test_a_token_that_cannot_be_had_stops_the_start(zoom: Zoom, watcher: Watcher) -> None:
    def no_way() -> AccessToken:
        raise NetworkFault("no way", word=NetworkWord.CONNECT, may_have_arrived=False)

    with pytest.raises(NetworkFault, match="no way"):
        watcher.feed(zoom.url, no_way, zoom.account, subscription=zoom.subscription).start()
    assert zoom.asked == []


def test_a_cut_connection_comes_back(zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    zoom.emulator.drop_websocket()
    eventually(lambda: watcher.troubles == ["the websocket was cut; events are lost until it is back"])
    eventually(lambda: zoom.connections == 2)
    eventually(lambda: zoom.emulator.sockets.is_connected)
    zoom.dial("fail-7@room.example.com")
    eventually(lambda: watcher.states == [State.FAILED])
    assert zoom.asked == ["client", "account"]  # the second is the test's own


def test_a_token_that_was_withdrawn_is_replaced(zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    zoom.emulator.world.revoke_tokens()
    zoom.emulator.drop_websocket()
    eventually(lambda: zoom.asked == ["client", "client"])
    eventually(lambda: zoom.emulator.sockets.is_connected)


def test_tokens_that_zoom_takes_no_more_end_the_feed(zoom: Zoom, watcher: Watcher) -> None:
    token = zoom.client()
    feed = watcher.feed(zoom.url, lambda: token, subscription=zoom.subscription)
    feed.start()
    zoom.emulator.world.revoke_tokens()
    zoom.emulator.drop_websocket()
    eventually(lambda: watcher.ends == ["Zoom refused the websocket: Invalid Token"])
    feed.stop()


def test_two_of_one_subscription_do_not_fight_without_pause(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack
) -> None:
    timing = Timing(first_pause=timedelta(seconds=0.1), longest_pause=timedelta(seconds=5))
    for each in (watcher, Watcher()):
        feed = each.feed(zoom.url, zoom.client, subscription=zoom.subscription, timing=timing)
        feeds.callback(feed.stop)
        feed.start()
    eventually(lambda: any("closed by the other side" in trouble for trouble in watcher.troubles))
    time.sleep(1.5)
    assert zoom.connections <= 12


def test_a_connection_is_replaced_before_its_token_expires_and_no_event_is_lost(
    watcher: Watcher, feeds: contextlib.ExitStack, http: Http
) -> None:
    with Emulator(time_scale=0.01, token_lifetime=timedelta(seconds=2)) as emulator:
        zoom = Zoom(emulator, http)
        timing = Timing(renew_before=timedelta(seconds=1.5))
        feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription, timing=timing)
        feeds.callback(feed.stop)
        feed.start()
        dialled = 0
        while zoom.connections < 4:
            zoom.dial("fail-9@room.example.com")
            dialled += 1
            time.sleep(0.02)
        eventually(lambda: len(watcher.events) >= dialled)
        assert len({event.message_id for event in watcher.events}) == dialled
        assert watcher.troubles == []
        feed.stop()


def test_a_token_of_which_there_is_no_newer_is_not_asked_for_again_and_again(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack
) -> None:
    token = zoom.client()
    soon = AccessToken(text=token.text, kind=token.kind, expires_at=datetime.now(UTC) + timedelta(seconds=40))
    feed = watcher.feed(zoom.url, lambda: soon, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    eventually(lambda: zoom.connections == 2)
    time.sleep(0.3)
    assert zoom.connections == 2
    assert zoom.emulator.sockets.is_connected


def test_a_connection_that_falls_silent_is_replaced(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack
) -> None:
    timing = Timing(beat=timedelta(seconds=60), silence=timedelta(seconds=0.2))
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription, timing=timing)
    feeds.callback(feed.stop)
    feed.start()
    eventually(lambda: zoom.connections >= 3)
    assert watcher.troubles == []


def test_heartbeats_keep_it_alive(zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    assert (Timing().beat, Timing().silence) == (timedelta(seconds=30), timedelta(seconds=75))
    zoom.emulator.sockets.beat_limit = timedelta(seconds=0.4)
    timing = Timing(beat=timedelta(seconds=0.1), silence=timedelta(seconds=0.4))
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription, timing=timing)
    feeds.callback(feed.stop)
    feed.start()
    time.sleep(1)
    assert zoom.connections == 1
    assert watcher.trace.count("< heartbeat") >= 5


def test_one_that_cannot_be_replaced_is_kept(zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    tokens = iter([zoom.client()])

    def once() -> AccessToken:
        token = next(tokens, None)
        if token is None:
            raise NetworkFault("the token endpoint is away", word=NetworkWord.CONNECT, may_have_arrived=False)
        return token

    timing = Timing(beat=timedelta(seconds=60), silence=timedelta(seconds=0.2))
    feed = watcher.feed(zoom.url, once, subscription=zoom.subscription, timing=timing)
    feeds.callback(feed.stop)
    feed.start()
    eventually(lambda: "* no new websocket: the token endpoint is away" in watcher.trace)
    zoom.dial("fail-9@room.example.com")
    eventually(lambda: watcher.states == [State.FAILED])
    assert zoom.connections == 1


def test_stopping_closes_the_connection_and_ends_the_thread(zoom: Zoom, watcher: Watcher) -> None:
    before = threading.active_count()
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription)
    feed.start()
    started = time.monotonic()
    feed.stop()
    assert time.monotonic() - started < 10
    assert threading.active_count() == before
    eventually(lambda: not zoom.emulator.sockets.is_connected)
    assert watcher.troubles == watcher.ends == []
    feed.stop()


def test_one_that_never_started_can_be_stopped(watcher: Watcher) -> None:
    watcher.feed("ws://127.0.0.1:9/ws", bearer).stop()


def handshake(request: bytes) -> bytes:
    """Answer a websocket's handshake (RFC 6455)."""
    key = next(line[19:] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324 - RFC 6455 wants it
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def text_frame(document: Any) -> bytes:
    body = (document if isinstance(document, str) else json.dumps(document)).encode()
    size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + len(body).to_bytes(2, "big")
    return b"\x81" + size + body


def saying(*frames: Any) -> Callable[[Peer], None]:
    """Make a script that shakes hands, says these frames, and stays."""

    def script(peer: Peer) -> None:
        peer.say(handshake(peer.read()) + b"".join(text_frame(frame) for frame in frames))
        peer.hold()

    return script


REFUSAL = {"module": "build_connection", "success": False, "content": "Token is invalid"}
GREETING = {"module": "build_connection", "success": True, "content": ""}


def an_event(**changes: Any) -> str:
    return json.dumps(
        {
            "event": "meeting.participant_room_system_callout_accepted",
            "event_ts": 1795255200000,
            "payload": {
                "account_id": "a",
                "object": {
                    "id": 84098077904,
                    "uuid": "u",
                    "host_id": "h",
                    "message_id": "m",
                    "inviter_name": "i",
                    "participant": {"call_type": "sip", "device_ip": "room@example.com"},
                },
            },
        }
        | changes
    )


def test_the_request_is_as_zoom_documents_it(watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    with Loopback(saying(GREETING)) as server:
        feed = watcher.feed(server.url.replace("http", "ws") + "/ws", bearer, subscription="Zh PG&t=K/84")
        feeds.callback(feed.stop)
        feed.start()
        feed.stop()
    line = server.requests[0].split(b"\r\n")[0].decode()
    assert line == f"GET /ws?subscriptionId=Zh+PG%26t%3DK/84&access_token={TOKEN} HTTP/1.1"


def test_frames_of_every_shape_are_survived(watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    frames = [
        "no json",
        "[]",
        '"text"',
        {"module": "message", "content": an_event(event="meeting.started")},
        {"module": "message", "content": "no json"},
        {"module": "message", "content": None},
        {"module": "message"},
        {"content": an_event()},
        {"module": ["message"], "content": an_event()},
        {"module": "message", "content": json.loads(an_event(event_ts=1795255201000))},
        {"module": "message", "success": True, "content": an_event()},
    ]
    with Loopback(saying({"module": "message", "content": an_event()}, GREETING, *frames)) as server:
        feed = watcher.feed(server.url.replace("http", "ws"), bearer)
        feeds.callback(feed.stop)
        feed.start()
        eventually(lambda: len(watcher.events) == 3)
        feed.stop()
    assert set(watcher.states) == {State.ANSWERED}
    assert {event.target_id for event in watcher.events} == {"84098077904"}


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (answering(401), TokenRefused, "HTTP 401"),
        (answering(500, b"<html>"), NoWebsocket, "HTTP 500"),
        (answering(200, b"{}"), NoWebsocket, "HTTP 200"),
        (answering(302, b"", "Location: https://example.com/"), NoWebsocket, "HTTP 302"),
        (saying(REFUSAL), TokenRefused, "Token is invalid"),
        (saying({"module": "build_connection", "success": "true", "content": "odd"}), NoWebsocket, "odd"),
        (saying({"module": "build_connection", "success": False}), NoWebsocket, "build_connection"),
        (lambda peer: (peer.read(), peer.say(b"nonsense\r\n\r\n")), NoWebsocket, "no websocket from 127.0.0.1"),
        (lambda peer: peer.reset(), NoWebsocket, "no websocket from 127.0.0.1"),
        (lambda peer: peer.say(handshake(peer.read()) + b"\x88\x02\x03\xe8"), NoWebsocket, "connection was closed"),
    ],
)
def test_a_server_that_gives_no_connection_is_named(
    watcher: Watcher, script: Callable[[Peer], None], kind: type[ZoomcallError], words: str
) -> None:
    with Loopback(script) as server, pytest.raises(kind, match=words) as caught:
        watcher.feed(server.url.replace("http", "ws"), bearer).start()
    assert type(caught.value) is kind
    assert caught.value.__context__ is None


@pytest.mark.parametrize("script", [Peer.hold, saying(), saying("nonsense")])
def test_a_server_that_says_nothing_is_left_in_time(watcher: Watcher, script: Callable[[Peer], None]) -> None:
    with Loopback(script) as server:
        started = time.monotonic()
        feed = watcher.feed(server.url.replace("http", "ws"), bearer, timing=Timing(connect=timedelta(seconds=0.3)))
        with pytest.raises(NoWebsocket, match=r"within 0.3 s"):
            feed.start()
        assert time.monotonic() - started < 20


def test_a_port_where_nobody_listens_is_named(watcher: Watcher) -> None:
    with pytest.raises(NoWebsocket, match="refused"):
        watcher.feed(f"ws://127.0.0.1:{free_port()}/ws", bearer).start()


def test_while_zoom_is_away_it_is_tried_with_growing_pauses(watcher: Watcher, feeds: contextlib.ExitStack) -> None:
    def cut(peer: Peer) -> None:
        peer.say(handshake(peer.read()) + text_frame(GREETING))
        peer.reset()

    with Loopback(cut, answering(503), answering(503), answering(503), saying(GREETING)) as server:
        feed = watcher.feed(server.url.replace("http", "ws"), bearer)
        feeds.callback(feed.stop)
        feed.start()
        eventually(lambda: "* the websocket is back" in watcher.trace)
        feed.stop()
    assert watcher.troubles[1:] == ["Zoom answered HTTP 503 instead of opening a websocket; trying again"] * 3


def large(first: int, size: int) -> bytes:
    return bytes([first, 127]) + size.to_bytes(8, "big")


DEFLATED = zlib.compress(b" " * 2**26)[2:-4]


@pytest.mark.parametrize(
    ("extension", "frames"),
    [
        (b"", large(0x81, 2**40) + b" " * 2**16),
        (b"", large(0x01, 2**19) + b" " * 2**19 + (large(0x00, 2**19) + b" " * 2**19) * 3),
        (b"", large(0xC1, len(DEFLATED)) + DEFLATED),
        (
            b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n",
            large(0xC1, len(DEFLATED)) + DEFLATED,
        ),
    ],
    ids=["one-frame", "many-frames", "deflated", "deflated-as-announced"],
)
def test_a_message_without_end_costs_little_and_cuts_the_connection(
    watcher: Watcher, feeds: contextlib.ExitStack, extension: bytes, frames: bytes
) -> None:
    def script(peer: Peer) -> None:
        shake = handshake(peer.read()).replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\n" + extension)
        peer.say(shake + text_frame(GREETING) + frames)
        peer.hold()

    with Loopback(script, saying(GREETING)) as server:
        feed = watcher.feed(server.url.replace("http", "ws"), bearer)
        feeds.callback(feed.stop)
        tracemalloc.start()
        try:
            feed.start()
            eventually(lambda: "* the websocket is back" in watcher.trace)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()
        assert b"permessage-deflate" not in server.requests[0]
        feed.stop()
    assert watcher.events == []


def test_a_proxy_is_used_off_loopback(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(answering(502)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://jill:chill@"))
        with pytest.raises(NoWebsocket) as caught:
            watcher.feed("wss://ws.zoom.invalid/ws", bearer).start()
    head = proxy.requests[0].split(b"\r\n")
    assert head[0] == b"CONNECT ws.zoom.invalid:443 HTTP/1.1"
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"jill:chill") in head
    assert "chill" not in caught.value.message


def test_a_socks_proxy_is_refused_in_words(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://jill:chill@127.0.0.1:1080")
    with pytest.raises(NoWebsocket, match="SOCKS") as caught:
        watcher.feed("wss://ws.zoom.invalid/ws", bearer).start()
    assert "chill" not in caught.value.message


def test_a_proxy_that_is_no_url_is_a_usage_error(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense")
    with pytest.raises(UsageError, match="ALL_PROXY"):
        watcher.feed("wss://ws.zoom.invalid/ws", bearer).start()


def test_loopback_goes_through_no_proxy(
    zoom: Zoom, watcher: Watcher, feeds: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    feed = watcher.feed(zoom.url, zoom.client, subscription=zoom.subscription)
    feeds.callback(feed.stop)
    feed.start()
    assert zoom.emulator.sockets.is_connected


def test_the_token_is_never_traced_logged_or_told(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    caplog.set_level(logging.DEBUG)
    repeating = {"module": "build_connection", "success": False, "content": f"Invalid Token {TOKEN}"}

    def cut(peer: Peer) -> None:
        peer.say(handshake(peer.read()) + text_frame(GREETING))
        peer.reset()

    told: list[str] = []
    refusing, forbidding = saying(repeating), answering(401, TOKEN.encode())
    for scripts in ((refusing,), (forbidding,), (Peer.reset,), (cut, refusing)):
        with Loopback(*scripts) as server:
            feed = watcher.feed(server.url.replace("http", "ws") + "/ws", bearer)
            try:
                feed.start()
                eventually(lambda: watcher.ends)
            except ZoomcallError as error:
                told.append(error.message)
            feed.stop()
    assert len(told) == 3
    shown = [*told, *watcher.trace, *watcher.troubles, *watcher.ends, caplog.text, *capfd.readouterr()]
    assert any("access_token=***" in text for text in shown)
    assert not any(TOKEN in text for text in shown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET ws://h/ws?subscriptionId=s&access_token=abc.def&x=1", "access_token=***&x=1"),
        ("URL('ws://h/ws?access_token=abc.def')", "access_token=***')"),
        ("{'access_token': 'abc.def'}", "access_token': '***'}"),
        ("next=ws%3A//h%3Faccess_token%3Dabc.def", "access_token%3D***"),
    ],
)
def test_what_libraries_log_of_a_url_is_masked(text: str, expected: str) -> None:
    record = logging.LogRecord("aiohttp.client", logging.ERROR, __file__, 1, "at %s", (text,), None)
    assert mask_token(record)
    assert record.getMessage().endswith(expected)
    assert "abc.def" not in record.getMessage()


def test_what_libraries_log_of_other_things_is_left_alone() -> None:
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, "%d tokens", (5,), None)
    assert mask_token(record)
    assert record.args == (5,)
