"""Reads literals and expressions in any notation, as far as that is possible without running anything.

JSON, JSON5, Python, JavaScript, Ruby, PHP (``print_r``, ``var_dump``, ``dd``), Go, Elixir, Java, PowerShell, R and
the like. A variable is followed to its value; what is not written out becomes a text in braces, ``{token}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any
from urllib.parse import quote

from zoomcall.domain.shown_text import one_line
from zoomcall.knowledge.languages import library_words
from zoomcall.usecases.pasted.pieces import Form
from zoomcall.usecases.pasted.source_tokens import PRINTED, Dialect, Kind, Token, dialect_of

_DEEPEST = 24
_MOST_STEPS = 60_000
_LONGEST_NAME = 40
_BEYOND = 16
_LONGEST_TEXT = 64 * 1024

_LITERALS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE", "$true", "YES"), True),
    **dict.fromkeys(("false", "False", "FALSE", "$false", "NO"), False),
    **dict.fromkeys(("null", "None", "NULL", "nil", "$null", "undefined", "Nothing"), None),
}
_LEADS = {"await", "return", "byte", "string", "str", "try", "mut", "ref", "move", "lambda", "not", "my", "object"}
_DECLARING = {"let", "var", "val", "const", "final", "def"}
_WORDS = library_words()
_PAIRED = re.compile(r"(?:Map\.of|hash|object|JSON\.object)$")
_SLOT = re.compile(r"%(?:\d\$)?[sdrifv@]|\{\w*(?::[^{}]*)?\}")
_UNSAID = re.compile(r"[^\w.()\[\]$ +*/-]+")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEEPS_NAMES = re.compile(r"^(?:Dictionary|JObject|JsonObject|ExpandoObject|Hashtable|Map|HashMap|JwtPayload|List)")
_OPENER_WORD = re.compile(
    r"(?:map(?=\[)|[Aa]rray(?:\(\d+\)|:\d+)?|[Hh]ash|[Tt]able|list|dict|(?:object\()?[\w\\]*(?:Object|Class)\)?(?:\#\d+)?"
    r"(?: \(\d+\))?|[\w\\]+ Object)\s{0,9}(?=[\[{(])"
)
_OPENERS = {"(": ")", "[": "]", "{": "}", "@{": "}", "@(": ")"}
_CLOSERS = frozenset(_OPENERS.values())
_SEPARATORS = frozenset({":", "=", "=>", ":="})
_ASSIGNING = frozenset({"=", ":=", "<-"})


class Partial(str):
    """A text of which pieces are not known; they stand in braces."""

    __slots__ = ()


class Pair(list[Any]):
    """A name and its value, written as a pair."""

    __slots__ = ()


def unknown(name: str) -> Partial:
    """Return a text of which nothing is known but an expression's words."""
    return Partial("{" + one_line(_UNSAID.sub("", name), _LONGEST_NAME) + "}")


def is_unknown(value: Any) -> bool:
    """Return whether nothing at all is known of a value."""
    return isinstance(value, Partial) and re.fullmatch(r"\{[^{}]*\}", value) is not None


def _bounded(read: Callable[[Values, int], tuple[Any, int]]) -> Callable[[Values, int], tuple[Any, int]]:
    """Let a method that reads what begins at a token give up where that is too deep, or too much was read."""

    @wraps(read)
    def read_unless_too_deep(self: Values, index: int) -> tuple[Any, int]:
        if index >= len(self.tokens) or self._depth > _DEEPEST or self._steps > _MOST_STEPS:
            return unknown("..."), min(index + 1, len(self.tokens))
        self._steps += 1
        self._depth += 1
        try:
            return read(self, index)
        finally:
            self._depth -= 1

    return read_unless_too_deep


