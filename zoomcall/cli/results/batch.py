"""Results of ``invite batch``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Error, Time
from zoomcall.cli.results.invite import InviteResult, InviteTarget, Room


class BatchRowResult(InviteResult, frozen=True, kw_only=True):
    """The outcome of one row: an invite's result, and what the row adds."""

    target: Annotated[  # type: ignore[assignment] # a bad row may have none
        InviteTarget | None, Meta(description="The session or meeting of the row; null for a bad row.")
    ]
    room: Annotated[Room | None, Meta(description="The room of the row; null for a bad row.")]  # type: ignore[assignment]
    row: Annotated[int, Meta(description="Which data row of the input it is, from 1.")]
    exit_code: Annotated[int, Meta(description="The exit code that an invite of its own would have had.")]
    error: Annotated[Error | None, Meta(description="Why exit_code is not 0.")]
    name: Annotated[str | None, Meta(description="What the row calls the room.")]
    note: Annotated[str | None, Meta(description="The row's remark.")]
    tag: Annotated[str | None, Meta(description="The row's tag.")]
    attempts: Annotated[int, Meta(description="How often the room was rung.")]


class BatchResult(Struct, frozen=True, kw_only=True):
    """The outcome of a batch."""

    rows: Annotated[tuple[BatchRowResult, ...], Meta(description="Every row, in the order of the input.")]
    totals: Annotated[dict[str, int], Meta(description="How many rows ended in each state.")]
    started_at: Annotated[Time, Meta(description="When the first row was taken up.")]
    ended_at: Annotated[Time, Meta(description="When the last row ended.")]


class BatchRowLine(
    BatchRowResult, frozen=True, kw_only=True, tag_field="schema", tag="zoomcall.invite.batch.row/1"
):
    """The outcome of one row, as invite batch -o jsonl prints it when the row ends."""
