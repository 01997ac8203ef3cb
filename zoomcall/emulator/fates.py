"""What becomes of an emulated call, as the address that it rings decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct


class Stage(StrEnum):
    """What happens to a call; each but ``LEFT`` is the suffix of one of Zoom's event names (zoom-api 5.1).

    Only phone calls are canceled, and only in sessions; in a meeting they fail.
    """

    RINGING = "ringing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MISSED = "missed"
    FAILED = "failed"
    CANCELED = "canceled"
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


ADMISSION_DELAY = timedelta(seconds=1)
"""How long a host takes to admit a room whose address says nothing about it."""


class Fate(Struct, frozen=True):
    """Everything that happens to one call.

    Attributes:
        steps: In chronological order.
        is_noop: Zoom answers 200 and does nothing.
        admitted_after: How long the host keeps it in a waiting room; None for ever.
    """

    steps: tuple[Step, ...] = ()
    is_noop: bool = False
    admitted_after: timedelta | None = ADMISSION_DELAY


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


def _drop(seconds: str) -> Fate:
    left = Step(Stage.LEFT, ANSWER_DELAY + timedelta(seconds=float(seconds)))
    return Fate((_RINGING, Step(Stage.ACCEPTED, ANSWER_DELAY), left))


def _lobby(seconds: str | None = None) -> Fate:
    admitted_after = None if seconds is None else timedelta(seconds=float(seconds))
    return Fate((_RINGING, Step(Stage.ACCEPTED, ANSWER_DELAY)), admitted_after=admitted_after)


_FIXED = {
    "answer": Fate((_RINGING, Step(Stage.ACCEPTED, ANSWER_DELAY))),
    "slow-answer": Fate((_RINGING, Step(Stage.ACCEPTED, SLOW_ANSWER_DELAY))),
    "decline": Fate((_RINGING, Step(Stage.REJECTED, ANSWER_DELAY))),
    "no-answer": Fate((_RINGING, Step(Stage.MISSED, RING_DELAY + RING_TIME))),
    "noop": Fate(is_noop=True),
    "lobby": _lobby(),
}
_NUMBERED: tuple[tuple[re.Pattern[str], Callable[[str], Fate]], ...] = (
    (re.compile(r"fail-(-?[0-9]{1,9})"), lambda reason: failure(int(reason))),
    (re.compile(r"drop-([0-9]{1,6}(?:\.[0-9]{1,3})?)"), _drop),
    (re.compile(r"lobby-([0-9]{1,6}(?:\.[0-9]{1,3})?)"), _lobby),
)
_USER = re.compile(r"(?:(?:sips?|h323):)?([^@]*)@", re.IGNORECASE)


def fate_of(address: str) -> Fate | None:
    """Return the fate that the part before ``@`` names, ignoring case, or None if it names none."""
    user = _USER.match(address)
    if user is None:
        return None
    name = user[1].lower()
    for pattern, make in _NUMBERED:
        if match := pattern.fullmatch(name):
            return make(match[1])
    return _FIXED.get(name)


_CANCELED = Fate((_RINGING, Step(Stage.CANCELED, ANSWER_DELAY)))
_PHONES = {
    "00": _FIXED["answer"],
    "01": _FIXED["slow-answer"],
    "02": _FIXED["decline"],
    "03": _FIXED["no-answer"],
    "04": _CANCELED,
    "05": _drop("3"),
    "06": _FIXED["noop"],
    "07": _FIXED["lobby"],
}
_FICTIONAL = re.compile(r"1[2-9][0-9]{2}55501([0-9]{2})(?:-[0-9]+)?")
"""The numbers of North America that belong to nobody, 555-0100 to 555-0199."""


def phone_fate_of(number: str) -> Fate:
    """Return the fate of a phone, by the last two digits of a fictional number; Zoom cancels all other calls."""
    match = _FICTIONAL.fullmatch(number)
    return _CANCELED if match is None else _PHONES.get(match[1], _CANCELED)
