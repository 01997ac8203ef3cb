"""SIP rooms that really ring: sipp and baresip, rung through the local Zoom's API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from sip.endpoints import BOTH, Sipp, Transport, free_port, header, methods
from sip.ringing import SESSION, RingingZoom

transports = pytest.mark.parametrize("transport", BOTH)


@pytest.fixture
def zoom(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 15 seconds."""
    return make_ringing(0.5)


@pytest.fixture
def impatient(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 1.5 seconds."""
    return make_ringing(0.05)


# sipp


@transports
def test_a_room_rings_answers_joins_and_is_hung_up_when_it_is_removed(
    zoom: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("answer", tmp_path, transport=transport, pause=0.1) as sipp:
        zoom.ring(sipp.address, to_display_name="Board")
        zoom.comes_to("ringing", "accepted")
        assert zoom.rooms == ["Board"]
        zoom.remove("Board")
        assert zoom.rooms == []
        received = sipp.finish()
    assert methods(received) == ["INVITE", "ACK", "BYE"]
    assert len(zoom.story) == 2
    eventually(lambda: zoom.trace[-1] == "sip 1: ← 200 OK (BYE)")
    assert zoom.trace[0] == f"sip 1: → INVITE sip:{sipp.address}"
    assert [line.removeprefix("sip 1: ") for line in zoom.trace[1:] if not line.endswith("(again)")] == [
        *("← 180 Ringing", "← 200 OK", "→ ACK", "→ BYE", "← 200 OK (BYE)")
    ]


@transports
def test_the_end_of_the_emulator_hangs_up_every_room(
    zoom: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("answer", tmp_path, transport=transport) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        assert methods(sipp.finish()) == ["INVITE", "ACK", "BYE"]


def test_the_end_of_the_session_hangs_up_every_room(zoom: RingingZoom, tmp_path: Path) -> None:
    with Sipp("answer", tmp_path) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.end(SESSION)
        assert methods(sipp.finish()) == ["INVITE", "ACK", "BYE"]


def test_a_room_that_answers_once_the_session_has_ended_is_hung_up(zoom: RingingZoom, tmp_path: Path) -> None:
    with Sipp("answer", tmp_path, pause=0.5) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing")
        zoom.emulator.end(SESSION)
        zoom.comes_to("ringing", ("failed", 10))
        assert methods(sipp.finish()) == ["INVITE", "ACK", "BYE"]


@transports
def test_the_end_of_the_emulator_takes_back_a_call_that_still_rings(
    zoom: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("no-answer", tmp_path, transport=transport) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing")
        zoom.emulator.close()
        assert methods(sipp.finish()) == ["INVITE", "CANCEL", "ACK"]


@transports
@pytest.mark.parametrize(
    ("status", "end"),
    [
        (486, ("rejected", None)),
        (603, ("rejected", None)),
        (404, ("failed", 8)),
        (480, ("missed", None)),
        (503, ("failed", 13)),
        (401, ("failed", 0)),
        (407, ("failed", 0)),
        (302, ("failed", 0)),
    ],
)
def test_a_refusal_is_confirmed_and_told(
    zoom: RingingZoom, tmp_path: Path, transport: Transport, status: int, end: tuple[str, int | None]
) -> None:
    with Sipp("refuse", tmp_path, transport=transport, words={"STATUS": str(status)}) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", end)
        assert methods(sipp.finish()) == ["INVITE", "ACK"]
    assert zoom.rooms == []


@transports
def test_a_room_that_does_not_answer_in_time_is_missed_and_cancelled(
    impatient: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("no-answer", tmp_path, transport=transport) as sipp:
        impatient.ring(sipp.address)
        impatient.comes_to("ringing", "missed")
        assert methods(sipp.finish()) == ["INVITE", "CANCEL", "ACK"]


@transports
def test_an_answer_that_crosses_the_cancel_is_hung_up(
    impatient: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("late-answer", tmp_path, transport=transport) as sipp:
        impatient.ring(sipp.address)
        impatient.comes_to("ringing", "missed")
        assert methods(sipp.finish()) == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert impatient.story == [("ringing", None), ("missed", None)]
    assert impatient.rooms == []


@transports
@pytest.mark.parametrize("stay", [0, 0.3])
def test_a_room_that_hangs_up_leaves_without_another_event(
    zoom: RingingZoom, tmp_path: Path, transport: Transport, stay: float
) -> None:
    with Sipp("leave", tmp_path, transport=transport, pause=stay) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("accepted")
        eventually(lambda: zoom.rooms == [])
        assert methods(sipp.finish()) == ["INVITE", "ACK", "200"]
    assert zoom.story == [("accepted", None)]


@transports
def test_an_answer_that_comes_again_is_confirmed_again(
    zoom: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("answer-twice", tmp_path, transport=transport) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("accepted")
        eventually(lambda: len([line for line in zoom.trace if "→ ACK" in line]) == 2)
        zoom.emulator.close()
        received = sipp.finish()
    assert methods(received) == ["INVITE", "ACK", "BYE"]
    assert len([message for message in received if message.startswith("ACK ")]) >= 2


@transports
def test_progress_is_confirmed_and_a_proxy_stays_on_the_way(
    zoom: RingingZoom, tmp_path: Path, transport: Transport
) -> None:
    with Sipp("progress", tmp_path, transport=transport) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        received = sipp.finish()
    assert methods(received) == ["INVITE", "PRACK", "ACK", "BYE"]
    for message in received[2:]:
        assert header(message, "Route") == f"<sip:127.0.0.1:{sipp.port};transport={transport.upper()};lr>"


# What the room is told


def test_the_room_is_told_the_names_and_headers_of_the_request(zoom: RingingZoom, tmp_path: Path) -> None:
    with Sipp("answer", tmp_path) as sipp:
        zoom.ring(
            sipp.address,
            from_display_name='Jill "the\\boss" Chill',
            to_display_name="Büro\r\nX-Evil: 1",
            from_uri="sip:jill@company.example",
            additional_headers=[
                {"key": "X-REF", "value": "42"},
                {"key": "X-REF", "value": "43"},
                {"key": "X-Words", "value": "zwölf\r\nX-Evil: 2"},
                {"key": "no token", "value": "left out"},
                {"key": "Call-ID", "value": "not for them to say"},
                {"key": "v", "value": "nor this"},
            ],
        )
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        invite = sipp.finish()[0]
    assert invite.startswith(f"INVITE sip:{sipp.address} SIP/2.0")
    assert header(invite, "From").startswith(r'"Jill \"the\\boss\" Chill" <sip:jill@company.example>;tag=')
    assert header(invite, "To") == f'"Büro  X-Evil: 1" <sip:{sipp.address}>'
    assert [line for line in invite.splitlines() if line.startswith("X-")] == [
        *("X-REF: 42", "X-REF: 43", "X-Words: zwölf  X-Evil: 2")
    ]
    assert "no token" not in invite
    assert "nor this" not in invite
    assert len([line for line in invite.splitlines() if line.startswith("Call-ID:")]) == 1


def test_without_names_the_room_is_called_by_zoom(zoom: RingingZoom, tmp_path: Path) -> None:
    with Sipp("answer", tmp_path) as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        invite = sipp.finish()[0]
    assert header(invite, "From").startswith("<sip:zoom@127.0.0.1:")
    assert header(invite, "To") == f"<sip:{sipp.address}>"
    assert header(invite, "Contact") in header(invite, "From")
    assert "m=audio " in invite
    assert "a=rtpmap:0 PCMU/8000" in invite
    assert "a=rtpmap:8 PCMA/8000" in invite
    assert "m=video " in invite


def test_over_tcp_via_and_contact_say_so(zoom: RingingZoom, tmp_path: Path) -> None:
    with Sipp("answer", tmp_path, transport="tcp") as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        received = sipp.finish()
    assert all(header(message, "Via").startswith("SIP/2.0/TCP 127.0.0.1:") for message in received)
    assert header(received[0], "Contact").endswith(";transport=tcp>")


# Addresses


@pytest.mark.parametrize("form", ["{host}", "sip:{host}", "desk@{host}", "SIP:desk@{host};transport=UDP;x=y"])
def test_an_address_without_a_port_is_rung_at_5060(zoom: RingingZoom, tmp_path: Path, form: str) -> None:
    # a loopback address of its own, because other tests may use that port
    number = free_port()
    host = f"127.{number >> 8}.{number & 255}.77"
    with Sipp("answer", tmp_path, host=host, port=5060) as sipp:
        zoom.ring(form.format(host=host))
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        invite = sipp.finish()[0]
    uri = form.format(host=host).partition(":")[2] or form.format(host=host)
    assert invite.startswith(f"INVITE sip:{uri} SIP/2.0")


@transports
@pytest.mark.parametrize(
    "form", ["desk@localhost:{port}{tail}", "127.0.0.1:{port}{tail}", "sip:d%20k@127.1.2.3:{port}{tail}"]
)
def test_every_name_of_this_machine_is_rung(
    zoom: RingingZoom, tmp_path: Path, transport: Transport, form: str
) -> None:
    host = "127.1.2.3" if "127.1.2.3" in form else "127.0.0.1"
    with Sipp("answer", tmp_path, transport=transport, host=host) as sipp:
        zoom.ring(form.format(port=sipp.port, tail=";transport=tcp" if transport == "tcp" else ""))
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        sipp.finish()


@transports
def test_ipv6_is_spoken(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with Sipp("answer", tmp_path, transport=transport, host="::1") as sipp:
        zoom.ring(sipp.address)
        zoom.comes_to("ringing", "accepted")
        zoom.emulator.close()
        received = sipp.finish()
    assert header(received[0], "Contact").startswith("<sip:zoom@[::1]:")
    assert "c=IN IP6 ::1" in received[0]
