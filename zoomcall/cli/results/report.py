"""Results of ``report``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.cli.results.batch import BatchRowResult


class ReportRow(BatchRowResult, frozen=True, kw_only=True):
    """The outcome of one row, from a batch's own result or from its journal."""

    row: Annotated[  # type: ignore[assignment] # a journal knows a row's number once the row has ended
        int | None, Meta(description="Which data row of the input it is; null for a call that a run left open.")
    ]


class ReportResult(Struct, frozen=True, kw_only=True):
    """Finished batches, merged."""

    rows: Annotated[tuple[ReportRow, ...], Meta(description="Every row, in the order of the input.")]
    total: Annotated[int, Meta(description="How many rows the runs have; more than rows if one was cut short.")]
    totals: Annotated[dict[str, int], Meta(description="How many rows ended in each state.")]
    started_at: Annotated[Time | None, Meta(description="When the first run began, if known.")]
    ended_at: Annotated[
        Time | None, Meta(description="When the last run ended; null if one was cut short, or if it is not known.")
    ]
