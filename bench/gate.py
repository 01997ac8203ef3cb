"""Hold every start to its budget: instructions, modules, and modules that it must not import (`make check`).

Instructions hardly vary between two runs, where times do by a third. Valgrind counts them, with the tool that takes
half of Callgrind's time and counts the same to 0.3 %; they are compared as ratios to ``python -c 'import typer'``
in the same environment. Without Valgrind only modules are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starts import PASS, SCRIPT, STARTS, TYPER, Place, Site, Start, site

BUDGETS = Path(__file__).with_name("budgets.json")
MARGIN = 1.03
"""How far above its budget a start may be; two runs of the same code differ by less than 0.005."""

_LISTING = """\
import atexit, sys
def write():
    sys.stderr.flush()
    open(sys.argv[0], "w").write(chr(10).join(sys.modules))
atexit.register(write)
sys.argv[0] = sys.argv.pop(1)
"""
_COUNTED = re.compile(r"Total instructions:\s*(\d+)")


def main() -> None:
    """Measure, print a table, and exit with 1 if a start is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="the interpreter of an environment with runtime dependencies alone")
    parser.add_argument("--write", action="store_true", help="make today's figures the budgets")
    parser.add_argument("--only", default="", help="measure starts whose name has this in it")
    arguments = parser.parse_args()
    with site(arguments.python) as here:
        starts = [start for start in STARTS if start.place in here.environs and arguments.only in start.name]
        figures = {start.name: {"modules": _modules(here, start)} for start in starts}
        faults = [fault for start in starts for fault in _forbidden(start, figures[start.name]["modules"])]
        base = _count_instructions(here, starts, figures)
    version = _version(arguments.python)
    counted = {
        name: {"modules": len(figure["modules"])} | ({"ratio": figure["ratio"]} if "ratio" in figure else {})
        for name, figure in figures.items()
    }
    budgets: dict[str, Any] = json.loads(BUDGETS.read_text(encoding="utf-8")) if BUDGETS.exists() else {}
    if arguments.write:
        budgets[version] = budgets.get(version, {}) | counted
        BUDGETS.write_text(json.dumps(budgets, indent=2) + "\n", encoding="utf-8")
    faults += _print(starts, counted, budgets.get(version, {}), base)
    if version not in budgets:
        print(f"no budgets for Python {version}: only forbidden modules were checked")
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(bool(faults))


def _version(python: str) -> str:
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", asked], capture_output=True, check=True, text=True).stdout.strip()


def _modules(here: Site, start: Start) -> list[str]:
    with tempfile.NamedTemporaryFile() as listing:
        line = (here.python, "-c", _LISTING + SCRIPT, listing.name, *start.arguments)
        here.run(start, line)
        return sorted(Path(listing.name).read_text(encoding="utf-8").split())


def _forbidden(start: Start, modules: list[str]) -> list[str]:
    found = [name for name in modules if any(f"{name}.".startswith(f"{one}.") for one in start.forbidden)]
    return [f"{start.name} must not import {', '.join(found)}"] if found else []


def _count_instructions(here: Site, starts: list[Start], figures: dict[str, dict[str, Any]]) -> int | None:
    """Add ratios to the figures and return what ``import typer`` costs; None without Valgrind."""
    if shutil.which("valgrind") is None:
        print("no valgrind here: instructions are not counted")
        return None
    nothing = Start(name="import typer", arguments=(), bar=1, forbidden=())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        base = pool.submit(_instructions, here, nothing, (here.python, *TYPER))
        bare = pool.submit(_instructions, here, nothing, (here.python, *PASS))
        counts = [(start, pool.submit(_instructions, here, start, here.line(start))) for start in starts]
        for start, count in counts:
            figures[start.name]["ratio"] = round(count.result() / base.result(), 3)
        print(f"python -c pass: {bare.result() / 1e6:.1f} million instructions")
        return base.result()


def _instructions(here: Site, start: Start, line: tuple[str, ...]) -> int:
    with tempfile.NamedTemporaryFile() as log:
        quiet = ("--instr-count-only=yes", "--bb-out-file=/dev/null", f"--log-file={log.name}")
        here.run(start, ("valgrind", "--tool=exp-bbv", *quiet, *line), ZOOMCALL_KEYRING_TIMEOUT="60")
        found = _COUNTED.search(Path(log.name).read_text(encoding="utf-8", errors="replace"))
    if found is None:
        sys.exit("valgrind printed no count")
    return int(found[1])


def _print(
    starts: list[Start], counted: dict[str, dict[str, Any]], budgets: dict[str, dict[str, Any]], base: int | None
) -> list[str]:
    """Print the table, and return what is over its budget."""
    faults = []
    if base is not None:
        print(f"python -c 'import typer': {base / 1e6:.1f} million instructions, ratio 1")
    print(f"{'start':28}{'ratio':>8}{'budget':>8}{'bar':>6}{'modules':>9}{'budget':>8}")
    for start in starts:
        figure, budget = counted[start.name], budgets.get(start.name, {})
        ratio, modules = figure.get("ratio"), figure["modules"]
        shown = "-" if ratio is None else f"{ratio:.3f}"
        print(
            f"{start.name:28}{shown:>8}{budget.get('ratio', '-'):>8}{start.bar:>6}"
            f"{modules:>9}{budget.get('modules', '-'):>8}"
        )
        if ratio is not None and ratio > budget.get("ratio", ratio) * MARGIN:
            faults.append(f"{start.name} costs {ratio} times `import typer`, over its budget of {budget['ratio']}")
        if modules > budget.get("modules", modules) * MARGIN:
            faults.append(f"{start.name} imports {modules} modules, over its budget of {budget['modules']}")
    if Place.KEYRING not in {start.place for start in starts}:
        print("no keyring daemon here: the start with a keyring is not measured")
    return faults


if __name__ == "__main__":
    main()
