"""From an exception to an explained error report."""

from __future__ import annotations

from zoomcall.cli.answer import ErrorReport
from zoomcall.cli.exit_status import ExitStatus, status_of_kind
from zoomcall.cli.run import Run
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.knowledge.facts import Facts

_NOTHING_RINGS = {
    ExitStatus.NOT_CONFIGURED,
    ExitStatus.AUTH,
    ExitStatus.NOT_ENTITLED,
    ExitStatus.NO_SESSION,
    ExitStatus.RATE_LIMITED,
    ExitStatus.NETWORK,
    ExitStatus.DUPLICATE,
    ExitStatus.REJECTED,
    ExitStatus.USAGE,
}


def report(error: ZoomcallError, run: Run | None) -> ErrorReport:
    """Explain a failure from the facts that the run has learned."""
    status = status_of_kind(error.kind)
    if error.kind in {ErrorKind.USAGE, ErrorKind.INTERRUPTED, ErrorKind.TERMINATED}:
        return ErrorReport(status=status, title=error.message, fix=error.fix, command=error.command)
    from zoomcall.usecases.explaining import report as explain

    explained = explain(error, run.facts if run is not None else Facts())
    return ErrorReport(
        status=status,
        title=explained.title,
        causes=explained.causes,
        checked=explained.checked,
        network=explained.network,
        http_status=explained.http_status,
        zoom_code=explained.zoom_code,
        zoom_message=explained.zoom_message,
        is_retryable=explained.retryable,
        retry_at=explained.retry_at,
        tracking_id=explained.tracking_id,
        doc=explained.doc,
        fix=explained.fix,
        command=explained.command,
        dialled="Nothing rings because of this command." if _is_invite(run) and status in _NOTHING_RINGS else None,
    )


def _is_invite(run: Run | None) -> bool:
    return run is not None and run.spec.schema.startswith("zoomcall.invite")
