"""Calls under faults: a room rings at most once, and what is said of it is true."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from torture.faults import Fault, Mode
from torture.lab import Outcome, Place
from torture.scenario import NOTHING_RINGS, Scenario

_GUARDED_SECONDS = 20
"""After so long, on a loaded machine, an earlier call is soon too old to block another."""


def check_journal(path: Path) -> Iterator[str]:
    """Yield what is wrong with a journal, if there is one."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with sqlite3.connect(path) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    if verdict != "ok":
        yield f"the journal is damaged: {verdict}"


def _check_invite(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """At most one ring a claim, and the truth about it; a second try never rings again."""
    rings = place.rings
    document = outcome.document
    sent = None if document is None else (document.get("result") or {}).get("sent")
    if rings > 1:
        yield f"rang {rings} times"
    if outcome.code in NOTHING_RINGS and rings:
        yield f"exit {outcome.code}, but the room rang"
    if outcome.code == 0 and not rings:
        yield "exit 0, but the room did not ring"
    if sent == "no" and rings:
        yield "sent is no, but the room rang"
    if sent == "yes" and not rings:
        yield "sent is yes, but the room did not ring"
    if rings and document is None and not outcome.is_killed and place.room not in outcome.stderr:
        yield "the room rang, and nothing says so"
    yield from _check_guard(place, fault, outcome)
    again = place.run(["invite", "sip", place.room, "--no-wait", "--json"], place.credentials)
    if again.code not in {0, 12}:
        yield f"the next invite ends in {again.code}: {again.stderr or again.stdout}"
    if rings and place.rings > rings and not _is_unguarded(outcome) and outcome.seconds < _GUARDED_SECONDS:
        yield "a second try rang the room again"
    if not rings and again.code == 0 and place.rings != 1:
        yield "a second try did not ring"
    yield from check_journal(place.journal)


def _check_guard(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    yield from check_clock(fault, outcome)
    yield from check_journal(place.journal)
    if _is_unguarded(outcome) and fault.kind != "mkdir":  # after which there is no folder
        yield "the guard against ringing twice was off, though the folder can be written"


def _is_unguarded(outcome: Outcome) -> bool:
    return "journal-off" in outcome.stdout


def check_clock(fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Setting the clock costs nothing."""
    if fault.mode is Mode.CLOCK and outcome.code != 0:
        yield f"exit {outcome.code}, though only the clock was set"


def _rung(place: Place) -> None:
    """Ring the room, so that there is a call to look at."""
    done = place.run(["invite", "sip", place.room, "--json"], place.credentials)
    assert done.code == 0, done.stdout + done.stderr


def _check_look_back(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """The journal stays whole, and nothing rings again."""
    yield from check_journal(place.journal)
    if place.rings != 1:
        yield f"rang {place.rings} times"
    del outcome


def _check_hangup(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Exit 0 means that the room is gone."""
    yield from _check_look_back(place, fault, outcome)
    venue = place.lab.emulator.world.venue(place.session)
    assert venue is not None
    is_in = any(place.room in (attendee.sip_uri or "") for attendee in venue.present)
    yield from check_clock(fault, outcome)
    if outcome.code == 0 and is_in:
        yield "exit 0, but the room is still in"


CALLS = (
    Scenario("invite --no-wait", ("invite", "sip", "{room}", "--no-wait", "--json"), _check_invite),
    Scenario("invite --wait", ("invite", "sip", "{room}", "--timeout", "6", "--json"), _check_invite),
    Scenario("call status", ("call", "status", "--json"), _check_look_back, _rung),
    Scenario("call hangup", ("call", "hangup", "{room}", "--json"), _check_hangup, _rung),
)
