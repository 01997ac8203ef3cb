"""Splits source text into tokens: names, numbers, signs, and strings with what they interpolate.

One tolerant lexer serves every language; a row of a table says what differs. (The lexers of Pygments know a hundred
languages, but give no values: each has its own names for the pieces of strings, and stops at what is cut off.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import ClassVar

from msgspec import Struct

from zoomcall.domain.value import Discreet
from zoomcall.knowledge.languages import language_clues
from zoomcall.usecases.pasted.pieces import Form

LONGEST_SOURCE = 65_536


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    STRING = auto()
    SIGN = auto()


class Piece(Discreet, frozen=True):
    """A part of a string: its text, or an expression that is put in."""

    unshown: ClassVar = frozenset({"text"})

    text: str
    is_expression: bool = False


class Token(Discreet, frozen=True):
    """One token.

    Attributes:
        kind: What it is.
        text: A name, number or sign as written; a string's literal parts put together.
        start: Where it begins in the text.
        end: Where it ends.
        is_first: It is the first of its line.
        pieces: The parts of a string.
    """

    unshown: ClassVar = frozenset({"text"})

    kind: Kind
    text: str
    start: int
    end: int
    is_first: bool = False
    pieces: tuple[Piece, ...] = ()

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.text in signs


_BRACES = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}")
_TEMPLATE = re.compile(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_SHELL = re.compile(r"\$\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)|\$\{([^}\n]*)\}|\$([A-Za-z_]\w*(?::\w+)?)")
_PHP = re.compile(r"\{(\$[^{}\n]*)\}|\$\{([^}\n]*)\}|(\$[A-Za-z_]\w*(?:->\w+|\[[^\]\n]*\])?)")
_UNION = re.compile(r"\\\(([^()\n]*)\)|[#$]\{([^{}\n]*)\}|\$([A-Za-z_]\w*(?:->\w+)*)|\#([A-Za-z]\w*)\#")

_LINE = r"(?<![:\w])//[^\n]*|/\*.*?(?:\*/|\Z)"
_HASH = r"\#[^\n]*"
_CURLY = "[\u201c-\u201e][^\u201c-\u201e\\n]*[\u201c-\u201e]?|[\u2018\u2019][^\u2018\u2019\\n]*[\u2018\u2019]?"
_LONG = r"\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)"
_SHORT = r"\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"?|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
_OPEN = r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"?|'[^'\\]*(?:\\.[^'\\]*)*'?"
_DOUBLED = r"\"[^\"]*(?:\"\"[^\"]*)*\"?"
_DOUBLED_LINE = r"\"[^\"\n]*(?:\"\"[^\"\n]*)*\"?"
_BACKTICK = r"`[^`\\]*(?:\\.[^`\\]*)*`?"
_RAW = (
    r"(?:[rRb]{1,2}(?=\#)|(?=\#+\"\s*\{))(?P<hash>\#+)\".*?(?:\"(?P=hash)(?!\{)|\Z)"
    r"|R\"\(.*?(?:\)\"|\Z)|\[\[(?=\s*\{\s*\").*?(?:\]\]|\Z)"
)
_HERE = r"<<[<~-]?[\"']?(?P<tag>[A-Z][A-Z_]{1,20})\b[\"']?[^\n]*\n.*?(?:\n[ \t]*(?P=tag)\b|\Z)"
_SHELL_HERE = r"@'[ \t\r]*\n.*?(?:\n[ \t]*'@|\Z)|@\"[ \t\r]*\n.*?(?:\n[ \t]*\"@|\Z)"
_SHELL_SHORT = r"\"[^\"`]*(?:(?:`.|\"\")[^\"`]*)*\"?|'[^']*(?:''[^']*)*'?|https?://[^\s\"'`;|)]+"
_SHELL_NAMES = r"(?P<word>-[A-Za-z]\w*|\$\{[^}\n]*\}|\$[A-Za-z_]\w*:\w+|[A-Za-z]+-[A-Za-z]+)"
_REST = r"""
  | (?P<fold>[ \t]_[ \t]*\n|[\\`][ \t]*\n)
  | (?P<name>[@$%]?[A-Za-z_][\w$]*(?:(?<=[a-z])'(?:t|s|re|ll|ve|d|m)\b(?!'))?(?:[!?](?=\())?|\$)
  | (?P<number>\d[\w.]*)
  | (?P<space>[ \t\r\f\v\u00a0]+)
  | (?P<newline>\n)
  | (?P<sign>===|!==|=>|==|!=|<=|>=|&&|\|\||\|>|\+=|:=|<-|::|->|\?\.|\?\?|\.\.\.?|<>|\*\*|@\{|@\(|.)
"""


def _pattern(strings: str, comments: str, *others: str) -> re.Pattern[str]:
    parts = (f"(?P<comment>{comments})", *others, f"(?P<string>{strings}|{_CURLY})")
    return re.compile("|".join(parts) + _REST, re.VERBOSE | re.DOTALL)


class Dialect(Struct, frozen=True):
    """How a language writes strings and joins them.

    Attributes:
        pattern: Its tokens; a group's name says what each is.
        inserts: What a string interpolates, by the first sign of its quotation mark.
        doubled: Quotation marks that are written twice inside a string, where others have a backslash before them.
        joins: Signs that put texts together.
    """

    pattern: re.Pattern[str]
    inserts: Mapping[str, re.Pattern[str]] = {}
    doubled: str = ""
    joins: frozenset[str] = frozenset({"+", "<>"})


_DIALECTS: Mapping[Form, Dialect] = {
    Form.CSHARP: Dialect(
        _pattern(rf"\$*(?:{_LONG})|(?:\$@|@\$|@)(?:{_DOUBLED})|\$?(?:{_SHORT})", _LINE),
    ),
    Form.JAVASCRIPT: Dialect(_pattern(rf"{_BACKTICK}|{_SHORT}", _LINE), {"`": _TEMPLATE}),
    Form.PYTHON: Dialect(_pattern(rf"[rRbBuUfF]{{0,2}}(?:{_LONG}|{_SHORT})", _HASH)),
    Form.PHP: Dialect(
        _pattern(rf"{_HERE}|{_OPEN}", rf"{_LINE}|{_HASH}"), {'"': _PHP, "<": _PHP}, joins=frozenset(".")
    ),
    Form.BASIC: Dialect(
        _pattern(rf"\$?{_DOUBLED_LINE}", r"(?:(?<=\n)|(?<=[ \t]))'[^\n]*"),
        doubled='"',
        joins=frozenset("&+"),
    ),
    Form.POWERSHELL: Dialect(
        _pattern(rf"{_SHELL_HERE}|{_SHELL_SHORT}", rf"<\#.*?(?:\#>|\Z)|{_HASH}|(?m:^)\+[ \t][^\n]*", _SHELL_NAMES),
        {'"': _SHELL, "h": _SHELL},
        doubled="\"'",
    ),
    Form.SOURCE: Dialect(
        _pattern(
            rf"{_RAW}|{_HERE}|[rRbBfsS@]{{0,2}}(?:{_LONG}|{_SHORT})|`[^`]*`?"
            r"|(?<![^\s(=])\|(?![>|])[^|\n]*\{[^|\n]*\}[^|\n]*\|",
            rf"{_LINE}|(?<!\S)\#(?=[\s!\w])[^\n]*|(?<!\S)--[ ][^\n]*",
            r"(?P<lifetime>(?<=[<&])'[a-z]\w*)",
        ),
        {'"': _UNION, "<": _UNION, "`": _TEMPLATE, "|": _BRACES},
        joins=frozenset({"+", "<>", "..", ".", "&", "&&", "++", "~"}),
    ),
}
PRINTED = Dialect(
    _pattern(
        rf"[rRbBuUfF@$]{{0,2}}(?:{_LONG}|{_OPEN}|{_BACKTICK})",
        rf"{_LINE}|(?<![\w&])\#[ ][^\n]*|[\u25bc\u25b6]",
    ),
    {'"': re.compile(r"[#$]\{([^{}]*)\}|\\\(([^()]*)\)|\$\(([^()]*)\)"), "`": _TEMPLATE},
    joins=frozenset({"+", "<>", ".", "..", "&", "~"}),
)
"""The notation of objects that programs print, or that stand anywhere."""

_QUOTED_PATH = re.compile(r"[\"'`](?:https?://|/)?[^\s\"'`]{0,80}(?:videosdk|live_meetings|oauth)/", re.IGNORECASE)


def language_of(text: str) -> Form | None:
    """Return the language that a text is written in, by its clues; None if there are too few."""
    if "<?php" in text:
        return Form.PHP
    scores = {name: len(set(pattern.findall(text))) for name, pattern in language_clues().items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best]:
        return Form[best.upper()]
    return Form.SOURCE if _QUOTED_PATH.search(text) else None


def dialect_of(language: Form) -> Dialect:
    """Return how a language writes strings."""
    return _DIALECTS.get(language, _DIALECTS[Form.SOURCE])


def tokens_of(
    text: str, language: Form | Dialect, start: int = 0, limit: int = LONGEST_SOURCE, *, until_closed: bool = False
) -> tuple[Token, ...]:
    """Split source code into tokens; ``until_closed`` stops after what closes the first sign that opens."""
    dialect = language if isinstance(language, Dialect) else dialect_of(language)
    tokens: list[Token] = []
    is_first = True
    depth = 0
    for match in dialect.pattern.finditer(text, start, min(len(text), start + limit)):
        kind, shown = Kind.SIGN, match[0]
        pieces: tuple[Piece, ...] = ()
        match match.lastgroup:
            case "newline":
                is_first = True
                continue
            case "comment" | "space" | "fold":
                continue
            case "name" | "word":
                kind = Kind.NAME
            case "number":
                kind = Kind.NUMBER
            case "string":
                kind, pieces = Kind.STRING, _pieces_of(match[0], dialect)
                shown = "".join(piece.text for piece in pieces if not piece.is_expression)
            case _:
                depth += (match[0][-1] in "{[(") - (match[0] in "}])")
        tokens.append(Token(kind, shown, match.start(), match.end(), is_first, pieces))
        is_first = False
        if until_closed and kind is Kind.SIGN and depth <= 0 and match[0] in "}])":
            break
    return tuple(tokens)


_EDGE = re.compile(r"(?P<prefix>[A-Za-z$@]{0,3}\#*)(?P<mark>\"\"\"|'''|\[\[|[\"'`|\u201c\u201d\u201e\u2018\u2019])")
_CLOSES = {"[[": "]]", **dict.fromkeys("\u201c\u201d\u201e", "\u201d"), "\u2018": "\u2019"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|(\n)|(.))", re.DOTALL)
_BACKTICKED = re.compile(r"`(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}


def _pieces_of(raw: str, dialect: Dialect) -> tuple[Piece, ...]:
    """Split a string into its texts and what is put into it."""
    if raw.startswith(("<<", "@'\n", '@"\n', "@'\r", '@"\r')) or (
        raw[:2] in {"@'", '@"'} and "h" in dialect.inserts
    ):
        text = raw.partition("\n")[2].rpartition("\n")[0]
        is_verbatim = "'" in raw.partition("\n")[0]
        pieces = _split(text, None if is_verbatim else dialect.inserts.get("<", dialect.inserts.get("h")))
        return _escaped(pieces, _BACKTICKED, r"\1") if raw.startswith('@"') else pieces
    if raw.startswith('R"('):
        return (Piece(raw[3:].removesuffix(')"')),)
    edge = _EDGE.match(raw)
    if edge is None:
        return _split(raw, dialect.inserts.get("h"))  # a URL without quotation marks
    prefix, mark = edge["prefix"].lower(), edge["mark"]
    if mark[0] in dialect.doubled or ("@" in prefix and not dialect.inserts):
        mark = mark[0]
    text = (
        raw[edge.start("mark") + len(mark) :]
        .removesuffix("#" * prefix.count("#"))
        .removesuffix(_CLOSES.get(mark, mark))
    )
    text = text.strip("\n") if len(mark) > 1 else text
    is_verbatim = "#" in prefix or ("r" in prefix and "h" not in dialect.inserts) or mark == "[["
    insert = dialect.inserts.get(mark[0])
    if {"f", "$", "s"} & set(prefix):
        insert = insert if insert is not None and "s" in prefix else _BRACES
    if mark in dialect.doubled or ("@" in prefix and not dialect.inserts):
        pieces = _split(text.replace(mark * 2, mark), insert)
        return _escaped(pieces, _BACKTICKED, r"\1") if "`" in text and mark == '"' else pieces
    pieces = _split(text, None if is_verbatim else insert)
    return pieces if is_verbatim else _escaped(pieces, _ESCAPE, _unescape)


def _split(text: str, insert: re.Pattern[str] | None) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    position = 0
    for match in insert.finditer(text) if insert is not None else ():
        pieces.append(Piece(text[position : match.start()]))
        position = match.end()
        expression = next((group for group in match.groups() if group is not None), None)
        pieces.append(Piece(match[0][0]) if expression is None else Piece(expression.strip(), is_expression=True))
    pieces.append(Piece(text[position:]))
    return tuple(piece for piece in pieces if piece.text or piece.is_expression)


def _escaped(
    pieces: tuple[Piece, ...], escape: re.Pattern[str], by: str | Callable[[re.Match[str]], str]
) -> tuple[Piece, ...]:
    return tuple(piece if piece.is_expression else Piece(escape.sub(by, piece.text)) for piece in pieces)


def _unescape(match: re.Match[str]) -> str:
    number = match[1] or match[2] or match[3]
    if number:
        code = int(number, 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
    return "" if match[4] else _LETTERS.get(match[5], match[5])
