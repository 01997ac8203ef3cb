"""``zoomcall report``: draw a finished batch again."""

from collections.abc import Iterator
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Table, Tone
from zoomcall.cli.reports.kinds import asked_reports, write_reports
from zoomcall.cli.reports.merging import merge
from zoomcall.cli.reports.outcome import Outcome, address_of, fix_of, label_of, title_of
from zoomcall.cli.reports.sources import read_outcome
from zoomcall.cli.results.report import ReportResult
from zoomcall.cli.run import Run

app = typer.Typer()


@command(
    app,
    "report",
    CommandSpec(schema="zoomcall.report/1"),
    examples=(
        "zoomcall report run.sqlite3 --report html=run.html",
        "zoomcall report shard-*.json --report junit=run.xml",
        "zoomcall report - < run.jsonl",
    ),
)
def report(
    run: Run,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|-...", help="A batch's journal, JSON or JSON lines; several are merged."),
    ],
    *,
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--report", metavar="KIND=FILE", help="Write a report: junit, csv, html or metrics; repeatable."
        ),
    ] = None,
) -> Answer:
    """Draw a finished batch again: totals, failures, and the reports that invite batch writes.

    A row that is in several files counts once, with its newest outcome. Calls that a killed run left open are
    shown as its journal has them. The exit code is 0 whatever became of the rooms.
    """
    asked = asked_reports(run, reports)
    outcome = merge([read_outcome(run, name) for name in files])
    write_reports(run, asked, outcome)
    result = ReportResult(
        rows=outcome.rows,
        total=outcome.total,
        totals={state.value: count for state, count in sorted(outcome.totals.items())},
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
    )
    return Answer(page=tuple(_page(outcome)), result=result)


def _page(outcome: Outcome) -> Iterator[Line | Table]:
    failures = outcome.failures
    yield Line(f"{outcome.total} rooms: {outcome.words}", Tone.BAD if failures else Tone.GOOD)
    if outcome.total > len(outcome.rows):
        missing = outcome.total - len(outcome.rows)
        yield Line(f"{missing} rows have no outcome: the run was cut short", Tone.WARNING)
    for row in failures:
        number = "" if row.row is None else f"row {row.row}: "
        yield Line(f"{number}{row.state}: {label_of(row)}: {title_of(row)}", Tone.BAD)
        if fix_of(row):
            yield Line(f"fix: {fix_of(row)}", indent=4)
    joined = [row for row in outcome.rows if row.exit_code == 0]
    if joined:
        cells = tuple((str(row.row or ""), label_of(row), address_of(row), row.state.value) for row in joined)
        yield Table(("ROW", "ROOM", "ADDRESS", "STATE"), cells)
