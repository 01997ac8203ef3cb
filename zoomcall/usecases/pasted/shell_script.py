"""Finds what a shell script passes to a command in it: variables and piped input."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoomcall.usecases.pasted.shell_words import CommandLine, Dialect, split_command

_REACH = 16 * 1024
_LONGEST_VALUE = 16 * 1024
_MOST_VARIABLES = 60

_SETS: Mapping[Dialect, re.Pattern[str]] = {
    Dialect.POSIX: re.compile(
        r"^[ \t]*(?:[$#>][ \t]+)?(?:(?:export|local|readonly|declare)[ \t]+)?(?P<name>[A-Za-z_]\w*)=(?=\S)",
        re.MULTILINE,
    ),
    Dialect.POWERSHELL: re.compile(
        r"^[ \t]*(?:PS[^>\n]{0,100}>[ \t]*)?\$(?P<name>(?:env:)?[A-Za-z_]\w*)[ \t]*=[ \t]*(?=[\"'@])",
        re.MULTILINE | re.IGNORECASE,
    ),
    Dialect.CMD: re.compile(
        r"^[^\n>]{0,100}>?[ \t]*\bset[ \t]+\"?(?P<name>[A-Za-z_]\w*)=(?P<value>[^\"\n]+)",
        re.MULTILINE | re.IGNORECASE,
    ),
}
_HERE = r"<<-?[ \t]*[\"'\\]?(?P<tag>[A-Za-z_]\w*)[\"']?"
_CAT = re.compile(rf"\$\([ \t]*cat[ \t]+{_HERE}[ \t]*\n")
_CAT_INTO_PIPE = re.compile(rf"cat[ \t]+{_HERE}[ \t]*\|\Z")
_FOLD = re.compile(r"(?<![ \t\\\n])[ \t\\\n]+\Z")
_SAID = re.compile(
    r"(?:echo(?:[ \t]+-[neE]+)?|printf(?:[ \t]+(?:--|[\"']?%s(?:\\n)?[\"']?))?)[ \t]+(?=[\"'$])(?P<text>.*)\|\Z",
    re.DOTALL,
)


def variables_before(text: str, start: int, dialect: Dialect) -> Mapping[str, str]:
    """Return the variables that a script sets before a command, as far as the script shows their values.

    Args:
        text: Everything that was pasted, with Unix line breaks.
        start: Where the command begins.
        dialect: Whose script it is; PowerShell's and cmd's names are given in lower case.
    """
    begin = max(0, start - _REACH)
    values: dict[str, str] = {}
    for match in list(_SETS[dialect].finditer(text, begin, start))[-_MOST_VARIABLES:]:
        value = _value(text, match, dialect, values, start)
        if value is not None and len(value) <= _LONGEST_VALUE:
            values[match["name"] if dialect is Dialect.POSIX else match["name"].lower()] = value
    return values


def _value(text: str, match: re.Match[str], dialect: Dialect, values: Mapping[str, str], end: int) -> str | None:
    if dialect is Dialect.CMD:
        return match["value"].strip()
    if document := _CAT.match(text, match.end(), end):
        return _document(text, document.end() - 1, document["tag"])[0]
    window = text[match.end() : min(end, match.end() + _LONGEST_VALUE)]
    words = split_command(window, 0, dialect, values).words
    value = words[0].text if words else None
    return None if value is None or "$(" in value or "`" in value else value


def input_of(text: str, start: int, command: CommandLine, variables: Mapping[str, str]) -> tuple[str | None, int]:
    """Return a command's standard input in a POSIX shell, None if it cannot be seen, and where it ends.

    Args:
        text: Everything that was pasted.
        start: Where the command begins.
        command: The command.
        variables: What the script sets.
    """
    if command.standard_input is not None:
        return command.standard_input, command.end
    before = _FOLD.sub("", text[max(0, start - _REACH) : start])
    piped = _CAT_INTO_PIPE.search(before[-200:])
    tag = command.here_tag or (piped["tag"] if piped else None)
    if tag is not None:
        return _document(text, text.find("\n", command.end), tag)
    if not before.endswith("|"):
        return None, command.end
    said = _SAID.match(before, max(before.rfind("echo "), before.rfind("printf ")))
    words = split_command(said["text"], 0, Dialect.POSIX, variables).words if said else ()
    return (words[0].text if words else None), command.end


def _document(text: str, line_break: int, tag: str) -> tuple[str | None, int]:
    """Return the lines after a line break, up to the one that is the tag alone; and the place after that."""
    if line_break < 0:
        return None, len(text)
    end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(text, line_break + 1)
    if end is None:
        return None, len(text)
    return text[line_break + 1 : end.start()].rstrip("\n"), end.end()
