"""How a shell reads the names of rooms and profiles out of the program's files: by sed, in a few milliseconds."""

from __future__ import annotations

BOOK = "book.toml"
CONFIG = "config.toml"

_BASIC = r's/^[[:space:]]*name[[:space:]]*=[[:space:]]*"\([^"\]\{1,\}\)"[[:space:]]*\(#.*\)\{0,1\}$/\1/p'
_LITERAL = r"s/^[[:space:]]*name[[:space:]]*=[[:space:]]*'\([^']\{1,\}\)'[[:space:]]*\(#.*\)\{0,1\}$/\1/p"
ROOMS = (_BASIC, _LITERAL)
"""Names in ``book.toml``; one with escapes in it is left out."""

PROFILES = (r's/^\[profiles\."\{0,1\}\([A-Za-z0-9][A-Za-z0-9._-]*\)"\{0,1\}\][[:space:]]*$/\1/p',)
"""Profiles in ``config.toml``."""


def sed(expressions: tuple[str, ...]) -> str:
    """Return the command that prints the names in ``$file``."""
    return " ".join(("sed -n", *(f"-e {_quoted(each)}" for each in expressions), '"$file" 2>/dev/null'))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def posix_function(kind: str) -> str:
    """Return the body, for bash and zsh, of a function that prints names: of rooms, or of profiles."""
    is_rooms = kind == "rooms"
    place = f'"${{ZOOMCALL_BOOK:-$folder/{BOOK}}}"' if is_rooms else f'"$folder/{CONFIG}"'
    return f"""\
    local file folder="$ZOOMCALL_CONFIG_DIR"
    if [[ -z $folder && $OSTYPE == darwin* ]]; then
        folder="$HOME/Library/Application Support/zoomcall"
    elif [[ -z $folder ]]; then
        folder="${{XDG_CONFIG_HOME:-$HOME/.config}}/zoomcall"
    fi
    file={place}
    [[ -f $file ]] && {sed(ROOMS if is_rooms else PROFILES)}
"""


def fish_function(kind: str) -> str:
    """Return the body for fish."""
    is_rooms = kind == "rooms"
    own = (
        '    set -q ZOOMCALL_BOOK[1]; and test -n "$ZOOMCALL_BOOK"; and set file $ZOOMCALL_BOOK\n'
        if is_rooms
        else ""
    )
    command = sed(ROOMS if is_rooms else PROFILES).replace("'\\''", "\\'")
    return f"""\
    set -l folder $ZOOMCALL_CONFIG_DIR
    if test -z "$folder"; and test (uname) = Darwin
        set folder "$HOME/Library/Application Support/zoomcall"
    else if test -z "$folder"
        set folder $HOME/.config/zoomcall
        test -n "$XDG_CONFIG_HOME"; and set folder $XDG_CONFIG_HOME/zoomcall
    end
    set -l file $folder/{BOOK if is_rooms else CONFIG}
{own}    test -f "$file"; and {command}
"""
