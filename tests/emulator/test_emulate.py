"""``zoomcall emulate``, as a shell runs it."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from emulator.hand_made import eventually
from shell import ProcessShell, Running, Shell, read_terminal

from zoomcall.adapters.installation import install_line

PYTHON = sys.executable
VARIABLES = {
    "ZOOMCALL_API_BASE",
    "ZOOMCALL_OAUTH_BASE",
    "ZOOMCALL_API_KEY",
    "ZOOMCALL_API_SECRET",
    "ZOOMCALL_ACCOUNT_ID",
    "ZOOMCALL_CLIENT_ID",
    "ZOOMCALL_CLIENT_SECRET",
    "ZOOMCALL_SESSION",
    "ZOOMCALL_WEBHOOK_SECRET",
    "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID",
    "ZOOMCALL_CONFIG_DIR",
    "ZOOMCALL_STATE_DIR",
}
IDS = {
    "EMULATE_MEETING_ID",
    "EMULATE_LOBBY_MEETING_ID",
    "EMULATE_PUBLIC_CLIENT_ID",
    "EMULATE_SESSION_NAME",
    "EMULATE_EMPTY_SESSION_ID",
    "EMULATE_ENDED_SESSION_ID",
    "EMULATE_LATER_SESSION_ID",
}


def a_program(text: str) -> tuple[str, ...]:
    return ("--", PYTHON, "-c", text)


SHOW_ENVIRONMENT = a_program(
    "import os, json\n"
    "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('ZOOM', 'EMUL', 'X_'))}))"
)


def test_the_command_finds_the_emulators_environment_and_nothing_of_the_callers(
    zoomcall_process: ProcessShell,
) -> None:
    result = zoomcall_process(
        "emulate",
        *SHOW_ENVIRONMENT,
        environ={"ZOOMCALL_TOKEN": "inherited", "ZOOMCALL_PROFILE": "inherited", "X_KEPT": "kept", "X_EMPTY": ""},
        reveals=("output",),
    )
    seen = json.loads(result.stdout)
    assert result.code == 0
    assert set(seen) == VARIABLES | IDS | {"X_KEPT", "X_EMPTY"}
    assert seen["ZOOMCALL_OAUTH_BASE"] + "/v2" == seen["ZOOMCALL_API_BASE"]
    assert "/" in seen["ZOOMCALL_SESSION"]
    assert seen["EMULATE_SESSION_NAME"] == "Morning stand-up"
    assert seen["EMULATE_MEETING_ID"].isdigit()
    assert len(seen["ZOOMCALL_API_SECRET"]) >= 32
    assert seen["EMULATE_LOBBY_MEETING_ID"].isdigit()
    assert len({seen[name] for name in (*IDS, "ZOOMCALL_SESSION")}) == len(IDS) + 1


def test_the_commands_folders_are_fresh_and_vanish(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process(
        "emulate",
        *a_program(
            "import os\n"
            "for name in ('ZOOMCALL_CONFIG_DIR', 'ZOOMCALL_STATE_DIR'):\n"
            "    folder = os.environ[name]\n"
            "    assert os.listdir(folder) == []\n"
            "    open(os.path.join(folder, 'left.txt'), 'w').close()\n"
            "    print(folder)\n"
        ),
    )
    folders = [Path(line) for line in result.stdout.splitlines()]
    assert len(set(folders)) == 2
    for folder in folders:
        assert str(zoomcall_process.shell.folder) not in str(folder)
        assert not folder.exists()
        assert not folder.parent.exists()


def test_the_command_reaches_the_emulator(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process(
        "emulate",
        *a_program(
            "import os, urllib.request, urllib.error\n"
            "try:\n"
            "    urllib.request.urlopen(os.environ['ZOOMCALL_API_BASE'] + '/nowhere')\n"
            "except urllib.error.HTTPError as error:\n"
            "    print(error.code, error.read().decode())\n"
        ),
    )
    assert result.stdout.startswith("404 ")
    assert '"code":2300' in result.stdout


@pytest.mark.parametrize("code", [0, 1, 7, 77, 255])
def test_it_ends_with_the_commands_exit_code(zoomcall_process: ProcessShell, code: int) -> None:
    assert zoomcall_process("emulate", *a_program(f"raise SystemExit({code})")).code == code


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGABRT"])
def test_a_signal_that_ends_the_command_is_told_as_a_shell_does(zoomcall_process: ProcessShell, name: str) -> None:
    number = signal.Signals[name].value
    result = zoomcall_process("emulate", *a_program(f"import os; os.kill(os.getpid(), {number})"))
    assert result.code == 128 + number


def test_a_command_that_is_not_there_is_a_usage_error(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process("emulate", "--", "no-such-command-anywhere", "--json")
    assert result.code == 2
    assert "cannot run 'no-such-command-anywhere'" in result.stderr
    assert result.stdout == ""


def test_a_command_that_may_not_be_run_is_a_usage_error(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("no program")
    assert zoomcall_process("emulate", "--", str(plain)).code == 2


def test_the_commands_own_flags_are_left_alone(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process(
        "emulate", *a_program("import sys; print(sys.argv[1:])"), "--json", "--port", "-h", "--", "x"
    )
    assert result.stdout == "['--json', '--port', '-h', '--', 'x']\n"


def test_what_the_environment_says_of_output_is_ignored(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process("emulate", *a_program("print('own')"), environ={"ZOOMCALL_OUTPUT": "json"})
    assert (result.code, result.stdout) == (0, "own\n")


def test_a_webhook_secret_that_is_set_is_kept(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process(
        "emulate",
        *SHOW_ENVIRONMENT,
        environ={"ZOOMCALL_WEBHOOK_SECRET": "given-webhook-secret"},
        reveals=("output",),
    )
    assert json.loads(result.stdout)["ZOOMCALL_WEBHOOK_SECRET"] == "given-webhook-secret"


def test_sigterm_is_passed_on_to_the_command(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    result = _signalled(zoomcall_process, tmp_path, signal.SIGTERM)
    assert result.code == 33
    assert result.stdout == "got 15\n"


def test_an_interrupt_without_a_terminal_is_passed_on_to_the_command(
    zoomcall_process: ProcessShell, tmp_path: Path
) -> None:
    result = _signalled(zoomcall_process, tmp_path, signal.SIGINT)
    assert result.code == 33
    assert result.stdout == "got 2\n"


WAITER = """
import pathlib, signal, sys, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: seen.append(number))
pathlib.Path(sys.argv[1]).touch()
deadline = time.monotonic() + 30
while not seen and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.5)
print("got", *seen)
raise SystemExit(33)
"""


def _signalled(zoomcall_process: ProcessShell, tmp_path: Path, number: signal.Signals) -> Any:
    is_up = tmp_path / "up"
    # a new session has no terminal, whatever the tests run in
    program = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"
    alone = ProcessShell(zoomcall_process.shell, (PYTHON, "-c", program, PYTHON, "-m", "zoomcall"))
    with alone.start("emulate", *a_program(WAITER), str(is_up)) as running:
        eventually(is_up.exists, seconds=30)
        running.send(number)
        return running.finish()


def test_ctrl_c_in_a_terminal_reaches_the_command_once(zoomcall: Shell, tmp_path: Path) -> None:
    is_up = tmp_path / "up"
    pid, terminal = pty.fork()
    if pid == 0:  # the child: only exec may follow
        os.execve(  # noqa: S606  there must be no shell between the terminal and the program
            PYTHON, [PYTHON, "-m", "zoomcall", "emulate", *a_program(WAITER), str(is_up)], zoomcall.environ
        )
    try:
        eventually(is_up.exists, seconds=30)
        os.write(terminal, b"\x03")
        shown = b""
        while chunk := read_terminal(terminal):
            shown += chunk
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 33
    assert b"got 2\r\n" in shown


@pytest.fixture
def serving(zoomcall_process: ProcessShell, tmp_path: Path) -> Iterator[tuple[Running, dict[str, str]]]:
    """Start one without a command, and wait for its ready file."""
    path = tmp_path / "ready.json"
    with zoomcall_process.start("emulate", "--ready-file", str(path)) as running:
        eventually(path.exists, seconds=30)
        yield running, json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_without_a_command_it_serves_until_it_is_told_to_stop(
    serving: tuple[Running, dict[str, str]], number: signal.Signals, code: int
) -> None:
    running, ready = serving
    for name in ("api_secret", "client_secret", "webhook_secret"):
        running.shell.hide(ready[name])
    with pytest.raises(HTTPError, match="404"):
        urlopen(ready["oauth_base"] + "/nowhere", timeout=10)  # noqa: S310  it is on loopback
    started = time.monotonic()
    running.send(number)
    result = running.finish()
    assert result.code == code
    assert result.stdout == ""
    assert result.stderr == (
        f"a local Zoom is listening at {ready['api_base']} "
        f"(session {ready['session_id']}, meeting {ready['meeting_id']})\n"
    )
    assert time.monotonic() - started < 10


def test_told_to_stop_it_still_gives_its_json_document(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    with zoomcall_process.start("emulate", "--json", "--ready-file", str(path)) as running:
        eventually(path.exists, seconds=30)
        running.send(signal.SIGINT)
        result = running.finish()
    assert result.code == 130
    assert (result.json()["schema"], result.json()["exit_code"]) == ("zoomcall.error/1", 130)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--host", "0.0.0.0"), "not this machine"),  # noqa: S104  it is refused
        (("--host", "zoom.us"), "not this machine"),
        (("--port", "65536"), "--port"),
        (("--port", "x"), "--port"),
        (("--time-scale", "0"), "--time-scale"),
        (("--time-scale", "nan"), "--time-scale"),
        (("--plan", "gold"), "--plan"),
        (("--ready-file", "missing/ready.json"), "ready file"),
        (("--ready-file", "."), "ready file"),
    ],
)
def test_a_bad_flag_ends_it_before_the_command_runs(zoomcall: Shell, flags: tuple[str, ...], message: str) -> None:
    result = zoomcall("emulate", *flags, *a_program("raise SystemExit(99)"))
    assert result.code == 2
    assert message in result.stderr


def test_a_port_in_use_ends_it(zoomcall: Shell, zoom: Any) -> None:
    port = zoom.base.rpartition(":")[2]
    result = zoomcall("emulate", "--port", port, "--json")
    assert result.code == 2
    assert f"port {port}" in result.json()["error"]["title"]


@pytest.mark.parametrize("plan", ["none", "free", "pro", "business"])
def test_every_plan_is_taken(zoomcall: Shell, plan: str) -> None:
    assert zoomcall("emulate", "--plan", plan, *a_program("pass")).code == 0


def test_signal_handlers_are_given_back(zoomcall: Shell) -> None:
    numbers = signal.SIGINT, signal.SIGHUP
    before = [signal.getsignal(number) for number in numbers]
    assert zoomcall("emulate", *a_program("pass")).code == 0
    assert [signal.getsignal(number) for number in numbers] == before


def test_without_its_extra_it_prints_the_install_line(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in ("zoomcall.emulator.running", "zoomcall.emulator.http"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = zoomcall("emulate", "--json")
    assert result.code == 2
    error = result.json()["error"]
    assert error["title"] == "aiohttp is not installed; the local Zoom needs it (extra zoomcall[emulator])"
    assert error["command"] == install_line("emulator")


def test_its_help_needs_no_extra(zoomcall_process: ProcessShell) -> None:
    blocked = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from zoomcall.cli.main import run; raise SystemExit(run(sys.argv[1:]))"
    )
    shell = ProcessShell(zoomcall_process.shell, (PYTHON, "-c", blocked))
    result = shell("emulate", "--help")
    assert result.code == 0
    assert "--ready-file" in result.stdout


def test_without_a_command_or_a_ready_file_it_says_where_its_keys_are(zoomcall_process: ProcessShell) -> None:
    with zoomcall_process.start("emulate") as running:
        assert running.process.stderr is not None
        lines = [running.process.stderr.readline() for _ in range(6)]
        running.send(signal.SIGTERM)
        assert running.finish().code == 143
    assert lines[2].strip() == b"zoomcall emulate --env-file zoom.env"
    assert lines[5].startswith(b"or give it the command: zoomcall emulate -- ")


def test_quiet_it_says_nothing(zoomcall_process: ProcessShell) -> None:
    assert zoomcall_process("emulate", "-q", *a_program("pass")).stderr == ""


# A second terminal, and a room to ring


def test_a_shell_that_sources_the_environment_file_rings_the_room(
    zoomcall_process: ProcessShell, tmp_path: Path
) -> None:
    place = tmp_path / "an env file"
    with zoomcall_process.start("emulate", "--env-file", str(place), "--room") as running:
        eventually(place.exists)
        script = f'. "{place}"; "{PYTHON}" -m zoomcall invite sip "$EMULATE_ROOM" --json; echo "$ZOOMCALL_PROFILE"'
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ZOOMCALL_PROFILE": "mine"}
        shell = subprocess.run(
            ["/bin/sh", "-c", script], env=environ, capture_output=True, check=True, timeout=60, text=True
        )
        running.send(signal.SIGTERM)
        told = running.finish(reveals=("output",))
    document, _, profile = shell.stdout.rpartition("}")
    assert json.loads(document + "}")["result"]["state"] == "joined"
    assert profile.strip() == ""
    assert str(place) in told.stderr
    assert place.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob("**/calls*.db")) == []


def test_a_file_for_powershell_is_written_for_it(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    place = tmp_path / "zoom.ps1"
    with zoomcall_process.start("emulate", "--env-file", str(place)) as running:
        eventually(place.exists)
        written = place.read_text("utf-8-sig")
        running.send(signal.SIGTERM)
        told = running.finish(reveals=("output",))
    assert written.startswith("$env:ZOOMCALL_TOKEN = $null\n")
    assert f"Get-Content -Raw '{place}' | Invoke-Expression" in told.stderr


def test_a_room_of_a_name_and_port(zoomcall_process: ProcessShell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    show = a_program("import os; print(os.environ['EMULATE_ROOM'])")
    result = zoomcall_process("emulate", "--room", f"boardroom@127.0.0.1:{port}", *show, reveals=("output",))
    assert result.stdout == f"boardroom@127.0.0.1:{port}\n"


@pytest.mark.parametrize(
    "address", ["room@10.0.0.1:5060", "room@127.0.0.1:65536", "room@10", ":10", "127.0.0.1:5a"]
)
def test_a_room_that_cannot_be_here(zoomcall: Shell, address: str) -> None:
    result = zoomcall("emulate", f"--room={address}", *a_program("pass"))
    assert (result.code, "--room" in result.stderr) == (2, True)


def test_a_port_of_a_room_that_is_taken(zoomcall: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = zoomcall("emulate", f"--room=127.0.0.1:{port}", *a_program("pass"))
    assert (result.code, f"port {port}" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", [("whoami",), ("token", "mint"), ("auth", "status"), ("doctor",)])
def test_no_command_in_it_has_to_choose_between_two_credentials(
    zoomcall: Shell, emulator_environ: dict[str, str], command: tuple[str, ...]
) -> None:
    zoomcall.set(**emulator_environ)
    result = zoomcall(*command, reveals=("output",))
    assert result.code == 0, result.stderr
    assert "two credentials" not in result.stderr
