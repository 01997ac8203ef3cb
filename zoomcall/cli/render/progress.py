"""Live progress on stderr, if a person is watching."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from zoomcall.cli.streams import Streams
from zoomcall.domain.call import State

if TYPE_CHECKING:
    from rich.status import Status


class Progress:
    """A spinner with a line beside it; nothing if ``is_shown`` is False."""

    def __init__(self, streams: Streams, *, is_shown: bool) -> None:
        self._streams = streams
        self._is_shown = is_shown
        self._status: Status | None = None

    def show(self, state: State, elapsed: timedelta) -> None:
        """Show the call's state."""
        self.tell(f"{state.under_way or state.value} ({elapsed.total_seconds():.0f} s)")

    def tell(self, text: str) -> None:
        """Show a line."""
        if not self._is_shown:
            return
        if self._status is None:
            self._status = self._start(text)
        else:
            self._status.update(text)

    def clear(self) -> None:
        """Remove the spinner, before anything else is printed."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _start(self, text: str) -> Status:
        from rich.console import Console

        look = self._streams.look_of(self._streams.stderr)
        console = Console(file=self._streams.stderr, markup=False, highlight=False, no_color=not look.has_colour)
        status = console.status(text)
        status.start()
        return status
