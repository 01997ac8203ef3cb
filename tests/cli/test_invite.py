"""What ``invite`` prints instead of ringing, and what it streams."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from shell import PROCESS_SECONDS, Result, Shell

from zoomcall.emulator.http import Received
from zoomcall.emulator.running import Emulator

NO_OP = "noop@room.example.com"
NAMES = ("--to-name", 'it\'s "$HOME" `id` \\n', "--header", "X-Q=a b; %s")


@pytest.fixture
def shell(zoomcall: Shell, emulator_environ: dict[str, str]) -> Shell:
    zoomcall.set(**emulator_environ)
    return zoomcall


def callouts(emulator: Emulator) -> list[Received]:
    return [received for received in emulator.requests if received.method == "PATCH"]


def run_line(shell: Shell, line: str, interpreter: str, **environ: str) -> Result:
    """Run a shell line as a person would who copied it."""
    path = os.pathsep.join((str(Path(sys.executable).parent), shell.environ["PATH"]))
    done = subprocess.run(
        [interpreter, "-c", line],
        env={**shell.environ, "PATH": path, **environ},
        capture_output=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )
    return shell.judge((interpreter,), shell.environ, stdout=done.stdout, stderr=done.stderr, code=done.returncode)


@pytest.mark.parametrize("interpreter", ["sh", "bash", "zsh"])
def test_the_curl_line_asks_what_the_dry_run_shows(shell: Shell, emulator: Emulator, interpreter: str) -> None:
    shown = shell("invite", "sip", NO_OP, *NAMES, "--dry-run", "--json").json()["result"]["request"]
    printed = shell("invite", "sip", NO_OP, *NAMES, "--curl")
    assert printed.stdout.count("\n") == 1
    ran = run_line(shell, printed.stdout, interpreter)
    assert ran.code == 0
    assert ran.stdout.startswith("HTTP/1.1 200")
    (sent,) = callouts(emulator)
    assert json.loads(sent.request.body) == shown["body"]
    assert shown["url"].endswith(sent.path)


@pytest.mark.parametrize("interpreter", ["sh", "bash", "zsh"])
def test_the_curl_line_sends_nothing_without_a_token(shell: Shell, emulator: Emulator, interpreter: str) -> None:
    line = shell("invite", "sip", NO_OP, "--curl").stdout
    ran = run_line(shell, line, interpreter, ZOOMCALL_API_SECRET="")
    assert ran.code != 0
    assert "ZOOMCALL_API_SECRET" in ran.stderr
    assert emulator.requests == []


def test_no_argument_and_no_variable_of_curl_holds_the_token(shell: Shell, tmp_path: Path) -> None:
    line = shell("invite", "sip", NO_OP, "--curl").stdout
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nenv | grep -v ^ZOOMCALL_\nexec sed "s/[^ ]*$/REST/"\n')
    curl.chmod(0o755)
    ran = run_line(shell, f'set -a; PATH={shlex.quote(str(tmp_path))}:"$PATH"; {line}', "sh")
    assert ran.code == 0
    assert ran.stdout.endswith("\nAuthorization: Bearer REST\n")
    assert "eyJ" not in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no room",), "address-invalid"),
        ((NO_OP, "--header", "X-A"), "header-rule"),
        ((NO_OP, "--timeout", "\u0663"), "--timeout"),
        ((NO_OP, "--listen", "127.0.0.1:\u0663"), "--listen"),
        ((NO_OP, "--session", "a", "--meeting", "84098077904"), "exclude each other"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_else_and_rings_nothing(
    shell: Shell, emulator: Emulator, arguments: tuple[str, ...], words: str
) -> None:
    for more in ((), ("--dry-run",)):
        result = shell("invite", "sip", *arguments, *more)
        assert result.code == 2
        assert words in result.stderr
        assert "Nothing rings because of this command." in result.stderr
    assert emulator.requests == []
