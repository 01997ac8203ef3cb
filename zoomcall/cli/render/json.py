"""The JSON documents (contract 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from zoomcall.cli.answer import ErrorReport
from zoomcall.domain.cause import Cause, Checked, Notice
from zoomcall.domain.exit_status import ExitStatus


def time_text(moment: datetime) -> str:
    """Give RFC 3339 in UTC: whole seconds without a fraction, else milliseconds."""
    moment = moment.astimezone(UTC)
    precision = "milliseconds" if moment.microsecond >= 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def cause_json(cause: Cause) -> dict[str, Any]:
    """Give a cause or finding."""
    return {
        "id": cause.id,
        "certainty": cause.certainty.value,
        "evidence": cause.evidence,
        "fix": cause.fix,
        "command": cause.command,
    }


def checked_json(checked: Checked) -> dict[str, Any]:
    """Give what was found fine."""
    return {"id": checked.id, "evidence": checked.evidence}


def error_json(error: ErrorReport) -> dict[str, Any]:
    """Give the ``error`` object."""
    return {
        "kind": error.status.word,
        "network": error.network,
        "http_status": error.http_status,
        "zoom_code": error.zoom_code,
        "zoom_message": error.zoom_message,
        "title": error.title,
        "causes": [cause_json(cause) for cause in error.causes],
        "checked": [checked_json(checked) for checked in error.checked],
        "retryable": error.is_retryable,
        "retry_at": error.retry_at,
        "tracking_id": error.tracking_id,
        "doc": error.doc,
        "fix": error.fix,
        "command": error.command,
    }


def envelope(
    *,
    schema: str,
    status: ExitStatus,
    profile: str | None,
    credential: Mapping[str, str | None],
    warnings: Sequence[Notice],
    error: ErrorReport | None,
    result: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Give the document that every command prints with ``--json``."""
    return {
        "schema": schema,
        "ok": status is ExitStatus.OK,
        "exit_code": int(status),
        "exit_name": status.word,
        "profile": profile,
        "credential": dict(credential),
        "warnings": [{"id": warning.id, "message": warning.message} for warning in warnings],
        "error": None if error is None else error_json(error),
        "result": result,
    }


def dumps(document: Mapping[str, Any], *, is_line: bool = False) -> str:
    """Write a document in ASCII, with every other character escaped, so that no terminal can be steered by it."""
    return json.dumps(document, default=_plain, indent=None if is_line else 2)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return time_text(value)
        case Enum():
            return value.value
        case Notice():
            return {"id": value.id, "message": value.message}
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value")
