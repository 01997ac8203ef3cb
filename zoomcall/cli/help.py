"""Help pages on a terminal: folded between words, never inside one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

_TypersFormatter: Any = typer.Context.formatter_class
_HELD = {ord("-"): "\u2011"}
_RELEASED = {0x2011: "-"}


class WholeWords(_TypersFormatter):  # type: ignore[misc] # Typer does not export it
    """Hides hyphens while lines are folded, since Typer would fold ``--session-name`` at the second one."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line."""
        super().write_usage(prog, args.translate(_HELD), prefix)

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text(text.translate(_HELD))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write flags or commands with what they do."""
        super().write_dl([(name, text.translate(_HELD)) for name, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """Return the page."""
        return str(super().getvalue()).translate(_RELEASED)
