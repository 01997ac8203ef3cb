from __future__ import annotations

import pytest

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Reason, State, exit_of, is_canceled
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind

TABLE = {
    0: "ok",
    1: "internal",
    2: "usage",
    3: "not-configured",
    4: "auth",
    5: "not-entitled",
    6: "no-session",
    7: "no-op",
    8: "pending",
    9: "rate-limited",
    10: "network",
    11: "zoom-fault",
    12: "duplicate",
    13: "rejected",
    20: "declined",
    21: "no-answer",
    22: "bad-address",
    23: "unreachable",
    24: "capacity",
    25: "encryption",
    26: "dropped",
    27: "waiting-room",
    28: "not-sent",
    29: "call-failed",
    30: "batch-some",
    31: "batch-all",
    130: "interrupted",
    143: "terminated",
}


def test_the_codes_are_the_contracts() -> None:
    named = {int(status): status.word for status in ExitStatus if status is not ExitStatus.CLOSED_PIPE}
    assert named == TABLE
    assert ExitStatus.CLOSED_PIPE == 141


def test_the_shells_own_codes_are_never_used() -> None:
    assert not {int(status) for status in ExitStatus} & {124, 125, 126, 127}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_failure_has_the_code_of_its_name(kind: ErrorKind) -> None:
    assert ExitStatus.of(kind).word == kind.value


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.JOINED, 0),
        (State.DECLINED, 20),
        (State.MISSED, 21),
        (State.NO_OP, 7),
        (State.PENDING, 8),
        (State.ACCEPTED, 8),
        (State.RINGING, 8),
    ],
)
def test_an_outcome_has_the_contracts_code(state: State, code: int) -> None:
    assert exit_of(state, None) == code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (0, 29),
        (1, 25),
        (2, 26),
        (3, 29),
        (4, 29),
        (5, 24),
        (6, 22),
        (7, 21),
        (8, 22),
        (9, 23),
        (10, 26),
        (11, 29),
        (12, 24),
        (13, 23),
        (14, 23),
        (15, 29),
        (99, 29),
        (-1, 29),
        (2**40, 29),
    ],
)
def test_a_failure_has_the_code_of_its_reason(reason: int, code: int) -> None:
    assert exit_of(State.FAILED, Reason(reason)) == code


def test_a_failure_without_a_reason_is_just_that() -> None:
    assert exit_of(State.FAILED, None) is ExitStatus.CALL_FAILED


@pytest.mark.parametrize("reason", [None, Reason(9)])
def test_a_reason_changes_no_outcome_but_a_failure(reason: Reason | None) -> None:
    assert exit_of(State.JOINED, reason) is ExitStatus.OK
    assert exit_of(State.DECLINED, reason) is ExitStatus.DECLINED
    assert exit_of(State.MISSED, reason) is ExitStatus.NO_ANSWER


@pytest.mark.parametrize(
    ("protocol", "api", "canceled"),
    [
        (Protocol.PHONE, Api.SESSION, True),
        (Protocol.PHONE, Api.MEETING, False),
        (Protocol.SIP, Api.SESSION, False),
    ],
)
def test_a_phone_call_that_zoom_canceled_was_dropped(protocol: Protocol, api: Api, canceled: bool) -> None:
    assert is_canceled(State.FAILED, None, protocol, api) is canceled
    assert not is_canceled(State.MISSED, None, protocol, api)
    assert not is_canceled(State.FAILED, Reason(9), protocol, api)
    assert exit_of(State.FAILED, None, is_canceled=True) is ExitStatus.DROPPED
