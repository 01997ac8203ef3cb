import asyncio
import contextlib
import gzip
import hashlib
import hmac
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zoom_events import SECRET, Reply, bytes_of, callout, deliver, request, signature_of, zoom_headers

from zoomcall.adapters.webhook_receiver import Limits, WebhookReceiver, _unless_cancelled
from zoomcall.domain.cause import Notice
from zoomcall.domain.repeats import mark_of
from zoomcall.domain.secret import Secret
from zoomcall.domain.webhook import Delivery, Refusal, RefusalKind, WebhookEvent
from zoomcall.errors import UsageError

PLAIN = "qgg8vlvZRS6UYooatFL8Aw"
VALIDATION = {"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": PLAIN}}


class Taken:
    """What a receiver handed on."""

    def __init__(self) -> None:
        self.batches: list[tuple[Delivery, ...]] = []
        self.refusals: list[tuple[Refusal, str]] = []
        self.fault: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def take(self, deliveries: tuple[Delivery, ...]) -> None:
        self.may_go_on.wait(20)
        if self.fault is not None:
            raise self.fault
        self.batches.append(deliveries)

    def refuse(self, refusal: Refusal, peer: str) -> None:
        self.refusals.append((refusal, peer))

    @property
    def ids(self) -> list[str]:
        return [delivery.request_id for batch in self.batches for delivery in batch]

    @property
    def kinds(self) -> list[RefusalKind]:
        return [refusal.kind for refusal, _ in self.refusals]


MakeReceiver = Callable[..., WebhookReceiver]


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def make(taken: Taken) -> Iterator[MakeReceiver]:
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", **settings: Any) -> WebhookReceiver:
            receiver = WebhookReceiver(Secret(SECRET), host, 0, taken.take, on_refusal=taken.refuse, **settings)
            return stack.enter_context(receiver)

        yield start
        taken.may_go_on.set()


@pytest.fixture
def url(make: MakeReceiver) -> str:
    return make().url


