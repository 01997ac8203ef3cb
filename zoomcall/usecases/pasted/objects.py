"""Reads objects in whatever notation a program prints or somebody writes them; nothing is evaluated.

JSON, JSON5, Python, JavaScript, Ruby, PHP (``print_r``, ``var_dump``, ``dd``), Go, Elixir, Java, PowerShell, R.
An expression whose value is not written out is read as a text in braces, like ``{token}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from zoomcall.usecases.pasted.source_values import Partial, unknown

_DEEPEST = 40
_LONGEST = 32 * 1024
_LONGEST_VALUE = 4096
_MOST_STEPS = 20_000
_LOOK_BACK = 4000
_MOST_OPENERS = 12

_OPENER = re.compile(
    r"(?P<word>%|\#|@|(?:map\[\w+\][\w.{}]*|map|[Aa]rray(?:\(\d+\)|:\d+)?|list|dict|hash|Hash|table"
    r"|(?:object\()?[\w\\]+(?:Object|Class)\)?(?:\#\d+)?(?:[ ]\(\d+\))?|(?:[\w\\]+[ ])?Object|\{\#\d+)"
    r"[ \t]*\n?[ \t]*)?"
    r"(?P<sign>[\[{(])[ \t]*[\u25bc\u25b6]?(?:\#\d+)?"
)
_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/|(?<![\w&])\#[ ][^\n]*|[\u25bc\u25b6])+", re.DOTALL)
_STRING = re.compile(
    r"(?:[rRbBuUfF@$L]{0,2})(?P<text>\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\]|\\.|\"\"(?=[\w{}:,\[\]]))*\"|'(?:[^'\\]|\\.|'')*'"
    r"|`(?:[^`\\]|\\.)*`|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019)",
    re.DOTALL,
)
_TYPED = re.compile(r"(?:string|int|integer|float|double|bool|boolean)\((?P<value>[^()\n]*)\)")
_KEY = re.compile(
    r"(?:\[[\"']?(?P<bracket>[\w .-]{1,80})[\"']?(?::\w+)?\]|[\"'`\u201c](?P<quoted>[\w .\[\]-]{1,80})[\"'`\u201d]"
    r"|[+\#-]?[\"']?:?@?\$?(?P<bare>[A-Za-z_][\w.-]{0,80}[?!]?)[\"']?|:\"(?P<symbol>[\w -]{1,80})\")"
    r"(?P<sign>\s{0,9}(?:=>|:=|:(?!//|:)|=(?!=)|->))"
)
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?(?=[\s,;\])}]|\Z)")
_WORD = re.compile(r"(?:nil|null|NULL|None|undefined|true|True|TRUE|false|False|FALSE|:null)\b")
_WORDS = {"true": True, "false": False}
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}
_CLOSES = {"{": "}", "[": "]", "(": ")"}
_INSERT = re.compile(r"\$\{[^{}]*\}|#\{[^{}]*\}|\{\{[^{}]*\}\}|@\{[^{}]*\}|\{%[^%]*%\}|\\\([^()]*\)|\$\([^()]*\)")
_JOIN = re.compile(r"\s{0,9}(?:\+|\.\.?|&|<>|~)\s{0,9}(?=[\w\"'`$@(])")
_CODE = re.compile(r"[A-Za-z_$@][\w$]*(?:[.?:]{0,2}[\w$]+)*(?=\(|\[|\.|\s*[,;\])}\n+&]|\Z)")
_PASSING = re.compile(
    r"(?:await\s+|new\s+)?[\w.:$]*(?:stringify|dumps|json_encode|encode!?|toJSON|to_json|Serialize(?:Object)?|URLSearchParams|raw|object)\s?\(\s*"
    r"(?=[\[{(%@\"'`]|dict|array|list|new\b)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[A-Za-z][\w'-]*[ ]+[A-Za-z]")


class Unreadable(Exception):
    """There is no object, or it does not end."""


def read_object(text: str, start: int) -> tuple[Any, int]:
    """Read the object or list that begins at ``start``; return it and the place after it.

    Raises:
        Unreadable: There is none.
    """
    opener = _OPENER.match(text, start)
    if opener is None:
        raise Unreadable
    reader = _Reader(text[: start + _LONGEST])
    return reader.container(opener, 0)


def objects_around(text: str, place: int) -> Iterator[tuple[Any, int, int]]:
    """Yield the objects that a place is in, the innermost first, each with its beginning and end."""
    depth = 0
    found = 0
    for position in range(place - 1, max(-1, place - _LOOK_BACK), -1):
        sign = text[position]
        if sign in "}])":
            depth += 1
        elif sign in "{[(":
            if depth:
                depth -= 1
                continue
            found += 1
            if found > _MOST_OPENERS:
                return
            start = _start_of_opener(text, position)
            try:
                value, end = read_object(text, start)
            except Unreadable:
                continue
            if end > place and isinstance(value, dict | list):
                yield value, start, end


def _start_of_opener(text: str, position: int) -> int:
    """Return where an opening sign's own word begins, as in ``map[`` and ``Array (``."""
    for start in range(max(0, position - 24), position):
        match = _OPENER.match(text, start)
        if match is not None and match.start("sign") == position and match["word"]:
            return start
    return position


