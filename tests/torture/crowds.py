"""Many processes at once, with a slow disk too: a room is rung once, and every change is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice

from torture.batches import check_resumption, line_of, rooms_of, with_part, with_rooms
from torture.books import rooms_of as book_of
from torture.books import with_book
from torture.credentials import NEW, OLD, login_line, mint_of
from torture.faults import NO_FAULT, Fault, Mode
from torture.lab import Lab, Outcome, Place
from torture.scenario import filled
from torture.sign_ins import WHOAMI, whoami, with_stale_token

_SIZE = 30
_FEW = 10
_SOME = 20
_DUPLICATE = 12
SLOW_LOCKS = Fault("lock", 0, 30, Mode.SLOW)
SLOW_DISK = Fault("none", 0, 100, Mode.SLOW)
_VERY_SLOW_DISK = Fault("none", 0, 600, Mode.SLOW)
Crowd = Callable[[Place, int, Fault], tuple[list[Outcome], list[str]]]
Found = tuple[str, Counter[int], list[str]]
"""A crowd's name, its exit codes and what is wrong."""


def run_all(lab: Lab, size: int = _SIZE) -> Iterator[Found]:
    """Let one crowd after the other meet."""
    for words, fault in _CONDITIONS.items():
        yield meet(lab, size, f"ring one room{words}", ring, fault)
    yield meet(lab, size, "log in to one profile", log_in)
    yield meet(lab, min(size, _FEW), "log in to one profile with a keyring", log_in, has_keyring=True)
    yield meet(lab, size, "ring the rooms of one list", ring_list)
    yield meet(lab, size, "resume one run", resume, SLOW_DISK)
    for words, fault in _OF_RENEWALS.items():
        yield meet(lab, min(size, _SOME), f"renew one sign-in{words}", renew, fault, has_user=True)
    yield meet(lab, size, "edit one address book", edit_book)
    yield meet(lab, size, "edit one address book, fsync takes 100 ms", edit_book, SLOW_DISK)


_CONDITIONS = {
    "": NO_FAULT,
    ", fsync takes 100 ms": SLOW_DISK,
    ", fsync takes 600 ms": _VERY_SLOW_DISK,
    ", each lock takes 30 ms": SLOW_LOCKS,
}
_OF_RENEWALS = {"": NO_FAULT, ", fsync takes 100 ms": SLOW_DISK, ", each lock takes 30 ms": SLOW_LOCKS}


def meet(
    lab: Lab,
    size: int,
    what: str,
    crowd: Crowd,
    fault: Fault = NO_FAULT,
    *,
    has_keyring: bool = False,
    has_user: bool = False,
) -> Found:
    """Let a crowd of so many meet in a place of its own."""
    place = lab.place(has_keyring=has_keyring, has_user=has_user)
    outcomes, wrong = crowd(place, size, fault)
    wrong += ["did not end within its limit" for outcome in outcomes if outcome.is_late]
    wrong += ["a traceback" for outcome in outcomes if "Traceback" in outcome.stderr]
    place.remove()
    return f"{size} processes {what}", Counter(outcome.code for outcome in outcomes), wrong


def _others_than(outcomes: list[Outcome], *codes: int) -> list[str]:
    return [f"ended in {each.code}: {each.stderr or each.stdout}" for each in outcomes if each.code not in codes]


def ring(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Ring the place's room."""
    line = ["invite", "sip", place.room, "--no-wait", "--json"]
    outcomes = place.crowd([line] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 12)
    if place.rings != 1:
        wrong.append(f"rang {place.rings} times")
    if sum(outcome.code == 0 for outcome in outcomes) != 1:
        wrong.append("not one process says that it rang it")
    return outcomes, wrong


def log_in(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Log in with one pair or the other; what is left is one of them."""
    lines = []
    for pair in islice(cycle((OLD, NEW)), size):
        secret = place.folder / f"secret of {pair['key']}"
        secret.write_text(pair["secret"])
        line = login_line(pair, place)
        lines.append([*(word for word in line if word != "--secret-stdin"), "--secret-file", str(secret)])
    outcomes = place.crowd(lines, {}, fault=fault)
    wrong = _others_than(outcomes, 0, 3)
    which = mint_of(place)
    if which not in {"old", "new"}:
        wrong.append(f"afterwards a token is of {which}")
    return outcomes, wrong


def ring_list(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Ring a list of rooms without a journal of the run."""
    with_rooms(place)
    line = ["invite", "batch", str(place.folder / "rooms.csv"), "--no-wait", "--json", "--rate", "500/s"]
    outcomes = place.crowd([line] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 30, 31)
    rings = {room: place.lab.rings[room] for room in rooms_of(place)}
    if any(count != 1 for count in rings.values()):
        wrong.append(f"rang {rings}")
    return outcomes, wrong


def resume(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Resume a run that was killed."""
    with_part(place)
    outcomes = place.crowd([line_of(place, "--resume")] * size, place.credentials, fault=fault)
    wrong = _others_than(outcomes, 0, 3, 8, 30, 31)
    if all(outcome.code == 3 for outcome in outcomes):
        wrong.append("nobody resumed the run")
    documents = [outcome.document for outcome in outcomes if outcome.code != 3]
    rows = [row for document in documents if document for row in (document["result"] or {}).get("rows", ())]
    if any(row["exit_code"] == _DUPLICATE for row in rows):
        wrong.append("two resumed it at the same time, and one of them found the other's call")
    return outcomes, wrong + list(check_resumption(place))


def renew(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Need a token when the stored one is nearly over; one renews it, and all have the next."""
    with_stale_token(place)
    outcomes = place.crowd([filled(WHOAMI, place)] * size, place.bases, fault=fault)
    wrong = _others_than(outcomes, 0) + place.users.early
    if place.users.renewals != 1:
        wrong.append(f"renewed {place.users.renewals} times in a period")
    if whoami(place).code != 0:
        wrong.append("afterwards nobody is signed in")
    return outcomes, wrong


def edit_book(place: Place, size: int, fault: Fault) -> tuple[list[Outcome], list[str]]:
    """Each adds a room, edits one that is there, removes one, or imports a list."""
    with_book(place)
    kinds: tuple[Callable[[int], list[str]], ...] = (
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
