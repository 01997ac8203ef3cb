"""The three standard streams, and what may be shown on each."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO, cast

from msgspec import Struct


class Look(Struct, frozen=True):
    """What a stream may show.

    Attributes:
        is_terminal: Whether lines wrap, tables have columns and progress is animated.
        has_colour: Whether escape sequences for colour are allowed.
    """

    is_terminal: bool
    has_colour: bool


class Streams:
    """Standard input, output (the answer) and error (everything else), which tests replace."""

    def __init__(self, stdin: TextIO, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str]) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self._environ = environ

    @classmethod
    def of_process(cls) -> Streams:
        """Return those of the process; characters that their encoding lacks are escaped."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
                if not _is_terminal(stream):  # the same bytes on every system: scripts keep a carriage return
                    reconfigure(newline="\n")
        if sys.platform == "win32" and sys.stdout is not None:
            sys.stdout = cast("TextIO", _WindowsPipe(sys.stdout))
        stderr = cast("TextIO", _Unheeded(sys.stderr)) if sys.stderr is not None else _null()
        return cls(sys.stdin or _null(), sys.stdout or _null(), stderr, os.environ)

    def look_of(self, stream: IO[str]) -> Look:
        """Return what may be shown on a stream."""
        is_dumb = self._environ.get("TERM") == "dumb"
        is_terminal = _is_terminal(stream) and not is_dumb
        if self._environ.get("NO_COLOR"):
            return Look(is_terminal, has_colour=False)
        forced = self._environ.get("FORCE_COLOR", "")
        return Look(is_terminal, has_colour=is_terminal or forced not in {"", "0"})

    @property
    def is_stdin_terminal(self) -> bool:
        """Whether a person may type something."""
        return _is_terminal(self.stdin)

    @property
    def is_stderr_terminal(self) -> bool:
        """Whether a person may watch progress."""
        return self.look_of(self.stderr).is_terminal

    def drop_typed(self) -> None:
        """Drop what was typed or pasted ahead and not read yet, which the shell would take for commands."""
        if sys.platform == "win32":
            import msvcrt

            while self.is_stdin_terminal and msvcrt.kbhit():
                msvcrt.getwch()
        else:
            import termios

            with suppress(termios.error, OSError, ValueError):
                termios.tcflush(self.stdin.fileno(), termios.TCIFLUSH)

    def read_stdin(self, limit: int) -> bytes:
        """Read standard input to its end, but at most one byte more than ``limit``."""
        return self.stdin.buffer.read(limit + 1)


class _WindowsPipe:
    """Standard output on Windows, where writing to a closed pipe fails with EINVAL."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _closed_pipe_named():
            return self._stream.write(text)

    def flush(self) -> None:
        with _closed_pipe_named():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _closed_pipe_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error


class _Unheeded:
    """Standard error; if it is closed or its disk is full, the call still goes on."""

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
        """Discard what is still in the buffer, and everything from now on."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _null() -> TextIO:
    """Return a replacement for a stream that was closed before the start."""
    return open(os.devnull, "r+", encoding="utf-8")  # noqa: PTH123 - the name is a device, not a path


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
