"""Polls each target once for all calls into it, within Zoom's rate limits."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.event import RINGING_IN_SESSION, is_callout_name
from zoomcall.domain.live import LOG_REACH, Meeting
from zoomcall.domain.roster import Participant
from zoomcall.errors import ErrorKind, NetworkFault, Shortage, ZoomcallError, shortage_of
from zoomcall.usecases.dialing.signals import (
    EventsSeen,
    Exhausted,
    Hiccup,
    Looked,
    News,
    RosterSeen,
    Seen,
    Signals,
)
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.zoom_clock import LOG_SLACK, lead
from zoomcall.usecases.zoom_roles import callouts_in, who_is_in

if TYPE_CHECKING:
    from zoomcall.domain.journal import TargetKey
    from zoomcall.domain.target import MeetingNumber
    from zoomcall.usecases.dialing.ports import CallEndpoints

T = TypeVar("T")

POLL_INTERVAL = timedelta(seconds=3)
FIRST_LOOK = timedelta(seconds=1)
EARLY_INTERVAL = timedelta(seconds=1.5)
_EARLY_LOOKS = 2
_LONG_WAIT = 15
"""In intervals: in a wait as long as that, the last looks need no more requests than there would be without."""
_TRUSTED_LOOKS = 4
_ROSTER_TURN = 10
_LOG_MEMORY = timedelta(minutes=10)
_SURVEY_LIFE = timedelta(minutes=1)

Look = Callable[[datetime], Seen]
"""Reads a source once, for calls dialled at the given moment or later."""


class Rhythm(Struct, frozen=True, kw_only=True):
    """When to look.

    Attributes:
        first: The pause before the first look.
        early: Between the first few looks, for rooms that answer quickly.
        interval: Between later looks.
    """

    first: timedelta = FIRST_LOOK
    early: timedelta = EARLY_INTERVAL
    interval: timedelta = POLL_INTERVAL

    def pause_before(self, look: int) -> timedelta:
        """Return the pause before a look; the first is number 0."""
        if look == 0:
            return self.first
        return self.early if look < _EARLY_LOOKS else self.interval


class Sighting(Struct, frozen=True):
    """A roster and when it was asked for."""

    present: tuple[Participant, ...]
    asked_at: datetime


class _Reader(Struct, frozen=True):
    """A call that waits.

    Attributes:
        signals: Its queue.
        since: When it was dialled.
        sources: What may prove its outcome.
        saves_from: From when on, by ``time.monotonic``, only its last look is worth a request.
        saves_until: When that should be over.
    """

    signals: Signals
    since: datetime
    sources: frozenset[EvidenceSource]
    saves_from: float
    saves_until: float

    def is_saving(self) -> bool:
        """Return whether the call has only its last look to wait for."""
        return self.saves_from <= time.monotonic() < self.saves_until


_Asking = queue.SimpleQueue[Signals | None]
"""Calls that ask a poll for their last look; None ends it."""


class _Asked(Struct, frozen=True):
    """A call that asks for its last look, when it did, and at which sources."""

    signals: Signals
    at: float
    sources: frozenset[EvidenceSource]


class Poll:
    """Looks at one target for all calls into it: each look is one request, however many calls are waiting.

    It alternates between roster and webhook log. Once a call's events arrive, it mostly reads the log, so that
    an outcome is known within one interval. It never drops the roster altogether: an event that the room
    joined may be late, or not subscribed to.

    Args:
        looks: The sources that can be read.
        rhythm: When to read them.
    """

    def __init__(self, looks: Mapping[EvidenceSource, Look], *, rhythm: Rhythm | None = None) -> None:
        self._looks = dict(looks)
        self._rhythm = rhythm or Rhythm()
        self._lock = threading.Lock()
        self._readers: tuple[_Reader, ...] = ()
        self._begun: dict[EvidenceSource, float] = {}
        self._asking: _Asking | None = None
        self._has_events = False
        self._are_events_expected = False
        self._missing: set[EvidenceSource] = set()
        self._exhausted: set[EvidenceSource] = set()

    def subscribe(
        self,
        signals: Signals,
        *,
        since: datetime,
        sources: frozenset[EvidenceSource],
        span: timedelta = timedelta.max,
    ) -> None:
        """Put into a call's queue what is seen; the first call starts the polling.

        A source that was exhausted for earlier calls may be back, so it is tried again for each new one.

        Args:
            signals: The call's queue.
            since: When it was dialled; nothing older is looked for.
            sources: Which sources may prove its outcome.
            span: How long it waits. The last looks of a long wait come instead of the looks just before them.
        """
        interval, until = self._rhythm.interval.total_seconds(), time.monotonic() + span.total_seconds()
        saved = (len(sources) + 0.5) * interval if span.total_seconds() > _LONG_WAIT * interval else -interval
        reader = _Reader(signals, since, sources, until - saved, until + interval)
        with self._lock:
            self._missing -= sources
            self._exhausted -= sources
            self._readers = (*self._readers, reader)
            if self._asking is not None:
                return
            self._asking = queue.SimpleQueue()
            try:
                threading.Thread(target=self._run, args=(self._asking,), name="poll", daemon=True).start()
            except (RuntimeError, MemoryError):
                self._asking = None
                for source in sources:
                    signals.put(Exhausted(source, "the system allows no more threads"))

    def unsubscribe(self, signals: Signals) -> None:
        """Put nothing more into a call's queue; the last call ends the polling."""
        with self._lock:
            self._readers = tuple(reader for reader in self._readers if reader.signals is not signals)
            if not self._readers and self._asking is not None:
                self._asking.put(None)
                self._asking = None

    def look_again(self, signals: Signals) -> None:
        """Look at every source that a call wants, then put ``Looked`` into its queue.

        It is done at once, unless a source was looked at a moment ago: many calls that end share their last looks.
        """
        with self._lock:
            if self._asking is None:
                signals.put(Looked())
            else:
                self._asking.put(signals)

    def favour_events(self) -> None:
        """Read the log from now on, and the roster every tenth time."""
        self._has_events = True

    def expect_events(self) -> None:
        """Read only the log at first, since earlier calls had events there."""
        self._are_events_expected = True

    def _run(self, asking: _Asking) -> None:
        try:
            self._look_on(asking)
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the calls that wait for it
            with self._lock:
                if self._asking is asking:
                    self._asking = None
                readers = self._readers
            for reader in readers:
                for source in reader.sources:
                    reader.signals.put(Exhausted(source, f"an internal error ({type(error).__name__})"))

    def _look_on(self, asking: _Asking) -> None:
        number, asked = 0, dict[int, _Asked]()
        while True:
            try:
                signals = asking.get(timeout=self._pause(number, asked))
            except queue.Empty:
                pass
            else:
                if signals is None:
                    return
                self._take(signals, asked)
                continue
            with self._lock:
                waiting = self._readers
                available = self._available(waiting)
                if not available and self._asking is asking:
                    self._asking = None  # until a call comes that another source can help
            if available and (asked or not all(reader.is_saving() for reader in waiting)):
                source = self._due(asked)[1] if asked else self._source_of(number, available)
                self._begun[source] = time.monotonic()
                self._tell(self._look_at(source, min(reader.since for reader in waiting)), waiting)
            number += 1
            self._answer(asked, is_all=not available)
            if not available:
                for signals in _asked_by_now(asking):
                    signals.put(Looked())
                return

    def _pause(self, number: int, asked: Mapping[int, _Asked]) -> float:
        """Return the seconds until the next look: soon if calls ask for one, but never much more often for that."""
        if not asked:
            return self._rhythm.pause_before(number).total_seconds()
        return max(self._due(asked)[0] - time.monotonic(), 0.0)

    def _due(self, asked: Mapping[int, _Asked]) -> tuple[float, EvidenceSource]:
        """Return when the next look is due that calls ask for, and at which source."""
        interval = self._rhythm.interval.total_seconds()
        sources = {source for each in asked.values() for source in each.sources}
        return min((self._begun.get(source, 0.0) + interval, source) for source in sources)

    def _take(self, signals: Signals, asked: dict[int, _Asked]) -> None:
        with self._lock:
            wanted = self._available(reader for reader in self._readers if reader.signals is signals)
        if wanted:
            asked[id(signals)] = _Asked(signals, time.monotonic(), wanted)
        else:
            signals.put(Looked())

    def _answer(self, asked: dict[int, _Asked], *, is_all: bool) -> None:
        """Answer the calls for which every source was looked at since they asked, or is exhausted."""
        for key, each in tuple(asked.items()):
            left = {source for source in each.sources if self._begun.get(source, 0.0) < each.at} - self._exhausted
            if left and not is_all:
                asked[key] = _Asked(each.signals, each.at, frozenset(left))
            else:
                del asked[key]
                each.signals.put(Looked())

    def _available(self, readers: Iterable[_Reader]) -> frozenset[EvidenceSource]:
        """Return the sources that can be looked at for some calls."""
        wanted = frozenset[EvidenceSource]().union(*(reader.sources for reader in readers))
        return (wanted & self._looks.keys()) - self._exhausted

    def _source_of(self, look: int, available: Collection[EvidenceSource]) -> EvidenceSource:
        log, roster = EvidenceSource.WEBHOOK_LOG, EvidenceSource.ROSTER
        if len(available) == 1:
            return next(iter(available))
        if self._has_events:
            return roster if look % _ROSTER_TURN == _ROSTER_TURN - 1 else log
        if self._are_events_expected:
            return log if look < _TRUSTED_LOOKS or look % 2 else roster
        return roster if look % 2 else log

    def _look_at(self, source: EvidenceSource, since: datetime) -> News:
        try:
            seen = self._looks[source](since)
        except ZoomcallError as error:
            return self._judge(source, error)
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the calls that wait for it
            return _broken(source, error)
        self._missing.discard(source)
        return seen

    def _judge(self, source: EvidenceSource, error: ZoomcallError) -> News:
        """Distinguish a passing failure from a lasting one."""
        if error.kind is ErrorKind.NO_SESSION:
            if source in self._missing:
                return Exhausted(source, "the session or meeting has ended")
            self._missing.add(source)
            return Hiccup(source, error.message)
        return Hiccup(source, error.message) if may_pass(error) else Exhausted(source, error.message)

    def _tell(self, signal: News, waiting: Collection[_Reader]) -> None:
        """Tell the calls that were waiting when the look began, since it may be older than a later call.

        The end of a source concerns every call.
        """
        with self._lock:
            if isinstance(signal, Exhausted):
                self._exhausted.add(signal.source)
                readers = self._readers
            else:
                readers = tuple(reader for reader in self._readers if reader in waiting)
        for reader in readers:
            if signal.source in reader.sources:
                reader.signals.put(signal)


