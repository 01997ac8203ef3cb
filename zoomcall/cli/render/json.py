"""The JSON documents (contract 3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct, to_builtins

from zoomcall.cli.answer import ErrorReport
from zoomcall.domain.cause import Cause, Checked, Explained, Notice
from zoomcall.domain.credential import CredentialKind, CredentialSource, HeldCredential
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.time_words import stamp
from zoomcall.errors import Detail, NetworkWord

Result = TypeVar("Result")
Time = Annotated[datetime, Meta(tz=True)]
"""A time in a document: RFC 3339, UTC."""


class Credential(Struct, frozen=True, kw_only=True):
    """The credential that was used, once one was chosen."""

    kind: Annotated[CredentialKind | None, Meta(description="The kind of credential.")]
    source: Annotated[CredentialSource | None, Meta(description="Where its secret was found.")]


class Error(Struct, frozen=True, kw_only=True):
    """Why the exit code is not 0."""

    kind: Annotated[str, Meta(description="The exit name.")]
    network: Annotated[NetworkWord | None, Meta(description="Where the connection broke.")]
    http_status: Annotated[int | None, Meta(description="HTTP status of Zoom's answer.")]
    zoom_code: Annotated[int | str | None, Meta(description="Zoom's error code.")]
    zoom_message: Annotated[str | None, Meta(description="Zoom's error message.")]
    title: Annotated[str, Meta(description="What failed, one sentence.")]
    causes: Annotated[tuple[Cause, ...], Meta(description="Why, the likeliest first.")]
    checked: Annotated[tuple[Checked, ...], Meta(description="What was checked and found fine.")]
    retryable: Annotated[bool, Meta(description="The same command may work later, and is safe to repeat.")]
    retry_at: Annotated[Time | None, Meta(description="When to try again, if known.")]
    tracking_id: Annotated[str | None, Meta(description="Zoom's x-zm-trackingid.")]
    doc: Annotated[str | None, Meta(description="Arguments of zoomcall that print the page about it.")]
    fix: Annotated[str | None, Meta(description="How to fix it, where no cause says so.")]
    command: Annotated[str | None, Meta(description="A command line that fixes it or shows more.")]
    details: Annotated[tuple[Detail, ...], Meta(description="Each bad row, if the title only counts them.")] = ()


class Envelope(Struct, Generic[Result], frozen=True, kw_only=True):
    """The document that every command prints with ``--json``."""

    schema: Annotated[str, Meta(description="What this document is, and its version.")]
    ok: Annotated[bool, Meta(description="Whether the exit code is 0.")]
    exit_code: Annotated[int, Meta(description="The exit code of the process.")]
    exit_name: Annotated[str, Meta(description="The name of the exit code.")]
    profile: Annotated[str | None, Meta(description="The profile in use; null for one from the environment.")]
    credential: Annotated[Credential, Meta(description="The credential in use.")]
    warnings: Annotated[tuple[Notice, ...], Meta(description="What the user should know and stops nothing.")]
    error: Annotated[Error | None, Meta(description="Why the exit code is not 0.")]
    result: Annotated[Result | None, Meta(description="The answer, as far as there is one.")]


def envelope(
    *,
    schema: str,
    status: ExitStatus,
    held: HeldCredential | None,
    warnings: Sequence[Notice],
    error: ErrorReport | None,
    result: Struct | None,
) -> Envelope[Any]:
    """Return the document that a command prints with ``--json``."""
    return Envelope(
        schema=schema,
        ok=status is ExitStatus.OK,
        exit_code=int(status),
        exit_name=status.word,
        profile=None if held is None else held.profile,
        credential=Credential(
            kind=None if held is None else held.label.kind, source=None if held is None else held.label.source
        ),
        warnings=tuple(warnings),
        error=None if error is None else error_of(error),
        result=result,
    )


def error_of(error: ErrorReport) -> Error:
    """Return an error as documents have it."""
    told = {name: getattr(error, name) for name in Explained.__struct_fields__ if name != "is_retryable"}
    return Error(kind=error.status.word, retryable=error.is_retryable, **told)


def dumps(document: object, *, is_line: bool = False) -> str:
    """Write a document in ASCII, with every other character escaped, so that no terminal can be steered by it."""
    plain = to_builtins(document, builtin_types=(datetime,))
    line = json.dumps(plain, default=time_text)
    if is_line:
        return line
    try:
        return msgspec.json.format(line, indent=2)  # json's own indenting is ten times as slow
    except msgspec.DecodeError:  # half a surrogate pair, which JSON may have
        return json.dumps(plain, default=time_text, indent=2)


def time_text(moment: datetime) -> str:
    """Return RFC 3339 in UTC: whole seconds without a fraction, else milliseconds."""
    return stamp(moment, "milliseconds" if moment.microsecond >= 1000 else "seconds")
