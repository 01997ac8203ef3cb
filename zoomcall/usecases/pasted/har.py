"""Reads the requests that a browser recorded in a HAR file, with their answers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from zoomcall.domain.raw_answer import RawAnswer, iso_time
from zoomcall.usecases.pasted.pieces import Form, PastedRequest

_MOST_ENTRIES = 20_000
_MOST_REQUESTS = 2000
_DEEPEST = 6
_MOST_HEADERS = 200
_LONGEST_TEXT = 256 * 1024
_ZOOMISH = re.compile(r"zoom\.us|zoomgov\.com|/videosdk/|/live_meetings/|/oauth/token", re.IGNORECASE)
_SANITISED = "the Authorization header, which browsers omit from saved HAR files"

_UNANSWERED = (
    "the answer: the browser recorded none, because it was not allowed to read it or the connection failed"
)


def read_har(text: str) -> tuple[PastedRequest, ...] | None:
    """Read the requests to Zoom in a HAR file; None if the text is no HAR file.

    Args:
        text: Everything that was pasted.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] not in {"{", "["} or '"request"' not in text:
        return None
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    entries = _entries(document)
    return None if entries is None else tuple(_requests(entries))


def _entries(document: object, depth: int = 0) -> list[Any] | None:
    """Return the entries of a HAR file, even inside another document, or the one that was copied out of it."""
    if isinstance(document, dict):
        entries = document.get("entries")
        if isinstance(entries, list) and any(isinstance(_dict(entry).get("request"), dict) for entry in entries):
            return entries[:_MOST_ENTRIES]
        if depth == 0 and isinstance(document.get("request"), dict):
            return [document]
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    found = (_entries(one, depth + 1) for one in inner if depth < _DEEPEST)
    return next((entries for entries in found if entries is not None), None)


def _requests(entries: list[Any]) -> Iterator[PastedRequest]:
    found = 0
    for entry in entries:
        if found == _MOST_REQUESTS:
            return
        request = _dict(_dict(entry).get("request"))
        url, method = _text(request.get("url")), _text(request.get("method")).upper()
        if _ZOOMISH.search(url) and method != "OPTIONS":
            yield _read(_dict(entry), request, method, url)
            found += 1


def _read(entry: dict[str, Any], request: dict[str, Any], method: str, url: str) -> PastedRequest:
    headers = _headers(request)
    names = {name.lower() for name, _ in headers}
    answer = _answer(_dict(entry.get("response")), method, url, _answered_at(entry))
    is_signed = bool(names & {"authorization", "x-api-key"})
    return PastedRequest(
        form=Form.HAR,
        method=method,
        url=url,
        headers=headers,
        body=_body(_dict(request.get("postData"))),
        is_whole=is_signed,
        answer=answer,
        sent_at=iso_time(entry.get("startedDateTime")),
        not_understood=(*(() if is_signed else (_SANITISED,)), *(() if answer is not None else (_UNANSWERED,))),
    )


def _headers(message: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = message.get("headers")
    rows = rows[:_MOST_HEADERS] if isinstance(rows, list) else []
    pairs = ((_text(_dict(row).get("name")), _text(_dict(row).get("value"))) for row in rows)
    return tuple((name, value) for name, value in pairs if name and not name.startswith(":"))


def _body(posted: dict[str, Any]) -> str:
    text = _text(posted.get("text"))
    parameters = posted.get("params")
    if text or not isinstance(parameters, list):
        return text
    rows = [_dict(row) for row in parameters[:_MOST_HEADERS]]
    return urlencode([(_text(row.get("name")), _text(row.get("value"))) for row in rows])


def _answered_at(entry: dict[str, Any]) -> datetime | None:
    sent_at = iso_time(entry.get("startedDateTime"))
    took = entry.get("time")
    if sent_at is None or isinstance(took, bool) or not isinstance(took, int | float) or not 0 <= took < 10**7:
        return sent_at
    try:
        return sent_at + timedelta(milliseconds=took)
    except OverflowError:
        return sent_at


def _answer(response: dict[str, Any], method: str, url: str, received_at: datetime | None) -> RawAnswer | None:
    status = response.get("status")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        return None
    return RawAnswer(
        method=method,
        path=url,
        status=status,
        headers=tuple((name.lower(), value) for name, value in _headers(response)),
        body=_content(_dict(response.get("content"))),
        received_at=received_at,
    )


def _content(content: dict[str, Any]) -> bytes:
    text = _text(content.get("text"))
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text.encode("ascii", "replace"))
        except (ValueError, binascii.Error):
            return b""
    return text.encode("utf-8", "replace")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
