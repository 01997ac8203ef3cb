"""The emulator's HTTP server: takes requests exactly as sent, and sends the answers."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

from aiohttp import web
from msgspec import Struct

from zoomcall.emulator.faults import Faults
from zoomcall.emulator.messages import Refusal, Reply, Request, refusal

_LARGEST_BODY = 1024 * 1024  # aiohttp's own limit
_SHUTDOWN_SECONDS = 1.0
_MOST_RECEIVED = 10_000

Answerer = Callable[[Request, datetime], Reply]
Upgrade = Callable[[web.BaseRequest, Request], Awaitable[web.StreamResponse]]


class Received(Struct, frozen=True):
    """A request and the status of its answer.

    Attributes:
        request: As sent.
        status: Of the answer; None if the connection was closed without one.
    """

    request: Request
    status: int | None

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The raw path."""
        return self.request.path


class HttpServer:
    """Serves one socket.

    Args:
        answer: Returns the answer to a request at a given time, or raises ``Refusal``.
        clock: Zoom's clock, which also sets ``Date``.
        faults: What goes wrong.
        upgrades: Handlers that take over a connection, by path.
    """

    def __init__(
        self,
        answer: Answerer,
        *,
        clock: Callable[[], datetime],
        faults: Faults,
        upgrades: Mapping[str, Upgrade] | None = None,
    ) -> None:
        self._answer = answer
        self._clock = clock
        self._faults = faults
        self._upgrades = upgrades or {}
        self._received: deque[Received] = deque(maxlen=_MOST_RECEIVED)
        self._lock = threading.Lock()
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None),
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )

    @property
    def received(self) -> list[Received]:
        """The requests so far, except the oldest of a very long run, in order of their answers."""
        with self._lock:
            return list(self._received)

    async def start(self, listener: socket.socket) -> None:
        """Serve connections to ``listener`` until ``stop`` is called."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the socket and every connection."""
        await self._runner.cleanup()

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            request = await _read(incoming)
        except ConnectionError:
            return web.Response()  # nobody receives it: the client left before it had sent everything
        fault = self._faults.draw(request)
        await asyncio.sleep(self._faults.pace)
        if fault is None and request.path in self._upgrades:
            self._record(request, HTTPStatus.SWITCHING_PROTOCOLS)
            return await self._upgrades[request.path](incoming, request)
        if fault is None:
            return self._send(request, self._ask(request))
        reply = fault.reply
        if fault.is_acted_on or (reply is None and not fault.is_reset):
            real = self._ask(request)
            reply = reply or real
        await asyncio.sleep(fault.delay)
        if fault.is_reset or reply is None:
            self._record(request, None)
            if incoming.transport is not None:
                incoming.transport.abort()
            return web.Response()  # nobody receives it; an exception would be printed to stderr
        return self._send(request, reply)

    def _ask(self, request: Request) -> Reply:
        try:
            if len(request.body) > _LARGEST_BODY:
                raise refusal(413, 300, "Request Entity Too Large")
            return self._answer(request, self._clock())
        except Refusal as refused:
            return refused.reply

    def _send(self, request: Request, reply: Reply) -> web.Response:
        self._record(request, reply.status)
        response = web.Response(status=reply.status, body=reply.body)
        response.headers["Date"] = format_datetime(self._clock(), usegmt=True)
        response.headers["x-zm-trackingid"] = f"v=2.0;clid=emulator;rid=WEB_{secrets.token_hex(16)}"
        for name, value in reply.headers:
            response.headers[name] = value
        return response

    def _record(self, request: Request, status: int | None) -> None:
        with self._lock:
            self._received.append(Received(request, status))


async def _read(incoming: web.BaseRequest) -> Request:
    try:
        body = await incoming.read()
    except web.HTTPRequestEntityTooLarge:
        body = b"\0" * (_LARGEST_BODY + 1)
    headers = tuple(
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in incoming.raw_headers
    )
    return Request(incoming.method, _origin_form(incoming.raw_path), headers, body)


def _origin_form(target: str) -> str:
    """Drop scheme and host of an absolute-form target, as clients of a proxy send it."""
    if target.lower().startswith(("http://", "https://")):
        path = target.partition("://")[2]
        return "/" + path.partition("/")[2]
    return target
