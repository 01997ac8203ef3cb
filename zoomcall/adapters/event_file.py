"""The file of webhook events: appended to durably, line by line, and followed as it grows."""

from __future__ import annotations

import contextlib
import errno
import os
import weakref
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.repeats import Mark, mark_of
from zoomcall.domain.text_files import utf8_of
from zoomcall.domain.webhook import Delivery, WebhookEvent, event_of_line, is_torn_line, parse_object
from zoomcall.errors import UsageError
from zoomcall.named_files import PIPE_LIMIT, read_named
from zoomcall.own_files import locked, open_own, refuse_odd, sync, sync_folder

_LOCK_LIMIT = timedelta(seconds=1)
_MOST_AT_ONCE = 16 * 1024 * 1024
_LARGEST_RECORD = 1_000_000_000
_STEP = 64 * 1024
_REMEMBERED = 4096  # more than a line, so that a file that was truncated and grew again differs somewhere in it


class EventRecord:
    """A file to which events are appended; a context manager that locks it while it is open.

    When ``append`` returns, its events are on disk. Opening the file removes a line that a kill or power cut
    left incomplete: nobody was ever told that it had been kept.

    Args:
        path: The file's path; it is created if it does not exist.
        warn: Receives warnings for the user.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        self._path = path
        self._warn = warn
        self._open = contextlib.ExitStack()
        self._file: _WrittenFile | None = None
        self._earlier: tuple[Mark, ...] = ()

    @property
    def earlier(self) -> tuple[Mark, ...]:
        """The marks of the events that were in the file when it was opened."""
        return self._earlier

    def __enter__(self) -> Self:
        """Open the file, repair its end, and read what is in it.

        Raises:
            UsageError: It cannot be written, its folder does not exist, it is not a regular file, or another
                process is writing to it.
        """
        _require_folder(self._path)
        try:
            refuse_odd(self._path)
            self._open.enter_context(locked(self._path.with_name(self._path.name + ".lock"), _LOCK_LIMIT))
            self._file = _WrittenFile(self._path, self._warn)
            self._earlier = tuple(self._read_marks())
        except TimeoutError as error:
            self._open.close()
            raise UsageError(
                f"another zoomcall is writing to {self._path}", fix="Give each receiver its own file."
            ) from error
        except OSError as error:
            self._open.close()
            raise _unusable(self._path, error) from error
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._open.close()

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Write events, all of them or none, and wait until they are on disk.

        If the file was renamed or removed meanwhile, as happens when logs are rotated, a new one is started.

        Raises:
            OSError: They are not on disk.
        """
        self._current().append(b"".join(delivery.line for delivery in deliveries))

    def _current(self) -> _WrittenFile:
        current = self._file
        if current is None or not current.is_at(self._path):
            fresh = _WrittenFile(self._path, self._warn)
            if current is not None:
                current.close()
            self._file = current = fresh
        return current

    def _read_marks(self) -> Iterator[Mark]:
        with os.fdopen(open_own(self._path, os.O_RDONLY), "rb") as file:
            for line in file:
                event = event_of_line(line)
                mark = None if event is None else mark_of(event)
                if mark is not None:
                    yield mark


