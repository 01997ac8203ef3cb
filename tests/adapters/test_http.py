import gzip
import logging
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from loopback import REMOTE, Loopback, Peer, answering, free_port, head
from shell import SENTINEL

from zoomcall import __version__
from zoomcall.adapters.answer_body import MOST_BYTES
from zoomcall.adapters.http import Clock, Http, HttpRequest, Timeouts
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.secret import Secret
from zoomcall.errors import ErrorKind, NetworkFault, NetworkWord, UsageError

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SHORT = Timeouts(connect=0.3, read=0.3, write=0.3, total=0.5)
PATIENT = Timeouts()

Handler = Callable[[httpx.Request], httpx.Response]


class FakeTime:
    """A clock that sleeping alone moves."""

    def __init__(self) -> None:
        self.moment = NOW
        self.naps: list[float] = []

    def clock(self, chance: float = 1.0) -> Clock:
        return Clock(now=lambda: self.moment, sleep=self.sleep, chance=lambda: chance)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.moment += timedelta(seconds=seconds)


class Answers:
    """A faked wire that gives one thing after the other, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def no_secret_in_traces(lines: list[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.INFO)
    yield
    assert SENTINEL not in "\n".join(lines)
    assert SENTINEL not in caplog.text


def get(url: str, **more: object) -> HttpRequest:
    given = {"method": "GET", "url": url, "authorization": Secret(f"Bearer {SENTINEL}"), "is_repeatable": True}
    return HttpRequest(**{**given, **more})


def patch(url: str, **more: object) -> HttpRequest:
    body = {"content_type": "application/json", "body": b"{}"}
    return get(url, **{"method": "PATCH", "is_repeatable": False, **body, **more})


def faked(handler: Handler, fake_time: FakeTime | None = None, lines: list[str] | None = None) -> Http:
    trace = None if lines is None else lines.append
    return Http(transport=httpx.MockTransport(handler), clock=(fake_time or FakeTime()).clock(), trace=trace)


def real(timeouts: Timeouts = SHORT, lines: list[str] | None = None, fake_time: FakeTime | None = None) -> Http:
    trace = None if lines is None else lines.append
    return Http(timeouts=timeouts, clock=(fake_time or FakeTime()).clock(), trace=trace)


def fault_of(http: Http, request: HttpRequest) -> NetworkFault:
    with http:
        return fault_of_open(http, request)


def fault_of_open(http: Http, request: HttpRequest) -> NetworkFault:
    with pytest.raises(NetworkFault) as caught:
        http.send(request)
    fault = caught.value
    assert SENTINEL not in "".join(traceback.format_exception(fault))
    assert fault.__cause__ is None
    assert fault.__context__ is None
    return fault


# What stands on the wire


def test_a_request_says_who_asks_and_takes_bare_json() -> None:
    answers = Answers(httpx.Response(200))
    with faked(answers) as http:
        http.send(get("https://api.zoom.us/v2/users/me", query=[("from", "a b"), ("token", "x+/=&")]))
    [request] = answers.requests
    assert request.method == "GET"
    assert request.url.raw_path == b"/v2/users/me?from=a+b&token=x%2B%2F%3D%26"
    assert request.headers["user-agent"] == f"zoomcall/{__version__}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["authorization"] == f"Bearer {SENTINEL}"
    assert "content-type" not in request.headers


def test_no_cookie_is_kept() -> None:
    answers = Answers(httpx.Response(200, headers={"set-cookie": "a=b; path=/"}))
    with faked(answers) as http:
        http.send(get("https://api.zoom.us/v2/x"))
        http.send(get("https://api.zoom.us/v2/x"))
    assert "cookie" not in answers.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with Loopback(answering(200)) as elsewhere:
        with Loopback(answering(status, b"", f"Location: {elsewhere.url}/v2/x")) as server, real() as http:
            assert http.send(get(server.url)).status == status
            assert http.send(patch(server.url)).status == status
        assert elsewhere.connections == 0


def test_a_url_that_cannot_be_called_is_a_usage_error() -> None:
    with faked(Answers(httpx.Response(200))) as http, pytest.raises(UsageError, match="not a usable URL"):
        http.send(get("https://a..\u2603\u0000.example/v2"))


def test_a_closed_client_sends_nothing() -> None:
    with Loopback(answering(200)) as server:
        http = real()
        http.close()
        http.close()
        fault = fault_of(http, get(server.url))
        assert not fault.may_have_arrived
        assert server.connections == 0


def test_closing_does_not_wait_for_a_thread_that_waits_for_an_answer() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.hold()

    faults: list[NetworkFault] = []
    with Loopback(script) as server:
        http = real(Timeouts(total=3))
        thread = threading.Thread(target=lambda: faults.append(fault_of_open(http, get(server.url))))
        thread.start()
        while not server.requests:
            time.sleep(0.01)
        begun = time.monotonic()
        http.close()
        assert time.monotonic() - begun < 1.5
        thread.join(30)
    assert len(faults) == 1


# What is tried again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_a_get_is_tried_three_times(status: int) -> None:
    fake_time, answers = FakeTime(), Answers(httpx.Response(status))
    with faked(answers, fake_time) as http:
        assert http.send(get("https://api.zoom.us/v2/x")).status == status
    assert len(answers.requests) == 3
    assert fake_time.naps == [1.0, 2.0]


@pytest.mark.parametrize("fault", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
def test_a_get_is_tried_again_after_any_fault(fault: httpx.HTTPError) -> None:
    answers = Answers(fault, fault, httpx.Response(200))
    with faked(answers) as http:
        assert http.send(get("https://api.zoom.us/v2/x")).status == 200


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404])
def test_other_answers_are_final(status: int) -> None:
    answers = Answers(httpx.Response(status))
    with faked(answers) as http:
        http.send(get("https://api.zoom.us/v2/x"))
    assert len(answers.requests) == 1


def test_pauses_are_jittered() -> None:
    fake_time = FakeTime()
    answers = Answers(httpx.Response(500))
    with Http(transport=httpx.MockTransport(answers), clock=fake_time.clock(chance=0.0)) as http:
        http.send(get("https://api.zoom.us/v2/x"))
    assert fake_time.naps == [0.5, 1.0]


@pytest.mark.parametrize(
    ("value", "nap"),
    [
        ("7", 7.0),
        ("0", 1.0),
        ("2.5", 2.5),
        ("Sat, 21 Nov 2026 10:00:09 GMT", 9.0),
        ("2026-11-21T10:00:06Z", 6.0),
        ("2020-05-31T00:00:00Z", 1.0),
        ("soon", 1.0),
        ("-7", 1.0),
    ],
)
def test_retry_after_is_obeyed_in_every_form(value: str, nap: float) -> None:
    fake_time = FakeTime()
    answers = Answers(httpx.Response(429, headers={"retry-after": value}), httpx.Response(200))
    with faked(answers, fake_time) as http:
        assert http.send(get("https://api.zoom.us/v2/x")).status == 200
    assert fake_time.naps == [nap]


def test_a_moment_in_retry_after_is_judged_by_the_servers_clock() -> None:
    fake_time = FakeTime()
    headers = {"retry-after": "2026-11-21T12:00:05Z", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}
    answers = Answers(httpx.Response(429, headers=headers), httpx.Response(200))
    with faked(answers, fake_time) as http:
        http.send(get("https://api.zoom.us/v2/x"))
    assert fake_time.naps == [5.0]


@pytest.mark.parametrize("value", ["21", "3600", "2026-11-22T00:00:00Z"])
def test_a_longer_wait_than_twenty_seconds_is_none(value: str) -> None:
    fake_time, answers = FakeTime(), Answers(httpx.Response(429, headers={"retry-after": value}))
    with faked(answers, fake_time) as http:
        answer = http.send(get("https://api.zoom.us/v2/x"))
    assert answer.status == 429
    assert answer.read().retry_at is not None
    assert fake_time.naps == []
    assert len(answers.requests) == 1


def test_all_waits_together_are_at_most_twenty_seconds() -> None:
    fake_time, answers = FakeTime(), Answers(httpx.Response(429, headers={"retry-after": "12"}))
    with faked(answers, fake_time) as http:
        http.send(get("https://api.zoom.us/v2/x"))
    assert fake_time.naps == [12.0]
    assert len(answers.requests) == 2


def test_nothing_waits_beyond_the_callers_deadline() -> None:
    fake_time, answers = FakeTime(), Answers(httpx.Response(500))
    with faked(answers, fake_time) as http:
        http.send(get("https://api.zoom.us/v2/x"), deadline=NOW + timedelta(seconds=2))
    assert fake_time.naps == [1.0]
    assert len(answers.requests) == 2


@pytest.mark.parametrize("status", [200, 202, 302, 400, 401, 500, 502, 503])
def test_a_patch_that_was_answered_is_never_sent_again(status: int) -> None:
    answers = Answers(httpx.Response(status))
    with faked(answers) as http:
        assert http.send(patch("https://api.zoom.us/v2/x")).status == status
    assert len(answers.requests) == 1


def test_a_patch_is_sent_again_after_429() -> None:
    answers = Answers(httpx.Response(429), httpx.Response(202))
    with faked(answers) as http:
        assert http.send(patch("https://api.zoom.us/v2/x")).status == 202
    assert len(answers.requests) == 2


def test_every_429_is_told_with_what_it_asks_for_so_that_other_requests_wait_too() -> None:
    asks = httpx.Response(429, headers={"retry-after": "7"})
    pauses: list[timedelta] = []
    with faked(Answers(asks, httpx.Response(429), httpx.Response(202)), FakeTime()) as http:
        http.on_limit = pauses.append
        http.send(patch("https://api.zoom.us/v2/x"))
    assert pauses == [timedelta(seconds=7), timedelta(seconds=2)]


def test_an_answer_tells_when_its_last_try_was_sent() -> None:
    answers, fake_time = Answers(httpx.Response(429), httpx.Response(202)), FakeTime()
    start = fake_time.clock().now()
    with faked(answers, fake_time) as http:
        answer = http.send(patch("https://api.zoom.us/v2/x"))
    assert answer.sent_at is not None
    assert answer.sent_at > start


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x"), httpx.ProxyError("x")],
)
def test_a_patch_that_cannot_have_arrived_is_sent_again(fault: httpx.HTTPError) -> None:
    answers = Answers(fault, httpx.Response(202))
    with faked(answers) as http:
        assert http.send(patch("https://api.zoom.us/v2/x")).status == 202


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("x"),
        httpx.WriteTimeout("x"),
        httpx.ReadError("x"),
        httpx.WriteError("x"),
        httpx.RemoteProtocolError("x"),
    ],
)
def test_a_patch_that_may_have_arrived_is_not_sent_again(fault: httpx.HTTPError) -> None:
    answers = Answers(fault)
    raised = fault_of(faked(answers), patch("https://api.zoom.us/v2/x"))
    assert raised.may_have_arrived
    assert len(answers.requests) == 1


# Faults on real sockets


def test_a_closed_port_is_no_connection() -> None:
    port = free_port()
    fault = fault_of(real(), patch(f"http://127.0.0.1:{port}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.CONNECT, False)
    assert f"127.0.0.1:{port}" in fault.message
    assert "refused" in fault.message.lower()


def test_a_name_that_does_not_resolve_is_a_fault_of_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = fault_of(real(), patch("http://nowhere.localhost/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.DNS, False)
    assert "nowhere.localhost" in fault.message


def test_a_name_that_no_resolver_takes_is_a_fault_of_dns() -> None:
    fault = fault_of(real(), get(f"http://{'a' * 64}.localhost/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.DNS, False)


def test_a_server_that_takes_no_connection_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: object, **__: object) -> socket.socket:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", hanging)
    fault = fault_of(real(), patch("http://127.0.0.1:9/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TIMEOUT, False)


def test_many_addresses_that_take_no_connection_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def hanging(address: tuple[str, int], timeout: float, **_: object) -> socket.socket:
        tried.append(address[0])
        time.sleep(timeout)
        raise TimeoutError("timed out")

    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 80)) for number in (1, 1, 2, 3, 4, 5)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", hanging)
    begun = time.monotonic()
    fault = fault_of(real(Timeouts(connect=0.2, total=0.3)), patch("http://many.localhost/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TIMEOUT, False)
    assert tried[:2] == ["192.0.2.1", "192.0.2.2"]
    assert len(tried) == 2 * 3  # three tries, as nothing can have arrived
    assert time.monotonic() - begun < 2


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(answering(202)) as server:
        port = int(server.url.rpartition(":")[2])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.9", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with real() as http:
            assert http.send(patch(f"http://two.localhost:{port}/v2")).status == 202
    assert server.connections == 1


def test_a_server_that_reads_and_resets_may_have_acted() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.reset()

    with Loopback(script) as server:
        fault = fault_of(real(), patch(f"{server.url}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.RESET, True)
    assert server.connections == 1


def test_a_server_that_reads_and_hangs_up_may_have_acted() -> None:
    def script(peer: Peer) -> None:
        peer.read()

    with Loopback(script) as server:
        fault = fault_of(real(), patch(f"{server.url}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.RESET, True)
    assert server.connections == 1


def test_a_server_that_resets_unread_may_have_acted_as_far_as_can_be_known() -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(1, socket.MSG_PEEK)  # it has arrived, and stays unread
        peer.reset()

    with Loopback(script) as server:
        fault = fault_of(real(), patch(f"{server.url}/v2"))
    assert fault.may_have_arrived
    assert server.connections == 1


def test_a_server_that_never_answers_may_have_acted() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.hold()

    with Loopback(script) as server:
        fault = fault_of(real(), patch(f"{server.url}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TIMEOUT, True)
    assert server.connections == 1


def test_what_is_no_http_at_all_is_a_broken_connection_and_is_not_quoted() -> None:
    def echo(peer: Peer) -> None:
        peer.say(peer.read())

    with Loopback(echo) as server:
        fault = fault_of(real(), patch(f"{server.url}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.RESET, True)


def test_a_get_whose_answer_breaks_off_is_tried_again() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(200, "Content-Length: 100") + b'{"users"')

    with Loopback(script, answering(200, b"{}")) as server, real() as http:
        assert http.send(get(server.url)).body == b"{}"
    assert server.connections == 2


def test_a_refusal_that_breaks_off_is_a_refusal_all_the_same() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(404, "Content-Length: 100") + b'{"code":3001,"message":"Session')

    with Loopback(script) as server, real() as http:
        answer = http.send(get(server.url))
    assert (answer.status, answer.is_whole, answer.read().code) == (404, False, 3001)
    assert server.connections == 1


@pytest.mark.parametrize("end", [Peer.close, Peer.reset, Peer.hold, lambda peer: peer.drip(b"{" * 100, 0.05)])
def test_the_status_of_a_patch_counts_however_its_body_ends(end: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(202, "Content-Length: 5000"))
        time.sleep(0.05)
        end(peer)

    with Loopback(script) as server, real() as http:
        answer = http.send(patch(server.url))
    assert (answer.status, answer.is_whole) == (202, False)
    assert server.connections == 1


def test_a_body_that_drips_is_read_for_the_total_time_only() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(200, "Content-Length: 5000"))
        peer.drip(b" " * 5000, 0.05)

    begun = time.monotonic()
    with Loopback(script) as server:
        fault = fault_of(real(), get(server.url))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TIMEOUT, True)
    assert time.monotonic() - begun < 20


def test_headers_that_drip_are_read_for_the_total_time_only() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.drip(b"HTTP/1.1 202 Accepted\r\nX-Slow: " + b"x" * 5000, 0.05)

    begun = time.monotonic()
    with Loopback(script) as server:
        fault = fault_of(real(), patch(server.url))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TIMEOUT, True)
    assert time.monotonic() - begun < 20


def test_the_callers_deadline_shortens_the_reading_of_a_get() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.hold()

    begun = time.monotonic()
    with Loopback(script) as server, real(PATIENT) as http, pytest.raises(NetworkFault):
        http.send(get(server.url), deadline=NOW)
    assert time.monotonic() - begun < 5


def test_an_answer_of_eleven_megabytes_is_cut_off() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(200, f"Content-Length: {11 * 1024 * 1024}"))
        for _ in range(11 * 16):
            peer.say(b" " * 65536)

    with Loopback(script) as server, real(PATIENT) as http:
        answer = http.send(get(server.url))
        assert http.send(patch(server.url)).status == 200
    assert (answer.status, answer.is_whole, answer.body) == (200, False, b"")
    assert answer.flaw == "is larger than 10 MB"


def test_an_answer_of_ten_megabytes_is_read() -> None:
    with Loopback(answering(200, b" " * MOST_BYTES)) as server, real(PATIENT) as http:
        answer = http.send(get(server.url))
    assert (answer.is_whole, len(answer.body)) == (True, MOST_BYTES)


def hostile(head_line: str, pieces: Iterable[bytes]) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(head(200, head_line))
        for piece in pieces:
            peer.say(piece)

    return script


LAYERS = gzip.compress(gzip.compress(b" " * 2**24))


@pytest.mark.parametrize(
    ("header", "pieces", "flaw"),
    [
        ("Transfer-Encoding: chunked", [b"1\r\n \r\n" * 10_000] * 30, "comes in too many small pieces"),
        ("Transfer-Encoding: chunked", [b"1;" + b"e" * 60_000 + b"\r\n \r\n"] * 300, "is larger than 10 MB"),
        (
            f"Content-Length: {len(LAYERS)}\r\nContent-Encoding: gzip, gzip",
            [LAYERS],
            "is compressed more than once",
        ),
        ("Content-Encoding: gzip\r\nContent-Encoding: GZIP", [LAYERS], "is compressed more than once"),
        ("Content-Encoding: br", [b"{}"], "is compressed in a way that was not asked for"),
        ("Content-Encoding: gzip", [gzip.compress(b" " * 2**24)], "is larger than 10 MB"),
        ("Content-Encoding: gzip", [b"{}"], "is not compressed in the way that its headers say"),
        ("Content-Encoding: gzip", [gzip.compress(b"{}" * 99)[:-9]], "ends in the middle of compressed data"),
    ],
    ids=["chunks", "extensions", "layers", "two-headers", "brotli", "bomb", "no-gzip", "cut"],
)
def test_a_hostile_body_costs_little_and_is_not_read(header: str, pieces: list[bytes], flaw: str) -> None:
    with Loopback(hostile(header, pieces)) as server, real(PATIENT) as http:
        begun = time.thread_time()
        answer = http.send(get(server.url))
        assert time.thread_time() - begun < 2
        assert (answer.status, answer.is_whole, answer.flaw, answer.body) == (200, False, flaw, b"")
        assert http.send(patch(server.url)).status == 200
    refusal = ZoomRefused(answer.read())
    assert refusal.kind is ErrorKind.ZOOM_FAULT
    assert refusal.message == f"HTTP 200 came back with an answer that cannot be read: its body {flaw}"


def test_what_is_unpacked_takes_no_more_memory_than_the_limit() -> None:
    bomb = gzip.compress(b" " * 2**26)
    with Loopback(hostile("Content-Encoding: gzip", [bomb])) as server, real(PATIENT) as http:
        tracemalloc.start()
        try:
            assert http.send(get(server.url)).flaw == "is larger than 10 MB"
            assert tracemalloc.get_traced_memory()[1] < 40_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "X-GZIP", "identity, gzip"])
def test_one_layer_of_compression_is_undone_though_none_was_asked_for(encoding: str) -> None:
    body = gzip.compress(b'{"users":[]}')
    with Loopback(hostile(f"Content-Encoding: {encoding}", [body[:5], body[5:]])) as server, real() as http:
        answer = http.send(get(server.url))
    assert (answer.is_whole, answer.flaw, answer.body) == (True, None, b'{"users":[]}')


def test_interim_answers_without_end_are_not_read_for_thirty_seconds() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        for _ in range(2_000):
            peer.say(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)

    with Loopback(script) as server:
        begun = time.thread_time()
        fault = fault_of(real(PATIENT), patch(server.url))
        assert time.thread_time() - begun < 2
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.RESET, True)


# Connections


def test_gets_share_a_connection_and_a_patch_has_its_own() -> None:
    with Loopback(answering(200)) as server, real() as http:
        http.send(get(server.url))
        http.send(get(server.url))
        assert server.connections == 1
        http.send(patch(server.url))
        http.send(patch(server.url))
        assert server.connections == 3


def test_a_patch_takes_a_connection_that_the_server_is_known_to_keep_for_twice_as_long() -> None:
    with Loopback(answering(200)) as server, real(PATIENT) as http:
        http.send(patch(server.url))
        time.sleep(0.3)
        http.send(patch(server.url))  # it is kept for 0.3 s, but nobody knows whether for 0.6
        assert server.connections == 2
        http.send(patch(server.url))
        assert server.connections == 2


def test_a_server_that_drops_idle_connections_never_swallows_a_patch() -> None:
    def one_request_only(peer: Peer) -> None:
        peer.read()
        peer.answer(202)

    with Loopback(one_request_only) as server, real() as http:
        for _ in range(5):
            http.send(get(server.url))
            assert http.send(patch(server.url)).status == 202
    patches = [request for request in server.requests if request.startswith(b"PATCH")]
    assert len(patches) == 5


# Secrets


@pytest.mark.parametrize(
    "value", [f"Bearer {SENTINEL}\r\nX-Other: 1", f"Bearer {SENTINEL}\n", f"Bearer\x00{SENTINEL}"]
)
def test_a_header_that_is_none_is_not_sent_and_not_shown(value: str) -> None:
    with Loopback(answering(200)) as server:
        for make in (get, patch):
            fault = fault_of(real(), make(server.url, authorization=Secret(value)))
            assert not fault.may_have_arrived
            assert SENTINEL not in fault.message
    assert server.requests == []


def test_a_server_that_repeats_the_request_does_not_get_the_token_shown(lines: list[str]) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        said = request.headers["authorization"]
        return httpx.Response(400, text=f"bad {said} {request.content!r}", headers={"x-echo": said})

    with faked(echo, lines=lines) as http:
        answer = http.send(
            patch("https://api.zoom.us/v2/x", body=b'{"a":"1##2#3456"}', conceal=(("1##2#3456", "1##2#***"),))
        )
    assert answer.read().excerpt == 'bad *** b\'{"a":"1##2#***"}\''
    assert SENTINEL not in repr(answer)
    assert "3456" not in "\n".join(lines)


def test_the_trace_shows_the_exchange_without_secrets(lines: list[str]) -> None:
    body = b'{"sip_dialing":"x","session_password":"hunter22","note":["10.0.0.1##84#99887","a##b"],"passcode":""}'
    answers = Answers(
        httpx.Response(200, content=body, headers={"set-cookie": "hunter23", "x-zm-trackingid": "T1"})
    )
    with faked(answers, lines=lines) as http:
        http.send(patch("https://api.zoom.us/v2/x", body=b'{"device_ip":"10.0.0.1##84#55667"}'))
    text = "\n".join(lines)
    assert "> PATCH https://api.zoom.us/v2/x" in lines
    assert "> authorization: (not shown)" in lines
    assert '> {"device_ip": "10.0.0.1##84#***"}' in lines
    assert any(line.startswith("< HTTP 200 after ") for line in lines)
    assert "< x-zm-trackingid: T1" in lines
    assert '"session_password": "***"' in text
    assert '"10.0.0.1##84#***"' in text
    assert '"passcode": ""' in text
    for secret in ("hunter", "99887", "55667"):
        assert secret not in text


def test_the_trace_of_a_broken_body_masks_passcodes_too(lines: list[str]) -> None:
    answers = Answers(httpx.Response(400, content=b'{"code":1,"message":"bad "10.0.0.1##84#99887""}'))
    with faked(answers, lines=lines) as http:
        http.send(patch("https://api.zoom.us/v2/x"))
    assert "99887" not in "\n".join(lines)
    assert "10.0.0.1##84#***" in "\n".join(lines)


def test_the_trace_shows_no_token_of_the_token_endpoint(lines: list[str]) -> None:
    answers = Answers(httpx.Response(200, text=SENTINEL))
    with faked(answers, lines=lines) as http:
        answer = http.send(
            get(
                "https://zoom.us/oauth/token",
                method="POST",
                authorization=Secret("Basic abc"),
                content_type="application/x-www-form-urlencoded",
                body=f"account_id={SENTINEL}".encode(),
                is_oauth=True,
            )
        )
    assert answer.read().excerpt == ""
    assert "> (a form, not shown)" in lines


def test_the_trace_tells_of_faults_and_pauses(lines: list[str]) -> None:
    answers = Answers(httpx.ConnectError("x"), httpx.Response(200))
    with faked(answers, lines=lines) as http:
        http.send(get("https://api.zoom.us/v2/x"))
    assert "* cannot connect to api.zoom.us:443" in lines
    assert "* trying again in 1.0 s" in lines


# TLS


def test_an_untrusted_certificate_is_a_fault_of_tls_and_is_tried_once(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with Loopback(answering(200), tls=certificate[0]) as server:
        for make in (get, patch):
            fault = fault_of(real(PATIENT), make(server.url))
            assert (fault.word, fault.may_have_arrived) == (NetworkWord.TLS, False)
            assert "not trusted" in fault.message
            assert "SSL_CERT_FILE" in (fault.fix or "")
    assert server.connections == 2
    assert server.requests == []


def test_a_certificate_of_ssl_cert_file_is_trusted(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with Loopback(answering(202), tls=certificate[0]) as server, real(PATIENT) as http:
        assert http.send(patch(server.url)).status == 202
        assert http.send(get(server.url)).status == 202


def test_a_certificate_for_another_host_is_refused(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with Loopback(answering(202), tls=certificate[0]) as server:
        fault = fault_of(real(PATIENT), patch(f"https://localhost:{server.port}/"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TLS, False)


def test_a_server_without_tls_is_a_fault_of_tls() -> None:
    def script(peer: Peer) -> None:
        peer.say(b"220 smtp.example ready\r\n")
        peer.hold()

    with Loopback(script) as server:
        fault = fault_of(real(PATIENT), patch(f"https://127.0.0.1:{server.port}/v2"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TLS, False)
    assert "TLS with " in fault.message


def test_no_certificate_is_read_for_plain_http(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with Loopback(answering(200)) as server, real() as http:
        assert http.send(get(server.url)).status == 200
        with pytest.raises(UsageError, match=r"missing\.pem"):
            http.send(get("https://127.0.0.1:9/"))


# Proxies


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str, host: str) -> None:
    with Loopback(answering(500)) as proxy, Loopback(answering(200)) as server, real() as http:
        monkeypatch.setenv(variable, proxy.url)
        assert http.send(get(f"http://{host}:{server.port}/v2")).status == 200
    assert proxy.connections == 0


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_every_other_host_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with Loopback(answering(403)) as proxy:
        monkeypatch.setenv(variable, f"http://user:{SENTINEL}@127.0.0.1:{proxy.port}")
        fault = fault_of(real(PATIENT), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)
    assert f"127.0.0.1:{proxy.port}" in fault.message
    assert "403" in fault.message
    assert len(proxy.requests) == 3
    assert proxy.requests[0].startswith(b"CONNECT api.zoom.us:443 ")
    assert b"Proxy-Authorization: Basic " in proxy.requests[0]


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(answering(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "example.com,.invalid")
        fault = fault_of(real(), get("https://zoom.invalid/v2/x"))
    assert fault.word in {NetworkWord.DNS, NetworkWord.CONNECT}
    assert proxy.connections == 0


def test_a_proxy_that_is_not_there_is_a_fault_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    fault = fault_of(real(), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)


@pytest.mark.parametrize("behave", [Peer.hold, Peer.reset, Peer.close, lambda peer: peer.say(b"no http\r\n\r\n")])
def test_what_a_proxy_does_before_the_tunnel_stands_never_means_that_anything_arrived(
    monkeypatch: pytest.MonkeyPatch, behave: Callable[[Peer], None]
) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        behave(peer)

    with Loopback(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        fault = fault_of(real(), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)
    assert proxy.connections == 3


@pytest.mark.parametrize(
    "behave", [Peer.hold, Peer.close, Peer.reset, lambda peer: peer.say(b"HTTP/1.1 200 OK\r\n\r\n")]
)
def test_what_a_socks_proxy_does_before_the_way_stands_never_means_that_anything_arrived(
    monkeypatch: pytest.MonkeyPatch, behave: Callable[[Peer], None]
) -> None:
    with Loopback(behave) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        fault = fault_of(real(), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)


def http_tunnel(peer: Peer) -> None:
    assert peer.read().startswith(f"CONNECT {REMOTE}:443 ".encode())
    peer.say(b"HTTP/1.1 200 Connected\r\n\r\n")


def socks_tunnel(peer: Peer) -> None:
    assert peer.sock.recv(100) == b"\x05\x01\x00"
    peer.say(b"\x05\x00")
    assert peer.sock.recv(100) == b"\x05\x01\x00\x03" + bytes([len(REMOTE)]) + REMOTE.encode() + b"\x01\xbb"
    peer.say(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")


TUNNELS = [("HTTPS_PROXY", "http", http_tunnel), ("ALL_PROXY", "socks5", socks_tunnel)]


@pytest.mark.parametrize(("variable", "scheme", "tunnel"), TUNNELS)
def test_a_request_passes_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[ssl.SSLContext, Path],
    variable: str,
    scheme: str,
    tunnel: Callable[[Peer], None],
) -> None:
    def script(peer: Peer) -> None:
        tunnel(peer)
        peer.start_tls(certificate[0])
        answering(202)(peer)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with Loopback(script) as proxy, real(PATIENT) as http:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        assert http.send(patch(f"https://{REMOTE}/v2/x")).status == 202
    assert proxy.requests[-1].startswith(b"PATCH /v2/x HTTP/1.1\r\n")
    assert SENTINEL.encode() not in b"".join(proxy.requests[:-1])


@pytest.mark.parametrize(("variable", "scheme", "tunnel"), TUNNELS)
def test_a_request_that_is_lost_behind_the_proxy_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[ssl.SSLContext, Path],
    variable: str,
    scheme: str,
    tunnel: Callable[[Peer], None],
) -> None:
    def script(peer: Peer) -> None:
        tunnel(peer)
        peer.start_tls(certificate[0])
        peer.read()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with Loopback(script) as proxy:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        fault = fault_of(real(PATIENT), patch(f"https://{REMOTE}/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.RESET, True)
    assert proxy.connections == 1


@pytest.mark.parametrize(("variable", "scheme", "tunnel"), TUNNELS)
def test_an_untrusted_certificate_behind_a_proxy_is_a_fault_of_tls(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[ssl.SSLContext, Path],
    variable: str,
    scheme: str,
    tunnel: Callable[[Peer], None],
) -> None:
    def script(peer: Peer) -> None:
        tunnel(peer)
        peer.start_tls(certificate[0])

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with Loopback(script) as proxy:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        fault = fault_of(real(PATIENT), patch(f"https://{REMOTE}/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.TLS, False)


def test_a_socks_proxy_that_wants_a_password_is_a_fault_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.say(b"\x05\x02")
        peer.sock.recv(100)
        peer.say(b"\x01\x01")

    with Loopback(script) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://user:{SENTINEL}@127.0.0.1:{proxy.port}")
        fault = fault_of(real(), patch(f"https://{REMOTE}/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)


@pytest.mark.parametrize("scheme", ["socks", "socks4", "socks4a"])
def test_an_older_socks_proxy_is_no_way(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:1080/")
    fake_time = FakeTime()
    fault = fault_of(real(fake_time=fake_time), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)
    assert fault.fix is not None
    assert "socks5h://127.0.0.1:1080" in fault.fix
    assert fake_time.naps == []


def test_a_socks_proxy_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    fake_time = FakeTime()
    fault = fault_of(real(fake_time=fake_time), patch("https://api.zoom.us/v2/x"))
    assert (fault.word, fault.may_have_arrived) == (NetworkWord.PROXY, False)
    assert fault.message.startswith("socksio is not installed; the proxy socks5")
    assert fault.fix is not None
    assert fault.fix.endswith("[socks]'")
    assert fake_time.naps == []


def test_a_proxy_variable_that_is_no_url_is_a_usage_error_even_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "not a url")
    with Loopback(answering(200)) as server, real() as http, pytest.raises(UsageError, match="HTTPS_PROXY"):
        http.send(get(server.url))
