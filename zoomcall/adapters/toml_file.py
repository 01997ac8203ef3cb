"""Reads and replaces the program's own TOML files, which people edit too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoomcall.domain.text_files import text_of
from zoomcall.errors import CorruptConfig, NotConfigured, ZoomcallError, blaming
from zoomcall.own_files import NotOwnFile, open_own

_LARGEST = 10_000_000


def read_text(
    path: Path, *, fix: str, failure: type[ZoomcallError] = NotConfigured, origin: str | None = None
) -> str:
    """Return the file's text; empty if there is no file.

    Args:
        path: The file's path.
        fix: What to do if it cannot be read.
        failure: The kind of error if it cannot be read.
        origin: The variable that names it, if one does.

    Raises:
        ZoomcallError: It cannot be read, or is not UTF-8.
    """
    try:
        with os.fdopen(open_own(path, os.O_RDONLY, is_link_allowed=True), "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        with blaming(origin):
            raise failure(f"{path} cannot be read: {reason}", fix=fix) from error
    if len(data) > _LARGEST:
        raise corrupt(str(path), f"it is larger than {_LARGEST:,} bytes")
    try:
        return text_of(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise corrupt(str(path), f"line {line} is not UTF-8 text") from error


def parse_toml(text: str, *, place: str) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: The text.
        place: The file, for messages.

    Raises:
        NotConfigured: It is not TOML; the message names the line.
    """
    if not text or text.isspace():
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise corrupt(place, _with_line(str(error), text)) from error
    except (ValueError, RecursionError) as error:  # numbers and nesting beyond Python's own limits
        raise corrupt(place, f"a value is too long or nested too deep ({type(error).__name__})") from error


@contextmanager
def writing(
    path: Path, *, fix: str, failure: type[ZoomcallError] = NotConfigured, origin: str | None = None
) -> Iterator[None]:
    """Translate what goes wrong while the file at ``path`` is locked and replaced.

    Args:
        path: The file's path.
        fix: What to do if it cannot be written.
        failure: The kind of error if it cannot be written.
        origin: The variable that names it, if one does.

    Raises:
        ZoomcallError: Another process holds the lock, or the file cannot be written.
    """
    try:
        yield
    except TimeoutError as error:
        raise NotConfigured(
            f"another zoomcall has held the lock on {path} for too long",
            fix="Try again.",
        ) from error
    except OSError as error:
        is_odd = isinstance(error, NotOwnFile)
        with blaming(origin):
            raise failure(
                f"{error.filename if is_odd else path} cannot be written: {error.strerror or error}",
                fix=NotOwnFile.fix if is_odd else fix,
            ) from error


def corrupt(place: str, what: str) -> CorruptConfig:
    """Return the error about a file whose content cannot be used."""
    return CorruptConfig(f"{place} cannot be used: {what}", fix="Fix the file by hand; it was not changed.")


def _with_line(message: str, text: str) -> str:
    """Return a parser's message, with a line number added if it has none."""
    if re.search(r"line \d+", message):
        return message
    line = text.rstrip("\n").count("\n") + 1
    return f"{message} (line {line})"


def type_word(value: object) -> str:
    """Return in words what type a value of TOML has."""
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"
