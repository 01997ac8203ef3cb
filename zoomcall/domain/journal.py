"""What this machine has dialled, and for how long a dial counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NewType

from msgspec import Struct

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, Reason, Sent, State
from zoomcall.domain.roster import Dial
from zoomcall.domain.target import Api

CallId = NewType("CallId", int)

SHORTEST_GUARD = timedelta(seconds=30)
LONGEST_RINGING = timedelta(minutes=5)
"""No unanswered call rings longer: SIP ends an INVITE after a little over three minutes (RFC 3261, timer C)."""


class TargetKey(Struct, frozen=True, kw_only=True):
    """A session or meeting at one API base: what the duplicate guard and crediting compare."""

    api_base: str
    api: Api
    id: str


class NewCall(Struct, frozen=True, kw_only=True):
    """A dial about to be made.

    Attributes:
        target: Where the room is rung into.
        target_name: The session's name, if known.
        address: The room.
        to_name: The name sent for it.
        profile: Whose credential; None from the environment.
        timeout: Of the invite, seconds of the guard.
        at: Now.
    """

    target: TargetKey
    target_name: str | None
    address: RoomAddress
    to_name: str | None
    profile: str | None
    timeout: timedelta
    at: datetime


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of a call now.

    Attributes:
        state: Where it stands.
        sent: Whether the room may be ringing.
        at: When this became known.
        http_status: Of Zoom's answer to the PATCH.
        reason: Zoom's reason of a failure.
        evidence: What proved the outcome.
        participant_id: The room in the roster.
        participant_uuid: Its ``participant_uuid``.
    """

    state: State
    sent: Sent
    at: datetime
    http_status: int | None = None
    reason: Reason | None = None
    evidence: Evidence | None = None
    participant_id: str | None = None
    participant_uuid: str | None = None


class CallRecord(Struct, frozen=True, kw_only=True):
    """A dial as the journal has it; ``address`` is normalised and its passcode masked."""

    id: CallId
    target: TargetKey
    target_name: str | None
    protocol: Protocol
    address: str
    shown: str
    to_name: str | None
    profile: str | None
    at: datetime
    timeout: timedelta
    state: State
    sent: Sent
    http_status: int | None = None
    reason: Reason | None = None
    participant_id: str | None = None
    participant_uuid: str | None = None
    message_id: str | None = None
    evidence: Evidence | None = None
    settled_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def dial(self) -> Dial:
        """What crediting needs of it."""
        return Dial(call_id=self.id, address=RoomAddress.parse(self.protocol, self.shown), to_name=self.to_name)
