"""Where a room is rung, by RFC 3263 and by SRV records of H.323."""

from collections.abc import Mapping

import pytest

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.room_probe import Naptr, Srv
from zoomcall.errors import NetworkFault, NetworkWord
from zoomcall.usecases.room_checking.locating import MOST_SPOTS, Found, Search, locate


class FakeNames:
    """Answers from a table, by ``name type``."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        self._table = table
        self.asked: list[str] = []

    def _get(self, name: str, kind: str) -> list[str]:
        self.asked.append(f"{name} {kind}")
        return self._table.get(f"{name} {kind}", [])

    def naptr(self, name: str, *, seconds: float) -> tuple[Naptr, ...]:
        rows = (text.split() for text in self._get(name, "NAPTR"))
        return tuple(
            Naptr(order=int(a), preference=int(b), flags=c, service=d, replacement=e, text=f"{a} {b} {c} {d} {e}")
            for a, b, c, d, e in rows
        )

    def srv(self, name: str, *, seconds: float) -> tuple[Srv, ...]:
        rows = (text.split() for text in self._get(name, "SRV"))
        return tuple(
            Srv(
                priority=int(a),
                weight=int(b),
                port=int(c),
                target="" if d == "." else d,
                text=f"{a} {b} {c} {d}",
            )
            for a, b, c, d in rows
        )

    def addresses(self, name: str, kind: str, *, seconds: float) -> tuple[str, ...]:
        return tuple(self._get(name, kind))


def found(text: str, table: Mapping[str, list[str]] | None = None, protocol: Protocol = Protocol.SIP) -> Found:
    names = FakeNames(table or {})
    return locate(RoomAddress.parse(protocol, text), [protocol], Search(names, lambda: 1.0))


def spots(found: Found) -> list[str]:
    return [f"{spot.carrier} {spot.place}" for spot in found.spots]


A = {"b.org A": ["192.0.2.1"]}
SRV = {"_sips._tcp.b.org SRV": ["1 1 5061 s1.b.org"], "_sip._tcp.b.org SRV": ["1 1 6060 s2.b.org"]}
HOSTS = {"s1.b.org A": ["192.0.2.11"], "s2.b.org A": ["192.0.2.12"], "s3.b.org A": ["192.0.2.13"]}


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("192.0.2.9", ["sip-tls 192.0.2.9:5061", "sip-tcp 192.0.2.9:5060", "sip-udp 192.0.2.9:5060"]),
        ("192.0.2.9:5070", ["sip-tcp 192.0.2.9:5070", "sip-udp 192.0.2.9:5070"]),
        ("192.0.2.9:5061", ["sip-tls 192.0.2.9:5061"]),
        ("sips:a@192.0.2.9:5070", ["sip-tls 192.0.2.9:5070"]),
        ("a@192.0.2.9;transport=TCP", ["sip-tcp 192.0.2.9:5060"]),
        ("a@[2001:db8::1];transport=udp", ["sip-udp [2001:db8::1]:5060"]),
        ("a@localhost", ["sip-tls 127.0.0.1:5061", "sip-tcp 127.0.0.1:5060", "sip-udp 127.0.0.1:5060"]),
        ("+4930123456", []),
    ],
)
def test_an_address_or_a_port_needs_no_service_records(address: str, wanted: list[str]) -> None:
    names = FakeNames({})
    result = locate(RoomAddress.parse(Protocol.SIP, address), [Protocol.SIP], Search(names, lambda: 1.0))
    assert (spots(result), names.asked) == (wanted, [])


def test_a_name_with_a_port_is_looked_up_as_an_address_alone() -> None:
    names = FakeNames(A | SRV | HOSTS)
    result = locate(RoomAddress.parse(Protocol.SIP, "a@b.org:5070"), [Protocol.SIP], Search(names, lambda: 1.0))
    assert spots(result) == ["sip-tcp 192.0.2.1:5070", "sip-udp 192.0.2.1:5070"]
    assert names.asked == ["b.org A", "b.org AAAA"]


def test_naptr_says_where_the_service_records_are_and_in_which_order() -> None:
    records = [
        "20 1 s SIP+D2U _x.b.org",
        "10 1 s SIP+D2T _y.b.org",
        "1 1 a SIP+D2T b.org",
        "30 1 s SIP+D2T _z.b.org",
    ]
    naptr = {"b.org NAPTR": records}
    table = A | SRV | HOSTS | naptr | {"_x.b.org SRV": ["1 1 5062 s3.b.org"], "_y.b.org SRV": ["1 1 5063 s2.b.org"]}
    assert spots(found("a@b.org", table)) == ["sip-tcp 192.0.2.12:5063", "sip-udp 192.0.2.13:5062"]
    assert all(spot.is_required for spot in found("a@b.org", table).spots)
    assert spots(found("sips:a@b.org", table)) == ["sip-tls 192.0.2.11:5061"]


def test_without_naptr_the_usual_service_names_are_asked_and_then_addresses() -> None:
    assert spots(found("a@b.org", A | SRV | HOSTS)) == ["sip-tls 192.0.2.11:5061", "sip-tcp 192.0.2.12:6060"]
    plain = found("a@b.org", A)
    assert spots(plain) == ["sip-tls 192.0.2.1:5061", "sip-tcp 192.0.2.1:5060", "sip-udp 192.0.2.1:5060"]
    assert not any(spot.is_required for spot in plain.spots)
    assert spots(found("a@b.org")) == []


class LossyNames(FakeNames):
    """Loses every question for NAPTR."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        super().__init__(table)
        self.seconds: list[float] = []

    def naptr(self, name: str, *, seconds: float) -> tuple[Naptr, ...]:
        self.seconds.append(seconds)
        raise NetworkFault("looking up NAPTR failed", word=NetworkWord.DNS, may_have_arrived=False)


