"""Events delivered to a real endpoint: signed, validated first, and retried the way Zoom does it."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from emulator.hand_made import GOOD_TOKEN, TEN_O_CLOCK, Caller, eventually
from loopback import Loopback, Peer, free_port, self_signed
from shell import Shell

from zoomcall.emulator import webhooks
from zoomcall.emulator.running import Emulator
from zoomcall.errors import UsageError

SECRET = b"hand-made-webhook-secret"
SECOND = "1795255200"
MINUTES = 0.0001
"""A time scale that makes five minutes 30 ms, twenty 120 ms and sixty 360 ms."""


def mac(message: bytes) -> str:
    return hmac.new(SECRET, message, hashlib.sha256).hexdigest()


class Endpoint:
    """Answers validations correctly, and events with one status after the other, then always the last one."""

    def __init__(self, *statuses: int, proves: Callable[[str], str] = lambda plain: mac(plain.encode())) -> None:
        self._statuses = statuses or (200,)
        self._proves = proves
        self._lock = threading.Lock()
        self.challenges: list[dict[str, str]] = []
        self.events: list[tuple[dict[str, str], bytes]] = []
        self.seconds: list[float] = []
        self.hangs = False
        self.is_broken = False

    def __call__(self, peer: Peer) -> None:
        while request := peer.read():
            head, _, body = request.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            document = json.loads(body)
            if self.is_broken:
                peer.answer(500)
            elif document["event"] == "endpoint.url_validation":
                self.challenges.append(headers | {"body": body.decode(), "line": lines[0]})
                plain = document["payload"]["plainToken"]
                answer = {"plainToken": plain, "encryptedToken": self._proves(plain)}
                peer.answer(200, json.dumps(answer).encode(), "Content-Type: application/json")
            elif self.hangs:
                peer.hold()
            else:
                with self._lock:
                    status = self._statuses[min(len(self.events), len(self._statuses) - 1)]
                    self.events.append((headers, body))
                    self.seconds.append(time.monotonic())
                peer.answer(status, b"" if status == 204 else b"seen", "Location: /elsewhere", "X-Seen: yes")

    @property
    def request_ids(self) -> list[str]:
        return [headers["x-zm-request-id"] for headers, _ in self.events]


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve an endpoint and return its URL."""
    running: list[Loopback] = []

    def start(endpoint: Endpoint, **settings: Any) -> str:
        running.append(Loopback(endpoint, **settings).__enter__())
        return running[-1].url

    yield start
    for each in running:
        each.__exit__()


@pytest.fixture
def told() -> list[str]:
    """Collect what the account's owner would be told."""
    return []


@pytest.fixture
def deliver(make_zoom: Callable[..., Emulator], told: list[str]) -> Callable[..., Emulator]:
    """Run a local Zoom that delivers to a URL and has a session."""

    def make(url: str, **settings: Any) -> Emulator:
        zoom = make_zoom(**({"webhook_url": url, "time_scale": MINUTES, "tell": told.append} | settings))
        zoom.open_session("Delivering", identifier="KkMH")
        return zoom

    return make


def dial(zoom: Emulator, address: str = "fail-9@room.example.com") -> None:
    params = {"call_type": "sip", "device_ip": address}
    body = {"method": "user.invite.room_system_callout", "params": params}
    caller = Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})
    assert caller("PATCH", "/v2/videosdk/sessions/KkMH/events", body).status == 202


def log(zoom: Emulator, query: str = "type=1") -> list[dict[str, Any]]:
    caller = Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})
    span = "from=2026-11-21T09:30:00Z&to=2026-11-21T10:30:00Z"
    return caller("GET", f"/v2/videosdk/report/webhook_logs?{span}&{query}").json()["webhook_logs"]


