"""Times and spans in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNITS = ((172_800, 86_400, "day"), (7_200, 3_600, "hour"), (120, 60, "minute"), (0, 1, "second"))


def span(length: timedelta) -> str:
    """Return a length without its sign: seconds up to two minutes, minutes to two hours, hours to two days."""
    seconds = int(abs(length).total_seconds())
    size, unit = next((size, unit) for least, size, unit in _UNITS if seconds >= least)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def stamp(moment: datetime, timespec: str = "seconds") -> str:
    """Return a time as RFC 3339 in UTC, to the second or to another ``timespec`` of ``datetime.isoformat``."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def distance(moment: datetime, now: datetime) -> str:
    """Return how far a time is from now, like ``3 minutes ago`` or ``in 2 hours``."""
    length = moment - now
    if abs(length) < timedelta(seconds=1):
        return "now"
    return f"{span(length)} ago" if length < timedelta() else f"in {span(length)}"
