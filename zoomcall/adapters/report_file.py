"""Reports that a user asks for as files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoomcall.errors import UsageError


def check_report_place(path: Path) -> None:
    """See that a report can be put at ``path``, before there is one.

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
    """Put a report at ``path``: a regular file whole or not at all, anything else (a pipe, a device) as it comes.

    Unlike the program's own files it is as readable as the umask lets it be: other jobs collect it.

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
    """Name a file beside ``target``, which is gone afterwards."""
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
