"""What a webhook's body may have been before something parsed it and wrote it again."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.webhook import parse_object

MOST_TRIES = 40_000
MOST_BYTES = 4_000_000
"""How many bodies are tried, and how many bytes of them: about half a second's work."""

_KNOWN_ORDER = {
    name: rank
    for rank, name in enumerate(
        re.findall(
            r"\w+",
            "event account_id operator operator_id id uuid session_id session_name host_id message_id inviter_name"
            " reason_type participant call_type device_ip object payload event_ts",
        )
    )
}
"""The order of names in Zoom's documented callout events (zoom-api 5)."""

_TELLING_NAMES = 7
"""So many names are not in alphabetical order by chance."""

_ASTRAL = Pattern(r"[\U00010000-\U0010ffff]")
_FOREIGN = Pattern(r"[^\x00-\x7f]")


def originals(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the bodies that this one may have been, each with what would have changed since, in words.

    Args:
        body: The body as it is now.
    """
    found = parse_object(body)
    if found is None:
        return
    left = min(MOST_TRIES, MOST_BYTES // (len(body) + 1) + 8)
    with contextlib.suppress(RecursionError):
        for order, value in itertools.chain([("", found)], _known_orders(found), _orders(found, left)):
            for spelling, text in _spellings(value):
                left -= 1
                if left < 0:
                    return
                said = " and ".join(filter(None, (order, spelling))) or "as compact JSON"
                yield said, text.encode("utf-8", "surrogatepass")


def _spellings(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield compact JSON in the ways that programs spell it; Zoom's own escapes emoji only (zoom-api 5.4)."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    known = {plain: ""}
    if not plain.isascii():
        for pattern, what in ((_ASTRAL, "emoji"), (_FOREIGN, "foreign letters")):
            for escape, spelled in ((_escape, ""), (_lower_escape, " in lower case")):
                known.setdefault(pattern.sub(escape, plain), f"with its {what} as \\u escapes{spelled}")
    for text, words in known.items():
        yield words, text
        if "/" in text:
            yield "with \\/ for its slashes", text.replace("/", "\\/")


def _lower_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex("-", 2).split("-")
    return "".join(f"\\u{unit}" for unit in units)


def _escape(match: re.Match[str]) -> str:
    return _lower_escape(match).upper().replace("\\U", "\\u")


_REORDERED = "with its names in another order"


def _known_orders(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    def ordered(each: Any) -> Any:
        if not isinstance(each, dict):
            return each
        return {
            name: ordered(each[name])
            for name in sorted(each, key=lambda name: _KNOWN_ORDER.get(name, len(_KNOWN_ORDER)))
        }

    known = ordered(value)
    for names in itertools.permutations(known) if len(known) < 5 else [tuple(known)]:
        yield _REORDERED, {name: known[name] for name in names}


def _orders(value: dict[str, Any], most: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the value with the names of its objects in every order, from the outermost in, as far as feasible."""
    permuted: set[int] = set()
    tries = 1
    level: list[Any] = [value]
    while level:
        for each in level:
            if isinstance(each, dict) and tries * math.factorial(min(len(each), 20)) <= most:
                tries *= math.factorial(len(each))
                permuted.add(id(each))
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
        ]

    def arranged(each: Any) -> list[Any]:
        if not isinstance(each, dict):
            return [each]
        parts = [[(name, part) for part in arranged(member)] for name, member in each.items()]
        orders = itertools.permutations(parts) if id(each) in permuted else [tuple(parts)]
        return [dict(chosen) for order in orders for chosen in itertools.product(*order)]

    if tries > 1:
        yield from ((_REORDERED, each) for each in arranged(value))


def signs_of_rewriting(body: bytes) -> str | None:
    """Return what shows that a body is not as Zoom writes them, where nothing proves what it was; None: nothing."""
    found = parse_object(body)
    if found is None:
        return None
    if re.match(rb'\s|\{\s|\{"[^"]*"\s*:\s', body):
        return "it contains spaces or line breaks between its parts, and Zoom sends JSON without them"
    if _names_in_order(found) >= _TELLING_NAMES:
        return "its names are in alphabetical order, which is not Zoom's"
    text = body.decode("utf-8", "replace")
    if _ASTRAL.search(text):
        return "it contains emoji as they are, and Zoom sends them as \\u escapes"
    if re.search(r"\\u(?!d[89a-f])[0-9a-f]{4}", text, re.IGNORECASE) and not _FOREIGN.search(text):
        return "it contains foreign letters as \\u escapes, and Zoom sends them as they are"
    return "it contains \\/ for slashes, which Zoom does not send" if "\\/" in text else None


def _names_in_order(value: Any) -> float:
    """Count the names of an object and those in it; minus infinity if they are not in alphabetical order."""
    if not isinstance(value, dict):
        return 0
    if list(value) != sorted(value):
        return -math.inf
    return len(value) + sum(map(_names_in_order, value.values()))
