"""Reads pasted answers: complete ones with headers, a status line, a program's error message, or prose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.value import Discreet
from zoomcall.knowledge.lexicon import sayings
from zoomcall.usecases.pasted.balanced import end_of_json, straightened
from zoomcall.usecases.pasted.objects import objects_around

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 64 * 1024
_LOOK_BACK = 2000
_MOST_HEADS = 200
_MOST_HEADERS = 200
_MOST_CODES = 50
_DEEPEST = 8

_STATUS_WORDS = {
    "ok": 200,
    "created": 201,
    "accepted": 202,
    "nocontent": 204,
    "badrequest": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "notfound": 404,
    "methodnotallowed": 405,
    "conflict": 409,
    "unsupportedmediatype": 415,
    "unprocessableentity": 422,
    "toomanyrequests": 429,
    "internalservererror": 500,
    "badgateway": 502,
    "serviceunavailable": 503,
    "gatewaytimeout": 504,
}
_REASONS = (
    r"OK|Created|Accepted|No Content|Bad Request|Unauthorized|Forbidden|Not Found|Method Not Allowed|Conflict"
    r"|Unsupported Media Type|Unprocessable (?:Entity|Content)|Too Many Requests|Internal Server Error|Bad Gateway"
    r"|Service Unavailable|Gateway Time-?out"
)
_STATUS_LINE = re.compile(r"^[ \t]{0,8}(?:<[ \t]?)?HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[^\n]{0,200}$", re.MULTILINE)
_HEADER = re.compile(r"[ \t]{0,8}(?:<[ \t]?)?([A-Za-z][A-Za-z0-9_-]{0,63})[ \t]{0,8}:[ \t]{0,8}(.*)")
_LEAD = r"^[ \t]{0,16}(?:(?://|\#|--|\*|>|<|=>|->|\u2192|\u21d2|\u2026|REM)[ \t]{0,4}){0,3}"
_FORMS = (
    re.compile(
        r"(?:\bStatus ?Code|\b[Ss]tatus[_ ]code|[\"']statusCode)[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
        r"[\"']?(\d{3}|[A-Za-z]{2,30})\b"
    ),
    re.compile(rf"\((\d{{3}})\)[ \t]{{0,4}}(?:{_REASONS})", re.IGNORECASE),
    re.compile(rf"\b(\d{{3}})[ \t]{{0,4}}\((?:{_REASONS})\)", re.IGNORECASE),
    re.compile(r"\bstatus code(?: of| is| was)?[ \t]{0,4}:?[ \t]{0,4}(\d{3})\b(?!\s{0,4}[)=])", re.IGNORECASE),
    re.compile(r"<Response \[(\d{3})[ \]]"),
    re.compile(r"\b(\d{3}) (?:Client|Server) Error\b"),
    re.compile(r"\bHTTP(?: Status| Error| Code| status code)?[ \t]{0,2}:?[ \t]{0,2}(\d{3})\b"),
    re.compile(
        rf"{_LEAD}(?:(?:Response|Answer|Result|Status|Output|Returns?|Zoom|Error|Got|Body)"
        r"[ \t]{0,4}[:=]?[ \t]{0,4}){0,3}"
        rf"([1-5]\d\d)(?=[ \t]{{0,4}}(?:[:{{\u2026-]|{_REASONS}|$))",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(
        r"(?:[\"'\[]\+?(?:http_?)?status(?:_?code)?[\"'\]]{1,2}[ \t]{0,4}(?:=>|->|[:=])"
        r"|\b(?:http_?)?status(?:_?code)?[ \t]{0,4}=>)[ \t]{0,4}(?:int\()?[\"']?([1-5]\d\d)\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b([1-5]\d\d)(?:[ \t]{{1,3}}|:[ \t]?|_)(?:{_REASONS})\b", re.IGNORECASE),
    re.compile(
        r"\b(?:get|gets|getting|got|returns?|returned|returning|answers?|answered|responds?|responded|replies|replied"
        r"|response|reply|receives?|received|receiving|status|error|with|is|was)\b"
        r"[ \t:\u2018\u2019\u201c\u201d'\"`*_(a-zA-Z-]{0,30}?"
        r"[ \t(\"'`*\u2018\u201c]([1-5]\d\d)\b(?![\d.:/@-]*\d)",
        re.IGNORECASE,
    ),
)
_CODE = re.compile(
    r"[\"\u201c\u201d]?\b(?:code|reason)[\"\u201c\u201d]\s{0,9}:\s{0,9}[\"\u201c]?[-\w]", re.IGNORECASE
)
_IS_ANSWER = re.compile(r'"(?:code"\s{0,9}:\s{0,9}"?-?\d{1,9}\b|reason"\s{0,9}:|error"\s{0,9}:\s{0,9}")')
_NUMBER = re.compile(r'"code"\s{0,9}:\s{0,9}"?(\d{4,5})\b')
_IS = r"[\"']?[ \t]{0,4}(?::|=>|=)[ \t]{0,4}"
_PRINTED = re.compile(
    r"(?:[\"'`\[:+]{0,3})\b(?P<name>code|error|errorCode|error_code|reason)[\"'`\]]{0,2}\s{0,9}(?:=>|:|=(?!=))\s{0,9}"
    r"(?:int\(|string\(\d+\)\s?)?[\"'`]?(?P<value>-?\d{3,5}\b|[A-Za-z]\w{2,40})"
)
_LISTED = re.compile(
    r"^[ \t]*[\"']?(?P<name>code|error)[\"']?[ \t]*[:=][ \t]*[\"']?(?P<code>\d{3,5}|\w{3,40})[\"']?,?[ \t]*\n"
    r"[ \t]*[\"']?(?:message|reason)[\"']?[ \t]*[:=][ \t]*(?P<text>\S[^\n]{0,600})"
    r"|^[ \t]*code[ \t]+message[ \t]*\n[ \t]*-+[ \t]+-+[ \t]*\n"
    r"[ \t]*(?P<cell>\d{3,5})[ \t]+(?P<words>\S[^\n]{0,600})",
    re.MULTILINE,
)
_OAUTH_WORD = re.compile(
    r"\b(?:unsupported_grant_type|unsupported grant type|invalid_grant|invalid_client|unauthorized_client"
    r"|invalid_redirect(?:_uri)?|Invalid authorization code|Redirect URI mismatch)\b(?!\s*[=(])",
    re.IGNORECASE,
)
_OAUTH_WORDS = {
    "unsupported grant type": "unsupported_grant_type",
    "invalid authorization code": "invalid_grant",
    "redirect uri mismatch": "invalid_redirect_uri",
    "invalid_redirect": "invalid_redirect_uri",
}
_HTML = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_DATE = re.compile(
    r"\bdate[\"']?\s{0,4}[:=]\s{0,4}[\[{]?\s{0,4}[\"']?"
    r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)",
    re.IGNORECASE,
)
_TRACKING = re.compile(r"\bx-zm-trackingid[\"']?\s{0,4}[:=]\s{0,4}[\"']?([A-Za-z0-9_=+/.-]{4,100})", re.IGNORECASE)
_NAMED_CODE = re.compile(
    r"\b(?:error|code|zoom)[ \t]{0,4}(?:code)?[ \t]{0,4}[:=#]?[ \t]{0,4}[\"'`(]{0,2}(\d{3,5})\b", re.IGNORECASE
)
_FORBIDDEN_BEFORE = re.compile(r"[=!<>]=?\s*$|\bif\b[^\n]*$|\w\($")


class PastedAnswer(Discreet, frozen=True):
    """An answer, as far as it could be read.

    Attributes:
        raw: The answer; its method and path are the request's.
        has_body: Whether a body, or that there is none, was to be seen.
        is_inferred: The status is not in the text; it is the one that Zoom's code comes with.
        is_code_guessed: The code is not in the text; it is the one that Zoom's words come with.
    """

    unshown: ClassVar = frozenset({"raw"})

    raw: RawAnswer
    has_body: bool
    is_inferred: bool = False
    is_code_guessed: bool = False


def read_answer(before: str, after: str, *, method: str, path: str, is_oauth: bool) -> PastedAnswer | None:
    """Find the answer to a request in the text around it.

    Args:
        before: What precedes the request.
        after: What follows it, searched first.
        method: Of the request.
        path: Of the request.
        is_oauth: Whether it went to the token endpoint.
    """
    finders = (_whole, _told, _bare)
    for finder in finders:
        for text in (after, before):
            found = finder(text)
            if found is None:
                continue
            if not found.body and found.status >= 300 and (body := _json_answer(after) or _json_answer(before)):
                found = replace(found, body=body, has_body=True)
            raw = RawAnswer(
                method=method,
                path=path,
                status=found.status,
                headers=found.headers,
                body=found.body.encode("utf-8", "replace"),
                is_oauth=is_oauth or found.is_oauth,
            )
            return PastedAnswer(raw, found.has_body, found.is_inferred, found.is_code_guessed)
    return None


class _Found(Struct, frozen=True, kw_only=True):
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    has_body: bool = False
    is_inferred: bool = False
    is_code_guessed: bool = False

    @property
    def is_oauth(self) -> bool:
        """Whether only the token endpoint speaks like that."""
        if re.search(r'"error"\s*:\s*"(?:invalid_|unsupported_)', self.body):
            return True
        code = _NUMBER.search(self.body)
        spaces = {row.namespace for row in sayings() if code is not None and row.code == int(code[1])}
        return spaces == {"oauth"}


def _whole(text: str) -> _Found | None:
    """Read an answer that begins with ``HTTP/``; of several the last that is final."""
    heads = [match for _, match in zip(range(_MOST_HEADS), _STATUS_LINE.finditer(text), strict=False)]
    final = [head for head in heads if not head[1].startswith("1") and not _is_of_proxy(head[0])]
    if not final:
        return None
    head = final[-1]
    headers, end = _headers(text, head.end())
    body = _body(text[end : end + _LONGEST_BODY])
    is_empty = not body and any(name == "content-length" and value == "0" for name, value in headers)
    return _Found(status=int(head[1]), headers=headers, body=body, has_body=bool(body) or is_empty)


def _is_of_proxy(line: str) -> bool:
    return "connection established" in line.lower()


def _headers(text: str, start: int) -> tuple[tuple[tuple[str, str], ...], int]:
    headers: list[tuple[str, str]] = []
    position = start
    limit = min(len(text), start + _LONGEST_HEAD)
    while position < limit and len(headers) < _MOST_HEADERS:
        begin = position + 1 if text[position : position + 1] == "\n" else position
        end = text.find("\n", begin, limit)
        end = limit if end < 0 else end
        match = _HEADER.fullmatch(text[begin:end].rstrip("\r"))
        if match is None:
            break
        headers.append((match[1].lower(), match[2].strip()))
        position = end
    return tuple(headers), position


_NOISE = re.compile(r"^(?:[*{}<>][ \t].*|[<>]|\* .*)$\n?", re.MULTILINE)


def _body(text: str) -> str:
    """Return the body that follows a head: JSON, a page, or a line."""
    text = straightened(_NOISE.sub("", text)).strip()
    if text[:1] in {"{", "["}:
        end = end_of_json(text, 0)
        if end is not None and _IS_ANSWER.search(text, 0, end) is None and _CODE.search(text):
            return text[:_LONGEST_BODY]
        return text[: end or _LONGEST_BODY]
    if _HTML.search(text[:500]):
        return text
    found = _json_answer(text)
    return found or ""


def _told(text: str) -> _Found | None:
    """Read a status that a program, a tool or a person tells, with the JSON near it."""
    for pattern in _FORMS:
        for _, match in zip(range(_MOST_HEADS), pattern.finditer(text), strict=False):
            status = _status(match[1])
            if status is None or _FORBIDDEN_BEFORE.search(text[max(0, match.start() - 60) : match.start(1)]):
                continue
            headers = _loose_headers(text)
            body = _json_answer(text) or _page(text, match.end()) or ""
            if not body and status >= 300 and (said := _saying(text)) is not None:
                return _Found(
                    status=status, headers=headers, body=said.body, has_body=True, is_code_guessed=said.is_guessed
                )
            return _Found(status=status, headers=headers, body=body, has_body=bool(body))
    return None


def _bare(text: str) -> _Found | None:
    """Read Zoom's JSON, or its code or words, without a status."""
    body = _json_answer(text)
    if body is not None:
        raw = RawAnswer(method="", path="", status=400, body=body.encode("utf-8", "replace"), is_oauth=True).read()
        status = _status_of_code(raw.code, raw.message) or 400
        return _Found(status=status, headers=_loose_headers(text), body=body, has_body=True, is_inferred=True)
    said = _saying(text)
    if said is None:
        return None
    return _Found(
        status=said.status, body=said.body, has_body=True, is_inferred=True, is_code_guessed=said.is_guessed
    )


