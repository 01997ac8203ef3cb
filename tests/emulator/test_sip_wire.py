"""The SIP leg against rooms that send nothing, too much, or nonsense, byte by byte."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from emulator.hand_made import eventually
from hypothesis import given
from hypothesis import strategies as st
from sip.endpoints import BOTH, BareRoom, Sipp, Transport, bye, free_port, header, methods, reply
from sip.ringing import RingingZoom

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import is_loopback
from zoomcall.domain.target import Api
from zoomcall.emulator.fates import Stage
from zoomcall.emulator.loopback import LoopbackLegs
from zoomcall.emulator.sip.leg import outcome_of
from zoomcall.emulator.world import Call, VenueKey

transports = pytest.mark.parametrize("transport", BOTH)


@pytest.fixture
def zoom(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 15 seconds."""
    return make_ringing(0.5)


@pytest.fixture
def impatient(make_ringing: Callable[[float], RingingZoom]) -> RingingZoom:
    """Run a local Zoom whose rooms ring for 1.2 seconds."""
    return make_ringing(0.04)


def test_over_udp_silence_is_asked_again_with_the_same_bytes_and_then_unreachable(impatient: RingingZoom) -> None:
    with BareRoom("udp") as room:
        impatient.ring(room.address)
        impatient.comes_to(("failed", 9))
        heard = [room.read(), room.read()]
        assert heard[0] == heard[1]
        assert methods(heard) == ["INVITE"]
        impatient.emulator.close()
        assert room.read(0.2) == ""


def test_over_tcp_silence_is_unreachable(impatient: RingingZoom) -> None:
    with BareRoom("tcp") as room:
        impatient.ring(room.address)
        assert room.read().startswith("INVITE ")
        impatient.comes_to(("failed", 9))
        impatient.emulator.close()
        assert room.read() == ""


@transports
def test_a_closed_port_is_unreachable_at_once(zoom: RingingZoom, transport: Transport) -> None:
    start = time.monotonic()
    zoom.ring(f"desk@127.0.0.1:{free_port()};transport={transport}")
    zoom.comes_to(("failed", 9))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(("status", "reason"), [(None, 9), ("180 Ringing", 13)])
def test_a_connection_that_breaks_while_it_rings(zoom: RingingZoom, status: str | None, reason: int) -> None:
    with BareRoom("tcp") as room:
        zoom.ring(room.address)
        invite = room.read()
        if status:
            room.answer(invite, status)
            eventually(lambda: zoom.story == [("ringing", None)])
        room.hang_up()
        zoom.comes_to(*(["ringing"] if status else []), ("failed", reason))


def test_a_room_whose_connection_breaks_in_the_call_leaves(zoom: RingingZoom) -> None:
    with BareRoom("tcp") as room:
        zoom.ring(room.address)
        room.answer(room.read(), "200 OK")
        assert room.read().startswith("ACK ")
        eventually(lambda: zoom.rooms)
        room.hang_up()
        eventually(lambda: not zoom.rooms)
    assert zoom.story == [("accepted", None)]


@transports
def test_a_hang_up_on_the_heels_of_the_answer_is_a_call_that_was_accepted(
    zoom: RingingZoom, transport: Transport
) -> None:
    with BareRoom(transport) as room:
        zoom.ring(room.address)
        invite = room.read()
        room.write(reply(invite, "200 OK", room.port))
        room.write(bye(invite, room.port))
        heard = ""
        while heard.count("\r\n\r\n") < 2:
            heard += room.read()
        assert heard.startswith("ACK ")
        assert "SIP/2.0 200 OK" in heard
        zoom.comes_to("accepted")
        eventually(lambda: not zoom.rooms)
    assert zoom.story == [("accepted", None)]


def test_a_hang_up_before_the_answer_is_a_failure(zoom: RingingZoom) -> None:
    with BareRoom("udp") as room:
        zoom.ring(room.address)
        invite = room.read()
        room.answer(invite, "180 Ringing")
        room.write(bye(invite, room.port))
        zoom.comes_to("ringing", ("failed", 2))


def test_a_bye_that_nobody_answers_is_said_again_and_given_up(zoom: RingingZoom) -> None:
    with BareRoom("udp") as room:
        zoom.ring(room.address)
        room.answer(room.read(), "200 OK")
        assert room.read().startswith("ACK ")
        zoom.comes_to("accepted")
        start = time.monotonic()
        zoom.emulator.close()
        assert time.monotonic() - start < 10
        heard = [room.read(), room.read()]
        assert heard[0] == heard[1]
        assert methods(heard) == ["BYE"]


def test_the_end_waits_for_a_first_word_before_it_takes_a_call_back(zoom: RingingZoom) -> None:
    with BareRoom("tcp") as room:
        zoom.ring(room.address)
        invite = room.read()
        closing = zoom.in_background(zoom.emulator.close)
        room.answer(invite, "180 Ringing")
        cancel = room.read()
        assert cancel.startswith("CANCEL ")
        assert header(cancel, "Via") == header(invite, "Via")
        room.answer(invite, "487 Request Terminated")
        assert room.read().startswith("ACK ")
        closing.join()


