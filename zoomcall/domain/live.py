"""What Zoom reports about users, sessions, meetings, dial-in strings and delivered events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from zoomcall.domain.target import SessionId
from zoomcall.domain.value import Discreet


class User(Struct, frozen=True, kw_only=True):
    """The owner of an OAuth token (``users/me``); what Zoom left out is None."""

    id: Annotated[str | None, Meta(description="User id.")] = None
    email: Annotated[str | None, Meta(description="Email address.")] = None
    name: Annotated[str | None, Meta(description="Display name.")] = None
    account_id: Annotated[str | None, Meta(description="Account id.")] = None
    role: Annotated[str | None, Meta(description="Role in the account.")] = None


class LiveSession(Struct, frozen=True, kw_only=True):
    """A Video SDK session.

    Attributes:
        id: Its id, as ``--session`` takes it.
        name: Its name (``tpc``); empty if Zoom gave none.
        user_count: How many users Zoom counts in it; None if Zoom did not say.
        start_time: When it began.
        key: Its ``session_key``.
    """

    id: SessionId
    name: str = ""
    user_count: int | None = None
    start_time: datetime | None = None
    key: str | None = None


class Meeting(Struct, frozen=True, kw_only=True):
    """A Zoom meeting.

    Attributes:
        status: Zoom's word, ``waiting`` or ``started``; None if Zoom did not say.
        has_waiting_room: Its setting; None if Zoom did not say.
    """

    status: str | None = None
    has_waiting_room: bool | None = None

    @property
    def is_live(self) -> bool | None:
        """Whether somebody has started it; None if Zoom did not say."""
        return None if self.status is None else self.status == "started"


class SipDialing(Struct, frozen=True, kw_only=True):
    """Zoom's answer to a request for a dial-in string; for a session, getting one at all proves a CRC plan.

    Attributes:
        has_crc_plan: Zoom's ``paid_crc_plan_participant``; None for a session, or if Zoom did not say.
    """

    has_crc_plan: bool | None = None


LOG_REACH = timedelta(days=7) - timedelta(minutes=1)
"""How far back Zoom's webhook log reaches (zoom-api 4), less a minute for the request to arrive."""


class WebhookLog(Discreet, frozen=True, kw_only=True):
    """One delivery of an event, attempted or completed.

    Attributes:
        event: The event's name.
        request_body: The event as it was delivered, JSON as text; may contain a passcode.
        status: HTTP status of the receiver, -1 if it could not be reached.
    """

    unshown: ClassVar = frozenset({"request_body"})

    event: str
    request_body: str = ""
    status: int | None = None
