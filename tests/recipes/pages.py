"""The files inside the pages of docs/recipes, and the tools that read them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from zoomcall.emulator.running import Emulator

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/recipes"
_TOOLS = ROOT / ".venv-recipes/bin"
_FILE = re.compile(r"^`([^`\n]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ROOM = "board@example.com"
"""The room that the pages ring."""

MEETING = "84098077904"
"""The meeting that the pages ring it into."""


@cache
def files(page: str) -> dict[str, str]:
    """Return the files of a page by their names; each is announced by a line that begins with its name."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    found = {Path(name).name: content for name, content in _FILE.findall(text)}
    assert found, page
    return found


def put(folder: Path, page: str) -> Path:
    """Write the files of a page into a folder, and return it."""
    for name, content in files(page).items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def checked(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of the tools of .venv-recipes, or of the system."""
    if not _TOOLS.exists():
        pytest.skip("make .venv-recipes/.ready installs what reads the recipes")
    environ = {"PATH": f"{_TOOLS}{os.pathsep}{os.environ['PATH']}", "HOME": str(cwd or ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, cwd=cwd or ROOT, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return all that a process said."""
    return done.stdout + done.stderr


def settings(zoom: Emulator) -> dict[str, str]:
    """Return what the pages expect to be set, apart from the secret, with the local Zoom in Zoom's place."""
    ready = zoom.ready
    return {
        "ZOOMCALL_API_BASE": ready["api_base"],
        "ZOOMCALL_OAUTH_BASE": ready["oauth_base"],
        "ZOOMCALL_MEETING": ready["meeting_id"],
        "ZOOMCALL_ACCOUNT_ID": ready["account_id"],
        "ZOOMCALL_CLIENT_ID": ready["client_id"],
        "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": ready["websocket_subscription_id"],
    }


def machine(home: Path) -> dict[str, str]:
    """Return the environment of a machine with this program on its PATH, and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def shell(script: str, environ: dict[str, str], folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the system of the recipe does; ``command`` is its shell, by default ``/bin/sh -e -c``."""
    return subprocess.run(
        [*(command or ("/bin/sh", "-e", "-c")), script],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
