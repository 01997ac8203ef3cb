"""Tortures every command with every fault, and goes on where it was stopped: ``python -m torture``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from torture import crowds, kills, renewals, serving
from torture.batches import BATCHES
from torture.books import BOOKS
from torture.calls import CALLS
from torture.credentials import CREDENTIALS
from torture.faults import NO_FAULT, Fault, plan
from torture.lab import Lab
from torture.report import PLAN, write_table
from torture.sign_ins import SIGN_INS

Trial = Callable[[Lab, Fault], tuple[Mapping[str, int], int | None, list[str]]]
"""Runs one command under one fault: how many calls it made, its exit code, and what is wrong."""


def trials() -> Mapping[str, Trial]:
    """Return everything that is tortured, by name."""
    scenarios = (*CALLS, *BATCHES, *CREDENTIALS, *SIGN_INS, *BOOKS)
    commands: dict[str, Trial] = {scenario.name: scenario.try_in for scenario in scenarios}
    return commands | {"webhook serve": serving.run_once}


_ROOMS, _KILLS, _RENEWAL_KILLS = 10_000, 20, 200
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
"""Where a disk is in memory; the faults are injected above it."""


class Run:
    """One torture run, which keeps its results in a file, a line each.

    Args:
        lab: Where the program runs.
        results: The file; what it has already is not done again.
        every: Try only every so-manieth fault.
        hands: How many runs go on at a time.
    """

    def __init__(self, lab: Lab, results: Path, *, every: int, hands: int) -> None:
        self.rows: list[dict[str, Any]] = []
        if results.exists():
            self.rows = [json.loads(line) for line in results.read_text().splitlines()]
        self._lab = lab
        self._every = every
        self._hands = hands
        self._file = results.open("a")

    def torture(self, name: str, trial: Trial) -> None:
        """Put one command through its faults."""
        began = time.monotonic()
        counts, code, wrong = trial(self._lab, NO_FAULT)
        if wrong:
            raise SystemExit(f"{name} without a fault ends in {code}: {wrong}")
        done = {row["fault"] for row in self.rows if row["name"] == name}
        every = list(plan(counts))
        if PLAN not in done:
            self._keep({"name": name, "fault": PLAN, "code": code, "wrong": [], "planned": len(every)})
        faults = [fault for fault in every[:: self._every] if fault.name not in done]
        with ThreadPoolExecutor(self._hands) as pool:
            for fault, (_, ended, wrongs) in zip(
                faults, pool.map(lambda fault: trial(self._lab, fault), faults), strict=True
            ):
                self._keep({"name": name, "fault": fault.name, "code": ended, "wrong": wrongs})
        self._say(name, len(faults), began)

    def crowd(self) -> None:
        """Let many processes do the same at once."""
        for name, codes, wrong in crowds.run_all(self._lab):
            self._keep({"name": "crowds", "fault": name, "code": dict(codes), "wrong": wrong})
            print(f"{name}: exit codes {dict(codes)}", flush=True)

    def kill(self) -> None:
        """Kill a large batch again and again, and resume it; kill processes that renew a sign-in."""
        if any(row["name"] == "kills" for row in self.rows):
            return
        renewed = renewals.hunt(self._lab, kills=_RENEWAL_KILLS, seed=time.time_ns() % 10**6)
        print(f"kills: {renewed}", flush=True)
        self._keep({"name": "kills", "fault": str(renewed), "code": 0, "wrong": renewed.wrong})
        folder = self._lab.folder / "kills"
        folder.mkdir()
        flags = ("--rate", "500/s", "--parallel", "100")
        found = kills.hunt(folder, rooms=_ROOMS, kills=_KILLS, seed=time.time_ns() % 10**6, flags=flags)
        print(f"kills: {found}", flush=True)
        self._keep({"name": "kills", "fault": str(found), "code": 0, "wrong": found.wrong})

    def _keep(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        for line in row["wrong"]:
            print(f"  FOUND {row['name']}: {row['fault']}: {line}", flush=True)

    def _say(self, name: str, number: int, began: float) -> None:
        print(f"{name}: {number} faults in {time.monotonic() - began:.0f} s", flush=True)

    @property
    def found(self) -> Iterator[dict[str, Any]]:
        """The runs in which something was wrong."""
        return (row for row in self.rows if row["wrong"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is left to do; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=Path(".torture/results.jsonl"), help="where results are kept"
    )
    parser.add_argument("--only", default="", help="commands whose name contains this")
    parser.add_argument("--every", type=int, default=1, help="try only every so-manieth fault")
    parser.add_argument("--hands", type=int, default=6, help="how many runs at a time")
    parser.add_argument("--table", type=Path, help="the document whose table of counts is rewritten")
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    memory = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="torture-", dir=memory) as folder,
        Lab(Path(folder)) as lab,
    ):
        run = Run(lab, options.results, every=options.every, hands=options.hands)
        for name, trial in trials().items():
            if options.only in name:
                run.torture(name, trial)
        if options.only in "crowds":
            run.crowd()
        if options.only in "kills":
            run.kill()
    found = list(run.found)
    print(f"{len(run.rows)} runs, {len(found)} with something wrong")
    if options.table is not None:
        write_table(options.table, run.rows)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