def raw_request(url: str, data: bytes, *, seconds: float = 10.0) -> bytes:
    """Send bytes as they are and read until the other side closes."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=seconds)) as connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def head_of(raw: bytes, **more: str) -> bytes:
    headers = zoom_headers(raw) | {"host": "localhost", **more}
    return "".join(["POST / HTTP/1.1\r\n", *(f"{n}: {v}\r\n" for n, v in headers.items()), "\r\n"]).encode()


# What is taken


def test_an_event_is_handed_on_as_it_came(url: str, taken: Taken) -> None:
    raw = b'{ "event":"session.started", "topic":"\\uD83D\\uDE92 \xe2\x80\x99" }\n'
    before = datetime.now(UTC)
    answer = request(url, raw, zoom_headers(raw, request_id="request-1"))
    assert (answer.status, answer.body) == (200, b"")
    [[delivery]] = taken.batches
    assert delivery.raw == raw
    assert delivery.event.body == {"event": "session.started", "topic": "\U0001f692 \u2019"}
    assert delivery.request_id == "request-1"
    assert before <= delivery.received_at <= datetime.now(UTC)
    headers = {name.lower(): value for name, value in delivery.headers}
    assert headers["user-agent"] == "Zoom Marketplace/1.0a"
    assert headers["x-zm-request-id"] == "request-1"


def test_a_body_in_chunks_is_read(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (raw[:10], raw[10:])) + b"0\r\n\r\n"
    answer = raw_request(url, head_of(raw, **{"transfer-encoding": "chunked", "connection": "close"}) + chunks)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert taken.batches[0][0].raw == raw


def test_a_client_that_waits_to_go_on_is_told_to(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        more = {"expect": "100-continue", "content-length": str(len(raw)), "connection": "close"}
        connection.sendall(head_of(raw, **more))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(raw)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert len(taken.ids) == 1


def test_the_signature_is_over_the_bytes_on_the_wire(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    packed = gzip.compress(raw)
    answer = request(url, packed, zoom_headers(raw) | {"content-encoding": "gzip"})
    assert answer.status == 401
    answer = request(url, packed, zoom_headers(packed) | {"content-encoding": "gzip"})
    assert answer.status == 400
    assert taken.batches == []


def test_a_query_does_not_matter(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    assert request(url, raw, zoom_headers(raw), path="/?source=zoom").status == 200
    assert len(taken.ids) == 1


def test_connections_are_kept_open(url: str, taken: Taken) -> None:
    raw, last = bytes_of(callout("ringing")), bytes_of(callout("missed"))
    one = head_of(raw, **{"content-length": str(len(raw))}) + raw
    other = head_of(last, **{"content-length": str(len(last)), "connection": "close"}) + last
    assert raw_request(url, one + other).count(b"HTTP/1.1 200 ") == 2
    assert len(taken.ids) == 2


# URL validation


def test_zooms_url_validation_is_answered_at_once_and_not_handed_on(url: str, taken: Taken) -> None:
    began = time.monotonic()
    answer = deliver(url, VALIDATION)
    assert time.monotonic() - began < 3
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"plainToken": PLAIN, "encryptedToken": token_of(PLAIN)}
    assert taken.batches == []


def token_of(plain: str) -> str:
    return hmac.new(SECRET.encode(), plain.encode(), hashlib.sha256).hexdigest()


def test_a_url_validation_is_answered_while_events_wait_for_the_disk(url: str, taken: Taken) -> None:
    taken.may_go_on.clear()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(deliver, url, callout())
        assert deliver(url, VALIDATION).status == 200
        assert not waiting.done()
        taken.may_go_on.set()
        assert waiting.result().status == 200


def test_a_url_validation_of_nobody_is_never_answered(url: str, taken: Taken) -> None:
    raw = bytes_of(VALIDATION)
    unsigned = {"content-type": "application/json"}
    forged = zoom_headers(raw, secret="another")
    stale = zoom_headers(raw, age=3600)
    for headers in (unsigned, forged, stale):
        answer = request(url, raw, headers)
        assert answer.status == 401
        assert token_of(PLAIN).encode() not in answer.body
    assert taken.kinds == [RefusalKind.UNSIGNED, RefusalKind.MISMATCH, RefusalKind.OLD]


# What is refused


def refused(answer: Reply) -> tuple[int, str]:
    return answer.status, answer.json()["error"]


def test_a_bad_signature_is_refused(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    headers = zoom_headers(raw)
    signature = headers["x-zm-signature"]
    for wrong in ("", "v0=", signature[3:], signature.upper(), signature[:-1], signature + "0"):
        assert request(url, raw, headers | {"x-zm-signature": wrong}).status == 401
    assert request(url, raw + b"\n", headers).status == 401
    assert refused(request(url, raw, zoom_headers(raw, secret="another"))) == (401, "signature-mismatch")
    assert taken.batches == []
    assert all(peer == "127.0.0.1" for _, peer in taken.refusals)


@pytest.mark.parametrize(
    ("age", "expected"),
    [(290, (200, "")), (-290, (200, "")), (302, (401, "timestamp-too-old")), (-305, (401, "timestamp-ahead"))],
)
def test_a_timestamp_may_be_five_minutes_off(url: str, age: int, expected: tuple[int, str]) -> None:
    answer = deliver(url, callout(), age=age)
    assert (answer.status, answer.json()["error"] if answer.body else "") == expected


def test_a_replay_of_an_old_event_is_refused(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    yesterday = zoom_headers(raw, age=86_400)
    assert refused(request(url, raw, yesterday)) == (401, "timestamp-too-old")
    fresh = str(int(time.time()))
    assert refused(request(url, raw, yesterday | {"x-zm-request-timestamp": fresh})) == (401, "signature-mismatch")
    assert taken.batches == []


def test_the_clock_is_the_callers(make: MakeReceiver) -> None:
    receiver = make(now=lambda: datetime.now(UTC) + timedelta(hours=1))
    assert refused(deliver(receiver.url, callout())) == (401, "timestamp-too-old")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff"])
def test_a_signed_body_that_is_no_json_object_is_refused(url: str, raw: bytes) -> None:
    assert refused(request(url, raw, zoom_headers(raw))) == (400, "body-not-json")


@pytest.mark.parametrize("path", ["/zoom", "//", "/index.html"])
def test_another_path_is_not_found(url: str, path: str) -> None:
    raw = bytes_of(callout())
    assert refused(request(url, raw, zoom_headers(raw), path=path)) == (404, "path-unknown")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_is_not_allowed(url: str, method: str) -> None:
    raw = bytes_of(callout())
    answer = request(url, raw, zoom_headers(raw), method=method)
    assert refused(answer) == (405, "wrong-method")
    assert answer.headers["allow"] == "POST"


def test_a_body_of_ten_megabytes_is_refused_unread(url: str, taken: Taken) -> None:
    raw = bytes_of(callout(topic="x" * 10_000_000))
    assert refused(request(url, raw, zoom_headers(raw))) == (413, "body-too-large")
    assert deliver(url, callout()).status == 200
    assert len(taken.ids) == 1


def test_a_body_in_chunks_may_not_be_larger_either(url: str, taken: Taken) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(160):
            yield b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        yield b"0\r\n\r\n"

    data = head_of(b"", **{"transfer-encoding": "chunked", "connection": "close"}) + b"".join(chunks())
    assert raw_request(url, data).startswith(b"HTTP/1.1 413 ")
    assert taken.kinds == [RefusalKind.TOO_LARGE]


def test_a_body_just_within_the_limit_is_taken(make: MakeReceiver, taken: Taken) -> None:
    raw = bytes_of(callout())
    assert request(make(limits=Limits(body=len(raw))).url, raw, zoom_headers(raw)).status == 200
    assert request(make(limits=Limits(body=len(raw) - 1)).url, raw, zoom_headers(raw)).status == 413


def test_many_large_bodies_at_once_take_no_memory(url: str, taken: Taken) -> None:
    raw = b"x" * 10_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: request(url, raw, zoom_headers(b"")), range(40)))
    assert {answer.status for answer in answers} == {413}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_what_is_no_http_is_hung_up_on(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert raw_request(url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").startswith(b"HTTP/1.")
    assert deliver(url, callout()).status == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pause", [0, 0.2])
def test_a_broken_chunk_is_refused(make: MakeReceiver, taken: Taken, pause: float) -> None:
    url = make(limits=Limits(body_seconds=0.3)).url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head_of(b"", **{"transfer-encoding": "chunked"}) + b"1\r\n{\r\n")
        time.sleep(pause)
        connection.sendall(b"zz\r\nnonsense\r\n")
        assert connection.recv(1000).split()[1] in {b"400", b"408"}
    assert taken.batches == []


# Slow clients


def test_a_client_that_never_ends_its_body_is_let_go(make: MakeReceiver, taken: Taken) -> None:
    url = make(limits=Limits(body_seconds=0.3)).url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    began = time.monotonic()
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head_of(b"", **{"content-length": "100"}) + b"{")
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert time.monotonic() - began < 3
    assert taken.kinds == [RefusalKind.TOO_SLOW]


@pytest.mark.parametrize("start", [b"", b"POST / HTTP/1.1\r\nHost: loc"])
def test_a_client_that_never_ends_its_headers_is_let_go(make: MakeReceiver, start: bytes) -> None:
    url = make(limits=Limits(head_seconds=0.3)).url
    began = time.monotonic()
    assert raw_request(url, start) == b""
    assert 0.2 < time.monotonic() - began < 5


def keep_on(url: str) -> socket.socket:
    """Return a connection on which one request was answered."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=10)
    raw = bytes_of(callout())
    connection.sendall(head_of(raw, **{"content-length": str(len(raw))}) + raw)
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    return connection


