"""Result of ``doctor``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.domain.cause import Cause
from zoomcall.usecases.checking.verdicts import CheckId, CheckStatus


class DoctorCheck(Struct, frozen=True, kw_only=True):
    """One check."""

    id: Annotated[CheckId, Meta(description="The name that --only takes.")]
    status: Annotated[CheckStatus, Meta(description="How the check ended.")]
    seconds: Annotated[float, Meta(ge=0, description="How long it took, from when its turn came.")]
    detail: Annotated[str, Meta(description="What was seen.")]
    fix: Annotated[str | None, Meta(description="What to do; null only if the status is ok.")]
    command: Annotated[str | None, Meta(description="A command line that fixes it or shows more.")]
    exit_code: Annotated[
        int | None, Meta(description="Exit code of a failed check; that of the first one is the program's.")
    ]
    causes: Annotated[tuple[Cause, ...], Meta(description="Why, the likeliest first.")]


_RULES = [
    {
        "if": {"properties": {"status": {"const": "ok"}}},
        "else": {"properties": {"fix": {"type": "string", "minLength": 1}}},
    },
    {
        "if": {"properties": {"status": {"const": "failed"}}},
        "then": {"properties": {"exit_code": {"type": "integer", "minimum": 1}}},
        "else": {"properties": {"exit_code": {"type": "null"}}},
    },
]


class DoctorResult(Struct, frozen=True, kw_only=True):
    """Checks of everything that an invite needs."""

    checks: Annotated[
        tuple[Annotated[DoctorCheck, Meta(extra_json_schema={"allOf": _RULES})], ...],
        Meta(description="The checks that were asked for, always in the same order."),
    ]
