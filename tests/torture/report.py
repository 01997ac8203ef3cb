"""Writes what a torture run counted into the table of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"
_KINDS = ("once", "forever", "short", "kill", "clock")


def write_table(document: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace the table between the two marks of a document."""
    text = document.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    document.write_text(f"{before}{BEGIN}\n{table(rows)}{END}{after}")


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a Markdown table: how many faults of each sort a command met, and how many did harm."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counter = counts.setdefault(row["name"], Counter())
        counter[row["fault"].split()[0]] += 1
        counter["wrong"] += bool(row["wrong"])
    lines = ["| command | fails once | fails for ever | short write | killed | clock steps | found |\n"]
    lines.append("| --- | --: | --: | --: | --: | --: | --: |\n")
    for name, counter in counts.items():
        if name not in {"crowds", "kills"}:
            cells = " | ".join(str(counter[kind]) for kind in _KINDS)
            lines.append(f"| `{name}` | {cells} | {counter['wrong']} |\n")
    return "".join(lines)
