"""Results of ``room``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.room import BookEntry
from zoomcall.domain.zoom_list import ListedRoom, ZoomList
from zoomcall.usecases.checking.verdicts import CheckStatus
from zoomcall.usecases.room_checking.verdicts import RoomCheckId


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


class RoomSipAnswer(Struct, frozen=True, kw_only=True):
    """The answer to SIP OPTIONS."""

    status: Annotated[int, Meta(description="Its status, such as 200.")]
    reason: Annotated[str, Meta(description="Its reason phrase.")]
    server: Annotated[str | None, Meta(description="Its Server header, or else its User-Agent header.")]


class RoomCertificate(Struct, frozen=True, kw_only=True):
    """A certificate."""

    protocol: Annotated[str | None, Meta(description="The TLS version, such as TLSv1.3.")]
    issuer: Annotated[str | None, Meta(description="Who signed it.")]
    names: Annotated[tuple[str, ...], Meta(description="The host names and IP addresses that it is for.")]
    expires_at: Annotated[datetime | None, Meta(description="When it expires.")]
    flaws: Annotated[tuple[str, ...], Meta(description="What is wrong with it; empty if nothing is.")]


class RoomCheck(Struct, frozen=True, kw_only=True):
    """One check of a room."""

    id: Annotated[RoomCheckId, Meta(description="What was checked.")]
    place: Annotated[str | None, Meta(description="The IP address and port that were probed; else null.")]
    status: Annotated[CheckStatus, Meta(description="How the check ended.")]
    required: Annotated[
        bool, Meta(description="False if another place may serve as well, so that a failure alone is no fault.")
    ]
    seconds: Annotated[float, Meta(ge=0, description="How long it took.")]
    detail: Annotated[str, Meta(description="What was seen.")]
    fix: Annotated[str | None, Meta(description="What to do, if something is wrong.")]
    sip: Annotated[RoomSipAnswer | None, Meta(description="The answer to SIP OPTIONS; null if there was none.")]
    tls: Annotated[RoomCertificate | None, Meta(description="The certificate; null without TLS.")]


class RoomDnsRecord(Struct, frozen=True, kw_only=True):
    """A DNS record that leads to the room."""

    name: Annotated[str, Meta(description="Whose record it is.")]
    type: Annotated[str, Meta(description="NAPTR, SRV, A or AAAA.")]
    data: Annotated[str, Meta(description="What it says, as zone files have it.")]


class RoomZoomState(Struct, frozen=True, kw_only=True):
    """What Zoom knows of a managed room at the moment, in Zoom's words."""

    connection_status: Annotated[str | None, Meta(description="Whether its API connector reaches it.")]
    sip_status: Annotated[str | None, Meta(description="Whether it is registered by SIP.")]
    call_status: Annotated[str | None, Meta(description="Whether it is idle, in a call, or in a meeting.")]


class CheckedRoom(Struct, frozen=True, kw_only=True):
    """A room that was checked."""

    name: Annotated[str | None, Meta(description="Its name in the address book; null for an address.")]
    address: Annotated[
        str | None, Meta(description="Its address, a passcode masked; null if the book has none that can be used.")
    ]
    protocols: Annotated[
        tuple[Protocol, ...], Meta(description="The protocols that were checked: for a bare host, SIP and H.323.")
    ]
    is_private: Annotated[bool, Meta(description="Whether all its addresses are out of reach of Zoom's cloud.")]
    status: Annotated[
        CheckStatus, Meta(description="The worst of the required checks; skipped if nothing could be probed.")
    ]
    exit_code: Annotated[int, Meta(description="0; 2, 22 or 23 if it failed.")]
    seconds: Annotated[float, Meta(ge=0, description="How long all of it took.")]
    checks: Annotated[tuple[RoomCheck, ...], Meta(description="The checks.")]
    records: Annotated[tuple[RoomDnsRecord, ...], Meta(description="What DNS says of its name.")]
    state: Annotated[
        RoomZoomState | None, Meta(description="What Zoom knows of it; null if it is not managed, or not shown.")
    ]


class RoomCheckResult(Struct, frozen=True, kw_only=True):
    """Rooms that were checked without ringing them."""

    rooms: Annotated[tuple[CheckedRoom, ...], Meta(description="The rooms, in the order of the input or the book.")]
    note: Annotated[str, Meta(description="From where they were checked, and what that does not show.")]


class RoomExportResult(Struct, frozen=True, kw_only=True):
    """The rooms that were exported."""

    format: Annotated[Literal["toml", "csv", "json"], Meta(description="The format.")]
    file: Annotated[str | None, Meta(description="The file; null for standard output.")]
    rooms: Annotated[tuple[BookRoom, ...], Meta(description="The rooms; passcodes are masked here.")]
