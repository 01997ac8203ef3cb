"""Reads requests that a tool keeps as data: HAR files, collections, workflows, playbooks, dumps of options."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from zoomcall.domain.raw_answer import RawAnswer, iso_time
from zoomcall.knowledge.facts import Part
from zoomcall.knowledge.placeholder import has_placeholder
from zoomcall.usecases.pasted.balanced import json_of
from zoomcall.usecases.pasted.objects import Unreadable, objects_around, read_object
from zoomcall.usecases.pasted.pieces import FORM, JSON, VERBS, Form, PastedRequest
from zoomcall.usecases.pasted.source_values import Partial

_MOST_REQUESTS = 40
_MOST_ENTRIES, _MOST_RECORDED, _MOST_ROWS = 20_000, 2000, 200
_LONGEST_TEXT, _DEEPEST_LOG = 262_144, 6
_MOST_LINES = 4000
_MOST_NODES = 20_000
_DEEPEST = 24
_PLACES: Mapping[str, tuple[str, ...]] = {
    "url": ("url.raw", "url.value", "url", "uri", "requesturl", "apiendpoint", "endpoint", "href", "resource"),
    "base": ("baseurl", "base_url", "baseuri", "base_uri", "host"),
    "query": ("qs", "queries", "queryparameters.parameters", "queryparameters", "query", "params"),
    "method": ("method", "verb", "httpmethod", "requestmethod", "type"),
    "headers": (
        "headers", "header", "headerparameters.parameters", "headerparameters", "http_headers", "requestheaders",
        "customheaders", "request_headers",
    ),
    "body": (
        "body.raw", "body.text", "body.urlencoded[]", "body.formdata[]", "body.params[]", "body.body",
        "body.$content",
        "json", "jsonbody", "bodyparameters.parameters", "bodyparameters", "body_params", "form_params",
        "body.content", "body", "data", "payload", "postdata.text", "postdata", "content",
        "request_body", "requestbody",
    ),
    "type": ("body.mimetype", "body.contenttype", "body.options.raw.language", "body_format", "contenttype",
             "content_type", "bodytype", "specifybody"),
    "auth": ("auth", "authentication"),
    "token": ("bearer.token", "oauth2.accesstoken", "token", "accesstoken", "bearer"),
    "user": ("basic.username", "username"),
    "password": ("basic.password", "password"),
}  # fmt: skip
"""Where Postman, Insomnia, Bruno, n8n, Power Automate, Workato, Home Assistant, Ansible and others keep what."""
_ROW_NAMES = ("key", "name")

_ZOOMISH = re.compile(
    r"zoom\.us|zoomgov\.com|videosdk/|live_meetings/|/oauth/token|/meetings/|/users/|/events?\b", re.IGNORECASE
)
_URL_KEY = re.compile(
    r"(?:[\"'\[:]|\b)(?:url|uri|endpoint|requestUrl)[\"'\]]{0,2}\s{0,4}(?:=>|:|=)\s{0,4}[\"'`]?(?=\S{0,200}(?:zoom|live_meetings|videosdk))",
    re.IGNORECASE,
)
_IS_REQUEST = re.compile(
    r"[\[{\s]+[\"']?:?(?:url|uri|method|type|name|info|item|nodes|inputs|request|config|headers|base_?url|endpoint)\b",
    re.IGNORECASE,
)
_INTRINSIC = re.compile(r"\AStates\.Format\('([^']*)'.*\)\Z", re.DOTALL)
_CODE = re.compile(r"[({]\s*$|^ *[\w'\"]+ *: .*,$|;$", re.MULTILINE)
_BRU = re.compile(
    r"^(?P<name>get|post|put|patch|delete|headers|body|auth)(?::(?P<sort>[\w-]+))? \{\n"
    r"(?P<text>(?:(?!\}|\w+(?::[\w-]+)? \{\n)[^\n]*\n)*)\}",  # up to the brace, or to another block
    re.MULTILINE,
)
_YAML_URL = re.compile(r"^ *(?:- )?(?:url|uri|endpoint|resource) *: +\S", re.MULTILINE)
_YAML_PARTS = re.compile(r"^ *(?:headers?|body|payload|data|json|args|with) *:", re.MULTILINE)
_YAML_LINES = re.compile(
    r"^(?P<head>(?P<margin> *)(?:- +)*[^\n:#]{1,80}: +)[|>][^\n]*\n(?P<block>(?:(?P=margin) +[^\n]*\n|[ \t]*\n)*)",
    re.MULTILINE,
)
_YAML_LINE = re.compile(
    r"^(?P<indent> *)(?P<dash>(?:- +)*)"
    r"(?:(?P<name>\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'|[\w$][\w ./-]{0,80}?) *:(?: +(?P<value>\S.*)| *)"
    r"|(?P<bare>[^\s#].*))$",
    re.MULTILINE,
)
_HAR_ZOOMISH = re.compile(r"zoom\.us|zoomgov\.com|/videosdk/|/live_meetings/|/oauth/token", re.IGNORECASE)
_SANITISED = "the Authorization header, which browsers omit from saved HAR files"
_UNANSWERED = (
    "the answer: the browser recorded none, because it was not allowed to read it or the connection failed"
)


def read_har(text: str) -> tuple[PastedRequest, ...] | None:
    """Read the requests to Zoom in a HAR file, or in an entry copied out of one; None if the text is neither."""
    bare = text.lstrip("\ufeff \t\r\n")
    entries = _entries(json_of(bare) if bare[:1] in {"{", "["} and '"request"' in bare else None)
    if entries is None:
        return None
    found = (_recorded(_dict(entry)) for entry in entries[:_MOST_ENTRIES])
    return tuple(islice((request for request in found if request is not None), _MOST_RECORDED))


def _entries(document: object, depth: int = 0) -> list[Any] | None:
    """Return the entries of a HAR file, even inside another document, or the one that was copied out of it."""
    members = _dict(document)
    entries = members.get("entries")
    if isinstance(entries, list) and any(isinstance(_dict(entry).get("request"), dict) for entry in entries):
        return entries
    if not depth and all(isinstance(members.get(name), dict) for name in ("request", "response")):
        return [document]
    inner = members.values() if members else document if isinstance(document, list) else ()
    found = (_entries(one, depth + 1) for one in inner if depth < _DEEPEST_LOG)
    return next((entries for entries in found if entries is not None), None)


def _recorded(entry: dict[str, Any]) -> PastedRequest | None:
    """Read a request to Zoom that a browser recorded, with its answer; None if it is another, or a preflight."""
    request, response = _dict(entry.get("request")), _dict(entry.get("response"))
    method, url = _verbatim(request.get("method")).upper(), _verbatim(request.get("url"))
    if not _HAR_ZOOMISH.search(url) or method == "OPTIONS":
        return None
    headers, posted = _rows(request.get("headers")), _dict(request.get("postData"))
    sent_at, took = iso_time(entry.get("startedDateTime")), entry.get("time")
    is_timed = isinstance(took, int | float) and not isinstance(took, bool) and 0 <= took < 10**7
    duration = timedelta(milliseconds=took) if isinstance(took, int | float) and is_timed else timedelta()
    status, content = response.get("status"), _dict(response.get("content"))
    answer = None
    if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
        answer = RawAnswer(
            method=method,
            path=url,
            status=status,
            headers=tuple((name.lower(), value) for name, value in _rows(response.get("headers"))),
            body=_unpacked(_verbatim(content.get("text")), is_base64=content.get("encoding") == "base64"),
            received_at=None if sent_at is None or sent_at.year == 9999 else sent_at + duration,
        )
    is_signed = any(name.lower() in {"authorization", "x-api-key"} for name, _ in headers)
    return PastedRequest(
        form=Form.HAR,
        method=method,
        url=url,
        headers=headers,
        body=_verbatim(posted.get("text")) or urlencode(_rows(posted.get("params"))),
        is_whole=is_signed,
        answer=answer,
        sent_at=sent_at,
        not_understood=(*(() if is_signed else (_SANITISED,)), *(() if answer is not None else (_UNANSWERED,))),
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _verbatim(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _rows(given: object) -> tuple[tuple[str, str], ...]:
    """Return rows of a name and a value each, but for the first line's of HTTP/2."""
    rows = [_dict(row) for row in given[:_MOST_ROWS]] if isinstance(given, list) else []
    pairs = ((_verbatim(row.get("name")), _verbatim(row.get("value"))) for row in rows)
    return tuple((name, value) for name, value in pairs if name and not name.startswith(":"))


