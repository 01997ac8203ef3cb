"""``zoomcall emulate``: a local Zoom, on its own or around a command."""

import contextlib
import inspect
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from zoomcall.cli.command import Leaf, command
from zoomcall.cli.extras import extra
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page
from zoomcall.cli.run import Run
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.secret import Secret
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.limits import Plan
from zoomcall.emulator.trouble import WORDS, parse_faults
from zoomcall.emulator.world import EventIds
from zoomcall.errors import Terminated

if TYPE_CHECKING:
    from zoomcall.emulator.running import Emulator

app = typer.Typer(help="Run a local Zoom on loopback.")

_LOOK_SECONDS = 1.0
"""Windows wakes a sleeping program for Ctrl-C alone."""


class _EmulateCommand(Leaf):
    """Lets ``--room`` stand without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give ``--room`` an empty value if none follows."""
        end = args.index("--") if "--" in args else len(args)
        for index in (each for each, text in enumerate(args[:end]) if text == "--room"):
            following = args[index + 1 : end]
            if not following or following[0].startswith("-"):
                args[index] = "--room="
        return super().parse_args(ctx, args)


class EmulateFlags(Struct, frozen=True, kw_only=True):
    """The flags of ``emulate``."""

    host: Annotated[str, typer.Option(metavar="HOST", help="Loopback host to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 0
    ready_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write URLs, keys and ids to FILE once it is listening."),
    ] = None
    env_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the environment of a command to FILE, for a shell: . FILE"),
    ] = None
    room: Annotated[
        str | None,
        typer.Option(metavar="[ADDRESS]", help="Run a SIP room too, whose address is then in EMULATE_ROOM."),
    ] = None
    plan: Annotated[Plan, typer.Option(help="Enforce the rate limits of this plan.")] = Plan.NONE
    time_scale: Annotated[
        float, typer.Option(metavar="X", help="Multiply the times of calls by X; 0.1 is ten times faster.")
    ] = 1.0
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Deliver signed events to URL, on loopback.")
    ] = None
    event_ids: Annotated[
        EventIds, typer.Option(help="Share one message_id among the events of a call, or give each its own.")
    ] = EventIds.PER_CALL
    fault: Annotated[
        str | None, typer.Option(metavar="LIST", help="Inject faults from the list above, separated by commas.")
    ] = None


def _listing_faults(function: Callable[..., int]) -> Callable[..., int]:
    """Append the words of ``--fault`` to a command's help."""
    words = "".join(f"\n  {word.form:<21}  {word.meaning}" for word in WORDS.values())
    function.__doc__ = f"{inspect.getdoc(function)}\n\n\b\nFaults, to test a client against:{words}"
    return function


@command(
    app,
    "emulate",
    # its only JSON document says that it failed or was stopped
    CommandSpec(schema="zoomcall.error/1", ignores_output_variable=True),
    examples=(
        "zoomcall emulate --env-file zoom.env --room",
        "zoomcall emulate --ready-file ready.json",
        "zoomcall emulate --time-scale 0.1 -- zoomcall invite sip decline@room.test",
        "zoomcall emulate -v -- zoomcall invite sip room@127.0.0.1:5070",
        "zoomcall emulate --fault 429:2,reset-after:1%,seed:7 -- my-client",
    ),
    cls=_EmulateCommand,
)
@_listing_faults
def emulate(
    run: Run,
    flags: EmulateFlags,
    command_line: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND ...]",
            help="Run COMMAND against it, and exit with its exit code. Nothing else is written to stdout.",
        ),
    ] = None,
) -> int:
    """Run a local Zoom on loopback: REST, OAuth, webhooks, and rooms that answer.

    \b
    The name before the @ of an address decides what becomes of its call:
      answer  slow-answer (5 s)  decline  no-answer  fail-N (reason N)
      drop-N (leaves after N seconds)  noop (200, and nothing happens)
      lobby (stays in the waiting room where the meeting has one)
      lobby-N (is admitted from it after N seconds)
    Any other SIP address on loopback is rung over SIP (-v shows the messages),
    an H.323 one joins if its port accepts a connection, and all other calls
    fail with reason 9.

    \b
    The last two digits of +1 555 555 01NN decide what becomes of a phone call:
      00 answer  01 answer after 5 s  02 decline  03 no answer  04 canceled
      05 leave after 3 s  06 noop  07 lobby; any other number is canceled
    """  # noqa: D301  a real backspace keeps Typer from filling the lines
    with _hangup_as_sigterm(), _emulator(run, flags) as emulator:
        try:
            return _serve(run, emulator, flags, command_line)
        except KeyboardInterrupt as stop:
            if run.output.is_document:
                raise
            return int(ExitStatus.TERMINATED if isinstance(stop, Terminated) else ExitStatus.INTERRUPTED)


