"""Reads the request that a curl command makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from urllib.parse import quote_plus

from msgspec import Struct, field

from zoomcall.usecases.pasted.pieces import Form, PastedRequest
from zoomcall.usecases.pasted.shell_script import input_of, variables_before
from zoomcall.usecases.pasted.shell_words import CommandLine, Dialect, Word, dialect_of, split_command

ReadFile = Callable[[str], bytes]
"""Reads a file that an option names; raises OSError."""

_MOST_COMMANDS = 12
_MOST_LOOKED_AT = 400
_COMMAND = re.compile(r"(?<![\w./\\@-])(?:curl|wget)(?:\.exe)?(?=[ \t\\^`]|\n)")
_LONG_OF_WGET = {"method": "request", "body-data": "data", "post-data": "data", "body-file": "upload-file"}
_OF_CMDLET = {"-uri", "-method", "-headers", "-body", "-contenttype"}
_PLAUSIBLE = re.compile(r"https?:|zoom\.us|zoomgov|videosdk|live_meetings|[ \t\n]-{1,2}[A-Za-z]|/v2/|[ \t]\$|\{\{")

_URL = re.compile(r"[/.$]|\{\{|%\w+%|localhost")

_SHORT_WITH_VALUE = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"
_LONG_WITH_VALUE = frozenset(  # a word a line would be a screen and a half
    """
    abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout
    connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary
    data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-servers doh-url dump-header ech egd-file
    engine etag-compare etag-save expect100-timeout form form-string ftp-account ftp-method ftp-port
    happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts interface ip-tos
    ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options
    max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass
    pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert
    proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass
    proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser
    proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry
    retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service
    socks5-hostname speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers
    tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url url-query user
    user-agent variable vlan-priority write-out
    """.split()  # noqa: SIM905 - a hundred names read best as text
)
_LONG_OF_SHORT = {
    "A": "user-agent",
    "b": "cookie",
    "d": "data",
    "e": "referer",
    "F": "form",
    "G": "get",
    "H": "header",
    "I": "head",
    "K": "config",
    "n": "netrc",
    "T": "upload-file",
    "u": "user",
    "X": "request",
}
_ASKED_FOR = "{password}"
_DATA = {"data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json"}


def read_curl_commands(text: str, read_file: ReadFile | None) -> Iterator[PastedRequest]:
    """Read the curl commands in a text, at most twelve.

    Args:
        text: Everything that was pasted.
        read_file: Reads the files that options name; None: they are not read.
    """
    starts = [match.start() for _, match in zip(range(_MOST_LOOKED_AT), _COMMAND.finditer(text), strict=False)]
    found = 0
    behind = 0
    for start, following in pairwise([*starts, len(text)]):
        if start < behind or not _PLAUSIBLE.search(text, start, min(following, start + 4096)):
            continue
        dialect = dialect_of(text, start)
        variables = variables_before(text, start, dialect)
        command = split_command(text, start, dialect, variables)
        if any(word.text.lower() in _OF_CMDLET for word in command.words):
            continue  # Invoke-WebRequest by its alias, which the reader of PowerShell takes
        given, end = None, command.end
        if dialect is Dialect.POSIX:
            given, end = input_of(text, start, command, variables)
        request = _Curl(command, dialect, read_file, given).read(start, end)
        if request is None:
            continue
        behind = request.end
        yield request
        found += 1
        if found == _MOST_COMMANDS:
            return


class _Body(Struct):
    """What ``-d`` and its kin add up to."""

    pieces: list[str] = field(default_factory=list)
    is_known: bool = True
    is_json: bool = False


class _Curl:
    """Reads one command's options in order."""

    def __init__(
        self, command: CommandLine, dialect: Dialect, read_file: ReadFile | None, given: str | None
    ) -> None:
        self._words = command.words
        self._given_input = given
        self._dialect = dialect
        self._read_file = read_file
        self._notes: dict[str, None] = dict.fromkeys(command.notes)
        self._options: list[tuple[str, Word]] = []
        self._urls: list[str] = []
        self._headers: list[tuple[str, str]] = []
        self._removed: set[str] = set()
        self._has_unknown_headers = False

    def read(self, start: int, end: int) -> PastedRequest | None:
        """Return the request; None if these words are not a command line but, say, prose."""
        self._sort()
        urls = [url for url in self._urls if _URL.search(url)]
        if not urls and not self._options:
            return None
        if len(urls) > 1:
            self._notes["more than one URL; Zoom's is used"] = None
        url = next((url for url in urls if _looks_zoomish(url)), urls[0] if urls else "")
        if not url:
            self._notes["the command has no URL"] = None
        body = self._body()
        self._collect_headers(body)
        method = self._method(body)
        text = None if not body.is_known else "&".join(body.pieces)
        if self._given("get") is not None and text:
            url, text = f"{url}{'&' if '?' in url else '?'}{text}", ""
        user = self._given("user")
        return PastedRequest(
            form=Form.CURL,
            start=start,
            end=end,
            method=method,
            url=url,
            headers=tuple(self._headers),
            body=text,
            basic=None if user is None else user.text if ":" in user.text else f"{user.text}:{_ASKED_FOR}",
            is_whole=not self._has_unknown_headers,
            is_quoted_verbatim=self._is_quoted_verbatim(),
            not_understood=tuple(self._notes),
        )

    def _is_quoted_verbatim(self) -> bool:
        return self._dialect is Dialect.POSIX and any(
            word.has_verbatim_variable and "authorization" in word.text.lower()
            for name, word in self._options
            if name == "header"
        )

    def _given(self, name: str) -> Word | None:
        return next((word for option, word in reversed(self._options) if option == name), None)

    def _all(self, name: str) -> list[Word]:
        return [word for option, word in self._options if option == name]

    def _sort(self) -> None:
        """Separate options from URLs, up to ``--next``."""
        rest = iter(self._words[1:])
        is_over = False
        for word in rest:
            text = word.text
            if is_over or not text.startswith("-") or text == "-":
                self._urls.append(text)
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
        if self._words[0].text.startswith("wget"):
            name = _LONG_OF_WGET.get(name, name)
            self._option(
                name, Word(value) if equals else next(rest, Word("")) if name in _LONG_WITH_VALUE else Word("")
            )
        elif equals and name in _LONG_WITH_VALUE:
            self._notes[f"--{name}=, which curl does not accept in this form; its value is used"] = None
            self._option(name, Word(value))
        elif name in _LONG_WITH_VALUE or name.removeprefix("expand-") in _LONG_WITH_VALUE:
            self._option(name.removeprefix("expand-"), next(rest, Word("")))
        else:
            self._option(name, Word(""))

    def _take_short(self, word: Word, rest: Iterator[Word]) -> None:
        letters = word.text[1:]
        for place, letter in enumerate(letters):
            name = _LONG_OF_SHORT.get(letter, letter)
            if letter not in _SHORT_WITH_VALUE or letter == "h":
                self._option(name, Word(""))
                continue
            value = letters[place + 1 :]
            if letter == "X" and value.startswith("="):
                value = value[1:]
            self._option(name, Word(value, word.has_verbatim_variable) if value else next(rest, Word("")))
            return

    def _option(self, name: str, value: Word) -> None:
        if name == "url":
            self._urls.append(value.text)
        elif name == "request-target":
            self._notes["--request-target"] = None
        self._options.append((name, value))

    def _method(self, body: _Body) -> str:
        given = self._given("request")
        if given is not None:
            return given.text.strip().upper()
        if self._given("head") is not None:
            return "HEAD"
        if self._given("get") is not None:
            return "GET"
        if self._given("upload-file") is not None:
            return "PUT"
        return "POST" if body.pieces or not body.is_known else "GET"

    def _body(self) -> _Body:
        body = _Body()
        for name, word in self._options:
            if name in _DATA:
                piece = self._data(name, word.text)
                body.is_json = body.is_json or name == "json"
                if piece is None:
                    body.is_known = False
                else:
                    body.pieces.append(piece)
            elif name in {"form", "form-string", "upload-file"}:
                body.is_known = False
                self._notes[f"the body, which --{name} makes"] = None
        return body

    def _data(self, name: str, text: str) -> str | None:
        """Return one option's part of the body; None if it is in a file that is not read."""
        if name == "data-raw":
            return text
        if name == "data-urlencode":
            return self._urlencoded(text)
        if not text.startswith("@"):
            return text
        content = self._file(text[1:])
        if content is None or name in {"data-binary", "json"}:
            return content
        return re.sub(r"[\r\n\0]", "", content)

    def _urlencoded(self, text: str) -> str | None:
        match = re.match(r"([^=@]*)([=@]?)(.*)", text, re.DOTALL)
        assert match is not None  # noqa: S101 - it takes any text
        name, sign, content = match.groups()
        if sign == "@":
            read = self._file(content)
            if read is None:
                return None
            content = read
        elif not sign:
            name, content = "", name
        encoded = content if content.startswith("$") else quote_plus(content)
        return f"{name}={encoded}" if name else encoded

    def _file(self, path: str) -> str | None:
        if path == "-":
            if self._given_input is not None:
                return self._given_input
            self._notes["the body, which comes from standard input"] = None
            return None
        if self._read_file is None:
            self._notes["the body, which is in a file (--allow-files reads it)"] = None
            return None
        try:
            return self._read_file(path).decode("utf-8", "replace")
        except OSError as error:
            self._notes[f"the body, whose file cannot be read: {error.strerror or 'it is too large'}"] = None
            return None

    def _collect_headers(self, body: _Body) -> None:
        for word in self._all("header"):
            self._header(word.text)
        names = {name.strip().lower() for name, _ in self._headers} | self._removed
        bearer = self._given("oauth2-bearer")
        if bearer is not None and "authorization" not in names:
            self._headers.append(("Authorization", f"Bearer {bearer.text}"))
        if self._given("netrc") is not None or self._given("netrc-file") is not None:
            self._unknown("the credential, which is in a netrc file")
        if self._given("config") is not None:
            self._unknown("options that come from a file (-K)")
        for word in self._all("cookie"):
            self._headers.append(("Cookie", word.text))
        if body.is_json:
            self._default("Content-Type", "application/json", names)
        elif body.pieces or not body.is_known:
            kind = "multipart/form-data" if self._given("form") is not None else "application/x-www-form-urlencoded"
            if self._given("upload-file") is None and self._given("get") is None:
                self._default("Content-Type", kind, names)

    def _default(self, name: str, value: str, names: set[str]) -> None:
        if name.lower() not in names:
            self._headers.append((name, value))

    def _unknown(self, note: str) -> None:
        self._notes[note] = None
        self._has_unknown_headers = True

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


def _looks_zoomish(url: str) -> bool:
    return bool(re.search(r"zoom(?:gov)?\.|videosdk|live_meetings|/oauth/token", url, re.IGNORECASE))
