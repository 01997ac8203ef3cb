"""The emulator as a whole, served from a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from zoomcall.domain.api_base import host_of, is_loopback
from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.webhook import parse_hook_url
from zoomcall.emulator.calls import Exchange
from zoomcall.emulator.consent import answer_authorization, answer_device
from zoomcall.emulator.delivery_log import Attempt, DeliveryLog
from zoomcall.emulator.faults import Fault, Faults
from zoomcall.emulator.http import HttpServer, Received
from zoomcall.emulator.keys import TOKEN_LIFETIME, Keys, draw_word
from zoomcall.emulator.limits import Limiter, Plan
from zoomcall.emulator.loopback import LoopbackLegs
from zoomcall.emulator.messages import Reply, Request, unknown_endpoint
from zoomcall.emulator.oauth import answer_device_request, answer_revocation, answer_token_request
from zoomcall.emulator.publishing import Publisher
from zoomcall.emulator.rest import Rest
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.sip.room import HOST, Manners, RoomPlace, SipRoom
from zoomcall.emulator.sockets import PATH as SOCKET_PATH
from zoomcall.emulator.sockets import Sockets
from zoomcall.emulator.trouble import Trouble
from zoomcall.emulator.webhooks import Courier
from zoomcall.emulator.world import SESSION_NAME, Attendee, Event, EventIds, Venue, VenueKey, World
from zoomcall.errors import UsageError

EMPTY_SESSION_NAME = "Nobody here"
ENDED_SESSION_NAME = "Yesterday's retrospective"
LATER_SESSION_NAME = "Later today"
MEETING_TOPIC = "Weekly review"
LOBBY_MEETING_TOPIC = "Board meeting"

_LATER = timedelta(seconds=5)
_LARGEST_PORT = 65535


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


class Emulator:
    """A local Zoom; a context manager that serves from a thread of its own while it is open.

    Args:
        host: A loopback host.
        port: 0 picks a free one.
        time_scale: Factor for the times of calls.
        plan: The plan whose rate limits apply.
        scopes: The scopes of OAuth tokens.
        keys: The account's keys; new ones if omitted.
        has_crc_plan: Whether the account has a Conference Room Connector plan.
        clock: Zoom's clock, which judges tokens and sets ``Date``.
        token_lifetime: How long OAuth tokens are valid.
        event_ids: Whether the events of one call share their ``message_id``.
        room: Where to run a SIP room that can be rung; None runs none.
        webhook_url: An endpoint on loopback that receives events.
        trouble: What goes wrong from the start.
        tell: Called with news of the endpoint, from the emulator's thread.
        trace: Called with a line for each SIP message, from the emulator's thread.

    Raises:
        UsageError: The host or the endpoint is not on loopback, the port is taken, or the time scale is not a
            positive number.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        time_scale: float = 1.0,
        plan: Plan = Plan.NONE,
        scopes: Sequence[str] = ALL_ADMIN,
        keys: Keys | None = None,
        has_crc_plan: bool = True,
        clock: Callable[[], datetime] = utc_now,
        token_lifetime: timedelta = TOKEN_LIFETIME,
        event_ids: EventIds = EventIds.PER_CALL,
        room: RoomPlace | None = None,
        webhook_url: str | None = None,
        trouble: Trouble | None = None,
        tell: Callable[[str], None] = lambda _: None,
        trace: Callable[[str], None] = lambda _: None,
    ) -> None:
        endpoint = _checked(time_scale, webhook_url)
        self._listener = _listen(host, port)
        self.base = _base(self._listener)
        self._clock = clock
        self._trouble = trouble = trouble or Trouble()
        self._faults = Faults(trouble.faults, pace=trouble.pace.total_seconds(), seed=trouble.seed)
        self.world = World(keys or Keys.make(), scopes=scopes, token_lifetime=token_lifetime, event_ids=event_ids)
        self._legs = LoopbackLegs(time_scale=time_scale, trace=trace)
        self._exchange = Exchange(self.world, clock=clock, time_scale=time_scale, find_leg=self._legs)
        self._log = DeliveryLog(delay=trouble.log_delay)
        self._rest = Rest(self.world, self._exchange, Limiter(plan), self._log, has_crc_plan=has_crc_plan)
        self.sockets = Sockets(self.world, draw_word(22), clock=clock)
        self._courier: Courier | None = None
        if endpoint is not None:
            secret = self.world.keys.webhook_secret
            self._courier = Courier(endpoint, secret, self._log, clock=clock, time_scale=time_scale, tell=tell)
        self._room_place = room
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self.ready = self._populate(later=time_scale * _LATER)

    def _populate(self, *, later: timedelta) -> dict[str, str]:
        now = self._clock()
        session = self.world.open_session(SESSION_NAME, now=now - timedelta(minutes=20))
        self.world.join(session.key, now=now - timedelta(minutes=10), name="Lobby screen", device=ROOM_DEVICE)
        empty = self.world.open_session(EMPTY_SESSION_NAME, now=now - timedelta(minutes=5), people=0)
        ended = self.world.open_session(ENDED_SESSION_NAME, now=now - timedelta(minutes=90))
        self.world.end(ended.key, now=now - timedelta(minutes=30))
        coming = self.world.plan_session(LATER_SESSION_NAME, now=now, delay=later)
        meeting = self.world.open_meeting(MEETING_TOPIC, now=now - timedelta(minutes=15))
        lobby = self.world.open_meeting(LOBBY_MEETING_TOPIC, now=now - timedelta(minutes=10), has_waiting_room=True)
        keys = self.world.keys
        return {
            "api_base": f"{self.base}/v2",
            "oauth_base": self.base,
            "api_key": keys.api_key,
            "api_secret": keys.api_secret.reveal(),
            "account_id": keys.account_id,
            "client_id": keys.client_id,
            "client_secret": keys.client_secret.reveal(),
            "public_client_id": keys.public_client_id,
            "webhook_secret": keys.webhook_secret.reveal(),
            "websocket_subscription_id": self.sockets.subscription_id,
            "session_id": session.key.identifier,
            "session_name": session.name,
            "meeting_id": meeting.key.identifier,
            "lobby_meeting_id": lobby.key.identifier,
            "empty_session_id": empty.key.identifier,
            "ended_session_id": ended.key.identifier,
            "later_session_id": coming.key.identifier,
        }

    @property
    def requests(self) -> list[Received]:
        """Every request so far, in order of their answers."""
        return [] if self._server is None else self._server.received

    def add_fault(self, fault: Fault) -> None:
        """Inject ``fault`` into the next requests that it applies to."""
        self._faults.add(fault)

    def drop_websocket(self) -> None:
        """Cut the websocket without closing it properly."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.sockets.drop)

    @property
    def has_crc_plan(self) -> bool:
        """Whether the account has a Conference Room Connector plan."""
        return self._rest.has_crc_plan

    @has_crc_plan.setter
    def has_crc_plan(self, value: bool) -> None:
        self._rest.has_crc_plan = value

    def open_session(self, name: str, *, identifier: str | None = None, people: int = 2) -> Venue:
        """Start another session, with a number of ordinary users in it."""
        return self.world.open_session(name, now=self._clock(), identifier=identifier, people=people)

    def open_meeting(
        self,
        topic: str,
        *,
        number: int | None = None,
        is_started: bool = True,
        people: int = 1,
        has_waiting_room: bool = False,
    ) -> Venue:
        """Start or schedule another meeting."""
        return self.world.open_meeting(
            topic,
            now=self._clock(),
            number=number,
            is_started=is_started,
            people=people,
            has_waiting_room=has_waiting_room,
        )

    def end(self, key: VenueKey) -> None:
        """End a session or meeting, and hang up the rooms that were rung into it."""
        self.world.end(key, now=self._clock())
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._exchange.hang_up, key)

    def join(
        self,
        key: VenueKey,
        name: str,
        *,
        device: str = ROOM_DEVICE,
        ip_address: str | None = None,
        sip_uri: str | None = None,
        is_waiting: bool = False,
    ) -> Attendee:
        """Add an attendee who was not rung."""
        return self.world.join(
            key,
            now=self._clock(),
            name=name,
            device=device,
            ip_address=ip_address,
            sip_uri=sip_uri,
            is_waiting=is_waiting,
        )

    def admit(self, key: VenueKey, attendee: Attendee) -> None:
        """Let an attendee out of the waiting room into the meeting."""
        self.world.admit(key, attendee.uuid, now=self._clock())

    def leave(self, key: VenueKey, attendee: Attendee) -> None:
        """Mark an attendee as gone."""
        self.world.leave(key, attendee.uuid, now=self._clock())

    def __enter__(self) -> Self:
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="emulator", daemon=True)
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up every call, close every connection and end the thread."""
        if self._loop is not None and self._stopping is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):  # the loop has already ended
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._listener.close()

    def _run(self, started: Future[None]) -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(self, started: Future[None]) -> None:
        self._server = HttpServer(
            self._answer,
            clock=self._clock,
            faults=self._faults,
            upgrades={SOCKET_PATH: self.sockets.serve},
        )
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        publisher = Publisher((self._outlet, self.sockets.deliver), self._trouble.mischief)
        self.world.subscribe(publisher.publish)
        room = await self._open_room()
        await self._server.start(self._listener)
        if self._courier is not None:
            await self._courier.start()
        started.set_result(None)
        await self._stopping.wait()
        await self._exchange.close()
        if room is not None:
            await room.stop()
        await self._legs.close()
        if self._courier is not None:
            await self._courier.close()
        await self.sockets.close()
        await self._server.stop()

    async def _open_room(self) -> SipRoom | None:
        place = self._room_place
        if place is None:
            return None
        room = SipRoom(Manners())
        try:
            await room.start(place.port)
        except OSError as error:
            raise UsageError(
                f"--room: port {place.port} of {HOST} is taken ({error.strerror or error})",
                fix="Name another one, or none to have one picked.",
            ) from error
        self.ready["room"] = f"{place.user}@{HOST}:{room.port}"
        return room

    @property
    def _outlet(self) -> Callable[[Event], None]:
        """Where webhook events go: to the endpoint, or without one to the log only."""
        if self._courier is not None:
            return self._courier.deliver
        return lambda event: self._log.add(Attempt(event=event, at=self._clock()))

    def _answer(self, request: Request, now: datetime) -> Reply:
        match request.method, request.path:
            case "POST", "/oauth/token":
                return answer_token_request(request, self.world, api_url=f"{self.base}/regional", now=now)
            case "POST", "/oauth/revoke":
                return answer_revocation(request, self.world)
            case "POST", "/oauth/devicecode":
                return answer_device_request(request, self.world, base=self.base, now=now)
            case "GET" | "POST", "/oauth/authorize":
                return answer_authorization(request, self.world, now=now)
            case "GET" | "POST", "/oauth/device":
                return answer_device(request, self.world)
            case _, path if path.startswith("/oauth/"):
                raise unknown_endpoint()
            case _:
                return self._rest.answer(request, now=now)


def _listen(host: str, port: int) -> socket.socket:
    if not is_loopback(host):
        raise UsageError(
            f"--host {host} is not this machine: the local Zoom serves loopback only", fix="Omit --host."
        )
    if not 0 <= port <= _LARGEST_PORT:
        raise UsageError(f"--port must be between 0 (picks a free port) and {_LARGEST_PORT}, not {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error}", fix="Omit --port to pick a free one."
        ) from error


def _checked(time_scale: float, webhook_url: str | None) -> str | None:
    """Check what was asked for before anything listens; return the endpoint of the webhooks."""
    if not 0 < time_scale < float("inf"):
        raise UsageError(f"--time-scale must be a positive number, not {time_scale}", fix="Try 0.1.")
    return None if webhook_url is None else _parse_endpoint(webhook_url)


def _parse_endpoint(text: str) -> str:
    url = parse_hook_url(text, origin="--webhook-url")
    if not is_loopback(host_of(url)):
        raise UsageError(
            f"--webhook-url {text} is not this machine: the local Zoom delivers to loopback only",
            fix="Use http://127.0.0.1:8787, for example.",
        )
    return url


def _base(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
