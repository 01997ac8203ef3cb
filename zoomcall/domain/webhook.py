"""Webhook deliveries: which of them are Zoom's, what they carry, and how they are recorded."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from urllib.parse import urlsplit

from msgspec import Struct

from zoomcall.domain.api_base import is_loopback
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.signature import (
    FRESHNESS,
    REQUEST_ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    encrypted_token,
    is_genuine,
    moment_of,
)
from zoomcall.domain.time_words import stamp
from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError

if TYPE_CHECKING:
    from zoomcall.domain.secret import Secret

URL_VALIDATION = "endpoint.url_validation"


class WebhookEvent(Struct, frozen=True, kw_only=True):
    """One of Zoom's events.

    Attributes:
        body: Zoom's JSON.
        received_at: When it came; None if that was not recorded.
        request_id: Zoom's id of the request, the same when Zoom repeats it; None if that was not recorded.
    """

    body: Mapping[str, Any]
    received_at: datetime | None = None
    request_id: str | None = None

    @property
    def name(self) -> str:
        """The event's name, like ``session.user_room_system_callout_ringing``; empty if it has none."""
        name = self.body.get("event")
        return name if isinstance(name, str) else ""


class Delivery(Discreet, frozen=True, kw_only=True):
    """A request that is certain to be Zoom's.

    Attributes:
        event: What it carries.
        request_id: As in the event, but never missing.
        received_at: As in the event, but never missing.
        timestamp: The signed ``x-zm-request-timestamp``.
        compact: Its JSON as one line of ASCII.
        raw: The bytes that were signed.
        headers: As they came.
    """

    unshown: ClassVar = frozenset({"compact", "raw", "headers"})

    event: WebhookEvent
    request_id: str
    received_at: datetime
    timestamp: str
    compact: str
    raw: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def line(self) -> bytes:
        """The line that records it (contract 8)."""
        moment = json.dumps(stamp(self.received_at, "milliseconds"))
        request_id = json.dumps(self.request_id)
        text = f'{_LINE_START} {moment}, "request_id": {request_id}, "body": {self.compact}}}\n'
        return text.encode("ascii")


class Challenge(Struct, frozen=True, kw_only=True):
    """Zoom's URL validation, and the JSON that answers it."""

    answer: Mapping[str, str]


class RefusalKind(StrEnum):
    """Why a request was refused."""

    UNSIGNED = "signature-missing"
    MISMATCH = "signature-mismatch"
    OLD = "timestamp-too-old"
    AHEAD = "timestamp-ahead"
    NOT_JSON = "body-not-json"
    TOO_LARGE = "body-too-large"
    TOO_SLOW = "body-too-slow"
    UNKNOWN_PATH = "path-unknown"
    WRONG_METHOD = "wrong-method"
    NOT_KEPT = "not-kept"

    @property
    def status(self) -> int:
        """The HTTP status of the answer; Zoom retries only after 5xx (zoom-api 5.4)."""
        return _STATUSES[self]


_STATUSES = {
    RefusalKind.UNSIGNED: 401,
    RefusalKind.MISMATCH: 401,
    RefusalKind.OLD: 401,
    RefusalKind.AHEAD: 401,
    RefusalKind.NOT_JSON: 400,
    RefusalKind.TOO_LARGE: 413,
    RefusalKind.TOO_SLOW: 408,
    RefusalKind.UNKNOWN_PATH: 404,
    RefusalKind.WRONG_METHOD: 405,
    RefusalKind.NOT_KEPT: 500,
}


class Refusal(Struct, frozen=True):
    """A request that is refused."""

    kind: RefusalKind
    why: str


