"""Live progress on stderr, if a person is watching."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from zoomcall.cli.streams import Streams
from zoomcall.domain.address import Protocol
from zoomcall.domain.call import State

if TYPE_CHECKING:
    from rich.status import Status


_SEPARATOR = " \u00b7 "
_SPEAKING = {State.ACCEPTED, State.RINGING}
"""The states that need no more words."""


class Progress:
    """One line with the states so far, when each began, and the time; nothing if ``is_shown`` is False.

    Args:
        streams: Its stderr is drawn on.
        protocol: What is rung.
        is_shown: Whether a person is watching.
        limit: How long the call is watched, if that is known.
        wait: How long the session or meeting is waited for before that, if it is.
    """

    def __init__(
        self,
        streams: Streams,
        protocol: Protocol = Protocol.SIP,
        *,
        is_shown: bool,
        limit: timedelta | None = None,
        wait: timedelta | None = None,
    ) -> None:
        self._streams = streams
        self._protocol = protocol
        self._wait = wait
        self._is_shown = is_shown
        self._limit = limit
        self._begun: dict[State, timedelta] = {}
        self._status: Status | None = None

    def show(self, state: State, elapsed: timedelta) -> None:
        """Show the call's state, and how long ago Zoom accepted it; before that, how long it is waited for."""
        if state is not State.NOT_SENT:
            self._begun.setdefault(state, elapsed)
        self.tell(self._text(state, elapsed))

    def tell(self, text: str) -> None:
        """Show a line."""
        if not self._is_shown:
            return
        from zoomcall.cli.render.text import spelt

        drawn = spelt(text, self._streams.stderr)
        if self._status is None:
            self._status = self._start(drawn)
        else:
            self._status.update(drawn)

    def _text(self, state: State, elapsed: timedelta) -> str:
        steps = [f"{each.value} {at.total_seconds():.1f} s" for each, at in self._begun.items()]
        told = steps if state in _SPEAKING else [self._protocol.told(state.under_way or state.value)]
        longest = self._wait if state is State.NOT_SENT else self._limit
        limit = "" if longest is None else f" of {_clock(longest)}"
        return _SEPARATOR.join((*told, f"{_clock(elapsed)}{limit}"))

    def clear(self) -> None:
        """Remove the spinner, before anything else is printed."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _start(self, text: str) -> Status:
        from rich.console import Console

        from zoomcall.cli.render.text import can_show

        look = self._streams.look_of(self._streams.stderr)
        console = Console(file=self._streams.stderr, markup=False, highlight=False, no_color=not look.has_colour)
        status = console.status(text, spinner="dots" if can_show(self._streams.stderr, "\u280b") else "line")
        status.start()
        return status


def _clock(span: timedelta) -> str:
    """Return minutes and seconds: ``1:30``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"
