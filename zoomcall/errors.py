"""The error tree.

::

    ZoomcallError
    ├── UsageError         exit 2    something typed, or a file, cannot be used
    ├── NotConfigured      exit 3    no credential, unknown profile, no usable keyring
    │   ├── CorruptConfig            config.toml cannot be understood
    │   ├── FolderUnusable           there is no folder for the program's files, or it cannot be written
    │   └── Shortage                 the system has no more files, memory or threads for this process
    ├── WrongCredential    exit 4    Zoom is certain to refuse it, so it was not sent
    ├── SignInFailed       exit 4    a sign-in with the browser was denied, or its answer was not to be trusted
    ├── NotEntitled        exit 5    a scope or plan is missing, noticed without a refusal
    ├── NoSession          exit 6    nothing to dial into, noticed without a refusal
    ├── NetworkFault       exit 10   no answer came
    ├── Duplicate          exit 12   an earlier dial may still ring the room
    ├── Interrupted        exit 130 or 143
    └── ZoomRefused        exit 4, 5, 6, 7, 9, 11 or 13, by ``zoomcall.domain.answer.classify``
                           (defined there, beside the answer that it carries)

An error says what failed (``message``) and how to fix it (``fix``, ``command``).
``zoomcall.knowledge`` works out later, from facts, why it failed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, Struct


class ErrorKind(StrEnum):
    """The contract's exit names for failures that are not a call's outcome (contract 2)."""

    INTERNAL = "internal"
    USAGE = "usage"
    NOT_CONFIGURED = "not-configured"
    AUTH = "auth"
    NOT_ENTITLED = "not-entitled"
    NO_SESSION = "no-session"
    NO_OP = "no-op"
    PENDING = "pending"
    RATE_LIMITED = "rate-limited"
    NETWORK = "network"
    ZOOM_FAULT = "zoom-fault"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"


class Detail(Struct, frozen=True):
    """One of several things that are wrong, such as a row of a list."""

    message: Annotated[str, Meta(description="What is wrong, one sentence.")]
    line: Annotated[int | None, Meta(description="The line of the input, from 1.")] = None
    row: Annotated[int | None, Meta(description="The number of the data row, from 1.")] = None

    def __str__(self) -> str:
        """Return it as a person reads it."""
        where = "" if self.line is None else f"line {self.line}"
        where += "" if self.row is None else f" (row {self.row})"
        return f"{where.strip()}: {self.message}" if where else self.message


class ZoomcallError(Exception):
    """Any failure that this program foresees.

    Args:
        message: What failed, in one sentence that names the value at fault. Never a secret.
        fix: How to fix it, in one sentence.
        command: A command line that fixes it or shows more.
        details: Each of the things that are wrong, if the message only counts them.
    """

    kind: ErrorKind = ErrorKind.INTERNAL
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, fix: str | None = None, command: str | None = None, details: Iterable[Detail] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.command = command
        self.details = tuple(details)


@contextmanager
def blaming(origin: str | None) -> Iterator[None]:
    """Prefix the message of any error about a value with ``origin``, the variable that the value came from."""
    try:
        yield
    except ZoomcallError as error:
        if origin is not None:
            error.message = f"{origin}: {error.message}"
            error.args = (error.message,)
        raise


class UsageError(ZoomcallError):
    """A flag, address, file or topic that cannot be used. Nothing was sent."""

    kind = ErrorKind.USAGE


class NotConfigured(ZoomcallError):
    """No credential, unknown profile, or a keyring that is absent, locked or too slow."""

    kind = ErrorKind.NOT_CONFIGURED


class CorruptConfig(NotConfigured):
    """``config.toml`` cannot be understood; it was not changed."""


class FolderUnusable(NotConfigured):
    """A folder for the program's files that cannot be created or written, or that this user does not have."""


class Shortage(NotConfigured):
    """The system has no more open files, memory or threads for this process."""


_SHORTAGES = {
    errno.EMFILE: ("open files", "Raise the limit (ulimit -n)."),
    errno.ENFILE: ("open files", "End other programs."),
    errno.ENOMEM: ("memory", "End other programs, or raise the limit (ulimit -v)."),
    errno.ENOBUFS: ("memory for its sockets", "End other programs."),
}


def shortage_of(error: BaseException) -> Shortage | None:
    """Return an error in plain words, if what failed is that the system has no more of something."""
    if isinstance(error, Shortage):
        return error
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return Shortage(
            "the system has no more threads for zoomcall", fix="End other programs, or raise the limit (ulimit -u)."
        )
    code = errno.ENOMEM if isinstance(error, MemoryError) else getattr(error, "errno", None)
    if isinstance(error, ImportError):  # of a shared library, for which the loader has only words
        code = next((each for each in _SHORTAGES if os.strerror(each) in str(error)), None)
    if code not in _SHORTAGES:
        return None
    what, fix = _SHORTAGES[code]
    return Shortage(f"the system has no more {what} for zoomcall", fix=fix)


class WrongCredential(ZoomcallError):
    """A credential that Zoom is certain to refuse for this target. Nothing was sent."""

    kind = ErrorKind.AUTH


class SignInFailed(ZoomcallError):
    """A sign-in with the browser was denied, or its answer was not to be trusted. Nothing is stored.

    Args:
        message: What happened.
        cause: The cause id.
        command: The command line that starts again.
    """

    kind = ErrorKind.AUTH

    def __init__(self, message: str, *, cause: str, command: str) -> None:
        super().__init__(message, command=command)
        self.cause = cause


class NotEntitled(ZoomcallError):
    """A scope or plan that is known to be missing before it is needed."""

    kind = ErrorKind.NOT_ENTITLED


class NoSession(ZoomcallError):
    """No live session or meeting to dial into, or nobody in it. Nothing was sent."""

    kind = ErrorKind.NO_SESSION


class NetworkWord(StrEnum):
    """Where the connection to Zoom failed (contract 3, ``error.network``)."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    RESET = "reset"


class NetworkFault(ZoomcallError):
    """No answer came.

    Args:
        message: What failed, with host and port.
        word: Where the connection failed.
        may_have_arrived: Whether the request may have reached the other side.
        fix: How to fix it.
        cause: The cause id of what probably lies behind it.
    """

    kind = ErrorKind.NETWORK
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        word: NetworkWord,
        may_have_arrived: bool,
        fix: str | None = None,
        cause: str | None = None,
    ) -> None:
        super().__init__(message, fix=fix)
        self.word = word
        self.may_have_arrived = may_have_arrived
        self.cause = cause


class Duplicate(ZoomcallError):
    """The room has joined the same target by an earlier dial, or may still be ringing.

    Args:
        message: Which dial, when, and its state; or that the room is there.
        call_id: The earlier call's id in the journal; None if the room is there by no call of this machine.
        until: When the guard allows the next dial; None if the room is there now.
        cause: The cause id, if the room is there now.
    """

    kind = ErrorKind.DUPLICATE

    def __init__(
        self, message: str, *, call_id: int | None, until: datetime | None, cause: str | None = None
    ) -> None:
        super().__init__(message, fix="Wait for that call to end, or ring anyway with --force.")
        self.call_id = call_id
        self.until = until
        self.cause = cause


class Interrupted(ZoomcallError):
    """Ctrl-C or SIGTERM.

    Args:
        message: What may still be in progress.
        is_terminated: Whether it was SIGTERM rather than Ctrl-C.
    """

    def __init__(self, message: str, *, is_terminated: bool) -> None:
        super().__init__(message)
        self.kind = ErrorKind.TERMINATED if is_terminated else ErrorKind.INTERRUPTED


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised in the main thread just as Ctrl-C is."""
