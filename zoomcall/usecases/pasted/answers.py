"""Reads pasted answers: complete ones with headers, a status line, a program's error message, or prose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice, product
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import lacks_scopes
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.value import Discreet
from zoomcall.knowledge.lexicon import ZoomSaying, sayings
from zoomcall.usecases.pasted.balanced import end_of_json, json_of, straightened
from zoomcall.usecases.pasted.http_message import read_headers
from zoomcall.usecases.pasted.objects import objects_around

_LOOK_BACK = 2000
_SAME_PLACE = 400
_MOST_HEADS = 200
_MOST_CODES = 50
_DEEPEST = 8

_PHRASES = [status.phrase for status in HTTPStatus if status >= 200] + ["Unprocessable Content", "Gateway Time-out"]
_STATUS_WORDS = {re.sub(r"\W", "", status.phrase).lower(): status.value for status in HTTPStatus if status >= 200}
_REASON = "(?:" + "|".join(re.escape(phrase) for phrase in _PHRASES) + ")"
_STATUS_LINE = re.compile(
    r"^[ \t]{0,8}(?:<{1,2}[ \t]?)?HTTP(?:/\d(?:\.\d)?|(?=[ \t]+\d{3}[ \t]*$))[ \t]+(\d{3})\b"
    r"(?![ \t]*[\"'])[^\n]{0,200}$",
    re.MULTILINE,
)
_LEAD = r"^[ \t]{0,16}(?:(?://|\#|--|\*|>|<|=>|->|\u2192|\u21d2|\u2026|REM)[ \t]{0,4}){0,3}"
_FORMS = (
    re.compile(
        r"(?:\bStatus ?Code|\b[Ss]tatus[_ ]code|[\"']statusCode|\bkind: Status\()[\"']?[ \t]{0,4}[:=]?[ \t]{0,4}"
        r"(?<=[:= (])[\"']?(\d{3}|[A-Za-z]{2,30})\b"
    ),
    re.compile(rf"\(?(?<![\d.,:])\b(\d{{3}})\)?[ \t]{{0,4}}\(?(?<=[( )]){_REASON}\b\)?", re.IGNORECASE),
    re.compile(
        r"\bstatus code(?: of| is| was)?[ \t]{0,4}:?[ \t]{0,4}(\d{3})\b(?!\s{0,4}[)=])|<Response \[(\d{3})[ \]]"
        r"|\b(\d{3}) (?:Client|Server) Error\b|\bHTTP/\d(?:\.\d)?\" (\d{3})\b"
        r"|[Rr]esponse\{[^{}\n]{0,80}\bcode=(\d{3})\b|\breturned code (\d{3})\b"
        r"|\[(\d{3}) [A-Z][A-Za-z ]{2,30}\] during "
        r"|\b(?:Client|HTTP|Response)\w*Error: (\d{3})\b"
        r"|\bHTTP(?:[_ ]Status| Error| Code| status code)?[ \t]{0,2}:?[ \t]{0,2}(\d{3})\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_LEAD}(?:(?:Response|Answer|Result|Status|Output|Returns?|Zoom|Error|Got|Body)"
        r"[ \t]{0,4}[:=]?[ \t]{0,4}){0,3}"
        rf"([1-5]\d\d)(?=[ \t]{{0,4}}(?:[:{{\u2026-]|{_REASON}|$))",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(
        r"(?:[\"'\[]\+?(?:http_?)?(?:status(?:_?code)?|errorcode|httpcode)[\"'\]]{1,2}[ \t]{0,4}(?:=>|->|[:=])"
        r"|\b(?:http_?)?status(?:_?code)?[ \t]{0,4}=>|(?<![\w.(])status=)[ \t]{0,4}(?:int\()?[\"']?([1-5]\d\d)\b",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\d.,:])\b([1-5]\d\d)(?:[ \t]{{1,3}}|:[ \t]?|[_-]){_REASON}\b", re.IGNORECASE),
    re.compile(
        r"\b(?:get|gets|getting|got|returns?|returned|returning|answers?|answered|responds?|responded|replies|replied"
        r"|response|reply|receives?|received|receiving|status|error|with|is|was)\b"
        r"[ \t:\u2018\u2019\u201c\u201d'\"`*_(a-zA-Z-]{0,30}?"
        r"[ \t(\"'`*\u2018\u201c]([1-5]\d\d)\b(?![\d.:/@-]*\d)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?::[ \t]|^[^\n]{0,80}\.[ \t]|(?:\A|/\S{1,400})[ \t]{1,4})\[([1-5]\d\d)\](?=[ \t]|$)"
        r"|\[([1-5]\d\d)\](?=[ \t]?\[\d{3,5}\][ \t])"
        r"|(?:\A|/\S{1,400})[ \t]{1,4}(?:[-=]>|\u2192|\u21d2)[ \t]{0,4}([1-5]\d\d)(?=[ \t]{0,4}(?:\{|$))",
        re.MULTILINE,
    ),
)
_FORBIDDEN_BEFORE = re.compile(r"[=!<>](?:=\s*|\s+)$|[!<>]$|\bif\b[^\n]*$|\w\($")
_OF_PREFLIGHT = re.compile(r"Access-Control-|\bpreflight", re.IGNORECASE)

_OAUTH_NAMES = (
    "access_denied|authorization_pending|expired_token|(?:invalid|unsupported)[_ ][a-z_ ]{3,30}|server_error"
    "|slow_down|temporarily_unavailable|unauthorized_client"
)
_CODE = re.compile(
    r"[\"\u201c\u201d]?\b(?:code|reason)[\"\u201c\u201d]\s{0,9}:\s{0,9}[\"\u201c]?[-\w]"
    rf"|\berror[\"\u201c\u201d]\s{{0,9}}:\s{{0,9}}[\"\u201c](?:{_OAUTH_NAMES})\b",
    re.IGNORECASE,
)
_IS_ANSWER = re.compile(r'"(?:code"\s{0,9}:\s{0,9}"?-?\d{1,9}\b|reason"\s{0,9}:|error"\s{0,9}:\s{0,9}")')
_OAUTH_ERROR = re.compile(rf'"error"\s{{0,9}}:\s{{0,9}}"(?:{_OAUTH_NAMES})"')
_NUMBER = re.compile(r'"code"\s{0,9}:\s{0,9}"?(\d{4,5})\b')
_PRINTED = re.compile(
    r"(?:[\"'`\[:+]{0,3})\b(?P<name>code|error|errorCode|error_code|reason)[\"'`\]]{0,2}\s{0,9}(?:=>|:|=(?!=))\s{0,9}"
    r"(?:int\(|string\(\d+\)\s?)?[\"'`]?(?P<value>-?\d{3,5}\b|[A-Za-z]\w{2,40})"
)
_LISTED = (
    re.compile(
        r"^[ \t]*[\"']?(?P<name>code|error)[\"']?[ \t]*[:=][ \t]*[\"']?(?P<code>\d{3,5}|\w{3,40})[\"']?,?[ \t]*\n"
        r"[ \t]*[\"']?(?:message|reason)[\"']?[ \t]*[:=][ \t]*(?P<text>\S[^\n]{0,600})",
        re.MULTILINE,
    ),
    re.compile(
        r"^[ \t]*code[ \t]+message[ \t]*\n[ \t]*-+[ \t]+-+[ \t]*\n"
        r"[ \t]*(?P<code>\d{3,5})[ \t]+(?P<text>\S[^\n]{0,600})",
        re.MULTILINE,
    ),
    re.compile(r"<code>(?P<code>\d{3,5})</code>\s{0,9}<message>(?P<text>[^<\n]{1,600})"),
    re.compile(r"\[[1-5]\d\d\][ \t]?\[(?P<code>\d{3,5})\][ \t](?P<text>\S[^\n]{0,600})"),
    re.compile(r"\bcode=(?P<code>\d{3,5})[ \t]+(?:message|msg)=\"(?P<text>[^\"\n]{1,600})"),
)
_OAUTH_WORD = re.compile(
    r"\b(?:unsupported_grant_type|unsupported grant type|invalid_grant|invalid_client|unauthorized_client"
    r"|invalid_redirect(?:_uri)?|Invalid redirect(?: ur[il])?|Invalid authorization code|Redirect URI mismatch)\b"
    r"(?!\s*[=(])",
    re.IGNORECASE,
)
_OAUTH_WORDS = {
    "unsupported grant type": "unsupported_grant_type",
    "invalid authorization code": "invalid_grant",
}
_SENTENCE = (
    r"(?:[ \t]{0,4}[:\u2013-]|[ \t]*\n)[ \t]{0,4}(?P<words>[A-Z][a-z']{0,20} [^\n{<:]{5,200}\.)[ \t]*(?:\n|\Z)"
)
_HTML = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_NOISE = re.compile(r"^(?:[*{}<>][ \t].*|[<>]|\* .*)$\n?", re.MULTILINE)
_LOOSE_HEADERS = (
    (
        "date",
        re.compile(
            r"\bdate[\"']?\s{0,4}(?:=>|[:=,])\s{0,4}[\[{(]?\s{0,4}[\"']?"
            r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)",
            re.IGNORECASE,
        ),
    ),
    (
        "x-zm-trackingid",
        re.compile(r"\bx-zm-trackingid[\"']?\s{0,4}[:=]\s{0,4}[\"']?([A-Za-z0-9_=+/.-]{4,100})", re.IGNORECASE),
    ),
)
_NAMED_CODE = re.compile(
    r"\b(?:error|code|zoom)[ \t]{0,4}(?:code)?[ \t]{0,4}[:=#]?[ \t]{0,4}[\"'`(]{0,2}(\d{3,5})\b", re.IGNORECASE
)


class PastedAnswer(Discreet, frozen=True):
    """An answer, as far as it could be read.

    Attributes:
        raw: The answer; its method and path are the request's.
        has_body: Whether a body, or that there is none, was to be seen.
        is_inferred: The status is not in the text; it is the one that Zoom's code comes with.
        is_code_guessed: The code is not in the text; it is the one that Zoom's words come with.
        is_one_of_several: The text has other sentences of Zoom's, which mean something else, and no status.
        words: The sentence that follows a status without a body.
    """

    unshown: ClassVar = frozenset({"raw"})

    raw: RawAnswer
    has_body: bool
    is_inferred: bool = False
    is_code_guessed: bool = False
    is_one_of_several: bool = False
    words: str | None = None


class _Found(Struct, frozen=True):
    """What was found of an answer, and how: see ``PastedAnswer``."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    is_inferred: bool = False
    is_guessed: bool = False
    is_one_of_several: bool = False


