"""Many processes at once, with a slow disk too: a room is rung once, and every change is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice

from torture.batches import check_resumption, line_of, rooms_of, with_rooms
from torture.books import rooms_of as book_of
from torture.books import with_book
from torture.credentials import NEW, login_line, mint_of
from torture.faults import NO_FAULT, Fault, Mode
from torture.lab import Lab, Outcome, Place

_SIZE = 30
_SLOW_MS = (0, 100, 600)
Found = tuple[str, Counter[int], list[str]]
"""A crowd's name, its exit codes and what is wrong."""


def run_all(lab: Lab, size: int = _SIZE) -> Iterator[Found]:
    """Let one crowd after the other meet."""
    for slow in _SLOW_MS:
        yield _crowd(lab, size, f"ring one room, fsync takes {slow} ms", _ring, slow)
    yield _crowd(lab, size, "log in to one profile", _log_in)
    yield _crowd(lab, min(size, _FEW), "log in to one profile with a keyring", _log_in, has_keyring=True)
    yield _crowd(lab, size, "ring the rooms of one list", _ring_list)
    yield _crowd(lab, size, "resume one run, fsync takes 100 ms", _resume, 100)
    yield _crowd(lab, size, "edit one address book", _edit_book)
    yield _crowd(lab, size, "edit one address book, fsync takes 100 ms", _edit_book, 100)


_FEW = 10
Crowd = Callable[[Place, int, Fault], tuple[list[Outcome], list[str]]]


def _crowd(lab: Lab, size: int, what: str, crowd: Crowd, slow: int = 0, *, has_keyring: bool = False) -> Found:
    place = lab.place(has_keyring=has_keyring)
    outcomes, wrong = crowd(place, size, Fault("none", 0, slow, Mode.SLOW) if slow else NO_FAULT)
    wrong += ["did not end within its limit" for outcome in outcomes if outcome.is_late]
    wrong += ["a traceback" for outcome in outcomes if "Traceback" in outcome.stderr]
    place.remove()
    return f"{size} processes {what}", Counter(outcome.code for outcome in outcomes), wrong


def _others_than(outcomes: list[Outcome], *codes: int) -> list[str]:
    return [f"ended in {each.code}: {each.stderr or each.stdout}" for each in outcomes if each.code not in codes]


def _ring(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    line = ["invite", "sip", place.room, "--no-wait", "--json"]
    outcomes = place.crowd([line] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 12)
    if place.rings != 1:
        wrong.append(f"rang {place.rings} times")
    if sum(outcome.code == 0 for outcome in outcomes) != 1:
        wrong.append("not one process says that it rang it")
    return outcomes, wrong


def _log_in(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    outcomes = place.crowd([login_line(NEW, place)] * size, {}, stdin=NEW["secret"].encode(), fault=fault)
    wrong = _others_than(outcomes, 0, 3)
    if mint_of(place) != "new":
        wrong.append("the profile does not work afterwards")
    return outcomes, wrong


def _ring_list(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    with_rooms(place)
    line = ["invite", "batch", str(place.folder / "rooms.csv"), "--no-wait", "--json", "--rate", "500/s"]
    outcomes = place.crowd([line] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 30, 31)
    rings = {room: place.lab.rings[room] for room in rooms_of(place)}
    if any(count != 1 for count in rings.values()):
        wrong.append(f"rang {rings}")
    return outcomes, wrong


def _resume(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    with_rooms(place)
    place.run(line_of(place), place.credentials, fault=Fault("none", 130, 0, Mode.KILL))
    outcomes = place.crowd([line_of(place, "--resume")] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 8, 30, 31)
    if all(outcome.code == 3 for outcome in outcomes):
        wrong.append("nobody resumed the run")
    return outcomes, wrong + list(check_resumption(place))


def _edit_book(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Each adds a room, edits one that is there, removes one, or imports a list."""
    with_book(place)
    kinds = (
        lambda number: ["room", "add", f"Room {number}", "sip", f"r{number}@example.com"],
        lambda number: ["room", "edit", "Board", "--note", f"by {number}"],
        lambda _: ["room", "import", str(place.folder / "rooms.csv"), "--yes"],
    )
    lines = [kind(number) for number, kind in enumerate(islice(cycle(kinds), size))]
    outcomes = place.crowd(lines, {}, fault=fault)
    wrong = _others_than(outcomes, 0, 3)
    book = book_of(place) or {}
    done = [line for line, outcome in zip(lines, outcomes, strict=True) if outcome.code == 0]
    added = [line[2] for line in done if line[1] == "add"]
    lost = [name for name in (*added, "Board", "Lab", "Attic") if name not in book]
    if lost:
        wrong.append(f"the book has lost {lost}")
    if len(done) < size // 2:
        wrong.append("most were kept waiting for too long")
    return outcomes, wrong
