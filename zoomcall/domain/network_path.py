"""The network path to one of Zoom's hosts: what this machine connects to, and what answers there."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from zoomcall.domain.answer import ZoomAnswer


class Place(Struct, frozen=True):
    """A host, by name or IP address without brackets, and a port."""

    host: str
    port: int


class Way(Struct, frozen=True, kw_only=True):
    """How this machine reaches a host.

    Attributes:
        target: The host.
        is_https: Whether it uses TLS.
        first: What this machine connects to: the proxy, or the host itself.
        proxy: The proxy without its user and password, fit to be shown; None if there is none.
    """

    target: Place
    is_https: bool
    first: Place
    proxy: str | None = None


class Certificate(Struct, frozen=True, kw_only=True):
    """A server's certificate and TLS version, from the handshake; None for what is not known.

    Attributes:
        issuer: Who signed the certificate.
        expires_at: When the certificate expires.
        protocol: The TLS version, like ``TLSv1.3``.
    """

    issuer: str | None = None
    expires_at: datetime | None = None
    protocol: str | None = None


class Knock(Struct, frozen=True, kw_only=True):
    """The answer to a request without a credential.

    Attributes:
        answer: The answer.
        certificate: The server's; None without TLS.
        seconds: From the start of the request to the head of the answer.
    """

    answer: ZoomAnswer
    certificate: Certificate | None
    seconds: float
