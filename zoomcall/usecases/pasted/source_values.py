"""Evaluates expressions in source code, as far as possible without running anything."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from zoomcall.domain.shown_text import one_line
from zoomcall.usecases.pasted.pieces import Form
from zoomcall.usecases.pasted.source_tokens import Kind, Token

_DEEPEST = 24
_MOST_STEPS = 60_000
_LONGEST_NAME = 40
_LONGEST_TEXT = 64 * 1024

_LITERALS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "$true": True,
    "$false": False,
    "$null": None,
    "undefined": None,
}
_PASSING = re.compile(
    r"(?:^|\.)(?:stringify|dumps|SerializeObject|Serialize|ToJson|FromObject|GetBytes|Create|from|String|str|Uri|URL"
    r"|StringContent|ByteArrayContent|StringEntity|parse|loads|encode|URLSearchParams|FormUrlEncodedContent|of|Parse"
    r"|urlencode|json_encode|to_json|escape|create|text)$"
)
_ENCODING = re.compile(
    r"(?:^|\.)(?:encodeURIComponent|EscapeDataString|UrlEncode|quote|quote_plus|encodeURI|urlencode)$"
)
_FORMATTING = re.compile(r"(?:^|\.)(?:Format|format|sprintf|Sprintf)$")
_PERCENT = re.compile(r"%[sdrif]")
_OPENERS = {"(": ")", "[": "]", "{": "}", "@{": "}", "@(": ")"}
_CLOSERS = frozenset(_OPENERS.values())


class Partial(str):
    """A text of which pieces are not known; they stand in braces."""

    __slots__ = ()


def unknown(name: str) -> Partial:
    """Return a text of which nothing is known but an expression's words."""
    return Partial("{" + one_line(re.sub(r"[{}\"'`]", "", name), _LONGEST_NAME) + "}")


