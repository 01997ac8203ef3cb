"""Real SIP endpoints on loopback: sipp with a scenario from this folder, baresip, and plain sockets."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

FOLDER = Path(__file__).parent
MODULES = (
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/local/lib/baresip/modules",
)

Transport = Literal["udp", "tcp"]
BOTH: tuple[Transport, ...] = ("udp", "tcp")

_PATIENCE_SECONDS = 15.0
_TRIES = 5


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port


def _is_served(port: int, transport: Transport) -> bool:
    """Look in the kernel's tables, so that no message has to be sent."""
    listening = {"udp": "07", "tcp": "0A"}[transport]
    for table in (Path(f"/proc/net/{transport}"), Path(f"/proc/net/{transport}6")):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{port:04X}") and fields[3] == listening:
                return True
    return False


def _wait(probe: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not probe():
        assert time.monotonic() < deadline, f"in vain waited for {what}"
        time.sleep(0.01)


class Sipp:
    """One sipp that plays a scenario for each call; a context manager.

    Args:
        scenario: A file in this folder, without its suffix.
        folder: Where to write.
        transport: The transport it serves.
        host: A loopback IP address.
        port: 0 picks a free one.
        pause: How long ``<pause/>`` lasts, in seconds.
        words: Replacements for words in the scenario.
    """

    def __init__(
        self,
        scenario: str,
        folder: Path,
        *,
        transport: Transport = "udp",
        host: str = "127.0.0.1",
        port: int = 0,
        pause: float = 0,
        words: Mapping[str, str] | None = None,
    ) -> None:
        text = (FOLDER / f"{scenario}.xml").read_text()
        for word, value in (words or {}).items():
            text = text.replace(word, value)
        self._scenario = folder / f"{scenario}.xml"
        self._scenario.write_text(text)
        self._log = folder / "messages"
        self._errors = folder / "errors"
        self._transport = transport
        self._host = host
        self._wanted_port = port
        self._pause = pause
        self.port = 0

    def __enter__(self) -> Self:
        for _ in range(_TRIES):
            self.port = self._wanted_port or free_port(self._host)
            self._process = self._start()
            _wait(lambda: self._has_ended or _is_served(self.port, self._transport), "sipp")
            if not self._has_ended:
                return self
        raise AssertionError(f"sipp does not start: {self._errors.read_text()}")

    def _start(self) -> subprocess.Popen[bytes]:
        with self._errors.open("wb") as errors:
            return subprocess.Popen(
                [
                    *("sipp", "-sf", str(self._scenario), "-i", self._host, "-p", str(self.port)),
                    *("-t", f"{self._transport[0]}1", "-d", str(int(self._pause * 1000)), "-timeout", "40s"),
                    *("-nostdin", "-trace_msg", "-message_file", str(self._log), "-skip_rlimit"),
                ],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                cwd=self._scenario.parent,
            )

    @property
    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._has_ended:
            self._process.kill()
        self._process.wait()

    @property
    def address(self) -> str:
        """The address to ring."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"desk@{host}:{self.port}" + (";transport=tcp" if self._transport == "tcp" else "")

    def finish(self, *, calls: int = 1) -> list[str]:
        """Let the calls end, check their number and that each followed the scenario, and return what came in."""
        self._process.send_signal(signal.SIGUSR1)
        status = self._process.wait(_PATIENCE_SECONDS)
        received = self._received()
        assert status == 0, f"sipp ended with {status}: {self._errors.read_text()}\n{self._log.read_text()}"
        assert invitations(received) == calls
        return received

    def _received(self) -> list[str]:
        parts = re.split(r"^-{20,}.*\n", self._log.read_text(), flags=re.MULTILINE)
        pattern = re.compile(r"(?:UDP|TCP) message received.*\n+")
        return [part[match.end() :] for part in parts if (match := pattern.match(part))]


def invitations(messages: Sequence[str]) -> int:
    """Count INVITE transactions; a retransmission belongs to the same one."""
    return len({header(message, "Via") for message in messages if message.startswith("INVITE ")})


def methods(messages: Sequence[str]) -> list[str]:
    """Return the methods or statuses in order, without repeating one in a row."""
    words = [message.split(maxsplit=2)[1 if message.startswith("SIP/2.0 ") else 0] for message in messages]
    return [word for index, word in enumerate(words) if index == 0 or words[index - 1] != word]


def header(message: str, name: str) -> str:
    """Return the value of a header; its name is case-sensitive."""
    return next(line.partition(":")[2].strip() for line in message.splitlines() if line.partition(":")[0] == name)


class Baresip:
    """A running baresip.

    Args:
        port: The UDP and TCP port it serves.
        log: Its output, including every SIP message.
    """

    def __init__(self, port: int, log: Path) -> None:
        self.address = f"desk@127.0.0.1:{port}"
        self._log = log

    def address_over(self, transport: Transport) -> str:
        """Return the address to ring."""
        return f"{self.address};transport=tcp" if transport == "tcp" else self.address

    @property
    def invitations(self) -> int:
        """The number of INVITE transactions received."""
        return len(set(re.findall(r"^INVITE .*\r?\n(Via: .*)", self._log.read_text(), re.MULTILINE)))

    def saw(self, words: str) -> bool:
        """Return whether it printed ``words``."""
        return words in self._log.read_text()


class BareRoom:
    """A UDP socket, or a TCP one that accepts one connection, on which a test plays the room; a context manager.

    Args:
        transport: UDP or TCP.
    """

    def __init__(self, transport: Transport) -> None:
        self._socket = socket.socket(type=socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._transport = transport
        self._connection: socket.socket | None = None
        self._peer: tuple[str, int] | None = None
        if transport == "tcp":
            self._socket.listen()
        self.port = int(self._socket.getsockname()[1])
        self.address = f"desk@127.0.0.1:{self.port}" + (";transport=tcp" if transport == "tcp" else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.hang_up()
        self._socket.close()

    def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read(self, seconds: float = _PATIENCE_SECONDS) -> str:
        """Return the next message, what came before the connection ended, or nothing if it takes too long."""
        try:
            if self._transport == "udp":
                self._socket.settimeout(seconds)
                data, self._peer = self._socket.recvfrom(65536)
                return data.decode()
            if self._connection is None:
                self._socket.settimeout(seconds)
                self._connection, _ = self._socket.accept()
            self._connection.settimeout(seconds)
            return self._connection.recv(65536).decode()
        except TimeoutError:
            return ""

    def write(self, text: str) -> None:
        """Send bytes unchanged."""
        if self._connection is not None:
            self._connection.sendall(text.encode())
        elif self._peer is not None:
            self._socket.sendto(text.encode(), self._peer)

    def answer(self, request: str, status: str) -> None:
        """Answer a request, with a tag and a contact."""
        self.write(reply(request, status, self.port))


def reply(request: str, status: str, port: int) -> str:
    """Return an answer."""
    to = header(request, "To")
    return "\r\n".join(
        (
            f"SIP/2.0 {status}",
            *(f"{name}: {header(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq")),
            f"To: {to}" if ";tag=" in to else f"To: {to};tag=desk",
            f"Contact: <sip:desk@127.0.0.1:{port}>",
            "Content-Length: 0",
            "",
            "",
        )
    )


def bye(invite: str, port: int) -> str:
    """Return the room's BYE in the call that ``invite`` began."""
    contact = header(invite, "Contact").strip("<>")
    via = header(invite, "Via").split()[0]
    return "\r\n".join(
        (
            f"BYE {contact} SIP/2.0",
            f"Via: {via} 127.0.0.1:{port};branch=z9hG4bKbye",
            f"From: {header(invite, 'To')};tag=desk",
            f"To: {header(invite, 'From')}",
            f"Call-ID: {header(invite, 'Call-ID')}",
            "CSeq: 1 BYE",
            "Content-Length: 0",
            "",
            "",
        )
    )


@contextmanager
def baresip(folder: Path, *, most_calls: int = 4) -> Iterator[Baresip]:
    """Run a baresip that answers by itself.

    Args:
        folder: An empty folder.
        most_calls: How many calls it takes at a time; others get 486.
    """
    (folder / "contacts").touch()
    log = folder / "log"
    for _ in range(_TRIES):
        port = free_port()
        _configure(folder, port, most_calls)
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["baresip", "-s", "-f", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        try:
            _wait(
                lambda process=process: process.poll() is not None or b"baresip is ready" in log.read_bytes(),
                "baresip",
            )
            if process.poll() is None:
                yield Baresip(port, log)
                return
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
    raise AssertionError(f"baresip does not start: {log.read_text()}")


def _configure(folder: Path, port: int, most_calls: int) -> None:
    config = (FOLDER / "baresip.conf").read_text()
    modules = next(path for path in MODULES if Path(path).is_dir())
    for word, value in {"PORT": str(port), "MODULES": modules, "MOST": str(most_calls)}.items():
        config = config.replace(word, value)
    (folder / "config").write_text(config)
    (folder / "accounts").write_text(f"<sip:desk@127.0.0.1:{port}>;regint=0;answermode=auto\n")