def _unpacked(text: str, *, is_base64: bool) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii", "replace")) if is_base64 else text.encode("utf-8", "replace")
    except ValueError:
        return b""


def read_tool_file(text: str) -> tuple[PastedRequest, ...] | None:
    """Read the requests in a text that as a whole is one document; None if it is none."""
    bare = text.lstrip()
    start, end = len(text) - len(bare), len(text)
    value: Any = None
    if bare[:1] in {"{", "["}:
        value = json_of(bare)
        if value is None and _IS_REQUEST.match(bare):
            try:
                value, end = read_object(text, start)
            except Unreadable:
                return None
    elif "url" in (blocks := _read_bru(text)):
        value = blocks
    elif _YAML_URL.search(text) and _YAML_PARTS.search(text) and not _CODE.search(text):
        value = _read_yaml(text)
    return tuple(_requests(value, start, end)) or None


def read_printed_requests(text: str) -> Iterator[PastedRequest]:
    """Read the requests that a program printed as objects in the middle of a text."""
    for match in islice(_URL_KEY.finditer(text), _MOST_REQUESTS):
        for value, start, end in objects_around(text, match.end()):
            requests = list(_requests(value, start, end))
            if requests:
                yield from requests
                break


def _requests(value: Any, start: int, end: int) -> Iterator[PastedRequest]:
    """Walk through a document; what is set for a whole collection holds for what is in it."""
    found = 0
    waiting: list[tuple[Any, Any, int]] = [(value, None, 0)]
    for _ in range(_MOST_NODES):
        if not waiting or found >= _MOST_REQUESTS:
            return
        node, auth, depth = waiting.pop()
        if isinstance(node, dict):
            auth = _look(node, "auth")[1] or auth
            request = _request(node, auth, start, end)
            if request is not None:
                found += 1
                yield request
                continue
        if isinstance(node, dict | list) and depth < _DEEPEST:
            inner = list(node.values()) if isinstance(node, dict) else node
            waiting += [(one, auth, depth + 1) for one in reversed(inner) if isinstance(one, dict | list)]