def _status(text: str) -> int | None:
    if text.isdigit():
        number = int(text)
        return number if 200 <= number <= 599 else None
    return _STATUS_WORDS.get(text.lower())


def _loose_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Find the headers that are used wherever they stand."""
    found = (("date", _DATE.search(text)), ("x-zm-trackingid", _TRACKING.search(text)))
    return tuple((name, match[1]) for name, match in found if match)


def _json_answer(text: str) -> str | None:
    """Find Zoom's JSON, though its quotation marks may be curly and its text broken."""
    for _, match in zip(range(_MOST_CODES), _CODE.finditer(text), strict=False):
        begin = text.rfind("{", max(0, match.start() - _LOOK_BACK), match.start() + 1)
        if begin < 0:
            continue
        candidate = straightened(text[begin : begin + _LONGEST_BODY])
        if candidate.startswith('{\\"'):
            candidate = candidate.replace('\\"', '"')
        end = end_of_json(candidate, 0)
        whole = candidate[:end] if end is not None else candidate.split("\n\n", 1)[0]
        if not _IS_ANSWER.search(whole) or not re.search(r'"(?:message|reason|error)"', whole):
            continue
        if end is not None and '"message' in whole and _ends_early(candidate, end):
            whole = candidate.split("\n", 1)[0]
        return whole
    return _printed_answer(text)


