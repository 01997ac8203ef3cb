"""Handles the events that a receiver accepts: records them first, then passes them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.webhook import Delivery


class Record(Protocol):
    """Stores events permanently."""

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Return once the events are on disk; raise ``OSError`` if that fails."""


class Reception:
    """Handles the events of a receiver.

    Args:
        record: Where to record them; None records none.
        pass_on: Functions to call with each event, recorded by then; they must not block.
        warn: Called with warnings for the user.
    """

    def __init__(self, record: Record | None, *, pass_on: Sequence[Callable[[Delivery], None]], warn: Warn) -> None:
        self._record = record
        self._pass_on = tuple(pass_on)
        self._warn = warn
        self._kept = 0

    @property
    def kept(self) -> int:
        """The number of events handled so far."""
        return self._kept

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Record events, then pass them on.

        Raises:
            OSError: Recording failed, and nothing was passed on.
        """
        if self._record is not None:
            try:
                self._record.append(deliveries)
            except OSError as error:
                self._warn(
                    Notice(
                        "event-not-kept",
                        f"cannot write events ({error.strerror or error}); they are answered with 500, "
                        "so that Zoom sends them again",
                    )
                )
                raise
        self._kept += len(deliveries)
        for delivery in deliveries:
            for pass_on in self._pass_on:
                pass_on(delivery)
