"""The HTTP client for Zoom: limited in time and size, retrying only where that is safe, silent about secrets."""

from __future__ import annotations

import json
import random
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Self, cast

import httpx
from msgspec import Struct

from zoomcall import __version__
from zoomcall.adapters.answer_body import AnswerBody, UnreadableBody
from zoomcall.adapters.tls import certificate_end, refusal_of
from zoomcall.adapters.wire import NoWay, Passage, Wire
from zoomcall.domain.network_path import Certificate, Knock
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import one_line, quoted
from zoomcall.domain.value import Discreet
from zoomcall.errors import NetworkFault, NetworkWord, UsageError

MOST_TRIES = 3
MOST_WAITING_SECONDS = 20.0
_TOO_MANY = 429
_FIRST_PAUSE_SECONDS = 1.0
_LEAST_BUDGET_SECONDS = 1.0
_LONGEST_SHOWN = 4000
_LONGEST_NAME = 100
_SHORTEST_CONCEALED = 4

_WRITE_ONLY = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-zm-signature"}
)
_SECRET_KEYS = Pattern(r"passcode|password|passwd|secret|token|signature|authorization|host_?key", re.IGNORECASE)
_H323_PASSCODE = Pattern(r"(##[^#\s\"\\]*#)[^\s\"\\]+")
_MASK = "***"
_HEADERS = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"connection", b"keep-alive"),
    (b"user-agent", f"zoomcall/{__version__}".encode()),
)
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})

Trace = Callable[[str], None]


class Timeouts(Struct, frozen=True, kw_only=True):
    """Limits for one attempt, in seconds.

    Attributes:
        connect: For the TCP connection, and for the TLS handshake.
        read: Between two pieces of the answer.
        write: Between two pieces of the request.
        pool: For a free connection.
        total: For the whole attempt, from the start to the answer's last byte.
    """

    connect: float = 10.0
    read: float = 30.0
    write: float = 10.0
    pool: float = 5.0
    total: float = 30.0


