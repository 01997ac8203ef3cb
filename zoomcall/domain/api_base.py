"""Where Zoom's API is served, and which hosts may be spoken to."""

from __future__ import annotations

import ipaddress
from typing import NewType
from urllib.parse import urlsplit

from zoomcall.errors import UsageError

ApiBase = NewType("ApiBase", str)

API_BASE = ApiBase("https://api.zoom.us/v2")
OAUTH_BASE = ApiBase("https://zoom.us")
GOV_API_BASE = ApiBase("https://api.zoomgov.com/v2")
GOV_OAUTH_BASE = ApiBase("https://zoomgov.com")

_ZOOM_DOMAINS = ("zoom.us", "zoomgov.com")


def is_loopback(host: str) -> bool:
    """Say whether ``host`` (a name or a literal address, without brackets) is this machine."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(base: str) -> str:
    """Give the host of a base that was parsed."""
    return urlsplit(base).hostname or ""


def parse_base(text: str, *, variable: str, is_any_host_allowed: bool) -> ApiBase:
    """Take a base URL, without a slash at its end.

    Args:
        text: The URL.
        variable: Where it came from, for the error.
        is_any_host_allowed: ``ZOOMCALL_ALLOW_API_BASE=1`` was set.

    Raises:
        UsageError: It is no http(s) URL, plain http off loopback, or a host that is not Zoom's.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{variable}: {text!r} is no URL ({error})") from error
    if parts.scheme not in {"http", "https"} or not host or not text.isprintable() or " " in text:
        raise UsageError(f"{variable}: {text!r} is no http or https URL", fix=f"Write it like {API_BASE}.")
    if parts.username or parts.password or "@" in parts.netloc:
        raise UsageError(f"{variable} holds a user or password; leave them out")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise UsageError(f"{variable}: {text!r} holds a query or fragment; leave it out")
    if port == 0:
        raise UsageError(f"{variable}: {text!r} names port 0")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"{variable}: plain http is for loopback only, and {host} is not this machine",
            fix="Use https.",
        )
    is_zooms = any(host == domain or host.endswith("." + domain) for domain in _ZOOM_DOMAINS)
    if not (is_zooms or is_loopback(host) or is_any_host_allowed):
        raise UsageError(
            f"{variable}: {host} is not a host of Zoom's, and would be sent your credentials",
            fix="Set ZOOMCALL_ALLOW_API_BASE=1 if you trust it.",
        )
    return ApiBase(text.rstrip("/"))
