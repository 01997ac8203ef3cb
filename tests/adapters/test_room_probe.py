"""Probing a place on loopback: sipp and baresip, certificates of all kinds, and servers that mean no good."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import REMOTE, Loopback, Peer, free_port, self_signed
from sip.endpoints import BOTH, Sipp, Transport, baresip

from zoomcall.adapters.room_probe import RoomProbe
from zoomcall.adapters.sip_options import Inquiry, final_reply, next_reply
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.room_probe import Carrier, Probed, Spot

ROOM = RoomAddress.parse(Protocol.SIP, "desk@127.0.0.1")
QUICK = 0.6


def probe(carrier: Carrier, port: int, *, seconds: float = 5.0, host: str = "127.0.0.1") -> Probed:
    spot = Spot(carrier=carrier, ip="127.0.0.1", port=port, host=host, is_required=True)
    began = time.monotonic()
    probed = RoomProbe(lambda: datetime.now(UTC)).probe(spot, ROOM, seconds=seconds)
    assert time.monotonic() - began < seconds + 2
    return probed


def carrier_of(transport: Transport) -> Carrier:
    return {"udp": Carrier.UDP, "tcp": Carrier.TCP}[transport]


def ok_reply(request: bytes, status: str = "200 OK", *headers: str) -> bytes:
    call_id = next(line for line in request.decode().split("\r\n") if line.startswith("Call-ID:"))
    return "\r\n".join((f"SIP/2.0 {status}", call_id, *headers, "Content-Length: 0", "", "")).encode()


@contextlib.contextmanager
def datagrams(answer: Callable[[bytes], list[bytes]]) -> Iterator[int]:
    """Answer every datagram with some."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        is_over = threading.Event()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while not is_over.is_set():
                    data, peer = sock.recvfrom(65536)
                    for each in answer(data):
                        sock.sendto(each, peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(sock.getsockname()[1])
        is_over.set()


# Real rooms


@pytest.mark.parametrize("transport", BOTH)
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_sipp_tells_its_status_and_its_server(tmp_path: Path, transport: Transport, status: str) -> None:
    words = {"STATUS": status, "SERVER": "Codec 7/1.2"}
    with Sipp("options", tmp_path, transport=transport, words=words) as sipp:
        probed = probe(carrier_of(transport), sipp.port)
        sipp.finish(calls=0)
    assert probed.failure is None
    assert probed.reply is not None
    assert f"{probed.reply.status} {probed.reply.reason}" == status
    assert probed.reply.server == "Codec 7/1.2"


def test_baresip_answers_by_both_transports_and_is_not_rung(tmp_path: Path) -> None:
    with baresip(tmp_path) as room:
        port = int(room.address.rpartition(":")[2])
        for carrier in (Carrier.UDP, Carrier.TCP):
            reply = probe(carrier, port).reply
            assert reply is not None
            assert reply.status == 200
            assert (reply.server or "").startswith("baresip")
        assert room.invitations == 0


def test_what_is_asked_is_options_and_holds_no_passcode() -> None:
    asked: list[bytes] = []

    def script(peer: Peer) -> None:
        asked.append(peer.read())
        peer.say(ok_reply(asked[0]))

    address = RoomAddress.parse(Protocol.SIP, "sip:desk:s3cretpass@127.0.0.1;transport=tcp")
    with Loopback(script) as server:
        spot = Spot(carrier=Carrier.TCP, ip="127.0.0.1", port=server.port, host="127.0.0.1", is_required=True)
        RoomProbe(lambda: datetime.now(UTC)).probe(spot, address, seconds=5)
    assert asked[0].startswith(b"OPTIONS sip:desk@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:")
    assert b"s3cretpass" not in asked[0]


def test_h323_is_a_connection_alone() -> None:
    with Loopback(Peer.hold) as server:
        assert probe(Carrier.H323, server.port).failure is None
    assert server.requests == []


# Nothing there


@pytest.mark.parametrize("carrier", list(Carrier))
def test_a_closed_port_is_told_at_once(carrier: Carrier) -> None:
    probed = probe(carrier, free_port())
    assert "connection refused" in (probed.failure or "")
    assert probed.seconds < 2


def test_a_port_that_swallows_everything_ends_in_time_and_is_asked_again() -> None:
    asked: list[bytes] = []
    with datagrams(lambda data: (asked.append(data), [])[1]) as port:
        probed = probe(Carrier.UDP, port, seconds=0.8)
    assert "no answer to OPTIONS" in (probed.failure or "")
    assert len(set(asked)) == 1
    assert len(asked) == 2


def test_a_lost_datagram_is_sent_again() -> None:
    asked: list[bytes] = []

    def second(data: bytes) -> list[bytes]:
        asked.append(data)
        return [ok_reply(data)] if len(asked) == 2 else []

    with datagrams(second) as port:
        assert probe(Carrier.UDP, port).reply is not None


# Hostile


def hold(peer: Peer) -> None:
    peer.hold()


def garbage(peer: Peer) -> None:
    peer.say(b"SSH-2.0-OpenSSH_9.2\r\n")
    peer.hold()


def endless(peer: Peer) -> None:
    peer.sock.settimeout(5)
    for _ in range(10_000):
        peer.sock.sendall(b"SIP/2.0 100 Trying\r\nX: " + b"x" * 1000 + b"\r\n\r\n")


def endless_head(peer: Peer) -> None:
    peer.sock.settimeout(5)
    peer.sock.sendall(b"SIP/2.0 200 OK\r\n")
    for _ in range(10_000):
        peer.sock.sendall(b"X: " + b"x" * 1000)


def hang_up(peer: Peer) -> None:
    peer.read()


def reset(peer: Peer) -> None:
    peer.read()
    peer.reset()


def drip(peer: Peer) -> None:
    peer.drip(b"SIP/2.0 200 OK\r\nX: y\r\n" * 100, 0.1)


def other_call(peer: Peer) -> None:
    peer.read()
    peer.say(b"SIP/2.0 200 OK\r\nCall-ID: other\r\nContent-Length: 0\r\n\r\n")
    peer.hold()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (hold, "no answer to OPTIONS in 1 s"),
        (garbage, "not SIP: 'SSH-2.0-OpenSSH_9.2'"),
        (endless, "sends without end"),
        (endless_head, "sends without end"),
        (hang_up, "hung up without an answer"),
        (reset, "without an answer to OPTIONS"),
        (drip, "its answer to OPTIONS does not end"),
        (other_call, "no answer to OPTIONS"),
    ],
)
def test_whatever_a_server_does_to_a_connection_is_told_in_time(script: Callable[[Peer], None], words: str) -> None:
    with Loopback(script) as server:
        probed = probe(Carrier.TCP, server.port, seconds=QUICK)
    assert (probed.failure, probed.reply) == (None, None)
    assert words in (probed.remark or "")


