"""What is wrong with the value of a variable is said with the variable's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shell import SENTINEL, Shell

from zoomcall.emulator.running import Emulator

README = Path(__file__).parents[2] / "README.md"
INVITE = ("invite", "sip", "room@example.com", "--dry-run")
VERIFY = ("webhook", "verify", "-", "--signature", "v0=0", "--timestamp", "1")
KEY_FILE = f"-----BEGIN PUBLIC KEY-----\n{SENTINEL}\n-----END PUBLIC KEY-----"
PAIR = {"ZOOMCALL_API_KEY": "example-key", "ZOOMCALL_API_SECRET": SENTINEL}
APP = {"ZOOMCALL_ACCOUNT_ID": "a", "ZOOMCALL_CLIENT_ID": "c", "ZOOMCALL_CLIENT_SECRET": SENTINEL}

BAD_VALUES = [
    # the command, the variable, its value, what else is set, the exit code
    (INVITE, "ZOOMCALL_MEETING", "mymeeting", {}, 2),
    (INVITE, "ZOOMCALL_MEETING", "12345", {}, 2),
    (INVITE, "ZOOMCALL_MEETING", f"https://zoom.us/j/none?pwd={SENTINEL}", {}, 2),
    (INVITE, "ZOOMCALL_SESSION", "two words", {}, 2),
    (INVITE, "ZOOMCALL_SESSION", "..", {}, 2),
    (INVITE, "ZOOMCALL_SESSION", "x" * 600, {}, 2),
    (INVITE, "ZOOMCALL_SESSION_NAME", " ", {}, 2),
    (INVITE, "ZOOMCALL_SESSION_NAME", "a\x1bb", {}, 2),
    (INVITE, "ZOOMCALL_SESSION_NAME", "x" * 201, {}, 2),
    (("session", "show"), "ZOOMCALL_SESSION", "x" * 201, {}, 2),
    (("session", "show"), "ZOOMCALL_SESSION_NAME", "a\x1bb", {}, 2),
    (("doctor", "--offline"), "ZOOMCALL_MEETING", "mymeeting", {}, 2),
    (("doctor", "--offline"), "ZOOMCALL_SESSION", "two words", {}, 2),
    (("whoami",), "ZOOMCALL_PROFILE", "a/b", {}, 2),
    (("whoami",), "ZOOMCALL_PROFILE", "nobody", {}, 3),
    ((*INVITE[:-1], "--session", "s"), "ZOOMCALL_PROFILE", "nobody", {}, 3),
    (("auth", "status"), "ZOOMCALL_PROFILE", "nobody", {}, 3),
    (VERIFY, "ZOOMCALL_PROFILE", "nobody", {}, 3),
    (("auth", "list"), "ZOOMCALL_TIMEOUT", "soon", {}, 2),
    (("auth", "list"), "ZOOMCALL_OUTPUT", "yaml", {}, 2),
    (("auth", "list"), "ZOOMCALL_API_BASE", "api.zoom.us", {}, 2),
    (("auth", "list"), "ZOOMCALL_OAUTH_BASE", "http://zoom.us", {}, 2),
    (("auth", "list"), "ZOOMCALL_ALLOW_API_BASE", "perhaps", {}, 2),
    (("auth", "list"), "ZOOMCALL_NO_INPUT", "perhaps", {}, 2),
    (("auth", "list"), "ZOOMCALL_KEYRING_TIMEOUT", "0", {}, 2),
    (("auth", "list"), "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID", "two words", {}, 2),
    (("auth", "list"), "ZOOMCALL_CONFIG_DIR", "/dev/null/x", {}, 3),
    (("room", "list"), "ZOOMCALL_BOOK", "/dev/null/x", {}, 2),
    (("room", "list"), "ZOOMCALL_BOOK", "/nowhere/book.toml", {}, 2),
    (("room", "add", "A", "sip", "a@example.com"), "ZOOMCALL_BOOK", "/dev/null", {}, 2),
    (("call", "list"), "ZOOMCALL_STATE_DIR", "/dev/null/x", {}, 3),
    (("token", "mint"), "ZOOMCALL_API_KEY", "two words", PAIR, 2),
    (("token", "mint"), "ZOOMCALL_API_SECRET", KEY_FILE, PAIR, 3),
    (("token", "mint"), "ZOOMCALL_API_SECRET_FILE", "/dev/null/x", {**PAIR, "ZOOMCALL_API_SECRET": ""}, 3),
    (("token", "mint"), "ZOOMCALL_ACCOUNT_ID", "two words", APP, 2),
    (("token", "mint"), "ZOOMCALL_CLIENT_ID", "x" * 300, APP, 2),
    (("token", "mint"), "ZOOMCALL_CLIENT_SECRET", "\udcff", APP, 2),
    (("token", "mint"), "ZOOMCALL_CLIENT_SECRET_FILE", "/dev/null", {**APP, "ZOOMCALL_CLIENT_SECRET": ""}, 3),
    (("token", "mint"), "ZOOMCALL_TOKEN", f"two {SENTINEL}", {}, 2),
    (("token", "mint"), "ZOOMCALL_TOKEN_FILE", "/dev/null/x", {}, 3),
    (VERIFY, "ZOOMCALL_WEBHOOK_SECRET", "\udcff", {}, 2),
    (VERIFY, "ZOOMCALL_WEBHOOK_SECRET_FILE", "/dev/null/x", {}, 3),
]


@pytest.mark.parametrize(("command", "name", "value", "more", "code"), BAD_VALUES)
def test_an_error_about_a_variables_value_names_the_variable(
    zoomcall: Shell, command: tuple[str, ...], name: str, value: str, more: dict[str, str], code: int
) -> None:
    result = zoomcall(*command, environ={**more, name: value})
    [error] = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.code == code
    told = (
        error if not name.endswith("_DIR") else result.stderr
    )  # their error names the file, and the fix the variable
    assert name in told
    assert told.count(name) == 1


def test_every_variable_of_the_readme_is_tried() -> None:
    rows = re.findall(r"^\| (`ZOOMCALL_.*?) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"ZOOMCALL_[A-Z_]+", row)}
    assert named == {name for _, name, *_ in BAD_VALUES}


@pytest.mark.parametrize(
    ("flag", "value"), [("--meeting", "mymeeting"), ("--session", "two words"), ("--session-name", "a\x1bb")]
)
def test_an_error_about_a_flags_value_names_no_variable(zoomcall: Shell, flag: str, value: str) -> None:
    result = zoomcall(*INVITE, flag, value, environ={"ZOOMCALL_MEETING": "84098077904"})
    assert result.code == 2
    assert "ZOOMCALL_" not in result.stderr


@pytest.mark.parametrize("command", [INVITE, INVITE[:-1], ("session", "show"), ("doctor", "--only", "session")])
def test_a_name_that_no_live_session_has_is_traced_to_its_variable(
    zoomcall: Shell, emulator: Emulator, emulator_environ: dict[str, str], command: tuple[str, ...]
) -> None:
    environ = {**emulator_environ, "ZOOMCALL_SESSION": "", "ZOOMCALL_SESSION_NAME": "nobody's talk"}
    result = zoomcall(*command, environ=environ)
    assert result.code == 6
    assert '"nobody\'s talk" (ZOOMCALL_SESSION_NAME)' in result.stdout + result.stderr


@pytest.mark.parametrize("command", [(*INVITE, "--session-name"), ("session", "show")])
def test_a_name_that_a_flag_or_an_argument_gave_is_not(
    zoomcall: Shell, emulator: Emulator, emulator_environ: dict[str, str], command: tuple[str, ...]
) -> None:
    environ = {**emulator_environ, "ZOOMCALL_SESSION": "", "ZOOMCALL_SESSION_NAME": "nobody's talk"}
    result = zoomcall(*command, "nobody's talk", environ=environ)
    assert result.code == 6
    assert "ZOOMCALL_SESSION_NAME" not in result.stderr


@pytest.mark.parametrize(
    ("link", "base"),
    [
        ("https://agency.zoomgov.com/j/98765432101", None),
        ("https://us02web.zoom.us/j/98765432101", "https://api.zoomgov.com/v2"),
        ("https://www.google.com/url?q=https://agency.zoomgov.com/j/98765432101", None),
    ],
)
def test_a_join_link_of_another_cluster_is_a_usage_error(zoomcall: Shell, link: str, base: str | None) -> None:
    environ = {} if base is None else {"ZOOMCALL_API_BASE": base}
    result = zoomcall("invite", "sip", "room@example.com", "--meeting", link, "--dry-run", environ=environ)
    assert result.code == 2
    assert "(cluster-mismatch)" in result.stderr


@pytest.mark.parametrize(
    ("link", "base"),
    [
        ("https://us02web.zoom.us/j/98765432101", "https://api-eu.zoom.us/v2"),
        ("https://agency.zoomgov.com/j/98765432101", "https://api.zoomgov.com/v2"),
        ("https://agency.zoomgov.com/j/98765432101", "http://127.0.0.1:1/v2"),
        ("98765432101", "https://api.zoomgov.com/v2"),
    ],
)
def test_a_join_link_of_the_same_cluster_is_none(zoomcall: Shell, link: str, base: str) -> None:
    environ = {"ZOOMCALL_API_BASE": base}
    result = zoomcall("invite", "sip", "room@example.com", "--meeting", link, "--dry-run", environ=environ)
    assert result.code == 0


def test_tokens_and_requests_go_to_one_cluster(zoomcall: Shell) -> None:
    environ = {
        "ZOOMCALL_ACCOUNT_ID": "A",
        "ZOOMCALL_CLIENT_ID": "C",
        "ZOOMCALL_CLIENT_SECRET": "S",
        "ZOOMCALL_API_BASE": "https://api.zoomgov.com/v2",
    }
    result = zoomcall("token", "mint", environ=environ)
    assert result.code == 2
    assert "ZOOMCALL_OAUTH_BASE=https://zoomgov.com" in result.stderr
