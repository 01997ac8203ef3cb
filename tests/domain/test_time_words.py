from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from zoomcall.domain.time_words import distance, span, stamp

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119.9, "119 seconds"),
        (120, "2 minutes"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (-180, "3 minutes"),
    ],
)
def test_a_span_is_said_in_its_largest_fitting_unit(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-180, "3 minutes ago"), (7_200, "in 2 hours"), (0, "now"), (-0.5, "now"), (1, "in 1 second")],
)
def test_a_distance_says_the_direction(seconds: float, words: str) -> None:
    assert distance(NOW + timedelta(seconds=seconds), NOW) == words


def test_a_stamp_is_utc() -> None:
    assert stamp(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-11-21T10:00:00Z"
    assert stamp(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


def test_a_stamp_may_be_finer_than_a_second() -> None:
    assert stamp(NOW + timedelta(microseconds=1999), "milliseconds") == "2026-11-21T10:00:00.001Z"
    assert stamp(NOW, "milliseconds") == "2026-11-21T10:00:00.000Z"
