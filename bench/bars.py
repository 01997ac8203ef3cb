"""Draws bars as an SVG that reads well on a light and a dark page, and aloud."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from msgspec import Struct

_WIDTH, _NAMES, _VALUES, _ROW, _HEAD = 760, 240, 60, 22, 34
_STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
.head { font-weight: 600 }
.name, .value { font-variant-numeric: tabular-nums }
.name { text-anchor: end }
.ours { fill: #0550ae }
.other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #79c0ff }
  .other { fill: #6e7681 }
}"""


class Bar(Struct, frozen=True):
    """A bar: its name, its value, and whether it is ours."""

    name: str
    value: float
    is_ours: bool


class Group(Struct, frozen=True):
    """Bars under one heading."""

    name: str
    bars: tuple[Bar, ...]


def picture(title: str, groups: Sequence[Group]) -> str:
    """Return the SVG: all bars on one scale, each with its value in whole numbers beside it."""
    longest = max(bar.value for group in groups for bar in group.bars)
    lines, y = [f'<text class="head" x="8" y="22">{escape(title)}</text>'], 34
    for group in groups:
        y += _HEAD
        lines.append(f'<text class="head" x="8" y="{y - 10}">{escape(group.name)}</text>')
        for bar in group.bars:
            width = round(bar.value / longest * (_WIDTH - _NAMES - _VALUES), 1)
            look = "ours" if bar.is_ours else "other"
            lines += (
                f'<text class="name" x="{_NAMES - 8}" y="{y + 15}">{escape(bar.name)}</text>',
                f'<rect class="{look}" x="{_NAMES}" y="{y + 3}" width="{width}" height="{_ROW - 6}" rx="2"/>',
                f'<text class="value" x="{_NAMES + width + 6}" y="{y + 15}">{bar.value:.0f}</text>',
            )
            y += _ROW
    told = "; ".join(
        f"{group.name}: {', '.join(f'{bar.name} {bar.value:.0f}' for bar in group.bars)}" for group in groups
    )
    body = "\n".join(lines)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 12}" role="img" aria-labelledby="title desc">
<title id="title">{escape(title)}</title>
<desc id="desc">{escape(told)}.</desc>
<style>
{_STYLE}
</style>
{body}
</svg>
"""
