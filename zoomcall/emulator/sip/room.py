"""A SIP room on loopback, to be rung: ``python -m zoomcall.emulator.sip.room --help``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from aiosipua import IncomingCall, SdpMessage, SdpNegotiationError, SipRequest, SipUAS, negotiate_sdp
from msgspec import Struct

from zoomcall.emulator.ready_file import write_ready_file
from zoomcall.emulator.sip.media import MediaPorts
from zoomcall.emulator.sip.wire import HostPort, TcpWire, Trace, UdpWire
from zoomcall.errors import UsageError

HOST = "127.0.0.1"
VARIABLE = "SIP_ROOM"
_TRIES = 20


class Manners(Struct, frozen=True):
    """What a room does when it is rung.

    Attributes:
        status: What it answers; 200 takes the call.
        answer_after: Seconds that it rings before.
        leave_after: Seconds after which it hangs up; None: it stays until it is hung up.
    """

    status: int = 200
    answer_after: float = 1.0
    leave_after: float | None = None


class SipRoom:
    """A room that serves UDP and TCP on one port of 127.0.0.1, and takes any user's calls.

    Args:
        manners: What it does when it is rung.
        trace: Is shown each SIP message in a line.
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
        """What to dial."""
        return f"room@{HOST}:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Begin to serve.

        Args:
            port: 0 draws one.

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
        """Hang up every call, and serve no more."""
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
        # The library takes an INVITE that was sent again for a new call.
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
        description="A SIP room on loopback, to be rung by the local Zoom. It serves until it is ended.",
    )
    parser.add_argument("--port", type=int, default=0, help="UDP and TCP; 0 draws one (default)")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help='write {"address": ...} once it serves')
    parser.add_argument("--answer-after", type=float, default=1.0, metavar="SECONDS", help="ring so long (1)")
    parser.add_argument("--leave-after", type=float, metavar="SECONDS", help="hang up so long after the answer")
    parser.add_argument("--status", type=int, default=200, metavar="CODE", help="answer so, like 486 (200)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the SIP messages on stderr")
    parser.add_argument(
        "command",
        nargs="*",
        metavar="-- COMMAND",
        help=f"run COMMAND with the room's address in ${VARIABLE}, and end with its exit code",
    )
    return parser


def _say(line: str) -> None:
    sys.stderr.write(f"room: {line}\n")
    sys.stderr.flush()


async def _run(options: argparse.Namespace) -> int:
    manners = Manners(options.status, options.answer_after, options.leave_after)
    room = SipRoom(manners, trace=_say if options.verbose else lambda _: None)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    # a terminal's Ctrl-C reaches the command as well
    loop.add_signal_handler(signal.SIGINT, (lambda: None) if options.command else ended.set)
    await room.start(options.port)
    try:
        _say(f"{room.address} waits to be rung")
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
