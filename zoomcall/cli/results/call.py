"""Results of ``call``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.cli.results.invite import (
    RUNG_INTO,
    CalledRoom,
    CallState,
    FailedFor,
    HttpStatus,
    Kind,
    ProvedBy,
    RoomUuid,
    SessionName,
    WasSent,
)
from zoomcall.domain.place import Ending, Place


class CallTarget(Struct, frozen=True, kw_only=True):
    """The session or meeting that the room was rung into."""

    kind: Kind
    id: Annotated[str, Meta(description="The session id or meeting number.")]
    name: SessionName


class DialledCall(Struct, frozen=True, kw_only=True):
    """One call in the journal of this machine."""

    id: Annotated[int, Meta(description="The id that call status and call hangup take.")]
    at: Annotated[Time, Meta(description="When it was dialled.")]
    target: Annotated[CallTarget, Meta(description=RUNG_INTO)]
    room: CalledRoom
    api_base: Annotated[str, Meta(description="The URL that API requests started with.")]
    profile: Annotated[str | None, Meta(description="The profile in use; null for one from the environment.")]
    http_status: HttpStatus
    sent: WasSent
    state: CallState
    evidence: ProvedBy
    reason: FailedFor
    participant_uuid: RoomUuid
    settled_at: Annotated[Time | None, Meta(description="When the outcome became known.")]
    removed_at: Annotated[Time | None, Meta(description="When the room was hung up.")]


class RoomNow(Struct, frozen=True, kw_only=True):
    """Where the room is now."""

    state: Annotated[
        Place,
        Meta(description="in: in the session or meeting, or in its waiting room; left: not there any more."),
    ]
    since: Annotated[Time | None, Meta(description="Since when; null if Zoom does not tell.")]
    why: Annotated[
        str | None, Meta(description="How it left, why it is not known, or that it is in the waiting room.")
    ]


class CallListResult(Struct, frozen=True, kw_only=True):
    """The calls of this machine."""

    calls: Annotated[tuple[DialledCall, ...], Meta(description="The calls, newest first.")]


class CallStatusResult(Struct, frozen=True, kw_only=True):
    """One call of this machine."""

    call: Annotated[DialledCall, Meta(description="The call.")]
    now: Annotated[RoomNow, Meta(description="Where the room is now.")]


class CallWaitResult(CallStatusResult, frozen=True, kw_only=True):
    """One call of this machine, watched until it was settled or time was up."""


class HungUpCall(Struct, frozen=True, kw_only=True):
    """One call that was to be hung up."""

    call: Annotated[DialledCall, Meta(description="The call.")]
    ending: Annotated[
        Ending | None,
        Meta(
            description="removed: by this command; removed-before: by an earlier one; left: it was not there any"
            " more; null if it could not be removed."
        ),
    ]
    exit_code: Annotated[int, Meta(description="The exit code that this call alone would have led to.")]
    why: Annotated[str | None, Meta(description="Why it could not be removed; else null.")]


class CallHangupResult(Struct, frozen=True, kw_only=True):
    """What was hung up."""

    call: Annotated[DialledCall | None, Meta(description="The first of the calls; null if there was none.")]
    removed: Annotated[
        bool,
        Meta(description="Whether every room was removed, now or before; false if one had left by itself."),
    ]
    calls: Annotated[tuple[HungUpCall, ...], Meta(description="Every call, in the order given.")]
