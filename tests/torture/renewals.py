"""Kills processes that renew a sign-in at random moments: one renewal a period, and nobody is signed out untold."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from torture.lab import Lab, Outcome, Place
from torture.scenario import filled
from torture.sign_ins import LOGIN_LINE, WHOAMI, whoami, with_stale_token
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.secret import Secret

_TOGETHER = 3
"""How many processes need the token at once; one of them is killed."""
_ENDS = {0, 4, 130, 143, -9, -15}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EVERY_NTH_IS_GENTLE = 5
_LATEST = 2.0
"""How much longer than a run usually takes a kill may wait."""


@dataclass
class Renewals:
    """What was asked for, and what was found.

    Attributes:
        kills: How many processes are killed with SIGKILL.
        interrupts: How many are ended by Ctrl-C or SIGTERM.
        hits: How many of all these had not ended before.
        renewals: How many refresh tokens were exchanged, in as many periods.
        lost: How often a kill fell between Zoom's answer and the store, so that exit 4 says to sign in again.
        wrong: What must not be.
    """

    kills: int
    interrupts: int = 0
    hits: int = 0
    periods: int = 0
    renewals: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills and {self.interrupts} interrupts while {_TOGETHER} processes renew one sign-in:"
            f" {self.hits} in time, {self.renewals} renewals in {self.periods} periods, {self.lost} answers lost"
            " with their process and told"
        )


def hunt(lab: Lab, *, kills: int, seed: int) -> Renewals:
    """Let processes renew a sign-in, again and again, and kill one of them at a random moment each time."""
    chance = random.Random(seed)  # noqa: S311 - it has to be the same again
    found = Renewals(kills)
    place = lab.place(has_user=True)
    with_stale_token(place)
    usual = whoami(place).seconds
    gentle = [_SIGNALS[number % len(_SIGNALS)] for number in range(kills // _EVERY_NTH_IS_GENTLE)]
    found.interrupts = len(gentle)
    for number in [signal.SIGKILL] * kills + gentle:
        _age(place)
        _one_period(place, found, number, chance.uniform(0.0, usual * _LATEST))
    found.wrong += place.users.early
    place.remove()
    return found


def _age(place: Place) -> None:
    """Let the stored access token be nearly over."""
    files = SecretFiles(place.config)
    item = files.read(place.profile)
    assert item is not None
    files.write(place.profile, Secret(json.dumps(json.loads(item.reveal()) | {"expires_at": int(time.time()) + 5})))


def _one_period(place: Place, found: Renewals, number: int, delay: float) -> None:
    before = place.users.renewals
    place.pid_file.unlink(missing_ok=True)
    with _ended_by(place.pid_file, number, delay):
        outcomes = place.crowd([filled(WHOAMI, place)] * _TOGETHER, place.bases)
    found.periods += 1
    found.hits += any(each.code not in {0, 4} for each in outcomes)
    again = whoami(place)
    what = f"{signal.Signals(number).name} after {delay * 1000:.0f} ms"
    found.wrong += [f"{what}: {line}" for line in _wrong_of((*outcomes, again), number)]
    renewals = place.users.renewals - before
    found.renewals += renewals
    if renewals != 1:
        found.wrong.append(f"{what}: {renewals} renewals in a period")
    if again.code != 0:
        found.lost += 1
        with_stale_token(place)


def _wrong_of(outcomes: Sequence[Outcome], number: int) -> Iterator[str]:
    for outcome in outcomes:
        told = outcome.stdout + outcome.stderr
        if outcome.code not in _ENDS:
            yield f"ended in {outcome.code}: {told}"
        if outcome.code == 4 and LOGIN_LINE not in told:
            yield f"exit 4 without the line that signs in: {told}"
        if outcome.code == 4 and number in _SIGNALS:
            yield "signed out by an interrupt"
        if outcome.is_late:
            yield "did not end within its limit"


@contextmanager
def _ended_by(pid_file: Path, number: int, delay: float) -> Iterator[None]:
    """End the newest process with a signal, so long after it began, unless it has ended."""
    is_over = threading.Event()

    def end() -> None:
        while not (pid_file.exists() and pid_file.read_text()):
            if is_over.wait(0.001):
                return
        pid = int(pid_file.read_text())
        if not is_over.wait(delay):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    thread = threading.Thread(target=end, name="killer")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt once; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="torture.renewals", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="renewals-") as folder, Lab(Path(folder)) as lab:
        found = hunt(lab, kills=options.kills, seed=options.seed)
    print(found)
    for line, count in Counter(found.wrong).most_common(50):
        print(f"  FOUND: {line} ({count})")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
