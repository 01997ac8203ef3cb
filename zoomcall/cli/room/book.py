"""``zoomcall room add``, ``list``, ``show``, ``edit``, ``remove``, ``import`` and ``export``."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.results.room import (
    BookRoom,
    RoomAddResult,
    RoomEditResult,
    RoomExportResult,
    RoomImportResult,
    RoomListResult,
    RoomProblem,
    RoomRemoveResult,
    RoomShowResult,
)
from zoomcall.cli.room.changes import PRIVATE, PRIVATE_MEANS, BookFlags, Yes, counted, read_book, written
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.room import CHOICES, LISTS, TEXTS, BookEntry
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError
from zoomcall.usecases.rooms import adding, editing, entry_of, removing

app = typer.Typer()

_LARGEST_INPUT = 100_000_000


class Format(StrEnum):
    """``--format``."""

    TOML = "toml"
    CSV = "csv"
    JSON = "json"


class RoomFlags(BookFlags, frozen=True, kw_only=True):
    """What an entry may hold beside its address."""

    from_name: Annotated[str | None, typer.Option(metavar="NAME", help="Caller's name, shown by the room.")] = None
    to_name: Annotated[str | None, typer.Option(metavar="NAME", help="Room's name in the session.")] = None
    header: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="SIP header for the room; repeatable, up to ten.")
    ] = None
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="A remark.")] = None
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="A word to select rooms by; repeatable.")] = (
        None
    )

    greeting: Annotated[
        str | None, typer.Option(metavar="yes|no", help="Greet whoever answers, or not (phones only).")
    ] = None
    press_one: Annotated[
        str | None, typer.Option(metavar="yes|no", help="Let them press 1 to join, or not (phones only).")
    ] = None

    @property
    def given(self) -> dict[str, Any]:
        """What was given, by the entry's own names."""
        values = {name: getattr(self, name) for name in (*TEXTS, *LISTS, *CHOICES)}
        return {name: value for name, value in values.items() if value is not None}


Name = Annotated[str, typer.Argument(metavar="NAME", help="The room's name, in any case.")]


@command(
    app,
    "add",
    CommandSpec(schema="zoomcall.room.add/1"),
    examples=(
        "zoomcall room add 'Board room' sip board@example.com",
        "zoomcall room add Lab h323 203.0.113.10 --to-name 'Lab 2' --tag berlin",
    ),
)
def add(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of its own.")],
    protocol: Annotated[str, typer.Argument(metavar="sip|h323|phone", help="How it is rung.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The room's address.")],
    flags: RoomFlags,
) -> Answer:
    """Add a room to the address book.

    The book keeps the whole address, a passcode too, in a file that only you can read; no command shows a passcode.
    """
    entry = BookEntry.parse(name, {**flags.given, "protocol": protocol, "address": address})
    run.notice(*entry.warnings)
    run.wiring.book_writer(flags.book).apply(partial(adding, entry))
    page = (Line(f"added {entry.name}: {entry.protocol} {entry.address.shown}", Tone.GOOD),)
    return Answer(page=page, result=RoomAddResult(room=BookRoom.of(entry)))


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.room.list/1"),
    examples=("zoomcall room list", "zoomcall room list --tag berlin --json"),
)
def list_(
    run: Run,
    flags: BookFlags,
    *,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only rooms with this tag.")] = None,
) -> Answer:
    """List the rooms of the address book."""
    book = read_book(run, flags.book)
    rooms = tuple(BookRoom.of(entry) for entry in book.entries if tag is None or tag in entry.tags)
    problems = tuple(RoomProblem(name=name, problem=why) for name, why in book.broken.items())
    return Answer(page=_list_page(rooms, tag), result=RoomListResult(rooms=rooms, problems=problems))


@command(
    app,
    "show",
    CommandSpec(schema="zoomcall.room.show/1"),
    examples=("zoomcall room show 'Board room'", "zoomcall room show Lab --json"),
)
def show(run: Run, name: Name, flags: BookFlags) -> Answer:
    """Show a room of the address book."""
    entry = entry_of(run.wiring.book(flags.book).read(), name)
    room = BookRoom.of(entry)
    return Answer(page=_room_page(room), result=RoomShowResult(room=room))


@command(
    app,
    "edit",
    CommandSpec(schema="zoomcall.room.edit/1"),
    examples=(
        "zoomcall room edit Lab --address 203.0.113.11",
        "zoomcall room edit Lab --name 'Lab 2' --tag berlin --note ''",
    ),
)
def edit(
    run: Run,
    name: Name,
    flags: RoomFlags,
    *,
    address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The room's new address.")] = None,
    new_name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The room's new name.")] = None,
) -> Answer:
    """Change a room of the address book.

    An empty value removes what the book has; --header and --tag replace all that it has.
    """
    fields = flags.given if address is None else {**flags.given, "address": address}
    if not fields and new_name is None:
        raise UsageError(
            "there is nothing to change",
            fix="Give --address, --name, --from-name, --to-name, --header, --note, --tag, --greeting or"
            " --press-one.",
        )
    writer = run.wiring.book_writer(flags.book)
    changes = writer.apply(partial(editing, name, fields, new_name))
    entry = changes[0].entry if changes else entry_of(writer.read(), new_name or name)
    if "address" in fields or "header" in fields:
        run.notice(*entry.warnings)
    changed = changes[0].fields if changes else ()
    words = f"changed {entry.name}: {', '.join(changed)}" if changed else f"{entry.name} was so already"
    return Answer(
        page=(Line(words, Tone.GOOD if changed else Tone.PLAIN),),
        result=RoomEditResult(room=BookRoom.of(entry), fields=changed),
    )


