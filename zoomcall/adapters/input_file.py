"""Reads what a command works on from a file, pipe or device that the user names."""

from __future__ import annotations

import os
from pathlib import Path

from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError
from zoomcall.named_files import PIPE_LIMIT, read_named

_SQLITE = b"SQLite format 3\x00"


def read_input(path: Path, *, most: int) -> bytes:
    """Read all of it.

    Raises:
        UsageError: It cannot be read, is larger than ``most`` bytes, or is a pipe that takes too long.
    """
    data = _head(path, most + 1)
    if len(data) > most:
        raise UsageError(f"{quoted(str(path))} is larger than {most:,} bytes")
    return data


def is_database(path: Path) -> bool:
    """Return whether it is a file of SQLite's; errors as in ``read_input``."""
    return os.path.isfile(path) and _head(path, len(_SQLITE)) == _SQLITE  # noqa: PTH113 - which never raises


def _head(path: Path, most: int) -> bytes:
    try:
        return read_named(path, most=most, limit=PIPE_LIMIT)[0]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {quoted(str(path))}: {why}") from error
