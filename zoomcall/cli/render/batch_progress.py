"""Live progress of a batch on stderr, if a person is watching."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from zoomcall.cli.streams import Streams
from zoomcall.domain.call import State

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_MOST_ROWS = 8
_REDRAW_SECONDS = 0.1


def targets_in_words(count: int) -> str:
    """Return how many sessions and meetings are waited for, with the verb."""
    return "1 session or meeting is" if count == 1 else f"{count} sessions or meetings are"


class BatchProgress:
    """A bar with rate, remaining time and counts over the rows that ring; nothing if ``is_shown`` is False.

    It is not thread-safe, and draws only when it is told something.
    """

    def __init__(self, streams: Streams, total: int, *, is_shown: bool) -> None:
        self._streams = streams
        self._total = total
        self._is_shown = is_shown
        self._ringing: dict[int, tuple[str, str]] = {}
        self._counts: Counter[State] = Counter()
        self._waited_for = 0
        self._begun = time.monotonic()
        self._drawn = 0.0
        self._live: Live | None = None

    def put(self, number: int, room: str, state: str) -> None:
        """Show a row that rings, or its new state."""
        self._ringing[number] = (room, state)
        self._draw()

    def wait_for(self, targets: int) -> None:
        """Show for how many sessions and meetings rows wait."""
        self._waited_for = targets
        self._draw()

    def end(self, number: int, state: State) -> None:
        """Count a row that ended."""
        self._ringing.pop(number, None)
        self._counts[state] += 1
        self._draw()

    def clear(self) -> None:
        """Remove the display, before anything else is printed."""
        if self._live is not None:
            self._live.stop()
            self._live, self._drawn = None, 0.0

    def lines(self) -> tuple[str, ...]:
        """Return what is said beside the bar."""
        done, seconds = sum(self._counts.values()), max(time.monotonic() - self._begun, 0.001)
        left = f", about {seconds / done * (self._total - done):.0f} s left" if done else ""
        counts = "".join(f", {count} {state}" for state, count in self._counts.most_common())
        head = f"{done} of {self._total} rows, {done / seconds:.1f}/s{left}{counts}"
        shown = list(self._ringing.items())[:_MOST_ROWS]
        rows = [f"  row {number}: {state}: {room}" for number, (room, state) in shown]
        more = len(self._ringing) - len(shown)
        waiting = [f"  waiting until {targets_in_words(self._waited_for)} live"] if self._waited_for else []
        return (head, *rows, *([f"  and {more} more"] if more else []), *waiting)

    def _draw(self) -> None:
        now = time.monotonic()
        if not self._is_shown or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        if self._live is None:
            self._live = self._start()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        done = sum(self._counts.values())
        bar = ProgressBar(total=max(self._total, 1), completed=done, width=40)
        texts = (Text(line, no_wrap=True, overflow="ellipsis") for line in self.lines())
        return Group(bar, *texts)

    def _start(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        look = self._streams.look_of(self._streams.stderr)
        console = Console(file=self._streams.stderr, markup=False, highlight=False, no_color=not look.has_colour)
        live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        live.start()
        return live
