from __future__ import annotations

from collections.abc import Iterator

import pytest

from zoomcall.usecases.dialing import stop


@pytest.fixture(autouse=True, scope="session")
def _short_rests() -> Iterator[None]:
    """Let threads that wait for more work end at once: tests wait until none is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stop, "_IDLE_SECONDS", 0.01)
        yield
