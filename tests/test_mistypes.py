"""Somebody mistypes a command line, and is told what was probably meant."""

import pytest
from shell import SENTINEL, Shell
from tokens import API_CLAIMS, jwt


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("invite room@x.example.com --meeting 5", "invite sip room@x.example.com --meeting 5"),
        ("sip room@x.example.com", "invite sip room@x.example.com"),
        ("H323 10.1.2.3", "invite h323 10.1.2.3"),
        ("hangup 3", "call hangup 3"),
        ("login", "auth login"),
        ("mint", "token mint"),
        ("help", "--help"),
        ("help invite sip", "invite sip --help"),
        ("invite help", "invite --help"),
        ("version", "--version"),
        ("INVITE sip a@b.example.com", "invite sip a@b.example.com"),
        ("invite SIP a@b.example.com", "invite sip a@b.example.com"),
        ("-p prod whoami", "whoami -p prod"),
        (
            "invite sip a@b.example.com --meeting 857 4606 5432 --dry-run",
            "invite sip a@b.example.com --meeting '857 4606 5432' --dry-run",
        ),
        (
            "invite sip a@b.example.com --meeting=857 4606 5432",
            "invite sip a@b.example.com --meeting '857 4606 5432'",
        ),
    ],
)
def test_the_command_that_was_meant_is_shown(zoomcall: Shell, typed: str, meant: str) -> None:
    result = zoomcall(*typed.split())
    assert result.code == 2
    assert f"  run: zoomcall {meant}" in result.stderr.splitlines()
    assert "Did you mean" not in result.stderr


def test_json_before_the_command_is_json_all_the_same(zoomcall: Shell) -> None:
    document = zoomcall("--json", "whoami").json()
    assert document["exit_code"] == 2
    assert document["schema"] == "zoomcall.error/1"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("list", "Did you mean call list or session list or room list?"),
        ("token mint --meeting 5", "--meeting is a flag of invite sip, invite h323, invite room and"),
        ("calls", "Did you mean 'call'?"),
    ],
)
def test_where_several_may_be_meant_they_are_named(zoomcall: Shell, typed: str, words: str) -> None:
    result = zoomcall(*typed.split())
    assert (result.code, words in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("typed", "title", "fix"),
    [
        ("invite sip --hlep", "no such option: --hlep", "Did you mean --help?"),
        ("token mint --tll 5", "no such option: --tll", "Did you mean --ttl?"),
    ],
)
def test_a_misspelt_flag_leads_to_the_right_one(zoomcall: Shell, typed: str, title: str, fix: str) -> None:
    result = zoomcall(*typed.split())
    assert result.code == 2
    assert f"error: {title}\n  fix: {fix}\n" in result.stderr


def test_a_group_alone_is_answered_with_its_commands(zoomcall: Shell) -> None:
    result = zoomcall("invite")
    assert result.code == 2
    assert "error: missing command\n  fix: Name one of sip, h323, room, phone, batch.\n" in result.stderr
    assert "  run: zoomcall invite --help\n" in result.stderr


@pytest.mark.parametrize("typed", ["frobnicate", "auth login --nobodys-flag", "call status 1 2"])
def test_where_nothing_comes_to_mind_nothing_is_made_up(zoomcall: Shell, typed: str) -> None:
    result = zoomcall(*typed.split())
    assert result.code == 2
    assert "  run:" not in result.stderr


def test_what_may_be_a_secret_is_not_repeated(zoomcall: Shell) -> None:
    token = jwt(API_CLAIMS)
    result = zoomcall("sip", token, SENTINEL)
    assert result.code == 2
    assert token not in result.stderr
