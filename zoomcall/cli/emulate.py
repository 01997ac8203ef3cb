"""``zoomcall emulate``: a local Zoom, on its own or around a command."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.render.page import Line
from zoomcall.cli.run import CommandSpec, OutputFormat, Run
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.secret import Secret
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.limits import Plan
from zoomcall.errors import Terminated, UsageError

app = typer.Typer(help="Run a local Zoom on loopback.")


@command(
    app,
    "emulate",
    # what it has to tell in JSON is that it failed or was stopped
    CommandSpec(schema="zoomcall.error/1", ignores_output_variable=True),
    examples=(
        "zoomcall emulate --ready-file ready.json",
        "zoomcall emulate --time-scale 0.1 -- zoomcall invite sip answer@room.example.com",
        "zoomcall emulate -v -- zoomcall invite sip room@127.0.0.1:5070",
        "zoomcall emulate --fault 429:2,slow:300ms -- my-client",
    ),
)
def emulate(
    run: Run,
    host: Annotated[str, typer.Option(metavar="HOST", help="Loopback host to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="0 draws a free port.")] = 0,
    ready_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write bases, keys and ids to FILE once it listens.")
    ] = None,
    plan: Annotated[Plan, typer.Option(help="Whose rate limits hold.")] = Plan.NONE,
    time_scale: Annotated[
        float, typer.Option(metavar="X", help="Multiply the times of calls by X; 0.1 is ten times faster.")
    ] = 1.0,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Deliver signed events to URL, on loopback.")
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Let things go wrong: words of the list above, with commas between."),
    ] = None,
    command_line: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND ...]",
            help="Run COMMAND against it, and end with its exit code. Its output is all that goes to stdout.",
        ),
    ] = None,
) -> Answer | int:
    """Run a local Zoom on loopback: REST, OAuth and the calls' fates.

    \b
    What stands before the @ of an address says what becomes of its call:
      answer  slow-answer (5 s)  decline  no-answer  fail-N (reason N)
      drop-N (leaves after N seconds)  noop (200, and nothing happens)
    Any other SIP address on loopback is rung over SIP (-v shows the messages),
    an H.323 one joins if its port takes a connection, and the rest fails (9).

    \b
    What can go wrong, for the sake of a client that is to be tested:
      429[:N]            the next N API requests get 429 (N is 1 if left out)
      token-401[:N]      N API requests get 401/124
      html-403[:N]       N API requests get a proxy's 403 page
      users-500[:N]      N looks at the participants get 500
      patch-reset[:N]    N callouts are taken, but the connection breaks
      patch-timeout[:N]  N callouts are taken, but no answer comes for 35 s
      patch-502[:N]      N callouts are taken, but a gateway answers 502
      patch-lost[:N]     N callouts are not taken, and the connection breaks
      slow:TIME          every answer takes TIME longer (300ms, 5s)
      late-log:TIME      webhook_logs shows a delivery TIME after it
      late-events:TIME   every event is TIME late
      double-events      every event comes twice
      swapped-events     a call's events come in the wrong order
    """  # noqa: D301  a real backspace keeps Typer from filling the lines
    try:
        from zoomcall.emulator.running import Emulator
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"aiohttp", "aiosipua"}:
            raise
        raise UsageError(
            "pip install 'zoomcall[emulator]'", fix="The emulator needs that extra, which is not installed."
        ) from error
    from zoomcall.emulator.child import run_command
    from zoomcall.emulator.ready_file import write_ready_file
    from zoomcall.emulator.trouble import parse_faults

    secret = run.settings.environ.get("ZOOMCALL_WEBHOOK_SECRET")
    with (
        _hangup_as_sigterm(),
        Emulator(
            host=host,
            port=port,
            time_scale=time_scale,
            plan=plan,
            keys=Keys.make(webhook_secret=Secret(secret) if secret else None),
            webhook_url=webhook_url,
            trouble=None if fault is None else parse_faults(fault),
            tell=lambda text: run.say((Line(text),)),
            trace=run.detail,
        ) as emulator,
    ):
        ready = emulator.ready
        try:
            _announce(run, ready)
            if ready_file is not None:
                write_ready_file(ready_file, ready)
            if command_line:
                return run_command(command_line, ready, os.environ)
            while True:
                time.sleep(3600)
        except KeyboardInterrupt as stop:
            if run.output is OutputFormat.JSON:
                raise
            return int(ExitStatus.TERMINATED if isinstance(stop, Terminated) else ExitStatus.INTERRUPTED)


@contextlib.contextmanager
def _hangup_as_sigterm() -> Iterator[None]:
    """Let the end of the terminal end the local Zoom in order: its rooms are to be hung up."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:  # as nohup wants it
        yield
        return
    before = signal.signal(number, signal.getsignal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(number, before)


def _announce(run: Run, ready: Mapping[str, str]) -> None:
    where = f"session {ready['session_id']}, meeting {ready['meeting_id']}"
    run.say((Line(f"a local Zoom listens at {ready['api_base']} ({where})"),))
