"""Sends recorded events again, with new signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import REQUEST_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from zoomcall.domain.webhook import WebhookEvent, compact_json
from zoomcall.errors import NetworkFault

Send = Callable[[bytes, Sequence[tuple[str, str]]], int]


class Replayed(Struct, frozen=True, kw_only=True):
    """One event that was sent."""

    event: Annotated[str, Meta(description="The event's name.")]
    request_id: Annotated[str, Meta(description="Its new request id.")]
    http_status: Annotated[int, Meta(description="HTTP status of the answer.")]

    @property
    def is_accepted(self) -> bool:
        """Whether the endpoint accepted it."""
        return 200 <= self.http_status < 300


class Replay(Struct, frozen=True, kw_only=True):
    """The result of a replay.

    Attributes:
        rows: The events that were answered, in order.
        unsent: How many were not, because the endpoint could not be reached.
        fault: Why it could not be reached.
    """

    rows: tuple[Replayed, ...]
    unsent: int = 0
    fault: NetworkFault | None = None

    @property
    def refused(self) -> tuple[Replayed, ...]:
        """The events that the endpoint did not accept."""
        return tuple(row for row in self.rows if not row.is_accepted)


def replay(
    events: Sequence[WebhookEvent],
    *,
    secret: Secret,
    send: Send,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    tell: Callable[[Replayed], None],
) -> Replay:
    """Send events one by one, each signed with the current time, until one cannot be sent.

    Args:
        events: The events to send.
        secret: The secret to sign with.
        send: Sends a body with headers and returns the HTTP status of the answer.
        now: Returns the current time.
        new_id: Returns a new request id.
        tell: Called with each event that was answered.
    """
    rows: list[Replayed] = []
    for event in events:
        request_id = new_id()
        body = (compact_json(event.body) or "").encode()
        try:
            status = send(body, signed_headers(secret, body, request_id=request_id, now=now()))
        except NetworkFault as fault:
            return Replay(rows=tuple(rows), unsent=len(events) - len(rows), fault=fault)
        rows.append(Replayed(event=event.name, request_id=request_id, http_status=status))
        tell(rows[-1])
    return Replay(rows=tuple(rows))


def signed_headers(secret: Secret, body: bytes, *, request_id: str, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the headers that Zoom would send with a body now."""
    timestamp = str(int(now.timestamp()))
    return (
        (SIGNATURE_HEADER, sign(secret, timestamp, body)),
        (TIMESTAMP_HEADER, timestamp),
        (REQUEST_ID_HEADER, request_id),
    )
