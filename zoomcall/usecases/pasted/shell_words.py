"""Splits command lines as POSIX shells, cmd and PowerShell do, with a script's variables; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import ClassVar

from zoomcall.domain.value import Discreet
from zoomcall.usecases.pasted.balanced import character

LONGEST_COMMAND = 65_536
CURLY_NOTE = "curly quotation marks, read as straight ones"

_REACH, _LONGEST_VALUE, _MOST_VARIABLES = 16_384, 16_384, 60
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
    """Split the command that begins at ``start`` into words, however it is broken, and fill in variables."""
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
        r"""
        (?P<template><%[^\n%]*%>|\{\{[^\n{}]*\}\}|\{%[^\n%]*%\}|[@#$]\{[^\n{}]*[^\w\n{}][^\n{}]*\})
      | (?P<blank>[ \t\r\f\v\u00a0]+)
      | (?P<name><[A-Za-z][\w. -]{0,60}>)
      | (?P<join>\\(?:\n|\Z))
      | (?P<fold>\\[ \t\r]+\n)
      | (?P<break>\n)
      | (?P<given><<<[ \t]*)
      | (?P<document><<-?[ \t]*[\\"']?(?P<tag>[A-Za-z_]\w*)[\"']?)
      | (?P<redirect>\d?(?:>>|>|<)(?:&\d|[ \t]*[^\s'";|&<>()]+))
      | (?P<plain>(?:(?!\{\{|\{%|[@#]\{)[^\s'"\\`;|&<>()$\u201c-\u201e\u2018\u2019\u00a0])+)
      | (?P<ansi>\$'[^'\\]*(?:\\.[^'\\]*)*'?)
      | (?P<variable>\$\{[^}\s]*\}|\$\([^()\n]*\)|\$\w+|`[^`\n]*`)
      | (?P<single>'[^']*'?)
      | (?P<double>"[^"\\]*(?:\\.[^"\\]*)*"?)
      | """
        + _CURLY_MARKS
        + r"""
      | (?P<escape>\\.)
      | (?P<end>[;|()]|&&|&)
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    ),
    Dialect.POWERSHELL: re.compile(
        r"""
        (?P<blank>[ \t\r\f\v\u00a0]+)
      | (?P<fold>`[ \t\r]*(?:\n|\Z))
      | (?P<break>\n)
      | (?P<here>@(?P<sort>['"])[ \t\r]*\n(?P<lines>.*?)(?:\n(?P=sort)@|\Z))
      | (?P<variable>\$(?:env:)?\w+|\$\{[^}\s]*\})
      | (?P<plain>[^\s'"`;|&(){}$\u201c-\u201e\u2018\u2019\u00a0]+)
      | (?P<single>'[^']*(?:''[^']*)*'?)
      | (?P<double>"[^"`]*(?:(?:`.|"")[^"`]*)*"?)
      | """
        + _CURLY_MARKS
        + r"""
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
_ANSI_ESCAPE = re.compile(
    r"\\(?:[xuU](?P<hex>(?<=x)[0-9A-Fa-f]{1,2}|(?<=u)[0-9A-Fa-f]{1,4}|(?<=U)[0-9A-Fa-f]{1,8})"
    r"|(?P<octal>[0-7]{1,3})|(?P<letter>.))",
    re.DOTALL,
)
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
        self._window = window
        if dialect is Dialect.CMD and re.search("[\u201c-\u201e]", window):
            self._window = re.sub("[\u201c-\u201e]", '"', window)
            self.notes[CURLY_NOTE] = None
        self.end = 0
        while self.end < len(window) and (match := _TOKENS[dialect].match(self._window, self.end)) is not None:
            after = self._step(match)
            if after is None:
                break
            self.end = after
        self._finish_word()
        if dialect is Dialect.CMD:
            self.words = [Word(text) for text in _arguments(" ".join(word.text for word in self.words))]

    def _step(self, match: re.Match[str]) -> int | None:
        """Take one token; return the place after it, or None if the command ends before it."""
        end, is_cmd = match.end(), self._dialect is Dialect.CMD
        is_option_next = _OPTION_LINE.match(self._window, end) is not None
        match match.lastgroup:
            case "single" | "double" | "ansi":
                text, end = self._quoted(match, "$'" if match.lastgroup == "ansi" else match[0][0])
                self._add(self._unquoted(match.lastgroup, text))
            case "break":
                if self.here_tag is not None or not is_option_next or not (self.words or is_cmd):
                    return None
                self.notes[_FOLD_NOTE] = None
                self._finish_word()
            case "end":
                is_inside = match[0] == "&" and self._pieces is not None and self._window[end : end + 1].isalnum()
                if not is_inside or is_cmd:
                    return None
                self.notes[_AMPERSAND_NOTE] = None
                self._add("&")
            case "document" | "given" | "tag":
                self._finish_word()
                self.here_tag = match["tag"] or self.here_tag
                self._is_input = match["given"] is not None
            case "join" if not is_option_next:
                pass
            case "blank" | "fold" | "redirect" | "join":
                self._finish_word()
            case _:
                self._add(self._literally(match))
        return end

    def _add(self, piece: str) -> None:
        if self._dialect is Dialect.POWERSHELL:  # quotation marks are escaped once more for a program's sake
            piece = piece.replace('\\"', '"')
        self._pieces = [] if self._pieces is None else self._pieces
        self._pieces.append(piece)

    def _finish_word(self) -> None:
        """End the word that is growing, if any."""
        if self._pieces is not None and self._is_input:
            self.standard_input, self._is_input = "".join(self._pieces), False
        elif self._pieces is not None:
            self.words.append(Word("".join(self._pieces), self._is_verbatim))
        self._pieces, self._is_verbatim = None, False

    def _filled(self, text: str) -> str:
        """Put in the values of variables that are known."""
        is_posix = self._dialect is Dialect.POSIX

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return self._variables.get(name if is_posix else name.lower(), match[0])

        return _NAMES[self._dialect].sub(value, text) if self._variables else text

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

    def _unquoted(self, kind: str, text: str) -> str:
        """Return what stands in quotation marks, as the dialect reads it there."""
        is_powershell = self._dialect is Dialect.POWERSHELL
        if kind == "ansi":
            return _ANSI_ESCAPE.sub(_ansi, text)
        if kind == "double" and is_powershell:
            return self._filled(re.sub(r"`(.)", r"\1", text.replace('""', '"'), flags=re.DOTALL))
        if kind == "double":
            return self._filled(_DOUBLE_ESCAPE.sub(lambda found: found[1].replace("\n", ""), text))
        self._is_verbatim |= not is_powershell and _VARIABLE.search(text) is not None
        return text.replace("''", "'") if is_powershell else text

    def _literally(self, match: re.Match[str]) -> str:
        """Return what the program gets of a token without quotation marks."""
        match match.lastgroup:
            case "variable":
                return self._filled(match[0])
            case "escape":
                return match[0][1:]
            case "here":
                return self._filled(match["lines"]) if match["sort"] == '"' else match["lines"]
            case "curly":
                self.notes[CURLY_NOTE] = None
                return match[0].strip(_CURLY)
            case "group":
                return "".join(piece.strip("\"'") for piece in _PIECES_OF_GROUP.findall(match[0]))
            case "plain" if self._dialect is Dialect.CMD:
                self.notes |= {_UNCLOSED_NOTE: None} if match[0].count('"') == 1 else {}
                return self._filled(match[0])
            case _:
                return match[0]


def _ansi(match: re.Match[str]) -> str:
    """Read one of the escapes of ``$'…'``."""
    if match["letter"]:
        return _ANSI_LETTERS.get(match["letter"], match["letter"])
    return character(int(match["hex"] or match["octal"], 16 if match["hex"] else 8))


_ARGUMENT_TOKENS = re.compile(r'(\\*)"("?)|([ \t\r\f\v\u00a0]+)|\\+|[^\\" \t\r\f\v\u00a0]+')


def _arguments(line: str) -> Iterator[str]:
    r"""Split as Microsoft's C runtime does: ``\"`` and, in quotation marks, ``""`` are quotation marks."""
    pieces: list[str] = []
    is_word = is_quoted = False
    for match in _ARGUMENT_TOKENS.finditer(line):
        if match[3] and not is_quoted:
            if is_word:
                yield "".join(pieces)
            pieces, is_word = [], False
            continue
        is_word = True
        if match[1] is None:
            pieces.append(match[0])
            continue
        is_escaped, is_double = len(match[1]) % 2 == 1, bool(match[2])
        pieces.append("\\" * (len(match[1]) // 2) + '"' * (is_escaped or (is_quoted and is_double)))
        is_quoted ^= is_escaped == is_double
    if is_word:
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
    """Return the variables that a script sets before a command; PowerShell's and cmd's names in lower case."""
    values: dict[str, str] = {}
    for match in list(_SETS[dialect].finditer(text, max(0, start - _REACH), start))[-_MOST_VARIABLES:]:
        name = match["name"] or match["other"]
        if dialect is Dialect.CMD:
            value: str | None = match["value"].strip()
        elif document := _CAT.match(text, match.end(), start):
            value = _document(text, document.end() - 1, document["tag"])[0]
        else:
            value = _first_word(text[match.end() : min(start, match.end() + _LONGEST_VALUE)], dialect, values)
            value = None if value is None or "$(" in value or "`" in value else value
        if value is not None and len(value) <= _LONGEST_VALUE:
            values[name if dialect is Dialect.POSIX else name.lower()] = value
    return values


def _first_word(text: str, dialect: Dialect, variables: Mapping[str, str]) -> str | None:
    return next((word.text for word in split_command(text, 0, dialect, variables).words), None)


def input_of(text: str, start: int, command: CommandLine, variables: Mapping[str, str]) -> tuple[str | None, int]:
    """Return a POSIX command's standard input, None if it cannot be seen, and where it ends."""
    before = _FOLD.sub("", text[max(0, start - _REACH) : start])
    piped = _CAT_INTO_PIPE.search(before[-200:])
    tag = command.here_tag or (piped["tag"] if piped else None)
    if command.standard_input is None and tag is not None:
        return _document(text, text.find("\n", command.end), tag)
    if command.standard_input is not None or not before.endswith("|"):
        return command.standard_input, command.end
    said = _SAID.match(before, max(before.rfind("echo "), before.rfind("printf ")))
    return (_first_word(said["text"], Dialect.POSIX, variables) if said else None), command.end


def _document(text: str, line_break: int, tag: str) -> tuple[str | None, int]:
    """Return the lines after a line break, up to the one that is the tag alone; and the place after that."""
    end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(text, line_break + 1)
    if line_break < 0 or end is None:
        return None, len(text)
    return text[line_break + 1 : end.start()].rstrip("\n"), end.end()
