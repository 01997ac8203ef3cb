"""Finds the requests that a program makes: URL, method, headers and body, wherever they stand.

A program is split into statements. What belongs to a request stands in the URL's own statement, or in one that is
tied to it by a variable; of several the nearest counts, and what is not tied to it at all is a guess.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from zoomcall.knowledge.facts import Part
from zoomcall.knowledge.languages import library_words
from zoomcall.usecases.pasted.balanced import json_of
from zoomcall.usecases.pasted.pieces import FORM, JSON, VERBS, Form, PastedRequest
from zoomcall.usecases.pasted.source_tokens import LONGEST_SOURCE, Kind, Token, language_of, tokens_of
from zoomcall.usecases.pasted.source_values import Partial, Values, is_unknown, unknown

_MOST_URLS = 6
_MOST_BODIES = 8
_FARTHEST = 3
_MOST_USES = 60
_NAME = re.compile(r"[A-Za-z_]\w*")
_UNTIED = 9
_DEEPEST_VARIABLE = 3
_MOST_CALLS = 2
_USUAL_TYPES = (
    (frozenset(Form), "axios", {"stringify"}, JSON),
    (frozenset(Form), "UrlFetchApp", {"contentType"}, FORM),
    ({Form.JAVASCRIPT}, "fetch", {"Headers", "headersInit", "options", "config"}, "text/plain;charset=UTF-8"),
    ({Form.CSHARP}, "StringContent", frozenset[str](), "text/plain; charset=utf-8"),
)
"""What a library of a language says of a body unless one of some words is there."""
_SERIALISERS = {"stringify", "dumps", "json-encode", "tojson", "to-json"}
_KEPT_AS = {"form-params": {"": FORM}, "encode": {"form": FORM, "json": JSON}}

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_INSERT = re.compile(
    r"[#$]\{[^{}\n]*\}|\\\(\w[^()\n]*\)|\$\(\$[^()\n]*\)|@\{\w+\([^{}\n]*\}|\{\{ ?\w[^{}\n\"]*\}\}|\{%[^%\n]*%\}"
)
"""What a string interpolates, which may hold quotation marks of its own."""
_STAND_IN = re.compile(r"\{\{[^{}]*\}\}|[@#$]?\{[^{}]*\}|\{%[^%]*%\}|<[^<>]*>")
_URL = re.compile(
    r"zoom\.us|zoomgov\.com|/?videosdk/|/?live_meetings|/oauth/token|/meetings/|/v2/|/h323/|/crc/", re.IGNORECASE
)
_TARGET = re.compile(r"videosdk/|live_meetings|oauth/token|/events?\b", re.IGNORECASE)
_CUT_URL = re.compile(r"(?:^|/)(?:v2|live_meetings|meetings|sessions|users|videosdk)?/?$")
"""A URL that ends where an id must follow, so that the program joins more to it than was seen."""
_VERB = re.compile(
    r"@?(?:rm|do_?|[Hh]ttp_?|HTTP_?|method_?|Method|with|Upload)?(?P<verb>get|post|put|patch|delete|GET|POST|PUT|PATCH|DELETE|Get|Post|Put"
    r"|Patch|Delete)(?:_?(?:As|From)?_?(?:Json|String|Async|For(?:Object|Entity|Location)|Request|Mapping|Text\w*))*[!?]?"
)
_WORDS = library_words()
_CONSTANT_OF = {"httpmethod", "method", "webrequestmethod", "trestrequestmethod", "connection"}
_METHOD_NAMES = re.compile(
    r"(?:^|[_-])(?:method|type|verb|open|request|httpmode|customrequest)$|method$|request$", re.IGNORECASE
)
_PLAIN = {"invoke-restmethod": 0, "invoke-webrequest": 0, "fetch": 1, "urlopen": 1, "file_get_contents": 1}
_HEADER_TEXT = re.compile(r"\s*(authorization|x-api-key)\s*:\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_MEDIA_TYPE = re.compile(
    r"\s*(?:content-type\s*:\s*)?(?P<type>(?:application|text|multipart)/[\w.+-]+.{0,40})", re.IGNORECASE
)
_CALLOUT = re.compile(r"\w+\.invite\.\w+|room_system_call|recording\.(?:start|stop|pause|resume)")
_FIELDS = frozenset("device_ip call_type grant_type device_id deviceIp callType DeviceIp CallType DeviceIP".split())  # noqa: SIM905
_BARE_STAND_IN = re.compile(r"(?<=[:,\[])\s*(\{[\w.$()\[\] -]*\})(?=\s*[,}\]])")
_MILLISECONDS = re.compile(
    r"Date\.now\(|\.getTime\(|\.valueOf\(|newDate\(|currentTimeMillis|ToUnixTimeMilliseconds"
)
_DIVIDED = re.compile(r"/(?:1000|1e3|1_000)|TotalSeconds")
_CLAIMS = {
    "iss", "iat", "exp", "tokenExp", "app_key", "appKey", "sdkKey", "tpc", "role_type", "mn", "role", "version",
    "user_identity", "session_key",
}  # fmt: skip
_TELLING_CLAIMS = {"tokenExp", "app_key", "appKey", "sdkKey", "tpc", "role_type", "iss"}
_GIVES = {",", ":", "=", "=>"}
_GOES_ON = frozenset(". -> ?. :: + & | |> ) ] } , && || ? : <> => { ..".split())  # noqa: SIM905
_EXPECTS = frozenset(", + & . = ( [ -> => := <- | |> <> .. && || \\ :".split())  # noqa: SIM905


def read_source(text: str, language: Form | None = None) -> Iterator[PastedRequest]:
    """Read the requests that a program in a text makes; its language is the one that the text looks like."""
    text = _FENCE.sub(lambda fence: " " * len(fence[0]), text)
    text = _INSERT.sub(lambda insert: re.sub("[\"'`]", "\u2032", insert[0]), text)
    match = _TARGET.search(text) if len(text) > LONGEST_SOURCE else None
    start = max(0, match.start() - LONGEST_SOURCE // 3) if match is not None else 0
    language = language or language_of(text[start : start + LONGEST_SOURCE])
    tokens = tokens_of(text, language, start) if language is not None else ()
    if language is not None and tokens:
        yield from _Program(tokens, language).requests()


class _Found(Struct, frozen=True):
    """A part of a request: what it is, where it stands, and whether it is a part of this request or a guess."""

    value: Any
    place: int
    is_tied: bool


class _Program:
    """Looks for the parts of requests in a program's tokens."""

    def __init__(self, tokens: tuple[Token, ...], language: Form) -> None:
        self._tokens = tokens
        self._language = language
        self._values = Values(tokens, language)
        self._words: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            if token.kind in {Kind.STRING, Kind.NAME}:
                self._words.setdefault(token.text.lower().replace("_", "-"), []).append(index)
        self._statements = self._split()
        self._ties = self._tied()
        self._verbs = dict(self._find_verbs())
        self._claims = self._find_claims()
        self._is_only = True
        self._taken: set[int] = set()

    def _split(self) -> list[int]:
        """Return the statement that each token is in."""
        statements: list[int] = []
        number = depth = 0
        open_: list[bool] = []
        for index, token in enumerate(self._tokens):
            if index and depth == 0 and self._is_new(token, self._tokens[index - 1]):
                number += 1
            sign = self._values.sign(index)
            if sign in {"{", "[", "(", "@{", "@("}:
                open_.append(sign != "{" or self._is_literal(index))
                depth += open_[-1]
            elif sign in {"}", "]", ")"} and open_:
                depth -= open_.pop()
            statements.append(number)
        return statements

    def _tied(self) -> dict[int, set[int]]:
        """Return the statements that are tied to each by a variable, which one of them sets or works on."""
        uses: dict[str, set[int]] = {}
        keys: dict[tuple[int, str], None] = {}
        for index, token in enumerate(self._tokens):
            number = self._statements[index]
            texts = [token.text] if token.kind is Kind.NAME else [p.text for p in token.pieces if p.is_expression]
            for name in _NAME.findall(" ".join(texts)):
                uses.setdefault(name, set()).add(number)
            sign, before = self._values.sign(index), self._values.word(index - 1).lstrip("@$%")
            is_set = sign in {"=", ":=", "<-"} and self._values.parents[index] == self._block_of(index)
            if before and (is_set or (sign in {".", "->", "["} and self._is_start(index - 1))):
                keys[number, before] = None
        ties: dict[int, set[int]] = {}
        for statement, name in keys:
            others = uses.get(name, set())
            for other in others if len(others) <= _MOST_USES else ():
                ties.setdefault(statement, set()).add(other)
                ties.setdefault(other, set()).add(statement)
        return ties

    def _block_of(self, index: int) -> int:
        """Return the bracket that a token's statement is in."""
        start = bisect_left(self._statements, self._statements[index])
        return self._values.parents[start]

    def _is_start(self, index: int) -> bool:
        """Return whether a statement begins with a variable, as in ``request.Method = …``."""
        is_first = index == 0 or self._statements[index - 1] != self._statements[index]
        name = self._values.word(index).lstrip("@$%")
        return is_first and name[:1].islower() and name not in {"self", "this", "requests", "axios", "fmt"}

    def _is_new(self, token: Token, before: Token) -> bool:
        if before.is_sign(";") or before.is_sign("{"):
            return True
        return token.is_first and not token.is_sign(*_GOES_ON) and not before.is_sign(*_EXPECTS)

    def _is_literal(self, index: int) -> bool:
        """Return whether a brace opens an object, and not a block."""
        values = self._values
        follows = values.sign(index + 2) in {":", "=>", "=", ","} and not values.sign(index + 1)
        is_made = any(values.word(place) == "new" for place in range(max(0, index - 6), index))
        return (
            values.sign(index - 1) in {"=", "(", ",", ":", "[", "%", "+", "?", "@"}
            or is_made
            or (follows and values.sign(index - 1) != ")")
        )

    def _distances(self, index: int) -> dict[int, int]:
        """Return by how many ties each statement is away from the one with a token."""
        found = {self._statements[index]: 0}
        edge = [self._statements[index]]
        for distance in range(1, _FARTHEST + 1):
            edge = [other for one in edge for other in self._ties.get(one, ()) if other not in found]
            found |= dict.fromkeys(edge, distance)
        return found

    def _nearest(self, places: Iterable[int], anchor: int, near: dict[int, int]) -> int | None:
        def distance(place: int) -> tuple[int, int]:
            return near.get(self._statements[place], _UNTIED), abs(place - anchor)

        return min(places, key=distance, default=None)

    def _inside(self, places: Iterable[int], reach: range, near: dict[int, int]) -> list[int]:
        """Return the places that may belong to a request: not in another's statement, and near it or tied to it."""
        statements = self._statements
        return [
            place
            for place in places
            if near.get(statements[place]) == 0
            or (statements[place] not in self._taken and (place in reach or statements[place] in near))
        ]

    def _is_tied(self, place: int, near: dict[int, int]) -> bool:
        return self._is_only or self._statements[place] in near

    def requests(self) -> Iterator[PastedRequest]:
        """Return a request for each URL, the telling ones only if there are any."""
        urls = list(self._urls())
        bases = (re.sub(r"\{[^{}]*\}/?$", "", url) for _, url in urls if "://" in url and not _TARGET.search(url))
        base = next(bases, None)
        targets = [(index, url) for index, url in urls if _TARGET.search(url)] or urls
        self._is_only = len(targets) == 1
        self._taken = {self._statements[index] for index, _ in targets}
        for number, (index, url) in enumerate(targets[:_MOST_URLS]):
            before = targets[number - 1][0] if number else -1
            after = targets[number + 1][0] if number + 1 < len(targets) else len(self._tokens)
            yield self._request(index, _joined_url(base, url), range(before + 1, after))

    def _urls(self) -> Iterator[tuple[int, str]]:
        """Find texts that are URLs or paths of Zoom's."""
        starts: set[int] = set()
        for index, token in enumerate(self._tokens):
            if token.kind is not Kind.STRING or len(starts) >= _MOST_URLS * 4 or not _URL.search(token.text):
                continue
            if len(token.text) > 2048 or "\n" in token.text.strip() or token.text.lstrip().startswith('{"'):
                continue
            start = self._values.start_of_sum(index)
            if start in starts:
                continue
            starts.add(start)
            value = self._url_at(start)
            if _URL.search(value) and not re.search(r"\s\w+\s", _STAND_IN.sub("", value.strip())):
                yield index, value.strip()

    def _url_at(self, start: int) -> str:
        """Return the URL of which a text is a part: a sum, a pattern with its values, or a list of pieces."""
        values = self._values
        value = values.value(start)
        opener = values.parents[start]
        if "path" in values.word(opener - 1).lower() and len(places := values.arguments(opener)) > 1:
            pieces = [values.value(place) for place in places]
            return "/".join(piece if isinstance(piece, str) else "{...}" for piece in pieces)
        for place in self._uses_around(opener):
            called = values.value(place)
            if isinstance(called, str) and _URL.search(called) and len(called) > len(str(value)):
                return str(called)
        return value if isinstance(value, str) else ""

    def _uses_around(self, opener: int) -> Iterator[int]:
        """Yield where the lists and calls begin that a text is in, and those that a list's name is in."""
        values = self._values
        for _ in range(_MOST_CALLS):
            is_list = values.sign(opener) == "["
            if opener <= 0 or not (is_list or values.word(opener - 1)):
                return
            yield opener if is_list else values.start_of_chain(opener - 1)
            if is_list and values.sign(opener - 1) == "=":
                for place in self._places(values.word(opener - 2))[:_MOST_URLS]:
                    yield place
                    yield values.start_of_chain(values.parents[place] - 1)
            opener = values.parents[opener]

    def _places(self, name: str) -> Sequence[int]:
        """Return where a word stands, however it is spelt."""
        return self._words.get(name.lower().replace("_", "-"), ())

    def _kind(self, index: int) -> Kind | None:
        return self._tokens[index].kind if 0 <= index < len(self._tokens) else None

    def _request(self, index: int, url: str, reach: range) -> PastedRequest:
        near = self._distances(index)
        method = self._method(index, reach, near)
        body, kind, body_place = self._body(index, reach, near, is_token="/oauth/" in url)
        url, body_value = self._with_query(url, body.value, body_place)
        headers = list(self._headers(index, reach, near))
        basic = self._basic(reach, near)
        if basic is not None and "/oauth/" in url:
            headers = [row for row in headers if not row[1].lower().startswith("bearer")]  # of what comes after it
        names = {name.lower() for name, _ in headers}
        content_type = self._content_type(
            index, body_value, kind, self._inside(range(len(self._tokens)), reach, near), near
        )
        if content_type is not None and "content-type" not in names:
            headers.append(("Content-Type", content_type))
        if content_type == FORM and kind == "object" and body_value and not _SERIALISERS & self._words.keys():
            body_value = urlencode(json.loads(body_value))
        is_authorized = bool(names & {"authorization", "x-api-key"}) or basic is not None
        notes = (
            "" if method.value else "the method",
            "" if body_value is not None else "the body",
            "" if is_authorized else "the Authorization header",
        )
        return PastedRequest(
            form=self._language,
            start=self._tokens[0].start,
            end=self._tokens[-1].end,
            method=method.value,
            url=url,
            headers=tuple((name, str(value)) for name, value in headers),
            body=body_value,
            basic=basic,
            claims=self._claims,
            has_millisecond_expiry=bool(self._claims) and self._counts_milliseconds(),
            unsure=frozenset(self._unsure(url, method, body, dict(headers))),
            not_understood=tuple(note for note in notes if note),
        )

    @staticmethod
    def _unsure(url: str, method: _Found, body: _Found, headers: dict[str, str]) -> Iterator[Part]:
        """Name the parts that are guessed, or of which the telling beginning is a stand-in."""
        if _CUT_URL.search(url):
            yield Part.URL
        if not method.is_tied:
            yield Part.METHOD
        if not body.is_tied:
            yield Part.BODY
        value = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        if value.startswith("{"):
            yield Part.AUTHORIZATION

    def _method(self, index: int, reach: range, near: dict[int, int]) -> _Found:
        places = self._inside(self._verbs, reach, near)
        place = self._nearest(places or self._verbs, index, near)
        plain = self._plain_method(index)
        if place is None or (plain and self._statements[place] not in near):
            return _Found(plain, index, is_tied=True)
        return _Found(self._verbs[place], place, is_tied=self._is_tied(place, near))

    def _find_verbs(self) -> Iterator[tuple[int, str]]:
        for index, token in enumerate(self._tokens):
            if token.kind is Kind.STRING and token.text.upper() in VERBS and self._names_method(index):
                yield index, token.text.upper()
            elif token.kind is Kind.NAME and (match := _VERB.fullmatch(token.text)) and self._is_verb(index):
                yield index, match["verb"].upper()

    def _names_method(self, index: int) -> bool:
        """Return whether a text like "PATCH" names an HTTP method, by what stands around it."""
        before = self._tokens[max(0, index - 4) : index]
        sign = self._values.sign(index - 1)
        if any(_METHOD_NAMES.search(token.text) for token in before if token.kind in {Kind.NAME, Kind.STRING}):
            return sign in {"(", "=", ":", ",", "=>", ":=", "", "{"}
        is_listed = any(
            self._tokens[place].text.upper() in VERBS for place in (index - 2, index + 2) if self._kind(place)
        )
        return self._tokens[index].text.isupper() and sign in {"(", ",", "=", ":", "=>"} and not is_listed

    def _is_verb(self, index: int) -> bool:
        """Return whether a name like ``Patch`` is an HTTP method: a constant, a class, a symbol or a call."""
        values, text = self._values, self._tokens[index].text
        sign, before = values.sign(index - 1), values.word(index - 2)
        is_called = values.sign(index + 1) in {"(", "<", "!"}
        if values.word(index - 1).lower() == "-method" or text.startswith(("rm", "Method", "http", "Http")):
            return True
        if sign in {".", "::"} and (before.lower() in _CONSTANT_OF or before == "HTTP"):
            return True
        if sign in {":", "."} and (values.sign(index - 2) == ":" or _METHOD_NAMES.search(before)) and not is_called:
            return True  # a symbol
        if not is_called:
            is_command = self._kind(index + 1) is Kind.STRING and sign == "." and _WORDS["send"].search(before)
            return bool(is_command) or (values.sign(index + 1) == "=>" and sign == "(")
        if (match := _VERB.fullmatch(text)) and match["verb"].lower() in {"patch", "post"}:
            return True
        if sign in {".", "?.", "->", "::"} and not _WORDS["send"].search(before) and values.sign(index + 1) == "(":
            first = next((values.value(place) for place in values.arguments(index + 1)), None)
            is_url = isinstance(first, str) and (_URL.search(first) is not None or is_unknown(first))
            return is_url if before else first is None or is_url
        return bool(sign) or text.isupper()

    def _plain_method(self, index: int) -> str:
        """Return GET where the URL goes to a call that makes one unless it is told otherwise."""
        start = self._values.start_of_sum(index)
        names = {self._values.word(start - 2)} if self._values.sign(start - 1) in {"=", ":="} else set()
        places = [
            index,
            *(place for name in names for place in self._places(name)),
        ]
        for anchor in places:
            for place in range(anchor, max(-1, anchor - 12), -1):
                most = _PLAIN.get(self._tokens[place].text.lower())
                if most == 0:
                    rest = self._tokens[place : place + 40]
                    is_told = any(t.text.lower() == "-method" or re.match(r"@\w", t.text) for t in rest)
                    return "" if is_told else "GET"
                if most and self._values.sign(place + 1) == "(":
                    given = self._values.arguments(place + 1)
                    options = self._values.value(given[1]) if len(given) == 2 else {}
                    is_open = any(
                        token.is_sign("...") for token in self._tokens[place : self._values.partners[place + 1]]
                    )
                    if len(given) <= 2 and isinstance(options, dict) and "method" not in options and not is_open:
                        return "POST" if "payload" in options else "GET"
        return ""

    def _headers(self, index: int, reach: range, near: dict[int, int]) -> Iterator[tuple[str, str]]:
        """Find the headers that matter, each as near to the URL as it stands."""
        for wanted in ("authorization", "x-api-key", "cookie"):
            found = {
                place: value
                for place in self._words.get(wanted, ())[:40]
                if (value := self._header_value(place)) is not None
            }
            place = self._nearest(self._inside(found, reach, near) or found, index, near)
            if place is not None:
                yield self._tokens[place].text, found[place]
            elif (written := self._written_header(wanted)) is not None:
                yield written
            elif wanted == "authorization" and (bearer := self._bearer(reach, near)) is not None:
                yield "Authorization", bearer

    def _written_header(self, wanted: str) -> tuple[str, str] | None:
        """Find a header that is one text, like ``"Authorization: Bearer …"``."""
        for index, token in enumerate(self._tokens):
            if token.kind is Kind.STRING and wanted in token.text.lower():
                value = self._values.value(self._values.start_of_sum(index))
                whole = _HEADER_TEXT.match(value) if isinstance(value, str) else None
                if whole is not None and whole[1].lower() == wanted:
                    return whole[1], whole[2]
        return None

    def _header_value(self, index: int) -> str | None:
        """Return the value that belongs to a header's name; None if it is not given one there."""
        values = self._values
        if values.word(index - 2).lower() == "forhttpheaderfield" and values.sign(index - 1) == ":":
            opener = values.parents[index]
            place = next((at for at in range(opener + 1, index) if values.sign(at) in {"(", ":"}), opener) + 1
            return _header_text(values.value(place if values.sign(place - 1) == ":" else opener + 1))
        place = index + 1 + (values.sign(index + 1) in {"]", ")"})
        if values.sign(place) == "(" and values.word(place + 1).lower() == "bearertoken":
            return _header_text(Partial("Bearer " + str(values.value(place + 3))))
        if values.sign(place) not in _GIVES and values.word(place).lower() not in {"value", "to"}:
            return None
        if self._kind(index) is Kind.NAME and values.sign(place) == "," and not self._is_argument(index):
            return None
        place += values.sign(place) in _GIVES
        if values.word(place).lower() in {"value", "to"}:
            place += 1 + (values.sign(place + 1) in {":", "=", "=>"})
        return self._scheme(place) or _header_text(values.value(place))

    def _is_argument(self, index: int) -> bool:
        """Return whether a constant like ``HttpHeaders.AUTHORIZATION``, or a symbol, is a call's first argument."""
        start = self._values.start_of_chain(index)
        start -= self._values.sign(start - 1) == ":"
        return self._values.sign(start - 1) in {"(", "{", "["} or bool(self._values.word(start - 1))

    def _scheme(self, index: int) -> str | None:
        """Read ``new AuthenticationHeaderValue("Bearer", token)`` and its like, or a scheme and a token."""
        values = self._values
        place = index + (values.word(index) == "new")
        place += values.word(place) == "AuthenticationHeaderValue"
        if place > index and values.sign(place) == "(":
            places = values.arguments(place)
        elif values.sign(index + 1) == "," and self._tokens[index].text in {"Bearer", "bearer"}:
            places = [index, index + 2]
        else:
            return None
        texts = [_header_text(values.value(argument)) or "{...}" for argument in places[:2]]
        return " ".join(texts) if texts else None

    def _bearer(self, reach: range, near: dict[int, int]) -> str | None:
        """Find calls that put ``Bearer`` in front by themselves."""
        values = self._values
        for index in self._inside(range(len(self._tokens)), reach, near):
            name, sign = self._tokens[index].text.lower(), values.sign(index + 1)
            is_name = self._tokens[index].kind is Kind.NAME
            is_key = name == "auth_bearer" or (name == "bearer" and self._is_in_auth(index))
            place = None
            if is_name and sign == "(" and _WORDS["bearer"].search(name):
                place = next(iter(values.arguments(index + 1)), index)
            elif is_key and sign in _GIVES:
                place = index + 2
            elif is_name and name == "-authentication" and values.word(index + 1).lower() in {"bearer", "oauth"}:
                return "Bearer {token}"
            if place is not None:
                value = values.value(place)
                return f"Bearer {value}" if isinstance(value, str) and place != index else "Bearer {token}"
        return None

    def _is_in_auth(self, index: int) -> bool:
        return any("auth" in token.text.lower() for token in self._tokens[max(0, index - 5) : index])

    def _basic(self, reach: range, near: dict[int, int]) -> str | None:
        """Find ``auth=(id, secret)`` and its like."""
        values = self._values
        for index in self._inside(range(len(self._tokens)), reach, near):
            token = self._tokens[index]
            if token.kind is not Kind.NAME and token.text != "auth":
                continue
            if _WORDS["basic"].search(token.text.lower().removeprefix("curlopt_")) is None:
                continue
            opener = index + 1 + (values.sign(index + 1) in {"=", ":", "=>", ","})
            if values.sign(opener) in {"(", "["}:
                parts = [values.value(place) for place in values.arguments(opener)[:2]]
            elif values.sign(opener) == "{":
                members = values.value(opener)
                parts = list(members.values() if isinstance(members, dict) else members)[:2]
                parts = [] if isinstance(members, dict) and "bearer" in members else parts
            elif token.text.lower().endswith("userpwd"):
                parts = [values.value(opener)]
            else:
                continue
            if len(parts) == 2 and parts[0] != "bearer":
                return ":".join(part if isinstance(part, str) else "{...}" for part in parts)
            if len(parts) == 1 and isinstance(parts[0], str) and ":" in parts[0]:
                return parts[0]
        return None

    def _body(self, index: int, reach: range, near: dict[int, int], *, is_token: bool) -> tuple[_Found, str, int]:
        """Find the body: the object or the text in which a callout's words stand.

        Returns:
            The body as JSON text, None if there is none to be seen; ``object`` or ``text``; where it begins.
        """
        telling = [
            place
            for place, token in enumerate(self._tokens)
            if self._is_of_body(token) and ("grant_type" in token.text) is is_token
        ]
        inside = self._inside(telling, reach, near)

        def rank(place: int) -> tuple[bool, int, int]:
            is_method = _CALLOUT.search(self._tokens[place].text) is not None
            return not is_method, near.get(self._statements[place], _UNTIED), abs(place - index)

        for place in sorted(inside if len(telling) > 1 else telling, key=rank)[:_MOST_BODIES]:
            is_tied = self._is_tied(place, near)
            token = self._tokens[place]
            if token.kind is Kind.STRING and ("{" in token.text or "grant_type=" in token.text):
                return _Found(self._text_body(place), place, is_tied), "text", place
            members, start = self._object_of(place)
            if members is not None:
                return _Found(_dumped(members), place, is_tied), "object", start
        return _Found(None, -1, is_tied=True), "", -1

    def _is_of_body(self, token: Token) -> bool:
        if token.kind is Kind.STRING:
            is_telling = _CALLOUT.search(token.text) or token.text in _FIELDS or "grant_type=" in token.text
            return bool(is_telling or ('"' in token.text and any(field in token.text for field in _FIELDS)))
        return token.kind is Kind.NAME and token.text in _FIELDS

    def _text_body(self, place: int) -> str | None:
        value = self._values.value(self._values.start_of_sum(place))
        if not isinstance(value, str):
            return _dumped(value)
        if isinstance(value, Partial) and "grant_type=" not in value and json_of(value) is None:
            mended = _BARE_STAND_IN.sub(lambda match: json.dumps(match[1]), value)
            return mended if json_of(mended) is not None else None
        return str(value)

    def _object_of(self, place: int) -> tuple[dict[str, Any] | None, int]:
        """Return the object that a token is in: the outermost that is one, up to the one with a method."""
        best: tuple[dict[str, Any] | None, int] = (None, -1)
        for start in self._starts_around(place):
            value = self._values.value(start) if self._values.sign(start) != "{" else self._values.members(start)
            if not isinstance(value, dict) or not _holds_field(value):
                continue
            best = (value, start)
            if _has_method(value) or "grant_type" in value:
                return best
        for name, start in self._values.built():
            value = self._values.of_name(name)
            if isinstance(value, dict) and (_has_method(value) or (best[0] is None and _holds_field(value))):
                best = (value, start)
                if _has_method(value):
                    break
        return best

    def _starts_around(self, place: int) -> Iterator[int]:
        """Yield where the objects and expressions begin that a token is in, the innermost first."""
        values = self._values
        opener = values.parents[place]
        while opener >= 0:
            if values.sign(opener) == "{":
                yield self._start_of_braces(opener)
            elif values.sign(opener) != "(":
                yield opener
            elif not (
                values.sign(opener - 1) == ")" or values.word(opener - 1) in {"if", "for", "while", "function"}
            ):
                yield self._values.start_of_chain(opener - 1) if values.word(opener - 1) else opener
                argument = max((at for at in values.arguments(opener) if at <= place), default=None)
                if argument is not None and argument != place:
                    yield argument
            place, opener = opener, values.parents[opener]

    def _start_of_braces(self, opener: int) -> int:
        """Return where an object begins that has words before its brace, like ``new Invite {`` or ``apply {``."""
        values, word = self._values, self._values.word(opener - 1)
        for place in range(opener - 1, max(-1, opener - 8), -1):
            if values.word(place) == "new":
                return place
            if values.sign(place) in {"{", ";", "="}:
                break
        return values.start_of_chain(opener - 1) if word[:1].isupper() or word in {"apply", "also"} else opener

    def _with_query(self, url: str, body: str | None, place: int) -> tuple[str, str | None]:
        """Put parameters that a library sends behind a question mark there."""
        before = [token.text.lower() for token in self._tokens[max(0, place - 2) : max(0, place)]]
        if body is None or place < 0 or not {"params", "query"} & set(before) or "grant_type" not in body:
            return url, body
        members = json_of(body, {})
        return f"{url}{'&' if '?' in url else '?'}{urlencode(members)}", ""

    def _content_type(
        self, index: int, body: str | None, kind: str, inside: list[int], near: dict[int, int]
    ) -> str | None:
        """Return what the code, or else its library, says of the body's type; None if neither shows."""
        bare = self._parameter("-contenttype")
        if bare is not None:
            return bare
        stated = {
            place: match["type"].strip()
            for place, token in enumerate(self._tokens)
            if token.kind is Kind.STRING
            and (match := _MEDIA_TYPE.fullmatch(token.text))
            and not self._is_accepted(place)
        }
        place = self._nearest(stated, index, near)
        if place is not None:
            return stated[place]
        names = {token.text for token in self._tokens if token.kind is Kind.NAME}
        if any(_WORDS["form"].search(name) for name in names):
            return FORM
        if (kept := self._kept_as(inside)) is not None:
            return kept
        if any(_WORDS["json"].search(name) for name in names):
            return JSON
        return self._usual_type(names, body, kind, inside) if body else None

    def _kept_as(self, inside: list[int]) -> str | None:
        """Return the type that a library gives to what is kept under a name like ``form_params``."""
        for name, kinds in _KEPT_AS.items():
            for place in set(inside).intersection(self._words.get(name, ())):
                given = self._tokens[place + 2].text if self._values.sign(place + 1) in _GIVES else ""
                if given and (kind := kinds.get(given.lower(), kinds.get(""))):
                    return kind
        return None

    def _is_accepted(self, place: int) -> bool:
        """Return whether a media type is one that the answer may have."""
        return any(token.text.lower() == "accept" for token in self._tokens[max(0, place - 3) : place])

    def _usual_type(self, names: set[str], body: str, kind: str, inside: list[int]) -> str | None:
        lowered = {name.lower() for name in names}
        if self._language is Form.PYTHON and names & {"requests", "httpx"}:
            if self._has_argument("json", inside):
                return JSON
            if kind == "object" and not names & {"dumps"}:
                return FORM
            return "" if self._has_argument("data", inside) or self._has_argument("content", inside) else None
        if self._is_jquery():
            names = names | {"UrlFetchApp"}
        for languages, library, others, type_ in _USUAL_TYPES:
            if library in names and self._language in languages:
                is_usual = not names & others and (library != "axios" or kind == "object")
                return type_ if is_usual else None
        if (
            self._language is Form.POWERSHELL
            and "-body" in lowered
            and not any(re.match(r"@\w", name) for name in names)
        ):
            is_form = kind == "object" and "convertto-json" not in lowered
            return FORM if is_form or "grant_type" in body else ""
        return None

    def _is_jquery(self) -> bool:
        return any(
            self._values.sign(place - 1) == "." and self._tokens[place - 2].text in {"$", "jQuery"}
            for name in ("ajax", "post")
            for place in self._words.get(name, ())
        )

    def _has_argument(self, name: str, inside: list[int]) -> bool:
        places = set(inside).intersection(self._words.get(name, ()))
        return any(self._values.sign(place + 1) in {"=", ":"} for place in places)

    def _parameter(self, name: str) -> str | None:
        """Return a PowerShell parameter, with or without quotation marks."""
        place = next(iter(self._words.get(name, ())), None)
        if place is None:
            return None
        parts: list[str] = []
        end = None
        for following in self._tokens[place + 1 : place + 12]:
            if following.is_first or (end is not None and following.start != end):
                break
            parts.append(following.text)
            end = following.end
        return "".join(parts)

    def _counts_milliseconds(self) -> bool:
        """Return whether the claim exp is made from a clock of milliseconds that nothing divides by a thousand."""
        places = (index for index in self._words.get("exp", ()) if self._values.sign(index + 1) in _GIVES)
        written = [self._written_out(index + 2, 0) for index in places]
        return any(_MILLISECONDS.search(one) and not _DIVIDED.search(one) for one in written)

    def _written_out(self, index: int, depth: int) -> str:
        """Return an expression's text, followed by those of the variables in it."""
        words = self._tokens[index : min(self._values.end(index + 1), index + 20)]
        texts = ["".join(word.text for word in words)]
        for word in words if depth < _DEEPEST_VARIABLE else ():
            places = self._places(word.text) if word.kind is Kind.NAME else ()
            assigned = next((place for place in places if self._values.sign(place + 1) == "="), None)
            texts += [self._written_out(assigned + 2, depth + 1)] if assigned is not None else []
        return " ".join(texts)

    def _find_claims(self) -> tuple[str, ...]:
        """Name the claims that the code puts into a token."""
        seen: dict[str, None] = {}
        for index, token in enumerate(self._tokens):
            if token.text in _CLAIMS and token.kind in {Kind.NAME, Kind.STRING}:
                sign, before = self._values.sign(index + 1), self._values.sign(index - 1)
                is_key = sign in {":", "=", "=>", "]"} or (token.kind is Kind.STRING and sign == ",")
                if is_key or (token.kind is Kind.NAME and sign in {",", "}"} and before in {",", "{"}):
                    seen[token.text] = None
        return tuple(seen) if _TELLING_CLAIMS & seen.keys() else ()


def _header_text(value: Any) -> str | None:
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, str):
        is_cut = value.strip().lower() in {"bearer", "basic"}  # what follows is joined in a way that is not known
        return f"{value.strip()} {unknown('...')}" if is_cut else str(value)
    return str(unknown("...")) if value is not None else None


def _has_method(members: dict[str, Any]) -> bool:
    method = members.get("method")
    return isinstance(method, str) and method.upper() not in VERBS


def _holds_field(value: Any, depth: int = 0) -> bool:
    """Return whether a field of a callout or token request is a member of an object, or of one inside it."""
    if not isinstance(value, dict) or depth > 3:
        return False
    return (
        bool(_FIELDS & value.keys())
        or _has_method(value)
        or any(_holds_field(one, depth + 1) for one in value.values())
    )


def _joined_url(base: str | None, url: str) -> str:
    if base is None or "://" in url or url.startswith("{"):
        return url
    path = re.sub(r"^/?v2(?=/)", "", url) if base.rstrip("/").endswith("/v2") else url
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def _dumped(value: Any) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return None
