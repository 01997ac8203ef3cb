"""One SIP call from INVITE to hang-up: aiosipua's client, and the parts of RFC 3261 that it lacks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from enum import StrEnum

from aiosipua import Dialog, DialogState, OutgoingCall, SdpMessage, SipRequest, SipResponse, SipUAC, SipUAS
from aiosipua.headers import stringify_uri
from aiosipua.utils import format_addr
from msgspec import Struct

from zoomcall.domain.shown_text import printable
from zoomcall.emulator.sip.media import MediaPorts
from zoomcall.emulator.sip.wire import HostPort, TcpWire, Wire

AGENT = "zoomcall-emulator"
GOODBYE_SECONDS = 2.0
"""How long a hang-up waits for the room's answer."""

LINGER_SECONDS = 5.0
"""How long a connection outlives its call: some rooms, sipp among them, count an earlier loss as a lost call."""

_METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, NOTIFY"
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_RESERVED = frozenset(
    {
        *("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "contact", "m", "max-forwards", "route"),
        *("record-route", "allow", "supported", "k", "require", "proxy-require", "content-type", "c"),
        *("content-length", "l", "content-encoding", "e", "content-disposition", "user-agent", "rack", "rseq"),
        *("session-expires", "x", "min-se"),
    }
)
"""Headers that SIP itself needs, with their short forms, in lower case."""


class Ending(StrEnum):
    """How a call ends, other than by an answer to its INVITE."""

    HUNG_UP = "the room hung up"
    LOST = "the room is gone"
    OVER = "the room answered our BYE"


Keep = Callable[[Coroutine[None, None, None]], None]
"""Runs work in the background; the emulator waits for it before it ends."""

News = int | Ending
"""The status of an answer to the INVITE, or an ending."""


class Invitation(Struct, frozen=True, kw_only=True):
    """What an INVITE says.

    Attributes:
        uri: The room's URI, used as Request-URI.
        to_name: The room's name.
        from_uri: The caller's URI; None for one at this machine's address.
        from_name: The caller's name.
        headers: Additional headers; any that SIP itself needs are dropped.
    """

    uri: str
    to_name: str | None = None
    from_uri: str | None = None
    from_name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class SipCall(SipUAC):
    """Rings one room.

    The library's client writes no names, ignores Contact and Record-Route in an answer, sends no ACK for a refusal,
    and forgets a call that it cancels. This class makes up for all of that.

    Args:
        wire: The connection to the room, not started yet.
        peer: The room's IP address and port.
        invitation: What the INVITE says.
    """

    def __init__(self, wire: Wire, peer: HostPort, invitation: Invitation) -> None:
        super().__init__(wire)
        self._peer = peer
        self._invitation = invitation
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._call: OutgoingCall | None = None
        self._ports: MediaPorts | None = None
        self._offer: SdpMessage | None = None
        self._has_rung = False
        self._is_answered = False
        self._is_over = False
        self._is_cancelled = False
        self._server = SipUAS(wire, user_agent=AGENT, uac=self)
        self._server.on_bye = lambda *_: self._tell(Ending.HUNG_UP)
        self._server.on_invite = lambda stranger: stranger.reject(486)
        self._server.on_reinvite = lambda change: change.accept(self._offer)
        wire.on_loss = lambda: self._tell(Ending.LOST)

    @property
    def was_heard(self) -> bool:
        """Whether the room has answered at all, provisionally or not."""
        return self._has_rung or self._is_answered

    @property
    def _own_address(self) -> str:
        return format_addr(*self.transport.local_addr)

    async def ring(self) -> None:
        """Send the INVITE.

        Raises:
            OSError: The room cannot be reached.
        """
        await self._server.start()
        self._ports = MediaPorts(self.transport.local_addr[0])
        self._offer = self._ports.offer()
        self._call = self.send_invite(
            printable(self._invitation.from_uri or "").translate(_NO_BRACKETS) or f"sip:zoom@{self._own_address}",
            self._invitation.uri,
            self._peer,
            self._offer,
            user_agent=AGENT,
        )

    async def listen(self, until: float | None = None) -> News | None:
        """Return the next news, or None if none arrives in time.

        Args:
            until: A time on the loop's clock; None waits forever.
        """
        try:
            async with asyncio.timeout_at(until):
                return await self._news.get()
        except TimeoutError:
            return None

    def cancel(self) -> None:
        """Cancel the INVITE; the room still answers it (RFC 3261 section 9.1)."""
        if self._call is None or self._is_cancelled:
            return
        self._is_cancelled = True
        self.send_cancel(self._call)
        # The library drops a cancelled call and would not acknowledge the answer that is still to come.
        self._call.dialog.state = DialogState.EARLY
        self._calls[self._call.call_id] = self._call

    async def end(self, keep: Keep) -> None:
        """End the call in whatever state it is; this takes two seconds at most.

        Args:
            keep: Runs the closing of a connection that outlives the call.
        """
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._say_goodbye()
        except TimeoutError:
            pass
        finally:
            if self._ports is not None:
                self._ports.close()
            if isinstance(self.transport, TcpWire) and (self.was_heard or self._is_over):
                keep(self._close_later(self.transport))
            else:
                await self._server.stop()

    async def _close_later(self, wire: TcpWire) -> None:
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await wire.wait_for_loss()
        except TimeoutError:
            pass
        finally:
            await self._server.stop()

    async def _say_goodbye(self) -> None:
        call = self._call
        while call is not None and not self._is_over:
            if self._is_answered:
                call.hangup(self)
            elif self._has_rung:
                self.cancel()
            # An INVITE must not be cancelled before its first answer, so wait for that.
            await self._news.get()

    def _tell(self, news: News) -> None:
        if isinstance(news, Ending) or news >= 300:
            self._is_over = True
        elif news < 200:
            self._has_rung = True
        else:
            self._is_answered = True
        self._news.put_nowait(news)

    # Overrides that the library itself calls

    def _build_invite(self, dialog: Dialog, *, sdp_offer: SdpMessage | None, user_agent: str | None) -> SipRequest:
        invite = super()._build_invite(dialog, sdp_offer=sdp_offer, user_agent=user_agent)
        told = self._invitation
        transport = ";transport=tcp" if self.transport.reliable else ""
        headers = invite.headers
        headers.set_single("From", f"{_quoted(told.from_name)}<{dialog.local_uri}>;tag={dialog.local_tag}")
        headers.set_single("To", f"{_quoted(told.to_name)}<{dialog.remote_uri}>")
        headers.set_single("Contact", f"<sip:zoom@{self._own_address}{transport}>")
        headers.set_single("Allow", _METHODS)
        for name, value in told.headers:
            if _TOKEN.fullmatch(name) and name.lower() not in _RESERVED:
                headers.append(name, printable(value).strip())
        return invite

    def handle_response(self, response: SipResponse, addr: HostPort) -> None:
        """Handle an answer from the room."""
        call = self._call
        if call is None or response.call_id != call.call_id or response.cseq is None:
            return
        method, status = response.cseq.method, response.status_code
        if method == "INVITE":
            response.body = b""  # the room's choice of media does not matter, since none is sent
            if 200 <= status < 300:
                _learn_route(call.dialog, response)
            elif status >= 300:
                self._acknowledge_refusal(call.invite, response)
            super().handle_response(response, addr)
            self._tell(status)
        elif method == "BYE" and status >= 200:
            self._tell(Ending.OVER)
        else:
            super().handle_response(response, addr)

    def _acknowledge_refusal(self, invite: SipRequest, response: SipResponse) -> None:
        """Send the ACK of RFC 3261 section 17.1.1.3."""
        ack = SipRequest(method="ACK", uri=invite.uri)
        for name in ("Via", "From", "Call-ID", "Max-Forwards"):
            ack.headers.set_single(name, invite.headers.get_first(name) or "")
        ack.headers.set_single("To", response.headers.get_first("to") or "")
        ack.headers.set_single("CSeq", f"{invite.cseq.seq if invite.cseq else 1} ACK")
        self.transport.send(ack, self._peer)


def _learn_route(dialog: Dialog, response: SipResponse) -> None:
    if response.contact:
        dialog.remote_target = stringify_uri(response.contact[0].uri)
    dialog.route_set = list(reversed(response.headers.get("record-route")))


_NO_BRACKETS = str.maketrans("", "", '<>" ')


def _quoted(name: str | None) -> str:
    text = printable(name or "").strip()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" ' if text else ""
