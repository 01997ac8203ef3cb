"""Causes and endpoints, kept as data and read on first use."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from msgspec import Struct, convert
from msgspec.json import decode

_HERE = Path(__file__).parent


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


class CauseText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cause of ``causes.toml``.

    Attributes:
        id: A cause id of contract 4.
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
    family: Family
    subject: str | None = None
    title: str
    meaning: str
    fix: str
    command: str | None = None
    example: str
    sources: tuple[str, ...]
    basis: Basis


class Endpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    """Return every cause by its id; of equally certain causes, the earlier one is told first."""
    return {text.id: text for text in read_rows("causes.toml", CauseText)}


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Return the endpoints that this program uses."""
    return read_rows("endpoints.json", Endpoint)


Row = TypeVar("Row", bound=Struct)


def read_rows(name: str, kind: type[Row]) -> tuple[Row, ...]:
    """Read the one list of a TOML or JSON file beside this module.

    Raises:
        msgspec.ValidationError: A row does not fit its type, to the key.
    """
    text = read_text(name)
    document = decode(text) if name.endswith(".json") else _parsed(name, text)
    [rows] = (rows for rows in document.values() if isinstance(rows, list))
    return tuple(convert(row, kind) for row in rows)


def _parsed(name: str, text: str) -> Mapping[str, Any]:
    """Parse TOML, or take what was parsed beforehand (``make knowledge``) if it is of the same text.

    Parsing causes.toml takes as long as importing Typer.
    """
    beforehand = _HERE / "parsed" / f"{name}.json"
    if beforehand.exists():
        document: dict[str, Any] = decode(beforehand.read_bytes())
        if document.pop("of") == checksum(text):
            return document
    import tomllib

    return tomllib.loads(text)


def checksum(text: str) -> int:
    """Return what tells a file's text from an older one."""
    return crc32(text.encode())


def read_text(name: str) -> str:
    """Read a file beside this module."""
    return (_HERE / name).read_text(encoding="utf-8")