def read_answer(before: str, after: str, *, method: str, path: str, is_oauth: bool) -> PastedAnswer | None:
    """Find the answer to a request in the text after it, or else before it."""
    for finder, text in product((_head, _told, _bare), (after, before)):
        if (found := finder(text)) is not None:
            break
    else:
        return None
    if not found.body and found.status >= 300:
        near, said = _json_answer(after) or _json_answer(before), None
        if not near and finder is _told:
            said = _saying(text) or _saying(before[-_SAME_PLACE:].rpartition("\n\n")[2])
        guessed = said is not None and said.is_guessed
        found = replace(found, body=near if said is None else said.body, is_guessed=guessed)
    body = _OAUTH_ERROR.sub(lambda match: re.sub(r"(?<=\w) (?=\w)", "_", match[0]), found.body or "")
    raw = RawAnswer(
        method=method,
        path=path,
        status=found.status,
        headers=found.headers or _loose_headers(text),
        body=body.encode("utf-8", "replace"),
        is_oauth=is_oauth or _is_oauth(body),
    )
    has_body = bool(body) or ("content-length", "0") in found.headers
    words = None if has_body or found.status < 300 else re.search(rf"\b{found.status}{_SENTENCE}", text)
    return PastedAnswer(
        raw,
        has_body=has_body,
        is_inferred=found.is_inferred,
        is_code_guessed=found.is_guessed,
        is_one_of_several=found.is_one_of_several,
        words=None if words is None else words["words"],
    )


