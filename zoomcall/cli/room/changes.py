"""What the commands of the address book share: its flags, reading it, and changes that somebody confirms."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.answer import Answer
from zoomcall.cli.asking import nobody_to_ask
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.results.room import BookRoom, RoomChange
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.room import Book, Change
from zoomcall.errors import NotConfigured

PRIVATE = "private"
PRIVATE_MEANS = Line("private: a private address, unreachable for Zoom's cloud", Tone.DIM)

Yes = Annotated[bool, typer.Option("--yes", help="Write the changes without asking.")]


class BookFlags(Struct, frozen=True, kw_only=True):
    """The flag that every command has."""

    book: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Address book, instead of book.toml in the config folder.")
    ] = None


class Written(Struct, frozen=True):
    """Changes, and whether they were written; ``is_refused`` if nobody could be asked."""

    changes: tuple[Change, ...]
    is_written: bool
    is_refused: bool = False

    @property
    def shown(self) -> tuple[RoomChange, ...]:
        """The changes, for a document."""
        return tuple(
            RoomChange(change=change.word, fields=change.fields, room=BookRoom.of(change.entry))  # type: ignore[arg-type] # its words
            for change in self.changes
        )

    def answer(self, result: Struct) -> Answer:
        """Report on the changes."""
        page: Page = changes_page(self.changes)
        if self.is_refused:
            error = nobody_to_ask(done="written", purpose="write the changes")
            return Answer(page=page, result=result, status=error.status, error=error)
        words = f"wrote {counted(len(self.changes), 'change')}" if self.is_written else "nothing was written"
        return Answer(page=(*page, Line(words, Tone.GOOD if self.is_written else Tone.PLAIN)), result=result)


def written(
    run: Run, named: Path | None, plan: Callable[[Book], Sequence[Change]], *, is_confirmed: bool
) -> Written:
    """Make changes once they are confirmed: by ``--yes``, or by somebody who saw them."""
    writer = run.wiring.book_writer(named)
    if is_confirmed:
        changes = writer.apply(plan)
        return Written(changes, is_written=bool(changes))
    changes = tuple(plan(writer.read()))
    if not changes:
        return Written(changes, is_written=False)
    if not run.is_interactive:
        return Written(changes, is_written=False, is_refused=True)
    run.say(changes_page(changes))
    if not run.is_agreed(f"Write these changes to {writer.path}?"):
        return Written(changes, is_written=False)

    def same(book: Book) -> Sequence[Change]:
        if tuple(plan(book)) != changes:
            raise NotConfigured("the address book has changed meanwhile; nothing was written", fix="Try again.")
        return changes

    return Written(writer.apply(same), is_written=True)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def read_book(run: Run, named: Path | None) -> Book:
    """Read the book, with a warning for each entry that cannot be used."""
    book = run.wiring.book(named).read()
    run.notice(*(Notice("room-unusable", f"{name} cannot be used: {why}") for name, why in book.broken.items()))
    return book


def changes_page(changes: Sequence[Change]) -> Page:
    """List changes."""
    if not changes:
        return (Line("nothing changes"),)
    rooms = [BookRoom.of(change.entry) for change in changes]
    has_private = any(room.is_private for room in rooms)
    has_fields = any(change.fields for change in changes)
    extra = ("FIELDS",) * has_fields + ("REMARK",) * has_private
    rows = (
        (
            change.word,
            room.name,
            room.protocol.value,
            room.address,
            *(", ".join(change.fields),) * has_fields,
            *(PRIVATE if room.is_private else "",) * has_private,
        )
        for change, room in zip(changes, rooms, strict=True)
    )
    table = Table(("CHANGE", "NAME", "PROTOCOL", "ADDRESS", *extra), tuple(rows))
    return (table, PRIVATE_MEANS) if has_private else (table,)
