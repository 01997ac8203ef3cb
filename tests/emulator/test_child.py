"""Running a command: early signals, and ignored ones."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zoomcall.emulator import child
from zoomcall.emulator.child import child_environment, run_command

READY = dict.fromkeys(
    (
        *("api_base", "oauth_base", "api_key", "api_secret", "account_id", "client_id", "client_secret"),
        *("webhook_secret", "websocket_subscription_id"),
        *("session_id", "session_name", "empty_session_id", "ended_session_id", "later_session_id"),
        *("meeting_id", "lobby_meeting_id", "public_client_id"),
    ),
    "x",
)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore the handler of every signal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_names_of_another_case_are_the_callers_too(tmp_path: Path) -> None:
    inherited = {"zoomcall_token": "x", "Zoomcall_Profile": "y", "PATH": "/bin", "ZOOMCALLER": "kept"}
    environment = child_environment(READY, inherited, tmp_path)
    assert {"PATH", "ZOOMCALLER"} <= set(environment)
    assert not {"zoomcall_token", "Zoomcall_Profile"} & set(environment)
    assert environment["ZOOMCALL_STATE_DIR"] == str(tmp_path / "state")


@pytest.mark.usefixtures("handlers")
def test_a_signal_before_the_command_has_started_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen

    def late(*arguments: Any, **settings: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments, **settings)

    monkeypatch.setattr(child.subprocess, "Popen", late)
    assert run_command([sys.executable, "-c", "import time; time.sleep(30)"], READY, os.environ) == 143


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    program = "import os, signal; os.kill(os.getppid(), signal.SIGHUP); raise SystemExit(5)"
    assert run_command([sys.executable, "-c", program], READY, os.environ) == 5
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("handlers")
def test_a_lost_terminal_is_the_commands_to_notice() -> None:
    program = "import os, signal, time; os.kill(os.getppid(), signal.SIGHUP); time.sleep(30)"
    assert run_command([sys.executable, "-c", program], READY, os.environ) == 129