class _WrittenFile:
    """An open file, and how much of it is known to be on disk.

    Other programs may cut it or append to it: logrotate's ``copytruncate``, an editor, a shell. Each write starts
    on a line of its own, so that no event is glued to what they left. A write that fails is undone; if that fails
    too, nothing more is written until the name leads to another file.

    Args:
        path: Its path.
        warn: Receives warnings for the user.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        self._path = path
        self._warn = warn
        self._is_left = False
        is_new = not path.exists()
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._file: BinaryIO = os.fdopen(descriptor, "rb+", buffering=0)
        try:
            if is_new:
                sync_folder(path.parent)
            self._repair()
            self._synced = self._size
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def is_at(self, path: Path) -> bool:
        """Return whether ``path`` still leads to it."""
        return _is_same(path, os.fstat(self._file.fileno()))

    def append(self, data: bytes) -> None:
        """Write whole lines, all of them or none, and wait until they are on disk.

        Raises:
            OSError: They are not on disk.
        """
        if self._is_left:
            raise OSError(errno.EIO, f"{self._path} is left as it is after a failed write; move it away")
        start = self._start_line()
        try:
            self._write(data)
            sync(self._file.fileno())
            self._require(start, data)
        except BaseException:
            self._undo(start, data)
            raise
        self._synced = start + len(data)

    def _start_line(self) -> int:
        """Make the file end with a line break, whoever wrote to it, and return its size."""
        size = self._size
        if size not in {self._synced, 0}:
            how = "cut" if size < self._synced else "written to"
            words = f"{self._path} was {how} by another program; events go on at its end"
            self._warn(Notice("event-file-changed", words))
        if size and self._read(size - 1, 1) != b"\n":
            self._write(b"\n")
            size += 1
        return size

    def _require(self, start: int, data: bytes) -> None:
        if self._size != start + len(data) and self._read(start, len(data)) != data:
            raise OSError(errno.EIO, "another program changed the file at the same time")

    def _undo(self, start: int, data: bytes) -> None:
        """Remove what was written of ``data``, and nothing else."""
        try:
            written = self._read(start, len(data) + 1)
            self._is_left = not data.startswith(written)
            if written and not self._is_left:
                os.ftruncate(self._file.fileno(), start)
            self._synced = self._size
        except OSError:
            self._is_left = True

    def _repair(self) -> None:
        """Make the file end with a complete line."""
        size = self._size
        end = _end_of_lines(self._file, size)
        if end == size:
            return
        if is_torn_line(self._read(end, _MOST_AT_ONCE)):
            os.ftruncate(self._file.fileno(), end)
            words = f"{self._path}: removed the last line, which an interrupted writer left incomplete"
            self._warn(Notice("torn-line", words))
        else:
            self._write(b"\n")
        sync(self._file.fileno())

    @property
    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _read(self, start: int, most: int) -> bytes:
        self._file.seek(start)
        return _read_most(self._file, most)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file.fileno(), view) :]


def _end_of_lines(file: BinaryIO, size: int) -> int:
    """Return the offset after the last line break in the first ``size`` bytes."""
    end = size
    while end > 0:
        start = max(end - _STEP, 0)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _is_same(path: Path, known: os.stat_result) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return (now.st_dev, now.st_ino) == (known.st_dev, known.st_ino)


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(
            f"{path} cannot be used for events: there is no folder {path.parent}", fix="Create the folder first."
        )


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{error.filename or path} cannot be used for events: {error.strerror or error}")


class EventFollower:
    """Reads events as they are appended to a file, which need not exist yet.

    A file that was replaced, or truncated and written again, is read from its start. The last line counts
    even without a line break, once its JSON is complete.

    Args:
        path: The file's path.
        backlog: About how many of the bytes already in it to read; None for all of them.
        warn: Receives warnings for the user.

    Raises:
        UsageError: The file cannot be read, or its folder does not exist.
    """

    def __init__(self, path: Path, *, backlog: int | None, warn: Warn) -> None:
        self._path = path
        self._warn = warn
        self._file: BinaryIO | None = None
        self._offset = 0
        self._before = b""
        self._is_skipping = False
        _require_folder(path)
        if backlog is not None:
            self._skip_to_last(backlog)

    def poll(self) -> tuple[WebhookEvent, ...]:
        """Return what came since the last call, at most about 16 MB of it.

        Raises:
            UsageError: The file cannot be read.
        """
        try:
            file = self._opened()
            if file is None:
                return ()
            events = self._read_on(file)
            if not events and self._is_replaced(file):
                self.close()
                return self.poll()
        except OSError as error:
            raise _unusable(self._path, error) from error
        return events

    def close(self) -> None:
        """Close the file; a later ``poll`` starts at the beginning of whatever is there then."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._offset, self._before, self._is_skipping = 0, b"", False

    def _opened(self) -> BinaryIO | None:
        if self._file is None:
            try:
                descriptor = open_own(self._path, os.O_RDONLY, is_link_allowed=True, is_owner_free=True)
                self._file = os.fdopen(descriptor, "rb", buffering=0)
                weakref.finalize(self, self._file.close)  # nobody closes a follower that is used to the end
            except FileNotFoundError:
                return None
        return self._file

    def _is_replaced(self, file: BinaryIO) -> bool:
        """Return whether another file has the name now; one that was only removed may still be written to."""
        return self._path.exists() and not _is_same(self._path, os.fstat(file.fileno()))

    def _skip_to_last(self, backlog: int) -> None:
        try:
            file = self._opened()
            if file is not None:
                self._go_to_last(file, backlog)
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _go_to_last(self, file: BinaryIO, backlog: int) -> None:
        size = os.fstat(file.fileno()).st_size
        self._offset = _end_of_lines(file, max(size - backlog, 0))
        file.seek(self._offset)
        if not backlog and _is_whole(file.read(size - self._offset)):
            self._offset = size
        file.seek(max(self._offset - _REMEMBERED, 0))
        self._before = file.read(min(self._offset, _REMEMBERED))

    def _read_on(self, file: BinaryIO) -> tuple[WebhookEvent, ...]:
        file.seek(self._offset - len(self._before))
        data = _read_most(file, len(self._before) + _MOST_AT_ONCE)
        if not data.startswith(self._before):  # the file was truncated
            self._offset, self._before, self._is_skipping = 0, b"", False
            file.seek(0)
            data = _read_most(file, _MOST_AT_ONCE)
        return tuple(self._events(data[len(self._before) :]))

    def _events(self, data: bytes) -> Iterator[WebhookEvent]:
        lines, line_break, tail = data.rpartition(b"\n")
        if not line_break and (self._is_skipping or len(tail) >= _MOST_AT_ONCE):  # no event is that long
            self._is_skipping = True
            self._advance(tail)
            return
        if self._is_skipping and line_break:
            self._is_skipping = False
            lines = b"broken\n" + lines.partition(b"\n")[2]
        if _is_whole(tail):
            lines += line_break + tail
            self._advance(data)
        else:
            self._advance(data[: len(data) - len(tail)])
        for line in lines.splitlines():
            event = event_of_line(line)
            if event is not None:
                yield event
            elif line.strip():
                self._warn(Notice("event-line-broken", f"{self._path}: skipped a line that is not an event"))

    def _advance(self, taken: bytes) -> None:
        self._offset += len(taken)
        self._before = (self._before + taken)[-_REMEMBERED:]


