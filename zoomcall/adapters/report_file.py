"""Writes the reports that a user asks for as files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoomcall.errors import UsageError


def check_report_place(path: Path) -> None:
    """Check that a report can be written to ``path``, before there is one.

    Raises:
        UsageError: It cannot.
    """
    with _translated(path):
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError("it is a folder")
        if not target.exists() or target.is_file():
            with _fresh(target) as fresh:
                fresh.touch()


def write_report(path: Path, text: str) -> None:
    """Write a report to ``path``: a regular file completely or not at all, a pipe or device piece by piece.

    Unlike the program's own files, it is as readable as the umask allows, because other jobs collect it.

    Raises:
        UsageError: It cannot be written.
    """
    data = text.encode()
    with _translated(path):
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        with _fresh(target) as fresh:
            fresh.write_bytes(data)
            fresh.replace(target)


@contextmanager
def _fresh(target: Path) -> Iterator[Path]:
    """Provide the path of a temporary file beside ``target``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"the report {str(path)!r} cannot be written: {why}", fix="Name another file.") from error
