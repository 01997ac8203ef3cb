"""The words of ``--fault``: what goes wrong between the local Zoom and a client under test."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from zoomcall.domain.shown_text import quoted
from zoomcall.emulator.faults import Fault, Mischief
from zoomcall.emulator.keys import invalid_token
from zoomcall.emulator.limits import PER_SECOND_MESSAGE
from zoomcall.emulator.messages import Reply, refusal
from zoomcall.errors import UsageError

_MOST_TIMES = 1_000_000
_LONGEST = timedelta(hours=1)
_LONGER_THAN_CLIENTS_WAIT = 35.0
_SLOW = 2.0
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_NUMBER = re.compile(r"[0-9]{1,7}")
_TIME = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)")


class Trouble(Struct, frozen=True, kw_only=True):
    """Everything that goes wrong in a run.

    Attributes:
        faults: Faults in single requests.
        pace: How much longer every answer takes.
        log_delay: How long after a delivery its row of ``webhook_logs`` appears.
        mischief: Disorder in the delivery of events.
        seed: Decides which requests meet the faults that have a share.
    """

    faults: tuple[Fault, ...] = ()
    pace: timedelta = timedelta(0)
    log_delay: timedelta = timedelta(0)
    mischief: Mischief = field(default_factory=Mischief)
    seed: int | None = None


Change = Callable[[Trouble, str | None], Trouble]


class Word(Struct, frozen=True):
    """One word of the list.

    Attributes:
        form: How to write it.
        meaning: What it does, for people.
        change: Adds it to the existing trouble, given its value if there is one; raises ``ValueError`` for an
            invalid value.
    """

    form: str
    meaning: str
    change: Change


def parse_faults(text: str) -> Trouble:
    """Parse a list of words, with or without values: ``429:2,slow:300ms,reset-after:1%``.

    Raises:
        UsageError: A word is unknown, or its value is invalid.
    """
    trouble = Trouble()
    for part in text.split(","):
        name, colon, value = part.strip().partition(":")
        word = WORDS.get(name)
        if word is None:
            raise UsageError(
                f"--fault: unknown fault {quoted(name)}",
                fix=f"Use {', '.join(each.form for each in WORDS.values())}, separated by commas.",
            )
        try:
            trouble = word.change(trouble, value if colon else None)
        except ValueError:
            raise UsageError(
                f"--fault: invalid value in {quoted(part.strip())}", fix=f"Write {word.form}."
            ) from None
    return trouble


def _times(value: str | None) -> int:
    if value is None:
        return 1
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= _MOST_TIMES:
        raise ValueError
    return int(value)


def _share(value: str | None) -> float | None:
    """Return a percentage as a number from 0 to 1; None if it is none."""
    match = _SHARE.fullmatch(value or "")
    if match is None:
        return None
    share = float(match[1]) / 100
    if not 0 < share <= 1:
        raise ValueError
    return share


def _span(value: str | None) -> timedelta:
    match = _TIME.fullmatch(value or "")
    if match is None:
        raise ValueError
    span = timedelta(**{"milliseconds" if match[2] == "ms" else "seconds": float(match[1])})
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError
    return span


def _nothing(value: str | None) -> None:
    if value is not None:
        raise ValueError


def _requests(fault: Fault) -> Change:
    """Return the change of a word that affects the next N requests, or a share of all."""

    def change(trouble: Trouble, value: str | None) -> Trouble:
        share = _share(value)
        more = replace(fault, times=_times(value)) if share is None else replace(fault, share=share)
        return replace(trouble, faults=(*trouble.faults, more))

    return change


def _slow(trouble: Trouble, value: str | None) -> Trouble:
    share = _share(value)
    if share is None:
        return replace(trouble, pace=_span(value))
    return replace(trouble, faults=(*trouble.faults, Fault(path_part=_API, delay=_SLOW, share=share)))


def _seed(trouble: Trouble, value: str | None) -> Trouble:
    if not _NUMBER.fullmatch(value or ""):
        raise ValueError
    return replace(trouble, seed=int(value or ""))


def _late_log(trouble: Trouble, value: str | None) -> Trouble:
    return replace(trouble, log_delay=_span(value))


def _late_events(trouble: Trouble, value: str | None) -> Trouble:
    return replace(trouble, mischief=replace(trouble.mischief, delay=_span(value)))


def _twice(trouble: Trouble, value: str | None) -> Trouble:
    _nothing(value)
    return replace(trouble, mischief=replace(trouble.mischief, are_twice=True))


def _swapped(trouble: Trouble, value: str | None) -> Trouble:
    _nothing(value)
    return replace(trouble, mischief=replace(trouble.mischief, are_swapped=True))


_API = "/v2/"
_EVENTS = Fault(method="PATCH", path_part=_API, path_ends=("/events",))
_ROSTER = Fault(method="GET", path_part=_API, path_ends=("/users", "/participants"))
_PER_SECOND = refusal(429, 429, PER_SECOND_MESSAGE, headers=(("X-RateLimit-Type", "QPS"),)).reply
_INTERNAL = Reply(500, b'{"code":5000,"message":"Internal server error."}', (("Content-Type", "application/json"),))
_GATEWAY = Reply(502, b"<html><title>502 Bad Gateway</title></html>\n", (("Content-Type", "text/html"),))
_FORBIDDEN = Reply(403, b"<html><title>403 Forbidden</title></html>\n", (("Content-Type", "text/html"),))

_NO_PERMISSION = Reply(200, b'{"code":200,"message":"No permission."}', (("Content-Type", "application/json"),))

WORDS: Mapping[str, Word] = {
    "429": Word(
        "429[:N|P%]",
        "the next N API requests (or 1, or P%) get 429",
        _requests(Fault(path_part=_API, reply=_PER_SECOND)),
    ),
    "token-401": Word(
        "token-401[:N|P%]",
        "N API requests get 401/124",
        _requests(Fault(path_part=_API, reply=invalid_token().reply)),
    ),
    "html-403": Word(
        "html-403[:N|P%]",
        "N API requests get a proxy's 403 page",
        _requests(Fault(path_part=_API, reply=_FORBIDDEN)),
    ),
    "no-permission": Word(
        "no-permission[:N|P%]",
        'N lists of rooms get HTTP 200 "No permission."',
        _requests(Fault(method="GET", path_ends=("/h323/devices", "/crc/managed_rooms"), reply=_NO_PERMISSION)),
    ),
    "500": Word(
        "500[:N|P%]",
        "N API requests get 500, and nothing is done",
        _requests(Fault(path_part=_API, reply=_INTERNAL)),
    ),
    "reset-before": Word(
        "reset-before[:N|P%]",
        "N API requests do nothing, and the connection breaks",
        _requests(Fault(path_part=_API, is_reset=True)),
    ),
    "reset-after": Word(
        "reset-after[:N|P%]",
        "N API requests are done, but the connection breaks",
        _requests(Fault(path_part=_API, is_reset=True, is_acted_on=True)),
    ),
    "users-500": Word(
        "users-500[:N|P%]", "N requests for participants get 500", _requests(replace(_ROSTER, reply=_INTERNAL))
    ),
    "patch-reset": Word(
        "patch-reset[:N|P%]",
        "N callouts are placed, but the connection breaks",
        _requests(replace(_EVENTS, is_acted_on=True, is_reset=True)),
    ),
    "patch-timeout": Word(
        "patch-timeout[:N|P%]",
        "N callouts are placed, but no answer comes for 35 s",
        _requests(replace(_EVENTS, is_acted_on=True, is_reset=True, delay=_LONGER_THAN_CLIENTS_WAIT)),
    ),
    "patch-502": Word(
        "patch-502[:N|P%]",
        "N callouts are placed, but a gateway answers 502",
        _requests(replace(_EVENTS, is_acted_on=True, reply=_GATEWAY)),
    ),
    "patch-lost": Word(
        "patch-lost[:N|P%]",
        "N callouts are lost, and the connection breaks",
        _requests(replace(_EVENTS, is_reset=True)),
    ),
    "slow": Word("slow:TIME|P%", "all answers take TIME (300ms) more, or P% 2 s", _slow),
    "late-log": Word("late-log:TIME", "webhook_logs shows each delivery TIME late", _late_log),
    "late-events": Word("late-events:TIME", "every event arrives TIME late", _late_events),
    "double-events": Word("double-events", "every event arrives twice", _twice),
    "swapped-events": Word("swapped-events", "a call's events arrive out of order", _swapped),
    "seed": Word("seed:NUMBER", "makes P% choose the same requests every time", _seed),
}
