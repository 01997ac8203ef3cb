"""A request as somebody wrote it down: what every reader returns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.value import Discreet
from zoomcall.knowledge.facts import Part

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Form(StrEnum):
    """How a request was written down, in words for a person."""

    CURL = "a curl command"
    COMMAND = "a command line"
    HTTP = "a raw HTTP request"
    HAR = "a HAR file"
    PARTS = "a request's parts, one per line"
    CSHARP = "C# code"
    JAVASCRIPT = "JavaScript code"
    PYTHON = "Python code"
    POWERSHELL = "PowerShell code"
    PHP = "PHP code"
    BASIC = "Visual Basic code"
    SOURCE = "source code"
    OBJECT = "a request as an object"
    PROSE = "a description of a request"

    @property
    def is_source(self) -> bool:
        """Whether it is a program, of which only a part can be seen."""
        return self in _SOURCES


_SOURCES = {Form.CSHARP, Form.JAVASCRIPT, Form.PYTHON, Form.POWERSHELL, Form.PHP, Form.BASIC, Form.SOURCE}


class PastedRequest(Discreet, frozen=True, kw_only=True):
    """A request, as far as it could be read. Unknown parts of a text are in braces, like ``{sessionId}``.

    Attributes:
        form: How it was written down.
        start: Where it begins in the text.
        end: Where it ends.
        method: Upper case; empty if it is not known.
        url: Absolute or a path; empty if it is not known.
        headers: In order, names as written; may hold secrets.
        body: None if it is not known, empty if there is none; may hold secrets.
        basic: ``user:password`` of Basic authentication, where it is not in a header.
        is_whole: What is not here was not sent.
        is_quoted_verbatim: A variable is in quotes in which a shell does not expand it.
        claims: Names of the claims that the code beside it puts into a token.
        has_millisecond_expiry: That code takes exp from a clock of milliseconds.
        answer: The answer, where it belongs to the same record.
        sent_at: The sender's clock, where it is recorded.
        unsure: Which parts were guessed, or read only in part.
        not_understood: What was left out, in words without any secret.
    """

    unshown: ClassVar = frozenset({"headers", "body", "basic"})

    form: Form
    start: int = 0
    end: int = 0
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    basic: str | None = None
    is_whole: bool = False
    is_quoted_verbatim: bool = False
    claims: tuple[str, ...] = ()
    has_millisecond_expiry: bool = False
    answer: RawAnswer | None = None
    sent_at: datetime | None = None
    unsure: frozenset[Part] = frozenset()
    not_understood: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """Return the first header of that name (lower case)."""
        return next((value for key, value in self.headers if key.strip().lower() == name), None)
