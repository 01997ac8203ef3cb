"""Documents held against the program's own JSON Schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from zoomcall.cli.schemas.documents import document as schema_of
from zoomcall.cli.schemas.shapes import shapes


class SchemaError(AssertionError):
    """The program printed what its schema does not allow."""


def check(document: Any) -> None:
    """Hold one JSON document against the schema that it names.

    Raises:
        SchemaError: It names none that there is, or breaks it.
    """
    name = document.get("schema") if isinstance(document, dict) else None
    validators = _validators()
    if name not in validators:
        raise SchemaError(f"there is no schema {name!r}")
    error = best_match(validators[name].iter_errors(document))
    if error is not None:
        raise SchemaError(f"{name}: {error.json_path}: {error.message}")


@cache
def _validators() -> dict[str, Draft202012Validator]:
    validators = {shape.id: Draft202012Validator(schema_of(shape)) for shape in shapes()}
    for validator in validators.values():
        Draft202012Validator.check_schema(validator.schema)
    return validators
