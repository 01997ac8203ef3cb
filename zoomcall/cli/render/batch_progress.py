"""Live progress of a batch on stderr, if a person is watching."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from zoomcall.cli.looks import look_of
from zoomcall.cli.streams import Streams
from zoomcall.domain.call import State

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.live import Live

_MOST_ROWS = 8
_REDRAW_SECONDS = 0.1


def targets_in_words(count: int) -> str:
    """Return how many sessions and meetings are waited for, with the verb."""
    return "1 session or meeting is" if count == 1 else f"{count} sessions or meetings are"


class _Ringing(Struct):
    """A row that rings: its room, its state in words, and since when."""

    room: str
    state: str
    since: float


class BatchProgress:
    """A bar with rate and remaining time, and counts by state, over the rows that ring; or nothing at all.

    It is not thread-safe, and draws only when it is told something.

    Args:
        streams: Where stderr is.
        title: What is rung into what.
        total: How many rows there are.
        is_shown: Whether a person is watching.
        monotonic: A clock that nobody can set, in seconds.
    """

    def __init__(
        self,
        streams: Streams,
        title: str,
        total: int,
        *,
        is_shown: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams = streams
        self._title = title
        self._total = total
        self._is_shown = is_shown
        self._monotonic = monotonic
        self._ringing: dict[int, _Ringing] = {}
        self._counts: Counter[State] = Counter()
        self._begun = monotonic()
        self._drawn = 0.0
        self._is_stopping = False
        self._waited_for = 0
        self._live: Live | None = None

    def put(self, number: int, room: str, state: str) -> None:
        """Show a row that rings, or its new state."""
        if number in self._ringing:
            self._ringing[number].state = state
        else:
            self._ringing[number] = _Ringing(room, state, self._monotonic())
        self.draw()

    def wait_for(self, targets: int) -> None:
        """Show for how many sessions and meetings rows wait."""
        self._waited_for = targets
        self.draw()

    def end(self, number: int, state: State) -> None:
        """Count a row that ended."""
        self._ringing.pop(number, None)
        self._counts[state] += 1
        self.draw()

    def stop(self) -> None:
        """Say from now on that no more rows begin."""
        self._is_stopping = True
        self.draw()

    def clear(self) -> None:
        """Remove the display, before anything else is printed."""
        if self._live is not None:
            self._live.stop()
            self._live, self._drawn = None, 0.0

    def figures(self) -> str:
        """Return how many rows ended, at what rate, and the time until the others have at that rate."""
        done, seconds = self._counts.total(), max(self._monotonic() - self._begun, 0.001)
        told = f"{done}/{self._total}  {done / seconds:.1f}/s"
        if self._is_stopping or not done:
            return told
        return f"{told}  {_clock(seconds / done * (self._total - done))} left"

    def counts(self) -> str:
        """Return how many rows are in each state."""
        counts = [f"{look_of(state).symbol} {count} {state}" for state, count in self._counts.most_common()]
        return " · ".join([*counts, f"◐ {len(self._ringing)} under way"])

    def rows(self) -> Iterator[str]:
        """Yield a line for each row that rings, those that rang first on top."""
        now = self._monotonic()
        for number, row in list(self._ringing.items())[:_MOST_ROWS]:
            yield f"◐ row {number}: {row.state} {_clock(now - row.since)}  {row.room}"
        if len(self._ringing) > _MOST_ROWS:
            yield f"  and {len(self._ringing) - _MOST_ROWS} more"
        if self._waited_for:
            yield f"waiting until {targets_in_words(self._waited_for)} live"

    def draw(self) -> None:
        """Show how things are, unless that was done just now."""
        now = self._monotonic()
        if not self._is_shown or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        if self._live is None:
            self._live = self._start()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        from zoomcall.cli.render.text import spelt

        title = "Waiting for what rings; Ctrl-C again leaves" if self._is_stopping else self._title
        lines = (
            spelt(line, self._streams.stderr) for line in (self.counts(), *(f"  {row}" for row in self.rows()))
        )
        return Group(self._head(title), *(Text(line, no_wrap=True, overflow=self._overflow) for line in lines))

    @property
    def _overflow(self) -> Literal["ellipsis", "crop"]:
        """How a line that is too long ends, as the terminal can show it."""
        from zoomcall.cli.render.text import can_show

        return "ellipsis" if can_show(self._streams.stderr, "\u2026") else "crop"

    def _head(self, title: str) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        head = Table.grid(padding=(0, 2), expand=True)
        head.add_column(ratio=2, no_wrap=True, overflow=self._overflow)
        head.add_column(ratio=1)
        head.add_column(no_wrap=True)
        bar = ProgressBar(total=max(self._total, 1), completed=self._counts.total())
        head.add_row(Text(title, overflow=self._overflow), bar, Text(self.figures()))
        return head

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


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
