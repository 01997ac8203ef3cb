"""The texts behind pages: codes, reasons, states, exit codes, HTTP statuses and network words, kept as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from zoomcall.knowledge.texts import Basis, read_rows

WAITING = {"authorization_pending", "expired_token", "slow_down"}
"""What the token endpoint says of a device code that it knows (RFC 8628)."""


class ZoomSaying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``error_codes.json``: a code with one of its texts.

    Attributes:
        code: Zoom's number, or a word from the token endpoint.
        http: The HTTP status it comes with, if documented.
        namespace: ``rest``, ``oauth`` or ``video-sdk-web-client``.
        message: Zoom's words; None if there are none.
        also: Other words with the same meaning.
        is_exact: Whether they are Zoom's own words, not a paraphrase.
        meaning: In our words.
        basis: Where this row comes from.
        sources: URLs.
    """

    code: int | str
    http: int | None
    namespace: str
    message: str | None
    also: tuple[str, ...] = ()
    is_exact: bool
    meaning: str
    basis: Basis
    sources: tuple[str, ...]

    @property
    def messages(self) -> tuple[str, ...]:
        """Zoom's words in all their forms."""
        return (self.message, *self.also) if self.message else ()


class CodeText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about one of Zoom's codes.

    Attributes:
        code: The code.
        title: One line.
        meaning: One or two sentences; None: the meaning of its first row in ``error_codes.json``.
        fix: How to fix it; None: the first cause's fix.
        command: A command that fixes it or shows more.
        example: What it looks like.
        causes: Ids of the causes that explain more.
    """

    code: int | str
    title: str
    meaning: str | None = None
    fix: str | None = None
    command: str | None = None
    example: str | None = None
    causes: tuple[str, ...] = ()

    @property
    def sayings(self) -> tuple[ZoomSaying, ...]:
        """The code's rows in ``error_codes.json``."""
        return tuple(saying for saying in sayings() if saying.code == self.code)


class Explanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about an exit code or one of Zoom's reasons.

    Attributes:
        name: Its name, which the table in ``zoomcall.domain`` has too.
        meaning: One or two sentences.
        fix: How to fix it.
        command: A command that fixes it or shows more.
        cause: The cause that has the fix, command and sources that are missing here.
        sources: URLs.
    """

    name: str
    meaning: str
    fix: str | None = None
    command: str | None = None
    cause: str | None = None
    sources: tuple[str, ...] = ()


class TitledExplanation(Explanation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about a state.

    Attributes:
        title: One line.
        example: What it looks like.
    """

    title: str
    example: str | None = None


class NetworkText(TitledExplanation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about a word of ``error.network``.

    Attributes:
        said: How programs say it, as regular expressions for text in lower case.
    """

    said: tuple[str, ...]


class HttpText(TitledExplanation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about an HTTP status or a word, and about the others in ``also``."""

    also: tuple[str, ...] = ()


@cache
def sayings() -> tuple[ZoomSaying, ...]:
    """Return every known text of Zoom's errors."""
    return read_rows("error_codes.json", ZoomSaying)


@cache
def code_texts() -> Mapping[str, CodeText]:
    """Return what to do about each of Zoom's codes, by the code as text."""
    return {str(text.code): text for text in read_rows("codes.toml", CodeText)}


@cache
def reason_texts() -> Mapping[str, Explanation]:
    """Return Zoom's reasons for a failed callout, by Zoom's name; the rest is inferred from it (zoom-api 5.3)."""
    return {text.name: text for text in read_rows("reasons.toml", Explanation)}


@cache
def exit_texts() -> Mapping[str, Explanation]:
    """Return the exit codes, by name."""
    return {text.name: text for text in read_rows("exit_codes.toml", Explanation)}


@cache
def state_texts() -> Mapping[str, TitledExplanation]:
    """Return the states of a call, by name."""
    return {text.name: text for text in read_rows("states.toml", TitledExplanation)}


@cache
def network_texts() -> Mapping[str, NetworkText]:
    """Return the words of ``error.network``."""
    return {text.name: text for text in read_rows("network_words.toml", NetworkText)}


@cache
def http_texts() -> Mapping[str, HttpText]:
    """Return the HTTP statuses that have a page, by status as text."""
    return {text.name: text for text in read_rows("http_statuses.toml", HttpText)}


@cache
def word_texts() -> Mapping[str, HttpText]:
    """Return the words that are neither codes nor causes, by topic."""
    return {text.name: text for text in read_rows("words.toml", HttpText)}
