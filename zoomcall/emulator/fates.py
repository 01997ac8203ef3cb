"""What becomes of an emulated call, as the address that it rings decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct


class Stage(StrEnum):
    """What happens to a call; each but ``LEFT`` is the suffix of one of Zoom's event names (zoom-api 5.1)."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MISSED = "missed"
    FAILED = "failed"
    LEFT = "left"


class Step(Struct, frozen=True):
    """One thing that happens to a call.

    Attributes:
        stage: What happens.
        after: When, counted from Zoom's 202.
        reason: Zoom's ``reason_type``, for ``FAILED`` only.
    """

    stage: Stage
    after: timedelta
    reason: int | None = None


class Fate(Struct, frozen=True):
    """Everything that happens to one call.

    Attributes:
        steps: In chronological order.
        is_noop: Zoom answers 200 and does nothing.
    """

    steps: tuple[Step, ...] = ()
    is_noop: bool = False


RING_DELAY = timedelta(seconds=0.2)
ANSWER_DELAY = timedelta(seconds=0.7)
SLOW_ANSWER_DELAY = timedelta(seconds=5)
RING_TIME = timedelta(seconds=30)
FAIL_DELAY = timedelta(seconds=0.5)

BAD_ADDRESS = 8
UNREACHABLE = 9
DISCONNECTED_BY_LOCAL = 10

_RINGING = Step(Stage.RINGING, RING_DELAY)


def failure(reason: int) -> Fate:
    """Return the fate of a call that fails without ringing; any reason goes, documented (zoom-api 5.3) or not."""
    return Fate((Step(Stage.FAILED, FAIL_DELAY, reason),))


def _answer(_: str) -> Fate:
    return Fate((_RINGING, Step(Stage.ACCEPTED, ANSWER_DELAY)))


def _slow_answer(_: str) -> Fate:
    return Fate((_RINGING, Step(Stage.ACCEPTED, SLOW_ANSWER_DELAY)))


def _decline(_: str) -> Fate:
    return Fate((_RINGING, Step(Stage.REJECTED, ANSWER_DELAY)))


def _no_answer(_: str) -> Fate:
    return Fate((_RINGING, Step(Stage.MISSED, RING_DELAY + RING_TIME)))


def _drop(seconds: str) -> Fate:
    left = Step(Stage.LEFT, ANSWER_DELAY + timedelta(seconds=float(seconds)))
    return Fate((_RINGING, Step(Stage.ACCEPTED, ANSWER_DELAY), left))


def _fail(reason: str) -> Fate:
    return failure(int(reason))


def _noop(_: str) -> Fate:
    return Fate(is_noop=True)


_NAMED: tuple[tuple[re.Pattern[str], Callable[[str], Fate]], ...] = (
    (re.compile(r"answer()"), _answer),
    (re.compile(r"slow-answer()"), _slow_answer),
    (re.compile(r"decline()"), _decline),
    (re.compile(r"no-answer()"), _no_answer),
    (re.compile(r"fail-(-?[0-9]{1,9})"), _fail),
    (re.compile(r"drop-([0-9]{1,6}(?:\.[0-9]{1,3})?)"), _drop),
    (re.compile(r"noop()"), _noop),
)
_USER = re.compile(r"(?:(?:sips?|h323):)?([^@]*)@", re.IGNORECASE)


def fate_of(address: str) -> Fate | None:
    """Return the fate that the part before ``@`` names, ignoring case, or None if it names none."""
    user = _USER.match(address)
    if user is None:
        return None
    for pattern, make in _NAMED:
        match = pattern.fullmatch(user[1].lower())
        if match:
            return make(match[1])
    return None