@command(
    app,
    "remove",
    CommandSpec(schema="zoomcall.room.remove/1"),
    examples=("zoomcall room remove Lab", "zoomcall room remove 'Board room' Lab --yes"),
)
def remove(
    run: Run,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="The rooms' names, in any case.")],
    flags: BookFlags,
    *,
    is_confirmed: Yes = False,
) -> Answer:
    """Remove rooms from the address book."""
    done = written(run, flags.book, partial(removing, names), is_confirmed=is_confirmed)
    return done.answer(RoomRemoveResult(changes=done.shown, written=done.is_written))


@command(
    app,
    "import",
    CommandSpec(schema="zoomcall.room.import/1"),
    examples=("zoomcall room import rooms.csv", "zoomcall room import rooms.json --yes"),
)
def import_(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CSV, JSON or TOML.")],
    flags: BookFlags,
    *,
    is_confirmed: Yes = False,
) -> Answer:
    """Bring the rooms of a file into the address book, once you have seen what would change.

    Columns or keys: name, protocol, address, from_name, to_name, header, note, tag; for phones greeting and
    press_one (yes or no). What the file does not have of a room stays as it is, what it has empty is removed, and
    no room is removed.
    """
    from zoomcall.usecases.importing_rooms import importing  # with the rows of a batch

    wiring = run.wiring
    rows = tuple(
        wiring.rooms_of_stdin(run.streams.read_stdin(_LARGEST_INPUT))
        if file == "-"
        else wiring.rooms_of_file(Path(file))
    )
    done = written(run, flags.book, partial(importing, rows), is_confirmed=is_confirmed)
    unchanged = len(rows) - len(done.changes)
    run.notice(*(notice for change in done.changes for notice in change.entry.warnings))
    return done.answer(RoomImportResult(changes=done.shown, unchanged=unchanged, written=done.is_written))


@command(
    app,
    "export",
    CommandSpec(schema="zoomcall.room.export/1"),
    examples=("zoomcall room export rooms.csv", "zoomcall room export --format json"),
)
def export(
    run: Run,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; standard output if left out.")
    ] = None,
    *,
    flags: BookFlags,
    kind: Annotated[
        Format | None, typer.Option("--format", help="By default that of FILE's ending, else toml.")
    ] = None,
) -> Answer:
    """Write the address book as TOML, CSV or JSON.

    Passcodes are kept in a FILE, which only you can read, and masked on standard output.
    """
    source = run.wiring.book(flags.book)
    book = read_book(run, flags.book)
    form = kind or _format_of(file)
    texts = [{"name": entry.name, **entry.fields(is_masked=file is None)} for entry in book.entries]
    text = _render(run, form, texts)
    rooms = tuple(map(BookRoom.of, book.entries))
    result = RoomExportResult(format=form.value, file=None if file is None else str(file), rooms=rooms)
    masked = sum(room.has_passcode for room in rooms)
    if file is None:
        if masked:
            words = f"passcodes are masked ({counted(masked, 'room')}); export to a FILE to keep them"
            run.notice(Notice("passcode-masked", words))
        return Answer(raw=text, result=result)
    if file.exists() and source.path.exists() and file.samefile(source.path):
        raise UsageError(f"{quoted(str(file))} is the address book itself", fix="Name another file.")
    run.wiring.write_rooms(file, text)
    kept = f", {masked} with a passcode" if masked else ""
    run.say((Line(f"wrote {counted(len(rooms), 'room')} to {file}{kept}", Tone.GOOD),))
    return Answer(result=result)


def _format_of(file: Path | None) -> Format:
    ending = "" if file is None else file.suffix.lower().removeprefix(".")
    return Format(ending) if ending in set(Format) else Format.TOML


def _render(run: Run, form: Format, rooms: list[dict[str, Any]]) -> str:
    from zoomcall.cli.render.rooms import as_csv, as_json

    match form:
        case Format.TOML:
            return run.wiring.rooms_as_toml(rooms)
        case Format.CSV:
            return as_csv(rooms)
        case Format.JSON:
            return as_json(rooms)


def _list_page(rooms: tuple[BookRoom, ...], tag: str | None) -> Page:
    if not rooms and tag is not None:
        return (Line(f"No room is tagged {tag}."),)
    if not rooms:
        example = "zoomcall room add 'Board room' sip board@example.com"
        return (Line("The address book is empty."), Line(example, Tone.COMMAND, indent=2, label="add"))
    rows = (
        (
            room.name,
            room.protocol.value,
            room.address,
            ", ".join(room.tags),
            room.note or "",
            PRIVATE if room.is_private else "",
        )
        for room in rooms
    )
    table = Table(("NAME", "PROTOCOL", "ADDRESS", "TAGS", "NOTE", "REMARK"), tuple(rows))
    return (table, PRIVATE_MEANS) if any(room.is_private for room in rooms) else (table,)


def _room_page(room: BookRoom) -> Page:
    headers = (f"{header.key}={header.value}" for header in room.headers)
    fields = (
        ("protocol", room.protocol.value),
        ("address", room.address + (" (private, unreachable for Zoom's cloud)" if room.is_private else "")),
        ("from name", room.from_name),
        ("to name", room.to_name),
        *(("header", header) for header in headers),
        ("note", room.note),
        ("tags", ", ".join(room.tags)),
        ("greeting", _choice(room.greeting)),
        ("press 1", _choice(room.press_one)),
        ("origin", "" if room.origin is None else f"Zoom's {room.origin.list.rooms} (ID {room.origin.id})"),
    )
    return (Line(room.name, Tone.TITLE), *(Line(text, label=label) for label, text in fields if text))


def _choice(value: bool | None) -> str | None:  # noqa: FBT001 - a field's value
    return None if value is None else "yes" if value else "no"
