"""What a feed tells the calls that wait, and those that begin to wait later."""

import queue
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import EvidenceSource, State
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing.polling import EventsSeen, Exhausted, Hiccup, Signal, Signals
from zoomcall.usecases.dialing.pushed_events import PushFeed

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
    return PushFeed(SOURCE)


def told(signals: Signals) -> list[Signal]:
    """Give what a call has been told so far."""
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


def test_what_came_before_a_call_began_to_wait_is_told_it(feed: PushFeed) -> None:
    feed.publish([RINGING])
    feed.publish([JOINED])
    assert told(subscribed(feed)) == [EventsSeen(SOURCE, (RINGING, JOINED))]


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
