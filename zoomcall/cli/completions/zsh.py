"""Completion for zsh, as a function file for ``fpath`` that may be sourced as well."""

from __future__ import annotations

from collections.abc import Iterator

from zoomcall.cli.completions.names import posix_function
from zoomcall.cli.completions.tree import Argument, Flag, Names, Node, Value

_HEADING = """\
#compdef zoomcall
# zsh completion for zoomcall; made by: zoomcall completion zsh
"""
_END = """
if [ "$funcstack[1]" = _zoomcall ]; then
    _zoomcall "$@"
else
    compdef _zoomcall zoomcall
fi
"""


_NAMES = """
_zoomcall_KIND() {
    local -a names
    names=(${(f)"$(_zoomcall_SOURCE_in_file)"})
    [[ $PREFIX == @* ]] && names=(@${^names})
    compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -a names
}
"""


def zsh_script(root: Node) -> str:
    """Write the script."""
    functions = "".join(f"\n{_function(node)}" for node in root.walk())
    return _HEADING + "".join(_name_functions()) + functions + _END


def _name_functions() -> Iterator[str]:
    for kind in (Names.ROOMS, Names.PROFILES):
        yield f"\n_zoomcall_{kind}_in_file() {{\n{posix_function(kind)}}}\n"
        yield _NAMES.replace("KIND", kind).replace("SOURCE", kind)
    by_at = _NAMES.replace("KIND", Names.ROOMS_BY_AT).replace("SOURCE", Names.ROOMS)
    yield by_at.replace("[[ $PREFIX == @* ]] && ", "")


def _function(node: Node) -> str:
    lines = [f"{_name(node)}() {{"]
    lines += _group_lines(node) if node.children else _leaf_lines(node)
    return "\n".join((*lines, "}\n"))


def _name(node: Node) -> str:
    return "_".join(("_zoomcall", *node.path))


def _leaf_lines(node: Node) -> Iterator[str]:
    specs = [_flag(flag) for flag in node.flags]
    specs += [_argument(place, argument) for place, argument in enumerate(node.arguments, 1)]
    yield "    _arguments -s -S \\"
    yield from (f"        {spec} \\" for spec in specs[:-1])
    yield f"        {specs[-1]}"


def _group_lines(node: Node) -> Iterator[str]:
    yield "    local curcontext=$curcontext state line"
    yield "    _arguments -C \\"
    yield from (f"        {_flag(flag)} \\" for flag in node.flags)
    yield "        '1: :->command' '*:: :->rest'"
    yield "    case $state in"
    yield "        command)"
    yield "            local -a commands=("
    for child in node.children:
        yield f"                {_quoted(child.name + ':' + child.summary.replace(':', chr(92) + ':'))}"
    yield "            )"
    yield "            _describe command commands"
    yield "            ;;"
    yield "        rest)"
    yield "            case $words[1] in"
    for child in node.children:
        yield f"                {child.name}) {_name(child)} ;;"
    yield "            esac"
    yield "            ;;"
    yield "    esac"


def _flag(flag: Flag) -> str:
    exclusion = "*" if flag.is_repeatable else f"({' '.join(flag.names)})"
    ending = f"[{_escaped(flag.summary)}]{_value(flag.value) if flag.value else ''}"
    names = [name + _joint(name) if flag.value else name for name in flag.names]
    if len(names) == 1:
        return _quoted((exclusion if flag.is_repeatable else "") + names[0] + ending)
    return f"{_quoted(exclusion)}{{{','.join(names)}}}{_quoted(ending)}"


def _joint(name: str) -> str:
    """Return the sign that lets the value be part of the flag's own word."""
    return "=" if name.startswith("--") else "+"


def _argument(place: int, argument: Argument) -> str:
    if argument.value.is_command:
        return _quoted(f"*::{argument.value.name}:_normal")
    return _quoted(("*" if argument.is_repeatable else str(place)) + _value(argument.value))


def _value(value: Value) -> str:
    if value.names is not None:
        action = f"_zoomcall_{value.names}"
    else:
        action = f"({' '.join(map(_escaped, value.words))})" if value.words else "_files" if value.is_file else " "
    return f":{_escaped(value.name)}:{action}"


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\[]:()" else character for character in text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
