"""What is said of a room: of its address, its name, and each place where something may answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import IpAddress, RoomAddress, warnings_of_private_address
from zoomcall.domain.address import Protocol as RoomProtocol
from zoomcall.domain.destination import Destination
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.room import BookEntry
from zoomcall.domain.room_probe import NameRecord, Probed, SipReply, TlsSight
from zoomcall.domain.zoom_list import RoomState
from zoomcall.usecases.checking.verdicts import CheckStatus
from zoomcall.usecases.room_checking.locating import Found

_EXPIRES_SOON = timedelta(days=14)
_TELLING = ("private-address", "own-dial-in-address", "ipv6-without-brackets")
"""The warnings about an address that keep Zoom from ringing it."""
_FIX_PRIVATE = "Give Zoom a public address, or use a Virtual Room Connector."
_UNKNOWN_USER = {404, 410, 480, 484, 604}
_UNWILLING = {"401": "it wants a password for OPTIONS", "407": "it wants a password for OPTIONS"}


class RoomCheckId(StrEnum):
    """The checks of a room, in the order in which they are told."""

    ADDRESS = "address"
    DNS = "dns"
    SIP_TLS = "sip-tls"
    SIP_TCP = "sip-tcp"
    SIP_UDP = "sip-udp"
    H323 = "h323"
    ZOOM = "zoom"


class RoomVerdict(Struct, frozen=True, kw_only=True):
    """What one check reports.

    Attributes:
        id: The check.
        status: How it ended.
        detail: What was seen.
        fix: What to do, if something is wrong.
        seconds: How long it took.
        probed: The probe that it reports on.
        is_required: Whether the room cannot do without it; otherwise another place may serve.
        is_aside: It says nothing about the room.
    """

    id: RoomCheckId
    status: CheckStatus
    detail: str
    fix: str | None = None
    seconds: float = 0.0
    probed: Probed | None = None
    is_required: bool = True
    is_aside: bool = False


class Subject(Struct, frozen=True, kw_only=True):
    """A room to check.

    Attributes:
        name: Its name in the address book; None for an address.
        address: Where it is rung; None if the book has none that can be used.
        protocols: The protocols that it may speak.
        entry: The room in the address book.
        flaw: Why it cannot be used.
    """

    name: str | None = None
    address: Destination | None = None
    protocols: tuple[RoomProtocol, ...] = ()
    entry: BookEntry | None = None
    flaw: str | None = None

    @property
    def shown(self) -> str:
        """What to call it."""
        return self.name or (self.address.shown if self.address is not None else "?")


class RoomReport(Struct, frozen=True, kw_only=True):
    """What was found out about a room.

    Attributes:
        subject: The room.
        checks: The checks, in order.
        records: What DNS says.
        state: What Zoom knows of it at the moment.
        is_private: Whether Zoom's cloud can reach none of its addresses.
        exit_status: OK, or why it failed.
        seconds: How long all of it took.
    """

    subject: Subject
    checks: tuple[RoomVerdict, ...]
    records: tuple[NameRecord, ...] = ()
    state: RoomState | None = None
    is_private: bool = False
    exit_status: ExitStatus = ExitStatus.OK
    seconds: float = 0.0

    @property
    def status(self) -> CheckStatus:
        """The worst that matters."""
        if self.exit_status is not ExitStatus.OK:
            return CheckStatus.FAILED
        statuses = {check.status for check in self.checks if check.is_required}
        if statuses & {CheckStatus.WARNING, CheckStatus.FAILED}:
            return CheckStatus.WARNING
        if any(check.probed is not None and check.status is CheckStatus.WARNING for check in self.checks):
            return CheckStatus.WARNING
        is_probed = any(check.probed is not None or check.id is RoomCheckId.ZOOM for check in self.checks)
        is_ok = any(check.status is CheckStatus.OK for check in self.checks if check.id is not RoomCheckId.ADDRESS)
        return CheckStatus.OK if is_probed and is_ok else CheckStatus.SKIPPED

    @property
    def worst(self) -> RoomVerdict | None:
        """The check that tells most about what is wrong; None if nothing is."""
        for wanted in (CheckStatus.FAILED, CheckStatus.WARNING):
            for check in self.checks:
                if check.status is wanted and (check.is_required or self.exit_status is not ExitStatus.OK):
                    return check
        return next((check for check in self.checks if check.status is CheckStatus.WARNING), None)


def of_address(subject: Subject) -> RoomVerdict:
    """Report on the address's form."""
    address = subject.address
    if address is None:
        return RoomVerdict(
            id=RoomCheckId.ADDRESS,
            status=CheckStatus.FAILED,
            detail=subject.flaw or "it has no address",
            fix="Correct it in the address book.",
        )
    telling = [notice for notice in address.warnings if notice.id in _TELLING]
    if telling:
        return RoomVerdict(
            id=RoomCheckId.ADDRESS,
            status=CheckStatus.WARNING,
            detail="; ".join(notice.message for notice in telling),
            fix=_FIX_PRIVATE if telling[0].id == "private-address" else "Correct the address.",
        )
    unusual = "".join(f"; {notice.message}" for notice in address.warnings)
    detail = f"{_form(subject, address)}{unusual}"
    return RoomVerdict(id=RoomCheckId.ADDRESS, status=CheckStatus.OK, detail=detail)