def test_the_endpoint_is_validated_before_anybody_can_dial(
    serve: Callable[..., str], deliver: Callable[..., Emulator], told: list[str]
) -> None:
    endpoint = Endpoint()
    url = serve(endpoint)
    deliver(url)
    assert len(endpoint.challenges) == 1
    challenge = endpoint.challenges[0]
    body = json.loads(challenge["body"])
    assert challenge["line"] == "POST / HTTP/1.1"
    assert body["event"] == "endpoint.url_validation"
    assert body["event_ts"] == 1795255200000
    assert len(body["payload"]["plainToken"]) >= 20
    assert challenge["x-zm-request-timestamp"] == SECOND
    signed = f"v0:{SECOND}:{challenge['body']}"
    assert challenge["x-zm-signature"] == "v0=" + mac(signed.encode())
    eventually(lambda: told == [f"the webhook endpoint {url} is validated: events will be delivered"])


def test_every_event_is_posted_signed(serve: Callable[..., str], deliver: Callable[..., Emulator]) -> None:
    endpoint = Endpoint()
    url = serve(endpoint)
    zoom = deliver(url + "/hooks/zoom?x=1")
    dial(zoom, "answer@räum.example.com")
    eventually(lambda: len(log(zoom)) == 2)
    bodies = {json.loads(body)["event"]: (headers, body) for headers, body in endpoint.events}
    assert set(bodies) == {
        "session.user_room_system_callout_ringing",
        "session.user_room_system_callout_accepted",
    }
    headers, body = bodies["session.user_room_system_callout_accepted"]
    assert headers["x-zm-signature"] == "v0=" + mac(b"v0:" + SECOND.encode() + b":" + body)
    assert headers["x-zm-request-timestamp"] == SECOND
    assert headers["user-agent"] == "Zoom Marketplace/1.0a"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["traceparent"].split("-")[1] == headers["x-zm-request-id"].replace("-", "")
    row = next(row for row in log(zoom) if row["event"] == "session.user_room_system_callout_accepted")
    assert row["request_body"].encode() == body
    assert "räum".encode() in body
    assert row | {"request_body": "", "response_headers": ""} == {
        "event": "session.user_room_system_callout_accepted",
        "status": 200,
        "endpoint": f"{url}/hooks/zoom?x=1",
        "subscription_id": "emulated",
        "request_headers": "N/A",
        "request_body": "",
        "response_headers": "",
        "response_body": "seen",
        "date_time": "2026-11-21T10:00:00Z",
        "trace_id": f"WEB_{headers['x-zm-request-id'].replace('-', '')}",
        "request_id": headers["x-zm-request-id"],
        "retry_num": 0,
    }
    assert json.loads(row["response_headers"])["X-Seen"] == "yes"


@pytest.mark.parametrize("status", [200, 204])
def test_an_acknowledged_event_is_sent_once(
    serve: Callable[..., str], deliver: Callable[..., Emulator], status: int
) -> None:
    endpoint = Endpoint(status)
    zoom = deliver(serve(endpoint))
    dial(zoom)
    eventually(lambda: log(zoom, "type=3"))
    time.sleep(0.2)
    assert len(endpoint.events) == 1
    assert log(zoom, "type=2") == []


@pytest.mark.parametrize("status", [201, 301, 307, 400, 401, 404, 429])
def test_what_is_neither_acknowledged_nor_a_fault_of_the_server_is_failed_and_not_repeated(
    serve: Callable[..., str], deliver: Callable[..., Emulator], status: int
) -> None:
    endpoint = Endpoint(status)
    zoom = deliver(serve(endpoint))
    dial(zoom)
    eventually(lambda: log(zoom, "type=2"))
    time.sleep(0.2)
    assert [(row["status"], row["retry_num"]) for row in log(zoom)] == [(status, 0)]
    assert len(endpoint.events) == 1


def test_a_fault_of_the_server_is_tried_again_after_5_20_and_60_minutes(
    serve: Callable[..., str], deliver: Callable[..., Emulator]
) -> None:
    endpoint = Endpoint(500, 503, 502, 599, 200)
    zoom = deliver(serve(endpoint))
    dial(zoom)
    eventually(lambda: len(log(zoom)) == 4)
    time.sleep(0.5)
    rows = log(zoom)
    assert [(row["status"], row["retry_num"]) for row in rows] == [(500, 0), (503, 1), (502, 2), (599, 3)]
    assert len(set(endpoint.request_ids)) == 1
    assert len({body for _, body in endpoint.events}) == 1
    pauses = [later - earlier for earlier, later in zip(endpoint.seconds, endpoint.seconds[1:], strict=False)]
    assert pauses[0] >= 0.03
    assert pauses[1] >= 0.12
    assert pauses[2] >= 0.36
    assert [row["retry_num"] for row in log(zoom, "type=1&retry_num=2")] == [2]


