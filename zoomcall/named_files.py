"""Reads and writes files that the user names, which may be pipes and devices too; nothing waits forever.

``--secret-file <(pass show zoom)`` names a pipe, and so may ``--ready-file`` for a script that waits for it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from datetime import timedelta
from pathlib import Path

from zoomcall.own_files import (
    NO_FOLLOW,
    NO_WAITING,
    NotOwnFile,
    check_replaceable,
    kind_of,
    refuse_odd,
    refuse_stranger,
    replace_file,
)

_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_STREAM = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")
PIPE_LIMIT = timedelta(seconds=60)
"""How long a pipe with a command's input may take."""
_READER_LIMIT = timedelta(seconds=10)
_PAUSE = 0.02
_BINARY = getattr(os, "O_BINARY", 0)


def read_named(path: Path, *, most: int, limit: timedelta) -> tuple[bytes, int]:
    """Read a file, pipe or device.

    Args:
        path: Its path; links are followed.
        most: The most bytes to read.
        limit: How long a pipe or device may take.

    Returns:
        The bytes, and the file's mode.

    Raises:
        TimeoutError: Whoever writes to the pipe has not finished, or nobody does.
        OSError: It cannot be read, or is a folder, a disk or a terminal.
    """
    descriptor = os.open(path, os.O_RDONLY | _BINARY | NO_WAITING)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            data = _read(descriptor, most)
        elif not _is_stream(mode):
            raise OSError(errno.EINVAL, f"it is {kind_of(mode)}")
        elif os.isatty(descriptor):
            raise OSError(errno.EINVAL, "it is a terminal, which would show what is typed")
        else:
            data = _read(descriptor, most, limit)
    finally:
        os.close(descriptor)
    return data, mode


def _read(descriptor: int, most: int, limit: timedelta | None = None) -> bytes:
    deadline = None if limit is None else time.monotonic() + limit.total_seconds()
    data = bytearray()
    while len(data) < most:
        if limit and deadline and not _is_readable(descriptor, deadline - time.monotonic()):
            what = "whoever writes to it did not finish" if data else "nothing was written to it"
            raise TimeoutError(f"{what} within {limit.total_seconds():g} s")
        piece = os.read(descriptor, most - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)


if sys.platform == "win32":

    def _is_readable(descriptor: int, seconds: float) -> bool:  # noqa: ARG001 - it cannot be asked there
        return seconds > 0

else:
    import select

    def _is_readable(descriptor: int, seconds: float) -> bool:
        """Wait until there is something to read, if only the end; False if there is nothing in time."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return seconds > 0 and bool(poll.poll(seconds * 1000))


def check_writable(path: Path) -> None:
    """Check that ``write_named`` could write to ``path``, and change nothing.

    Raises:
        OSError: It could not.
    """
    number = _stream(path)
    if number is not None:
        os.fstat(number)
    elif not _is_written_in_place(path):
        check_replaceable(path)


def write_named(path: Path, data: bytes, *, mode: int) -> None:
    """Write data to where the user wants it: a file whole or not at all, a pipe or device as it is.

    Args:
        path: A regular file of the user's own, which is replaced; a free name; a pipe, a device, or a stream of
            this process like ``/dev/stdout``. Any other link is refused, as it may lead anywhere.
        data: What to write.
        mode: Permissions for a new file, which the umask restricts.

    Raises:
        NotOwnFile: It is something else, or a stranger's.
        TimeoutError: It is a pipe and nobody reads it.
        OSError: It cannot be written.
    """
    number = _stream(path)
    if number is not None:
        descriptor = os.dup(number)
    elif _is_written_in_place(path):
        descriptor = _open_in_place(path)
    else:
        replace_file(path, data, mode=mode)
        return
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _stream(path: Path) -> int | None:
    """Return the descriptor that a name like ``/dev/stdout`` stands for; opened anew, a file starts at its head."""
    text = path.as_posix()
    found = _STREAM.fullmatch(text)
    return int(found[1]) if found else _STREAMS.get(text)


def _is_stream(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _is_written_in_place(path: Path) -> bool:
    """Return whether the name is that of a pipe or device; refuse whatever else is not to be replaced."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    if stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode):
        return True
    refuse_odd(path)
    return False


def _open_in_place(path: Path) -> int:
    descriptor = _open_for_reader(path, time.monotonic() + _READER_LIMIT.total_seconds())
    try:
        _refuse_all_but_streams(path, os.fstat(descriptor))
        if sys.platform != "win32":
            os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_all_but_streams(path: Path, status: os.stat_result) -> None:
    if not _is_stream(status.st_mode):  # something else took the name
        raise NotOwnFile(path, f"it is {kind_of(status.st_mode)}")
    refuse_stranger(path, status, is_read_only=True)  # root's devices are for everybody


def _open_for_reader(path: Path, deadline: float) -> int:
    """Open a pipe or device for writing; a pipe that nobody reads yet is waited for."""
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY | NO_FOLLOW | NO_WAITING)
        except OSError as error:
            if error.errno != errno.ENXIO or not path.is_fifo():
                raise
            if time.monotonic() >= deadline:
                raise TimeoutError(f"nobody reads it within {_READER_LIMIT.total_seconds():g} s") from error
        time.sleep(_PAUSE)
