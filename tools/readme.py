"""Write the generated parts of README.md, or with ``--check`` report which are out of date.

A part is between ``<!-- made: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from zoomcall.cli.schemas.documents import exit_meanings
from zoomcall.domain.exit_status import ExitStatus

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMON = frozenset(
    {
        *(ExitStatus.OK, ExitStatus.USAGE, ExitStatus.NOT_CONFIGURED, ExitStatus.AUTH, ExitStatus.NOT_ENTITLED),
        *(ExitStatus.NO_SESSION, ExitStatus.NO_OP, ExitStatus.PENDING, ExitStatus.NETWORK, ExitStatus.DUPLICATE),
        *(ExitStatus.DECLINED, ExitStatus.NO_ANSWER, ExitStatus.BAD_ADDRESS, ExitStatus.UNREACHABLE),
    }
)
PROGRAM = (sys.executable, "-m", "zoomcall")

_PART = re.compile(r"(?P<start><!-- made: (?P<name>[\w ]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
# What differs from run to run, and what replaces it.
_STABLE = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:41797"),
    (re.compile(r"session [A-Za-z0-9+/]{22}=="), "session sWk0Ar4QTKmXtd2fYHZa8g=="),
    (re.compile(r"meeting \d{10,11}"), "meeting 84098077904"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"), "2026-11-21T10:00:00"),
    (re.compile(r"WEB_[0-9a-f]{32}"), "WEB_5c1f0e6f1d7f4a0e9a54d3c2b1a09f8e"),
    (re.compile(r"\(\w{4}\.\.\.\)"), "(aB3d...)"),
    (re.compile(r"clock-skew: .*"), "clock-skew: the clocks agree"),
    (re.compile(r"in 9 minutes"), "in 10 minutes"),  # a busy machine may need a second
)


def main() -> int:
    """Write or compare the README and return the exit code."""
    text = README.read_text(encoding="utf-8")
    made = _PART.sub(lambda part: part["start"] + PARTS[part["name"]]() + part["end"], text)
    if sys.argv[1:] != ["--check"]:
        README.write_text(made, encoding="utf-8")
        return 0
    stale = [
        old["name"] for old, new in zip(_PART.finditer(text), _PART.finditer(made), strict=True) if old[0] != new[0]
    ]
    if stale:
        print(f"README.md: {', '.join(stale)} out of date; run make readme", file=sys.stderr)
    return bool(stale)


def demo() -> str:
    """Capture the demo."""
    room = (sys.executable, "-m", "zoomcall.emulator.sip.room", "--answer-after", "0.2")
    output = _run(
        *(*PROGRAM, "emulate", "--time-scale", "0.2", "--"), *(*room, "--", "sh", str(ROOT / "tools" / "demo.sh"))
    )
    for pattern, text in _STABLE:
        output = pattern.sub(text, output)
    return f"```console\n{output.strip()}\n```\n"


def diagnose() -> str:
    """Capture the diagnosis of a post in a forum."""
    post = ROOT / "tools" / "post.txt"
    output = _run(*PROGRAM, "diagnose", str(post), exit_code=7)
    text = post.read_text(encoding="utf-8")
    return f"```console\n$ cat post.txt\n{text}\n$ zoomcall diagnose post.txt\n{output}```\n"


def commands() -> str:
    """Capture the list of commands."""
    return f"```console\n$ zoomcall --help\n{_run(*PROGRAM, '--help').strip()}\n```\n"


def exit_codes() -> str:
    """List the exit codes that scripts tell apart most often."""
    rows = (
        (f"{int(status)}", f"`{status.word}`", meaning) for status, meaning in exit_meanings() if status in COMMON
    )
    return _table(("code", "name", "when"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "demo": demo,
    "diagnose": diagnose,
    "commands": commands,
    "exit codes": exit_codes,
}


def _table(headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = (headings, ("---",) * len(headings), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _run(*command: str, exit_code: int = 0) -> str:
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", ""),
        "COLUMNS": "100",
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(command, env=environ, capture_output=True, check=False, text=True, encoding="utf-8")
    if done.returncode != exit_code:
        sys.stderr.write(done.stdout + done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
