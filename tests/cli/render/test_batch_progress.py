from __future__ import annotations

import io

from zoomcall.cli.render.batch_progress import BatchProgress
from zoomcall.cli.streams import Streams
from zoomcall.domain.call import State


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def progress(clock: Clock, total: int = 10) -> BatchProgress:
    streams = Streams(io.StringIO(), io.StringIO(), io.StringIO(), {})
    return BatchProgress(streams, "Ringing", total, is_shown=False, monotonic=clock)


def test_rate_and_remaining_time_come_from_the_rows_that_ended() -> None:
    clock = Clock()
    shown = progress(clock)
    assert shown.figures() == "0/10  0.0/s"
    clock.now += 8
    for number in range(4):
        shown.end(number, State.JOINED)
    assert shown.figures() == "4/10  0.5/s  0:12 left"
    shown.stop()
    assert shown.figures() == "4/10  0.5/s"


def test_long_times_have_hours() -> None:
    clock = Clock()
    shown = progress(clock, total=10_000)
    clock.now += 1
    shown.end(1, State.JOINED)
    assert shown.figures().endswith("  2:46:39 left")


def test_each_state_has_a_symbol_a_number_and_a_word() -> None:
    shown = progress(Clock())
    for number, state in enumerate((State.JOINED, State.JOINED, State.MISSED, State.PENDING, State.NOT_SENT)):
        shown.end(number, state)
    shown.put(9, "room@example.com", "ringing")
    assert shown.counts() == "✓ 2 joined · ✗ 1 missed · … 1 pending · ○ 1 not-sent · ◐ 1 under way"


def test_rows_that_ring_are_shown_with_state_and_time_those_that_rang_first_on_top() -> None:
    clock = Clock()
    shown = progress(clock, total=20)
    for number in range(10):
        shown.put(number, f"room{number}@example.com", "starting")
        clock.now += 1
    shown.put(0, "room0@example.com", "ringing")
    shown.end(1, State.JOINED)
    rows = list(shown.rows())
    assert rows[:2] == ["◐ row 0: ringing 0:10  room0@example.com", "◐ row 2: starting 0:08  room2@example.com"]
    assert len(rows) == 9
    assert rows[-1] == "  and 1 more"
