"""Zoom's answers, and the exit name of each refusal (contract 2 and 11)."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from zoomcall.errors import ErrorKind, ZoomcallError


class FieldError(Struct, frozen=True):
    """One row of Zoom's ``errors`` array."""

    field: str
    message: str


class RateLimit(Struct, frozen=True, kw_only=True):
    """Zoom's ``X-RateLimit-Category`` and ``-Type``; None for what it did not send (zoom-api 8)."""

    category: str | None = None
    kind: str | None = None


class ZoomAnswer(Struct, frozen=True, kw_only=True):
    """An HTTP answer, read leniently.

    Attributes:
        method: The request's method.
        path: The request's path as sent, without the query.
        status: HTTP status.
        code: Zoom's ``code`` (a number, or a word like ``invalid_client``); None if there is none.
        message: Zoom's ``message`` (or ``reason``); None if there is none.
        field_errors: Zoom's ``errors`` array.
        is_zooms: Whether the body is Zoom's JSON, broken or not, rather than some proxy's page.
        tracking_id: ``x-zm-trackingid``.
        server_time: The ``Date`` header: Zoom's own clock, whole seconds.
        local_time: This machine's clock when the answer came.
        sent_at: This machine's clock when the request was sent for the last time.
        retry_at: From ``Retry-After``, in seconds or as a time.
        excerpt: The start of a body that is not Zoom's, without control characters.
        flaw: Why its body was not read, as what follows "its body"; None if it was.
        is_oauth: Whether it came from the token endpoint.
        rate_limit: Which limit was reached, according to its headers.
        is_code_guessed: The code was not read, but is the one that Zoom's words come with.
    """

    method: str
    path: str
    status: int
    code: int | str | None = None
    message: str | None = None
    field_errors: tuple[FieldError, ...] = ()
    is_zooms: bool = False
    tracking_id: str | None = None
    server_time: datetime | None = None
    local_time: datetime | None = None
    sent_at: datetime | None = None
    retry_at: datetime | None = None
    excerpt: str = ""
    flaw: str | None = None
    is_oauth: bool = False
    rate_limit: RateLimit | None = None
    is_code_guessed: bool = False

    @property
    def said_code(self) -> int | str | None:
        """Zoom's code, if it was read; None if it was guessed or is not there."""
        return None if self.is_code_guessed else self.code


def classify(answer: ZoomAnswer) -> ErrorKind:
    """Return the exit name of an answer that is not the expected one (contract 2, 11)."""
    status = answer.status
    if answer.is_oauth:
        return _classify_oauth(answer)
    if status == 429:
        return ErrorKind.RATE_LIMITED
    if status == 401:
        return ErrorKind.AUTH
    if 200 <= status < 300:
        if answer.method == "PATCH":
            return ErrorKind.NO_OP
        return _classify_zooms(answer) if answer.is_zooms else ErrorKind.ZOOM_FAULT
    if not (400 <= status < 500) or not answer.is_zooms:
        return ErrorKind.ZOOM_FAULT
    return _classify_zooms(answer)


def _classify_oauth(answer: ZoomAnswer) -> ErrorKind:
    match answer.status:
        case 429:
            return ErrorKind.RATE_LIMITED
        case 400 | 401:
            return ErrorKind.AUTH
        case status if 400 <= status < 500 and answer.is_zooms:
            return ErrorKind.REJECTED
        case _:
            return ErrorKind.ZOOM_FAULT


_GONE = ("does not exist", "invalid session id", "invalid meeting id")
_FORBIDDEN = ("no permission", "not available for this account")


def lacks_scopes(message: str) -> bool:
    """Return whether Zoom's words say that the token has not the scopes, or not the required ones."""
    return re.search(r"does not contain (?:\w+ )?scopes", message, re.IGNORECASE) is not None


def _classify_zooms(answer: ZoomAnswer) -> ErrorKind:
    text = (answer.message or "").lower()
    match answer.code:
        case 124:
            return ErrorKind.AUTH
        case 200 if "invalid api key or secret" in text:
            return ErrorKind.AUTH
        case 200 if "only available for video sdk accounts" in text:
            return ErrorKind.NOT_ENTITLED
        case 200 if "no permission" in text:
            return ErrorKind.NOT_ENTITLED
        case 300 if any(words in text for words in _GONE):
            return ErrorKind.NO_SESSION
        case 300 if any(words in text for words in _FORBIDDEN):
            return ErrorKind.NOT_ENTITLED
        case _ if lacks_scopes(text):  # its body may be broken JSON without a readable code
            return ErrorKind.NOT_ENTITLED
        case 3001:
            return ErrorKind.NO_SESSION
        case 104 | 4700 | 4711 | 2311 | 3000 | 3003 | 3161 | 1010:
            return ErrorKind.NOT_ENTITLED
        case _:
            return ErrorKind.REJECTED


class ZoomRefused(ZoomcallError):
    """Zoom's answer is not the expected one.

    Args:
        answer: The answer.
    """

    def __init__(self, answer: ZoomAnswer) -> None:
        super().__init__(_sentence(answer))
        self.answer = answer
        self.kind = classify(answer)


def _sentence(answer: ZoomAnswer) -> str:
    said = " ".join(str(part) for part in (answer.code, answer.message) if part is not None)
    where = "Zoom's token endpoint" if answer.is_oauth else "Zoom"
    if answer.method == "PATCH" and 200 <= answer.status < 300 and not answer.is_oauth:
        detail = f" ({said})" if said else ""
        return f"{where} answered HTTP {answer.status}, not 202, which does not confirm the call{detail}"
    if said:
        return f"{where} answered HTTP {answer.status}: {said}"
    if answer.flaw is not None:
        return f"HTTP {answer.status} came back with an answer that cannot be read: its body {answer.flaw}"
    if not answer.is_zooms and (answer.status == 429 or answer.status >= 500):
        return f"HTTP {answer.status} came back without Zoom's JSON"  # from Zoom, or from something in between
    if not answer.is_zooms:
        return f"HTTP {answer.status} came back from something other than Zoom"
    return f"{where} answered HTTP {answer.status} without a message"
