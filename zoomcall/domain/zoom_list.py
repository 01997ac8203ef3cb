"""Zoom's two lists of room systems, and what it knows of a room at the moment (zoom-api 4)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Self

from msgspec import Struct

from zoomcall.domain.value import Discreet


class ZoomList(StrEnum):
    """One of the lists.

    Attributes:
        label: How a sentence names it.
        rooms: How a sentence names what it lists.
        path: Where Zoom serves it.
    """

    _value_: str
    label: str
    rooms: str
    path: str

    def __new__(cls, word: str, label: str = "", rooms: str = "", path: str = "") -> Self:
        """Build a member from its row in the table below."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.label, member.rooms, member.path = label, rooms, path
        return member

    DEVICES = "h323-devices", "its list of H.323/SIP devices", "H.323/SIP devices", "/h323/devices"
    MANAGED = "managed-rooms", "its list of managed rooms", "managed rooms", "/crc/managed_rooms"


class ListedRoom(Discreet, frozen=True, kw_only=True):
    """A room as one of Zoom's lists has it, word for word.

    Attributes:
        list: The list.
        id: Its ID there.
        name: Its name.
        protocol: Zoom's word, such as ``H.323``, or ours.
        address: Its address; may hold a passcode.
        account: Whose list it is; None if the credential does not tell.
    """

    unshown: ClassVar = frozenset({"address"})

    list: ZoomList
    id: str
    name: str = ""
    protocol: str = ""
    address: str = ""
    account: str | None = None

    @property
    def identity(self) -> tuple[str | None, ZoomList, str]:
        """What stays the same of a room whose name or address changes."""
        return self.account, self.list, self.id


class RoomState(Struct, frozen=True, kw_only=True):
    """What Zoom knows of a managed room at the moment, in its words; None for what it did not say.

    Attributes:
        connection: ``connected``, ``disconnected`` or ``none``.
        sip: ``none``, ``unregistered``, ``registering`` or ``registered``.
        call: ``Connected``, ``Idle``, ``InMeeting``, ``Presentation``, ``Unknown`` or ``None``.
    """

    connection: str | None = None
    sip: str | None = None
    call: str | None = None
