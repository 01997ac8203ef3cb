"""Undoes what happened to a text on its way into a paste: encodings, escapes, marks of mails, pages and logs."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import ClassVar
from urllib.parse import unquote

from zoomcall.domain.value import Discreet
from zoomcall.usecases.pasted.balanced import is_curly_throughout, json_of, straightened
from zoomcall.usecases.pasted.shell_words import CURLY_NOTE

Edit = tuple[int, int, str]
"""Where a piece of a text begins and ends, and what replaces it."""

_MOST_ROUNDS = 6
_FEW = 0.6
_LONGEST_TABLE = 131_072
_CURLY_BYTES = re.compile(rb"[\x91-\x94]")


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-16 and UTF-8 with or without a mark, cp1252 where its curly quotes say so."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    head = data[:4096]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 8 and zeros.count(0) > len(head) // 3:
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        is_windows = _CURLY_BYTES.search(data) is not None and data.count(b"\xc3") + data.count(b"\xe2") == 0
        return data.decode("cp1252" if is_windows else "utf-8-sig", "replace")


class View(Discreet, frozen=True):
    """A text made out of another, every place of which leads back to it.

    Attributes:
        text: What it says now.
        source: What was pasted.
        steps: For each step, where its pieces begin after it, where before it, and how long they were before it.
        notes: What was undone, in words.
    """

    unshown: ClassVar = frozenset({"text", "source"})

    text: str
    source: str
    steps: tuple[tuple[list[int], list[int], list[int]], ...] = ()
    notes: tuple[str, ...] = ()

    def edited(self, edits: Iterable[Edit], note: str | None = None) -> View:
        """Return the view with pieces of its text replaced; the edits are in order and do not overlap."""
        pieces: list[str] = []
        after, before, lengths = [0], [0], [0]
        length = position = 0
        for start, end, new in edits:
            kept = self.text[position:start]
            for place, old, piece in ((position, len(kept), kept), (start, end - start, new)):
                after.append(length)
                before.append(place)
                lengths.append(old)
                pieces.append(piece)
                length += len(piece)
            position = end
        if not pieces:
            return self
        after.append(length)
        before.append(position)
        lengths.append(len(self.text) - position)
        text = "".join([*pieces, self.text[position:]])
        notes = self.notes if note is None else (*self.notes, note)
        return View(text, self.source, (*self.steps, (after, before, lengths)), notes)

    def without(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str] = "") -> View:
        """Return the view with what matches a pattern replaced."""
        matches = pattern.finditer(self.text)
        edits = ((match.start(), match.end(), new if isinstance(new, str) else new(match)) for match in matches)
        return self.edited((start, end, piece) for start, end, piece in edits if self.text[start:end] != piece)

    def line(self, place: int) -> int:
        """Return the line of the pasted text, from 1, in which a place of this one is."""
        for after, before, lengths in reversed(self.steps):
            piece = bisect_right(after, place) - 1
            place = before[piece] + min(place - after[piece], lengths[piece])
        return self.source.count("\n", 0, place) + 1


def viewed(view: View) -> View:
    """Return a text as it was before programs, mails and web pages wrapped it."""
    for _ in range(_MOST_ROUNDS):
        before = view.text
        for step in _STEPS:
            view = step(view)
        if view.text == before:
            break
    if is_curly_throughout(view.text):
        view = View(straightened(view.text), view.source, view.steps, (*view.notes, CURLY_NOTE))
    return view


_ROW_NAMES = re.compile(r"method|verb|(?:request[_ ]?)?(?:url|uri|path)|endpoint", re.IGNORECASE)


def _without_columns(view: View) -> View:
    """Write the rows of a log that was exported as a table as names and values, the refused ones, if any."""
    first = view.text.lstrip().partition("\n")[0]
    sign = max(",;\t", key=first.count)
    names = [name.strip(' "').lower() for name in first.split(sign)]
    if len(names) < 3 or not all(re.fullmatch(r"[\w. @-]{1,40}", name) for name in names):
        return view
    if sum(_ROW_NAMES.fullmatch(name) is not None for name in names) != 2 or len(view.text) > _LONGEST_TABLE:
        return view
    rows = [
        dict(zip(names, row, strict=False)) for row in csv.reader(io.StringIO(view.text.lstrip()), delimiter=sign)
    ]
    refused = [row for row in rows[1:] if not any(re.fullmatch(r"2\d\d", value) for value in row.values())]
    names.sort(key=lambda name: _ROW_NAMES.fullmatch(name) is None)
    listed = ("\n".join(f"{name}: {row[name]}" for name in names if row.get(name)) for row in refused or rows[1:])
    return view.edited([(0, len(view.text), "\n\n".join(listed))])


_SLASHES, _SLASH = re.compile(r":\\+/\\+/"), re.compile(r"\\+(?=/)")
_MEMBER = re.compile(
    r'(?:"[\w. -]{1,60}"\s{0,9}:\s{0,9}|[\[,]\s{0,9})(?P<quote>")(?P<text>(?:[^"\\\n]|\\.)*)"(?!\s{0,9}:)'
)
_WHOLE = re.compile(r"(?P<quote>\s*(?P<mark>[\"']))(?P<text>(?:[^\\\n]|\\.)*)(?P=mark)\s*[,;]?\s*")
_TELLING = re.compile(
    r"https?://[\w.-]*zoom|api\.zoom|/live_meetings/|/videosdk/|\bcurl |HTTP/\d"
    r"|[\"']?(?:code|error)\\*[\"']?\s{0,9}(?::|=>)\s{0,9}.{0,200}(?:message|reason)"
    r"|Invalid (?:access token|redirect)",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED_ANSWER = re.compile(
    r'(?P<quote>)(?P<text>\{(?:\\[nrt]|\s){0,40}\\{1,7}"(?:code|error|message|reason|status|errors)\\{1,7}"'
    r"\s{0,9}:[^\n]{0,65536})"
)
_CLI = re.compile(r"(?:\bcurl(?:\.exe)?\b|\s(?:-d|--data(?:-raw|-binary)?|--json|--raw))[ =][^\n]*\Z")
_ESCAPE = re.compile(
    r"\\r\\n|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}"
    r"|\\x(?P<byte>[0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_SENT = re.compile(
    r"^(?P<quote>(?:send: b?|reply: )(?P<mark>['\"]))(?P<text>.*?)(?:\\r\\n)?(?P=mark)$", re.MULTILINE
)
_ENCODED_URL = re.compile(r"https?%3A%2F%2F(?=[^\s\"'<>&]{0,200}zoom)[^\s\"'<>&]{1,4096}", re.IGNORECASE)


def _character(match: re.Match[str]) -> str:
    """Return what an escape stands for; what is none loses its backslash."""
    escape = match[0]
    if match["byte"]:
        return chr(int(match["byte"], 16))
    read = _of_literal(escape)
    return escape[1:] if read is None else read.replace("\r", "")


def _taken_out(match: re.Match[str], lead: str = "", trail: str = "") -> Iterator[Edit]:
    """Yield the edits that undo the escapes in the group ``text``, and replace what is around it."""
    start, end = match.span("text")
    yield match.start("quote"), start, lead
    for escape in _ESCAPE.finditer(match.string, start, end):
        yield escape.start(), escape.end(), _character(escape)
    yield end, match.end(), trail


def _unescaped(view: View) -> View:
    """Take requests and answers out of the strings of JSON that a log keeps them in."""
    text = view.text
    if "\\" not in text:
        return view
    if _SENT.search(text):
        return view.edited(edit for match in _SENT.finditer(text) for edit in _taken_out(match))
    if '\\"' not in text and "\\n" not in text and "\\u" not in text:
        return view
    whole = _WHOLE.fullmatch(text)
    if whole and _TELLING.search(text) and (whole["mark"] == "'" or _of_literal(whole["text"]) is not None):
        return view.edited(_taken_out(whole))
    taken_out = view.edited(edit for match in _MEMBER.finditer(text) for edit in _member(match))
    if taken_out is not view:
        return taken_out
    return view.edited(edit for match in _ESCAPED_ANSWER.finditer(text) for edit in _answer(match))


def _member(match: re.Match[str]) -> Iterator[Edit]:
    raw = match["text"]
    if "\\" not in raw or not _TELLING.search(raw):
        return
    inner = _of_literal(raw)
    if inner is None or not re.search(r"\s", inner.strip()) or inner.lstrip().startswith('{"method"'):
        return
    is_curly = is_curly_throughout(inner)
    for start, end, new in _taken_out(match, '""\n', "\n"):
        yield start, end, straightened(new) if is_curly else new


def _of_literal(text: str) -> str | None:
    """Return what a text means between quotation marks in JSON."""
    value = json_of(f'"{text}"')
    return value if isinstance(value, str) else None


def _answer(match: re.Match[str]) -> Iterator[Edit]:
    """Undo one layer of escapes of an answer in the middle of a line, unless a command line quotes it."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return iter(()) if _CLI.search(line[-4096:]) else _taken_out(match)


