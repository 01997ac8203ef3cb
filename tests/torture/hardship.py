"""Hard conditions for real processes: crowds, a slow disk, a clock that is set, a journal that others hold."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from shell import ProcessShell, Result

from torture.faults import Fault, Mode

_SOURCE = Path(__file__).with_name("interpose.c")


def build_library(folder: Path) -> Path:
    """Compile the interposing library, once for each folder."""
    library = folder / "interpose.so"
    if not library.exists():
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl", "-pthread"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return library


def armed(library: Path, root: Path, fault: Fault) -> dict[str, str]:
    """Return the environment of a process that meets a fault; its files are those below ``root``."""
    words = (root, fault.kind, fault.number, fault.error, int(fault.mode))
    return {"LD_PRELOAD": str(library), "TORTURE_ARM": " ".join(map(str, words))}


def slow_disk(folder: Path, fsync: timedelta) -> dict[str, str]:
    """Return the environment of a process for which each fsync below ``folder`` takes so much longer."""
    fault = Fault("none", 0, fsync // timedelta(milliseconds=1), Mode.SLOW)
    return armed(build_library(folder), folder, fault)


class SettableClock:
    """The wall clock of processes started with ``environ``; ``set_ahead`` moves it while they run."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.environ = {"LD_PRELOAD": str(build_library(folder)), "TORTURE_CLOCK": str(self._file)}
        self.set_ahead(timedelta(0))

    def set_ahead(self, by: timedelta) -> None:
        """Set the clock so far ahead of the true time; behind it, if negative."""
        if not self._file.exists():
            self._file.write_bytes(bytes(8))
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", by // timedelta(milliseconds=1)))


def crowd(
    shell: ProcessShell, commands: Sequence[Sequence[str]], *, environ: dict[str, str | None] | None = None
) -> list[Result]:
    """Run command lines at the same time, each in a process of its own; return their results in order."""
    with ExitStack() as stack:
        running = [stack.enter_context(shell.start(*command, environ=environ)) for command in commands]
        return [each.finish() for each in running]


_HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Hold the lock of an SQLite file, as a stopped or busy process would.

    It is a process of its own: here, anybody who opened and closed the file would release the lock (POSIX).
    """
    command = [sys.executable, "-c", _HOLDER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.communicate(timeout=30)
