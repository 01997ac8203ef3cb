"""What the error boundary and a command share: how a run is started, and that a pipe was closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoomcall.cli.options import CommandSpec, CommonOptions
    from zoomcall.cli.run import Run


class ClosedPipe(Exception):
    """A command wrote to a closed pipe. Typer would turn an ``OSError`` into exit code 1."""


class Starter:
    """Typer's ``context.obj``: makes the ``Run`` once the flags are known, and keeps it for the error boundary."""

    def __init__(self, make: Callable[[CommandSpec, CommonOptions], Run]) -> None:
        self._make = make
        self.run: Run | None = None

    def start(self, spec: CommandSpec, options: CommonOptions) -> Run:
        """Make the run; its output format and profile name are checked before the command works."""
        self.run = self._make(spec, options)
        _ = self.run.output
        if options.profile is not None:
            from zoomcall.domain.profile import parse_profile_name

            parse_profile_name(options.profile, origin="-p")
        return self.run
