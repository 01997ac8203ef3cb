"""The program as a shell calls it, and the watch over what it lets out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal
from unittest import mock

from contract import check

from zoomcall.cli.main import run
from zoomcall.cli.streams import Streams
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.emulator.running import Emulator

SENTINEL = "sentinel0SECRET1never2shown3Zq8Wx7Lp5Rt"
"""A secret to configure the program with: no output and no file may ever show it."""

PROCESS_SECONDS = 60
"""How long a subprocess may take before its test fails."""

Place = Literal["output", "files"]
Terminal = Literal["stdin", "stdout", "stderr"]

_SECRET_VARIABLES = (
    "ZOOMCALL_API_SECRET",
    "ZOOMCALL_CLIENT_SECRET",
    "ZOOMCALL_TOKEN",
    "ZOOMCALL_WEBHOOK_SECRET",
)
_SHORTEST_SECRET = 8
_WHOLE_TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{20,}")
_INHERITED = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START", "COVERAGE_FILE")
_RAW_COMMANDS = {"completion", "schema", "emulate"}
_UNUSABLE_KEYRING = "keyring.backends.fail.Keyring"


class SecretShownError(AssertionError):
    """The program wrote a secret that nobody asked it for."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a shell sees of a command that ended."""

    stdout: str
    stderr: str
    code: int
    arguments: tuple[str, ...] = ()

    def json(self) -> Any:
        """Return the only JSON document on stdout, validated against its schema."""
        document = json.loads(self.stdout)
        check(document)
        return document

    def lines(self) -> list[Any]:
        """Return the JSON documents on stdout, one per line, validated against their schemas."""
        documents = [json.loads(line) for line in self.stdout.splitlines()]
        for document in documents:
            check(document)
        return documents


class _TerminalStream(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@dataclass(slots=True)
class Shell:
    """Calls the program with folders and an environment of its own.

    Args:
        folder: Empty; the program's home, config and state folders are made in it.
    """

    folder: Path
    environ: dict[str, str] = field(init=False)
    config_dir: Path = field(init=False)
    state_dir: Path = field(init=False)
    _secrets: set[bytes] = field(init=False)
    _are_files_watched: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self.config_dir = self.folder / "config"
        self.state_dir = self.folder / "state"
        home = self.folder / "home"
        home.mkdir(parents=True)
        self.environ = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHON_KEYRING_BACKEND": _UNUSABLE_KEYRING,
            "ZOOMCALL_CONFIG_DIR": str(self.config_dir),
            "ZOOMCALL_STATE_DIR": str(self.state_dir),
        }
        self._secrets = {SENTINEL.encode()}

    def set(self, **variables: str | None) -> None:
        """Set environment variables for every later call; None removes one."""
        self.environ = _joined(self.environ, variables)

    def hide(self, secret: str) -> None:
        """Watch for one more secret."""
        self._secrets.add(secret.encode())

    def __call__(
        self,
        *arguments: str,
        environ: Mapping[str, str | None] | None = None,
        stdin: bytes = b"",
        terminal: tuple[Terminal, ...] = (),
        reveals: tuple[Place, ...] = (),
    ) -> Result:
        """Run one command line in this process.

        Args:
            arguments: Without the program's name.
            environ: Added to the shell's own; None removes a variable.
            stdin: Standard input, whole.
            terminal: Streams that claim to be a terminal.
            reveals: Where the command is asked to put a secret: ``output`` of this call, or
                ``files`` of this and every later call.
        """
        variables = _joined(self.environ, environ or {})

        def stream(name: Terminal, content: bytes = b"") -> io.TextIOWrapper:
            kind = _TerminalStream if name in terminal else io.TextIOWrapper
            return kind(io.BytesIO(content), encoding="utf-8", errors="backslashreplace", newline="")

        standard = (stream("stdin", stdin), stream("stdout"), stream("stderr"))
        with _as_process(variables, *standard):
            code = run(arguments, streams=Streams(*standard, variables), environ=variables)
        stdout, stderr = (_bytes_of(written) for written in standard[1:])
        return self.judge(arguments, variables, stdout=stdout, stderr=stderr, code=code, reveals=reveals)

    def judge(
        self,
        arguments: tuple[str, ...],
        environ: Mapping[str, str],
        *,
        stdout: bytes,
        stderr: bytes,
        code: int,
        reveals: tuple[Place, ...] = (),
    ) -> Result:
        """Make a result once nothing secret is found in it, nor in the folders."""
        if "files" in reveals:
            self._are_files_watched = False
        secrets = self._secrets | {
            environ[name].encode() for name in _SECRET_VARIABLES if len(environ.get(name, "")) >= _SHORTEST_SECRET
        }
        places = {} if "output" in reveals else {"stdout": stdout, "stderr": stderr}
        if self._are_files_watched:
            places |= {str(path): path.read_bytes() for path in self.written_files()}
        for place, content in places.items():
            if any(secret in content for secret in secrets) or _WHOLE_TOKEN.search(content):
                raise SecretShownError(f"zoomcall {' '.join(arguments)} wrote a secret to {place}")
        result = Result(stdout.decode(), stderr.decode(), code, arguments)
        if _promises_json(arguments) and code >= 0 and code != ExitStatus.CLOSED_PIPE:
            result.json()
        return result

    def written_files(self) -> list[Path]:
        """List every file under the home, config and state folders."""
        return [path for path in self.folder.rglob("*") if path.is_file() and os.access(path, os.R_OK)]