class Clock(Struct, frozen=True, kw_only=True):
    """Time and chance, so that tests need not wait.

    Attributes:
        now: The wall clock, timezone-aware.
        sleep: Waits for a number of seconds.
        chance: Returns a number from 0 to 1.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class HttpRequest(Discreet, frozen=True, kw_only=True):
    """One request, to Zoom or to a webhook endpoint.

    Attributes:
        method: Upper case.
        url: Absolute; its path is sent byte for byte.
        query: Parameters, not yet encoded.
        authorization: The whole header value; None if other headers authenticate the request.
        headers: More headers.
        content_type: The body's media type.
        body: The body as sent.
        conceal: Texts to mask in the answer, each with its mask.
        is_repeatable: Whether sending it twice is harmless. If not, it is sent again only after 429 and after
            faults that prove that it did not arrive.
        is_oauth: Whether it goes to the token endpoint, whose successful answers contain a token.
        on_first_byte: Called just before anything is sent, at each attempt.
    """

    unshown: ClassVar = frozenset({"headers", "body", "conceal"})

    method: str
    url: str
    query: Sequence[tuple[str, str]] = ()
    authorization: Secret | None = None
    headers: Sequence[tuple[str, str]] = ()
    content_type: str | None = None
    body: bytes | None = None
    conceal: tuple[tuple[str, str], ...] = ()
    is_repeatable: bool
    is_oauth: bool = False
    on_first_byte: Callable[[], None] | None = None


class _Visit(Struct, frozen=True):
    """A request whose answer has begun to arrive."""

    request: HttpRequest
    sent: httpx.Request
    response: httpx.Response
    passage: Passage
    begun: float
    sent_at: datetime


class Http:
    """The client.

    Args:
        trace: Receives lines about each request and answer, without secrets, for ``--debug``.
        transport: A fake wire, for tests.
        timeouts: Limits for one attempt.
        clock: Time and chance.

    Attributes:
        on_limit: Told after each 429 how long it asks to wait, so that other requests wait too.
    """

    def __init__(
        self,
        *,
        trace: Trace | None = None,
        transport: httpx.BaseTransport | None = None,
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._trace = trace
        self._timeouts = timeouts or Timeouts()
        limits = self._timeouts
        self._limits = {"connect": limits.connect, "read": limits.read, "write": limits.write, "pool": limits.pool}
        self._clock = clock or Clock()
        self._is_closed = False
        self.on_limit: Callable[[timedelta], None] = lambda _: None
        # The wire alone, without httpx.Client: it would add redirects, cookies and a third to the cost of a call.
        self._transport = transport or Wire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, even those that other threads are using."""
        self._is_closed = True
        self._transport.close()

    def send(self, request: HttpRequest, *, deadline: datetime | None = None, tries: int = MOST_TRIES) -> RawAnswer:
        """Send a request and return its answer, whatever its status.

        After network faults, 429 and 5xx it tries again, up to three times in all, as far as the request may be
        repeated, and waits as long as ``Retry-After`` asks. If the waits would exceed 20 s in all, or go beyond
        ``deadline``, it does not wait: it returns the last answer, or raises the last fault, at once.

        Args:
            request: The request.
            deadline: A moment on this machine's clock.
            tries: How often it may be tried.

        Raises:
            NetworkFault: No answer came, or the 2xx answer to a repeatable request broke off.
            UsageError: A proxy or certificate variable, or the URL, cannot be used.
        """
        waited = 0.0
        for attempt in range(1, tries + 1):
            answer, fault = self._try(request, deadline)
            if fault is None and answer is not None and not _is_passing(answer, request):
                return answer
            pause = self._pause(request, attempt, answer, fault) if attempt < tries else None
            if fault is None and answer is not None and answer.status == _TOO_MANY:
                self.on_limit(answer.retry_after or timedelta(seconds=pause or _FIRST_PAUSE_SECONDS))
            if pause is None or waited + pause > MOST_WAITING_SECONDS or self._is_late(pause, deadline):
                break
            self._say(f"* trying again in {pause:.1f} s")
            self._clock.sleep(pause)
            waited += pause
        if fault is not None:
            raise fault
        if answer is None:  # pragma: no cover - an attempt ends in one or the other
            raise AssertionError
        return answer

    def _try(self, request: HttpRequest, deadline: datetime | None) -> tuple[RawAnswer | None, NetworkFault | None]:
        try:
            answer = self._exchange(request, deadline)
        except NetworkFault as fault:
            self._say(f"* {fault.message}")
            return None, fault
        return answer, None

    def _pause(
        self, request: HttpRequest, attempt: int, answer: RawAnswer | None, fault: NetworkFault | None
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there must not be one."""
        if isinstance(fault, NoWay):
            return None
        if fault is not None and fault.may_have_arrived and not request.is_repeatable:
            return None
        pause = _FIRST_PAUSE_SECONDS * float(2 ** (attempt - 1)) * (0.5 + self._clock.chance() / 2)
        asked = answer.retry_after if answer is not None else None
        return pause if asked is None else max(asked.total_seconds(), pause)

    def _is_late(self, pause: float, deadline: datetime | None) -> bool:
        return deadline is not None and self._clock.now() + timedelta(seconds=pause) > deadline

    def knock(self, url: str, *, deadline: datetime) -> Knock:
        """Make one request without a credential, once, and describe its connection.

        Raises:
            NetworkFault: No answer came.
            UsageError: A proxy or certificate variable, or the URL, cannot be used.
        """
        request = HttpRequest(method="GET", url=url, is_repeatable=True)
        visit = self._open(request, deadline)
        certificate = _certificate(visit.response)
        seconds = time.monotonic() - visit.begun
        return Knock(answer=self._read(visit).read(), certificate=certificate, seconds=seconds)

    def _exchange(self, request: HttpRequest, deadline: datetime | None) -> RawAnswer:
        return self._read(self._open(request, deadline))

    def _open(self, request: HttpRequest, deadline: datetime | None) -> _Visit:
        """Send a request and wait for the head of its answer."""
        budget = self._timeouts.total
        if deadline is not None and request.is_repeatable:
            budget = min(budget, max((deadline - self._clock.now()).total_seconds(), _LEAST_BUDGET_SECONDS))
        begun = time.monotonic()
        sent_at = self._clock.now()
        passage = Passage(
            ends_at=begun + budget, is_fresh=not request.is_repeatable, on_first_byte=request.on_first_byte
        )
        sent = self._build(request, passage)
        self._show_request(request, sent)
        if self._is_closed:
            raise NoWay("the program is ending", word=NetworkWord.RESET, may_have_arrived=False)
        try:
            response = self._transport.handle_request(sent)
        except httpx.HTTPError as error:
            fault = _fault(error, sent, passage)
        else:
            return _Visit(request, sent, response, passage, begun, sent_at)
        raise fault  # outside the handler, so that the foreign error is not its context

    def _build(self, request: HttpRequest, passage: Passage) -> httpx.Request:
        url, body = _url(request.url), request.body or b""
        if request.query:
            url = httpx.URL(url, params=list(request.query))
        headers = httpx.Headers([(b"host", url.netloc), *_HEADERS])
        if body or request.method in _WITH_BODY:
            headers["content-length"] = str(len(body))
        if request.headers:
            headers.update(list(request.headers))
        if request.authorization is not None:
            headers["authorization"] = request.authorization.reveal()
        if request.content_type is not None:
            headers["content-type"] = request.content_type
        return httpx.Request(
            request.method,
            url,
            headers=headers,
            stream=httpx.ByteStream(body),
            extensions={"timeout": self._limits, "passage": passage},
        )

    def _read(self, visit: _Visit) -> RawAnswer:
        """Read the answer to its end."""
        request, sent, response = visit.request, visit.sent, visit.response
        received_at = self._clock.now()
        body, end = _body_of(visit)
        fault = end if isinstance(end, NetworkFault) else None
        concealed = [*request.conceal, *_credentials(request.authorization)]
        answer = RawAnswer(
            method=request.method,
            path=sent.url.raw_path.decode("ascii").partition("?")[0],
            status=response.status_code,
            headers=tuple(
                (name, _without(value.encode(), concealed).decode()) for name, value in response.headers.items()
            ),
            body=_without(body, concealed),
            sent_at=visit.sent_at,
            received_at=received_at,
            is_whole=end is None,
            flaw=str(end) if isinstance(end, UnreadableBody) else None,
            is_oauth=request.is_oauth,
        )
        self._show_answer(answer, time.monotonic() - visit.begun)
        # The status alone tells the outcome of a PATCH, and a refusal however much of its text came.
        if fault is not None and request.is_repeatable and response.is_success:
            raise fault
        return answer

    def _say(self, line: str) -> None:
        if self._trace is not None:
            self._trace(line)

    def _show_request(self, request: HttpRequest, sent: httpx.Request) -> None:
        if self._trace is None:
            return
        self._trace(f"> {sent.method} {sent.url}")
        for line in _header_lines(sent.headers):
            self._trace(f"> {line}")
        if request.body is not None:
            self._trace(f"> {_shown_body(_without(request.body, request.conceal), request.content_type)}")

    def _show_answer(self, answer: RawAnswer, seconds: float) -> None:
        if self._trace is None:
            return
        self._trace(f"< HTTP {answer.status} after {seconds * 1000:.0f} ms, {len(answer.body)} bytes")
        for line in _header_lines(dict(answer.headers)):
            self._trace(f"< {line}")
        if answer.body and not (answer.is_oauth and 200 <= answer.status < 300):
            self._trace(f"< {_shown_body(answer.body, answer.header('content-type'))}")


@lru_cache(64)
def _url(text: str) -> httpx.URL:
    """Return a URL; every row of a batch sends to the same few.

    Raises:
        UsageError: It is none that can be called.
    """
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(f"{quoted(text)} is not a usable URL ({error})") from error


def _body_of(visit: _Visit) -> tuple[bytes, NetworkFault | UnreadableBody | None]:
    """Read the body, and return it with what ended it early."""
    response, passage = visit.response, visit.passage
    body = AnswerBody()
    try:
        body.unpack(response.headers.get("content-encoding"))
        # Not by httpx, which would undo any number of layers of compression without a limit.
        for piece in cast("httpx.SyncByteStream", response.stream):
            body.add(piece, on_the_wire=passage.read)
        body.end()
    except UnreadableBody as why:
        return b"", why
    except httpx.HTTPError as error:
        return body.data, _fault(error, visit.sent, passage)
    finally:
        response.close()
    return body.data, None


def _certificate(response: httpx.Response) -> Certificate | None:
    """Return the server's certificate; None without TLS."""
    stream = response.extensions.get("network_stream")
    tls = None if stream is None else stream.get_extra_info("ssl_object")
    if tls is None:
        return None
    shown = tls.getpeercert() or {}
    names = {key: value for row in shown.get("issuer", ()) for key, value in row}
    end = shown.get("notAfter")
    return Certificate(
        issuer=one_line(names.get("organizationName") or names.get("commonName") or "", _LONGEST_NAME) or None,
        expires_at=None if end is None else certificate_end(end),
        protocol=tls.version(),
    )


def _is_passing(answer: RawAnswer, request: HttpRequest) -> bool:
    return answer.status == _TOO_MANY or (answer.status >= 500 and request.is_repeatable)


def _credentials(authorization: Secret | None) -> Iterator[tuple[str, str]]:
    value = "" if authorization is None else authorization.reveal()
    for part in (value, value.partition(" ")[2]):
        if part:
            yield part, _MASK


def _without(body: bytes, concealed: Sequence[tuple[str, str]]) -> bytes:
    """Mask texts that a server or proxy repeats from the request."""
    for needle, shown in concealed:
        if len(needle) >= _SHORTEST_CONCEALED:
            body = body.replace(needle.encode(), shown.encode())
    return body


def _header_lines(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        shown = "(not shown)" if name.lower() in _WRITE_ONLY else one_line(value, _LONGEST_SHOWN)
        yield f"{name}: {shown}"


def _shown_body(body: bytes, content_type: str | None) -> str:
    if content_type is not None and "form" in content_type:
        return "(a form, not shown)"
    text = body.decode("utf-8", "replace")
    try:
        text = json.dumps(_masked(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = _H323_PASSCODE.sub(rf"\1{_MASK}", text)
    return one_line(text, _LONGEST_SHOWN)


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: _MASK if _SECRET_KEYS.search(key) and part not in (None, "") else _masked(part)
                for key, part in value.items()
            }
        case list():
            return [_masked(part) for part in value]
        case str():
            return _H323_PASSCODE.sub(rf"\1{_MASK}", value)
        case _:
            return value


def _fault(error: httpx.HTTPError, sent: httpx.Request, passage: Passage) -> NetworkFault:
    """Describe an httpx error in our own words; its own text could repeat what was sent."""
    causes = list(_causes(error))
    has_arrived = not isinstance(error, _BEFORE_SENDING) if passage.has_begun is None else passage.has_begun
    at = f"{sent.url.host}:{sent.url.port or {'http': 80, 'https': 443}.get(sent.url.scheme, 0)}"
    refused = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if refused is not None and not has_arrived:
        said, advice, cause = refusal_of(at, refused, datetime.now(UTC))
        return NoWay(said, word=NetworkWord.TLS, may_have_arrived=False, fix=advice, cause=cause)
    if isinstance(error, httpx.LocalProtocolError):  # h11 refuses before it writes
        return NoWay(
            f"the request to {at} was not sent: it cannot be written as HTTP",
            word=NetworkWord.CONNECT,
            may_have_arrived=False,
        )
    word, message, fix = _told(error, causes, at, passage, has_arrived=has_arrived)
    return NetworkFault(message, word=word, may_have_arrived=has_arrived, fix=fix)


_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def _told(
    error: httpx.HTTPError, causes: list[BaseException], at: str, passage: Passage, *, has_arrived: bool
) -> tuple[NetworkWord, str, str | None]:
    is_tls = any(isinstance(cause, ssl.SSLError) for cause in causes)
    if isinstance(error, httpx.ProxyError) or (passage.proxy is not None and not has_arrived and not is_tls):
        proxy = passage.proxy or "the proxy"
        said = f": {one_line(str(error), 100)}" if isinstance(error, httpx.ProxyError) else _os_words(causes)
        return NetworkWord.PROXY, f"cannot reach {at} through {proxy}{said}", "Check HTTPS_PROXY and NO_PROXY."
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        host = at.rpartition(":")[0]
        return NetworkWord.DNS, f"the name {host} cannot be resolved", "Check the name and this machine's DNS."
    if is_tls:
        return NetworkWord.TLS, f"TLS with {at} failed{_tls_words(causes)}", None
    if isinstance(error, httpx.TimeoutException):
        what = "did not answer in time" if has_arrived else "did not accept the connection in time"
        return NetworkWord.TIMEOUT, f"{at} {what}", None
    is_reset = any(isinstance(cause, ConnectionResetError) for cause in causes)
    if isinstance(error, httpx.ConnectError) and not is_reset:
        return NetworkWord.CONNECT, f"cannot connect to {at}{_os_words(causes)}", None
    return NetworkWord.RESET, f"{at} closed the connection before its answer was complete", None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _os_words(causes: list[BaseException]) -> str:
    words = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return f": {words[-1]}" if words else ""


def _tls_words(causes: list[BaseException]) -> str:
    reason = next((cause.reason for cause in causes if isinstance(cause, ssl.SSLError) and cause.reason), None)
    return f": {reason.replace('_', ' ').lower()}" if reason else ""
