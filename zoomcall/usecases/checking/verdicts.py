"""What a check says, and how a failure becomes a verdict."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.cause import Explained
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.lexicon import exit_texts
from zoomcall.usecases.explaining import report


class CheckId(StrEnum):
    """The checks, in the order in which they are told (contract 11)."""

    CREDENTIAL = "credential"
    KEYRING = "keyring"
    CLOCK = "clock"
    DNS = "dns"
    TLS = "tls"
    PROXY = "proxy"
    API = "api"
    TOKEN = "token"  # noqa: S105 - a check, not a token
    ACCOUNT = "account"
    SCOPES = "scopes"
    CRC = "crc"
    SESSION = "session"
    WEBHOOK = "webhook"
    VERSIONS = "versions"


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Verdict(Struct, frozen=True, kw_only=True):
    """What a check says.

    Attributes:
        status: How it ended.
        detail: What was seen.
        fix: What to do; None only where all is well.
        command: A command that mends it or shows more.
        kind: The exit name of a failure.
        explained: The whole explanation of a failure or of what comes near to one.
        because: The failed check that kept this one from being made.
    """

    status: CheckStatus
    detail: str
    fix: str | None = None
    command: str | None = None
    kind: ErrorKind | None = None
    explained: Explained | None = None
    because: str | None = None


class Check(Struct, frozen=True, kw_only=True):
    """One check, made."""

    id: CheckId
    verdict: Verdict
    taken: timedelta


class Blocked(Exception):
    """A check cannot be made because of what another one finds.

    Args:
        by: The other check, or the step that it waited for.
        error: Why, as it is told where the other check says nothing of it.
    """

    def __init__(self, by: str, error: ZoomcallError | None = None) -> None:
        super().__init__(by)
        self.by = by
        self.error = error


def ok(detail: str) -> Verdict:
    """Say that all is well."""
    return Verdict(status=CheckStatus.OK, detail=detail)


def warning(detail: str, fix: str, command: str | None = None) -> Verdict:
    """Say what should be known and stops nothing."""
    return Verdict(status=CheckStatus.WARNING, detail=detail, fix=fix, command=command)


def skipped(detail: str, fix: str, command: str | None = None, *, because: str | None = None) -> Verdict:
    """Say why the check was not made."""
    return Verdict(status=CheckStatus.SKIPPED, detail=detail, fix=fix, command=command, because=because)


def failed(error: ZoomcallError, facts: Facts) -> Verdict:
    """Say what is wrong, from the same knowledge as every failing command."""
    return _explained(CheckStatus.FAILED, error, facts)


def warned(error: ZoomcallError, facts: Facts) -> Verdict:
    """Explain what went wrong, where it stops nothing."""
    return _explained(CheckStatus.WARNING, error, facts)


def _explained(status: CheckStatus, error: ZoomcallError, facts: Facts) -> Verdict:
    explained = report(error, facts)
    detail, fix, command = explained.title, explained.fix, explained.command
    if explained.causes:
        cause = explained.causes[0]
        detail += f" ({cause.certainty}: {cause.id}: {cause.evidence})"
        fix, command = (fix, command) if fix or command else (cause.fix, cause.command)
    doc = explained.doc or "explain exit-codes"
    return Verdict(
        status=status,
        detail=detail,
        fix=fix or f"`zoomcall {doc}` tells more.",
        command=command,
        kind=error.kind if status is CheckStatus.FAILED else None,
        explained=explained,
    )


def broken(error: BaseException) -> Verdict:
    """Say that a check itself is at fault."""
    title = f"the check itself failed ({type(error).__name__}); this is a bug of zoomcall"
    fix = exit_texts()[ErrorKind.INTERNAL].fix
    return Verdict(
        status=CheckStatus.FAILED,
        detail=title,
        fix=fix,
        kind=ErrorKind.INTERNAL,
        explained=Explained(title=title, fix=fix),
    )
