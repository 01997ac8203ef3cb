"""Reads JSON, strings and quotation marks inside other text, even if they are broken."""

from __future__ import annotations

import json
import re
from typing import Any

_STRAIGHTENED = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " "}
)
_CURLY = re.compile("[\u201c\u201d\u201e\u201f]")
_TOKENS = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[{}\[\]]')


def straightened(text: str) -> str:
    """Make the curly quotation marks of forums and word processors straight."""
    return text.translate(_STRAIGHTENED)


def is_curly_throughout(text: str) -> bool:
    """Return whether a forum or word processor has made every double quotation mark of a text curly."""
    return '"' not in text and bool(_CURLY.search(text))


def character(number: int) -> str:
    """Return the character of a number, or the sign for one that there is not."""
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def json_of(text: str, otherwise: Any = None) -> Any:
    """Return what a text means in JSON; ``otherwise`` if it is none."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return otherwise


def end_of_json(text: str, start: int) -> int | None:
    """Return the place after the object or list that begins at ``start``; None if it does not end."""
    depth = 0
    for match in _TOKENS.finditer(text, start):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if depth <= 0 and match[0] in "}]":
            return match.end()
    return None