def _is_whole(tail: bytes) -> bool:
    """Return whether a line without its line break is complete."""
    return tail.rstrip().endswith(b"}") and parse_object(tail) is not None


def _read_most(file: BinaryIO, most: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < most and (piece := file.read(min(most - len(pieces), 1024 * 1024))):
        pieces += piece
    return bytes(pieces)


def read_events(path: Path, warn: Warn) -> tuple[WebhookEvent, ...]:
    """Read a file of recorded lines, of lines of Zoom's JSON alone, or of one event over several lines.

    Raises:
        UsageError: It cannot be read, or contains no event.
    """
    try:
        data, _ = read_named(path, most=_LARGEST_RECORD + 1, limit=PIPE_LIMIT)
    except OSError as error:
        raise _unusable(path, error) from error
    if len(data) > _LARGEST_RECORD:
        raise UsageError(f"{path} is larger than {_LARGEST_RECORD:,} bytes", fix="Split it, a line an event.")
    data = utf8_of(data)
    single = event_of_line(data)
    if single is not None:
        return (single,)
    lines = [line for line in data.splitlines() if line.strip()]
    events = tuple(event for event in map(event_of_line, lines) if event is not None)
    if not events:
        raise UsageError(
            f"{path} contains no event",
            fix="Name a file that `zoomcall webhook serve --record` wrote, or one with Zoom's JSON.",
        )
    if len(events) < len(lines):
        broken = len(lines) - len(events)
        warn(Notice("event-line-broken", f"{path}: skipped {broken} of {len(lines)} lines that are not events"))
    return events
