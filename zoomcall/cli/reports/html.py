"""A batch as one HTML page that needs no network; every text from outside is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC
from importlib import resources

from msgspec import Struct

from zoomcall.cli.extras import extra
from zoomcall.cli.looks import LOOKS, Look, look_of
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
from zoomcall.cli.reports.picture import LEGEND, Bar, draw
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State
from zoomcall.domain.shown_text import one_line
from zoomcall.domain.time_words import span

with extra("report", "the HTML report"):
    import jinja2
    from markupsafe import Markup

_MOST_IN_MARKUP = 500
_MOST_NAMED = 12
_HEADINGS = ("Row", "Room", "Address", "State", "Exit", "Seconds", "Into", "Why", "Fix", "Note")


class _Total(Struct, frozen=True):
    state: State
    count: int
    look: Look


class _Failure(Struct, frozen=True):
    """Rooms that failed in the same way."""

    word: str
    look: Look
    title: str
    cause: str
    fix: str
    count: int
    rooms: tuple[str, ...]
    more: int


def html_report(outcome: Outcome) -> str:
    """Write the page; beyond 500 rooms the rest of the table is data, of which the script draws a part."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    script = _part("page.js")
    rows = sorted(outcome.rows, key=lambda row: row.exit_code == 0)
    cells = [_cells(row) for row in rows]
    totals = [_Total(state, count, look_of(state)) for state, count in outcome.totals.most_common()]
    name = "Zoom room calls" if outcome.tag is None else f"Zoom room calls: {one_line(outcome.tag)}"
    return environment.from_string(_part("page.html")).render(
        title=name,
        when=_when(outcome),
        total=outcome.total,
        missing=outcome.total - len(rows),
        joined=outcome.totals[State.JOINED],
        totals=totals,
        shares=_shares(totals, outcome.total),
        legend=LEGEND,
        failures=_failures(outcome.failures),
        picture=draw(outcome),
        headings=_HEADINGS,
        rows=cells[:_MOST_IN_MARKUP],
        rest=cells[_MOST_IN_MARKUP:],
        tones={state.value: look.tone for state, look in LOOKS.items()},
        style=Markup(_part("page.css")),  # noqa: S704 - the program's own
        script=Markup(script),  # noqa: S704 - the program's own
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _shares(totals: Sequence[_Total], rooms: int) -> list[Bar]:
    """Return each state's part of a bar that stands for all rooms."""
    tones = list(LEGEND)
    x, bars = 0.0, []
    for each in sorted(totals, key=lambda total: tones.index(total.look.tone)):
        width = 100 * each.count / max(rooms, 1)
        bars.append(Bar(round(x, 3), 0, round(width, 3), 14, each.look.tone))
        x += width
    return bars


def _part(name: str) -> str:
    return resources.files(__package__ or "").joinpath(name).read_text("utf-8")


def _when(outcome: Outcome) -> str:
    if outcome.started_at is None:
        return ""
    began = f"Begun {outcome.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if outcome.ended_at is None:
        return f"{began}; no end is recorded"
    return f"{began}, ended after {span(outcome.ended_at - outcome.started_at)}"


def _cells(row: ReportRow) -> tuple[str, ...]:
    seconds = f"{duration_of(row).total_seconds():.1f}" if row.timeline else ""
    return (
        "" if row.row is None else str(row.row),
        label_of(row),
        address_of(row),
        row.state.value,
        f"{row.exit_code} {exit_word(row)}",
        seconds,
        target_of(row),
        title_of(row),
        fix_of(row),
        one_line(row.note or ""),
    )


def _failures(rows: Sequence[ReportRow]) -> list[_Failure]:
    """Put rows together that have the same exit code and cause, most rooms first."""
    groups: dict[tuple[str, str], list[ReportRow]] = {}
    for row in rows:
        causes = () if row.error is None else row.error.causes
        groups.setdefault((exit_word(row), causes[0].id if causes else ""), []).append(row)
    found = [_failure(word, members) for (word, _), members in groups.items()]
    return sorted(found, key=lambda each: -each.count)


def _failure(word: str, rows: Sequence[ReportRow]) -> _Failure:
    first = rows[0]
    causes = () if first.error is None else first.error.causes
    return _Failure(
        word=word,
        look=look_of(first.state),
        title=title_of(first),
        cause=f"{causes[0].certainty} {causes[0].id}: {one_line(causes[0].evidence, 500)}" if causes else "",
        fix=fix_of(first),
        count=len(rows),
        rooms=tuple(map(label_of, rows[:_MOST_NAMED])),
        more=max(0, len(rows) - _MOST_NAMED),
    )
