"""Completion for bash, 3.2 and newer, without the bash-completion package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from zoomcall.cli.completions.names import posix_function
from zoomcall.cli.completions.tree import Flag, Node, Value

_HEAD = "# bash completion for zoomcall; made by: zoomcall completion bash\n"
_START = r"""_zoomcall_offer() {
    # Names may hold blanks, and are compared without regard to case; $2 is the @ before them.
    local want="$1" mark="$2" is_strict="" name
    shopt -q nocasematch || is_strict=1
    shopt -s nocasematch
    case "$want" in
        [\"\']*) want="${want#?}" ;;
        *) want="${want//\\/}" ;;
    esac
    want="${want#"$mark"}"
    while IFS= read -r name; do
        [[ "${name:0:${#want}}" == "$want" ]] || continue
        [[ $1 == [\"\']* ]] || printf -v name %q "$name"
        COMPREPLY+=("$mark$name")
    done
    [[ -z $is_strict ]] || shopt -u nocasematch
}
_zoomcall() {
    local at="" place=0 skip="" rest="" files="" offered="" names="" cur prev word index
    local -a words=()
    COMPREPLY=()
    # readline makes three words of --flag=value and of topic:name, and two of @name
    for ((index = 1; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ $index -gt 1 && ($word == [=:] || ${COMP_WORDS[index-1]} == [=:@]) ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
    done
    index=$((${#words[@]} - 1))
    cur="${words[index]}"
    prev=""
    [[ $index -gt 0 ]] && prev="${words[index-1]}"
    unset "words[index]"
    if [[ $cur == --*=* ]]; then
        prev="${cur%%=*}"
        cur="${cur#*=}"
    fi
    for word in "${words[@]}"; do
        if [[ -n $skip ]]; then
            skip=""
            continue
        elif [[ $word == "--" ]]; then
            rest=1
            break
        fi
        case "$at $word" in
"""
_AFTER_WORDS = """\
            *" -"?*) ;;
            *) place=$((place + 1)) ;;
        esac
    done
    if [[ -n $rest ]]; then
        files=1
    else
        case "$at $prev" in
"""
_AFTER_VALUES = """\
            *)
                if [[ $cur == -* ]]; then
                    case "$at" in
"""
_AFTER_FLAGS = """\
                    esac
                else
                    case "$at $place" in
"""
_END = r"""                    esac
                fi
                ;;
        esac
    fi
    if [[ $names == rooms* && $cur =~ ^[\"\']?@ ]]; then
        _zoomcall_offer "$cur" @ < <(_zoomcall_rooms)
    elif [[ -n $names ]]; then
        [[ $names == rooms-by-at ]] || _zoomcall_offer "$cur" "" < <("_zoomcall_$names")
    elif [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done < <(compgen -f -- "$cur")
    else
        # whatever precedes the last colon is already on the line
        while IFS= read -r word; do
            COMPREPLY+=("${word#"${cur%"${cur##*:}"}"}")
        done < <(compgen -W "$offered" -- "$cur")
    fi
}
complete -F _zoomcall zoomcall
"""


def bash_script(root: Node) -> str:
    """Write the script."""
    nodes = tuple(root.walk())
    children = " | ".join(f'"{_at(node.path[:-1])} {node.name}"' for node in nodes if node.path)
    return "".join(
        (
            _HEAD,
            *(f"_zoomcall_{kind}() {{\n{posix_function(kind)}}}\n" for kind in ("rooms", "profiles")),
            _START,
            f'            {children}) at="$at/$word" ;;\n',
            f"            {_patterns(_flags_with_values(nodes))}) skip=1 ;;\n",
            _AFTER_WORDS,
            *_value_cases(nodes),
            _AFTER_VALUES,
            *(_case(24, f'"{_at(node.path)}"', _words(_spellings(node))) for node in nodes),
            _AFTER_FLAGS,
            *_place_cases(nodes),
            _END,
        )
    )


def _at(path: tuple[str, ...]) -> str:
    return "".join(f"/{word}" for word in path)


def _case(indent: int, pattern: str, body: str) -> str:
    return f"{' ' * indent}{pattern}) {body} ;;\n"


def _words(words: Iterable[str]) -> str:
    return f'offered="{" ".join(words)}"'


def _spellings(node: Node) -> Iterator[str]:
    return (name for flag in node.flags for name in flag.names)


def _flags_with_values(nodes: Iterable[Node]) -> Iterator[tuple[Node, Flag, Value]]:
    return ((node, flag, flag.value) for node in nodes for flag in node.flags if flag.value is not None)


def _value_cases(nodes: tuple[Node, ...]) -> Iterator[str]:
    by_body: dict[str, list[tuple[Node, Flag, Value]]] = defaultdict(list)
    for node, flag, value in _flags_with_values(nodes):
        by_body[_body(value)].append((node, flag, value))
    # Each pattern names its command: a flag may mean two things in two commands.
    for body, flags in by_body.items():
        yield _case(12, _patterns(flags), body)


def _patterns(flags: Iterable[tuple[Node, Flag, Value]]) -> str:
    return " | ".join(f'"{_at(node.path)} {name}"' for node, flag, _ in flags for name in flag.names)


def _body(value: Value) -> str:
    if value.words:
        return _words(value.words)
    if value.names is not None:
        return f"names={value.names}"
    return "files=1" if value.is_file else "return"


def _place_cases(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if node.children:
            yield _case(24, f'"{_at(node.path)} "*', _words(child.name for child in node.children))
        for place, argument in enumerate(node.arguments):
            pattern = f'"{_at(node.path)} "*' if argument.is_repeatable else f'"{_at(node.path)} {place}"'
            yield _case(24, pattern, _body(argument.value))
