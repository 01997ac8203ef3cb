"""Results of ``room``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.room import BookEntry
from zoomcall.domain.zoom_list import ListedRoom, ZoomList


class RoomHeader(Struct, frozen=True, kw_only=True):
    """A SIP header for a room."""

    key: Annotated[str, Meta(description="Its name.")]
    value: Annotated[str, Meta(description="Its value.")]


class RoomOrigin(Struct, frozen=True, kw_only=True):
    """Where a room came from."""

    list: Annotated[ZoomList, Meta(description="Zoom's list that has it.")]
    id: Annotated[str, Meta(description="Its ID in that list.")]

    @classmethod
    def of(cls, room: ListedRoom | None) -> Self | None:
        """Show where a room came from."""
        return None if room is None else cls(list=room.list, id=room.id)


class BookRoom(Struct, frozen=True, kw_only=True):
    """A room of the address book."""

    name: Annotated[str, Meta(description="Its name.")]
    protocol: Annotated[Protocol, Meta(description="How it is rung.")]
    address: Annotated[str, Meta(description="Its address; a passcode in it is masked.")]
    has_passcode: Annotated[bool, Meta(description="Whether the address holds a passcode.")]
    is_private: Annotated[bool, Meta(description="Whether the address is private, out of reach of Zoom's cloud.")]
    from_name: Annotated[str | None, Meta(description="The caller's name that the room displays.")]
    to_name: Annotated[str | None, Meta(description="The room's name in the session or meeting.")]
    headers: Annotated[tuple[RoomHeader, ...], Meta(description="SIP headers for the room.")]
    note: Annotated[str | None, Meta(description="A remark.")]
    tags: Annotated[tuple[str, ...], Meta(description="Words to select rooms by.")]
    greeting: Annotated[bool | None, Meta(description="Whether Zoom greets who answers a phone; null: its choice.")]
    press_one: Annotated[bool | None, Meta(description="Whether that person has to press 1; null: Zoom's choice.")]
    origin: Annotated[RoomOrigin | None, Meta(description="Where `room sync` found it; null if you added it.")]

    @classmethod
    def of(cls, entry: BookEntry) -> Self:
        """Show an entry, without its passcode."""
        return cls(
            name=entry.name,
            protocol=entry.protocol,
            address=entry.address.shown,
            has_passcode=entry.has_passcode,
            is_private=any(notice.id == "private-address" for notice in entry.address.warnings),
            from_name=entry.from_name,
            to_name=entry.to_name,
            headers=tuple(RoomHeader(key=header.key, value=header.value) for header in entry.headers),
            note=entry.note,
            tags=entry.tags,
            greeting=entry.has_greeting,
            press_one=entry.has_to_press_one,
            origin=RoomOrigin.of(entry.origin),
        )


class RoomProblem(Struct, frozen=True, kw_only=True):
    """An entry of the address book that cannot be used."""

    name: Annotated[str, Meta(description="Its name, or its place in the file.")]
    problem: Annotated[str, Meta(description="Why it cannot be used.")]


class RoomChange(Struct, frozen=True, kw_only=True):
    """One change of the address book."""

    change: Annotated[Literal["add", "change", "remove"], Meta(description="What becomes of the room.")]
    fields: Annotated[tuple[str, ...], Meta(description="What changes of a room that stays.")]
    room: Annotated[BookRoom, Meta(description="The room as it becomes, or as it was.")]


Written = Annotated[bool, Meta(description="Whether the changes were written.")]
Changes = Annotated[tuple[RoomChange, ...], Meta(description="What changes, in the order of the input.")]


class RoomAddResult(Struct, frozen=True, kw_only=True):
    """The room that was added."""

    room: Annotated[BookRoom, Meta(description="The room.")]


class RoomListResult(Struct, frozen=True, kw_only=True):
    """The rooms of the address book."""

    rooms: Annotated[tuple[BookRoom, ...], Meta(description="The rooms, in the order of the file.")]
    problems: Annotated[tuple[RoomProblem, ...], Meta(description="The entries that cannot be used.")]


class RoomShowResult(Struct, frozen=True, kw_only=True):
    """One room of the address book."""

    room: Annotated[BookRoom, Meta(description="The room.")]


class RoomEditResult(Struct, frozen=True, kw_only=True):
    """The room that was changed."""

    room: Annotated[BookRoom, Meta(description="The room, as it is now.")]
    fields: Annotated[tuple[str, ...], Meta(description="What was changed; empty if it was so before.")]


class RoomRemoveResult(Struct, frozen=True, kw_only=True):
    """The rooms to remove from the address book."""

    changes: Changes
    written: Written


class RoomImportResult(Struct, frozen=True, kw_only=True):
    """The rooms to bring into the address book."""

    changes: Changes
    unchanged: Annotated[int, Meta(description="How many rooms of the file are in the book just so.")]
    written: Written


class RoomListRead(Struct, frozen=True, kw_only=True):
    """One of Zoom's lists."""

    list: Annotated[ZoomList, Meta(description="Which one.")]
    rooms: Annotated[int | None, Meta(description="How many rooms it has; null if Zoom does not show it.")]
    problem: Annotated[str | None, Meta(description="Why Zoom does not show it.")]


class RoomSyncResult(Struct, frozen=True, kw_only=True):
    """The rooms that Zoom's lists bring into the address book, change or remove."""

    changes: Changes
    unchanged: Annotated[int, Meta(description="How many of Zoom's rooms are in the book already.")]
    lists: Annotated[tuple[RoomListRead, ...], Meta(description="Zoom's lists, as they were read.")]
    written: Written


class RoomExportResult(Struct, frozen=True, kw_only=True):
    """The rooms that were exported."""

    format: Annotated[Literal["toml", "csv", "json"], Meta(description="The format.")]
    file: Annotated[str | None, Meta(description="The file; null for standard output.")]
    rooms: Annotated[tuple[BookRoom, ...], Meta(description="The rooms; passcodes are masked here.")]
