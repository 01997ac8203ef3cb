"""The address book under faults: it is the old one or the new one, with the user's comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torture.faults import Fault
from torture.lab import Outcome, Place
from torture.scenario import Scenario, left_over

_REMARK = "# the board's own\n"
_IMPORT = "name,protocol,address\nBoard,sip,board@example.com\nLab,h323,203.0.113.10\nAttic,sip,attic@example.com\n"
Rooms = dict[str, str]


def with_book(place: Place) -> None:
    """Write a book with a room, a remark, and a list to import."""
    done = place.run(["room", "add", "Board", "sip", "board@example.com"], {})
    assert done.code == 0, done.stderr
    book = place.config / "book.toml"
    book.write_text(_REMARK + book.read_text())
    (place.folder / "rooms.csv").write_text(_IMPORT)


def rooms_of(place: Place) -> Rooms | None:
    """Return the rooms in the book with their addresses; None if it cannot be read."""
    shown = place.run(["room", "list", "--json"], {})
    if shown.document is None or shown.code != 0:
        return None
    return {room["name"]: room["address"] for room in shown.document["result"]["rooms"]}


def _checked(after: Rooms) -> Callable[[Place, Fault, Outcome], Iterator[str]]:
    before = {"Board": "board@example.com"}

    def check(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
        rooms = rooms_of(place)
        if rooms not in ([after] if outcome.code == 0 else [before, after]):
            yield f"exit {outcome.code}, and then the book has {rooms}: {outcome.stderr}"
        if not (place.config / "book.toml").read_text().startswith(_REMARK):
            yield "the remark is gone"
        again = place.run(["room", "add", "Next", "sip", "next@example.com"], {})
        if again.code != 0 or rooms_of(place) != {**(rooms or {}), "Next": "next@example.com"}:
            yield f"the next change ends in {again.code}: {again.stderr}"
        yield from left_over(place)

    return check


_OWN_ROOM = ("My own room", "mine@example.com")


def _with_own_room(place: Place) -> None:
    """Put a room into the address book."""
    done = place.run(["room", "add", _OWN_ROOM[0], "sip", _OWN_ROOM[1]], {})
    assert done.code == 0, done.stderr


def _check_sync(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """The book is the old one or the new one, the user's own room is in it, and the next sync brings the rest."""
    book = rooms_of(place)
    names = list(book or ())
    if book is None:
        yield "the address book is damaged"
        return
    if names[:1] != [_OWN_ROOM[0]]:
        yield f"the user's own room is gone: {names}"
    if len(names) not in ({6} if outcome.code == 0 else {1, 6}):
        yield f"exit {outcome.code}, but the book has {names}"
    again = place.run(["room", "sync", "--yes"], place.credentials)
    if again.code != 0 or len(rooms_of(place) or ()) != 6:
        yield f"the next sync ends in {again.code}: {again.stderr}"


_BOARD = {"Board": "board@example.com"}
_LAB = {"Lab": "203.0.113.10"}

_EDITS = tuple(
    Scenario(f"room {words[0]}", ("room", *words), _checked(after), with_book, has_environment=False)
    for words, after in (
        (("add", "Lab", "h323", "203.0.113.10"), _BOARD | _LAB),
        (("edit", "Board", "--address", "new@example.com"), {"Board": "new@example.com"}),
        (("remove", "Board", "--yes"), {}),
        (("import", "{folder}/rooms.csv", "--yes"), _BOARD | _LAB | {"Attic": "attic@example.com"}),
    )
)

BOOKS = (*_EDITS, Scenario("room sync", ("room", "sync", "--yes", "--json"), _check_sync, _with_own_room))
