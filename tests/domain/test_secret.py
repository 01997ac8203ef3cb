from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomcall.domain.secret import Secret

TEXT = "Zq81kTw0-never-shown"


@given(st.text(min_size=4))
def test_no_way_of_writing_a_secret_shows_it(text: str) -> None:
    assume(text not in "Secret(***)")
    secret = Secret(text)
    written = [str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{secret!s:>40}", f"{secret:^30}"]
    written += ["%s" % secret, "%r" % (secret,), "{0} {0!r}".format(secret), str([secret]), str({"a": secret})]  # noqa: UP031, UP032 - every way counts
    assert all(text not in line for line in written)


def test_it_gives_its_text_when_asked_outright() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_a_record_that_holds_one_does_not_show_it() -> None:
    @dataclass(frozen=True, slots=True)
    class Record:
        secret: Secret

    assert TEXT not in repr(Record(Secret(TEXT)))


def test_a_log_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("zoomcall.test").warning("got %s and %r", Secret(TEXT), Secret(TEXT))
    assert caplog.records
    assert TEXT not in caplog.text


def test_a_traceback_with_its_locals_does_not_show_it() -> None:
    secret = Secret(TEXT)
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // len(str(secret)[3:])
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "secret = Secret(***)" in shown
    assert TEXT not in shown


def test_its_attributes_are_not_found_by_looking_around() -> None:
    secret = Secret(TEXT)
    assert not hasattr(secret, "__dict__")
    assert not hasattr(secret, "text")
    assert TEXT not in " ".join(dir(secret))


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_pickled_nor_copied(copying: object) -> None:
    assert callable(copying)
    with pytest.raises(TypeError) as caught:
        copying(Secret(TEXT))
    assert TEXT not in str(caught.value)


def test_it_is_no_json_value() -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps({"a": Secret(TEXT)})
    assert TEXT not in str(caught.value)


def test_secrets_are_equal_by_their_text_and_to_nothing_else() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(" ")
