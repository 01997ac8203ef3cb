"""A receiver for Zoom's webhooks over aiohttp: a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web
from msgspec import Struct

from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.repeats import Mark, Repeats, keys_of
from zoomcall.domain.secret import Secret
from zoomcall.domain.webhook import Challenge, Delivery, Refusal, RefusalKind, authenticate, compact_json
from zoomcall.errors import UsageError

_BACKLOG = 1024
_LINGER_SECONDS = 5.0
_IDLE_SECONDS = 180.0  # longer than a reverse proxy keeps a connection, so that it never writes to a closing one
_STOP_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_SILENT_SECONDS = 1.0

OnEvents = Callable[[tuple[Delivery, ...]], None]
OnRefusal = Callable[[Refusal, str], None]


class Limits(Struct, frozen=True, kw_only=True):
    """Limits for the receiver's clients.

    Attributes:
        body: Bytes in a body; Zoom's callout events have fewer than one thousand.
        head_seconds: Time for a request's headers, from the start of a connection or from their first byte.
        body_seconds: Time for a body.
        answer_seconds: Time for a client to take its answer.
        connections: How many connections there may be, well below the usual limit of a process.
    """

    body: int = 1_000_000
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    answer_seconds: float = 10.0
    connections: int = 500


class WebhookReceiver:
    """Accepts POSTs at ``/`` and passes on what is certain to be Zoom's, each event once.

    A request is answered with 200 once ``on_events`` has returned, and with 500 if it raises, so that Zoom sends
    it again. Requests that arrive meanwhile are passed on together in the next call.

    Args:
        secret: The webhook secret token.
        host: The host to listen on.
        port: The port to listen on; 0 picks a free one.
        on_events: Receives new events, one call at a time, in one of the receiver's threads.
        on_refusal: Receives each refusal and its sender, in the receiver's thread.
        earlier: The marks of events that were passed on before.
        warn: Receives warnings for the user, in the receiver's thread.
        now: The clock.
        limits: Limits for its clients.
    """

    def __init__(
        self,
        secret: Secret,
        host: str,
        port: int,
        on_events: OnEvents,
        *,
        on_refusal: OnRefusal = lambda _refusal, _peer: None,
        earlier: Iterable[Mark] = (),
        warn: Warn = lambda _notice: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: Limits | None = None,
    ) -> None:
        self._secret = secret
        self._at = (host, port)
        self._on_refusal = on_refusal
        self._warn = warn
        self._now = now
        self._limits = limits or Limits()
        self._desk = _Desk(on_events, earlier)
        self._url = _url_of(host, port)
        self._thread: threading.Thread | None = None
        self._stopping: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end; the loopback address if it listens on all addresses."""
        return self._url

    @property
    def repeats(self) -> int:
        """How many requests repeated an earlier one."""
        return self._desk.repeats

    @property
    def is_serving(self) -> bool:
        """Whether its thread is running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises:
            UsageError: The host is not this machine's, or the port is in use.
        """
        listener = _listen(*self._at)
        self._url = _url_of(*listener.getsockname()[:2])
        started: Future[None] = Future()
        arguments = (listener, started)
        thread = threading.Thread(target=self._run, args=arguments, name="webhook-receiver", daemon=True)
        try:
            thread.start()
        except BaseException:
            listener.close()
            raise
        self._thread = thread
        started.result()

    def stop(self) -> None:
        """Answer the requests that have arrived, then close every connection."""
        if self._stopping is not None and self._thread is not None:
            loop, event = self._stopping
            if self._thread.is_alive():
                loop.call_soon_threadsafe(event.set)
            self._thread.join()

    def _run(self, listener: socket.socket, started: Future[None]) -> None:
        try:
            with listener:
                asyncio.run(self._serve(listener, started))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(self, listener: socket.socket, started: Future[None]) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        self._stopping = (loop, stopping)
        server = web.Server(self._handle)
        accepting = asyncio.create_task(self._accept(listener, server))
        keeping = asyncio.create_task(self._desk.keep())
        waiting = asyncio.create_task(stopping.wait())
        started.set_result(None)
        await asyncio.wait({accepting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if accepting.done():  # by a bug: better no receiver than one that accepts nothing
            accepting.result()
        loop.set_exception_handler(_unless_cancelled)
        accepting.cancel()
        await asyncio.wait({accepting})
        listener.close()
        server.pre_shutdown()
        await server.shutdown(_STOP_SECONDS)
        keeping.cancel()
        self._desk.close()

    async def _accept(self, listener: socket.socket, server: web.Server) -> None:
        """Accept connections, as many as the limits of this receiver and of its process allow.

        asyncio's own accepting logs a traceback for each attempt at the process's limit, thousands a second.
        """
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        while True:
            full = "as many clients are connected as may be"
            if len(server.connections) < self._limits.connections:
                try:
                    accepted, _ = await loop.sock_accept(listener)
                    await loop.connect_accepted_socket(lambda: _Connection(server, self._limits), accepted)
                except ConnectionError:  # a client that has left already
                    continue
                except OSError as error:
                    full = error.strerror or type(error).__name__
                else:
                    continue
            words = f"cannot accept more connections for a moment ({full}); Zoom sends events again"
            self._warn(Notice("receiver-full", words))
            for connection in server.connections:
                if isinstance(connection, _Connection):
                    connection.make_room()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if isinstance(connection, _Connection):
            connection.begin_request()
        outcome = await self._receive(request)
        if isinstance(outcome, Delivery):
            kept = await self._desk.take(outcome)
            if kept:
                return _answer(200)
            outcome = Refusal(RefusalKind.NOT_KEPT, "it could not be stored")
        if isinstance(outcome, Challenge):
            return _answer(200, outcome.answer)
        self._on_refusal(outcome, _peer(request))
        response = _answer(outcome.kind.status, {"error": outcome.kind.value, "message": outcome.why})
        if outcome.kind is RefusalKind.WRONG_METHOD:
            response.headers["Allow"] = "POST"
        if not request.content.at_eof():  # nobody will read the rest
            response.force_close()
        return response

    async def _receive(self, request: web.BaseRequest) -> Delivery | Challenge | Refusal:
        if request.path != "/":
            return Refusal(RefusalKind.UNKNOWN_PATH, "only / accepts events")
        if request.method != "POST":
            return Refusal(RefusalKind.WRONG_METHOD, "events are sent with POST")
        too_large = Refusal(RefusalKind.TOO_LARGE, f"its body is larger than {self._limits.body:,} bytes")
        if (request.content_length or 0) > self._limits.body:
            return too_large
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                raw = await self._read(request)
        except TimeoutError:
            return Refusal(RefusalKind.TOO_SLOW, f"its body took more than {self._limits.body_seconds:g} s")
        if raw is None:
            return too_large
        return authenticate(self._secret, headers=request.headers, raw=raw, now=self._now())

    async def _read(self, request: web.BaseRequest) -> bytes | None:
        """Read the body; None if it is too large."""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > self._limits.body:
                return None
        return bytes(body)


class _Connection(web.RequestHandler):
    """A connection on which each request's headers, and the reading of each answer, may take a limited time.

    While a request is handled it has no timer: its body has a limit of its own, and a slow disk is not the client's
    fault.
    """

    def __init__(self, server: web.Server, limits: Limits) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # which aiohttp's own servers may set
            logger=_silent_logger(),
            keepalive_timeout=_IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            auto_decompress=False,  # the signature is over the bytes on the wire
        )
        self._limits = limits
        self._clock = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = False
        self._heard_at = self._clock.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start(self._limits.head_seconds)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._clock.time()
        if self._timer is None and not self._is_busy:
            self._start(self._limits.head_seconds)
        super().data_received(data)

    def begin_request(self) -> None:
        """Note that a request's headers are complete."""
        self._stop()
        self._is_busy = True

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        self._start(self._limits.answer_seconds)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._stop()
            self._is_busy = False

    def make_room(self) -> None:
        """Close it if no request is being handled and nothing came for a second."""
        if not self._is_busy and self._clock.time() - self._heard_at > _SILENT_SECONDS:
            self._hang_up()

    def _start(self, seconds: float) -> None:
        self._stop()
        self._timer = self._clock.call_later(seconds, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _hang_up(self) -> None:
        """Close it at once, even if the client reads nothing of what waits to be sent."""
        transport = self.transport
        self.force_close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


class _UnderWay(Struct, frozen=True, eq=False):
    """A delivery that is being passed on, the keys of all its repeats so far, and whether it was kept."""

    delivery: Delivery
    keys: set[bytes]
    is_kept: asyncio.Future[bool]


class _Desk:
    """Passes deliveries on in batches, each event once."""

    def __init__(self, on_events: OnEvents, earlier: Iterable[Mark]) -> None:
        self._on_events = on_events
        self._known = Repeats(earlier)
        self._under_way: dict[bytes, _UnderWay] = {}
        self._waiting: list[_UnderWay] = []
        self._has_come = asyncio.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="webhook-keeper")
        self.repeats = 0

    async def take(self, delivery: Delivery) -> bool:
        """Pass a delivery on, and return whether it, or an earlier one that it repeats, was kept."""
        if self._known.has(delivery):
            self.repeats += 1
            return True
        keys = keys_of(delivery)
        first = next((self._under_way[key] for key in keys if key in self._under_way), None)
        if first is not None:
            self.repeats += 1
        else:
            first = _UnderWay(delivery, set(), asyncio.get_running_loop().create_future())
            self._waiting.append(first)
            self._has_come.set()
        first.keys.update(keys)
        self._under_way |= dict.fromkeys(keys, first)
        return await asyncio.shield(first.is_kept)

    async def keep(self) -> None:
        """Pass on what is waiting, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await self._has_come.wait()
            self._has_come.clear()
            batch, self._waiting = tuple(self._waiting), []
            deliveries = tuple(each.delivery for each in batch)
            is_kept = await loop.run_in_executor(self._worker, self._hand_on, deliveries)
            for each in batch:
                if is_kept:
                    self._known.add(each.keys)
                for key in each.keys:
                    del self._under_way[key]
                each.is_kept.set_result(is_kept)

    def _hand_on(self, batch: tuple[Delivery, ...]) -> bool:
        try:
            self._on_events(batch)
        except Exception:  # noqa: BLE001 - whatever it was, Zoom must learn that these were not kept
            return False
        return True

    def close(self) -> None:
        """Stop the worker."""
        self._worker.shutdown()


def _url_of(host: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is replaced here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error}", fix="Use one of this machine's hosts and a free port."
        ) from error


def _unless_cancelled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of a client whose accepting was cancelled at that moment; asyncio sets a result all the same."""
    if not isinstance(context.get("exception"), asyncio.InvalidStateError):
        loop.default_exception_handler(context)


def _silent_logger() -> logging.Logger:
    """Return a logger that keeps aiohttp from reporting clients that do not speak HTTP on stderr."""
    logger = logging.getLogger("zoomcall.webhook")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger


def _peer(request: web.BaseRequest) -> str:
    return request.remote or "an unknown sender"


def _answer(status: int, document: Mapping[str, str] | None = None) -> web.Response:
    response = web.Response(status=status, headers={"Server": "zoomcall"})
    if document is not None:
        response.content_type = "application/json"
        response.body = (compact_json(document) or "").encode()
    return response
