"""What Zoom tells of users, live sessions, meetings, devices and delivered events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import Struct

from zoomcall.domain.secret import Secret
from zoomcall.domain.target import MeetingNumber, SessionId
from zoomcall.domain.value import Discreet


class User(Struct, frozen=True, kw_only=True):
    """Whose an OAuth token is (``users/me``); what Zoom left out is None."""

    id: str | None = None
    email: str | None = None
    name: str | None = None
    account_id: str | None = None
    role: str | None = None


class LiveSession(Struct, frozen=True, kw_only=True):
    """A Video SDK session.

    Attributes:
        id: Its id, as ``--session`` takes it.
        name: Its name (``tpc``); empty if Zoom gave none.
        user_count: How many are in it, as Zoom counts; None if Zoom did not say.
        start_time: When it began.
        end_time: When it ended, if it has.
        key: Its ``session_key``.
    """

    id: SessionId
    name: str = ""
    user_count: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    key: str | None = None


class Meeting(Struct, frozen=True, kw_only=True):
    """A Zoom meeting.

    Attributes:
        number: Its number.
        topic: Its title.
        status: Zoom's word: ``waiting`` or ``started``; None if it gave none.
        host_id: Its host.
        start_time: When it is to begin.
    """

    number: MeetingNumber
    topic: str = ""
    status: str | None = None
    host_id: str | None = None
    start_time: datetime | None = None

    @property
    def is_live(self) -> bool | None:
        """Whether somebody has started it; None if Zoom did not say."""
        return None if self.status is None else self.status == "started"


class SipDialing(Struct, frozen=True, kw_only=True):
    """What ``sip_dialing`` or a dial-in code grants; for a session, getting it at all proves a CRC plan.

    Attributes:
        dial_string: What a room dials to get in; holds a passcode.
        has_crc_plan: Zoom's ``paid_crc_plan_participant``; meetings only.
        expires_in_seconds: How long the dial string holds.
    """

    dial_string: Secret | None = None
    has_crc_plan: bool | None = None
    expires_in_seconds: int | None = None


class H323Device(Struct, frozen=True, kw_only=True):
    """A room system that the account's administrator registered.

    Attributes:
        id: Zoom's id.
        name: Its name.
        protocol: Zoom's word: ``H.323`` or ``SIP``.
        address: Zoom's ``ip``.
        encryption: ``auto``, ``yes`` or ``no``.
    """

    id: str = ""
    name: str = ""
    protocol: str = ""
    address: str = ""
    encryption: str = ""


LOG_REACH = timedelta(days=7) - timedelta(minutes=1)
"""How far back Zoom's log of webhooks can be asked (zoom-api 4), with a minute for the way there."""


class WebhookLog(Discreet, frozen=True, kw_only=True):
    """One delivery of an event, tried or done.

    Attributes:
        event: The event's name.
        request_body: The event as it was delivered, JSON as text; may hold a passcode.
        date_time: When Zoom delivered it.
        status: HTTP status of the receiver, -1 if it could not be reached.
        failed_reason_type: Zoom's 1 to 16, where the delivery failed.
        request_id: The same over retries.
        trace_id: Zoom's trace.
        retry_number: 0 for the first try.
    """

    unshown: ClassVar = frozenset({"request_body"})

    event: str
    request_body: str = ""
    date_time: datetime | None = None
    status: int | None = None
    failed_reason_type: int | None = None
    request_id: str | None = None
    trace_id: str | None = None
    retry_number: int | None = None
