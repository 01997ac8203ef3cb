"""Reads raw HTTP requests, as proxies, ``.http`` files, ``curl -v``, browser tools and people show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from zoomcall.usecases.pasted.balanced import end_of_json
from zoomcall.usecases.pasted.pieces import Form, PastedRequest

_MOST_REQUESTS = 40
_MOST_LOOKED_AT = 20_000
_LONGEST_HEAD = 128 * 1024
_LONGEST_BODY = 256 * 1024
_MOST_HEADERS = 200
_LONGEST_ABOVE = 16 * 1024
_SENT_ALONE = {"authorization", "x-api-key"}
_ABOVE = _SENT_ALONE | {"accept", "content-type", "host"}

_REQUEST_LINE = re.compile(
    r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|get|post|put|patch|delete)"
    r"[`*]{0,3}[ \t]{1,8}[`*]{0,3}(?P<url>(?:\{\{[^\n}]*\}\}|(?!\{\{[^\n}]*\}\})[^\s`]){1,8192})"
    r"(?P<version>[ \t]{1,8}HTTP/\d(?:\.\d)?)?[ \t`*]{0,8}\r?$",
    re.MULTILINE,
)
_BEFORE = re.compile(r"(?:\A|\n)(?P<mark>[>*#-]|\d{1,2}[.)]|)[ \t]{0,8}[`*]{0,3}\Z")
_MENTIONED = re.compile(
    r"(?:\b(?P<method>GET|POST|PUT|PATCH|DELETE)[`*]{0,3}[ \t]{1,4}(?:to |on |request to )?)?[`*\"'\u201c]{0,3}"
    r"(?P<url>(?:(?:https?://[\w.-]{0,80}zoom(?:gov)?\.\w{2,3}(?::\d+)?)?(?:/v2)?"
    r"/(?:videosdk/|live_meetings/|oauth/token)|https?://api\.zoom(?:gov)?\.(?:us|com)/v2/(?:users|meetings)/)"
    r"[^\s`\"'<>\u201c\u201d]{0,2048})"
)
_URL = re.compile(r"https?://|[\w.{}$<>-]*/|\{\{|zoom", re.IGNORECASE)
_HEADER = re.compile(r"(?P<mark>>[ \t]?)?[ \t]*(?P<name>:?[A-Za-z][A-Za-z0-9_-]{0,63})[ \t]*:[ \t]*(?P<value>.*)")
_DUMPED = re.compile(r"[\[{(\u25bc]\s*\Z")
_LABEL = re.compile(r"\s*(?:request )?headers?[ \t]*:?[ \t]*(?=\n)", re.IGNORECASE)
_OF_ANSWER = re.compile(r"answer|body|error|got|output|payload|response|result|returns?|status|zoom", re.IGNORECASE)
_BODY_LABEL = re.compile(r"\s*(?:request )?(?:body|payload|data|json)\b[ \t]*:?\s*(?=[{\[])", re.IGNORECASE)
_PSEUDO = re.compile(
    r"^[ \t]*:(?P<name>authority|method|path|scheme)(?::[ \t]*|[ \t]+|:?\s*\n[ \t]*)(?=\S)", re.MULTILINE
)
_PANEL = re.compile(
    r"^[ \t]*(?:Request URL:?\s{1,8}|(?:URL|URI|Endpoint)[ \t]?:[ \t]{1,8})(?P<verb>[A-Z]{3,6}[ \t]+)?"
    r"(?P<url>(?:https?://|/|\{)\S{1,8192})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_METHOD = re.compile(
    r"^[ \t]*(?:(?:Request|HTTP) Method[ \t]?:?\s{1,8}|(?:Method|Verb)[ \t]?:[ \t]{1,8})"
    r"(?P<method>[A-Z]{3,7})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_HEADERS = re.compile(r"^[ \t]*Request Headers\b", re.MULTILINE | re.IGNORECASE)
_PANEL_HEADER = re.compile(
    r"(?:^[ \t]*(?P<name>authorization|x-api-key|content-type)(?::[ \t]*|[ \t]*:?\n[ \t]*)(?P<value>\S[^\n]*)$"
    r"|[\"'](?P<quoted>authorization|x-api-key|content-type)[\"']\s{0,4}:\s{0,4}[\"'](?P<text>[^\"'\n]{1,8192})[\"'])",
    re.MULTILINE | re.IGNORECASE,
)
_PANEL_BODIES = (
    re.compile(r"^[ \t]*(?:request )?(?:payload|body|data)\b[^\n{]{0,40}\s*(?=\{)", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^[ \t]*(?=\{)", re.MULTILINE),
)
_BEFORE_PANEL = 200
_FAR = 400
_PANEL_REACH = 16 * 1024
_BODY_END = re.compile(
    r"^(?:<[ \t]?)?HTTP/\d|^###|^---|^```|^\*[ \t]|^<[ \t]|^~~~"
    r"|^(?:Response|Answer|Result|Status)\b[^\n\"]{0,40}:?[ \t]*$"
    r"|^[1-5]\d\d(?:[ \t:{]|$)",
    re.MULTILINE | re.IGNORECASE,
)
_ANSWER = re.compile(r"""\{\s{0,40}["\u201c](?:code|message|reason|error)["\u201d]\s{0,9}:""")


def read_http_requests(text: str) -> Iterator[PastedRequest]:
    """Read the raw requests in a text, at most forty.

    Args:
        text: Everything that was pasted, with Unix line breaks.
    """
    found = 0
    behind = 0
    for _, match in zip(range(_MOST_LOOKED_AT), _REQUEST_LINE.finditer(text), strict=False):
        if match.start() < behind or not _URL.match(match["url"]):
            continue
        start = match.start()
        before = _BEFORE.search(text[max(0, start - 16) : start] if start > 16 else text[:start])
        if before is None:
            continue
        request = _read(text, match, is_transcript=before["mark"] == ">")
        behind = request.end
        yield request
        found += 1
        if found == _MOST_REQUESTS:
            return


def read_requests_in_parts(text: str) -> Iterator[PastedRequest]:
    """Read requests whose parts stand one a line, as people, network tools and HTTP/2 list them; at most forty.

    Args:
        text: Everything that was pasted, with Unix line breaks.
    """
    starts = [match.start() for _, match in zip(range(_MOST_REQUESTS), _PANEL.finditer(text), strict=False)]
    for start, following in pairwise([*starts, len(text)]):
        yield _panel(text, start, min(following, start + _PANEL_REACH))
    if not starts and (request := _pseudo(text)) is not None:
        yield request


def _panel(text: str, start: int, limit: int) -> PastedRequest:
    url = _PANEL.match(text, start)
    assert url is not None  # noqa: S101 - it was found there
    method = _PANEL_METHOD.search(text, max(0, start - _BEFORE_PANEL), limit)
    sent = _PANEL_HEADERS.search(text, start, limit)
    verb = method["method"] if method else (url["verb"] or "").strip()
    return PastedRequest(
        form=Form.PARTS,
        start=start,
        end=url.end(),
        method=verb.upper(),
        url=url["url"],
        headers=_loose_headers(text, sent.end() if sent else start, limit),
        body=_loose_body(text, start, limit),
    )


def _pseudo(text: str) -> PastedRequest | None:
    """Read a request of HTTP/2 or HTTP/3, whose first line is split into ``:method``, ``:path`` and others."""
    found: dict[str, str] = {}
    end = start = -1
    for _, match in zip(range(_MOST_REQUESTS), _PSEUDO.finditer(text), strict=False):
        line = text[match.end() : match.end() + 8192].split("\n", 1)[0]
        if match["name"] in found or (end >= 0 and match.start() - end > _FAR):
            break
        start = match.start() if start < 0 else start
        found[match["name"]], end = line.strip(), match.end() + len(line)
    if "path" not in found:
        return None
    headers, behind = _headers(text, end, is_transcript=False)
    body, behind = _body(text, behind) if headers else (None, end)
    url = _absolute(found["path"], ((":authority", found.get("authority", "")),))
    return PastedRequest(
        form=Form.HTTP,
        start=start,
        end=behind,
        method=found.get("method", "").upper(),
        url=url,
        headers=headers,
        body=body or None,
        is_whole=bool(headers) and "authority" in found,
    )


def _loose_headers(text: str, start: int, limit: int) -> tuple[tuple[str, str], ...]:
    """Find the headers that matter, wherever they stand; of two of a name the first."""
    found: dict[str, tuple[str, str]] = {}
    for _, match in zip(range(_MOST_HEADERS), _PANEL_HEADER.finditer(text, start, limit), strict=False):
        name, value = (match["name"], match["value"]) if match["name"] else (match["quoted"], match["text"])
        found.setdefault(name.lower(), (name, value.strip()))
    return tuple(found.values())


def _loose_body(text: str, start: int, limit: int) -> str | None:
    """Find the body by its label, or else the first object that is neither an answer nor headers."""
    for pattern in _PANEL_BODIES:
        for _, match in zip(range(_MOST_REQUESTS), pattern.finditer(text, start, limit), strict=False):
            end = end_of_json(text, match.end())
            found = text[match.end() : end]
            if end is not None and not _ANSWER.match(found) and not _PANEL_HEADER.search(found):
                return found
    return None


def read_mentioned_requests(text: str) -> Iterator[PastedRequest]:
    """Read the requests that a text only speaks of: a method and a path, or a URL of Zoom's alone; at most forty.

    Args:
        text: Everything that was pasted, with Unix line breaks.
    """
    for _, match in zip(range(_MOST_REQUESTS), _MENTIONED.finditer(text), strict=False):
        url = match["url"].rstrip(".,;:!?)]}'\"`*>\u201d\u2019") if not match["url"].endswith("}") else match["url"]
        yield PastedRequest(
            form=Form.PROSE,
            start=match.start(),
            end=match.start("url") + len(url),
            method=(match["method"] or "").upper(),
            url=url,
        )


def _read(text: str, line: re.Match[str], *, is_transcript: bool) -> PastedRequest:
    headers, end = _headers(text, line.end(), is_transcript=is_transcript)
    names = {name.lower() for name, _ in headers}
    above, start = _headers_above(text, line.start())
    headers = (*(header for header in above if header[0].lower() not in names), *headers)
    body, end = _body(text, end) if headers or line["version"] else (None, end)
    has_length = any(name.lower() == "content-length" and value.strip() != "0" for name, value in headers)
    if body == "" and (has_length or not line["version"] or is_transcript):
        body = None
    return PastedRequest(
        form=Form.HTTP,
        start=start,
        end=end,
        method=line["method"].upper(),
        url=_absolute(line["url"], headers),
        headers=headers,
        body=body,
        is_whole=bool(headers),
    )


def _headers_above(text: str, start: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """Read header lines that somebody wrote right above the request line, and where they begin."""
    headers: list[tuple[str, str]] = []
    position = start
    if text[max(0, position - 2) : position] == "\n\n":
        position -= 1
    while position > 0 and len(headers) < len(_ABOVE):
        begin = text.rfind("\n", max(0, position - _LONGEST_ABOVE), position - 1) + 1
        match = _HEADER.fullmatch(text[begin : position - 1].strip())
        if match is None or match["mark"] or match["name"].lower() not in _ABOVE:
            break
        headers.insert(0, (match["name"], match["value"].strip()))
        position = begin
    if all(name.lower() not in _SENT_ALONE for name, _ in headers):
        return (), start  # an answer's, perhaps
    return tuple(headers), position


def _headers(text: str, start: int, *, is_transcript: bool) -> tuple[tuple[tuple[str, str], ...], int]:
    """Read header lines up to a blank line, or to one that is none."""
    headers: list[tuple[str, str]] = []
    position = start
    limit = min(len(text), start + _LONGEST_HEAD)
    while position < limit and len(headers) < _MOST_HEADERS:
        if text[position : position + 1] == "\n":
            position += 1
        end = text.find("\n", position, limit)
        end = limit if end < 0 else end
        line = text[position:end].rstrip("\r")
        bare = line.lstrip("> ").strip() if is_transcript else line.strip()
        match = _HEADER.fullmatch(line)
        if match and not is_transcript and (_DUMPED.search(match["value"]) or _ANSWER.match(line.strip())):
            return tuple(headers), position
        if match and not is_transcript and _OF_ANSWER.fullmatch(match["name"]):
            return tuple(headers), position
        if not headers and not is_transcript and (label := _LABEL.match(text, position)):
            position = label.end()
            continue
        is_folded = bool(headers) and line[:1] in {" ", "\t"} and bool(bare) and not is_transcript
        if match and not (is_transcript and not match["mark"]):
            headers.append((match["name"], match["value"].strip()))
        elif is_folded and not bare.startswith(("{", "[")):
            name, value = headers[-1]
            headers[-1] = (name, f"{value}\n{bare}")
        else:
            return tuple(headers), position if bare else end
        position = end
    return tuple(headers), position


def _body(text: str, start: int) -> tuple[str, int]:
    """Return what follows the head, up to an answer or the end."""
    limit = min(len(text), start + _LONGEST_BODY)
    label = _BODY_LABEL.match(text, start, limit)
    begin = label.end() if label else start
    while begin < limit and text[begin].isspace():
        begin += 1
    stop = _BODY_END.search(text, begin, limit)
    if (stop is not None and stop.start() == begin) or _ANSWER.match(text, begin):
        return "", start
    if text[begin : begin + 1] in {"{", "["}:
        end = end_of_json(text, begin)
        if end is not None and (stop is None or end <= stop.start() or text[begin:end].count('"') > 1):
            return text[begin:end], end
    end = stop.start() if stop is not None else limit
    blank = text.find("\n\n", begin, end)
    end = blank if blank >= 0 else end
    return text[begin:end].strip(), end


def _absolute(url: str, headers: tuple[tuple[str, str], ...]) -> str:
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    if not url.startswith("/") or not re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,255}", host):
        return url
    scheme = "http" if re.match(r"127\.|localhost|\[::1\]", host) else "https"
    return f"{scheme}://{host}{url}"