@dataclass(slots=True)
class Running:
    """A command that has not ended yet."""

    process: subprocess.Popen[bytes]
    shell: Shell
    arguments: tuple[str, ...]
    environ: Mapping[str, str]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def finish(self, *, stdin: bytes = b"", reveals: tuple[Place, ...] = ()) -> Result:
        """Wait for the end."""
        stdout, stderr = self.process.communicate(stdin, timeout=PROCESS_SECONDS)
        code = self.process.returncode
        return self.shell.judge(
            self.arguments, self.environ, stdout=stdout, stderr=stderr, code=code, reveals=reveals
        )


@dataclass(slots=True)
class ProcessShell:
    """Calls the program as a process of its own, for signals, pipes and what an import costs."""

    shell: Shell
    command: tuple[str, ...] = (sys.executable, "-m", "zoomcall")

    def __call__(
        self,
        *arguments: str,
        environ: Mapping[str, str | None] | None = None,
        stdin: bytes = b"",
        reveals: tuple[Place, ...] = (),
    ) -> Result:
        """Run one command line to its end; the arguments are those of ``Shell``."""
        with self.start(*arguments, environ=environ) as running:
            return running.finish(stdin=stdin, reveals=reveals)

    @contextlib.contextmanager
    def start(
        self,
        *arguments: str,
        environ: Mapping[str, str | None] | None = None,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
    ) -> Iterator[Running]:
        """Start one command line; it is killed if the block leaves it running."""
        variables = _joined(self.shell.environ, environ or {})
        with subprocess.Popen(
            [*self.command, *arguments],
            env=variables,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=self.shell.folder,
        ) as process:
            try:
                yield Running(process, self.shell, arguments, variables)
            finally:
                if process.poll() is None:
                    process.kill()


def environ_of(zoom: Emulator) -> dict[str, str]:
    """Return what points the program at a local Zoom, with both credentials and the websocket, and no target."""
    ready = zoom.ready
    return {
        "ZOOMCALL_API_BASE": ready["api_base"],
        "ZOOMCALL_OAUTH_BASE": ready["oauth_base"],
        "ZOOMCALL_API_KEY": ready["api_key"],
        "ZOOMCALL_API_SECRET": ready["api_secret"],
        "ZOOMCALL_ACCOUNT_ID": ready["account_id"],
        "ZOOMCALL_CLIENT_ID": ready["client_id"],
        "ZOOMCALL_CLIENT_SECRET": ready["client_secret"],
        "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": ready["websocket_subscription_id"],
    }


def read_terminal(terminal: int) -> bytes:
    """Read what a program has written to its terminal; nothing once it has closed it."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side has closed
        return b""


@contextlib.contextmanager
def _as_process(environ: Mapping[str, str], stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> Iterator[None]:
    """Make this process look like a fresh one to code that reads ``sys`` and ``os.environ`` itself."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr),
    ):
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # not the main thread
                for number, handler in handlers.items():
                    signal.signal(number, handler)


def _promises_json(arguments: tuple[str, ...]) -> bool:
    """Return whether stdout must be one JSON document, whatever happens (contract 3.2)."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own and not _RAW_COMMANDS.intersection(own[:1]) and "--help" not in own and "-h" not in own


def _joined(environ: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**environ, **changes}.items() if value is not None}


def _bytes_of(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()
