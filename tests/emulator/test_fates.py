from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.emulator.fates import Stage, fate_of, phone_fate_of


def timeline(address: str) -> list[tuple[str, float, int | None]]:
    return [(step.stage.value, step.after / timedelta(seconds=1), step.reason) for step in fate_of(address).steps]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("answer@room.example.com", [("ringing", 0.2, None), ("accepted", 0.7, None)]),
        ("slow-answer@203.0.113.10", [("ringing", 0.2, None), ("accepted", 5, None)]),
        ("decline@room.example.com", [("ringing", 0.2, None), ("rejected", 0.7, None)]),
        ("no-answer@room.example.com", [("ringing", 0.2, None), ("missed", 30.2, None)]),
        ("fail-9@room.example.com", [("failed", 0.5, 9)]),
        ("fail-0@room.example.com", [("failed", 0.5, 0)]),
        ("fail-99@room.example.com", [("failed", 0.5, 99)]),
        ("fail--1@room.example.com", [("failed", 0.5, -1)]),
        ("drop-3@room.example.com", [("ringing", 0.2, None), ("accepted", 0.7, None), ("left", 3.7, None)]),
        ("drop-0.5@room.example.com", [("ringing", 0.2, None), ("accepted", 0.7, None), ("left", 1.2, None)]),
    ],
)
def test_the_part_before_the_at_tells_the_fate(address: str, expected: list[tuple[str, float, int | None]]) -> None:
    assert timeline(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "ANSWER@room.example.com",
        "sip:answer@room.example.com",
        "SIPS:Answer@room.example.com;transport=tls",
        "h323:answer@203.0.113.10",
        "answer@[::1]:5061",
        "answer@",
    ],
)
def test_case_scheme_host_and_parameters_change_no_fate(address: str) -> None:
    assert [step.stage for step in fate_of(address).steps] == [Stage.RINGING, Stage.ACCEPTED]


@pytest.mark.parametrize(
    ("user", "seconds"),
    [
        ("lobby", None),
        ("LOBBY", None),
        ("lobby-0", 0),
        ("lobby-3", 3),
        ("lobby-0.5", 0.5),
        ("answer", 1),
        ("slow-answer", 1),
        ("drop-9", 1),
    ],
)
def test_the_host_admits_each_room_in_its_own_time(user: str, seconds: float | None) -> None:
    fate = fate_of(f"{user}@room.example.com")
    assert fate.admitted_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("user", ["lobby", "lobby-3"])
def test_a_room_for_the_waiting_room_answers_like_any_other(user: str) -> None:
    assert timeline(f"{user}@room.example.com") == [("ringing", 0.2, None), ("accepted", 0.7, None)]


def test_a_noop_has_no_steps() -> None:
    assert fate_of("noop@room.example.com").is_noop
    assert fate_of("noop@room.example.com").steps == ()
    assert not fate_of("answer@room.example.com").is_noop


@pytest.mark.parametrize(
    "address",
    [
        "",
        "answer",
        "answering@room.example.com",
        "an-answer@room.example.com",
        "fail-@room.example.com",
        "fail-x@room.example.com",
        "fail-9.5@room.example.com",
        "drop-@room.example.com",
        "lobby-@room.example.com",
        "lobby--1@room.example.com",
        "lobby-x@room.example.com",
        "lobbyist@room.example.com",
        "room@answer",
        "203.0.113.10",
        "room@203.0.113.10",
    ],
)
def test_other_addresses_tell_no_fate(address: str) -> None:
    assert fate_of(address) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_fates(text: str) -> None:
    fate = fate_of(text)
    assert fate is None or "@" in text


@given(
    st.text(),
    st.sampled_from(["answer", "slow-answer", "decline", "no-answer", "fail-7", "drop-2", "noop", "lobby"]),
)
def test_a_fate_holds_with_any_host(host: str, user: str) -> None:
    assert fate_of(f"{user}@{host}") == fate_of(f"{user}@room.example.com")


@given(st.integers(-(10**8), 10**8))
def test_any_number_can_be_a_reason(number: int) -> None:
    assert timeline(f"fail-{number}@room.example.com") == [("failed", 0.5, number)]


@pytest.mark.parametrize(
    ("number", "stages"),
    [
        ("15555550100", ["ringing", "accepted"]),
        ("12125550100-156", ["ringing", "accepted"]),
        ("15555550101", ["ringing", "accepted"]),
        ("15555550102", ["ringing", "rejected"]),
        ("15555550103", ["ringing", "missed"]),
        ("15555550104", ["ringing", "canceled"]),
        ("15555550105", ["ringing", "accepted", "left"]),
        ("15555550106", []),
        ("15555550199", ["ringing", "canceled"]),
        ("15555550200", ["ringing", "canceled"]),
        ("4915555550100", ["ringing", "canceled"]),
    ],
)
def test_a_fictional_numbers_last_digits_tell_its_fate(number: str, stages: list[str]) -> None:
    assert [step.stage.value for step in phone_fate_of(number).steps] == stages
    assert phone_fate_of(number).is_noop is (number == "15555550106")
