"""Signals during calls, and until the process ends."""

from __future__ import annotations

import signal
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoomcall.usecases.dialing.stop import Stop

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""What asks this process to end: SIGTERM, and Ctrl-Break, the one signal that Windows lets a process send."""
_MOST_HEEDED = 2


def stop_on_signals(stop: Stop) -> None:
    """Let Ctrl-C and SIGTERM set ``stop``, which every thread sees, instead of raising in the main thread only.

    They do so until the process ends, so that the answer, which says what may ring, is printed in full. The third
    signal ends the process at once, in case printing hangs.
    """
    count = 0

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        stop.set(is_terminated=number in ENDING)
        if count > _MOST_HEEDED:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in (signal.SIGINT, *ENDING):
        # Where Ctrl-C is ignored, as in a shell's background job, it is not meant for this process.
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(ValueError):  # raised outside the main thread, which signals do not reach anyway
                signal.signal(number, ask)


def stop_in_steps(sending: Stop, calls: Stop) -> None:
    """Let the first Ctrl-C end the sending and the second one the calls too; SIGTERM ends both at once.

    The fourth signal ends the process, in case printing hangs.
    """
    count = 0

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        is_terminated = number in ENDING
        sending.set(is_terminated=is_terminated)
        if count > 1 or is_terminated:
            calls.set(is_terminated=is_terminated)
        if count > _MOST_HEEDED + 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in (signal.SIGINT, *ENDING):
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(ValueError):
                signal.signal(number, ask)
