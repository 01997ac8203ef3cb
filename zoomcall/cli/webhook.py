"""``zoomcall webhook``: receive, check and re-send Zoom's signed events.

Results (they may grow):

- ``serve`` ``{url, events, repeated, refused: {kind: number}, forwarded, not_forwarded}``, once it is ended
- ``verify`` ``{signature: valid|invalid, event, signed_at, age_seconds, findings, checked}``
- ``replay`` ``{to, sent, accepted, refused, unsent, events: [{event, request_id, http_status}]}``
- ``secret set`` ``{profile, store, replaced}``
- ``secret remove`` ``{profile, store, removed}``
"""

import contextlib
import queue
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.event_sources import webhook_receiver_class
from zoomcall.cli.failing import failure_report
from zoomcall.cli.options import CommandSpec, OutputFormat
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.failure import cause_lines
from zoomcall.cli.render.json import cause_json, checked_json, time_text
from zoomcall.cli.render.text import write_page
from zoomcall.cli.run import Run
from zoomcall.cli.secret_input import secret_source
from zoomcall.domain.api_base import is_loopback
from zoomcall.domain.cause import Cause, Certainty, Notice
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.event import read_event
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.profile import Store
from zoomcall.domain.time_words import distance, stamp
from zoomcall.domain.webhook import Delivery, Refusal, RefusalKind, parse_hook_url, seconds_of
from zoomcall.errors import NetworkWord, UsageError
from zoomcall.usecases.forwarding import Forwarder, headers_to_forward
from zoomcall.usecases.receiving import Reception
from zoomcall.usecases.replaying import Replay, Replayed
from zoomcall.usecases.replaying import replay as send_again
from zoomcall.usecases.signing_in import SecretStore
from zoomcall.usecases.verifying import SignedRequest, Verdict
from zoomcall.usecases.verifying import verify as check
from zoomcall.usecases.webhook_secret import (
    FILE_VARIABLE,
    VARIABLE,
    WHERE_ZOOM_SHOWS_IT,
    chosen_profile,
    remove_webhook_secret,
    store_webhook_secret,
)

if TYPE_CHECKING:
    from zoomcall.adapters.webhook_receiver import WebhookReceiver

app = typer.Typer(help="Receive, check and re-send Zoom's signed events.")
secret_app = typer.Typer(help="Store or remove a profile's webhook secret.")
app.add_typer(secret_app, name="secret")

_LARGEST_BODY = 10_000_000
_MOST_UNSHOWN = 10_000
_FINISH_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_FIX_OF_ABSENCE = "See that the receiver runs, and that --to names its address and port."


@command(
    app,
    "serve",
    CommandSpec(schema="zoomcall.webhook.serve/1"),
    examples=(
        "zoomcall webhook serve --port 8787 --record events.jsonl",
        "zoomcall webhook serve --port 8787 --forward-to https://example.com/zoom",
    ),
)
def serve(
    run: Run,
    *,
    host: Annotated[str, typer.Option(metavar="HOST", help="Host to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="0 draws a free port.")] = 0,
    ready_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the URL to FILE once it listens.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append each event to FILE, on disk before it is acknowledged."),
    ] = None,
    forward_to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send each event on as it came, https or loopback.")
    ] = None,
) -> Answer | int:
    """Take Zoom's events at /, until Ctrl-C; print a line for each.

    Every signature is checked, that of Zoom's URL validation too, which is answered. TLS is a reverse proxy's work.
    """
    receiver_class = webhook_receiver_class()
    forward_url = None if forward_to is None else parse_hook_url(forward_to, origin="--forward-to")
    held = run.wiring.webhook_secret()
    board = _Board(run)
    with contextlib.ExitStack() as open_things:
        kept = None if record is None else open_things.enter_context(run.wiring.event_record(record, board.warn))
        forwarder = None if forward_url is None else _forwarder(run, forward_url, board)
        pass_on = (board.show, *((forwarder.offer,) if forwarder is not None else ()))
        reception = Reception(kept, pass_on=pass_on, warn=board.warn)
        receiver = receiver_class(
            held.secret,
            host,
            port,
            reception.take,
            on_refusal=board.refuse,
            known_ids=() if kept is None else kept.known_ids,
        )
        open_things.enter_context(receiver)
        with _signals_noted(board.stops):
            if ready_file is not None:
                from zoomcall.ready_file import write_ready_file

                write_ready_file(ready_file, {"url": receiver.url})
            _say_where(run, receiver.url, host, record, forward_url)
            status = board.run_until_stopped(receiver)
        receiver.stop()
        board.show_rest()
        if forwarder is not None:
            _finish(run, forwarder)
        return _served(run, board, reception, receiver, forwarder, status)