class Values:
    """Reads expressions out of tokens; every question is answered, and in bounded time.

    Args:
        tokens: A program, or an object.
        language: In which language; ``PRINTED`` if it is none, so that words without quotation marks are texts.
        text: What the tokens are of, for such words.

    Attributes:
        is_sound: No bracket is closed by one of another kind.
        partners: For each bracket the place of its partner, the end if it has none.
        parents: For each token the bracket that it is in; -1 if it is in none.
    """

    def __init__(self, tokens: Sequence[Token], language: Form | Dialect, text: str = "") -> None:
        self.tokens = tokens
        self._text = text
        self._is_printed = language is PRINTED
        self._is_python = language is Form.PYTHON
        self._joins = (language if isinstance(language, Dialect) else dialect_of(language)).joins
        self._dots = {"->", "::", "?->"} if language is Form.PHP else {".", "?.", "::", "->"}
        self._steps = self._depth = 0
        self._visiting: set[int] = set()
        self.is_sound = True
        self.partners, self.parents = self._nested()
        self._assigned: dict[str, list[int]] = {}
        self._built: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        if not self._is_printed:
            self._find_assignments()

    def _nested(self) -> tuple[list[int], list[int]]:
        """Return each bracket's partner (the end if it has none), and the bracket that each token is in."""
        partners = [len(self.tokens)] * (len(self.tokens) + _BEYOND)
        parents: list[int] = []
        open_: list[int] = []
        for index, token in enumerate(self.tokens):
            is_sign = token.kind is Kind.SIGN
            if is_sign and token.text in _CLOSERS and open_:
                partners[index] = open_.pop()
                partners[partners[index]] = index
                self.is_sound &= _OPENERS[self.tokens[partners[index]].text] == token.text
            parents.append(open_[-1] if open_ else -1)
            if is_sign and token.text in _OPENERS:
                open_.append(index)
        return partners, [*parents, *[-1] * _BEYOND]

    def _find_assignments(self) -> None:
        """Find where each name is given a value; declarations and first words of lines come first."""
        other: dict[str, list[int]] = {}
        for index in range(1, len(self.tokens) - 1):
            if self.sign(index) in _ASSIGNING:
                self._note_assignment(index, other)
            elif (
                self.sign(index) == "("
                and _WORDS["put"].search(self.word(index - 1))
                and self.sign(index - 2) in self._dots
            ):
                places = self.arguments(index)
                if len(places) == 2 and self.tokens[places[0]].kind is Kind.STRING and self.word(index - 3):
                    path = (self.tokens[places[0]].text,)
                    self._built.setdefault(_bare(self.word(index - 3)), []).append((path, places[1]))
        for name, places in other.items():
            self._assigned.setdefault(name, []).extend(places)

    def _note_assignment(self, index: int, other: dict[str, list[int]]) -> None:
        place = index - 1
        path: list[str] = []
        while self.sign(place) == "]" and place - self.partners[place] == 2:  # body["params"]["device_ip"] = …
            path.insert(0, self.tokens[place - 1].text)
            place = self.partners[place] - 1
        if path and self.word(place):
            self._built.setdefault(_bare(self.word(place)), []).append((tuple(path), index + 1))
            return
        place = self._declared(index - 1)
        name = self.tokens[place]
        if name.kind is not Kind.NAME:
            return
        if self.sign(place - 1) in self._dots and self.word(place - 2):
            self._built.setdefault(_bare(self.word(place - 2)), []).append(((name.text,), index + 1))
        is_declared = name.is_first or self.sign(index) == ":=" or bool(self.word(place - 1)) or place != index - 1
        (self._assigned if is_declared else other).setdefault(_bare(name.text), []).append(index + 1)

    def _declared(self, index: int) -> int:
        """Return where the name stands that is declared with a type, as in ``let body: [String: Any] =``."""
        if self.sign(index) == ")" and index - self.partners[index] == 2:
            return index - 1  # DATA(name) =
        for place in range(index, max(1, index - 12), -1):
            if (self.sign(place) == ":" and self.word(place - 2) in _DECLARING) or self.word(place) == "As":
                return place - 1
            if self.sign(place) in {"=", ",", ";", "{"}:
                break
        return index

    def sign(self, index: int) -> str:
        """Return the sign at a place; empty if there is none."""
        token = self.tokens[index] if 0 <= index < len(self.tokens) else None
        return token.text if token is not None and token.kind is Kind.SIGN else ""

    def word(self, index: int) -> str:
        """Return the name at a place; empty if there is none."""
        token = self.tokens[index] if 0 <= index < len(self.tokens) else None
        return token.text if token is not None and token.kind is Kind.NAME else ""

    def _kind(self, index: int) -> Kind | None:
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else None

    def value(self, index: int) -> Any:
        """Return the value of the expression that begins at a token."""
        return self.at(index)[0]

    @_bounded
    def at(self, index: int) -> tuple[Any, int]:
        """Return the value of the expression that begins at a token, and the place of the token after it."""
        value, index = self._term(index)
        while (joined := self._joined(index)) is not None:
            following, index = self._term_inside(joined)
            value = _concatenated(value, following)
        sign, word = self.sign(index), self.word(index)
        if sign == "%" and isinstance(value, str):
            opener = index + 1 if self.sign(index + 1) == "(" else -1
            places = self.arguments(opener) if opener > 0 else [index + 1]
            value = self._formatted(value, places)
            index = self.end(index, is_line=False)
        elif sign == "|" and self.word(index + 1).lower() == "convertto-json":
            index = self.end(index + 1)
        elif sign in {"?", "??", "||", "&&"} and not self._is_printed:
            index = self.end(index, is_line=False)
            value = value if isinstance(value, dict | list) else unknown(str(value).strip("{}"))
        elif (word == "to" or sign == "->") and isinstance(value, str):
            following, index = self.at(index + 1)
            return Pair([value, following]), index
        return value, index

    def start_of_sum(self, index: int) -> int:
        """Return the first token of the sum of texts that the token at ``index`` belongs to."""
        for _ in range(64):
            if self._is_python and index > 0 and self._kind(index - 1) is Kind.STRING:
                index -= 1
                continue
            if self.sign(index - 1) not in self._joins or index < 2:
                return index
            before = index - 2
            while before >= 0 and self.sign(before) in {")", "]"}:
                before = min(self.partners[before], before) - 1
            while before >= 2 and self.sign(before - 1) in self._dots and self.word(before - 2):
                before -= 2
            if before < 0 or self.sign(before) in _OPENERS:
                return index
            index = before
        return index

    def start_of_chain(self, index: int) -> int:
        """Return where the dotted expression begins that ends with the name at ``index``."""
        while self.sign(index - 1) in self._dots and index > 1:
            before = index - 2
            while self.sign(before) in {")", "]", "}"} and self.partners[before] < before:
                before = self.partners[before] - 1
            if not self.word(before) and self._kind(before) is not Kind.STRING:
                break
            index = before
        return index - (self.word(index - 1) == "new")

    def arguments(self, opener: int) -> list[int]:
        """Return where each argument of a call begins; ``opener`` is the place of its bracket."""
        close = self.partners[opener]
        places: list[int] = []
        index = opener + 1
        while index < close:
            places.append(index)
            index = self.end(index, is_line=False)
            if self.sign(index) != ",":
                break
            index += 1
        return places

    def _joined(self, index: int) -> int | None:
        """Return where a text goes on that is put together by a sign, or side by side as in Python."""
        if self.sign(index) in self._joins:
            return index + 1
        is_pair = self._is_python and self._kind(index - 1) is self._kind(index) is Kind.STRING
        return index if is_pair else None

    def _term(self, index: int) -> tuple[Any, int]:
        token = self.tokens[index]
        match token.kind:
            case Kind.STRING:
                return self._after(self.text_of(token), index + 1)
            case Kind.NUMBER:
                return self._number(token.text), index + 1
            case Kind.NAME:
                return self._named(index)
            case Kind.SIGN:
                return self._signed(index, token.text)

    _term_inside = _bounded(_term)

    def _number(self, text: str) -> Any:
        if text.isdecimal() and len(text) <= 20:
            return int(text)
        return text if self._is_printed else unknown(text)

    def _after(self, value: Any, index: int) -> tuple[Any, int]:
        """Follow what is called on a value, like ``.format(…)`` or ``.put("name", …)``; skip the rest."""
        while True:
            name = self.word(index + 1)
            is_join = self.sign(index) in self._joins and (name[:1] == "$" or self._is_spaced(index))
            if self.sign(index) == "!" and not self.tokens[index].is_first:
                index += 1
            elif self.sign(index) not in self._dots or not name or is_join:
                return value, index
            elif self.sign(index + 2) == "(":
                places = self.arguments(index + 2)
                if _WORDS["format"].search(name) and isinstance(value, str):
                    value = self._formatted(value, places)
                elif name == "join" and len(places) == 1 and isinstance(value, str | list):
                    value = _joined(value, self.value(places[0])) or value
                elif (
                    len(places) == 2
                    and _WORDS["put"].search(name)
                    and not (isinstance(value, str) and value[:1] != "{")
                ):
                    members = value if isinstance(value, dict) else {}
                    key = self.value(places[0])
                    value = {**members, str(key): self.value(places[1])}
                index = self.partners[index + 2] + 1
            elif self.sign(index + 2) == "{" and name in {"apply", "also"}:
                value, index = self._put_inside(index + 2)
            else:
                index = self.partners[index + 2] + 1 if self.sign(index + 2) == "[" else index + 2

    def _is_spaced(self, index: int) -> bool:
        if index < 1 or self.sign(index) != "." or self.tokens[index].is_first:
            return False
        return self.tokens[index].start > self.tokens[index - 1].end

    @_bounded
    def _put_inside(self, opener: int) -> tuple[dict[str, Any], int]:
        """Read what the calls in a block put into an object, as in Kotlin's ``apply { put("name", …) }``."""
        found: dict[str, Any] = {}
        for index in range(opener + 1, min(self.partners[opener], opener + 400)):
            if (
                self.sign(index) == "("
                and self.parents[index] == opener
                and _WORDS["put"].search(self.word(index - 1))
            ):
                places = self.arguments(index)
                block = self.partners[index] + 1
                if len(places) == 2:
                    found[str(self.value(places[0]))] = self.value(places[1])
                elif len(places) == 1 and self.sign(block) == "{":
                    found[str(self.value(places[0]))] = self._put_inside(block)[0]
        return found, self.partners[opener] + 1

    def _formatted(self, pattern: str, places: list[int]) -> Partial:
        """Put values into a pattern; what has none stays as it is."""
        texts = [_as_text(self.value(place)) for place in places[:12]]
        rest = iter(texts)

        def fill(match: re.Match[str]) -> str:
            number = match[0].strip("{}")
            if number.isdecimal() and match[0][0] == "{":
                return texts[int(number)] if int(number) < len(texts) else match[0]
            return next(rest, match[0] if match[0][0] == "{" else "{}")

        return Partial(_SLOT.sub(fill, pattern)[:_LONGEST_TEXT])

    def text_of(self, token: Token) -> str:
        """Return a string's text; names of known value are interpolated."""
        parts: list[str] = []
        is_whole = True
        for piece in token.pieces:
            text = piece.text
            if piece.is_expression:
                value = self.of_name(text)
                is_known = isinstance(value, str | int) and not isinstance(value, bool)
                text = str(value) if is_known else str(unknown(text))
                is_whole = is_whole and is_known and not isinstance(value, Partial)
            parts.append(text)
        text = "".join(parts)[:_LONGEST_TEXT]
        return text if is_whole else Partial(text)

    def of_name(self, name: str) -> Any:
        """Return the value that a name has, as far as it is assigned one; else a text of which nothing is known."""
        bare = _bare(name.strip())
        value: Any = unknown(name.strip())
        for place in self._assigned.get(bare, ()):
            is_itself = _bare(self.word(place)) == bare and self.sign(place + 1) not in {".", "(", "["}
            if place in self._visiting or is_itself:
                continue
            value = self._guarded(place)
            break
        if bare in self._built and (isinstance(value, dict | Pair) or is_unknown(value) or value == []):
            members = dict(value) if isinstance(value, dict) else {}
            for path, place in self._built[bare][:60]:
                if place not in self._visiting:
                    _put(members, path, self._guarded(place))
            return members or value
        return value

    def _guarded(self, place: int) -> Any:
        self._visiting.add(place)
        try:
            return self.value(place)
        finally:
            self._visiting.discard(place)

    def built(self) -> Iterator[tuple[str, int]]:
        """Yield the names of objects that are put together by statements, and where that begins."""
        yield from ((name, rows[0][1]) for name, rows in self._built.items())

    def _named(self, index: int) -> tuple[Any, int]:
        name = self.word(index)
        if name in _LITERALS:
            return _LITERALS[name], index + 1
        if (printed := self._printed_opener(index)) is not None:
            return self.members(printed), self.partners[printed] + 1
        if name in _LEADS and (
            self._kind(index + 1) is not Kind.SIGN or self.sign(index + 1) in {"{", "[", "@{", "%"}
        ):
            return self._term_inside(index + 1)
        if name == "new":
            return self._made(index + 1)
        return self._chained(index)

    def _chained(self, index: int) -> tuple[Any, int]:
        """Read what a dotted name stands for: a call, a literal with its type, or a variable."""
        chain, index = self._chain(index)
        opener = self.sign(index)
        if opener == "(":
            return self._called(chain, index)
        if opener in {"{", "[", "!"} and (place := self._literal_opener(chain, index)) is not None:
            value = self.members(place)
            is_struct = isinstance(value, dict) and chain[:1].isupper() and not _KEEPS_NAMES.match(chain)
            return self._after(_as_serialised(value) if is_struct else _alone(value), self.partners[place] + 1)
        if opener == "[" and not self.tokens[index].is_first:
            return self._after(unknown(chain), self.partners[index] + 1)
        if "." not in chain:
            return self.of_name(chain), index
        value = self.of_name(chain.partition(".")[0])
        for member in chain.split(".")[1:]:
            value = value.get(member) if isinstance(value, dict) else None
        if value is None and chain.partition(".")[0] in {"self", "this", "$this", "cls"}:
            value = self.of_name(chain.rpartition(".")[2])
        return (unknown(chain) if value is None or is_unknown(value) else value), index

    def _printed_opener(self, index: int) -> int | None:
        """Return where the bracket stands after a word like ``Array`` or ``object(stdClass)#3 (2)``."""
        token = self.tokens[index]
        match = _OPENER_WORD.match(self._text, token.start) if self._is_printed else None
        places = range(index, min(index + 12, len(self.tokens))) if match is not None else ()
        return next((place for place in places if match and self.tokens[place].start == match.end()), None)

    def _literal_opener(self, chain: str, index: int) -> int | None:
        """Return the opening brace of a literal with its type before it: ``map[string]any{``, ``Invite{``."""
        if chain == "map" and self.sign(index) == "[":
            for place in range(self.partners[index] + 1, self.partners[index] + 8):
                is_empty = (
                    self.sign(place) == "{" and self.sign(place + 1) == "}" and self.sign(place + 2) in {"{", ")"}
                )
                if self.sign(place) == "{" and not is_empty and self.sign(place - 1) != "{":
                    return place
            return index if self._is_printed else None
        if self.sign(index) == "!" and self.sign(index + 1) in _OPENERS:
            return index + 1
        if self.sign(index) != "{" or self._is_printed:
            return None
        is_keyed = self.sign(index + 2) in {":", "="} or self.sign(index + 1) == "{" or "." in chain
        is_near = self.tokens[index].start == self.tokens[index - 1].end or chain[:1].isupper()
        return index if is_keyed and is_near else None

    def _chain(self, index: int) -> tuple[str, int]:
        """Return a dotted name, and the place after it."""
        parts = [self.word(index).lstrip("@")]
        index += 1
        while self.sign(index) in self._dots and (name := self.word(index + 1)):
            if self.sign(index) == "." and name[:1] == "$":
                break
            parts.append(name)
            index += 2
        return ".".join(parts), index

    def _called(self, chain: str, opener: int) -> tuple[Any, int]:
        behind = self.partners[opener] + 1
        if chain in {"string", "float"} and self._kind(behind) is Kind.STRING:
            return self.text_of(self.tokens[behind]), behind + 1  # as var_dump prints it
        if "buildJson" in chain and self.sign(behind) == "{":
            return self._put_inside(behind)
        return self._after(self._result(chain, opener), behind)

    def _result(self, chain: str, opener: int) -> Any:
        """Return what a call gives, by its name and arguments."""
        if _WORDS["object"].search(chain):
            value = self.members(opener)
            is_paired = isinstance(value, list) and _PAIRED.search(chain) and len(value) > 1
            return dict(zip(map(str, value[::2]), value[1::2], strict=False)) if is_paired else value
        places = self.arguments(opener)
        if places and self.word(places[0]) and self.sign(places[0] + 1) == ":":
            places[0] += 2  # URL(string: …)
        if chain.endswith(".join") and len(places) == 1:
            receiver = self.of_name(chain.removesuffix(".join"))
            if (joined := _joined(receiver, self.value(places[0]))) is not None:
                return joined
        if _WORDS["join"].search(chain):
            gaps = [place for place in places if self.word(place) == "sep" and self.sign(place + 1) == "="]
            usual = " " if chain == "paste" else "/" if _WORDS["join paths"].search(chain) else ""
            gap = self.value(gaps[0] + 2) if gaps else usual
            texts = [_as_text(self.value(place)) for place in places[:8] if place not in gaps]
            return Partial(_as_text(gap).join(texts))
        first = self.value(places[0]) if places else None
        if isinstance(first, dict | list):
            return unknown(f"{chain}()") if chain.endswith(("format", "exchange", "request")) else first
        if isinstance(first, str) and _WORDS["encode"].search(chain):
            name = chain.rpartition(".")[2]
            return unknown(f"{name}({first.strip('{}')})") if isinstance(first, Partial) else quote(first, safe="")
        if isinstance(first, str) and _WORDS["format"].search(chain):
            return self._formatted(first, places[1:])
        return first if places and _WORDS["pass"].search(chain) else unknown(f"{chain}()")

    def _made(self, index: int) -> tuple[Any, int]:
        """Read what ``new`` makes: an object with members, or one around its first argument."""
        is_named = bool(self.word(index))
        chain, index = self._chain(index) if is_named else ("", index)
        index = self._behind_generics(index) if self.sign(index) == "<" else index + (self.sign(index) == "<>")
        if self.sign(index) == "[" and self.sign(index + 1) == "]":
            index += 2
        value: Any = unknown(f"new {chain}" if chain else "new")
        if self.sign(index) == "(" and self.sign(self.partners[index] + 1) != "{":
            made, index = self._called(f"{chain}.new", index)
            return (value if made is None else made), index
        if self.sign(index) == "(":
            index = self.partners[index] + 1
        if self.sign(index) == "{":
            behind = self.partners[index] + 1
            value = self.members(index)
            if is_named and isinstance(value, dict) and not _KEEPS_NAMES.search(chain):
                value = _as_serialised(value)
            index = behind
        return self._after(value, index)

    def _behind_generics(self, index: int) -> int:
        depth = 0
        for place in range(index, min(index + 40, len(self.tokens))):
            sign = self.sign(place)
            depth += (sign == "<") - (sign == ">")
            if depth == 0:
                return place + 1
        return index

    def _signed(self, index: int, sign: str) -> tuple[Any, int]:
        if sign in {"%", "@", "#", "$"} and self.sign(index + 1) in {"{", "[", "("}:
            index, sign = index + 1, self.sign(index + 1)  # a map of Elixir's, an array of Objective-C's
        if sign in {"{", "[", "@{", "@("}:
            if sign == "[" and self.sign(index + 1) == "]" and self._literal_opener("x.y", index + 3) is not None:
                index += 3  # []T{…}
            if sign == "[" and self.word(index + 1) and self.word(index + 2) and self.sign(index + 3) == ":":
                return self._sent(index)
            value = self.members(index)
            return self._after(value, self.partners[index] + 1)
        if sign == "(":
            close = self.partners[index]
            is_cast = close == index + 2 and self.word(close + 1) and self.word(index + 1)
            if is_cast and not self.tokens[close + 1].is_first:
                return self._term_inside(close + 1)
            return self._after(self.value(index + 1), close + 1)
        if sign in {":", "."} and self.word(index + 1):
            return self.word(index + 1), index + 2  # a symbol
        if sign in {"-", "!", "&", "*", "\\", "~", "<"}:
            value, index = self._term_inside(index + 1)
            return (-value if sign == "-" and type(value) is int else value), index
        return unknown(sign), index + 1

    def _sent(self, index: int) -> tuple[Any, int]:
        """Read a message of Objective-C's, ``[NSString stringWithFormat:@"…", id]``."""
        value = self.value(index + 4)
        if _WORDS["format"].search(self.word(index + 2)) and isinstance(value, str):
            value = self._formatted(value, self.arguments(index + 3)[1:])
        return self._after(value, self.partners[index] + 1)

    def members(self, opener: int) -> Any:
        """Read the members of an object, table, dictionary or list; a list if none has a name."""
        named: dict[str, Any] = {}
        bare: list[Any] = []
        is_spaced = self._is_printed and self.word(opener - 1) == "map"
        index, end = opener + 1, min(self.partners[opener], len(self.tokens))
        is_list = self.sign(opener) in {"[", "@("} and not is_spaced
        while index < end:
            if self.sign(index) in {",", ";", "|"}:
                index += 1
                continue
            if self.sign(index) in {"...", "**"}:
                index = self.end(self._term_inside(index + 1)[1], end)
                continue
            name, place = self._key(index)
            if name is not None and place is not None:
                value, index = self._member(place, end, is_spaced=is_spaced, is_list=is_list)
                named.setdefault(name, value)
            elif name is not None and not is_list and not self._is_printed and self.sign(index + 1) in {",", "}"}:
                named[name], index = self.of_name(name), index + 1
                bare.append(named[name])
            else:
                value, index = self._member(index, end, is_spaced=is_spaced, is_list=is_list)
                bare.append(value)
        return self._collected(named, bare, is_list=is_list, is_paired=self.sign(opener) == "{")

    @staticmethod
    def _collected(named: dict[str, Any], bare: list[Any], *, is_list: bool, is_paired: bool) -> Any:
        pairs = [one for one in bare if isinstance(one, Pair)]
        if pairs and len(pairs) == len(bare):
            return {str(one[0]): one[1] for one in pairs} | named
        is_object = bool(named) and all(any(value is other for other in named.values()) for value in bare)
        if is_list and not named:
            return bare
        if bare and len(named) <= len(bare) and not is_object:
            return Pair(bare) if is_paired and len(bare) == 2 and isinstance(bare[0], str) else bare
        return named

    def _member(self, index: int, end: int, *, is_spaced: bool, is_list: bool) -> tuple[Any, int]:
        """Read one member's value; in what is printed, a text may have no quotation marks."""
        value, after = self.at(index)
        if not self._is_printed:
            return value, self.end(max(after, index + 1), end)
        is_word = after == index + 1 and self._kind(index) is Kind.NAME and self.word(index) not in _LITERALS
        if not is_word and after <= end and self._is_end(after, end, is_spaced=is_spaced, is_list=True):
            return value, after
        place = index + 1
        if self.sign(index) in _OPENERS:
            place = self.partners[index] + 1
        while not self._is_end(place, end, is_spaced=is_spaced, is_list=is_list):
            place = self.partners[place] + 1 if self.sign(place) in _OPENERS else place + 1
        place = min(place, end)
        return _scalar(self._text[self.tokens[index].start : self.tokens[place - 1].end]), place

    def _is_end(self, index: int, end: int, *, is_spaced: bool, is_list: bool) -> bool:
        """Return whether a printed value ends before a token."""
        if index >= end or self.tokens[index].is_first:
            return True
        if self.sign(index) in {",", ";"}:
            return is_list or index + 1 >= end or self._key(index + 1)[1] is not None
        return is_spaced and self._key(index)[1] is not None

    def _key(self, index: int) -> tuple[str | None, int | None]:
        """Return a member's name, and where its value begins; None for what is not there."""
        if self.sign(index) in {"+", "-", "#", ":"} and self._kind(index + 1) in {Kind.NAME, Kind.STRING}:
            index += 1
        close = self.partners[index] if index < len(self.tokens) else 0
        if self.sign(index) == "[" and index + 1 < close <= index + 6 and self.sign(close + 1) in {"=", ":", "=>"}:
            return "".join(token.text for token in self.tokens[index + 1 : close]), close + 2
        if self._kind(index) not in {Kind.NAME, Kind.STRING, Kind.NUMBER}:
            return None, None
        token = self.tokens[index]
        text = token.text.lstrip("@") if token.kind is Kind.NAME else token.text
        if self.sign(index + 1) in _SEPARATORS and not (self.sign(index + 2) == "/" and self._is_printed):
            return text, index + 2
        is_word = token.kind is Kind.NAME and text not in _LITERALS
        return (text if is_word else None), None

    def end(self, index: int, end: int | None = None, *, is_line: bool = True) -> int:
        """Return where an expression ends: at a comma, a closing sign, or a line's first token if lines count."""
        while index < (len(self.tokens) if end is None else end):
            sign = self.sign(index)
            if sign in {",", ";"} or sign in _CLOSERS or (is_line and self.tokens[index].is_first):
                break
            self._steps += 1
            index = self.partners[index] + 1 if sign in _OPENERS else index + 1
        return index


