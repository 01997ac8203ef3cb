"""Reads ``book.toml``: the rooms of the address book, one ``[[room]]`` each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import ValidationError, convert
from msgspec.structs import replace

from zoomcall.adapters.toml_file import corrupt, parse_toml, read_text, type_word
from zoomcall.domain.room import Book, BookEntry, RoomKey
from zoomcall.domain.zoom_list import ListedRoom
from zoomcall.errors import NotConfigured, UsageError, blaming

FILE_NAME = "book.toml"
READABLE = "Make it readable, or name another with --book or ZOOMCALL_BOOK."
KEYS = {
    "protocol": "protocol",
    "address": "address",
    "from_name": "from_name",
    "to_name": "to_name",
    "note": "note",
    "header": "headers",
    "tag": "tags",
    "greeting": "greeting",
    "press_one": "press_one",
}
"""The keys of a ``[[room]]`` beside its name, by the entry's own names."""


class RoomBook:
    """The file, read again on each call.

    Args:
        path: The file's path.
        is_named: Whether the user named it; then it must exist to be read.
        origin: The variable that names it, if one does.
    """

    def __init__(self, path: Path, *, is_named: bool = False, origin: str | None = None) -> None:
        self.path = path
        self._is_named = is_named
        self._origin = origin
        self._failure = UsageError if is_named else NotConfigured

    def read(self) -> Book:
        """Read the file.

        Raises:
            NotConfigured: It cannot be read or is not an address book.
            UsageError: The user named a file that does not exist.
        """
        text = self._text()
        if self._is_named and not text and not self.path.exists():
            with blaming(self._origin):
                raise UsageError(
                    f"there is no address book {self.path}",
                    fix="Name another file, or add a room, which creates it.",
                )
        return parse_book(text, place=str(self.path))

    def _text(self) -> str:
        return read_text(self.path, fix=READABLE, failure=self._failure, origin=self._origin)


def parse_book(text: str, *, place: str) -> Book:
    """Parse the text of an address book; unknown keys are ignored, and what cannot be used is named in ``broken``.

    Raises:
        NotConfigured: It is not TOML (the message names the line), or ``room`` is not a list of tables.
    """
    entries: dict[RoomKey, BookEntry] = {}
    broken: dict[str, str] = {}
    for number, table in enumerate(tables_of(parse_toml(text, place=place), place=place), start=1):
        name = table.get("name")
        shown = name if isinstance(name, str) and name else f"room {number}"
        try:
            entry = replace(BookEntry.parse(_name(name), fields_of(table)), origin=_origin_of(table))
        except UsageError as error:
            broken[shown] = error.message
            continue
        if entry.key in entries:
            broken[f"{shown} (room {number})"] = f"the name is taken by {entries[entry.key].name!r} above"
        else:
            entries[entry.key] = entry
    return Book(tuple(entries.values()), broken, place)


def _origin_of(table: dict[str, Any]) -> ListedRoom | None:
    """Return what ``room sync`` wrote; the user may have a key of that name, which says something else."""
    try:
        return convert(table["origin"], ListedRoom) if "origin" in table else None
    except ValidationError:
        return None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError("its name is missing" if value is None else "its name is not text")
    return value


def tables_of(document: dict[str, Any], *, place: str) -> list[dict[str, Any]]:
    """Return the ``[[room]]`` tables of a document.

    Raises:
        NotConfigured: ``room`` is something else.
    """
    tables = document.get("room", [])
    if not isinstance(tables, list):
        raise corrupt(place, f"room must be a list of tables like [[room]], not {type_word(tables)}")
    for table in tables:
        if not isinstance(table, dict):
            raise corrupt(place, f"room must be a list of tables like [[room]]; one of them is {type_word(table)}")
    return tables


def fields_of(table: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a ``[[room]]`` that are there, by the entry's own names."""
    return {field: table[key] for field, key in KEYS.items() if key in table}
