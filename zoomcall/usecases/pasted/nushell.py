"""Reads the ``http`` commands of Nushell, whose headers and bodies are records instead of words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from zoomcall.knowledge.facts import Part
from zoomcall.usecases.pasted.objects import Unreadable, read_object
from zoomcall.usecases.pasted.pieces import Form, PastedRequest

_COMMAND = re.compile(
    r"(?<![\w./-])http (?P<verb>get|post|put|patch|delete) "
    r"(?=[^\n]{0,1000}?(?:-H|--headers)[ =]*[\[{$])"
    r"(?P<rest>[^\n]*(?:\{\n(?:[ \t][^\n]*\n|\n)*[ \t]*\}[^\n]*)?)"
)
_URL = re.compile(r"(?<=[ \"'(])https?://[^\s\"'()]{1,2048}")
_HEADERS = re.compile(r"(?:-H|--headers)[ =]*(?P<open>[\[{])(?P<rows>[^\]}]*)")
_ROW = re.compile(r"[\"']?(?P<name>[A-Za-z][\w-]*)[\"']?:?,?\s+\$?(?P<value>\"[^\"]*\"|'[^']*'|[^\s,]+)")
_TYPE = re.compile(r"(?:-t|--content-type)[ =]*[\"']?(?P<type>[\w.+-]+/[\w.+-]+)")
_INSERT = re.compile(r"\(\$?(?P<name>[\w.-]+)[^()]*\)")
_BODY = re.compile(r"[\"')]*[ \t]+\(?(?P<body>\{|\$(?P<name>\w+))")


def read_nushell(text: str) -> Iterator[PastedRequest]:
    """Read the ``http`` commands in a text.

    Args:
        text: Everything that was pasted.
    """
    for command in _COMMAND.finditer(text):
        rest = command["rest"]
        url = _URL.search(rest)
        if url is None:
            continue
        headers = [*_headers(rest)]
        kind = _TYPE.search(rest)
        headers += [("Content-Type", kind["type"])] if kind else []
        body = _body(text, rest[url.end() :])
        yield PastedRequest(
            form=Form.COMMAND,
            start=command.start(),
            end=command.end(),
            method=command["verb"].upper(),
            url=url[0],
            headers=tuple(headers),
            body=body,
            unsure=frozenset({Part.BODY} if body is None else ()),
        )


def _headers(rest: str) -> Iterator[tuple[str, str]]:
    given = _HEADERS.search(rest)
    for row in _ROW.finditer(given["rows"] if given else ""):
        yield row["name"], _INSERT.sub(r"{\g<name>}", row["value"].strip("\"'"))


def _body(text: str, rest: str) -> str | None:
    """Return the body: a record, or the one that a variable was given; None if it is another expression."""
    given = _BODY.match(rest)
    if given is None:
        return None if rest.strip(" \"')") else ""
    place, source = given.start("body"), rest
    if given["name"]:
        assigned = re.search(rf"\b(?:let|mut|const) {given['name']} = (?=\{{)", text)
        place, source = (assigned.end(), text) if assigned else (0, "")
    try:
        value: Any = read_object(source, place)[0]
        return json.dumps(value, ensure_ascii=False)
    except (Unreadable, TypeError, ValueError, RecursionError):
        return None
