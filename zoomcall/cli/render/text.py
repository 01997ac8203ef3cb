"""Pages on a stream: plain lines in a pipe; marked, aligned, folded and coloured on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.streams import Look
from zoomcall.domain.shown_text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {
    Tone.PLAIN: "",
    Tone.TITLE: "bold",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARNING: "yellow",
    Tone.DIM: "dim",
    Tone.COMMAND: "cyan",
}
_MARKS = {Tone.GOOD: "\u2713", Tone.BAD: "\u2717", Tone.WARNING: "!", Tone.DIM: "\u00b7"}
_ASCII_MARKS = {Tone.GOOD: "+", Tone.BAD: "x", Tone.WARNING: "!", Tone.DIM: "-"}
_SYMBOLS = str.maketrans(
    {"\u2713": "+", "\u2717": "x", "\u00b7": "-", "\u2026": "...", "\u25cb": "o", "\u25d0": "*"}
)
_MARK_WIDTH = 2
_GAP = 2
_COLUMN_GAP = 2
_NARROWEST = 8
"""The characters that a column keeps when it has to fold."""
_LINK = re.compile(r"https?://[^\s()<>\[\]\"']*[^\s()<>\[\]\"'.,:;!?]")
_FAILED = "error"
"""The label that a mark at the margin replaces."""


def write_page(page: Page, stream: IO[str], look: Look) -> None:
    """Write a page as the stream may show it."""
    if not page:
        return
    if look.is_terminal:
        _Screen(page, stream, look).write()
    elif look.has_colour:
        _write_coloured(page, stream)
    else:
        stream.write(_as_text(page))


def _as_text(page: Page) -> str:
    return "".join(f"{line}\n" for block in page for line in _text_lines(block))


def _text_lines(block: Line | Table) -> tuple[str, ...]:
    """Return the lines of a block, with nothing padded, wrapped or cut."""
    match block:
        case Table(headings, rows):
            return tuple("\t".join(printable(cell) for cell in row) for row in (headings, *rows))
        case Line(text, _, indent, label):
            return (" " * indent + (f"{printable(label)}: " if label else "") + printable(text).rstrip(),)


def _write_coloured(page: Page, stream: IO[str]) -> None:
    """Write the plain lines, in colours."""
    from rich.text import Text

    console = _console(stream, has_colour=True)
    for block in page:
        if isinstance(block, Table):
            stream.write(_as_text((block,)))
        else:
            console.print(Text("\n".join(_text_lines(block)), style=_STYLES[block.tone]), soft_wrap=True)


def _console(stream: IO[str], *, has_colour: bool) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        force_terminal=True,
        color_system="auto" if has_colour else None,
    )


_Peers = tuple[int, bool, bool]


def _peers(line: Line) -> _Peers:
    """Return what the lines that are aligned with each other have in common; headings have their own margin."""
    return line.indent, line.rank is not None, line.tone is Tone.TITLE and not line.label


class _Column(Struct, frozen=True):
    """How lines are aligned.

    Attributes:
        margin: The width of the marks or ranks before them; 0 if none has one.
        label: The width of the labels with the gap after them; 0 if none has one.
    """

    margin: int
    label: int


class _Screen:
    """Draws a page on a terminal: lines of the same kind share a margin for marks, and a column for labels."""

    def __init__(self, page: Page, stream: IO[str], look: Look) -> None:
        self._page = page
        self._has_colour = look.has_colour
        self._console = _console(stream, has_colour=look.has_colour)
        self._marks = _MARKS if can_show(stream, _MARKS.values()) else _ASCII_MARKS
        lines = [block for block in page if isinstance(block, Line)]
        self._columns = {peers: self._column(lines, peers) for peers in map(_peers, lines)}

    def write(self) -> None:
        """Write the page."""
        for block in self._page:
            if isinstance(block, Table):
                self._draw_table(block)
            else:
                self._draw_line(block)

    def _column(self, lines: list[Line], group: _Peers) -> _Column:
        peers = [line for line in lines if _peers(line) == group]
        labels = (len(printable(line.label)) for line in peers if line.label and not self._is_headline(line))
        label = max(labels, default=-_GAP) + _GAP
        return _Column(margin=_MARK_WIDTH if any(map(self._mark, peers)) else 0, label=label)

    def _is_headline(self, line: Line) -> bool:
        return line.label == _FAILED and not line.indent

    def _mark(self, line: Line) -> str:
        if line.rank is not None:
            return str(line.rank)
        return self._marks.get(line.tone, "") if not line.indent else ""

    def _draw_line(self, line: Line) -> None:
        from rich.padding import Padding
        from rich.table import Table as Grid
        from rich.text import Text

        column = self._columns[_peers(line)]
        style = _STYLES[line.tone]
        label = "" if self._is_headline(line) else printable(line.label)
        has_label = bool(label)
        if line.tone is Tone.COMMAND:
            lead = " " * (line.indent + column.margin) + (label.ljust(column.label) if has_label else "")
            self._console.print(Text(lead, style="dim").append(printable(line.text), style=style), soft_wrap=True)
            return
        grid = Grid.grid(padding=0)
        cells: list[Text] = []
        if column.margin:
            grid.add_column(width=column.margin, no_wrap=True)
            cells.append(Text(self._mark(line), style=style))
        if has_label:
            grid.add_column(width=column.label, no_wrap=True)
            cells.append(Text(label, style="dim"))
        grid.add_column()
        cells.append(self._with_links(Text(printable(line.text), style=style)))
        grid.add_row(*cells)
        self._console.print(Padding(grid, (0, 0, 0, line.indent), expand=False))

    def _with_links(self, text: Text) -> Text:
        """Let addresses be clicked, where the terminal can."""
        if self._has_colour:
            for match in _LINK.finditer(text.plain):
                text.stylize(f"link {match[0]}", *match.span())
        return text

    def _draw_table(self, table: Table) -> None:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        rows = tuple(tuple(map(printable, row)) for row in self._told_rows(table))
        drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _COLUMN_GAP, 0, 0))
        headings = tuple(map(printable, table.headings))
        whole = _whole_columns((headings, *rows), self._console.width)
        for place, heading in enumerate(headings):
            drawn.add_column(Text(heading), overflow="fold", no_wrap=place in whole)
        marked, tones = table.tones or (None, ())
        for number, row in enumerate(rows):
            style = _STYLES[tones[number]] if marked is not None else ""
            drawn.add_row(*(Text(cell, style=style if place == marked else "") for place, cell in enumerate(row)))
        self._console.print(drawn)

    def _told_rows(self, table: Table) -> tuple[tuple[str, ...], ...]:
        """Return the rows with times as the user's clock shows them, and with marks."""
        marked, tones = table.tones or (None, ())

        def told(number: int, place: int, cell: str) -> str:
            if place in table.times:
                return _local_time(cell)
            return f"{self._marks.get(tones[number], ' ')} {cell}" if place == marked else cell

        rows = enumerate(table.rows)
        return tuple(tuple(told(number, *column) for column in enumerate(row)) for number, row in rows)


