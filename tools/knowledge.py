"""Write the TOML files of zoomcall/knowledge as JSON, which is read fast; ``--check`` says what is out of date."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

from zoomcall.knowledge.texts import checksum

KNOWLEDGE = Path(__file__).parent.parent / "zoomcall" / "knowledge"
PARSED = KNOWLEDGE / "parsed"


def main() -> int:
    """Write or compare the files and return the exit code."""
    wanted = {PARSED / f"{path.name}.json": _parsed(path) for path in sorted(KNOWLEDGE.glob("*.toml"))}
    if sys.argv[1:] == ["--check"]:
        stale = [
            path.name for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text
        ]
        stale += [path.name for path in PARSED.iterdir() if path not in wanted]
        if stale:
            print(f"zoomcall/knowledge/parsed: {', '.join(stale)} out of date; run make knowledge", file=sys.stderr)
        return bool(stale)
    PARSED.mkdir(exist_ok=True)
    for path in set(PARSED.iterdir()) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _parsed(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    document = {"of": checksum(text), **tomllib.loads(text)}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    sys.exit(main())
