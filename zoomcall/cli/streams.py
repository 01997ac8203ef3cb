"""The three streams of the process, and what may be done on each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import IO, Any, TextIO, cast

from msgspec import Struct


class Look(Struct, frozen=True):
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
        stderr = cast("TextIO", _Unheeded(sys.stderr)) if sys.stderr is not None else _null()
        return cls(sys.stdin or _null(), sys.stdout or _null(), stderr, os.environ)

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


class _Unheeded:
    """Standard error: its reader may leave, or its disk be full, and the call goes on and is answered."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._leave()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._leave()

    def _leave(self) -> None:
        """Write into nothing from now on, what is still in the buffer first."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _null() -> TextIO:
    """Give what stands in, until the end, for a stream that was closed before the start."""
    return open(os.devnull, "r+", encoding="utf-8")  # noqa: PTH123 - streams are opened by name of the device


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
