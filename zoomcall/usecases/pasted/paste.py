"""Finds the request that a paste is about, and its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from msgspec.structs import replace

from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError
from zoomcall.knowledge.lexicon import sayings
from zoomcall.usecases.pasted.answers import PastedAnswer, read_answer
from zoomcall.usecases.pasted.commands import ReadFile, read_commands
from zoomcall.usecases.pasted.http_message import (
    read_http_requests,
    read_mentioned_requests,
    read_requests_in_parts,
)
from zoomcall.usecases.pasted.nushell import read_nushell
from zoomcall.usecases.pasted.pieces import Form, PastedRequest
from zoomcall.usecases.pasted.source import read_source
from zoomcall.usecases.pasted.surroundings import FIX_OF_PASTE
from zoomcall.usecases.pasted.tool_files import read_har, read_printed_requests, read_tool_file
from zoomcall.usecases.pasted.views import Edit, View, decoded, viewed

LARGEST_PASTE = 5_242_880

_LONGEST_FOCUS, _AROUND = 131_072, 32_768
_MOST_PLACES = 4
_LONG = 20
_WORDS_OF_ZOOM = ("videosdk", "live_meetings", "oauth/token", "zoom.us", "zoomgov", '"code"')
_CUT_NOTE = "the text far from anything about Zoom"

_ORDER = tuple(Form)

_TOKEN = re.compile(r"/oauth/", re.IGNORECASE)
_SCORES = (
    (5, re.compile(r"/(?:videosdk/sessions|live_meetings)/.+/events?(?:[/?#]|$)", re.IGNORECASE)),
    (4, re.compile(r"videosdk|video_sdk|live_?meetings?|/events?(?:[/?#]|$)", re.IGNORECASE)),
    (3, _TOKEN),
    (2, re.compile(r"^(?:https?://)?(?:[\w-]+\.)*(?:zoom\.us|zoomgov\.com)(?:[:/?#]|$)", re.IGNORECASE)),
)
_INVITED, _INVITE = 4, re.compile(r"\.invite\.|room_system_call")


class Paste(Discreet, frozen=True):
    """What was pasted.

    Attributes:
        near: What was pasted, or of a long text what is near to the words of Zoom.
        request: The request; None if there is only an answer.
        answer: The answer; None if there is none.
        others: How many other requests to Zoom there are.
        notes: What was taken leniently, in words.
        line: In which line of a long paste the request begins; None in a short one.
    """

    unshown: ClassVar = frozenset({"near"})

    near: str
    request: PastedRequest | None
    answer: PastedAnswer | None
    others: int = 0
    notes: tuple[str, ...] = ()
    line: int | None = None


def text_of_paste(data: bytes, *, origin: str) -> str:
    """Read bytes as text with Unix line breaks.

    Args:
        data: At most ``LARGEST_PASTE`` bytes and one more.
        origin: Where they came from, for the error.

    Raises:
        UsageError: They are too many, none at all, or no text.
    """
    if len(data) > LARGEST_PASTE:
        raise UsageError(f"{origin} is larger than {LARGEST_PASTE:,} bytes", fix="Reduce it to the one request.")
    text = decoded(data)
    if "\0" in text or text.count("\ufffd") > max(8, len(text) // 10):
        raise UsageError(f"{origin} is binary, not text", fix=FIX_OF_PASTE)
    if not text.strip():
        raise UsageError(f"{origin} is empty", fix=FIX_OF_PASTE)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_paste(text: str, read_file: ReadFile | None = None) -> Paste:
    """Find the request that is meant, and its answer; without ``read_file`` no file of a curl command is read."""
    recorded = read_har(text)
    view = viewed(_focused(text))
    text = view.text
    candidates = _requests(text, read_file) if recorded is None else recorded
    relevant = [request for request in sorted(candidates, key=_relevance, reverse=True) if _relevance(request)[0]]
    request = relevant[0] if relevant else None
    answer = _answer_of(text, request or PastedRequest(form=Form.SOURCE))
    if recorded is None and request is not None and _TOKEN.search(request.url) and _is_of_api(answer):
        signed = (one for one in relevant if one.headers and not _TOKEN.search(one.url))
        request = next(signed, request)  # the token came, and what it was for was refused
        answer = _answer_of(text, request)
    if answer is None and request is not None and request.form is Form.OBJECT and len(relevant) == 1:
        inner = _answer_of(text, replace(request, end=request.start))  # the object may have both
        answer = inner if inner is not None and inner.has_body else None
    is_long = request is not None and recorded is None and view.source.count("\n") >= _LONG
    return Paste(
        near=text,
        request=request,
        answer=answer,
        others=len({(one.method, one.url) for one in relevant}) - 1 if recorded and relevant else 0,
        notes=view.notes,
        line=view.line(request.start) if request is not None and is_long else None,
    )


def _is_of_api(answer: PastedAnswer | None) -> bool:
    """Return whether an answer's number is one that only the API gives, so that it is not the token endpoint's."""
    code = None if answer is None else answer.raw.read().code
    return isinstance(code, int) and {row.namespace for row in sayings() if row.code == code} == {"rest"}


def _focused(text: str) -> View:
    """Keep what lies around Zoom's words, where the text is long, with a note if it was cut."""
    view = View(text, text)
    if len(text) <= _LONGEST_FOCUS:
        return view
    lowered = text.lower()
    places: list[int] = []
    for word in _WORDS_OF_ZOOM:
        place = lowered.find(word)
        while place >= 0 and len(places) < _MOST_PLACES:
            places.append(place)
            place = lowered.find(word, place + _AROUND)
    if not places or len(lowered) != len(text):
        return view.edited([(_LONGEST_FOCUS, len(text), "")], _CUT_NOTE)
    cuts: list[Edit] = []
    behind = 0
    for place in sorted(places):
        begin = max(behind, place - _AROUND // 2)
        cuts.append((behind, begin, "\n\n" if behind else ""))
        behind = max(behind, place + _AROUND)
    return view.edited([*cuts, (min(behind, len(text)), len(text), "")], _CUT_NOTE)


def _requests(text: str, read_file: ReadFile | None) -> Iterator[PastedRequest]:
    if (document := read_tool_file(text)) is not None:
        yield from document
        return
    yield from (commands := [*read_commands(text, read_file), *read_nushell(text)])
    yield from read_http_requests(text)
    yield from read_requests_in_parts(text)
    if not any(_relevance(command)[0] >= _INVITED for command in commands):
        yield from read_source(text)
        yield from read_printed_requests(text)
    yield from read_mentioned_requests(text)


def _relevance(request: PastedRequest) -> tuple[int, bool, bool, int]:
    """Rate how much a request is about ringing rooms, how complete it is, and how it ended."""
    score = next((score for score, pattern in _SCORES if pattern.search(request.url)), 0)
    score = max(score, _INVITED) if _INVITE.search(request.body or "") else score
    is_failed = request.answer is not None and request.answer.status != 202
    return score, bool(request.headers or request.body or request.basic), is_failed, -_ORDER.index(request.form)


def _answer_of(text: str, request: PastedRequest) -> PastedAnswer | None:
    """Return the answer that was recorded, or look for one after the request, then before it; in code, anywhere."""
    is_oauth = bool(_TOKEN.search(request.url))
    if request.form is Form.HAR:
        raw = request.answer
        return None if raw is None else PastedAnswer(replace(raw, is_oauth=is_oauth), has_body=True)
    before, after = ("", text) if request.form.is_source else (text[: request.start], text[request.end :])
    return read_answer(before, after, method=request.method, path=request.url, is_oauth=is_oauth)
