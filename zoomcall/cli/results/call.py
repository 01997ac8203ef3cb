"""Results of ``call``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.cli.results.invite import Reason, Room
from zoomcall.domain.call import Evidence, Sent, State
from zoomcall.domain.target import Api


class CallTarget(Struct, frozen=True, kw_only=True):
    """The session or meeting that the room was rung into."""

    kind: Annotated[Api, Meta(description="A Video SDK session or a Zoom meeting.")]
    id: Annotated[str, Meta(description="The session id or meeting number.")]
    name: Annotated[str | None, Meta(description="The session's name, if known.")]


class DialledCall(Struct, frozen=True, kw_only=True):
    """One call in the journal of this machine."""

    id: Annotated[int, Meta(description="The id that call status and call hangup take.")]
    at: Annotated[Time, Meta(description="When it was dialled.")]
    target: Annotated[CallTarget, Meta(description="The session or meeting that the room was rung into.")]
    room: Annotated[Room, Meta(description="The room that was called.")]
    api_base: Annotated[str, Meta(description="The URL that API requests started with.")]
    profile: Annotated[str | None, Meta(description="The profile in use; null for one from the environment.")]
    http_status: Annotated[int | None, Meta(description="HTTP status of Zoom's answer to the callout request.")]
    sent: Annotated[Sent, Meta(description="Whether the room may be ringing.")]
    state: Annotated[State, Meta(description="The state of the call.")]
    evidence: Annotated[Evidence | None, Meta(description="What proved the outcome.")]
    reason: Annotated[Reason | None, Meta(description="Why Zoom says the call failed.")]
    participant_uuid: Annotated[str | None, Meta(description="The room's participant_uuid, once it joined.")]
    settled_at: Annotated[Time | None, Meta(description="When the outcome became known.")]
    removed_at: Annotated[Time | None, Meta(description="When the room was hung up.")]


class CallListResult(Struct, frozen=True, kw_only=True):
    """The calls of this machine."""

    calls: Annotated[tuple[DialledCall, ...], Meta(description="The calls, newest first.")]


class CallStatusResult(Struct, frozen=True, kw_only=True):
    """One call of this machine."""

    call: Annotated[DialledCall, Meta(description="The call.")]


class CallHangupResult(Struct, frozen=True, kw_only=True):
    """A call that was hung up."""

    call: Annotated[DialledCall, Meta(description="The call.")]
    removed: Annotated[
        bool, Meta(description="The room was removed, now or before.", extra_json_schema={"const": True})
    ]
