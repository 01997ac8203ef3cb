"""Completion for fish, 3.0 and newer."""

from __future__ import annotations

from collections.abc import Iterator

from zoomcall.cli.completions.names import fish_function
from zoomcall.cli.completions.tree import Flag, Names, Node, Value

_HEAD = "# fish completion for zoomcall; made by: zoomcall completion fish\n"
_START = """\
function __zoomcall_rooms
    if string match -q '@*' -- (commandline -ct)
        __zoomcall_rooms_in_file | string replace -r '^' @
    else
        __zoomcall_rooms_in_file
    end
end
function __zoomcall_rooms-by-at
    string match -q '@*' -- (commandline -ct)
    and __zoomcall_rooms
end
function __zoomcall_profiles
    __zoomcall_profiles_in_file
end
function __zoomcall_at
    set -l at ""
    set -l skip ""
    set -l tokens (commandline -opc)
    set -e tokens[1]
    for word in $tokens
        if test -n "$skip"
            set skip ""
            continue
        end
        switch "$at $word"
            case "* --"
                test "$argv[1]" = --
                return
"""
_AFTER_WORDS = """\
        end
    end
    test "$at" = "$argv[1]"
end
complete -c zoomcall -f
complete -c zoomcall -n "__zoomcall_at --" -F
"""


def fish_script(root: Node) -> str:
    """Write the script."""
    nodes = tuple(root.walk())
    names = (
        f"function __zoomcall_{kind}_in_file\n{fish_function(kind)}end\n" for kind in (Names.ROOMS, Names.PROFILES)
    )
    return "".join(
        (
            _HEAD,
            *names,
            _START,
            *_word_cases(nodes),
            _AFTER_WORDS,
            *(line for node in nodes for line in _lines(node)),
        )
    )


def _word_cases(nodes: tuple[Node, ...]) -> Iterator[str]:
    children = " ".join(_quoted(f"{_at(node.path[:-1])} {node.name}") for node in nodes if node.path)
    values = " ".join(
        _quoted(f"{_at(node.path)} {name}")
        for node in nodes
        for flag in node.flags
        if flag.value is not None
        for name in flag.names
    )
    yield f'            case {children}\n                set at "$at/$word"\n'
    yield f"            case {values}\n                set skip 1\n"


def _lines(node: Node) -> Iterator[str]:
    start = f'complete -c zoomcall -n "__zoomcall_at {_quoted(_at(node.path))}"'
    for child in node.children:
        yield f"{start} -a {child.name} -d {_quoted(child.summary)}\n"
    for argument in node.arguments:
        yield f"{start}{_value(argument.value)}\n"
    for flag in node.flags:
        yield f"{start}{_names(flag)}{_needed(flag)} -d {_quoted(flag.summary)}\n"


def _at(path: tuple[str, ...]) -> str:
    return "".join(f"/{word}" for word in path)


def _names(flag: Flag) -> str:
    return "".join(f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in flag.names)


def _needed(flag: Flag) -> str:
    if flag.value is None:
        return ""
    return (" -r" if flag.value.is_file else " -x") + _value(flag.value)


def _value(value: Value) -> str:
    if value.words:
        return f" -a {_quoted(' '.join(value.words))}"
    if value.names is not None:
        return f" -a '(__zoomcall_{value.names})'"
    return " -F" if value.is_file else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
