"""Batches, their resumption and their reports under faults: no room rings twice in all."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from torture.calls import check_journal
from torture.faults import Fault, Mode
from torture.lab import Outcome, Place
from torture.scenario import NOTHING_RINGS, Scenario, filled

_ROWS = 3
_BATCH = ("invite", "batch", "{folder}/rooms.csv", "--no-wait", "--json", "--rate", "500/s")
_JOURNAL = ("--journal", "{folder}/run.sqlite3")


def with_rooms(place: Place, fates: tuple[str, ...] = ("answer", "answer", "answer")) -> None:
    """Write the input of a batch."""
    rooms = (place.room.replace("answer@", f"{fate}@row{number}-") for number, fate in enumerate(fates))
    rows = "".join(f"sip,{room}\n" for room in rooms)
    (place.folder / "rooms.csv").write_text(f"protocol,address\n{rows}")


def rooms_of(place: Place) -> list[str]:
    """Return the rooms of the batch."""
    _, *rows = (place.folder / "rooms.csv").read_text().splitlines()
    return [row.partition(",")[2] for row in rows]


def line_of(place: Place, *more: str) -> list[str]:
    """Return the command line of a batch with a journal."""
    return filled((*_BATCH, *_JOURNAL, *more), place)


def with_part(place: Place) -> None:
    """Leave a run that was killed in its middle: one room was rung, another may have been, and one was not.

    Of the second one Zoom never says what became of its call.
    """
    with_rooms(place, ("answer", "noop", "answer"))
    place.run(line_of(place, "--parallel", "1"), place.credentials, fault=_MIDWAY)
    rings = [place.lab.rings[room] for room in rooms_of(place)]
    assert rings == [1, 1, 0], rings


def with_run(place: Place) -> None:
    """Leave a run that is over."""
    with_rooms(place)
    done = place.run(line_of(place), place.credentials)
    assert done.code == 0, done.stdout


def check_batch(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """No room rings twice, whatever happened, and resuming rings what is left."""
    rings = {room: place.lab.rings[room] for room in rooms_of(place)}
    if any(count > 1 for count in rings.values()):
        yield f"rang {rings}"
    if outcome.code == 0 and not all(rings.values()):
        yield f"exit 0, but rang {rings}"
    yield from _code_of_rows(outcome)
    yield from check_resumption(place)


def _code_of_rows(outcome: Outcome) -> Iterator[str]:
    """Exit 30 and 31 say that some rows, or all of them, did not end in 0 (contract 4)."""
    document = outcome.document
    if document is None or document["result"] is None or document["error"] is not None:
        return
    failed = [row["exit_code"] != 0 for row in document["result"]["rows"]]
    code = 31 if all(failed) else 30 if any(failed) else 0
    if outcome.code in {0, 30, 31} and outcome.code != code:
        yield f"exit {outcome.code}, but by its rows {code}: {outcome.stdout}"


def _check_second(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """As above; a room that may have been rung is not rung again, and is told as unknown."""
    rooms = rooms_of(place)
    if place.lab.rings[rooms[1]] != 1:
        yield f"rang a room again of which nothing is known: {place.lab.rings[rooms[1]]} times"
    if outcome.code in {0, 31}:
        yield f"exit {outcome.code}, though one room is known to have joined, and of another nothing is known"
    yield from check_batch(place, fault, outcome)


def _check_first(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """As above; a code that says that nothing rings is true."""
    if outcome.code in NOTHING_RINGS and any(place.lab.rings[room] for room in rooms_of(place)):
        yield f"exit {outcome.code}, but a room rang"
    yield from check_batch(place, fault, outcome)


def check_resumption(place: Place) -> Iterator[str]:
    """A resumption ends every row, and rings no room twice."""
    resumed = place.run(line_of(place, "--resume"), place.credentials)
    if resumed.code == 2 and "no run to resume" in resumed.stdout:  # it ended before the run began
        resumed = place.run(line_of(place), place.credentials)
    document = resumed.document
    if document is None or document["result"] is None:
        yield f"the resumption ends in {resumed.code}: {resumed.stdout}{resumed.stderr}"
        return
    yield from _code_of_rows(resumed)
    for room, row in zip(rooms_of(place), document["result"]["rows"], strict=True):
        count = place.lab.rings[room]
        if count > 1 or (count == 0 and row["exit_code"] == 0):
            yield f"after the resumption {room} ends in {row['exit_code']} and rang {count} times"
    yield from check_journal(place.folder / "run.sqlite3")


def _check_report(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """A report is there whole or not at all, the journal is as it was, and nothing rings."""
    if any(place.lab.rings[room] != 1 for room in rooms_of(place)):
        yield "a report rang a room"
    path = place.folder / "run.xml"
    if path.exists():
        try:
            number = len(list(ET.parse(path).iter("testcase")))  # noqa: S314 - our own
        except ET.ParseError as error:
            yield f"half a report: {error}"
        else:
            if number != _ROWS:
                yield f"the report has {number} rows"
    elif outcome.code == 0:
        yield "exit 0, and no report"
    yield from check_journal(place.folder / "run.sqlite3")
    again = place.run(filled(_REPORT, place), {})
    if again.code != 0:
        yield f"the next report ends in {again.code}: {again.stderr}"


_MIDWAY = Fault("receive", 3, 0, Mode.KILL)
"""Before the answer to the second row's request; the first answer is that of the session's lookup."""
_REPORT = ("report", "{folder}/run.sqlite3", "--report", "junit={folder}/run.xml", "--json")

BATCHES = (
    Scenario("invite batch", (*_BATCH, *_JOURNAL), _check_first, with_rooms),
    Scenario("invite batch --resume", (*_BATCH, *_JOURNAL, "--resume"), _check_second, with_part),
    Scenario("report", _REPORT, _check_report, with_run, has_environment=False),
)
