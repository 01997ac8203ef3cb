"""The delivery log that ``webhook_logs`` shows: every attempt to deliver every event (zoom-api 4)."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from zoomcall.domain.time_words import stamp
from zoomcall.emulator.world import Event

NOT_SENT = -1
"""Zoom's ``status`` for an attempt that got no HTTP answer, or was never made."""

READ_TIMEOUT, CONNECTION_REFUSED, BAD_CERTIFICATE = 1, 2, 9
"""Values of Zoom's ``failed_reason_type`` that can occur here."""

_MOST_ATTEMPTS = 20_000


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt to deliver one event.

    Attributes:
        event: The event.
        at: When the attempt ended.
        endpoint: Where it went; empty if there is no endpoint.
        status: HTTP status, or ``NOT_SENT``.
        failed_reason: Zoom's number, where one applies.
        response_headers: Of the answer.
        response_body: Of the answer.
        retry_number: 0 for the first attempt.
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
        """Whether the endpoint acknowledged the event."""
        return self.status in {200, 204}

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
            "date_time": stamp(self.at),
            "trace_id": f"WEB_{trace_of(self.event)}",
            "request_id": self.event.request_id,
            "retry_num": self.retry_number,
        }
        if self.failed_reason is not None:
            row["failed_reason_type"] = self.failed_reason
        return row


class DeliveryLog:
    """Every attempt of a run, except the oldest of a very long one. Thread-safe.

    Args:
        delay: How long after an attempt its row appears.
    """

    def __init__(self, *, delay: timedelta = timedelta(0)) -> None:
        self._delay = delay
        self._attempts: deque[Attempt] = deque(maxlen=_MOST_ATTEMPTS)
        self._lock = threading.Lock()

    def add(self, attempt: Attempt) -> None:
        """Record an attempt."""
        with self._lock:
            self._attempts.append(attempt)

    def attempts(self, *, now: datetime) -> tuple[Attempt, ...]:
        """Return the attempts whose rows have appeared by ``now``, in the order of recording."""
        with self._lock:
            attempts = tuple(self._attempts)
        return tuple(attempt for attempt in attempts if attempt.at + self._delay <= now)


def event_text(event: Event) -> str:
    """Return an event's JSON, the same for every attempt to deliver it."""
    return json.dumps(event.body, ensure_ascii=False, separators=(",", ":"))


def trace_of(event: Event) -> str:
    """Return the event's trace id, 32 hexadecimal digits."""
    return event.request_id.replace("-", "")