def test_the_headers_of_a_later_request_have_the_same_time(make: MakeReceiver) -> None:
    url = make(limits=Limits(head_seconds=0.3)).url
    with closing(keep_on(url)) as connection:
        time.sleep(0.5)  # between two requests there is no hurry
        connection.sendall(b"POST / HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        for _ in range(12):
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                connection.sendall(b"x")
        assert read_to_end(connection) == b""
        assert time.monotonic() - began < 5


def read_to_end(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def test_the_body_of_a_later_request_has_the_same_time(make: MakeReceiver, taken: Taken) -> None:
    url = make(limits=Limits(head_seconds=5, body_seconds=0.3)).url
    with closing(keep_on(url)) as connection:
        connection.sendall(head_of(b"", **{"content-length": "100"}) + b"{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert taken.kinds == [RefusalKind.TOO_SLOW]


def test_a_body_that_nobody_reads_ends_the_connection(url: str) -> None:
    raw = bytes_of(callout())
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(raw))
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nConnection: close\r\n" in answer
        connection.sendall(raw)
        assert read_to_end(connection) == b""


def test_a_client_that_takes_no_answers_is_let_go(make: MakeReceiver) -> None:
    url = make(limits=Limits(answer_seconds=0.3)).url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.settimeout(20)
        connection.connect((host, int(port)))
        requests = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 800_000  # more than sockets hold
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(requests)


def test_a_slow_disk_is_not_the_clients_fault(make: MakeReceiver, taken: Taken) -> None:
    url = make(limits=Limits(head_seconds=0.1, body_seconds=0.1, answer_seconds=0.1)).url
    taken.may_go_on.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(deliver, url, callout())
        time.sleep(0.4)
        taken.may_go_on.set()
        assert answer.result().status == 200


def test_too_many_clients_make_room_once_they_are_silent(make: MakeReceiver, taken: Taken) -> None:
    notices: list[Notice] = []
    url = make(limits=Limits(connections=5), warn=notices.append).url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with ExitStack() as stack:
        for _ in range(7):
            stack.enter_context(closing(socket.create_connection((host, int(port)), timeout=10)))
        assert deliver(url, callout()).status == 200
    assert {notice.id for notice in notices} == {"receiver-full"}
    assert len(taken.ids) == 1


def test_two_hundred_slow_clients_hold_nobody_up(make: MakeReceiver, taken: Taken) -> None:
    url = make(limits=Limits(head_seconds=60, body_seconds=60)).url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with ExitStack() as stack:
        for number in range(200):
            slow = stack.enter_context(closing(socket.create_connection((host, int(port)), timeout=10)))
            slow.sendall(head_of(b"", **{"content-length": "100"}) + b"{" if number % 2 else b"POST")
        began = time.monotonic()
        assert [deliver(url, callout()).status for _ in range(20)] == [200] * 20
        assert time.monotonic() - began < 30


def test_a_client_that_leaves_early_is_not_missed(
    url: str, taken: Taken, capfd: pytest.CaptureFixture[str]
) -> None:
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head_of(b"", **{"content-length": "100"}) + b"{")
    assert deliver(url, callout()).status == 200
    assert capfd.readouterr() == ("", "")


def test_an_event_whose_sender_has_left_is_kept_all_the_same(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    host, port = url.removeprefix("http://").rsplit(":", 1)
    taken.may_go_on.clear()
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head_of(raw, **{"content-length": str(len(raw))}) + raw)
        time.sleep(0.2)
    taken.may_go_on.set()
    wait_until(lambda: len(taken.ids) == 1)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Each event once


def test_a_repeated_request_is_handed_on_once(make: MakeReceiver, taken: Taken) -> None:
    receiver = make()
    answers = [deliver(receiver.url, callout(), request_id="a").status for _ in range(3)]
    assert answers == [200, 200, 200]
    assert taken.ids == ["a"]
    assert receiver.repeats == 2


def test_the_same_bytes_without_an_id_are_handed_on_once(url: str, taken: Taken) -> None:
    for word in ("ringing", "ringing", "missed"):
        assert deliver(url, callout(word), request_id="").status == 200
    assert len(taken.ids) == 2


def test_a_signed_request_under_another_id_is_a_repeat(make: MakeReceiver, taken: Taken) -> None:
    receiver = make()
    raw = bytes_of(callout())
    headers = zoom_headers(raw, request_id="a")
    for request_id in ("a", "b", "c"):
        assert request(receiver.url, raw, headers | {"x-zm-request-id": request_id}).status == 200
    assert taken.ids == ["a"]
    assert receiver.repeats == 2


def test_an_event_that_zoom_signs_again_is_a_repeat_by_its_id(url: str, taken: Taken) -> None:
    for age in (60, 0):
        assert deliver(url, callout(), request_id="a", age=age).status == 200
    raw = bytes_of(callout())
    assert request(url, raw, zoom_headers(raw, request_id="b")).status == 200  # the repeat, repeated
    assert taken.ids == ["a"]
    assert deliver(url, callout(), request_id="c", age=30).status == 200
    assert taken.ids == ["a", "c"]


def test_an_id_that_anyone_can_set_hides_no_event(url: str, taken: Taken) -> None:
    for word in ("ringing", "missed"):
        assert deliver(url, callout(word), request_id="a").status == 200
    assert taken.ids == ["a", "a"]


def test_events_of_an_earlier_run_are_known(make: MakeReceiver, taken: Taken) -> None:
    event = WebhookEvent(body=callout(), received_at=datetime.now(UTC) - timedelta(hours=1), request_id="a")
    mark = mark_of(event)
    assert mark is not None
    receiver = make(earlier=[mark])
    assert deliver(receiver.url, callout(), request_id="a").status == 200
    assert taken.batches == []
    assert deliver(receiver.url, callout(), request_id="b", age=30).status == 200
    assert taken.ids == ["b"]


def test_a_repeat_of_a_repeat_under_way_is_one_too(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    again = zoom_headers(raw, request_id="a")
    taken.may_go_on.clear()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(deliver, url, raw, request_id="a", age=60)]
        for headers in (again, again | {"x-zm-request-id": "b"}):
            time.sleep(0.1)
            answers.append(pool.submit(request, url, raw, headers))
        time.sleep(0.1)
        taken.may_go_on.set()
        assert [answer.result().status for answer in answers] == [200] * 3
    assert taken.ids == ["a"]


def test_a_repeat_waits_until_the_first_is_kept(url: str, taken: Taken) -> None:
    taken.may_go_on.clear()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(deliver, url, callout(), request_id="a") for _ in range(5)]
        time.sleep(0.3)
        assert not any(answer.done() for answer in answers)
        taken.may_go_on.set()
        assert [answer.result().status for answer in answers] == [200] * 5
    assert taken.ids == ["a"]


