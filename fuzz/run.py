"""Feed the readers with coverage-guided input (`make fuzz`).

Each reader runs in a process of its own, as libFuzzer ends its process; inputs that reached new code are kept in
``fuzz/corpus/READER``, so that the next run goes on from there, and what broke a reader in ``fuzz/findings``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FINDINGS = HERE / "findings"
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1", "-verbosity=0")
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def main() -> int:
    """Run every reader, or those that are named, and print how many inputs each has read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all readers together")
    parser.add_argument("readers", nargs="*", help="names from readers.py (default: all)")
    arguments = parser.parse_args()
    from readers import READERS

    chosen = [reader for reader in READERS if not arguments.readers or reader.name in arguments.readers]
    if len(chosen) < len(arguments.readers):
        parser.error(f"the readers are {', '.join(reader.name for reader in READERS)}")
    FINDINGS.mkdir(exist_ok=True)
    share = max(1, arguments.seconds // len(chosen))
    total, broken = 0, []
    for reader in chosen:
        folder = CORPUS / reader.name
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(reader.seeds):
            (folder / f"seed-{number}").write_bytes(seed)
        begun = time.monotonic()
        result = subprocess.run(
            [
                *(sys.executable, str(HERE / "target.py"), reader.name, str(folder)),
                *(f"-max_total_time={share}", f"-artifact_prefix={FINDINGS}/{reader.name}-", *LIMITS),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = result.stdout.decode("utf-8", "replace")
        runs = sum(map(int, _RUNS.findall(said)))
        total += runs
        kept = sum(1 for _ in folder.iterdir())
        seconds = time.monotonic() - begun
        print(f"{reader.name:20} {runs:>9} inputs  {kept:>5} kept  {seconds:>5.0f} s", flush=True)
        if result.returncode != 0:
            broken.append(reader.name)
            print(said[-4000:], flush=True)
    print(f"{'all':20} {total:>9} inputs, {len(broken)} readers broken", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
