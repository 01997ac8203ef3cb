from __future__ import annotations

import threading

import pytest

from zoomcall.errors import Shortage
from zoomcall.usecases.dialing import stop as stop_module
from zoomcall.usecases.dialing.stop import Stop, Stopped


@pytest.fixture(autouse=True)
def _usual_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_module, "_IDLE_SECONDS", 2.0)


def test_requests_that_follow_each_other_share_a_thread_and_those_at_once_do_not() -> None:
    stop, is_over = Stop(), threading.Event()
    first = stop.start(threading.get_ident).result()
    assert wait_for_idle(stop) == 1
    assert stop.start(threading.get_ident).result() == first
    wait_for_idle(stop)
    slow = stop.start(is_over.wait)
    assert stop.start(threading.get_ident).result() != first
    is_over.set()
    assert slow.result()


def test_a_thread_that_nobody_needs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_module, "_IDLE_SECONDS", 0.01)
    stop = Stop()
    thread = stop.start(threading.current_thread).result()
    thread.join(10)
    assert not thread.is_alive()
    assert stop.start(lambda: "done").result() == "done"


def test_a_thread_is_left_behind_and_serves_again_once_its_request_is_over() -> None:
    stop, is_over = Stop(), threading.Event()
    running = stop.start(is_over.wait)
    stop.set()
    with pytest.raises(Stopped) as caught:
        running.result()
    assert caught.value.has_begun
    is_over.set()
    assert wait_for_idle(stop) == 1


def test_a_failure_is_raised_where_the_result_is_wanted_and_costs_no_thread() -> None:
    def fail() -> None:
        raise ValueError("a bug")

    stop = Stop()
    with pytest.raises(ValueError, match="a bug"):
        stop.start(fail).result()
    assert wait_for_idle(stop) == 1


def test_no_more_threads_is_a_shortage_and_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[bool] = []

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(Shortage):
        Stop().start(lambda: done.append(True))
    assert done == []


def wait_for_idle(stop: Stop) -> int:
    """Wait until a thread is idle, and return how many are."""
    for _ in range(1000):
        if stop._hands._idle:
            break
        threading.Event().wait(0.01)
    return len(stop._hands._idle)