def _forwarder(run: Run, url: str, board: "_Board") -> Forwarder:
    sender = run.wiring.webhook_sender(url)

    def send(delivery: Delivery) -> int:
        return sender.send(delivery.raw, headers_to_forward(delivery), is_repeatable=True)

    forwarder = Forwarder(send, warn=board.warn)
    forwarder.start()
    return forwarder


def _say_where(run: Run, url: str, host: str, record: Path | None, forward_url: str | None) -> None:
    if not is_loopback(host):
        run.notice(
            Notice("not-loopback", f"it listens on {host} over plain http; put a reverse proxy with TLS before it")
        )
    if run.options.is_quiet:
        return
    kept = "events are not kept (--record FILE)" if record is None else f"events go to {record}"
    on = "" if forward_url is None else f" and on to {forward_url}"
    run.say((Line(f"taking Zoom's events at {url}; {kept}{on}"),))


def _finish(run: Run, forwarder: Forwarder) -> None:
    """Let what is under way arrive; a second Ctrl-C gives that up."""
    with contextlib.suppress(KeyboardInterrupt):
        left = forwarder.finish(_FINISH_SECONDS)
        if left:
            run.notice(Notice("event-not-forwarded", f"{left} events were not forwarded before the end"))


def _served(
    run: Run,
    board: "_Board",
    reception: Reception,
    receiver: "WebhookReceiver",
    forwarder: Forwarder | None,
    status: ExitStatus,
) -> Answer | int:
    result = {
        "url": receiver.url,
        "events": reception.kept,
        "repeated": receiver.repeats,
        "refused": {kind.value: number for kind, number in sorted(board.refused.items())},
        "forwarded": None if forwarder is None else forwarder.sent,
        "not_forwarded": None if forwarder is None else forwarder.lost,
    }
    if run.output is OutputFormat.JSON:
        return Answer(result=result, status=status, error=ErrorReport(status=status, title="interrupted"))
    if not run.options.is_quiet:
        text = (
            f"{reception.kept} events, {receiver.repeats} repeated, {sum(board.refused.values())} requests refused"
        )
        run.say((Line(text),))
    return int(status)


class _Detail(Struct, frozen=True):
    """A line for ``-v``."""

    text: str


