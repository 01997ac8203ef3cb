from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeJournal, FakeZoom
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import EvidenceSource, State
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.journal import CallId, TargetKey
from zoomcall.domain.roster import ROOM_DEVICE, Dial, Participant
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NetworkWord, NotConfigured, ZoomcallError
from zoomcall.usecases.dialing import watching as watching_module
from zoomcall.usecases.dialing.evidence import Judge, Observation, OpenCall
from zoomcall.usecases.dialing.polling import Look, Poll, PollFeed, Polls, Rhythm
from zoomcall.usecases.dialing.pushed_events import FollowedFeed, PushFeed
from zoomcall.usecases.dialing.signals import (
    EventsSeen,
    Exhausted,
    Hiccup,
    Looked,
    RosterSeen,
    Seen,
    Signal,
    Signals,
)
from zoomcall.usecases.dialing.stop import Stop, Stopped
from zoomcall.usecases.dialing.watching import Watch

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TARGET = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc==")
ROOM = RoomAddress.parse(Protocol.SIP, "room@example.com")
JOINED = RosterSeen((Participant(id="r1", device=ROOM_DEVICE),))
NOBODY = RosterSeen(())
ROSTER, LOG, WEBHOOK = EvidenceSource.ROSTER, EvidenceSource.WEBHOOK_LOG, EvidenceSource.WEBHOOK

TICK = timedelta(milliseconds=5)
QUICK = Rhythm(first=TICK, early=TICK, interval=TICK)
LONG = timedelta(seconds=30)
AT_ONCE = 10.0
"""Seconds in which something ends that has nothing to wait for."""


def event(state: State) -> CalloutEvent:
    return CalloutEvent(
        state=state,
        api=Api.SESSION,
        target_id=TARGET.id,
        protocol=Protocol.SIP,
        device=ROOM.text,
        at=NOW + timedelta(seconds=1),
        message_id="M",
    )


def judge(journal: FakeJournal | None = None) -> Judge:
    case = OpenCall(
        call_id=CallId(1),
        dial=Dial(address=ROOM),
        target=TARGET,
        dialled_at=NOW,
        dialled_at_zoom=NOW,
        baseline=(),
    )
    return Judge(case, journal or FakeJournal())


@dataclass
class FakeFeed:
    """Puts what it is given into the queue as soon as a call subscribes."""

    signals: tuple[Signal, ...] = ()
    sources: frozenset[EvidenceSource] = frozenset({ROSTER})
    error: BaseException | None = None
    subscribers: list[Signals] = field(default_factory=list)
    left: int = 0
    favours: int = 0
    last: tuple[Signal, ...] = ()
    delay: timedelta = timedelta(0)

    def look_again(self, signals: Signals) -> None:
        for signal in (*self.last, Looked()):
            signals.put(signal)

    def subscribe(self, signals: Signals) -> None:
        if self.error is not None:
            raise self.error
        self.subscribers.append(signals)
        for signal in self.signals:
            signals.put(signal)

    def unsubscribe(self, signals: Signals) -> None:
        if signals in self.subscribers:
            self.subscribers.remove(signals)
        self.left += 1

    def favour_events(self) -> None:
        self.favours += 1


@dataclass
class Watching:
    """What a call is told while it waits."""

    seen: list[Observation] = field(default_factory=list)
    told: list[Hiccup | Exhausted] = field(default_factory=list)
    ticks: list[datetime] = field(default_factory=list)
    seconds: float = 0.0

    def watch(self, *feeds: Any, span: timedelta = LONG, **changes: Any) -> Observation | None:
        now: Callable[[], datetime] = changes.pop("now", lambda: datetime.now(UTC))
        deadline, judged = now() + span, changes.pop("judge", judge())
        told = {
            "now": now,
            "see": self.seen.append,
            "tell": self.told.append,
            "tick": self.ticks.append,
            "stop": Stop(),
        }
        begun = time.monotonic()
        try:
            with Watch(**{**told, **changes}) as watch:
                for feed in feeds:
                    watch.subscribe(feed)
                return watch.until(deadline, judged)
        finally:
            self.seconds = time.monotonic() - begun