def test_what_cannot_be_kept_is_answered_with_500_and_taken_the_next_time(url: str, taken: Taken) -> None:
    taken.fault = OSError("No space left on device")
    answer = deliver(url, callout(), request_id="a")
    assert refused(answer) == (500, "not-kept")
    assert b"space" not in answer.body
    taken.fault = None
    assert deliver(url, callout(), request_id="a").status == 200
    assert taken.ids == ["a"]


def test_what_comes_in_meanwhile_is_handed_on_together(url: str, taken: Taken) -> None:
    taken.may_go_on.clear()
    with ThreadPoolExecutor(21) as pool:
        answers = [pool.submit(deliver, url, callout(message_id=str(number))) for number in range(21)]
        time.sleep(0.5)
        taken.may_go_on.set()
        assert {answer.result().status for answer in answers} == {200}
    assert len(taken.ids) == 21
    assert len(taken.batches) < 10


# Start and stop


def test_a_taken_port_is_a_usage_error(make: MakeReceiver) -> None:
    port = int(make().url.rsplit(":", 1)[1])
    with pytest.raises(UsageError, match=f"127.0.0.1 port {port}"):
        WebhookReceiver(Secret(SECRET), "127.0.0.1", port, lambda _: None).start()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "x" * 300])
def test_a_host_that_is_not_this_machine_is_a_usage_error(host: str) -> None:
    with pytest.raises(UsageError, match="cannot listen"):
        WebhookReceiver(Secret(SECRET), host, 0, lambda _: None).start()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost", "http://"),
        ("0.0.0.0", "http://127.0.0.1:"),  # noqa: S104 - the test is about that host
        ("::", "http://[::1]:"),
        ("[::1]", "http://[::1]:"),
    ],
)
def test_the_url_is_one_that_can_be_called(make: MakeReceiver, host: str, shown: str) -> None:
    url = make(host).url
    assert url.startswith(shown)
    assert deliver(url, callout()).status == 200


