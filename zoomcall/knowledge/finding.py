"""What a rule makes of the facts."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.knowledge.facts import Facts


class Finding(Struct, frozen=True):
    """A cause that a rule found.

    Attributes:
        id: A cause id of ``causes.toml``.
        certainty: How sure, by the evidence alone.
        evidence: What was seen, in words, without any secret.
        fix: What fixes it here; None: the fix of ``causes.toml``.
        command: What fixes it or shows more here; None: the command of ``causes.toml``.
        is_absence: It is that something is missing, which only shows in what was read whole.
        seen: The values it rests on.
        would_be: How sure it would be, had everything been read whole; None: no less than it is.
    """

    id: str
    certainty: Certainty
    evidence: str
    fix: str | None = None
    command: str | None = None
    is_absence: bool = False
    seen: tuple[object, ...] = ()
    would_be: Certainty | None = None


Rule = Callable[[Facts], Finding | Checked | None]
"""Looks for one cause: found, found fine, or None where it does not apply or nothing is known."""