@pytest.fixture
def watching() -> Watching:
    return Watching()


# One call


def test_what_settles_the_call_ends_the_wait_at_once(watching: Watching) -> None:
    feed = FakeFeed((NOBODY, JOINED))
    settled = watching.watch(feed)
    assert settled is not None
    assert settled.state is State.JOINED
    assert watching.seen == [settled]
    assert watching.seconds < AT_ONCE
    assert (feed.subscribers, feed.left) == ([], 1)


def test_events_on_the_way_are_shown_and_the_wait_goes_on(watching: Watching) -> None:
    feed = FakeFeed(
        (EventsSeen(LOG, (event(State.RINGING),)), EventsSeen(LOG, (event(State.DECLINED),))), frozenset({LOG})
    )
    other = FakeFeed()
    settled = watching.watch(feed, other)
    assert settled is not None
    assert [seen.state for seen in watching.seen] == [State.RINGING, State.DECLINED]
    assert watching.seen[-1] is settled
    assert feed.favours == other.favours == 2


def test_the_deadline_ends_the_wait(watching: Watching) -> None:
    feed = FakeFeed((NOBODY,))
    assert watching.watch(feed, span=timedelta(seconds=0.3)) is None
    assert 0.3 <= watching.seconds < 0.3 + AT_ONCE
    assert (feed.subscribers, feed.left) == ([], 1)


def test_the_deadline_ends_the_wait_whatever_the_sources_do(watching: Watching) -> None:
    class Chatty(FakeFeed):
        def subscribe(self, signals: Signals) -> None:
            super().subscribe(signals)
            ended = time.monotonic() + 60

            def chat() -> None:
                while signals in self.subscribers and time.monotonic() < ended:
                    signals.put(Hiccup(ROSTER, "again"))
                    time.sleep(0.001)

            threading.Thread(target=chat, daemon=True).start()

    assert watching.watch(Chatty(), span=timedelta(seconds=0.3)) is None
    assert watching.seconds < 0.3 + AT_ONCE
    assert len(watching.told) > 10


def test_a_deadline_that_has_passed_is_no_wait_but_what_has_come_counts(watching: Watching) -> None:
    assert watching.watch(FakeFeed((NOBODY,)), span=timedelta(0)) is None
    assert watching.watch(FakeFeed((NOBODY, JOINED)), span=timedelta(seconds=-1)) is not None
    assert len(watching.ticks) == 1  # while the last look is waited for
    assert watching.seconds < AT_ONCE


def test_what_comes_in_the_last_moment_counts(watching: Watching) -> None:
    moments = iter([NOW, NOW, *[NOW + LONG] * 20])
    feed = FakeFeed()

    def tick(_: datetime) -> None:
        feed.subscribers[0].put(NOBODY)
        feed.subscribers[0].put(JOINED)

    assert watching.watch(feed, now=lambda: next(moments), tick=tick) is not None


def test_progress_is_told_a_few_times_a_second(watching: Watching) -> None:
    watching.watch(FakeFeed(), span=timedelta(seconds=1))
    assert 2 <= len(watching.ticks) <= 10
    assert watching.ticks == sorted(watching.ticks)


def test_a_look_that_fails_is_told_and_the_wait_goes_on(watching: Watching) -> None:
    hiccup = Hiccup(ROSTER, "HTTP 503")
    assert watching.watch(FakeFeed((hiccup, NOBODY, hiccup, JOINED))) is not None
    assert watching.told == [hiccup, hiccup]


