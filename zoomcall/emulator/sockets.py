"""Zoom's websockets: meeting events pushed to a client with a token and a subscription (zoom-api 6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import WSMsgType, web

from zoomcall.domain.target import Api
from zoomcall.emulator.delivery_log import event_text
from zoomcall.emulator.keys import GrantType
from zoomcall.emulator.messages import Request
from zoomcall.emulator.world import Event, World

PATH = "/ws"
BEAT_LIMIT = timedelta(seconds=90)
"""How long a connection lasts without a heartbeat: three of Zoom's 30 s. Zoom publishes no limit."""

INVALID_TOKEN = "Invalid Token"  # noqa: S105 - Zoom's words
INVALID_SUBSCRIPTION = "Invalid subscriptionId"

_CLOSE_SECONDS = 0.5


class Sockets:
    """The connections to one subscription. Lives on one event loop.

    Args:
        world: Knows the tokens.
        subscription_id: The id of the only subscription.
        clock: Zoom's clock.
        beat_limit: How long a connection lasts without a heartbeat; not scaled, because clients are real.
    """

    def __init__(
        self,
        world: World,
        subscription_id: str,
        *,
        clock: Callable[[], datetime],
        beat_limit: timedelta = BEAT_LIMIT,
    ) -> None:
        self._world = world
        self.subscription_id = subscription_id
        self._clock = clock
        self.beat_limit = beat_limit
        self.grants = frozenset(GrantType)
        self._newest: _Connection | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether a client is connected."""
        return self._newest is not None

    def deliver(self, event: Event) -> None:
        """Push a meeting's event to the connected client, if there is one; otherwise the event is lost."""
        if self._newest is not None and event.venue.api is Api.MEETING:
            self._newest.send("message", event_text(event))

    def drop(self) -> None:
        """Cut the connection without closing it properly."""
        if self._newest is not None:
            self._newest.abort()

    async def close(self) -> None:
        """Close the connection, and wait until older ones are closed."""
        if self._newest is not None:
            await self._newest.close()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def serve(self, incoming: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        socket = web.WebSocketResponse(timeout=_CLOSE_SECONDS, max_msg_size=64 * 1024)
        if not socket.can_prepare(incoming).ok:
            return web.Response(status=400, text="this is a websocket endpoint\n")
        await socket.prepare(incoming)
        connection = _Connection(socket, incoming)
        refusal = self._refusal(request)
        if refusal is not None:
            connection.send("build_connection", refusal, is_success=False)
            await connection.close()
            return socket
        older, self._newest = self._newest, connection
        connection.send("build_connection", "")
        if older is not None:
            task = asyncio.get_running_loop().create_task(older.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        try:
            await self._listen(connection)
        finally:
            if self._newest is connection:
                self._newest = None
            await connection.close()
        return socket

    def _refusal(self, request: Request) -> str | None:
        grant = self._world.grant_of(request.query.get("access_token", ""))
        if grant is None or self._clock() >= grant.expires_at or grant.type not in self.grants:
            return INVALID_TOKEN
        if request.query.get("subscriptionId") != self.subscription_id:
            return INVALID_SUBSCRIPTION
        return None

    async def _listen(self, connection: _Connection) -> None:
        clock = asyncio.get_running_loop()
        beaten_at = clock.time()
        while True:
            try:
                async with asyncio.timeout_at(beaten_at + self.beat_limit.total_seconds()):
                    text = await connection.receive()
            except TimeoutError:
                return
            if text is None:
                return
            if _is_heartbeat(text):
                beaten_at = clock.time()
                connection.send("heartbeat", "")


class _Connection:
    """One websocket and the frames waiting to be sent."""

    def __init__(self, socket: web.WebSocketResponse, incoming: web.BaseRequest) -> None:
        self._socket = socket
        self._transport = incoming.transport
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()
        self._pump = asyncio.get_running_loop().create_task(self._send_all())

    def send(self, module: str, content: str, *, is_success: bool = True) -> None:
        """Send one of Zoom's frames, without blocking."""
        document = {"module": module, "success": is_success, "content": content}
        self._frames.put_nowait(json.dumps(document, ensure_ascii=False, separators=(",", ":")))

    async def receive(self) -> str | None:
        """Return the next text, or None once the connection is closed."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        return "" if message.type is WSMsgType.BINARY else None

    async def close(self) -> None:
        """Send the waiting frames, and close the connection."""
        self._frames.put_nowait(None)
        await asyncio.wait({self._pump})
        await self._socket.close()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def _send_all(self) -> None:
        while (frame := await self._frames.get()) is not None:
            try:
                await self._socket.send_str(frame)
            except ConnectionError:  # the client is gone
                return


def _is_heartbeat(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("module") == "heartbeat"
