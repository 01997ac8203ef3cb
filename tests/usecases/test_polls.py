"""What polls ask Zoom for, and how long what they found out serves: at the borders of each span."""

from __future__ import annotations

import queue
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from emulator.hand_made import eventually
from fakes import FakeZoom

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.event import RINGING_IN_SESSION
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.live import LOG_REACH, WebhookLog
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Look, Poll, PollFeed, Polls, Rhythm, _Asked
from zoomcall.usecases.dialing.preflight import Prospects
from zoomcall.usecases.dialing.signals import Hiccup, Looked, RosterSeen, Signals
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.zoom_clock import LOG_SLACK

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TARGET = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc==")
SECOND = timedelta(seconds=1)
ROSTER, LOG = EvidenceSource.ROSTER, EvidenceSource.WEBHOOK_LOG
SLOW = Rhythm(first=timedelta(hours=1), early=timedelta(hours=1), interval=timedelta(hours=1))
EVENTS, NOTHING = (WebhookLog(event=RINGING_IN_SESSION),), (WebhookLog(event="session.started"),)


class Surveyed:
    """Polls by a clock that the test sets, and what they ask Zoom's webhook log for."""

    def __init__(self, *logs: tuple[WebhookLog, ...] | BaseException, lead: timedelta | None = None) -> None:
        clocks = None if lead is None else (NOW - lead, NOW)
        self.zoom = FakeZoom(logs=list(logs), last_clock=clocks)
        self.moment = NOW
        self.polls = Polls(self.zoom, now=lambda: self.moment)
        self.stop = Stop()

    def do_come(self) -> bool:
        return self.polls.survey(self.stop, deadline=None)()

    def spans(self) -> list[tuple[timedelta, timedelta]]:
        """Return how long before now each window begins and ends, the longest first."""
        return sorted(((NOW - begin, NOW - end) for begin, end in self.zoom.windows), reverse=True)


@pytest.mark.parametrize(
    ("later", "asked"),
    [
        (timedelta(0), 2),
        (timedelta(seconds=59.9), 2),
        (timedelta(minutes=1), 4),
        (timedelta(minutes=2), 4),
        (-timedelta(microseconds=1), 4),
    ],
)
@pytest.mark.parametrize("is_waited_for", [True, False])
def test_a_survey_serves_for_a_minute(later: timedelta, asked: int, *, is_waited_for: bool) -> None:
    surveyed = Surveyed(NOTHING)
    first = surveyed.polls.survey(surveyed.stop, deadline=None)
    if is_waited_for:
        assert first() is False
    surveyed.moment = NOW + later
    assert surveyed.do_come() is False
    assert first() is False
    assert len(surveyed.zoom.windows) == asked


def test_a_call_with_another_stop_or_deadline_waits_for_no_survey_of_others() -> None:
    surveyed = Surveyed(NOTHING)
    waits = [
        surveyed.polls.survey(stop, deadline=until) for stop in (surveyed.stop, Stop()) for until in (None, NOW)
    ]
    assert [wait() for wait in waits] == [False] * 4
    assert len(surveyed.zoom.windows) == 8


@pytest.mark.parametrize(("logs", "do_come"), [((EVENTS,), True), ((NOTHING,), False), (((),), False)])
def test_a_survey_says_whether_callout_events_come_at_all(
    logs: tuple[tuple[WebhookLog, ...]], *, do_come: bool
) -> None:
    assert Surveyed(*logs).do_come() is do_come


@pytest.mark.parametrize("lead", [timedelta(0), timedelta(minutes=3), -timedelta(minutes=3)])
def test_a_survey_covers_ten_minutes_and_a_week_by_zooms_clock(lead: timedelta) -> None:
    surveyed = Surveyed(NOTHING, lead=lead)
    surveyed.do_come()
    assert surveyed.spans() == [(LOG_REACH + lead, lead), (timedelta(minutes=10) + lead, lead)]


REFUSED = ZoomRefused(ZoomAnswer(method="GET", path="/v2/x", status=400, is_zooms=True, code=300))


@pytest.mark.parametrize(
    ("lead", "is_known_before", "asked"),
    [
        (timedelta(seconds=59), False, 2),
        (timedelta(minutes=1), False, 3),
        (-timedelta(minutes=1), False, 3),
        (timedelta(hours=1), True, 2),
    ],
)
def test_a_refusal_that_showed_how_far_off_the_clock_is_is_answered_once_more(
    lead: timedelta, *, is_known_before: bool, asked: int
) -> None:
    surveyed = Surveyed(REFUSED, lead=lead if is_known_before else None)
    wait = surveyed.polls.survey(surveyed.stop, deadline=None)
    surveyed.zoom.last_clock = (NOW - lead, NOW)
    with pytest.raises(ZoomRefused):
        wait()
    eventually(lambda: len(surveyed.zoom.windows) == asked)  # the other window is asked for at the same time


@pytest.mark.parametrize("lead", [timedelta(0), timedelta(minutes=3), -timedelta(minutes=3)])
@pytest.mark.parametrize("since", [-90, 0, 5])
def test_a_look_at_the_log_has_slack_at_both_ends(since: float, lead: timedelta) -> None:
    surveyed = Surveyed(EVENTS, lead=lead)
    seen = surveyed.polls.of(TARGET)._looks[LOG](NOW + timedelta(seconds=since))
    assert surveyed.zoom.windows == [
        (NOW + timedelta(seconds=min(since, 0)) - lead - LOG_SLACK, NOW - lead + LOG_SLACK)
    ]
    assert seen.source is LOG


