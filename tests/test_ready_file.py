"""Ready files."""

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from zoomcall.errors import UsageError
from zoomcall.ready_file import write_ready_file

READY = {"api_base": "http://127.0.0.1:1/v2", "session_name": "Grüße"}


def test_it_is_json_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write_ready_file(path, READY)
    assert json.loads(path.read_text(encoding="utf-8")) == READY
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_one_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text("x" * 10_000)
    if sys.platform != "win32":
        path.chmod(0o644)
    write_ready_file(path, READY)
    assert json.loads(path.read_text(encoding="utf-8")) == READY
    assert [entry.name for entry in tmp_path.iterdir()] == ["ready.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_refused_and_stays(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    with pytest.raises(UsageError, match=r"link\.json: it is a symbolic link"):
        write_ready_file(link, READY)
    assert list(tmp_path.iterdir()) == [link]
    assert link.is_symlink()


@pytest.mark.parametrize("name", ["", "missing/ready.json", "nul\0.json"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="ready file"):
        write_ready_file(tmp_path / name, READY)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    seen = []
    reader = threading.Thread(target=lambda: seen.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_ready_file(path, READY)
    reader.join(timeout=5)
    assert json.loads(seen[0]) == READY


def test_a_device_stays_a_device() -> None:
    write_ready_file(Path(os.devnull), READY)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
