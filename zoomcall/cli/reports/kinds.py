"""``--report KIND=FILE``: checked before anything is rung, written when the outcome is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from zoomcall.cli.reports.outcome import Outcome
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError, ZoomcallError


class ReportKind(StrEnum):
    """A kind of report; ``text_of`` has a case for each."""

    JUNIT = "junit"
    CSV = "csv"
    HTML = "html"
    METRICS = "metrics"


class Report(Struct, frozen=True):
    """A report that is asked for."""

    kind: ReportKind
    path: Path


def asked_reports(run: Run, given: Sequence[str] | None) -> tuple[Report, ...]:
    """Read every ``--report``, and check that each can be made and written.

    Raises:
        UsageError: A kind is not known, needs an extra, or has a file that cannot be written.
    """
    reports = tuple(map(_parse, given or ()))
    if len({report.path for report in reports}) < len(reports):
        raise UsageError("two --report name the same file", fix="Give each report a file of its own.")
    for report in reports:
        if report.kind is ReportKind.HTML:
            from zoomcall.cli.reports import html  # noqa: F401 - whether its library is there
        run.wiring.check_report_place(report.path)
    return reports


def _parse(text: str) -> Report:
    word, equals, name = text.partition("=")
    known = {kind.value: kind for kind in ReportKind}
    if word not in known or not equals:
        raise UsageError(
            f"--report {quoted(text)} is not KIND=FILE",
            fix=f"The kinds are {', '.join(known)}: --report junit=run.xml.",
        )
    if name in {"", "-"}:
        raise UsageError(f"--report {quoted(text)} does not name a file", fix="Name one; stdout has the answer.")
    return Report(known[word], Path(name))


def write_reports(run: Run, reports: Sequence[Report], outcome: Outcome) -> None:
    """Write the reports.

    Raises:
        UsageError: One cannot be written.
    """
    for report in reports:
        run.wiring.write_report(report.path, text_of(report.kind, outcome, at=run.now()))


def write_what_can_be(run: Run, reports: Sequence[Report], outcome: Outcome) -> None:
    """Write the reports after rooms were rung: one that cannot be written is a warning, and the answer is kept."""
    for report in reports:
        try:
            write_reports(run, [report], outcome)
        except ZoomcallError as error:
            run.notice(Notice("report-failed", error.message))


def text_of(kind: ReportKind, outcome: Outcome, *, at: datetime) -> str:
    """Return a report's text."""
    match kind:
        case ReportKind.JUNIT:
            from zoomcall.cli.reports.junit import junit_report

            return junit_report(outcome, at=at)
        case ReportKind.CSV:
            from zoomcall.cli.reports.csv import csv_report

            return csv_report(outcome)
        case ReportKind.HTML:
            from zoomcall.cli.reports.html import html_report

            return html_report(outcome)
        case ReportKind.METRICS:
            from zoomcall.cli.reports.metrics import metrics_report

            return metrics_report(outcome)
