"""From the command line through the local Zoom to a third-party SIP phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from shell import Shell
from sip.endpoints import BOTH, Baresip, Sipp, Transport, baresip, free_port

from zoomcall.emulator.running import Emulator

transports = pytest.mark.parametrize("transport", BOTH)


@pytest.fixture
def trace() -> list[str]:
    """Collect the SIP messages."""
    return []


@pytest.fixture
def emulator(trace: list[str]) -> Iterator[Emulator]:
    """Run a local Zoom whose rooms ring for 15 seconds."""
    with Emulator(time_scale=0.5, trace=trace.append) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Baresip]:
    """Run a baresip that takes one call at a time."""
    folder = tmp_path / "baresip"
    folder.mkdir()
    with baresip(folder, most_calls=1) as running:
        yield running


def names(zoomcall: Shell, environ: dict[str, str]) -> list[str]:
    rows = zoomcall("session", "show", "--json", environ=environ).json()["result"]["users"]
    return [row["name"] for row in rows]


@transports
def test_a_room_joins_once_and_is_hung_up(
    zoomcall: Shell, emulator_environ: dict[str, str], desk: Baresip, transport: Transport
) -> None:
    address = desk.address_over(transport)
    invited = zoomcall("invite", "sip", address, "--to-name", "Desk", "--json", environ=emulator_environ)
    assert invited.code == 0, invited.stderr
    assert invited.json()["result"]["state"] == "joined"
    eventually(lambda: desk.saw("Call established"))
    assert "Desk" in names(zoomcall, emulator_environ)

    gone = zoomcall("call", "hangup", address, environ=emulator_environ)
    assert gone.code == 0, gone.stderr
    eventually(lambda: desk.saw("session closed"))
    assert "Desk" not in names(zoomcall, emulator_environ)
    assert desk.invitations == 1


@transports
def test_a_room_that_is_in_a_call_declines(
    zoomcall: Shell, emulator_environ: dict[str, str], desk: Baresip, transport: Transport
) -> None:
    address = desk.address_over(transport)
    assert zoomcall("invite", "sip", address, environ=emulator_environ).code == 0
    result = zoomcall("invite", "sip", address, "--force", "--json", environ=emulator_environ)
    assert result.code == 20
    assert result.json()["result"]["state"] == "declined"
    assert desk.saw("maximum 1 calls")
    assert desk.invitations == 2


def test_a_room_that_is_switched_off_leaves(
    zoomcall: Shell, emulator_environ: dict[str, str], trace: list[str], tmp_path: Path
) -> None:
    with baresip(tmp_path) as desk:
        assert zoomcall("invite", "sip", desk.address, "--to-name", "Desk", environ=emulator_environ).code == 0
        eventually(lambda: desk.saw("Call established"))
    eventually(lambda: "Desk" not in names(zoomcall, emulator_environ))
    assert trace[-2:] == ["sip 1: ← BYE", "sip 1: → 200 OK (BYE)"]


@pytest.mark.parametrize(("status", "code"), [(486, 20), (603, 20), (404, 22), (480, 21), (503, 23), (401, 29)])
def test_each_refusal_ends_in_its_exit_code(
    zoomcall: Shell, emulator_environ: dict[str, str], tmp_path: Path, status: int, code: int
) -> None:
    folder = tmp_path / "sipp"
    folder.mkdir()
    with Sipp("refuse", folder, words={"STATUS": str(status)}) as sipp:
        assert zoomcall("invite", "sip", sipp.address, environ=emulator_environ).code == code
        sipp.finish()


def test_a_closed_port_is_unreachable(zoomcall: Shell, emulator_environ: dict[str, str], desk: Baresip) -> None:
    assert zoomcall("invite", "sip", f"desk@127.0.0.1:{free_port()}", environ=emulator_environ).code == 23
    assert desk.invitations == 0