def test_the_wait_ends_early_once_every_source_is_exhausted(watching: Watching) -> None:
    ends = [Exhausted(ROSTER, "the session has ended"), Exhausted(WEBHOOK, "the receiver failed")]
    feeds = [FakeFeed((ends[0],)), FakeFeed((ends[1],), frozenset({WEBHOOK}))]
    assert watching.watch(*feeds) is None
    assert watching.told == ends
    assert watching.seconds < AT_ONCE
    assert [feed.left for feed in feeds] == [1, 1]


def test_one_source_left_is_waited_for(watching: Watching) -> None:
    lost = FakeFeed((Exhausted(ROSTER, "no scope"),))
    left = FakeFeed((EventsSeen(WEBHOOK, (event(State.MISSED),)),), frozenset({WEBHOOK}))
    settled = watching.watch(lost, left)
    assert settled is not None
    assert settled.state is State.MISSED


def test_two_feeds_of_one_source_are_waited_for_both(watching: Watching) -> None:
    lost = FakeFeed((Exhausted(WEBHOOK, "the file is gone"),), frozenset({WEBHOOK}))
    left = FakeFeed((EventsSeen(WEBHOOK, (event(State.MISSED),)),), frozenset({WEBHOOK}))
    settled = watching.watch(lost, left)
    assert settled is not None
    assert settled.state is State.MISSED


def test_a_source_that_gave_up_before_is_told_to_a_later_call(signals: Signals, watching: Watching) -> None:
    def look(_: datetime) -> Seen:
        raise NotConfigured("the keyring is locked")

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    end = signals.get(timeout=30)
    assert end == Exhausted(ROSTER, "the keyring is locked")
    later: Signals = queue.SimpleQueue()
    poll.subscribe(later)
    assert later.get(timeout=30) == end


def test_without_any_source_there_is_nothing_to_wait_for(watching: Watching) -> None:
    assert watching.watch() is None
    assert watching.watch(FakeFeed(sources=frozenset())) is None
    assert watching.seconds < AT_ONCE


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug"), NotConfigured("the disk is full")])
@pytest.mark.parametrize("place", ["see", "tell", "tick"])
def test_whatever_fails_every_feed_is_left(watching: Watching, place: str, error: BaseException) -> None:
    def fail(*_: object) -> Any:
        raise error

    feeds = [FakeFeed((Hiccup(ROSTER, "x"), JOINED)), FakeFeed(sources=frozenset({WEBHOOK}))]
    with pytest.raises(type(error)):
        watching.watch(*feeds, **{place: fail})
    assert [feed.subscribers for feed in feeds] == [[], []]


def test_a_feed_that_cannot_be_subscribed_to_leaves_the_others_left(watching: Watching) -> None:
    first = FakeFeed()
    with pytest.raises(ValueError, match="a bug"):
        watching.watch(first, FakeFeed(error=ValueError("a bug")))
    assert first.subscribers == []


def test_a_failing_journal_reaches_the_caller(watching: Watching) -> None:
    journal = FakeJournal(errors={"rivals": NotConfigured("the disk is full")})
    with pytest.raises(NotConfigured, match="the disk is full"):
        watching.watch(FakeFeed((JOINED,)), judge=judge(journal))


# A poll


def refused(status: int, code: int | None = None) -> ZoomRefused:
    return ZoomRefused(ZoomAnswer(method="GET", path="/x", status=status, code=code, is_zooms=code is not None))


FAULT = NetworkFault("reset", word=NetworkWord.RESET, may_have_arrived=True)


class Looks:
    """A look that gives one thing after the other, the last again and again."""

    def __init__(self, *results: Seen | BaseException) -> None:
        self.results = list(results)
        self.sinces: list[datetime] = []
        self.count = 0

    def __call__(self, since: datetime) -> Seen:
        self.count += 1
        self.sinces.append(since)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, BaseException):
            raise result
        return result


def polled(looks: Mapping[EvidenceSource, Look], since: datetime = NOW) -> PollFeed:
    """Return a poll as a call sees it that wants all that can be looked at."""
    return PollFeed(Poll(looks, rhythm=QUICK), since, frozenset(looks))


