"""How fast the calls of a batch begin."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zoomcall.usecases.batching.pacing import Pace


class Clock:
    """A clock that goes on only when a test lets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def begun(pace: Pace, clock: Clock, seconds: float) -> list[float]:
    """Begin as often as the pace allows for so long; return when."""
    start, moments = clock.now, []
    while clock.now <= start + seconds:
        left = pace.begin()
        if left <= 0:
            moments.append(round(clock.now - start, 6))
        else:
            clock.now += left
    return moments


def test_calls_begin_at_the_rate_and_the_first_one_at_once() -> None:
    clock = Clock()

    assert begun(Pace(4, 1, monotonic=clock), clock, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


def test_a_burst_begins_at_once_and_then_the_rate_holds() -> None:
    clock = Clock()

    assert begun(Pace(4, 3, monotonic=clock), clock, 0.5) == pytest.approx([0, 0, 0, 0.25, 0.5])


def test_a_pause_saves_up_no_more_than_a_burst() -> None:
    clock = Clock()
    pace = Pace(4, 2, monotonic=clock)
    pace.begin()
    clock.now += 60

    assert begun(pace, clock, 0.25) == pytest.approx([0, 0, 0.25])


def test_after_a_429_nothing_begins_until_zoom_allows_it_and_then_not_all_at_once() -> None:
    clock = Clock()
    pace = Pace(4, 1, monotonic=clock)
    pace.begin()
    pace.hold(timedelta(seconds=2))
    pace.hold(timedelta(seconds=1))

    assert begun(pace, clock, 2.5) == pytest.approx([2, 2.25, 2.5])


def test_a_limit_a_day_holds_nothing_for_hours() -> None:
    clock = Clock()
    pace = Pace(4, 1, monotonic=clock)
    pace.hold(timedelta(hours=5))

    assert begun(pace, clock, 60) == pytest.approx([60])
