"""The proxy for a host: from ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, or the system's settings."""

from __future__ import annotations

import os
import re
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from msgspec import Struct

from zoomcall.domain.api_base import is_loopback
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError

_PORTS = {"http": 80, "https": 443, **dict.fromkeys(("socks", "socks4", "socks4a", "socks5", "socks5h"), 1080)}


class Proxy(Discreet, frozen=True):
    """One proxy.

    Attributes:
        scheme: ``http``, ``https``, ``socks5``, ``socks5h``, or another kind of SOCKS, which cannot be used.
        host: Name or IP address, without brackets.
        port: Its port.
        auth: User and password.
    """

    unshown: ClassVar = frozenset({"auth"})

    scheme: str
    host: str
    port: int
    auth: tuple[bytes, bytes] | None = None

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS."""
        return self.scheme.startswith("socks")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Proxies(Struct, frozen=True):
    """The proxies of this process, read once."""

    by_scheme: dict[str, Proxy]

    @classmethod
    def of_system(cls) -> Self:
        """Read them from the environment or the system.

        Raises:
            UsageError: One is not a valid URL, or its scheme is not supported.
        """
        given = {scheme: text for scheme, text in getproxies().items() if scheme in {"http", "https", "all"}}
        return cls({scheme: _parse(text, _name(scheme)) for scheme, text in given.items() if text})

    def to(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for an origin; None for loopback, for ``NO_PROXY``, and if none is set."""
        if is_loopback(host):
            return None
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if proxy is None or proxy_bypass(f"{host}:{port}"):
            return None
        return proxy


def _name(scheme: str) -> str:
    name = f"{scheme}_proxy"
    return next((key for key in (name, name.upper()) if os.environ.get(key)), "the system's proxy setting")


def _parse(text: str, name: str) -> Proxy:
    shown = re.sub(r"^((?:[A-Za-z0-9+.-]+://)?).*@", r"\1***@", text, flags=re.DOTALL)  # it may hold a password
    refused = UsageError(
        f"{name}: {quoted(shown)} is not a valid proxy URL",
        fix="Write it like http://proxy.example:3128, or unset it.",
    )
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        if not re.search(r":\d+/?\Z", text):  # many write host:port; a bare word is a mistake
            raise refused
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refused from None
    is_host = host is not None and re.fullmatch(r"[A-Za-z0-9._:%-]+", host) is not None
    if host is None or not is_host or port == 0 or not text.isprintable() or " " in text:
        raise refused
    if parts.scheme not in _PORTS:
        raise UsageError(
            f"{name}: {quoted(shown)} is a {parts.scheme} proxy, which is not supported",
            fix="Use an http, https, socks5 or socks5h proxy.",
        )
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return Proxy(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, auth)