def _look(members: Any, what: str) -> tuple[str, Any]:
    """Return the first place of the table that has something, and what it has."""
    for path in _PLACES[what]:
        value = members
        for name in path.removesuffix("[]").split("."):
            value = _table(value).get(name)
        if value is not None and (isinstance(value, list) or not path.endswith("[]")):
            return path, value
    return "", None


def _table(value: Any) -> dict[str, Any]:
    """Return an object's members, or rows of names and values, by their names in lower case."""
    if isinstance(value, list):
        value = _pairs(value)
    if not isinstance(value, dict):
        return {}
    return {str(name).lower().replace("-", "_").removesuffix(".$"): inner for name, inner in value.items()}


def _pairs(rows: list[Any]) -> dict[str, Any]:
    """Return rows of a name and a value each, however they are written, as an object."""
    pairs: dict[str, Any] = {}
    for row in rows:
        if isinstance(row, dict) and not row.get("disabled"):
            name = next((row[name] for name in _ROW_NAMES if row.get(name)), None)
            pairs |= {str(name): row.get("value")} if name is not None else {}
        elif isinstance(row, list) and len(row) == 2:
            pairs[str(row[0])] = row[1]
        elif isinstance(row, str) and ":" in row:
            name, _, text = row.partition(":")
            pairs[name.strip()] = text.strip()
    return pairs


