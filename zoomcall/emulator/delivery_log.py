"""The log of webhook deliveries that ``webhook_logs`` shows: each try of each event (zoom-api 4)."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from zoomcall.emulator.world import Event

NOT_SENT = -1
"""Zoom's ``status`` of a try that got no HTTP answer, or that was never made."""

READ_TIMEOUT, CONNECTION_REFUSED, BAD_CERTIFICATE = 1, 2, 9
"""Zoom's ``failed_reason_type``, of those that show themselves here."""

ACKNOWLEDGED = frozenset({200, 204})

_MOST_TRIES = 20_000


class Try(Struct, frozen=True, kw_only=True):
    """One try to deliver one event.

    Attributes:
        event: The event.
        at: When the try was over.
        endpoint: Where it went; empty if there is no endpoint.
        status: HTTP status, or ``NOT_SENT``.
        failed_reason: Zoom's number, where one fits.
        response_headers: Of the answer.
        response_body: Of the answer.
        retry_number: 0 for the first try.
    """

    event: Event
    at: datetime
    endpoint: str = ""
    status: int = NOT_SENT
    failed_reason: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""
    retry_number: int = 0

    @property
    def is_acknowledged(self) -> bool:
        """Whether the endpoint took it."""
        return self.status in ACKNOWLEDGED

    @property
    def row(self) -> dict[str, Any]:
        """Its row of ``webhook_logs``."""
        row: dict[str, Any] = {
            "event": self.event.name,
            "status": self.status,
            "endpoint": self.endpoint,
            "subscription_id": "emulated",
            "request_headers": "N/A",
            "request_body": event_text(self.event),
            "response_headers": json.dumps(dict(self.response_headers)) if self.response_headers else "N/A",
            "response_body": self.response_body or "N/A",
            "date_time": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "trace_id": f"WEB_{trace_of(self.event)}",
            "request_id": self.event.request_id,
            "retry_num": self.retry_number,
        }
        if self.failed_reason is not None:
            row["failed_reason_type"] = self.failed_reason
        return row


class DeliveryLog:
    """Every try of a run, save the oldest of a very long one; any thread may ask.

    Args:
        delay: How long after a try its row appears.
    """

    def __init__(self, *, delay: timedelta = timedelta(0)) -> None:
        self._delay = delay
        self._tries: deque[Try] = deque(maxlen=_MOST_TRIES)
        self._lock = threading.Lock()

    def add(self, attempt: Try) -> None:
        """Write a try down."""
        with self._lock:
            self._tries.append(attempt)

    def tries(self, *, now: datetime) -> tuple[Try, ...]:
        """Give those that show by now, in order of writing."""
        with self._lock:
            tries = tuple(self._tries)
        return tuple(attempt for attempt in tries if attempt.at + self._delay <= now)


def event_text(event: Event) -> str:
    """Give an event's JSON, the same for every try to deliver it."""
    return json.dumps(event.body, ensure_ascii=False, separators=(",", ":"))


def trace_of(event: Event) -> str:
    """Give 32 hexadecimal digits that stand for an event."""
    return event.request_id.replace("-", "")
