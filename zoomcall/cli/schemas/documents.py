"""Shapes made into whole JSON Schemas (2020-12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from zoomcall.cli.schemas.shapes import Shape, shapes
from zoomcall.domain.call import EvidenceSource, Match, Sent, State
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import CredentialKind, CredentialSource
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import NetworkWord
from zoomcall.knowledge.lexicon import exit_texts

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GROWTH = (
    "Later versions may add keys and words; a reader ignores what it does not know. "
    "What stands here keeps its meaning."
)
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}


def document(shape: Shape) -> Schema:
    """Give the schema of one kind of document."""
    return {
        "$schema": _DIALECT,
        "title": shape.title,
        "description": _GROWTH,
        **_body(shape),
        "$defs": _definitions(),
    }


def every_document() -> Schema:
    """Give one schema that holds for everything that the program prints as JSON, with commands and exit codes."""
    return {
        "$schema": _DIALECT,
        "title": "Every JSON output of zoomcall",
        "description": _GROWTH,
        "commands": {command: shape.id for shape in shapes() for command in shape.commands},
        "exit_codes": [
            {"code": int(status), "name": status.word, "meaning": meaning} for status, meaning in exit_meanings()
        ],
        "oneOf": [_reference(f"document.{shape.name}") for shape in shapes()],
        "$defs": _definitions()
        | {f"document.{shape.name}": {"title": shape.title, **_body(shape)} for shape in shapes()},
    }


def exit_meanings() -> Iterable[tuple[ExitStatus, str]]:
    """Give every exit code with what it means."""
    return ((status, exit_texts()[status.word].meaning) for status in ExitStatus)


def _body(shape: Shape) -> Schema:
    if not shape.has_envelope:
        given = dict(shape.result)
        return {
            **given,
            "required": ["schema", *given["required"]],
            "properties": {"schema": {"const": shape.id}, **given["properties"]},
        }
    return {
        "type": "object",
        "required": [
            *("schema", "ok", "exit_code", "exit_name", "profile", "credential", "warnings", "error", "result"),
        ],
        "properties": {
            "schema": {"const": shape.id},
            "profile": _TEXT_OR_NULL,
            "credential": _reference("credential"),
            "warnings": {"type": "array", "items": _reference("warning")},
            "result": {"anyOf": [{"type": "null"}, dict(shape.result)]},
        },
        "allOf": [_reference("outcome")],
        # An answer that is fine has a result.
        "if": {"properties": {"ok": {"const": True}}},
        "then": {"properties": {"result": {"type": "object"}}},
    }


def _definitions() -> Schema:
    cause = _object(id=_TEXT, certainty=_words(Certainty), evidence=_TEXT, fix=_TEXT_OR_NULL, command=_TEXT_OR_NULL)
    return {
        "outcome": {
            "description": "Exit code, its name, and the error that goes with it.",
            "oneOf": [_outcome(status, meaning) for status, meaning in exit_meanings()],
        },
        "credential": {
            "description": "The credential that was used, once one was chosen.",
            **_object(kind=_words(CredentialKind, None), source=_words(CredentialSource, None)),
        },
        "warning": _object(id=_TEXT, message=_TEXT),
        "error": _object(
            kind={"description": "The exit name.", **_TEXT},
            network=_words(NetworkWord, None),
            http_status={"type": ["integer", "null"]},
            zoom_code={"type": ["integer", "string", "null"]},
            zoom_message=_TEXT_OR_NULL,
            title=_TEXT,
            causes={"description": "The likeliest first.", "type": "array", "items": _reference("cause")},
            checked={"description": "What was found fine.", "type": "array", "items": _reference("checked")},
            retryable={"type": "boolean"},
            retry_at={"anyOf": [_reference("time"), {"type": "null"}]},
            tracking_id=_TEXT_OR_NULL,
            doc={"description": "Arguments of zoomcall that print the page about it.", **_TEXT_OR_NULL},
            fix={"description": "What mends it, where no cause says so.", **_TEXT_OR_NULL},
            command={"description": "A command line that mends it or shows more.", **_TEXT_OR_NULL},
        ),
        "cause": cause,
        "checked": _object(id=_TEXT, evidence=_TEXT),
        "time": {
            "description": "RFC 3339, UTC.",
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$",
        },
        "state": _words(State),
        "sent": {"description": "May the room be ringing?", **_words(Sent)},
        "evidence": _object(source=_words(EvidenceSource), match=_words(Match)),
        "reason": _object(code={"type": "integer"}, name=_TEXT),
        "seen": _object(state=_reference("state"), at=_reference("time"), source=_TEXT),
    }


def _outcome(status: ExitStatus, meaning: str) -> Schema:
    if status is ExitStatus.OK:
        error: Schema = {"type": "null"}
    else:
        error = _reference("error") | {"properties": {"kind": {"const": status.word}}}
        if status.has_causes:
            error["properties"]["causes"] = {"minItems": 1}
    return {
        "description": meaning,
        "properties": {
            "ok": {"const": status is ExitStatus.OK},
            "exit_code": {"const": int(status)},
            "exit_name": {"const": status.word},
            "error": error,
        },
    }


def _object(**properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _words(words: type[Enum], *more: None) -> Schema:
    return {"enum": [*(word.value for word in words), *more]}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