class _Reader:
    """Reads one object; every question is answered in bounded time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = 0

    def container(self, opener: re.Match[str], depth: int) -> tuple[Any, int]:
        """Read what follows an opening sign, up to its closing one."""
        if depth > _DEEPEST:
            raise Unreadable
        close = _CLOSES[opener["sign"]]
        is_spaced = (opener["word"] or "").startswith("map")
        named: dict[str, Any] = {}
        bare: list[Any] = []
        position = opener.end()
        while True:
            self._steps += 1
            position = self._skip(position, ",;|" if close != ")" else ",;")
            if position >= len(self._text) or self._steps > _MOST_STEPS:
                raise Unreadable
            if self._text[position] == close:
                return (bare if bare and not named else named if named or close != "]" else bare), position + 1
            if self._text[position] in "}])":
                raise Unreadable
            key = _KEY.match(self._text, position)
            if key is not None and not self._is_value(key):
                name = next(group for group in (key["bracket"], key["quoted"], key["bare"], key["symbol"]) if group)
                value, position = self.value(self._skip(key.end(), ""), close, depth, is_spaced=is_spaced)
                named.setdefault(name, value)
                continue
            value, after = self.value(position, close, depth, is_spaced=is_spaced)
            if isinstance(value, str) and (pair := self._paired(after, close, depth)) is not None:
                named[value], position = pair
                continue
            if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and close == "]":
                named.setdefault(value[0], value[1])
            elif after <= position:
                after = position + 1
            else:
                bare.append(value)
            position = after

    def _paired(self, position: int, close: str, depth: int) -> tuple[Any, int] | None:
        """Read the value after ``=>`` or a colon behind a key that is no plain word."""
        sign = re.compile(r"\s{0,9}(?:=>|:)\s{0,9}").match(self._text, position)
        return self.value(sign.end(), close, depth) if sign else None

    def _is_value(self, key: re.Match[str]) -> bool:
        """Return whether what looks like a key is a value with a colon in it, as a scope or a URL has."""
        return key["bare"] is not None and key["sign"] == ":" and self._text[key.end() : key.end() + 2] == "//"

    def _skip(self, position: int, signs: str) -> int:
        while position < len(self._text):
            blank = _BLANK.match(self._text, position)
            if blank is not None:
                position = blank.end()
            elif self._text[position] in signs:
                position += 1
            else:
                break
        return position

    def value(self, position: int, close: str, depth: int, *, is_spaced: bool = False) -> tuple[Any, int]:
        """Read one value: an object, a text, a number, a word, or an expression, which stands for its value."""
        self._steps += 1
        if position >= len(self._text) or self._steps > _MOST_STEPS:
            raise Unreadable
        typed = _TYPED.match(self._text, position)
        if typed is not None:
            string = _STRING.match(self._text, self._skip(typed.end(), ""))
            if typed[0].startswith("string") and string is not None:
                return _literal(string["text"]), string.end()
            return _scalar(typed["value"]), typed.end()
        passing = _PASSING.match(self._text, position)
        if passing is not None:
            value, after = self.value(passing.end(), ")", depth + 1)
            return value, self._end_of_expression(after, close)
        opener = _OPENER.match(self._text, position)
        if opener is not None:
            return self.container(opener, depth + 1)
        string = _STRING.match(self._text, position)
        if string is not None:
            return self._joined(_literal(string["text"]), string.end(), close)
        number = _NUMBER.match(self._text, position)
        if number is not None:
            return _scalar(number[0]), number.end()
        word = _WORD.match(self._text, position)
        if word is not None:
            return _WORDS.get(word[0].lower()), word.end()
        return self._bare(position, close, is_spaced=is_spaced)

    def _joined(self, text: str, position: int, close: str) -> tuple[Any, int]:
        """Read on where a text is put together from pieces, or something is called on it."""
        if _JOIN.match(self._text, position) or self._text[position : position + 1] == ".":
            end = self._end_of_expression(position, close)
            pieces = _STRING.findall(self._text, position, end)
            return Partial(text + "{...}" + "".join(_literal(piece) for piece in pieces)), end
        return text, position

    def _bare(self, position: int, close: str, *, is_spaced: bool) -> tuple[Any, int]:
        """Read a text without quotation marks, or an expression."""
        end = position
        depth = 0
        limit = min(len(self._text), position + _LONGEST_VALUE)
        while end < limit:
            character = self._text[end]
            if character in "\"'" and (string := _STRING.match(self._text, end)) is not None and depth:
                end = string.end()
                continue
            if character in "{[(":
                depth += 1
            elif character in "}])":
                if not depth:
                    break
                depth -= 1
            elif (
                (character == "\n" and not depth)
                or (
                    character in ",;"
                    and not depth
                    and (close == "]" or _KEY.match(self._text, self._skip(end + 1, "")))
                )
                or (is_spaced and character == " " and not depth and _KEY.match(self._text, end + 1))
            ):
                break
            end += 1
            self._steps += 1 if end % 64 == 0 else 0
        text = self._text[position:end].strip().rstrip(",")
        if end >= limit:
            raise Unreadable
        is_code = (
            _CODE.match(text) is not None
            and not _SENTENCE.match(text)
            and ("(" in text or "." in text[:-1] or "[" in text)
        )
        return (unknown(text) if is_code or text[:1] in "$@&" else _scalar(text)), end

    def _end_of_expression(self, position: int, close: str) -> int:
        depth = 0
        limit = min(len(self._text), position + _LONGEST_VALUE)
        while position < limit:
            string = _STRING.match(self._text, position)
            if string is not None:
                position = string.end()
                continue
            character = self._text[position]
            if character in "{[(":
                depth += 1
            elif character in "}])":
                if not depth and character == close:
                    break
                depth = max(0, depth - 1)
            elif not depth and character in ",;\n" and (character != "\n" or not _JOIN.match(self._text, position)):
                break
            position += 1
        return position


def _literal(raw: str) -> str:
    """Return a string's text; what it interpolates stays in it as a stand-in."""
    if raw[:3] in {'"""', "'''"}:
        return raw[3:-3].strip("\n")
    body = raw[1:-1]
    if raw[0] == '"' and '""' in body and "\\" not in body:
        body = body.replace('""', '"')
    if "\\" in body:
        body = re.sub(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", _unescape, body, flags=re.DOTALL)
    return Partial(body) if _INSERT.search(body) else body


def _unescape(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    if number:
        code = int(number, 16)
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
    return _LETTERS.get(match[3], match[3])


def _scalar(text: str) -> Any:
    """Return a number where a text is one, nothing for a word that means it, else the text."""
    text = text.strip()
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if _WORD.fullmatch(text):
        return _WORDS.get(text.lower())
    return text.lstrip(":") if re.fullmatch(r":[a-z_]\w*", text) else text
