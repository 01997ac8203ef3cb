"""Undoes what happened to a text on its way into a paste: encodings, escapes, marks of mails and logs."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from urllib.parse import unquote

from zoomcall.usecases.pasted.balanced import is_curly_throughout, straightened
from zoomcall.usecases.pasted.shell_words import CURLY_NOTE

_MOST_ROUNDS = 6
_FEW = 0.6
_CURLY_BYTES = re.compile(rb"[\x91-\x94]")

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_SLASHES = re.compile(r":\\+/\\+/")
_MEMBER = re.compile(
    r'(?P<lead>"[\w. -]{1,60}"\s{0,9}:\s{0,9}|[\[,]\s{0,9})(?P<text>"(?:[^"\\\n]|\\.)*")(?!\s{0,9}:)'
)
_WHOLE = re.compile(r"\s*(?P<quote>[\"'])(?P<text>(?:[^\\\n]|\\.)*)(?P=quote)\s*[,;]?\s*")
_TELLING = re.compile(
    r"https?://[\w.-]*zoom|api\.zoom|/live_meetings/|/videosdk/|\bcurl |HTTP/\d"
    r"|[\"']?(?:code|error)\\*[\"']?\s{0,9}:\s{0,9}.{0,200}(?:message|reason)"
    r"|Invalid access token",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED_ANSWER = re.compile(
    r'\{(?:\\[nrt]|\s){0,40}\\{1,7}"(?:code|error|message|reason|status|errors)\\{1,7}"\s{0,9}:[^\n]{0,65536}'
)
_CLI = re.compile(r"(?:\bcurl(?:\.exe)?\b|\s(?:-d|--data(?:-raw|-binary)?|--json|--raw))[ =][^\n]*\Z")
_TAGS = re.compile(
    r"</?(?:pre|code|p|div|span|blockquote|b|i|em|strong|ul|ol|li|font|a|tt)(?: [^<>\n]*)?>|<br ?/?>|<hr ?/?>",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"<br ?/?>(?:\n)?|</(?:p|div|li|pre|blockquote)>(?:\n)?", re.IGNORECASE)
_HTML = re.compile(r"<(?:pre|p|div|br ?/?|blockquote|code)\b[^<>\n]*>", re.IGNORECASE)
_PAGE = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:(?P<name>quot|amp|lt|gt|apos|nbsp|lbrace|rbrace)|#(?P<number>\d{1,6})|#[xX](?P<hex>[0-9a-fA-F]{1,5}));"
)
_ENTITIES = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'", "nbsp": " ", "lbrace": "{", "rbrace": "}"}
_ENCODED_URL = re.compile(r"https?%3A%2F%2F[^\s\"'<>&]{1,4096}", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:>[ \t]?)+", re.MULTILINE)
_TRANSCRIPT = re.compile(r"^>[ \t]?[A-Z]{3,7} \S+ HTTP/", re.MULTILINE)
_NOT_SENT = re.compile(r"^>[ \t]?(?:[<>*{}]|HTTP/)", re.MULTILINE)
_ANSWERED = re.compile(r"^[<*] ?", re.MULTILINE)
_LOGGED = re.compile(r"^--> (?=[A-Z]{3,6} https?://)", re.MULTILINE)
_DIFF = re.compile(r"^@@ .*@@|^diff --git |^\+\+\+ ", re.MULTILINE)
_LEVELS = r"TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|fail|info|error|warn|debug"
_PREFIXES = (
    re.compile(
        r"[ \t]{0,8}\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d| UTC)?\]?[ \t]?"
    ),
    re.compile(r"[ \t]{0,8}\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?:[ \t]|$)"),
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,60} [\w./-]{1,60}(?:\[\d+\])?:(?:[ \t]|$)"),
    re.compile(
        rf"[ \t]{{0,4}}(?:\[(?:{_LEVELS})\]|(?:[\w.]{{1,40}}\.)?(?:{_LEVELS})(?=[:| \t-]))"
        r"[ \t]{0,4}[:|-]?(?:[ \t]|$)"
    ),
    re.compile(r"[ \t]{0,4}[\w.-]{1,60}[ \t]{1,20}\|(?:[ \t]|$)"),
    re.compile(r"[ \t]{0,6}\d{1,5}[ \t]{0,4}[|:\t](?:[ \t]|$)"),
)


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-16 and UTF-8 with or without a mark, cp1252 where its curly quotes say so."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    head = data[:4096]
    if len(head) > 8 and head[1::2].count(0) > len(head) // 3:
        return data.decode("utf-16-le", "replace")
    if len(head) > 8 and head[::2].count(0) > len(head) // 3:
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        is_windows = _CURLY_BYTES.search(data) is not None and data.count(b"\xc3") + data.count(b"\xe2") == 0
        return data.decode("cp1252" if is_windows else "utf-8-sig", "replace")


def viewed(text: str) -> tuple[str, ...]:
    """Return a text as it was before programs, mails and web pages wrapped it, and notes on what was undone.

    Args:
        text: With Unix line breaks.
    """
    notes: list[str] = []
    for _ in range(_MOST_ROUNDS):
        before = text
        for view in _VIEWS:
            text = view(text)
        if text == before:
            break
    if is_curly_throughout(text):
        text = straightened(text)
        notes.append(CURLY_NOTE)
    return text, *notes


def _without_colours(text: str) -> str:
    return _COLOURS.sub("", text) if "\x1b" in text else text


def _without_arrows(text: str) -> str:
    """Write a log of OkHttp's as the messages that it shows."""
    if "--> " not in text or _LOGGED.search(text) is None:
        return text
    text = re.sub(r"^--> END[^\n]*\n?|^<-- END[^\n]*\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"^<-- (\d{3})[^\n]*", r"HTTP/1.1 \1", _LOGGED.sub("", text), flags=re.MULTILINE)


def _without_slashes(text: str) -> str:
    """Undo PHP's habit of escaping every slash in JSON."""
    return re.sub(r"\\+/", "/", text) if _SLASHES.search(text) else text


def _unescaped(text: str) -> str:
    """Take requests and answers out of the strings of JSON that a log keeps them in."""
    if '\\"' not in text and "\\n" not in text and "\\u" not in text:
        return text
    whole = _WHOLE.fullmatch(text)
    if whole is not None and _TELLING.search(text):
        inner = _of_literal(f'"{whole["text"]}"') if whole["quote"] == '"' else _loosely(whole["text"])
        if inner is not None:
            return inner
    taken_out = _MEMBER.sub(_member, text)
    return taken_out if taken_out != text else _ESCAPED_ANSWER.sub(_answer, text)


def _member(match: re.Match[str]) -> str:
    raw = match["text"]
    if "\\" not in raw or not _TELLING.search(raw):
        return match[0]
    inner = _of_literal(raw)
    if inner is None or not re.search(r"\s", inner.strip()) or inner.lstrip().startswith('{"method"'):
        return match[0]
    inner = straightened(inner) if is_curly_throughout(inner) else inner
    return f'{match["lead"]}""\n{inner}\n'


def _of_literal(raw: str) -> str | None:
    try:
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return None
    return value.replace("\r\n", "\n") if isinstance(value, str) else None


def _loosely(text: str) -> str:
    """Undo one layer of escapes, whatever else the text holds."""
    letters = {"n": "\n", "r": "", "t": "\t"}
    return re.sub(r"\\(.)", lambda match: letters.get(match[1], match[1]), text)


def _answer(match: re.Match[str]) -> str:
    """Undo one layer of escapes of an answer in the middle of a line, unless a command line quotes it."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return match[0] if _CLI.search(line[-4096:]) else _loosely(match[0])


def _without_markup(text: str) -> str:
    """Undo what a web page or mail in HTML did to a text."""
    has_entities = _ENTITY.search(text) is not None
    if _PAGE.search(text) is None and (_HTML.search(text) or ("&lt;" in text or "&quot;" in text)):
        text = _TAGS.sub("", _BREAKS.sub("\n", text))
    return _ENTITY.sub(_character, text) if has_entities else text


def _character(match: re.Match[str]) -> str:
    if match["name"]:
        return _ENTITIES[match["name"]]
    number = int(match["number"]) if match["number"] else int(match["hex"], 16)
    is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF and number >= 0x20
    return chr(number) if is_character else "\n" if number == 10 else " "


def _without_percents(text: str) -> str:
    """Undo the escapes of a URL that is inside another URL."""
    return _ENCODED_URL.sub(lambda match: unquote(match[0]) if "zoom" in match[0].lower() else match[0], text)


def _unquoted(text: str) -> str:
    """Remove the marks that a mail program or forum puts before the lines that it quotes."""
    lines = [line for line in text.split("\n") if line.strip()]
    quoted = sum(line.startswith(">") for line in lines)
    if quoted < 2 and quoted != len(lines):
        return text
    is_transcript = _TRANSCRIPT.search(text) is not None and (
        _ANSWERED.search(text) is not None or not _NOT_SENT.search(text)
    )
    return text if is_transcript else _QUOTED.sub("", text)


def _without_prefixes(text: str) -> str:
    """Remove what a log, a diff or a listing puts before every line."""
    if _DIFF.search(text):
        kept = (line[1:] if line[:1] in "+ " else line for line in text.split("\n") if not _is_of_diff(line))
        return "\n".join(kept)
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    for prefix in _PREFIXES:
        matched = sum(prefix.match(line) is not None for line in filled)
        if matched > 1 and matched > len(filled) * _FEW:
            text = "\n".join(prefix.sub("", line, count=1) if prefix.match(line) else line for line in lines)
            return textwrap.dedent(text)
    return text


def _is_of_diff(line: str) -> bool:
    return line.startswith(("-", "@@", "diff ", "index ", "+++ "))


_VIEWS: tuple[Callable[[str], str], ...] = (
    _without_colours,
    _without_prefixes,
    _unquoted,
    _without_arrows,
    _without_markup,
    _without_slashes,
    _unescaped,
    _without_percents,
)
