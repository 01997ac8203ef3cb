"""The target that a room is rung into: a Video SDK session or a Zoom meeting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar, NewType
from urllib.parse import parse_qs, quote, unquote, urlsplit

from msgspec import Struct

from zoomcall.domain.pasted_value import QUOTES
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

SessionId = NewType("SessionId", str)
MeetingNumber = NewType("MeetingNumber", str)

_LONGEST_ID = 512
_MEETING_DIGITS = range(9, 12)

_SPACED_NUMBER = r"(\d(?:[ \u00a0-]?\d){8,10})(?![ \u00a0-]?\d)"
_LABELLED = Pattern(rf"^[^\d\n@/:\uff1a=#]{{0,40}}[:\uff1a=#]\s*[\"'#]?{_SPACED_NUMBER}", re.MULTILINE)
_NUMBER_LABEL = Pattern(r"\bid\b|\bnumber\b|ID|\u53f7|\u865f|\bn(?:\.|o\b|r\b|\u00b0)", re.IGNORECASE)
_REMARKED = Pattern(
    r"(?:(?:zoom )?(?:meeting|webinar)(?: (?:id|number|no\.?))? )?"
    rf"{_SPACED_NUMBER}(?=\Z|\s*[(,;#]|\s+[^\W\d]|\?pwd=)",
    re.IGNORECASE,
)
_LONGEST_INVITATION = 20_000
_LINK_IN_TEXT = Pattern(r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,10}://[^\s<>\"']+")
_DIAL_STRING = Pattern(r"(?:sips?:)?(\d{9,11})(?:\.[^@]*)?@[\w.-]+", re.IGNORECASE)
_PROOFPOINT = Pattern(r"/v3/__(https?:.*?)__;")
_LINK = Pattern(r"[A-Za-z][A-Za-z0-9+.-]*://|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/")


class Api(StrEnum):
    """One of Zoom's two APIs."""

    SESSION = "session"
    MEETING = "meeting"


class SessionTarget(Struct, frozen=True):
    """A Video SDK session; ``name`` is known if the session was found by its name."""

    id: SessionId
    name: str | None = None
    api: ClassVar[Api] = Api.SESSION

    def __str__(self) -> str:
        return f"session {self.name or self.id}"


class SessionNameTarget(Struct, frozen=True):
    """A Video SDK session known only by name so far; ``origin`` is the variable that named it, if any."""

    name: str
    origin: str | None = None
    api: ClassVar[Api] = Api.SESSION

    def __str__(self) -> str:
        return f"session named {self.name}"


class MeetingTarget(Struct, frozen=True):
    """A Zoom meeting by its number."""

    number: MeetingNumber
    api: ClassVar[Api] = Api.MEETING

    def __str__(self) -> str:
        return f"meeting {self.number}"


Target = SessionTarget | SessionNameTarget | MeetingTarget
ResolvedTarget = SessionTarget | MeetingTarget


def parse_session_id(text: str) -> SessionId:
    """Parse a session id as Zoom prints it (base64-like, may contain ``/``, ``+`` and ``=``).

    Raises:
        UsageError: It is empty, too long, contains spaces or control characters, or is only dots.
    """
    fix = "Copy the id from `zoomcall session list`."
    if not text:
        raise UsageError("the session id is empty", fix=fix)
    if len(text) > _LONGEST_ID:
        raise UsageError(f"the session id has {len(text)} characters; none of Zoom's is that long", fix=fix)
    if any(character.isspace() or not character.isprintable() for character in text):
        raise UsageError(f"the session id {quoted(text)} contains a space or control character", fix=fix)
    if not text.strip("."):
        raise UsageError(f"{quoted(text)} is not a valid session id", fix=fix)
    return SessionId(text)


def parse_session_name(text: str) -> str:
    """Parse a session's name of at most 200 characters (zoom-api 1.2, ``tpc``).

    Raises:
        UsageError: It is empty, too long or contains control characters.
    """
    if not text.strip():
        raise UsageError("the session name is empty", fix="Copy the name from `zoomcall session list`.")
    if len(text) > 200:
        raise UsageError(f"the session name has {len(text)} characters; Zoom allows 200")
    if not text.isprintable():
        raise UsageError(f"the session name {quoted(text)} contains a control character")
    return text


