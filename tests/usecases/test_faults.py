"""Failures that nobody foresaw, at every edge of a call: what may ring is told, and what does not ring too."""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeJournal
from usecases.test_dialing import ACCEPTED, JOINED, LONG, PERSON, SHORT, TOOK_TOO_LONG, Stage

from zoomcall.domain.call import Sent, State
from zoomcall.errors import ErrorKind, NotConfigured, Shortage, shortage_of
from zoomcall.usecases.dialing import stop as stopping
from zoomcall.usecases.dialing.report import Broken, Unproven
from zoomcall.usecases.dialing.stop import Stop

BUGS = [ValueError("a bug"), KeyError("x"), AssertionError()]
SHORTAGES = [
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    OSError(errno.EMFILE, "Too many files"),
]
EITHER = pytest.mark.parametrize("error", [*BUGS, *SHORTAGES], ids=repr)

Break = Callable[[Stage, BaseException, pytest.MonkeyPatch], Any]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def fail(error: BaseException) -> Callable[..., Any]:
    def raising(*_: Any, **__: Any) -> Any:
        raise error

    return raising


def break_entry(stage: Stage, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.listener, "entry", fail(error))


def break_progress(stage: Stage, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.listener, "progress", fail(error))


def break_judge(stage: Stage, error: BaseException, _: pytest.MonkeyPatch) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    stage.journal.errors["rivals"] = error


def break_patch_after_its_first_byte(stage: Stage, error: BaseException, _: pytest.MonkeyPatch) -> None:
    stage.zoom.answers = [error]


def break_lost_patch(stage: Stage, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.zoom.answers = [TOOK_TOO_LONG]
    monkeypatch.setattr(stage.listener, "progress", fail(error))


def break_everything_that_tells(stage: Stage, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.journal.errors["settle"] = error
    for name in ("entry", "progress", "warn", "detail"):
        monkeypatch.setattr(stage.listener, name, fail(error))


@EITHER
@pytest.mark.parametrize(
    ("break_it", "sent"),
    [
        (break_entry, Sent.YES),
        (break_progress, Sent.YES),
        (break_judge, Sent.YES),
        (break_patch_after_its_first_byte, Sent.UNKNOWN),
        (break_lost_patch, Sent.UNKNOWN),
    ],
)
def test_whatever_fails_after_the_first_byte_leaves_the_call_pending(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, break_it: Break, sent: Sent, error: Exception
) -> None:
    break_it(stage, error, monkeypatch)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, sent)
    assert isinstance(report.failure, Unproven)
    assert report.failure.kind is ErrorKind.PENDING
    assert stage.journal.last == (State.PENDING, sent)
    assert stage.patches == 1
    if shortage_of(error) is None:
        assert f"({type(error).__name__}): this is a bug" in report.failure.message
        assert report.bug is error
    else:
        assert "bug" not in report.failure.message


@EITHER
def test_a_journal_that_fails_in_any_way_after_the_patch_costs_a_warning(stage: Stage, error: Exception) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    stage.journal.errors["settle"] = error
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.YES, None)
    assert "journal-failed" in stage.notices


@EITHER
def test_what_may_ring_is_told_though_everything_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    stage.zoom.on_call_out = lambda: break_everything_that_tells(stage, error, monkeypatch)
    report = stage.dial()
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert isinstance(report.failure, Unproven)


@EITHER
def test_what_is_proven_stays_so_whatever_fails_afterwards(stage: Stage, error: Exception) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]

    def entry(entry: Any) -> None:
        if entry.state is State.JOINED:
            raise error

    stage.listener.entry = entry  # type: ignore[method-assign]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.YES, None)
    assert stage.notices == ["internal-error"]


def break_preflight(stage: Stage, error: BaseException, _: pytest.MonkeyPatch) -> None:
    stage.zoom.rosters = [error]


def break_claim(stage: Stage, error: BaseException, _: pytest.MonkeyPatch) -> None:
    stage.journal.errors["claim"] = error


def break_patch_before_its_first_byte(stage: Stage, error: BaseException, _: pytest.MonkeyPatch) -> None:
    stage.zoom.on_call_out = fail(error)


@EITHER
@pytest.mark.parametrize("break_it", [break_preflight, break_claim, break_patch_before_its_first_byte])
def test_whatever_fails_before_the_first_byte_means_that_nothing_was_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, break_it: Break, error: Exception
) -> None:
    break_it(stage, error, monkeypatch)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert report.bug is error
    assert stage.journal.last in {None, (State.NOT_SENT, Sent.NO)}
    if shortage_of(error) is None:
        assert isinstance(report.failure, Broken)
        assert report.failure.kind is ErrorKind.INTERNAL
    else:
        assert isinstance(report.failure, Shortage)
        assert report.failure.kind is ErrorKind.NOT_CONFIGURED
        assert "bug" not in report.failure.message


# Threads


def threads_fail_from(number: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no thread start from the n-th on."""
    start, count = threading.Thread.start, 0

    def refuse(thread: threading.Thread) -> None:
        nonlocal count
        count += 1
        if count >= number:
            raise error
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


NO_THREAD = pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()], ids=repr)


@NO_THREAD
@pytest.mark.parametrize("number", range(1, 4))
def test_a_thread_that_cannot_start_never_hides_what_was_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, number: int, error: Exception
) -> None:
    threads_fail_from(number, error, monkeypatch)
    report = stage.dial(timeout=LONG)
    assert report.failure is not None
    if stage.patches:
        assert (report.state, report.sent) == (State.PENDING, Sent.YES)
        assert report.failure.kind is ErrorKind.PENDING
    else:
        assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
        assert report.failure.kind is ErrorKind.NOT_CONFIGURED
    assert stage.seconds < LONG.total_seconds() / 2


def test_a_thread_that_began_in_spite_of_an_error_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def begin(thread: threading.Thread) -> None:
        start(thread)
        thread.join()
        raise MemoryError

    monkeypatch.setattr(threading.Thread, "start", begin)
    assert Stop().start(lambda: 42).result() == 42


class Mute(queue.SimpleQueue[Any]):
    """A queue for which there is no memory."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        raise MemoryError


def test_a_thread_that_ends_without_a_word_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = stopping._Hand(stopping._Hands())
    monkeypatch.setattr(stopping._Hands, "take", lambda _: hand)
    monkeypatch.setattr(stopping.queue, "SimpleQueue", Mute)
    running = Stop().start(lambda: 42)
    with pytest.raises(MemoryError):
        running.result()


@pytest.mark.parametrize("error", SHORTAGES, ids=repr)
def test_a_look_without_memory_is_tried_again(stage: Stage, error: Exception) -> None:
    stage.zoom.rosters = [(PERSON,), error, error, (PERSON, JOINED)]
    report = stage.dial(timeout=LONG)
    assert report.state is State.JOINED


def test_a_journal_that_refuses_the_claim_is_told_in_its_own_words(stage: Stage) -> None:
    stage.journal = FakeJournal(errors={"claim": NotConfigured("the journal is locked")})
    report = stage.dial(timeout=SHORT)
    assert (report.sent, report.bug) == (Sent.NO, None)
    assert isinstance(report.failure, NotConfigured)
    assert stage.zoom.answers == [ACCEPTED]
