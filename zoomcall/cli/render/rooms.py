"""The address book as CSV or JSON, as ``room import`` and ``invite batch`` read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from zoomcall.domain.room import FIELDS
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

_COLUMNS = ("name", *FIELDS)


def as_csv(rooms: Iterable[dict[str, Any]]) -> str:
    """Return rooms as CSV; several headers or tags of one room are parted by semicolons.

    Raises:
        UsageError: A header holds a semicolon, which CSV cannot say.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for room in rooms:
        if any(";" in header for header in room["header"]):
            raise UsageError(
                f"a header of room {quoted(room['name'])} holds a semicolon, which CSV cannot say",
                fix="Use --format json or --format toml.",
            )
        writer.writerow(_cell(room[column]) for column in _COLUMNS)
    return text.getvalue()


def _cell(value: Any) -> Any:
    match value:
        case tuple():
            return ";".join(value)
        case bool():
            return "yes" if value else "no"
        case _:
            return value


def as_json(rooms: Iterable[dict[str, Any]]) -> str:
    """Return rooms as a JSON list."""
    return json.dumps([{column: room[column] for column in _COLUMNS} for room in rooms], indent=2) + "\n"
