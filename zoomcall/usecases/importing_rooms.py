"""Works out what a list of rooms would change in the address book."""

from __future__ import annotations

from collections.abc import Iterable

from zoomcall.domain.batch import BadRow, RawRow, bad_rows
from zoomcall.domain.room import FIELDS, Book, BookEntry, Change, RoomKey, key_of, parse_room_name
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError
from zoomcall.usecases.rooms import refuse_broken


def importing(rows: Iterable[RawRow | BadRow], book: Book) -> tuple[Change, ...]:
    """Return the changes that bring rooms into the book; nothing is ever removed.

    What a row does not have stays as the book has it; what it has empty is removed. A room that the book has keeps
    the spelling of its name, and its passcode if the row has the same address with the passcode masked.

    Raises:
        UsageError: A row is invalid; the message lists every such row.
    """
    changes: list[Change] = []
    bad: list[BadRow] = []
    seen: dict[RoomKey, int] = {}
    total = 0
    for total, row in enumerate(rows, start=1):  # noqa: B007 - how many there were counts afterwards
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        try:
            change = _imported(row, book, seen)
        except UsageError as error:
            message = error.message if error.fix is None else f"{error.message}. {error.fix}"
            bad.append(BadRow(row.number, row.line, message))
            continue
        if change.before != change.after:
            changes.append(change)
    if bad:
        raise bad_rows(bad, total, "nothing was written", fix="Correct them.")
    return tuple(changes)


def _imported(row: RawRow, book: Book, seen: dict[RoomKey, int]) -> Change:
    name = row.fields.get("name")
    if not isinstance(name, str) or not name.strip():
        raise UsageError("the name is missing")
    refuse_broken(book, parse_room_name(name))
    first = seen.setdefault(key_of(name.strip()), row.number)
    if first != row.number:
        raise UsageError(f"the name {quoted(name)} is that of row {first}")
    before = book.find(name)
    fields = {field: row.fields[field] for field in FIELDS if field in row.fields}
    if before is None:
        return Change(None, BookEntry.parse(name, fields))
    if before.has_passcode and str(fields.get("address")).strip() == before.address.shown:
        del fields["address"]
    return Change(before, before.edited(fields))