def _bare(name: str) -> str:
    return name.lstrip("@$%")


def _put(members: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        inner = members.get(name)
        members[name] = dict(inner) if isinstance(inner, dict) else {}
        members = members[name]
    members[path[-1]] = value


def _as_serialised(members: dict[str, Any]) -> dict[str, Any]:
    """Take the members of a class for what they are called in JSON, which the class itself says elsewhere."""
    return {
        (_WORD_START.sub("_", name).lower() if name[:1].isupper() else name): value
        for name, value in members.items()
    }


def _alone(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _concatenated(first: Any, second: Any) -> Any:
    if isinstance(first, dict | list) or isinstance(second, dict | list):
        return first if isinstance(first, dict | list) else second
    text = (_as_text(first) + _as_text(second))[:_LONGEST_TEXT]
    is_whole = not isinstance(first, Partial) and not isinstance(second, Partial)
    return text if is_whole else Partial(text)


def _joined(first: Any, second: Any) -> Partial | None:
    """Return a list's texts with the other value between them, whichever of the two the list is."""
    gap, pieces = (first, second) if isinstance(first, str) else (second, first)
    is_list = isinstance(gap, str) and isinstance(pieces, list)
    return Partial(gap.join(_as_text(piece) for piece in pieces)) if is_list else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _scalar(text: str) -> Any:
    """Return a number where a text is one, nothing for a word that means it, else the text."""
    text = text.strip().rstrip(",")
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if text in _LITERALS:
        return _LITERALS[text]
    return text.lstrip(":") if re.fullmatch(r":[a-z_]\w*", text) else text
