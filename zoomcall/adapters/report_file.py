"""Writes the reports that a user asks for as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoomcall.errors import UsageError
from zoomcall.named_files import check_writable, write_named

_MODE = 0o666


def check_report_place(path: Path) -> None:
    """Check that a report can be written to ``path``, before there is one; its folder is created.

    Raises:
        UsageError: It cannot.
    """
    with _translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_writable(path)


def write_report(path: Path, text: str) -> None:
    """Write a report to ``path``: a regular file completely or not at all, a pipe or device in place.

    Unlike the program's own files, it is as readable as the umask allows, because other jobs collect it.

    Raises:
        UsageError: It cannot be written.
    """
    with _translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_named(path, text.encode(), mode=_MODE)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"the report {str(path)!r} cannot be written: {why}", fix="Name another file.") from error
