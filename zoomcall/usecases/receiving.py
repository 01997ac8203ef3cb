"""What is done with events that a receiver accepts: kept first, then passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zoomcall.domain.cause import Notice
from zoomcall.domain.webhook import Delivery

Warn = Callable[[Notice], None]


class Record(Protocol):
    """Keeps events for good."""

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Return once they are on disk; ``OSError`` if they are not."""
        ...


class Reception:
    """Takes the events of a receiver.

    Args:
        record: Where they are kept; None keeps none.
        pass_on: Is given each one that is kept; must not block.
        warn: Takes what the user should know.
    """

    def __init__(self, record: Record | None, *, pass_on: Sequence[Callable[[Delivery], None]], warn: Warn) -> None:
        self._record = record
        self._pass_on = tuple(pass_on)
        self._warn = warn
        self._kept = 0

    @property
    def kept(self) -> int:
        """How many it has taken."""
        return self._kept

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Keep events, then pass them on.

        Raises:
            OSError: They are not kept, and not passed on.
        """
        if self._record is not None:
            try:
                self._record.append(deliveries)
            except OSError as error:
                self._warn(
                    Notice(
                        "event-not-kept",
                        f"events cannot be written ({error.strerror or error}); they are answered with 500, "
                        "so that Zoom sends them again",
                    )
                )
                raise
        self._kept += len(deliveries)
        for delivery in deliveries:
            for pass_on in self._pass_on:
                pass_on(delivery)
