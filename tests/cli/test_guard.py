"""The guard against ringing a room twice, in real commands: crowds, a busy journal, a folder that is missing."""

from __future__ import annotations

import pwd
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shell import ProcessShell, Result, Shell
from torture.hardship import crowd, held, slow_disk

from zoomcall.adapters import journal_file
from zoomcall.adapters.journal import FILE_NAME, Journal
from zoomcall.emulator.running import Emulator
from zoomcall.errors import NotConfigured

RING = ("invite", "sip", "answer@room.example.com")
CROWD = 6


def patches(emulator: Emulator) -> int:
    return sum(request.method == "PATCH" for request in emulator.requests)


def warnings_of(result: Result) -> list[str]:
    return [warning["id"] for warning in result.json()["warnings"]]


def put_garbage(path: Path) -> None:
    path.write_bytes(b"this is no database\n" * 100)


def put_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def log_in(shell: Shell, emulator: Emulator) -> None:
    """Keep the credential in a profile instead of the environment."""
    secret = emulator.ready["api_secret"].encode()
    key = emulator.ready["api_key"]
    flags = ("--kind", "videosdk", "--api-key", key, "--secret-stdin", "--store", "file", "--no-verify")
    assert shell("auth", "login", *flags, stdin=secret, reveals=("files",)).code == 0
    names = [name for name in shell.environ if name.startswith(("ZOOMCALL_A", "ZOOMCALL_CLIENT"))]
    shell.set(**dict.fromkeys(set(names) - {"ZOOMCALL_API_BASE"}))


PROFILES = pytest.mark.parametrize("is_stored", [False, True], ids=["environment", "profile"])


# Only a folder that cannot be written switches it off


@PROFILES
@pytest.mark.parametrize("put", [put_garbage, put_newer])
def test_a_journal_that_cannot_be_used_stops_the_call(
    shell: Shell, emulator: Emulator, put: Callable[[Path], None], *, is_stored: bool
) -> None:
    if is_stored:
        log_in(shell, emulator)
    shell.state_dir.mkdir()
    put(shell.state_dir / FILE_NAME)
    result = shell(*RING, "--json")
    assert (result.code, patches(emulator)) == (3, 0)
    document = result.json()
    assert document["result"]["sent"] == "no"
    assert FILE_NAME in document["error"]["title"]


@PROFILES
def test_a_journal_that_another_process_holds_stops_the_call(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, *, is_stored: bool
) -> None:
    if is_stored:
        log_in(shell, emulator)
    assert shell(*RING).code == 0
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.1)
    with held(shell.state_dir / FILE_NAME):
        result = shell("invite", "sip", "answer@other.example.com", "--json")
    assert (result.code, patches(emulator)) == (3, 1)
    assert "another process" in result.json()["error"]["title"]
    assert shell("invite", "sip", "answer@other.example.com").code == 0


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_without_a_folder_a_credential_of_the_environment_rings_unguarded(
    shell: Shell, emulator: Emulator, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    folder = {"missing": "/proc/none/here", "file": str(tmp_path / "file" / "deeper")}[kind]
    shell.set(ZOOMCALL_STATE_DIR=folder)
    result = shell(*RING, "--json")
    assert (result.code, patches(emulator)) == (0, 1)
    assert "journal-off" in warnings_of(result)
    log_in(shell, emulator)
    result = shell(*RING, "--json")
    assert (result.code, patches(emulator)) == (3, 1)


@pytest.fixture
def homeless(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Call the program as a user without HOME and without an entry in the system's list of users."""

    def nobody(_: int) -> Any:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    shell.set(**dict.fromkeys(("HOME", "ZOOMCALL_CONFIG_DIR", "ZOOMCALL_STATE_DIR")))
    return shell


def test_a_user_without_a_home_rings_by_the_environment_unguarded(homeless: Shell, emulator: Emulator) -> None:
    result = homeless(*RING, "--json")
    assert (result.code, patches(emulator)) == (0, 1)
    assert {"journal-off", "config-unreadable"} <= set(warnings_of(result))


def test_a_user_without_a_home_has_no_profile(homeless: Shell, emulator: Emulator) -> None:
    for arguments in ((*RING, "-p", "prod"), ("auth", "list"), ("call", "list")):
        result = homeless(*arguments)
        assert (result.code, patches(emulator)) == (3, 0)
        assert "no home folder" in result.stderr
    homeless.set(ZOOMCALL_API_KEY=None, ZOOMCALL_API_SECRET=None)
    assert homeless(*RING).code == 3


# Several at once


@pytest.mark.parametrize("is_one_room", [True, False], ids=["one room", "a room each"])
def test_a_crowd_with_a_slow_disk_rings_each_room_once(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator, tmp_path: Path, *, is_one_room: bool
) -> None:
    rooms = ["answer@room.example.com" if is_one_room else f"answer@room{number}.com" for number in range(CROWD)]
    commands = [("invite", "sip", room, "--to-name", f"Room {number}") for number, room in enumerate(rooms)]
    disk = slow_disk(tmp_path, timedelta(milliseconds=300))
    results = crowd(zoomcall_process, commands, environ={**disk})
    expected = [0] + [12] * (CROWD - 1) if is_one_room else [0] * CROWD
    assert sorted(result.code for result in results) == expected
    assert patches(emulator) == expected.count(0)


def test_ctrl_c_ends_the_wait_for_a_journal_at_once(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator
) -> None:
    assert shell(*RING).code == 0
    with (
        held(shell.state_dir / FILE_NAME),
        zoomcall_process.start("invite", "sip", "answer@other.example.com", "-v") as running,
    ):
        asked = len(emulator.requests)
        while len(emulator.requests) == asked:  # the preflight, after which the journal is needed
            time.sleep(0.01)
        time.sleep(0.5)
        begun = time.monotonic()
        running.send(signal.SIGINT)
        running.process.wait(30)
        assert time.monotonic() - begun < 2  # of which the wait is a tenth of a second
        result = running.finish()
    assert (result.code, patches(emulator)) == (130, 1)
    assert "before anything was sent" in result.stderr


# What is done counts, whether or not the journal keeps it


def test_a_hang_up_that_the_journal_does_not_keep_is_a_success(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell(*RING).code == 0
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.1)
    with held(shell.state_dir / FILE_NAME):
        result = shell("call", "hangup", "1", "--json")
    assert result.code == 0
    assert result.json()["result"]["removed"] is True
    assert "journal-failed" in warnings_of(result)


@pytest.mark.parametrize(
    ("evidence", "code", "warning"), [("roster", 8, "evidence-lost"), ("webhook-log", 0, "journal-failed")]
)
def test_evidence_that_the_journal_does_not_keep_never_denies_the_ringing(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, evidence: str, code: int, warning: str
) -> None:
    def take_credit(*_: object) -> bool:
        raise NotConfigured("the disk is full", fix="Make room on it.")

    monkeypatch.setattr(Journal, "take_credit", take_credit)
    result = shell(*RING, "--evidence", evidence, "--json")
    assert (result.code, patches(emulator)) == (code, 1)
    assert result.json()["result"]["sent"] == "yes"
    assert warning in warnings_of(result)


def test_an_outcome_that_the_journal_does_not_keep_is_told_as_it_is(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(*_: object) -> None:
        raise NotConfigured("the disk is full")

    monkeypatch.setattr(Journal, "settle", settle)
    for room, code in (("answer", 0), ("decline", 20)):
        result = shell("invite", "sip", f"{room}@room.example.com", "--json")
        assert result.code == code
        assert "journal-failed" in warnings_of(result)