def _form(subject: Subject, address: Destination) -> str:
    labels = " or ".join(each.label for each in subject.protocols)
    if not isinstance(address, RoomAddress):
        return f"a {labels} number, of which only ringing shows more"
    if address.host is None:
        return f"an alias, which only the gatekeeper or server that it is registered with can find ({labels})"
    return f"a well-formed address ({labels})"


def of_names(found: Found, host: str, seconds: float) -> RoomVerdict:
    """Report where a name leads."""
    if not found.spots:
        return unresolved(host, f"DNS has neither SRV nor address records for {host}", seconds)
    ips = tuple(dict.fromkeys(spot.ip for spot in found.spots))
    services = (record.owner.partition(f".{host}")[0] for record in found.records if record.type == "SRV")
    ways = ", ".join(dict.fromkeys(services))
    by = f" by {ways}" if ways and any(spot.is_required for spot in found.spots) else ""
    more = f"; {found.left_out} more places are not probed" if found.left_out else ""
    but = f"; {found.fault}" if found.fault else ""
    detail = f"{host} is {_listed(ips)}{by}{more}{but}"
    private = [notice.message for ip in ips for notice in warnings_of_private_address(_ip(ip))]
    if private and len(private) == len(ips):
        return RoomVerdict(
            id=RoomCheckId.DNS,
            status=CheckStatus.WARNING,
            detail=f"{detail}; {private[0]}",
            fix=_FIX_PRIVATE,
            seconds=seconds,
        )
    return RoomVerdict(id=RoomCheckId.DNS, status=CheckStatus.OK, detail=detail, seconds=seconds)


def unresolved(host: str, why: str, seconds: float) -> RoomVerdict:
    """Report that a name does not resolve."""
    return RoomVerdict(
        id=RoomCheckId.DNS,
        status=CheckStatus.FAILED,
        detail=why,
        fix=f"Correct the address, or have the records of {host} corrected.",
        seconds=seconds,
    )


def of_probe(probed: Probed, now: datetime) -> RoomVerdict:
    """Report on one place."""
    spot = probed.spot
    base = RoomVerdict(
        id=RoomCheckId(spot.carrier.value),
        status=CheckStatus.OK,
        detail="",
        seconds=probed.seconds,
        probed=probed,
        is_required=spot.is_required,
    )
    if probed.failure is not None:
        if probed.is_unroutable:
            return replace(
                base,
                status=CheckStatus.SKIPPED,
                detail=f"{spot.place}: this machine has no way there ({probed.failure})",
                is_required=False,
            )
        return replace(
            base,
            status=CheckStatus.FAILED,
            detail=f"{spot.place}: {probed.failure}",
            fix="Check that the room is on, takes calls there, and that no firewall is in between.",
        )
    told, fix = [], []
    is_fine = True
    if probed.reply is not None:
        words, advice = _of_reply(probed.reply)
        told.append(words)
        fix += advice
    elif probed.remark is not None:
        is_fine = False
        told.append(f"connects, but {probed.remark}")
        fix.append("Check that a SIP device is behind that port.")
    else:
        told.append("connects")
    if probed.tls is not None:
        words, advice = _of_tls(probed.tls, now)
        told.append(words)
        fix += advice
    return replace(
        base,
        status=CheckStatus.OK if is_fine and not fix else CheckStatus.WARNING,
        detail=f"{spot.place}: {'; '.join(told)}",
        fix=" ".join(fix) or None,
    )


