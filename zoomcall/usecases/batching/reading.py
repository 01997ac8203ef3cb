"""Makes rows of what a file holds; every bad row is found before the first ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.batch import BadRow, BatchRow, RawRow, RowKey
from zoomcall.domain.callout import Callout, parse_choice, parse_display_name, parse_from_uri, parse_headers
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import Destination, parse_destination
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import (
    MeetingTarget,
    SessionNameTarget,
    SessionTarget,
    Target,
    parse_meeting_number,
    parse_session_id,
    parse_session_name,
)
from zoomcall.errors import UsageError

COLUMNS = (
    "protocol",
    "address",
    "room",
    "name",
    "session",
    "session_name",
    "meeting",
    "from_name",
    "to_name",
    "header",
    "from_uri",
    "timeout",
    "note",
    "tag",
    "greeting",
    "press_one",
)
"""What a row may hold (contract 9)."""

_KNOWN = frozenset(COLUMNS)
_FLAGS = frozenset({"greeting", "press_one"})

_TARGETS: Mapping[str, Callable[[str], Target]] = {
    "session": lambda text: SessionTarget(parse_session_id(text)),
    "session_name": lambda text: SessionNameTarget(parse_session_name(text)),
    "meeting": lambda text: MeetingTarget(parse_meeting_number(text)),
}


class Defaults(Struct, frozen=True, kw_only=True):
    """What the flags say for rows that do not say it themselves.

    Attributes:
        target: The session or meeting; None if every row must name its own.
        timeout: How long to wait for an outcome.
        from_name: The caller's name.
        to_name: The room's name.
        parse_timeout: Reads a duration; the second argument is what to call it in an error.
        find_room: Returns a room of the address book by its name.
    """

    target: Target | None
    timeout: timedelta
    from_name: str | None
    to_name: str | None
    parse_timeout: Callable[[str, str], timedelta]
    find_room: Callable[[str], Callout]


def read_rows(
    raw: Iterable[RawRow | BadRow], defaults: Defaults, *, tag: str | None, warn: Callable[[Notice], None]
) -> Iterator[BatchRow | BadRow]:
    """Yield a row, or what is wrong with it, for each row of the input; with ``tag``, only rows that have it.

    A row with the same room and target as an earlier one is a bad row (contract 11). What is in a column that is
    not known is not read, and each such column is warned of once.
    """
    seen: dict[RowKey, int] = {}
    known = {"", *_KNOWN}
    for each in raw:
        if isinstance(each, BadRow):
            yield each
            continue
        if not each.fields.keys() <= known:
            for column in each.fields.keys() - known:
                known.add(column)
                warn(_unknown(column, each.line))
        if tag is not None and str(each.fields.get("tag", "")).strip() != tag:
            continue
        try:
            row = _row(each, defaults)
        except UsageError as error:
            fix = "" if error.fix is None else f" {error.fix}"
            yield BadRow(each.number, each.line, f"{error.message}.{fix}" if fix else error.message)
            continue
        first = seen.setdefault(row.key, row.number)
        if first == row.number:
            yield row
        else:
            same = f"{row.callout.address.shown} into {row.target} is row {first} already"
            yield BadRow(row.number, row.line, same)


def _unknown(column: str, line: int) -> Notice:
    near = get_close_matches(column, COLUMNS, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return Notice("unknown-column", f"line {line}: {quoted(column)} is not a known column and is ignored{meant}")


def _row(raw: RawRow, defaults: Defaults) -> BatchRow:
    fields = _cleaned(raw.fields)
    callout = _callout(fields, defaults)
    timeout = fields.get("timeout")
    return BatchRow(
        number=raw.number,
        line=raw.line,
        callout=callout,
        target=_target(fields, defaults),
        timeout=defaults.timeout if timeout is None else defaults.parse_timeout(timeout, "timeout"),
        name=fields.get("name") or fields.get("room"),
        note=_shared(fields.get("note")),
        tag=_shared(fields.get("tag")),
    )


@lru_cache(1024)
def _shared(text: str | None) -> str | None:
    """Return the text that an earlier row had, if it is the same: 100,000 rows repeat a few names and notes."""
    return text


def _callout(fields: Mapping[str, Any], defaults: Defaults) -> Callout:
    book = _book_entry(fields, defaults) or Callout(address=_address(fields))
    address = book.address
    from_uri = fields.get("from_uri")
    if from_uri is not None:
        from_uri = parse_from_uri(from_uri)
    headers = parse_headers(_headers(fields))
    if address.protocol is not Protocol.SIP and (from_uri is not None or headers):
        raise UsageError(f"only SIP rooms take from_uri and header; {address.shown} is {address.protocol}")

    if address.protocol is Protocol.PHONE and fields.get("from_name") is not None:
        raise UsageError(f"only rooms take from_name; {address.shown} is a phone")

    if address.protocol is not Protocol.PHONE and fields.keys() & _FLAGS:
        raise UsageError(f"only phones take greeting and press_one; {address.shown} is {address.protocol}")

    def name(column: str, by_flag: str | None, by_book: str | None) -> str | None:
        given = fields.get(column)
        return by_book or by_flag if given is None else _shared(parse_display_name(given, flag=column))

    return Callout(
        address=address,
        from_name=None
        if address.protocol is Protocol.PHONE
        else name("from_name", defaults.from_name, book.from_name),
        to_name=name("to_name", defaults.to_name, book.to_name),
        from_uri=from_uri or book.from_uri,
        headers=headers or book.headers,
        room_name=book.room_name,
        has_greeting=_flag(fields, "greeting", book.has_greeting),
        has_to_press_one=_flag(fields, "press_one", book.has_to_press_one),
    )


def _flag(fields: Mapping[str, Any], column: str, by_book: bool | None) -> bool | None:  # noqa: FBT001 - three values
    text = fields.get(column)
    return by_book if text is None else parse_choice(text, field=column)


def _book_entry(fields: Mapping[str, Any], defaults: Defaults) -> Callout | None:
    room, address = fields.get("room"), fields.get("address")
    if room is not None and address is not None:
        raise UsageError("address and room are both given; use one of them")
    name = room if room is not None else address[1:] if address is not None and address.startswith("@") else None
    if name is None:
        return None
    found = defaults.find_room(name.removeprefix("@"))
    protocol = fields.get("protocol")
    if protocol is not None and protocol.lower() != found.address.protocol:
        raise UsageError(f"room {quoted(name)} is rung by {found.address.protocol}, not {quoted(protocol)}")
    return found


def _address(fields: Mapping[str, Any]) -> Destination:
    address, protocol = fields.get("address"), fields.get("protocol")
    if address is None:
        raise UsageError("the address is missing", fix="Give address, or the name of a room in the address book.")
    if protocol is None:
        raise UsageError(f"the protocol of {quoted(address)} is missing", fix="It is sip, h323 or phone.")
    try:
        known = Protocol(protocol.lower())
    except ValueError:
        raise UsageError(f"protocol {quoted(protocol)} is not sip, h323 or phone") from None
    return parse_destination(known, address)


def _target(fields: Mapping[str, Any], defaults: Defaults) -> Target:
    given = {column: text for column in _TARGETS if (text := fields.get(column)) is not None}
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} are both given; a call has one target")
    for column, text in given.items():
        return _parsed_target(column, text)
    if defaults.target is None:
        raise UsageError(
            "no target: which session or meeting should the room be rung into?",
            fix="Give session, session_name or meeting in the row, or --session, --session-name or --meeting.",
        )
    return defaults.target


@lru_cache
def _parsed_target(column: str, text: str) -> Target:
    return _TARGETS[column](text)


def _headers(fields: Mapping[str, Any]) -> tuple[str, ...]:
    value = fields.get("header")
    if isinstance(value, list):
        if not all(isinstance(each, str) for each in value):
            raise UsageError("header must be a list of texts like X-Ref=42")
        return tuple(value)
    return () if value is None else tuple(part.strip() for part in value.split(";") if part.strip())


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are there, as trimmed texts; only headers may be a list."""
    texts: dict[str, Any] = {}
    for column, value in fields.items():
        if value is None or column not in _KNOWN:
            continue
        if isinstance(value, str):
            text = value.strip()
        elif isinstance(value, list) and column == "header":
            texts[column] = value
            continue
        elif isinstance(value, bool) and column in _FLAGS:
            text = str(value)
        elif isinstance(value, bool | dict | list):
            raise UsageError(f"{column} must be text, not {type(value).__name__}")
        else:
            text = str(value)
        if not text:
            continue
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise UsageError(f"{column} has half of a character (a lone surrogate)") from None
        texts[column] = text
    return texts
