"""Optional parts of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomcall.errors import UsageError


@contextmanager
def webhook_extra(what_needs: str) -> Iterator[None]:
    """Tell how to install the extra ``webhook`` where importing something of it fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"aiohttp", "yarl"}:
            raise
        fix = f"{what_needs} that extra, which is not installed."
        raise UsageError("pip install 'zoomcall[webhook]'", fix=fix) from error
