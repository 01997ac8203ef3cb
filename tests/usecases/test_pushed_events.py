"""What a feed tells the calls that wait, and those that begin to wait later."""

import queue
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import EvidenceSource, State
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing.pushed_events import PushFeed
from zoomcall.usecases.dialing.signals import EventsSeen, Exhausted, Hiccup, Signal, Signals

SOURCE = EvidenceSource.WEBSOCKET
RINGING = CalloutEvent(
    state=State.RINGING,
    api=Api.MEETING,
    target_id="84098077904",
    protocol=Protocol.SIP,
    device="room@example.com",
    at=datetime(2026, 11, 21, 10, tzinfo=UTC),
)
JOINED = replace(RINGING, state=State.JOINED)


@pytest.fixture
def feed() -> PushFeed:
    return PushFeed(SOURCE, lambda: RINGING.at)


def told(signals: Signals) -> list[Signal]:
    """Return what a call has received so far."""
    return [signals.get() for _ in range(signals.qsize())]


def subscribed(feed: PushFeed) -> Signals:
    signals: Signals = queue.SimpleQueue()
    feed.subscribe(signals)
    return signals


def test_events_go_to_every_call_that_waits(feed: PushFeed) -> None:
    calls = [subscribed(feed), subscribed(feed)]
    feed.publish([RINGING, JOINED])
    assert [told(call) for call in calls] == [[EventsSeen(SOURCE, (RINGING, JOINED))]] * 2


def test_nothing_new_is_no_signal(feed: PushFeed) -> None:
    call = subscribed(feed)
    feed.publish([])
    assert told(call) == []


def test_what_came_before_a_call_began_to_wait_is_not_its_own(feed: PushFeed) -> None:
    feed.publish([RINGING])
    assert told(subscribed(feed)) == []


def test_what_is_dated_later_than_now_is_kept_until_then() -> None:
    moments = [RINGING.at - timedelta(seconds=5)]
    feed = PushFeed(SOURCE, lambda: moments[0])
    feed.publish([RINGING])
    feed.publish([JOINED])
    assert told(subscribed(feed)) == [EventsSeen(SOURCE, (RINGING, JOINED))]
    moments[0] = RINGING.at
    assert told(subscribed(feed)) == []


def test_a_call_that_has_left_is_told_no_more(feed: PushFeed) -> None:
    call = subscribed(feed)
    feed.unsubscribe(call)
    feed.unsubscribe(call)
    feed.publish([RINGING])
    feed.stumble("the websocket was cut")
    assert told(call) == []


def test_a_trouble_is_told_those_who_wait_and_nobody_later(feed: PushFeed) -> None:
    call = subscribed(feed)
    feed.stumble("the websocket was cut")
    assert told(call) == [Hiccup(SOURCE, "the websocket was cut")]
    assert told(subscribed(feed)) == []


def test_a_trouble_before_anybody_waits_is_told_the_first_who_does(feed: PushFeed) -> None:
    feed.stumble("the websocket was cut")
    feed.stumble("no new websocket")
    assert told(subscribed(feed)) == [Hiccup(SOURCE, "no new websocket")]
    assert told(subscribed(feed)) == []


def test_the_end_of_a_feed_is_told_everybody(feed: PushFeed) -> None:
    call = subscribed(feed)
    feed.give_up("the disk is gone")
    assert told(call) == told(subscribed(feed)) == [Exhausted(SOURCE, "the disk is gone")]
