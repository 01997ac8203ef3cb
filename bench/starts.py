"""What is started to measure it: a table of commands, and the folders, keys and local Zoom that they find."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from keyring_session import keyring_session
from msgspec import Struct

from zoomcall.emulator.running import Emulator

SCRIPT = "import sys; from zoomcall.__main__ import main; sys.exit(main())"
"""The console script that installers write."""
PASS = ("-c", "pass")
TYPER = ("-c", "import typer")

DRAWING = ("rich", "typer.rich_utils", "markdown_it", "pygments")
CLUTTER = ("click", "pydantic", "zoomcall.emulator")
NETWORK = ("httpx", "httpcore", "anyio", "h11", "h2", "socksio", "asyncio", "aiohttp", "truststore")
KEYRING = ("keyring", "secretstorage", "jeepney")
BACKENDS = ("keyring.backends.kwallet", "keyring.backends.libsecret", "keyring.backends.macOS")
EXTRAS = ("jinja2", "aiosipua", "phonenumbers", "dns", "xml", "csv")
RARE = ("email", "importlib.metadata", "importlib.resources", "tempfile", "tomlkit", "dataclasses", "hmac")
"""Of Python's own; Typer imports subprocess, shutil and traceback in any case."""
_BY_PYJWT = {"email", "tempfile", "dataclasses", "hmac"}


class Place(Enum):
    """Where a command finds its credential."""

    NOWHERE = "nowhere"
    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"


class Start(Struct, frozen=True, kw_only=True):
    """A command to start.

    Attributes:
        name: In tables and in the budgets.
        arguments: Its command line, without the program's name.
        bar: The instructions that it may cost at most, as a ratio to ``python -c 'import typer'``.
        forbidden: Modules that it must not import, with everything below them.
        place: Where its credential is.
        is_fed: Whether it gets a token on standard input.
    """

    name: str
    arguments: tuple[str, ...]
    bar: float
    forbidden: tuple[str, ...]
    place: Place = Place.NOWHERE
    is_fed: bool = False


_ALL = (*DRAWING, *CLUTTER, *NETWORK, *KEYRING, *EXTRAS, *RARE)
_LOCAL = (*_ALL, "jwt", "cryptography", "zoomcall.domain.event", "zoomcall.usecases.explaining")
_OF_CALLS = tuple(name for name in _LOCAL if name != "zoomcall.domain.event")
_TOKEN = tuple(name for name in _ALL if name not in _BY_PYJWT)
_CALL = ("invite", "sip", "answer@room.example.com", "--no-wait", "--force")
_WHILE_RINGING = tuple(
    name for name in _TOKEN if name not in {"httpx", "httpcore", "h11", "anyio", "socksio", "importlib.resources"}
)

STARTS = (
    Start(name="--version", arguments=("--version",), bar=0.20, forbidden=(*_LOCAL, "typer", "msgspec", "re")),
    Start(
        name="--help",
        arguments=("--help",),
        bar=1.3,
        forbidden=(
            *_LOCAL,
            "zoomcall.domain.credential",
            "zoomcall.domain.journal",
            "json",
            "hashlib",
            "tomllib",
        ),
    ),
    Start(name="auth list", arguments=("auth", "list"), bar=1.6, forbidden=_LOCAL, place=Place.FILE),
    Start(
        name="room list",
        arguments=("room", "list"),
        bar=1.6,
        forbidden=(*_LOCAL, "zoomcall.domain.batch", "zoomcall.domain.call"),
        place=Place.FILE,
    ),
    Start(
        name="call list",
        arguments=("call", "list"),
        bar=1.6,
        forbidden=_OF_CALLS,
        place=Place.FILE,
    ),
    Start(name="explain 124", arguments=("explain", "124"), bar=1.6, forbidden=_LOCAL),
    Start(name="token mint", arguments=("token", "mint"), bar=2.7, forbidden=_TOKEN, place=Place.ENVIRONMENT),
    Start(
        name="token inspect",
        arguments=("token", "inspect"),
        bar=2.7,
        forbidden=(*_TOKEN, "zoomcall.knowledge.request_rules", "zoomcall.knowledge.answer_rules"),
        place=Place.ENVIRONMENT,
        is_fed=True,
    ),
    Start(
        name="invite --dry-run",
        arguments=(*_CALL, "--dry-run"),
        bar=2.0,
        forbidden=(*_OF_CALLS, "sqlite3"),
        place=Place.ENVIRONMENT,
    ),
    Start(name="invite --no-wait", arguments=_CALL, bar=3.6, forbidden=_WHILE_RINGING, place=Place.ENVIRONMENT),
    Start(
        name="invite --no-wait, keyring",
        arguments=_CALL,
        bar=4.4,
        forbidden=(*(name for name in _WHILE_RINGING if name not in KEYRING), *BACKENDS),
        place=Place.KEYRING,
    ),
)


