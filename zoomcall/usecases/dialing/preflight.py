"""Before a room is rung: who is there, and what can prove that the room came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.cause import Notice
from zoomcall.domain.event import RINGING_IN_SESSION, is_callout_name
from zoomcall.domain.live import LOG_REACH
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import MeetingNumber, MeetingTarget, SessionId, SessionTarget
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Feed, may_pass
from zoomcall.usecases.zoom_clock import Clocks, lead
from zoomcall.usecases.zoom_roles import Rosters, WebhookLogs

_LOG_MEMORY = timedelta(minutes=10)


class Zoom(Clocks, Rosters, WebhookLogs, Protocol):
    """What looking around needs of Zoom."""


class Listener(Protocol):
    """Who is told what is found."""

    def warn(self, notice: Notice) -> None:
        """Something to know that stops nothing."""

    def detail(self, text: str) -> None:
        """Something to know with ``-v``."""


class Baseline(Struct, frozen=True):
    """The roster before the PATCH; ``present`` None means that it cannot be read, and ``why``."""

    present: tuple[Participant, ...] | None
    why: str | None = None
    read_at: datetime | None = None

    @property
    def population(self) -> int | None:
        """How many were there, if that could be read."""
        if self.present is None or self.read_at is None:
            return None
        return sum(1 for participant in self.present if participant.is_present)


class Prospects(Struct, frozen=True, kw_only=True):
    """What can prove the outcome.

    Attributes:
        looks: What can be looked at.
        has_events: The webhook log shows that callout events do come.
        has_feeds: Events may come by themselves.
        why: Why it is not more.
    """

    looks: frozenset[EvidenceSource] = frozenset()
    has_events: bool = False
    has_feeds: bool = False
    why: str = ""

    @property
    def is_any(self) -> bool:
        """Whether anything can."""
        return bool(self.looks) or self.has_feeds


class Preflight:
    """Looks around on behalf of one call.

    Args:
        order: The call.
        zoom: Zoom.
        feeds: Evidence that comes by itself, at work already.
        missing: Why some of it cannot be had.
        now: The clock.
        listener: Is told what is found.
    """

    def __init__(
        self,
        order: DialOrder,
        *,
        zoom: Zoom,
        feeds: Sequence[Feed],
        missing: Sequence[str],
        now: Callable[[], datetime],
        listener: Listener,
    ) -> None:
        self._order = order
        self._zoom = zoom
        self._feeds = feeds
        self._missing = missing
        self._now = now
        self._listener = listener

    def baseline(self) -> Baseline:
        """Read who is there.

        Raises:
            ZoomcallError: Zoom refused, or there is no such session, and the order wants to know that first.
        """
        order = self._order
        if order.is_preflight_off and not order.is_waiting:
            return Baseline(None, why="--no-wait")
        match order.target:
            case SessionTarget(identifier):
                return self._session(identifier)
            case MeetingTarget(number):
                return self._meeting(number)

    def _session(self, identifier: SessionId) -> Baseline:
        try:
            present = self._zoom.session_users(identifier, deadline=self._order.patience)
        except ZoomcallError as error:
            if not self._order.is_preflight_off:
                raise
            if error.kind is ErrorKind.NO_SESSION:
                return Baseline(())
            return Baseline(None, why=f"the roster cannot be read ({error.message})")
        return Baseline(present, read_at=self._now())

    def _meeting(self, number: MeetingNumber) -> Baseline:
        try:
            present = self._zoom.meeting_participants(number, deadline=self._order.patience)
        except (ZoomRefused, NetworkFault) as error:
            if error.kind is ErrorKind.AUTH and not self._order.is_preflight_off:
                raise
            return self._meeting_without_roster(error)
        return Baseline(present, read_at=self._now())

    def _meeting_without_roster(self, error: ZoomRefused | NetworkFault) -> Baseline:
        if error.kind is ErrorKind.NO_SESSION:
            if not self._order.is_preflight_off:
                self._listener.warn(
                    Notice(
                        "meeting-not-live",
                        f"the meeting does not seem to be live ({error.message});"
                        " Zoom's documents say that a room can be rung all the same, which is not verified",
                    )
                )
            return Baseline(())
        if not self._order.is_preflight_off:
            self._listener.warn(
                Notice("roster-unreadable", f"who is in the meeting cannot be read: {error.message}")
            )
        return Baseline(None, why=f"the meeting's participants cannot be read ({error.message})")

    def prospects(self, baseline: Baseline) -> Prospects:
        """Find out what can prove the outcome, before anything is sent."""
        wanted = self._order.evidence
        missing = list(self._missing)
        looks: set[EvidenceSource] = set()
        has_events = False
        if EvidenceSource.ROSTER in wanted:
            if baseline.present is None:
                missing.append(baseline.why or "the roster cannot be read")
            else:
                looks.add(EvidenceSource.ROSTER)
        if EvidenceSource.WEBHOOK_LOG in wanted and isinstance(self._order.target, MeetingTarget):
            missing.append("a meeting's events stand in no log that can be read")
        elif EvidenceSource.WEBHOOK_LOG in wanted:
            try:
                has_events = self._do_events_come()
            except ZoomcallError as error:
                if not may_pass(error):
                    missing.append(f"the webhook log cannot be read ({error.message})")
                else:
                    looks.add(EvidenceSource.WEBHOOK_LOG)
                    self._listener.detail(f"the webhook log cannot be read yet: {error.message}")
            else:
                looks.add(EvidenceSource.WEBHOOK_LOG)
        for why in missing:
            self._listener.detail(f"no evidence from there: {why}")
        sources = sorted(looks | {source for feed in self._feeds for source in feed.sources})
        if sources:
            self._listener.detail(f"evidence: {', '.join(sources)}")
        return Prospects(
            looks=frozenset(looks),
            has_events=has_events,
            has_feeds=bool(self._feeds),
            why="; ".join(missing) or "no evidence source was asked for",
        )

    def _do_events_come(self) -> bool:
        """Say whether the log shows that this account's callout events are sent at all."""
        moment = self._now() - lead(self._zoom)
        for span, name in ((_LOG_MEMORY, None), (LOG_REACH, RINGING_IN_SESSION)):
            logs = self._zoom.webhook_logs(
                from_time=moment - span,
                to_time=moment,
                event=name,
                is_sample=True,
                deadline=self._order.patience,
            )
            if any(is_callout_name(log.event) for log in logs):
                return True
        return False
