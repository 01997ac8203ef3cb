"""``room sync`` against the emulated Zoom's two lists."""

import json
from typing import Any

import pytest
from shell import Shell, environ_of

from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.room_lists import Device
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.trouble import parse_faults


@pytest.fixture
def meetings(zoomcall: Shell, emulator: Emulator) -> Shell:
    """Call the program with a credential for meetings."""
    zoomcall.set(**{name: value for name, value in environ_of(emulator).items() if "_API_KEY" not in name})
    zoomcall.set(ZOOMCALL_API_SECRET="")
    return zoomcall


def names(shell: Shell) -> list[str]:
    return [room["name"] for room in shell("room", "list", "--json").json()["result"]["rooms"]]


def changes(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["change"], each["room"]["name"]) for each in document["result"]["changes"]]


ALL = ["Boardroom", "Huddle space", "Auditorium", "Executive suite", "Training room"]


def test_both_lists_are_shown_first_and_written_on_yes(meetings: Shell) -> None:
    preview = meetings("room", "sync", "--json").json()
    assert (preview["exit_code"], preview["result"]["written"]) == (2, False)
    assert not (meetings.config_dir / "book.toml").exists()
    asked = meetings("room", "sync", stdin=b"n\n", terminal=("stdin",))
    assert (asked.code, names(meetings)) == (0, [])
    done = meetings("room", "sync", "--yes", "--json").json()
    assert changes(done) == changes(preview) == [("add", name) for name in ALL]
    assert done["result"]["lists"] == [
        {"list": "h323-devices", "rooms": 3, "problem": None},
        {"list": "managed-rooms", "rooms": 2, "problem": None},
    ]
    assert names(meetings) == ALL
    again = meetings("room", "sync", "--json").json()
    assert (again["exit_code"], again["result"]["changes"], again["result"]["unchanged"]) == (0, [], 5)


def test_what_the_user_has_stays_and_what_zoom_drops_goes(meetings: Shell, emulator: Emulator) -> None:
    meetings("room", "add", "Mine", "sip", "mine@example.com")
    meetings("room", "sync", "--yes")
    meetings("room", "edit", "huddle space", "--note", "third floor")
    emulator.world.devices = (Device(id="1", name="Board", protocol="SIP", address="new@example.com"),)
    result = meetings("room", "sync", "--yes")
    assert result.code == 0
    assert "Huddle space is no longer among Zoom's H.323/SIP devices; it stays" in result.stderr
    assert names(meetings) == ["Mine", "Board", "Huddle space", "Executive suite", "Training room"]
    room = meetings("room", "show", "board", "--json").json()["result"]["room"]
    assert (room["address"], room["origin"]) == ("new@example.com", {"list": "h323-devices", "id": "1"})
    assert meetings("room", "show", "huddle space", "--json").json()["result"]["room"]["origin"] is None


def test_rooms_with_private_addresses_are_listed_and_said_to_be_out_of_reach(meetings: Shell) -> None:
    result = meetings("room", "sync", "--yes")
    assert "Executive suite\tsip\t10.20.30.40\tprivate\n" in result.stdout
    assert "private: a private address, unreachable for Zoom's cloud" in result.stdout
    assert result.stderr.count("(private-address)") == 1


def test_no_permission_with_http_200_is_told_and_the_other_list_is_synced(
    meetings: Shell, emulator: Emulator
) -> None:
    meetings("room", "sync", "--yes")
    for fault in parse_faults("no-permission:1").faults:
        emulator.add_fault(fault)
    emulator.world.managed_rooms = ()
    done = meetings("room", "sync", "--yes", "--json").json()
    assert (done["exit_code"], changes(done)) == (0, [("remove", "Executive suite"), ("remove", "Training room")])
    assert [each["rooms"] for each in done["result"]["lists"]] == [None, 0]
    (warning,) = done["warnings"]
    assert warning["id"] == "list-unreadable"
    assert "HTTP 200: 200 No permission." in warning["message"]


def test_no_permission_for_both_lists_is_exit_5(meetings: Shell, emulator: Emulator) -> None:
    for fault in parse_faults("no-permission:2").faults:
        emulator.add_fault(fault)
    document = meetings("room", "sync", "--yes", "--json").json()
    assert document["exit_code"] == 5
    assert document["error"]["causes"][0]["id"] == "scope-missing"
    assert not (meetings.config_dir / "book.toml").exists()


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        (("h323_device:read:list_devices:admin",), 0),
        (("crc:read:list_rooms:admin",), 0),
        (("h323_device:read:list_devices:admin", "crc:read:list_rooms:admin"), 5),
    ],
)
def test_a_missing_scope_for_one_list_is_a_warning_and_for_both_exit_5(
    zoomcall: Shell, lacking: tuple[str, ...], code: int
) -> None:
    with Emulator(scopes=[scope for scope in ALL_ADMIN if scope not in lacking]) as emulator:
        document = zoomcall("room", "sync", "--yes", "--json", environ=environ_of(emulator)).json()
    assert document["exit_code"] == code
    told = json.dumps(document)
    assert lacking[0] in told
    assert [warning["id"] for warning in document["warnings"]].count("list-unreadable") == (code == 0)


def test_a_list_of_many_pages_is_read_whole(meetings: Shell, emulator: Emulator) -> None:
    emulator.world.devices = tuple(
        Device(id=str(number), name=f"Room {number}", protocol="SIP", address=f"r{number}@example.com")
        for number in range(700)
    )
    done = meetings("room", "sync", "--yes", "--json").json()
    assert done["result"]["lists"][0]["rooms"] == 700
    asked = [received for received in emulator.requests if received.request.path == "/v2/h323/devices"]
    assert len(asked) == 3


@pytest.mark.parametrize("body", [b"{}", b'{"a":[],"b":[]}', b'{"devices":{}}', b"<html>"])
def test_half_a_list_removes_nothing(meetings: Shell, emulator: Emulator, body: bytes) -> None:
    meetings("room", "sync", "--yes")
    for path in ("/h323/devices", "/crc/managed_rooms"):
        emulator.add_fault(
            Fault(path_ends=(path,), reply=Reply(200, body, (("Content-Type", "application/json"),)))
        )
        assert meetings("room", "sync", "--yes").code == 11
        assert names(meetings) == ALL
        meetings("room", "sync", "--yes")


def test_a_credential_for_sessions_alone_is_exit_3(zoomcall: Shell, emulator: Emulator) -> None:
    environ = {name: value for name, value in environ_of(emulator).items() if "CLIENT" not in name}
    environ.pop("ZOOMCALL_ACCOUNT_ID")
    assert zoomcall("room", "sync", environ=environ).code == 3
    assert emulator.requests == []