def _printed_answer(text: str) -> str | None:
    """Find Zoom's members in an object as any program prints it, or one below the other."""
    for _, match in zip(range(_MOST_CODES), _PRINTED.finditer(text), strict=False):
        for value, _, _ in objects_around(straightened(text), match.start("value")):
            if (members := _answer_in(value)) is not None:
                return json.dumps(members)
    listed = _LISTED.search(text)
    if listed is None:
        return None
    code, message = listed["code"] or listed["cell"], listed["text"] or listed["words"]
    names = ("error", "reason") if listed["name"] == "error" else ("code", "message")
    return json.dumps({names[0]: int(code) if code.isdigit() else code, names[1]: message.strip(" \t\"',")})


def _answer_in(value: Any, depth: int = 0) -> dict[str, Any] | None:
    """Return the members of the innermost object that is an answer of Zoom's."""
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        code, message = value.get("code", value.get("errorCode")), value.get("message", value.get("errorMessage"))
        error, reason = value.get("error"), value.get("reason", value.get("error_description"))
        if isinstance(message, str) and (
            (re.fullmatch(r"-?\d{3,5}", str(code)) and str(code) not in {"200", "0"}) or code == 200
        ):
            return {
                **{name: value[name] for name in ("errors",) if name in value},
                "code": int(str(code)),
                "message": message,
            }
        if isinstance(error, str) and re.fullmatch(r"\w{3,40}", error) and isinstance(reason, str):
            return {"error": error, "reason": reason}
    inner = value.values() if isinstance(value, dict) else value
    return next((found for one in inner if (found := _answer_in(one, depth + 1)) is not None), None)


