"""What use cases ask Zoom for, as small protocols."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from zoomcall.domain.target import Api, MeetingNumber, SessionId

if TYPE_CHECKING:
    from zoomcall.domain.event import CalloutEvent
    from zoomcall.domain.journal import TargetKey
    from zoomcall.domain.live import LiveSession, Meeting, User, WebhookLog
    from zoomcall.domain.roster import Participant


class Account(Protocol):
    """Returns the user."""

    def me(self, *, deadline: datetime | None = None) -> User:
        """Get the user of the token."""


class SessionRosters(Protocol):
    """Returns the roster of a session."""

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """List the users of a live session."""


class Rosters(SessionRosters, Protocol):
    """Returns the roster of a session or meeting."""

    def meeting_participants(
        self, number: MeetingNumber, *, deadline: datetime | None = None
    ) -> tuple[Participant, ...]:
        """List the participants of a live meeting."""


class PastRosters(Protocol):
    """Returns who was in a session or meeting that has ended."""

    def past_session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """List the users of a session that has ended."""

    def past_meeting_participants(
        self, number: MeetingNumber, *, deadline: datetime | None = None
    ) -> tuple[Participant, ...]:
        """List the participants of a meeting that has ended."""


class Meetings(Protocol):
    """Reads meetings."""

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        """Return a meeting."""


class Sessions(SessionRosters, Protocol):
    """Returns sessions, and the roster of each."""

    def sessions(
        self,
        *,
        from_date: date,
        to_date: date,
        is_live: bool = True,
        name: str | None = None,
        deadline: datetime | None = None,
    ) -> tuple[LiveSession, ...]:
        """List the sessions of some days."""

    def session(self, session_id: str, *, is_live: bool = True, deadline: datetime | None = None) -> LiveSession:
        """Get one session."""


class WebhookLogs(Protocol):
    """Returns what was delivered to webhooks."""

    def webhook_logs(
        self,
        *,
        from_time: datetime,
        to_time: datetime,
        event: str | None = None,
        is_sample: bool = False,
        deadline: datetime | None = None,
    ) -> tuple[WebhookLog, ...]:
        """List deliveries of events, including failed deliveries, which show the event all the same."""


def who_is_in(zoom: Rosters, target: TargetKey, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
    """Return the live roster of a session or meeting."""
    if target.api is Api.SESSION:
        return zoom.session_users(SessionId(target.id), deadline=deadline)
    return zoom.meeting_participants(MeetingNumber(target.id), deadline=deadline)


def callouts_in(logs: Iterable[WebhookLog]) -> tuple[CalloutEvent, ...]:
    """Return the callout events among deliveries."""
    from zoomcall.domain.event import is_callout_name, read_event_text

    events = (read_event_text(log.request_body) for log in logs if is_callout_name(log.event))
    return tuple(event for event in events if event is not None)
