"""The leg from the local Zoom to a SIP room on this machine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from datetime import timedelta

from aiosipua import parse_params
from msgspec import Struct

from zoomcall.domain.address import RoomAddress
from zoomcall.emulator.fates import BAD_ADDRESS, RING_TIME, UNREACHABLE, Stage, Step
from zoomcall.emulator.sip.calling import Ending, Invitation, Keep, News, SipCall
from zoomcall.emulator.sip.wire import HostPort, TcpWire, Trace, UdpWire
from zoomcall.emulator.world import Call

OTHER_REASON = 0
DISCONNECTED_BY_REMOTE = 2
CONNECT_ERROR = 13

_PORT = 5060


class Room(Struct, frozen=True):
    """Where to find a SIP room.

    Attributes:
        peer: An IP address and a port.
        is_tcp: Whether it is rung over TCP rather than UDP.
        uri: The URI for the INVITE.
        shown_uri: The same, with any passcode masked.
    """

    peer: HostPort
    is_tcp: bool
    uri: str
    shown_uri: str

    @classmethod
    def at(cls, address: RoomAddress, host: str) -> Room | None:
        """Return the room at an address, or None if that asks for an unsupported transport, such as TLS.

        Args:
            address: The room's address.
            host: Its IP address on this machine.
        """
        scheme, _, _, parameters = _parts(address.text)
        transport = str(parse_params(parameters).get("transport", "udp")).lower()
        if scheme == "sips" or transport not in {"udp", "tcp"}:
            return None
        return cls((host, address.port or _PORT), transport == "tcp", _uri(address.text), _uri(address.shown))


_SIP_ADDRESS = re.compile(r"(?:(sips?):)?((?:.*@)?)([^;#]*)([^#]*)", re.IGNORECASE)


def _parts(text: str) -> tuple[str, str, str, str]:
    """Split a SIP address, already validated, into scheme, ``user@``, ``host:port`` and parameters."""
    match = _SIP_ADDRESS.match(text)
    scheme, user, host, parameters = match.groups("") if match else ("", "", text, "")
    return scheme.lower(), user, host, parameters


def _uri(text: str) -> str:
    _, user, host, parameters = _parts(text)
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    return f"sip:{user}{host}{parameters}"


def outcome_of(status: int) -> tuple[Stage, int | None]:
    """Return how Zoom's events report a room's refusal, with the reason if it is ``FAILED``."""
    match status:
        case 486 | 600 | 603:
            return Stage.REJECTED, None
        case 408 | 480 | 487:
            return Stage.MISSED, None
        case 404 | 410 | 484 | 604:
            return Stage.FAILED, BAD_ADDRESS
        case _ if 500 <= status < 600:
            return Stage.FAILED, CONNECT_ERROR
        case _:
            return Stage.FAILED, OTHER_REASON


class SipLeg:
    """Rings a room over SIP.

    Args:
        room: Where to find it.
        time_scale: Factor for the ring time.
        trace: Called with a line for each SIP message.
        keep: Runs work that outlives the call.
    """

    def __init__(self, room: Room, time_scale: float, trace: Trace, keep: Keep) -> None:
        self._room = room
        self._keep = keep
        self._ring_seconds = RING_TIME.total_seconds() * time_scale
        self._trace = trace

    async def ring(self, call: Call) -> AsyncGenerator[Step, None]:
        """Ring the room and yield each step as it happens."""
        clock = asyncio.get_running_loop()
        start = clock.time()

        def step(stage: Stage, reason: int | None = None) -> Step:
            return Step(stage, timedelta(seconds=clock.time() - start), reason)

        sip = self._sip_call(call)
        try:
            try:
                async with asyncio.timeout(self._ring_seconds):
                    await sip.ring()
            except OSError:
                yield step(Stage.FAILED, UNREACHABLE)
                return
            has_rung = False
            while True:
                news = await sip.listen(start + self._ring_seconds)
                if news in {180, 183} and not has_rung:
                    has_rung = True
                    yield step(Stage.RINGING)
                elif news is None or isinstance(news, Ending) or news >= 200:
                    break
            stage, reason = self._verdict(sip, news)
            yield step(stage, reason)
            while stage is Stage.ACCEPTED and not isinstance(news, Ending):
                news = await sip.listen()
            if stage is Stage.ACCEPTED:
                yield step(Stage.LEFT)
        finally:
            await sip.end(self._keep)

    def _sip_call(self, call: Call) -> SipCall:
        kind = TcpWire if self._room.is_tcp else UdpWire
        invitation = Invitation(
            uri=self._room.uri,
            to_name=call.to_name,
            from_uri=call.from_uri,
            from_name=call.from_name,
            headers=call.headers,
        )
        wire = kind(self._room.peer, trace=self._trace, shown_uri=self._room.shown_uri)
        return SipCall(wire, self._room.peer, invitation)

    @staticmethod
    def _verdict(sip: SipCall, news: News | None) -> tuple[Stage, int | None]:
        match news:
            case None if not sip.was_heard:
                return Stage.FAILED, UNREACHABLE
            case None:
                sip.cancel()
                return Stage.MISSED, None
            case Ending.HUNG_UP:
                return Stage.FAILED, DISCONNECTED_BY_REMOTE
            case Ending.LOST | Ending.OVER:
                return Stage.FAILED, CONNECT_ERROR if sip.was_heard else UNREACHABLE
            case status if status < 300:
                return Stage.ACCEPTED, None
            case status:
                return outcome_of(status)
