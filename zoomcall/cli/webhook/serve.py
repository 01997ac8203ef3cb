"""``zoomcall webhook serve``: receive Zoom's signed events."""

import contextlib
import queue
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.event_sources import webhook_receiver_class
from zoomcall.cli.interrupts import stop_on_signals
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line
from zoomcall.cli.render.json import time_text
from zoomcall.cli.render.text import write_page
from zoomcall.cli.results.webhook import WebhookServeResult
from zoomcall.cli.run import Run
from zoomcall.domain.api_base import is_loopback
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.event import read_event
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.webhook import Delivery, Refusal, RefusalKind, parse_hook_url
from zoomcall.errors import UsageError
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.forwarding import Forwarder, headers_to_forward
from zoomcall.usecases.receiving import Reception

app = typer.Typer()

_MOST_UNSHOWN = 10_000
_FINISH_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_ADVICE = {
    RefusalKind.MISMATCH: "a request was refused with 401: its signature does not match the webhook secret. Does it"
    " come from an app with another secret, or does a proxy change bodies? (-v shows each refusal)",
    RefusalKind.OLD: "a request was refused with 401: its timestamp is more than 5 minutes old. It is a replay, or"
    " this machine's clock is fast",
    RefusalKind.AHEAD: "a request was refused with 401: its timestamp is more than 5 minutes ahead. This machine's"
    " clock is slow",
}


class ServeFlags(Struct, frozen=True, kw_only=True):
    """The flags of ``webhook serve``."""

    host: Annotated[str, typer.Option(metavar="HOST", help="Host to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 0
    ready_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the URL to FILE once it listens.")
    ] = None
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append each event to FILE, on disk before it is acknowledged."),
    ] = None
    forward_to: Annotated[
        str | None, typer.Option(metavar="URL", help="Forward each event unchanged to URL (https or loopback).")
    ] = None


@command(
    app,
    "serve",
    CommandSpec(schema="zoomcall.webhook.serve/1"),
    examples=(
        "zoomcall webhook serve --port 8787 --record events.jsonl",
        "zoomcall webhook serve --port 8787 --forward-to https://example.com/zoom",
    ),
)
def serve(run: Run, flags: ServeFlags) -> Answer | int:
    """Receive Zoom's events at / until Ctrl-C, and print a line for each.

    Every signature is checked, and Zoom's URL validation is answered. For TLS, put a reverse proxy in front.
    """
    receiver_class = webhook_receiver_class()
    forward_url = None if flags.forward_to is None else parse_hook_url(flags.forward_to, origin="--forward-to")
    held = run.wiring.webhook_secret()
    board = _Board(run)
    stop = Stop()
    with contextlib.ExitStack() as opened:
        place = flags.record
        record = None if place is None else opened.enter_context(run.wiring.event_record(place, board.warn))
        forwarder = None if forward_url is None else _forwarder(run, forward_url, board)
        reception = Reception(
            record, pass_on=(board.show, *(() if forwarder is None else (forwarder.offer,))), warn=board.warn
        )
        earlier = () if record is None else record.earlier
        receiver = opened.enter_context(
            receiver_class(
                held.secret,
                flags.host,
                flags.port,
                reception.take,
                on_refusal=board.refuse,
                earlier=earlier,
                warn=board.warn,
            )
        )
        stop_on_signals(stop)
        _announce(run, flags, receiver.url, forward_url)
        board.show_until(stop, lambda: receiver.is_serving)
        receiver.stop()
        board.show_rest()
        if forwarder is not None:
            _finish(run, forwarder)
        result = WebhookServeResult(
            url=receiver.url,
            events=reception.kept,
            repeated=receiver.repeats,
            refused={kind.value: number for kind, number in sorted(board.refused.items())},
            forwarded=None if forwarder is None else forwarder.sent,
            not_forwarded=None if forwarder is None else forwarder.lost,
        )
    return _ended(run, result, ExitStatus.TERMINATED if stop.is_terminated else ExitStatus.INTERRUPTED)


def _forwarder(run: Run, url: str, board: "_Board") -> Forwarder:
    sender = run.wiring.webhook_sender(url)

    def send(delivery: Delivery) -> int:
        return sender.send(delivery.raw, headers_to_forward(delivery), is_repeatable=True)

    forwarder = Forwarder(send, warn=board.warn)
    forwarder.start()
    return forwarder


def _announce(run: Run, flags: ServeFlags, url: str, forward_url: str | None) -> None:
    """Tell a waiting program and the user where it listens."""
    if flags.ready_file is not None:
        from zoomcall.ready_file import write_ready_file

        write_ready_file(flags.ready_file, {"url": url})
    if not is_loopback(flags.host):
        message = f"listening on {flags.host} over plain http; put a reverse proxy with TLS in front of it"
        run.notice(Notice("not-loopback", message))
    if not run.options.is_quiet:
        kept = "events are not kept (--record FILE)" if flags.record is None else f"events go to {flags.record}"
        on = "" if forward_url is None else f" and on to {forward_url}"
        run.say((Line(f"receiving Zoom's events at {url}; {kept}{on}"),))


def _finish(run: Run, forwarder: Forwarder) -> None:
    """Wait for what is on its way; a second Ctrl-C ends the wait."""
    with contextlib.suppress(KeyboardInterrupt):
        left = forwarder.finish(_FINISH_SECONDS)
        if left:
            run.notice(Notice("event-not-forwarded", f"{left} events were not forwarded before the end"))


def _ended(run: Run, result: WebhookServeResult, status: ExitStatus) -> Answer | int:
    if run.output.is_document:
        return Answer(result=result, status=status, error=ErrorReport(status=status, title="interrupted"))
    if not run.options.is_quiet:
        refused = sum(result.refused.values())
        run.say((Line(f"{result.events} events, {result.repeated} repeated, {refused} requests refused"),))
    return int(status)


class _Detail(Struct, frozen=True):
    """A line for ``-v``."""

    text: str


class _Board:
    """Where the receiver's threads put what the main thread shows."""

    def __init__(self, run: Run) -> None:
        self._run = run
        # A signal may come at any moment in the main thread: unlike Queue, SimpleQueue never keeps a lock then.
        self._unshown: queue.SimpleQueue[str | Notice | _Detail] = queue.SimpleQueue()
        self.refused: Counter[RefusalKind] = Counter()

    def show(self, delivery: Delivery) -> None:
        """Show an event, unless too many are waiting to be shown."""
        if not self._run.output.is_document:
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
        text = f"refused a request from {peer} with {refusal.kind.status}: {refusal.why} ({refusal.kind})"
        self._put(_Detail(text))

    def _put(self, item: str | Notice | _Detail) -> None:
        if self._unshown.qsize() < _MOST_UNSHOWN:
            self._unshown.put(item)

    def show_until(self, stop: Stop, is_serving: Callable[[], bool]) -> None:
        """Show what comes until somebody asks to stop."""
        while not stop.is_set:
            if not is_serving():
                raise RuntimeError("the receiver's thread ended by itself")
            with contextlib.suppress(queue.Empty):
                self._show(self._unshown.get(timeout=_LOOK_SECONDS))

    def show_rest(self) -> None:
        """Show what came before the end."""
        while not self._unshown.empty():
            self._show(self._unshown.get())

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


def _event_line(delivery: Delivery) -> str:
    """Return an event as one line; the passcode of a dial string is masked."""
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
