"""The way to a host of Zoom's: whom this machine connects to, and what stood at the other end."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from zoomcall.domain.answer import ZoomAnswer


class Place(Struct, frozen=True):
    """A host, by name or literal address without brackets, and a port of it."""

    host: str
    port: int


class Way(Struct, frozen=True, kw_only=True):
    """How this machine gets to a host.

    Attributes:
        target: The host.
        is_https: TLS is spoken with it.
        first: Whom this machine connects to: the proxy, or the host itself.
        proxy: The proxy as it may be shown, without user and password; None if there is none.
    """

    target: Place
    is_https: bool
    first: Place
    proxy: str | None = None


class Certificate(Struct, frozen=True, kw_only=True):
    """What a server showed in a TLS handshake; None for what is not known.

    Attributes:
        issuer: Who signed it.
        expires_at: When it ends.
        protocol: Like ``TLSv1.3``.
    """

    issuer: str | None = None
    expires_at: datetime | None = None
    protocol: str | None = None


class Knock(Struct, frozen=True, kw_only=True):
    """The answer to a request without a credential.

    Attributes:
        answer: The answer.
        certificate: The server's; None without TLS.
        seconds: From the start to the head of the answer.
    """

    answer: ZoomAnswer
    certificate: Certificate | None
    seconds: float
