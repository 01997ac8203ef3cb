"""Writes what a torture run counted into the tables of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"
PLAN = "plan"
"""The fault of a row that says how many faults there are for a command, in ``planned``."""
_KINDS = ("once", "forever", "short", "kill", "clock")
_OTHERS = {"crowds", "kills"}


def write_table(document: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace the tables between the two marks of a document."""
    text = document.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    rows = list(rows)
    document.write_text(f"{before}{BEGIN}\n{table(rows)}\n{others(rows)}{END}{after}")


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a Markdown table: how many faults of each sort a command met, of how many, and how many did harm."""
    counts: dict[str, Counter[str]] = {}
    planned: Counter[str] = Counter()
    for row in rows:
        if row["name"] in _OTHERS:
            continue
        if row["fault"] == PLAN:
            planned[row["name"]] = row["planned"]
            continue
        counter = counts.setdefault(row["name"], Counter())
        counter[row["fault"].split()[0]] += 1
        counter["wrong"] += bool(row["wrong"])
    lines = ["| command | fails once | fails for ever | short write | killed | clock steps | of all | found |\n"]
    lines.append("| --- | --: | --: | --: | --: | --: | --: | --: |\n")
    total: Counter[str] = Counter()
    for name, counter in counts.items():
        lines.append(_line(f"`{name}`", counter, planned[name]))
        total += counter
    lines.append(_line("together", total, sum(planned[name] for name in counts)))
    return "".join(lines)


def _line(title: str, counter: Counter[str], planned: int) -> str:
    cells = " | ".join(str(counter[kind]) for kind in _KINDS)
    tried = sum(counter[kind] for kind in _KINDS)
    share = f"{min(100, 100 * tried // planned)} %" if planned else ""
    return f"| {title} | {cells} | {share} | {counter['wrong']} |\n"


def others(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a Markdown table of the crowds and the killed batches, the newest of each."""
    newest = {row["fault"]: row for row in rows if row["name"] in _OTHERS}
    lines = ["| together or killed | processes by exit code | found |\n| --- | --- | --: |\n"] if newest else []
    lines += (f"| {name} | {_codes(row['code'])} | {len(row['wrong'])} |\n" for name, row in newest.items())
    return "".join(lines)


def _codes(code: Mapping[str, int] | int) -> str:
    return ", ".join(_words(code)) if isinstance(code, Mapping) else ""


def _words(codes: Mapping[str, int]) -> Iterator[str]:
    for code, count in sorted(codes.items(), key=lambda pair: int(pair[0])):
        yield f"{count} x {code}"
