"""What a report is about: the rows of one run, or of several merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import asdict

from zoomcall.cli.results.batch import BatchRowResult
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.shown_text import one_line


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a batch.

    Attributes:
        rows: In the order of the input.
        total: How many rows there are; more than ``rows`` if the run was cut short.
        tag: The ``--tag`` that the run was made with.
        started_at: When it began, if known.
        ended_at: When it ended; None if it was cut short, or if that is not known.
    """

    rows: tuple[ReportRow, ...]
    total: int
    tag: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def totals(self) -> Counter[State]:
        """How many rows ended in each state."""
        return Counter(row.state for row in self.rows)

    @property
    def failures(self) -> tuple[ReportRow, ...]:
        """The rows that did not end in 0."""
        return tuple(row for row in self.rows if row.exit_code != 0)

    @property
    def words(self) -> str:
        """The totals, like ``7 joined, 1 missed``."""
        return ", ".join(f"{count} {state}" for state, count in self.totals.most_common())


def report_rows(rows: Iterable[BatchRowResult]) -> tuple[ReportRow, ...]:
    """Return rows as reports have them."""
    return tuple(ReportRow(**asdict(row)) for row in rows)


def label_of(row: ReportRow) -> str:
    """Return what a person calls the row's room: its name, else its address."""
    if row.name:
        return one_line(row.name)
    return address_of(row) or f"row {row.row}"


def address_of(row: ReportRow) -> str:
    """Return the room's address, empty for a bad row."""
    return "" if row.room is None else one_line(row.room.address)


def target_of(row: ReportRow) -> str:
    """Return the session or meeting in words, empty for a bad row."""
    target = row.target
    return "" if target is None else one_line(f"{target.kind} {target.name or target.id or '?'}")


def exit_word(row: ReportRow) -> str:
    """Return the name of the row's exit code."""
    try:
        return ExitStatus(row.exit_code).word
    except ValueError:
        return str(row.exit_code)


def title_of(row: ReportRow) -> str:
    """Return why the row failed, one sentence; empty if it did not."""
    return "" if row.error is None else one_line(row.error.title, 500)


def fix_of(row: ReportRow) -> str:
    """Return how to fix what failed: of the likeliest cause, else of the error itself; empty if nobody knows."""
    if row.error is None:
        return ""
    fixes = (*(cause.fix for cause in row.error.causes), row.error.fix or "")
    return one_line(next(filter(None, fixes), ""), 500)


def duration_of(row: ReportRow) -> timedelta:
    """Return the time from the first to the last thing observed."""
    moments = [entry.at for entry in row.timeline]
    return max(moments) - min(moments) if moments else timedelta()


def moment_of(row: ReportRow, state: State) -> datetime | None:
    """Return when a state was first observed."""
    return min((entry.at for entry in row.timeline if entry.state is state), default=None)
