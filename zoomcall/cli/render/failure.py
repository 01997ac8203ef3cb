"""An error as a person reads it: what, why, what was fine, the fix, whether anything was dialled."""

from __future__ import annotations

from collections.abc import Iterator

from zoomcall.cli.answer import ErrorReport
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.json import time_text
from zoomcall.domain.cause import Cause


def error_page(error: ErrorReport) -> Page:
    """Lay out an error."""
    return tuple(_lines(error))


def _lines(error: ErrorReport) -> Iterator[Line]:
    yield Line(f"error: {error.title}", Tone.BAD)
    if error.dialled:
        yield Line(error.dialled, Tone.TITLE, indent=2)
    if error.causes:
        yield Line("why:", Tone.TITLE, indent=2)
        for cause in error.causes:
            yield from _cause_lines(cause)
    if error.checked:
        yield Line("checked and found fine:", Tone.TITLE, indent=2)
        for checked in error.checked:
            yield Line(f"{checked.id}: {checked.evidence}", Tone.DIM, indent=4)
    yield from _way_out_lines(error)


def _way_out_lines(error: ErrorReport) -> Iterator[Line]:
    is_told_by_cause = any(cause.fix for cause in error.causes)
    if error.fix and not is_told_by_cause:
        yield Line(f"fix: {error.fix}", indent=2)
    if error.command and not is_told_by_cause:
        yield Line(f"run: {error.command}", Tone.COMMAND, indent=2)
    if error.retry_at:
        yield Line(f"try again at {time_text(error.retry_at)}", indent=2)
    if error.tracking_id:
        yield Line(f"Zoom's tracking id: {error.tracking_id}", Tone.DIM, indent=2)
    if error.doc:
        yield Line(f"more: zoomcall {error.doc}", Tone.DIM, indent=2)


def _cause_lines(cause: Cause) -> Iterator[Line]:
    tone = Tone.BAD if cause.certainty == "certain" else Tone.WARNING if cause.certainty == "likely" else Tone.PLAIN
    yield Line(f"{cause.certainty}: {cause.id}: {cause.evidence}", tone, indent=4)
    if cause.fix:
        yield Line(f"fix: {cause.fix}", indent=6)
    if cause.command:
        yield Line(f"run: {cause.command}", Tone.COMMAND, indent=6)


def findings_page(causes: tuple[Cause, ...]) -> Page:
    """Lay out findings alone, for commands whose answer they are."""
    return tuple(line for cause in causes for line in _cause_lines(cause))