def can_show(stream: IO[str], marks: Iterable[str]) -> bool:
    """Return whether a stream's encoding has these characters."""
    try:
        "".join(marks).encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def spelt(text: str, stream: IO[str]) -> str:
    """Return a line of progress, its symbols in ASCII if the stream's encoding lacks one of them."""
    return text if can_show(stream, map(chr, _SYMBOLS)) else text.translate(_SYMBOLS)


def _local_time(text: str) -> str:
    """Return a time by the user's clock; with the date only if that is not today."""
    try:
        moment = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):  # Windows has no local time before 1970 and after 3000
        return text
    is_today = moment.date() == datetime.now(moment.tzinfo).date()
    return f"{moment:%H:%M:%S}" if is_today else f"{moment:%Y-%m-%d %H:%M}"


def _whole_columns(rows: tuple[tuple[str, ...], ...], room: int) -> frozenset[int]:
    """Choose the columns that are not folded: the narrow ones, as many as leave room for the others."""
    from rich.cells import cell_len

    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    left = room - _COLUMN_GAP * len(widths)
    whole: set[int] = set()
    for place in sorted(range(len(widths)), key=widths.__getitem__):
        left -= widths[place]
        if left < (len(widths) - len(whole) - 1) * _NARROWEST:
            break
        whole.add(place)
    return frozenset(whole)
