"""What a command gives back: for a person, for a program, for the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zoomcall.cli.exit_status import ExitStatus
from zoomcall.cli.render.page import Page
from zoomcall.domain.cause import Cause, Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """A failure, explained: the contract's ``error`` object, and what text errors say.

    Attributes:
        status: The exit status that goes with it; ``kind`` is its word.
        title: What failed, one sentence.
        causes: Ranked.
        checked: What was found fine.
        network: Where on the way it broke.
        http_status: Of Zoom's answer.
        zoom_code: Zoom's own code.
        zoom_message: Zoom's own words.
        is_retryable: Whether the same command may work later without a change.
        retry_at: When.
        tracking_id: ``x-zm-trackingid``.
        doc: The ``zoomcall explain`` topic, like ``explain 124``.
        fix: What mends it, where no cause says so.
        command: A command that mends it, where no cause says so.
        dialled: One sentence: whether anything may ring.
    """

    status: ExitStatus
    title: str
    causes: tuple[Cause, ...] = ()
    checked: tuple[Checked, ...] = ()
    network: str | None = None
    http_status: int | None = None
    zoom_code: int | str | None = None
    zoom_message: str | None = None
    is_retryable: bool = False
    retry_at: datetime | None = None
    tracking_id: str | None = None
    doc: str | None = None
    fix: str | None = None
    command: str | None = None
    dialled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's answer.

    Attributes:
        page: What a person reads on stdout.
        result: The contract's ``result``: plain JSON values, datetimes allowed.
        status: The exit status.
        error: Why it is not 0.
        raw: Exact text for stdout instead of ``page``, whatever the output format (``token mint``
            in text form, ``completion``, ``--curl``, ``schema``).
    """

    page: Page = ()
    result: Mapping[str, Any] | None = None
    status: ExitStatus = ExitStatus.OK
    error: ErrorReport | None = None
    raw: str | None = field(default=None, repr=False)
