"""Reads rooms for the address book from a file of another program, or from an export: TOML, JSON or CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoomcall.adapters.batch_file import read_batch
from zoomcall.adapters.input_file import read_input
from zoomcall.adapters.room_book import fields_of, tables_of
from zoomcall.adapters.toml_file import parse_toml
from zoomcall.domain.batch import BadRow, RawRow
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.room import FIELDS
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.text_files import utf8_of
from zoomcall.errors import CorruptConfig, UsageError
from zoomcall.named_files import write_named

COLUMNS = ("name", *FIELDS, "headers", "tags")
_LARGEST = 100_000_000
_PLURALS = {"headers": "header", "tags": "tag"}
_TOML = Pattern(r"^\s*\[\[\s*room\s*\]\]", re.MULTILINE)


def read_room_list(data: bytes, *, name: str) -> Iterator[RawRow | BadRow]:
    """Yield rooms with the fields that the file has of each.

    Args:
        data: The whole file.
        name: Its name, which may tell the format, and what to call it in an error.

    Raises:
        UsageError: It cannot be understood, or holds no room.
    """
    data = utf8_of(data)
    text = data.decode("utf-8", "replace")
    if name.lower().endswith(".toml") or (_TOML.search(text) and not name.lower().endswith((".csv", ".json"))):
        return _of_toml(data, name)
    if text.lstrip().startswith("{") and (rows := _listed(text)) is not None:
        data = json.dumps(rows).encode()
    return map(_singular, read_batch(data, name=name, columns=COLUMNS))


def read_room_file(path: Path) -> Iterator[RawRow | BadRow]:
    """Yield the rooms of a file or pipe; errors as in ``read_room_list``."""
    return read_room_list(read_input(path, most=_LARGEST), name=str(path))


def write_room_file(path: Path, text: str) -> None:
    """Write rooms to ``path``, a file for the user alone: addresses may hold passcodes.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        write_named(path, text.encode(), mode=0o600)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{quoted(str(path))} cannot be written: {why}", fix="Name another file.") from error


def _of_toml(data: bytes, name: str) -> Iterator[RawRow | BadRow]:
    try:
        tables = tables_of(parse_toml(data.decode(), place=name), place=name)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except CorruptConfig as error:
        raise UsageError(error.message) from error
    if not tables:
        raise UsageError(f"{name} holds no rooms", fix="Write each room as its own [[room]] table.")
    return (
        RawRow(number, number, fields_of(each) | ({"name": each["name"]} if "name" in each else {}))
        for number, each in enumerate(tables, start=1)
    )


def _listed(text: str) -> list[Any] | None:
    """Return the rooms of a document that has them under ``rooms``, as ``room list --json`` does."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None  # perhaps JSON lines, which are read next
    if not isinstance(document, dict):
        return None
    result = document.get("result", document)
    rooms = result.get("rooms") if isinstance(result, dict) else None
    return rooms if isinstance(rooms, list) else None


def _singular(row: RawRow | BadRow) -> RawRow | BadRow:
    if isinstance(row, BadRow):
        return row
    fields = {_PLURALS.get(key, key): _texts(value) for key, value in row.fields.items()}
    return RawRow(row.number, row.line, fields)


def _texts(value: object) -> object:
    """Return a value with headers like ``{"key": …, "value": …}`` written as ``K=V``."""
    if not isinstance(value, list):
        return value
    return [
        f"{each['key']}={each['value']}" if isinstance(each, dict) and {"key", "value"} <= each.keys() else each
        for each in value
    ]