def _is_oauth(body: str) -> bool:
    """Return whether only the token endpoint speaks like that."""
    if _OAUTH_ERROR.search(body):
        return True
    code = _NUMBER.search(body)
    return code is not None and {row.namespace for row in sayings() if row.code == int(code[1])} == {"oauth"}


def _head(text: str) -> _Found | None:
    """Read an answer that begins with ``HTTP/``; of several the last that is final."""
    heads = islice(_STATUS_LINE.finditer(text), _MOST_HEADS)
    final = [head for head in heads if head[1] >= "200" and "connection established" not in head[0].lower()]
    if not final:  # or a proxy's only
        return None
    headers, end = read_headers(text, final[-1].end(), mark="<", is_answer=True)
    body = straightened(_NOISE.sub("", text[end:])).strip()
    if body[:1] in {"{", "["}:
        after = end_of_json(body, 0)
        is_cut = after is None or (_IS_ANSWER.search(body, 0, after) is None and _CODE.search(body) is not None)
        body = body if is_cut else body[:after]
    elif not _HTML.search(body[:500]):
        body = _json_answer(body) or ""
    return _Found(int(final[-1][1]), tuple((name.lower(), value) for name, value in headers), body)


def _told(text: str) -> _Found | None:
    """Read a status that a program, a tool or a person tells, with the JSON near it."""
    for pattern in _FORMS:
        for match in islice(pattern.finditer(text), _MOST_HEADS):
            word = next(group for group in match.groups() if group is not None)
            status = int(word) if word.isdigit() else _STATUS_WORDS.get(word.lower(), 0)
            start = text.index(word, match.start())
            if not 200 <= status <= 599 or _FORBIDDEN_BEFORE.search(text[max(0, match.start() - 60) : start]):
                continue
            if status < 300 and _OF_PREFLIGHT.search(text, text.rfind("\n", 0, start) + 1, start):
                continue
            page = _HTML.search(text, match.end(), match.end() + 4000)
            html = text[page.start() :] if page else None
            return _Found(status, body=_json_answer(text) or html)
    return None


