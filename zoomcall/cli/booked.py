"""Finds what rings a room by its name in the address book."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoomcall.cli.run import Run
    from zoomcall.domain.callout import Callout


def booked(run: Run, named: Path | None) -> Callable[[str], Callout]:
    """Return what looks up names in the address book, which is read once, for the first name.

    Args:
        run: The run.
        named: The file of ``--book``, if that was given.
    """
    from zoomcall.usecases.rooms import callout_of

    read = cache(lambda: run.wiring.book(named).read())
    return lambda name: callout_of(read(), name)
