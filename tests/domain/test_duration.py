from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.domain.duration import parse_duration
from zoomcall.errors import UsageError

DAY = timedelta(days=1)


def seconds_of(text: str, **limits: bool) -> float:
    return parse_duration(text, name="--timeout", longest=DAY, **limits).total_seconds()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("0.5", 0.5),
        (".5", 0.5),
        ("90", 90),
        ("1e3", 1000),
        ("86400", 86_400),
        ("90s", 90),
        ("10m", 600),
        ("1h", 3600),
        ("1d", 86_400),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("010M", 600),
        ("10 minutes", 600),
        ("1 minute", 60),
        ("45 sec", 45),
        ("2 hrs", 7200),
        (" 90s\n", 90),
        (" " * 100 + "90", 90),
    ],
)
def test_a_duration_is_seconds_or_has_units(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "m",
            "-1",
            "-1m",
            "nan",
            "inf",
            "1:30",
            "0x10",
            "ten",
            "1\0",
            "10ms",
            "5 m 1 h",
            "1_000",
            "1.2.3s",
        ),
        *(".", "\u0663", "\uff11\uff12", "\u0661\u0660m", "10m!", "1m1m", "x" * 1_000_000),
    ],
)
def test_anything_else_is_an_error_with_name_value_and_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"--timeout: .* is not a duration") as caught:
        seconds_of(text)
    assert repr(text.strip())[1:5] in caught.value.message
    assert len(caught.value.message) < 100
    assert caught.value.message.isprintable()
    assert "90s, 10m or 1h" in (caught.value.fix or "")


@pytest.mark.parametrize("text", ["0", "0s", "0h", "0.0", "1e-300"])
def test_a_duration_is_more_than_nothing_unless_nothing_is_allowed(text: str) -> None:
    with pytest.raises(UsageError, match="must be more than 0"):
        seconds_of(text)
    assert seconds_of(text, may_be_zero=True) == 0


@pytest.mark.parametrize("text", ["86400.1", "90000", "25h", "2d", "1e300", "9" * 30, "1e999"])
def test_a_duration_has_a_limit_which_the_error_says(text: str) -> None:
    with pytest.raises(UsageError, match=r"--timeout: .* is longer than the maximum of 24 hours") as caught:
        seconds_of(text)
    assert "86400 seconds" in (caught.value.fix or "")


@given(st.one_of(st.text(), st.from_regex(r"[0-9.]{1,5} ?[dhms]?", fullmatch=True), st.floats().map(str)))
@example("9" * 10_000)
@example("1e-7")
def test_any_text_is_a_duration_or_a_usage_error(text: str) -> None:
    try:
        seconds = seconds_of(text)
    except UsageError:
        return
    assert 0 < seconds <= DAY.total_seconds()