def test_a_provisional_answer_a_request_and_a_keep_alive_come_before_the_answer() -> None:
    def script(peer: Peer) -> None:
        request = peer.read()
        peer.say(b"\r\n\r\n" + ok_reply(request, "100 Trying"))
        peer.say(b"OPTIONS sip:x@y SIP/2.0\r\nContent-Length: 4\r\n\r\nbody")
        peer.say(ok_reply(request, "486 Busy Here", "Server: \x1b]0;owned\x07\x1b[31mR\u202eed\x00"))
        peer.hold()

    with Loopback(script) as server:
        reply = probe(Carrier.TCP, server.port).reply
    assert reply is not None
    assert (reply.status, reply.server) == (486, "]0;owned[31mRed")


@pytest.mark.parametrize("answer", [[b"\x00\xff" * 700], [b"hello"], [b"hello"] * 1000])
def test_datagrams_that_are_not_sip_are_no_answer(answer: list[bytes]) -> None:
    with datagrams(lambda _: answer) as port:
        probed = probe(Carrier.UDP, port, seconds=QUICK)
    assert "not SIP" in (probed.failure or "")


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: b"SIP/2.0 200 OK\r\n" + data))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    spot = Spot(carrier=Carrier.TCP, ip="127.0.0.1", port=1, host="127.0.0.1", is_required=True)
    inquiry = Inquiry.to_room(ROOM, spot)
    reply = final_reply(data, inquiry)
    assert reply is None or (reply.reason.isprintable() and (reply.server or "").isprintable())
    _, rest = next_reply(data, inquiry)
    assert len(rest) <= len(data)


# TLS


def answering(peer: Peer) -> None:
    request = peer.read()
    if request:
        peer.say(ok_reply(request))
        peer.hold()


def tls(folder: Path, monkeypatch: pytest.MonkeyPatch, *, off_by: timedelta = timedelta()) -> ssl.SSLContext:
    """Return a server's context whose certificate this machine trusts."""
    context, pem = self_signed(folder, off_by=off_by)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return context


def test_a_good_certificate_is_told_with_its_expiry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(answering, tls=tls(tmp_path, monkeypatch)) as server:
        probed = probe(Carrier.TLS, server.port, host=REMOTE)
    assert probed.reply is not None
    assert probed.tls is not None
    assert (probed.tls.flaws, probed.tls.names) == ((), ("127.0.0.1", REMOTE))
    assert probed.tls.certificate.protocol == "TLSv1.3"
    assert probed.tls.certificate.expires_at is not None
    assert server.connections == 1


@pytest.mark.parametrize(
    ("days", "host", "flaws"),
    [
        (0, "rooms.example.com", [f"is for 127.0.0.1, {REMOTE}, not for rooms.example.com"]),
        (-2, REMOTE, ["has expired on "]),
        (-2, "127.0.0.2", ["has expired on ", "not for 127.0.0.2"]),
        (2, REMOTE, ["is not valid yet"]),
    ],
)
def test_a_bad_certificate_is_told_and_the_room_is_asked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, host: str, flaws: list[str]
) -> None:
    with Loopback(answering, tls=tls(tmp_path, monkeypatch, off_by=timedelta(days=days))) as server:
        probed = probe(Carrier.TLS, server.port, host=host)
    assert probed.failure is None
    assert probed.reply is not None
    assert probed.tls is not None
    assert len(probed.tls.flaws) == len(flaws)
    assert all(words in flaw for words, flaw in zip(flaws, probed.tls.flaws, strict=True))
    assert probed.tls.certificate.expires_at is not None


def test_a_certificate_that_nobody_signed_is_told_with_its_names(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with Loopback(answering, tls=context) as server:
        probed = probe(Carrier.TLS, server.port)
    assert probed.tls is not None
    assert probed.tls.flaws == ("is self-signed",)
    assert probed.tls.names == ("127.0.0.1", REMOTE)


@pytest.mark.parametrize(("script", "words"), [(garbage, "does not speak TLS"), (hold, "no answer in")])
def test_what_speaks_no_tls_is_a_failure(script: Callable[[Peer], None], words: str) -> None:
    with Loopback(script) as server:
        assert words in (probe(Carrier.TLS, server.port, seconds=QUICK).failure or "")
