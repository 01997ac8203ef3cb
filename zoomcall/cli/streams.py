"""The three streams of the process, and what may be done on each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TextIO


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream may show.

    Attributes:
        is_terminal: Lines fold at its width, tables have columns, progress may move.
        has_colour: Escape sequences for colour are welcome.
    """

    is_terminal: bool
    has_colour: bool


class Streams:
    """Standard input, output and error, as tests replace them.

    Args:
        stdin: Standard input.
        stdout: Standard output: the answer.
        stderr: Standard error: everything else.
        environ: For ``NO_COLOR``, ``FORCE_COLOR`` and ``TERM``.
    """

    def __init__(self, stdin: TextIO, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str]) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self._environ = environ

    @classmethod
    def of_process(cls) -> Streams:
        """Take the process's own; what their encoding lacks is escaped, never an error."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        null = open(os.devnull, "r+", encoding="utf-8")  # noqa: SIM115, PTH123 - stands in for a closed stream until the end
        return cls(sys.stdin or null, sys.stdout or null, sys.stderr or null, os.environ)

    def look_of(self, stream: IO[str]) -> Look:
        """Say what may be shown on a stream."""
        is_dumb = self._environ.get("TERM") == "dumb"
        is_terminal = _is_terminal(stream) and not is_dumb
        if self._environ.get("NO_COLOR"):
            return Look(is_terminal, has_colour=False)
        forced = self._environ.get("FORCE_COLOR", "")
        return Look(is_terminal, has_colour=is_terminal or forced not in {"", "0"})

    @property
    def is_stdin_terminal(self) -> bool:
        """Whether a person may type."""
        return _is_terminal(self.stdin)

    @property
    def is_stderr_terminal(self) -> bool:
        """Whether a person may watch progress."""
        return self.look_of(self.stderr).is_terminal

    def read_stdin(self, limit: int) -> bytes:
        """Read standard input to its end, at most ``limit`` bytes and one more."""
        return self.stdin.buffer.read(limit + 1)


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
