"""The journal's file: an SQLite database that is created whole, migrated, waited for and durable."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from zoomcall.errors import FolderUnusable, NotConfigured
from zoomcall.own_files import lock_failure, open_own, sync, sync_folder

T = TypeVar("T")

_MIGRATIONS = (
    """
CREATE TABLE call (
  id INTEGER PRIMARY KEY,
  api_base TEXT NOT NULL,
  api TEXT NOT NULL,
  target_id TEXT NOT NULL,
  target_name TEXT,
  protocol TEXT NOT NULL,
  address TEXT NOT NULL,
  shown TEXT NOT NULL,
  to_name TEXT,
  profile TEXT,
  at_ms INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  sent TEXT NOT NULL,
  http_status INTEGER,
  reason INTEGER,
  participant_id TEXT,
  participant_uuid TEXT,
  message_id TEXT,
  evidence TEXT,
  match TEXT,
  settled_ms INTEGER,
  removed_ms INTEGER
);
CREATE INDEX call_target ON call (api_base, api, target_id, at_ms);
CREATE TABLE credit (
  api_base TEXT NOT NULL,
  api TEXT NOT NULL,
  target_id TEXT NOT NULL,
  participant_id TEXT NOT NULL,
  call_id INTEGER NOT NULL REFERENCES call (id),
  PRIMARY KEY (api_base, api, target_id, participant_id)
);
CREATE UNIQUE INDEX call_message ON call (api_base, message_id) WHERE message_id IS NOT NULL;
""",
    """
ALTER TABLE call ADD COLUMN boot TEXT;
ALTER TABLE call ADD COLUMN up_ms INTEGER;
""",
    """
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  tag TEXT,
  total INTEGER NOT NULL
);
CREATE TABLE batch_row (
  batch INTEGER NOT NULL REFERENCES batch (id),
  row INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  address TEXT NOT NULL,
  target TEXT NOT NULL,
  state TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (batch, row)
);
CREATE INDEX batch_row_key ON batch_row (batch, protocol, address, target);
""",
    """