_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_TAGS = re.compile(
    r"(?P<break><br ?/?>\n?|</(?:p|div|li|pre|blockquote)>\n?)"
    r"|(?!<code>\d|</code><message)"
    r"</?(?:pre|code|p|div|span|blockquote|b|i|em|strong|ul|ol|li|font|a|tt)(?: [^<>\n]*)?>|<hr ?/?>",
    re.IGNORECASE,
)
_HTML = re.compile(r"<(?:pre|p|div|br ?/?|blockquote|code)\b[^<>\n]*>", re.IGNORECASE)
_PAGE = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[a-zA-Z]{2,8});")
_QUOTED = re.compile(r"^(?:>[ \t]?)+", re.MULTILINE)
_TRANSCRIPT = re.compile(r"^>[ \t]?[A-Z]{3,7} \S+ HTTP/", re.MULTILINE)
_NOT_SENT = re.compile(r"^>[ \t]?(?:[<>*{}]|HTTP/)", re.MULTILINE)
_ANSWERED = re.compile(r"^[<*] ?", re.MULTILINE)


def _without_markup(view: View) -> View:
    """Undo what a web page or mail in HTML did to a text."""
    has_entities = _ENTITY.search(view.text) is not None
    if _PAGE.search(view.text) is None and (_HTML.search(view.text) or re.search(r"&lt;|&quot;", view.text)):
        view = view.without(_TAGS, lambda match: "\n" if match["break"] else "")
    return view.without(_ENTITY, lambda found: unescape(found[0]).replace("\u00a0", " ")) if has_entities else view