def _ends_early(text: str, end: int) -> bool:
    """Return whether broken JSON seems to end before it does: Zoom's scope refusals hold bare quotation marks."""
    try:
        json.loads(text[:end])
    except (ValueError, RecursionError):
        return "}" in text[end:].split("\n", 1)[0]
    return False


def _page(text: str, start: int) -> str | None:
    match = _HTML.search(text, start, start + 4000)
    return text[match.start() : match.start() + _LONGEST_BODY] if match else None


def _status_of_code(code: object, message: str | None) -> int | None:
    """Return the HTTP status that one of Zoom's codes comes with."""
    rows = [row for row in sayings() if row.code == code and row.http is not None and row.http >= 300]
    words = (message or "").lower()
    fitting = [row for row in rows if any(text.lower().rstrip(".") in words for text in row.messages)]
    chosen = (fitting or rows)[:1]
    return chosen[0].http if chosen else None


class _Said(Struct, frozen=True):
    body: str
    status: int
    is_guessed: bool


def _saying(text: str) -> _Said | None:
    """Find one of Zoom's texts, or a code that is named as one, in prose."""
    lowered = straightened(text[:_LONGEST_BODY]).lower()
    best: tuple[int, int | str, str, int] | None = None
    for row in sayings():
        if not row.is_exact or row.http is None or row.http < 300:
            continue
        for message in row.messages:
            pieces = re.split(r"\{[^}]*\}", message.split("[", 1)[0])
            words = max(pieces, key=len).strip(". :").lower()
            if len(words) > 14 and words in lowered and (best is None or len(words) > best[0]):
                best = (len(words), row.code, _sentence(text, lowered.find(words), pieces[0]), row.http)
    if best is not None:
        names = ("code", "message") if isinstance(best[1], int) else ("error", "reason")
        return _Said(json.dumps({names[0]: best[1], names[1]: best[2]}), best[3], is_guessed=True)
    word = next(
        (
            match
            for match in _OAUTH_WORD.finditer(text)
            if not _FORBIDDEN_BEFORE.search(text[max(0, match.start() - 60) : match.start()])
        ),
        None,
    )
    if word is not None:
        name = word[0].lower()
        reason = _sentence(text, word.start(), "")
        return _Said(json.dumps({"error": _OAUTH_WORDS.get(name, name), "reason": reason}), 400, is_guessed=False)
    named = next(_named_codes(lowered), None)
    return (
        None if named is None else _Said(json.dumps({"code": named[0], "message": ""}), named[1], is_guessed=False)
    )


def _named_codes(text: str) -> Iterator[tuple[int | str, int]]:
    for _, match in zip(range(_MOST_CODES), _NAMED_CODE.finditer(text), strict=False):
        code = int(match[1])
        rows = [row for row in sayings() if row.code == code and row.namespace in {"rest", "oauth"}]
        if rows and code not in {200, 300, 429} and (rows[0].http or rows[0].namespace == "oauth"):
            yield code, rows[0].http or 400


def _sentence(text: str, start: int, lead: str) -> str:
    """Return the line's rest from where Zoom's words begin, ``lead`` first."""
    begin = text.lower().rfind(lead.lower(), max(0, start - 120), start) if lead else -1
    start = begin if begin >= 0 else start
    end = text.find("\n", start)
    return text[start : min(end if end >= 0 else len(text), start + 400)].strip(" \"'\u201d}`")
