from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from zoomcall.adapters.report_file import check_report_place, write_report
from zoomcall.errors import UsageError


def test_a_report_is_written_whole_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "doctor.xml"
    write_report(path, "<a>ü</a>\n")
    write_report(path, "<b/>\n")
    assert path.read_bytes() == b"<b/>\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_report_is_as_readable_as_the_umask_lets_it_be(tmp_path: Path) -> None:
    path = tmp_path / "doctor.xml"
    old = os.umask(0o022)
    try:
        write_report(path, "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_place_that_will_do_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.xml").write_text("old", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    for name in ("old.xml", "new.xml", "pipe"):
        check_report_place(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.xml", "pipe"]
    assert (tmp_path / "old.xml").read_text(encoding="utf-8") == "old"


def test_a_link_is_refused_before_there_is_a_report(tmp_path: Path) -> None:
    target = tmp_path / "target.xml"
    target.write_text("mine", encoding="utf-8")
    link = tmp_path / "link.xml"
    link.symlink_to(target)
    for refuse in (check_report_place, lambda path: write_report(path, "x")):
        with pytest.raises(UsageError, match="it is a symbolic link"):
            refuse(link)
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "mine"


def test_a_report_goes_to_standard_output_after_what_is_there(tmp_path: Path) -> None:
    code = """
import os, pathlib
from zoomcall.adapters.report_file import check_report_place, write_report
os.write(1, b"before ")
check_report_place(pathlib.Path("/dev/stdout"))
for name in ("/dev/stdout", "/dev/fd/1"):
    write_report(pathlib.Path(name), "report ")
os.write(1, b"after")
"""
    path = tmp_path / "out"
    with path.open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert path.read_text(encoding="utf-8") == "before report report after"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write_report(pipe, "x")
    reader.join(10)
    assert seen == ["x"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["", "file/doctor.xml", "a\0b", "x" * 300])
def test_a_report_that_cannot_be_written_is_a_usage_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("there", encoding="utf-8")
    for refuse in (check_report_place, lambda path: write_report(path, "x")):
        with pytest.raises(UsageError, match="cannot be written"):
            refuse(tmp_path / name if name else tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
