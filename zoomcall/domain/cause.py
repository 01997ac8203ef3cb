"""Why something fails: causes with certainty and evidence, and what was found fine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure a cause is; it comes from evidence alone."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why Zoom refused or would refuse.

    Attributes:
        id: A cause id of contract 4.
        certainty: How sure.
        evidence: What was seen, in words, without any secret.
        fix: What mends it.
        command: A command line that mends it or shows more, if there is one.
    """

    id: str
    certainty: Certainty
    evidence: str
    fix: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A cause that was looked for and ruled out."""

    id: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Causes, the likeliest first, and what was found fine."""

    causes: tuple[Cause, ...] = ()
    checked: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know that stops nothing (contract 3, ``warnings``)."""

    id: str
    message: str
