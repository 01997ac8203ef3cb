"""Files, pipes and devices that commands work on: each is read within limits."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from shell import Shell

from zoomcall import named_files
from zoomcall.adapters import event_file, input_file
from zoomcall.cli import diagnose
from zoomcall.cli.invite import many
from zoomcall.cli.reports import sources
from zoomcall.cli.webhook import verify

SIGNED = ("--signature", "v0=1", "--timestamp", "1")
COMMANDS = {
    "batch": ("invite", "batch", "{}", "--dry-run", "--session", "a"),
    "report": ("report", "{}"),
    "import": ("room", "import", "{}"),
    "diagnose": ("diagnose", "{}"),
    "verify": ("webhook", "verify", "{}", *SIGNED),
    "replay": ("webhook", "replay", "{}", "--to", "http://127.0.0.1:9"),
}
EACH = pytest.mark.parametrize("name", COMMANDS)


def run_on(zoomcall: Shell, name: str, path: Path) -> str:
    zoomcall.set(ZOOMCALL_WEBHOOK_SECRET="made-up-webhook-secret")
    result = zoomcall(*(word.format(path) for word in COMMANDS[name]))
    assert result.code == 2
    return result.stderr


@EACH
def test_a_pipe_that_nobody_writes_to_is_left_in_time(
    zoomcall: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in (input_file, event_file, diagnose, verify):
        monkeypatch.setattr(module, "PIPE_LIMIT", timedelta(milliseconds=50))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "nothing was written to it within 0.05 s" in run_on(zoomcall, name, pipe)


@EACH
def test_what_is_too_large_is_refused_and_not_read_whole(
    zoomcall: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked: list[int] = []
    read = named_files._read

    def noted(descriptor: int, most: int, limit: timedelta | None = None) -> bytes:
        asked.append(most)
        return read(descriptor, most, limit)

    monkeypatch.setattr(named_files, "_read", noted)
    monkeypatch.setattr(many, "_LARGEST_INPUT", 1000)
    monkeypatch.setattr(sources, "_LARGEST", 1000)
    monkeypatch.setattr(event_file, "_LARGEST_RECORD", 1000)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2_000_000_000)  # no disk has it: it is a hole
    assert "larger than" in run_on(zoomcall, name, large)
    assert max(asked) <= 100_000_001


@EACH
def test_a_folder_is_no_input(zoomcall: Shell, tmp_path: Path, name: str) -> None:
    assert "folder" in run_on(zoomcall, name, tmp_path)


def test_a_batch_may_come_through_a_pipe(zoomcall: Shell, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["protocol,address\nsip,a@b.example\n"])
    writer.start()
    result = zoomcall(*(word.format(pipe) for word in COMMANDS["batch"]))
    writer.join()
    assert (result.code, result.stdout.count("a@b.example")) == (0, 1)
