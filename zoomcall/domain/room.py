"""The address book: rooms by name (contract 9)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NewType, Self

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.callout import Callout, SipHeader, parse_choice, parse_display_name, parse_headers
from zoomcall.domain.destination import Destination, parse_destination
from zoomcall.domain.pasted_value import address_in
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.zoom_list import ListedRoom
from zoomcall.errors import UsageError

if TYPE_CHECKING:
    from zoomcall.domain.cause import Notice

LONGEST_NAME = 100
LONGEST_NOTE = 1000
_MASK = "***"

RoomKey = NewType("RoomKey", str)
"""A room's name in one spelling: without regard to case, and to how its accents are composed."""

TEXTS = ("from_name", "to_name", "note")
LISTS = ("header", "tag")
CHOICES = ("greeting", "press_one")
FIELDS = ("protocol", "address", *TEXTS, *LISTS, *CHOICES)
"""What an entry holds beside its name, in the order in which it is written."""


def key_of(name: str) -> RoomKey:
    """Return a name in the spelling that names are compared in."""
    return RoomKey(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()))


def parse_room_name(text: str) -> str:
    """Parse the name of a room.

    Raises:
        UsageError: It is empty, too long, starts with ``@`` or ``-``, or contains a control character.
    """
    name = text.strip()
    if not name:
        raise UsageError("the room's name is empty", fix="Name it like 'Board room'.")
    if name[0] in "@-":
        raise UsageError(f"the room's name {quoted(name)} starts with {name[0]}", fix=f"Leave the {name[0]} out.")
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"the room's name {quoted(name)} has {len(name)} characters; at most {LONGEST_NAME} are allowed"
        )
    if not name.isprintable():
        raise UsageError(f"the room's name {quoted(name)} contains a line break or control character")
    return name


def parse_room_protocol(text: str) -> Protocol:
    """Parse how a room is rung.

    Raises:
        UsageError: There is no such protocol.
    """
    word = text.strip().lower()
    try:
        return Protocol(word)
    except ValueError:
        raise UsageError(f"protocol {quoted(text)} is not {' or '.join(Protocol)}") from None


class BookEntry(Struct, frozen=True, kw_only=True):
    """A room of the address book.

    Attributes:
        name: As written, and unlike every other in any case.
        address: Where it is rung; may hold a passcode.
        from_name: The caller's name, displayed by the room.
        to_name: The room's name in the session or meeting.
        headers: Additional SIP headers (SIP only).
        note: A remark.
        tags: Words to select rooms by.
        has_greeting: Whether Zoom greets whoever answers (phones only); None leaves it to Zoom.
        has_to_press_one: Whether that person has to press 1 to join (phones only); None leaves it to Zoom.
        origin: What Zoom's list said of the room when it was last read; None for a room that the user added.
    """

    name: str
    address: Destination
    from_name: str | None = None
    to_name: str | None = None
    headers: tuple[SipHeader, ...] = ()
    note: str | None = None
    tags: tuple[str, ...] = ()
    has_greeting: bool | None = None
    has_to_press_one: bool | None = None
    origin: ListedRoom | None = None

    @classmethod
    def parse(cls, name: str, fields: Mapping[str, Any]) -> Self:
        """Make an entry of texts and lists of texts, by the names in ``FIELDS``; what is empty is left out.

        Raises:
            UsageError: A value is missing or invalid.
        """
        texts = {field: _text(fields, field) for field in ("protocol", "address", *TEXTS)}
        name = parse_room_name(name)
        for field in ("protocol", "address"):
            if texts[field] is None:
                raise UsageError(f"the {field} of room {quoted(name)} is missing")
        protocol = parse_room_protocol(texts["protocol"] or "")
        address = parse_destination(protocol, address_in(texts["address"] or ""))
        if is_masked(address):
            raise UsageError(
                f"the passcode in the address {address.shown} is masked",
                fix=f"Write the passcode instead of {_MASK}.",
            )
        headers = parse_headers(_list(fields, "header"))
        if headers and protocol is not Protocol.SIP:
            raise UsageError(f"only SIP rooms take headers; {quoted(name)} is a room of protocol {protocol}")
        choices = {field: _choice(fields, field) for field in CHOICES}
        if protocol is not Protocol.PHONE and any(choice is not None for choice in choices.values()):
            raise UsageError(f"only phones take greeting and press_one; {quoted(name)} is rung by {protocol}")
        from_name, to_name = texts["from_name"], texts["to_name"]
        return cls(
            name=name,
            address=address,
            from_name=from_name and parse_display_name(from_name, flag="--from-name"),
            to_name=to_name and parse_display_name(to_name, flag="--to-name"),
            headers=headers,
            note=_note(texts["note"]),
            tags=tuple(dict.fromkeys(map(_tag, _list(fields, "tag")))),
            has_greeting=choices["greeting"],
            has_to_press_one=choices["press_one"],
        )

    def edited(self, fields: Mapping[str, Any], *, name: str | None = None) -> Self:
        """Return the entry with some fields changed, as ``parse`` takes them, and another name if one is given."""
        fresh = self.parse(self.name if name is None else name, {**self.fields(), **fields})
        return replace(fresh, origin=self.origin)

    @property
    def key(self) -> RoomKey:
        """The name, to compare."""
        return key_of(self.name)

    @property
    def protocol(self) -> Protocol:
        """How it is rung."""
        return self.address.protocol

    @property
    def has_passcode(self) -> bool:
        """Whether the address holds a passcode, which is not shown."""
        return self.address.shown != self.address.text

    @property
    def callout(self) -> Callout:
        """The request that rings the room."""
        return Callout(
            address=self.address,
            from_name=self.from_name,
            to_name=self.to_name,
            headers=self.headers,
            room_name=self.name,
            has_greeting=self.has_greeting,
            has_to_press_one=self.has_to_press_one,
        )

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What is unusual about the address and the headers."""
        return self.callout.warnings

    def fields(self, *, is_masked: bool = False) -> dict[str, Any]:
        """Return every value under its name in ``FIELDS``, the passcode masked on request; None or () if empty."""
        return {
            "protocol": self.protocol.value,
            "address": self.address.shown if is_masked else self.address.text,
            "from_name": self.from_name,
            "to_name": self.to_name,
            "note": self.note,
            "header": tuple(f"{header.key}={header.value}" for header in self.headers),
            "tag": self.tags,
            "greeting": self.has_greeting,
            "press_one": self.has_to_press_one,
        }


class Change(Struct, frozen=True):
    """One change of the book: an entry is added (``before`` is None), replaced, or removed (``after`` is None)."""

    before: BookEntry | None
    after: BookEntry | None

    @property
    def word(self) -> str:
        """What it does."""
        return "add" if self.before is None else "remove" if self.after is None else "change"

    @property
    def entry(self) -> BookEntry:
        """The entry that it is about, in its newest form."""
        entry = self.after or self.before
        assert entry is not None  # noqa: S101 - a change has one or both
        return entry

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what changes in an entry that stays."""
        if self.before is None or self.after is None:
            return ()
        old, new = self.before.fields(), self.after.fields()
        renamed = ("name",) if self.before.name != self.after.name else ()
        listed = ("origin",) if self.before.origin != self.after.origin else ()
        return (*renamed, *(field for field in FIELDS if old[field] != new[field]), *listed)