def _bare(text: str) -> _Found | None:
    """Read Zoom's JSON, or its code or words, without a status."""
    body = _json_answer(text)
    if body is None:
        return _saying(text)
    raw = RawAnswer(method="", path="", status=400, body=body.encode("utf-8", "replace"), is_oauth=True).read()
    words = (raw.message or "").lower()
    rows = [row for row in sayings() if row.code == raw.code and row.http is not None and row.http >= 300]
    fitting = [row for row in rows if any(text.lower().rstrip(".") in words for text in row.messages)]
    return _inferred(next((row.http for row in fitting or rows), None), body)


def _inferred(
    status: int | None, body: str, *, is_guessed: bool = False, is_one_of_several: bool = False
) -> _Found:
    return _Found(
        status or 400, body=body, is_inferred=True, is_guessed=is_guessed, is_one_of_several=is_one_of_several
    )


def _loose_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Find the headers that are used wherever they stand."""
    found = ((name, pattern.search(text)) for name, pattern in _LOOSE_HEADERS)
    return tuple((name, match[1]) for name, match in found if match)


def _json_answer(text: str) -> str | None:
    """Find Zoom's JSON, though its quotation marks may be curly and its text broken."""
    for match in islice(_CODE.finditer(text), _MOST_CODES):
        begin = text.rfind("{", max(0, match.start() - _LOOK_BACK), match.start() + 1)
        if begin < 0:
            continue
        candidate = straightened(text[begin:])
        if candidate.startswith('{\\"'):
            candidate = candidate.replace('\\"', '"')
        end = end_of_json(candidate, 0)
        whole = candidate[:end] if end is not None else candidate.split("\n\n", 1)[0]
        if not _IS_ANSWER.search(whole) or not re.search(r'"(?:message|reason|error)"', whole):
            continue
        line = candidate.split("\n", 1)[0]
        if end is not None and '"message' in whole and json_of(whole) is None and "}" in line[end:]:
            whole = line  # Zoom's scope refusals hold bare quotation marks, so that it seemed to end
        value = json_of(whole)
        is_librarys = isinstance(value, dict) and re.fullmatch(r"[A-Z][A-Z_]+", str(value.get("code")))
        inner = _answer_in(value) if is_librarys else None  # as in an AxiosError, whose own code is a word
        return whole if inner is None else json.dumps(inner)
    return _printed_answer(text)


def _printed_answer(text: str) -> str | None:
    """Find Zoom's members in an object as any program prints it, or one beside the other."""
    for match in islice(_PRINTED.finditer(text), _MOST_CODES):
        for value, _, _ in objects_around(straightened(text), match.start("value")):
            if (members := _answer_in(value)) is not None:
                return json.dumps(members)
    listed = next((found for pattern in _LISTED if (found := pattern.search(text)) is not None), None)
    if listed is None:
        return None
    names = ("error", "reason") if listed.groupdict().get("name") == "error" else ("code", "message")
    code, words = listed["code"], listed["text"].strip(" \t\"',")
    return json.dumps({names[0]: int(code) if code.isdigit() else code, names[1]: words})


