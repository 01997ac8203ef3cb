"""Breaks each guard once, in a copy of the program, and says who finds it: ``python -m torture.breaks``."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from torture import crowds
from torture.__main__ import trials
from torture.crowds import Crowd
from torture.faults import NO_FAULT, Fault, Mode, plan
from torture.lab import Lab

ROOT = Path(__file__).parents[2]
_COPIED = ("zoomcall", "tests", "fuzz", "pyproject.toml", "docs")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "corpus", "findings")
_HANDS = 4
_SIZE = 12
_LIMIT_SECONDS = 600
_FOUND = 10
"""How a hunt ends that found something; 1 is a failure of its own."""

Finder = Callable[[Lab], Iterator[str]]
"""Yields what is wrong, as far as it looks."""


@dataclass(frozen=True, slots=True)
class Break:
    """A guard, and how it is broken.

    Attributes:
        guard: What is given up.
        path: The module below ``zoomcall``.
        old: The code that guards; it is in the module once.
        new: The code without the guard.
        finder: What is to find it: a hunt of the harness, or the test of that name.
    """

    guard: str
    path: str
    old: str
    new: str
    finder: Finder | str

    def apply(self, root: Path) -> None:
        """Break the guard in a copy."""
        path = root / "zoomcall" / self.path
        path.write_text(self.broken(path.read_text()))

    def broken(self, text: str) -> str:
        """Return a module's text without the guard."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.path} has {text.count(self.old)} places for {self.guard!r}")
        return text.replace(self.old, self.new)


