"""docs/guide.md works as printed, for a new user with an empty home."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_GUIDE = (Path(__file__).parent.parent / "docs/guide.md").read_text(encoding="utf-8")
_FENCES = re.findall(r"^```(\w*)\n(.*?)^```$", _GUIDE, re.MULTILINE | re.DOTALL)
_BLOCKS = [text for _, text in _FENCES]
_PATIENCE_SECONDS = 60.0

_PRESS_ALLOW = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], data=b'').read()"
"""All that a browser does for a user who presses the only button of the sign-in page."""


def test_every_block_is_one_that_is_run() -> None:
    assert {language for language, _ in _FENCES} == {"sh"}
    assert _BLOCKS[0] == "zoomcall emulate --env-file zoom.env --room\n"


def test_the_guide_works_as_printed(tmp_path: Path) -> None:
    script = "".join(_BLOCKS[1:])
    with _local_zoom(tmp_path):
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script],
            cwd=tmp_path,
            env=_environ(tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    # an exit code that the guide promises is the one that is seen, and no other command fails
    promised = re.findall(r'^ +echo "exit \$\?" +# (\d+): ', script, re.MULTILINE)
    assert len(promised) == script.count("||")
    assert re.findall(r"^exit (\d+)$", done.stdout, re.MULTILINE) == promised
    for name in ("run.html", "run.csv", "doctor.xml", "call.json"):
        assert (tmp_path / name).stat().st_size, name
    assert '"joined"' in (tmp_path / "call.json").read_text(encoding="utf-8")
    assert list((tmp_path / "home").rglob("*")) == []


@contextmanager
def _local_zoom(folder: Path) -> Iterator[None]:
    """Run the guide's first command in ``folder``, ten times faster than real time."""
    with subprocess.Popen(
        [*shlex.split(_BLOCKS[0]), "--time-scale", "0.1"],
        cwd=folder,
        env=_environ(folder),
        executable=Path(sys.executable).with_name("zoomcall"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not (folder / "zoom.env").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail("the local Zoom did not start")
                time.sleep(0.02)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _environ(folder: Path) -> dict[str, str]:
    """Return a new user's environment, with a home that is empty and a browser for the sign-in."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "BROWSER": f"{sys.executable} -c {shlex.quote(_PRESS_ALLOW)} %s",
    }
