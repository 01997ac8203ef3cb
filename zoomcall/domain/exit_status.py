"""The exit codes (contract 2), each with what follows from it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Self

from msgspec import Struct

if TYPE_CHECKING:
    from zoomcall.errors import ErrorKind


class _Row(Struct, frozen=True, kw_only=True):
    """What a reader of an exit code may rely on.

    Attributes:
        nothing_rings: No room rings because of the command.
        has_causes: The error names at least one cause.
    """

    nothing_rings: bool = False
    has_causes: bool = False


_SILENT = _Row(nothing_rings=True)
_SILENT_WITH_CAUSES = _Row(nothing_rings=True, has_causes=True)


class ExitStatus(IntEnum):
    """What the process tells the shell. The sentences about each code are in ``knowledge/exit_codes.toml``."""

    _value_: int
    nothing_rings: bool
    has_causes: bool

    def __new__(cls, code: int, row: _Row = _Row()) -> Self:  # noqa: B008 - a value, never changed
        """Build a member from its row in the table below."""
        status = int.__new__(cls, code)
        status._value_ = code
        status.nothing_rings = row.nothing_rings
        status.has_causes = row.has_causes
        return status

    OK = 0
    INTERNAL = 1
    USAGE = 2, _SILENT
    NOT_CONFIGURED = 3, _SILENT
    AUTH = 4, _SILENT_WITH_CAUSES
    NOT_ENTITLED = 5, _SILENT_WITH_CAUSES
    NO_SESSION = 6, _SILENT_WITH_CAUSES
    NO_OP = 7, _Row(has_causes=True)
    PENDING = 8
    RATE_LIMITED = 9, _SILENT
    NETWORK = 10, _SILENT
    ZOOM_FAULT = 11
    DUPLICATE = 12, _SILENT
    REJECTED = 13, _SILENT_WITH_CAUSES
    DECLINED = 20
    NO_ANSWER = 21
    BAD_ADDRESS = 22
    UNREACHABLE = 23
    CAPACITY = 24
    ENCRYPTION = 25
    DROPPED = 26
    WAITING_ROOM = 27, _Row(has_causes=True)
    NOT_SENT = 28, _SILENT
    CALL_FAILED = 29
    BATCH_SOME = 30
    BATCH_ALL = 31
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143

    @property
    def word(self) -> str:
        """The contract's name, such as ``no-session``."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def of(cls, kind: ErrorKind) -> ExitStatus:
        """Return the exit code of a failure."""
        return cls[kind.name]