def _broken(source: EvidenceSource, error: Exception) -> News:
    shortage = shortage_of(error)
    if shortage is not None:
        return Hiccup(source, shortage.message)
    return Exhausted(source, f"an internal error ({type(error).__name__})")


def _asked_by_now(asking: _Asking) -> Iterator[Signals]:
    with suppress(queue.Empty):
        while True:
            signals = asking.get_nowait()
            if signals is not None:
                yield signals


def may_pass(error: ZoomcallError) -> bool:
    """Return whether the same request may succeed a little later."""
    return isinstance(error, NetworkFault | Shortage) or error.kind in {
        ErrorKind.RATE_LIMITED,
        ErrorKind.ZOOM_FAULT,
    }


class PollFeed(Struct, frozen=True):
    """A poll as one call sees it; ``Poll.subscribe`` describes the rest."""

    poll: Poll
    since: datetime
    sources: frozenset[EvidenceSource]
    span: timedelta = timedelta.max

    def subscribe(self, signals: Signals) -> None:
        """Subscribe the call to the poll."""
        self.poll.subscribe(signals, since=self.since, sources=self.sources, span=self.span)

    @property
    def delay(self) -> timedelta:
        """Nothing: whoever has looked has sent what was seen."""
        return timedelta(0)

    def unsubscribe(self, signals: Signals) -> None:
        """Unsubscribe the call."""
        self.poll.unsubscribe(signals)

    def look_again(self, signals: Signals) -> None:
        """Look at every source that the call wants."""
        self.poll.look_again(signals)

    def favour_events(self) -> None:
        """Prefer events to the roster."""
        self.poll.favour_events()