class Site(Struct, frozen=True, kw_only=True):
    """Where commands are started.

    Attributes:
        python: The interpreter of the environment that has the program and its dependencies, and nothing else.
        environs: What each command finds in its environment, by the place of its credential.
        token: For commands that are fed one.
    """

    python: str
    environs: Mapping[Place, dict[str, str]]
    token: bytes

    def line(self, start: Start) -> tuple[str, ...]:
        """Return the command line of a start."""
        return (self.python, "-c", SCRIPT, *start.arguments)

    def run(self, start: Start, line: tuple[str, ...], **variables: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command line with what a start finds; raise ``SystemExit`` if it fails."""
        environ = self.environs[start.place] | variables
        done = subprocess.run(
            line, env=environ, input=self.token if start.is_fed else b"", capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{start.name} failed: {done.stderr.decode(errors='replace')}")
        return done


@contextlib.contextmanager
def site(python: str) -> Iterator[Site]:
    """Set everything up: profiles, rooms, two calls, and a local Zoom; a keyring if there is a daemon for it."""
    subprocess.run([python, "-m", "compileall", "-q", "zoomcall"], check=True)
    with contextlib.ExitStack() as open_things:
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="zc-")))
        emulator = open_things.enter_context(Emulator(time_scale=0.01))
        ready = emulator.ready
        bare = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "ZOOMCALL_API_BASE": ready["api_base"],
            "ZOOMCALL_OAUTH_BASE": ready["oauth_base"],
            "ZOOMCALL_SESSION": ready["session_id"],
        }

        def environ(place: Place, **more: str) -> dict[str, str]:
            here = folder / place.value
            return bare | {"ZOOMCALL_CONFIG_DIR": f"{here}/config", "ZOOMCALL_STATE_DIR": f"{here}/state"} | more

        pair = {"ZOOMCALL_API_KEY": ready["api_key"], "ZOOMCALL_API_SECRET": ready["api_secret"]}
        environs = {
            Place.NOWHERE: environ(Place.NOWHERE),
            Place.ENVIRONMENT: environ(Place.ENVIRONMENT, **pair),
            Place.FILE: environ(Place.FILE),
        }
        if shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon") and shutil.which("secret-tool"):
            session = open_things.enter_context(keyring_session(folder / "k"))
            environs[Place.KEYRING] = environ(Place.KEYRING) | dict(session.environ)
        for place, found in environs.items():
            _furnish(python, place, found, ready)
        mint = [python, "-c", SCRIPT, "token", "mint"]
        token = subprocess.run(mint, env=environs[Place.ENVIRONMENT], capture_output=True, check=True).stdout
        yield Site(python=python, environs=environs, token=token)


def _furnish(python: str, place: Place, environ: dict[str, str], ready: Mapping[str, str]) -> None:
    def zoomcall(*arguments: str, stdin: str = "") -> None:
        line = [python, "-c", SCRIPT, *arguments]
        subprocess.run(line, env=environ, input=stdin.encode(), capture_output=True, check=True)

    if place is Place.NOWHERE:
        return
    if place is not Place.ENVIRONMENT:
        login = ("auth", "login", "--kind", "videosdk", "--api-key", ready["api_key"], "--secret-stdin")
        zoomcall(*login, "--store", place.value, "--no-verify", stdin=ready["api_secret"])
    for name in ("Board", "Lobby", "Lab"):
        zoomcall("room", "add", name, "sip", f"{name.lower()}@example.com")
    zoomcall(*_CALL)
    zoomcall(*_CALL)
