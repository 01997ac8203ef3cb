"""``room check``: real rooms, a DNS server and the emulated Zoom on loopback."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from loopback import Loopback, Peer, free_port, self_signed
from msgspec.structs import replace
from shell import ProcessShell, Shell, environ_of
from sip.endpoints import baresip
from sip.name_server import NameServer

from zoomcall.adapters.installation import install_line
from zoomcall.emulator.room_lists import MANAGED_ROOMS
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.trouble import parse_faults

QUICK = ("--timeout", "1.5s")


@pytest.fixture
def check(zoomcall: Shell) -> Any:
    """Check rooms; return the document."""

    def run(*arguments: str, **given: Any) -> dict[str, Any]:
        document: dict[str, Any] = zoomcall("room", "check", *arguments, "--json", **given).json()
        return document

    return run


@contextlib.contextmanager
def listening(count: int = 1) -> Iterator[list[int]]:
    """Take connections at some ports, and never say anything."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


def statuses(room: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["status"] for check in room["checks"]}


def find(room: dict[str, Any], identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = next(check for check in room["checks"] if check["id"] == identifier)
    return found


# One room


def test_a_room_is_found_by_naptr_and_srv_and_asked_without_ringing(check: Any, tmp_path: Path) -> None:
    with baresip(tmp_path) as desk:
        port = desk.address.rpartition(":")[2]
        records = {
            "rooms.test NAPTR": ['10 1 "s" "SIP+D2T" "" _t.rooms.test.', '20 1 "s" "SIP+D2U" "" _u.rooms.test.'],
            "_t.rooms.test SRV": [f"1 1 {port} desk.rooms.test."],
            "_u.rooms.test SRV": [f"1 1 {port} desk.rooms.test."],
            "desk.rooms.test A": ["127.0.0.1"],
        }
        with NameServer(records) as names:
            document = check("desk@rooms.test", "--dns", names.place)
        assert desk.invitations == 0
    assert (document["exit_code"], document["error"]) == (0, None)
    (room,) = document["result"]["rooms"]
    assert statuses(room) == {
        "address": "ok",
        "dns": "warning",
        "sip-tcp": "ok",
        "sip-udp": "ok",
        "zoom": "skipped",
    }
    assert room["is_private"] is True
    assert find(room, "sip-udp")["place"] == f"127.0.0.1:{port}"
    assert find(room, "sip-tcp")["sip"]["status"] == 200
    assert find(room, "sip-tcp")["sip"]["server"].startswith("baresip")
    assert {"name": "_t.rooms.test", "type": "SRV", "data": f"1 1 {port} desk.rooms.test."} in room["records"]
    assert "Zoom rings from its cloud" in document["result"]["note"]


@pytest.mark.parametrize(
    "address", ["room@nobody.test", "nobody.test", "h323:nobody.test", "room@nobody.test;transport=tcp"]
)
def test_a_name_that_does_not_resolve_is_exit_22(check: Any, zoomcall: Shell, address: str) -> None:
    with NameServer() as names:
        document = check(address, "--dns", names.place)
        shown = zoomcall("room", "check", address, "--dns", names.place)
    assert document["exit_code"] == shown.code == 22
    (room,) = document["result"]["rooms"]
    assert (room["exit_code"], room["status"], find(room, "dns")["status"]) == (22, "failed", "failed")
    assert "neither SRV nor address records for nobody.test" in shown.stderr


def test_a_name_that_no_server_answers_for_is_exit_22_in_time(check: Any) -> None:
    began = time.monotonic()
    with NameServer(is_silent=True) as names:
        document = check("room@b.test", "--dns", names.place, *QUICK)
    assert document["exit_code"] == 22
    assert "no DNS server answered in time" in document["error"]["title"]
    assert time.monotonic() - began < 3


def test_a_room_where_nothing_answers_is_exit_23(check: Any, zoomcall: Shell) -> None:
    address = f"room@127.0.0.1:{free_port()}"
    document = check(address)
    assert document["exit_code"] == 23
    assert document["error"]["kind"] == "unreachable"
    shown = zoomcall("room", "check", address)
    place = address.partition("@")[2]
    assert (
        f"nothing answers (connection refused: sip-tcp {place}, sip-udp {place}); its address is private"
        in shown.stderr
    )
    assert "only an invite shows whether Zoom gets through" in shown.stdout


def test_a_room_that_answers_somewhere_is_fine_even_if_other_ports_are_closed(check: Any) -> None:
    def answering(peer: Peer) -> None:
        lines = peer.read().decode().split("\r\n")
        call_id = next(line for line in lines if line.startswith("Call-ID"))
        peer.say(f"SIP/2.0 200 OK\r\n{call_id}\r\nServer: Codec\r\n\r\n".encode())
        peer.hold()

    with Loopback(answering) as server:
        (room,) = check(f"room@127.0.0.1:{server.port}", *QUICK)["result"]["rooms"]
    assert (find(room, "sip-udp")["status"], find(room, "sip-udp")["required"]) == ("failed", False)
    assert find(room, "sip-tcp")["status"] == "ok"
    assert (room["status"], room["exit_code"]) == ("warning", 0)  # for its private address alone
    assert find(room, "address")["status"] == "warning"


def test_a_bare_host_is_checked_for_both_protocols(check: Any) -> None:
    (room,) = check("127.0.0.9", *QUICK)["result"]["rooms"]
    assert room["protocols"] == ["sip", "h323"]
    assert [each["id"] for each in room["checks"]][1:5] == ["sip-tls", "sip-tcp", "sip-udp", "h323"]


def test_h323_is_checked_by_a_connection(check: Any) -> None:
    with listening() as (port,):
        (room,) = check(f"h323:127.0.0.1:{port}##1234")["result"]["rooms"]
    assert (find(room, "h323")["status"], room["exit_code"]) == ("ok", 0)


def test_a_certificate_with_a_flaw_is_a_warning(check: Any, tmp_path: Path) -> None:
    def answering(peer: Peer) -> None:
        if request := peer.read():
            call_id = next(line for line in request.decode().split("\r\n") if line.startswith("Call-ID"))
            peer.say(f"SIP/2.0 200 OK\r\n{call_id}\r\n\r\n".encode())

    context, _ = self_signed(tmp_path)
    with Loopback(answering, tls=context) as server:
        document = check(f"sips:room@127.0.0.1:{server.port}")
    (room,) = document["result"]["rooms"]
    tls = find(room, "sip-tls")
    assert (document["exit_code"], tls["status"], tls["tls"]["flaws"]) == (0, "warning", ["is self-signed"])
    assert tls["tls"]["expires_at"].endswith("Z")
    assert tls["sip"]["status"] == 200


def test_a_hostile_server_header_steers_no_terminal(zoomcall: Shell) -> None:
    def hostile(peer: Peer) -> None:
        call_id = next(line for line in peer.read().decode().split("\r\n") if line.startswith("Call-ID"))
        head = f"SIP/2.0 200 \x1b[2JOK\r\n{call_id}\r\nServer: \x1b]0;x\x07[red]\u202e{'A' * 5000}\r\n\r\n"
        peer.say(head.encode())
        peer.hold()

    with Loopback(hostile) as server:
        shown = zoomcall("room", "check", f"a@127.0.0.1:{server.port};transport=tcp", terminal=("stdout",))
    assert "[red]AAAA" in shown.stdout.replace("\n", "")
    assert "\x1b]" not in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    assert "\u202e" not in shown.stdout
    assert len(shown.stdout) < 3000


def test_a_passcode_is_never_shown(check: Any, zoomcall: Shell) -> None:
    zoomcall.hide("4321xyz")
    zoomcall("room", "add", "Lab", "h323", "127.0.0.9##84098077904#4321xyz", reveals=("files",))
    assert check("Lab", *QUICK)["result"]["rooms"][0]["address"] == "127.0.0.9##84098077904#***"
    assert check("127.0.0.9##84098077904#4321xyz", *QUICK)["exit_code"] == 23


# The book


def test_rooms_of_the_book_are_chosen_by_name_tag_or_all(check: Any, zoomcall: Shell) -> None:
    with listening(2) as (one, two):
        zoomcall("room", "add", "One", "h323", f"127.0.0.1:{one}", "--tag", "x")
        zoomcall("room", "add", "Two", "h323", f"127.0.0.1:{two}", "--tag", "y")
        zoomcall("room", "add", "Phone", "phone", "+15555550100")
        assert [room["name"] for room in check("ONE", "@two")["result"]["rooms"]] == ["One", "Two"]
        assert [room["name"] for room in check("--tag", "y")["result"]["rooms"]] == ["Two"]
        everything = check("--all")
    assert [room["name"] for room in everything["result"]["rooms"]] == ["One", "Two", "Phone"]
    assert (everything["exit_code"], everything["result"]["rooms"][2]["status"]) == (0, "skipped")


def test_several_end_with_the_code_of_the_first_that_failed(check: Any, zoomcall: Shell) -> None:
    with listening() as (port,), NameServer() as names:
        rooms = [f"h323:127.0.0.1:{port}", "room@nobody.test", f"a@127.0.0.1:{free_port()}"]
        assert check(*rooms, "--dns", names.place)["exit_code"] == 22
        assert check(rooms[0], rooms[2], rooms[1], "--dns", names.place)["exit_code"] == 23
        listed = zoomcall("room", "check", *rooms, "h323:127.0.0.1:1", "--dns", names.place)
    assert listed.code == 22
    assert listed.stdout.splitlines()[0] == "STATUS\tROOM\tSEEN"
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()[1:5]] == [*["failed"] * 3, "warning"]
    assert "4 rooms, 1 warning, 3 failed" in listed.stdout