@pytest.mark.parametrize(
    "noise",
    [
        "",
        "\r\n\r\n",
        "\0\xff",
        "SIP/2.0",
        "SIP/2.0 many Tries\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: x INVITE\r\n\r\n",
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=other\r\nCall-ID: other\r\nCSeq: 1 INVITE\r\n\r\n",
        "INVITE sip:zoom@127.0.0.1 SIP/2.0\r\n\r\n",
        "OPTIONS\r\n\r\n",
    ],
)
def test_noise_does_not_touch_the_call(zoom: RingingZoom, noise: str) -> None:
    with BareRoom("udp") as room:
        zoom.ring(room.address)
        invite = room.read()
        room.write(noise)
        room.answer(invite, "603 Decline")
        zoom.comes_to("rejected")


def test_a_body_that_is_no_sdp_is_nothing_to_it(zoom: RingingZoom) -> None:
    with BareRoom("udp") as room:
        zoom.ring(room.address)
        answer = reply(room.read(), "200 OK", room.port)
        body = "v=many\r\nm=audio port\r\n"
        room.write(
            answer.replace("Content-Length: 0", f"Content-Type: application/sdp\r\nContent-Length: {len(body)}")
            + body
        )
        assert room.read().startswith("ACK ")
        zoom.comes_to("accepted")


def test_the_room_may_ask_for_options_and_a_change_and_call_nobody_else(zoom: RingingZoom) -> None:
    with BareRoom("udp") as room:
        zoom.ring(room.address)
        invite = room.read()
        room.answer(invite, "200 OK")
        room.read()

        def ask(method: str, sequence: int) -> str:
            request = bye(invite, room.port).replace("BYE", method).replace("CSeq: 1", f"CSeq: {sequence}")
            room.write(request.replace("z9hG4bKbye", f"z9hG4bK{sequence}"))
            return room.read()

        assert ask("OPTIONS", 1).startswith("SIP/2.0 200 ")
        change = ask("INVITE", 2)
        assert change.startswith("SIP/2.0 200 ")
        assert "m=audio " in change
        assert ask("MESSAGE", 3).startswith("SIP/2.0 405 ")
        stranger = bye(invite, room.port).replace("BYE", "INVITE").replace("Call-ID: ", "Call-ID: another-")
        room.write(stranger.replace("z9hG4bKbye", "z9hG4bKstranger"))
        assert [room.read().split()[1], room.read().split()[1]] == ["100", "486"]
        assert ask("BYE", 4).startswith("SIP/2.0 200 ")
        eventually(lambda: not zoom.rooms)


@transports
def test_thirty_rooms_ring_at_once_and_each_once(zoom: RingingZoom, tmp_path: Path, transport: Transport) -> None:
    with Sipp("answer", tmp_path, transport=transport, pause=0.2) as sipp:
        for number in range(30):
            zoom.ring(sipp.address, to_display_name=f"Room {number}")
        eventually(lambda: len(zoom.rooms) == 30, seconds=15)
        zoom.emulator.close()
        sipp.finish(calls=30)
    assert sorted(name for name, _ in zoom.story) == ["accepted"] * 30 + ["ringing"] * 30


# Without a wire


@given(st.integers(300, 699))
def test_every_refusal_has_one_of_zooms_ends(status: int) -> None:
    expected = {
        **dict.fromkeys((486, 600, 603), (Stage.REJECTED, None)),
        **dict.fromkeys((408, 480, 487), (Stage.MISSED, None)),
        **dict.fromkeys((404, 410, 484, 604), (Stage.FAILED, 8)),
        **dict.fromkeys(range(500, 600), (Stage.FAILED, 13)),
    }
    assert outcome_of(status) == expected.get(status, (Stage.FAILED, 0))


def way_to(address: str, protocol: Protocol = Protocol.SIP) -> object:
    call = Call(
        venue=VenueKey(Api.SESSION, "KkMH"),
        message_id="1",
        protocol=protocol,
        address=address,
    )
    return LoopbackLegs(time_scale=1, trace=lambda _: None)(call)


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.10",
        "room@example.com",
        "room@127.example.com",
        "room@localhost.example.com",
        "room@[2001:db8::1]",
        "127.0.0.1@example.com",
        "room@0.0.0.0",
        "5551234",
        "not an address",
        "",
        # not supported
        "sips:desk@127.0.0.1",
        "desk@127.0.0.1;transport=tls",
        "desk@127.0.0.1;transport=WS",
        "desk@127.0.0.1;transport",
    ],
)
def test_there_is_no_way_to_any_other_address(address: str) -> None:
    assert way_to(address) is None


@given(st.text() | st.from_regex(r"(sips?:)?[a-z%@:;=#\[\].0-9]*(127\.0\.0\.1|localhost|::1)[a-z:;=#\].0-9]*"))
def test_no_text_breaks_the_search_for_a_way(text: str) -> None:
    way = way_to(text)
    assert way is None or is_loopback(RoomAddress.parse(Protocol.SIP, text).host or "")
