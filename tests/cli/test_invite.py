"""What ``invite`` prints instead of ringing, and what it streams."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Loopback, answering
from shell import PROCESS_SECONDS, SENTINEL, Result, Shell

from zoomcall.emulator.http import Received
from zoomcall.emulator.running import Emulator

NO_OP = "noop@room.example.com"
NAMES = ("--to-name", 'it\'s "$HOME" `id` \\n', "--header", "X-Q=a b; %s")


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
    curl.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@"\nenv | grep -v -e ^ZOOMCALL_ -e ^COVERAGE_\nexec sed "s/[^ ]*$/REST/"\n'
    )
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
        ((NO_OP, "--session", "a", "--meeting", "84098077904"), "use only one of --session and --meeting"),
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


def test_a_dry_run_needs_no_credential_and_asks_nobody(zoomcall: Shell) -> None:
    with Loopback() as server:
        result = zoomcall(
            *("invite", "h323", "203.0.113.10", "--session", "/a//b=", "--to-name", "Board", "--dry-run"),
            environ={"ZOOMCALL_API_BASE": f"{server.url}/v2"},
        )
        assert server.connections == 0
        assert json.loads(result.stdout) == {
            "method": "PATCH",
            "url": f"{server.url}/v2/videosdk/sessions/%252Fa%252F%252Fb%253D/events",
            "headers": {"Authorization": "Bearer [removed]", "Content-Type": "application/json"},
            "body": {
                "method": "user.invite.room_system_callout",
                "params": {
                    "call_type": "h323",
                    "device_ip": "203.0.113.10",
                    "h323_headers": {"to_display_name": "Board"},
                },
            },
        }


def test_a_dry_run_looks_up_a_name_and_sends_nothing_else(shell: Shell, emulator: Emulator) -> None:
    name = emulator.ready["session_name"]
    document = shell("invite", "sip", NO_OP, "--session-name", name, "--dry-run", "--json").json()
    assert document["result"]["state"] == "planned"
    assert document["result"]["target"] == {"kind": "session", "id": emulator.ready["session_id"], "name": name}
    assert {(received.method, received.path.partition("?")[0]) for received in emulator.requests} == {
        ("GET", "/v2/videosdk/sessions")
    }


@pytest.mark.parametrize("target", ["--session", "--session-name", "--meeting"])
def test_every_kind_of_target_is_rung(shell: Shell, emulator: Emulator, target: str) -> None:
    value = {
        "--session": emulator.ready["session_id"],
        "--session-name": emulator.ready["session_name"],
        "--meeting": f"https://zoom.us/j/{emulator.ready['meeting_id']}?pwd=abc",
    }[target]
    document = shell("invite", "sip", "answer@room.example.com", target, value, "--json").json()
    assert (document["exit_code"], document["result"]["state"]) == (0, "joined")
    assert document["result"]["timeline"][0]["state"] == "accepted"
    assert len(callouts(emulator)) == 1


@pytest.mark.parametrize("target", ["--session", "--session-name"])
def test_no_wait_that_zoom_asks_for_outlasts_the_timeout(zoomcall: Shell, target: str) -> None:
    with Loopback(answering(429, b"{}", "Retry-After: 5")) as server:
        environ = {"ZOOMCALL_API_BASE": server.url, "ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET": SENTINEL}
        arguments = ("invite", "sip", NO_OP, target, "standup", "--timeout", "3", "--json")
        document = zoomcall(*arguments, environ=environ).json()
        assert (document["exit_code"], document["result"]["state"]) == (9, "not-sent")
        assert document["error"]["retry_at"] is not None
        assert len(server.requests) == len(set(server.requests))


def test_lines_tell_the_call_as_it_goes_and_end_in_the_whole(shell: Shell) -> None:
    *events, whole = shell("invite", "sip", "decline@room.example.com", "-o", "jsonl").lines()
    assert {event["schema"] for event in events} == {"zoomcall.invite.event/1"}
    assert [event["state"] for event in events] == [entry["state"] for entry in whole["result"]["timeline"]]
    assert (whole["schema"], whole["exit_code"], whole["result"]["state"]) == ("zoomcall.invite/1", 20, "declined")


def test_without_waiting_nothing_is_claimed_beyond_zooms_acceptance(shell: Shell) -> None:
    result = shell("invite", "sip", "answer@room.example.com", "--no-wait")
    assert result.code == 0
    assert result.stdout.startswith("accepted: Zoom took the request to ring ")
    assert "whether the room rings is not known" in result.stdout
