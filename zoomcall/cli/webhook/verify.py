"""``zoomcall webhook verify``: check the signature of one request."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.render.failure import cause_lines
from zoomcall.cli.results.webhook import WebhookVerifyResult
from zoomcall.cli.run import Run
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.shown_text import shown_file
from zoomcall.domain.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER
from zoomcall.domain.time_words import distance, stamp
from zoomcall.domain.webhook import seconds_of
from zoomcall.errors import UsageError
from zoomcall.named_files import PIPE_LIMIT, read_named
from zoomcall.usecases.verifying import SignedRequest, Verdict, read_saved
from zoomcall.usecases.verifying import verify as check

app = typer.Typer()

_LARGEST_BODY = 10_000_000
_LONGEST_AGE = timedelta(seconds=10**9)


@command(
    app,
    "verify",
    CommandSpec(schema="zoomcall.webhook.verify/1"),
    examples=(
        "zoomcall webhook verify body.json --signature v0=… --timestamp 1760000000",
        "zoomcall webhook verify request.http",
        "zoomcall webhook verify - --signature v0=… --timestamp 1760000000 < body",
    ),
)
def verify(
    run: Run,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", help="The body as received, or the whole request; - reads standard input."
        ),
    ],
    *,
    signature: Annotated[
        str | None, typer.Option(metavar="S", help="Its x-zm-signature header. [default: the request's own]")
    ] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(metavar="T", help="Its x-zm-request-timestamp header. [default: the request's own]"),
    ] = None,
    max_age: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Refuse it if older, such as 300 (seconds) or 5m. [default: any age]"),
    ] = None,
) -> Answer:
    """Check whether a request was signed with the webhook secret, and show why not.

    Exit code 4: it was not, or it is older than --max-age.
    """
    limit = None if max_age is None else _limit(max_age)
    request = _request(_read_body(run, file), signature, timestamp)
    held = run.wiring.webhook_secret()
    place = held.name if held.name.startswith("ZOOMCALL_") else f"the secret of profile {held.name}"
    verdict = check(request, held.secret, now=run.now(), max_age=limit, place=place)
    return Answer(
        page=tuple(_lines(run, verdict)),
        result=_result(verdict),
        status=ExitStatus.OK if verdict.is_accepted else ExitStatus.AUTH,
        error=None if verdict.is_accepted else _error(run, verdict),
    )


def _limit(text: str) -> timedelta:
    return parse_duration(text, name="--max-age", longest=_LONGEST_AGE, may_be_zero=True)


def _request(data: bytes, signature: str | None, timestamp: str | None) -> SignedRequest:
    headers, body = read_saved(data)
    signature = headers.get(SIGNATURE_HEADER) if signature is None else signature
    timestamp = headers.get(TIMESTAMP_HEADER) if timestamp is None else timestamp
    if signature is None or timestamp is None:
        missing = [
            flag for flag, value in (("--signature", signature), ("--timestamp", timestamp)) if value is None
        ]
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} required with a body alone",
            fix=f"Copy them from the headers {SIGNATURE_HEADER} and {TIMESTAMP_HEADER}, or pass the whole request.",
        )
    return SignedRequest(signature=signature, timestamp=timestamp, body=body)


def _read_body(run: Run, file: str) -> bytes:
    if file == "-":
        body = run.streams.read_stdin(_LARGEST_BODY)
    else:
        try:
            body, _ = read_named(Path(file), most=_LARGEST_BODY + 1, limit=PIPE_LIMIT)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"{shown_file(file)} cannot be read: {reason}",
                fix="Name the file that holds the request, or pipe the request itself in with -.",
            ) from None
    if len(body) > _LARGEST_BODY:
        raise UsageError(f"the body is larger than {_LARGEST_BODY:,} bytes, which no event is")
    return body


def _result(verdict: Verdict) -> WebhookVerifyResult:
    return WebhookVerifyResult(
        signature="valid" if verdict.is_genuine else "invalid",
        event=verdict.event,
        signed_at=verdict.at,
        age_seconds=None if verdict.age is None else seconds_of(verdict.age),
        findings=verdict.findings,
        checked=verdict.checked,
    )


def _lines(run: Run, verdict: Verdict) -> Iterator[Line]:
    if verdict.is_genuine:
        yield Line("made with the webhook secret over this body", Tone.GOOD, label="signature")
    else:
        yield Line("not made with the webhook secret over this body and timestamp", Tone.BAD, label="signature")
    if verdict.event:
        yield Line(verdict.event, label="event")
    if verdict.at is not None:
        yield Line(f"{stamp(verdict.at)}, {distance(verdict.at, run.now())}", label="signed")
    yield from cause_lines(verdict.findings)


def _error(run: Run, verdict: Verdict) -> ErrorReport:
    """Report that it is refused; the causes are in the answer, and in JSON here too."""
    is_text = not run.output.is_document
    return ErrorReport(
        status=ExitStatus.AUTH,
        title=f"a webhook receiver would refuse this request: {verdict.findings[0].evidence}",
        causes=() if is_text else verdict.findings,
        checked=() if is_text else verdict.checked,
    )
