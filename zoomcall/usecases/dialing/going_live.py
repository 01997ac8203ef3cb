"""Waits until a session or meeting is live and somebody is in it (contract 1, ``--when-live``)."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import State
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.target import MeetingTarget, ResolvedTarget, SessionNameTarget, SessionTarget, Target
from zoomcall.domain.time_words import span
from zoomcall.errors import ErrorKind, NoSession, ZoomcallError
from zoomcall.usecases.dialing.polling import Sighting, may_pass
from zoomcall.usecases.dialing.ports import Listener
from zoomcall.usecases.dialing.stop import LONGEST_SLEEP, Stop, Stopped
from zoomcall.usecases.sessions import SPAN, forms_of, the_one_named
from zoomcall.usecases.zoom_roles import Meetings, Rosters, Sessions, who_is_in

LOOK_INTERVAL = timedelta(seconds=5)
LIST_INTERVAL = timedelta(seconds=7)
"""Zoom's list of sessions allows ten requests a minute (zoom-api 8)."""
PAGE_SIZE = 300
"""How many sessions Zoom lists by one request (zoom-api 4)."""
_PATIENCE = timedelta(seconds=10)
_MARGIN = timedelta(seconds=0.25)
"""By how much the last look comes before the end of the wait, so that it never comes after it."""


class LiveEndpoints(Sessions, Rosters, Meetings, Protocol):
    """Zoom, as far as the wait needs it. A request is tried once, since the next look is its second try."""


