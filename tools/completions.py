"""Write ``completions/`` from the command tree, or with ``--check`` report what is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from zoomcall.cli.completion import SCRIPTS
from zoomcall.cli.completions.tree import read_tree

FOLDER = Path(__file__).parent.parent / "completions"
NAMES = {"bash": "zoomcall.bash", "zsh": "_zoomcall", "fish": "zoomcall.fish", "powershell": "zoomcall.ps1"}


def main() -> int:
    """Write or compare every script and return the exit code."""
    tree = read_tree()
    is_check = sys.argv[1:] == ["--check"]
    stale = []
    for shell, write in SCRIPTS.items():
        path, script = FOLDER / NAMES[shell], write(tree)
        if is_check and (not path.is_file() or path.read_text(encoding="utf-8") != script):
            stale.append(path.name)
        elif not is_check:
            path.write_text(script, encoding="utf-8")
    if stale:
        print(f"completions: {', '.join(stale)} out of date; run make completions", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
