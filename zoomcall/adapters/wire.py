"""The wire below httpx: routes, connections, and limits that no server can stretch.

httpx applies its timeout to every single read, so a server that sends one byte a second is never late. Here every
request has a deadline, and each read, write and connect may take only what is left of it. What is read is counted
as it comes off the wire, because httpx counts neither headers nor the frames around a body.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Any

import httpcore
import httpx
from msgspec import Struct

from zoomcall.adapters.proxies import Proxies, Proxy
from zoomcall.adapters.tls import tls_context
from zoomcall.errors import NetworkFault, NetworkWord

_KEPT_SECONDS = 5.0
_MOST_KEPT = 100
_LEAST_PROVEN_SECONDS = 0.25
"""A server that closes after each answer has done so by then."""
_MOST_HEAD_BYTES = 256 * 1024


class NoWay(NetworkFault):
    """A fault before the first byte was sent, which a retry would not cure."""


class Passage(Struct):
    """The progress of one request; it travels as the extension ``passage``.

    Attributes:
        ends_at: Its deadline, on the monotonic clock.
        is_fresh: Whether it must not meet a server that is closing its connection: it takes a new one, or one that
            was idle for half as long at most as the server has been seen to keep them.
        has_begun: Whether its first byte may have been sent; None over a fake wire.
        on_first_byte: Called just before that.
        proxy: The proxy that it goes through.
        read: How many bytes of its answer were read, headers and frames included.
        is_head_read: Whether its answer's headers have been read.
    """

    ends_at: float
    is_fresh: bool
    has_begun: bool | None = None
    on_first_byte: Callable[[], None] | None = None
    proxy: Proxy | None = None
    read: int = 0
    is_head_read: bool = False

    def begin(self) -> None:
        """Record that the request's first byte may be sent now."""
        if not self.has_begun:
            self.has_begun = True
            if self.on_first_byte is not None:
                self.on_first_byte()

    def count(self, data: bytes) -> bytes:
        """Count what was read, and return it."""
        self.read += len(data)
        if self.read > _MOST_HEAD_BYTES and not self.is_head_read:  # or interim answers without end
            raise httpcore.RemoteProtocolError("the answer's headers are too large")
        return data


class Wire(httpx.BaseTransport):
    """httpx's transport over real sockets."""

    def __init__(self) -> None:
        self._routes: dict[tuple[bytes, bytes, int, Proxy | None], _Route] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._backend = _Backend()

    @cached_property
    def _proxies(self) -> Proxies:
        return Proxies.of_system()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and return when the headers of its answer have arrived."""
        passage: Passage = request.extensions["passage"]
        url = _core_url(request.url)
        origin = url.origin
        passage.proxy = self._proxies.to(request.url.scheme, request.url.host, origin.port)
        passage.has_begun = False
        route = self._route(origin, passage)
        extensions = request.extensions
        if passage.proxy is not None:  # whose CONNECT is written by the same stream
            extensions = {**extensions, "trace": _Watch(passage)}
        sent = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=extensions
        )
        line = route.take(is_fresh=passage.is_fresh)
        try:
            with self._backend.clock.running(passage), _in_httpx_terms():
                answer = line.handle_request(sent)
            passage.is_head_read = True
        except BaseException:
            route.drop(line)
            raise
        finally:
            if self._is_closed:  # by another thread, which could not know of this connection
                self._backend.clock.close()
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer, lambda: route.give_back(line)),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection; one that is being made is closed once it is there."""
        self._is_closed = True
        with self._lock:
            routes = tuple(self._routes.values())
        for route in routes:
            route.close()

    def _route(self, origin: httpcore.Origin, passage: Passage) -> _Route:
        key = (origin.scheme, origin.host, origin.port, passage.proxy)
        with self._lock:
            if key not in self._routes:
                self._routes[key] = self._new_route(origin, passage.proxy)
            return self._routes[key]

    def _new_route(self, origin: httpcore.Origin, proxy: Proxy | None) -> _Route:
        shared: dict[str, Any] = {
            "ssl_context": self._tls if origin.scheme == b"https" else None,
            "keepalive_expiry": _KEPT_SECONDS,
            "network_backend": self._backend,
        }
        if proxy is None:
            return _Route(lambda: httpcore.HTTPConnection(origin, **shared))
        shared |= {"max_connections": 1, "max_keepalive_connections": 1, "proxy_auth": proxy.auth}
        at = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/")
        if not proxy.is_socks:
            tls = self._tls if proxy.scheme == "https" else None
            return _Route(lambda: httpcore.HTTPProxy(at, proxy_ssl_context=tls, **shared))
        if not proxy.scheme.startswith("socks5"):
            raise NoWay(
                f"the proxy {proxy} may speak SOCKS 4, which zoomcall does not support",
                word=NetworkWord.PROXY,
                may_have_arrived=False,
                fix=f"If it speaks SOCKS 5, write socks5h://{str(proxy).partition('://')[2]}.",
            )
        if importlib.util.find_spec("socksio") is None:
            from zoomcall.adapters.installation import install_line

            raise NoWay(
                f"socksio is not installed; the proxy {proxy} needs it, as it speaks SOCKS (extra zoomcall[socks])",
                word=NetworkWord.PROXY,
                may_have_arrived=False,
                fix=f"Install the extra: {install_line('socks')}",
            )
        return _Route(lambda: httpcore.SOCKSProxy(at, **shared))