def test_stopping_answers_what_has_come_in(taken: Taken) -> None:
    taken.may_go_on.clear()
    receiver = WebhookReceiver(Secret(SECRET), "127.0.0.1", 0, taken.take)
    receiver.start()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(deliver, receiver.url, callout(), request_id="a")
        time.sleep(0.3)
        stop = pool.submit(receiver.stop)
        time.sleep(0.3)
        taken.may_go_on.set()
        assert answer.result().status == 200
        stop.result()
    assert taken.ids == ["a"]
    assert not receiver.is_serving
    with pytest.raises(OSError):
        deliver(receiver.url, callout())


def test_stopping_twice_or_before_the_start_is_no_matter() -> None:
    receiver = WebhookReceiver(Secret(SECRET), "127.0.0.1", 0, lambda _: None)
    receiver.stop()
    receiver.start()
    assert receiver.is_serving
    receiver.stop()
    receiver.stop()


def test_only_an_accepting_that_was_cancelled_goes_unlogged(caplog: pytest.LogCaptureFixture) -> None:
    async def accept() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_unless_cancelled)
        cancelled = loop.create_future()
        cancelled.cancel()
        loop.call_soon(cancelled.set_result, None)  # as asyncio does for a client who comes at that moment
        loop.call_soon(int, "no number")
        await asyncio.sleep(0)

    asyncio.run(accept())
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ValueError]