def _unquoted(view: View) -> View:
    """Remove the marks that a mail program or forum puts before the lines that it quotes."""
    lines = [line for line in view.text.split("\n") if line.strip()]
    quoted = sum(line.startswith(">") for line in lines)
    if quoted < 2 and quoted != len(lines):
        return view
    is_transcript = _TRANSCRIPT.search(view.text) is not None and (
        _ANSWERED.search(view.text) is not None or not _NOT_SENT.search(view.text)
    )
    return view if is_transcript else view.without(_QUOTED)


_LOGGED = re.compile(r"^--> (?=[A-Z]{3,6} https?://)", re.MULTILINE)
_ARROWS = re.compile(r"^(?:--> END[^\n]*\n?|<-- END[^\n]*\n?|<-- (?P<status>\d{3})[^\n]*|--> )", re.MULTILINE)
_TRACED = re.compile(r"^(?:=> Send|<= Recv) header, \d+ bytes", re.MULTILINE)
_TRACE = re.compile(
    r"(?<=[^\n]{64})\n[0-9a-f]{4,6}: |^(?:=> Send|<= Recv|== Info)[^\n]*(?:\n|\Z)|^[0-9a-f]{4,6}: ", re.MULTILINE
)
_PSEUDO = re.compile(
    r"(?:^[ \t]*:(?:authority|method|path|scheme)(?::[ \t]*|[ \t]+|:?\s*\n[ \t]*)\S[^\n]*\n?){2,5}", re.MULTILINE
)
_NOISE = re.compile(
    r"^[{}] \[\d+ bytes data\]\n?|^header: (?=[\w-]+: )|^[ \t]+<{1,2} (?=HTTP/)|^[|] ?(?=[{}\[\] \"])(?<!\n)",
    re.MULTILINE,
)
_DIFF = re.compile(r"^@@ .*@@|^diff --git |^\+\+\+ ", re.MULTILINE)
_OF_DIFF = re.compile(r"^(?:(?:-|@@|diff |index |\+\+\+ )[^\n]*\n?|[+ ])", re.MULTILINE)
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|fail|info|error|warn|debug)"
_PREFIXES = tuple(
    re.compile(rf"^(?:{pattern})", re.MULTILINE)
    for pattern in (
        r"[ \t]{0,8}\[?\d{4}[-/]\d\d[-/]\d\d[T ][\d:]{8}(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d| UTC)?\]?[ \t]?",
        r"[ \t]{0,8}\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?:[ \t]|$)",
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,60} [\w./-]{1,60}(?:\[\d+\])?:(?:[ \t]|$)",
        r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} {1,9}\d+ [\w./-]{1,80}:\d+\](?:[ \t]|$)",
        r"[0-9a-f]{8}-[0-9a-f-]{20,27}\t",
        rf"[ \t]{{0,4}}(?:\[{_LEVEL}\]|(?:[\w.]{{1,40}}\.)?{_LEVEL}(?=[:| \t-]))[ \t]{{0,4}}[:|-]?(?:[ \t]|$)",
        r"[ \t]{0,4}[\w.-]{1,60}[ \t]{1,20}\|(?:[ \t]|$)",
        r"[ \t]{0,6}\d{1,5}[ \t]{0,4}[|:\t](?:[ \t]|$)",
        r"\|[ \t](?=[ \t\"{}\[\]])",
    )
)


