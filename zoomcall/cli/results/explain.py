"""Result of ``explain``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.usecases.topics import TopicPage


class ExplainResult(Struct, frozen=True, kw_only=True):
    """Pages about codes, causes, reasons, states and exit codes."""

    topic: Annotated[str | None, Meta(description="The topic as it was asked for; null for every page.")]
    pages: Annotated[tuple[TopicPage, ...], Meta(min_length=1, description="The pages about it.")]
