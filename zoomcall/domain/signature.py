"""Zoom's webhook signatures: how to make and check them, and the proof that Zoom's URL validation asks for."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from zoomcall.domain.pattern import Pattern

if TYPE_CHECKING:
    from zoomcall.domain.secret import Secret

SIGNATURE_HEADER = "x-zm-signature"
TIMESTAMP_HEADER = "x-zm-request-timestamp"
REQUEST_ID_HEADER = "x-zm-request-id"

FRESHNESS = timedelta(minutes=5)
"""How old, or how far in the future, a timestamp may be; Zoom names no limit (zoom-api 5.4)."""

PREFIX = "v0="
_SECONDS = Pattern(r"[0-9]{1,12}")


def sign(secret: Secret, timestamp: str, body: bytes) -> str:
    """Return the ``x-zm-signature`` of a body (zoom-api 5.4).

    Args:
        secret: The webhook secret token.
        timestamp: The ``x-zm-request-timestamp`` as it came.
        body: The bytes on the wire: JSON that was parsed and serialised again has another signature.
    """
    return PREFIX + _mac(secret, b"v0:" + _bytes(timestamp) + b":" + body)


def is_genuine(secret: Secret, *, signature: str, timestamp: str, body: bytes) -> bool:
    """Return whether a signature is right, in a time that does not depend on how much of it is."""
    return hmac.compare_digest(_bytes(sign(secret, timestamp, body)), _bytes(signature))


def encrypted_token(secret: Secret, plain_token: str) -> str:
    """Return the ``encryptedToken`` for a ``plainToken`` of Zoom's URL validation (zoom-api 5.4)."""
    return _mac(secret, _bytes(plain_token))


def moment_of(timestamp: str) -> datetime | None:
    """Parse an ``x-zm-request-timestamp``, seconds since 1970; None if it is anything else."""
    if not _SECONDS.fullmatch(timestamp):
        return None
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (OverflowError, OSError, ValueError):  # after the year 9999
        return None


def digest(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 of a message."""
    return hmac.digest(key, message, "sha256")


def _mac(secret: Secret, message: bytes) -> str:
    return digest(_bytes(secret.reveal()), message).hex()


def _bytes(text: str) -> bytes:
    """Return the bytes that a header or variable was decoded from, well-formed or not."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that does not represent a byte
        return text.encode("utf-8", "backslashreplace")
