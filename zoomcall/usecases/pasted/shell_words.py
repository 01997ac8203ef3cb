"""Splits command lines as POSIX shells, Windows' cmd and PowerShell do; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import ClassVar

from zoomcall.domain.value import Discreet

LONGEST_COMMAND = 64 * 1024

_CURLY = {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'"}
_NEXT_COMMAND = re.compile(r"\n[ \t]*(?:[$>#][ \t]+)?curl(?:\.exe)?[ \t]|\n[ \t]*\r?\n")
_OPTION_LINE = re.compile(r"[ \t]*-{1,2}[A-Za-z]")
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*")

CURLY_NOTE = "curly quotation marks, read as straight ones"
_UNCLOSED_NOTE = "a quotation mark that is not closed; the end of the line is read as its end"
_FOLD_NOTE = "a line break that does not continue the command; it is read as if it did"
_AMPERSAND_NOTE = "an & outside quotation marks, where a shell ends the command; it is read as part of the command"
_LONG_NOTE = f"everything after the first {LONGEST_COMMAND:,} characters of the command"


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
    window = text[start : start + LONGEST_COMMAND]
    splitters: dict[Dialect, Callable[[str, Mapping[str, str]], _Split]] = {
        Dialect.POSIX: _Posix,
        Dialect.CMD: _Cmd,
        Dialect.POWERSHELL: _PowerShell,
    }
    split = splitters[dialect](window, variables or {})
    split.run()
    if split.end >= LONGEST_COMMAND:
        split.note(_LONG_NOTE)
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
    if re.search(r"\^[ \t]*\n|\^\"", window):
        return Dialect.CMD
    if re.search(r"`[ \t]*\n|\$env:\w", window):
        return Dialect.POWERSHELL
    if re.search(r"bearer %\w+%", window, re.IGNORECASE):
        return Dialect.CMD
    return Dialect.POSIX


class _Split:
    """What the dialects share: words that grow piece by piece, notes that are made once."""

    _TOKENS: re.Pattern[str]
    _NAMES: re.Pattern[str]

    def __init__(self, window: str, variables: Mapping[str, str]) -> None:
        self.window = window
        self.standard_input: str | None = None
        self.here_tag: str | None = None
        self._variables = variables
        self._is_input = False
        self.words: list[Word] = []
        self.notes: dict[str, None] = {}
        self.end = len(window)
        self._pieces: list[str] | None = None
        self._is_verbatim = False

    def note(self, text: str) -> None:
        """Note something once."""
        self.notes.setdefault(text)

    def add(self, piece: str) -> None:
        """Add to the word that is growing."""
        if self._pieces is None:
            self._pieces = []
        self._pieces.append(piece)

    def filled(self, text: str) -> str:
        """Put in the values of variables that are known."""
        if not self._variables:
            return text
        return self._NAMES.sub(lambda match: self._variables.get(self.name_in(match), match[0]), text)

    def name_in(self, match: re.Match[str]) -> str:
        """Return the name by which a variable is known."""
        return next(group for group in match.groups() if group is not None).lower()

    def finish_word(self) -> None:
        """End the word that is growing, if any."""
        if self._pieces is not None:
            self.words.append(Word("".join(self._pieces), self._is_verbatim))
        self._pieces, self._is_verbatim = None, False

    def run(self) -> None:
        """Split the window up to the end of the command."""
        position = 0
        while position < len(self.window):
            match = self._TOKENS.match(self.window, position)
            assert match is not None  # noqa: S101 - the last alternative takes any character
            after = self.step(match)
            if after is None:
                self.end = position
                break
            position = after
        self.finish_word()

    def step(self, match: re.Match[str]) -> int | None:
        """Take one token; return the place after it, or None if the command ends before it."""
        raise NotImplementedError

    def line_break(self, match: re.Match[str]) -> int | None:
        """End the command at a line break, unless the next line goes on with an option."""
        if self.words and _OPTION_LINE.match(self.window, match.end()):
            self.note(_FOLD_NOTE)
            self.finish_word()
            return match.end()
        return None

    def quoted(self, match: re.Match[str], quote: str) -> tuple[str, int]:
        """Return what is in quotation marks, and the place after them; to the line's end if they are not closed."""
        whole = match[0]
        is_closed = len(whole) > len(quote) and whole.endswith(quote[-1])
        if is_closed and not _NEXT_COMMAND.search(whole):
            return whole[len(quote) : -1], match.end()
        if is_closed and whole[len(quote) :].lstrip().startswith(("{", "[")) and "curl" not in whole:
            return whole[len(quote) : -1], match.end()
        self.note(_UNCLOSED_NOTE)
        line = whole.split("\n", 1)[0]
        return line[len(quote) :].rstrip("\\ \t\r"), match.start() + len(line)


