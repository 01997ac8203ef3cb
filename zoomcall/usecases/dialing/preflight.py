"""Before a room is rung: who is there, and what can prove that the room came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.cause import Notice
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import MeetingTarget, SessionTarget
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Sighting, may_pass
from zoomcall.usecases.dialing.ports import Listener
from zoomcall.usecases.dialing.signals import Feed
from zoomcall.usecases.dialing.stop import Running, Stop


class Baseline(Struct, frozen=True):
    """The roster before the PATCH.

    Attributes:
        present: Who was there; None if that cannot be read.
        why: Why not.
        read_at: When it was read.
        survey: Waits for whether events come; None if nobody asked.
    """

    present: tuple[Participant, ...] | None
    why: str | None = None
    read_at: datetime | None = None
    survey: Callable[[], bool] | None = None

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
        polls: Looks at Zoom.
        feeds: Evidence that comes by itself, at work already.
        missing: Why some of it cannot be had.
        listener: Is told what is found.
        stop: Ends the looking.
    """

    def __init__(
        self,
        order: DialOrder,
        *,
        polls: Polls,
        feeds: Sequence[Feed],
        missing: Sequence[str],
        listener: Listener,
        stop: Stop,
    ) -> None:
        self._order = order
        self._polls = polls
        self._feeds = feeds
        self._missing = missing
        self._listener = listener
        self._stop = stop

    def baseline(self) -> Baseline:
        """Read who is there, and at the same time ask for what ``prospects`` will need.

        Raises:
            ZoomcallError: Zoom refused, or there is no such session, and the order wants to know that first.
            Stopped: Somebody asked to stop.
        """
        order = self._order
        if order.is_preflight_off and not order.is_waiting:
            return Baseline(None, why="--no-wait")
        roster = self._stop.start(lambda: self._polls.roster(order.key, deadline=order.patience))
        is_log_wanted = order.is_waiting and EvidenceSource.WEBHOOK_LOG in self._possible
        survey = self._polls.survey(self._stop, deadline=order.patience) if is_log_wanted else None
        return replace(self._baseline(roster), survey=survey)

    @property
    def _possible(self) -> frozenset[EvidenceSource]:
        """What the order allows and the target's API has."""
        return frozenset(source for source in self._order.evidence if self._order.target.api in source.serves)

    def _baseline(self, roster: Running[Sighting]) -> Baseline:
        try:
            seen = roster.result()
        except ZoomcallError as error:
            match self._order.target:
                case SessionTarget():
                    return self._session_without_roster(error)
                case MeetingTarget():
                    return self._meeting_without_roster(error)
        return Baseline(seen.present, read_at=seen.read_at)

    def _session_without_roster(self, error: ZoomcallError) -> Baseline:
        if not self._order.is_preflight_off:
            raise error
        if error.kind is ErrorKind.NO_SESSION:
            return Baseline(())
        return Baseline(None, why=f"the roster cannot be read ({error.message})")

    def _meeting_without_roster(self, error: ZoomcallError) -> Baseline:
        is_verdict_wanted = not self._order.is_preflight_off
        if not isinstance(error, ZoomRefused | NetworkFault) or (
            error.kind is ErrorKind.AUTH and is_verdict_wanted
        ):
            raise error
        if error.kind is ErrorKind.NO_SESSION:
            if is_verdict_wanted:
                self._listener.warn(
                    Notice(
                        "meeting-not-live",
                        f"the meeting does not seem to be live ({error.message});"
                        " Zoom's documentation says that a room can be rung all the same, which is not verified",
                    )
                )
            return Baseline(())
        if is_verdict_wanted:
            self._listener.warn(Notice("roster-unreadable", f"cannot read who is in the meeting: {error.message}"))
        return Baseline(None, why=f"the meeting's participants cannot be read ({error.message})")

    def prospects(self, baseline: Baseline) -> Prospects:
        """Find out what can prove the outcome, before anything is sent.

        Raises:
            Stopped: Somebody asked to stop.
        """
        missing = list(self._missing)
        looks: set[EvidenceSource] = set()
        has_events = False
        if EvidenceSource.ROSTER in self._possible:
            if baseline.present is None:
                missing.append(baseline.why or "the roster cannot be read")
            else:
                looks.add(EvidenceSource.ROSTER)
        if baseline.survey is not None:
            try:
                has_events = baseline.survey()
                looks.add(EvidenceSource.WEBHOOK_LOG)
            except ZoomcallError as error:
                if may_pass(error):
                    looks.add(EvidenceSource.WEBHOOK_LOG)
                    self._listener.detail(f"the webhook log cannot be read yet: {error.message}")
                else:
                    missing.append(f"the webhook log cannot be read ({error.message})")
        elif EvidenceSource.WEBHOOK_LOG in self._order.evidence:
            missing.append("no log holds a meeting's events")
        for why in missing:
            self._listener.detail(f"missing evidence: {why}")
        sources = sorted(looks | {source for feed in self._feeds for source in feed.sources})
        if sources:
            self._listener.detail(f"evidence: {', '.join(sources)}")
        return Prospects(
            looks=frozenset(looks),
            has_events=has_events,
            has_feeds=bool(self._feeds),
            why="; ".join(missing) or "no evidence source was asked for",
        )
