"""The results of the commands, one JSON file each, read when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct


class Shape(Struct, frozen=True, kw_only=True):
    """One kind of document.

    Attributes:
        id: What stands in its ``schema``, like ``zoomcall.token.mint/1``.
        title: One line.
        commands: Which print it, like ``token mint``.
        result: Schema of ``result``; of the rest of the document where there is no envelope.
        has_envelope: Whether it stands in the envelope of contract 3.
    """

    id: str
    title: str
    commands: tuple[str, ...]
    result: Mapping[str, Any]
    has_envelope: bool = True

    @property
    def name(self) -> str:
        """The id without program and version, like ``token.mint``."""
        return self.id.removeprefix("zoomcall.").partition("/")[0]


@cache
def shapes() -> tuple[Shape, ...]:
    """Give every shape, by name."""
    folder = files("zoomcall.cli.schemas").joinpath("results")
    read = [
        json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.name.endswith(".json")
    ]
    return tuple(
        sorted(
            (Shape(**{**each, "commands": tuple(each["commands"])}) for each in read), key=lambda shape: shape.name
        )
    )


def shape_named(text: str) -> Shape | None:
    """Find a shape by its name, its id or one of its commands."""
    words = " ".join(text.split())
    for shape in shapes():
        if words in {shape.id, shape.name, shape.name.replace(".", " "), *shape.commands}:
            return shape
    return None
