"""A batch as CSV: one line a room, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import datetime

from zoomcall.cli.reports.outcome import Outcome, duration_of, exit_word, fix_of, moment_of, title_of
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State
from zoomcall.domain.shown_text import printable
from zoomcall.domain.time_words import stamp

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment, "milliseconds")


def _last(row: ReportRow) -> datetime | None:
    return max((entry.at for entry in row.timeline), default=None)


COLUMNS: Mapping[str, Callable[[ReportRow], object]] = {
    "row": lambda row: row.row,
    "name": lambda row: row.name,
    "tag": lambda row: row.tag,
    "protocol": lambda row: row.room and row.room.protocol.value,
    "address": lambda row: row.room and row.room.address,
    "target_kind": lambda row: row.target and row.target.kind.value,
    "target_id": lambda row: row.target and row.target.id,
    "target_name": lambda row: row.target and row.target.name,
    "state": lambda row: row.state.value,
    "exit_code": lambda row: row.exit_code,
    "exit_name": exit_word,
    "attempts": lambda row: row.attempts,
    "evidence": lambda row: row.evidence and row.evidence.source.value,
    "reason": lambda row: row.reason and row.reason.name,
    "accepted_at": lambda row: _time(moment_of(row, State.ACCEPTED)),
    "ringing_at": lambda row: _time(moment_of(row, State.RINGING)),
    "ended_at": lambda row: _time(_last(row)),
    "seconds": lambda row: f"{duration_of(row).total_seconds():.3f}" if row.timeline else None,
    "title": title_of,
    "fix": fix_of,
    "note": lambda row: row.note,
}
"""The columns; new ones are added at the end (contract 9)."""


def csv_report(outcome: Outcome) -> str:
    """Write the report with a heading; no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in outcome.rows:
        writer.writerow([_cell(read(row)) for read in COLUMNS.values()])
    return text.getvalue()


def _cell(value: object) -> str:
    """Return a cell; a text that a spreadsheet would calculate gets an apostrophe before it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
