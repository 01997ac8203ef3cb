"""Calls that begin in the same instant share what they read before they ring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from fakes import FakeZoom

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import SessionTarget, parse_session_id
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.dialing.polling import Polls
from zoomcall.usecases.dialing.stop import Stop

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TARGET = TargetKey.of(SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw==")), "https://api.zoom.us/v2")
CALLS = 8

T = TypeVar("T")


class SlowZoom(FakeZoom):
    """A Zoom that answers once every call has asked, or would have by now; it counts what it is asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.rosters_read = self.logs_read = 0
        self.failure = failure
        self.can_answer = threading.Event()

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        self.rosters_read += 1
        self._wait()
        return ()

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
