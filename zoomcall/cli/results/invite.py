"""Results of ``invite``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from zoomcall.cli.render.json import Time
from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Evidence, Sent, State, TimelineEntry
from zoomcall.domain.target import Api


class Room(Struct, frozen=True, kw_only=True):
    """The room that was called."""

    protocol: Annotated[Protocol, Meta(description="How it is rung.")]
    address: Annotated[str, Meta(description="Its address; a passcode in it is masked.")]
    name: Annotated[str | None, Meta(description="Its name in the address book, if it was called by that.")]


class Reason(Struct, frozen=True, kw_only=True):
    """Why Zoom says the call failed."""

    code: Annotated[int, Meta(description="Zoom's reason_type.")]
    name: Annotated[str, Meta(description="Zoom's name for it, in lower case with dashes, or unknown.")]


Kind = Annotated[Api, Meta(description="A Video SDK session or a Zoom meeting.")]
SessionName = Annotated[str | None, Meta(description="The session's name, if known.")]


class InviteTarget(Struct, frozen=True, kw_only=True):
    """The session or meeting that the room was rung into."""

    kind: Kind
    id: Annotated[
        str | None, Meta(description="The session id or meeting number; null until a session's name is looked up.")
    ]
    name: SessionName


RUNG_INTO = "The session or meeting that the room was rung into."
CalledRoom = Annotated[Room, Meta(description="The room that was called.")]
HttpStatus = Annotated[int | None, Meta(description="HTTP status of Zoom's answer to the callout request.")]
WasSent = Annotated[Sent, Meta(description="Whether the room may be ringing.")]
CallState = Annotated[State, Meta(description="The state of the call.")]
ProvedBy = Annotated[Evidence | None, Meta(description="What proved the outcome.")]
FailedFor = Annotated[Reason | None, Meta(description="Why Zoom says the call failed.")]
RoomUuid = Annotated[str | None, Meta(description="The room's participant_uuid, once it joined.")]


class InviteRequest(Struct, frozen=True, kw_only=True):
    """The request that a dry run does not send."""

    method: Annotated[Literal["PATCH"], Meta(description="HTTP method.")]
    url: Annotated[str, Meta(description="URL.")]
    headers: Annotated[dict[str, str], Meta(description="HTTP headers; the token is removed.")]
    body: Annotated[dict[str, Any], Meta(description="JSON body; a passcode in it is masked.")]


class EarlierCall(Struct, frozen=True, kw_only=True):
    """The call of this machine because of which a room was not rung."""

    call_id: Annotated[int, Meta(description="Its id, as call list prints it.")]
    state: Annotated[State, Meta(description="Its state.")]
    at: Annotated[Time, Meta(description="When it was dialled.")]
    is_in: Annotated[bool, Meta(description="Whether the room is in now.")] = field(name="in")


class InviteResult(Struct, frozen=True, kw_only=True):
    """The outcome of one call."""

    call_id: Annotated[int | None, Meta(description="Its id in the journal; null if nothing was written there.")]
    target: Annotated[InviteTarget, Meta(description=RUNG_INTO)]
    room: CalledRoom
    http_status: HttpStatus
    sent: WasSent
    state: CallState
    evidence: ProvedBy
    reason: FailedFor
    participant_uuid: RoomUuid
    timeline: Annotated[tuple[TimelineEntry, ...], Meta(description="What was observed of the call, in order.")]
    earlier: Annotated[
        EarlierCall | None,
        Meta(description="With exit 12: the earlier call that blocks this one; else null."),
    ]
    removed: Annotated[
        bool | None, Meta(description="With --on-timeout remove: whether a late joiner was removed; else null.")
    ]
    request: Annotated[InviteRequest | UnsetType, Meta(description="With --dry-run: the request.")] = UNSET
    curl: Annotated[str | UnsetType, Meta(description="With --curl: the shell line.")] = UNSET


class InviteEvent(TimelineEntry, frozen=True, tag_field="schema", tag="zoomcall.invite.event/1"):
    """One thing observed of a call, as invite -o jsonl prints it; the last line is the invite's own document."""
