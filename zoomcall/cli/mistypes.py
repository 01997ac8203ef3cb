"""What somebody who mistyped a command line may have meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

_GLOBAL = {"--json", "-q", "--quiet", "-v", "--verbose", "--debug", "--no-input"}
_GLOBAL_WITH_VALUE = {"-p", "--profile", "-o", "--output"}
_MISSING_FLAG = re.compile(r"no such option: (?P<flag>-{1,2}[\w-]+)", re.IGNORECASE)
_NEAR_FLAGS = re.compile(r" \((?:Possible options: |Did you mean )(?P<flags>[^)?]+)\??\)$")
_MOST_NAMED = 3


class WayOn(Struct, frozen=True):
    """What was probably meant.

    Attributes:
        fix: In words.
        command: The command line, if one can be told.
    """

    fix: str
    command: str | None = None


def meant(root: Any, arguments: Sequence[str], message: str) -> WayOn | None:
    """Return what was probably meant by a command line that Typer refused; None if nothing comes to mind.

    Args:
        root: The root group; only a mistake costs the import of every command.
        arguments: The command line without the program's name.
        message: Typer's message.
    """
    if arguments and _is_flag_of_leaves(arguments[0]):
        return _flags_last(arguments)
    path, group, rest = _walk(root, arguments)
    if group is not None and rest:
        return _meant_command(root, path, group, rest)
    if group is not None and path:
        return WayOn(f"Name one of {', '.join(group.list_commands(None))}.", _line(*path, "--help"))
    if (digits := _parted_number(arguments)) is not None and "unexpected extra argument" in message:
        return digits
    if match := _MISSING_FLAG.search(message):
        return _near_flag(message) or _owners_of(root, match["flag"])
    return None


def _is_flag_of_leaves(text: str) -> bool:
    return text in _GLOBAL or text.partition("=")[0] in _GLOBAL_WITH_VALUE


def _flags_last(arguments: Sequence[str]) -> WayOn | None:
    flags: list[str] = []
    rest = list(arguments)
    while rest and _is_flag_of_leaves(rest[0]):
        flags.append(rest.pop(0))
        if flags[-1] in _GLOBAL_WITH_VALUE and rest:
            flags.append(rest.pop(0))
    if not rest:
        return None
    return WayOn(f"Put {' '.join(flags)} after the command.", _line(*rest, *flags))


def _walk(root: Any, arguments: Sequence[str]) -> tuple[tuple[str, ...], Any, Sequence[str]]:
    """Follow the words into the tree; return the path, the group that does not know the next word, and the rest."""
    path: tuple[str, ...] = ()
    group: Any = root
    rest = arguments
    while rest and (found := group.get_command(None, rest[0])) is not None:
        path, rest = (*path, rest[0]), rest[1:]
        if not hasattr(found, "list_commands"):
            return path, None, rest
        group = found
    return path, group, rest


def _meant_command(root: Any, path: tuple[str, ...], group: Any, rest: Sequence[str]) -> WayOn | None:
    word, *after = rest
    if word.lower() in group.list_commands(None) and word != word.lower():
        return WayOn("Commands are written in lower case.", _line(*path, word.lower(), *after))
    if word == "help":
        return WayOn(
            "Help is a flag.", _line(*path, *(each for each in after if not each.startswith("-")), "--help")
        )
    if word == "version" and not path:
        return WayOn("The version is a flag.", _line("--version"))
    if path == ("invite",) and "@" in word:
        return WayOn("Say whether the room speaks SIP or H.323.", _line("invite", "sip", word, *after))
    places = [place for place in _leaves(root) if place[-1] == word.lower()] if not path else []
    if len(places) == 1:
        (place,) = places
        return WayOn(f"{word} is a command of {' '.join(place[:-1])}.", _line(*place, *after))
    if places:
        return WayOn(f"Did you mean {' or '.join(' '.join(place) for place in places[:_MOST_NAMED])}?")
    return None


def _parted_number(arguments: Sequence[str]) -> WayOn | None:
    """Find a meeting number that was pasted with its blanks and not quoted."""
    for index, word in enumerate(arguments):
        flag, is_joined, first = word.partition("=")
        parts = [*([first] if is_joined else []), *arguments[index + 1 :]]
        digits = list(_leading(parts))
        if flag == "--meeting" and len(digits) > 1:
            taken = len(digits) - bool(is_joined)
            rest = arguments[index + 1 + taken :]
            line = _line(*arguments[:index], "--meeting", " ".join(digits), *rest)
            return WayOn("Put a number with blanks in quotation marks.", line)
    return None


def _leading(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if not word.isdigit():
            return
        yield word


def _near_flag(message: str) -> WayOn | None:
    """Take over the flags that Typer finds near, which it puts behind the message."""
    near = _NEAR_FLAGS.search(message)
    return None if near is None else WayOn(f"Did you mean {near['flags'].replace(', ', ' or ')}?")


def _owners_of(root: Any, flag: str) -> WayOn | None:
    owners = [
        " ".join(place)
        for place, command in _commands(root)
        if any(flag in (*parameter.opts, *parameter.secondary_opts) for parameter in command.params)
    ]
    if not owners:
        return None
    more = f" and {len(owners) - _MOST_NAMED} more" if len(owners) > _MOST_NAMED else ""
    return WayOn(f"{flag} is a flag of {', '.join(owners[:_MOST_NAMED])}{more}.")


def _leaves(root: Any) -> Iterator[tuple[str, ...]]:
    return (place for place, _ in _commands(root))


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        if hasattr(found, "list_commands"):
            yield from _commands(found, (*path, name))
        else:
            yield (*path, name), found


def _line(*words: str) -> str:
    return shlex.join(("zoomcall", *words))
