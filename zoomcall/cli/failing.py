"""From an exception to an explained error report."""

from __future__ import annotations

from msgspec.structs import replace

from zoomcall.cli.answer import ErrorReport
from zoomcall.domain.cause import Explained
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.knowledge.facts import Facts


def failure_report(error: ZoomcallError, facts: Facts, *, is_invite: bool = False) -> ErrorReport:
    """Explain a failure.

    Args:
        error: What was raised.
        facts: What was known by then.
        is_invite: Say so where nothing rings because of it.
    """
    status = ExitStatus.of(error.kind)
    dialled = "Nothing rings because of this command." if is_invite and status.nothing_rings else None
    if error.kind in {ErrorKind.USAGE, ErrorKind.INTERRUPTED, ErrorKind.TERMINATED}:
        return ErrorReport(
            status=status, title=error.message, fix=error.fix, command=error.command, dialled=dialled
        )
    from zoomcall.usecases.explaining import explain_failure

    explained = explain_failure(error, facts)
    return replace(error_report(explained, status), dialled=dialled)


def error_report(explained: Explained, status: ExitStatus, *, subject: str | None = None) -> ErrorReport:
    """Put an explanation into the form of the contract's ``error``.

    Args:
        explained: The explanation.
        status: The exit status that goes with it.
        subject: What it is about, to stand before the title.
    """
    told = {name: getattr(explained, name) for name in Explained.__struct_fields__}
    if subject is not None:
        told["title"] = f"{subject}: {explained.title}"
    return ErrorReport(status=status, **told)