class _Board:
    """Where the receiver's threads put what is to be seen, and the main thread shows it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        # Ctrl-C may come at any moment in the main thread: unlike Queue, SimpleQueue never keeps a lock then.
        self._unshown: queue.SimpleQueue[str | Notice | _Detail] = queue.SimpleQueue()
        self.refused: Counter[RefusalKind] = Counter()
        self.stops: list[ExitStatus] = []

    def show(self, delivery: Delivery) -> None:
        """Show an event; one that finds too many unshown ones is left out."""
        if self._run.output is OutputFormat.TEXT:
            self._put(_event_line(delivery))

    def warn(self, notice: Notice) -> None:
        """Show a warning, likewise."""
        self._put(notice)

    def refuse(self, refusal: Refusal, peer: str) -> None:
        """Count a refused request, and show it."""
        self.refused[refusal.kind] += 1
        advice = _ADVICE.get(refusal.kind)
        if advice is not None:
            self.warn(Notice(refusal.kind.value, advice))
        text = f"refused a request of {peer} with {refusal.kind.status}: {refusal.why} ({refusal.kind})"
        self._put(_Detail(text))

    def _put(self, item: str | Notice | _Detail) -> None:
        if self._unshown.qsize() < _MOST_UNSHOWN:
            self._unshown.put(item)

    def run_until_stopped(self, receiver: "WebhookReceiver") -> ExitStatus:
        """Show what comes until Ctrl-C or SIGTERM; give the exit status."""
        while receiver.is_serving and not self.stops:
            with contextlib.suppress(queue.Empty):
                self._show(self._unshown.get(timeout=_LOOK_SECONDS))
        if self.stops:
            return self.stops[0]
        raise RuntimeError("the receiver's thread has ended by itself")

    def show_rest(self) -> None:
        """Show what came before the end."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._show(self._unshown.get_nowait())

    def _show(self, item: str | Notice | _Detail) -> None:
        run = self._run
        match item:
            case _Detail(text):
                run.detail(text)
            case Notice():
                run.notice(item)
            case text:
                write_page((Line(text),), run.streams.stdout, run.streams.look_of(run.streams.stdout))
                run.streams.stdout.flush()


@contextlib.contextmanager
def _signals_noted(stops: list[ExitStatus]) -> Iterator[None]:
    """Note Ctrl-C and SIGTERM instead of raising them: nothing is lost between a queue and the stream."""
    previous = {}
    for number, status in ((signal.SIGINT, ExitStatus.INTERRUPTED), (signal.SIGTERM, ExitStatus.TERMINATED)):
        if signal.getsignal(number) is signal.SIG_IGN:
            continue  # a shell's background job: Ctrl-C is not meant for it

        def note(_number: int, _frame: FrameType | None, status: ExitStatus = status) -> None:
            stops.append(status)

        previous[number] = signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


_ADVICE = {
    RefusalKind.MISMATCH: "a request was refused with 401: its signature does not fit the webhook secret. Another "
    "app's secret, or a proxy that changes bodies? (-v shows each refusal)",
    RefusalKind.OLD: "a request was refused with 401: its timestamp is more than 5 minutes old. A replay, or this "
    "machine's clock is fast",
    RefusalKind.AHEAD: "a request was refused with 401: its timestamp is more than 5 minutes ahead. This machine's "
    "clock is slow",
}


def _event_line(delivery: Delivery) -> str:
    """Tell an event in one line; the passcode of a dial string is masked."""
    words = [time_text(delivery.received_at), delivery.event.name or "(an event without a name)"]
    callout = read_event(delivery.event.body)
    if callout is not None:
        try:
            device = parse_destination(callout.protocol, callout.device).shown
        except UsageError:
            device = callout.device.partition("##")[0]
        words.append(f"{callout.protocol} {device} ({callout.api} {callout.target_id})")
        if callout.reason is not None:
            words.append(f"reason {callout.reason.code} ({callout.reason.name})")
    return " ".join(words)


@command(
    app,
    "verify",
    CommandSpec(schema="zoomcall.webhook.verify/1"),
    examples=(
        "zoomcall webhook verify body.json --signature v0=… --timestamp 1760000000",
        "zoomcall webhook verify - --signature v0=… --timestamp 1760000000 --max-age 300 < body.json",
    ),
)
def verify(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The body as it came; - reads standard input.")],
    *,
    signature: Annotated[str, typer.Option(metavar="S", help="The x-zm-signature.")],
    timestamp: Annotated[str, typer.Option(metavar="T", help="The x-zm-request-timestamp.")],
    max_age: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=0, max=10**9, help="How old it may be. [default: as old as it likes]"),
    ] = None,
) -> Answer:
    """Tell whether a request was signed with the webhook secret, and if not, why not.

    Exit code 4: it was not, or it is older than --max-age.
    """
    body = _read_body(run, file)
    held = run.wiring.webhook_secret()
    limit = None if max_age is None else timedelta(seconds=max_age)
    request = SignedRequest(signature=signature, timestamp=timestamp, body=body)
    verdict = check(request, held.secret, now=run.now(), max_age=limit)
    result = {
        "signature": "valid" if verdict.is_genuine else "invalid",
        "event": verdict.event,
        "signed_at": verdict.at,
        "age_seconds": None if verdict.age is None else seconds_of(verdict.age),
        "findings": [cause_json(cause) for cause in verdict.findings],
        "checked": [checked_json(checked) for checked in verdict.checked],
    }
    return Answer(
        page=tuple(_verdict_lines(run, verdict)),
        result=result,
        status=ExitStatus.OK if verdict.is_accepted else ExitStatus.AUTH,
        error=None if verdict.is_accepted else _verdict_error(run, verdict),
    )


