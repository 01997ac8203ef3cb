"""Splits source code into tokens: names, numbers, signs, and strings with what they interpolate."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import ClassVar

from zoomcall.domain.value import Discreet
from zoomcall.usecases.pasted.pieces import Form

LONGEST_SOURCE = 64 * 1024

_CLUES: dict[Form, re.Pattern[str]] = {
    Form.CSHARP: re.compile(
        r"\b(?:HttpClient|HttpRequestMessage|HttpMethod|StringContent|AuthenticationHeaderValue|RestClient|RestRequest"
        r"|(?:Patch|Post|Put|Get|Send)(?:AsJson)?Async|JsonConvert|JsonSerializer|HttpWebRequest)\b"
        r"|\busing System|\bvar \w+ = new\b|\bnew \w+ ?\{|\bawait \w+\.\w+Async\b"
    ),
    Form.JAVASCRIPT: re.compile(
        r"\bfetch\(|\baxios\b|\bconst \w+ ?=|\blet \w+ ?=|=> ?\{|JSON\.stringify|\brequire\(|XMLHttpRequest|\$\{"
        r"|\basync function\b|\bsuperagent\b|\bgot\.\w+\("
    ),
    Form.PYTHON: re.compile(
        r"\bimport (?:requests|httpx|json|jwt|http\.client)\b|\bhttp\.client\."
        r"|\b(?:requests|httpx)\.\w+\(|\bf[\"']|^def \w+\(|\bjson\.dumps\("
        r"|\bheaders ?= ?headers\b|\baiohttp\b|\burllib\.request\b",
        re.MULTILINE,
    ),
    Form.POWERSHELL: re.compile(
        r"\bInvoke-(?:RestMethod|WebRequest)\b|^[ \t]*\$\w+ ?=|@\{|\bConvertTo-Json\b"
        r"|\s-(?:Method|Uri|Headers|ContentType)\b",
        re.IGNORECASE | re.MULTILINE,
    ),
    Form.PHP: re.compile(
        r"<\?php|\bcurl_(?:setopt|init|exec)\w*|\bCURLOPT_\w+|\bGuzzle|\$\w+->\w+|\bjson_encode\("
        r"|[\"'] => |\barray\("
    ),
    Form.BASIC: re.compile(
        r"\bCreateObject\(|\bMSXML2\b|\bWinHttp|^[ \t]*(?:Dim|Set) \w+|\bEnd (?:Sub|Function|If)\b"
        r"|\bAs New\b|\"\"method\"\"",
        re.MULTILINE,
    ),
    Form.SOURCE: re.compile(
        r"\bHttpURLConnection\b|\bOkHttpClient\b|\bHttpRequest\.newBuilder|\bhttp\.NewRequest\b|\bNet::HTTP\b"
        r"|\bdo \|\w+\||\bHTTParty\b|\bFaraday\b|#\{\w|^end$|\.to_json\b|\bputs\b|\badd_headers\("
        r"|\bRestTemplate\b|\.setRequestProperty\("
    ),
}


_QUOTED_PATH = re.compile(r"[\"'`](?:https?://|/)?[^\s\"'`]{0,80}(?:videosdk|live_meetings|oauth)/", re.IGNORECASE)


def language_of(text: str) -> Form | None:
    """Return the language that a text is written in, by its clues; None if there are too few."""
    if "<?php" in text:
        return Form.PHP
    scores = {form: len(set(pattern.findall(text))) for form, pattern in _CLUES.items()}
    best = max(scores, key=lambda form: scores[form])
    if scores[best]:
        return best
    return Form.SOURCE if _QUOTED_PATH.search(text) else None


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


_NAMES = r"""
      | (?P<name>[@$]?[A-Za-z_][\w$]*|\$)
      | (?P<number>\d[\w.]*)
      | (?P<space>[ \t\r\f\v\u00a0]+)
      | (?P<newline>\n)
      | (?P<sign>===|!==|=>|==|!=|<=|>=|&&|\|\||\+=|::|->|\?\.|\?\?|\.\.\.|@\{|@\(|.)
"""
_LONG = r'(?P<long>\$*"""(?:.*?)(?:"""|\Z))'
_SHORT = r"""
      | (?P<double>"[^"\\\n]*(?:\\.[^"\\\n]*)*"?)
      | (?P<single>'[^'\\\n]*(?:\\.[^'\\\n]*)*'?)
      | (?P<curly>[\u201c\u201d\u201e][^\u201c\u201d\u201e\n]*[\u201c\u201d\u201e]?
            |[\u2018\u2019][^\u2018\u2019\n]*[\u2018\u2019]?)
"""
_BRACES = re.compile(
    rf"""
        (?P<comment>(?<![:\w])//[^\n]*|/\*.*?(?:\*/|\Z))
      | {_LONG}
      | (?P<verbatim>(?:\$@|@\$|@)"[^"]*(?:""[^"]*)*"?)
      | (?P<interpolated>\$"[^"\\\n]*(?:\\.[^"\\\n]*)*"?)
      | (?P<template>`[^`\\]*(?:\\.[^`\\]*)*`?)
      {_SHORT}{_NAMES}
    """,
    re.VERBOSE | re.DOTALL,
)
_PHP = re.compile(
    rf"""
        (?P<comment>(?<![:\w])//[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<open_double>"[^"\\]*(?:\\.[^"\\]*)*"?)
      | (?P<open_single>'[^'\\]*(?:\\.[^'\\]*)*'?)
      {_SHORT}{_NAMES}
    """,
    re.VERBOSE | re.DOTALL,
)
_BASIC = re.compile(
    rf"""
        (?P<comment>(?:(?<=\n)|(?<=[ \t]))'[^\n]*)
      | (?P<fold>[ \t]_[ \t]*\n)
      | (?P<verbatim>\$?"[^"\n]*(?:""[^"\n]*)*"?)
      {_NAMES}
    """,
    re.VERBOSE | re.DOTALL,
)
_PYTHON = re.compile(
    rf"""
        (?P<comment>\#[^\n]*)
      | (?P<python>[rRbBuUfF]{{0,2}}(?:\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)
            |"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?))
      {_SHORT}{_NAMES}
    """,
    re.VERBOSE | re.DOTALL,
)
_POWERSHELL = re.compile(
    rf"""
        (?P<comment><\#.*?(?:\#>|\Z)|\#[^\n]*|(?m:^)\+[ \t][^\n]*)
      | (?P<here>@'[ \t\r]*\n.*?(?:\n[ \t]*'@|\Z)|@"[ \t\r]*\n.*?(?:\n[ \t]*"@|\Z))
      | (?P<shell_double>"[^"`]*(?:(?:`.|"")[^"`]*)*"?)
      | (?P<shell_single>'[^']*(?:''[^']*)*'?)
      | (?P<fold>`[ \t\r]*\n)
      | (?P<parameter>-[A-Za-z]\w*)
      | (?P<word>\$\{{[^}}\n]*\}}|\$[A-Za-z_]\w*:\w+|[A-Za-z]+-[A-Za-z]+|https?://[^\s"'`;|)]+)
      | (?P<curly>[\u201c\u201d\u201e][^\u201c\u201d\u201e\n]*[\u201c\u201d\u201e]?
            |[\u2018\u2019][^\u2018\u2019\n]*[\u2018\u2019]?)
      {_NAMES}
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str, language: Form, start: int = 0, end: int | None = None) -> tuple[Token, ...]:
    """Split source code into tokens.

    Args:
        text: Everything that was pasted.
        language: Whose rules hold.
        start: Where to begin.
        end: Where to stop; at most ``LONGEST_SOURCE`` characters are looked at.
    """
    patterns = {Form.PYTHON: _PYTHON, Form.POWERSHELL: _POWERSHELL, Form.PHP: _PHP, Form.BASIC: _BASIC}
    pattern = patterns.get(language, _BRACES)
    limit = min(len(text), start + LONGEST_SOURCE, len(text) if end is None else end)
    tokens: list[Token] = []
    is_first = True
    for match in pattern.finditer(text, start, limit):
        match match.lastgroup:
            case "newline":
                is_first = True
                continue
            case "comment" | "space" | "fold":
                continue
            case "name" | "parameter":
                token = Token(Kind.NAME, match[0], match.start(), match.end(), is_first)
            case "word":
                token = _word(match, is_first=is_first)
            case "number":
                token = Token(Kind.NUMBER, match[0], match.start(), match.end(), is_first)
            case "sign":
                token = Token(Kind.SIGN, match[0], match.start(), match.end(), is_first)
            case _:
                token = _string(match, language, is_first=is_first)
        tokens.append(token)
        is_first = False
    return tuple(tokens)


def _word(match: re.Match[str], *, is_first: bool) -> Token:
    if match[0].startswith("http"):
        pieces = _pieces(match[0], _SHELL_INSERT)
        return Token(Kind.STRING, _joined(pieces), match.start(), match.end(), is_first, pieces)
    return Token(Kind.NAME, match[0], match.start(), match.end(), is_first)


def _string(match: re.Match[str], language: Form, *, is_first: bool) -> Token:
    pieces = _pieces_of(match[0], str(match.lastgroup), language)
    return Token(Kind.STRING, _joined(pieces), match.start(), match.end(), is_first, pieces)


def _joined(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces if not piece.is_expression)


_BRACE_INSERT = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}")
_TEMPLATE_INSERT = re.compile(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_SHELL_INSERT = re.compile(r"\$\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)|\$\{([^}\n]*)\}|\$([A-Za-z_][\w]*(?::\w+)?)")
_SWIFT_INSERT = re.compile(r"\\\(([^()\n]*)\)|#\{([^{}\n]*)\}|\$\{([^{}\n]*)\}")
_PHP_INSERT = re.compile(r"\{(\$[^{}\n]*)\}|\$\{([^}\n]*)\}|(\$[A-Za-z_]\w*(?:->\w+|\[[^\]\n]*\])?)")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|(\n)|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}
_SHELL_ESCAPE = re.compile(r"`(.)", re.DOTALL)


def _pieces_of(raw: str, group: str, language: Form) -> tuple[Piece, ...]:
    match group:
        case "long":
            text = raw.lstrip("$")[3:].removesuffix('"""')
            return _pieces(text.strip("\n"), _BRACE_INSERT) if raw.startswith("$") else (Piece(text.strip("\n")),)
        case "verbatim":
            text = _body(raw.lstrip("$@"), '"').replace('""', '"')
            return _pieces(text, _BRACE_INSERT) if "$" in raw[:2] else (Piece(text),)
        case "interpolated":
            return _escaped(_pieces(_body(raw[1:], '"'), _BRACE_INSERT))
        case "template":
            return _escaped(_pieces(_body(raw, "`"), _TEMPLATE_INSERT))
        case "python":
            return _python_pieces(raw)
        case "here" | "shell_double" | "shell_single":
            return _shell_pieces(raw, group)
        case "open_single" | "open_double":
            return _php_pieces(raw, group)
        case "curly":
            return (Piece(raw.strip("\u201c\u201d\u201e\u2018\u2019")),)
        case _:
            text = _body(raw, raw[0])
            if language is Form.SOURCE:
                return (Piece(text),) if raw[0] == "'" else _escaped(_pieces(text, _SWIFT_INSERT))
            return _escaped((Piece(text),))


def _shell_pieces(raw: str, group: str) -> tuple[Piece, ...]:
    """Read a string of PowerShell's, which puts values into double quotes and has the backtick for its escape."""
    if group == "shell_single":
        return (Piece(_body(raw, "'").replace("''", "'")),)
    text = _body(raw, '"').replace('""', '"')
    if group == "here":
        text = raw[2:].partition("\n")[2].rstrip("@").rstrip("\"'").rstrip()
        if raw[1] == "'":
            return (Piece(text),)
    return tuple(
        piece if piece.is_expression else Piece(_SHELL_ESCAPE.sub(r"\1", piece.text))
        for piece in _pieces(text, _SHELL_INSERT)
    )


def _body(raw: str, quote: str) -> str:
    text = raw[1:]
    return text[:-1] if text.endswith(quote) else text


def _python_pieces(raw: str) -> tuple[Piece, ...]:
    prefix = re.match(r"[A-Za-z]*", raw)
    letters = prefix[0].lower() if prefix else ""
    quoted = raw[len(letters) :]
    mark = quoted[:3] if quoted[:3] in {'"""', "'''"} else quoted[:1]
    text = quoted[len(mark) :].removesuffix(mark)
    pieces = _pieces(text, _BRACE_INSERT) if "f" in letters else (Piece(text),)
    return pieces if "r" in letters else _escaped(pieces)


def _php_pieces(raw: str, group: str) -> tuple[Piece, ...]:
    if group == "open_single":
        return (Piece(re.sub(r"\\([\\'])", r"\1", _body(raw, "'"))),)
    return _escaped(_pieces(_body(raw, '"'), _PHP_INSERT))


def _pieces(text: str, insert: re.Pattern[str]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    position = 0
    for match in insert.finditer(text):
        pieces.append(Piece(text[position : match.start()]))
        position = match.end()
        expression = next((group for group in match.groups() if group is not None), None)
        if expression is None:
            pieces.append(Piece(match[0][0]))
        else:
            pieces.append(Piece(expression.strip(), is_expression=True))
    pieces.append(Piece(text[position:]))
    return tuple(piece for piece in pieces if piece.text or piece.is_expression)


def _escaped(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return tuple(piece if piece.is_expression else Piece(_ESCAPE.sub(_unescape, piece.text)) for piece in pieces)


def _unescape(match: re.Match[str]) -> str:
    number = match[1] or match[2] or match[3]
    if number:
        code = int(number, 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
    return "" if match[4] else _LETTERS.get(match[5], match[5])