class _Posix(_Split):
    _TOKENS = re.compile(
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
      | (?P<plain>(?:(?!\{\{|\{%|[@#]\{)[^\s'"\\`;|&<>()$\u201c\u201d\u201e\u2018\u2019\u00a0])+)
      | (?P<ansi>\$'[^'\\]*(?:\\.[^'\\]*)*'?)
      | (?P<variable>\$\{[^}\s]*\}|\$\([^()\n]*\)|\$\w+|`[^`\n]*`)
      | (?P<single>'[^']*'?)
      | (?P<double>"[^"\\]*(?:\\.[^"\\]*)*"?)
      | (?P<curly>[\u201c\u201d\u201e][^\u201c\u201d\u201e\n]*[\u201c\u201d\u201e]?
                 |[\u2018\u2019][^\u2018\u2019\n]*[\u2018\u2019]?)
      | (?P<escape>\\.)
      | (?P<end>[;|()]|&&|&)
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    )

    _NAMES = re.compile(r"\$(?:\{(\w+)\}|(\w+))")

    def name_in(self, match: re.Match[str]) -> str:
        return match[1] or match[2]

    def finish_word(self) -> None:
        if self._is_input and self._pieces is not None:
            self.standard_input = "".join(self._pieces)
            self._pieces, self._is_input = None, False
        super().finish_word()

    def step(self, match: re.Match[str]) -> int | None:
        match match.lastgroup:
            case "single" | "ansi" | "double":
                return self._in_quotes(match)
            case "break":
                return self.line_break(match) if self.here_tag is None else None
            case "document" | "given":
                self._takes_input(match)
            case "end":
                return self._end(match)
            case "blank" | "fold" | "redirect":
                self.finish_word()
            case "join":
                if _OPTION_LINE.match(self.window, match.end()):
                    self.finish_word()
            case _:
                self.add(self._literally(match))
        return match.end()

    def _literally(self, match: re.Match[str]) -> str:
        match match.lastgroup:
            case "variable":
                return self.filled(match[0])
            case "escape":
                return match[0][1:]
            case "curly":
                self.note(CURLY_NOTE)
                return match[0].strip("".join(_CURLY))
            case _:
                return match[0]

    def _takes_input(self, match: re.Match[str]) -> None:
        self.finish_word()
        self.here_tag = match["tag"] or self.here_tag
        self._is_input = match.lastgroup == "given"

    def _in_quotes(self, match: re.Match[str]) -> int:
        kind = match.lastgroup
        text, end = self.quoted(match, "$'" if kind == "ansi" else match[0][0])
        if kind == "ansi":
            text = _ansi(text)
        elif kind == "double":
            text = self.filled(_DOUBLE_ESCAPE.sub(lambda found: found[1].replace("\n", ""), text))
        else:
            self._is_verbatim = self._is_verbatim or bool(_VARIABLE.search(text))
        self.add(text)
        return end

    def _end(self, match: re.Match[str]) -> int | None:
        after = self.window[match.end() : match.end() + 1]
        if match[0] == "&" and self._pieces is not None and after.isalnum():
            self.note(_AMPERSAND_NOTE)
            self.add("&")
            return match.end()
        return None


_DOUBLE_ESCAPE = re.compile(r'\\(["\\$`\n])')
_ANSI_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_ANSI_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "E": "\x1b",
}


def _ansi(text: str) -> str:
    """Read the escapes of ``$'…'``."""

    def replaced(match: re.Match[str]) -> str:
        hexadecimal = match[1] or match[2] or match[3]
        if hexadecimal or match[4]:
            number = int(hexadecimal, 16) if hexadecimal else int(match[4], 8)
            return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
        return _ANSI_LETTERS.get(match[5], match[5])

    return _ANSI_ESCAPE.sub(replaced, text)


class _PowerShell(_Split):
    _TOKENS = re.compile(
        r"""
        (?P<blank>[ \t\r\f\v\u00a0]+)
      | (?P<fold>`[ \t\r]*(?:\n|\Z))
      | (?P<break>\n)
      | (?P<here>@'[ \t\r]*\n.*?(?:\n'@|\Z)|@"[ \t\r]*\n.*?(?:\n"@|\Z))
      | (?P<plain>[^\s'"`;|&(){}$\u201c\u201d\u201e\u2018\u2019\u00a0]+|\$(?:env:)?\w+|\$\{[^}\s]*\})
      | (?P<single>'[^']*(?:''[^']*)*'?)
      | (?P<double>"[^"`]*(?:(?:`.|"")[^"`]*)*"?)
      | (?P<curly>[\u201c\u201d\u201e][^\u201c\u201d\u201e\n]*[\u201c\u201d\u201e]?
                 |[\u2018\u2019][^\u2018\u2019\n]*[\u2018\u2019]?)
      | (?P<escape>`.)
      | (?P<group>\([^()\n]*\))
      | (?P<end>[;|]|&&|&)
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    )
    _NAMES = re.compile(r"\$(?:\{(\w+)\}|((?:env:)?\w+))", re.IGNORECASE)

    def step(self, match: re.Match[str]) -> int | None:
        match match.lastgroup:
            case "blank" | "fold":
                self.finish_word()
            case "break":
                return self.line_break(match)
            case "end":
                return None
            case "single" | "double":
                text, end = self.quoted(match, match[0][0])
                is_single = match.lastgroup == "single"
                self.add(_native(text.replace("''", "'") if is_single else self._in_double(text)))
                return end
            case _:
                self.add(self._literally(match))
        return match.end()

    def _in_double(self, text: str, *, is_here: bool = False) -> str:
        return self.filled(_BACKTICK.sub(r"\1", text if is_here else text.replace('""', '"')))

    def _literally(self, match: re.Match[str]) -> str:
        match match.lastgroup:
            case "escape":
                return match[0][1:]
            case "here":
                text = match[0][2:].partition("\n")[2].removesuffix("\n'@").removesuffix('\n"@')
                return _native(self._in_double(text, is_here=True) if match[0][1] == '"' else text)
            case "plain" if match[0][0] == "$":
                return _native(self.filled(match[0]))
            case "curly":
                self.note(CURLY_NOTE)
                return match[0].strip("".join(_CURLY))
            case "group":
                return "".join(piece.strip("\"'") for piece in _PIECES_OF_GROUP.findall(match[0]))
            case _:
                return match[0]


_BACKTICK = re.compile(r"`(.)", re.DOTALL)
_PIECES_OF_GROUP = re.compile(r"\"[^\"]*\"|'[^']*'|\$[\w:]+")


def _native(text: str) -> str:
    """Return what a program gets of a text in which quotation marks are escaped once more for its sake."""
    return text.replace('\\"', '"')


class _Cmd(_Split):
    """cmd.exe takes the carets away and ends the command; then the program splits what is left into words."""

    _TOKENS = re.compile(
        r"""
        (?P<plain>[^"^\n&|\r\u201c\u201d\u201e]+)
      | (?P<quote>["\u201c\u201d\u201e])
      | (?P<fold>\^[ \t\r]*(?:\n|\Z))
      | (?P<escape>\^.)
      | (?P<break>\r?\n)
      | (?P<end>[&|])
      | (?P<other>.)
        """,
        re.VERBOSE | re.DOTALL,
    )

    _NAMES = re.compile(r"%(\w+)%")

    def __init__(self, window: str, variables: Mapping[str, str]) -> None:
        super().__init__(window, variables)
        self._is_quoted = False

    def run(self) -> None:
        super().run()
        line = self.words[0].text if self.words else ""
        self.words = [Word(text) for text in _arguments(line)]

    def step(self, match: re.Match[str]) -> int | None:
        match match.lastgroup:
            case "quote":
                if match[0] != '"':
                    self.note(CURLY_NOTE)
                self._is_quoted = not self._is_quoted
                self.add('"')
            case "fold":
                self.add(" ")
            case "escape":
                self.add(match[0] if self._is_quoted else match[0][1:])
            case "break":
                if self._is_quoted:
                    self.note(_UNCLOSED_NOTE)
                elif _OPTION_LINE.match(self.window, match.end()):
                    self.note(_FOLD_NOTE)
                    self.add(" ")
                    return match.end()
                return None
            case "end" if not self._is_quoted:
                return None
            case _:
                self.add(self.filled(match[0]))
        return match.end()


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
        if len(match[1]) % 2:
            pieces.append('"')
        elif is_quoted and line.startswith('"', position):
            pieces.append('"')
            position += 1
        else:
            is_quoted = not is_quoted
    if pieces is not None:
        yield "".join(pieces)
