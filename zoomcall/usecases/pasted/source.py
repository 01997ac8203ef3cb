"""Finds a request in source code: URL, method, headers and body, as far as they can be recognized."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from zoomcall.usecases.pasted.pieces import Form, PastedRequest
from zoomcall.usecases.pasted.source_tokens import LONGEST_SOURCE, Kind, Token, language_of, tokens_of
from zoomcall.usecases.pasted.source_values import Partial, Values, unknown

_MOST_URLS = 6
_MOST_BODIES = 8
_MOST_PLACES = 40
_DEEPEST_VARIABLE = 3
_VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_URL = re.compile(
    r"zoom\.us|zoomgov\.com|/?videosdk/|/?live_meetings/|/oauth/token|/meetings/|/v2/|/h323/|/crc/", re.IGNORECASE
)
_TARGET = re.compile(r"videosdk/|live_meetings/|oauth/token|/events?\b", re.IGNORECASE)
_CALLS = re.compile(r"^(?P<verb>Patch|Post|Put|Get|Delete)(?:AsJson|FromJson|String)?Async$")
_RECEIVERS = re.compile(
    r"^(?:requests|httpx|axios|session|client|http|s|got|superagent|ky|api|\$http|request|_client|conn|connection"
    r"|faraday|HTTParty|RestClient|HTTPoison|Req|Tesla|Http|zoom|resty|needle|unirest|reqwest|Unirest|rest|r|c)$"
)
_METHOD_NAMES = {"method", "type", "-method", "verb", "open", "request"}
_HEADER_TEXT = re.compile(r"\s*(authorization|x-api-key)\s*:\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_MEDIA_TYPE = re.compile(
    r"\s*(?:content-type\s*:\s*)?(?P<type>(?:application|text|multipart)/[\w.+-]+.{0,40})", re.IGNORECASE
)
_MILLISECONDS = re.compile(
    r"Date\.now\(|\.getTime\(|\.valueOf\(|newDate\(|currentTimeMillis|ToUnixTimeMilliseconds"
)
_DIVIDED = re.compile(r"/(?:1000|1e3|1_000)|TotalSeconds")
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_CALLOUT = re.compile(r"\w+\.invite\.\w+|room_system_call|recording\.(?:start|stop|pause|resume)")
_FIELDS = {"device_ip", "call_type", "grant_type", "device_id", "deviceIp", "callType", "DeviceIp", "CallType"}
_CLAIMS = {
    "iss", "iat", "exp", "tokenExp", "app_key", "appKey", "sdkKey", "tpc", "role_type", "mn", "role", "version",
    "user_identity", "session_key",
}  # fmt: skip
_TELLING_CLAIMS = {"tokenExp", "app_key", "appKey", "sdkKey", "tpc", "role_type", "iss"}
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def read_source(text: str, language: Form | None = None) -> Iterator[PastedRequest]:
    """Read the requests that a program in a text makes.

    Args:
        text: Everything that was pasted, with Unix line breaks.
        language: In which language; None: the one that the text looks like.
    """
    text = _FENCE.sub(lambda fence: " " * len(fence[0]), text)
    start = _window(text)
    language = language or language_of(text[start : start + LONGEST_SOURCE])
    if language is None:
        return
    tokens = tokens_of(text, language, start)
    if tokens:
        yield from _Program(tokens, language).requests()


def _window(text: str) -> int:
    """Begin near what is about Zoom, where the text is long."""
    if len(text) <= LONGEST_SOURCE:
        return 0
    match = _TARGET.search(text)
    return max(0, match.start() - LONGEST_SOURCE // 3) if match else 0


class _Program:
    """Looks for the parts of requests in a program's tokens."""

    def __init__(self, tokens: tuple[Token, ...], language: Form) -> None:
        self._tokens = tokens
        self._language = language
        self._values = Values(tokens, language)
        self._words: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            if token.kind is Kind.STRING or token.kind is Kind.NAME:
                self._words.setdefault(token.text.lower(), []).append(index)
        self._verbs = dict(self._find_verbs())
        self._basic = self._find_basic()
        self._claims = self._find_claims()

    def requests(self) -> Iterator[PastedRequest]:
        """Return a request for each URL, the telling ones only if there are any."""
        urls = self._urls()
        base = next((url for _, url in urls if "://" in url and not _TARGET.search(url)), None)
        targets = [(index, url) for index, url in urls if _TARGET.search(url)] or urls
        for number, (index, url) in enumerate(targets[:_MOST_URLS]):
            before = targets[number - 1][0] if number else -1
            behind = targets[number + 1][0] if number + 1 < len(targets) else len(self._tokens)
            yield self._request(index, _joined_url(base, url), (before, behind))

    def _urls(self) -> list[tuple[int, str]]:
        """Find texts that are URLs or paths of Zoom's."""
        found: list[tuple[int, str]] = []
        starts: set[int] = set()
        for index, token in enumerate(self._tokens):
            if token.kind is not Kind.STRING or len(found) >= _MOST_URLS * 4 or not _URL.search(token.text):
                continue
            if len(token.text) > 2048 or "\n" in token.text.strip() or token.text.lstrip().startswith('{"'):
                continue
            start = self._values.start_of_sum(index)
            if start in starts:
                continue
            starts.add(start)
            value = self._values.at(start)[0]
            if isinstance(value, str) and _URL.search(value) and not re.search(r"\s\w+\s", value.strip()):
                found.append((index, value.strip()))
        return found

    def _request(self, index: int, url: str, reach: tuple[int, int]) -> PastedRequest:
        notes: list[str] = []
        anchors = self._anchors(index)
        body, body_place, kind = self._body(anchors, reach, is_token="/oauth/" in url)
        url, body = self._with_query(url, body, body_place)
        headers = list(self._headers(anchors, reach))
        content_type = self._content_type(anchors, body, kind)
        if content_type is not None and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", content_type))
        if content_type == _FORM and kind == "object" and body:
            body = urlencode(json.loads(body))
        method = self._method(anchors, reach)
        if not method:
            notes.append("the method")
        if body is None:
            notes.append("the body")
        if not any(name.lower() in {"authorization", "x-api-key"} for name, _ in headers) and not self._basic:
            notes.append("the Authorization header")
        return PastedRequest(
            form=self._language,
            start=self._tokens[0].start,
            end=self._tokens[-1].end,
            method=method,
            url=url,
            headers=tuple(headers),
            body=body,
            basic=self._basic,
            claims=self._claims,
            has_millisecond_expiry=bool(self._claims) and self._counts_milliseconds(),
            not_understood=tuple(notes),
        )

    def _anchors(self, index: int) -> list[int]:
        """Return where the URL is, and where the variable that it is kept in is used."""
        start = self._values.start_of_sum(index)
        anchors = [index]
        sign = self._tokens[start - 1] if start > 0 else None
        if sign is not None and sign.is_sign("=") and start > 1:
            uses = self._words.get(self._tokens[start - 2].text.lower(), ())
            anchors += [place for place in uses if place > index][:_MOST_PLACES]
        return anchors

    def _nearest(self, places: list[int], anchors: list[int], reach: tuple[int, int]) -> int | None:
        """Return the place nearest to where the URL is used, in the same statement if there is one."""

        def distance(place: int) -> tuple[bool, int]:
            return not any(self._is_same_statement(place, anchor) for anchor in anchors), min(
                abs(place - anchor) for anchor in anchors
            )

        inside = [place for place in places if reach[0] <= place <= reach[1]] or places
        return min(inside, key=distance, default=None)

    def _is_same_statement(self, first: int, second: int) -> bool:
        low, high = sorted((first, second))
        if high - low > 400:
            return False
        depth = 0
        for token in self._tokens[low:high]:
            if token.kind is not Kind.SIGN:
                continue
            depth += (token.text in {"(", "{", "[", "@{", "@("}) - (token.text in {")", "}", "]"})
            if token.text == ";" and depth <= 0:
                return False
        return True

    def _method(self, anchors: list[int], reach: tuple[int, int]) -> str:
        place = self._nearest(list(self._verbs), anchors, reach)
        if place is not None:
            return self._verbs[place]
        return "GET" if self._calls_plainly(anchors) else ""

    def _find_verbs(self) -> Iterator[tuple[int, str]]:
        for index, token in enumerate(self._tokens):
            upper = token.text.upper()
            before = self._tokens[index - 1] if index else None
            second = self._tokens[index - 2] if index > 1 else None
            if token.kind is Kind.STRING and upper in _VERBS and self._names_method(index):
                yield index, upper
            elif token.kind is not Kind.NAME:
                continue
            elif before is None:
                if token.text in _VERBS and self._opens_call(index + 1):
                    yield index, upper
            elif match := _CALLS.match(token.text):
                yield index, match["verb"].upper()
            elif upper in _VERBS and before.is_sign(".", "?.", "::", "->") and second is not None:
                is_constant = second.text in {"HttpMethod", "Method", "WebRequestMethod"}
                is_constant |= before.is_sign("::") and second.text == "HTTP"
                is_constant |= second.is_sign(":") and self._text(index - 3) == "method"
                is_constant |= upper != "GET" and second.is_sign(")") and self._opens_call(index + 1)
                is_call = before.is_sign("->") or _RECEIVERS.match(second.text)
                if is_constant or (is_call and self._opens_call(index + 1)):
                    yield index, upper
            elif (upper in _VERBS and before.text.lower() == "-method") or (
                token.text in _VERBS and self._opens_call(index + 1)
            ):
                yield index, upper

    def _names_method(self, index: int) -> bool:
        """Return whether a text like "PATCH" names an HTTP method, by what precedes it."""
        names = [token.text.lower() for token in self._tokens[max(0, index - 4) : index] if token.kind is Kind.NAME]
        strings = [
            token.text.lower() for token in self._tokens[max(0, index - 2) : index] if token.kind is Kind.STRING
        ]
        is_named = any(name in _METHOD_NAMES or name.endswith(("method", "request")) for name in names + strings)
        if is_named and index and self._tokens[index - 1].text.lower() == "open":
            return True  # Visual Basic calls without brackets
        sign = self._tokens[index - 1].text if index else ""
        return is_named and sign in {"(", "=", ":", ",", "-Method", "-method", "=>"}

    def _opens_call(self, index: int) -> bool:
        return self._sign(index + (self._sign(index) == "!")) in {"(", "<"}

    def _calls_plainly(self, anchors: list[int]) -> bool:
        """Return whether the URL goes to a call that makes a GET unless it is told otherwise."""
        for anchor in anchors:
            for index in range(anchor, max(-1, anchor - 12), -1):
                token = self._tokens[index]
                if token.text.lower() in {"invoke-restmethod", "invoke-webrequest"}:
                    return not any(t.text.startswith("@") and len(t.text) > 2 for t in self._tokens[index:anchor])
                is_fetch = token.text == "fetch" and self._opens_call(index + 1)
                if is_fetch and len(self._values.arguments(index + 1)) == 1:
                    return True
        return False

    def _headers(self, anchors: list[int], reach: tuple[int, int]) -> Iterator[tuple[str, str]]:
        """Find the headers that matter, each as near to the URL as it stands."""
        for wanted in ("authorization", "x-api-key", "cookie"):
            places = [place for place in self._words.get(wanted, ()) if reach[0] <= place <= reach[1]]
            places = places[:_MOST_PLACES] or self._words.get(wanted, [])[:_MOST_PLACES]
            values = {place: value for place in places if (value := self._header_value(place)) is not None}
            place = self._nearest(list(values), anchors, reach)
            if place is not None:
                yield self._tokens[place].text, values[place]
                continue
            written = self._written_header(wanted)
            if written is not None:
                yield written
            elif wanted == "authorization" and (bearer := self._bearer()) is not None:
                yield "Authorization", bearer

    def _written_header(self, wanted: str) -> tuple[str, str] | None:
        """Find a header that is one text, like ``"Authorization: Bearer …"``."""
        for index, token in enumerate(self._tokens):
            if token.kind is not Kind.STRING or wanted not in token.text.lower():
                continue
            match = _HEADER_TEXT.match(self._values.text_of(token))
            if match is not None and match[1].lower() == wanted:
                value = self._values.at(self._values.start_of_sum(index))[0]
                whole = _HEADER_TEXT.match(value) if isinstance(value, str) else None
                if whole is not None:
                    return whole[1], whole[2]
        return None

    def _header_value(self, index: int) -> str | None:
        """Return the value that belongs to a header's name; None if it is not given one there."""
        place = index + 1
        if self._sign(place) == "]":
            place += 1
        if self._sign(place) not in {",", ":", "=", "=>"}:
            return None
        place += 1
        is_basic = self._text(index - 1).lower() in {"setrequestheader", "addheader"}
        if self._sign(index + 1) == "," and self._sign(index - 1) not in {"(", "{", "["} and not is_basic:
            return None
        if scheme := self._scheme(place):
            return scheme
        value = self._values.at(place)[0]
        if isinstance(value, str):
            return str(value)
        return str(unknown("...")) if value is not None else None

    def _scheme(self, index: int) -> str | None:
        """Read ``new AuthenticationHeaderValue("Bearer", token)`` and its like."""
        place = index
        if self._text(place) == "new":
            place += 1
        if self._text(place) == "AuthenticationHeaderValue":
            place += 1
        if place == index or self._sign(place) != "(":
            return None
        parts = [self._values.at(argument)[0] for argument in self._values.arguments(place)]
        texts = [part if isinstance(part, str) else str(unknown("...")) for part in parts]
        return " ".join(texts) if texts else None

    def _bearer(self) -> str | None:
        """Find calls that put ``Bearer`` in front by themselves."""
        for index, token in enumerate(self._tokens):
            name = token.text.lower()
            if token.kind is not Kind.NAME:
                continue
            if name in {"setbearertoken", "bearerauth", "bearer_auth", "jwtauthenticator", "withtoken", "settoken"}:
                if self._sign(index + 1) == "(" and (places := self._values.arguments(index + 1)):
                    value = self._values.at(places[0])[0]
                    return f"Bearer {value}" if isinstance(value, str) else "Bearer {token}"
            elif name == "bearer" and self._sign(index + 1) == ":" and "auth" in self._words_before(index):
                value = self._values.at(index + 2)[0]
                return f"Bearer {value}" if isinstance(value, str) else "Bearer {token}"
            elif name == "-authentication" and self._text(index + 1).lower() in {"bearer", "oauth"}:
                return "Bearer {token}"
        return None

    def _words_before(self, index: int) -> set[str]:
        return {token.text for token in self._tokens[max(0, index - 4) : index]}

    def _find_basic(self) -> str | None:
        """Find ``auth=(id, secret)`` and its like."""
        for index, token in enumerate(self._tokens):
            if token.kind is not Kind.NAME or token.text.lower() not in {
                "auth",
                "httpbasicauth",
                "httpbasicauthenticator",
            }:
                continue
            opener = index + 1 + (self._sign(index + 1) in {"=", ":"})
            if self._sign(opener) == "(":
                parts = [self._values.at(place)[0] for place in self._values.arguments(opener)[:2]]
            elif self._sign(opener) == "{":
                members = self._values.at(opener)[0]
                parts = list(members.values())[:2] if isinstance(members, dict) else []
            else:
                continue
            if len(parts) == 2:
                return ":".join(part if isinstance(part, str) else "{...}" for part in parts)
        return None

    def _sign(self, index: int) -> str:
        token = self._tokens[index] if 0 <= index < len(self._tokens) else None
        return token.text if token is not None and token.kind is Kind.SIGN else ""

    def _text(self, index: int) -> str:
        return self._tokens[index].text if 0 <= index < len(self._tokens) else ""

    def _body(self, anchors: list[int], reach: tuple[int, int], *, is_token: bool) -> tuple[str | None, int, str]:
        """Find the body: the object or the text in which a callout's words stand.

        Returns:
            The body as JSON text, None if there is none to be seen; where it stands; ``object`` or ``text``.
        """
        for place in self._places_of_body(anchors, reach, is_token=is_token):
            token = self._tokens[place]
            if token.kind is Kind.STRING and ("{" in token.text or "grant_type=" in token.text):
                return self._text_body(place), place, "text"
            members, start = self._enclosing(place)
            if members is not None:
                return _dumped(members), start, "object"
        return None, -1, ""

    def _places_of_body(self, anchors: list[int], reach: tuple[int, int], *, is_token: bool) -> list[int]:
        """Return where a body may stand: a method's name first, then what is near the URL."""
        places = [
            index
            for index, token in enumerate(self._tokens)
            if self._is_of_body(token) and ("grant_type" in token.text) is is_token
        ]

        def rank(place: int) -> tuple[bool, int]:
            is_method = _CALLOUT.search(self._tokens[place].text) is not None
            return not is_method, min(abs(place - anchor) for anchor in anchors)

        inside = [place for place in places if reach[0] <= place <= reach[1]]
        return sorted(inside if len(places) > 1 else places, key=rank)[:_MOST_BODIES]

    def _is_of_body(self, token: Token) -> bool:
        if token.kind is Kind.STRING:
            is_telling = _CALLOUT.search(token.text) or token.text in _FIELDS or "grant_type=" in token.text
            return bool(is_telling or ('"' in token.text and any(field in token.text for field in _FIELDS)))
        return token.kind is Kind.NAME and token.text in _FIELDS

    def _text_body(self, place: int) -> str | None:
        value = self._values.at(self._values.start_of_sum(place))[0]
        if not isinstance(value, str):
            return _dumped(value)
        if isinstance(value, Partial) and not _is_json(value):
            return None
        return str(value)

    def _enclosing(self, place: int) -> tuple[dict[str, Any] | None, int]:
        """Return the object that a token is in: the outermost that is one, up to the one with a method."""
        best: tuple[dict[str, Any] | None, int] = (None, -1)
        for index in self._around(place):
            start = index
            if self._sign(index) == "(":
                if self._text(index - 1) not in {"dict", "array", "list"}:
                    break
                start = index - 1
            members = self._object_at(start)
            if members is not None:
                best = (members, start)
                if _has_method(members) or "grant_type" in members:
                    break
        return best

    def _around(self, place: int) -> Iterator[int]:
        """Return the opening signs around a token, the innermost first, up to the statement's beginning."""
        depth = 0
        for index in range(place - 1, max(-1, place - 2000), -1):
            sign = self._sign(index)
            if sign in {"}", ")", "]"}:
                depth += 1
            elif sign in {"{", "@{", "[", "@(", "("}:
                if not depth:
                    yield index
                depth = max(0, depth - 1)
            elif sign == ";" and not depth and self._language is not Form.POWERSHELL:
                return

    def _object_at(self, index: int) -> dict[str, Any] | None:
        place = index
        if self._sign(index) == "{":
            for back in range(index - 1, max(-1, index - 12), -1):
                if self._text(back) == "new":
                    place = back
                    break
                if self._sign(back) in {"{", "}", ";", "=", ":", "=>"}:
                    break
        value = self._values.at(place)[0]
        return value if isinstance(value, dict) and value else None

    def _with_query(self, url: str, body: str | None, place: int) -> tuple[str, str | None]:
        """Put parameters that a library sends behind a question mark there."""
        before = [token.text.lower() for token in self._tokens[max(0, place - 2) : max(0, place)]]
        if body is None or place < 0 or "params" not in before or "grant_type" not in body:
            return url, body
        members = json.loads(body) if _is_json(body) else {}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(members)}", ""

    def _content_type(self, anchors: list[int], body: str | None, kind: str) -> str | None:
        """Return what the code, or else its library, says of the body's type; None if neither shows."""
        stated = [
            (min(abs(index - anchor) for anchor in anchors), match["type"])
            for index, token in enumerate(self._tokens)
            if token.kind is Kind.STRING and (match := _MEDIA_TYPE.fullmatch(token.text))
        ]
        bare = self._parameter("-contenttype")
        if bare is not None:
            return bare
        if stated:
            return min(stated)[1].strip()
        names = {token.text for token in self._tokens if token.kind is Kind.NAME}
        if names & {"FormUrlEncodedContent", "URLSearchParams", "qs", "querystring"}:
            return _FORM
        if any("AsJsonAsync" in name for name in names) or names & {"JsonContent", "AddJsonBody", "AddBody"}:
            return _JSON
        if body is None:
            return None
        return self._usual_type(names, body, kind)

    def _usual_type(self, names: set[str], body: str, kind: str) -> str | None:
        match self._language:
            case Form.PYTHON if "requests" in names or "httpx" in names:
                if self._has_argument("json"):
                    return _JSON
                if kind == "object" and not names & {"dumps"}:
                    return _FORM
                return "" if self._has_argument("data") or self._has_argument("content") else None
            case Form.JAVASCRIPT | Form.SOURCE if names & {"axios", "UrlFetchApp"}:
                usual = _JSON if "axios" in names else _FORM
                return usual if kind == "object" and "stringify" not in names else None
            case Form.JAVASCRIPT if "fetch" in names and not names & {
                "Headers",
                "headersInit",
                "options",
                "config",
            }:
                return "text/plain;charset=UTF-8"
            case Form.CSHARP if "StringContent" in names:
                return "text/plain; charset=utf-8"
            case Form.POWERSHELL if "-Body" in names and not any(
                name.startswith("@") for name in names if len(name) > 1
            ):
                is_form = kind == "object" and not any(name.lower() == "convertto-json" for name in names)
                return _FORM if is_form or "grant_type" in body else ""
            case (
                Form.CSHARP | Form.JAVASCRIPT | Form.PYTHON | Form.POWERSHELL | Form.PHP | Form.BASIC | Form.SOURCE
            ):
                return None
            case Form.CURL | Form.COMMAND | Form.HTTP | Form.HAR | Form.PARTS | Form.PROSE | Form.OBJECT:
                return None

    def _has_argument(self, name: str) -> bool:
        return any(
            token.kind is Kind.NAME and token.text == name and self._sign(index + 1) == "="
            for index, token in enumerate(self._tokens)
        )

    def _parameter(self, name: str) -> str | None:
        """Return a PowerShell parameter, with or without quotation marks."""
        for index, token in enumerate(self._tokens):
            if token.kind is not Kind.NAME or token.text.lower() != name:
                continue
            parts: list[str] = []
            end = None
            for following in self._tokens[index + 1 : index + 12]:
                if following.is_first or (end is not None and following.start != end):
                    break
                parts.append(following.text)
                end = following.end
            return "".join(parts)
        return None

    def _counts_milliseconds(self) -> bool:
        """Return whether the claim exp is made from a clock of milliseconds that nothing divides by a thousand."""
        for index, token in enumerate(self._tokens):
            if token.text != "exp" or self._sign(index + 1) not in {":", "=", "=>", ","}:
                continue
            written = self._written_out(index + 2, 0)
            if _MILLISECONDS.search(written) and not _DIVIDED.search(written):
                return True
        return False

    def _written_out(self, index: int, depth: int) -> str:
        """Return an expression's text, followed by those of the variables in it."""
        words = self._words_of_expression(index)
        texts = ["".join(word.text for word in words)]
        for word in words if depth < _DEEPEST_VARIABLE else ():
            if word.kind is Kind.NAME:
                places = self._words.get(word.text.lower(), ())
                assigned = next((place for place in places if self._sign(place + 1) == "="), None)
                texts += [self._written_out(assigned + 2, depth + 1)] if assigned is not None else []
        return " ".join(texts)

    def _words_of_expression(self, index: int) -> list[Token]:
        """Return the tokens up to a comma, a closing sign, or the end of the line."""
        depth = 0
        words: list[Token] = []
        for token in self._tokens[index : index + 20]:
            depth += token.is_sign("(") - token.is_sign(")")
            if depth < 0 or (not depth and token.is_sign(",", ";", "}", "]")) or (words and token.is_first):
                break
            words.append(token)
        return words

    def _find_claims(self) -> tuple[str, ...]:
        """Name the claims that the code puts into a token."""
        seen: dict[str, None] = {}
        for index, token in enumerate(self._tokens):
            if token.text not in _CLAIMS or token.kind not in {Kind.NAME, Kind.STRING}:
                continue
            is_key = self._sign(index + 1) in {":", "=", "=>", "]"} or (
                token.kind is Kind.STRING and self._sign(index + 1) == ","
            )
            is_shorthand = (
                token.kind is Kind.NAME
                and self._sign(index + 1) in {",", "}"}
                and self._sign(index - 1) in {",", "{"}
            )
            if is_key or is_shorthand:
                seen[token.text] = None
        return tuple(seen) if _TELLING_CLAIMS & seen.keys() else ()


def _has_method(members: dict[str, Any]) -> bool:
    method = members.get("method")
    return isinstance(method, str) and method.upper() not in _VERBS


def _joined_url(base: str | None, url: str) -> str:
    if base is None or "://" in url or url.startswith("{"):
        return url
    return f"{base.rstrip('/')}/{url.lstrip('/')}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _dumped(value: Any) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return None
