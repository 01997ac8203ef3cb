"""Kills a large batch at random moments and resumes it until it is done: no row is lost, no room is rung twice."""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shell import environ_of

from zoomcall.emulator.running import Emulator
from zoomcall.emulator.trouble import parse_faults
from zoomcall.emulator.world import Call

_MOST_ENDINGS = 4
"""How often a run is resumed after its last kill, until every row was dialled."""
_NOTHING_TO_RESUME = 2
_LATEST_AT_START = 1.5
_RINGING_SECONDS = 4.0
_PATIENCE = 600
_EVERY_NTH_DECLINES = 50
_ROOMS_A_SESSION = 500


@dataclass
class Hunt:
    """What was asked for, and what was found.

    Attributes:
        rooms: How many rooms the list has.
        kills: How often the run is killed.
        wrong: What must not be.
    """

    rooms: int
    kills: int
    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_megabytes: float = 0.0
    runs: int = 0
    last_seconds: float = 0.0
    states: Mapping[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.states.items())
        return (
            f"{self.rooms} rooms, {self.kills} kills, {self.runs} runs: {states}; {self.seconds:.0f} s,"
            f" of which the last run {self.last_seconds:.0f} s, {self.processor_seconds:.0f} s of a processor,"
            f" at most {self.peak_megabytes:.0f} MB"
        )


class _Zoom(Emulator):
    """A local Zoom that counts how often it rang each room."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.rings: collections.Counter[str] = collections.Counter()
        self._sessions: list[str] = []
        self._changed = threading.Condition()
        self._ring = self._exchange.place
        self._exchange.place = self._note_and_ring  # type: ignore[method-assign]

    def session(self, number: int) -> str:
        """Return the session of a row; none has more rooms than a session can have people."""
        place = number // _ROOMS_A_SESSION
        while len(self._sessions) <= place:
            venue = self.world.open_session(f"Hall {len(self._sessions)}", now=datetime.now(UTC))
            self._sessions.append(venue.key.identifier)
        return self._sessions[place]

    def _note_and_ring(self, call: Call) -> None:
        with self._changed:
            self.rings[call.address] += 1
            self._changed.notify_all()
        self._ring(call)

    def wait_for(self, rings: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until so many calls were made, or the process has ended."""
        until = time.monotonic() + _PATIENCE
        with self._changed:
            while self.rings.total() < rings and not _has_ended(process) and time.monotonic() < until:
                self._changed.wait(0.05)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process has ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class _Batch:
    """A batch in a folder of its own."""

    def __init__(self, zoom: _Zoom, folder: Path, hunt: Hunt, flags: Sequence[str]) -> None:
        self._folder = folder
        self._hunt = hunt
        self._output = folder / "output.json"
        self._words = [
            *(sys.executable, "-m", "zoomcall", "invite", "batch", str(folder / "rooms.csv")),
            *("--journal", str(folder / "run.sqlite3"), "--json", *flags),
        ]
        self._environ = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "ZOOMCALL_CONFIG_DIR": str(folder / "config"),
            "ZOOMCALL_STATE_DIR": str(folder / "state"),
            **environ_of(zoom),
        }

    def start(self, *, is_resumed: bool) -> subprocess.Popen[bytes]:
        words = [*self._words, "--resume"] if is_resumed else self._words
        self._hunt.runs += 1
        with self._output.open("wb") as output, (self._folder / "log").open("ab") as log:
            return subprocess.Popen(words, stdout=output, stderr=log, env=self._environ)

    def end(self, process: subprocess.Popen[bytes], *, is_killed: bool) -> int:
        """Wait for a process, after killing it or not, and note what it took."""
        if is_killed:
            os.kill(process.pid, signal.SIGKILL)  # Popen.kill would wait for it
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._hunt.processor_seconds += usage.ru_utime + usage.ru_stime
        self._hunt.peak_megabytes = max(self._hunt.peak_megabytes, usage.ru_maxrss / 1024)
        return process.returncode

    def rows(self) -> list[dict[str, Any]]:
        document = json.loads(self._output.read_text())
        rows: list[dict[str, Any]] = (document["result"] or {}).get("rows", [])
        return rows