CREATE INDEX call_room ON call (api_base, api, target_id, address);
""",
)
"""What makes each version of the tables from the one before; a step that has shipped never changes."""

VERSION = len(_MIGRATIONS)

_BUSY_SECONDS = 5.0
"""How long the file may be locked while nothing in it changes: as long as it does, others are waiting too."""
_LONGEST_BUSY_SECONDS = 120.0
_HURRIED_SECONDS = 0.1
_SUSPICIOUS_SECONDS = 0.5
"""How long a lock is waited for before it is asked whether any file can be locked there."""
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04)
_STALE_SECONDS = 3600.0
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


class JournalFile:
    """The file, open; threads may share it.

    Nobody holds its lock while a disk writes: a transaction is committed to the log beside the file, and ``flush``
    then waits, without the lock, until the disk has it. Threads that wait at the same time share one fsync.

    Args:
        path: The file, created with its folder if it does not exist. None keeps everything in memory.
        is_hurried: Whether to wait no longer for other processes than a moment.

    Raises:
        FolderUnusable: The folder cannot be created or written.
        NotConfigured: The file cannot be used, or is of a newer version.
    """

    def __init__(self, path: Path | None, *, is_hurried: Callable[[], bool] = lambda: False) -> None:
        self._path = path
        self._name = ":memory:" if path is None else str(path)
        self._is_hurried = is_hurried
        self._lock = threading.RLock()
        self._disk = threading.Lock()
        self._committed = self._flushed = self._lost = 0
        self._is_logged = False
        self._is_stuck = False
        self._is_lockless = False
        with self._translated():
            if path is not None:
                _create(path)
            self._database = _connect(self._name)
        try:
            with self._translated():
                self._prepare()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        """Execute a statement inside a transaction."""
        return self._database.execute(statement, values)

    def rows(self, statement: str, values: Any = ()) -> list[tuple[object, ...]]:
        """Read rows, outside a transaction."""
        with self._translated():
            return self._patiently(lambda: self._database.execute(statement, values).fetchall())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock for a moment; what is written inside is visible to others afterwards, all or nothing.

        Raises:
            NotConfigured: The file is locked for too long, damaged, or cannot be written.
        """
        with self._translated():
            self._patiently(lambda: self._database.execute("BEGIN IMMEDIATE"))
            try:
                yield
                self._patiently(self._commit)
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def _commit(self) -> None:
        if not self._database.in_transaction:
            raise _LockedError("a lock failed, and the change was undone")
        self._database.execute("COMMIT")
        self._committed += 1

    def flush(self) -> None:
        """Wait until the disk has what was committed, without keeping other processes or threads out.

        Raises:
            NotConfigured: The disk failed, for this thread or for another that waited for the same commits.
        """
        if not self._is_logged:
            return  # the commit has waited already
        wanted = self._committed
        with self._disk:
            if wanted <= self._lost:  # a later fsync would say nothing about what an earlier one has lost
                raise self._unusable(OSError(errno.EIO, os.strerror(errno.EIO)))
            if wanted <= self._flushed:  # by a thread whose fsync began after that commit
                return
            taken = self._committed
            try:
                self._sync()
            except OSError as error:
                self._lost = taken
                raise self._unusable(error) from error
            self._flushed = taken

    def _sync(self) -> None:
        descriptor = os.open(f"{self._name}-wal", os.O_RDWR)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        """Check the version without any lock; migrate if need be."""
        database = self._database
        database.execute("PRAGMA foreign_keys = ON")
        version = self._pragma("user_version")
        if version > VERSION:
            raise NotConfigured(
                f"the journal {self._name} was written by a newer zoomcall",
                fix="Update zoomcall, or set ZOOMCALL_STATE_DIR to another folder.",
            )
        if version < VERSION:
            with self.transaction():
                migrate(database)
        if self._pragma("journal_mode") not in {"wal", "memory"}:
            with suppress(sqlite3.OperationalError):  # another process is using it: the next one will do this
                database.execute("PRAGMA journal_mode = WAL")
        self._is_logged = self._pragma("journal_mode") == "wal"
        database.execute(f"PRAGMA synchronous = {'NORMAL' if self._is_logged else 'FULL'}")

    def _pragma(self, name: str) -> Any:
        return self._patiently(lambda: self._database.execute(f"PRAGMA {name}").fetchone()[0])

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do something as soon as no other process locks the file."""
        wait: _Wait | None = None
        begun, is_suspected = time.monotonic(), False
        if self._is_lockless:
            self._check_locks()
        while True:
            try:
                done = work()
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
            else:
                self._is_stuck = False
                return done
            if not is_suspected and time.monotonic() - begun > _SUSPICIOUS_SECONDS:
                is_suspected = True
                self._check_locks()
            wait = wait or _Wait(self._database, begun, lambda: self._is_stuck or self._is_hurried())
            try:
                wait.pause()
            except _LockedError:
                self._check_locks()
                self._is_stuck = True  # what comes next need not wait as long for the same lock
                raise

    def _check_locks(self) -> None:
        """Wait for no lock where none can be had.

        Raises:
            _LocklessError: That is so.
        """
        failure = None if self._path is None else lock_failure(self._path.parent)
        self._is_lockless = failure is not None
        if failure is not None:
            raise _LocklessError(failure)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (OSError, sqlite3.Error, _LockedError, _LocklessError) as error:
                raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> NotConfigured:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"the journal {self._name} cannot be used: {reason}"
        if isinstance(error, sqlite3.OperationalError) and _is_busy(error) and self._path is not None:
            failure = lock_failure(self._path.parent)
            error = error if failure is None else _LocklessError(failure)
        if isinstance(error, _LocklessError):
            has_none = error.failure.errno == errno.ENOLCK
            why = "has no locks" if has_none else f"cannot lock files: {error.failure.strerror}"
            return (FolderUnusable if has_none else NotConfigured)(
                f"the journal {self._name} cannot be used: its file system {why}",
                fix="Set ZOOMCALL_STATE_DIR to a folder on a local disk.",
            )
        if isinstance(error, _LockedError):
            return NotConfigured(
                message, fix="Try again; if that does not help, end the process that holds the file."
            )
        if self._path is not None and _is_unwritable(self._path.parent, error):
            return FolderUnusable(
                message, fix="Make the folder writable, or set ZOOMCALL_STATE_DIR to another one."
            )
        return NotConfigured(
            message,
            fix="Make the file writable and its disk free, move a damaged file away, or set ZOOMCALL_STATE_DIR to"
            " another folder.",
        )


class _LockedError(Exception):
    """The file was locked for too long."""


class _LocklessError(Exception):
    """No file can be locked where the journal is, or ``failure`` comes of it."""

    def __init__(self, failure: OSError) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _Wait:
    """Waits for a lock for as long as those who hold it get on."""

    def __init__(self, database: sqlite3.Connection, begun: float, is_hurried: Callable[[], bool]) -> None:
        self._database = database
        self._is_hurried = is_hurried
        self._begun = self._changed = begun
        self._hurried_at: float | None = None
        self._version: int | None = None
        self._count = 0

    def pause(self) -> None:
        """Sleep a little.

        Raises:
            _LockedError: The file was locked for too long.
        """
        moment = time.monotonic()
        version = self._seen_version()
        if version != self._version:
            self._version, self._changed = version, moment
        if self._is_hurried() and self._hurried_at is None:
            self._hurried_at = moment
        is_hurry_over = self._hurried_at is not None and moment - self._hurried_at > _HURRIED_SECONDS
        if is_hurry_over or moment - self._changed > _BUSY_SECONDS or moment - self._begun > _LONGEST_BUSY_SECONDS:
            raise _LockedError(f"another process has kept it locked for {moment - self._begun:.1f} s")
        longest = _PAUSES[min(self._count, len(_PAUSES) - 1)]
        self._count += 1
        time.sleep(longest * (0.5 + random.random() / 2))  # noqa: S311 - no secret hangs on it

    def _seen_version(self) -> int | None:
        """Return a number that changes with every commit of another process; the last one while that is locked."""
        try:
            return int(self._database.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return self._version


def migrate(database: sqlite3.Connection) -> None:
    """Bring the tables to the newest version; inside a transaction."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    for step in _MIGRATIONS[version:]:
        for statement in step.split(";"):
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {max(version, VERSION)}")


