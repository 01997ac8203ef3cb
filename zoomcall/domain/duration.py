"""Durations as people type them: seconds, ``90s``, ``10m``, ``1h`` (contract 1)."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.time_words import span
from zoomcall.errors import UsageError

_LONGEST_TEXT = 40
_PLAIN = Pattern(r"(?=[.]?[0-9])[0-9]*[.]?[0-9]*(?:[eE][+-]?[0-9]+)?")  # float() takes much more than this
_UNITS = {"d(?:ays?)?": 86_400, "h(?:ours?|rs?)?": 3_600, "m(?:in(?:ute)?s?)?": 60, "s(?:ec(?:ond)?s?)?": 1}
_PARTS = Pattern(" *".join(f"(?:([0-9.]+) *{unit})?" for unit in _UNITS), re.IGNORECASE)


def parse_duration(text: str, *, name: str, longest: timedelta, may_be_zero: bool = False) -> timedelta:
    """Parse a duration: a number of seconds, or numbers with units, such as ``90s``, ``10m``, ``1h`` or ``1h30m``.

    Args:
        text: The duration; whitespace around it does not count.
        name: The flag or variable that it came from.
        longest: The longest that is allowed.
        may_be_zero: Whether 0 is allowed.

    Raises:
        UsageError: It is not a duration, or is not within its limits.
    """
    text = text.strip()
    shown = quoted(text, _LONGEST_TEXT)
    seconds = _seconds(text) if len(text) <= _LONGEST_TEXT else None
    if seconds is None:
        raise UsageError(
            f"{name}: {shown} is not a duration",
            fix="Write a number of seconds, or a duration like 90s, 10m or 1h.",
        )
    if seconds > longest.total_seconds():
        most = longest // timedelta(seconds=1)
        raise UsageError(
            f"{name}: {shown} is longer than the maximum of {span(longest)}",
            fix=f"Use at most {most} seconds; a number without a unit counts seconds.",
        )
    duration = timedelta(seconds=seconds)
    if not (duration or may_be_zero):
        raise UsageError(f"{name}: {shown} must be more than 0", fix="Write it in seconds, or like 90s, 10m or 1h.")
    return duration


def _seconds(text: str) -> float | None:
    if _PLAIN.fullmatch(text):
        seconds = float(text)
    elif text and (match := _PARTS.fullmatch(text)):
        try:
            seconds = sum(
                float(count or 0) * size for count, size in zip(match.groups(), _UNITS.values(), strict=True)
            )
        except ValueError:  # such as 1.2.3
            return None
    else:
        return None
    return seconds if math.isfinite(seconds) else math.inf
