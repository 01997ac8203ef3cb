"""Before a room is rung: who is in the roster, and what can prove the outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.cause import Notice
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import MeetingTarget, SessionTarget
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError
from zoomcall.usecases.dialing.equipment import Equipment
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Sighting, may_pass
from zoomcall.usecases.dialing.ports import Listener
from zoomcall.usecases.dialing.stop import Running, Stop


class Baseline(Struct, frozen=True):
    """The roster before the PATCH.

    Attributes:
        present: The participants; None if they cannot be read.
        why: Why not.
        asked_at: When the roster was asked for.
        survey: Waits for the result of ``Polls.survey``; None if there is none.
    """

    present: tuple[Participant, ...] | None
    why: str | None = None
    asked_at: datetime | None = None
    survey: Callable[[], bool] | None = None

    @property
    def population(self) -> int | None:
        """How many participants were present; None if that is not known."""
        if self.present is None or self.asked_at is None:
            return None
        return sum(1 for participant in self.present if participant.is_present)


class Prospects(Struct, frozen=True, kw_only=True):
    """What can prove the outcome.

    Attributes:
        looks: The sources to poll.
        has_events: Whether the webhook log has callout events of earlier calls.
        has_feeds: Whether events may be pushed.
        why: Why there are no more sources.
        has_waiting_room: What the meeting's settings say; None if they could not be read.
    """

    looks: frozenset[EvidenceSource] = frozenset()
    has_events: bool = False
    has_feeds: bool = False
    why: str = ""
    has_waiting_room: bool | None = None

    @property
    def is_any(self) -> bool:
        """Whether there is any source."""
        return bool(self.looks) or self.has_feeds


class Preflight(Struct, frozen=True):
    """The preflight of one call."""

    order: DialOrder
    equipment: Equipment
    listener: Listener
    stop: Stop

    def baseline(self) -> Baseline:
        """Read the roster, and start reading what ``prospects`` needs at the same time.

        Raises:
            ZoomcallError: Zoom refused, or there is no such session, and the preflight is not off.
            Stopped: The stop was set.
        """
        order = self.order
        if order.is_preflight_off and not order.is_waiting:
            return Baseline(None, why="--no-wait")
        roster = self.stop.start(lambda: self.equipment.polls.roster(order.key, deadline=order.patience))
        is_log_wanted = order.is_waiting and EvidenceSource.WEBHOOK_LOG in self._possible
        survey = self.equipment.polls.survey(self.stop, deadline=order.patience) if is_log_wanted else None
        return replace(self._baseline(roster), survey=survey)

    @property
    def _possible(self) -> frozenset[EvidenceSource]:
        """The sources that the order allows and the target's API has."""
        return frozenset(source for source in self.order.evidence if self.order.target.api in source.serves)

    def _baseline(self, roster: Running[Sighting]) -> Baseline:
        try:
            seen = roster.result()
        except ZoomcallError as error:
            match self.order.target:
                case SessionTarget():
                    return self._session_without_roster(error)
                case MeetingTarget():
                    return self._meeting_without_roster(error)
        return Baseline(seen.present, asked_at=seen.asked_at)

    def _session_without_roster(self, error: ZoomcallError) -> Baseline:
        if not self.order.is_preflight_off:
            raise error
        if error.kind is ErrorKind.NO_SESSION:
            return Baseline(())
        return Baseline(None, why=f"cannot read the roster ({error.message})")

    def _meeting_without_roster(self, error: ZoomcallError) -> Baseline:
        is_verdict_wanted = not self.order.is_preflight_off
        if not isinstance(error, ZoomRefused | NetworkFault) or (
            error.kind is ErrorKind.AUTH and is_verdict_wanted
        ):
            raise error
        if error.kind is ErrorKind.NO_SESSION:
            if is_verdict_wanted:
                warning = "the meeting does not seem to be live; the room is rung anyway, as Zoom's documentation"
                warning += f" allows, though nobody has verified that it works: {error.message}"
                self.listener.warn(Notice("meeting-not-live", warning))
            return Baseline(())
        if is_verdict_wanted:
            self.listener.warn(Notice("roster-unreadable", f"cannot read who is in the meeting: {error.message}"))
        return Baseline(None, why=f"cannot read the meeting's participants ({error.message})")

    def prospects(self, baseline: Baseline) -> Prospects:
        """Find out what can prove the outcome, before anything is sent.

        Raises:
            Stopped: The stop was set.
        """
        missing = list(self.equipment.missing)
        looks: set[EvidenceSource] = set()
        has_events = False
        if EvidenceSource.ROSTER in self._possible:
            if baseline.present is None:
                missing.append(baseline.why or "cannot read the roster")
            else:
                looks.add(EvidenceSource.ROSTER)
        if baseline.survey is not None:
            try:
                has_events = baseline.survey()
                looks.add(EvidenceSource.WEBHOOK_LOG)
            except ZoomcallError as error:
                if may_pass(error):
                    looks.add(EvidenceSource.WEBHOOK_LOG)
                    self.listener.detail(f"cannot read the webhook log yet: {error.message}")
                else:
                    missing.append(f"cannot read the webhook log ({error.message})")
        elif EvidenceSource.WEBHOOK_LOG in self.order.evidence:
            missing.append("Zoom keeps no webhook log for meetings")
        for why in missing:
            self.listener.detail(f"missing evidence: {why}")
        sources = sorted(looks | {source for feed in self.equipment.feeds for source in feed.sources})
        if sources:
            self.listener.detail(f"evidence: {', '.join(sources)}")
        return Prospects(
            looks=frozenset(looks),
            has_events=has_events,
            has_feeds=bool(self.equipment.feeds),
            has_waiting_room=None if looks else self._has_waiting_room(),
            why="; ".join(missing) or "no evidence source was asked for",
        )

    def _has_waiting_room(self) -> bool | None:
        """Read a meeting's setting, if its roster cannot show who is in; None if it cannot be read either."""
        order = self.order
        if not isinstance(order.target, MeetingTarget):
            return None
        number = order.target.number
        try:
            reading = self.stop.start(lambda: self.equipment.polls.meeting(number, deadline=order.patience))
            return reading.result().has_waiting_room
        except ZoomcallError as error:
            self.listener.detail(f"cannot read whether the meeting has a waiting room: {error.message}")
            return None
