"""A raw HTTP answer and how to read it: as Zoom's JSON, Zoom's broken JSON, a proxy's page, or nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from msgspec import Struct

from zoomcall.domain.answer import FieldError, RateLimit, ZoomAnswer
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import one_line
from zoomcall.domain.value import Discreet

_LONGEST_READ = 64 * 1024
_LONGEST_MESSAGE = 2000
_MOST_FIELD_ERRORS = 50

_BROKEN_CODE = Pattern(r'"code"\s*:\s*"?(-?\d{1,9})\b')
_BROKEN_ERROR = Pattern(r'"error"\s*:\s*"([^"]{1,200})"')


def _broken_text(key: str) -> Pattern:
    # A text with unescaped quotes ends where one is followed by the next key, the object's end, or nothing.
    end = r'"\s{0,20}(?:,\s{0,20}"[A-Za-z_]+"\s{0,20}:|\}\s{0,20}\Z|\Z)'
    return Pattern(rf'"{key}"\s*:\s*"(.*?)(?:{end}|\Z)', re.DOTALL)


_BROKEN_MESSAGE = _broken_text("message")
_BROKEN_REASON = _broken_text("reason")


class RawAnswer(Discreet, frozen=True, kw_only=True):
    """An HTTP answer, with the request's secrets already masked in it.

    Attributes:
        method: The request's method.
        path: The request's path as sent, without the query.
        status: HTTP status.
        headers: Names in lower case.
        body: As much as was read.
        sent_at: This machine's clock when the request was sent for the last time.
        received_at: This machine's clock when the headers came.
        is_whole: Whether the body was read to its end.
        flaw: Why the body was not read at all, as what follows "its body"; None if it was.
        is_oauth: Whether it came from the token endpoint.
    """

    unshown: ClassVar = frozenset({"body"})

    method: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sent_at: datetime | None = None
    received_at: datetime | None = None
    is_whole: bool = True
    flaw: str | None = None
    is_oauth: bool = False

    def header(self, name: str) -> str | None:
        """Return the first header with that name (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def text(self) -> str:
        """The body as text, whatever bytes it contains."""
        return self.body.decode("utf-8-sig", "replace")

    def json_object(self) -> dict[str, Any] | None:
        """Return the body's JSON object; None if it is anything else."""
        try:
            value = json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` header."""
        return _http_date(self.header("date"))

    @property
    def retry_after(self) -> timedelta | None:
        """How long ``Retry-After`` asks to wait; a time in it is compared with the server's own clock."""
        at = self._retry_moment()
        if at is None:
            return None
        seconds = _seconds(self.header("retry-after"))
        if seconds is not None:
            return timedelta(seconds=seconds)
        now = self.server_time or self.received_at
        return None if now is None else max(at - now, timedelta())

    def _retry_moment(self) -> datetime | None:
        text = self.header("retry-after")
        seconds = _seconds(text)
        if seconds is not None:
            start = self.received_at or self.server_time
            return None if start is None else start + timedelta(seconds=seconds)
        return _http_date(text) or iso_time(text)

    def read(self) -> ZoomAnswer:
        """Read it as Zoom's answer, so leniently that this never fails."""
        said = self._said()
        return ZoomAnswer(
            method=self.method,
            path=self.path,
            status=self.status,
            code=said.code,
            message=said.message,
            field_errors=said.field_errors,
            is_zooms=said.is_zooms,
            tracking_id=self._tracking_id,
            server_time=self.server_time,
            local_time=self.received_at,
            sent_at=self.sent_at,
            retry_at=self._retry_moment(),
            excerpt=self._excerpt(said),
            flaw=self.flaw,
            is_oauth=self.is_oauth,
            rate_limit=self._rate_limit(),
        )

    def _excerpt(self, said: _Said) -> str:
        may_hold_token = self.is_oauth and 200 <= self.status < 300
        return "" if said.is_zooms or may_hold_token else one_line(self.text[:_LONGEST_READ])

    @property
    def _tracking_id(self) -> str | None:
        return one_line(self.header("x-zm-trackingid") or "") or None

    def _rate_limit(self) -> RateLimit | None:
        category, kind = (
            one_line(self.header(f"x-ratelimit-{name}") or "") or None for name in ("category", "type")
        )
        return None if category is kind is None else RateLimit(category=category, kind=kind)

    def _said(self) -> _Said:
        body = self.json_object()
        if body is None:
            return self._said_brokenly()
        code = _code(body.get("code"))
        message = _text(body.get("message"))
        is_zooms = isinstance(code, int) or (message is not None and (code is not None or bool(self._tracking_id)))
        if self.is_oauth and code is None:
            code = _code(body.get("error"))
            message = _text(body.get("reason")) or message
            is_zooms = is_zooms or code is not None or message is not None
        return _Said(code, message, _field_errors(body.get("errors")), is_zooms) if is_zooms else _Said()

    def _said_brokenly(self) -> _Said:
        text = self.text[:_LONGEST_READ]
        if not text.lstrip().startswith("{"):
            return _Said()
        found = _BROKEN_CODE.search(text)
        code: int | str | None = int(found[1]) if found else None
        message = _matched(_BROKEN_MESSAGE, text)
        if self.is_oauth and code is None:
            code = _matched(_BROKEN_ERROR, text)
            message = _matched(_BROKEN_REASON, text) or message
        return _Said(code, message, (), is_zooms=True) if code is not None else _Said()


class _Said(Struct, frozen=True):
    code: int | str | None = None
    message: str | None = None
    field_errors: tuple[FieldError, ...] = ()
    is_zooms: bool = False


def well_formed(text: str) -> str:
    """Return text that any encoding and database accepts: lone surrogates, which JSON allows, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def iso_time(value: object) -> datetime | None:
    """Parse one of Zoom's RFC 3339 times, in UTC if it has no zone; None if it is anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _http_date(text: str | None) -> datetime | None:
    if not text or "," not in text:
        return None
    try:
        from email.utils import parsedate_to_datetime

        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,7}(?:\.\d{1,6})?)\s*", text or "", re.ASCII)
    return float(match[1]) if match else None


def _code(value: object) -> int | str | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if re.fullmatch(r"\s*-?[0-9]{1,9}\s*", value):
            return int(value)
        case str():
            return one_line(value) or None
        case _:
            return None


def _text(value: object) -> str | None:
    return (one_line(value[:_LONGEST_READ], _LONGEST_MESSAGE) or None) if isinstance(value, str) else None


def _matched(pattern: Pattern, text: str) -> str | None:
    match = pattern.search(text)
    return _text(match[1].replace('\\"', '"')) if match else None


def _field_errors(value: object) -> tuple[FieldError, ...]:
    if not isinstance(value, list):
        return ()
    rows = [row for row in value[:_MOST_FIELD_ERRORS] if isinstance(row, dict)]
    errors = (FieldError(_text(row.get("field")) or "", _text(row.get("message")) or "") for row in rows)
    return tuple(error for error in errors if error.field or error.message)
