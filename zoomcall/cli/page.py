"""What a person reads: lines and tables, whether or not there is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
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
        tone: What it is; a terminal marks what is good, bad or a warning with a symbol at the margin.
        indent: Columns.
        label: A short word in a column of its own before the text, such as the name of a field.
        rank: Its place among others of its kind, from 1, which only a terminal shows.
    """

    text: str = ""
    tone: Tone = Tone.PLAIN
    indent: int = 0
    label: str = ""
    rank: int | None = None


class Table(Struct, frozen=True):
    """Rows of cells: columns in a terminal, tab-separated in a pipe.

    Attributes:
        headings: One for each column.
        rows: Each with one cell for each column.
        times: The columns whose cells are times (RFC 3339), which a terminal shows as the user's clock does.
        tones: What each row is, if that is to be marked, and where: the column.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    times: frozenset[int] = frozenset()
    tones: tuple[int, Sequence[Tone]] | None = None


Page = tuple[Line | Table, ...]
