"""Zoom's websocket of meeting events over aiohttp: a thread with an event loop of its own (zoom-api 6)."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import random
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from msgspec import Struct
from yarl import URL

from zoomcall.adapters.proxies import Proxies
from zoomcall.adapters.tls import tls_context
from zoomcall.adapters.websocket_frame import Frame
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.credential import AccessToken
from zoomcall.domain.event import Event
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import ErrorKind, ZoomcallError

_GREETING = "build_connection"
_LARGEST_FRAME = 1024 * 1024
_MASK = "***"
_STOP_SECONDS = 2.0
_CLOSE_SECONDS = 0.5
_TOKEN_IN_URL = Pattern(r"(access_token(?:=|%3D|'?: ?'))[^&\s'\")>]+", re.IGNORECASE)

TokenSupply = Callable[[], AccessToken]


class Timing(Struct, frozen=True, kw_only=True):
    """The feed's intervals and limits.

    Attributes:
        connect: The time limit for connecting, tokens included.
        beat: The time between two heartbeats.
        silence: The time without a frame after which a connection counts as dead; Zoom answers each heartbeat.
        renew_before: How long before its token expires a connection is replaced.
        first_pause: The pause before the first attempt to reconnect; each later pause is twice as long.
        longest_pause: The longest pause.
        steady: How long a connection must last to reset the pauses; one that another client of the same
            subscription closes again and again does not last.
    """

    connect: timedelta = timedelta(seconds=5)
    beat: timedelta = timedelta(seconds=30)
    silence: timedelta = timedelta(seconds=75)
    renew_before: timedelta = timedelta(seconds=50)
    first_pause: timedelta = timedelta(seconds=0.5)
    longest_pause: timedelta = timedelta(seconds=30)
    steady: timedelta = timedelta(seconds=60)


class NoWebsocket(ZoomcallError):
    """There is no connection; the message says why."""

    kind = ErrorKind.NETWORK


class TokenRefused(NoWebsocket):
    """Zoom does not accept this token for the websocket."""

    kind = ErrorKind.AUTH


class WebsocketFeed:
    """The events of one subscription, from ``start`` to ``stop``.

    It restores lost connections, and replaces each one before its token expires, opening the new one first.
    Events that happen while there is no connection are lost. The token is part of the URL, which is never shown.

    Args:
        url: The websocket's URL, without a query.
        subscription_id: Zoom's id of the event subscription.
        tokens: Sources of a token; each is tried until Zoom accepts one.
        on_events: Receives events; called in the feed's thread, like the callbacks below.
        on_trouble: Receives a reason whenever events may have been lost.
        on_end: Receives the reason why no more events will come.
        trace: Receives lines about the connection, without the token, for ``--debug``.
        now: The clock.
        timing: Intervals and limits.
    """

    def __init__(
        self,
        url: str,
        subscription_id: str,
        tokens: Sequence[TokenSupply],
        *,
        on_events: Callable[[Iterable[Event]], None],
        on_trouble: Callable[[str], None] = lambda _: None,
        on_end: Callable[[str], None] = lambda _: None,
        trace: Callable[[str], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timing: Timing | None = None,
    ) -> None:
        self._url = URL(url)
        self._subscription_id = subscription_id
        self._tokens = tuple(tokens)
        self._on_events = on_events
        self._on_trouble = on_trouble
        self._on_end = on_end
        self._trace = trace
        self._now = now
        self._timing = timing or Timing()
        self._token: AccessToken | None = None
        self._thread: threading.Thread | None = None
        self._stopping: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def start(self) -> None:
        """Connect, and return once events can arrive.

        Raises:
            ZoomcallError: The connection failed; the feed has stopped.
        """
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="websocket", daemon=True)
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """Close the connection."""
        if self._stopping is None or self._thread is None:
            return
        loop, event = self._stopping
        if self._thread.is_alive():
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # it has just ended on its own
                return
        self._thread.join(_STOP_SECONDS)

    def _run(self, started: Future[None]) -> None:
        try:
            asyncio.run(self._serve(started))
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach whoever waits for it
            self._fail(started, _unforeseen(error))

    def _fail(self, started: Future[None], error: ZoomcallError) -> None:
        if started.done():
            self._on_end(error.message)
        else:
            started.set_exception(error)

    async def _serve(self, started: Future[None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, _context: None)  # it would report reset connections on stderr
        for name in ("asyncio", "aiohttp.client", "aiohttp.internal", "aiohttp.websocket"):
            logging.getLogger(name).addFilter(mask_token)
        stopping = asyncio.Event()
        self._stopping = (loop, stopping)
        watch = aiohttp.TraceConfig()
        watch.on_request_redirect.append(_refuse_redirect)
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector, trust_env=False, trace_configs=[watch]) as session:
            try:
                link = await self._connect(session)
            except ZoomcallError as error:
                self._fail(started, error)
                return
            started.set_result(None)
            keeping = loop.create_task(self._keep(session, link))
            waiting = loop.create_task(stopping.wait())
            await asyncio.wait({keeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
            for task in (keeping, waiting):
                task.cancel()
            results = await asyncio.gather(keeping, waiting, return_exceptions=True)
        failure = results[0]
        if isinstance(failure, Exception):
            self._fail(started, failure if isinstance(failure, ZoomcallError) else _unforeseen(failure))

    async def _keep(self, session: aiohttp.ClientSession, link: _Link) -> None:
        """Keep a connection until this is cancelled, or until Zoom accepts no token any more."""
        pauses = _Pauses(self._timing)
        try:
            while True:
                why = await link.over_or_due()
                if why is None:
                    link = await self._replace(session, link)
                else:
                    self._on_trouble(f"{why}; events are lost until it is back")
                    link = await self._reconnect(session, link, pauses)
        finally:
            await link.close()

    async def _replace(self, session: aiohttp.ClientSession, link: _Link) -> _Link:
        """Replace a connection that is about to expire; keep the old one if a new one cannot be opened."""
        self._token = None
        try:
            fresh = await self._connect(session)
        except ZoomcallError as error:
            self._say(f"* no new websocket: {error.message}")
            link.wait_on(self._timing.longest_pause)
            return link
        if fresh.expires_at is not None and fresh.expires_at == link.expires_at:
            fresh.renews_at = None  # there is no newer token yet
        await link.close()
        return fresh

    async def _reconnect(self, session: aiohttp.ClientSession, lost: _Link, pauses: _Pauses) -> _Link:
        await lost.close()
        pause = pauses.after(lost.lasted)
        while True:
            await asyncio.sleep(pause)
            try:
                link = await self._connect(session)
            except (TokenRefused, ZoomRefused):
                raise
            except ZoomcallError as error:
                self._on_trouble(f"{error.message}; trying again")
                pause = pauses.next()
            else:
                self._say("* the websocket is back")
                return link

    async def _connect(self, session: aiohttp.ClientSession) -> _Link:
        """Open a connection with the last token if it is still good, or with the first that Zoom accepts."""
        refusal: ZoomcallError = NoWebsocket("there is no token for the websocket")
        last = (self._last_token,) if _is_fresh(self._token, self._timing, self._now()) else ()
        for supply in (*last, *self._tokens):
            try:
                token = supply()
                link = await self._open(session, token)
            except (TokenRefused, ZoomRefused) as error:
                refusal = error
                self._token = None
            else:
                self._token = token
                return link
        raise refusal

    def _last_token(self) -> AccessToken:
        assert self._token is not None  # noqa: S101 - the caller has checked it
        return self._token

    async def _open(self, session: aiohttp.ClientSession, token: AccessToken) -> _Link:
        url = self._url.with_query(subscriptionId=self._subscription_id, access_token=token.text.reveal())
        shown = self._url.with_query(subscriptionId=self._subscription_id, access_token=_MASK)
        self._say(f"> websocket {shown.human_repr()}")
        limit = self._timing.connect.total_seconds()
        failure: ZoomcallError | None = None
        socket: aiohttp.ClientWebSocketResponse | None = None
        try:
            async with asyncio.timeout(limit):
                socket = await session.ws_connect(
                    url,
                    autoping=True,
                    max_msg_size=_LARGEST_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                    **self._route(),
                )
                frame = await self._first_word(socket)
        except aiohttp.WSServerHandshakeError as error:
            kind = TokenRefused if error.status in {401, 403} else NoWebsocket
            failure = kind(f"Zoom answered HTTP {error.status} instead of opening a websocket")
        except TimeoutError:
            failure = NoWebsocket(f"no websocket from {self._url.host} within {limit:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = NoWebsocket(f"no websocket from {self._url.host}: {_os_words(error)}")
        if failure is not None or socket is None:
            if socket is not None:
                await socket.close()
            raise failure or NoWebsocket("no websocket")  # outside the handler: the foreign error has the URL
        said = _concealed(frame, token)
        if frame.module == _GREETING and frame.is_success:
            self._say(f"< {_GREETING}")
            return _Link(socket, self._take, self._timing, expires_at=token.expires_at, lasts=self._lasts(token))
        await socket.close()
        self._say(f"< {said}")
        is_token = "token" in said.lower()
        raise (TokenRefused if is_token else NoWebsocket)(f"Zoom refused the websocket: {said}")

    async def _first_word(self, socket: aiohttp.ClientWebSocketResponse) -> Frame:
        """Read until Zoom says whether there is a connection."""
        while True:
            frame = await _receive(socket)
            if frame.is_end or frame.module == _GREETING:
                return frame
            self._take(frame)

    def _route(self) -> dict[str, Any]:
        """Return the certificates and proxy for the connection, the same as for every other request."""
        route: dict[str, Any] = {}
        is_tls = self._url.scheme == "wss"
        if is_tls:
            route["ssl"] = tls_context()
        proxy = Proxies.of_system().to("https" if is_tls else "http", self._url.host or "", self._url.port or 0)
        if proxy is None:
            return route
        if proxy.is_socks:
            raise NoWebsocket(f"the proxy {proxy} speaks SOCKS, which zoomcall does not support for websockets")
        route["proxy"] = str(proxy)
        if proxy.auth is not None:
            pair = base64.b64encode(b":".join(proxy.auth)).decode()
            route["proxy_headers"] = {"Proxy-Authorization": f"Basic {pair}"}
        return route

    def _say(self, line: str) -> None:
        if self._trace is not None:
            self._trace(line)

    def _take(self, frame: Frame) -> None:
        """Pass on the event in a frame."""
        if frame.module != "message":
            self._say(f"< {one_line(frame.module)}")
            return
        event = frame.event
        self._say(f"< message{'' if event is None else f': {event.state}'}")
        if event is not None:
            self._on_events((event,))

    def _lasts(self, token: AccessToken) -> float | None:
        """Return the seconds after which a connection with this token must be replaced; None if unknown."""
        if token.expires_at is None:
            return None
        return max(0.0, (token.expires_at - self._timing.renew_before - self._now()).total_seconds())


class _Link:
    """One connection, with tasks of its own that read it and keep it alive."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        take: Callable[[Frame], None],
        timing: Timing,
        *,
        expires_at: datetime | None,
        lasts: float | None,
    ) -> None:
        self._socket = socket
        self._take = take
        self._timing = timing
        self._clock = asyncio.get_running_loop()
        self._begun_at = self._heard_at = self._clock.time()
        self.expires_at = expires_at
        self.renews_at = None if lasts is None else self._begun_at + lasts
        self._reading = self._clock.create_task(self._read())
        self._beating = self._clock.create_task(self._beat())

    @property
    def lasted(self) -> float:
        """The seconds since it was opened."""
        return self._clock.time() - self._begun_at

    def wait_on(self, span: timedelta) -> None:
        """Keep it for a while longer, although it is due to be replaced."""
        self._heard_at = self._clock.time()
        self.renews_at = None if self.renews_at is None else self._heard_at + span.total_seconds()

    async def over_or_due(self) -> str | None:
        """Wait until it has ended, and return why, or until it is due to be replaced, and return None."""
        while not self._reading.done():
            due = self._heard_at + self._timing.silence.total_seconds()
            if self.renews_at is not None:
                due = min(due, self.renews_at)
            left = due - self._clock.time()
            if left <= 0:
                return None
            await asyncio.wait({self._reading}, timeout=left)
        code = self._socket.close_code
        how = "was cut" if code in {None, 1006} else f"was closed by the other side ({code})"
        return f"the websocket {how}"

    async def close(self) -> None:
        """Close it and end its tasks."""
        for task in (self._reading, self._beating):
            task.cancel()
        await asyncio.gather(self._reading, self._beating, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        while True:
            try:
                frame = await _receive(self._socket)
            except (aiohttp.ClientError, OSError):
                return
            if frame.is_end:
                return
            self._heard_at = self._clock.time()
            self._take(frame)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._timing.beat.total_seconds())
            try:
                await self._socket.send_str('{"module":"heartbeat"}')
            except (aiohttp.ClientError, OSError):  # the reader notices it as well
                return