def under(name: str, *, mode: Mode | None = None, kind: str | None = None, most: int = 60) -> Finder:
    """Return a hunt that puts a command through some of its faults, evenly chosen."""

    def hunt(lab: Lab) -> Iterator[str]:
        trial = trials()[name]
        counts, _, wrong = trial(lab, NO_FAULT)
        yield from wrong
        faults = [each for each in plan(counts) if mode in {None, each.mode} and kind in {None, each.kind}]
        chosen = faults[:: max(1, len(faults) // most)]

        def try_on(fault: Fault) -> list[str]:
            return [f"{name}: {fault.name}: {line}" for line in trial(lab, fault)[2]]

        with ThreadPoolExecutor(_HANDS) as pool:
            for found in pool.map(try_on, chosen):
                yield from found

    return hunt


def crowd(meet: Crowd, fault: Fault = crowds.SLOW_DISK, *, has_user: bool = False) -> Finder:
    """Return a hunt by a crowd; three times, as it takes luck."""

    def hunt(lab: Lab) -> Iterator[str]:
        for _ in range(3):
            yield from crowds.meet(lab, _SIZE, "", meet, fault, has_user=has_user)[2]

    return hunt


BREAKS = (
    Break(
        "a call is looked for and claimed in one transaction",
        "adapters/journal.py",
        "        with self._file.transaction():\n            self._bring_back(call.target, moment)\n"
        "            found = None if is_forced else self._duplicate(call, present, moment)\n",
        "        found = None if is_forced else self._duplicate(call, present, moment)\n"
        "        with self._file.transaction():\n            self._bring_back(call.target, moment)\n",
        crowd(crowds.ring, crowds.SLOW_LOCKS),
    ),
    Break(
        "the disk has a claim before the room is rung",
        "adapters/journal.py",
        "            self._file.flush()\n        except NotConfigured:\n            self._take_back",
        "            pass\n        except NotConfigured:\n            self._take_back",
        "tests/adapters/test_journal.py::"
        "test_the_disk_has_a_call_before_it_is_made_and_nobody_is_kept_out_meanwhile",
    ),
    Break(
        "a request that may have arrived is not sent again",
        "adapters/zoom_rest.py",
        'is_repeatable=method == "GET"',
        "is_repeatable=True",
        under("invite --no-wait", kind="receive"),
    ),
    Break(
        "a call counts as sent from before its request on",
        "usecases/dialing/call.py",
        "        report.sent = Sent.UNKNOWN\n        first_byte",
        "        report.sent = Sent.NO\n        first_byte",
        under("invite --no-wait", kind="receive"),
    ),
    Break(
        "whatever fails after the request is told as pending",
        "usecases/dialing/call.py",
        "            self._break(error)\n        return self.report",
        "            raise\n        return self.report",
        under("invite --no-wait", kind="memory"),
    ),
    Break(
        "a resumption does not ring a room that may be ringing",
        "cli/invite/many.py",
        "if call.state.is_open and self._flags.is_unknown_retried:",
        "if call.state.is_open:",
        under("invite batch --resume", kind="rename"),
    ),
    Break(
        "one process at a time resumes a run",
        "cli/wiring.py",
        '            self._open.enter_context(locked(path.with_name(path.name + ".lock"), _RUN_LOCK_LIMIT))\n',
        "            pass\n",
        crowd(crowds.resume),
    ),
    Break(
        "the next refresh token is stored before its access token is used",
        "usecases/renewing.py",
        "            _store(keeper, fresh.as_item(app.client_id))\n",
        "            pass\n",
        under("whoami (renewal)", kind="rename"),
    ),
    Break(
        "one process at a time renews a sign-in",
        "adapters/sign_in_keeper.py",
        "            with locked(path, _LOCK_LIMIT):\n                yield\n",
        "            path.parent.mkdir(exist_ok=True)\n            yield\n",
        crowd(crowds.renew, has_user=True),
    ),
    Break(
        "a journal that cannot be used stops the call",
        "cli/wiring.py",
        "return self._journal_in(self._state_dir(), is_hurried)\n        except FolderUnusable as error:",
        "return self._journal_in(self._state_dir(), is_hurried)\n        except Exception as error:",
        under("invite --no-wait", kind="lock"),
    ),
    Break(
        "waits follow a clock that nobody can set",
        "adapters/clock.py",
        "return time.clock_gettime(time.CLOCK_BOOTTIME)",
        "return time.time()",
        under("invite --wait", mode=Mode.CLOCK),
    ),
    Break(
        "logins to one profile take turns",
        "adapters/config_writer.py",
        'stack.enter_context(locked(self.path.with_name(self.path.name + ".lock"), self._lock_limit))',
        "pass",
        crowd(crowds.log_in),
    ),
    Break(
        "a secret is used with its own key alone",
        "domain/profile.py",
        "return self.secret_check is None or hmac.compare_digest(",
        "return True or hmac.compare_digest(",
        under("auth login", mode=Mode.KILL),
    ),
    Break(
        "a login that fails is undone",
        "usecases/signing_in.py",
        "left = [change for change in changes if not _is_put_back(store, change.account, change.previous)]",
        "left: list[_Change] = []",
        under("auth login", kind="rename"),
    ),
    Break(
        "a secret's file is its owner's alone from the first byte on",
        "own_files.py",
        "def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:",
        "def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:",
        under("auth login", mode=Mode.KILL),
    ),
    Break(
        "a file is replaced whole",
        "own_files.py",
        "        _when_free(lambda: fresh.replace(path))\n",
        "        path.write_bytes(data)\n        fresh.unlink()\n",
        under("room edit", mode=Mode.KILL),
    ),
    Break(
        "what a kill left is swept away",
        "own_files.py",
        "if temporary.fullmatch(path.name):",
        "if not path.name:",
        under("room add", mode=Mode.KILL),
    ),
    Break(
        "the program's own files are no links or devices",
        "own_files.py",
        "    if not stat.S_ISREG(status.st_mode):",
        "    if status is None:",
        "tests/test_own_files.py::test_whatever_is_no_regular_file_is_refused_and_stays",
    ),
    Break(
        "edits of the address book take turns",
        "adapters/room_book_writer.py",
        '            with locked(self.path.with_name(self.path.name + ".lock"), self._lock_limit):\n',
        "            self.path.parent.mkdir(parents=True, exist_ok=True)\n            if self._lock_limit:\n",
        crowd(crowds.edit_book),
    ),
    Break(
        "the disk has an event before it is acknowledged",
        "adapters/event_file.py",
        "            sync(self._file.fileno())\n            self._require(start, data)\n",
        "            self._require(start, data)\n",
        "tests/adapters/test_event_file.py::test_events_are_synced_before_append_returns",
    ),
    Break(
        "an event whose write fails is not acknowledged",
        "adapters/event_file.py",
        "            self._undo(start, data)\n            raise\n",
        "            self._undo(start, data)\n",
        under("webhook serve", kind="write", most=30),
    ),
    Break(
        "an event that is delivered again is written once",
        "domain/repeats.py",
        "    def has(self, delivery: Delivery) -> bool:\n",
        "    def has(self, delivery: Delivery) -> bool:\n        return False\n\n"
        "    def _had(self, delivery: Delivery) -> bool:\n",
        under("webhook serve", kind="send", most=30),
    ),
    Break(
        "an answer is read up to a limit",
        "adapters/answer_body.py",
        "if len(self._data) > MOST_BYTES or on_the_wire > _MOST_ON_THE_WIRE:",
        "if len(self._data) < 0:",
        "tests/adapters/test_http.py::test_what_is_unpacked_takes_no_more_memory_than_the_limit",
    ),
    Break(
        "where no file can be locked nobody waits for a lock",
        "adapters/journal_file.py",
        "self._is_lockless = failure is not None\n        if failure is not None:",
        "self._is_lockless = False\n        if self._is_lockless and failure is not None:",
        "tests/adapters/test_journal.py::test_where_no_file_can_be_locked_nobody_waits_until_one_can",
    ),
)


def find(broken: Break) -> str | None:
    """Break a guard in a copy of the program; return who found it, and how, or None."""
    with tempfile.TemporaryDirectory(prefix="torture-break-") as folder:
        root = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=_NOT_COPIED)
            else:
                shutil.copy(source, root / name)
        broken.apply(root)
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (root, root / "tests")))}
        if isinstance(broken.finder, str):
            command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", broken.finder]
        else:
            command = [sys.executable, "-m", "torture.breaks", "--hunt", str(BREAKS.index(broken))]
        try:
            done = subprocess.run(
                command, cwd=root, env=environ, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return "it never ended"
        if isinstance(broken.finder, str):
            return broken.finder if done.returncode == 1 else None
        if done.returncode not in {0, _FOUND}:
            raise RuntimeError(f"the hunt failed: {done.stderr}")
        return done.stdout.strip() if done.returncode == _FOUND else None


def _hunt(broken: Break) -> int:
    """Hunt in the copy that this process runs in; print what was found first."""
    assert not isinstance(broken.finder, str)
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, Lab(Path(folder)) as lab:
        for line in broken.finder(lab):
            print(line.splitlines()[0][:200])
            return _FOUND
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Break each guard, and return 1 if that was not found for one of them."""
    parser = argparse.ArgumentParser(prog="torture.breaks", description=__doc__)
    parser.add_argument("--only", default="", help="guards whose words contain this")
    parser.add_argument("--hunt", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.hunt is not None:
        return _hunt(BREAKS[options.hunt])
    missed = 0
    for broken in BREAKS:
        if options.only in broken.guard:
            began = time.monotonic()
            found = find(broken)
            missed += found is None
            print(f"{broken.guard}: {found or 'NOT FOUND'} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{missed} broken guards were not found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
