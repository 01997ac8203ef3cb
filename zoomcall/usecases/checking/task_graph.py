"""Runs steps concurrently, each as soon as the steps before it are over, and none longer than its limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Late(Exception):
    """A step exceeded its limit.

    Args:
        limit: The limit.
    """

    def __init__(self, limit: timedelta) -> None:
        super().__init__(limit)
        self.limit = limit


class Step(Struct, Generic[T], frozen=True, kw_only=True):
    """One step.

    Attributes:
        name: Its name.
        work: What it does.
        after: The steps that must be over first, whatever came of them; those that are not run count as over.
        limit: How long it may take; after that it is abandoned, in a thread that does not keep the process alive.
    """

    name: str
    work: Callable[[], T]
    after: tuple[str, ...] = ()
    limit: timedelta


class Outcome(Struct, Generic[T], frozen=True):
    """What came of a step, and how long it took once it began."""

    value: T
    taken: timedelta


def run_steps(
    steps: Sequence[Step[T]],
    *,
    settle: Callable[[Exception], T],
    tell: Callable[[str, T], None] = lambda _name, _value: None,
) -> dict[str, Outcome[T]]:
    """Run all steps.

    Args:
        steps: In any order, without a cycle.
        settle: Makes a value of what a step raised, or of ``Late``.
        tell: Receives each value before the steps after it begin.
    """
    done: dict[str, Future[Outcome[T]]] = {step.name: Future() for step in steps}
    for step in steps:
        before = [done[name] for name in step.after if name in done]
        _start(step.name, partial(_follow, step, before, done[step.name], settle, tell))
    return {name: future.result() for name, future in done.items()}


def _follow(
    step: Step[T],
    before: list[Future[Outcome[T]]],
    done: Future[Outcome[T]],
    settle: Callable[[Exception], T],
    tell: Callable[[str, T], None],
) -> None:
    wait(before)
    begun = time.monotonic()
    try:
        try:
            value = _within_limit(step)
        except Exception as error:  # noqa: BLE001 - a step that fails in any way must not hide the others
            value = settle(error)
        tell(step.name, value)
    except BaseException as error:  # noqa: BLE001 - it is raised again where the steps are awaited
        done.set_exception(error)
    else:
        done.set_result(Outcome(value, timedelta(seconds=time.monotonic() - begun)))


def _within_limit(step: Step[T]) -> T:
    work: Future[T] = Future()

    def run() -> None:
        try:
            work.set_result(step.work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            work.set_exception(error)

    _start(f"{step.name}-work", run)
    wait([work], step.limit.total_seconds())
    if not work.done():
        raise Late(step.limit)
    return work.result()


def _start(name: str, run: Callable[[], None]) -> None:
    threading.Thread(target=run, name=name, daemon=True).start()