def test_every_try_is_signed_anew(
    serve: Callable[..., str], deliver: Callable[..., Emulator], make_zoom: Callable[..., Emulator]
) -> None:
    seconds = iter(range(10_000))
    endpoint = Endpoint(500, 200)
    zoom = deliver(serve(endpoint), clock=lambda: TEN_O_CLOCK + timedelta(seconds=next(seconds) / 10))
    dial(zoom)
    eventually(lambda: len(endpoint.events) == 2)
    for headers, body in endpoint.events:
        stamp = headers["x-zm-request-timestamp"]
        assert headers["x-zm-signature"] == "v0=" + mac(f"v0:{stamp}:".encode() + body)


def test_an_endpoint_that_does_not_answer_in_time_gets_it_again(
    serve: Callable[..., str], deliver: Callable[..., Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=3) == webhooks.ACKNOWLEDGE_WITHIN
    monkeypatch.setattr(webhooks, "ACKNOWLEDGE_WITHIN", timedelta(seconds=0.15))
    endpoint = Endpoint()
    zoom = deliver(serve(endpoint))
    endpoint.hangs = True
    dial(zoom)
    eventually(lambda: log(zoom))
    endpoint.hangs = False
    eventually(lambda: len(log(zoom)) == 2)
    late, taken = log(zoom)
    assert (late["status"], late["failed_reason_type"], late["retry_num"]) == (-1, 1, 0)
    assert (taken["status"], taken["retry_num"]) == (200, 1)
    assert "failed_reason_type" not in taken


def test_an_endpoint_that_is_gone_gets_nothing_and_the_log_shows_each_try(deliver: Callable[..., Emulator]) -> None:
    endpoint = Endpoint()
    with Loopback(endpoint) as server:
        zoom = deliver(server.url)
    dial(zoom)
    eventually(lambda: len(log(zoom)) == 4)
    assert {(row["status"], row["failed_reason_type"]) for row in log(zoom)} == {(-1, 2)}
    assert [row["retry_num"] for row in log(zoom)] == [0, 1, 2, 3]


def test_an_endpoint_that_hangs_up_is_tried_again(
    serve: Callable[..., str], deliver: Callable[..., Emulator]
) -> None:
    endpoint = Endpoint()
    first = iter([True])

    def moody(peer: Peer) -> None:
        if endpoint.challenges and next(first, False):
            peer.read()
            peer.reset()
        else:
            endpoint(peer)

    zoom = deliver(serve(moody))
    dial(zoom)
    eventually(lambda: len(log(zoom)) == 2)
    assert [row["status"] for row in log(zoom)] == [-1, 200]


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        (Endpoint(proves=lambda _: "0" * 64), "a different webhook secret"),
        (Endpoint(proves=lambda plain: mac(plain.encode()).upper()), "a different webhook secret"),
    ],
)
def test_an_endpoint_that_does_not_prove_itself_gets_no_event(
    serve: Callable[..., str],
    deliver: Callable[..., Emulator],
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: Endpoint,
    why: str,
) -> None:
    assert timedelta(seconds=10) == webhooks.VALIDATE_WITHIN
    monkeypatch.setattr(webhooks, "VALIDATE_WITHIN", timedelta(seconds=0.6))
    url = serve(endpoint)
    zoom = deliver(url)
    dial(zoom)
    eventually(lambda: told)
    assert told[0].startswith(f"the webhook endpoint {url} was not validated within 0.6 s (")
    assert why in told[0]
    assert told[0].endswith("no events will be delivered")
    dial(zoom)
    eventually(lambda: len(log(zoom)) == 2)
    assert {row["status"] for row in log(zoom)} == {-1}
    assert endpoint.events == []
    assert len(endpoint.challenges) > 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"[]"), "not JSON with the plainToken"),
        ((200, b"{}"), "not JSON with the plainToken"),
        ((200, b""), "not JSON with the plainToken"),
        ((404, b"{}"), "HTTP 404"),
        ((204, b""), "HTTP 204"),
        ((302, b""), "HTTP 302"),
    ],
)
def test_any_other_answer_to_the_validation_is_no_proof(
    serve: Callable[..., str],
    deliver: Callable[..., Emulator],
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, bytes],
    why: str,
) -> None:
    monkeypatch.setattr(webhooks, "VALIDATE_WITHIN", timedelta(0))

    def script(peer: Peer) -> None:
        while peer.read():
            peer.answer(*answer)

    deliver(serve(script))
    eventually(lambda: told)
    assert why in told[0]


