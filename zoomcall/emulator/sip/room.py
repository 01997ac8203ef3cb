"""A SIP room on loopback to ring: ``python -m zoomcall.emulator.sip.room --help``."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from aiosipua import IncomingCall, SdpMessage, SdpNegotiationError, SipRequest, SipUAS, negotiate_sdp
from msgspec import Struct

from zoomcall.domain.shown_text import quoted
from zoomcall.emulator.sip.media import MediaPorts
from zoomcall.emulator.sip.wire import HostPort, TcpWire, Trace, UdpWire
from zoomcall.errors import UsageError
from zoomcall.ready_file import write_ready_file

HOST = "127.0.0.1"
VARIABLE = "SIP_ROOM"
_LARGEST_PORT = 65535
_PLACE = re.compile(
    r"(?:(?:sips?:)?(?:(?P<user>[\w.!~*'()+-]+)@)?(?:127\.0\.0\.1|localhost)(?::(?P<port>[0-9]{1,5}))?)?", re.ASCII
)
_TRIES = 20


class Manners(Struct, frozen=True):
    """What a room does when it is rung.

    Attributes:
        status: The SIP status of its answer; 200 accepts the call.
        answer_after: Seconds that it rings before it answers.
        leave_after: Seconds after which it hangs up; None leaves that to the caller.
    """

    status: int = 200
    answer_after: float = 1.0
    leave_after: float | None = None


class RoomPlace(Struct, frozen=True):
    """Where a room listens.

    Attributes:
        user: The name before the @ of its address; it answers to any.
        port: 0 picks a free one.
    """

    user: str = "room"
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> RoomPlace:
        """Read ``USER@127.0.0.1:PORT``, or a part of it that has the host; empty text is no wish.

        Raises:
            UsageError: It is on another host, or is no address.
        """
        match = _PLACE.fullmatch(text)
        port = int(match["port"] or 0) if match else -1
        if match is None or not 0 <= port <= _LARGEST_PORT:
            raise UsageError(
                f"--room {quoted(text)} is not a SIP address on {HOST}", fix=f"Use room@{HOST}:5070, for example."
            )
        return cls(match["user"] or cls().user, port)


class SipRoom:
    """A room that listens for UDP and TCP on one port of 127.0.0.1, and answers to any user name.

    Args:
        manners: What it does when it is rung.
        trace: Called with a line for each SIP message.
    """

    def __init__(self, manners: Manners, *, trace: Trace = lambda _: None) -> None:
        self._manners = manners
        self._trace = trace
        self._servers: list[SipUAS] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ports: dict[str, MediaPorts] = {}
        self.port = 0

    @property
    def address(self) -> str:
        """The address to ring."""
        return f"room@{HOST}:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Start listening.

        Args:
            port: 0 picks a free one.

        Raises:
            OSError: The port is taken.
        """
        for attempt in range(_TRIES):
            tcp = TcpWire(local_addr=(HOST, port), trace=self._trace)
            try:
                await self._serve(tcp)
                await self._serve(UdpWire(local_addr=tcp.local_addr, trace=self._trace))
            except OSError:
                await self.stop()
                if port or attempt == _TRIES - 1:
                    raise
            else:
                self.port = tcp.local_addr[1]
                return

    async def _serve(self, wire: TcpWire | UdpWire) -> None:
        server = _Server(wire, user_agent="zoomcall-room")
        server.on_invite = self._ring
        server.on_reinvite = self._take
        server.on_cancel = self._forget_cancelled
        server.on_bye = lambda call, _: self._forget(call.call_id)
        await server.start()
        self._servers.append(server)

    async def stop(self) -> None:
        """Hang up every call, and stop listening."""
        for server in self._servers:
            for call in server.active_calls.values():
                self._forget(call.call_id)
                call.hangup()
            await server.stop()
        self._servers.clear()

    def _ring(self, call: IncomingCall) -> None:
        call.ringing()
        self._later(call, self._manners.answer_after, self._answer)

    def _answer(self, call: IncomingCall) -> None:
        if self._manners.status != 200:
            call.reject(self._manners.status)
            return
        self._take(call)
        if self._manners.leave_after is not None:
            self._later(call, self._manners.leave_after, self._leave)

    def _take(self, call: IncomingCall) -> None:
        ports = self._ports.setdefault(call.call_id, MediaPorts(HOST))
        try:
            call.accept(_answer_to(call.sdp_offer, ports))
        except SdpNegotiationError:
            self._forget(call.call_id)
            call.reject(488)

    def _leave(self, call: IncomingCall) -> None:
        self._forget(call.call_id)
        call.hangup()

    def _later(self, call: IncomingCall, seconds: float, act: Callable[[IncomingCall], None]) -> None:
        self._timers[call.call_id] = asyncio.get_running_loop().call_later(seconds, act, call)

    def _forget_cancelled(self, request: SipRequest, _: HostPort) -> None:
        self._forget(request.call_id or "")

    def _forget(self, call_id: str) -> None:
        timer = self._timers.pop(call_id, None)
        if timer is not None:
            timer.cancel()
        ports = self._ports.pop(call_id, None)
        if ports is not None:
            ports.close()