def _without_log_marks(view: View) -> View:
    """Write the logs of OkHttp, curl, Python's http.client and mitmproxy as the messages that they show."""
    if _LOGGED.search(view.text):
        view = view.without(_ARROWS, lambda match: f"HTTP/1.1 {match['status']}" if match["status"] else "")
    return (view.without(_TRACE) if _TRACED.search(view.text) else view).without(_NOISE)


def _first_line(pseudo: re.Match[str]) -> str:
    """Write the fields that replace the first line in HTTP/2 and HTTP/3 as that line."""
    told = {name: value.strip() for name, value in re.findall(r":(\w+):?\s*(\S[^\n]*)", pseudo[0])}
    fields = {"method": "URL:", "scheme": "https", "authority": "", **told}
    base = f"{fields['scheme']}://{fields['authority']}" if fields["authority"] else ""
    return f"{fields['method']} {base}{fields['path']}\n" if "path" in fields else pseudo[0]


def _without_prefixes(view: View) -> View:
    """Remove what a log, a diff or a listing puts before every line."""
    if _DIFF.search(view.text):
        return view.without(_OF_DIFF)
    filled = sum(1 for line in view.text.split("\n") if line.strip())
    for prefix in _PREFIXES:
        matched = sum(1 for match in prefix.finditer(view.text) if match.end() > match.start())
        if matched > 1 and matched > filled * _FEW:
            view = view.without(prefix)
            margins = [len(line) - len(line.lstrip(" \t")) for line in view.text.split("\n") if line.strip()]
            return view.without(re.compile(rf"^[ \t]{{{min(margins, default=0)}}}", re.MULTILINE))
    return view


_STEPS: tuple[Callable[[View], View], ...] = (
    lambda view: view.without(_COLOURS),
    _without_columns,
    _without_log_marks,
    _without_prefixes,
    _unquoted,
    _without_markup,
    lambda view: view.without(_SLASH) if _SLASHES.search(view.text) else view,  # as PHP escapes them in JSON
    _unescaped,
    lambda view: view.without(_ENCODED_URL, lambda found: unquote(found[0])),  # a URL inside another one
    lambda view: view.without(_PSEUDO, _first_line),
)
