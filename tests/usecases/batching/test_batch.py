"""In which order, how often and until when the rows of a batch are rung."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.batch import BatchRow, key_of
from zoomcall.domain.call import Sent, State
from zoomcall.domain.callout import Callout
from zoomcall.domain.target import SessionTarget, parse_session_id
from zoomcall.errors import ErrorKind, NoSession, NotConfigured, ZoomcallError
from zoomcall.usecases.batching.batch import Batch, RowReport, Terms
from zoomcall.usecases.batching.pacing import Pace
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.stop import Stop

TARGET = SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw=="))


LATER = SessionTarget(parse_session_id("later=="))


def rows(count: int) -> list[BatchRow]:
    return [
        BatchRow(
            number=number,
            line=number + 1,
            callout=Callout(address=RoomAddress.parse(Protocol.SIP, f"r{number}@example.com")),
            target=TARGET,
            timeout=timedelta(seconds=90),
        )
        for number in range(1, count + 1)
    ]


class Ear:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.retried: list[int] = []
        self.kept: list[int] = []
        self.ended: list[int] = []
        self.stopped = False
        self.keeping: Callable[[], object] = lambda: None

    def begins(self, row: BatchRow, attempt: int) -> None:
        self.begun.append((row.number, attempt))

    def retries(self, row: BatchRow, call: CallReport, pause: timedelta) -> None:
        self.retried.append(row.number)

    def keep(self, report: RowReport) -> None:
        self.keeping()
        self.kept.append(report.row.number)

    def ends(self, report: RowReport) -> None:
        assert report.row.number in self.kept
        self.ended.append(report.row.number)

    def passes(self, *, is_stopping: bool) -> None:
        self.stopped = is_stopping


class Ringing:
    """A batch over a fake dialler, which returns ``outcome(row number, attempt)``."""

    def __init__(
        self,
        outcome: Callable[[int, int], CallReport] = lambda _number, _attempt: CallReport(
            state=State.JOINED, sent=Sent.YES
        ),
        *,
        rate: float = 1000,
        monotonic: Callable[[], float] = time.monotonic,
        doors: Any = None,
        **terms: object,
    ) -> None:
        self.ear = Ear()
        self.sending, self.calls = Stop(), Stop()
        self.rung: dict[int, int] = {}
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._outcome = outcome
        self.batch = Batch(
            Terms(**terms),  # type: ignore[arg-type] # each test names the terms that it is about
            dial=self._dial,
            pace=Pace(rate, 1, monotonic=monotonic),
            listener=self.ear,
            sending=self.sending,
            calls=self.calls,
            monotonic=monotonic,
            doors=doors,
        )

    def _dial(self, row: BatchRow) -> CallReport:
        with self._lock:
            self.rung[row.number] = attempt = self.rung.get(row.number, 0) + 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._outcome(row.number, attempt)
        finally:
            with self._lock:
                self.at_once -= 1

    def run(self, count: int, *later: int) -> list[State | None]:
        """Ring so many rows, the ``later`` ones into a session that is not live yet."""
        reports = self.batch.run(replace(row, target=LATER) if row.number in later else row for row in rows(count))
        assert [report.row.number for report in reports] == list(range(1, count + 1))
        assert sorted(self.ear.ended) == list(range(1, count + 1))
        return [None if report.call is None else report.call.state for report in reports]


def failed(state: State) -> CallReport:
    return CallReport(state=state, sent=Sent.YES)


def refused(status: int, code: int, message: str) -> CallReport:
    answer = ZoomAnswer(
        method="PATCH",
        path="/v2/x",
        status=status,
        is_zooms=True,
        code=code,
        message=message,
    )
    return CallReport(failure=ZoomRefused(answer), state=State.REFUSED)


def test_every_row_is_rung_once_with_no_more_at_once_than_allowed() -> None:
    def outcome(_number: int, _attempt: int) -> CallReport:
        time.sleep(0.005)
        return CallReport(state=State.JOINED, sent=Sent.YES)

    ringing = Ringing(outcome, parallel=3)

    assert ringing.run(12) == [State.JOINED] * 12
    assert set(ringing.rung.values()) == {1}
    assert 2 <= ringing.most_at_once <= 3


def test_rows_that_end_together_are_kept_at_the_same_time() -> None:
    ringing = Ringing(parallel=4)
    ringing.ear.keeping = threading.Barrier(4, timeout=10).wait  # breaks if one has to wait for another

    assert ringing.run(4) == [State.JOINED] * 4


def test_calls_begin_no_faster_than_the_pace() -> None:
    begun = time.monotonic()
    Ringing(rate=50, parallel=10).run(6)

    assert time.monotonic() - begun >= 5 / 50


def test_a_row_is_rung_again_after_the_chosen_states_until_its_attempts_are_used_up() -> None:
    states = {1: [State.MISSED, State.JOINED], 2: [State.MISSED] * 3, 3: [State.DECLINED], 4: [State.WAITING_ROOM]}
    ringing = Ringing(
        lambda number, attempt: failed(states[number][attempt - 1]),
        attempts=3,
        retry_on=frozenset({State.MISSED}),
        retry_delay=timedelta(milliseconds=5),
    )

    assert ringing.run(4) == [State.JOINED, State.MISSED, State.DECLINED, State.WAITING_ROOM]
    assert ringing.rung == {1: 2, 2: 3, 3: 1, 4: 1}
    assert sorted(ringing.ear.retried) == [1, 2, 2]


def test_a_redial_comes_after_its_delay() -> None:
    moments: list[float] = []

    def outcome(_number: int, _attempt: int) -> CallReport:
        moments.append(time.monotonic())
        return failed(State.MISSED)

    Ringing(outcome, attempts=2, retry_on=frozenset({State.MISSED}), retry_delay=timedelta(seconds=0.2)).run(1)

    assert moments[1] - moments[0] >= 0.2


def test_a_stop_sends_nothing_more_and_waits_for_what_rings() -> None:
    ringing = Ringing(parallel=1)

    def outcome(number: int, _attempt: int) -> CallReport:
        if number == 2:
            ringing.sending.set()
        return CallReport(state=State.JOINED, sent=Sent.YES)

    ringing._outcome = outcome

    assert ringing.run(5) == [State.JOINED, State.JOINED, None, None, None]
    assert not ringing.calls.is_set


def test_while_something_rings_a_stop_is_told_within_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomcall.usecases.batching.batch._TICK", 0.01)
    ringing = Ringing(parallel=1)
    told: list[bool] = []

    def outcome(_number: int, _attempt: int) -> CallReport:
        told.append(ringing.ear.stopped)
        ringing.sending.set()
        until = time.monotonic() + 10
        while not ringing.ear.stopped and time.monotonic() < until:
            time.sleep(0.005)
        told.append(ringing.ear.stopped)
        return CallReport(state=State.JOINED, sent=Sent.YES)

    ringing._outcome = outcome

    assert ringing.run(2) == [State.JOINED, None]
    assert told == [False, True]


def test_a_row_that_waits_for_its_redial_keeps_its_outcome_when_the_run_is_stopped() -> None:
    ringing = Ringing(attempts=2, retry_on=frozenset({State.MISSED}), retry_delay=timedelta(hours=1), parallel=1)

    def outcome(number: int, _attempt: int) -> CallReport:
        if number == 2:
            ringing.sending.set()
        return failed(State.MISSED)

    ringing._outcome = outcome

    assert ringing.run(3) == [State.MISSED, State.MISSED, None]


def test_the_longest_duration_ends_the_sending() -> None:
    now = [0.0]

    def outcome(number: int, _attempt: int) -> CallReport:
        now[0] += 10
        return CallReport(state=State.JOINED, sent=Sent.YES)

    ringing = Ringing(outcome, monotonic=lambda: now[0], longest=timedelta(seconds=25), parallel=1)

    assert ringing.run(5) == [State.JOINED] * 3 + [None, None]


@pytest.mark.parametrize(
    ("report", "is_one", "is_over"),
    [
        (CallReport(failure=NotConfigured("no credential")), False, True),
        (refused(401, 124, "Invalid access token."), False, True),
        (refused(400, 104, "Invalid access token, does not contain scopes:[x]."), False, True),
        (refused(400, 3003, "not host"), False, False),
        (refused(400, 3003, "not host"), True, True),
        (CallReport(failure=NoSession("not live")), False, False),
        (CallReport(failure=NoSession("not live")), True, True),
        (refused(400, 300, "Validation Failed."), True, False),
        (refused(429, 429, "Too many requests."), True, False),
    ],
)
def test_what_every_row_would_meet_ends_the_run(report: CallReport, *, is_one: bool, is_over: bool) -> None:
    ringing = Ringing(lambda _number, _attempt: report, has_one_target=is_one, parallel=1)
    ringing.run(3)

    assert (ringing.batch.fatal is report.failure) is is_over
    assert ringing.rung == ({1: 1} if is_over else {1: 1, 2: 1, 3: 1})


def test_a_failure_after_the_request_went_out_ends_no_run() -> None:
    lost = ZoomcallError("lost")
    lost.kind = ErrorKind.AUTH
    ringing = Ringing(lambda _number, _attempt: CallReport(failure=lost, sent=Sent.UNKNOWN), parallel=1)
    ringing.run(2)

    assert ringing.batch.fatal is None


def test_nothing_more_is_rung_once_nobody_reads_the_answer() -> None:
    def outcome(_number: int, _attempt: int) -> CallReport:
        raise BrokenPipeError

    ringing = Ringing(outcome, parallel=1)

    with pytest.raises(BrokenPipeError):
        ringing.batch.run(rows(3))
    assert ringing.rung == {1: 1}


# Targets that are not live yet


class FakeDoors:
    """Holds the rows of one session back until ``opens`` returns; what that returns or raises settles them."""

    keys = frozenset({key_of(LATER)})

    def __init__(self, opens: Callable[[Callable[[], bool]], ZoomcallError | None]) -> None:
        self._opens = opens

    def watch(self, admit: Callable[[str, ZoomcallError | None], None], is_over: Callable[[], bool]) -> None:
        failure = self._opens(is_over)
        if not is_over():
            admit(key_of(LATER), failure)


def test_rows_of_live_targets_ring_while_others_wait() -> None:
    ringing: Ringing

    def opens(_is_over: Callable[[], bool]) -> None:
        while set(ringing.ear.ended) != {2, 4}:
            time.sleep(0.002)

    ringing = Ringing(doors=FakeDoors(opens), parallel=1)

    assert ringing.run(5, 1, 3, 5) == [State.JOINED] * 5
    assert ringing.ear.ended == [2, 4, 1, 3, 5]


@pytest.mark.parametrize("later", [(1,), (1, 2, 3)])
def test_rows_of_a_target_that_was_never_live_end_with_that_and_the_only_target_ends_the_run(
    later: tuple[int, ...],
) -> None:
    failure = NoSession("not live")
    ringing = Ringing(doors=FakeDoors(lambda _: failure), has_one_target=len(later) == 3)

    reports = ringing.batch.run(replace(row, target=LATER) if row.number in later else row for row in rows(3))
    refused_rows = [each.row.number for each in reports if each.call is not None and each.call.failure is failure]
    assert refused_rows == list(later)
    assert {each.attempts for each in reports if each.row.number in later} == {0}
    assert set(ringing.rung) == {1, 2, 3} - set(later)
    assert (ringing.batch.fatal is failure) is (len(later) == 3)


def until_over(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(0.002)


def test_a_stop_leaves_rows_that_wait_unsent() -> None:
    ringing: Ringing

    def outcome(_number: int, _attempt: int) -> CallReport:
        ringing.sending.set()
        return CallReport(state=State.JOINED, sent=Sent.YES)

    ringing = Ringing(outcome, doors=FakeDoors(until_over))
    assert ringing.run(3, 1, 3) == [None, State.JOINED, None]


def test_the_longest_duration_ends_the_wait_too() -> None:
    ringing = Ringing(doors=FakeDoors(until_over), longest=timedelta(milliseconds=30))
    assert ringing.run(2, 1, 2) == [None, None]
    assert ringing.batch.fatal is None


def test_a_bug_in_the_watch_ends_the_run() -> None:
    def opens(_is_over: Callable[[], bool]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Ringing(doors=FakeDoors(opens)).run(2, 1)