def test_an_endpoint_may_come_up_a_little_later_and_gets_what_it_missed(
    deliver: Callable[..., Emulator], told: list[str]
) -> None:
    port = free_port()
    zoom = deliver(f"http://127.0.0.1:{port}")
    dial(zoom)
    eventually(lambda: log(zoom))
    endpoint = Endpoint()
    server = Loopback(endpoint, port=port)
    with server:
        eventually(lambda: told)
        eventually(lambda: len(log(zoom)) == 2)
        dial(zoom)
        eventually(lambda: len(log(zoom)) == 3)
    assert [row["status"] for row in log(zoom)] == [-1, 200, 200]
    assert [row["request_id"] for row in log(zoom)][:2] == [endpoint.request_ids[0]] * 2
    assert len(set(endpoint.request_ids)) == 2


def test_after_six_failed_revalidations_in_a_row_the_subscription_is_disabled(
    serve: Callable[..., str], deliver: Callable[..., Emulator], told: list[str]
) -> None:
    three_days = webhooks.REVALIDATE_EVERY.total_seconds()
    endpoint = Endpoint()
    url = serve(endpoint)
    zoom = deliver(url, time_scale=0.05 / three_days)
    eventually(lambda: len(endpoint.challenges) > 3)
    endpoint.is_broken = True
    eventually(lambda: len(told) == 4)
    for number, line in zip((2, 4), told[1:3], strict=True):
        assert line == f"the webhook endpoint {url} failed {number} revalidations in a row (it answered HTTP 500)"
    assert told[3] == (
        f"the webhook endpoint {url} failed 6 revalidations in a row:"
        " its subscription is disabled, and no more events will be delivered"
    )
    endpoint.is_broken = False
    dial(zoom)
    eventually(lambda: log(zoom))
    assert (log(zoom)[0]["status"], endpoint.events) == (-1, [])


def test_a_certificate_that_nobody_trusts_stops_the_validation(
    serve: Callable[..., str],
    deliver: Callable[..., Emulator],
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks, "VALIDATE_WITHIN", timedelta(0))
    context, _ = self_signed(tmp_path)
    deliver(serve(Endpoint(), tls=context))
    eventually(lambda: told)
    assert "certificate is not trusted" in told[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/zoom",
        "http://example.com",
        "http://192.0.2.1:80/",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
    ],
)
def test_only_loopback_gets_events(zoomcall: Shell, url: str) -> None:
    with pytest.raises(UsageError, match="--webhook-url"):
        Emulator(webhook_url=url)
    result = zoomcall("emulate", "--webhook-url", url, "--", "true")
    assert result.code == 2
    assert "--webhook-url" in result.stderr


def test_the_command_line_says_what_became_of_the_endpoint(zoomcall: Shell, serve: Callable[..., str]) -> None:
    endpoint = Endpoint()
    url = serve(endpoint)
    result = zoomcall(
        "emulate", "--webhook-url", url, "--", "true", environ={"ZOOMCALL_WEBHOOK_SECRET": SECRET.decode()}
    )
    assert result.code == 0
    assert f"the webhook endpoint {url} is validated" in result.stderr


def test_events_of_before_the_end_are_not_waited_for(
    serve: Callable[..., str], deliver: Callable[..., Emulator]
) -> None:
    endpoint = Endpoint()
    zoom = deliver(serve(endpoint))
    endpoint.hangs = True
    dial(zoom)
    eventually(lambda: zoom.world.events)
    started = time.monotonic()
    zoom.close()
    assert time.monotonic() - started < 10
