"""Results of ``session``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.domain.address import Protocol


class Session(Struct, frozen=True, kw_only=True):
    """A live session."""

    id: Annotated[str, Meta(description="The id that --session takes.")]
    name: Annotated[str, Meta(description="Its name; empty if Zoom gave none.")]
    user_count: Annotated[int | None, Meta(description="How many users are in it, by Zoom's count.")]
    start_time: Annotated[Time | None, Meta(description="When it began.")]
    session_key: Annotated[str | None, Meta(description="Its session_key.")]


class RungRoom(Struct, frozen=True, kw_only=True):
    """The call of this machine that a room came by."""

    call_id: Annotated[int, Meta(description="Its id, as call list prints it.")]
    protocol: Annotated[Protocol, Meta(description="How the room was rung.")]
    address: Annotated[str, Meta(description="The address that was rung; a passcode in it is masked.")]


class RosterRow(Struct, frozen=True, kw_only=True):
    """Who is in a live session or meeting."""

    id: Annotated[str, Meta(description="Zoom's id of the participant, the same as long as it stays.")]
    participant_uuid: Annotated[str | None, Meta(description="Zoom's participant_uuid.")]
    name: Annotated[str, Meta(description="The participant's display name.")]
    device: Annotated[str | None, Meta(description="Zoom's word for the device, like H.323/SIP or Windows.")]
    is_room_system: Annotated[bool, Meta(description="Whether it is a room system.")]
    ip_address: Annotated[str | None, Meta(description="The participant's IP address.")]
    join_time: Annotated[Time | None, Meta(description="When the participant joined.")]
    rung: Annotated[
        RungRoom | None, Meta(description="The call of this machine that the room came by; null if none is known.")
    ]


class SessionUser(RosterRow, frozen=True, kw_only=True):
    """A user in a live session."""


class SessionListResult(Struct, frozen=True, kw_only=True):
    """The live sessions."""

    sessions: Annotated[tuple[Session, ...], Meta(description="The sessions, newest first.")]


class SessionShowResult(Struct, frozen=True, kw_only=True):
    """A live session and its users."""

    session: Annotated[Session, Meta(description="The session.")]
    users: Annotated[tuple[SessionUser, ...], Meta(description="Who is in it now.")]
