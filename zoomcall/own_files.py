"""Opens, replaces and locks the program's own files, and nothing that only has the name of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def lock_failure(folder: Path) -> OSError | None:  # noqa: ARG001 - every drive has them
        """Return why a database in a folder cannot lock its records."""
        return None

    def _is_strangers(status: os.stat_result, *, is_read_only: bool) -> bool:  # noqa: ARG001 - it has no owners
        return False

    def sync(descriptor: int) -> None:
        """Wait until the disk has what was written."""
        os.fsync(descriptor)

else:
    import fcntl

    _FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)

    def sync(descriptor: int) -> None:
        """Wait until the disk has what was written; on macOS ``fsync`` alone leaves it in the drive's cache."""
        if _FULL_SYNC is not None:
            with contextlib.suppress(OSError):  # a network drive may not know it
                fcntl.fcntl(descriptor, _FULL_SYNC)
                return
        os.fsync(descriptor)

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def lock_failure(folder: Path) -> OSError | None:
        """Return why a database in a folder cannot lock its records, as on some network file systems.

        None: it can, another process holds the lock, or that cannot be tried.
        """
        import tempfile  # rarely needed, and not cheap

        try:
            file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed below
        except OSError:
            return None
        with file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                return None if error.errno in _HELD else error
        return None

    def _is_strangers(status: os.stat_result, *, is_read_only: bool) -> bool:
        return status.st_uid != os.geteuid() and not (is_read_only and status.st_uid == _ROOT)


_ROOT = 0
_HELD = {errno.EAGAIN, errno.EACCES, errno.EINTR}
_BINARY = getattr(os, "O_BINARY", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # for a pipe, for a terminal
_WRITING = os.O_WRONLY | os.O_RDWR
_PAUSE = 0.02
_SHARING_SECONDS = 1.0
_UNLOCKED_SECONDS = 60.0
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISREG, "a regular file"),
)
_STEM = 50
_TEMPORARY = r"\.{stem}\.[0-9a-f]{{12}}"


class NotOwnFile(OSError):
    """A name (``filename``) leads to something other than a regular file of the user's own (``strerror``)."""

    fix = "Put a regular file of your own in its place, or move it away."

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, what, str(path))