def test_a_lost_question_hinders_no_other_and_is_a_fault_only_if_nothing_is_found() -> None:
    names = LossyNames(A | SRV | HOSTS)
    address = RoomAddress.parse(Protocol.SIP, "a@b.org")
    result = locate(address, [Protocol.SIP], Search(names, lambda: 4.0))
    assert spots(result) == ["sip-tls 192.0.2.11:5061", "sip-tcp 192.0.2.12:6060"]
    assert (result.fault, names.seconds) == ("looking up NAPTR failed", [2.0])
    with pytest.raises(NetworkFault):
        locate(address, [Protocol.SIP], Search(LossyNames({}), lambda: 4.0))


def test_a_service_that_is_not_offered_is_not_probed() -> None:
    table = A | HOSTS | {"_sip._tcp.b.org SRV": ["0 0 0 ."], "_sip._udp.b.org SRV": ["1 1 5060 s1.b.org"]}
    table |= {" A": ["192.0.2.66"]}
    assert spots(found("a@b.org", table)) == ["sip-udp 192.0.2.11:5060"]


def test_service_records_are_tried_by_priority_and_weight() -> None:
    records = ["20 9 1 s1.b.org", "10 1 2 s2.b.org", "10 5 3 s3.b.org"]
    table = HOSTS | {"_sip._udp.b.org SRV": records}
    assert [spot.port for spot in found("a@b.org", table).spots] == [3, 2, 1]


def test_h323_has_a_service_of_its_own_and_else_port_1720() -> None:
    service = {"_h323cs._tcp.b.org SRV": ["1 1 1730 s1.b.org"]}
    assert spots(found("a@b.org", A | HOSTS | service, Protocol.H323)) == ["h323 192.0.2.11:1730"]
    assert spots(found("a@b.org", A | HOSTS, Protocol.H323)) == ["h323 192.0.2.1:1720"]
    assert spots(found("192.0.2.9:1730##1234", {}, Protocol.H323)) == ["h323 192.0.2.9:1730"]
    assert spots(found("b.org:1740", A | HOSTS | service, Protocol.H323)) == ["h323 192.0.2.1:1740"]


def test_the_certificate_must_be_for_the_name_that_was_dialled() -> None:
    assert {spot.host for spot in found("a@b.org", A | SRV | HOSTS).spots} == {"b.org"}


def test_endless_records_lead_to_a_few_probes_and_the_rest_is_counted() -> None:
    many = {
        f"{service}.b.org SRV": [f"1 1 {5000 + n} t{n}.b.org" for n in range(1000)]
        for service in ("_sips._tcp", "_sip._tcp", "_sip._udp")
    }
    hosts = {f"t{n}.b.org A": [f"192.0.2.{m}" for m in range(200)] for n in range(1000)}
    result = found("a@b.org", many | hosts)
    assert len(result.spots) == MOST_SPOTS
    assert {spot.carrier.value for spot in result.spots} == {"sip-tls", "sip-tcp", "sip-udp"}
    assert result.left_out > 1000
    assert len(result.records) < 1000
