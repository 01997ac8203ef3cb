from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from zoomcall.usecases.checking.task_graph import Late, Outcome, Step, run_steps

LONG = timedelta(seconds=10)


def run(*steps: Step[str], told: list[str] | None = None) -> dict[str, Outcome[str]]:
    seen = [] if told is None else told
    return run_steps(
        steps,
        settle=lambda error: f"{type(error).__name__}",
        tell=lambda name, value: seen.append(f"{name}={value}"),
    )


def test_steps_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3)

    def work() -> str:
        meeting.wait(5)
        return "met"

    outcomes = run(*(Step(name=name, work=work, limit=LONG) for name in "abc"))
    assert {name: outcome.value for name, outcome in outcomes.items()} == {"a": "met", "b": "met", "c": "met"}


def test_a_step_waits_for_those_before_it_and_is_told_of_them() -> None:
    told: list[str] = []
    steps = [
        Step(name="last", work=lambda: ",".join(told), after=("first", "second"), limit=LONG),
        Step(name="second", work=lambda: "2", after=("first",), limit=LONG),
        Step(name="first", work=lambda: "1", limit=LONG),
    ]
    assert run(*steps, told=told)["last"].value == "first=1,second=2"


def test_a_step_that_is_not_run_is_not_waited_for() -> None:
    assert run(Step(name="only", work=lambda: "done", after=("absent",), limit=LONG))["only"].value == "done"


def test_a_step_that_fails_is_settled_and_hides_no_other() -> None:
    def fail() -> str:
        raise KeyError("x")

    outcomes = run(
        Step(name="bad", work=fail, limit=LONG),
        Step(name="good", work=lambda: "good", after=("bad",), limit=LONG),
    )
    assert (outcomes["bad"].value, outcomes["good"].value) == ("KeyError", "good")


def test_a_step_that_raises_a_timeout_of_its_own_is_not_late() -> None:
    def fail() -> str:
        raise TimeoutError("a socket's")

    assert run(Step(name="bad", work=fail, limit=LONG))["bad"].value == "TimeoutError"


def test_a_step_that_takes_too_long_is_left_behind() -> None:
    over = threading.Event()

    def hang() -> str:
        over.wait(30)
        return "too late"

    begun = time.monotonic()
    outcomes = run(Step(name="slow", work=hang, limit=timedelta(seconds=0.1)))
    over.set()
    assert outcomes["slow"].value == Late.__name__
    assert timedelta(seconds=0.1) <= outcomes["slow"].taken
    assert time.monotonic() - begun < 5


def test_waiting_for_others_does_not_count() -> None:
    outcomes = run(
        Step(name="slow", work=lambda: time.sleep(0.5) or "slow", limit=LONG),
        Step(name="quick", work=lambda: "quick", after=("slow",), limit=timedelta(seconds=0.4)),
    )
    assert outcomes["slow"].taken >= timedelta(seconds=0.5)
    assert outcomes["quick"].value == "quick"


def test_what_settling_raises_comes_out() -> None:
    def settle(error: Exception) -> str:
        raise error

    def fail() -> str:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_steps([Step(name="bad", work=fail, limit=LONG)], settle=settle, tell=lambda *_: None)
