"""The command that runs against the emulator: its environment, its signals, its exit code."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from zoomcall.errors import UsageError

_POLL_SECONDS = 0.2
_OF_TERMINAL = {getattr(signal, name) for name in ("SIGINT", "SIGBREAK") if hasattr(signal, name)}

_NOT_OURS = (
    *("TOKEN", "TOKEN_FILE", "API_SECRET_FILE", "CLIENT_SECRET_FILE", "WEBHOOK_SECRET_FILE", "PROFILE", "BOOK"),
    *("SESSION_NAME", "MEETING", "TIMEOUT", "OUTPUT", "ALLOW_API_BASE", "KEYRING_TIMEOUT", "NO_INPUT"),
)
_VARIABLES = {
    "ZOOMCALL_API_BASE": "api_base",
    "ZOOMCALL_OAUTH_BASE": "oauth_base",
    "ZOOMCALL_API_KEY": "api_key",
    "ZOOMCALL_API_SECRET": "api_secret",
    "ZOOMCALL_ACCOUNT_ID": "account_id",
    "ZOOMCALL_CLIENT_ID": "client_id",
    "ZOOMCALL_CLIENT_SECRET": "client_secret",
    "ZOOMCALL_SESSION": "session_id",
    "ZOOMCALL_WEBHOOK_SECRET": "webhook_secret",
    "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": "websocket_subscription_id",
    "EMULATE_MEETING_ID": "meeting_id",
    "EMULATE_PUBLIC_CLIENT_ID": "public_client_id",
    "EMULATE_LOBBY_MEETING_ID": "lobby_meeting_id",
    "EMULATE_SESSION_NAME": "session_name",
    "EMULATE_EMPTY_SESSION_ID": "empty_session_id",
    "EMULATE_ENDED_SESSION_ID": "ended_session_id",
    "EMULATE_LATER_SESSION_ID": "later_session_id",
    "EMULATE_ROOM": "room",
}


def child_environment(ready: Mapping[str, str], inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the command's environment: the emulator's variables, without the caller's ``ZOOMCALL_*``.

    Args:
        ready: The emulator's ready document.
        inherited: The caller's environment.
        folder: An empty folder to keep configuration and state in.
    """
    kept = {name: value for name, value in inherited.items() if not name.upper().startswith("ZOOMCALL_")}
    return kept | _given(ready, folder)


def _given(ready: Mapping[str, str], folder: Path) -> dict[str, str]:
    given = {variable: ready[key] for variable, key in _VARIABLES.items() if key in ready}
    folders = {"ZOOMCALL_CONFIG_DIR": str(folder / "config"), "ZOOMCALL_STATE_DIR": str(folder / "state")}
    return given | folders


def environment_lines(ready: Mapping[str, str], folder: Path, *, is_powershell: bool = False) -> str:
    """Return lines that give a shell, POSIX or PowerShell, the environment of a command; arguments as there."""
    unset, given = [f"ZOOMCALL_{name}" for name in _NOT_OURS], _given(ready, folder)
    if not is_powershell:
        exports = (f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
        return f"unset {' '.join(unset)}\n{''.join(exports)}"
    quoted = {name: "'" + value.replace("'", "''") + "'" for name, value in given.items()}
    lines = (f"$env:{name} = {value}\n" for name, value in (dict.fromkeys(unset, "$null") | quoted).items())
    return "\ufeff" + "".join(lines)  # without the mark, Windows PowerShell would read it in a code page


@contextmanager
def fresh_folders() -> Iterator[Path]:
    """Make a folder with empty ones for configuration and state in it, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="zoomcall-emulate-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for part in ("config", "state"):
            (folder / part).mkdir(mode=0o700)
        yield folder


def run_command(command: Sequence[str], ready: Mapping[str, str], inherited: Mapping[str, str]) -> int:
    """Run a command against the emulator and return its exit code, or 128+N if signal N ended it.

    Signals are left to the command: SIGTERM and SIGHUP are passed on to it, and so is Ctrl-C unless the terminal
    sends it to both. Call this from the main thread.

    Raises:
        UsageError: The command cannot be started.
    """
    with fresh_folders() as folder:
        environment = child_environment(ready, inherited, folder)
        with _Relay().listening() as relay:
            try:
                process = subprocess.Popen(_found(command), env=environment)  # noqa: S603  the user's own command
            except (OSError, ValueError) as error:
                reason = (error.strerror if isinstance(error, OSError) else None) or error
                raise UsageError(
                    f"cannot run {command[0]!r}: {reason}", fix="Check the command after `--`."
                ) from error
            relay.connect(process)
            status = _wait(process)
    return 128 - status if status < 0 else status


def _found(command: Sequence[str]) -> list[str]:
    """Return the command with the path that a shell would find for it; Windows itself looks for .exe alone."""
    program = shutil.which(command[0]) if sys.platform == "win32" else None
    return [program or command[0], *command[1:]]


def _wait(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            # Windows delivers Ctrl-C only between two waits
            return process.wait(_POLL_SECONDS if sys.platform == "win32" else None)
        except subprocess.TimeoutExpired:
            continue


class _Relay:
    """Passes signals on to the child; those that arrive before it has started wait for it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    @contextmanager
    def listening(self) -> Iterator[_Relay]:
        """Handle the signals, and restore their handlers at the end."""
        before = {}
        for number in _relayed_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                before[number] = signal.signal(number, self._receive)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def connect(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on every signal to ``process``, starting with those that arrived early."""
        self._process = process
        while self._early:
            process.send_signal(self._early.pop(0))

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if number in _OF_TERMINAL and _is_in_foreground():
            return  # the terminal has signalled the child as well
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _relayed_signals() -> tuple[signal.Signals, ...]:
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


if sys.platform == "win32":

    def _is_in_foreground() -> bool:
        return True  # a console signals its whole group

else:

    def _is_in_foreground() -> bool:
        """Return whether the terminal sends Ctrl-C to this process, and thus to the child too."""
        try:
            terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False
        finally:
            os.close(terminal)
