"""What is installed: this program, its libraries, Python and the system."""

from __future__ import annotations

import platform
import ssl
from importlib.metadata import PackageNotFoundError, version

from zoomcall import __version__

_LIBRARIES = (
    "httpx",
    "httpcore",
    "PyJWT",
    "keyring",
    "truststore",
    "typer",
    "rich",
    "tomlkit",
    "aiohttp",
    "socksio",
)


def installed_versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions; libraries of extras only if they are installed."""
    return (
        ("zoomcall", __version__),
        ("Python", platform.python_version()),
        ("OpenSSL", ssl.OPENSSL_VERSION.removeprefix("OpenSSL ")),
        ("system", platform.platform()),
        *((name, found) for name in _LIBRARIES if (found := _version(name)) is not None),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
