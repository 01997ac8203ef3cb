"""What came along with a value of the environment is named with its variable or file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokens import API_KEY, API_SECRET

PAIR = {"ZOOMCALL_API_KEY": API_KEY, "ZOOMCALL_API_SECRET": API_SECRET}
DIAL = ("invite", "sip", "room@example.com", "--session", "abc==", "--dry-run")
SURPLUS = [
    ('"{}"', "secret-in-quotes"),
    ("'{}'", "secret-in-quotes"),
    ("\u201c{}\u201d", "secret-in-quotes"),
    ("{}\u200b", "invisible-character"),
    ("\ufeff{}", "invisible-character"),
    ("SOME_API_KEY={}", "assignment-in-value"),
    ("export ZOOM_SECRET={}", "assignment-in-value"),
    ("{} # of staging", "comment-in-value"),
    ("{}\r", "secret-has-whitespace"),
]


@pytest.mark.parametrize(("form", "cause"), SURPLUS)
def test_a_secret_in_a_variable_is_named_with_it(zoomcall: Callable[..., Any], form: str, cause: str) -> None:
    result = zoomcall(
        "token", "mint", environ=PAIR | {"ZOOMCALL_API_SECRET": form.format(API_SECRET)}, reveals=("output",)
    )
    assert result.code == 0
    assert f"({cause})" in result.stderr
    assert "ZOOMCALL_API_SECRET " in result.stderr


@pytest.mark.parametrize(("form", "cause"), SURPLUS[:-1])
def test_a_secret_in_a_file_is_named_with_it(
    zoomcall: Callable[..., Any], tmp_path: Path, form: str, cause: str
) -> None:
    file = tmp_path / "the-secret"
    file.write_text(form.format(API_SECRET), encoding="utf-8")
    environ = {"ZOOMCALL_API_KEY": API_KEY, "ZOOMCALL_API_SECRET_FILE": str(file)}
    result = zoomcall("token", "mint", environ=environ, reveals=("output",))
    if form.startswith("\ufeff"):  # a file may begin with a byte order mark
        assert (result.code, result.stderr) == (0, "")
        return
    assert result.code == (3 if cause == "invisible-character" else 0)
    assert f"({cause})" in result.stderr
    assert str(file) in result.stderr


@pytest.mark.parametrize(("form", "cause"), SURPLUS)
def test_a_key_is_refused_with_its_variable(zoomcall: Callable[..., Any], form: str, cause: str) -> None:
    result = zoomcall("token", "mint", environ=PAIR | {"ZOOMCALL_API_KEY": form.format(API_KEY)})
    assert result.code == 2
    assert "error: ZOOMCALL_API_KEY " in result.stderr
    assert f"({cause})" in result.stderr
    assert API_KEY not in result.stderr


@pytest.mark.parametrize(
    "text", ["${API_SECRET}", "$API_SECRET", "%API_SECRET%", "{{ secret }}", "<your secret>", "null"]
)
@pytest.mark.parametrize("name", ["ZOOMCALL_API_KEY", "ZOOMCALL_API_SECRET"])
def test_a_placeholder_is_no_credential(zoomcall: Callable[..., Any], name: str, text: str) -> None:
    result = zoomcall("token", "mint", environ=PAIR | {name: text})
    assert result.code == 2
    assert f"error: {name} is " in result.stderr
    assert "(placeholder-unfilled)" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("ZOOMCALL_SESSION", '"abc=="', "secret-in-quotes"),
        ("ZOOMCALL_SESSION", "${SESSION}", "placeholder-unfilled"),
        ("ZOOMCALL_SESSION", "ZOOMCALL_SESSION=abc==", "assignment-in-value"),
        ("ZOOMCALL_MEETING", "'84098077904'", "secret-in-quotes"),
        ("ZOOMCALL_MEETING", "84098077904 # weekly", "comment-in-value"),
        ("ZOOMCALL_API_BASE", '"https://api.zoom.us/v2"', "secret-in-quotes"),
        ("ZOOMCALL_TIMEOUT", "90 # seconds", "comment-in-value"),
        ("ZOOMCALL_TOKEN", "${TOKEN}", "placeholder-unfilled"),
    ],
)
def test_any_other_variable_is_named_too(zoomcall: Callable[..., Any], name: str, value: str, cause: str) -> None:
    command = ("whoami",) if name == "ZOOMCALL_TOKEN" else DIAL[:3] + DIAL[5:]
    result = zoomcall(*command, environ=({} if name in TARGETS else {"ZOOMCALL_SESSION": "abc=="}) | {name: value})
    assert result.code == 2
    assert f"error: {name} " in result.stderr
    assert f"({cause})" in result.stderr


TARGETS = {"ZOOMCALL_SESSION", "ZOOMCALL_MEETING"}


@pytest.mark.parametrize(
    "environ",
    [
        {"ZOOMCALL_SESSION": "abc==\r"},
        {"ZOOMCALL_SESSION_NAME": '"Standup" # 3'},
        {"ZOOMCALL_MEETING": "840 9807 7904"},
    ],
)
def test_what_a_target_may_contain_is_taken(zoomcall: Callable[..., Any], environ: dict[str, str]) -> None:
    result = zoomcall(*DIAL[:3], "--dry-run", environ=environ | PAIR)
    assert "(secret-in-quotes)" not in result.stderr
    assert "(comment-in-value)" not in result.stderr
    assert "(secret-has-whitespace)" not in result.stderr
