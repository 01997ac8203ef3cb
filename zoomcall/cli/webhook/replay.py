"""``zoomcall webhook replay``: send recorded events again."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.failing import failure_report
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.results.webhook import WebhookReplayResult
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Cause, Certainty
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.webhook import RefusalKind, parse_hook_url
from zoomcall.errors import NetworkWord
from zoomcall.usecases.replaying import Replay
from zoomcall.usecases.replaying import replay as send_again

app = typer.Typer()

_FIX_OF_ABSENCE = "Check that the receiver is running, and that --to has its address and port."


@command(
    app,
    "replay",
    CommandSpec(schema="zoomcall.webhook.replay/1"),
    examples=(
        "zoomcall webhook replay events.jsonl --to http://127.0.0.1:8787",
        "zoomcall webhook replay event.json --to https://example.com/zoom --json",
    ),
)
def replay(
    run: Run,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="What serve --record wrote, or Zoom's JSON: one event, or one on each line."
        ),
    ],
    *,
    to: Annotated[str, typer.Option(metavar="URL", help="Endpoint to send them to (https or loopback).")],
) -> Answer:
    """Replay recorded events, newly signed, with new request ids and the current time.

    Exit code 11: the endpoint did not accept them all; 10: it could not be reached.
    """
    url = parse_hook_url(to, origin="--to")
    events = run.wiring.events_of_file(file)
    held = run.wiring.webhook_secret()
    sender = run.wiring.webhook_sender(url)
    done = send_again(
        events,
        secret=held.secret,
        send=lambda body, headers: sender.send(body, headers, is_repeatable=False),
        now=run.now,
        new_id=lambda: str(uuid.uuid4()),
        tell=lambda row: run.detail(f"{row.http_status}: {row.event}"),
    )
    result, error = _result(url, done), _error(run, url, done)
    status = ExitStatus.OK if error is None else error.status
    return Answer(page=_page(done, result), result=result, status=status, error=error)


def _result(url: str, done: Replay) -> WebhookReplayResult:
    return WebhookReplayResult(
        to=url,
        sent=len(done.rows),
        accepted=len(done.rows) - len(done.refused),
        refused=len(done.refused),
        unsent=done.unsent,
        events=done.rows,
    )


def _error(run: Run, url: str, done: Replay) -> ErrorReport | None:
    if done.fault is not None:
        report = failure_report(done.fault, run.facts)
        is_absent = done.fault.word in {NetworkWord.DNS, NetworkWord.CONNECT}
        return replace(report, fix=_FIX_OF_ABSENCE) if is_absent else report
    if not done.refused:
        return None
    statuses = sorted({row.http_status for row in done.refused})
    return ErrorReport(
        status=ExitStatus.ZOOM_FAULT,
        title=f"{url} did not accept {len(done.refused)} of {len(done.rows)} events: "
        f"it answered {', '.join(map(str, statuses))}",
        causes=tuple(cause for status in statuses for cause in _causes_of_answer(status)),
        http_status=statuses[0] if len(statuses) == 1 else None,
    )


def _causes_of_answer(status: int) -> Iterator[Cause]:
    if status == 401:
        yield Cause(
            RefusalKind.MISMATCH.value,
            Certainty.LIKELY,
            "it answered 401: it has another webhook secret, or its clock is off by more than it allows",
            "Use the same secret on both ends.",
        )
    if status in {404, 405}:
        yield Cause(
            "path-unknown",
            Certainty.LIKELY,
            f"it answered {status}: it takes events at another path",
            "Put the path into --to; `zoomcall webhook serve` takes events at /.",
        )


def _page(done: Replay, result: WebhookReplayResult) -> Page:
    whole = result.sent + result.unsent
    tone = Tone.GOOD if result.accepted == whole else Tone.WARNING
    lines = [Line(f"{result.to} accepted {result.accepted} of {whole} events", tone)]
    lines.extend(
        Line(f"{row.http_status}: {row.event} ({row.request_id})", Tone.BAD, indent=2) for row in done.refused
    )
    if result.unsent:
        lines.append(Line(f"{result.unsent} not sent", Tone.BAD, indent=2))
    return tuple(lines)
