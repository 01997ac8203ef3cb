"""Optional parts of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomcall.errors import UsageError

_LIBRARIES = {"aiohttp": "aiohttp", "aiosipua": "aiosipua", "dns": "dnspython", "jinja2": "Jinja2", "yarl": "yarl"}
"""The modules of extras, each with the package that it comes from."""


@contextmanager
def extra(name: str, who: str) -> Iterator[None]:
    """Raise ``UsageError`` if a library of an extra is missing.

    Args:
        name: The extra's name.
        who: Who needs it, like ``the local Zoom``.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = _LIBRARIES.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        from zoomcall.adapters.installation import install_line

        title = f"{package} is not installed; {who} needs it (extra zoomcall[{name}])"
        raise UsageError(title, fix="Install the extra.", command=install_line(name)) from error