@pytest.fixture
def signals() -> Signals:
    return queue.SimpleQueue()


def taken(signals: Signals, count: int) -> list[Signal]:
    return [signals.get(timeout=5) for _ in range(count)]


def has_ended(name: str = "poll") -> bool:
    """Wait until no poll's thread is left."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(thread.name == name for thread in threading.enumerate()):
            return True
        time.sleep(0.005)
    return False


def test_a_poll_looks_again_and_again_until_it_is_left(signals: Signals) -> None:
    look = Looks(NOBODY)
    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert taken(signals, 3) == [NOBODY] * 3
    poll.unsubscribe(signals)
    assert has_ended()
    count = look.count
    time.sleep(0.05)
    assert look.count == count


def test_nobody_is_looked_for_before_somebody_waits() -> None:
    look = Looks(NOBODY)
    polled({ROSTER: look})
    time.sleep(0.03)
    assert look.count == 0


@pytest.mark.parametrize("error", [FAULT, refused(429), refused(503), refused(500, 300), refused(404)])
def test_what_may_pass_is_a_hiccup(signals: Signals, error: ZoomcallError) -> None:
    poll = polled({ROSTER: Looks(error, error, error, NOBODY)})
    poll.subscribe(signals)
    assert taken(signals, 4) == [Hiccup(ROSTER, error.message)] * 3 + [NOBODY]
    poll.unsubscribe(signals)


@pytest.mark.parametrize(
    "error",
    [refused(401, 124), refused(400, 4711), refused(403, 2311), refused(404, 2300), NotConfigured("locked")],
)
def test_what_will_not_pass_ends_the_poll(signals: Signals, error: ZoomcallError) -> None:
    look = Looks(error)
    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert taken(signals, 1) == [Exhausted(ROSTER, error.message)]
    assert has_ended()
    assert look.count == 1
    poll.unsubscribe(signals)


def test_a_session_is_gone_once_it_was_not_there_twice(signals: Signals) -> None:
    gone = refused(404, 3001)
    poll = polled({ROSTER: Looks(gone, NOBODY, gone, gone)})
    poll.subscribe(signals)
    *before, last = taken(signals, 4)
    assert before == [Hiccup(ROSTER, gone.message), NOBODY, Hiccup(ROSTER, gone.message)]
    assert isinstance(last, Exhausted)
    assert "ended" in last.why
    poll.unsubscribe(signals)


def test_a_bug_in_a_look_reaches_the_calls_that_wait(signals: Signals) -> None:
    poll = polled({ROSTER: Looks(ValueError("Zq81kTw0"))})
    poll.subscribe(signals)
    [end] = taken(signals, 1)
    assert isinstance(end, Exhausted)
    assert "ValueError" in end.why
    assert "Zq81kTw0" not in end.why
    poll.unsubscribe(signals)


def test_roster_and_log_are_looked_at_by_turns_until_events_come(signals: Signals) -> None:
    events = EventsSeen(LOG, ())
    roster = Looks(NOBODY)
    poll = polled({ROSTER: roster, LOG: Looks(events)})
    poll.subscribe(signals)
    assert taken(signals, 4) == [events, NOBODY, events, NOBODY]
    poll.favour_events()
    assert any(taken(signals, 3) == [events] * 3 for _ in range(100))
    poll.unsubscribe(signals)


def test_where_earlier_calls_had_events_the_roster_is_looked_at_once_this_one_has_none(signals: Signals) -> None:
    events = EventsSeen(LOG, ())
    poll = polled({ROSTER: Looks(NOBODY), LOG: Looks(events)})
    poll.poll.expect_events()
    poll.subscribe(signals)
    assert taken(signals, 8) == [events] * 4 + [NOBODY, events] * 2
    poll.unsubscribe(signals)


def test_a_call_with_events_is_looked_for_in_the_roster_now_and_then(signals: Signals) -> None:
    events = EventsSeen(LOG, ())
    poll = polled({ROSTER: Looks(NOBODY), LOG: Looks(events)})
    poll.favour_events()
    poll.subscribe(signals)
    assert taken(signals, 20) == ([events] * 9 + [NOBODY]) * 2
    poll.unsubscribe(signals)


def test_the_roster_is_looked_at_when_the_log_is_lost_though_events_were_favoured(signals: Signals) -> None:
    poll = polled({ROSTER: Looks(NOBODY), LOG: Looks(refused(404, 1401))})
    poll.favour_events()
    poll.subscribe(signals)
    end, *after = taken(signals, 3)
    assert isinstance(end, Exhausted)
    assert after == [NOBODY, NOBODY]
    poll.unsubscribe(signals)


def test_all_calls_share_one_look(signals: Signals) -> None:
    look = Looks(NOBODY)
    poll = polled({ROSTER: look})
    others: list[Signals] = [queue.SimpleQueue() for _ in range(5)]
    for each in (signals, *others):
        poll.subscribe(each)
    for each in (signals, *others):
        taken(each, 3)
    assert sum(thread.name == "poll" for thread in threading.enumerate()) == 1
    for each in others:
        poll.unsubscribe(each)
    taken(signals, 2)
    poll.unsubscribe(signals)
    assert has_ended()


def test_a_call_is_shown_no_look_that_began_before_it_waited(signals: Signals) -> None:
    later: Signals = queue.SimpleQueue()
    is_looking, goes_on = threading.Event(), threading.Event()
    stale, fresh = RosterSeen((Participant(id="gone", device=ROOM_DEVICE),)), NOBODY

    def look(_: datetime) -> Seen:
        if is_looking.is_set():
            return fresh
        is_looking.set()
        goes_on.wait(60)
        return stale

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    poll.subscribe(later)
    goes_on.set()
    assert taken(signals, 2) == [stale, fresh]
    assert taken(later, 1) == [fresh]
    for each in (signals, later):
        poll.unsubscribe(each)


def test_a_call_that_comes_after_another_has_left_is_shown_none_of_its_looks(signals: Signals) -> None:
    later: Signals = queue.SimpleQueue()
    is_looking, goes_on = threading.Event(), threading.Event()
    stale = RosterSeen((Participant(id="gone", device=ROOM_DEVICE),))

    def look(_: datetime) -> Seen:
        if is_looking.is_set():
            return NOBODY
        is_looking.set()
        goes_on.wait(60)
        return stale

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    poll.unsubscribe(signals)
    poll.subscribe(later)
    goes_on.set()
    assert taken(later, 3) == [NOBODY] * 3
    poll.unsubscribe(later)
    assert has_ended()


def test_the_end_of_a_source_is_told_to_a_call_that_came_under_the_last_look(signals: Signals) -> None:
    later: Signals = queue.SimpleQueue()
    is_looking, goes_on = threading.Event(), threading.Event()

    def look(_: datetime) -> Seen:
        is_looking.set()
        goes_on.wait(60)
        raise refused(401, 124)

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    poll.subscribe(later)
    goes_on.set()
    assert isinstance(taken(later, 1)[0], Exhausted)
    for each in (signals, later):
        poll.unsubscribe(each)


def test_leaving_never_waits_for_a_look_that_hangs(signals: Signals) -> None:
    is_looking, goes_on = threading.Event(), threading.Event()

    def look(_: datetime) -> Seen:
        is_looking.set()
        goes_on.wait(60)
        return NOBODY

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    begun = time.monotonic()
    poll.unsubscribe(signals)
    assert time.monotonic() - begun < AT_ONCE
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "poll")
    goes_on.set()
    assert has_ended()


def test_calls_into_one_target_share_a_poll() -> None:
    polls = Polls(FakeZoom(rosters=[()], logs=[()]), now=lambda: NOW, rhythm=QUICK)
    other = TargetKey(api_base=TARGET.api_base, api=Api.MEETING, id=TARGET.id)
    assert polls.of(TARGET) is polls.of(replace(TARGET))
    assert polls.of(other) is not polls.of(TARGET)


def test_a_source_that_failed_an_earlier_call_is_tried_again_for_a_later_one(signals: Signals) -> None:
    poll = polled({ROSTER: Looks(refused(401, 124), NOBODY)})
    poll.subscribe(signals)
    assert isinstance(taken(signals, 1)[0], Exhausted)
    poll.unsubscribe(signals)
    later: Signals = queue.SimpleQueue()
    poll.subscribe(later)
    assert taken(later, 2) == [NOBODY, NOBODY]
    poll.unsubscribe(later)
    assert has_ended()


def test_a_source_that_failed_is_tried_again_for_a_later_call_though_others_still_wait(signals: Signals) -> None:
    gone = refused(404, 3001)
    poll = polled({ROSTER: Looks(gone, gone, gone, NOBODY)})
    poll.subscribe(signals)
    assert isinstance(taken(signals, 2)[1], Exhausted)
    assert has_ended()
    later: Signals = queue.SimpleQueue()
    poll.subscribe(later)
    assert taken(later, 2) == [Hiccup(ROSTER, gone.message), NOBODY]
    for each in (signals, later):
        poll.unsubscribe(each)
    assert has_ended()


def test_a_poll_that_gets_no_thread_says_so_and_gets_one_for_the_next_call(
    signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    poll = polled({ROSTER: Looks(NOBODY)})
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        poll.subscribe(signals)
    assert isinstance(taken(signals, 1)[0], Exhausted)
    later: Signals = queue.SimpleQueue()
    poll.subscribe(later)
    assert taken(later, 2) == [NOBODY, NOBODY]
    for each in (signals, later):
        poll.unsubscribe(each)
    assert has_ended()


def test_a_look_asks_from_the_oldest_open_call_on(signals: Signals) -> None:
    later: Signals = queue.SimpleQueue()
    look = Looks(EventsSeen(LOG, ()))
    old, young = NOW, NOW + timedelta(minutes=20)
    poll = Poll({LOG: look}, rhythm=QUICK)
    sources = frozenset({LOG})
    poll.subscribe(signals, since=old, sources=sources)
    poll.subscribe(later, since=young, sources=sources)
    taken(later, 2)
    assert set(look.sinces) == {old}
    poll.unsubscribe(signals)
    taken(later, 2)  # the first of them may have begun before
    assert look.sinces[-1] == young
    poll.unsubscribe(later)
    assert has_ended()


def test_a_call_is_told_of_nothing_but_the_sources_that_it_wants(signals: Signals) -> None:
    other: Signals = queue.SimpleQueue()
    events = EventsSeen(LOG, ())
    poll = Poll({ROSTER: Looks(NOBODY), LOG: Looks(events)}, rhythm=QUICK)
    poll.subscribe(signals, since=NOW, sources=frozenset({ROSTER}))
    poll.subscribe(other, since=NOW, sources=frozenset({LOG}))
    assert taken(signals, 3) == [NOBODY] * 3
    assert taken(other, 3) == [events] * 3
    for each in (signals, other):
        poll.unsubscribe(each)
    assert has_ended()


def test_the_newest_look_is_the_next_calls_baseline_while_it_is_fresh() -> None:
    zoom = FakeZoom(rosters=[JOINED.participants, ()], logs=[()])
    moments = [NOW]
    polls = Polls(zoom, now=lambda: moments[0])
    assert polls.roster(TARGET, deadline=None).present == JOINED.participants
    moments[0] = NOW + timedelta(seconds=2.9)
    assert polls.roster(TARGET, deadline=None).asked_at == NOW
    moments[0] = NOW + timedelta(seconds=3)
    assert polls.roster(TARGET, deadline=None).present == ()
    moments[0] = NOW - timedelta(hours=1)  # the clock was set: how old the look is cannot be told
    assert polls.roster(TARGET, deadline=None).asked_at == moments[0]
    assert len(zoom.log) == 3


def test_a_roster_is_as_old_as_its_question() -> None:
    moments = [NOW]

    def late(*_: object, **__: object) -> tuple[Participant, ...]:
        moments[0] += timedelta(seconds=5)
        return ()

    zoom = FakeZoom()
    zoom.session_users = late  # type: ignore[method-assign] # Zoom takes its time
    polls = Polls(zoom, now=lambda: moments[0])
    assert [polls.roster(TARGET, deadline=None).asked_at for _ in range(2)] == [NOW, NOW + timedelta(seconds=5)]


def test_a_stop_ends_the_wait_at_once(watching: Watching) -> None:
    stop = Stop()
    threading.Timer(0.05, stop.set).start()
    feed = FakeFeed((NOBODY,))
    with pytest.raises(Stopped):
        watching.watch(feed, stop=stop)
    assert watching.seconds < 1
    assert feed.subscribers == []


def test_a_watch_over_a_poll_sees_the_room_come(watching: Watching) -> None:
    poll = polled({ROSTER: Looks(NOBODY, FAULT, NOBODY, JOINED)})
    settled = watching.watch(poll)
    assert settled is not None
    assert settled.state is State.JOINED
    assert watching.told == [Hiccup(ROSTER, "reset")]
    assert has_ended()


@pytest.mark.parametrize(("looks", "pauses"), [(4, [1.0, 1.5, 3.0, 3.0]), (6, [1.0, 1.5, 3.0, 3.0, 3.0, 3.0])])
def test_the_usual_rhythm_is_soon_then_steady(looks: int, pauses: list[float]) -> None:
    rhythm = Rhythm()
    assert [rhythm.pause_before(look).total_seconds() for look in range(looks)] == pauses


# The last look


def test_what_only_a_last_look_shows_counts(watching: Watching) -> None:
    feed = FakeFeed((NOBODY,), last=(JOINED,))
    settled = watching.watch(feed, span=timedelta(seconds=0.1))
    assert settled is not None
    assert settled.state is State.JOINED


def test_a_last_look_is_waited_for_and_nothing_after_it(watching: Watching) -> None:
    class Late(FakeFeed):
        def look_again(self, signals: Signals) -> None:
            timer = threading.Timer(0.2, super().look_again, [signals])
            timer.start()

    assert watching.watch(Late(last=(JOINED,)), FakeFeed(), span=timedelta(0)) is not None
    assert watching.watch(Late(last=(NOBODY,)), FakeFeed(), span=timedelta(0)) is None
    assert watching.seconds < 2


def test_a_last_look_that_hangs_is_not_waited_for_for_ever(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(FakeFeed):
        def look_again(self, signals: Signals) -> None:
            pass

    monkeypatch.setattr(watching_module, "_LAST_LOOK", timedelta(seconds=0.2))
    assert watching.watch(Hanging(), span=timedelta(0)) is None
    assert 0.2 <= watching.seconds < AT_ONCE


def test_what_is_pushed_has_a_moment_to_arrive(watching: Watching) -> None:
    feed = PushFeed(WEBHOOK, lambda: NOW)
    timer = threading.Timer(0.1, feed.publish, [[event(State.JOINED)]])
    timer.start()
    assert watching.watch(feed, span=timedelta(0)) is not None
    assert watching.watch(PushFeed(WEBHOOK, lambda: NOW), span=timedelta(0)) is None
    assert watching.seconds < AT_ONCE


def test_a_wait_that_slept_beyond_its_deadline_looks_once_more(watching: Watching) -> None:
    look = Looks(NOBODY, JOINED)
    poll = PollFeed(Poll({ROSTER: look}), NOW, frozenset({ROSTER}))  # which would look after a second
    moments = iter([NOW, *[NOW + timedelta(hours=1)] * 1000])
    assert watching.watch(poll, now=lambda: next(moments)) is None
    assert look.count == 1
    assert watching.watch(poll, span=timedelta(0)) is not None


def test_a_last_look_is_at_every_source_and_comes_after_the_call_asked(signals: Signals) -> None:
    is_looking, goes_on = threading.Event(), threading.Event()
    events = EventsSeen(LOG, ())

    def look(_: datetime) -> Seen:
        is_looking.set()
        goes_on.wait(60)
        return NOBODY

    poll = polled({ROSTER: look, LOG: Looks(events)})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    while not signals.empty():
        signals.get()
    poll.look_again(signals)
    goes_on.set()
    seen = taken(signals, 4)
    assert seen[0] == NOBODY  # by the look that had begun before
    assert Looked() in seen
    assert {each.source for each in seen[1 : seen.index(Looked())] if not isinstance(each, Looked)} == {ROSTER, LOG}
    poll.unsubscribe(signals)


def test_calls_that_end_together_share_their_last_looks(signals: Signals) -> None:
    look = Looks(NOBODY)
    poll = Poll({ROSTER: look}, rhythm=Rhythm(first=LONG, early=LONG, interval=timedelta(seconds=0.5)))
    calls: list[Signals] = [signals, *(queue.SimpleQueue[Signal | None]() for _ in range(20))]
    for each in calls:
        poll.subscribe(each, since=NOW, sources=frozenset({ROSTER}))
    for each in calls:
        poll.look_again(each)
    for each in calls:
        while each.get(timeout=5) != Looked():
            pass
        poll.unsubscribe(each)
    assert look.count <= 2


def test_whoever_asks_a_poll_that_has_nothing_to_look_at_is_answered_at_once(signals: Signals) -> None:
    poll = polled({ROSTER: Looks(refused(401, 124))})
    poll.look_again(signals)
    assert taken(signals, 1) == [Looked()]
    poll.subscribe(signals)
    assert isinstance(taken(signals, 1)[0], Exhausted)
    assert has_ended()
    poll.look_again(signals)
    assert taken(signals, 1) == [Looked()]
    poll.unsubscribe(signals)


def test_whoever_asks_while_the_last_source_is_lost_is_answered(signals: Signals) -> None:
    is_looking, goes_on = threading.Event(), threading.Event()

    def look(_: datetime) -> Seen:
        is_looking.set()
        goes_on.wait(60)
        raise refused(401, 124)

    poll = polled({ROSTER: look})
    poll.subscribe(signals)
    assert is_looking.wait(5)
    poll.look_again(signals)
    goes_on.set()
    assert taken(signals, 2)[1] == Looked()
    poll.unsubscribe(signals)


def test_the_looks_just_before_the_end_of_a_long_wait_are_saved_for_the_last(signals: Signals) -> None:
    look = Looks(NOBODY)
    poll = Poll({ROSTER: look}, rhythm=QUICK)
    poll.subscribe(signals, since=NOW, sources=frozenset({ROSTER}), span=timedelta(seconds=0.4))
    time.sleep(0.4 - 1.5 * TICK.total_seconds())
    count = look.count
    poll.look_again(signals)
    while signals.get(timeout=5) != Looked():
        pass
    assert look.count <= count + 2
    poll.unsubscribe(signals)


def test_a_file_is_read_once_more_for_whoever_asks(signals: Signals) -> None:
    batches = iter([[], [event(State.RINGING)], [event(State.JOINED)]])
    feed = FollowedFeed(WEBHOOK, lambda: next(batches, []), lambda: NOW)
    feed.subscribe(signals)
    feed.look_again(signals)
    assert taken(signals, 1) == [Looked()]  # nobody follows it yet
    feed.start()
    feed.look_again(signals)
    *before, last = taken(signals, 3)
    assert Looked() in (*before, last)
    feed.stop()
