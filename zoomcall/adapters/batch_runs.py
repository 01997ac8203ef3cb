"""The runs of batches, kept in a journal's file: which rows they have, and what became of them."""

from __future__ import annotations

from datetime import datetime

from zoomcall.adapters.journal_file import JournalFile, from_ms, to_ms
from zoomcall.domain.batch import BatchRow, KeptRow, KeptRun, RowKey, RunId
from zoomcall.errors import NotConfigured


class BatchRuns:
    """Runs; threads may share it.

    Args:
        file: The journal's file.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def begin(self, *, at: datetime, tag: str | None, total: int) -> RunId:
        """Record the start of a run of ``total`` rows."""
        with self._file.transaction():
            cursor = self._file.execute(
                "INSERT INTO batch (started_ms, tag, total) VALUES (?, ?, ?)", (to_ms(at), tag, total)
            )
            return RunId(cursor.lastrowid or 0)

    def newest(self) -> KeptRun | None:
        """Return the newest run; None if there is none."""
        rows = self._file.rows("SELECT id, started_ms, ended_ms, tag, total FROM batch ORDER BY id DESC LIMIT 1")
        for identifier, started, ended, tag, total in rows:
            return KeptRun(
                id=RunId(int(str(identifier))),
                started_at=from_ms(int(str(started))),
                ended_at=None if ended is None else from_ms(int(str(ended))),
                tag=None if tag is None else str(tag),
                total=int(str(total)),
            )
        return None

    def rows(self, run: RunId) -> tuple[KeptRow, ...]:
        """Return what became of the rows of a run that ended, in their order.

        Raises:
            NotConfigured: One of them is damaged.
        """
        rows = self._file.rows(
            "SELECT row, protocol, address, target, state, document FROM batch_row WHERE batch = ? ORDER BY row",
            (run,),
        )
        try:
            return tuple(KeptRow.of(*map(str, row)) for row in rows)
        except ValueError as error:
            raise NotConfigured(f"the journal has a row that cannot be read: {error}") from error

    def keep(self, run: RunId, row: BatchRow, *, state: str, document: str) -> None:
        """Record what became of a row; it is on disk afterwards.

        Raises:
            NotConfigured: It could not be recorded.
        """
        key: RowKey = row.key
        with self._file.transaction():
            self._file.execute(
                "INSERT OR REPLACE INTO batch_row (batch, row, protocol, address, target, state, document)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run, row.number, key.protocol.value, key.address, key.target, state, document),
            )
        self._file.flush()

    def end(self, run: RunId, *, at: datetime) -> None:
        """Record that a run is over."""
        with self._file.transaction():
            self._file.execute("UPDATE batch SET ended_ms = ? WHERE id = ?", (to_ms(at), run))
        self._file.flush()
