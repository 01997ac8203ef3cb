"""Signals during calls."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from zoomcall.usecases.dialing.stop import Stop


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set ``stop``, which every thread sees, instead of raising in the main thread only."""

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set(is_terminated=number == signal.SIGTERM)

    # Where Ctrl-C is ignored, as in a shell's background job, it is not meant for this process.
    heeded = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
    before = []
    with suppress(ValueError):  # raised outside the main thread, which signals do not reach anyway
        before = [(number, signal.signal(number, ask)) for number in heeded]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
