"""The exit codes (contract 2)."""

from __future__ import annotations

from enum import IntEnum

from zoomcall.domain.call import Reason, State
from zoomcall.errors import ErrorKind


class ExitStatus(IntEnum):
    """What the process says to the shell; ``word`` is the contract's name."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    NOT_CONFIGURED = 3
    AUTH = 4
    NOT_ENTITLED = 5
    NO_SESSION = 6
    NO_OP = 7
    PENDING = 8
    RATE_LIMITED = 9
    NETWORK = 10
    ZOOM_FAULT = 11
    DUPLICATE = 12
    REJECTED = 13
    DECLINED = 20
    NO_ANSWER = 21
    BAD_ADDRESS = 22
    UNREACHABLE = 23
    CAPACITY = 24
    ENCRYPTION = 25
    DROPPED = 26
    CALL_FAILED = 29
    BATCH_SOME = 30
    BATCH_ALL = 31
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143

    @property
    def word(self) -> str:
        """The contract's name, like ``no-session``."""
        return self.name.lower().replace("_", "-")


def status_of_kind(kind: ErrorKind) -> ExitStatus:
    """Give the exit status of a failure."""
    return ExitStatus[kind.name]


_REASONS = {
    1: ExitStatus.ENCRYPTION,
    2: ExitStatus.DROPPED,
    5: ExitStatus.CAPACITY,
    6: ExitStatus.BAD_ADDRESS,
    7: ExitStatus.NO_ANSWER,
    8: ExitStatus.BAD_ADDRESS,
    9: ExitStatus.UNREACHABLE,
    10: ExitStatus.DROPPED,
    12: ExitStatus.CAPACITY,
    13: ExitStatus.UNREACHABLE,
    14: ExitStatus.UNREACHABLE,
}


def status_of_outcome(state: State, reason: Reason | None) -> ExitStatus:
    """Give the exit status of a call that evidence has settled, or that no evidence settles in time."""
    match state:
        case State.JOINED:
            return ExitStatus.OK
        case State.DECLINED:
            return ExitStatus.DECLINED
        case State.MISSED:
            return ExitStatus.NO_ANSWER
        case State.FAILED:
            return ExitStatus.CALL_FAILED if reason is None else _REASONS.get(reason.code, ExitStatus.CALL_FAILED)
        case State.NO_OP:
            return ExitStatus.NO_OP
        case _:
            return ExitStatus.PENDING
