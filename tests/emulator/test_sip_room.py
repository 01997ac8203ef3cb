"""The room that comes with the emulator, as a shell runs it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from sip.endpoints import BOTH, Transport, free_port
from sip.ringing import RingingZoom

ROOM = (sys.executable, "-m", "zoomcall.emulator.sip.room")
SECONDS = 30
ROOT = Path(__file__).parent.parent.parent

transports = pytest.mark.parametrize("transport", BOTH)


@pytest.fixture
def zoom(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 15 seconds."""
    return make_ringing(0.5)


@dataclass
class Running:
    process: subprocess.Popen[str]
    address: str

    def over(self, transport: Transport) -> str:
        return f"{self.address};transport={transport}"

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0
        return said


@contextmanager
def a_room(folder: Path, *options: str) -> Iterator[Running]:
    ready = folder / "room.json"
    with subprocess.Popen(
        [*ROOM, "-v", "--ready-file", str(ready), *options], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            eventually(lambda: ready.exists() or process.poll() is not None, seconds=SECONDS)
            yield Running(process, json.loads(ready.read_text())["address"])
        finally:
            if process.poll() is None:
                process.kill()


@transports
def test_it_answers_after_a_while_and_is_hung_up(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with a_room(tmp_path, "--answer-after", "0.1") as room:
        zoom.ring(room.over(transport), to_display_name="Desk")
        zoom.comes_to("ringing", "accepted")
        zoom.remove("Desk")
        eventually(lambda: zoom.trace[-1] == "sip 1: ← 200 OK (BYE)")
        said = room.end()
    lines = [line.removeprefix("room: ").split(" sip:")[0] for line in said.splitlines()[1:]]
    if lines[1] == lines[0]:  # a slow machine: the INVITE was retransmitted before the room could answer
        del lines[1]
    assert lines == [*("← INVITE", "→ 100 Trying", "→ 180 Ringing", "→ 200 OK", "← ACK", "← BYE", "→ 200 OK (BYE)")]


@transports
def test_it_refuses_when_told_to(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with a_room(tmp_path, "--answer-after", "0", "--status", "603") as room:
        zoom.ring(room.over(transport))
        zoom.comes_to("ringing", "rejected")
        room.end()


@transports
def test_it_leaves_when_told_to(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with a_room(tmp_path, "--answer-after", "0", "--leave-after", "0.2") as room:
        zoom.ring(room.over(transport))
        zoom.comes_to("ringing", "accepted")
        eventually(lambda: not zoom.rooms)
        room.end()


@transports
def test_it_hangs_up_when_it_ends(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with a_room(tmp_path, "--answer-after", "0") as room:
        zoom.ring(room.over(transport))
        zoom.comes_to("ringing", "accepted")
        assert "→ BYE" in room.end()
        eventually(lambda: not zoom.rooms)


def test_a_call_that_is_taken_back_while_it_rings_is_over(zoom: RingingZoom, tmp_path: Path) -> None:
    with a_room(tmp_path, "--answer-after", "0.5") as room:
        zoom.ring(room.address)
        zoom.comes_to("ringing")
        zoom.emulator.close()
        assert "sip 1: ← 487 Request Terminated" in zoom.trace
        assert "200 OK\n" not in room.end()


def test_it_takes_the_calls_of_another_program(tmp_path: Path) -> None:
    with a_room(tmp_path, "--answer-after", "0.1") as room:
        subprocess.run(
            [
                *("sipp", "-sn", "uac", room.address.partition("@")[2], "-i", "127.0.0.1", "-p", str(free_port())),
                *("-m", "5", "-r", "10", "-nostdin", "-timeout", "20s", "-skip_rlimit"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
            cwd=tmp_path,
        )
        assert room.end().count("← INVITE") == 5


def test_a_command_runs_beside_it_and_gives_the_exit_code(zoom: RingingZoom) -> None:
    result = subprocess.run(
        [*ROOM, "--", "sh", "-c", "echo $SIP_ROOM; exit 7"],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert result.returncode == 7
    assert result.stdout.startswith("room@127.0.0.1:")
    assert result.stderr == f"room: {result.stdout.strip()} is ready to be rung\n"


def test_sigterm_ends_the_command_too() -> None:
    with subprocess.Popen(
        [*ROOM, "--", "sh", "-c", "echo up; exec sleep 60"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = subprocess.run(
        [*ROOM, "--", "no-such-command"], check=False, capture_output=True, text=True, timeout=SECONDS
    )
    assert result.returncode == 2
    assert "no-such-command" in result.stderr.splitlines()[-1]


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with a_room(tmp_path) as room:
        port = room.address.rpartition(":")[2]
        result = subprocess.run(
            [*ROOM, "--port", port], check=False, capture_output=True, text=True, timeout=SECONDS
        )
        assert result.returncode == 2
        assert result.stderr.count("\n") == 1
        assert port in result.stderr
        room.end()


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--port", "65536"), ("--status", "180"), ("--answer-after", "-1"), ("--leave-after", "nan")],
)
def test_a_number_that_is_out_of_range_is_refused_in_a_line(flag: str, value: str) -> None:
    result = subprocess.run(
        [*ROOM, f"{flag}={value}", "--", "true"], check=False, capture_output=True, text=True, timeout=SECONDS
    )
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith(f"not {value!r}")


def test_the_example_of_the_document_rings_it(tmp_path: Path) -> None:
    lines = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8").splitlines()
    (example,) = [
        line.removeprefix("$ ") for line in lines if line.startswith("$ ") and "emulator.sip.room" in line
    ]
    result = subprocess.run(
        ["sh", "-c", example],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("joined: room@127.0.0.1:")
    assert "sip 1: ← 180 Ringing\n" in result.stderr
