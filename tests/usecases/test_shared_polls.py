"""Calls that begin in the same instant share what they read before they ring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from fakes import FakeZoom

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.live import Meeting
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import SessionTarget, parse_meeting_number, parse_session_id
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.stop import Stop

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TARGET = TargetKey.of(SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw==")), "https://api.zoom.us/v2")
NUMBER = parse_meeting_number("84098077904")
CALLS = 8

T = TypeVar("T")


class SlowZoom(FakeZoom):
    """A Zoom that answers once every call has asked, or would have by now; it counts what it is asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.rosters_read = self.logs_read = self.meetings_read = 0
        self.failure = failure
        self.can_answer = threading.Event()

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        self.rosters_read += 1
        self._wait()
        return ()

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        self.meetings_read += 1
        self._wait()
        return Meeting(has_waiting_room=False)

    def webhook_logs(self, **_: Any) -> tuple[Any, ...]:
        self.logs_read += 1
        self._wait()
        return ()

    def _wait(self) -> None:
        self.can_answer.wait(10)
        if self.failure is not None:
            raise self.failure


def refused(status: int, code: int) -> ZoomRefused:
    return ZoomRefused(ZoomAnswer(method="GET", path="/v2/x", status=status, is_zooms=True, code=code))


def surveyed(polls: Polls, stop: Stop) -> bool:
    return polls.survey(stop, deadline=None)()


def at_once(zoom: SlowZoom, work: Callable[[], T]) -> list[T | ZoomcallError]:
    """Do the work in many threads, and let Zoom answer once all of them have begun."""
    begun = threading.Barrier(CALLS + 1)

    def one() -> T | ZoomcallError:
        begun.wait(10)
        try:
            return work()
        except ZoomcallError as error:
            return error

    with ThreadPoolExecutor(CALLS) as pool:
        works = [pool.submit(one) for _ in range(CALLS)]
        begun.wait(10)
        zoom.can_answer.wait(0.5)
        zoom.can_answer.set()
        return [each.result() for each in works]


@pytest.mark.parametrize("failure", [None, refused(400, 104)])
def test_calls_that_begin_together_read_the_roster_once(failure: Exception | None) -> None:
    zoom = SlowZoom(failure)
    polls = Polls(zoom, now=lambda: NOW)

    found = at_once(zoom, lambda: polls.roster(TARGET, deadline=None))

    assert zoom.rosters_read == 1
    assert len({id(each) for each in found}) == 1


@pytest.mark.parametrize("failure", [None, refused(400, 104), refused(404, 3001)])
def test_calls_that_begin_together_read_the_meeting_once_and_later_ones_read_it_again(
    failure: Exception | None,
) -> None:
    zoom, moments = SlowZoom(failure), [NOW]
    polls = Polls(zoom, now=lambda: moments[0])

    at_once(zoom, lambda: polls.meeting(NUMBER, deadline=None))
    assert zoom.meetings_read == 1
    moments[0] += Rhythm().interval
    at_once(zoom, lambda: polls.meeting(NUMBER, deadline=None))
    is_lasting = isinstance(failure, ZoomRefused) and failure.answer.code == 104
    assert zoom.meetings_read == (1 if is_lasting else 2)


def test_a_missing_right_serves_for_a_minute_and_any_other_failure_only_those_that_wait() -> None:
    zoom, moments = SlowZoom(refused(400, 104)), [NOW]
    zoom.can_answer.set()
    polls = Polls(zoom, now=lambda: moments[0])
    roster = partial(polls.roster, TARGET, deadline=None)

    def reads(seconds: float) -> int:
        moments[0] = NOW + timedelta(seconds=seconds)
        before = zoom.rosters_read
        with suppress(ZoomRefused):
            roster()
        return zoom.rosters_read - before

    assert [reads(seconds) for seconds in (0, 59, 61)] == [1, 0, 1]
    zoom.failure = refused(404, 3001)
    assert [reads(seconds) for seconds in (130, 131, 132)] == [1, 1, 1]


def test_a_roster_since_a_moment_is_read_once_for_all_that_need_it() -> None:
    zoom, moments = SlowZoom(), [NOW]
    zoom.can_answer.set()
    polls = Polls(zoom, now=lambda: moments[0])
    polls.roster(TARGET, deadline=None)
    moments[0] += timedelta(seconds=2)

    for _ in range(CALLS):
        polls.roster(TARGET, deadline=None, since=NOW + timedelta(seconds=1))
    assert zoom.rosters_read == 2
    polls.roster(TARGET, deadline=None, since=NOW + timedelta(seconds=2))
    assert zoom.rosters_read == 2


def test_a_call_with_a_deadline_waits_for_no_other_call() -> None:
    zoom = SlowZoom()
    polls = Polls(zoom, now=lambda: NOW)
    deadlines = iter(NOW + timedelta(seconds=number) for number in range(CALLS))

    at_once(zoom, lambda: polls.roster(TARGET, deadline=next(deadlines)))

    assert zoom.rosters_read == CALLS


@pytest.mark.parametrize("failure", [None, refused(400, 104)])
def test_calls_that_begin_together_survey_the_log_once(failure: Exception | None) -> None:
    zoom, stop = SlowZoom(failure), Stop()
    polls = Polls(zoom, now=lambda: NOW)

    found = at_once(zoom, partial(surveyed, polls, stop))

    assert set(found) == ({False} if failure is None else {failure})
    assert zoom.logs_read <= 3  # recent, older, and older once more if Zoom's clock was not known
    asked = zoom.logs_read
    at_once(zoom, partial(surveyed, polls, stop))
    assert zoom.logs_read == asked  # the answer, or a lasting refusal, serves for a minute


def test_a_survey_that_failed_in_passing_is_tried_again() -> None:
    zoom, stop = SlowZoom(refused(429, 429)), Stop()
    polls = Polls(zoom, now=lambda: NOW)
    at_once(zoom, partial(surveyed, polls, stop))

    zoom.failure = None

    assert polls.survey(stop, deadline=None)() is False
