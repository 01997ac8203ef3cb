"""Where Zoom's API is served, and which hosts may receive credentials."""

from __future__ import annotations

import ipaddress
from typing import NewType
from urllib.parse import SplitResult, urlsplit

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

ApiBase = NewType("ApiBase", str)

API_BASE = ApiBase("https://api.zoom.us/v2")
OAUTH_BASE = ApiBase("https://zoom.us")
GOV_API_BASE = ApiBase("https://api.zoomgov.com/v2")
GOV_OAUTH_BASE = ApiBase("https://zoomgov.com")
WEBSOCKET_URL = "wss://ws.zoom.us/ws"

_ZOOM_DOMAINS = ("zoom.us", "zoomgov.com")
_HOST_NAME = Pattern(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 2000


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (a name or an IP address, without brackets) is this machine."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def cluster_of(host: str) -> str | None:
    """Return which of Zoom's clusters a host belongs to, ``zoom.us`` or ``zoomgov.com``; None if to neither."""
    host = host.rstrip(".").lower()
    return next((domain for domain in _ZOOM_DOMAINS if host == domain or host.endswith(f".{domain}")), None)


def host_of(base: str) -> str:
    """Return the host of a parsed base."""
    return urlsplit(base).hostname or ""


def websocket_url(base: ApiBase) -> str | None:
    """Return the URL of the websockets that belong to an API base: Zoom's, or the emulator's (zoom-api 6).

    None for any other base, Zoom's other clusters included: the place of their websockets is not documented.
    """
    parts = urlsplit(base)
    host = (parts.hostname or "").rstrip(".")
    if is_loopback(host):
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"
    return WEBSOCKET_URL if host == "zoom.us" or host.endswith(".zoom.us") else None


def parse_base(text: str, *, variable: str, is_any_host_allowed: bool) -> ApiBase:
    """Parse a base URL and return it in its one spelling: lower case, no default port, no slash at the end.

    Args:
        text: The URL.
        variable: Where it came from, for the error.
        is_any_host_allowed: Whether ``ZOOMCALL_ALLOW_API_BASE=1`` was set.

    Raises:
        UsageError: It is not an http(s) URL, is plain http off loopback, or has a host that is not Zoom's.
    """
    parts, host = _split(text, variable)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"{variable}: plain http is for loopback only, and {host} is not this machine",
            fix="Use https.",
        )
    if not (cluster_of(host) or is_loopback(host) or is_any_host_allowed):
        raise UsageError(
            f"{variable}: {host} is not one of Zoom's hosts, and would receive your credentials",
            fix="Set ZOOMCALL_ALLOW_API_BASE=1 if you trust it.",
        )
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return ApiBase(f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/"))


def _split(text: str, variable: str) -> tuple[SplitResult, str]:
    """Return a URL's parts and its host in its one spelling."""
    fix = f"Write it like {API_BASE}."
    if "@" in text:
        raise UsageError(f"{variable} contains a user or password; remove it", fix=fix)
    if "?" in text or "#" in text:
        raise UsageError(f"{variable} contains a query or fragment; remove it", fix=fix)
    if len(text) > _LONGEST:
        raise UsageError(f"{variable} has {len(text)} characters, too many for a URL", fix=fix)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"{variable}: {quoted(text)} is not a valid URL", fix=fix) from None
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' \\"<>^`{|}')
    spelled = _spelled_host(host, is_bracketed="[" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not is_plain or spelled is None:
        raise UsageError(f"{variable}: {quoted(text)} is not a valid http or https URL", fix=fix)
    if port == 0:
        raise UsageError(f"{variable}: {quoted(text)} has port 0", fix=fix)
    return parts, spelled


def _spelled_host(host: str, *, is_bracketed: bool) -> str | None:
    """Return a host as it appears in a URL, in its one spelling; None if it is not a valid host."""
    if is_bracketed:
        try:
            return None if "%" in host else f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            return None
    name = host.lower().removesuffix(".")
    return name if _HOST_NAME.match(name) else None