@lru_cache(64)
def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


_Line = httpcore.HTTPConnection | httpcore.ConnectionPool
"""One connection, or the pool of one connection that httpcore has for a way through a proxy."""


class _Route:
    """The connections to one server, by one way; threads may share it.

    httpcore's own pool looks at every connection at every request, and knows no request that an idle connection
    may swallow: a server that closes it meanwhile leaves open whether it has read what was sent.

    Args:
        connect: Returns a connection that connects when it is used.
    """

    def __init__(self, connect: Callable[[], _Line]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._lines: set[_Line] = set()
        self._idle: list[tuple[float, _Line]] = []
        self._proven = 0.0

    def take(self, *, is_fresh: bool) -> _Line:
        """Return a connection for one request; a fresh one meets no server that is about to close it."""
        surplus: list[_Line] = []
        with self._lock:
            line = self._kept(time.monotonic(), surplus, is_fresh=is_fresh) or self._connect()
            self._lines.add(line)
        for each in surplus:
            self.drop(each)
        return line

    def _kept(self, now: float, surplus: list[_Line], *, is_fresh: bool) -> _Line | None:
        """Return the connection that was idle for the shortest time, if it may be used."""
        while self._idle and (now - self._idle[0][0] > _KEPT_SECONDS or _is_over(self._idle[0][1])):
            surplus.append(self._idle.pop(0)[1])
        if self._idle:
            self._proven = max(self._proven, now - self._idle[0][0])
        while self._idle:
            since, line = self._idle[-1]
            if is_fresh and self._proven < max(_LEAST_PROVEN_SECONDS, 2 * (now - since)):
                return None
            self._idle.pop()
            if not _is_over(line):
                return line
            surplus.append(line)
        return None

    def give_back(self, line: _Line) -> None:
        """Keep a connection whose answer was read, if the server keeps it too."""
        if not _is_idle(line):
            self.drop(line)
            return
        with self._lock:
            self._idle.append((time.monotonic(), line))
            surplus = self._idle.pop(0)[1] if len(self._idle) > _MOST_KEPT else None
        if surplus is not None:
            self.drop(surplus)

    def drop(self, line: _Line) -> None:
        """Close a connection."""
        with self._lock:
            self._lines.discard(line)
        line.close()

    def close(self) -> None:
        """Close every connection, even those that other threads are using."""
        with self._lock:
            lines, self._lines, self._idle = self._lines, set(), []
        for line in lines:
            line.close()


def _is_idle(line: _Line) -> bool:
    if isinstance(line, httpcore.ConnectionPool):
        return any(each.is_idle() for each in line.connections)
    return line.is_idle()


def _is_over(line: _Line) -> bool:
    """Return whether an idle connection was closed by the server, or kept for long enough."""
    if isinstance(line, httpcore.ConnectionPool):
        return all(each.has_expired() or each.is_closed() for each in line.connections)
    return line.has_expired() or line.is_closed()


class _Watch:
    """Records when the request itself, not a proxy's CONNECT, is first written; httpcore's ``trace``."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self._passage.begin()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, end: Callable[[], None]) -> None:
        self._answer = answer
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        with _in_httpx_terms():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        try:
            with _in_httpx_terms():
                self._answer.close()
        finally:
            self._end()


@contextlib.contextmanager
def _in_httpx_terms() -> Iterator[None]:
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        named: type[httpx.TransportError] = getattr(httpx, type(error).__name__)  # both trees have the same names
        raise named(str(error)) from error
    except UnicodeError as error:  # a host name that no resolver accepts
        raise httpx.ConnectError("the host's name cannot be resolved") from error
    except _socks_errors() as error:
        raise httpx.ProxyError("it does not speak SOCKS 5") from error


def _socks_errors() -> tuple[type[Exception], ...]:
    try:
        from socksio.exceptions import SOCKSError
    except ImportError:
        return ()
    return SOCKSError, AssertionError  # httpcore asserts that the proxy's answers come in order


class _Clock(threading.local):
    """The progress of this thread's request, and the connection that was opened for it."""

    passage: Passage = Passage(ends_at=float("inf"), is_fresh=False)
    opened: tuple[httpcore.NetworkStream, ...] = ()

    @contextlib.contextmanager
    def running(self, passage: Passage) -> Iterator[None]:
        """Start it; on failure close the connection, which httpcore forgets if a SOCKS proxy misbehaves."""
        self.passage, self.opened = passage, ()
        try:
            yield
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close what was opened for this thread's request."""
        for stream in self.opened:
            stream.close()

    def left(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        left = self.passage.ends_at - time.monotonic()
        if left <= 0:
            raise late("the time for one answer is up")
        return left if timeout is None else min(timeout, left)


class _Backend(httpcore.SyncBackend):
    def __init__(self) -> None:
        self.clock = _Clock()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that accepts, all of them within the request's time."""
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in _addresses(host, port):
            left = self.clock.left(timeout, httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self.clock.opened = (stream,)
                return _Stream(stream, self.clock)
        raise failure or httpcore.ConnectError("the host has no address")


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._clock.left(timeout, httpcore.ReadTimeout))
        return self._clock.passage.count(data)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer and self._clock.passage.proxy is None:
            self._clock.passage.begin()
        self._stream.write(buffer, self._clock.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._clock.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