def _answer_in(value: Any, depth: int = 0) -> dict[str, Any] | None:
    """Return the members of the innermost object that is an answer of Zoom's."""
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        code, message = value.get("code", value.get("errorCode")), value.get("message", value.get("errorMessage"))
        error, reason = value.get("error"), value.get("reason", value.get("error_description"))
        is_code = re.fullmatch(r"-?\d{3,5}", str(code)) and (str(code) not in {"200", "0"} or code == 200)
        if isinstance(message, str) and is_code:
            errors = {"errors": value["errors"]} if "errors" in value else {}
            return {**errors, "code": int(str(code)), "message": message}
        if isinstance(error, str) and re.fullmatch(r"\w{3,40}", error) and isinstance(reason, str):
            return {"error": error, "reason": reason}
    inner = value.values() if isinstance(value, dict) else value
    return next((found for one in inner if (found := _answer_in(one, depth + 1)) is not None), None)


def _saying(text: str) -> _Found | None:
    """Find one of Zoom's texts, or a code that is named as one, in prose."""
    lowered = straightened(text).lower()
    found = [(len(words), row, words, lead) for row, words, lead in _exact_words() if words in lowered]
    if found:
        _, row, words, lead = max(found, key=lambda one: one[0])
        names = ("code", "message") if isinstance(row.code, int) else ("error", "reason")
        place = lowered.find(words)
        if row.code == 124 and lacks_scopes(lowered[place : place + 80]):
            row = next(other for other in sayings() if other.code == 4711)
        said = {names[0]: row.code, names[1]: _sentence(text, place, words, lead)}
        others = {other.code for _, other, said, _ in found if said not in words} - {row.code}
        is_read = re.search(rf"(?<!\d){row.code}\W{{0,4}}$", text[max(0, place - 12) : place]) is not None
        return _inferred(row.http, json.dumps(said), is_guessed=not is_read, is_one_of_several=bool(others))
    for match in _OAUTH_WORD.finditer(text):
        if not _FORBIDDEN_BEFORE.search(text[max(0, match.start() - 60) : match.start()]):
            name = match[0].lower()
            reason = _sentence(text, match.start(), match[0], "")
            name = "invalid_redirect_uri" if "redirect" in name else _OAUTH_WORDS.get(name, name)
            is_guessed = name != match[0].lower()
            return _inferred(None, json.dumps({"error": name, "reason": reason}), is_guessed=is_guessed)
    for match in islice(_NAMED_CODE.finditer(lowered), _MOST_CODES):
        rows = [row for row in sayings() if row.code == int(match[1]) and row.namespace in {"rest", "oauth"}]
        is_telling = rows and match[1] not in {"200", "300", "429"}
        if is_telling and (rows[0].http or rows[0].namespace == "oauth"):
            return _inferred(rows[0].http, json.dumps({"code": int(match[1]), "message": ""}))
    return None


def _exact_words() -> Iterator[tuple[ZoomSaying, str, str]]:
    """Yield Zoom's own texts of refusals: the row, its longest words without names, and its beginning."""
    for row in sayings():
        for message in row.messages if row.is_exact and row.http is not None and row.http >= 300 else ():
            pieces = re.split(r"\{[^}]*\}", message.split("[", 1)[0])
            words = max(pieces, key=len).strip(". :").lower()
            if len(words) > 14:
                yield row, words, pieces[0]


def _sentence(text: str, start: int, words: str, lead: str) -> str:
    """Return the line's rest from where Zoom's words begin, ``lead`` first, up to where a program goes on."""
    begin = text.lower().rfind(lead.lower(), max(0, start - 120), start) if lead else -1
    begin = begin if begin >= 0 else start
    line = text[begin : start + 400].split("\n", 1)[0]
    behind = max(start - begin + len(words), line.find("]") if words.endswith("scopes") else 0)
    end = re.compile(r"(?P<whole>\.)?(?:[\"'}<](?!\w)| [()])").search(line, behind)
    return line[: end.start() + bool(end["whole"]) if end else 400].strip(" \"'\u201d}`<(")
