from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokens import API_CLAIMS, jwt

from zoomcall.domain.secret import Secret
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.redaction import clean

TOKEN = jwt(API_CLAIMS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\u202eback\u202c\u200b\ufeff", "back"),
        ("\ud800", ""),
        ("Zürich 会議", "Zürich 会議"),
    ],
)
def test_control_characters_are_lost(text: str, shown: str) -> None:
    assert clean(text, Facts()) == shown


@pytest.mark.parametrize("held", [TOKEN, f"Bearer {TOKEN}", f" {TOKEN}\n"])
def test_a_token_is_struck_out_however_it_is_quoted(held: str) -> None:
    facts = Facts(bearer=Secret(held))
    assert clean(f"bad token {TOKEN}!", facts) == "bad token ***!"
    assert TOKEN.rpartition(".")[2] not in clean(f"bad signature {TOKEN.rpartition('.')[2]}", facts)


def test_a_secret_with_blanks_is_struck_out_without_them() -> None:
    assert clean("<s3cret-text>", Facts(secret=Secret(" s3cret-text\n"))) == "<***>"


def test_long_text_is_cut() -> None:
    assert clean("x" * 5000, Facts(), longest=20) == "x" * 17 + "..."


@given(st.text(), st.text(min_size=8, alphabet="abcdefghijklmnop"))
def test_any_text_is_fit_to_be_shown(text: str, secret: str) -> None:
    shown = clean(f"{text}{secret}{text}", Facts(secret=Secret(secret)))
    assert shown.isprintable()
    assert secret not in shown