def test_an_entry_that_cannot_be_used_fails_in_all(check: Any, zoomcall: Shell) -> None:
    zoomcall("room", "add", "Phone", "phone", "+15555550100")
    with (zoomcall.config_dir / "book.toml").open("a", encoding="utf-8") as file:
        file.write('[[room]]\nname = "Fax"\nprotocol = "fax"\naddress = "1"\n')
    document = check("--all")
    assert document["exit_code"] == 2
    assert document["result"]["rooms"][1]["address"] is None
    assert "protocol 'fax'" in document["error"]["title"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing says which rooms"),
        (("Lab", "--all"), "named in two ways"),
        (("--tag", "x", "--all"), "named in two ways"),
        (("--tag", "x"), "no room is tagged x"),
        (("--all",), "is empty"),
        (("Lab",), "there is no room 'Lab'"),
        (("@Lab",), "there is no room 'Lab'"),
        (("a@b@c",), "address-invalid"),
        (("127.0.0.1", "--dns", "dns.example.com"), "is not an IP address"),
        (("127.0.0.1", "--dns", "127.0.0.1:0"), "is not an IP address"),
        (("127.0.0.1", "--parallel", "0"), "between 1 and 100"),
        (("127.0.0.1", "--timeout", "1h"), "longer than"),
        (("127.0.0.1", "--junit", "-"), "not a file"),
    ],
)
def test_what_cannot_be_checked_is_exit_2(zoomcall: Shell, arguments: tuple[str, ...], words: str) -> None:
    result = zoomcall("room", "check", *arguments)
    assert result.code == 2
    assert words in result.stderr


