"""The texts behind pages: codes, reasons, states, exit codes, HTTP statuses and network words, kept as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from zoomcall.knowledge.texts import Basis, cause_texts, read_text, read_toml


class ZoomSaying(Struct, frozen=True, kw_only=True):
    """One row of ``error_codes.json``: a code with one of its texts.

    Attributes:
        code: Zoom's number, or a word from the token endpoint.
        http: The HTTP status it comes with, if documented.
        namespace: ``rest``, ``oauth`` or ``video-sdk-web-client``.
        messages: Zoom's words, and others with the same meaning.
        is_exact: Whether they are Zoom's own words, not a paraphrase.
        meaning: In our words.
        endpoint: Where it is documented, if for one endpoint only.
        basis: Where this row comes from.
        sources: URLs.
    """

    code: int | str
    http: int | None
    namespace: str
    messages: tuple[str, ...]
    is_exact: bool
    meaning: str
    endpoint: str | None
    basis: Basis
    sources: tuple[str, ...]


class CodeText(Struct, frozen=True, kw_only=True):
    """What to do about one of Zoom's codes.

    Attributes:
        code: The code.
        title: One line.
        meaning: One or two sentences.
        fix: How to fix it.
        command: A command that fixes it or shows more.
        example: What it looks like.
        causes: Ids of the causes that explain more.
        sayings: The code's rows of ``error_codes.json``.
    """

    code: int | str
    title: str
    meaning: str
    fix: str
    command: str | None
    example: str | None
    causes: tuple[str, ...]
    sayings: tuple[ZoomSaying, ...]


class ReasonText(Struct, frozen=True, kw_only=True):
    """One of Zoom's reasons for a failed callout; ``meaning`` and ``fix`` are inferred from the name."""

    code: int
    name: str
    meaning: str
    fix: str


class StateText(Struct, frozen=True, kw_only=True):
    """One state of a call; ``cause`` names the cause whose fix and sources are this state's."""

    name: str
    title: str
    meaning: str
    fix: str | None
    cause: str | None
    sources: tuple[str, ...]


class ExitText(Struct, frozen=True, kw_only=True):
    """One exit code.

    Attributes:
        code: The number.
        name: The contract's word.
        meaning: When it is used.
        fix: What to do; None where ``reasons`` or ``cause`` say so.
        command: A command that shows more.
        reasons: Zoom's reasons that lead to it.
        cause: The cause whose fix and sources are this code's.
        sources: URLs.
    """

    code: int
    name: str
    meaning: str
    fix: str | None
    command: str | None
    reasons: tuple[int, ...]
    cause: str | None
    sources: tuple[str, ...]


class HttpText(Struct, frozen=True, kw_only=True):
    """One HTTP status, or several with one explanation (``also``)."""

    code: int
    also: tuple[int, ...]
    title: str
    meaning: str
    fix: str | None
    command: str | None
    cause: str | None
    example: str


class NetworkText(Struct, frozen=True, kw_only=True):
    """One word of ``error.network``."""

    name: str
    title: str
    meaning: str
    fix: str
    example: str
    sources: tuple[str, ...]


@cache
def sayings() -> tuple[ZoomSaying, ...]:
    """Return every known text of Zoom's errors."""
    return tuple(
        ZoomSaying(
            code=row["code"],
            http=row["http"],
            namespace=row["namespace"],
            messages=tuple(text for text in (row["message"], *row.get("also", ())) if text),
            is_exact=row["is_exact"],
            meaning=row["meaning"],
            endpoint=row.get("endpoint"),
            basis=Basis(row["confidence"]),
            sources=tuple(row["sources"]),
        )
        for row in json.loads(read_text("error_codes.json"))["errors"]
    )


@cache
def code_texts() -> Mapping[str, CodeText]:
    """Return what to do about each of Zoom's codes, by the code as text."""
    return {str(row["code"]): _code_text(row) for row in read_toml("codes.toml")["code"]}


def _code_text(row: Mapping[str, Any]) -> CodeText:
    own = tuple(saying for saying in sayings() if saying.code == row["code"])
    meaning = own[0].meaning
    causes = tuple(row.get("causes", ()))
    return CodeText(
        code=row["code"],
        title=row["title"],
        meaning=row.get("meaning") or f"{meaning[0].upper()}{meaning[1:]}.",
        fix=row.get("fix") or cause_texts()[causes[0]].fix,
        command=row.get("command"),
        example=row.get("example"),
        causes=causes,
        sayings=own,
    )


@cache
def reason_texts() -> Mapping[int, ReasonText]:
    """Return Zoom's reasons for a failed callout, by number."""
    return {
        row["code"]: ReasonText(code=row["code"], name=row["name"], meaning=row["meaning"], fix=row["fix"])
        for row in read_toml("reasons.toml")["reason"]
    }


@cache
def state_texts() -> Mapping[str, StateText]:
    """Return the states of a call, by name."""
    return {
        row["name"]: StateText(
            name=row["name"],
            title=row["title"],
            meaning=row["meaning"],
            fix=row.get("fix"),
            cause=row.get("cause"),
            sources=tuple(row.get("sources", ())),
        )
        for row in read_toml("states.toml")["state"]
    }


@cache
def exit_texts() -> Mapping[int, ExitText]:
    """Return the exit codes, by number."""
    return {
        row["code"]: ExitText(
            code=row["code"],
            name=row["name"],
            meaning=row["meaning"],
            fix=row.get("fix"),
            command=row.get("command"),
            reasons=tuple(row.get("reasons", ())),
            cause=row.get("cause"),
            sources=tuple(row.get("sources", ())),
        )
        for row in read_toml("exit_codes.toml")["exit"]
    }


def exit_text_named(name: str) -> ExitText | None:
    """Return the exit code with this name."""
    return next((text for text in exit_texts().values() if text.name == name), None)


@cache
def http_texts() -> tuple[HttpText, ...]:
    """Return the HTTP statuses that have a page."""
    return tuple(
        HttpText(
            code=row["code"],
            also=tuple(row.get("also", ())),
            title=row["title"],
            meaning=row["meaning"],
            fix=row.get("fix"),
            command=row.get("command"),
            cause=row.get("cause"),
            example=row["example"],
        )
        for row in read_toml("http_statuses.toml")["status"]
    )


@cache
def network_texts() -> Mapping[str, NetworkText]:
    """Return the words of ``error.network``."""
    return {
        row["name"]: NetworkText(
            name=row["name"],
            title=row["title"],
            meaning=row["meaning"],
            fix=row["fix"],
            example=row["example"],
            sources=tuple(row["sources"]),
        )
        for row in read_toml("network_words.toml")["word"]
    }
