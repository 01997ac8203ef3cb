"""Brings the rooms of Zoom's two lists into the address book, beside what the user put there (contract 9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol as RoomProtocol
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import Destination, parse_destination
from zoomcall.domain.pasted_value import address_in
from zoomcall.domain.room import LONGEST_NAME, Book, BookEntry, Change, is_masked, key_of
from zoomcall.domain.shown_text import one_line, quoted
from zoomcall.domain.zoom_list import ListedRoom, ZoomList
from zoomcall.errors import ErrorKind, UsageError

_PROTOCOLS = {"sip": RoomProtocol.SIP, "h.323": RoomProtocol.H323, "h323": RoomProtocol.H323}
_ENDING = " (Zoom 99)"
_TOLERATED = {ErrorKind.NOT_ENTITLED, ErrorKind.REJECTED}
"""What Zoom may say to one list while the other can be read."""


class RoomLists(Protocol):
    """Zoom's lists of rooms."""

    def h323_devices(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the devices that the account's administrator registered."""

    def managed_rooms(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the rooms that an API connector manages."""


class ListReading(Struct, frozen=True, kw_only=True):
    """One list as it was read; ``refusal`` if Zoom would not show it."""

    list: ZoomList
    rooms: tuple[ListedRoom, ...] = ()
    refusal: ZoomRefused | None = None


class SyncPlan(Struct, frozen=True, kw_only=True):
    """What a sync would do.

    Attributes:
        changes: Of the book.
        notices: What it leaves as it is although Zoom says otherwise, and why.
        unchanged: How many of Zoom's rooms are in the book already.
    """

    changes: tuple[Change, ...]
    notices: tuple[Notice, ...]
    unchanged: int


def read_lists(zoom: RoomLists, *, account: str | None, deadline: datetime) -> tuple[ListReading, ...]:
    """Read both lists.

    Args:
        zoom: Zoom.
        account: Whose lists they are.
        deadline: When to give up.

    Raises:
        ZoomRefused: Zoom shows neither, or could not answer.
        NetworkFault: No answer came.
    """
    readings = (
        _read(ZoomList.DEVICES, zoom.h323_devices, account, deadline),
        _read(ZoomList.MANAGED, zoom.managed_rooms, account, deadline),
    )
    refusals = [reading.refusal for reading in readings if reading.refusal is not None]
    if len(refusals) == len(readings):
        raise refusals[0]
    return readings


def _read(
    source: ZoomList,
    read: Callable[..., tuple[ListedRoom, ...]],
    account: str | None,
    deadline: datetime,
) -> ListReading:
    try:
        rooms = read(deadline=deadline)
    except ZoomRefused as refusal:
        if refusal.kind not in _TOLERATED:
            raise
        return ListReading(list=source, refusal=refusal)
    return ListReading(list=source, rooms=tuple(replace(room, account=account) for room in rooms))


def plan_sync(readings: Iterable[ListReading], book: Book, *, account: str | None) -> SyncPlan:
    """Work out what the lists change in the book.

    A room of the user's own is never changed. Of a room that came from a list, only what the user left as the list
    had it is changed, and it is removed only if the user added nothing to it.
    """
    draft = _Draft(book)
    read = [reading for reading in readings if reading.refusal is None]
    for reading in read:  # first, so that a room that was registered anew gets its name back
        draft.drop(reading, account)
    for reading in read:
        draft.take(reading)
    return SyncPlan(changes=tuple(draft.changes), notices=tuple(draft.notices), unchanged=draft.unchanged)


class _Draft:
    """The changes so far."""

    def __init__(self, book: Book) -> None:
        self.changes: list[Change] = []
        self.notices: list[Notice] = []
        self.unchanged = 0
        self._synced = {entry.origin.identity: entry for entry in book.entries if entry.origin is not None}
        self._names = {*(entry.key for entry in book.entries), *map(key_of, book.broken)}
        self._places = {_place_of(entry.address) for entry in book.entries}

    def drop(self, reading: ListReading, account: str | None) -> None:
        """Remove what a list no longer has."""
        listed = {room.identity for room in reading.rooms}
        for identity, entry in self._synced.items():
            if identity[:2] == (account, reading.list) and identity not in listed:
                self._drop(entry)

    def take(self, reading: ListReading) -> None:
        """Take over what a list has."""
        listed = {room.identity: room for room in reversed(reading.rooms) if room.id}
        for room in dict.fromkeys(listed[each.identity] for each in reading.rooms if each.id):
            entry = self._synced.get(room.identity)
            try:
                address = _address_of(room)
            except UsageError as error:
                shown = quoted(one_line(room.name)) if room.name.strip() else f"with ID {quoted(room.id)}"
                message = f"the room {shown} among Zoom's {room.list.rooms} cannot be used: {error.message}"
                self.notices.append(Notice("room-unusable", message))
                continue
            if entry is None:
                self._add(room, address)
            else:
                self._update(entry, room, address)

    def _add(self, room: ListedRoom, address: Destination) -> None:
        if _place_of(address) in self._places:
            self.unchanged += 1
            return
        entry = BookEntry(name=self._free_name(room), address=address, origin=room)
        self._names.add(entry.key)
        self._places.add(_place_of(address))
        self.changes.append(Change(None, entry))

    def _update(self, entry: BookEntry, room: ListedRoom, address: Destination) -> None:
        base = entry.origin
        assert base is not None  # noqa: S101 - it was found by it
        after = replace(entry, origin=room)
        if room.name != base.name and _is_named_after(entry, base):
            self._names.discard(entry.key)
            after = replace(after, name=self._free_name(room))
            self._names.add(after.key)
        if (room.protocol, room.address) != (base.protocol, base.address):
            if _has_address_of(entry, base):
                after = replace(after, address=address, headers=entry.headers if _takes_headers(address) else ())
            elif entry.address != address:
                message = (
                    f"{entry.name} keeps your address {entry.address.shown}; Zoom's list now has {address.shown}"
                )
                self.notices.append(Notice("room-kept", message))
        if after == entry:
            self.unchanged += 1
        else:
            self.changes.append(Change(entry, after))

    def _drop(self, entry: BookEntry) -> None:
        base = entry.origin
        assert base is not None  # noqa: S101 - it was found by it
        plain = BookEntry(name=entry.name, address=entry.address, origin=base)
        if entry == plain and _is_named_after(entry, base) and _has_address_of(entry, base):
            self.changes.append(Change(entry, None))
            self._names.discard(entry.key)
            self._places.discard(_place_of(entry.address))
            return
        message = (
            f"{entry.name} is no longer among Zoom's {base.list.rooms}; it stays in the book because you changed it"
        )
        self.notices.append(Notice("room-kept", message))
        self.changes.append(Change(entry, replace(entry, origin=None)))

    def _free_name(self, room: ListedRoom) -> str:
        name = _tidy(room)
        endings = ("", " (Zoom)", *(f" (Zoom {number})" for number in range(2, len(self._names) + 3)))
        return next(full for ending in endings if key_of(full := f"{name}{ending}") not in self._names)


def _tidy(room: ListedRoom) -> str:
    """Return the name that a room gets in the book, if it is free."""
    name = one_line(room.name, LONGEST_NAME - len(_ENDING)).lstrip("@- ")
    return name or f"room {one_line(room.id, 40)}"


def _is_named_after(entry: BookEntry, room: ListedRoom) -> bool:
    """Return whether the user left the name as the list had it."""
    return bool(re.fullmatch(rf"{re.escape(_tidy(room))}(?: \(Zoom(?: \d+)?\))?", entry.name))


def _has_address_of(entry: BookEntry, room: ListedRoom) -> bool:
    """Return whether the user left the address as the list had it."""
    try:
        return entry.address == _address_of(room)
    except UsageError:
        return False


def _address_of(room: ListedRoom) -> Destination:
    protocol = _PROTOCOLS.get(room.protocol.strip().lower())
    if protocol is None:
        raise UsageError(f"its protocol {quoted(room.protocol)} is neither SIP nor H.323")
    if not room.address:
        raise UsageError("it has no address")
    address = parse_destination(protocol, address_in(room.address))
    if is_masked(address):
        raise UsageError("the passcode in its address is masked")
    return address


def _takes_headers(address: Destination) -> bool:
    return address.protocol is RoomProtocol.SIP


def _place_of(address: Destination) -> tuple[str, str]:
    return address.protocol.value, address.text if address.shown != address.text else address.normalised


def private_rooms(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return the names of the rooms that come or change and have an address that Zoom's cloud cannot reach."""
    return tuple(
        change.after.name
        for change in changes
        if change.after is not None and any(each.id == "private-address" for each in change.after.address.warnings)
    )
