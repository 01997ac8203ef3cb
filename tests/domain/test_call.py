from __future__ import annotations

import pytest

from zoomcall.domain.call import EvidenceSource, Match, Reason, Sent, State


def test_the_words_are_the_contracts() -> None:
    states = (
        "planned not-sent refused accepted ringing answered waiting-room joined declined missed failed noop pending"
    )
    assert [state.value for state in State] == states.split()
    assert [sent.value for sent in Sent] == ["yes", "no", "unknown"]
    assert {source.value for source in EvidenceSource} == {"roster", "webhook-log", "webhook", "websocket"}
    assert {match.value for match in Match} == {"exact", "only-candidate"}


def test_only_evidence_ends_a_call() -> None:
    assert {state for state in State if state.is_final} == {
        State.JOINED,
        State.DECLINED,
        State.MISSED,
        State.FAILED,
    }


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "other-failed-reason"),
        (1, "encryption-fail"),
        (2, "disconnected-by-remote"),
        (3, "retry"),
        (4, "bad-seq"),
        (5, "call-limit"),
        (6, "not-registered"),
        (7, "timeout"),
        (8, "bad-addr"),
        (9, "unreachable"),
        (10, "disconnect-by-local"),
        (11, "server-internal-error"),
        (12, "exceed-free-port"),
        (13, "connect-error"),
        (14, "proxy-connect-error"),
        (15, "unknown"),
        (-1, "unknown"),
        (99, "unknown"),
    ],
)
def test_each_reason_has_zooms_name(code: int, name: str) -> None:
    assert Reason(code).name == name


def test_each_state_is_told_with_the_room_in_it() -> None:
    told = {state.value: state.outcome.format("lobby") for state in State}
    assert told["joined"] == "lobby: joined"
    assert told["missed"] == "lobby did not answer"
    assert all("lobby" in text for text in told.values())


def test_a_room_may_ring_again_unless_the_call_may_still_end_in_it() -> None:
    assert {state.value for state in State if state.blocks_redial} == {
        "accepted",
        "ringing",
        "answered",
        "waiting-room",
        "joined",
        "pending",
    }
    assert {state.value for state in State if state.is_open} == {
        "accepted",
        "ringing",
        "answered",
        "waiting-room",
        "pending",
    }
    assert {state.value for state in State if state.is_there} == {"waiting-room", "joined"}