def _request(members: Mapping[str, Any], auth: Any, start: int, end: int) -> PastedRequest | None:
    url = _url(members)
    method = _text(_look(members, "method")[1]).upper()
    body, kind = _body(members)
    given = _look(members, "headers")[1]
    if isinstance(given, str):
        given = _yaml_scalar(given) if given.lstrip().startswith("{") else given.strip().splitlines()
    rows = _pairs(given) if isinstance(given, list) else given if isinstance(given, dict) else {}
    headers = [(str(name), _text(value)) for name, value in rows.items() if not isinstance(value, dict)]
    is_zooms = bool(_ZOOMISH.search(url)) or "invite" in (body or "")
    if not url or not is_zooms or not (method in VERBS or headers or body):
        return None
    names = {name.lower(): value for name, value in headers}
    headers += [("Content-Type", kind)] if kind and "content-type" not in names else []
    unsure = {Part.BODY} if body is None or isinstance(body, Partial) else set()
    basic = None
    if "authorization" in names:
        value = names["authorization"]
        is_bare = has_placeholder(value) and not value.lower().startswith(("bearer ", "basic "))
        unsure |= {Part.AUTHORIZATION} if is_bare else set()
    else:
        header, basic, is_guessed = _authorization(auth)
        headers += [("Authorization", header)] if header else []
        unsure |= {Part.AUTHORIZATION} if is_guessed else set()
    return PastedRequest(
        form=Form.OBJECT,
        start=start,
        end=end,
        method=method if method in VERBS else "",
        url=url,
        headers=tuple(headers),
        body=body,
        basic=basic,
        unsure=frozenset(unsure),
    )


def _url(members: Mapping[str, Any]) -> str:
    url, base = _text(_look(members, "url")[1]), _text(_look(members, "base")[1])
    if base and url and "://" not in url and not url.startswith("{"):
        url = f"{base.rstrip('/')}/{url.lstrip('/')}"
    query = _look(members, "query")[1]
    query = _pairs(query) if isinstance(query, list) else query
    if url and isinstance(query, dict) and "grant_type" in query and "?" not in url:
        url = f"{url}?{urlencode({name: _text(value) for name, value in query.items()})}"
    return url