class LiveWait:
    """The wait for one target; whoever has it looks when it is due.

    Args:
        target: The session or meeting.
        api_base: Where it is looked up.
        zoom: Tells who is in it.
        saw: Receives each roster that was read.
        now: A clock that nobody sets.
        within: How long the wait may last, from the first look on.

    Attributes:
        due: When to look next.
        until: When the wait ends; nobody looks later. None before the first look.
        why: Why it is not over: what the newest look showed; empty before the first.
        population: How many are in it, if the newest look showed that.
    """

    def __init__(
        self,
        target: Target,
        *,
        api_base: str,
        zoom: LiveEndpoints,
        saw: Callable[[TargetKey, Sighting], None],
        now: Callable[[], datetime],
        within: timedelta,
    ) -> None:
        self.due = now()
        self.until: datetime | None = None
        self.why = ""
        self.population: int | None = None
        self._target = target
        self._named = target
        self._within = within
        self._api_base = api_base
        self._zoom = zoom
        self._saw = saw
        self._now = now
        self._requests = 1
        self._is_roster_closed = False
        self._fault: ZoomcallError | None = None
        self._is_known = False

    @property
    def is_over(self) -> bool:
        """Whether there is no time for another look."""
        return self.until is not None and max(self.due, self._now()) > self.until

    @property
    def seconds_left(self) -> float:
        """How long to leave it alone: until the next look, or until the time is up."""
        moment = self.due if self.until is None else min(self.due, self.until)
        return max(0.0, (moment - self._now()).total_seconds())

    @property
    def words(self) -> str:
        """How long the wait may still last."""
        left = self._within if self.until is None else self.until - self._now() + timedelta(seconds=0.5)
        return span(left)

    def look(self) -> ResolvedTarget | None:
        """Look once; return the target if it is live and somebody is in it.

        Raises:
            ZoomcallError: It cannot be read, and the next look will not change that.
        """
        asked_at = self._now()
        self.until = self.until or asked_at + self._within
        self._requests, self.population, self._fault = 1, None, None
        try:
            match self._target:
                case SessionNameTarget():
                    is_live = self._is_listed(self._target, asked_at)
                case SessionTarget():
                    is_live = self._is_anybody_in(self._target, asked_at)
                case MeetingTarget():
                    is_live = self._is_meeting_live(self._target, asked_at)
            self._is_known = True
        except ZoomcallError as error:
            is_live = False
            if error.kind is ErrorKind.NO_SESSION:
                self._is_known, self.why = True, "is not live"
            elif may_pass(error):
                self._fault, self.why = error, f"cannot be looked at ({error.message})"
            else:
                raise
        self._plan(asked_at, self.until)
        return self._target if is_live and not isinstance(self._target, SessionNameTarget) else None

    def failure(self) -> ZoomcallError:
        """Return what to say once the time is up."""
        if self._fault is not None and not self._is_known:
            return self._fault
        what = f"nobody was in {self._named}" if self.population == 0 else f"{self._named} was not live"
        return NoSession(
            f"{what} within {span(self._within)}",
            fix="Ring again once somebody is in it, or wait longer with --when-live.",
        )

    def _plan(self, asked_at: datetime, until: datetime) -> None:
        """Set when to look next, by how many requests this look took; the last one comes at the end of the wait."""
        interval = LIST_INTERVAL if isinstance(self._named, SessionNameTarget) else LOOK_INTERVAL
        self.due = asked_at + self._requests * interval
        answer = self._fault.answer if isinstance(self._fault, ZoomRefused) else None
        if answer is not None and answer.retry_at is not None:
            self.due = max(self.due, answer.retry_at)
        if timedelta(0) <= until - self.due < interval:
            self.due = max(self.due, until - _MARGIN)

    def _is_listed(self, target: SessionNameTarget, asked_at: datetime) -> bool:
        """Look for a name in the list of live sessions: the whole list, if the name may have two forms."""
        forms = forms_of(target.name)
        listed = self._zoom.sessions(
            from_date=asked_at.date() - SPAN,
            to_date=asked_at.date(),
            name=forms[0] if len(forms) == 1 else None,
            deadline=asked_at + _PATIENCE,
        )
        self._requests = 1 + len(listed) // PAGE_SIZE
        found = the_one_named(target.name, listed, origin=target.origin)
        if found is None:
            self.why = "is not live"
            return False
        self._target = SessionTarget(found.id, found.name)
        return found.user_count is None or self._has(found.user_count)

    def _is_anybody_in(self, target: ResolvedTarget, asked_at: datetime) -> bool:
        key = TargetKey.of(target, self._api_base)
        sighting = Sighting(who_is_in(self._zoom, key, deadline=asked_at + _PATIENCE), asked_at)
        self._saw(key, sighting)
        return self._has(sum(row.is_present for row in sighting.present))

    def _has(self, population: int) -> bool:
        self.population = population
        if population == 0:
            self.why = "is live, and nobody is in it"
        return population > 0

    def _is_meeting_live(self, target: MeetingTarget, asked_at: datetime) -> bool:
        """Look at who is in a meeting; without that right, at whether somebody has started it."""
        if not self._is_roster_closed:
            try:
                return self._is_anybody_in(target, asked_at)
            except ZoomcallError as error:
                if error.kind is not ErrorKind.NOT_ENTITLED:
                    raise
                self._is_roster_closed, self._requests = True, 2
        meeting = self._zoom.meeting(target.number, deadline=asked_at + _PATIENCE)
        self.why = "is not live"
        return bool(meeting.is_live)


def wait_until_live(
    wait: LiveWait, *, listener: Listener, stop: Stop, now: Callable[[], datetime], tell: Callable[[str], None]
) -> ResolvedTarget:
    """Wait for one target, and return it.

    Args:
        wait: The wait.
        listener: Receives progress and details.
        stop: Ends the wait.
        now: The clock of the wait.
        tell: Told once why there is a wait at all.

    Raises:
        ZoomcallError: It was never live, or its state cannot be read.
        Stopped: The stop was set.
    """
    begun, told = now(), ""
    while not wait.is_over:
        found = stop.start(wait.look).result()
        if found is not None:
            return found
        if not told:
            tell(wait.why)
        elif wait.why != told:
            listener.detail(f"it {wait.why}")
        told = wait.why
        _sleep(wait, begun, listener, stop, now)
    raise wait.failure()


def _sleep(wait: LiveWait, begun: datetime, listener: Listener, stop: Stop, now: Callable[[], datetime]) -> None:
    alarm = queue.SimpleQueue[None]()
    with stop.waking(alarm):
        while (left := wait.seconds_left) > 0:
            listener.progress(State.NOT_SENT, now() - begun)
            with suppress(queue.Empty):
                alarm.get(timeout=min(LONGEST_SLEEP, left))
                raise Stopped
