"""The harness itself: it must see what it claims to watch."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shell import ProcessShell, SecretShownError, Shell


def test_a_command_is_called_as_a_shell_calls_it(zoomcall: Shell) -> None:
    result = zoomcall("--help")
    assert result.code == 0
    assert result.stdout.startswith("Usage: zoomcall")
    assert result.stderr == ""


def test_nothing_of_the_surroundings_reaches_the_program(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMCALL_OUTPUT", "nonsense")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    assert not {"ZOOMCALL_OUTPUT", "HTTPS_PROXY"} & zoomcall.environ.keys()


def test_the_environment_is_the_tests_own_again_after_a_call(zoomcall: Shell) -> None:
    numbers = signal.SIGINT, signal.SIGTERM
    before = (dict(os.environ), sys.stdout, *map(signal.getsignal, numbers))
    zoomcall("--help")
    assert (dict(os.environ), sys.stdout, *map(signal.getsignal, numbers)) == before


@pytest.fixture
def leaky(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program repeat its arguments in errors, secrets and all."""
    monkeypatch.setattr("zoomcall.domain.shown_text.without_secrets_of", lambda text, _: text)


@pytest.mark.usefixtures("leaky")
def test_a_secret_on_stderr_is_seen(zoomcall: Shell, sentinel: str) -> None:
    with pytest.raises(SecretShownError, match="stderr"):
        zoomcall(sentinel)


def test_a_secret_in_a_file_is_seen(zoomcall: Shell, sentinel: str) -> None:
    zoomcall.state_dir.mkdir()
    (zoomcall.state_dir / "journal").write_bytes(b"\0" + sentinel.encode())
    with pytest.raises(SecretShownError, match="journal"):
        zoomcall("--help")
    assert zoomcall("--help", reveals=("files",)).code == 0


def test_a_secret_of_the_environment_is_seen(zoomcall: Shell) -> None:
    with pytest.raises(SecretShownError, match="stderr"):
        zoomcall("other-secret", environ={"ZOOMCALL_CLIENT_SECRET": "other-secret"})


@pytest.mark.usefixtures("leaky")
def test_a_whole_token_is_seen(zoomcall: Shell) -> None:
    with pytest.raises(SecretShownError, match="stderr"):
        zoomcall("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJlc2lnbmF0dXJl")


def test_the_program_runs_as_a_process_too(zoomcall_process: ProcessShell) -> None:
    assert zoomcall_process("--help").stdout.startswith("Usage: zoomcall")
    assert zoomcall_process("no-such-command").code == 2


def test_a_skipped_test_fails_a_run_in_ci(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "test_skip.py").write_text("import pytest\ndef test_skip(): pytest.skip('no shell here')\n")

    def run_tests(ci: str) -> int:
        environ = {**os.environ, "CI": ci, "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False).returncode

    assert run_tests("") == 0
    assert run_tests("true") == 6
