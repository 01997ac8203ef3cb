"""Why something failed: causes with certainty and evidence, and what was checked and found fine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.errors import Detail


class Certainty(StrEnum):
    """How certain a cause is, judged from evidence alone."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Cause(Struct, frozen=True):
    """One reason why Zoom refused or would refuse; its id is one of contract 4."""

    id: Annotated[str, Meta(description="Its id, which zoomcall explain takes.")]
    certainty: Annotated[Certainty, Meta(description="How sure it is.")]
    evidence: Annotated[str, Meta(description="What was seen, in words, without any secret.")]
    fix: Annotated[str, Meta(description="How to fix it.")]
    command: Annotated[str | None, Meta(description="A command line that fixes it or shows more.")] = None


class Checked(Struct, frozen=True):
    """A cause that was checked and ruled out."""

    id: Annotated[str, Meta(description="The id of the cause.")]
    evidence: Annotated[str, Meta(description="What was seen that rules it out.")]


class Judgement(Struct, frozen=True):
    """Causes, most likely first, and what was found fine."""

    causes: tuple[Cause, ...] = ()
    checked: tuple[Checked, ...] = ()


class Explained(Struct, frozen=True, kw_only=True):
    """A failure, explained: what the contract's ``error`` object and a text error need (contract 3).

    Attributes:
        title: What failed, in one sentence.
        causes: Ranked; never empty for auth, not-entitled, no-session, no-op and rejected.
        checked: What was found fine.
        network: Where the connection failed.
        http_status: The HTTP status of Zoom's answer.
        zoom_code: Zoom's own code.
        zoom_message: Zoom's own words, without control characters and secrets.
        is_retryable: Whether the same command may work later, with no risk of ringing the room twice.
        retry_at: When to retry, if known.
        tracking_id: ``x-zm-trackingid``.
        doc: Arguments for the command line, like ``explain 124``.
        fix: How to fix it, where no certain or likely cause says so.
        command: A command that fixes it, where no certain or likely cause says so.
        details: Each of the things that are wrong, if the title only counts them.
    """

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
    details: tuple[Detail, ...] = ()


class Notice(Struct, frozen=True, gc=False):
    """A warning: something the user should know that does not stop the command (contract 3, ``warnings``)."""

    id: Annotated[str, Meta(description="A word for this kind of warning.")]
    message: Annotated[str, Meta(description="The warning, one sentence.")]


Warn = Callable[[Notice], None]