def hunt(
    folder: Path,
    *,
    rooms: int,
    kills: int,
    seed: int,
    flags: Sequence[str] = (),
    faults: str = "",
) -> Hunt:
    """Ring every room of a list in spite of kills, and of faults like ``reset-after:1%``."""
    chance = random.Random(seed)  # noqa: S311 - it has to be the same again
    found = Hunt(rooms, kills)
    addresses = [
        f"{'decline' if number % _EVERY_NTH_DECLINES == 0 else 'answer'}@r{number}.example"
        for number in range(1, rooms + 1)
    ]
    began = time.monotonic()
    with _Zoom(trouble=parse_faults(faults) if faults else None) as zoom:
        lines = (f"sip,{each},{zoom.session(number)}\n" for number, each in enumerate(addresses))
        (folder / "rooms.csv").write_text("protocol,address,session\n" + "".join(lines))
        batch = _Batch(zoom, folder, found, flags)
        _kill_and_resume(zoom, batch, found, chance)
        rows = _finish(batch, found)
        found.seconds = time.monotonic() - began
        _judge(found, rows, addresses, zoom.rings, is_all_proven=not faults)
    return found


def _kill_and_resume(zoom: _Zoom, batch: _Batch, found: Hunt, chance: random.Random) -> None:
    """Kill at moments that are spread over the whole run: when so many rooms were rung, or soon after a start."""
    marks = sorted(chance.randrange(found.rooms) for _ in range(found.kills))
    is_begun = False
    for number, mark in enumerate(marks):
        process = batch.start(is_resumed=is_begun)
        if number % 2:
            time.sleep(chance.uniform(0.0, _LATEST_AT_START))
        else:
            zoom.wait_for(mark, process)
            time.sleep(chance.uniform(0.0, 0.1))
        code = batch.end(process, is_killed=True)
        if code not in {-9, 0, 30, _NOTHING_TO_RESUME}:
            found.wrong.append(f"run {found.runs} ended in {code} before it was killed")
        is_begun = code != _NOTHING_TO_RESUME and (is_begun or zoom.rings.total() > 0)


def _finish(batch: _Batch, found: Hunt) -> list[dict[str, Any]]:
    """Resume until every row was dialled."""
    rows: list[dict[str, Any]] = []
    time.sleep(_RINGING_SECONDS)  # a resumption looks once at calls that were left open
    for _ in range(_MOST_ENDINGS):
        began = time.monotonic()
        code = batch.end(batch.start(is_resumed=True), is_killed=False)
        found.last_seconds = time.monotonic() - began
        if code not in {0, 30}:
            found.wrong.append(f"the last run ended in {code}")
            return rows
        rows = batch.rows()
        if not any(row["state"] == "not-sent" for row in rows):
            break
    return rows


def _judge(
    found: Hunt,
    rows: Sequence[Mapping[str, Any]],
    addresses: Sequence[str],
    rings: Mapping[str, int],
    *,
    is_all_proven: bool,
) -> None:
    found.states = dict(collections.Counter(row["state"] for row in rows).most_common())
    got = [row["room"]["address"] for row in rows]
    if got != list(addresses):
        found.wrong.append(f"{len(set(addresses) - set(got))} rows are lost, {len(got) - len(set(got))} are double")
    for row in rows:
        address, state = row["room"]["address"], row["state"]
        is_willing = address.startswith("answer")
        if state not in {"joined" if is_willing else "declined", "pending"}:
            found.wrong.append(f"{address} ended as {state}")
        if is_all_proven and state == "pending" and rings[address]:
            found.wrong.append(f"{address} was rung, and ended as pending in spite of the evidence")
        least = 0 if state == "pending" else 1  # killed after the claim, before the request
        most = 1 if is_willing else found.runs  # a room that declined is rung again by every --resume
        if not least <= rings[address] <= most:
            found.wrong.append(f"{address} was rung {rings[address]} times")


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt once; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="torture.kills", description=__doc__)
    parser.add_argument("--rooms", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--rate", default="500/s")
    parser.add_argument("--parallel", default="100")
    parser.add_argument("--faults", default="", help="like those of zoomcall emulate")
    options = parser.parse_args(arguments)
    flags = ("--rate", options.rate, "--parallel", options.parallel)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        found = hunt(
            Path(folder),
            rooms=options.rooms,
            kills=options.kills,
            seed=options.seed,
            flags=flags,
            faults=options.faults,
        )
    print(found)
    for line in found.wrong[:50]:
        print(f"  FOUND: {line}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