def test_no_thread_outlives_a_receiver() -> None:
    before = set(threading.enumerate())
    with WebhookReceiver(Secret(SECRET), "127.0.0.1", 0, lambda _: None) as receiver:
        assert deliver(receiver.url, callout()).status == 200
    assert set(threading.enumerate()) <= before


def test_a_receiver_may_be_used_beside_an_event_loop(taken: Taken) -> None:
    async def run() -> int:
        with WebhookReceiver(Secret(SECRET), "127.0.0.1", 0, taken.take) as receiver:
            return (await asyncio.to_thread(deliver, receiver.url, callout())).status

    assert asyncio.run(run()) == 200


def test_two_hundred_deliveries_at_once_are_all_answered(url: str, taken: Taken) -> None:
    start = threading.Barrier(50)

    def send(number: int) -> int:
        start.wait(20)
        names = [f"{number}-{turn}" for turn in range(4)]
        return sum(deliver(url, callout(message_id=name), request_id=name).status == 200 for name in names)

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(send, range(50))) == 200
    assert len(set(taken.ids)) == len(taken.ids) == 200


def test_nothing_secret_is_told_to_who_is_refused(url: str, taken: Taken) -> None:
    raw = bytes_of(callout())
    timestamp = str(int(time.time()))
    answer = request(url, raw, {"x-zm-signature": "v0=00", "x-zm-request-timestamp": timestamp})
    shown = json.dumps([answer.body.decode(), dict(answer.headers), [refusal.why for refusal, _ in taken.refusals]])
    assert SECRET not in shown
    assert signature_of(raw, timestamp) not in shown
    assert "aiohttp" not in shown.lower()
