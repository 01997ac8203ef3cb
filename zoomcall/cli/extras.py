"""Optional parts of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomcall.errors import UsageError

_LIBRARIES = {"aiohttp", "aiosipua", "dns", "jinja2", "yarl"}


@contextmanager
def extra(name: str, what_needs: str) -> Iterator[None]:
    """Raise ``UsageError`` if a library of an extra is missing.

    Args:
        name: The extra's name.
        what_needs: The beginning of the message, like ``receiving webhooks needs``.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _LIBRARIES:
            raise
        raise UsageError(f"{what_needs} an extra: pip install 'zoomcall[{name}]'") from error
