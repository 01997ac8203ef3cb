"""JSON Schemas (2020-12), derived from the types of documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec.json import schema_components

from zoomcall.cli.schemas.shapes import Shape, shapes
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.knowledge.lexicon import exit_texts

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GROWTH = (
    "Later versions may add keys and words; ignore those that you do not know. "
    "What is described here keeps its meaning."
)
_NAMES = {"Notice": "warning", "TimelineEntry": "seen"}
"""Definitions that users know by a name other than their type's."""
_TIME: Schema = {
    "description": "RFC 3339, UTC.",
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$",
}


def document(shape: Shape) -> Schema:
    """Return the schema of one kind of document."""
    (body,), definitions = _derive(shape)
    return {"$schema": _DIALECT, "title": shape.title, "description": _GROWTH, **body, "$defs": definitions}


def every_document() -> Schema:
    """Return one schema for everything that the program prints as JSON, with commands and exit codes."""
    bodies, definitions = _derive(*shapes())
    named = {f"document.{shape.name}": (shape, body) for shape, body in zip(shapes(), bodies, strict=True)}
    return {
        "$schema": _DIALECT,
        "title": "Every JSON output of zoomcall",
        "description": _GROWTH,
        "commands": {command: shape.id for shape in shapes() for command in shape.commands},
        "exit_codes": [
            {"code": int(status), "name": status.word, "meaning": meaning} for status, meaning in exit_meanings()
        ],
        "oneOf": [_reference(name) for name in named],
        "$defs": definitions | {name: {"title": shape.title, **body} for name, (shape, body) in named.items()},
    }


def exit_meanings() -> Iterable[tuple[ExitStatus, str]]:
    """Return every exit code with what it means."""
    return ((status, exit_texts()[status.word].meaning) for status in ExitStatus)


def _derive(*chosen: Shape) -> tuple[list[Schema], Schema]:
    """Return the schemas of documents, and the definitions that they refer to."""
    references, components = schema_components([shape.document for shape in chosen])
    definitions = {name: _definition(component) for name, component in components.items()}
    bodies = [definitions.pop(_type_name(reference)) for reference in references]
    return [_body(shape, body) for shape, body in zip(chosen, bodies, strict=True)], {
        **{_public_name(name): definition for name, definition in definitions.items()},
        "time": _TIME,
        "outcome": {
            "description": "Exit code, its name, and the error that goes with it.",
            "oneOf": [_outcome(status, meaning) for status, meaning in exit_meanings()],
        },
    }


def _definition(component: Schema) -> Schema:
    """Return what msgspec derives from a type, without its docstring; a key with a default is always there too."""
    if "enum" in component:
        return {"enum": component["enum"]}
    properties = component["properties"]
    required = [key for key, value in properties.items() if key in component["required"] or "default" in value]
    for value in properties.values():
        value.pop("default", None)
    return {
        "type": "object",
        "properties": {key: _translated(value) for key, value in properties.items()},
        "required": required,
    }


def _translated(node: Any) -> Any:
    """Return a derived schema with the names and the times of the contract."""
    match node:
        case list():
            return [_translated(each) for each in node]
        case {"$ref": str(), **rest}:
            return {**rest, **_reference(_public_name(_type_name(node)))}
        case {"type": "string", "format": "date-time", **rest}:
            return {**rest, **_reference("time")}
        case dict():
            return {key: _translated(value) for key, value in node.items()}
        case _:
            return node


def _type_name(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _public_name(type_name: str) -> str:
    return _NAMES.get(type_name) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type_name).lower()


def _body(shape: Shape, derived: Schema) -> Schema:
    properties = derived["properties"]
    properties["schema"] = {"description": "What this document is, and its version.", "const": shape.id}
    if "exit_code" not in properties:
        return derived
    return {
        **derived,
        "allOf": [_reference("outcome")],
        # Success has a result.
        "if": {"properties": {"ok": {"const": True}}},
        "then": {"properties": {"result": {"type": "object"}}},
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


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
