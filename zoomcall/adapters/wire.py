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
from functools import cached_property
from typing import Any

import httpcore
import httpx
from msgspec import Struct

from zoomcall.adapters.proxies import Proxies, Proxy
from zoomcall.adapters.tls import tls_context
from zoomcall.errors import NetworkFault, NetworkWord

_KEPT_SECONDS = 5.0
_MOST_CONNECTIONS = 100
_MOST_KEPT = 10
_MOST_HEAD_BYTES = 256 * 1024


class NoWay(NetworkFault):
    """A fault before the first byte was sent, which a retry would not cure."""


class Passage(Struct):
    """The progress of one request; it travels as the extension ``passage``.

    Attributes:
        ends_at: Its deadline, on the monotonic clock.
        is_fresh: Whether it needs a new connection, on which nothing was sent before.
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

    def count(self, data: bytes) -> bytes:
        """Count what was read, and return it."""
        self.read += len(data)
        if self.read > _MOST_HEAD_BYTES and not self.is_head_read:  # or interim answers without end
            raise httpcore.RemoteProtocolError("the answer's headers are too large")
        return data


class Wire(httpx.BaseTransport):
    """httpx's transport over real sockets."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, Proxy | None, bool], httpcore.ConnectionPool] = {}
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
        url = request.url
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        passage.proxy = self._proxies.to(url.scheme, url.host, port)
        passage.has_begun = False
        pool = self._pool(url.scheme, passage)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions={**request.extensions, "trace": _Watch(passage)},
        )
        try:
            with self._backend.clock.running(passage), _in_httpx_terms():
                answer = pool.handle_request(sent)
            passage.is_head_read = True
        finally:
            if self._is_closed:  # by another thread, which could not know of this connection
                self._backend.clock.close()
        return httpx.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close every connection; one that is being made is closed once it is there."""
        self._is_closed = True
        with self._lock:
            pools = tuple(self._pools.values())
        for pool in pools:
            pool.close()

    def _pool(self, scheme: str, passage: Passage) -> httpcore.ConnectionPool:
        key = (scheme, passage.proxy, passage.is_fresh)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._new_pool(*key)
            return self._pools[key]

    def _new_pool(self, scheme: str, proxy: Proxy | None, is_fresh: bool) -> httpcore.ConnectionPool:  # noqa: FBT001 - a key's field
        settings: dict[str, Any] = {
            "ssl_context": self._tls if scheme == "https" else None,
            "max_connections": _MOST_CONNECTIONS,
            "max_keepalive_connections": 0 if is_fresh else _MOST_KEPT,
            "keepalive_expiry": _KEPT_SECONDS,
            "network_backend": self._backend,
        }
        if proxy is None:
            return httpcore.ConnectionPool(**settings)
        at = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/")
        if not proxy.is_socks:
            tls = self._tls if proxy.scheme == "https" else None
            return httpcore.HTTPProxy(at, proxy_auth=proxy.auth, proxy_ssl_context=tls, **settings)
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
        return httpcore.SOCKSProxy(at, proxy_auth=proxy.auth, **settings)


class _Watch:
    """Records when the request itself, not a proxy's CONNECT, is first written; httpcore's ``trace``."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self._passage.has_begun = True
            if self._passage.on_first_byte is not None:
                self._passage.on_first_byte()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _in_httpx_terms():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _in_httpx_terms():
            self._answer.close()


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