def _emulator(run: Run, flags: EmulateFlags) -> "Emulator":
    """Return the local Zoom that the flags ask for, not yet serving.

    Raises:
        UsageError: The extra is missing, or a flag is invalid.
    """
    with extra("emulator", "the local Zoom"):
        from zoomcall.emulator.running import Emulator
        from zoomcall.emulator.sip.room import RoomPlace
    secret = run.settings.environ.get("ZOOMCALL_WEBHOOK_SECRET")
    return Emulator(
        host=flags.host,
        port=flags.port,
        time_scale=flags.time_scale,
        plan=flags.plan,
        keys=Keys.make(webhook_secret=Secret(secret) if secret else None),
        webhook_url=flags.webhook_url,
        event_ids=flags.event_ids,
        room=None if flags.room is None else RoomPlace.parse(flags.room),
        trouble=None if flags.fault is None else parse_faults(flags.fault),
        tell=lambda text: run.say((Line(text),)),
        trace=run.detail,
    )


def _serve(run: Run, emulator: "Emulator", flags: EmulateFlags, command_line: list[str] | None) -> int:
    """Run the command and return its exit code; without one, serve until a signal arrives."""
    from zoomcall.emulator.child import environment_lines, fresh_folders, run_command
    from zoomcall.ready_file import write_ready_file, write_started

    ready = emulator.ready
    where = f"session {ready['session_id']}, meeting {ready['meeting_id']}"
    where += f", room {ready['room']}" if "room" in ready else ""
    if not run.options.is_quiet:
        run.say((Line(f"a local Zoom is listening at {ready['api_base']} ({where})"),))
    with fresh_folders() as folder:
        if flags.env_file is not None:
            lines = environment_lines(ready, folder, is_powershell=_is_for_powershell(flags.env_file))
            write_started(flags.env_file, lines, what="environment file")
        if flags.ready_file is not None:
            write_ready_file(flags.ready_file, ready)
        if command_line:
            return run_command(command_line, ready, os.environ)
        if not run.options.is_quiet:
            run.say(_ways_to_use(flags, ready))
        while True:
            time.sleep(_LOOK_SECONDS)


def _ways_to_use(flags: EmulateFlags, ready: Mapping[str, str]) -> Page:
    """Return what to type in a second terminal."""
    room = ready.get("room", "answer@room.example.com")
    if flags.env_file is not None:
        return (
            Line("in another terminal:"),
            Line(f"  {_sourcing(flags.env_file.absolute())}"),
            Line(f"  zoomcall invite sip {room}"),
        )
    if flags.ready_file is not None:
        return ()
    path = Path("zoom.ps1" if sys.platform == "win32" else "zoom.env")
    return (
        Line("to ring a room from another terminal, start it so:"),
        Line(f"  zoomcall emulate --env-file {path.name}"),
        Line("and run there:"),
        Line(f"  {_sourcing(path)}; zoomcall invite sip answer@room.example.com"),
        Line("or give it the command: zoomcall emulate -- zoomcall invite sip answer@room.example.com"),
    )


def _is_for_powershell(path: Path) -> bool:
    return path.suffix.lower() == ".ps1"


def _sourcing(path: Path) -> str:
    """Return the line that reads an environment file into a shell."""
    if _is_for_powershell(path):  # Windows forbids scripts unless told otherwise, but no expression
        quoted = str(path).replace("'", "''")
        return f"Get-Content -Raw '{quoted}' | Invoke-Expression"
    return f". {shlex.quote(str(path) if path.is_absolute() else f'./{path}')}"


@contextlib.contextmanager
def _hangup_as_sigterm() -> Iterator[None]:
    """Treat SIGHUP like SIGTERM, so that a closed terminal still hangs up the rooms."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:  # nohup
        yield
        return
    before = signal.signal(number, signal.getsignal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(number, before)
