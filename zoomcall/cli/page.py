"""What a person reads: lines and tables, whether or not there is a terminal."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Tone(StrEnum):
    """What a line is, not how it looks."""

    PLAIN = "plain"
    TITLE = "title"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    DIM = "dim"
    COMMAND = "command"


class Line(Struct, frozen=True):
    """One line; a terminal may fold it, a pipe never does.

    Attributes:
        text: Without control characters.
        tone: What it is.
        indent: Columns.
        label: A short word in a column of its own before the text, such as the name of a field.
    """

    text: str = ""
    tone: Tone = Tone.PLAIN
    indent: int = 0
    label: str = ""


class Table(Struct, frozen=True):
    """Rows of cells: columns in a terminal, tab-separated in a pipe."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Page = tuple[Line | Table, ...]
