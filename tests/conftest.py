"""Fixtures for every test, and the house rule that CI skips nothing."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from loopback import self_signed
from shell import SENTINEL, ProcessShell, Shell, environ_of

from zoomcall.emulator.running import Emulator

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def zoomcall(tmp_path: Path) -> Shell:
    """Call the program in this process: ``zoomcall("explain", "124").stdout``."""
    return Shell(tmp_path / "shell")


@pytest.fixture
def zoomcall_process(zoomcall: Shell) -> ProcessShell:
    """Call the program as a process, with the folders and environment of ``zoomcall``."""
    return ProcessShell(zoomcall)


@pytest.fixture
def sentinel() -> str:
    """Return a secret that must never appear in any output."""
    return SENTINEL


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Run a local Zoom whose calls go ten times as fast, or at the time scale that the test sets."""
    with Emulator(time_scale=getattr(request, "param", 0.1)) as running:
        yield running


@pytest.fixture
def emulator_environ(emulator: Emulator) -> dict[str, str]:
    """Return the environment that points the program at the emulator, with both credentials and its session."""
    environ = environ_of(emulator) | {"ZOOMCALL_SESSION": emulator.ready["session_id"]}
    return {name: value for name, value in environ.items() if name != "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID"}


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS server context that no system trusts, and the file to trust it with."""
    return self_signed(tmp_path)


_SKIPPED = 6
"""No exit code of pytest's own: nothing that runs again makes up for a test that did not run."""


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail a run in CI that skipped anything."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = _SKIPPED
    return result
