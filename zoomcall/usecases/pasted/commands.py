"""Reads the requests that command lines of HTTP clients make: curl, wget, HTTPie."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote_plus, urlencode

from zoomcall.knowledge.http_clients import HttpClient, http_clients
from zoomcall.usecases.pasted.pieces import Form, PastedRequest
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
_ASKED_FOR = "{password}"
_OF_CMDLET = {"-uri", "-method", "-headers", "-body", "-contenttype"}
_PLAUSIBLE = re.compile(r"https?:|zoom\.us|zoomgov|videosdk|live_meetings|[ \t\n]-{1,2}[A-Za-z]|/v2/|[ \t]\$|\{\{")
_URL = re.compile(r"[/.$]|\{\{|%\w+%|localhost")
_ZOOMISH = re.compile(r"zoom(?:gov)?\.|videosdk|live_meetings|/oauth/token", re.IGNORECASE)
_VERB = re.compile(r"GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS", re.IGNORECASE)
_ITEM = re.compile(r"(?P<name>[\w.\[\]-]+)(?P<sign>:=@|:=|==|=@|=|:)(?P<value>.*)", re.DOTALL)
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


@cache
def _command() -> re.Pattern[str]:
    names = "|".join(f"(?P<c{place}>{client.program})" for place, client in enumerate(http_clients()))
    return re.compile(rf"(?<![\w./\\@-])(?:{names})(?=[ \t\\^`]|\n)")


def read_commands(text: str, read_file: ReadFile | None) -> Iterator[PastedRequest]:
    """Read the command lines in a text, at most twelve.

    Args:
        text: Everything that was pasted.
        read_file: Reads the files that options name; None: they are not read.
    """
    starts = [match for _, match in zip(range(_MOST_LOOKED_AT), _command().finditer(text), strict=False)]
    found = behind = 0
    for match, following in pairwise([*starts, None]):
        start = match.start() if match is not None else 0
        limit = min(following.start() if following is not None else len(text), start + 4096)
        if match is None or start < behind or not _PLAUSIBLE.search(text, start, limit):
            continue
        client = http_clients()[int((match.lastgroup or "c0")[1:])]
        request = _read(text, start, client, read_file)
        if request is not None and found < _MOST_COMMANDS:
            found, behind = found + 1, request.end
            yield request


def _read(text: str, start: int, client: HttpClient, read_file: ReadFile | None) -> PastedRequest | None:
    dialect = dialect_of(text, start)
    variables = variables_before(text, start, dialect)
    command = split_command(text, start, dialect, variables)
    if any(word.text.lower() in _OF_CMDLET for word in command.words):
        return None  # Invoke-WebRequest by its alias, which the reader of PowerShell takes
    given, end = None, command.end
    if dialect is Dialect.POSIX:
        given, end = input_of(text, start, command, variables)
    line = _Line(client, command.words[1:], dict.fromkeys(command.notes), read_file, given)
    return line.request(start, end, is_posix=dialect is Dialect.POSIX)


class _Line:
    """What one command's options and other words say, in order."""

    def __init__(
        self,
        client: HttpClient,
        words: tuple[Word, ...],
        notes: dict[str, None],
        read_file: ReadFile | None,
        given_input: str | None,
    ) -> None:
        self._client = client
        self._read_file = read_file
        self._given_input = given_input
        self._notes = notes
        self._options: list[tuple[str, Word]] = []
        self._others: list[str] = []
        self._headers: list[tuple[str, str]] = []
        self._removed: set[str] = set()
        self._pieces: list[str | None] = []
        self._items: dict[str, Any] = {}
        self._is_whole = True
        self._sort(words)

    def request(self, start: int, end: int, *, is_posix: bool) -> PastedRequest | None:
        """Return the request; None if these words are not a command line but, say, prose."""
        method, url = self._destination()
        is_prose = self._client.has_items and any(_ITEM.fullmatch(word) is None for word in self._others)
        if (not url and not self._options) or is_prose:
            return None
        if not url:
            self._notes["the command has no URL"] = None
        for role, word in self._options:
            self._take(role, word)
        body = self._body()
        method = method or self._method()
        if self._has("get") and body:
            url, body = f"{url}{'&' if '?' in url else '?'}{body}", ""
        self._default_headers()
        user = self._last("user")
        password = self._last("password") or _ASKED_FOR
        return PastedRequest(
            form=Form.CURL if self._client.program.startswith("curl") else Form.COMMAND,
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
                word.has_verbatim_variable and "authorization" in word.text.lower() for word in self._all("header")
            ),
            not_understood=tuple(self._notes),
        )

    def _sort(self, words: tuple[Word, ...]) -> None:
        """Separate options from other words, up to one that begins another request."""
        rest = iter(words)
        is_over = False
        for word in rest:
            text = word.text
            if is_over or not text.startswith("-") or text == "-":
                self._others.append(text)
            elif text == "--":
                is_over = True
            elif text in {"--next", "-:"}:
                self._notes["the requests after --next"] = None
                break
            elif text.startswith("--"):
                self._take_long(text[2:], rest)
            else:
                self._take_short(word, rest)

    def _take_long(self, name: str, rest: Iterator[Word]) -> None:
        name, equals, value = name.partition("=")
        takes_value = self._client.takes_value(name)
        if equals and takes_value and self._client.program.startswith("curl"):
            self._notes[f"--{name}=, which curl does not accept in this form; its value is used"] = None
        self._add(name, Word(value) if equals or not takes_value else next(rest, Word("")))

    def _take_short(self, word: Word, rest: Iterator[Word]) -> None:
        letters = word.text[1:]
        for place, letter in enumerate(letters):
            name = self._client.short.get(letter, letter)
            if letter not in self._client.letters:
                self._add(name, Word(""))
                continue
            value = letters[place + 1 :]
            value = value.removeprefix("=") if letter == "X" else value
            self._add(name, Word(value, word.has_verbatim_variable) if value else next(rest, Word("")))
            return

    def _add(self, name: str, value: Word) -> None:
        role = self._client.roles.get(name, "")
        if role == "url":
            self._others.append(value.text)
        self._options.append((role, value))

    def _all(self, role: str) -> list[Word]:
        return [word for name, word in self._options if name == role]

    def _has(self, *roles: str) -> bool:
        return any(name in roles for name, _ in self._options)

    def _last(self, role: str) -> str | None:
        return next((word.text for word in reversed(self._all(role))), None)

    def _is_bearer(self) -> bool:
        return (self._last("auth-type") or "").lower() in {"bearer", "jwt"}

    def _destination(self) -> tuple[str, str]:
        """Return the method that stands before the URL, if any, and the URL."""
        others = self._others
        method = ""
        if self._client.has_items:
            method = others.pop(0) if others and _VERB.fullmatch(others[0]) else ""
            url = others.pop(0) if others and _URL.search(others[0]) else ""
            return method, f"http://localhost{url}" if url.startswith(":") else url
        urls = [url for url in others if _URL.search(url)]
        if len(urls) > 1:
            self._notes["more than one URL; Zoom's is used"] = None
        return "", next((url for url in urls if _ZOOMISH.search(url)), urls[0] if urls else "")

    def _method(self) -> str:
        given = self._last("method")
        if given is not None:
            return given
        for role, method in (("head", "HEAD"), ("get", "GET"), ("upload", "PUT")):
            if self._has(role):
                return method
        return "POST" if self._pieces else "GET"

    def _take(self, role: str, word: Word) -> None:
        match role:
            case "data" | "bytes" | "json" | "text" | "raw" | "urlencoded" | "file":
                self._pieces.append(self._data(role, word.text))
            case "parts" | "upload":
                self._pieces.append(None)
                self._notes[
                    "the body, which is a form of files" if role == "parts" else "the body, which is a file"
                ] = None
            case "header":
                self._header(word.text)
            case "netrc":
                self._unknown("the credential, which is in a netrc file")
            case "config":
                self._unknown("options that come from a file (-K)")
            case "target":
                self._notes["--request-target"] = None
            case _:
                pass

    def _data(self, role: str, text: str) -> str | None:
        """Return one option's part of the body; None if it is in a file that is not read."""
        if role == "urlencoded":
            return self._urlencoded(text)
        if role == "file":
            return self._file(text)
        if role in {"text", "raw"} or not text.startswith("@"):
            return text
        content = self._file(text[1:])
        return content if content is None or role != "data" else re.sub(r"[\r\n\0]", "", content)

    def _urlencoded(self, text: str) -> str | None:
        match = re.match(r"([^=@]*)([=@]?)(.*)", text, re.DOTALL)
        assert match is not None  # noqa: S101 - it takes any text
        name, sign, content = match.groups() if match[2] else ("", "", text)
        read = self._file(content) if sign == "@" else content
        if read is None:
            return None
        encoded = read if read.startswith("$") else quote_plus(read)
        return f"{name}={encoded}" if name else encoded

    def _file(self, path: str) -> str | None:
        if path == "-":
            if self._given_input is None:
                self._notes["the body, which comes from standard input"] = None
            return self._given_input
        if self._read_file is None:
            self._notes["the body, which is in a file (--allow-files reads it)"] = None
            return None
        try:
            return self._read_file(path).decode("utf-8", "replace")
        except OSError as error:
            self._notes[f"the body, whose file cannot be read: {error.strerror or 'it is too large'}"] = None
            return None

    def _header(self, text: str) -> None:
        if text.startswith("@"):
            self._unknown("headers that come from " + ("standard input" if text == "@-" else "a file"))
            return
        name, colon, value = text.partition(":")
        if colon and value.strip():
            self._headers.append((name.strip(), value.strip()))
        elif colon:
            self._removed.add(name.strip().lower())
        elif text.endswith(";"):
            self._headers.append((text[:-1].strip(), ""))
        elif text.startswith("$") or "{{" in text:
            self._unknown("a header, which is a variable")
        else:
            self._notes["a header without a colon, which curl does not send"] = None

    def _unknown(self, note: str) -> None:
        self._notes[note] = None
        self._is_whole = False

    def _body(self) -> str | None:
        """Put the body together from options and, where the client has them, items."""
        for word in self._others if self._client.has_items else ():
            self._take_item(word)
        if self._items:
            self._pieces.append(urlencode(self._items) if self._has("as-form") else json.dumps(self._items))
        if self._client.has_items and not self._pieces and self._given_input is not None:
            self._pieces.append(self._given_input)
        known = [piece for piece in self._pieces if piece is not None]
        return "&".join(known) if len(known) == len(self._pieces) else None

    def _take_item(self, word: str) -> None:
        """Read one of HTTPie's items: ``Name:header``, ``name=text``, ``name:=JSON``, ``name[inner]=text``."""
        item = _ITEM.fullmatch(word)
        if item is None:
            return
        name, value = item["name"], item["value"]
        match item["sign"]:
            case ":":
                self._header(word)
            case "==":
                self._notes["a parameter of the query"] = None
            case "=" | ":=":
                members = self._items
                first, *inner = (part for part in re.split(r"[\[\]]+", name) if part)
                for part in inner:
                    members, first = members.setdefault(first, {}), part
                    if not isinstance(members, dict):
                        return
                members[first] = value if item["sign"] == "=" else _value(value)
            case _:
                self._pieces.append(None)

    def _default_headers(self) -> None:
        """Add the headers that the client sends by itself."""
        names = {name.strip().lower() for name, _ in self._headers} | self._removed
        bearer = self._last("bearer") or (self._last("user") if self._is_bearer() else None)
        if bearer is not None and "authorization" not in names:
            self._headers.append(("Authorization", f"Bearer {bearer}"))
        self._headers += [("Cookie", word.text) for word in self._all("cookie")]
        kind = ""
        if self._has("json") or (self._client.has_items and self._pieces and not self._has("as-form")):
            kind = _JSON
        elif self._pieces and not self._has("upload", "get"):
            kind = "multipart/form-data" if self._has("parts") else _FORM
        if kind and "content-type" not in names:
            self._headers.append(("Content-Type", kind))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
