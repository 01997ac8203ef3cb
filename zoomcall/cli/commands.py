"""The command tree: names and summaries; a command's module is imported only when it is called."""

import importlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from msgspec import Struct
from typer.core import TyperGroup
from typer.main import get_command as build_command


class Entry(Struct, frozen=True):
    """A command or group of commands.

    Attributes:
        module: Its module in ``zoomcall.cli``, whose ``app`` is the command or group.
        summary: Its line in the root help.
    """

    module: str
    summary: str


ENTRIES: Mapping[str, Entry] = {
    "auth": Entry("auth", "Store, show, choose and remove credentials."),
    "whoami": Entry("whoami", "Show the active credential, its source, and what it overrides."),
    "token": Entry("token", "Mint and inspect bearer tokens."),
    "invite": Entry("invite", "Ring a room system into a session or meeting."),
    "room": Entry("room", "Keep rooms in an address book, to ring them by name."),
    "report": Entry("report", "Draw a finished batch again, from its journal or its JSON."),
    "call": Entry("call", "Show calls dialled from this machine, watch them on, and hang up."),
    "session": Entry("session", "Show live sessions and their users."),
    "meeting": Entry("meeting", "Show who is in a meeting."),
    "webhook": Entry("webhook", "Receive, verify and replay Zoom's signed events."),
    "diagnose": Entry("diagnose", "Show why a request to Zoom fails, and print the corrected request."),
    "doctor": Entry("doctor", "Check everything an invite needs, with a fix for each problem."),
    "explain": Entry("explain", "Explain an error code, reason, state, exit code or cause."),
    "emulate": Entry("emulate", "Run a local Zoom on loopback."),
    "schema": Entry("schema", "Print the JSON Schema of a command's output."),
    "completion": Entry("completion", "Print the completion script for a shell."),
}

_HELP = """Ring SIP and H.323 room systems into Zoom sessions, and know what became of the call.

\b
Examples:
  zoomcall auth login --kind videosdk --api-key KEY
  zoomcall session list
  zoomcall invite sip room@example.com --session ID
  zoomcall explain 124
"""


class RootGroup(TyperGroup):
    """Imports a command's module only when that command is named."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        nothing: Any = None
        self.commands = dict.fromkeys(ENTRIES, nothing)  # only the names are used, for typo hints

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return every command name, in the order a newcomer needs them."""
        return list(ENTRIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Build one command."""
        return load(cmd_name) if cmd_name in ENTRIES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """List the commands from their summaries, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in ENTRIES.items()])


def load(name: str) -> Any:
    """Import and build one entry's command or group."""
    module = importlib.import_module(f"zoomcall.cli.{ENTRIES[name].module}")
    app: typer.Typer = module.app
    app.rich_markup_mode = None
    app._add_completion = False  # noqa: SLF001 - Typer has no public way to change it after the fact
    app.info.context_settings = {"help_option_names": ["-h", "--help"]}
    built = build_command(app)
    built.name = name
    return built


def build_root() -> Any:
    """Build the root group."""
    root = typer.Typer(
        cls=RootGroup,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help=_HELP,
        context_settings={"help_option_names": ["-h", "--help"]},
        invoke_without_command=True,
    )

    @root.callback()
    def _root(
        context: typer.Context,
        *,
        version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
    ) -> None:
        if version:
            from zoomcall import __version__

            typer.echo(f"zoomcall {__version__}")
        elif context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return build_command(root)
