"""Finds where JSON inside other text begins and ends, even if it is broken."""

from __future__ import annotations

import re

LONGEST_JSON = 256 * 1024

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


def end_of_json(text: str, start: int, limit: int = LONGEST_JSON) -> int | None:
    """Return the place after the object or list that begins at ``start``; None if it does not end.

    Args:
        text: With straight quotation marks.
        start: Where its first brace or bracket stands.
        limit: How far to look.
    """
    depth = 0
    for match in _TOKENS.finditer(text, start, min(len(text), start + limit)):
        match match[0]:
            case "{" | "[":
                depth += 1
            case "}" | "]":
                depth -= 1
                if depth <= 0:
                    return match.end()
            case _:
                pass
    return None
