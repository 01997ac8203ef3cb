"""H.323 on loopback: a room is present if its port accepts a connection."""

import socket
from collections.abc import Callable, Iterator

import pytest
from emulator.hand_made import eventually
from sip.endpoints import free_port
from sip.ringing import RingingZoom


@pytest.fixture
def zoom(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 15 seconds."""
    return make_ringing(0.5)


@pytest.fixture
def room() -> Iterator[tuple[socket.socket, str]]:
    """Listen on H.323's own port, at a loopback address that nothing else uses."""
    number = free_port()
    host = f"127.{number >> 8}.{number & 255}.78"
    with socket.create_server((host, 1720)) as server:
        yield server, host


def ring(zoom: RingingZoom, address: str) -> None:
    zoom.patch("user.invite.room_system_callout", call_type="h323", device_ip=address)


def test_a_port_that_takes_a_connection_is_a_room_that_joins(
    zoom: RingingZoom, room: tuple[socket.socket, str]
) -> None:
    server, host = room
    ring(zoom, host)
    zoom.comes_to("accepted")
    assert zoom.rooms == [host]
    connection, _ = server.accept()
    with connection:
        assert connection.recv(1) == b""
    zoom.remove(host)
    assert zoom.rooms == []
    assert zoom.trace == []


@pytest.mark.parametrize("form", ["127.0.0.1:{port}", "board@localhost:{port}", "h323:board@127.0.0.1:{port}"])
def test_a_port_can_be_given(zoom: RingingZoom, form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ring(zoom, form.format(port=server.getsockname()[1]))
        zoom.comes_to("accepted")


def test_ipv6_is_tried(zoom: RingingZoom) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        ring(zoom, f"[::1]:{server.getsockname()[1]}")
        zoom.comes_to("accepted")


@pytest.mark.parametrize("form", ["127.0.0.1:{port}", "203.0.113.10:{port}", "nobody@example.com"])
def test_a_closed_port_and_any_other_address_is_unreachable(zoom: RingingZoom, form: str) -> None:
    ring(zoom, form.format(port=free_port()))
    zoom.comes_to(("failed", 9))
    eventually(lambda: zoom.rooms == [])


def test_named_fates_hold_on_loopback(zoom: RingingZoom) -> None:
    ring(zoom, f"decline@127.0.0.1:{free_port()}")
    zoom.comes_to("ringing", "rejected")
