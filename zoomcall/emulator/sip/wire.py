"""The sockets that carry SIP messages: they retransmit, trace, and notice when the peer is gone."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from aiosipua import SipRequest, SipResponse, SipTransport, TcpSipTransport
from aiosipua.transaction import T1
from aiosipua.transport import MessageCallback

Trace = Callable[[str], None]
HostPort = tuple[str, int]

_LINGER_SECONDS = 2.0
"""How long served connections may take to end when the transport stops."""

# Otherwise the library's remarks on malformed messages reach stderr in a program that sets up no logging.
logging.getLogger("aiosipua").addHandler(logging.NullHandler())


class Wire(SipTransport):
    """One socket, connected to ``peer``, or serving ``local_addr`` if there is none.

    The library's own transports do not suffice: the one for UDP asserts a class that its socket has only since
    Python 3.12; neither retransmits unanswered requests, reports a closed port, or writes its own name into Via.

    Args:
        peer: An IP address and a port.
        local_addr: Where to serve. Port 0 picks a free one; once started, this holds the actual address.
        trace: Called with a line for each message.
        shown_uri: Replaces the Request-URI of an INVITE in those lines, to hide a passcode.
    """

    via: ClassVar[str]

    def __init__(
        self,
        peer: HostPort | None = None,
        *,
        local_addr: HostPort = ("127.0.0.1", 0),
        trace: Trace,
        shown_uri: str | None = None,
    ) -> None:
        super().__init__()
        self.local_addr = local_addr
        self.on_loss: Callable[[], None] = lambda: None
        self._peer = peer
        self._trace = trace
        self._shown_uri = shown_uri
        self._repeats: dict[tuple[str | None, str], asyncio.Task[None]] = {}
        self._listener: MessageCallback | None = None

    async def start(self) -> None:
        """Open the socket; ``on_message`` has to be set.

        Raises:
            OSError: The peer refuses the connection, or the address is taken.
        """
        self._listener, self.on_message = self.on_message, self._hear
        await self._open()

    @abstractmethod
    async def _open(self) -> None: ...

    @abstractmethod
    def _write(self, data: bytes, addr: HostPort) -> None: ...

    def send(self, message: SipRequest | SipResponse, addr: HostPort) -> None:
        """Send a message; over UDP, retransmit a request until it is answered (RFC 3261, timers A and E)."""
        if isinstance(message, SipRequest):
            vias = message.headers.get("via")
            vias[0] = vias[0].replace("/UDP ", f"/{self.via} ", 1)
        line = f"→ {self._summary(message)}"
        data = encode(message)
        self._trace(line)
        self._write(data, addr)
        if isinstance(message, SipRequest) and message.method != "ACK" and not self.reliable:
            key = (message.via[0].branch, message.method)
            self._repeats[key] = asyncio.create_task(self._repeat(data, addr, line))

    async def _repeat(self, data: bytes, addr: HostPort, line: str) -> None:
        interval = T1
        while True:
            await asyncio.sleep(interval)
            self._trace(f"{line} (again)")
            self._write(data, addr)
            interval *= 2

    def _hear(self, message: SipRequest | SipResponse, addr: HostPort) -> None:
        self._trace(f"← {self._summary(message)}")
        if isinstance(message, SipResponse) and message.via and message.cseq:
            repeat = self._repeats.pop((message.via[0].branch, message.cseq.method), None)
            if repeat is not None:
                repeat.cancel()
        if self._listener is not None:
            self._listener(message, addr)

    def _summary(self, message: SipRequest | SipResponse) -> str:
        if isinstance(message, SipRequest):
            return f"INVITE {self._shown_uri or message.uri}" if message.method == "INVITE" else message.method
        about = f" ({message.cseq.method})" if message.cseq and message.cseq.method != "INVITE" else ""
        return f"{message.status_code} {message.reason_phrase}{about}"

    async def stop(self) -> None:
        """Close the socket."""
        for repeat in self._repeats.values():
            repeat.cancel()
        self._repeats.clear()
        await self._close()

    @abstractmethod
    async def _close(self) -> None: ...


def encode(message: SipRequest | SipResponse) -> bytes:
    """Return a message's bytes; unlike the library's own encoding, they keep the case of header names."""
    message.headers.set_single("Content-Length", str(len(message.body)))
    if isinstance(message, SipRequest):
        first = f"{message.method} {message.uri} SIP/2.0"
    else:
        first = f"SIP/2.0 {message.status_code} {message.reason_phrase}"
    headers = (f"{name}: {value}" for name, values in message.headers.items() for value in values)
    return "\r\n".join((first, *headers, "", "")).encode("utf-8", "replace") + message.body


class UdpWire(Wire):
    """SIP over UDP. The socket is connected, so that the kernel reports a closed port."""

    via = "UDP"
    _socket: asyncio.DatagramTransport | None = None

    async def _open(self) -> None:
        self._socket, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self),
            local_addr=None if self._peer else self.local_addr,
            remote_addr=self._peer,
        )
        self.local_addr = self._socket.get_extra_info("sockname")[:2]

    def receive(self, data: bytes, addr: HostPort) -> None:
        """Handle a datagram; an empty one is a keep-alive (RFC 5626)."""
        if data.strip():
            self._dispatch(data, addr)

    def _write(self, data: bytes, addr: HostPort) -> None:
        if self._socket is not None:
            self._socket.sendto(data, None if self._peer else addr)

    async def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, wire: UdpWire) -> None:
        self._wire = wire

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._wire.receive(data, addr[:2])

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError):
            self._wire.on_loss()


class TcpWire(Wire, TcpSipTransport):
    """SIP over TCP."""

    via = "TCP"

    async def wait_for_loss(self) -> None:
        """Return once the connection to the peer is gone."""
        await self._is_lost.wait()

    async def _open(self) -> None:
        self._served: set[asyncio.Task[None]] = set()
        self._is_lost = asyncio.Event()
        if self._peer is None:
            await TcpSipTransport.start(self)
            if self._server is not None:
                self.local_addr = self._server.sockets[0].getsockname()[:2]
        else:
            _, writer = await self.connect(self._peer)
            self.local_addr = writer.get_extra_info("sockname")[:2]

    async def _handle_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(super()._handle_connection(reader, writer))
        self._served.add(serving)
        serving.add_done_callback(self._served.discard)
        await serving

    async def _handle_incoming(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, addr: HostPort
    ) -> None:
        try:
            await super()._handle_incoming(reader, writer, addr)
        finally:
            writer.close()
            self._is_lost.set()
        self.on_loss()

    def _write(self, data: bytes, addr: HostPort) -> None:
        connection = self._connections.get(self._peer or addr)
        if connection is not None:
            connection[1].write(data)

    async def _close(self) -> None:
        await TcpSipTransport.stop(self)
        if self._served:  # Python 3.11 reports each one that the end of the loop interrupts on stderr
            await asyncio.wait(self._served, timeout=_LINGER_SECONDS)
