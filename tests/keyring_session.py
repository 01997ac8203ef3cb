"""A real Secret Service of one's own: a private D-Bus bus and a gnome-keyring daemon on it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PASSWORD = b"made up"
_START_SECONDS = 20
_PATH = "/org/freedesktop/secrets"
_COLLECTION = f"{_PATH}/collection/login"

# A bus without service folders: it starts nothing by itself, so whatever runs on it was started here.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass(slots=True)
class KeyringSession:
    """A running daemon with an unlocked collection.

    Attributes:
        environ: What a program must find in its environment to reach the daemon, and no other.
        daemon: Its process.
        starts: How often the daemon was started.
    """

    environ: Mapping[str, str]
    daemon: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def pid(self) -> int:
        """The daemon's process number."""
        assert self.daemon is not None
        return self.daemon.pid

    def start(self) -> None:
        """Start the daemon if it does not run, as D-Bus would; it does not survive every client that is killed."""
        if self.daemon is not None and self.daemon.poll() is None:
            return
        self.daemon = _spawn(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"], self.environ
        )
        assert self.daemon.stdin is not None
        self.daemon.stdin.write(_PASSWORD)
        self.daemon.stdin.close()
        _wait_until(self._is_unlocked)
        self.starts += 1

    def lookup(self, **attributes: str) -> str | None:
        """Ask the daemon from outside for a secret; None if it has none."""
        done = self._secret_tool("lookup", *_words(attributes))
        return done.stdout.decode() if done.returncode == 0 else None

    def store(self, secret: str, **attributes: str) -> None:
        """Put a secret in from outside."""
        self._secret_tool("store", "--label=x", *_words(attributes), stdin=secret.encode()).check_returncode()

    def lock(self) -> None:
        """Lock the collection; there is no prompter on the bus that could unlock it."""
        self._call(_PATH, "org.freedesktop.Secret.Service.Lock", f"array:objpath:{_COLLECTION}").check_returncode()

    def _is_unlocked(self) -> bool:
        method = "org.freedesktop.DBus.Properties.Get"
        got = self._call(_COLLECTION, method, "string:org.freedesktop.Secret.Collection", "string:Locked")
        return got.returncode == 0 and b"boolean false" in got.stdout

    def _call(self, path: str, method: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", path, method]
        environ = dict(self.environ)
        return subprocess.run([*command, *arguments], env=environ, capture_output=True, timeout=30, check=False)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the daemon take calls and answer none."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _secret_tool(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["secret-tool", *arguments]
        return subprocess.run(
            command, env=dict(self.environ), input=stdin, capture_output=True, timeout=30, check=False
        )


def _words(attributes: Mapping[str, str]) -> list[str]:
    return [word for pair in attributes.items() for word in pair]


@contextlib.contextmanager
def keyring_session(folder: Path) -> Iterator[KeyringSession]:
    """Run a Secret Service whose files lie in ``folder``; both daemons are ended by their pids.

    Args:
        folder: Short enough for a socket's path, at most some 80 characters.
    """
    for name in ("run", "data/keyrings", "cache", "config"):
        (folder / name).mkdir(mode=0o700, parents=True)
    socket = folder / "run" / "bus"
    (folder / "bus.conf").write_text(_BUS.format(socket=socket), encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={socket}",
    }
    with contextlib.ExitStack() as stack:
        bus = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--nopidfile", "--nosyslog"]
        process = _spawn(bus, environ)
        stack.callback(_end, process)
        _wait_until(socket.exists)
        session = KeyringSession(environ)
        stack.callback(lambda: _end(session.daemon))
        session.start()
        yield session


def _spawn(command: list[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=dict(environ), stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    with process:  # closes its stdin
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until(is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the Secret Service did not start")
        time.sleep(0.05)
