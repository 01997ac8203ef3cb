"""The command tree, reduced to what a shell can complete."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import typer
from msgspec import Struct

from zoomcall.cli.commands import build_root


class Names(StrEnum):
    """Names that a shell reads from the program's own files, without starting it."""

    ROOMS = "rooms"
    ROOMS_BY_AT = "rooms-by-at"
    PROFILES = "profiles"


_ROOM_COMMANDS = {("invite", "room"), *(("room", name) for name in ("show", "edit", "remove", "check"))}
_ADDRESS_COMMANDS = {("invite", "sip"), ("invite", "h323")}


class Value(Struct, frozen=True):
    """The value of a flag or an argument.

    Attributes:
        name: For a person, such as ``SECONDS``.
        words: The only possible values, if there are only some.
        is_file: It is the name of a file.
        is_command: It is the command line of another program, after ``--``.
        names: It is one of these names.
    """

    name: str
    words: tuple[str, ...] = ()
    is_file: bool = False
    is_command: bool = False
    names: Names | None = None


class Flag(Struct, frozen=True):
    """One flag with all its spellings; ``value`` is None for a switch."""

    names: tuple[str, ...]
    summary: str
    value: Value | None = None
    is_repeatable: bool = False


class Argument(Struct, frozen=True):
    """One positional argument."""

    value: Value
    is_repeatable: bool = False


class Node(Struct, frozen=True):
    """A command or group.

    Attributes:
        path: Its words after ``zoomcall``; empty for the root.
        summary: One line.
        children: Of a group.
        flags: Its own.
        arguments: In order.
    """

    path: tuple[str, ...]
    summary: str
    children: tuple[Node, ...]
    flags: tuple[Flag, ...]
    arguments: tuple[Argument, ...]

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path[-1] if self.path else ""

    def walk(self) -> Iterator[Node]:
        """Yield this node and every node below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_tree() -> Node:
    """Read the program's own tree. This imports every command module."""
    return _node(build_root(), ())


def _node(command: Any, path: tuple[str, ...]) -> Node:
    context = typer.Context(command, info_name=path[-1] if path else "zoomcall", **command.context_settings)
    parameters = [each for each in command.get_params(context) if not getattr(each, "hidden", False)]
    children = []
    for name in getattr(command, "commands", ()):
        child = command.get_command(context, name)
        if not child.hidden:
            children.append(_node(child, (*path, name)))
    return Node(
        path=path,
        summary=_one_line(command.help),
        children=tuple(children),
        flags=tuple(
            flag for each in parameters if each.param_type_name == "option" for flag in _flags(each, context)
        ),
        arguments=tuple(
            Argument(_value(each, context, path), is_repeatable=each.nargs == -1)
            for each in parameters
            if each.param_type_name == "argument"
        ),
    )


def _flags(option: Any, context: typer.Context) -> Iterator[Flag]:
    summary = _one_line(option.help)
    if not option.is_flag and not option.count:
        yield Flag(_spellings(option.opts), summary, _value(option, context), is_repeatable=option.multiple)
        return
    for names in (option.opts, option.secondary_opts):
        if names:
            yield Flag(_spellings(names), summary)


def _spellings(names: list[str]) -> tuple[str, ...]:
    """Put the long spelling first; those of --help come in a different order in every process."""
    return tuple(sorted(names, key=lambda name: (not name.startswith("--"), name)))


def _value(parameter: Any, context: typer.Context, path: tuple[str, ...] = ()) -> Value:
    """Return what a parameter takes, by its type, its metavar (``a|b``, ``FILE``) or its own completion."""
    name = (parameter.metavar or parameter.name.upper()).strip("[].")
    if name.startswith("-- "):
        return Value(name.removeprefix("-- ").rstrip(" ."), is_command=True)
    items = parameter.shell_complete(context, "")
    words = tuple(item.value for item in items if item.type == "plain")
    alternatives = tuple(name.split("|"))
    if not words and len(alternatives) > 1:
        words = tuple(word for word in alternatives if word.islower())
    is_file = any(item.type in {"file", "dir"} for item in items) or "FILE" in alternatives or name == "PATH"
    return Value(name, words, is_file, names=_names(parameter, path))


def _names(parameter: Any, path: tuple[str, ...]) -> Names | None:
    """Return which names a flag takes, or the first argument of the command at ``path``."""
    if "--profile" in parameter.opts or path == ("auth", "switch"):
        return Names.PROFILES
    if path in _ROOM_COMMANDS:
        return Names.ROOMS
    return Names.ROOMS_BY_AT if path in _ADDRESS_COMMANDS else None


def _one_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].rstrip(".")