class Values:
    """Reads expressions out of tokens; every question is answered, and in bounded time.

    Args:
        tokens: The program.
        language: In which language.
    """

    def __init__(self, tokens: Sequence[Token], language: Form) -> None:
        self.tokens = tokens
        self._is_python = language is Form.PYTHON
        self._is_php = language is Form.PHP
        self._joins = {Form.PHP: {"."}, Form.BASIC: {"&", "+"}}.get(language, {"+", "<>"})
        self._dots = {"->"} if self._is_php else {".", "?."}
        self._steps = 0
        self._visiting: set[int] = set()
        self._assigned = self._assignments()

    def _assignments(self) -> dict[str, list[int]]:
        """Find where each name is given a value; declarations and first words of lines come first."""
        sure: dict[str, list[int]] = {}
        other: dict[str, list[int]] = {}
        tokens = self.tokens
        for index in range(1, len(tokens) - 1):
            if not tokens[index].is_sign("="):
                continue
            name = tokens[index - 1]
            if name.kind is not Kind.NAME:
                continue
            before = tokens[index - 2] if index > 1 else None
            is_declared = name.is_first or (before is not None and before.kind is Kind.NAME)
            (sure if is_declared else other).setdefault(name.text.lstrip("@"), []).append(index + 1)
        for name_text, places in other.items():
            sure.setdefault(name_text, []).extend(places)
        return sure

    def at(self, index: int, depth: int = 0) -> tuple[Any, int]:
        """Return the value of the expression that begins at a token, and the place of the token after it."""
        value, index = self._term(index, depth)
        while (joined := self._joined(index)) is not None:
            following, index = self._term(joined, depth + 1)
            value = _concatenated(value, following)
        if self._sign(index) == "%" and isinstance(value, str):
            _, index = self._term(index + 1, depth + 1)
            value = Partial(_PERCENT.sub("{}", value))
        if self._sign(index) == "|" and self._name(index + 1).lower() == "convertto-json":
            index = self._end_of_statement(index + 1)
        elif self._sign(index) == "?" or self._sign(index) in {"??", "||", "&&"}:
            index = self._skip_to_delimiter(index)
            value = value if isinstance(value, dict | list) else unknown(str(value).strip("{}"))
        return value, index

    def start_of_sum(self, index: int) -> int:
        """Return the first token of the sum of texts that the token at ``index`` belongs to."""
        for _ in range(64):
            if self._is_python and index > 0 and self.tokens[index - 1].kind is Kind.STRING:
                index -= 1
                continue
            if self._sign(index - 1) not in self._joins:
                return index
            before = index - 2
            while before >= 0 and self.tokens[before].is_sign(")", "]"):
                before = self._opener_of(before) - 1
            while before >= 2 and self.tokens[before - 1].is_sign(*self._dots) and self._is_word(before - 2):
                before -= 2
            if before < 0:
                return index
            index = before
        return index

    def _is_word(self, index: int) -> bool:
        return 0 <= index < len(self.tokens) and self.tokens[index].kind is Kind.NAME

    def _opener_of(self, index: int) -> int:
        """Return the place of the sign that opens what the sign at ``index`` closes."""
        place = self._partner(range(index, max(-1, index - 4000), -1), _CLOSERS, _OPENERS)
        return 0 if place is None else place

    def close_of(self, index: int) -> int:
        """Return the place of the sign that closes what the sign at ``index`` opens; the end if none does."""
        place = self._partner(range(index, len(self.tokens)), _OPENERS, _CLOSERS)
        end = len(self.tokens) if place is None else place
        self._steps += end - index + 1
        return end

    def _partner(self, places: range, opening: Collection[str], closing: Collection[str]) -> int | None:
        depth = 0
        for place in places:
            sign = self._sign(place)
            if sign in opening:
                depth += 1
            elif sign in closing:
                depth -= 1
                if depth == 0:
                    return place
        return None

    def arguments(self, opener: int) -> list[int]:
        """Return where each argument of a call begins; ``opener`` is the place of its bracket."""
        close = self.close_of(opener)
        places: list[int] = []
        index = opener + 1
        while index < close:
            places.append(index)
            index = self._skip_to_delimiter(index)
            if self._sign(index) != ",":
                break
            index += 1
        return places

    def _joined(self, index: int) -> int | None:
        """Return where a text goes on that is put together by + or PHP's dot, or side by side as in Python."""
        if self._sign(index) in self._joins:
            return index + 1
        if self._is_python and 0 < index < len(self.tokens):
            is_pair = self.tokens[index - 1].kind is Kind.STRING and self.tokens[index].kind is Kind.STRING
            return index if is_pair else None
        return None

    def _sign(self, index: int) -> str:
        if not 0 <= index < len(self.tokens):
            return ""
        token = self.tokens[index]
        return token.text if token.kind is Kind.SIGN else ""

    def _name(self, index: int) -> str:
        if not 0 <= index < len(self.tokens):
            return ""
        token = self.tokens[index]
        return token.text if token.kind is Kind.NAME else ""

    def _term(self, index: int, depth: int) -> tuple[Any, int]:
        self._steps += 1
        if index >= len(self.tokens) or depth > _DEEPEST or self._steps > _MOST_STEPS:
            return unknown("..."), min(index + 1, len(self.tokens))
        token = self.tokens[index]
        match token.kind:
            case Kind.STRING:
                return self._after(self.text_of(token, depth), index + 1)
            case Kind.NUMBER:
                return _number(token.text), index + 1
            case Kind.NAME:
                return self._named(index, depth)
            case Kind.SIGN:
                return self._signed(index, token.text, depth)

    def _after(self, value: Any, index: int) -> tuple[Any, int]:
        """Skip what is called on a value, like ``.format(…)`` or ``.encode()``."""
        while self._sign(index) in self._dots and self._is_word(index + 1):
            if _FORMATTING.search(self._name(index + 1)) and isinstance(value, str):
                value = Partial(value)
            index += 2
            if self._sign(index) in {"(", "["}:
                index = self.close_of(index) + 1
        return value, index

    def text_of(self, token: Token, depth: int = 0) -> str:
        """Return a string's text; names of known value are interpolated."""
        parts: list[str] = []
        is_whole = True
        for piece in token.pieces:
            text = piece.text
            if piece.is_expression:
                value = self.of_name(text, depth + 1)
                is_known = isinstance(value, str | int) and not isinstance(value, bool)
                text = str(value) if is_known else str(unknown(text))
                is_whole = is_whole and is_known and not isinstance(value, Partial)
            parts.append(text)
        text = "".join(parts)[:_LONGEST_TEXT]
        return text if is_whole else Partial(text)

    def of_name(self, name: str, depth: int = 0) -> Any:
        """Return the value that a name has, as far as it is assigned one; else a text of which nothing is known."""
        bare = name.strip()
        for place in self._assigned.get(bare, self._assigned.get("$" + bare, ())):
            is_itself = self._name(place) == bare and self._sign(place + 1) not in {".", "(", "["}
            if place in self._visiting or depth > _DEEPEST or is_itself:
                continue
            self._visiting.add(place)
            try:
                return self.at(place, depth + 1)[0]
            finally:
                self._visiting.discard(place)
        return unknown(bare)

    def _named(self, index: int, depth: int) -> tuple[Any, int]:
        name = self._name(index)
        if name in _LITERALS:
            return _LITERALS[name], index + 1
        if name in {"await", "return", "byte", "string", "str"} and self._sign(index + 1) not in {".", "("}:
            return self._term(index + 1, depth + 1)
        if name == "new":
            return self._made(index + 1, depth)
        chain, index = self._chain(index)
        opener = self._sign(index)
        if opener == "(":
            return self._called(chain, index, depth)
        if opener == "[" and not self.tokens[index].is_first:
            return self._after(unknown(chain), self.close_of(index) + 1)
        if "." not in chain:
            return self.of_name(chain, depth), index
        value = self.of_name(chain.partition(".")[0], depth)
        for member in chain.split(".")[1:]:
            value = value.get(member) if isinstance(value, dict) else None
        return (unknown(chain) if value is None else value), index

    def _chain(self, index: int) -> tuple[str, int]:
        """Return a dotted name, and the place after it."""
        parts = [self._name(index).lstrip("@")]
        index += 1
        while self._sign(index) in self._dots | {"::"} and self._is_word(index + 1):
            parts.append(self._name(index + 1))
            index += 2
        if self._sign(index) == "!":
            index += 1
        return ".".join(parts), index

    def _called(self, chain: str, opener: int, depth: int) -> tuple[Any, int]:
        behind = self.close_of(opener) + 1
        places = self.arguments(opener)
        value: Any = unknown(f"{chain}()")
        if chain in {"dict", "array", "list", "c"}:
            value = self._members(opener + 1, depth, is_list=chain == "array")
        elif chain in {"paste", "paste0", "Concatenate", "concat", "String.Concat", "join"} and places:
            gap = " " if chain == "paste" else ""
            value = Partial(gap.join(_as_text(self.at(place, depth + 1)[0]) for place in places[:8]))
        elif places and _ENCODING.search(chain):
            inner = self.at(places[0], depth + 1)[0]
            if isinstance(inner, dict | list):
                value = inner
            elif isinstance(inner, str) and not isinstance(inner, Partial):
                value = quote(inner, safe="")
            else:
                value = unknown(f"{chain.rpartition('.')[2]}({str(inner).strip('{}')})")
        elif places and _FORMATTING.search(chain):
            inner = self.at(places[0], depth + 1)[0]
            value = Partial(_PERCENT.sub("{}", inner)) if isinstance(inner, str) else inner
        elif places and _PASSING.search(chain):
            value = self.at(places[0], depth + 1)[0]
        return self._after(value, behind)

    def _made(self, index: int, depth: int) -> tuple[Any, int]:
        """Read what ``new`` makes: an object with members, or one around its first argument."""
        is_named = self._is_word(index)
        chain, index = self._chain(index) if is_named else ("", index)
        if self._sign(index) == "<":
            index = self._behind_generics(index)
        if self._sign(index) == "[" and self._sign(index + 1) == "]":
            index += 2
        value: Any = unknown(f"new {chain}" if chain else "new")
        if self._sign(index) == "(":
            value, index = self._called(chain, index, depth)
        if self._sign(index) == "{":
            behind = self.close_of(index) + 1
            value = self._members(index + 1, depth)
            if is_named and isinstance(value, dict) and not _KEEPS_NAMES.search(chain):
                value = _as_serialised(value)
            index = behind
        return self._after(value, index)

    def _behind_generics(self, index: int) -> int:
        depth = 0
        for place in range(index, min(index + 40, len(self.tokens))):
            sign = self._sign(place)
            depth += (sign == "<") - (sign == ">")
            if depth == 0:
                return place + 1
        return index

    def _signed(self, index: int, sign: str, depth: int) -> tuple[Any, int]:
        if sign == "%" and self._sign(index + 1) == "{":
            index, sign = index + 1, "{"  # a map of Elixir's
        if sign in {"{", "[", "@{", "@("}:
            behind = self.close_of(index) + 1
            return self._after(self._members(index + 1, depth, is_list=sign in {"[", "@("}), behind)
        if sign == "(":
            close = self.close_of(index)
            is_cast = self._is_word(close + 1) and self._is_word(index + 1) and close == index + 2
            if is_cast and not self.tokens[close + 1].is_first:
                return self._term(close + 1, depth + 1)
            return self._after(self.at(index + 1, depth + 1)[0], close + 1)
        if sign in {"-", "!", "&", "*"}:
            value, index = self._term(index + 1, depth + 1)
            return (-value if sign == "-" and type(value) is int else value), index
        return unknown(sign), index + 1

    def _members(self, index: int, depth: int, *, is_list: bool = False) -> Any:
        """Read the members of an object, table, dictionary or list; a list if none has a name."""
        named: dict[str, Any] = {}
        bare: list[Any] = []
        while index < len(self.tokens) and self._steps < _MOST_STEPS:
            self._steps += 1
            sign = self._sign(index)
            if sign in _CLOSERS:
                break
            if sign in {",", ";"}:
                index += 1
                continue
            if sign == "...":
                _, index = self._term(index + 1, depth + 1)
                continue
            name, behind = self._key(index)
            if name is None and sign == "{" and self._sign(self._pair_comma(index)) == ",":
                close = self.close_of(index)
                key = self.at(index + 1, depth + 1)[0]
                named[str(key)] = self.at(self._pair_comma(index) + 1, depth + 1)[0]
                index = close + 1
                continue
            if name is not None and behind is not None:
                named[name], index = self.at(behind, depth + 1)
            elif name is not None and not is_list and self._is_shorthand(index):
                named[name], index = self.of_name(name, depth + 1), index + 1
                bare.append(named[name])
            else:
                value, index = self.at(index, depth + 1)
                bare.append(value)
            index = self._settled(index)
        if is_list and not named:
            return bare
        if bare and len(named) <= len(bare) and not self._is_object(named, bare):
            return bare
        return named

    def _is_shorthand(self, index: int) -> bool:
        is_name = self._is_word(index) and self._name(index) not in _LITERALS
        return is_name and self._sign(index + 1) in {",", "}"}

    @staticmethod
    def _is_object(named: dict[str, Any], bare: list[Any]) -> bool:
        return bool(named) and all(any(value is other for other in named.values()) for value in bare)

    def _pair_comma(self, index: int) -> int:
        """Return the place of the comma in a pair like ``{ "key", value }``; -1 if there is none."""
        if index + 2 < len(self.tokens) and self.tokens[index + 1].kind is Kind.STRING:
            return index + 2
        return -1

    def _key(self, index: int) -> tuple[str | None, int | None]:
        """Return a member's name, and where its value begins; None for what is not there."""
        token = self.tokens[index]
        if token.is_sign("["):
            close = self.close_of(index)
            if close == index + 2 and self._sign(close + 1) in {"=", ":"}:
                return self.tokens[index + 1].text, close + 2
            return None, None
        if token.kind not in {Kind.NAME, Kind.STRING, Kind.NUMBER}:
            return None, None
        text = token.text.lstrip("@") if token.kind is Kind.NAME else token.text
        if self._sign(index + 1) in {":", "=", "=>"}:
            return text, index + 2
        return (text, None) if token.kind is Kind.NAME else (None, None)

    def _settled(self, index: int) -> int:
        """Go on to the next member: after a comma, at a closing sign, or at a line's first token."""
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.is_sign(",", ";") or (token.kind is Kind.SIGN and token.text in _CLOSERS) or token.is_first:
                return index
            self._steps += 1
            index = self.close_of(index) + 1 if token.text in _OPENERS and token.kind is Kind.SIGN else index + 1
        return index

    def _skip_to_delimiter(self, index: int) -> int:
        while index < len(self.tokens):
            self._steps += 1
            token = self.tokens[index]
            if token.kind is Kind.SIGN:
                if token.text in {",", ";"} or token.text in _CLOSERS:
                    return index
                if token.text in _OPENERS:
                    index = self.close_of(index)
            index += 1
        return index

    def _end_of_statement(self, index: int) -> int:
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.is_first or (token.kind is Kind.SIGN and (token.text in _CLOSERS or token.text in {";", ","})):
                return index
            index += 1
        return index


_KEEPS_NAMES = re.compile(r"^(?:Dictionary|JObject|JsonObject|ExpandoObject|Hashtable|Map|HashMap|JwtPayload|List)")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _as_serialised(members: dict[str, Any]) -> dict[str, Any]:
    """Take the members of a class for what they are called in JSON, which the class itself says elsewhere."""
    return {
        (_WORD_START.sub("_", name).lower() if name[:1].isupper() else name): value
        for name, value in members.items()
    }


def _concatenated(first: Any, second: Any) -> Any:
    if isinstance(first, dict | list) or isinstance(second, dict | list):
        return first if isinstance(first, dict | list) else second
    text = (_as_text(first) + _as_text(second))[:_LONGEST_TEXT]
    is_whole = not isinstance(first, Partial) and not isinstance(second, Partial)
    return text if is_whole else Partial(text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _number(text: str) -> Any:
    try:
        return int(text) if len(text) <= 20 else unknown("number")
    except ValueError:
        return unknown(text)
