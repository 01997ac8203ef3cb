"""The address book: finds rooms by name, and works out what a command would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from zoomcall.domain.callout import Callout
from zoomcall.domain.room import Book, BookEntry, Change
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError


class BookWriter(Protocol):
    """The address book, to edit."""

    def read(self) -> Book:
        """Read it."""
        ...

    def apply(self, plan: Callable[[Book], Sequence[Change]]) -> tuple[Change, ...]:
        """Make the changes that ``plan`` wants of the book as it is then, and return them."""
        ...


def entry_of(book: Book, name: str) -> BookEntry:
    """Return the room of a name.

    Raises:
        UsageError: There is none, or one that cannot be used.
    """
    entry = book.find(name)
    if entry is not None:
        return entry
    refuse_broken(book, name)
    from difflib import get_close_matches

    names = {each.name.casefold(): each.name for each in book.entries}
    near = get_close_matches(name.removeprefix("@").casefold(), names, n=3)
    raise UsageError(
        f"there is no room {quoted(name.removeprefix('@'))} in the address book {book.place}",
        fix=f"Did you mean {' or '.join(quoted(names[each]) for each in near)}?"
        if near
        else "Add it: zoomcall room add NAME sip ADDRESS.",
        command="zoomcall room list",
    )


def callout_of(book: Book, name: str) -> Callout:
    """Return what rings the room of a name: address, names and headers; errors as in ``entry_of``."""
    return entry_of(book, name).callout


def adding(entry: BookEntry, book: Book) -> tuple[Change, ...]:
    """Return the change that adds a room.

    Raises:
        UsageError: The name is taken.
    """
    refuse_broken(book, entry.name)
    taken = book.find(entry.name)
    if taken is not None:
        raise UsageError(
            f"there is a room {quoted(taken.name)} already ({taken.protocol} {taken.address.shown})",
            fix="Change it with zoomcall room edit, or choose another name.",
        )
    return (Change(None, entry),)


def editing(name: str, fields: Mapping[str, Any], new_name: str | None, book: Book) -> tuple[Change, ...]:
    """Return the change of a room, if it changes anything.

    Args:
        name: The room's name.
        fields: What becomes of which field; an empty value removes one.
        new_name: The name that it gets; None if it keeps its own.
        book: The book.

    Raises:
        UsageError: There is no such room, a value is invalid, or the new name is taken.
    """
    before = entry_of(book, name)
    after = before.edited(fields, name=new_name)
    if after.key != before.key:
        adding(after, book)
    return () if after == before else (Change(before, after),)


def removing(names: Iterable[str], book: Book) -> tuple[Change, ...]:
    """Return the changes that remove rooms; errors as in ``entry_of``."""
    entries = {(entry := entry_of(book, name)).key: entry for name in names}
    return tuple(Change(entry, None) for entry in entries.values())


def refuse_broken(book: Book, name: str) -> None:
    """Raise ``UsageError`` if the book has a room of that name which cannot be used."""
    why = book.problem_of(name)
    if why is not None:
        raise UsageError(
            f"the room {quoted(name.removeprefix('@'))} in {book.place} cannot be used: {why}",
            fix="Correct it in the file.",
        )
