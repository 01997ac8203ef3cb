"""Calls during which the clock is set, or the process sleeps."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from shell import ProcessShell, Shell
from torture.hardship import SettableClock

from zoomcall.emulator.running import Emulator

HOUR = timedelta(hours=1)
SLOWLY = pytest.mark.parametrize("emulator", [0.2], indirect=True)  # slow-answer takes a second


def wait_for_patch(emulator: Emulator) -> None:
    ends_at = time.monotonic() + 30
    while not any(request.method == "PATCH" for request in emulator.requests):
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@SLOWLY
@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["ahead", "back"])
@pytest.mark.parametrize("evidence", ["roster", "webhook-log"])
def test_setting_the_clock_changes_nothing_about_a_call(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator, tmp_path: Path, step: timedelta, evidence: str
) -> None:
    clock = SettableClock(tmp_path)
    command = ("invite", "sip", "slow-answer@room.example.com", "--evidence", evidence, "--timeout", "20", "--json")
    with zoomcall_process.start(*command, environ={**clock.environ}) as running:
        wait_for_patch(emulator)
        begun = time.monotonic()
        clock.set_ahead(step)
        running.process.wait(30)
        assert time.monotonic() - begun < 15
        result = running.finish()
    assert result.code == 0, result.stdout
    assert result.json()["result"]["evidence"]["source"] == evidence


def test_a_clock_that_was_set_back_does_not_lengthen_the_wait(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator, tmp_path: Path
) -> None:
    clock = SettableClock(tmp_path)
    command = ("invite", "sip", "answer@room.example.com", "--evidence", "webhook", "--timeout", "1")
    events = tmp_path / "events"
    with zoomcall_process.start(*command, "--events", str(events), environ={**clock.environ}) as running:
        wait_for_patch(emulator)
        begun = time.monotonic()
        clock.set_ahead(-HOUR)
        running.process.wait(30)
        assert time.monotonic() - begun < 10
        result = running.finish()
    assert result.code == 8, result.stderr


@SLOWLY
def test_a_process_that_slept_beyond_its_timeout_looks_once_more(
    zoomcall_process: ProcessShell, shell: Shell, emulator: Emulator
) -> None:
    command = ("invite", "sip", "slow-answer@room.example.com", "--timeout", "1.5")
    with zoomcall_process.start(*command) as running:
        wait_for_patch(emulator)
        time.sleep(0.1)
        running.send(signal.SIGSTOP)
        time.sleep(2)
        running.send(signal.SIGCONT)
        result = running.finish()
    assert result.code == 0, result.stderr
