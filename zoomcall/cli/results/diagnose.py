"""Result of ``diagnose``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.domain.cause import Cause, Checked


class Corrected(Struct, frozen=True, kw_only=True):
    """The corrected request, twice."""

    zoomcall: Annotated[str | None, Meta(description="As a zoomcall command line; null if there is none for it.")]
    curl: Annotated[str | None, Meta(description="As a POSIX shell line; null if none can be built.")]


class DiagnoseResult(Struct, frozen=True, kw_only=True):
    """Why a request fails, and the corrected request."""

    understood: Annotated[
        tuple[str, ...],
        Meta(description="What was read from the input, in words: its form, method, URL, headers, body, answer."),
    ]
    not_understood: Annotated[tuple[str, ...], Meta(description="What was not, in words.")]
    findings: Annotated[tuple[Cause, ...], Meta(description="What is wrong, the likeliest first.")]
    checked: Annotated[tuple[Checked, ...], Meta(description="What was checked and found fine.")]
    corrected: Annotated[Corrected, Meta(description="The corrected request.")]
