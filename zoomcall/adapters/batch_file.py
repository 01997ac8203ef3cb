"""Reads the rows of a batch: CSV, JSON lines, a JSON list, or a plain list of addresses."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from zoomcall.domain.batch import BadRow, RawRow
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

_DELIMITERS = ",;\t"
_LARGEST_FIELD = 1_000_000


def read_batch(data: bytes, *, name: str, columns: Iterable[str]) -> Iterator[RawRow | BadRow]:
    """Yield the rows of a file.

    Args:
        data: The whole file.
        name: What to call it in an error.
        columns: The names that a column may have.

    Raises:
        UsageError: It is not text, or holds no row.
    """
    try:
        text = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    start = text.lstrip()[:1]
    known = frozenset(columns)
    if start == "[":
        rows = _json_list(text, name)
    elif start == "{":
        rows = _json_lines(text)
    elif (header := _header(text, known)) is not None:
        rows = _csv(text, *header)
    else:
        rows = _plain(text)
    is_empty = True
    for row in rows:
        is_empty = False
        yield row
    if is_empty:
        raise UsageError(f"{name} holds no rows", fix="Give one row a room: a CSV with a header, or JSON lines.")


def _json_list(text: str, name: str) -> Iterator[RawRow | BadRow]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{name} is not valid JSON: {error}") from error
    for number, row in enumerate(rows, start=1):
        yield _object(number, number, row)


def _json_lines(text: str) -> Iterator[RawRow | BadRow]:
    number = 0
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        number += 1
        try:
            row: Any = json.loads(content)
        except ValueError as error:
            yield BadRow(number, line, f"not valid JSON: {error}")
            continue
        yield _object(number, line, row)


def _object(number: int, line: int, row: Any) -> RawRow | BadRow:
    if not isinstance(row, dict):
        return BadRow(number, line, "a row must be a JSON object")
    return RawRow(number, line, {_column(key): value for key, value in row.items()})


def _header(text: str, known: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the delimiter and the column names, if the first line is a CSV header."""
    first = text.lstrip("\r\n").partition("\n")[0].strip("\r")
    for delimiter in _DELIMITERS:
        names = tuple(map(_column, next(csv.reader([first], delimiter=delimiter), [])))
        if known.intersection(names) and ("address" in names or "room" in names):
            return delimiter, names
    return None


def _column(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _csv(text: str, delimiter: str, names: tuple[str, ...]) -> Iterator[RawRow | BadRow]:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"the column {quoted(twice)} is there twice")
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, begins, is_header_seen = 0, 1, False
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield BadRow(number + 1, begins, f"not valid CSV: {error}")
            return
        if cells is None:
            return
        line, begins = begins, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not is_header_seen:
            is_header_seen = True
            continue
        number += 1
        if len(cells) > len(names):
            yield BadRow(
                number, line, f"{len(cells)} cells for {len(names)} columns; quote a cell with {delimiter!r}"
            )
        else:
            yield RawRow(number, line, dict(zip(names, cells, strict=False)))


def _plain(text: str) -> Iterator[RawRow | BadRow]:
    """Yield the addresses of a plain list; a bare IP address is an H.323 room, one with a user a SIP room."""
    number = 0
    for line, content in enumerate(text.split("\n"), start=1):
        address = content.strip()
        if not address or address.startswith("#"):
            continue
        number += 1
        if address.startswith("@"):
            yield RawRow(number, line, {"room": address[1:]})
            continue
        words = address.split()
        if len(words) == 2:
            yield RawRow(number, line, {"protocol": words[0], "address": words[1]})
            continue
        yield RawRow(number, line, {"protocol": _protocol_of(address), "address": address})


def _protocol_of(address: str) -> str | None:
    if "@" in address or address.lower().startswith(("sip:", "sips:")):
        return "sip"
    try:
        ip_address(address.partition("##")[0].strip("[]"))
    except ValueError:
        return None
    return "h323"