def parse_meeting_number(text: str) -> MeetingNumber:
    """Parse a meeting number as Zoom prints it, or a join link or dial string, of which only the number is kept.

    Raises:
        UsageError: It contains no number of 9 to 11 digits.
    """
    fix = "Give the number of 9 to 11 digits, or a join link that contains it (https://zoom.us/j/NUMBER)."
    text = text.strip().strip(f"{QUOTES}<>").strip()
    number = re.sub(r"[\s\u00a0-]", "", text)
    if not (number.isascii() and number.isdigit()):
        found = _numbers_in(text[:_LONGEST_INVITATION])
        if len(found) > 1:
            raise UsageError(f"it names several meetings: {' and '.join(found)}", fix="Give one number.")
        if not found and _LINK.match(text):
            raise UsageError("the join link contains no meeting number", fix=fix)
        number = found[0] if found else number
    if not number:
        raise UsageError("the meeting number is empty", fix=fix)
    shown = quoted(re.split("[?&#@]", number, maxsplit=1)[0].partition(".")[0])  # a passcode may come after these
    if not (number.isascii() and number.isdigit()):
        raise UsageError(
            f"{shown} is not a meeting number; the API takes the number, not a UUID or a name", fix=fix
        )
    if len(number) not in _MEETING_DIGITS:
        raise UsageError(f"{shown} has {len(number)} digits; a meeting number has 9 to 11", fix=fix)
    return MeetingNumber(number)


def _numbers_in(text: str) -> list[str]:
    """Return the numbers of the meetings that a join link, a dial string, or an invitation names."""
    if match := _DIAL_STRING.fullmatch(text):
        return [match[1]]
    links = [text] if _LINK.match(text) and "\n" not in text else _LINK_IN_TEXT.findall(text)
    found = [number for link in links if (number := number_of_link(link)) is not None]
    if not links:
        is_line = "\n" not in text
        found = [m[1] for m in _LABELLED.finditer(text) if is_line or _NUMBER_LABEL.search(m[0])]
        if not found and (match := _REMARKED.match(text)):
            found = [match[1]]
    return list(dict.fromkeys(re.sub(r"[\s\u00a0-]", "", number) for number in found))


def number_of_link(link: str) -> str | None:
    """Return the meeting in a join link, or in one that something has wrapped; None if the text is neither."""
    if not _LINK.match(link):
        return None
    return next((found for each in _links(link) if (found := _number_in(each)) is not None), None)


def _links(link: str, depth: int = 3) -> Iterator[str]:
    """Yield a link, and those that mail filters, search engines and redirects have wrapped in it."""
    yield link
    if not depth:
        return
    if match := _PROOFPOINT.search(link):
        yield from _links(match[1], depth - 1)
    try:
        query = parse_qs(urlsplit(link).query)
    except ValueError:
        return
    for value in (value for values in query.values() for value in values):
        inner = unquote(re.sub(r"-(?=[0-9A-F]{2})", "%", value).replace("_", "/")) if "-3A" in value else value
        if _LINK.match(inner):
            yield from _links(inner, depth - 1)


def _number_in(link: str) -> str | None:
    try:
        parts = urlsplit(link)
        query = parse_qs(parts.query)
    except ValueError:
        return None
    if "confno" in query:
        return re.sub(r"[\s-]", "", query["confno"][0])
    match = re.search(r"/(?:j|s|w|wc|wc/join|launch/[a-z]+|meetings?|live_meetings)/(\d+)(?:/|$)", parts.path)
    return match[1] if match else None


def link_host(text: str) -> str | None:
    """Return the host that the innermost join link leads to; None if the text is not a link."""
    text = text.strip()
    if not _LINK.match(text):
        text = next(
            (link for link in _LINK_IN_TEXT.findall(text[:_LONGEST_INVITATION]) if number_of_link(link)), ""
        )
    if not text:
        return None
    try:
        hosts = [urlsplit(each if "://" in each else f"https://{each}").hostname for each in _links(text)]
    except ValueError:
        return None
    return hosts[-1]


def encode_id(identifier: str) -> str:
    """Encode a session id for a path: once, or twice if it starts with ``/`` or contains ``//`` (zoom-api 3.5)."""
    once = quote(identifier, safe="")
    return quote(once, safe="") if identifier.startswith("/") or "//" in identifier else once


def events_path(target: ResolvedTarget) -> str:
    """Return the path, below the API base, of the ``events`` endpoint that controls ``target`` (zoom-api 3)."""
    match target:
        case SessionTarget():
            return f"/videosdk/sessions/{encode_id(target.id)}/events"
        case MeetingTarget():
            return f"/live_meetings/{target.number}/events"
