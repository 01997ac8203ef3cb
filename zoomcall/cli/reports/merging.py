"""Puts the rows of several runs together: of two outcomes of the same row the newest counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from zoomcall.cli.reports.outcome import Outcome
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State

_Key = tuple[str | int | None, ...]
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Found(Struct, frozen=True):
    row: ReportRow
    at: datetime


def merge(outcomes: Iterable[Outcome]) -> Outcome:
    """Merge runs; a row that was not rung never replaces one that was."""
    given = tuple(outcomes)
    found: dict[_Key, _Found] = {}
    for outcome in given:
        for row in outcome.rows:
            new = _Found(row, _moment(row, outcome))
            before = found.get(_key(row))
            if before is None or new.at >= before.at:
                found[_key(row)] = new
    rows = tuple(sorted((each.row for each in found.values()), key=_place))
    missing = _missing(given, len(rows))
    tags = {outcome.tag for outcome in given}
    ends = [outcome.ended_at for outcome in given]
    return Outcome(
        rows=rows,
        total=len(rows) + missing,
        tag=tags.pop() if len(tags) == 1 else None,
        started_at=min((each.started_at for each in given if each.started_at is not None), default=None),
        ended_at=None if None in ends else max(filter(None, ends), default=None),
    )


def _missing(given: Sequence[Outcome], merged: int) -> int:
    """Return how many rows have no outcome: another run of the same list may have those that one lacks."""
    lists = Counter(key for outcome in given for key in {_key(row) for row in outcome.rows})
    missing = 0
    for outcome in given:
        is_repeated = any(lists[_key(row)] > 1 for row in outcome.rows)
        missing += max(0, outcome.total - (merged if is_repeated else len(outcome.rows)))
    return missing


def _key(row: ReportRow) -> _Key:
    """Return what makes a row the same as another: room and target, and its number where a passcode is masked."""
    room, target = row.room, row.target
    if room is None or target is None:
        return (row.row,)
    number = row.row if "***" in room.address else None
    return (room.protocol, room.address.lower(), target.kind, target.name or target.id, number)


def _moment(row: ReportRow, outcome: Outcome) -> datetime:
    """Return when the outcome was known; a row that was not rung has none."""
    if row.timeline:
        return max(entry.at for entry in row.timeline)
    if row.state in {State.NOT_SENT, State.PLANNED}:
        return _NEVER
    return outcome.ended_at or outcome.started_at or _NEVER


def _place(row: ReportRow) -> tuple[bool, int]:
    return (row.row is None, row.row or 0)
