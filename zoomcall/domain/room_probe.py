"""What can be found out about a room without ringing it: where its name leads, and what answers there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from msgspec import Struct

from zoomcall.domain.network_path import Certificate


class Carrier(StrEnum):
    """How a room is reached (RFC 3263; H.323's signalling runs over TCP).

    Attributes:
        label: How it is written in a sentence.
        port: The default port.
        service: Where a domain's SRV records are.
        naptr: What a NAPTR record calls it; empty if none does.
    """

    _value_: str
    label: str
    port: int
    service: str
    naptr: str

    def __new__(cls, word: str, label: str = "", port: int = 0, service: str = "", naptr: str = "") -> Self:
        """Build a member from its row in the table below."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.label, member.port, member.service, member.naptr = label, port, service, naptr
        return member

    TLS = "sip-tls", "SIP over TLS", 5061, "_sips._tcp", "SIPS+D2T"
    TCP = "sip-tcp", "SIP over TCP", 5060, "_sip._tcp", "SIP+D2T"
    UDP = "sip-udp", "SIP over UDP", 5060, "_sip._udp", "SIP+D2U"
    H323 = "h323", "H.323", 1720, "_h323cs._tcp", ""


class Naptr(Struct, frozen=True, kw_only=True):
    """A NAPTR record, as far as RFC 3263 needs it; ``text`` is the whole record as zone files have it."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str
    text: str


class Srv(Struct, frozen=True, kw_only=True):
    """An SRV record; the target is without its final dot, and empty if the service is not offered."""

    priority: int
    weight: int
    port: int
    target: str
    text: str


class NameRecord(Struct, frozen=True):
    """A record that was found: its owner, its type, and what it says."""

    owner: str
    type: str
    text: str


class Spot(Struct, frozen=True, kw_only=True):
    """One place to probe.

    Attributes:
        carrier: How.
        ip: An IP address without brackets.
        port: The port.
        host: The name that a certificate there must be for.
        is_required: Whether the address or DNS names this carrier; otherwise it is one of several that may serve.
    """

    carrier: Carrier
    ip: str
    port: int
    host: str
    is_required: bool

    @property
    def place(self) -> str:
        """IP address and port, as they are written together."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


class SipReply(Struct, frozen=True, kw_only=True):
    """The final answer to OPTIONS; foreign text is printable and short."""

    status: int
    reason: str
    server: str | None


class TlsSight(Struct, frozen=True, kw_only=True):
    """A certificate as it was seen.

    Attributes:
        certificate: Issuer, expiry and TLS version.
        names: The names that it is for.
        flaws: What is wrong with it, in words.
    """

    certificate: Certificate
    names: tuple[str, ...]
    flaws: tuple[str, ...]

    def with_flaws_of(self, host: str, now: datetime) -> Self:
        """Add what its names and dates show."""
        flaws = list(self.flaws)
        expires_at = self.certificate.expires_at
        if expires_at is not None and expires_at < now:
            flaws.append(f"has expired on {expires_at:%Y-%m-%d}")
        if self.names and not any(_covers(name.lower(), host.lower()) for name in self.names):
            shown = ", ".join(self.names[:3]) + (" and others" if len(self.names) > 3 else "")
            flaws.append(f"is for {shown}, not for {host}")
        return type(self)(certificate=self.certificate, names=self.names, flaws=tuple(dict.fromkeys(flaws)))


def _covers(name: str, host: str) -> bool:
    """Return whether a certificate's name is that of a host; a star stands for the first label (RFC 6125)."""
    if name.startswith("*."):
        return "." in host and host.partition(".")[2] == name[2:]
    return name == host


class Probed(Struct, frozen=True, kw_only=True):
    """What came of a probe.

    Attributes:
        spot: Where.
        seconds: How long it took.
        failure: Why nothing can be reached there; None if something can.
        is_unroutable: This machine has no way there, so it says nothing about the room.
        remark: What is odd about what answers.
        reply: The answer to OPTIONS.
        tls: The certificate.
    """

    spot: Spot
    seconds: float
    failure: str | None = None
    is_unroutable: bool = False
    remark: str | None = None
    reply: SipReply | None = None
    tls: TlsSight | None = None
