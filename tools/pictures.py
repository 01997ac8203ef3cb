"""Draw docs/pictures from what a wide terminal shows, or with ``--check`` report which are out of date."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
WIDTH = 100
PROGRAM = (sys.executable, "-m", "zoomcall")
SCENES: Mapping[str, str] = {
    "ring": """
zoomcall invite sip answer@room.example.com --session-name 'Morning stand-up' -q
zoomcall invite sip decline@room.example.com --session-name 'Morning stand-up' -q
zoomcall call list
""",
    "refused": """
ZOOMCALL_API_SECRET=not-the-secret zoomcall invite sip answer@room.example.com
""",
    "doctor": """
zoomcall doctor --only credential,clock,api,token,account,crc,session,webhook
""",
}
"""The commands of each picture, which run against one local Zoom."""

# What differs from run to run, and what replaces it; of the same length, so that lines fold alike.
_STABLE = (
    (re.compile(r"[A-Za-z0-9+/]{22}=="), "sWk0Ar4QTKmXtd2fYHZa8g=="),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"), "2026-11-21T10:00:00"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}\b"), "10:00:00"),
    (re.compile(r"WEB_[0-9a-f]{32}"), "WEB_5c1f0e6f1d7f4a0e9a54d3c2b1a09f8e"),
    (re.compile(r"\b\w{4}\.\.\."), "aB3d..."),
    (re.compile(r"in 10 minutes"), "in 9 minutes"),
    (re.compile(r"\d\.\d\d s\b"), "0.01 s"),
    (re.compile(r"(clock-skew(?: |\x1b\[[\d;]*m)*)[^\x1b\r\n]+"), r"\1the clocks agree"),
)
_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
_PALETTES = {
    "light": TerminalTheme(
        (255, 255, 255),
        (36, 41, 47),
        [
            *((36, 41, 47), (180, 35, 24), (17, 99, 41), (121, 79, 0)),
            *((9, 80, 174), (130, 80, 223), (10, 103, 122), (87, 96, 106)),
        ],
        [
            *((87, 96, 106), (180, 35, 24), (17, 99, 41), (121, 79, 0)),
            *((9, 80, 174), (130, 80, 223), (10, 103, 122), (87, 96, 106)),
        ],
    ),
    "dark": TerminalTheme(
        (13, 17, 23),
        (230, 237, 243),
        [
            *((230, 237, 243), (255, 123, 114), (86, 211, 100), (227, 179, 65)),
            *((121, 192, 255), (210, 168, 255), (86, 211, 219), (160, 168, 177)),
        ],
        [
            *((160, 168, 177), (255, 123, 114), (86, 211, 100), (227, 179, 65)),
            *((121, 192, 255), (210, 168, 255), (86, 211, 219), (160, 168, 177)),
        ],
    ),
}


def main() -> int:
    """Write or compare the pictures and return the exit code."""
    made = {f"{name}-{look}.svg": svg for name in SCENES for look, svg in _pictures(name).items()}
    if sys.argv[1:] == ["--check"]:
        stale = [name for name, svg in made.items() if not _is_same(FOLDER / name, svg)]
        if stale:
            print(f"docs/pictures: {', '.join(stale)} out of date; run make readme", file=sys.stderr)
        return bool(stale)
    FOLDER.mkdir(exist_ok=True)
    for name, svg in made.items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
    return 0


def _is_same(path: Path, svg: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == svg


def _pictures(name: str) -> dict[str, str]:
    """Return one scene in each palette."""
    screen = _screen(SCENES[name].strip().splitlines())
    pictures = {}
    for look, palette in _PALETTES.items():
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
        console.print(Text.from_ansi(screen), end="")
        pictures[look] = console.export_svg(
            title="zoomcall",
            theme=palette,
            code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code", "ui-monospace, Menlo, Consolas"),
            unique_id=f"zoomcall-{name}-{look}",
        )
    return pictures


def _screen(lines: list[str]) -> str:
    """Run command lines in a terminal, against one local Zoom, and return what it shows."""
    script = "\n".join(f"printf '%s\\n' {_quoted(f'$ {line}')}; {line}; echo" for line in lines)
    shown = _in_terminal(*PROGRAM, "emulate", "-q", "--time-scale", "0.2", "--", "sh", "-c", script)
    for pattern, text in _STABLE:
        shown = pattern.sub(text, shown)
    return shown.strip()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _in_terminal(*command: str) -> str:
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", ""),
        "COLUMNS": str(WIDTH),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
    }
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True):
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the program has closed its end
        return b""


if __name__ == "__main__":
    sys.exit(main())
