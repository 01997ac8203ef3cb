"""The rows of a batch: rooms to ring, each into a session or meeting.

Its values are not tracked by the garbage collector (``gc=False``), nor are those that a row holds: they cannot be
part of a circle, and walking through the rows of a large batch was an eighth of the time it took to read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NewType, Self

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import State
from zoomcall.domain.callout import Callout
from zoomcall.domain.target import MeetingTarget, SessionNameTarget, SessionTarget, Target
from zoomcall.errors import Detail, UsageError

RunId = NewType("RunId", int)


class RawRow(Struct, frozen=True, gc=False):
    """A row as it was read.

    Attributes:
        number: Of the data rows, from 1.
        line: Where it begins in the input, from 1.
        fields: Column names or JSON keys, with their values.
    """

    number: int
    line: int
    fields: dict[str, Any]


class BadRow(Struct, frozen=True):
    """A row that cannot be rung.

    Attributes:
        number: As in ``RawRow``.
        line: As in ``RawRow``.
        message: What is wrong, with the value and the fix.
    """

    number: int
    line: int
    message: str


def bad_rows(bad: Sequence[BadRow], total: int, what_became: str, *, fix: str) -> UsageError:
    """Return an error about bad rows, of ``total`` in all."""
    verb = "is" if len(bad) == 1 else "are"
    return UsageError(
        f"{len(bad)} of {total} rows {verb} bad, and {what_became}",
        fix=fix,
        details=(Detail(each.message, each.line, each.number) for each in bad),
    )


class RowKey(Struct, frozen=True, gc=False):
    """What makes a row the same as another: the room and the target, not the line (contract 9)."""

    protocol: Protocol
    address: str
    target: str


class BatchRow(Struct, frozen=True, kw_only=True, gc=False):
    """A room to ring.

    Attributes:
        number: As in ``RawRow``.
        line: As in ``RawRow``.
        callout: The room, names and headers.
        target: The session or meeting.
        timeout: How long to wait for the outcome.
        name: What the row calls the room.
        note: A remark, passed on to the result.
        tag: What ``--tag`` selects by.
    """

    number: int
    line: int
    callout: Callout
    target: Target
    timeout: timedelta
    name: str | None = None
    note: str | None = None
    tag: str | None = None

    @property
    def key(self) -> RowKey:
        """The row's identity."""
        return RowKey(self.callout.address.protocol, self.callout.address.normalised, key_of(self.target))


@lru_cache
def key_of(target: Target) -> str:
    """Return a target in one spelling."""
    match target:
        case SessionTarget(identifier):
            return f"session {identifier}"
        case SessionNameTarget(name):
            return f"session named {name}"
        case MeetingTarget(number):
            return f"meeting {number}"


class KeptRun(Struct, frozen=True, kw_only=True):
    """A run as its journal has it; ``ended_at`` is None if it was cut short."""

    id: RunId
    started_at: datetime
    ended_at: datetime | None
    tag: str | None
    total: int


class KeptRow(Struct, frozen=True, kw_only=True):
    """What became of a row, as its journal has it; ``document`` is its result as JSON."""

    number: int
    key: RowKey
    state: State
    document: str

    @classmethod
    def of(cls, number: str, protocol: str, address: str, target: str, state: str, document: str) -> Self:
        """Read the columns of the journal."""
        key = RowKey(Protocol(protocol), address, target)
        return cls(number=int(number), key=key, state=State(state), document=document)