def _of_reply(reply: SipReply) -> tuple[str, list[str]]:
    server = f" from {reply.server}" if reply.server else ""
    said = f"{reply.status} {reply.reason}".strip()
    if reply.status in _UNKNOWN_USER:
        return f"answers {said}{server}", [
            "Check the part before the @: nobody is there by that name at the moment."
        ]
    if reply.status >= 500:
        return f"answers {said}{server}", ["Check the room system: it says that it cannot serve."]
    note = _UNWILLING.get(str(reply.status))
    return f"answers {said}{server}" + (f" ({note})" if note else ""), []


def _of_tls(tls: TlsSight, now: datetime) -> tuple[str, list[str]]:
    certificate = tls.certificate
    parts = [certificate.protocol or "TLS"]
    if certificate.issuer is not None:
        parts.append(f"certificate by {certificate.issuer}")
    if tls.flaws:
        return f"{', '.join(parts)}: it {' and '.join(tls.flaws)}", ["Renew or replace the certificate."]
    if certificate.expires_at is not None:
        left = certificate.expires_at - now
        parts.append(f"expires in {left.days} days")
        if left < _EXPIRES_SOON:
            return ", ".join(parts), ["Renew the certificate soon."]
    return ", ".join(parts), []


_SAYS = {
    "connected": "connected to its API connector",
    "disconnected": "not connected to its API connector",
    "registered": "registered by SIP",
    "unregistered": "not registered by SIP",
    "registering": "registering by SIP",
    "Idle": "idle",
    "InMeeting": "in a meeting",
    "Connected": "in a call",
    "Presentation": "presenting",
}
_SAYS_NOTHING = {"none", "None", "Unknown"}
_BAD = {"disconnected", "unregistered"}


def of_state(state: RoomState, seconds: float) -> RoomVerdict:
    """Report what Zoom knows of a managed room."""
    words = [word for word in (state.connection, state.sip, state.call) if word and word not in _SAYS_NOTHING]
    told = ", ".join(_SAYS.get(word, word) for word in words)
    is_bad = bool(_BAD & set(words))
    return RoomVerdict(
        id=RoomCheckId.ZOOM,
        status=CheckStatus.WARNING if is_bad else CheckStatus.OK,
        detail=f"Zoom says: {told or 'nothing about its state'}",
        fix="Check the room system and its API connector." if is_bad else None,
        seconds=seconds,
    )


def unasked(why: str, seconds: float = 0.0, *, is_aside: bool = False) -> RoomVerdict:
    """Report why Zoom did not tell the state of a room; it is an aside if nobody expected that."""
    return RoomVerdict(
        id=RoomCheckId.ZOOM,
        status=CheckStatus.SKIPPED,
        detail=why,
        seconds=seconds,
        is_required=False,
        is_aside=is_aside,
    )


def exit_of(checks: Sequence[RoomVerdict]) -> ExitStatus:
    """Return the exit status of a room: no address, no name, or nothing that answers (contract 2)."""
    failed = {check.id for check in checks if check.status is CheckStatus.FAILED}
    if RoomCheckId.ADDRESS in failed:
        return ExitStatus.USAGE
    if RoomCheckId.DNS in failed:
        return ExitStatus.BAD_ADDRESS
    probes = [check for check in checks if check.probed is not None]
    has_failed = bool(probes) and not any(check.status in {CheckStatus.OK, CheckStatus.WARNING} for check in probes)
    return ExitStatus.UNREACHABLE if has_failed else ExitStatus.OK


def is_private(subject: Subject, spots: Iterable[str]) -> bool:
    """Return whether all the addresses that a room has are private."""
    ips = list(spots)
    if not ips:
        return subject.address is not None and any(n.id == "private-address" for n in subject.address.warnings)
    return all(warnings_of_private_address(_ip(ip)) for ip in ips)


def _ip(text: str) -> IpAddress:
    return ipaddress.ip_address(text)


def _listed(ips: Sequence[str]) -> str:
    more = len(ips) - 3
    return ", ".join(ips[:3]) + (f" and {more} more" if more > 0 else "")
