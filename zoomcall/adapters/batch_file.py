"""Reads the rows of a batch: CSV, JSON lines, a JSON list, or a plain list of addresses."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from zoomcall.domain.batch import BadRow, RawRow
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

_DELIMITERS = ",;\t|"
_LARGEST_FIELD = 1_000_000
_BETWEEN_VALUES = Pattern(r"[\s,]*")
_LINE = Pattern(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SEPARATOR_LINE = Pattern(r"sep=(.)(?=\r?\n)", re.IGNORECASE)
"""What Excel writes above the header."""
_LIST_HELP = "Give one row a room: a CSV with a header, JSON lines, or one address a line."


def read_batch(data: bytes, *, name: str, columns: Iterable[str]) -> Iterator[RawRow | BadRow]:
    """Yield the rows of a file.

    Args:
        data: The whole file.
        name: What to call it in an error.
        columns: The names that a column may have.

    Raises:
        UsageError: It is not text, or holds no row.
    """
    is_empty = True
    text = _text_of(data, name)
    del data  # nobody else holds it
    for row in _rows_of(text, name, frozenset(columns)):
        is_empty = False
        yield row
    if is_empty:
        raise UsageError(f"{name} holds no rows", fix=_LIST_HELP)


def _text_of(data: bytes, name: str) -> str:
    encoding = "utf-8-sig"
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    elif data[1:2] == b"\0":
        encoding = "utf-16-le"
    elif data[:1] == b"\0":
        encoding = "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        kind = "UTF-8" if encoding == "utf-8-sig" else "UTF-16"
        raise UsageError(
            f"{name} is not {kind} text: {error.reason} at byte {error.start}", fix="Save it as UTF-8."
        ) from error


def _rows_of(text: str, name: str, known: frozenset[str]) -> Iterator[RawRow | BadRow]:
    separator = _SEPARATOR_LINE.match(text)
    if separator is not None:
        text = text[separator.end() :]  # its line break stays, and so do the numbers of the lines
    start = text.lstrip()[:1]
    if start in {"[", "{"}:
        return _json(text, name)
    header = _header(text, known, _DELIMITERS if separator is None else separator[1])
    return _plain(text) if header is None else _csv(text, *header)


def _json(text: str, name: str) -> Iterator[RawRow | BadRow]:
    """Yield the objects of a list, or of a text with one after another; what is not valid ends with its line."""
    decoder = json.JSONDecoder()
    begins = _BETWEEN_VALUES.match(text)
    position = 0 if begins is None else begins.end()
    is_list = text[position] == "["
    position += is_list
    number, line, counted = 0, 1, 0
    while True:
        gap = _BETWEEN_VALUES.match(text, position)
        position = position if gap is None else gap.end()
        line, counted = line + text.count("\n", counted, position), position
        if position == len(text):
            if is_list:
                raise UsageError(f"{name} is not valid JSON: its list does not end")
            return
        if is_list and text[position] == "]":
            if text[position + 1 :].strip():
                raise UsageError(f"{name} is not valid JSON: line {line} has more after the list")
            return
        number += 1
        try:
            row, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield BadRow(number, line, f"not valid JSON: {_why(error)}")
            if is_list:
                raise UsageError(f"{name} is not valid JSON: {error}") from error
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
            continue
        yield _object(number, line, row)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "it is nested too deep" if isinstance(error, RecursionError) else "a number is too long"


def _object(number: int, line: int, row: Any) -> RawRow | BadRow:
    if not isinstance(row, dict):
        return BadRow(number, line, "a row must be a JSON object")
    fields = {_column(key): value for key, value in row.items()}
    if len(fields) < len(row):
        return BadRow(number, line, "a key is there twice")
    return RawRow(number, line, fields)


def _header(text: str, known: frozenset[str], delimiters: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the delimiter and the column names, if the first line is a CSV header."""
    for delimiter in delimiters:
        try:
            cells = next(filter(any, csv.reader(_lines(text), delimiter=delimiter)), [])
        except csv.Error:
            continue
        names = tuple(map(_column, cells))
        if "address" in names or "room" in names:
            return delimiter, names
        if len(known.intersection(names)) > 1:
            raise UsageError(
                f"the header {quoted(delimiter.join(names))} has no column for the room",
                fix="Call it address, or room for names in the address book.",
            )
    return None


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their breaks, one at a time: ``io.StringIO`` would hold four bytes a character."""
    return (line[0] for line in _LINE.finditer(text))


_COLUMNS: dict[str, str] = {}


def _column(name: str) -> str:
    found = _COLUMNS.get(name)
    if found is None:
        found = _COLUMNS[name] = re.sub(r"[\s-]+", "_", name.strip().lower())
    return found


def _csv(text: str, delimiter: str, names: tuple[str, ...]) -> Iterator[RawRow | BadRow]:
    titles = [name for name in names if name]
    if len(set(titles)) < len(titles):
        twice = next(name for name in titles if titles.count(name) > 1)
        raise UsageError(f"the column {quoted(twice)} is there twice")
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    number, begins, is_header_seen = 0, 1, False
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield BadRow(number, begins, f"not valid CSV: {error}")
            begins = reader.line_num + 1
            continue
        if cells is None:
            return
        line, begins = begins, reader.line_num + 1
        if not any(map(str.strip, cells)):
            continue
        if not is_header_seen:
            is_header_seen = True
            continue
        number += 1
        if any(cells[len(names) :]):
            yield BadRow(
                number,
                line,
                f"{len(cells)} cells for {len(names)} columns; put a cell that holds {delimiter!r} in quotes",
            )
        else:
            yield RawRow(number, line, dict(zip(names, cells, strict=False)))


def _plain(text: str) -> Iterator[RawRow | BadRow]:
    """Yield the addresses of a plain list; a bare IP address is an H.323 room, one with a user a SIP room."""
    number = 0
    for line, content in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        address = content.strip()
        if not address or address.startswith("#"):
            continue
        number += 1
        words = address.split()
        if "," in address or address.partition(";")[0] in {"sip", "h323"}:
            yield BadRow(number, line, "a line is one address; a CSV needs a header, like protocol,address")
        elif address.startswith("@"):
            yield RawRow(number, line, {"room": address[1:]})
        elif len(words) == 2:
            yield RawRow(number, line, {"protocol": words[0], "address": words[1]})
        else:
            yield RawRow(number, line, {"protocol": _protocol_of(address), "address": address})


def _protocol_of(address: str) -> str | None:
    if "@" in address or address.lower().startswith(("sip:", "sips:")):
        return "sip"
    try:
        ip_address(address.partition("##")[0].strip("[]"))
    except ValueError:
        return None
    return "h323"
