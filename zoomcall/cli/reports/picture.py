"""The picture of a run: when each room was accepted, rang, and reached its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from zoomcall.cli.looks import look_of
from zoomcall.cli.reports.outcome import Outcome, duration_of, label_of, moment_of
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State
from zoomcall.domain.shown_text import shortened

_MOST_BARS = 500
_ROW_HEIGHT = 34
_COLUMNS = 50
_COLUMN_HEIGHT = 200
_WIDTH = 98.0
_AXIS_HEIGHT = 22
_MOST_TICKS = 8
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds between two ticks of the axis."""


LEGEND: Mapping[str, str] = {
    "ring": "accepted, not ringing yet",
    "good": "joined",
    "bad": "failed",
    "wait": "not settled",
    "none": "not rung",
}
"""What each tone of a bar means."""


class Bar(Struct, frozen=True):
    """A rectangle; ``x`` and ``width`` in percent, ``y`` and ``height`` in pixels."""

    x: float
    y: float
    width: float
    height: float
    tone: str


class Label(Struct, frozen=True):
    """A text at a height in pixels."""

    y: float
    text: str


class Tick(Struct, frozen=True):
    """A moment on the axis; ``x`` in percent."""

    x: float
    text: str


class Picture(Struct, frozen=True):
    """What to draw."""

    caption: str
    height: int
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Tick, ...] = ()


class _Scale(Struct, frozen=True):
    """Times as percent of the picture's width."""

    start: datetime
    seconds: float

    def at(self, moment: datetime) -> float:
        return self._percent((moment - self.start).total_seconds())

    def _percent(self, seconds: float) -> float:
        return round(1 + _WIDTH * seconds / self.seconds, 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Moments since the first call at even distances; none so late that its text would be cut off."""
        step = next((each for each in _STEPS if self.seconds / each <= _MOST_TICKS), self.seconds)
        last = int(self.seconds * 0.92 / step)
        return tuple(Tick(self._percent(number * step), _clock(number * step)) for number in range(last + 1))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def draw(outcome: Outcome) -> Picture:
    """Draw one bar a room; for more than 500 rooms, how many reached their end in each part of the time."""
    rung = [row for row in outcome.rows if row.timeline]
    if not rung:
        return Picture("No room was rung.", 0, (), ())
    moments = [entry.at for row in rung for entry in row.timeline]
    scale = _Scale(min(moments), max((max(moments) - min(moments)).total_seconds(), 0.001))
    if len(rung) > _MOST_BARS:
        return _columns(rung, scale)
    bars, labels = [], []
    for number, row in enumerate(rung):
        y = _AXIS_HEIGHT + number * _ROW_HEIGHT
        labels.append(Label(y + 14, _label(row)))
        bars.extend(_bars(row, scale, y + 19))
    caption = (
        f"One bar for each of {len(rung)} rooms over {scale.seconds:.0f} seconds: pale from Zoom's acceptance"
        " until it rang, then in the colour and pattern of its outcome."
    )
    height = _AXIS_HEIGHT + len(rung) * _ROW_HEIGHT + 6
    return Picture(caption, height, tuple(bars), tuple(labels), scale.ticks)


def _label(row: ReportRow) -> str:
    seconds = duration_of(row).total_seconds()
    return f"{look_of(row.state).symbol} {row.state}, {seconds:.1f} s: {shortened(label_of(row), 50)}"


def _bars(row: ReportRow, scale: _Scale, y: float) -> list[Bar]:
    first = min(entry.at for entry in row.timeline)
    last = max(entry.at for entry in row.timeline)
    start, end = scale.at(first), scale.at(last)
    rang = scale.at(moment_of(row, State.RINGING) or first)
    waited = [] if rang <= start else [Bar(start, y, round(rang - start, 2), 10, "ring")]
    return [*waited, Bar(rang, y, round(max(end - rang, 0.4), 2), 10, look_of(row.state).tone)]


def _columns(rows: list[ReportRow], scale: _Scale) -> Picture:
    columns: list[dict[str, int]] = [{} for _ in range(_COLUMNS)]
    for row in rows:
        last = (max(entry.at for entry in row.timeline) - scale.start).total_seconds()
        column = columns[min(int(last / scale.seconds * _COLUMNS), _COLUMNS - 1)]
        tone = look_of(row.state).tone
        column[tone] = column.get(tone, 0) + 1
    highest = max(sum(column.values()) for column in columns)
    bars = []
    for number, column in enumerate(columns):
        y = float(_AXIS_HEIGHT + _COLUMN_HEIGHT)
        for tone in sorted(column):
            height = round(column[tone] / highest * (_COLUMN_HEIGHT - 10), 1)
            y -= height
            bars.append(Bar(round(1 + number * _WIDTH / _COLUMNS, 2), round(y, 1), 1.8, height, tone))
    caption = (
        f"When {len(rows)} rooms reached their end, over {scale.seconds:.0f} seconds in {_COLUMNS} columns; the"
        f" highest has {highest}."
    )
    return Picture(caption, _AXIS_HEIGHT + _COLUMN_HEIGHT, tuple(bars), (), scale.ticks)
