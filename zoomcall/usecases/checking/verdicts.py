"""What a check reports, and how a failure becomes a verdict."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.cause import Explained
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.lexicon import exit_texts
from zoomcall.usecases.explaining import explain_failure


class CheckId(StrEnum):
    """The checks, in the order in which they are printed (contract 11)."""

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


class CheckVerdict(Struct, frozen=True, kw_only=True):
    """What a check reports.

    Attributes:
        status: How it ended.
        detail: What was seen.
        fix: What to do; None only if nothing is wrong.
        command: A command that fixes it or shows more.
        kind: The exit name of a failure.
        explained: The whole explanation of a failure or of a warning that is nearly one.
        because: The failed check that prevented this one.
    """

    status: CheckStatus
    detail: str
    fix: str | None = None
    command: str | None = None
    kind: ErrorKind | None = None
    explained: Explained | None = None
    because: CheckId | None = None


class CheckResult(Struct, frozen=True, kw_only=True):
    """A check that was made, and how long it took."""

    id: CheckId
    verdict: CheckVerdict
    taken: timedelta


class Blocked(Exception):
    """A check cannot be made because of what another one finds.

    Args:
        by: The other check.
        error: Why, for when the other check does not report it.
    """

    def __init__(self, by: CheckId, error: ZoomcallError | None = None) -> None:
        super().__init__(by)
        self.by = by
        self.error = error


def ok(detail: str) -> CheckVerdict:
    """Report that nothing is wrong."""
    return CheckVerdict(status=CheckStatus.OK, detail=detail)


def warning(detail: str, fix: str, command: str | None = None) -> CheckVerdict:
    """Report something to know that prevents nothing."""
    return CheckVerdict(status=CheckStatus.WARNING, detail=detail, fix=fix, command=command)


def skipped(detail: str, fix: str, command: str | None = None, *, because: CheckId | None = None) -> CheckVerdict:
    """Report why the check was not made."""
    return CheckVerdict(status=CheckStatus.SKIPPED, detail=detail, fix=fix, command=command, because=because)


def not_asked(more: str = "") -> CheckVerdict:
    """Report that the check needs an answer, which ``--offline`` forbids."""
    return skipped(f"not asked (--offline){more}", "Run it without --offline.")


def failed(error: ZoomcallError, facts: Facts) -> CheckVerdict:
    """Report a failure, explained as it is for every command."""
    return _explained(CheckStatus.FAILED, error, facts)


def warned(error: ZoomcallError, facts: Facts) -> CheckVerdict:
    """Report and explain an error that prevents nothing."""
    return _explained(CheckStatus.WARNING, error, facts)


def _explained(status: CheckStatus, error: ZoomcallError, facts: Facts) -> CheckVerdict:
    explained = explain_failure(error, facts)
    detail, fix, command = explained.title, explained.fix, explained.command
    if explained.causes:
        cause = explained.causes[0]
        detail += f" ({cause.certainty}: {cause.id}: {cause.evidence})"
        fix, command = (fix, command) if fix or command else (cause.fix, cause.command)
    doc = explained.doc or "explain exit-codes"
    return CheckVerdict(
        status=status,
        detail=detail,
        fix=fix or f"See `zoomcall {doc}`.",
        command=command,
        kind=error.kind if status is CheckStatus.FAILED else None,
        explained=explained,
    )


def broken(error: BaseException) -> CheckVerdict:
    """Report a bug in the check itself."""
    title = f"the check itself failed ({type(error).__name__}); this is a bug in zoomcall"
    fix = exit_texts()[ErrorKind.INTERNAL].fix
    return CheckVerdict(
        status=CheckStatus.FAILED,
        detail=title,
        fix=fix,
        kind=ErrorKind.INTERNAL,
        explained=Explained(title=title, fix=fix),
    )
