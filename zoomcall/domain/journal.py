"""The calls that this machine has dialled, and how long a dial counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NewType

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Evidence, Reason, Sent, State, is_canceled
from zoomcall.domain.destination import Destination, known_destination
from zoomcall.domain.roster import Dial
from zoomcall.domain.target import Api, MeetingNumber, MeetingTarget, ResolvedTarget, SessionId, SessionTarget

CallId = NewType("CallId", int)

SHORTEST_GUARD = timedelta(seconds=30)
LONGEST_RINGING = timedelta(minutes=5)
"""No unanswered call rings longer: SIP ends an INVITE after a little over three minutes (RFC 3261, timer C)."""


class TargetKey(Struct, frozen=True, kw_only=True):
    """A session or meeting at one API base, as the duplicate guard and crediting compare it."""

    api_base: str
    api: Api
    id: str

    @classmethod
    def of(cls, target: ResolvedTarget, api_base: str) -> TargetKey:
        """Return the key of a target."""
        identifier = target.id if isinstance(target, SessionTarget) else target.number
        return cls(api_base=api_base, api=target.api, id=identifier)

    @property
    def target(self) -> ResolvedTarget:
        """The session or meeting itself."""
        match self.api:
            case Api.SESSION:
                return SessionTarget(SessionId(self.id))
            case Api.MEETING:
                return MeetingTarget(MeetingNumber(self.id))


class NewCall(Struct, frozen=True, kw_only=True):
    """A dial about to be made.

    Attributes:
        target: The session or meeting.
        target_name: The session's name, if known.
        address: The room.
        to_name: The name that is sent for it.
        profile: The profile in use; None for a credential from the environment.
        timeout: The invite's timeout, which the duplicate guard uses.
        at: Now.
    """

    target: TargetKey
    target_name: str | None
    address: Destination
    to_name: str | None
    profile: str | None
    timeout: timedelta
    at: datetime


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of a call now.

    Attributes:
        state: Its state.
        sent: Whether the room may be ringing.
        at: When this became known.
        http_status: The HTTP status of Zoom's answer to the PATCH.
        reason: Zoom's reason, if the call failed.
        evidence: What proved the outcome.
        participant_id: The room's id in the roster.
        participant_uuid: The room's ``participant_uuid``.
    """

    state: State
    sent: Sent
    at: datetime
    http_status: int | None = None
    reason: Reason | None = None
    evidence: Evidence | None = None
    participant_id: str | None = None
    participant_uuid: str | None = None


class Presence(Struct, frozen=True):
    """The ids of everybody in a roster, and when it was asked for."""

    ids: frozenset[str]
    asked_at: datetime

    def lacks(self, call: CallRecord) -> bool:
        """Return whether the room of a call that was settled before is not there any more."""
        was_before = call.settled_at is not None and call.settled_at < self.asked_at
        return was_before and call.participant_id is not None and call.participant_id not in self.ids


class CallRecord(Struct, frozen=True, kw_only=True):
    """A dial as recorded in the journal; ``address`` is normalised, with its passcode masked."""

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
    def is_canceled(self) -> bool:
        """Whether it is a phone call that Zoom canceled."""
        return is_canceled(self.state, self.reason, self.protocol, self.target.api)

    @property
    def dial(self) -> Dial:
        """The part of it that crediting needs."""
        return Dial(address=known_destination(self.protocol, self.shown), to_name=self.to_name)
