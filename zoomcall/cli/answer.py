"""What a command gives back: for a person, for a program, for the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoomcall.cli.exit_status import ExitStatus
from zoomcall.cli.render.page import Page
from zoomcall.domain.cause import Explained


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport(Explained):
    """A failure, explained, with what the command line adds.

    Attributes:
        status: The exit status that goes with it; the contract's ``kind`` is its word.
        dialled: One sentence: whether anything may ring.
    """

    status: ExitStatus
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
