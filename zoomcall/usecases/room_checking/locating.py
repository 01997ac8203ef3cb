"""Finds the places where a room can be rung: by RFC 3263 for SIP, by SRV and address records for H.323."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from msgspec import Struct

from zoomcall.domain.address import Protocol as RoomProtocol
from zoomcall.domain.address import RoomAddress
from zoomcall.domain.room_probe import Carrier, NameRecord, Naptr, Spot, Srv
from zoomcall.errors import NetworkFault

T = TypeVar("T")

MOST_SPOTS = 8
"""How many places of one room are probed."""

_MOST_OF_CARRIER = 3
_MOST_TARGETS = 4
_MOST_RECORDS = 50
_SIP = (Carrier.TLS, Carrier.TCP, Carrier.UDP)
_BY_TRANSPORT = {"tls": Carrier.TLS, "tcp": Carrier.TCP, "udp": Carrier.UDP}
_GATEKEEPER = "_h323ls._udp"


class Names(Protocol):
    """Looks up names. Every method raises ``NetworkFault`` if no server gives a usable answer."""

    def naptr(self, name: str, *, seconds: float) -> tuple[Naptr, ...]:
        """Return NAPTR records."""

    def srv(self, name: str, *, seconds: float) -> tuple[Srv, ...]:
        """Return SRV records."""

    def addresses(self, name: str, kind: str, *, seconds: float) -> tuple[str, ...]:
        """Return addresses; ``kind`` is A or AAAA."""


class Found(Struct, frozen=True, kw_only=True):
    """Where a room is.

    Attributes:
        spots: The places to probe, at most ``MOST_SPOTS``.
        records: What DNS says.
        left_out: How many places there are beside the spots.
        fault: Why a record could not be looked up, although the room was found all the same.
    """

    spots: tuple[Spot, ...]
    records: tuple[NameRecord, ...] = ()
    left_out: int = 0
    fault: str | None = None


def needs_names(address: RoomAddress) -> bool:
    """Return whether finding the room takes DNS."""
    return address.host is not None and address.ip is None and not _is_localhost(address.host)


def locate(address: RoomAddress, protocols: Iterable[RoomProtocol], search: Search) -> Found:
    """Find where a room is.

    Args:
        address: Its address.
        protocols: The protocols that it may speak.
        search: Asks DNS for this room.

    Raises:
        NetworkFault: DNS did not answer, and the room was not found.
    """
    spots: list[Spot] = []
    for protocol in protocols:
        match protocol:
            case RoomProtocol.SIP:
                spots += _sip(address, search)
            case RoomProtocol.H323:
                spots += _h323(address, search)
            case RoomProtocol.PHONE:
                pass
    if not spots and search.fault is not None:
        raise search.fault
    unique = tuple({(spot.carrier, spot.ip, spot.port): spot for spot in reversed(spots)}.values())[::-1]
    chosen = tuple(islice(_chosen(unique), MOST_SPOTS))
    records = tuple(dict.fromkeys(search.records))
    left_out = len(unique) - len(chosen) + search.left_out
    fault = None if search.fault is None else search.fault.message
    return Found(spots=chosen, records=records, left_out=left_out, fault=fault)


def _chosen(spots: Sequence[Spot]) -> Iterator[Spot]:
    """Yield the first place of each carrier, then the second of each, and so on."""
    groups: dict[Carrier, list[Spot]] = {}
    for spot in spots:
        groups.setdefault(spot.carrier, []).append(spot)
    for rank in range(_MOST_OF_CARRIER):
        yield from (group[rank] for group in groups.values() if rank < len(group))


class Search:
    """Looks up what one room needs, and keeps what was found.

    A lookup that fails finds nothing: some networks lose questions for NAPTR and SRV alone. It may take half of the
    time that is left, so that there is some for the next one.

    Args:
        names: DNS; None if the address has no name.
        seconds_left: How long the lookups may still take.
    """

    def __init__(self, names: Names | None, seconds_left: Callable[[], float]) -> None:
        self._names = names
        self._seconds_left = seconds_left
        self.records: list[NameRecord] = []
        self.left_out = 0
        self.fault: NetworkFault | None = None

    def _found(self, lookup: Callable[[Names, float], tuple[T, ...]]) -> tuple[T, ...]:
        if self._names is None:
            return ()
        try:
            return lookup(self._names, self._seconds_left() / 2)
        except NetworkFault as fault:
            self.fault = self.fault or fault
            return ()

    def naptr(self, name: str) -> tuple[Naptr, ...]:
        """Return a name's NAPTR records, the preferred ones first."""
        found = self._found(lambda names, seconds: names.naptr(name, seconds=seconds))
        ordered = sorted(found, key=lambda record: (record.order, record.preference))[:_MOST_RECORDS]
        self.records += (NameRecord(name, "NAPTR", record.text) for record in ordered)
        return tuple(ordered)

    def srv(self, name: str) -> tuple[Srv, ...]:
        """Return a name's SRV records, the preferred ones first; the heavier ones, where they are equal."""
        found = self._found(lambda names, seconds: names.srv(name, seconds=seconds))
        ordered = sorted(found, key=lambda record: (record.priority, -record.weight))
        self.records += (NameRecord(name, "SRV", record.text) for record in ordered[:_MOST_RECORDS])
        self.left_out += max(0, len(ordered) - _MOST_TARGETS)
        return tuple(ordered[:_MOST_TARGETS])

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return a host's addresses, IPv4 first."""
        if _is_localhost(host):
            return ("127.0.0.1",)
        found: list[str] = []
        for kind in ("A", "AAAA"):
            addresses = self._found(partial(_addresses, host, kind))
            self.records += (NameRecord(host, kind, each) for each in addresses[:_MOST_RECORDS])
            found += addresses[:_MOST_TARGETS]
            self.left_out += max(0, len(addresses) - _MOST_TARGETS)
        return tuple(found)


