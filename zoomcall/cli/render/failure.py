"""Errors and findings as a person reads them: what failed, why, what was fine, the fix, whether anything rings."""

from __future__ import annotations

from collections.abc import Iterator

from zoomcall.cli.answer import ErrorReport
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.json import time_text
from zoomcall.domain.cause import Cause, Certainty, Checked, Judgement

_MOST_DETAILS = 50
_TONES = {Certainty.CERTAIN: Tone.BAD, Certainty.LIKELY: Tone.WARNING, Certainty.POSSIBLE: Tone.PLAIN}


def error_page(error: ErrorReport) -> Page:
    """Lay out an error."""
    return tuple(_lines(error))


def gist_page(gist: str) -> Page:
    """Lay out an error that the answer has told in full."""
    return (Line(gist, Tone.BAD, label="error"),)


def _lines(error: ErrorReport) -> Iterator[Line]:
    yield Line(error.title, Tone.BAD, label="error")
    yield from explanation_lines(error)


def explanation_lines(error: ErrorReport) -> Iterator[Line]:
    """Lay out all of an error but its title."""
    yield from (Line(str(detail), indent=2) for detail in error.details[:_MOST_DETAILS])
    if len(error.details) > _MOST_DETAILS:
        yield Line(f"and {len(error.details) - _MOST_DETAILS} more; --json lists them all", Tone.DIM, indent=2)
    if error.dialled:
        yield Line(error.dialled, Tone.TITLE, indent=2)
    if error.causes:
        yield Line("why:", Tone.TITLE, indent=2)
        yield from cause_lines(error.causes)
    yield from _checked_lines(error.checked, indent=2)
    yield from _way_out_lines(error)


def _way_out_lines(error: ErrorReport) -> Iterator[Line]:
    is_told_by_cause = any(cause.fix for cause in error.causes)
    if error.fix and not is_told_by_cause:
        yield Line(error.fix, indent=2, label="fix")
    if error.command and not is_told_by_cause:
        yield Line(error.command, Tone.COMMAND, indent=2, label="run")
    if error.retry_at:
        yield Line(f"try again at {time_text(error.retry_at)}", indent=2)
    if error.tracking_id:
        yield Line(f"Zoom's tracking id: {error.tracking_id}", Tone.DIM, indent=2)
    if error.doc:
        yield Line(f"zoomcall {error.doc}", Tone.DIM, indent=2, label="more")


def judgement_lines(judgement: Judgement) -> Iterator[Line]:
    """Lay out findings and what was found fine, for commands whose answer they are."""
    yield Line("findings:" if judgement.causes else "findings: none", Tone.TITLE)
    yield from cause_lines(judgement.causes)
    yield from _checked_lines(judgement.checked, indent=0)


def cause_lines(causes: tuple[Cause, ...]) -> Iterator[Line]:
    """Lay out causes, each with its fix."""
    for rank, cause in enumerate(causes, 1):
        text = f"{cause.id}: {cause.evidence}"
        yield Line(text, _TONES[cause.certainty], indent=4, label=cause.certainty.value, rank=rank)
        if cause.fix:
            yield Line(cause.fix, indent=6, label="fix")
        if cause.command:
            yield Line(cause.command, Tone.COMMAND, indent=6, label="run")


def _checked_lines(checked: tuple[Checked, ...], *, indent: int) -> Iterator[Line]:
    if checked:
        yield Line("checked and found fine:", Tone.TITLE, indent=indent)
    yield from (Line(each.evidence, Tone.DIM, indent=4, label=each.id) for each in checked)
