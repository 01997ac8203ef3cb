"""Pages on a stream: plain lines in a pipe, folded and coloured on a terminal."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.streams import Look
from zoomcall.domain.shown_text import printable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    Tone.PLAIN: "",
    Tone.TITLE: "bold",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARNING: "yellow",
    Tone.DIM: "dim",
    Tone.COMMAND: "cyan",
}
_LABEL_GAP = 2
_COLUMN_GAP = 3
_NARROWEST = 8
"""The characters that a column keeps when it has to fold."""


def write_page(page: Page, stream: IO[str], look: Look) -> None:
    """Write a page as the stream may show it."""
    if not page:
        return
    if look.is_terminal or look.has_colour:
        _write_rich(page, stream, look)
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


def _label_width(page: Page) -> int:
    labels = [
        len(printable(block.label)) + 1 + _LABEL_GAP for block in page if isinstance(block, Line) and block.label
    ]
    return max(labels, default=0)


def _write_rich(page: Page, stream: IO[str], look: Look) -> None:
    from rich.console import Console

    console = Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        force_terminal=True,
        color_system="auto" if look.has_colour else None,
    )
    width = _label_width(page)
    for block in page:
        match block:
            case Table() if look.is_terminal:
                _print_table(console, block)
            case Table():
                stream.write(_as_text((block,)))
            case Line():
                _print_line(console, block, width, is_folded=look.is_terminal)


def _print_line(console: Console, line: Line, width: int, *, is_folded: bool) -> None:
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    style = _STYLES[line.tone]
    if not is_folded or line.tone is Tone.COMMAND:
        console.print(Text("\n".join(_text_lines(line)), style=style), soft_wrap=True)
    elif line.label:
        grid = Grid.grid(padding=0)
        grid.add_column(width=width)
        grid.add_column()
        grid.add_row(Text(f"{printable(line.label)}:", style="dim"), Text(printable(line.text), style=style))
        console.print(Padding(grid, (0, 0, 0, line.indent), expand=False))
    else:
        console.print(Padding(Text(printable(line.text), style=style), (0, 0, 0, line.indent), expand=False))


def _print_table(console: Console, table: Table) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    whole = _whole_columns(table, console.width)
    for place, heading in enumerate(table.headings):
        drawn.add_column(Text(printable(heading)), overflow="fold", no_wrap=place in whole)
    for row in table.rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    console.print(drawn)


def _whole_columns(table: Table, room: int) -> frozenset[int]:
    """Choose the columns that are not folded: the narrow ones, as many as leave room for the others."""
    from rich.cells import cell_len

    columns = zip(table.headings, *table.rows, strict=True)
    widths = [max(cell_len(printable(cell)) for cell in column) for column in columns]
    left = room - _COLUMN_GAP * len(widths)
    whole: set[int] = set()
    for place in sorted(range(len(widths)), key=widths.__getitem__):
        left -= widths[place]
        if left < (len(widths) - len(whole) - 1) * _NARROWEST:
            break
        whole.add(place)
    return frozenset(whole)
