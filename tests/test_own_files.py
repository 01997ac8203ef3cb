"""The program's own files, and whatever may have the name of one."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from zoomcall.own_files import NotOwnFile, locked, open_own, replace_file, sweep


def link(path: Path) -> None:
    target = path.with_name("target")
    target.write_text("theirs")
    path.symlink_to(target)


def loose_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def link_to_a_device(path: Path) -> None:
    path.symlink_to(os.devnull)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "link": (link, "a symbolic link"),
    "loose link": (loose_link, "a symbolic link"),
    "link to a device": (link_to_a_device, "a symbolic link"),
    "folder": (Path.mkdir, "a folder"),
    "pipe": (os.mkfifo, "a named pipe"),
    "socket": (bound, "a socket"),
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_is_no_regular_file_is_refused_and_stays(tmp_path: Path, name: str) -> None:
    make, words = ODD[name]
    path = tmp_path / "own"
    make(path)
    before = path.lstat()
    attempts: list[Callable[[], object]] = [
        lambda: open_own(path, os.O_RDONLY),
        lambda: open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND),
        lambda: replace_file(path, b"mine"),
    ]
    for attempt in attempts:
        with pytest.raises(NotOwnFile) as caught:
            attempt()
        assert caught.value.strerror == f"it is {words}, not a regular file"
    assert path.lstat().st_ino == before.st_ino
    assert not path.with_name("nowhere").exists()
    assert name != "link" or path.read_text() == "theirs"


@pytest.mark.parametrize("name", ODD)
def test_what_takes_the_name_after_it_was_looked_at_is_not_opened(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own"
    path.write_text("mine")
    seen = path.stat()
    path.unlink()
    ODD[name][0](path)
    monkeypatch.setattr(Path, "lstat", lambda _: seen)
    for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT):
        with pytest.raises(OSError) as caught:
            os.close(open_own(path, flags))
        assert not isinstance(caught.value, FileNotFoundError)
    assert not path.with_name("nowhere").exists()


def test_a_device_is_refused_whoever_asks() -> None:
    for flags in (os.O_RDONLY, os.O_RDWR):
        with pytest.raises(NotOwnFile, match="it is a device"):
            open_own(Path(os.devnull), flags)
    with pytest.raises(NotOwnFile, match="it is a device"):
        replace_file(Path(os.devnull), b"mine")


def test_a_link_may_be_read_through_where_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "own"
    link(path)
    os.close(open_own(path, os.O_RDONLY, is_link_allowed=True))
    path.unlink()
    path.symlink_to(os.devnull)
    with pytest.raises(NotOwnFile, match="it is a device"):
        open_own(path, os.O_RDONLY, is_link_allowed=True)


def test_a_strangers_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own"
    path.write_text("theirs")
    owner = path.stat().st_uid
    monkeypatch.setattr("zoomcall.own_files._ROOT", owner + 2)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    words = rf"it belongs to another user \(uid {owner}\)"
    for flags in (os.O_RDONLY, os.O_RDWR):
        with pytest.raises(NotOwnFile, match=words):
            open_own(path, flags)
    with pytest.raises(NotOwnFile, match=words):
        replace_file(path, b"mine")
    assert path.read_text() == "theirs"
    os.close(open_own(path, os.O_RDONLY, is_owner_free=True))


def test_roots_file_is_read_but_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own"
    path.write_text("root's")
    owner = path.stat().st_uid
    monkeypatch.setattr("zoomcall.own_files._ROOT", owner)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    os.close(open_own(path, os.O_RDONLY))
    for attempt in (lambda: open_own(path, os.O_RDWR), lambda: replace_file(path, b"mine")):
        with pytest.raises(NotOwnFile, match="another user"):
            attempt()


LEFT = f".own.{'0' * 12}"


def test_what_a_killed_process_left_is_swept_away_at_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "own"
    kept = [tmp_path / name for name in (f".other.{'0' * 12}", ".own.0", f".own.{'g' * 12}", f"own.{'0' * 12}")]
    for each in (*kept, tmp_path / LEFT):
        each.write_text("left")
    replace_file(path, b"mine")
    assert set(tmp_path.iterdir()) == {*kept, path}


def test_what_a_living_process_writes_is_not_swept_away(tmp_path: Path) -> None:
    left = tmp_path / LEFT
    with locked(left, timedelta(0)):
        sweep(tmp_path, "own")
        assert left.exists()
    sweep(tmp_path, "own")
    assert not left.exists()


@pytest.mark.parametrize("name", ODD)
def test_nothing_odd_is_swept_away(tmp_path: Path, name: str) -> None:
    ODD[name][0](tmp_path / LEFT)
    sweep(tmp_path, "own")
    assert (tmp_path / LEFT).lstat()


def test_a_folder_that_is_not_there_needs_no_sweeping(tmp_path: Path) -> None:
    sweep(tmp_path / "none", "own")


@pytest.mark.parametrize(
    "name", ["open", "write", "fsync", "replace"] if sys.platform != "win32" else ["open", "fsync"]
)
def test_whenever_it_is_killed_others_read_nothing_and_the_next_write_clears_up(tmp_path: Path, name: str) -> None:
    """Kill a real process at each step of a write; what it leaves is the owner's alone, whatever the umask."""
    path = tmp_path / "own"
    path.write_text("old")
    code = """
import io, os, pathlib, sys
from zoomcall import own_files
os.umask(0)
def die(*_): os.kill(os.getpid(), 9)
step, path = sys.argv[1], pathlib.Path(sys.argv[2])
if step == "open":
    own_files._try_lock = die
if step == "write":
    real = os.fdopen
    def fdopen(*arguments, **options):
        file = real(*arguments, **options)
        file.write(b"half a sec")
        file.flush()
        die()
    os.fdopen = fdopen
if step == "fsync":
    os.fsync = die
if step == "replace":
    pathlib.Path.replace = die
own_files.replace_file(path, b"half a secret")
"""
    done = subprocess.run([sys.executable, "-c", code, name, str(path)], check=False)
    assert done.returncode == -9
    assert path.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "new"


def test_a_write_outlasts_the_sweeping_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def sweep_and_sync(descriptor: int) -> None:
        sweep(tmp_path, ".*")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sweep_and_sync)
    replace_file(tmp_path / "own", b"mine")
    assert (tmp_path / "own").read_bytes() == b"mine"
