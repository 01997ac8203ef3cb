"""What a batch says while it runs: a line for each row that ends, warnings, and how far it came."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Self

from msgspec.structs import asdict

from zoomcall.cli.page import Line, Tone
from zoomcall.cli.render.batch_progress import BatchProgress, targets_in_words
from zoomcall.cli.render.json import dumps
from zoomcall.cli.render.text import write_page
from zoomcall.cli.results.batch import BatchRowLine, BatchRowResult
from zoomcall.cli.run import Run
from zoomcall.domain.batch import BatchRow
from zoomcall.domain.call import State, TimelineEntry
from zoomcall.domain.cause import Notice
from zoomcall.domain.shown_text import printable
from zoomcall.domain.target import Target
from zoomcall.usecases.batching.batch import RowReport
from zoomcall.usecases.dialing.report import CallReport

_NEWS_SECONDS = 60.0
_MOST_OF_A_KIND = 5


class RowVoice:
    """Receives what happens during one row's call."""

    def __init__(self, run: Run, row: BatchRow, voice: BatchVoice) -> None:
        self._run = run
        self._row = row
        self._voice = voice

    def warn(self, notice: Notice) -> None:
        """Show a warning, of each kind only for the first few rows."""
        if sum(each.id == notice.id for each in self._run.notices) < _MOST_OF_A_KIND:
            told = self._row.callout.address.protocol.told(notice.message)
            with self._voice.aside():
                self._run.notice(Notice(notice.id, f"row {self._row.number}: {told}"))

    def detail(self, text: str) -> None:
        """Show a detail."""
        self._voice.detail(f"row {self._row.number}: {self._row.callout.address.protocol.told(text)}")

    def progress(self, state: State, elapsed: timedelta) -> None:
        """Ignore the passing of time."""

    def entry(self, entry: TimelineEntry) -> None:
        """Show a new line of the timeline."""
        self.detail(f"{entry.state} ({entry.source})")
        self._voice.moves(self._row, entry.state)


class BatchVoice:
    """Receives what becomes of the rows.

    Args:
        run: The run.
        rows: What is rung.
        keep: Makes and keeps a row's document.
    """

    def __init__(self, run: Run, rows: Sequence[BatchRow], *, keep: Callable[[RowReport], BatchRowResult]) -> None:
        self._run = run
        self._keep = keep
        self._kept: dict[int, BatchRowResult] = {}
        self._total = len(rows)
        targets = {str(row.target) for row in rows}
        self._target = targets.pop() if len(targets) == 1 else None
        self._is_stopping = False
        self._counts: Counter[State] = Counter()
        self._told_at = time.monotonic()
        self._waited_for = 0
        self._not_live = 0
        self._lock = threading.RLock()
        is_person = run.streams.is_stderr_terminal and not run.output.is_document and not run.options.is_quiet
        into = "sessions and meetings" if self._target is None else self._target
        title = f"Ringing {self._total} {'room' if self._total == 1 else 'rooms'} into {into}"
        self._progress = BatchProgress(run.streams, printable(title), self._total, is_shown=is_person)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # a line that stays on the screen must not cost the answer
            self._progress.clear()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make room for a line that is printed beside the progress."""
        with self._lock:
            self._progress.clear()
            yield

    def detail(self, text: str) -> None:
        """Show a detail, if details are asked for."""
        if self._run.options.is_verbose or self._run.options.is_debug:
            with self.aside():
                self._run.detail(text)

    def waits(self, targets: int) -> None:
        """Show for how many sessions and meetings rows wait."""
        with self._lock:
            self._waited_for = targets
            self._progress.wait_for(targets)
            self._tell()

    def is_not_live(self, target: Target, why: str, rows: int, wait: str) -> None:
        """Show why rows wait; of many targets only for the first few, unless details are asked for."""
        line = f"{target} {why}; {'its row waits' if rows == 1 else f'its {rows} rows wait'} up to {wait}"
        self._not_live += 1
        if self._not_live > _MOST_OF_A_KIND:
            self.detail(line)
        elif not self._run.options.is_quiet:
            with self.aside():
                self._run.say((Line(line),))

    def moves(self, row: BatchRow, state: State) -> None:
        """Show the new state of a row that rings."""
        with self._lock:
            self._progress.put(row.number, row.callout.address.shown, state.value)

    def begins(self, row: BatchRow, attempt: int) -> None:
        """Show that a room is rung."""
        again = f", attempt {attempt}" if attempt > 1 else ""
        self.detail(f"row {row.number}: ringing {row.callout.address.shown}{again}")
        with self._lock:
            self._progress.put(row.number, row.callout.address.shown, "starting")

    def passes(self, *, is_stopping: bool) -> None:
        """Show the passing of time, and once that nothing more is sent."""
        with self._lock:
            if is_stopping and not self._is_stopping:
                self._is_stopping = True
                self._progress.stop()
                if not self._run.options.is_quiet:
                    with self.aside():
                        self._run.say(
                            (Line("No more rooms are rung; waiting for what rings. Ctrl-C again leaves."),)
                        )
            self._progress.draw()

    def retries(self, row: BatchRow, call: CallReport, pause: timedelta) -> None:
        """Show that a room will be rung again."""
        seconds = f"{pause.total_seconds():g}"
        self.detail(f"row {row.number}: {call.state}; ringing it again in {seconds} s")

    def keep(self, report: RowReport) -> None:
        """Make and keep a row's document."""
        self._kept[report.row.number] = self._keep(report)

    def ends(self, report: RowReport) -> None:
        """Show what became of a row that was kept."""
        row, result = report.row, self._kept.pop(report.row.number)
        with self._lock:
            self._counts[result.state] += 1
            self._progress.clear()
            if self._run.output.is_stream:
                self._run.streams.stdout.write(dumps(BatchRowLine(**asdict(result)), is_line=True) + "\n")
                self._run.streams.stdout.flush()
            elif not self._run.output.is_document:
                self._say(row, result)
            self._tell()
            self._progress.end(row.number, result.state)

    def _say(self, row: BatchRow, result: BatchRowResult) -> None:
        room, why = row.callout.address.shown, "" if result.error is None else result.error.title
        into = "" if self._target is not None else f" into {row.target}"
        what = why if room in why and not into else f"{room}{into}{why and f': {why}'}"
        line = f"row {row.number}: {result.state}: {what}"
        tone = Tone.GOOD if result.exit_code == 0 else Tone.BAD
        stream = self._run.streams.stdout
        write_page((Line(line, tone),), stream, self._run.streams.look_of(stream))
        stream.flush()

    def _tell(self) -> None:
        """Show once a minute how far the run came."""
        now = time.monotonic()
        if now - self._told_at < _NEWS_SECONDS or self._run.options.is_quiet:
            return
        self._told_at = now
        done = sum(self._counts.values())
        words = [f"{count} {state}" for state, count in self._counts.most_common()]
        if self._waited_for:
            words.append(f"waiting until {targets_in_words(self._waited_for)} live")
        self._progress.clear()
        self._run.say((Line(f"{done} of {self._total} rows: {', '.join(words)}"),))