class _Pauses:
    """How long to wait before each attempt to reconnect."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._last = timedelta(0)

    def after(self, lasted: float) -> float:
        """Return the first pause after a connection that lasted for some seconds."""
        if lasted >= self._timing.steady.total_seconds():
            self._last = timedelta(0)
        return self.next()

    def next(self) -> float:
        """Return the next pause, twice as long as the last one."""
        self._last = min(max(self._last * 2, self._timing.first_pause), self._timing.longest_pause)
        return self._last.total_seconds() * random.uniform(0.75, 1.0)  # noqa: S311 - not a secret


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> Frame:
    message = await socket.receive()
    if message.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
        return Frame(is_end=True, content="the connection was closed")
    return Frame.of(message.data)


def _concealed(frame: Frame, token: AccessToken) -> str:
    """Return a refusal's words, without the token that they may repeat."""
    words = frame.content if isinstance(frame.content, str) and frame.content else f"it sent {frame.module}"
    return one_line(words.replace(token.text.reveal(), _MASK))


def _is_fresh(token: AccessToken | None, timing: Timing, now: datetime) -> bool:
    return token is not None and (token.expires_at is None or token.expires_at - timing.renew_before > now)


async def _refuse_redirect(_session: object, _context: object, answer: aiohttp.TraceRequestRedirectParams) -> None:
    """Follow no redirect; aiohttp offers no other way to refuse one for a websocket."""
    raise NoWebsocket(f"Zoom answered HTTP {answer.response.status} instead of opening a websocket")


def _os_words(error: BaseException) -> str:
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return getattr(cause, "strerror", None) or type(error).__name__


def _unforeseen(error: Exception) -> ZoomcallError:
    return NoWebsocket(f"the websocket failed unexpectedly ({type(error).__name__})")


def mask_token(record: logging.LogRecord) -> bool:
    """Mask tokens in what aiohttp and asyncio log; a logging filter that lets every record pass."""
    text = record.getMessage()
    masked = _TOKEN_IN_URL.sub(rf"\1{_MASK}", text)
    if masked != text:
        record.msg, record.args = masked, ()
        record.exc_info = record.exc_text = None
    return True
