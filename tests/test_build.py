"""What is published can be built again, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def build(folder: Path, *, umask: int, epoch: int) -> dict[str, bytes]:
    """Build wheel and sdist from a copy of what is versioned, whose files are as old as their copying."""
    source = folder / "source"
    source.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    before = os.umask(umask)
    try:
        for name in filter(None, listed.decode().split("\0")):
            if (ROOT / name).exists():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_bytes((ROOT / name).read_bytes())
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--directory", str(folder / "dist")],
            cwd=source,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "TZ": f"UTC{umask % 12}"},
            capture_output=True,
            check=True,
        )
    finally:
        os.umask(before)
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


def test_two_builds_are_equal_and_a_build_has_the_date_of_its_commit(tmp_path: Path) -> None:
    built = build(tmp_path / "one", umask=0o022, epoch=1_700_000_000)
    assert sorted(name.rpartition(".")[2] for name in built) == ["gz", "whl"]
    assert build(tmp_path / "other", umask=0o077, epoch=1_700_000_000) == built
    wheel, sdist = (next((tmp_path / "one/dist").glob(f"*.{end}")) for end in ("whl", "gz"))
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(2023, 11, 14)}
    with tarfile.open(sdist) as archive:
        assert {entry.mtime for entry in archive} == {1_700_000_000}
