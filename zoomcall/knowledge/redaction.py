"""Text from outside, made safe to show: one line, without secrets."""

from __future__ import annotations

from zoomcall.domain.shown_text import one_line
from zoomcall.knowledge.facts import Facts

_LONGEST = 600
_SHORTEST_SECRET = 6


def clean(text: str, facts: Facts, *, longest: int = _LONGEST) -> str:
    """Make text from outside safe to show: one line, no control characters, none of our secrets.

    Args:
        text: Anything, perhaps hostile.
        facts: Where the secrets are.
        longest: The most characters to keep.
    """
    for needle in _needles(facts):
        text = text.replace(needle, "***")
    return one_line(text[: 4 * longest], longest)


def _needles(facts: Facts) -> list[str]:
    """Return what must never be shown, longest first."""
    needles: set[str] = set()
    for secret in (facts.bearer, facts.secret):
        if secret is None:
            continue
        whole = secret.reveal()
        bare = whole.strip().removeprefix("Bearer ").strip()
        needles |= {whole, whole.strip(), bare}
        head, _, signature = bare.rpartition(".")
        if head:
            needles.add(signature)
    return sorted((needle for needle in needles if len(needle) >= _SHORTEST_SECRET), key=len, reverse=True)
