"""Where Zoom's API is served, and which hosts may be spoken to."""

from __future__ import annotations

import ipaddress
import re
from typing import NewType
from urllib.parse import urlsplit

from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

ApiBase = NewType("ApiBase", str)

API_BASE = ApiBase("https://api.zoom.us/v2")
OAUTH_BASE = ApiBase("https://zoom.us")
GOV_API_BASE = ApiBase("https://api.zoomgov.com/v2")
GOV_OAUTH_BASE = ApiBase("https://zoomgov.com")
WEBSOCKET_URL = "wss://ws.zoom.us/ws"

_ZOOM_DOMAINS = ("zoom.us", "zoomgov.com")
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 2000


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


def websocket_url(base: ApiBase) -> str | None:
    """Give the URL of the websockets beside an API base: Zoom's, or the emulator's on loopback (zoom-api 6).

    None for any other base, other clusters of Zoom's among them: where theirs are is not documented.
    """
    parts = urlsplit(base)
    host = (parts.hostname or "").rstrip(".")
    if is_loopback(host):
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"
    return WEBSOCKET_URL if host == "zoom.us" or host.endswith(".zoom.us") else None


def parse_base(text: str, *, variable: str, is_any_host_allowed: bool) -> ApiBase:
    """Take a base URL, and spell it in the one way: lower case, no default port, no slash at its end.

    Args:
        text: The URL.
        variable: Where it came from, for the error.
        is_any_host_allowed: ``ZOOMCALL_ALLOW_API_BASE=1`` was set.

    Raises:
        UsageError: It is no http(s) URL, plain http off loopback, or a host that is not Zoom's.
    """
    fix = f"Write it like {API_BASE}."
    if "@" in text:
        raise UsageError(f"{variable} holds a user or password; leave them out", fix=fix)
    if "?" in text or "#" in text:
        raise UsageError(f"{variable} holds a query or fragment; leave it out", fix=fix)
    if len(text) > _LONGEST:
        raise UsageError(f"{variable} has {len(text)} characters, which is no URL", fix=fix)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"{variable}: {quoted(text)} is no URL", fix=fix) from None
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' \\"<>^`{|}')
    spelled = _spelled_host(host, is_bracketed="[" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not is_plain or spelled is None:
        raise UsageError(f"{variable}: {quoted(text)} is no http or https URL", fix=fix)
    if port == 0:
        raise UsageError(f"{variable}: {quoted(text)} names port 0", fix=fix)
    if parts.scheme == "http" and not is_loopback(spelled):
        raise UsageError(
            f"{variable}: plain http is for loopback only, and {spelled} is not this machine",
            fix="Use https.",
        )
    is_zooms = any(spelled == domain or spelled.endswith("." + domain) for domain in _ZOOM_DOMAINS)
    if not (is_zooms or is_loopback(spelled) or is_any_host_allowed):
        raise UsageError(
            f"{variable}: {spelled} is not a host of Zoom's, and would be sent your credentials",
            fix="Set ZOOMCALL_ALLOW_API_BASE=1 if you trust it.",
        )
    colon_port = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return ApiBase(f"{parts.scheme}://{spelled}{colon_port}{parts.path}".rstrip("/"))


def _spelled_host(host: str, *, is_bracketed: bool) -> str | None:
    """Give a host as it stands in a URL, spelled in the one way; None if it is none."""
    if is_bracketed:
        try:
            return None if "%" in host else f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            return None
    name = host.lower().removesuffix(".")
    return name if _HOST_NAME.match(name) else None