def authenticate(
    secret: Secret, *, headers: Mapping[str, str], raw: bytes, now: datetime
) -> Delivery | Challenge | Refusal:
    """Return what a request is: a delivery or URL validation by Zoom, or else a refusal with the reason.

    Args:
        secret: The webhook secret token.
        headers: Looked up by names in lower case.
        raw: The body's bytes as they came.
        now: This machine's clock.
    """
    signature, timestamp = headers.get(SIGNATURE_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not signature or not timestamp:
        missing = TIMESTAMP_HEADER if signature else SIGNATURE_HEADER
        return Refusal(RefusalKind.UNSIGNED, f"it has no {missing}")
    if not is_genuine(secret, signature=signature, timestamp=timestamp, body=raw):
        return Refusal(RefusalKind.MISMATCH, "its signature does not match the webhook secret")
    stale = _stale(timestamp, now)
    if stale is not None:
        return stale
    body = parse_object(raw)
    compact = None if body is None else compact_json(body)
    if body is None or compact is None:
        return Refusal(RefusalKind.NOT_JSON, "its body is not a JSON object")
    if body.get("event") == URL_VALIDATION:
        return _challenge(secret, body)
    request_id = headers.get(REQUEST_ID_HEADER) or hashlib.sha256(raw).hexdigest()
    return Delivery(
        event=WebhookEvent(body=body, received_at=now, request_id=request_id),
        request_id=request_id,
        received_at=now,
        timestamp=timestamp,
        compact=compact,
        raw=raw,
        headers=tuple(headers.items()),
    )


def _stale(timestamp: str, now: datetime) -> Refusal | None:
    moment = moment_of(timestamp)
    if moment is None:
        return Refusal(RefusalKind.OLD, f"its {TIMESTAMP_HEADER} is not a number of seconds")
    age = now - moment
    minutes = FRESHNESS // timedelta(minutes=1)
    if age > FRESHNESS:
        return Refusal(RefusalKind.OLD, f"its timestamp is {seconds_of(age)} s old, more than {minutes} minutes")
    if age < -FRESHNESS:
        return Refusal(
            RefusalKind.AHEAD, f"its timestamp is {seconds_of(-age)} s in the future, more than {minutes} minutes"
        )
    return None


def seconds_of(span: timedelta) -> int:
    """Return whole seconds."""
    return int(span.total_seconds())


def _challenge(secret: Secret, body: Mapping[str, Any]) -> Challenge | Refusal:
    payload = body.get("payload")
    plain = payload.get("plainToken") if isinstance(payload, dict) else None
    if not isinstance(plain, str):
        return Refusal(RefusalKind.NOT_JSON, "it is a URL validation without a plainToken")
    return Challenge(answer={"plainToken": plain, "encryptedToken": encrypted_token(secret, plain)})


_LINE_START = '{"received_at":'


def event_of_line(line: bytes) -> WebhookEvent | None:
    """Read a recorded line, or a line of Zoom's JSON alone; None if it is neither."""
    found = parse_object(line)
    if found is None:
        return None
    body = found.get("body")
    if "received_at" in found and isinstance(body, dict):
        request_id = found.get("request_id")
        return WebhookEvent(
            body=body,
            received_at=_moment(found["received_at"]),
            request_id=request_id if isinstance(request_id, str) else None,
        )
    return WebhookEvent(body=found) if isinstance(found.get("event"), str) else None


def is_torn_line(tail: bytes) -> bool:
    """Return whether bytes without a line break are the start of a recorded line that was cut off."""
    start = _LINE_START.encode()
    return (tail.startswith(start) or start.startswith(tail)) and parse_object(tail) is None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Read a JSON object in UTF-8; None if it is anything else, or contains NaN or an infinite number."""
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def compact_json(body: Mapping[str, Any]) -> str | None:
    """Return JSON as one line of ASCII; None if it is nested too deep to be written."""
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def parse_hook_url(text: str, *, origin: str) -> str:
    """Check the URL of another webhook endpoint.

    Args:
        text: The URL.
        origin: The flag that it came from.

    Raises:
        UsageError: It is not an https URL, nor an http URL on loopback.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{origin}: {quoted(text)} is not a valid URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not host or not text.isprintable() or " " in text:
        raise UsageError(
            f"{origin}: {quoted(text)} is not a valid http or https URL",
            fix="Write it like https://example.com/zoom.",
        )
    if "@" in parts.netloc:
        raise UsageError(f"{origin} contains a user or password; remove it")
    if parts.fragment or "#" in text:
        raise UsageError(f"{origin}: {quoted(text)} contains a fragment; remove it")
    if port == 0:
        raise UsageError(f"{origin}: {quoted(text)} has port 0")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"{origin}: plain http is for loopback only, and {host} is not this machine", fix="Use https."
        )
    return text
