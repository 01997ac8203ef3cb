"""Optional parts of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomcall.errors import UsageError

_LIBRARIES = {"aiohttp", "aiosipua", "yarl"}


@contextmanager
def extra(name: str, what_needs: str) -> Iterator[None]:
    """Tell how to install an extra where importing something of it fails.

    Args:
        name: The extra's name.
        what_needs: The beginning of a sentence, like ``Receiving webhooks needs``.

    Raises:
        UsageError: The extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _LIBRARIES:
            raise
        fix = f"{what_needs} that extra, which is not installed."
        raise UsageError(f"pip install 'zoomcall[{name}]'", fix=fix) from error