def _body(members: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the body, None if it is not known, and the type that the tool gives it by itself."""
    place, given = _look(members, "body")
    if isinstance(given, dict) and ({"code", "message"} <= given.keys() or {"error", "reason"} <= given.keys()):
        return None, None  # the answer's
    stated = f"{place} {_text(_look(members, 'type')[1])}".lower()
    is_object = isinstance(given, dict | list)
    is_form = "form" in stated.replace("formdata", "") or "urlencoded" in stated
    kind = FORM if is_form else JSON if "json" in stated.removeprefix("json" * (not is_object)) else None
    if isinstance(given, list) and any(isinstance(row, dict) and set(_ROW_NAMES) & row.keys() for row in given):
        given = {name: _text(value) for name, value in _pairs(given).items()}
    if isinstance(given, dict) and is_form:
        return urlencode({name: _text(value) for name, value in given.items()}), kind
    if isinstance(given, dict | list):
        try:
            return json.dumps(given, ensure_ascii=False), kind
        except (TypeError, ValueError, RecursionError):
            return None, kind
    text = "" if isinstance(given, bool) else _text(given)
    return (text, kind) if text.startswith(("{", "[")) or "=" in text else (None, kind if text else None)


def _authorization(auth: Any) -> tuple[str | None, str | None, bool]:
    """Return the header or the pair that a tool's own authorization sends, and whether that is a guess."""
    if isinstance(auth, list) and len(auth) == 2 and not isinstance(auth[0], dict):
        return None, ":".join(_text(part) or "{...}" for part in auth), False
    if not isinstance(auth, dict):
        return None, None, auth is not None
    kind = _text(auth.get("type")).lower()
    token = _text(_look(auth, "token")[1])
    if kind in {"bearer", "oauth2"} or (not kind and token):
        return f"Bearer {token or '{token}'}", None, False
    if kind == "apikey":
        rows = _table(auth.get("apikey", auth))
        is_header = _text(rows.get("key")).lower() == "authorization" and rows.get("in", "header") == "header"
        return (_text(rows.get("value")) if is_header else None), None, True
    user = _text(_look(auth, "user")[1])
    if user or kind == "basic":
        return None, f"{user or '{id}'}:{_text(_look(auth, 'password')[1]) or '{secret}'}", False
    return None, None, True


def _text(value: Any) -> str:
    if isinstance(value, str):
        text: str = _INTRINSIC.sub(lambda match: match[1].replace("{}", "{...}"), value)
        return (text[1:] if text[:1] == "=" else text).strip()  # as n8n marks its expressions
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _read_bru(text: str) -> dict[str, Any]:
    """Read a request of Bruno's, whose blocks have names like ``body:json``."""
    members: dict[str, Any] = {}
    for block in _BRU.finditer(text):
        lines = (line.partition(":") for line in block["text"].split("\n") if not line.lstrip().startswith("~"))
        rows = {name.strip(): value.strip() for name, colon, value in lines if colon}
        match block["name"]:
            case "body":
                members |= {"body": block["text"].strip(), "contentType": block["sort"]}
            case "headers":
                members["headers"] = rows
            case "auth":
                members["auth"] = rows | {"type": block["sort"]}
            case method:
                members |= {"method": method, "url": rows.get("url")}
    return members


_YamlRow = tuple[int, int, str | None, str]


def _read_yaml(text: str) -> Any:
    """Read YAML as leniently as people write it into posts: templates without quotation marks, cut-off blocks."""
    text = "\n".join(text.replace("\t", "  ").split("\n")[:_MOST_LINES])
    text = _YAML_LINES.sub(
        lambda found: found["head"] + json.dumps(_unindented(found["block"])) + "\n", text + "\n"
    )
    rows: list[_YamlRow] = [
        (len(line["indent"]), len(line["dash"]), line["name"], (line["value"] or line["bare"] or "").strip())
        for line in _YAML_LINE.finditer(text)
    ]
    return _yaml_block(rows, 0, 0)[0]


def _unindented(block: str) -> str:
    return "\n".join(line.strip() for line in block.rstrip("\n").split("\n"))


def _yaml_block(rows: list[_YamlRow], index: int, depth: int) -> tuple[Any, int]:
    """Read the rows of one block, which are indented alike; a list of one is that one."""
    items: list[Any] = []
    members: dict[str, Any] = {}
    begin, margin = index, sum(rows[index][:2]) if rows else 0
    while index < len(rows) and sum(rows[index][:2]) >= margin and depth < _DEEPEST:
        indent, dash, name, value = rows[index]
        if dash and index > begin and members:
            items.append(members)
            members = {}
        index += 1
        if name is None:
            items.append(_yaml_scalar(value))
        elif value:
            members[name.strip("\"'")] = _yaml_scalar(value)
        elif index < len(rows) and (
            sum(rows[index][:2]) > indent + dash or (rows[index][1] and rows[index][0] >= indent + dash)
        ):
            members[name.strip("\"'")], index = _yaml_block(rows, index, depth + 1)
    items += [members] if members else []
    return (items[0] if len(items) == 1 else items), index


def _yaml_scalar(value: str) -> Any:
    if value[:1] in {"{", "["} and not value.startswith("{{"):
        try:
            return read_object(value, 0)[0]
        except Unreadable:
            return value
    if value[:1] in "\"'" and (end := value.rfind(value[0])) > 0:
        return json_of(value[: end + 1], value[1:end])
    return re.sub(r"\s+#.*", "", value)
