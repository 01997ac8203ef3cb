"""Reads the requests that command lines of HTTP clients make: curl, wget, HTTPie."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice, pairwise
from typing import Any
from urllib.parse import quote_plus, urlencode

from zoomcall.knowledge.http_clients import HttpClient, http_clients
from zoomcall.usecases.pasted.balanced import json_of
from zoomcall.usecases.pasted.pieces import FORM, JSON, Form, PastedRequest
from zoomcall.usecases.pasted.shell_words import (
    Dialect,
    Word,
    dialect_of,
    input_of,
    split_command,
    variables_before,
)

ReadFile = Callable[[str], bytes]
"""Reads a file that an option names; raises OSError."""

_MOST_COMMANDS = 12
_MOST_LOOKED_AT = 400
_OF_CMDLET = {"-uri", "-method", "-headers", "-body", "-contenttype"}
_PLAUSIBLE = re.compile(r"https?:|zoom\.us|zoomgov|videosdk|live_meetings|[ \t\n]-{1,2}[A-Za-z]|/v2/|[ \t]\$|\{\{")
_URL = re.compile(r"[/.$]|\{\{|%\w+%|localhost")
_ZOOMISH = re.compile(r"zoom(?:gov)?\.|videosdk|live_meetings|/oauth/token", re.IGNORECASE)
_NOT_ITEMS = re.compile(
    r"https?[ \t]+(?:[A-Z]+[ \t]+\S{1,2048}[ \t]+\[?[1-5]\d\d\]?(?:[ \t]|$)"
    r"|[a-z]+ [^\n]{0,1000}?(?:-H|--headers)[ =]*[\[{$])",
    re.MULTILINE,
)
"""A log's line with a status, or a command of Nushell's."""
_VERB = re.compile(r"GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS", re.IGNORECASE)
_ITEM = re.compile(r"(?P<name>[\w.\[\]-]+)(?P<sign>:=@|:=|==|=@|=|:)(?P<value>.*)", re.DOTALL)
_METHODS = {"head": "HEAD", "get": "GET", "upload": "PUT"}
_PIECES = {"data", "bytes", "json", "text", "raw", "urlencoded", "file", "parts", "upload"}
_UNREAD = {
    "parts": "the body, which is a form of files",
    "upload": "the body, which is a file",
    "target": "--request-target",
    "netrc": "the credential, which is in a netrc file",
    "config": "options that come from a file (-K)",
}
"""What is not understood of an option, by its role."""


@cache
def _command() -> re.Pattern[str]:
    names = "|".join(f"(?P<c{place}>{client.program})" for place, client in enumerate(http_clients()))
    return re.compile(rf"(?<![\w./\\@-])(?:{names})(?=[ \t\\^`]|\n)")


def read_commands(text: str, read_file: ReadFile | None) -> Iterator[PastedRequest]:
    """Read the command lines in a text, at most twelve; without ``read_file`` no file is read."""
    found = behind = 0
    for match, following in pairwise([*islice(_command().finditer(text), _MOST_LOOKED_AT), None]):
        start = match.start() if match is not None else 0
        limit = min(following.start() if following is not None else len(text), start + 4096)
        if match is None or start < behind or not _PLAUSIBLE.search(text, start, limit):
            continue
        if _NOT_ITEMS.match(text, start):
            continue
        request = _read(text, start, http_clients()[int((match.lastgroup or "c0")[1:])], read_file)
        if request is not None and found < _MOST_COMMANDS:
            found, behind = found + 1, request.end
            yield request


def _read(text: str, start: int, client: HttpClient, read_file: ReadFile | None) -> PastedRequest | None:
    dialect = dialect_of(text, start)
    is_posix = dialect is Dialect.POSIX
    variables = variables_before(text, start, dialect)
    command = split_command(text, start, dialect, variables)
    if any(word.text.lower() in _OF_CMDLET for word in command.words):
        return None  # Invoke-WebRequest by its alias, which the reader of PowerShell takes
    given, end = input_of(text, start, command, variables) if is_posix else (None, command.end)
    line = _Line(client, read_file, given, command.notes)
    return line.request(command.words[1:], start, end, is_posix=is_posix)


class _Line:
    """What one command's options and other words say, in order."""

    def __init__(
        self, client: HttpClient, read_file: ReadFile | None, given_input: str | None, notes: tuple[str, ...]
    ) -> None:
        self._client, self._read_file, self._given_input = client, read_file, given_input
        self._is_curl = client.program.startswith("curl")
        self._notes = dict.fromkeys(notes)
        self._options: list[tuple[str, Word]] = []
        self._headers: list[tuple[str, str]] = []
        self._removed: set[str] = set()
        self._pieces: list[str | None] = []
        self._is_whole = True

    def request(self, words: tuple[Word, ...], start: int, end: int, *, is_posix: bool) -> PastedRequest | None:
        """Return the request; None if these words are not a command line but, say, prose."""
        given = list(self._sorted(iter(words)))
        self._options = [(role, word) for role, word in given if role != "word"]
        others = [word.text for role, word in given if role in {"word", "url"}]
        method, url = self._destination(others)
        if not url and not self._options:
            return None
        if not url:
            self._note("the command has no URL")
        for role, word in self._options:
            self._take(role, word.text)
        body = self._body(others)
        method = method or self._method()
        if self._last("get") is not None and body:
            url, body = f"{url}{'&' if '?' in url else '?'}{body}", ""
        self._default_headers()
        user, password = self._last("user"), self._last("password") or "{password}"
        return PastedRequest(
            form=Form.CURL if self._is_curl else Form.COMMAND,
            start=start,
            end=end,
            method=method.strip().upper(),
            url=url,
            headers=tuple(self._headers),
            body=body,
            basic=None if user is None or self._is_bearer() else user if ":" in user else f"{user}:{password}",
            is_whole=self._is_whole,
            is_quoted_verbatim=is_posix
            and any(
                role == "header" and word.has_verbatim_variable and "authorization" in word.text.lower()
                for role, word in self._options
            ),
            not_understood=tuple(self._notes),
        )

    def _sorted(self, words: Iterator[Word]) -> Iterator[tuple[str, Word]]:
        """Yield options by their roles, and other words, up to one that begins another request."""
        client = self._client
        for word in words:
            text = word.text
            if text in {"--next", "-:"}:
                self._note("the requests after --next")
                return
            if text == "--":
                yield from (("word", rest) for rest in words)
            elif not text.startswith("-") or text == "-":
                yield "word", word
            elif text.startswith("--"):
                name, equals, value = text[2:].partition("=")
                takes_value = client.takes_value(name)
                if equals and takes_value and self._is_curl:
                    self._note(f"--{name}=, which curl does not accept in this form; its value is used")
                is_alone = equals or not takes_value
                yield client.roles.get(name, ""), Word(value) if is_alone else next(words, Word(""))
            else:
                yield from self._letters(word, words)

    def _letters(self, word: Word, words: Iterator[Word]) -> Iterator[tuple[str, Word]]:
        for place, letter in enumerate(word.text[1:], 2):
            role = self._client.roles.get(self._client.short.get(letter, letter), "")
            if letter in self._client.letters:
                value = word.text[place:].removeprefix("=") if letter == "X" else word.text[place:]
                yield role, Word(value, word.has_verbatim_variable) if value else next(words, Word(""))
                return
            yield role, Word("")

    def _note(self, text: str) -> None:
        self._notes[text] = None

    def _unknown(self, note: str) -> None:
        self._note(note)
        self._is_whole = False

    def _last(self, role: str) -> str | None:
        return next((word.text for name, word in reversed(self._options) if name == role), None)

    def _is_bearer(self) -> bool:
        return (self._last("auth-type") or "").lower() in {"bearer", "jwt"}

    def _destination(self, others: list[str]) -> tuple[str, str]:
        """Return the method that stands before the URL, if any, and the URL; take them from the words."""
        if self._client.has_items:
            method = others.pop(0) if others and _VERB.fullmatch(others[0]) else ""
            url = others.pop(0) if others and _URL.search(others[0]) else ""
            return method, f"http://localhost{url}" if url.startswith(":") else url
        urls = [url for url in others if _URL.search(url)]
        if len(urls) > 1:
            self._note("more than one URL; Zoom's is used")
        return "", next((url for url in urls if _ZOOMISH.search(url)), urls[0] if urls else "")

    def _method(self) -> str:
        plain = (method for role, method in _METHODS.items() if self._last(role) is not None)
        given = self._last("method")
        return next(plain, "POST" if self._pieces else "GET") if given is None else given

    def _take(self, role: str, text: str) -> None:
        if role in _UNREAD:
            self._note(_UNREAD[role])
            self._is_whole = self._is_whole and role not in {"netrc", "config"}
        if role in _PIECES:
            self._pieces.append(None if role in _UNREAD else self._data(role, text))
        elif role == "header":
            self._header(text)

    def _data(self, role: str, text: str) -> str | None:
        """Return one option's part of the body; None if it is in a file that is not read."""
        name, sign, content = "", "", text
        if role == "urlencoded" and (mark := re.search("[=@]", text)) is not None:
            name, sign, content = text[: mark.start()], mark[0], text[mark.end() :]
        elif role == "file":
            sign = "@"
        elif text.startswith("@") and role in {"data", "bytes", "json"}:
            sign, content = "@", text[1:]
        read = self._file(content) if sign == "@" else content
        if role == "urlencoded" and read is not None:
            read = read if read.startswith("$") else quote_plus(read)
            return f"{name}={read}" if name else read
        return re.sub(r"[\r\n\0]", "", read) if role == "data" and sign and read is not None else read

    def _file(self, path: str) -> str | None:
        if path == "-":
            if self._given_input is None:
                self._note("the body, which comes from standard input")
            return self._given_input
        if self._read_file is None:
            self._note("the body, which is in a file (--allow-files reads it)")
            return None
        try:
            return self._read_file(path).decode("utf-8", "replace")
        except OSError as error:
            self._note(f"the body, whose file cannot be read: {error.strerror or 'it is too large'}")
            return None

    def _header(self, text: str) -> None:
        name, colon, value = text.partition(":")
        if text.startswith("@"):
            self._unknown("headers that come from " + ("standard input" if text == "@-" else "a file"))
        elif colon and value.strip():
            self._headers.append((name.strip(), value.strip()))
        elif colon:
            self._removed.add(name.strip().lower())
        elif text.endswith(";"):
            self._headers.append((text[:-1].strip(), ""))
        elif text.startswith("$") or "{{" in text:
            self._unknown("a header, which is a variable")
        else:
            self._note("a header without a colon, which curl does not send")

    def _body(self, words: list[str]) -> str | None:
        """Put the body together from options and, where the client has them, items."""
        if self._client.has_items:
            items: dict[str, Any] = {}
            for word in words:
                self._take_item(word, items)
            if items:
                is_form = self._last("as-form") is not None
                self._pieces.append(urlencode(items) if is_form else json.dumps(items))
            if not self._pieces and self._given_input is not None:
                self._pieces.append(self._given_input)
        known = [piece for piece in self._pieces if piece is not None]
        return "&".join(known) if len(known) == len(self._pieces) else None

    def _take_item(self, word: str, members: dict[str, Any]) -> None:
        """Read one of HTTPie's items: ``Name:header``, ``name=text``, ``name:=JSON``, ``name[inner]=text``."""
        item = _ITEM.fullmatch(word)
        sign = "" if item is None else item["sign"]
        if sign == ":":
            self._header(word)
        elif sign == "==":
            self._note("a parameter of the query")
        elif item is not None and sign in {"=", ":="}:
            *path, last = (part for part in re.split(r"[\[\]]+", item["name"]) if part)
            inner: Any = members
            for part in path:
                inner = inner.setdefault(part, {}) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                inner[last] = item["value"] if sign == "=" else json_of(item["value"], item["value"])
        elif sign:
            self._pieces.append(None)

    def _default_headers(self) -> None:
        """Add the headers that the client sends by itself."""
        names = {name.strip().lower() for name, _ in self._headers} | self._removed
        bearer = self._last("bearer") or (self._last("user") if self._is_bearer() else None)
        if bearer is not None and "authorization" not in names:
            self._headers.append(("Authorization", f"Bearer {bearer}"))
        self._headers += [("Cookie", word.text) for role, word in self._options if role == "cookie"]
        roles = {role for role, _ in self._options}
        if "json" in roles or (self._client.has_items and self._pieces and "as-form" not in roles):
            kind = JSON
        elif self._pieces and not roles & {"upload", "get"}:
            kind = "multipart/form-data" if "parts" in roles else FORM
        else:
            return
        if "content-type" not in names:
            self._headers.append(("Content-Type", kind))
