"""From an exception to an explained error report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from zoomcall.cli.answer import ErrorReport
from zoomcall.domain.cause import Explained
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import ErrorKind, ZoomcallError

if TYPE_CHECKING:
    from zoomcall.knowledge.facts import Facts


def failure_report(error: ZoomcallError, facts: Facts, *, is_invite: bool = False) -> ErrorReport:
    """Explain a failure by what was known; for an invite, add that nothing rings, if that is certain."""
    status = ExitStatus.of(error.kind)
    dialled = "Nothing rings because of this command." if is_invite and status.nothing_rings else None
    if error.kind in {ErrorKind.USAGE, ErrorKind.INTERRUPTED, ErrorKind.TERMINATED}:
        return ErrorReport(
            status=status,
            title=error.message,
            fix=error.fix,
            command=error.command,
            details=error.details,
            dialled=dialled,
        )
    from zoomcall.usecases.explaining import explain_failure

    explained = explain_failure(error, facts)
    return replace(error_report(explained, status), dialled=dialled)


def error_report(explained: Explained, status: ExitStatus, *, subject: str | None = None) -> ErrorReport:
    """Return an explanation as the contract's ``error``; a ``subject`` prefixes the title."""
    told = {name: getattr(explained, name) for name in Explained.__struct_fields__}
    if subject is not None:
        told["title"] = f"{subject}: {explained.title}"
    return ErrorReport(status=status, **told)