def _addresses(host: str, kind: str, names: Names, seconds: float) -> tuple[str, ...]:
    return names.addresses(host, kind, seconds=seconds)


def _sip(address: RoomAddress, search: Search) -> list[Spot]:
    host = address.host
    if host is None:
        return []
    asked = _BY_TRANSPORT.get(address.transport or "")
    if address.ip is not None or address.port is not None:
        carriers: tuple[Carrier, ...] = _SIP if asked is None else (asked,)
        if asked is None and address.port is not None and address.port != Carrier.TLS.port:
            carriers = (Carrier.TCP, Carrier.UDP)
        elif asked is None and address.port is not None:
            carriers = (Carrier.TLS,)
        return _direct(address, carriers, search, is_required=len(carriers) == 1)
    wanted = _SIP if asked is None else (asked,)
    spots = _by_service(host, _services(host, wanted, search), search)
    return spots or _direct(address, wanted, search, is_required=len(wanted) == 1)


def _services(host: str, wanted: Sequence[Carrier], search: Search) -> list[tuple[Carrier, str]]:
    """Return where the SRV records are: where NAPTR says, else at the usual names (RFC 3263 4.1)."""
    usual = [(carrier, f"{carrier.service}.{host}") for carrier in wanted]
    if _is_localhost(host):
        return []
    by_naptr = {each.naptr: each for each in reversed(wanted)}
    named: dict[Carrier, str] = {}
    for record in search.naptr(host):
        carrier = by_naptr.get(record.service)
        if carrier is not None and record.flags == "s" and record.replacement:
            named.setdefault(carrier, record.replacement)
    return list(named.items()) or usual


def _by_service(host: str, services: Iterable[tuple[Carrier, str]], search: Search) -> list[Spot]:
    spots: list[Spot] = []
    for carrier, service in services:
        for record in search.srv(service):
            if not record.target:
                continue  # the service is decidedly not offered (RFC 2782)
            spots += (
                Spot(carrier=carrier, ip=ip, port=record.port, host=host, is_required=True)
                for ip in search.addresses(record.target)
            )
    return spots


def _direct(address: RoomAddress, carriers: Sequence[Carrier], search: Search, *, is_required: bool) -> list[Spot]:
    """Return the places at the host's own addresses."""
    host = address.host or ""
    ips = (str(address.ip),) if address.ip is not None else search.addresses(host)
    return [
        Spot(carrier=each, ip=ip, port=address.port or each.port, host=host, is_required=is_required)
        for ip in ips
        for each in carriers
    ]


def _h323(address: RoomAddress, search: Search) -> list[Spot]:
    host = address.host
    if host is None:
        return []
    if needs_names(address) and address.port is None:
        spots = _by_service(host, [(Carrier.H323, f"{Carrier.H323.service}.{host}")], search)
        if spots:
            return spots
        search.srv(f"{_GATEKEEPER}.{host}")
    return _direct(address, (Carrier.H323,), search, is_required=True)


def _is_localhost(host: str) -> bool:
    """Return whether a name is this machine's own for everybody (RFC 6761 6.3)."""
    return host == "localhost" or host.endswith(".localhost")
