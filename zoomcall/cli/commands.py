"""The command tree: names and summaries; a command's module is imported, and its flags read, when it is called."""

import importlib
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Annotated, Any

import typer
from msgspec import Struct
from typer.core import TyperGroup
from typer.main import get_command as build_command
from typer.main import get_command_from_info, get_group


class Entry(Struct, frozen=True):
    """A command or group of commands.

    Attributes:
        module: Its module in ``zoomcall.cli``, whose ``app`` is the command or group; empty if it has parts.
        summary: Its line in the root help.
        parts: A group's commands by their names, each with its module, so that only that one is imported.
    """

    module: str
    summary: str
    parts: Mapping[str, str] = {}

    @property
    def modules(self) -> frozenset[str]:
        """All its modules."""
        return frozenset(self.parts.values()) or frozenset({self.module})


def _in(module: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, module)


ENTRIES: Mapping[str, Entry] = {
    "auth": Entry(
        "",
        "Store, show, choose and remove credentials.",
        _in("auth", "login", "logout", "status") | _in("auth_list", "list") | _in("auth", "switch"),
    ),
    "whoami": Entry("whoami", "Show the active credential, its source, and what it overrides."),
    "token": Entry("token", "Mint and inspect bearer tokens."),
    "invite": Entry(
        "",
        "Ring a room system or phone into a session or meeting.",
        _in("invite.one", "sip", "h323", "room", "phone") | _in("invite.batch", "batch"),
    ),
    "room": Entry(
        "",
        "Keep rooms in an address book, to ring them by name.",
        _in("room.book", "add", "list", "show", "edit", "remove", "import", "export")
        | {"sync": "room.sync", "check": "room.check"},
    ),
    "report": Entry("report", "Draw a finished batch again, from its journal or its JSON."),
    "call": Entry(
        "",
        "Show calls dialled from this machine, watch them on, and hang up.",
        _in("call_list", "list") | _in("call", "status", "wait", "hangup"),
    ),
    "session": Entry("session", "Show live sessions and their users."),
    "meeting": Entry("meeting", "Show who is in a meeting."),
    "webhook": Entry(
        "",
        "Receive, verify and replay Zoom's signed events.",
        {name: f"webhook.{name}" for name in ("serve", "verify", "replay", "secret")},
    ),
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


class Group(TyperGroup):
    """Builds each of its commands when it is named."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._makers: Mapping[str, Callable[[], Any]] = {}

    def adopt(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        """Take commands as functions that build them."""
        nothing: Any = None
        self._makers = makers
        self.commands = dict.fromkeys(makers, nothing)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Build one command."""
        if cmd_name in self._makers and self.commands[cmd_name] is None:
            self.commands[cmd_name] = self._makers[cmd_name]()
        return self.commands.get(cmd_name)


class RootGroup(Group):
    """Imports a command's module only when that command is named."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """List the commands from their summaries, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in ENTRIES.items()])


def load(name: str) -> Any:
    """Import and build one entry's command or group."""
    entry = ENTRIES[name]
    if not entry.parts:
        return _named(name, _build(_app(entry.module)))
    makers = {part: partial(_part, part, module) for part, module in entry.parts.items()}
    return _named(name, _build_group(_prepared(typer.Typer(help=entry.summary)), makers))


def _part(name: str, module: str) -> Any:
    """Build a command of a group, or a group within it, which has a module to itself."""
    app = _app(module)
    own = next((info for info in app.registered_commands if info.name == name), None)
    return _named(name, _build(app)) if own is None else _maker(own)()


def _app(module: str) -> typer.Typer:
    return _prepared(importlib.import_module(f"zoomcall.cli.{module}").app)


def _prepared(app: typer.Typer) -> typer.Typer:
    app.rich_markup_mode = None
    app._add_completion = False  # noqa: SLF001 - Typer has no public way to change it after the fact
    app.info.context_settings = {"help_option_names": ["-h", "--help"]}
    return app


def _named(name: str, built: Any) -> Any:
    built.name = name
    return built


def _build(app: typer.Typer) -> Any:
    if len(app.registered_commands) == 1 and app.registered_callback is None:
        return build_command(app)
    return _build_group(app, {info.name or "": _maker(info) for info in app.registered_commands})


def _maker(info: Any) -> Callable[[], Any]:
    return lambda: get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


def _build_group(app: typer.Typer, makers: Mapping[str, Callable[[], Any]]) -> Group:
    """Build a group without its commands, which Typer would all build at once, and give it their makers."""
    bare = copy(app)
    bare.info, bare.registered_commands = copy(app.info), []
    bare.info.cls = Group
    group: Any = get_group(bare)
    group.adopt(makers)
    return group  # type: ignore[no-any-return]


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

    built: Any = build_command(root)
    built.adopt({name: lambda name=name: load(name) for name in ENTRIES})
    return built