def open_own(
    path: Path, flags: int, *, mode: int = 0o600, is_link_allowed: bool = False, is_owner_free: bool = False
) -> int:
    """Open a regular file of the user's own, and refuse anything else: a link, a device, a stranger's file.

    The name is looked at first, since opening a device can do harm; what counts is the open descriptor, because a
    name can change in between. A file that is only read may also belong to root, who could change it anyway.

    Args:
        path: The file's path; links among its folders are followed.
        flags: As for ``os.open``, with ``O_CREAT`` if the file need not exist.
        mode: Permissions for a new file.
        is_link_allowed: Whether the name may be a link to such a file.
        is_owner_free: Whether the file may belong to any user.

    Returns:
        The descriptor, which the caller closes.

    Raises:
        NotOwnFile: It is something else.
        OSError: It cannot be opened.
    """
    refuse = partial(_refuse_odd, path, is_read_only=not flags & _WRITING, is_owner_free=is_owner_free)
    with contextlib.suppress(FileNotFoundError):
        refuse(path.stat() if is_link_allowed else path.lstat())
    flags |= _BINARY | NO_WAITING | (0 if is_link_allowed else NO_FOLLOW)
    descriptor = os.open(path, flags, mode)
    try:
        refuse(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_odd(path: Path, status: os.stat_result, *, is_read_only: bool, is_owner_free: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotOwnFile(path, f"it is {kind_of(status.st_mode)}, not a regular file")
    if not is_owner_free:
        refuse_stranger(path, status, is_read_only=is_read_only)


def kind_of(mode: int) -> str:
    """Return in words what has this mode: ``a named pipe``."""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "a device")


def refuse_stranger(path: Path, status: os.stat_result, *, is_read_only: bool) -> None:
    """Refuse what belongs to another user.

    Raises:
        NotOwnFile: It does; root's is refused only if it is to be written.
    """
    if _is_strangers(status, is_read_only=is_read_only):
        raise NotOwnFile(path, f"it belongs to another user (uid {status.st_uid})")


def refuse_odd(path: Path) -> None:
    """Refuse a name that is taken by something other than a regular file of the user's own.

    That is enough for a file to be replaced, as replacing acts on names; what is opened needs ``open_own``.

    Raises:
        NotOwnFile: It is taken.
        OSError: It cannot be told.
    """
    with contextlib.suppress(FileNotFoundError):
        _refuse_odd(path, path.lstat(), is_read_only=False, is_owner_free=False)


def check_replaceable(path: Path) -> None:
    """Check that ``replace_file`` could write to ``path``, and change nothing.

    Raises:
        OSError: It could not.
    """
    refuse_odd(path)
    with _fresh(path, 0o600) as (fresh, _):
        pass
    fresh.unlink()


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write ``data`` to ``path``; a reader sees the old file or the new, never a part.

    The data goes first into a file beside it, with the same mode from its beginning. If the process is killed, that
    file is left over until the next ``replace_file`` or ``sweep``.

    Args:
        path: The file's path; its folder exists.
        data: What to write.
        mode: Permissions, which the umask restricts; for the owner alone by default.

    Raises:
        NotOwnFile: The name is taken by something other than a regular file of the user's own.
        OSError: The folder cannot be written; the old file is not changed.
    """
    refuse_odd(path)
    sweep(path.parent, re.escape(path.name[:_STEM]))
    with _fresh(path, mode) as (fresh, file):
        file.write(data)
        file.flush()
        sync(file.fileno())
        if sys.platform == "win32":
            file.close()  # an open file cannot be renamed there
        _when_free(lambda: fresh.replace(path))
    sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file.

    Raises:
        OSError: It is not there, or cannot be removed.
    """
    _when_free(path.unlink)


def _when_free(act: Callable[[], object]) -> None:
    """Rename or remove; on Windows not until nobody has the file open, such as a reader or a virus scanner."""
    deadline = time.monotonic() + _SHARING_SECONDS
    while sys.platform == "win32" and time.monotonic() < deadline:
        with contextlib.suppress(PermissionError):
            act()
            return
        time.sleep(_PAUSE)
    act()


@contextlib.contextmanager
def _fresh(path: Path, mode: int) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a temporary file beside ``path``, locked so that nobody sweeps it away; remove it after an error."""
    fresh = path.with_name(f".{path.name[:_STEM]}.{os.urandom(6).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with contextlib.suppress(OSError):  # not every network drive has locks
                _try_lock(descriptor)
            yield fresh, file
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def sweep(folder: Path, stem: str) -> None:
    """Remove the temporary files that killed processes left in a folder; a living process has its own locked.

    Args:
        folder: The folder; it need not exist.
        stem: A regular expression for the names of the files that they were to become.
    """
    temporary = re.compile(_TEMPORARY.format(stem=stem))
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if temporary.fullmatch(path.name):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):
        # On Windows a file is unlocked just before it is renamed.
        if sys.platform == "win32" and time.time() - path.stat().st_mtime < _UNLOCKED_SECONDS:
            return
        descriptor = open_own(path, os.O_RDWR)
        try:
            _try_lock(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()


def make_private_folder(path: Path) -> None:
    """Create a folder for its owner alone, or make an existing one so.

    Raises:
        NotOwnFile: The name is taken by something else, like a link, or by a stranger's folder.
        OSError: It cannot be created.
    """
    for folder in (path.parent, path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        _refuse_odd_folder(path, path.lstat())
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW)
        try:
            _refuse_odd_folder(path, os.fstat(descriptor))
            os.fchmod(descriptor, 0o700)
        finally:
            os.close(descriptor)


def _refuse_odd_folder(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise NotOwnFile(path, f"it is {kind_of(status.st_mode)}, not a folder")
    refuse_stranger(path, status, is_read_only=False)


def sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut, on systems that can open folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, limit: timedelta) -> Iterator[None]:
    """Hold the lock file at ``path``; the system releases it even if this process dies.

    Raises:
        TimeoutError: Another process held it all the time.
        NotOwnFile: The name is taken by something other than a regular file of the user's own.
        OSError: The lock file cannot be created.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        _wait_for_lock(descriptor, time.monotonic() + limit.total_seconds())
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            _try_lock(descriptor)
        except (BlockingIOError, PermissionError) as error:
            if time.monotonic() >= deadline:
                raise TimeoutError("another process holds the lock") from error
            time.sleep(_PAUSE)
        else:
            return
