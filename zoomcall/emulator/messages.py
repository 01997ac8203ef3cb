"""Requests and answers on the emulated wire, independent of any server library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from zoomcall.domain.value import Discreet


class Request(Discreet, frozen=True):
    """One HTTP request.

    Attributes:
        method: In upper case.
        target: Raw path and query; bytes that are not UTF-8 become surrogates.
        headers: In order, as sent.
        body: Raw.
    """

    unshown: ClassVar = frozenset({"body"})

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The raw path, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> Mapping[str, str]:
        """The decoded query, the first value of each name."""
        pairs = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    def header(self, name: str) -> str | None:
        """Return the first header with that name, ignoring case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """``Content-Type`` without its parameters, in lower case."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()


class Reply(Discreet, frozen=True):
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        body: Raw; empty if there is only a status.
        headers: In addition to ``Date``, ``x-zm-trackingid`` and the length, which the server adds.
    """

    unshown: ClassVar = frozenset({"body"})

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def json_reply(status: int, document: Any, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """Return an answer with a JSON body."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Reply(status, body, (("Content-Type", "application/json;charset=UTF-8"), *headers))


class Refusal(Exception):
    """An error answer; raised inside the emulator only."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refusal(
    status: int,
    code: int,
    message: str,
    *,
    errors: tuple[tuple[str, str], ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
) -> Refusal:
    """Return a refusal in Zoom's format (zoom-api 7.1).

    Args:
        status: HTTP status.
        code: Zoom's code.
        message: Zoom's text.
        errors: Pairs of field and message.
        headers: Additional headers.
    """
    document: dict[str, Any] = {"code": code, "message": message}
    if errors:
        document["errors"] = [{"field": name, "message": text} for name, text in errors]
    return Refusal(json_reply(status, document, headers))


def invalid_field(name: str) -> Refusal:
    """Return the refusal of one field of a query or body (400/300)."""
    return refusal(400, 300, "Validation Failed.", errors=((name, "Invalid field."),))


def unknown_endpoint() -> Refusal:
    """Return the refusal of a path or method that Zoom does not have (404/2300)."""
    return refusal(404, 2300, "This API endpoint is not recognized.")
