"""Which deliveries are repeats of earlier ones: by what Zoom signed, not by a header that anyone can set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from zoomcall.domain.signature import FRESHNESS, moment_of
from zoomcall.domain.webhook import Delivery, WebhookEvent, compact_json


class Mark(Struct, frozen=True, kw_only=True):
    """What is left of an event that an earlier receiver recorded.

    Attributes:
        named: The digest of its request id and JSON; None if it has no request id.
        content: The digest of its JSON.
        received_at: When it came; None if that was not recorded.
    """

    named: bytes | None
    content: bytes
    received_at: datetime | None


def mark_of(event: WebhookEvent) -> Mark | None:
    """Return an event's mark; None if its JSON cannot be written."""
    compact = compact_json(event.body)
    if compact is None:
        return None
    content = _digest("", compact)
    named = None if event.request_id is None else _named(event.request_id, compact)
    return Mark(named=named, content=content, received_at=event.received_at)


def keys_of(delivery: Delivery) -> tuple[bytes, bytes]:
    """Return what a delivery and its repeats have in common: either of the two.

    A request that was signed once has the same timestamp and body each time, whatever its request id says. When
    Zoom itself delivers an event again, the request id and the body are the same (zoom-api 5.4).
    """
    return _digest(f"signed\n{delivery.timestamp}", delivery.compact), _named(delivery.request_id, delivery.compact)


class Repeats:
    """Remembers deliveries (contract 8).

    Args:
        earlier: The marks of what an earlier receiver recorded. No mark has the timestamp that was signed, but a
            receiver refuses whatever was signed more than five minutes before or after it came.
    """

    def __init__(self, earlier: Iterable[Mark] = ()) -> None:
        self._known: set[bytes] = set()
        self._received_at: dict[bytes, datetime] = {}
        for mark in earlier:
            if mark.named is not None:
                self._known.add(mark.named)
            if mark.received_at is not None:
                self._received_at[mark.content] = mark.received_at

    def has(self, delivery: Delivery) -> bool:
        """Return whether it repeats a delivery that was added, or recorded earlier; if so, its repeats do too."""
        signed, named = keys_of(delivery)
        is_known = signed in self._known or named in self._known or self._is_recorded(delivery)
        if is_known:
            self._known.add(signed)
        return is_known

    def add(self, keys: Iterable[bytes]) -> None:
        """Remember a delivery by its keys."""
        self._known.update(keys)

    def _is_recorded(self, delivery: Delivery) -> bool:
        received_at = self._received_at.get(_digest("", delivery.compact))
        signed_at = moment_of(delivery.timestamp)
        return received_at is not None and signed_at is not None and abs(received_at - signed_at) <= FRESHNESS


def _named(request_id: str, compact: str) -> bytes:
    return _digest(f"named\n{request_id}", compact)


def _digest(kind: str, compact: str) -> bytes:
    text = f"{kind}\n{compact}"  # no kind has two line breaks, and the JSON has none
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
