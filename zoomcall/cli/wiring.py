"""The composition root: the one room that knows every adapter, and builds each when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoomcall.cli.run import Run


class Wiring:
    """Builds adapters for one run.

    Args:
        run: The run that they serve.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
