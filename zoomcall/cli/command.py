"""How a command is made: from a function of a ``Run`` and its own flags, to which the frame adds the rest.

A command module has a ``typer.Typer`` named ``app`` and functions such as::

    app = typer.Typer(help="Mint and inspect tokens.")

    @command(app, "mint", CommandSpec(schema="zoomcall.token.mint/1"), examples=("zoomcall token mint --ttl 1h",))
    def mint(run: Run, ttl: Annotated[str, typer.Option(metavar="TIME", help="…")] = "10m") -> Answer:
        \"\"\"Print a bearer token.\"\"\"

The function gets ``run`` first; the common flags (``-p -o --json -q -v --debug --no-input -h``) are added here
and end up in ``run.options``. It returns an ``Answer`` or raises a ``ZoomcallError``, and prints nothing to stdout.
A parameter annotated with a Struct is replaced by its fields: many flags, or flags that several commands share.
Command modules do not use ``from __future__ import annotations``, since Typer reads the annotations as they are.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from msgspec import Struct
from typer.core import TyperCommand

from zoomcall.cli.answer import Answer
from zoomcall.cli.commands import EXAMPLES, HelpContext, plain_usage
from zoomcall.cli.options import CommandSpec, CommonOptions, OutputFormat
from zoomcall.cli.run import Run
from zoomcall.cli.starting import ClosedPipe
from zoomcall.errors import Interrupted, Terminated

CommandFunction = Callable[..., Answer | int]
"""An int is the exit code of a command whose answer is already written (``emulate -- COMMAND``)."""

_CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _formats(*, has_streams: bool = False) -> str:
    return "|".join(word for word in OutputFormat if has_streams or not word.is_stream)


def _common_flags(
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", metavar="NAME", help="Use this profile's credential.")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar=_formats(), help="Output format.")] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Same as -o json.")] = False,
    is_quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Hide progress and warnings.")] = False,
    is_verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more on stderr.")] = False,
    is_debug: Annotated[
        bool, typer.Option("--debug", help="Show requests and tracebacks, without secrets.")
    ] = False,
    is_input_off: Annotated[bool, typer.Option("--no-input", help="Never prompt.")] = False,
) -> None:
    """Carry the flags of every leaf command; only its signature is used."""


_COMMON_FLAGS = tuple(inspect.signature(_common_flags).parameters.values())
_LINES_OUTPUT = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar=_formats(has_streams=True),
        help="Output format; jsonl prints events as they happen.",
    ),
]
_COMMON_FLAGS_WITH_LINES = tuple(
    flag.replace(annotation=_LINES_OUTPUT) if flag.name == "output" else flag for flag in _COMMON_FLAGS
)


def _flags_of(parameter: inspect.Parameter) -> tuple[inspect.Parameter, ...]:
    """Return the parameter itself, or the fields of the Struct that bundles several flags."""
    bundle: Any = parameter.annotation
    if _is_bundle(bundle):
        return tuple(inspect.signature(bundle).parameters.values())
    return (parameter,)


def _is_bundle(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Struct)


class Leaf(TyperCommand):
    """A command that is no group."""

    context_class = HelpContext

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the command in its usage."""
        return plain_usage(super().collect_usage_pieces(ctx))


def command(
    app: typer.Typer,
    name: str,
    spec: CommandSpec,
    *,
    examples: tuple[str, ...] = (),
    is_hidden: bool = False,
    cls: type[Leaf] = Leaf,
) -> Callable[[CommandFunction], CommandFunction]:
    """Add a command to ``app``; see the module's docstring. ``cls`` parses its arguments."""

    def decorate(function: CommandFunction) -> CommandFunction:
        own = tuple(inspect.signature(function).parameters.values())[1:]
        bundles = {parameter.name: parameter.annotation for parameter in own if _is_bundle(parameter.annotation)}
        expanded = [flag for parameter in own for flag in _flags_of(parameter)]
        common = _COMMON_FLAGS if not spec.has_json_lines else _COMMON_FLAGS_WITH_LINES

        def entry(context: typer.Context, **values: Any) -> Answer | int:
            options = CommonOptions(**{flag.name: values.pop(flag.name) for flag in common})
            run: Run = context.obj.start(spec, options)
            given = {
                name: bundle(**{key: values.pop(key) for key in inspect.signature(bundle).parameters})
                for name, bundle in bundles.items()
            } | values
            try:
                return function(run, **given)
            except BrokenPipeError as error:
                raise ClosedPipe from error
            except KeyboardInterrupt as error:
                raise Interrupted("interrupted", is_terminated=isinstance(error, Terminated)) from error

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("context", keyword, annotation=typer.Context),
            *(parameter.replace(kind=keyword) for parameter in (*expanded, *common)),
        ]
        entry.__doc__ = function.__doc__
        entry.__name__ = function.__name__
        entry.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        entry.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # Typer reads it
        epilog = EXAMPLES + "\n".join(f"  {example}" for example in examples) if examples else None
        app.command(name, cls=cls, epilog=epilog, hidden=is_hidden, context_settings=_CONTEXT_SETTINGS)(entry)
        return function

    return decorate
