"""Finds objects that a program has printed, or that stand in any text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zoomcall.usecases.pasted.source_tokens import PRINTED, tokens_of
from zoomcall.usecases.pasted.source_values import Values

_LONGEST = 32_768
_LOOK_BACK = 4000
_MOST_OPENERS = 12


class Unreadable(Exception):
    """There is no object, or it does not end."""


def read_object(text: str, start: int) -> tuple[Any, int]:
    """Read the object or list that begins at ``start``; return it and the place after it.

    Raises:
        Unreadable: There is none.
    """
    tokens = tokens_of(text, PRINTED, start, _LONGEST, until_closed=True)
    values = Values(tokens, PRINTED, text)
    opener = next(
        (index for index in range(min(12, len(tokens))) if values.sign(index) in {"{", "[", "(", "@{"}), None
    )
    if opener is None or values.partners[opener] != len(tokens) - 1 or not values.is_sound:
        raise Unreadable
    return values.members(opener), tokens[-1].end


def objects_around(text: str, place: int) -> Iterator[tuple[Any, int, int]]:
    """Yield the objects that a place is in, the innermost first, each with its beginning and end."""
    depth = 0
    found = 0
    for position in range(place - 1, max(-1, place - _LOOK_BACK), -1):
        sign = text[position]
        if sign in "}])":
            depth += 1
        elif sign in "{[(":
            if depth:
                depth -= 1
                continue
            found += 1
            if found > _MOST_OPENERS:
                return
            start = position - 3 * text.endswith("map", 0, position)
            try:
                value, end = read_object(text, start)
            except Unreadable:
                continue
            if end > place and isinstance(value, dict | list):
                yield value, start, end