def _connect(name: str) -> sqlite3.Connection:
    # SQLite's own wait would hold up Ctrl-C, and does not know how many are waiting.
    return sqlite3.connect(name, timeout=0, isolation_level=None, check_same_thread=False)


def _create(path: Path) -> None:
    """Create the file if there is none: complete, under another name first, so that nobody sees a part of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.path.lexists(path):
        os.close(open_own(path, os.O_RDWR))
        return
    _sweep(path)
    fresh = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        _fill(fresh)
        with suppress(FileExistsError):  # another process was faster
            _link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def _fill(fresh: Path) -> None:
    database = _connect(str(fresh))
    try:
        database.execute("PRAGMA synchronous = OFF")  # one fsync at the end is enough
        database.execute("BEGIN")
        migrate(database)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
    finally:
        database.close()
    descriptor = os.open(fresh, os.O_RDWR)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def _link(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: an empty file is filled by whoever has its lock first
        os.close(open_own(path, os.O_CREAT | os.O_RDWR))


def _sweep(path: Path) -> None:
    """Remove what a killed process left beside the file."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                left.unlink()


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    }


def _is_unwritable(folder: Path, error: Exception) -> bool:
    """Return whether an error is the folder's: it cannot be there, or nothing can be created in it."""
    if isinstance(error, OSError):
        return error.errno in _UNWRITABLE and not os.access(folder, os.W_OK | os.X_OK)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_about_folder = code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
    return is_about_folder and not os.access(folder, os.W_OK | os.X_OK)


def to_ms(moment: datetime) -> int:
    """Return a time as the tables have it: milliseconds since 1970."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the time of a table's milliseconds."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
