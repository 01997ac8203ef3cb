"""Reads requests that a tool keeps as data: collections, workflows, playbooks, dumps of a client's options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from zoomcall.knowledge.facts import Part
from zoomcall.knowledge.placeholder import has_placeholder
from zoomcall.usecases.pasted.objects import Unreadable, objects_around, read_object
from zoomcall.usecases.pasted.pieces import Form, PastedRequest
from zoomcall.usecases.pasted.source_values import Partial

_MOST_REQUESTS = 40
_MOST_LINES = 4000
_MOST_NODES = 20_000
_DEEPEST = 24
_VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"

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
_INTRINSIC = re.compile(r"States\.Format\('([^']*)'.*\)\Z", re.DOTALL)
_CODE = re.compile(r"[({]\s*$|^ *[\w'\"]+ *: .*,$|;$", re.MULTILINE)
_BRU = re.compile(r"^(?P<method>get|post|put|patch|delete) \{\n(?P<rows>.*?)\n\}", re.MULTILINE | re.DOTALL)
_BRU_BLOCK = re.compile(
    r"^(?P<name>headers|body(?::[\w-]+)?|auth:\w+) \{\n(?P<text>.*?)\n\}", re.MULTILINE | re.DOTALL
)
_YAML_URL = re.compile(r"^ *(?:- )?(?:url|uri|endpoint|resource) *: +\S", re.MULTILINE)
_YAML_PARTS = re.compile(r"^ *(?:headers?|body|payload|data|json|args|with) *:", re.MULTILINE)
_YAML_LINE = re.compile(
    r"(?P<indent> *)(?P<dash>(?:- +)*)"
    r"(?:(?P<name>\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'|[\w$][\w ./-]{0,80}?) *:(?: +(?P<value>\S.*)| *)|(?P<bare>\S.*))"
)


def read_tool_file(text: str) -> tuple[PastedRequest, ...] | None:
    """Read the requests in a text that as a whole is one document; None if it is none."""
    bare = text.lstrip()
    start, end = len(text) - len(bare), len(text)
    value: Any = None
    if bare[:1] in {"{", "["}:
        try:
            value = json.loads(bare)
        except (ValueError, RecursionError):
            if not _IS_REQUEST.match(bare):
                return None
            try:
                value, end = read_object(text, start)
            except Unreadable:
                return None
    elif (found := _BRU.search(text)) is not None:
        value = _read_bru(text, found)
    elif _YAML_URL.search(text) and _YAML_PARTS.search(text) and not _CODE.search(text):
        value = _read_yaml(text)
    requests = tuple(_requests(value, start, end)) if isinstance(value, dict | list) else ()
    return requests or None


def read_printed_requests(text: str) -> Iterator[PastedRequest]:
    """Read the requests that a program printed as objects in the middle of a text."""
    for _, match in zip(range(_MOST_REQUESTS), _URL_KEY.finditer(text), strict=False):
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
    if not url or not is_zooms or not (method in _VERBS or headers or body):
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
        method=method if method in _VERBS else "",
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
    kind = _FORM if is_form else _JSON if "json" in stated.removeprefix("json" * (not is_object)) else None
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


def _read_bru(text: str, found: re.Match[str]) -> dict[str, Any]:
    """Read a request of Bruno's, whose blocks have names like ``body:json``."""
    rows = _rows_of_bru(found["rows"])
    members: dict[str, Any] = {"method": found["method"], "url": rows.get("url")}
    for block in _BRU_BLOCK.finditer(text):
        kind, _, sort = block["name"].partition(":")
        if kind == "body":
            members |= {"body": block["text"].strip(), "contentType": sort}
        else:
            members[kind] = _rows_of_bru(block["text"]) | ({"type": sort} if kind == "auth" else {})
    return members


def _rows_of_bru(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\n") if ":" in line and not line.lstrip().startswith("~"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read_yaml(text: str) -> Any:
    """Read YAML as leniently as people write it into posts: templates without quotation marks, cut-off blocks."""
    rows: list[tuple[int, str | None, str, int]] = []
    lines = text.split("\n")[:_MOST_LINES]
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        match = _YAML_LINE.fullmatch(line.replace("\t", "  ").rstrip())
        if match is None or line.lstrip().startswith("#"):
            continue
        indent = len(match["indent"]) + len(match["dash"])
        value = (match["value"] or match["bare"] or "").strip()
        if value[:1] in {"|", ">"}:
            block = []
            while index < len(lines) and (not lines[index].strip() or _indent(lines[index]) > len(match["indent"])):
                block.append(lines[index].strip())
                index += 1
            value = "\n".join(block)
            rows.append((indent, match["name"], "\0" + value, len(match["dash"])))
            continue
        rows.append((indent, match["name"], value, len(match["dash"])))
    value, _ = _yaml_block(rows, 0, rows[0][0] if rows else 0)
    return value


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _yaml_block(
    rows: list[tuple[int, str | None, str, int]], index: int, indent: int, depth: int = 0
) -> tuple[Any, int]:
    """Read the rows of one block, which are indented alike."""
    items: list[Any] = []
    members: dict[str, Any] = {}
    begin = index
    while index < len(rows) and rows[index][0] >= indent and depth < _DEEPEST:
        at, name, value, dash = rows[index]
        if dash and index > begin and members:
            items.append(members)
            members = {}
        index += 1
        if name is None:
            items.append(_yaml_scalar(value))
        elif value:
            members[name.strip("\"'")] = _yaml_scalar(value)
        elif index < len(rows) and (
            rows[index][0] > at or (rows[index][3] and rows[index][0] - rows[index][3] >= at)
        ):
            members[name.strip("\"'")], index = _yaml_block(rows, index, rows[index][0], depth + 1)
    if members:
        items.append(members)
    return (items[0] if len(items) == 1 else items), index


def _yaml_scalar(value: str) -> Any:
    if value[:1] == "\0":
        return value[1:]  # a block of lines
    if value[:1] in {"{", "["} and not value.startswith("{{"):
        try:
            return read_object(value, 0)[0]
        except Unreadable:
            return value
    if value[:1] in "\"'" and (end := value.rfind(value[0])) > 0:
        return value[1:end]
    return re.sub(r"\s+#.*", "", value)
