"""Results of ``meeting``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.results.session import RosterRow


class Meeting(Struct, frozen=True, kw_only=True):
    """A live meeting."""

    number: Annotated[str, Meta(description="The number that --meeting takes.")]


class MeetingParticipant(RosterRow, frozen=True, kw_only=True):
    """Who is in a live meeting, or in its waiting room."""

    is_waiting: Annotated[bool, Meta(description="Whether it is in the waiting room.")]
    sip_uri: Annotated[str | None, Meta(description="The contact URI, which only SIP rooms have.")]


class MeetingShowResult(Struct, frozen=True, kw_only=True):
    """A live meeting, and who is in it."""

    meeting: Annotated[Meeting, Meta(description="The meeting.")]
    participants: Annotated[
        tuple[MeetingParticipant, ...], Meta(description="Who is in it now, the waiting room included.")
    ]
