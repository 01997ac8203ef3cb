"""What use cases need of Zoom, role by role, and what follows from a role's answers alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from zoomcall.domain.event import CalloutEvent, is_callout_name, read_event_text
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.live import LiveSession, User, WebhookLog
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import Api, MeetingNumber, SessionId


class Account(Protocol):
    """Tells who one is."""

    def me(self, *, deadline: datetime | None = None) -> User:
        """Whose the token is."""


class SessionRosters(Protocol):
    """Tells who is in a session."""

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """Live users of a session."""


class Rosters(SessionRosters, Protocol):
    """Tells who is in a session or meeting."""

    def meeting_participants(
        self, number: MeetingNumber, *, deadline: datetime | None = None
    ) -> tuple[Participant, ...]:
        """Live participants of a meeting."""


class Sessions(SessionRosters, Protocol):
    """Tells which sessions there are."""

    def sessions(
        self,
        *,
        from_date: date,
        to_date: date,
        is_live: bool = True,
        name: str | None = None,
        deadline: datetime | None = None,
    ) -> tuple[LiveSession, ...]:
        """Sessions of some days."""

    def session(self, session_id: str, *, is_live: bool = True, deadline: datetime | None = None) -> LiveSession:
        """One session."""


class WebhookLogs(Protocol):
    """Keeps what was delivered to webhooks."""

    def webhook_logs(
        self,
        *,
        from_time: datetime,
        to_time: datetime,
        event: str | None = None,
        is_sample: bool = False,
        deadline: datetime | None = None,
    ) -> tuple[WebhookLog, ...]:
        """Deliveries of events, failed ones too: a failed delivery shows the event all the same."""


def who_is_in(zoom: Rosters, target: TargetKey) -> tuple[Participant, ...]:
    """Give the live roster of a session or meeting."""
    if target.api is Api.SESSION:
        return zoom.session_users(SessionId(target.id))
    return zoom.meeting_participants(MeetingNumber(target.id))


def callouts_in(logs: Iterable[WebhookLog]) -> tuple[CalloutEvent, ...]:
    """Give the events of room systems' calls among deliveries."""
    events = (read_event_text(log.request_body) for log in logs if is_callout_name(log.event))
    return tuple(event for event in events if event is not None)