class _Server(SipUAS):
    def _handle_request(self, request: SipRequest, addr: HostPort) -> None:
        # The library treats a retransmitted INVITE as a new call.
        if request.method != "INVITE" or self.transactions.match_request(request) is None:
            super()._handle_request(request, addr)


def _answer_to(offer: SdpMessage | None, ports: MediaPorts) -> SdpMessage:
    if offer is None:
        return ports.offer()
    answer, _ = negotiate_sdp(offer, HOST, ports.audio_port)
    return answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m zoomcall.emulator.sip.room",
        description="A SIP room on loopback for the local Zoom to ring. Without a COMMAND it runs until Ctrl-C.",
    )
    add, seconds = parser.add_argument, _within(0, 86400, float)
    add("--port", type=_within(0, 65535, int), default=0, help="UDP and TCP port (default: a free one)")
    add("--ready-file", type=Path, metavar="FILE", help='write {"address": ...} to FILE once the room is listening')
    add("--answer-after", type=seconds, default=1.0, metavar="SECONDS", help="ring this long (default: 1)")
    add("--leave-after", type=seconds, metavar="SECONDS", help="hang up this long after answering (default: never)")
    status = _within(200, 699, int)
    add("--status", type=status, default=200, metavar="CODE", help="answer with CODE, such as 486 (default: 200)")
    add("-v", "--verbose", action="store_true", help="show the SIP messages on stderr")
    add(
        "command",
        nargs="*",
        metavar="-- COMMAND",
        help=f"run COMMAND with the room's address in ${VARIABLE}, and exit with its exit code",
    )
    return parser


def _within(least: int, most: int, parse: Callable[[str], float]) -> Callable[[str], float]:
    """Return a type for argparse: a number within limits."""

    def convert(text: str) -> float:
        try:
            number = parse(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be a number between {least} and {most}, not {text!r}")
        return number

    return convert


def _say(line: str) -> None:
    sys.stderr.write(f"room: {line}\n")
    sys.stderr.flush()


async def _run(options: argparse.Namespace) -> int:
    manners = Manners(options.status, options.answer_after, options.leave_after)
    room = SipRoom(manners, trace=_say if options.verbose else lambda _: None)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(number: int, _frame: FrameType | None) -> None:
        # The terminal sends Ctrl-C to the command as well, which decides.
        if number != signal.SIGINT or not options.command:
            loop.call_soon_threadsafe(ended.set)

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # not by the loop, which cannot do that on Windows
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    await room.start(options.port)
    try:
        _say(f"{room.address} is ready to be rung")
        if options.ready_file is not None:
            write_ready_file(options.ready_file, {"address": room.address})
        if options.command:
            return await _run_beside(options.command, room, ended)
        await ended.wait()
        return 0
    finally:
        await room.stop()


async def _run_beside(command: Sequence[str], room: SipRoom, ended: asyncio.Event) -> int:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, VARIABLE: room.address})
    watch = asyncio.create_task(ended.wait())
    watch.add_done_callback(lambda task: None if task.cancelled() else process.terminate())
    status = await process.wait()
    watch.cancel()
    return 128 - status if status < 0 else status


def main() -> int:
    """Run the room from the command line."""
    options = _parser().parse_args()
    try:
        return asyncio.run(_run(options))
    except (OSError, UsageError) as error:
        _say(f"error: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