def _read_body(run: Run, file: str) -> bytes:
    if file == "-":
        body = run.streams.read_stdin(_LARGEST_BODY)
    else:
        try:
            with Path(file).open("rb") as opened:
                body = opened.read(_LARGEST_BODY + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"{file} cannot be read: {reason}") from error
    if len(body) > _LARGEST_BODY:
        raise UsageError(f"the body is larger than {_LARGEST_BODY:,} bytes, which no event is")
    return body


def _verdict_lines(run: Run, verdict: Verdict) -> Iterator[Line]:
    if verdict.is_genuine:
        yield Line("made with the webhook secret over this body", Tone.GOOD, label="signature")
    else:
        yield Line("not made with the webhook secret over this body and timestamp", Tone.BAD, label="signature")
    if verdict.event:
        yield Line(verdict.event, label="event")
    if verdict.at is not None:
        yield Line(f"{stamp(verdict.at)}, {distance(verdict.at, run.now())}", label="signed")
    yield from cause_lines(verdict.findings)


def _verdict_error(run: Run, verdict: Verdict) -> ErrorReport:
    first = verdict.findings[0]
    is_text = run.output is OutputFormat.TEXT  # where the findings stand in the answer
    return ErrorReport(
        status=ExitStatus.AUTH,
        title=f"a webhook receiver would refuse this request: {first.evidence}",
        causes=() if is_text else verdict.findings,
        checked=() if is_text else verdict.checked,
    )


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
        typer.Argument(metavar="FILE", help="What serve --record wrote, or Zoom's JSON, one event or a line each."),
    ],
    *,
    to: Annotated[str, typer.Option(metavar="URL", help="The endpoint, https or loopback.")],
) -> Answer:
    """Send recorded events again, signed anew, with new request ids and the time of now.

    Exit code 11: the endpoint did not take them all; 10: it could not be reached.
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
    status, error = _judge_replay(run, url, done)
    return Answer(page=_replay_page(url, done), result=_replay_json(url, done), status=status, error=error)


def _judge_replay(run: Run, url: str, done: Replay) -> tuple[ExitStatus, ErrorReport | None]:
    if done.fault is not None:
        told = failure_report(done.fault, run.facts)
        is_away = done.fault.word in {NetworkWord.DNS, NetworkWord.CONNECT}
        return ExitStatus.NETWORK, replace(told, fix=_FIX_OF_ABSENCE) if is_away else told
    if not done.refused:
        return ExitStatus.OK, None
    statuses = sorted({row.http_status for row in done.refused})
    return ExitStatus.ZOOM_FAULT, ErrorReport(
        status=ExitStatus.ZOOM_FAULT,
        title=f"{url} did not take {len(done.refused)} of {len(done.rows)} events: "
        f"it answered {', '.join(map(str, statuses))}",
        causes=tuple(cause for status in statuses for cause in _causes_of_answer(status)),
        http_status=statuses[0] if len(statuses) == 1 else None,
    )


def _causes_of_answer(status: int) -> Iterator[Cause]:
    if status == 401:
        yield Cause(
            RefusalKind.MISMATCH.value,
            Certainty.LIKELY,
            "it answered 401: it knows another webhook secret, or its clock is off by more than it allows",
            "Give both ends the same secret.",
        )
    if status in {404, 405}:
        yield Cause(
            "path-unknown",
            Certainty.LIKELY,
            f"it answered {status}: it takes events at another path",
            "Name the path in --to; `zoomcall webhook serve` takes them at /.",
        )


def _replay_page(url: str, done: Replay) -> Page:
    accepted = len(done.rows) - len(done.refused)
    whole = len(done.rows) + done.unsent
    tone = Tone.GOOD if accepted == whole else Tone.WARNING
    lines = [Line(f"{accepted} of {whole} events taken by {url}", tone)]
    lines.extend(
        Line(f"{row.http_status}: {row.event} ({row.request_id})", Tone.BAD, indent=2) for row in done.refused
    )
    if done.unsent:
        lines.append(Line(f"{done.unsent} not sent", Tone.BAD, indent=2))
    return tuple(lines)


def _replay_json(url: str, done: Replay) -> dict[str, Any]:
    return {
        "to": url,
        "sent": len(done.rows),
        "accepted": len(done.rows) - len(done.refused),
        "refused": len(done.refused),
        "unsent": done.unsent,
        "events": [_row_json(row) for row in done.rows],
    }


def _row_json(row: Replayed) -> dict[str, Any]:
    return {"event": row.event, "request_id": row.request_id, "http_status": row.http_status}


@command(
    secret_app,
    "set",
    CommandSpec(schema="zoomcall.webhook.secret.set/1"),
    examples=(
        "zoomcall webhook secret set",
        "zoomcall webhook secret set -p prod --secret-file secret.txt",
        "vault read zoom-webhook | zoomcall webhook secret set --secret-stdin",
    ),
)
def set_(
    run: Run,
    *,
    is_secret_piped: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input.")
    ] = False,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", metavar="FILE", help="Read the secret from a file.")
    ] = None,
) -> Answer:
    """Store the webhook secret token of a profile: the one named with -p, else the current one.

    No flag takes it: it is asked for without showing it, or read from standard input or a file.
    """
    config = run.wiring.config.read()
    profile = chosen_profile(run.settings.environ, profile=run.options.profile, config=config)
    if not run.options.is_quiet:
        run.say((Line(WHERE_ZOOM_SHOWS_IT, Tone.DIM),))
    ask = secret_source(run, "webhook secret", is_piped=is_secret_piped, file=secret_file)
    done = store_webhook_secret(profile, ask_secret=ask, open_store=lambda place: _store(run, place))
    _warn_if_outvoted(run)
    verb = "replaced" if done.was_there else "stored"
    return Answer(
        page=(Line(f"{verb} the webhook secret of profile {done.profile}, in {_place(done.store)}", Tone.GOOD),),
        result={"profile": done.profile, "store": done.store, "replaced": done.was_there},
    )


@command(
    secret_app,
    "remove",
    CommandSpec(schema="zoomcall.webhook.secret.remove/1"),
    examples=("zoomcall webhook secret remove", "zoomcall webhook secret remove -p prod"),
)
def remove(run: Run) -> Answer:
    """Remove the webhook secret of a profile: the one named with -p, else the current one."""
    config = run.wiring.config.read()
    profile = chosen_profile(run.settings.environ, profile=run.options.profile, config=config)
    done = remove_webhook_secret(profile, open_store=lambda place: _store(run, place))
    _warn_if_outvoted(run)
    if done.was_there:
        line = Line(f"removed the webhook secret of profile {done.profile}", Tone.GOOD)
    else:
        line = Line(f"profile {done.profile} had no webhook secret, so there was nothing to remove")
    return Answer(page=(line,), result={"profile": done.profile, "store": done.store, "removed": done.was_there})


def _store(run: Run, place: Store) -> SecretStore:
    return run.wiring.secret_files if place is Store.FILE else run.wiring.keyring


def _place(store: Store) -> str:
    return "the keyring" if store is Store.KEYRING else "a file"


def _warn_if_outvoted(run: Run) -> None:
    run.warn_if_outvoted([name for name in (VARIABLE, FILE_VARIABLE) if run.settings.environ.get(name)])
