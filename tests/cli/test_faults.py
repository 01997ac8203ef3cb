"""Failures that nobody foresaw, and a system that has nothing left, in real commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from shell import ProcessShell, Shell

from zoomcall.adapters.http import Http
from zoomcall.adapters.wire import Wire
from zoomcall.cli.invite.telling import Telling
from zoomcall.cli.render import formats
from zoomcall.emulator.running import Emulator

RING = ("invite", "sip", "answer@room.example.com")


def patches(emulator: Emulator) -> int:
    return sum(request.method == "PATCH" for request in emulator.requests)


@pytest.mark.parametrize("error", [MemoryError(), OSError(12, "No memory"), ValueError("a bug")], ids=repr)
def test_a_failure_after_the_patch_went_out_is_pending(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    read = Http._read

    def failing(http: Http, visit: Any) -> Any:
        if visit.request.method == "PATCH":
            raise error
        return read(http, visit)

    monkeypatch.setattr(Http, "_read", failing)
    result = shell(*RING, "--json")
    assert (result.code, patches(emulator)) == (8, 1)
    document = result.json()
    assert (document["result"]["state"], document["result"]["sent"]) == ("pending", "unknown")
    assert ("this is a bug" in document["error"]["title"]) is isinstance(error, ValueError)
    assert shell("call", "list", "--json").json()["result"]["calls"][0]["state"] == "pending"
    assert shell(*RING).code == 12


@pytest.mark.parametrize(
    ("error", "code"),
    [(MemoryError(), 3), (OSError(24, "Too many"), 3), (ValueError("a bug"), 1)],
    ids=repr,
)
def test_a_failure_before_the_patch_went_out_rings_nothing_and_blocks_nothing(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    route = Wire._route

    def failing(wire: Wire, origin: Any, passage: Any) -> Any:
        if passage.is_fresh:
            raise error
        return route(wire, origin, passage)

    with monkeypatch.context() as patch:
        patch.setattr(Wire, "_route", failing)
        result = shell(*RING, "--json")
    assert (result.code, patches(emulator)) == (code, 0)
    document = result.json()
    assert document["result"]["sent"] == "no"
    assert ("this is a bug" in document["error"]["title"]) is (code == 1)
    assert shell(*RING).code == 0


def test_the_traceback_of_a_bug_is_shown_with_debug(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(Wire, "_route", failing)
    assert "Traceback" not in shell(*RING).stderr
    assert "ValueError: a bug" in shell(*RING, "--debug").stderr


@pytest.mark.parametrize(("room", "code"), [("answer", 0), ("decline", 20)])
def test_an_outcome_that_cannot_be_explained_is_told_all_the_same(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, room: str, code: int
) -> None:
    def failing(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(Telling, "answer", failing)
    result = shell("invite", "sip", f"{room}@room.example.com", "--json")
    assert result.code == code
    assert result.json()["result"]["sent"] == "yes"
    assert "internal-error" in [warning["id"] for warning in result.json()["warnings"]]


def test_an_answer_for_which_there_are_no_files_is_printed_once_others_are_closed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bool] = []
    writer_of = formats.writer_of

    def failing(output: Any) -> Any:
        tries.append(True)
        if len(tries) == 1:
            raise OSError(24, "Too many open files")
        return writer_of(output)

    monkeypatch.setattr(formats, "writer_of", failing)
    assert shell(*RING).code == 0
    assert len(tries) == 2


@pytest.mark.parametrize("limit", range(5, 10))
def test_few_descriptors_are_told_in_plain_words(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator, limit: int
) -> None:
    few = ProcessShell(
        zoomcall_process.shell,
        ("sh", "-c", f'ulimit -n {limit}; exec "$0" -m zoomcall "$@"', sys.executable),
    )
    result = few(*RING)
    assert result.code in {0, 3, 10}
    assert "bug" not in result.stderr
    assert "Traceback" not in result.stderr
    assert patches(emulator) == (result.code == 0)


def test_an_answer_that_cannot_be_written_is_told_on_stderr_in_short(shell: Shell, emulator: Emulator) -> None:
    with Path("/dev/full").open("wb") as full, ProcessShell(shell).start(*RING, "--json", stdout=full) as running:
        _, stderr = running.process.communicate(timeout=60)
    assert (running.process.returncode, patches(emulator)) == (1, 1)
    assert b"error: the answer cannot be written: No space left on device" in stderr
    assert b"joined: answer@" in stderr
