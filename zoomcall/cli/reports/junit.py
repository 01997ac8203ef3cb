"""A batch as JUnit XML: one test case a room."""

from __future__ import annotations

from datetime import datetime

from zoomcall.cli.render.junit import JUnitCase, junit
from zoomcall.cli.reports.outcome import (
    Outcome,
    address_of,
    duration_of,
    exit_word,
    fix_of,
    label_of,
    target_of,
    title_of,
)
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.shown_text import one_line

_SUITE = "zoomcall.batch"


def junit_report(outcome: Outcome, *, at: datetime) -> str:
    """Write the report; a row that was not rung is skipped, every other row that did not end in 0 failed."""
    name = _SUITE if outcome.tag is None else f"{_SUITE}.{one_line(outcome.tag)}"
    return junit(name, [_case(row) for row in outcome.rows], at=outcome.started_at or at)


def _case(row: ReportRow) -> JUnitCase:
    why = title_of(row) or row.state.value
    is_skipped = row.exit_code == ExitStatus.NOT_SENT
    is_failed = row.exit_code != 0 and not is_skipped
    number = "" if row.row is None else f"row {row.row}: "
    into = f" into {target_of(row)}" if row.target is not None else ""
    return JUnitCase(
        name=f"{number}{label_of(row)}{into}",
        seconds=duration_of(row).total_seconds(),
        failure=why if is_failed else None,
        failure_kind=exit_word(row) if is_failed else "",
        skipped=why if is_skipped else None,
        output="\n".join(_lines(row)),
    )


def _lines(row: ReportRow) -> list[str]:
    lines = [f"state: {row.state}"]
    if row.room is not None:
        lines.append(f"address: {row.room.protocol} {address_of(row)}")
    if row.evidence is not None:
        lines.append(f"evidence: {row.evidence.source} ({row.evidence.match})")
    causes = () if row.error is None else row.error.causes
    lines.extend(f"cause: {cause.certainty} {cause.id}: {cause.evidence}" for cause in causes)
    if fix_of(row):
        lines.append(f"fix: {fix_of(row)}")
    if row.note:
        lines.append(f"note: {row.note}")
    return lines
