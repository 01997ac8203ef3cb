from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.domain.shown_text import (
    one_line,
    printable,
    quoted,
    shortened,
    shown_key,
    shown_value,
    without_secrets_of,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zürich 会議 🎉", "Zürich 会議 🎉"),
        ("  two  blanks ", "  two  blanks "),
        ("a\nb\tc\r\nd\u2028e\u2029f\x85g\xa0h\u3000i", "a b c  d e f g h i"),
        ("\x1b[31mred\x1b[0m \x07\x08\x7f\x9b", "[31mred[0m "),
        ("\u202eback\u202c\u2066in\u2069\u200b\ufeff\u200f\U000e0041", "backin"),
        ("private \ue000 unassigned \u0378 no character \uffff", "private  unassigned  no character "),
        ("\ud800", ""),
    ],
)
def test_printable_text_has_words_and_nothing_that_steers(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
@example("\x1c\x1d\x1e\x1f\x0b\x0c")
def test_any_text_becomes_printable(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    assert printable(text.join("ab")) == f"a{shown}b"


def test_a_line_has_single_blanks_and_an_end() -> None:
    assert one_line(" a \x00 b\r\n\tc ", 80) == "a b c"
    assert one_line("word " * 100, 12) == "word word..."


@given(st.text(), st.integers(3, 20))
def test_a_line_is_printable_and_short(text: str, longest: int) -> None:
    shown = one_line(text, longest)
    assert shown.isprintable()
    assert len(shown) <= longest


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("123456", "123456"), ("1234567", "123...")])
def test_the_end_of_a_long_text_is_three_dots(text: str, shown: str) -> None:
    assert shortened(text, 6) == shown


@given(st.text())
def test_a_quoted_text_is_shortened_and_printable(text: str) -> None:
    shown = quoted(text, 20)
    assert shown.isprintable()
    assert shown == (repr(text) if len(text) <= 20 else repr(text[:17] + "..."))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("HS256", "HS256"),
        (1763719200, "1763719200"),
        ("a\nb", "'a\\nb'"),
        ("ü", "'\\xfc'"),
        ("x" * 81, "x" * 77 + "..."),
    ],
)
def test_evidence_shows_a_value_bare_if_it_can(value: object, shown: str) -> None:
    assert shown_value(value) == shown


@pytest.mark.parametrize(
    ("key", "shown"),
    [("abcdefghij", "abcd..."), ("abcdef", "abc..."), ("a", "..."), ("ü" * 9, "'\\xfc\\xfc\\xfc\\xfc...'")],
)
def test_a_key_shows_at_most_half_of_itself(key: str, shown: str) -> None:
    assert shown_key(key) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 98765432101.123456@zoomcrc.com now", "call 98765432101.***@zoomcrc.com now"),
        ("1001$$1111$$2222@example.com", "1001$$***@example.com"),
        ("10.0.0.1##98765432101#123456", "10.0.0.1##98765432101#***"),
        ("https://zoom.us/j/1?pwd=AbC.1&x=2", "https://zoom.us/j/1?pwd=***&x=2"),
        ("room@example.com", "room@example.com"),
        ("98765432101@zoomcrc.com", "98765432101@zoomcrc.com"),
    ],
)
def test_passcodes_are_masked_in_whatever_is_quoted(text: str, shown: str) -> None:
    assert quoted(text) == repr(shown)


_LONG = "made_up" * 6


@pytest.mark.parametrize("given", [_LONG, f"-H {_LONG}", f"--secret={_LONG}"])
def test_what_an_argument_repeats_of_a_secret_is_left_out_and_nothing_else(given: str) -> None:
    assert without_secrets_of(f"no such room: {_LONG}, here", [given]) == "no such room: (not shown), here"
