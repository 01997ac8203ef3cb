"""The command tree: names and summaries; a command's module is imported, and its flags read, when it is called."""

import importlib
from collections.abc import Callable, Mapping, Sequence
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


SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "Ring": {
        "invite": Entry(
            "",
            "Ring a room system or phone into a session or meeting.",
            _in("invite.one", "sip", "h323", "room", "phone") | _in("invite.batch", "batch"),
        ),
        "call": Entry(
            "",
            "List the calls dialled from here, watch them, hang up.",
            _in("call_list", "list") | _in("call", "status", "wait", "hangup"),
        ),
        "session": Entry("session", "Show live sessions and their users."),
        "meeting": Entry("meeting", "Show who is in a meeting."),
        "room": Entry(
            "",
            "Keep rooms in an address book, to ring them by name.",
            _in("room.book", "add", "list", "show", "edit", "remove", "import", "export")
            | {"sync": "room.sync", "check": "room.check"},
        ),
        "report": Entry("report", "Draw a finished batch again."),
    },
    "Fix": {
        "doctor": Entry("doctor", "Check everything an invite needs."),
        "diagnose": Entry("diagnose", "Show why a request to Zoom fails, and correct it."),
        "explain": Entry("explain", "Explain an error code, reason, state or cause."),
        "token": Entry("token", "Mint and inspect bearer tokens."),
    },
    "Set up": {
        "auth": Entry(
            "",
            "Store, show, choose and remove credentials.",
            _in("auth", "login")
            | _in("auth_logout", "logout")
            | _in("auth", "status")
            | _in("auth_list", "list")
            | _in("auth", "switch"),
        ),
        "whoami": Entry("whoami", "Show the active credential, and if Zoom accepts it."),
        "webhook": Entry(
            "",
            "Receive, verify and replay Zoom's signed events.",
            {name: f"webhook.{name}" for name in ("serve", "verify", "replay", "secret")},
        ),
        "completion": Entry("completion", "Complete commands with TAB in your shell."),
    },
    "Develop": {
        "emulate": Entry("emulate", "Run a local Zoom, to try all this without an account."),
        "schema": Entry("schema", "Print the JSON Schema of a command's output."),
    },
}
"""The commands by what they are for, in the order of the root help."""
ENTRIES: Mapping[str, Entry] = {name: entry for each in SECTIONS.values() for name, entry in each.items()}

_HELP = "Ring SIP and H.323 room systems into Zoom, and know what became of the call."
ENDLESS = 1_000_000
"""The width of a help page in a pipe, where lines are not folded."""
EXAMPLES = "\b\nExamples:\n"
"""What the end of a help page begins with; Typer does not fold it."""
_TRY = """\b
Try      zoomcall emulate -- zoomcall invite sip answer@room.example.com
         zoomcall COMMAND --help
"""
_SECTION_WIDTH = 9


class HelpContext(typer.Context):
    """The context of every command and group: its help is folded between words."""

    def make_formatter(self) -> Any:
        """Return what lays out a help page."""
        if self.terminal_width == ENDLESS:
            return super().make_formatter()
        from zoomcall.cli.help import WholeWords

        return WholeWords(width=self.terminal_width, max_width=self.max_content_width)


def plain_usage(pieces: Sequence[str]) -> list[str]:
    """Return the words after a command in its usage without Typer's braces about what is required."""
    return [piece[1:-1] if piece.startswith("{") and "|" not in piece else piece for piece in pieces]


class Group(TyperGroup):
    """Builds each of its commands when it is named; its help has an example of each."""

    context_class = HelpContext

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

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands with their whole summaries, which Typer would cut."""
        commands = {name: self.get_command(ctx, name) for name in self.commands}
        rows = [(name, each.get_short_help_str(ENDLESS)) for name, each in commands.items() if not each.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Show the first example of each command."""
        if not self.epilog:
            self.epilog = EXAMPLES + "\n".join(first_examples(self, ctx))
        super().format_epilog(ctx, formatter)


def first_examples(command: Any, context: Any) -> list[str]:
    """Return the first example of a command, or of each command of a group, but of no hidden one."""
    if not isinstance(command, Group):
        return (command.epilog or "").removeprefix(EXAMPLES).splitlines()[:1]
    children = (command.get_command(context, name) for name in command.commands)
    return [line for child in children if not child.hidden for line in first_examples(child, context)]


class RootGroup(Group):
    """Imports a command's module only when that command is named; its help fits a terminal of 24 lines."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Name the flags, which are told nowhere else on the page."""
        return ["[--version]", "[--help]", "COMMAND", "[ARGS]..."]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """List the commands by what they are for, from their summaries, without importing them."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_dl(
                [
                    (f"{'' if place else section:<{_SECTION_WIDTH}}{name}", entry.summary)
                    for section, entries in SECTIONS.items()
                    for place, (name, entry) in enumerate(entries.items())
                ]
            )


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
        epilog=_TRY,
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
