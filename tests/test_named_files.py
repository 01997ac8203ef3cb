"""Files, pipes and devices that the user names."""

import os
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from zoomcall import named_files
from zoomcall.named_files import check_writable, read_named, write_named
from zoomcall.own_files import NotOwnFile

SOON = timedelta(seconds=0.1)
LATER = timedelta(seconds=20)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def writing(path: Path, *pieces: bytes) -> threading.Thread:
    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for piece in pieces:
                file.write(piece)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_pipe_that_nobody_writes_to_is_left_in_time(pipe: Path) -> None:
    with pytest.raises(TimeoutError, match=r"nothing was written to it within 0\.1 s"):
        read_named(pipe, most=10, limit=SOON)


def test_a_pipe_that_is_never_closed_is_left_in_time(pipe: Path) -> None:
    descriptor = os.open(pipe, os.O_RDWR)
    os.write(descriptor, b"half")
    with pytest.raises(TimeoutError, match="whoever writes to it did not finish"):
        read_named(pipe, most=10, limit=SOON)
    os.close(descriptor)


def test_a_pipe_that_is_fed_again_and_again_is_left_in_time(pipe: Path) -> None:
    begun = time.monotonic()
    descriptor = os.open(pipe, os.O_RDWR)
    over = threading.Event()

    def feed() -> None:
        while not over.wait(0.02):
            os.write(descriptor, b"x")

    thread = threading.Thread(target=feed)
    thread.start()
    with pytest.raises(TimeoutError, match="did not finish"):
        read_named(pipe, most=10_000, limit=SOON)
    assert time.monotonic() - begun < 5
    over.set()
    thread.join()
    os.close(descriptor)


def test_a_pipe_is_read_to_its_end(pipe: Path) -> None:
    thread = writing(pipe, b"a", b"b")
    data, mode = read_named(pipe, most=10, limit=LATER)
    thread.join()
    assert data == b"ab"
    assert stat.S_ISFIFO(mode)


def test_a_pipe_of_this_process_is_read_by_its_name_in_dev() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    assert read_named(Path(f"/dev/fd/{reader}"), most=10, limit=LATER)[0] == b"piped"
    os.close(reader)


def test_an_endless_device_is_cut_off() -> None:
    assert read_named(Path("/dev/zero"), most=1000, limit=LATER)[0] == b"\0" * 1000
    assert read_named(Path(os.devnull), most=1000, limit=LATER)[0] == b""


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="it is a folder"):
        read_named(tmp_path, most=10, limit=LATER)


def test_a_terminal_is_not_read() -> None:
    leader, follower = os.openpty()
    with pytest.raises(OSError, match="it is a terminal"):
        read_named(Path(os.ttyname(follower)), most=10, limit=LATER)
    os.close(leader)
    os.close(follower)


def test_a_link_is_read_through(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "secret").write_bytes(b"mounted")
    (tmp_path / "secret").symlink_to("..data/secret")
    assert read_named(tmp_path / "secret", most=10, limit=LATER)[0] == b"mounted"


def test_a_pipe_that_nobody_reads_is_left_in_time(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_files, "_READER_LIMIT", SOON)
    with pytest.raises(TimeoutError, match=r"nobody reads it within 0\.1 s"):
        write_named(pipe, b"x", mode=0o600)


def test_a_strangers_pipe_is_not_written_to(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = threading.Thread(target=pipe.read_bytes)
    thread.start()
    monkeypatch.setattr("zoomcall.own_files._ROOT", -1)
    monkeypatch.setattr(os, "geteuid", lambda: pipe.stat().st_uid + 1)
    with pytest.raises(NotOwnFile, match="another user"):
        write_named(pipe, b"x", mode=0o600)
    thread.join()


def test_devices_are_written_to_and_stay() -> None:
    for name in (os.devnull, "/dev/full"):
        check_writable(Path(name))
    write_named(Path(os.devnull), b"x", mode=0o600)
    with pytest.raises(OSError, match="No space left"):
        write_named(Path("/dev/full"), b"x", mode=0o600)
    assert stat.S_ISCHR(Path(os.devnull).lstat().st_mode)


def test_a_stream_that_is_closed_is_refused() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        check_writable(Path("/dev/fd/987654"))


def test_a_link_to_a_device_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    for attempt in (check_writable, lambda path: write_named(path, b"x", mode=0o600)):
        with pytest.raises(NotOwnFile, match="it is a symbolic link"):
            attempt(link)
    assert link.is_symlink()
