"""Edits ``book.toml`` without losing the user's comments, order and unknown keys (tomlkit)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import tomlkit
from msgspec.structs import asdict
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Table, Whitespace

from zoomcall.adapters.room_book import KEYS, RoomBook, parse_book
from zoomcall.adapters.toml_file import writing
from zoomcall.adapters.toml_lines import body_of, cut_tail
from zoomcall.domain.room import Book, BookEntry, Change, key_of
from zoomcall.domain.zoom_list import ListedRoom
from zoomcall.errors import NotConfigured
from zoomcall.own_files import locked, refuse_odd, replace_file, sweep

_LOCK_LIMIT = timedelta(seconds=10)
_WRITABLE = "Make the folder writable, or name another file with --book or ZOOMCALL_BOOK."
_HEADER = "# zoomcall's address book. Your own comments and keys are kept.\n"

Plan = Callable[[Book], Sequence[Change]]


class RoomBookWriter(RoomBook):
    """The file; each call makes one locked, atomic edit.

    Args:
        path: The file's path; if there is no file, the first change creates it.
        is_named: Whether the user named it.
        origin: The variable that names it, if one does.
        lock_limit: How long to wait for another writer.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_named: bool = False,
        origin: str | None = None,
        lock_limit: timedelta = _LOCK_LIMIT,
    ) -> None:
        super().__init__(path, is_named=is_named, origin=origin)
        self._lock_limit = lock_limit

    def read(self) -> Book:
        """Read the file, which need not exist; errors as in ``RoomBook``."""
        return parse_book(self._text(), place=str(self.path))

    def apply(self, plan: Plan) -> tuple[Change, ...]:
        """Make the changes that ``plan`` wants of the book as it is then, and return them.

        Raises:
            ZoomcallError: The plan raised it; the file was not changed.
            NotConfigured: The file cannot be read or written; it was not changed.
        """
        place = str(self.path)
        with writing(self.path, fix=_WRITABLE, failure=self._failure, origin=self._origin):
            refuse_odd(self.path)
            with locked(self.path.with_name(self.path.name + ".lock"), self._lock_limit):
                sweep(self.path.parent, re.escape(self.path.name))
                text = self._text()
                before = parse_book(text, place=place)
                changes = tuple(plan(before))
                if changes:
                    self._write(text, before.after(changes), changes)
                return changes

    def _write(self, text: str, after: Book, changes: Sequence[Change]) -> None:
        fresh = _rewritten(text, changes)
        if fresh is None or not _is(fresh, after):
            raise NotConfigured(
                f"{self.path} is written in a way that cannot be edited safely; it was not changed",
                fix="Write each room as its own [[room]] table.",
            )
        replace_file(self.path, fresh.encode())


def _is(text: str, book: Book) -> bool:
    """Return whether a text says what the book should be."""
    try:
        return parse_book(text, place=book.place) == book
    except NotConfigured:
        return False


def _rewritten(text: str, changes: Sequence[Change]) -> str | None:
    """Return the new text; None if tomlkit cannot make the edit."""
    edits = [change for change in changes if change.before is not None]
    fresh = [change.entry for change in changes if change.before is None]
    try:
        text = _edited(text, edits) if edits else text or _HEADER
        if fresh:
            gap = "\n" if text.endswith("\n") or not text else "\n\n"
            text = f"{text}{gap}{toml_of(entry.fields() | _own(entry) for entry in fresh)}"
    except (TOMLKitError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None
    return text


def _own(entry: BookEntry) -> dict[str, Any]:
    return {"name": entry.name, "origin": entry.origin}


def toml_of(rooms: Iterable[dict[str, Any]]) -> str:
    """Return rooms as the text of an address book.

    Args:
        rooms: Fields by the entry's own names, ``name``, and ``origin`` if that is to be kept.
    """
    tables = tomlkit.aot()
    for fields in rooms:
        table = tomlkit.table()
        table["name"] = fields["name"]
        for field, key in KEYS.items():
            if _is_there(fields[field]):
                table[key] = _value(fields[field])
        if fields.get("origin") is not None:
            table["origin"] = _inline(fields["origin"])
        tables.append(table)
    document = tomlkit.document()
    document["room"] = tables
    return tomlkit.dumps(document)


def _edited(text: str, changes: Sequence[Change]) -> str:
    document = tomlkit.parse(text)
    tables = document["room"]
    if not isinstance(tables, AoT):
        raise TypeError
    places = {key_of(str(table["name"]).strip()): table for table in tables.body if "name" in table}
    gone = set()
    for change in changes:
        if change.before is None:
            continue
        table = places[change.before.key]
        if change.after is None:
            gone.add(id(table))
        else:
            _put(table, change.before, change.after)
    _remove(document, tables, gone)
    return tomlkit.dumps(document)


def _put(table: Table, before: BookEntry, after: BookEntry) -> None:
    tail = cut_tail(table)
    if after.name != before.name:
        table["name"] = after.name
    old, new = before.fields(), after.fields()
    for field, key in KEYS.items():
        if new[field] == old[field]:
            continue
        if _is_there(new[field]):
            table[key] = _value(new[field])
        else:
            table.pop(key, None)
    if after.origin is None and before.origin is not None:
        table.pop("origin", None)
    elif after.origin is not None and after.origin != before.origin:
        table["origin"] = _inline(after.origin)
    body_of(table).extend(tail)


def _remove(document: tomlkit.TOMLDocument, tables: AoT, gone: set[int]) -> None:
    """Remove rooms, but keep their last lines where they are comments on what follows."""
    head = ""
    for index in reversed(range(len(tables.body))):
        table = tables.body[index]
        if id(table) not in gone:
            continue
        remark = "".join(line.as_string() for _, line in cut_tail(table)).lstrip("\n")
        del tables[index]
        if index:
            body_of(tables.body[index - 1]).append((None, Whitespace(remark)))
        else:
            head = remark
    body = document.body
    place = next(index for index, (key, _) in enumerate(body) if key is not None and key.key == "room")
    if tables.body:
        body.insert(place, (None, Whitespace(head)))
    else:
        body[place] = (None, Whitespace(head))


def _inline(origin: ListedRoom) -> InlineTable:
    table = tomlkit.inline_table()
    table.update({name: value for name, value in asdict(origin).items() if value})
    return table


def _is_there(value: str | tuple[str, ...] | bool | None) -> bool:  # noqa: FBT001 - a field's value
    return value is not None and value != ()


def _value(value: str | tuple[str, ...] | bool) -> str | list[str] | bool:  # noqa: FBT001 - a field's value
    return list(value) if isinstance(value, tuple) else value
