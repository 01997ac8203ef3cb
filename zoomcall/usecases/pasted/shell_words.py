"""Splits command lines as POSIX shells, cmd and PowerShell do, with a script's variables; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import ClassVar

from zoomcall.domain.value import Discreet

LONGEST_COMMAND = 64 * 1024
CURLY_NOTE = "curly quotation marks, read as straight ones"

_REACH, _LONGEST_VALUE, _MOST_VARIABLES = 16 * 1024, 16 * 1024, 60
_CURLY = "\u201c\u201d\u201e\u2018\u2019"
_UNCLOSED_NOTE = "a quotation mark that is not closed; the end of the line is read as its end"
_FOLD_NOTE = "a line break that does not continue the command; it is read as if it did"
_AMPERSAND_NOTE = "an & outside quotation marks, where a shell ends the command; it is read as part of the command"
_LONG_NOTE = f"everything after the first {LONGEST_COMMAND:,} characters of the command"
_NEXT_COMMAND = re.compile(r"\n[ \t]*(?:[$>#][ \t]+)?curl(?:\.exe)?[ \t]|\n[ \t]*\r?\n")
_OPTION_LINE = re.compile(r"[ \t]*-{1,2}[A-Za-z]")
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*")


class Dialect(StrEnum):
    """Whose quoting it is."""

    POSIX = "posix"
    CMD = "cmd"
    POWERSHELL = "powershell"


class Word(Discreet, frozen=True):
    """One argument.

    Attributes:
        text: As the program would get it, variables left as they stand.
        has_verbatim_variable: A POSIX shell would not expand a variable in it, because it is in single quotes.
    """

    unshown: ClassVar = frozenset({"text"})

    text: str
    has_verbatim_variable: bool = False


class CommandLine(Discreet, frozen=True):
    """One command.

    Attributes:
        words: The program's name first.
        end: Where the command ends in the text.
        notes: What was taken leniently, in words.
        standard_input: What ``<<<`` gives it.
        here_tag: The word that ends the lines which ``<<`` gives it.
    """

    unshown: ClassVar = frozenset({"standard_input"})

    words: tuple[Word, ...]
    end: int
    notes: tuple[str, ...] = ()
    standard_input: str | None = None
    here_tag: str | None = None


def split_command(
    text: str, start: int, dialect: Dialect, variables: Mapping[str, str] | None = None
) -> CommandLine:
    """Split the command that begins at ``start`` into words, however it is broken.

    Args:
        text: Everything that was pasted, with Unix line breaks.
        start: Where the program's name begins.
        dialect: Whose quoting it is.
        variables: Values to fill in, where the shell would.
    """
    split = _Split(text[start : start + LONGEST_COMMAND], dialect, variables or {})
    if split.end >= LONGEST_COMMAND:
        split.notes[_LONG_NOTE] = None
    return CommandLine(
        tuple(split.words), start + split.end, tuple(split.notes), split.standard_input, split.here_tag
    )


def dialect_of(text: str, start: int) -> Dialect:
    """Return the dialect of a command line by its prompt, line continuations and variables; POSIX if unclear."""
    line = text.rfind("\n", 0, start) + 1
    prompt = re.search(r"(PS )?\w:\\[^>\n]{0,300}>[ \t]*\Z", text[max(line, start - 320) : start])
    if prompt:
        return Dialect.POWERSHELL if prompt[1] else Dialect.CMD
    window = text[start : start + 8192].split("\n\n", 1)[0]
    if re.search(r"\^[ \t]*\n|\^\"|(?i:bearer %\w+%)", window):
        return Dialect.CMD
    return Dialect.POWERSHELL if re.search(r"`[ \t]*\n|\$env:\w", window) else Dialect.POSIX


_CURLY_MARKS = (
    r"(?P<curly>[\u201c-\u201e][^\u201c-\u201e\n]*[\u201c-\u201e]?|[\u2018\u2019][^\u2018\u2019\n]*[\u2018\u2019]?)"
)
_TOKENS = {
    Dialect.POSIX: re.compile(
        rf"""
        (?P<template><%[^\n%]*%>|\{{\{{[^\n{{}}]*\}}\}}|\{{%[^\n%]*%\}}|[@#$]\{{[^\n{{}}]*[^\w\n{{}}][^\n{{}}]*\}})
      | (?P<blank>[ \t\r\f\v\u00a0]+)
      | (?P<name><[A-Za-z][\w. -]{{0,60}}>)
      | (?P<join>\\(?:\n|\Z))
      | (?P<fold>\\[ \t\r]+\n)
      | (?P<break>\n)
      | (?P<given><<<[ \t]*)
      | (?P<document><<-?[ \t]*[\\"']?(?P<tag>[A-Za-z_]\w*)[\"']?)
      | (?P<redirect>\d?(?:>>|>|<)(?:&\d|[ \t]*[^\s'";|&<>()]+))
      | (?P<plain>(?:(?!\{{\{{|\{{%|[@#]\{{)[^\s'"\\`;|&<>()$\u201c-\u201e\u2018\u2019\u00a0])+)
      | (?P<ansi>\$'[^'\\]*(?:\\.[^'\\]*)*'?)
      | (?P<variable>\$\{{[^}}\s]*\}}|\$\([^()\n]*\)|\$\w+|`[^`\n]*`)
      | (?P<single>'[^']*'?)
      | (?P<double>"[^"\\]*(?:\\.[^"\\]*)*"?)
      | {_CURLY_MARKS}
      | (?P<escape>\\.)
      | (?P<end>[;|()]|&&|&)
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    ),
    Dialect.POWERSHELL: re.compile(
        rf"""
        (?P<blank>[ \t\r\f\v\u00a0]+)
      | (?P<fold>`[ \t\r]*(?:\n|\Z))
      | (?P<break>\n)
      | (?P<here>@(?P<sort>['"])[ \t\r]*\n(?P<lines>.*?)(?:\n(?P=sort)@|\Z))
      | (?P<variable>\$(?:env:)?\w+|\$\{{[^}}\s]*\}})
      | (?P<plain>[^\s'"`;|&(){{}}$\u201c-\u201e\u2018\u2019\u00a0]+)
      | (?P<single>'[^']*(?:''[^']*)*'?)
      | (?P<double>"[^"`]*(?:(?:`.|"")[^"`]*)*"?)
      | {_CURLY_MARKS}
      | (?P<escape>`.)
      | (?P<group>\([^()\n]*\))
      | (?P<end>[;|]|&&|&)
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    ),
    Dialect.CMD: re.compile(
        r"""
        (?P<plain>[^"^\n&|\r]+|"[^"\n]*"?)
      | (?P<fold>\^[ \t\r]*(?:\n|\Z))
      | (?P<escape>\^.)
      | (?P<break>\r?\n)
      | (?P<end>[&|])
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    ),
}
_NAMES = {
    Dialect.POSIX: re.compile(r"\$(?:\{(\w+)\}|(\w+))"),
    Dialect.POWERSHELL: re.compile(r"\$(?:\{(\w+)\}|((?:env:)?\w+))", re.IGNORECASE),
    Dialect.CMD: re.compile(r"%(\w+)%()"),
}
_DOUBLE_ESCAPE = re.compile(r'\\(["\\$`\n])')
_PIECES_OF_GROUP = re.compile(r"\"[^\"]*\"|'[^']*'|\$[\w:]+")
_ANSI_ESCAPE = re.compile(r"\\(?:[xuU](?P<hex>[0-9A-Fa-f]{1,8})|(?P<octal>[0-7]{1,3})|(?P<letter>.))", re.DOTALL)
_ANSI_LETTERS = dict(zip("ntrabfveE", "\n\t\r\a\b\f\v\x1b\x1b", strict=True))


class _Split:
    """Words that grow piece by piece, and notes that are made once."""

    def __init__(self, window: str, dialect: Dialect, variables: Mapping[str, str]) -> None:
        self.words: list[Word] = []
        self.notes: dict[str, None] = {}
        self.standard_input: str | None = None
        self.here_tag: str | None = None
        self._dialect, self._variables = dialect, variables
        self._pieces: list[str] | None = None
        self._is_verbatim = self._is_input = False
        if dialect is Dialect.CMD and re.search("[\u201c-\u201e]", window):
            window = re.sub("[\u201c-\u201e]", '"', window)
            self.notes[CURLY_NOTE] = None
        self._window = window
        self.end = self._run()
        self._finish_word()
        if dialect is Dialect.CMD:
            self.words = [Word(text) for text in _arguments(" ".join(word.text for word in self.words))]

    def _run(self) -> int:
        position = 0
        while position < len(self._window):
            match = _TOKENS[self._dialect].match(self._window, position)
            assert match is not None  # noqa: S101 - the last alternative takes any character
            after = self._step(match)
            if after is None:
                return position
            position = after
        return len(self._window)

    def _step(self, match: re.Match[str]) -> int | None:
        """Take one token; return the place after it, or None if the command ends before it."""
        match match.lastgroup:
            case "single" | "double" | "ansi":
                return self._in_quotes(match, match.lastgroup)
            case "break":
                return self._line_break(match) if self.here_tag is None else None
            case "end":
                after = self._window[match.end() : match.end() + 1]
                if match[0] != "&" or self._pieces is None or not after.isalnum() or self._dialect is Dialect.CMD:
                    return None
                self.notes[_AMPERSAND_NOTE] = None
                self._add("&")
            case "document" | "given" | "tag":
                self._finish_word()
                self.here_tag = match["tag"] or self.here_tag
                self._is_input = match["given"] is not None
            case "blank" | "fold" | "redirect":
                self._finish_word()
            case "join":
                if _OPTION_LINE.match(self._window, match.end()):
                    self._finish_word()
            case _:
                self._add(self._literally(match))
        return match.end()

    def _add(self, piece: str) -> None:
        if self._pieces is None:
            self._pieces = []
        self._pieces.append(piece)

    def _finish_word(self) -> None:
        """End the word that is growing, if any."""
        if self._pieces is not None and self._is_input:
            self.standard_input, self._is_input = "".join(self._pieces), False
        elif self._pieces is not None:
            self.words.append(Word("".join(self._pieces), self._is_verbatim))
        self._pieces, self._is_verbatim = None, False

    def _line_break(self, match: re.Match[str]) -> int | None:
        """End the command at a line break, unless the next line goes on with an option."""
        if (self.words or self._dialect is Dialect.CMD) and _OPTION_LINE.match(self._window, match.end()):
            self.notes[_FOLD_NOTE] = None
            self._finish_word()
            return match.end()
        return None

    def _filled(self, text: str) -> str:
        """Put in the values of variables that are known."""
        if not self._variables:
            return text
        is_posix = self._dialect is Dialect.POSIX

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return self._variables.get(name if is_posix else name.lower(), match[0])

        return _NAMES[self._dialect].sub(value, text)

    def _in_quotes(self, match: re.Match[str], kind: str) -> int:
        text, end = self._quoted(match, "$'" if kind == "ansi" else match[0][0])
        if self._dialect is Dialect.POWERSHELL:
            if kind == "double":
                text = self._filled(re.sub(r"`(.)", r"\1", text.replace('""', '"'), flags=re.DOTALL))
            text = _native(text.replace("''", "'") if kind == "single" else text)
        elif kind == "ansi":
            text = _ANSI_ESCAPE.sub(_ansi, text)
        elif kind == "double":
            text = self._filled(_DOUBLE_ESCAPE.sub(lambda found: found[1].replace("\n", ""), text))
        else:
            self._is_verbatim = self._is_verbatim or bool(_VARIABLE.search(text))
        self._add(text)
        return end

    def _quoted(self, match: re.Match[str], quote: str) -> tuple[str, int]:
        """Return what is in quotation marks, and the place after them; to the line's end if they are not closed."""
        whole = match[0]
        inner = whole[len(quote) : -1]
        if len(whole) > len(quote) and whole.endswith(quote[-1]):
            is_json = inner.lstrip().startswith(("{", "[")) and "curl" not in inner
            if is_json or not _NEXT_COMMAND.search(whole):
                return inner, match.end()
        self.notes[_UNCLOSED_NOTE] = None
        line = whole.split("\n", 1)[0]
        return line[len(quote) :].rstrip("\\ \t\r"), match.start() + len(line)

    def _literally(self, match: re.Match[str]) -> str:
        is_powershell = self._dialect is Dialect.POWERSHELL
        match match.lastgroup:
            case "variable":
                return _native(self._filled(match[0])) if is_powershell else self._filled(match[0])
            case "escape":
                return match[0][1:]
            case "here":
                return _native(self._filled(match["lines"]) if match["sort"] == '"' else match["lines"])
            case "curly":
                self.notes[CURLY_NOTE] = None
                return match[0].strip(_CURLY)
            case "group":
                return "".join(piece.strip("\"'") for piece in _PIECES_OF_GROUP.findall(match[0]))
            case "plain" if self._dialect is Dialect.CMD:
                if match[0].count('"') == 1:
                    self.notes[_UNCLOSED_NOTE] = None
                return self._filled(match[0])
            case _:
                return match[0]


def _native(text: str) -> str:
    """Return what a program gets of a text in which quotation marks are escaped once more for its sake."""
    return text.replace('\\"', '"')


def _ansi(match: re.Match[str]) -> str:
    """Read one of the escapes of ``$'…'``."""
    if match["letter"]:
        return _ANSI_LETTERS.get(match["letter"], match["letter"])
    longest = {"x": 2, "u": 4, "U": 8}.get(match[0][1], 3)
    digits, rest = (match["hex"] or match["octal"])[:longest], (match["hex"] or "")[longest:]
    number = int(digits, 16 if match["hex"] else 8)
    return (chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd") + rest


_ARGUMENT_TOKENS = re.compile(r'(\\*)"|([ \t\r\f\v\u00a0]+)|(\\+)|([^\\" \t\r\f\v\u00a0]+)')


def _arguments(line: str) -> Iterator[str]:
    r"""Split as Microsoft's C runtime does: ``\"`` and, in quotation marks, ``""`` are quotation marks."""
    pieces: list[str] | None = None
    is_quoted = False
    position = 0
    while match := _ARGUMENT_TOKENS.match(line, position):
        position = match.end()
        if match[2] and not is_quoted:
            if pieces is not None:
                yield "".join(pieces)
            pieces = None
            continue
        pieces = [] if pieces is None else pieces
        if match[1] is None:
            pieces.append(match[0])
            continue
        pieces.append("\\" * (len(match[1]) // 2))
        is_doubled = is_quoted and line.startswith('"', position)
        if len(match[1]) % 2 or is_doubled:
            pieces.append('"')
            position += not len(match[1]) % 2
        else:
            is_quoted = not is_quoted
    if pieces is not None:
        yield "".join(pieces)


_SETS: Mapping[Dialect, re.Pattern[str]] = {
    Dialect.POSIX: re.compile(
        r"^[ \t]*(?:[$#>][ \t]+)?(?:(?:(?:export|local|readonly|declare)[ \t]+)?(?P<name>[A-Za-z_]\w*)=(?=\S)"
        r"|(?:set(?:[ \t]+-\w+)*|let)[ \t]+(?P<other>[A-Za-z_]\w*)[ \t]+(?:=[ \t]*)?(?=[^\s=]))",
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
    values: dict[str, str] = {}
    for match in list(_SETS[dialect].finditer(text, max(0, start - _REACH), start))[-_MOST_VARIABLES:]:
        value = _value(text, match, dialect, values, start)
        name = match["name"] or match["other"]
        if value is not None and len(value) <= _LONGEST_VALUE:
            values[name if dialect is Dialect.POSIX else name.lower()] = value
    return values


def _value(text: str, match: re.Match[str], dialect: Dialect, values: Mapping[str, str], end: int) -> str | None:
    if dialect is Dialect.CMD:
        return match["value"].strip()
    if document := _CAT.match(text, match.end(), end):
        return _document(text, document.end() - 1, document["tag"])[0]
    words = split_command(text[match.end() : min(end, match.end() + _LONGEST_VALUE)], 0, dialect, values).words
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
    end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(text, line_break + 1)
    if line_break < 0 or end is None:
        return None, len(text)
    return text[line_break + 1 : end.start()].rstrip("\n"), end.end()
