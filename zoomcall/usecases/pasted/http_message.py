"""Reads HTTP requests as proxies, clients' logs, ``.http`` files, browsers' panels and people show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from zoomcall.usecases.pasted.balanced import end_of_json
from zoomcall.usecases.pasted.pieces import Form, PastedRequest

Headers = tuple[tuple[str, str], ...]

_MOST_REQUESTS = 40
_MOST_LOOKED_AT = 20_000
_MOST_HEADERS = 200
_FAR, _BEFORE_PANEL, _REACH = 400, 200, 16_384
_SENT_ALONE = {"authorization", "x-api-key"}

_REQUEST_LINE = re.compile(
    r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|get|post|put|patch|delete)"
    r"[`*]{0,3}[ \t]{1,8}[`*]{0,3}(?P<url>(?:\{\{[^\n}]*\}\}|(?!\{\{[^\n}]*\}\})[^\s`]){1,8192})"
    r"(?P<version>[ \t]{1,8}HTTP/\d(?:\.\d)?)?[ \t`*]{0,8}\r?$",
    re.MULTILINE,
)
_BEFORE = re.compile(r"(?:\A|\n)(?P<mark>[>*#-]|\d{1,2}[.)]|)[ \t]{0,8}[`*]{0,3}\Z")
_MENTIONED = re.compile(
    r"(?:\b(?P<method>GET|POST|PUT|PATCH|DELETE|(?:[Gg]et|[Pp]ost|[Pp]ut|[Pp]atch|[Dd]elete)(?= \"http))"
    r"[`*\])]{0,3}[ \t]{1,4}(?:to |on |request (?:to |for ))?)?"
    r"[`*\"'\u201c\[(<]{0,3}"
    r"(?P<url>(?:(?:https?://[\w.-]{0,80}zoom(?:gov)?\.\w{2,3}(?::\d+)?)?(?:/v2)?"
    r"/(?:videosdk/|live_meetings/|oauth/token)|https?://api\.zoom(?:gov)?\.(?:us|com)/v2/(?=\w))"
    r"[^\s`\"'<>\u201c\u201d]{0,2048})"
)
_NAMED_METHOD = re.compile(r"\b(?:method|verb)[\"']?\s?[=:]\s?[\"']?(GET|POST|PUT|PATCH|DELETE)\b", re.IGNORECASE)
_URL = re.compile(r"https?://|[\w.{}$<>-]*/|\{\{|zoom", re.IGNORECASE)
_HEADER = re.compile(r"[ \t]*(?P<name>:?[A-Za-z][A-Za-z0-9_-]{0,63})[ \t]*:[ \t]*(?P<value>.*)")
_ABOVE = re.compile(
    r"(?:^[ \t]*(?:authorization|x-api-key|accept|content-type|host)[ \t]*:[^\n]*\n){1,5}\n?\Z",
    re.IGNORECASE | re.MULTILINE,
)
_DUMPED = re.compile(r"[\[{(\u25bc]\s*\Z")
_LABEL = re.compile(r"\s*(?:request )?headers?[ \t]*:?[ \t]*(?=\n)", re.IGNORECASE)
_OF_ANSWER = re.compile(
    r"answer|body|code|error|got|message|reason|output|payload|response|result|returns?|status|zoom", re.IGNORECASE
)
_BODY_LABEL = re.compile(
    r"\s*(?:(?:request )?(?:body|payload|data|json)\b[ \t]*:?\s*|```\w{0,10}\s*)(?=[{\[])", re.IGNORECASE
)
_PANEL = re.compile(
    r"^[ \t]*(?:Request URL:?\s{1,8}|(?:URL|URI|Endpoint)[ \t]?:[ \t]{1,8})(?P<verb>[A-Z]{3,6}[ \t]+)?"
    r"(?P<url>(?:https?://|/|\{)\S{1,8192})[ \t]*$"
    r"|^(?P<heading>[A-Z]{3,6}) (?P<headed>https?://[^\s{]{1,2048}?): ?\{$"
    r"|^Method: (?P<named>[A-Z]{3,6}), RequestUri: '(?P<uri>[^'\n]{1,8192})'[^\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_METHOD = re.compile(
    r"^[ \t]*(?:(?:Request|HTTP) Method[ \t]?:?\s{1,8}|(?:Method|Verb)[ \t]?:[ \t]{1,8})"
    r"(?P<method>[A-Z]{3,7})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_HEADERS = re.compile(r"^[ \t]*\"?Request Headers\b", re.MULTILINE | re.IGNORECASE)
_PANEL_HEADER = re.compile(
    r"(?:^[ \t]*(?P<name>authorization|x-api-key|content-type)(?::[ \t]*|[ \t]*:?\n[ \t]*)(?P<value>\S[^\n]*)$"
    r"|[\"'](?P<quoted>authorization|x-api-key|content-type)[\"']\s{0,4}:\s{0,4}[\"'](?P<text>[^\"'\n]{1,8192})[\"'])",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_BODIES = (
    re.compile(r"^[ \t]*(?:request )?(?:payload|body|data)\b[^\n{]{0,40}\s*(?=\{)", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^[ \t]*(?=\{)", re.MULTILINE),
)
_BODY_END = re.compile(
    r"^[ \t]*(?:(?:<{1,2}[ \t]?)?HTTP[/ ]\d|(?:[-=]>|\u2192|\u21d2)[ \t]{0,4}[1-5]\d\d\b)"
    r"|^###|^---|^```|^\*[ \t]|^<[ \t]|^~~~|^\[Asserts\]"
    r"|^(?:Response|Answer|Result|Status)\b[^\n\"]{0,40}:?[ \t]*$"
    r"|^[1-5]\d\d(?:[ \t:{]|$)",
    re.MULTILINE | re.IGNORECASE,
)
_ANSWER = re.compile(r"""\{\s{0,40}["\u201c](?:code|message|reason|error)["\u201d]\s{0,9}:""")


def read_http_requests(text: str) -> Iterator[PastedRequest]:
    """Read the raw requests in a text, at most forty."""
    found = behind = 0
    for line in islice(_REQUEST_LINE.finditer(text), _MOST_LOOKED_AT):
        start = line.start()
        before = _BEFORE.search(text[max(0, start - 16) : start])
        if start < behind or found == _MOST_REQUESTS or before is None or not _URL.match(line["url"]):
            continue
        request = _read(text, line, mark=">" if before["mark"] == ">" else "")
        found, behind = found + 1, request.end
        yield request


def _read(text: str, line: re.Match[str], *, mark: str) -> PastedRequest:
    headers, end = read_headers(text, line.end(), mark=mark)
    names = {name.lower() for name, _ in headers}
    above, start = _headers_above(text, line.start())
    headers = (*(header for header in above if header[0].lower() not in names), *headers)
    body, end = _body(text, end) if headers or line["version"] else (None, end)
    has_length = any(name.lower() == "content-length" and value.strip() != "0" for name, value in headers)
    return PastedRequest(
        form=Form.HTTP,
        start=start,
        end=end,
        method=line["method"].upper(),
        url=_absolute(line["url"], headers),
        headers=headers,
        body=None if body == "" and (has_length or not line["version"] or mark) else body,
        is_whole=bool(headers),
    )


def read_headers(text: str, start: int, *, mark: str = "", is_answer: bool = False) -> tuple[Headers, int]:
    """Read header lines up to a blank line, or to one that is none; return them and where they end.

    Args:
        text: Everything that was pasted.
        start: Where the line before the headers ends.
        mark: What a transcript puts before each line; an answer's lines may lack it.
        is_answer: Whether they follow a status line.
    """
    headers: list[tuple[str, str]] = []
    position = start
    while position < len(text) and len(headers) < _MOST_HEADERS:
        begin = position + (text[position : position + 1] == "\n")
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        line = text[begin:end].rstrip("\r")
        bare = line.lstrip(mark + " \t").strip()
        match = _HEADER.fullmatch(bare)
        if (
            not mark
            and match
            and (_DUMPED.search(match["value"]) or _ANSWER.match(bare) or _OF_ANSWER.fullmatch(match["name"]))
        ):
            return tuple(headers), begin
        if not mark and not headers and (label := _LABEL.match(text, begin)):
            position = label.end()
        elif match and (is_answer or line.startswith(mark)):
            headers.append((match["name"], match["value"].strip()))
            position = end
        elif headers and not mark and line[:1] in {" ", "\t"} and bare and not bare.startswith(("{", "[", "<")):
            headers[-1] = (headers[-1][0], f"{headers[-1][1]}\n{bare}")
            position = end
        else:
            return tuple(headers), begin if bare or is_answer else end
    return tuple(headers), position


def _headers_above(text: str, start: int) -> tuple[Headers, int]:
    """Read header lines that somebody wrote right above the request line, and where they begin."""
    found = _ABOVE.search(text, max(0, start - _REACH), start)
    matches = [_HEADER.fullmatch(line.strip()) for line in found[0].splitlines()] if found is not None else []
    headers = tuple((match["name"], match["value"].strip()) for match in matches if match is not None)
    if found is None or all(name.lower() not in _SENT_ALONE for name, _ in headers):
        return (), start  # an answer's, perhaps
    return headers, found.start()


def _body(text: str, start: int) -> tuple[str, int]:
    """Return what follows the head, up to an answer or the end."""
    label = _BODY_LABEL.match(text, start)
    begin = label.end() if label else start
    begin = len(text) - len(text[begin:].lstrip())
    stop = _BODY_END.search(text, begin)
    if (stop is not None and not text[begin : stop.start()].strip()) or _ANSWER.match(text, begin):
        return "", start
    if text[begin : begin + 1] in {"{", "["}:
        end = end_of_json(text, begin)
        if end is not None and (stop is None or end <= stop.start() or text[begin:end].count('"') > 1):
            return text[begin:end], end
    end = stop.start() if stop is not None else len(text)
    blank = text.find("\n\n", begin, end)
    end = blank if blank >= 0 else end
    return text[begin:end].strip(), end


def read_requests_in_parts(text: str) -> Iterator[PastedRequest]:
    """Read requests whose parts stand one a line, as people and network tools list them; at most forty."""
    for url, following in pairwise([*islice(_PANEL.finditer(text), _MOST_REQUESTS), None]):
        if url is not None:
            yield _panel(text, url, min(following.start() if following else len(text), url.start() + _REACH))


def _panel(text: str, url: re.Match[str], limit: int) -> PastedRequest:
    """Read one: of two headers of a name the first, the body by its label, else the first object that may be it."""
    start = url.start()
    method = _PANEL_METHOD.search(text, max(0, start - _BEFORE_PANEL), limit)
    sent = _PANEL_HEADERS.search(text, start, limit)
    headers: dict[str, tuple[str, str]] = {}
    for match in islice(_PANEL_HEADER.finditer(text, sent.end() if sent else start, limit), _MOST_HEADERS):
        name = match["name"] or match["quoted"]
        headers.setdefault(name.lower(), (name, (match["value"] or match["text"]).strip()))
    places = (place for pattern in _PANEL_BODIES for place in islice(pattern.finditer(text, start, limit), 40))
    bodies = (text[place.end() : end] for place in places if (end := end_of_json(text, place.end())) is not None)
    return PastedRequest(
        form=Form.PARTS,
        start=start,
        end=url.end(),
        method=(method["method"] if method else url["verb"] or url["heading"] or url["named"] or "")
        .strip()
        .upper(),
        url=url["url"] or url["headed"] or url["uri"],
        headers=tuple(headers.values()),
        body=next((one for one in bodies if not _ANSWER.match(one) and not _PANEL_HEADER.search(one)), None),
    )


def read_mentioned_requests(text: str) -> Iterator[PastedRequest]:
    """Read the requests that a text only speaks of: a method and a path, or a URL of Zoom's; at most forty."""
    for match in islice(_MENTIONED.finditer(text), _MOST_REQUESTS):
        url = match["url"]
        if not url.endswith("}") or url.count("{") < url.count("}"):
            url = url.rstrip(".,;:!?)]}'\"`*>\u201d\u2019")
        line = text[text.rfind("\n", max(0, match.start() - _FAR), match.start()) + 1 : match.end() + _FAR]
        named = _NAMED_METHOD.search(line.split("\n", 1)[0])
        yield PastedRequest(
            form=Form.PROSE,
            start=match.start(),
            end=match.start("url") + len(url),
            method=(match["method"] or (named[1] if named else "")).upper(),
            url=url,
        )


def _absolute(url: str, headers: Headers) -> str:
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    if not url.startswith("/") or not re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,255}", host):
        return url
    scheme = "http" if re.match(r"127\.|localhost|\[::1\]", host) else "https"
    return f"{scheme}://{host}{url}"
