"""The common flags and the output formats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

if TYPE_CHECKING:
    from zoomcall.cli.settings import Settings


class OutputFormat(StrEnum):
    """``-o``. ``render/formats.py`` writes an answer in each format.

    Attributes:
        is_document: stdout is for a program, so errors and warnings are part of it.
        is_stream: Only commands with ``has_json_lines`` allow it.
    """

    _value_: str
    is_document: bool
    is_stream: bool

    def __new__(cls, word: str, is_document: bool = True, is_stream: bool = False) -> Self:  # noqa: FBT001, FBT002 - a row
        """Read one row of the table below."""
        output = str.__new__(cls, word)
        output._value_ = word
        output.is_document, output.is_stream = is_document, is_stream
        return output

    TEXT = "text", False
    JSON = "json"
    JSON_LINES = "jsonl", True, True


_WITHOUT_VARIABLE = (["token", "mint"], ["completion"], ["schema"], ["emulate"])
"""Commands whose stdout another program uses unchanged, so ``ZOOMCALL_OUTPUT`` does not affect them."""


class CommandSpec(Struct, frozen=True, kw_only=True):
    """What the frame must know of a command.

    Attributes:
        schema: The schema of its JSON document, such as ``zoomcall.token.mint/1``.
        has_json_lines: Whether ``-o jsonl`` is allowed.
        ignores_output_variable: Whether ``ZOOMCALL_OUTPUT`` is ignored.
        is_raw: Whether its answer is a script or a schema, the same in every format.
    """

    schema: str
    has_json_lines: bool = False
    ignores_output_variable: bool = False
    is_raw: bool = False


class CommonOptions(Struct, frozen=True, kw_only=True):
    """The flags of every leaf command (contract 1)."""

    profile: str | None = None
    output: str | None = None
    is_json: bool = False
    is_quiet: bool = False
    is_verbose: bool = False
    is_debug: bool = False
    is_input_off: bool = False


def chosen_format(spec: CommandSpec, options: CommonOptions, settings: Settings) -> OutputFormat:
    """Return the format that flags and variables ask for.

    Raises:
        UsageError: ``-o`` or ``ZOOMCALL_OUTPUT`` is not a format, or two flags contradict each other.
    """
    default = _default_format(spec, settings)  # reports a bad variable, whatever the flags say
    if options.is_json and options.output not in {None, "json"}:
        raise UsageError(f"--json and -o {options.output} contradict each other")
    if options.is_json:
        return OutputFormat.JSON
    if options.output is not None:
        return _format(options.output, "-o", has_streams=spec.has_json_lines)
    return default


def _default_format(spec: CommandSpec, settings: Settings) -> OutputFormat:
    if not settings.output or spec.ignores_output_variable:
        return OutputFormat.TEXT
    if not spec.has_json_lines and settings.output == OutputFormat.JSON_LINES:
        return OutputFormat.JSON  # the variable is for every command
    return _format(settings.output, "ZOOMCALL_OUTPUT", has_streams=spec.has_json_lines)


def _format(text: str, name: str, *, has_streams: bool) -> OutputFormat:
    *others, last = [word.value for word in OutputFormat if has_streams or not word.is_stream]
    if text not in {*others, last}:
        raise UsageError(
            f"{name} {quoted(text)} is not an output format of this command",
            fix=f"Use {', '.join(others)} or {last}.",
        )
    return OutputFormat(text)


def guessed_format(arguments: Sequence[str], environ: Mapping[str, str]) -> OutputFormat:
    """Return the format that a command line seems to ask for, although it could not be parsed."""
    documents = {word.value: word for word in OutputFormat if word.is_document}
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for index, argument in enumerate(before):
        flag = re.fullmatch(r"(?:-o=?|--output=)(.+)", argument)
        given = "json" if argument == "--json" else flag[1] if flag is not None else ""
        if argument in {"-o", "--output"} and index + 1 < len(before):
            given = before[index + 1]
        if given in documents:
            return documents[given]
    words = [argument for argument in before if not argument.startswith("-")]
    if words[:1] in _WITHOUT_VARIABLE or words[:2] in _WITHOUT_VARIABLE:
        return OutputFormat.TEXT
    return documents.get(environ.get("ZOOMCALL_OUTPUT", "").strip().lower(), OutputFormat.TEXT)
