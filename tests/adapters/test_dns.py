"""Looking up records of a DNS server on loopback, well-behaved or not."""

import contextlib
import time
from collections.abc import Iterator

import dns.rcode
import pytest
from sip.name_server import NameServer

from zoomcall.adapters.dns import Dns
from zoomcall.errors import NetworkFault, NetworkWord

RECORDS = {
    "b.org NAPTR": ['10 50 "S" "sip+d2t" "" _sip._tcp.b.org.'],
    "_sip._tcp.b.org SRV": ["10 5 5060 Room.b.org.", "20 0 5061 ."],
    "room.b.org A": ["192.0.2.1", "192.0.2.2"],
    "room.b.org AAAA": ["2001:db8::1"],
    "alias.b.org CNAME": ["other.b.org."],
    "other.b.org CNAME": ["room.b.org."],
    "loop.b.org CNAME": ["pool.b.org."],
    "pool.b.org CNAME": ["loop.b.org."],
}


@pytest.fixture
def names() -> Iterator[Dns]:
    with NameServer(RECORDS) as server:
        yield Dns(("127.0.0.1", server.port))


def test_records_are_read(names: Dns) -> None:
    (naptr,) = names.naptr("b.org", seconds=2)
    assert (naptr.order, naptr.preference, naptr.flags, naptr.service) == (10, 50, "s", "SIP+D2T")
    assert naptr.replacement == "_sip._tcp.b.org"
    offered, none = sorted(names.srv("_sip._tcp.b.org", seconds=2), key=lambda record: record.priority)
    assert (offered.priority, offered.weight, offered.port, offered.target.lower()) == (10, 5, 5060, "room.b.org")
    assert none.target == ""
    assert sorted(names.addresses("room.b.org", "A", seconds=2)) == ["192.0.2.1", "192.0.2.2"]
    assert names.addresses("room.b.org", "AAAA", seconds=2) == ("2001:db8::1",)


def test_what_is_not_there_is_nothing_and_no_fault(names: Dns) -> None:
    assert names.addresses("nobody.b.org", "A", seconds=2) == ()
    assert names.naptr("room.b.org", seconds=2) == ()
    assert names.srv("x" * 70 + ".b.org", seconds=2) == ()


def test_aliases_are_followed_and_a_loop_of_them_ends(names: Dns) -> None:
    assert len(names.addresses("alias.b.org", "A", seconds=2)) == 2
    began = time.monotonic()
    with contextlib.suppress(NetworkFault):
        assert names.addresses("loop.b.org", "A", seconds=1) == ()
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (NameServer(is_silent=True), "no DNS server answered in time"),
        (NameServer(rcode=dns.rcode.SERVFAIL), "SERVFAIL"),
        (NameServer(rcode=dns.rcode.REFUSED), "REFUSED"),
        (NameServer(junk=b"\x00" * 40), "looking up A of b.org failed"),
        (NameServer(junk=b"hello \x1b[31m"), "looking up A of b.org failed"),
    ],
)
def test_a_server_that_does_not_serve_is_a_fault_in_time(server: NameServer, words: str) -> None:
    began = time.monotonic()
    with server, pytest.raises(NetworkFault) as caught:
        Dns(("127.0.0.1", server.port)).addresses("b.org", "A", seconds=0.4)
    assert words in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.word is NetworkWord.DNS
    assert time.monotonic() - began < 2


def test_an_answer_that_is_too_large_for_a_datagram_is_fetched_by_stream() -> None:
    many = [f"1 1 {5000 + number} host-number-{number}.b.org." for number in range(1000)]
    with NameServer({"_sip._udp.b.org SRV": many}) as server:
        assert len(Dns(("127.0.0.1", server.port)).srv("_sip._udp.b.org", seconds=3)) == 1000


def test_what_was_asked_is_not_asked_again() -> None:
    with NameServer(RECORDS) as server:
        lookup = Dns(("127.0.0.1", server.port))
        for _ in range(3):
            lookup.addresses("room.b.org", "A", seconds=2)
        assert server.questions == ["room.b.org A"]
