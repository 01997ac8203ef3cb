"""Print what a start costs: its modules, and its time as a ratio to ``python -c pass`` in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from zoomcall.emulator.running import Emulator

ROUNDS = 20
PASS = (sys.executable, "-c", "pass")
PROGRAM = (sys.executable, "-m", "zoomcall")
COUNT = "import atexit, sys; atexit.register(lambda: print(len(sys.modules), file=sys.stderr))"
COUNTED = f"{COUNT}; sys.argv[0] = 'zoomcall'; from zoomcall.__main__ import main; main()"
COMMANDS = (
    ("--version",),
    ("--help",),
    ("token", "mint"),
    ("token", "inspect"),
    ("explain", "124"),
    ("invite", "sip", "room@example.com", "--dry-run"),
    ("invite", "sip", "answer@room.example.com", "--no-wait", "--force"),
)


def main() -> None:
    """Measure in rounds, so that a slow moment of the machine affects every command alike."""
    with Emulator(time_scale=0.01) as emulator, tempfile.TemporaryDirectory() as folder:
        environ = _environ(emulator, Path(folder))
        token = subprocess.run(
            [*PROGRAM, "token", "mint", "--for", "session"], env=environ, capture_output=True, check=True
        ).stdout
        lines = {" ".join(command): (*PROGRAM, *command) for command in COMMANDS}
        fastest = dict.fromkeys(["python -c pass", *lines], float("inf"))
        for _ in range(ROUNDS):
            for name, line in {"python -c pass": PASS, **lines}.items():
                fastest[name] = min(fastest[name], _seconds(line, environ, token))
        base = fastest["python -c pass"]
        print(f"{'command':58} {'ms':>6} {'ratio':>6} {'modules':>8}")
        for name, seconds in fastest.items():
            counted = (sys.executable, "-c", COUNTED if name in lines else COUNT, *lines.get(name, PASS)[3:])
            print(f"{name:58} {seconds * 1000:6.0f} {seconds / base:6.1f} {_modules(counted, environ, token):8}")


def _environ(emulator: Emulator, folder: Path) -> dict[str, str]:
    ready = emulator.ready
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ZOOMCALL_CONFIG_DIR": str(folder / "config"),
        "ZOOMCALL_STATE_DIR": str(folder / "state"),
        "ZOOMCALL_API_BASE": ready["api_base"],
        "ZOOMCALL_API_KEY": ready["api_key"],
        "ZOOMCALL_API_SECRET": ready["api_secret"],
        "ZOOMCALL_SESSION": ready["session_id"],
    }


def _seconds(line: tuple[str, ...], environ: dict[str, str], stdin: bytes) -> float:
    start = time.perf_counter()
    subprocess.run(line, env=environ, input=stdin, capture_output=True, check=True)
    return time.perf_counter() - start


def _modules(line: tuple[str, ...], environ: dict[str, str], stdin: bytes) -> int:
    done = subprocess.run(line, env=environ, input=stdin, capture_output=True, check=True, text=False)
    return int(done.stderr.split()[-1])


if __name__ == "__main__":
    main()
