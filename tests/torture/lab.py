"""The laboratory: a local Zoom that counts what it was asked to do, and forks of the program that meet faults."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from keyring_session import KeyringSession, keyring_session
from shell import environ_of

from torture.faults import NO_FAULT, Fault
from torture.hardship import build_library
from torture.user_zoom import UserZoom
from zoomcall.emulator.messages import Reply, Request
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import Call, VenueKey

_TESTS = Path(__file__).parent.parent
LIMIT_SECONDS = 60
"""How long any command may take, faults and all."""
_KEYRING_TRIES = 3
_KEPT = ("PATH", "LANG")
_FORGOTTEN = re.compile(rb"noop@[a-z0-9.-]+")
"""A room of which the local Zoom never says what became of its call."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the program left behind."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    is_late: bool
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_killed(self) -> bool:
        """Whether the fault was a kill."""
        return self.code == -9

    @property
    def document(self) -> dict[str, Any] | None:
        """The JSON document on stdout; None if it is not whole."""
        try:
            document = json.loads(self.stdout)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


class Zygote:
    """The process that forks the program, for any number of threads at a time.

    Args:
        library: The interposing library; the socket lies beside it.
    """

    def __init__(self, library: Path) -> None:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {
            "LD_PRELOAD": str(library),
            "PYTHONPATH": os.pathsep.join(map(str, (_TESTS, _TESTS.parent))),
            "HOME": str(library.parent),
        }
        self._socket = library.with_name("zygote")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "torture.zygote", str(self._socket)], stdin=subprocess.PIPE, env=environ
        )

    def run(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run one job to its end; return an answer for each of its forks."""
        with socket.socket(socket.AF_UNIX) as connection:
            self._connect(connection)
            with connection.makefile("rw") as lines:
                lines.write(json.dumps(job) + "\n")
                lines.flush()
                answers: list[dict[str, Any]] = json.loads(lines.readline())
        return answers

    def _connect(self, connection: socket.socket) -> None:
        while True:
            try:
                return connection.connect(str(self._socket))
            except (FileNotFoundError, ConnectionRefusedError):
                assert self._process.poll() is None, "the zygote has ended"
                time.sleep(0.05)  # it is importing

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Lab:
    """Runs the program under faults; thread-safe.

    Args:
        folder: Where everything is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.emulator = Emulator(time_scale=0.1)
        self.rings: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._number = 0
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.library = build_library(self.folder)
        exchange = self.emulator._exchange
        self._ring = exchange.place
        exchange.place = self._note_and_ring  # type: ignore[method-assign] # counts what Zoom was asked to do
        self._answer = self.emulator._rest.answer
        self.emulator._rest.answer = self._note_and_answer  # type: ignore[method-assign] # the same, for rooms it forgets
        self.emulator.__enter__()
        self.zygote = Zygote(self.library)
        return self

    def __exit__(self, *_: object) -> None:
        self.zygote.close()
        self._open.close()
        self.emulator.close()

    @functools.cached_property
    def keyring(self) -> KeyringSession:
        """A Secret Service of the harness' own, started when it is first needed."""
        return self._open.enter_context(keyring_session(self.folder / "keyring"))

    @property
    def keyring_starts(self) -> int:
        """How often the keyring's daemon was started, which it is if it does not run."""
        with self._lock:
            self.keyring.start()
            return self.keyring.starts

    def _note_and_ring(self, call: Call) -> None:
        with self._lock:
            self.rings[call.address] += 1
        self._ring(call)

    def _note_and_answer(self, request: Request, *, now: datetime) -> Reply:
        forgotten = _FORGOTTEN.search(request.body) if request.method == "PATCH" else None
        if forgotten is not None:
            with self._lock:
                self.rings[forgotten[0].decode()] += 1
        return self._answer(request, now=now)

    def settle(self, zoom: Emulator) -> None:
        """Let a local Zoom read what processes that are gone have sent."""
        loop = zoom._loop
        assert loop is not None
        for _ in range(3):
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()

    def place(self, *, has_keyring: bool = False, has_user: bool = False) -> Place:
        """Return a new, empty place for a run; one with a user has a local Zoom of its own."""
        with self._lock:
            self._number += 1
            number = self._number
            keyring = self.keyring if has_keyring else None
        folder = self.folder / f"run{number}"
        folder.mkdir()
        session = self.emulator.world.open_session(folder.name, now=datetime.now(UTC))
        place = Place(self, folder, number, session.key, keyring)
        if not has_user:
            return place
        zoom = UserZoom(place.is_stored)
        zoom.__enter__()
        return replace(place, user_zoom=zoom)


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one run, with a session, a room and a profile that only it uses."""

    lab: Lab
    folder: Path
    number: int
    session: VenueKey
    keyring: KeyringSession | None
    user_zoom: UserZoom | None = None

    @property
    def zoom(self) -> Emulator:
        """The local Zoom that the program talks to."""
        return self.user_zoom or self.lab.emulator

    @property
    def users(self) -> UserZoom:
        """The place's own local Zoom."""
        assert self.user_zoom is not None
        return self.user_zoom

    def is_stored(self, text: str) -> bool:
        """Return whether the profile's secret has a text in it."""
        if self.keyring is not None:
            return text in (self.keyring.lookup(service="zoomcall", username=self.profile) or "")
        path = self.config / "secrets" / f"profile+{self.profile}"
        return path.exists() and text in path.read_text()

    @property
    def room(self) -> str:
        """The room's address."""
        return f"answer@r{self.number}.example"

    @property
    def profile(self) -> str:
        """The profile's name; a keyring is shared by all runs."""
        return f"prod{self.number}"

    @property
    def has_keyring(self) -> bool:
        """Whether secrets are kept in a keyring."""
        return self.keyring is not None

    @property
    def config(self) -> Path:
        """The config folder."""
        return self.folder / "config"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.state / "journal.sqlite3"

    @property
    def bases(self) -> dict[str, str]:
        """What points the program at the local Zoom, without credentials."""
        return {name: value for name, value in self.credentials.items() if name.endswith("_BASE")}

    @property
    def credentials(self) -> dict[str, str]:
        """What points the program at the local Zoom and at this place's session."""
        return environ_of(self.zoom) | {"ZOOMCALL_SESSION": self.session.identifier}

    @property
    def pid_file(self) -> Path:
        """Where the newest process wrote its number."""
        return self.folder / "pid"

    @property
    def rings(self) -> int:
        """How often Zoom rang the room."""
        return (self.lab if self.user_zoom is None else self.user_zoom).rings[self.room]

    def run(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        *,
        stdin: bytes = b"",
        fault: Fault = NO_FAULT,
    ) -> Outcome:
        """Run one command line under a fault; without one again where others' faults shook the keyring's daemon."""
        for _ in range(_KEYRING_TRIES):
            starts = self.lab.keyring_starts if self.has_keyring else 0
            outcome = self.crowd([arguments], environ, stdin=stdin, fault=fault)[0]
            if fault is not NO_FAULT or outcome.code == 0 or not self.has_keyring:
                break
            is_shaken = "the keyring cannot be used" in outcome.stdout + outcome.stderr
            if not is_shaken and self.lab.keyring_starts == starts:
                break
        return outcome

    def crowd(
        self,
        commands: Sequence[Sequence[str]],
        environ: Mapping[str, str],
        *,
        stdin: bytes = b"",
        fault: Fault = NO_FAULT,
    ) -> list[Outcome]:
        """Run command lines in processes at once, under a fault each."""
        names = [(f"stdout{number}", f"stderr{number}") for number in range(len(commands))]
        outputs = [(self.folder / stdout, self.folder / stderr) for stdout, stderr in names]
        counts = self.folder / "counts"
        (self.folder / "stdin").write_bytes(stdin)
        counts.unlink(missing_ok=True)
        job = {
            "commands": [list(each) for each in commands],
            "environ": self.environ(environ),
            "root": str(self.folder),
            "arm": fault.arm,
            "limit": LIMIT_SECONDS,
            "stdin": str(self.folder / "stdin"),
            "outputs": [tuple(map(str, pair)) for pair in outputs],
            "counts": str(counts),
            "pid": str(self.pid_file),
        }
        answers = self.lab.zygote.run(job)
        self.lab.settle(self.zoom)
        return [
            Outcome(
                answer["code"],
                stdout.read_text(errors="replace"),
                stderr.read_text(errors="replace"),
                answer["seconds"],
                answer["is_late"],
                read_counts(counts),
            )
            for answer, (stdout, stderr) in zip(answers, outputs, strict=True)
        ]

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment of a run."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            **self._keyring_environ(),
            "ZOOMCALL_CONFIG_DIR": str(self.config),
            "ZOOMCALL_STATE_DIR": str(self.state),
            **more,
        }

    def _keyring_environ(self) -> dict[str, str]:
        if self.keyring is None:
            return {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        names = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
        patient = {"ZOOMCALL_KEYRING_TIMEOUT": "20"}  # on a loaded machine
        return {name: self.keyring.environ[name] for name in names} | patient

    def remove(self) -> None:
        """End the session, and delete everything that the run wrote."""
        if self.user_zoom is not None:
            self.user_zoom.close()
        self.lab.emulator.world.end(self.session, now=datetime.now(UTC))
        shutil.rmtree(self.folder, ignore_errors=True)


def read_counts(path: Path) -> dict[str, int]:
    """Read what the interposing library counted; nothing if the process was killed before it could say."""
    text = path.read_text() if path.exists() else ""
    return {name: int(number) for name, number in (pair.split("=") for pair in text.split())}