class Book(Struct, frozen=True, dict=True):
    """The address book.

    Attributes:
        entries: The rooms, in the order of the file.
        broken: Entries that cannot be used, by name or place, and why.
        place: The file, for messages.
    """

    entries: tuple[BookEntry, ...]
    broken: Mapping[str, str]
    place: str

    @cached_property
    def _by_key(self) -> Mapping[RoomKey, BookEntry]:
        return {entry.key: entry for entry in self.entries}

    def find(self, name: str) -> BookEntry | None:
        """Return the entry of a name, without regard to case."""
        return self._by_key.get(_typed_key(name))

    def problem_of(self, name: str) -> str | None:
        """Return why the entry of a name cannot be used, if that is so."""
        key = _typed_key(name)
        return next((why for broken, why in self.broken.items() if key_of(broken) == key), None)

    def after(self, changes: Iterable[Change]) -> Book:
        """Return the book with changes applied."""
        entries = dict(self._by_key)
        for change in changes:
            before, after = change.before, change.after
            if after is None:
                del entries[change.entry.key]
            elif before is None or before.key == after.key:
                entries[after.key] = after
            else:
                pairs = ((after.key, after) if key == before.key else (key, each) for key, each in entries.items())
                entries = dict(pairs)
        return Book(tuple(entries.values()), self.broken, self.place)


def _typed_key(name: str) -> RoomKey:
    """Return the key of a name as somebody typed it, perhaps with the ``@`` that stands for the book."""
    return key_of(name.strip().removeprefix("@"))


def is_masked(address: Destination) -> bool:
    """Return whether somebody copied an address with its passcode masked, which no room understands."""
    return _MASK in address.text and address.shown == address.text


def _text(fields: Mapping[str, Any], field: str) -> str | None:
    """Return a text; None if it is missing or empty."""
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UsageError(f"{field} must be text, not {type(value).__name__}")
    text = str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{field} has half of a character (a lone surrogate)") from None
    return text or None


def _list(fields: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """Return a list of texts, which may also be one text with its parts parted by ``;``."""
    value = fields.get(field)
    if value is None or isinstance(value, str):
        return tuple(part for part in map(str.strip, (value or "").split(";")) if part)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{field} must be a list of texts")
    return tuple(part for part in map(str.strip, value) if part)


def _choice(fields: Mapping[str, Any], field: str) -> bool | None:
    """Return yes or no; None if it is missing or empty."""
    value = fields.get(field)
    if isinstance(value, bool):
        return value
    text = _text(fields, field)
    return None if text is None else parse_choice(text, field=field)


def _note(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_NOTE:
        raise UsageError(f"the note has {len(text)} characters; at most {LONGEST_NOTE} are allowed")
    return text


def _tag(text: str) -> str:
    if ";" in text or not text.isprintable():
        raise UsageError(f"the tag {quoted(text)} contains a semicolon, line break or control character")
    return text