def test_without_the_extra_a_name_is_exit_2_with_the_install_line_and_an_ip_address_is_checked(
    zoomcall: Shell, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name == "dns" or name.startswith("dns.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "zoomcall.adapters.dns", raising=False)
    monkeypatch.setitem(sys.modules, "dns", None)
    result = zoomcall("room", "check", "room@example.test")
    assert result.code == 2
    assert (
        "error: dnspython is not installed; the look-up of a room's name needs it (extra zoomcall[sip])\n"
        in result.stderr
    )
    assert f"  run: {install_line('sip')}\n" in result.stderr
    with listening() as (port,):
        assert check(f"h323:127.0.0.1:{port}")["exit_code"] == 0


def test_a_junit_report_has_a_case_for_each_room(zoomcall: Shell, tmp_path: Path) -> None:
    report = tmp_path / "rooms.xml"
    zoomcall("room", "add", "Phone", "phone", "+15555550100")
    with listening() as (port,):
        rooms = (f"h323:127.0.0.1:{port}", f"a@127.0.0.1:{free_port()}", "Phone")
        assert zoomcall("room", "check", *rooms, "--junit", str(report)).code == 23
    suite = ET.parse(report).getroot()[0]  # noqa: S314 - our own file
    assert [suite.get(name) for name in ("name", "tests", "failures", "skipped")] == [
        "zoomcall.room.check",
        "3",
        "1",
        "1",
    ]
    fine, failed, _ = suite
    assert (failed[0].tag, failed[0].get("type")) == ("failure", "unreachable")
    assert "h323: ok" in (fine[0].text or "")


# Zoom

ON_LOOPBACK = tuple(
    replace(room, address=address)
    for room, address in zip(MANAGED_ROOMS, ("127.0.0.31", "127.0.0.32"), strict=True)
)


def test_zoom_tells_the_state_of_a_managed_room_by_its_id_address_or_name(
    check: Any, zoomcall: Shell, emulator: Emulator
) -> None:
    zoomcall.set(**environ_of(emulator))
    emulator.world.managed_rooms = ON_LOOPBACK
    zoomcall("room", "sync", "--yes")
    zoomcall("room", "edit", "training room", "--name", "Schulung", "--address", "127.0.0.9")
    zoomcall("room", "add", "My suite", "h323", "127.0.0.1")
    asked = len(emulator.requests)
    suite, training, own, bare = check("executive suite", "schulung", "my suite", "127.0.0.31", *QUICK)["result"][
        "rooms"
    ]
    assert (
        suite["state"]
        == bare["state"]
        == {
            "connection_status": "connected",
            "sip_status": "registered",
            "call_status": "InMeeting",
        }
    )
    assert "connected to its API connector, registered by SIP, in a meeting" in find(suite, "zoom")["detail"]
    assert (training["state"]["sip_status"], find(training, "zoom")["status"]) == ("unregistered", "warning")
    assert (own["state"], find(own, "zoom")["status"]) == (None, "skipped")
    paths = [received.request.path for received in emulator.requests[asked:]]
    assert paths.count("/v2/crc/managed_rooms") == 1


@pytest.mark.parametrize(
    ("lacking", "requests"), [("crc:read:room:admin", 1), ("crc:read:list_rooms:admin", 0), (None, 3)]
)
def test_a_state_that_may_not_be_read_is_skipped_with_the_scope_and_not_asked_again(
    check: Any, zoomcall: Shell, lacking: str | None, requests: int
) -> None:
    with Emulator(scopes=[scope for scope in ALL_ADMIN if scope != lacking]) as emulator:
        zoomcall.set(**environ_of(emulator))
        rooms = check("10.20.30.40", "192.168.10.21", "10.20.30.40:5070", "--parallel", "1", *QUICK)["result"][
            "rooms"
        ]
        states = [received for received in emulator.requests if "/managed_rooms/" in received.request.path]
    assert len(states) == requests
    details = [find(room, "zoom")["detail"] for room in rooms]
    assert all("scope-missing" in detail for detail in details) == (lacking is not None)


def test_zoom_is_not_asked_if_that_is_wished_and_a_fault_of_zooms_fails_no_room(
    check: Any, zoomcall: Shell, emulator: Emulator
) -> None:
    zoomcall.set(**environ_of(emulator))
    with listening() as (port,):
        (room,) = check(f"h323:127.0.0.1:{port}", "--no-zoom")["result"]["rooms"]
        assert "zoom" not in statuses(room)
        assert emulator.requests == []
        for fault in parse_faults("html-403").faults:
            emulator.add_fault(fault)
        document = check(f"h323:127.0.0.1:{port}")
    assert (document["exit_code"], statuses(document["result"]["rooms"][0])["zoom"]) == (0, "skipped")


def test_a_profile_that_is_named_must_be_there(zoomcall: Shell) -> None:
    assert zoomcall("room", "check", "127.0.0.1", "-p", "nobody").code == 3


# Many


def test_many_rooms_are_checked_at_the_same_time_but_no_more_than_that(check: Any) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def slow(peer: Peer) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        peer.read()
        time.sleep(0.05)
        with lock:
            busy -= 1

    with Loopback(slow) as server:
        rooms = [f"r{number}@127.0.0.1:{server.port};transport=tcp" for number in range(40)]
        document = check(*rooms, "--parallel", "8")
    assert len(document["result"]["rooms"]) == 40
    assert [room["address"] for room in document["result"]["rooms"]] == rooms
    assert 2 <= most <= 8


def test_progress_is_shown_in_a_terminal_alone(zoomcall: Shell) -> None:
    with listening() as (port,):
        room = f"h323:127.0.0.1:{port}"
        assert "1 of 1 room checked" in zoomcall("room", "check", room, terminal=("stderr",)).stderr
        assert zoomcall("room", "check", room).stderr == ""
        assert zoomcall("room", "check", room, "--quiet", terminal=("stderr",)).stderr == ""


def test_ctrl_c_ends_it_at_once(zoomcall_process: ProcessShell) -> None:
    import signal

    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        address = f"a@127.0.0.1:{silent.getsockname()[1]};transport=udp"
        running = stack.enter_context(
            zoomcall_process.start("room", "check", address, "--timeout", "60s", stderr=subprocess.PIPE)
        )
        silent.settimeout(10)
        silent.recv(4096)
        began = time.monotonic()
        running.send(signal.SIGINT)
        assert running.finish().code == 130
    assert time.monotonic() - began < 3
