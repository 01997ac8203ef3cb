"""Results of ``meeting``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.cli.results.session import RungAs


class Meeting(Struct, frozen=True, kw_only=True):
    """A live meeting."""

    number: Annotated[str, Meta(description="The number that --meeting takes.")]


class MeetingParticipant(Struct, frozen=True, kw_only=True):
    """Who is in a live meeting, or in its waiting room."""

    id: Annotated[str, Meta(description="Zoom's id of the participant, the same as long as it stays.")]
    participant_uuid: Annotated[str | None, Meta(description="Zoom's participant_uuid.")]
    name: Annotated[str, Meta(description="The participant's display name.")]
    device: Annotated[str | None, Meta(description="Zoom's word for the device, like H.323/SIP or Windows.")]
    is_room_system: Annotated[bool, Meta(description="Whether it is a room system.")]
    is_waiting: Annotated[bool, Meta(description="Whether it is in the waiting room.")]
    ip_address: Annotated[str | None, Meta(description="The participant's IP address.")]
    sip_uri: Annotated[str | None, Meta(description="The contact URI, which only SIP rooms have.")]
    join_time: Annotated[Time | None, Meta(description="When the participant joined.")]
    rung: RungAs


class MeetingShowResult(Struct, frozen=True, kw_only=True):
    """A live meeting, and who is in it."""

    meeting: Annotated[Meeting, Meta(description="The meeting.")]
    participants: Annotated[
        tuple[MeetingParticipant, ...], Meta(description="Who is in it now, the waiting room included.")
    ]
