"""What batches need: a journal that keeps their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from zoomcall.domain.batch import BatchRow, KeptRow, KeptRun, RunId
from zoomcall.usecases.dialing.ports import CallJournal


class Runs(Protocol):
    """The runs in a journal."""

    def begin(self, *, at: datetime, tag: str | None, total: int) -> RunId:
        """Record the start of a run of ``total`` rows."""

    def newest(self) -> KeptRun | None:
        """Return the newest run; None if there is none."""

    def rows(self, run: RunId) -> tuple[KeptRow, ...]:
        """Return what became of the rows of a run that ended, in their order."""

    def keep(self, run: RunId, row: BatchRow, *, state: str, document: str) -> None:
        """Record what became of a row; it is on disk afterwards."""

    def end(self, run: RunId, *, at: datetime) -> None:
        """Record that a run is over."""


class RunJournal(CallJournal, Protocol):
    """A journal of calls that keeps runs too."""

    @property
    def runs(self) -> Runs:
        """The runs."""