def poll_of(*sources: EvidenceSource, rhythm: Rhythm = SLOW) -> tuple[Poll, list[EvidenceSource]]:
    """Return a poll and the list of what it looks at."""
    looked: list[EvidenceSource] = []

    def look_at(source: EvidenceSource) -> Look:
        def look(_: datetime) -> RosterSeen:
            looked.append(source)
            return RosterSeen(())

        return look

    return Poll({source: look_at(source) for source in sources}, rhythm=rhythm), looked


def order_of(poll: Poll, looks: int) -> str:
    """Return which source each of the next looks is at, R for the roster and L for the log."""
    return "".join("R" if poll._source_of(look, (ROSTER, LOG)) is ROSTER else "L" for look in range(looks))


def test_the_sources_take_turns() -> None:
    poll, _ = poll_of(ROSTER, LOG)
    assert order_of(poll, 6) == "LRLRLR"
    poll.expect_events()
    assert order_of(poll, 10) == "LLLLRLRLRL"
    poll.favour_events()
    assert order_of(poll, 21) == "LLLLLLLLLRLLLLLLLLLRL"


@pytest.mark.parametrize(("look", "seconds"), [(0, 1), (1, 1.5), (2, 3), (3, 3), (100, 3)])
def test_the_first_looks_are_close_together(look: int, seconds: float) -> None:
    assert Rhythm().pause_before(look) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("span", "sources", "from_", "until"),
    [
        (45, 1, None, None),
        (45.1, 1, 45.1 - 4.5, 48.1),
        (60, 1, 60 - 4.5, 63),
        (60, 2, 60 - 7.5, 63),
        (1, 1, None, None),
    ],
)
def test_a_long_wait_saves_its_last_looks(
    span: float, sources: int, from_: float | None, until: float | None
) -> None:
    poll, _ = poll_of(ROSTER, LOG, rhythm=Rhythm(first=timedelta(hours=1)))
    signals: Signals = queue.SimpleQueue()
    with patch.object(polling.time, "monotonic", lambda: 1000.0):
        poll.subscribe(signals, since=NOW, sources=frozenset((ROSTER, LOG)[:sources]), span=timedelta(seconds=span))
    (reader,) = poll._readers
    saving = []
    for tenth in range(10 * 70):
        with patch.object(polling.time, "monotonic", lambda tenth=tenth: 1000 + tenth / 10):
            saving.append(reader.is_saving())
    poll.unsubscribe(signals)
    seconds = [number / 10 for number, is_saving in enumerate(saving) if is_saving]
    if from_ is None or until is None:
        assert seconds == []
    else:
        assert (seconds[0], seconds[-1]) == pytest.approx((from_, until - 0.1), abs=0.1)


def test_a_feed_gives_its_poll_what_the_call_wants() -> None:
    poll, looked = poll_of(ROSTER, LOG)
    signals: Signals = queue.SimpleQueue()
    feed = PollFeed(poll, NOW, frozenset({ROSTER}))
    feed.subscribe(signals)
    feed.look_again(signals)
    assert signals.get(timeout=10) == RosterSeen(())
    assert signals.get(timeout=10) == Looked()
    assert looked == [ROSTER]
    assert feed.delay == timedelta(0)
    feed.favour_events()
    assert order_of(poll, 2) == "LL"
    feed.unsubscribe(signals)


def test_a_last_look_waits_an_interval_after_the_look_before_it() -> None:
    poll, looked = poll_of(
        ROSTER, LOG, rhythm=Rhythm(first=timedelta(0), early=timedelta(hours=1), interval=SECOND / 4)
    )
    signals: Signals = queue.SimpleQueue()
    poll.subscribe(signals, since=NOW, sources=frozenset({ROSTER, LOG}))
    assert signals.get(timeout=10) == RosterSeen(())
    poll.look_again(signals)
    assert [signals.get(timeout=10) for _ in range(3)] == [RosterSeen(()), RosterSeen(()), Looked()]
    assert looked == [LOG, ROSTER, LOG]  # what was looked at a moment ago comes last
    poll.unsubscribe(signals)


@pytest.mark.parametrize(
    ("now", "sources", "pause"),
    [
        (1000.25, {ROSTER, LOG}, 0.75),
        (1000.25, {LOG}, 2.75),
        (1002.0, {ROSTER}, 0.0),
        (1010.0, {ROSTER, LOG}, 0.0),
        (1000.25, {LOG, EvidenceSource.WEBHOOK}, 0.0),
        (1000.25, set(), 1.0),
    ],
)
def test_a_last_look_is_due_an_interval_after_the_look_before_it(
    now: float, sources: set[EvidenceSource], pause: float
) -> None:
    poll, _ = poll_of(ROSTER, LOG, rhythm=Rhythm())
    poll._begun.update({LOG: 1000.0, ROSTER: 998.0})
    asked = {1: _Asked(queue.SimpleQueue(), 1000.0, frozenset(sources))} if sources else {}
    with patch.object(polling.time, "monotonic", lambda: now):
        assert poll._pause(0, asked) == pause


def test_nothing_is_no_prospect() -> None:
    assert not Prospects().is_any
    assert Prospects(has_feeds=True).is_any
    assert Prospects(looks=frozenset({ROSTER})).is_any


def test_a_memory_shortage_in_a_look_passes() -> None:
    def fail(_: datetime) -> RosterSeen:
        raise MemoryError

    poll = Poll({ROSTER: fail}, rhythm=Rhythm(first=timedelta(0), early=timedelta(hours=1)))
    signals: Signals = queue.SimpleQueue()
    poll.subscribe(signals, since=NOW, sources=frozenset({ROSTER}))
    assert isinstance(signals.get(timeout=10), Hiccup)
    poll.unsubscribe(signals)
