"""Watch what becomes of one call: every feed fills one queue, and one reader judges with one deadline."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from zoomcall.usecases.dialing.evidence import Judge, Observation
from zoomcall.usecases.dialing.polling import EventsSeen, Exhausted, Feed, Hiccup, RosterSeen, Seen, Signal, Signals

_WAKE = 0.25


def watch(
    feeds: Sequence[Feed],
    *,
    judge: Judge,
    deadline: datetime,
    now: Callable[[], datetime],
    see: Callable[[Observation], None],
    tell: Callable[[Hiccup | Exhausted], None],
    tick: Callable[[datetime], None],
) -> Observation | None:
    """Wait for the observation that settles the call; None when time or every source runs out.

    Args:
        feeds: The evidence sources; each is subscribed to here, and left at the end.
        judge: Says what a look or an event proves.
        deadline: When to give up.
        now: The clock.
        see: Is given every observation, the settling one too.
        tell: Is given what went wrong on the way.
        tick: Is called a few times a second, for progress.
    """
    signals: Signals = queue.SimpleQueue()
    at_work = Counter(source for feed in feeds for source in feed.sources)
    try:
        for feed in feeds:
            feed.subscribe(signals)  # which tells of what has given up by now, too
        while any(number > 0 for number in at_work.values()):
            signal = _next(signals, deadline, now, tick)
            match signal:
                case None:
                    return None
                case Exhausted(source, _):
                    at_work[source] -= 1
                    tell(signal)
                case Hiccup():
                    tell(signal)
                case _:
                    settled = _judge(signal, judge, feeds, see, now())
                    if settled is not None:
                        return settled
        return None
    finally:
        for feed in feeds:
            feed.unsubscribe(signals)


def _next(
    signals: Signals, deadline: datetime, now: Callable[[], datetime], tick: Callable[[datetime], None]
) -> Signal | None:
    """Give the next signal; what has come by the deadline still counts. None at the deadline."""
    while True:
        moment = now()
        left = (deadline - moment).total_seconds()
        if left > 0:
            tick(moment)
        try:
            return signals.get(timeout=min(_WAKE, left)) if left > 0 else signals.get_nowait()
        except queue.Empty:
            if left <= 0:
                return None


def _judge(
    seen: Seen, judge: Judge, feeds: Sequence[Feed], see: Callable[[Observation], None], now: datetime
) -> Observation | None:
    match seen:
        case RosterSeen(participants):
            observation = judge.of_roster(participants, now)
            if observation is not None:
                see(observation)
            return observation
        case EventsSeen(source, events):
            for observation in judge.of_events(events, source):
                for feed in feeds:
                    feed.favour_events()
                see(observation)
                if observation.state.is_final:
                    return observation
            return None