class _Sharing(Generic[T]):
    """Work that several calls wait for, done once: by the first that asks for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._end: tuple[T] | BaseException | None = None

    def result(self) -> T:
        """Return what the work returned, or raise what it raised."""
        with self._lock:
            if self._end is None:
                try:
                    self._end = (self._work(),)
                except BaseException as error:  # noqa: BLE001 - raised below, for everybody who waits
                    self._end = error
        if isinstance(self._end, BaseException):
            raise self._end
        return self._end[0]


class _Shared(Generic[T]):
    """What one request reads for all calls that need it at about the same time.

    Args:
        ask: Sends the request, and gives up at a deadline.
        life: How long the answer serves calls that begin later.
        now: The clock.
    """

    def __init__(
        self, ask: Callable[[datetime | None], T], *, life: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._ask = ask
        self._life = life
        self._now = now
        self._lock = threading.Lock()
        self._turns: dict[datetime | None, threading.Lock] = {}
        self._newest: tuple[datetime, T] | None = None
        self._failure: tuple[datetime, BaseException] | None = None

    def get(self, *, deadline: datetime | None, since: datetime | None = None) -> T:
        """Return what was read a moment ago, or since a moment; else read it, once for all that wait meanwhile.

        Nobody waits for a call with another deadline. A missing right serves for a minute.
        """
        moment = self._now()
        oldest = moment - self._life + timedelta.resolution if since is None else since
        with self._lock:
            turn = self._turns.setdefault(deadline, threading.Lock())
        known = self._known(oldest, moment)
        if known is None:
            with turn:
                known = self._known(oldest, moment)
                if known is None:
                    return self.read(deadline)
        return known[0]

    def read(self, deadline: datetime | None = None) -> T:
        """Read it now."""
        asked_at = self._now()  # the answer may be late, and no newer for that
        try:
            value = self._ask(deadline)
        except BaseException as error:
            self._failure = asked_at, error
            raise
        self.put(value, asked_at)
        return value

    def put(self, value: T, asked_at: datetime) -> None:
        """Take what somebody else has read."""
        self._newest, self._failure = (asked_at, value), None

    def _known(self, oldest: datetime, moment: datetime) -> tuple[T] | None:
        """Return what is new enough, or raise what a request raised since ``moment``."""
        newest, failure = self._newest, self._failure
        now = self._now()  # earlier than a reading if the clock was set: how old that is cannot be told
        if newest is not None and oldest <= newest[0] <= now:
            return (newest[1],)
        if failure is not None:
            asked_at, error = failure
            is_lasting = isinstance(error, ZoomRefused) and error.kind is ErrorKind.NOT_ENTITLED
            if (moment - _SURVEY_LIFE if is_lasting else moment) <= asked_at <= now:
                raise error
        return None


class _Survey(Struct, frozen=True):
    """A survey of the webhook log, and who may wait for it: calls with the same stop and deadline."""

    begun_at: datetime
    stop: Stop
    deadline: datetime | None
    sharing: _Sharing[bool]


class Polls:
    """One poll per target, and what the polls found out, shared by all calls of one credential."""

    def __init__(self, zoom: CallEndpoints, *, now: Callable[[], datetime], rhythm: Rhythm | None = None) -> None:
        self._zoom = zoom
        self._now = now
        self._rhythm = rhythm or Rhythm()
        self._lock = threading.Lock()
        self._polls: dict[TargetKey, Poll] = {}
        self._rosters: dict[TargetKey, _Shared[Sighting]] = {}
        self._meetings: dict[MeetingNumber, _Shared[Meeting]] = {}
        self._survey: tuple[datetime, bool] | None = None
        self._surveying: _Survey | None = None

    def of(self, target: TargetKey) -> Poll:
        """Return the poll of a target."""
        with self._lock:
            if target not in self._polls:
                looks: dict[EvidenceSource, Look] = {
                    EvidenceSource.ROSTER: lambda _: RosterSeen(self._roster_of(target).read().present),
                    EvidenceSource.WEBHOOK_LOG: self._read_log,
                }
                self._polls[target] = Poll(looks, rhythm=self._rhythm)
            return self._polls[target]

    def roster(self, target: TargetKey, *, deadline: datetime | None, since: datetime | None = None) -> Sighting:
        """Return the roster that somebody read a moment ago, or since a moment; else read it for all that ask.

        Raises:
            ZoomcallError: Zoom refused, or no answer came.
        """
        return self._roster_of(target).get(deadline=deadline, since=since)

    def saw(self, target: TargetKey, sighting: Sighting) -> None:
        """Take a roster that somebody else has read."""
        self._roster_of(target).put(sighting, sighting.asked_at)

    def survey(self, stop: Stop, *, deadline: datetime | None) -> Callable[[], bool]:
        """Start finding out whether the webhook log has callout events of this account at all.

        The result serves every call for a minute.

        Returns:
            A function that waits for the answer. It raises ``ZoomcallError`` if the log cannot be read,
            and ``Stopped``.
        """
        moment = self._now()
        known = self._survey
        if known is not None and timedelta(0) <= moment - known[0] < _SURVEY_LIFE:
            return lambda: known[1]
        with self._lock:
            under_way = self._surveying
            if (
                under_way is None
                or (under_way.stop, under_way.deadline) != (stop, deadline)
                or not timedelta(0) <= moment - under_way.begun_at < _SURVEY_LIFE
            ):
                sharing = _Sharing(self._begin_survey(stop, deadline, moment))
                under_way = self._surveying = _Survey(moment, stop, deadline, sharing)
        return under_way.sharing.result

    def _begin_survey(self, stop: Stop, deadline: datetime | None, moment: datetime) -> Callable[[], bool]:
        is_clock_known = self._zoom.last_clock is not None
        recent = stop.start(lambda: self._is_logged(_LOG_MEMORY, None, deadline))
        older = stop.start(lambda: self._is_logged(LOG_REACH, RINGING_IN_SESSION, deadline))

        def result() -> bool:
            try:
                do_come = recent.result() or older.result()
            except ZoomRefused:
                if is_clock_known or abs(lead(self._zoom)) < timedelta(minutes=1):
                    raise  # otherwise the span was off by Zoom's clock, and the refusal has shown that clock
                do_come = stop.start(lambda: self._is_logged(LOG_REACH, RINGING_IN_SESSION, deadline)).result()
            self._survey = (moment, do_come)
            return do_come

        def shared() -> bool:
            try:
                return result()
            except BaseException as error:
                if not isinstance(error, ZoomcallError) or may_pass(error):
                    self._surveying = None  # the next call tries again
                raise

        return shared

    def meeting(self, number: MeetingNumber, *, deadline: datetime | None) -> Meeting:
        """Return a meeting as it was read a moment ago, or read it now for all that ask.

        Raises:
            ZoomcallError: Zoom refused, or there was no answer.
        """
        with self._lock:
            if number not in self._meetings:
                self._meetings[number] = _Shared(
                    lambda by: self._zoom.meeting(number, deadline=by), life=self._rhythm.interval, now=self._now
                )
            shared = self._meetings[number]
        return shared.get(deadline=deadline)

    def _is_logged(self, span: timedelta, event: str | None, deadline: datetime | None) -> bool:
        moment = self._now() - lead(self._zoom)
        logs = self._zoom.webhook_logs(
            from_time=moment - span, to_time=moment, event=event, is_sample=True, deadline=deadline
        )
        return any(is_callout_name(log.event) for log in logs)

    def _roster_of(self, target: TargetKey) -> _Shared[Sighting]:
        def read(deadline: datetime | None) -> Sighting:
            asked_at = self._now()
            return Sighting(who_is_in(self._zoom, target, deadline=deadline), asked_at)

        with self._lock:
            if target not in self._rosters:
                self._rosters[target] = _Shared(read, life=self._rhythm.interval, now=self._now)
            return self._rosters[target]

    def _read_log(self, since: datetime) -> Seen:
        """Read the events delivered since a moment; the log goes by Zoom's clock, in whole seconds."""
        moment = self._now()
        ahead = lead(self._zoom)
        logs = self._zoom.webhook_logs(
            from_time=min(since, moment) - ahead - LOG_SLACK, to_time=moment - ahead + LOG_SLACK
        )
        return EventsSeen(EvidenceSource.WEBHOOK_LOG, callouts_in(logs))
