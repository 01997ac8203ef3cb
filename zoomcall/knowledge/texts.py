"""Causes and endpoints, kept as data and read on first use."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct


class Family(StrEnum):
    """Which refusals a cause can explain."""

    TOKEN = "token"  # noqa: S105 - a family of causes, not a token
    KIND = "kind"
    REQUEST = "request"
    STATE = "state"
    CALL = "call"


class Basis(StrEnum):
    """Where an explanation comes from."""

    OFFICIAL = "official"
    FORUM = "forum"
    SAMPLE_CODE = "sample-code"
    INFERRED = "inferred"
    UNCONFIRMED = "unconfirmed"


class CauseText(Struct, frozen=True, kw_only=True):
    """One cause of ``causes.toml``.

    Attributes:
        id: A cause id of contract 4.
        rank: Its place in the file, which ranks equally certain causes.
        family: Which refusals it can explain.
        subject: What was checked, where finding it right says something about a refused credential.
        title: One line.
        meaning: One to three sentences.
        fix: How to fix it, in the imperative.
        command: A command that fixes it or shows more.
        example: What it looks like.
        sources: URLs.
        basis: Where the explanation comes from.
    """

    id: str
    rank: int
    family: Family
    subject: str
    title: str
    meaning: str
    fix: str
    command: str | None
    example: str
    sources: tuple[str, ...]
    basis: Basis


class Endpoint(Struct, frozen=True, kw_only=True):
    """One of Zoom's endpoints that ring rooms or report on them.

    Attributes:
        method: HTTP method.
        path: Below the API base, with ``{placeholders}``.
        label: Zoom's rate limit label.
        classic_scopes: Any one of them will do.
        granular_scopes: Any one of them will do.
    """

    method: str
    path: str
    label: str
    classic_scopes: tuple[str, ...]
    granular_scopes: tuple[str, ...]


@cache
def cause_texts() -> Mapping[str, CauseText]:
    """Return every cause by its id, in rank order."""
    rows = read_toml("causes.toml")["cause"]
    return {
        row["id"]: CauseText(
            id=row["id"],
            rank=rank,
            family=Family(row["family"]),
            subject=row["subject"],
            title=row["title"],
            meaning=row["meaning"],
            fix=row["fix"],
            command=row.get("command"),
            example=row["example"],
            sources=tuple(row["sources"]),
            basis=Basis(row["basis"]),
        )
        for rank, row in enumerate(rows)
    }


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Return the endpoints that this program uses."""
    return tuple(
        Endpoint(
            method=row["http"],
            path=row["path"],
            label=row["label"],
            classic_scopes=tuple(row["classic_scopes"]),
            granular_scopes=tuple(row["granular_scopes"]),
        )
        for row in json.loads(read_text("endpoints.json"))["endpoints"]
    )


def read_toml(name: str) -> dict[str, Any]:
    """Read a TOML file beside this module."""
    return tomllib.loads(read_text(name))


def read_text(name: str) -> str:
    """Read a file beside this module."""
    return files("zoomcall.knowledge").joinpath(name).read_text(encoding="utf-8")
