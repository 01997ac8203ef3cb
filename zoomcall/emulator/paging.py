"""Pages of a listing, with tokens that are valid for fifteen minutes (zoom-api 4)."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from zoomcall.emulator.messages import Request, invalid_field, refusal

_USUAL_SIZE = 30
_LARGEST_SIZE = 300
_TOKEN_LIFETIME = timedelta(minutes=15)


class _Place(Struct, frozen=True):
    path: str
    offset: int
    expires_at: datetime


class Pager:
    """Splits listings into pages and remembers where the page of each token starts. Thread-safe."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def page(self, request: Request, name: str, rows: Sequence[Any], *, now: datetime) -> dict[str, Any]:
        """Return the page that ``page_size`` and ``next_page_token`` ask for, as Zoom's document.

        Args:
            request: The request; a token is valid for its path only.
            name: The name of the rows in the document.
            rows: The whole listing.
            now: Zoom's clock.

        Raises:
            Refusal: 400/300, one of the two parameters is invalid.
        """
        size = _size(request)
        offset = self._offset(request, now)
        rest = len(rows) - offset - size
        return {
            "page_size": size,
            "total_records": len(rows),
            "next_page_token": self._token(request.path, offset + size, now) if rest > 0 else "",
            name: list(rows[offset : offset + size]),
        }

    def _offset(self, request: Request, now: datetime) -> int:
        token = request.query.get("next_page_token")
        if not token:
            return 0
        with self._lock:
            place = self._places.get(token)
        if place is None or place.path != request.path or now >= place.expires_at:
            raise refusal(400, 300, "The next page token is invalid or expired.")
        return place.offset

    def _token(self, path: str, offset: int, now: datetime) -> str:
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._places = {old: place for old, place in self._places.items() if now < place.expires_at}
            self._places[token] = _Place(path, offset, now + _TOKEN_LIFETIME)
        return token


def _size(request: Request) -> int:
    text = request.query.get("page_size", str(_USUAL_SIZE))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= _LARGEST_SIZE):
        raise invalid_field("page_size")
    return int(text)
