"""A room system's address, as Zoom's ``device_ip`` takes it."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from typing import ClassVar, Self
from urllib.parse import quote, unquote

from zoomcall.domain.cause import Notice
from zoomcall.domain.pasted_value import address_in
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import number_of_link
from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError

_LONGEST = 512
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = Pattern(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_NUMBERS = Pattern(r"[0-9.]+\Z")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = Pattern(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}\Z")
_BROADCAST, _MULTICAST = 0xFFFFFFFF, 0b1110
_ALIAS = Pattern(r"\+?[0-9]+\Z")
_BRACKETED = Pattern(r"\[([^\]]*)\](?::(.*))?")
_BROKEN_ESCAPE = Pattern(r"%(?![0-9A-Fa-f]{2})")
_USER = Pattern(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/%#:]+\Z")
_UNESCAPED_IN_USER = "!~*'()&=+$,;?/"
_OWN_SCHEMES = {"sip", "sips", "h323"}
_FOREIGN_SCHEMES = {"tel", "mailto", "callto", "http", "https", "im", "xmpp", "skype", "zoommtg"}
_DEFAULT_PORTS = {"sip": {None, 5060, 5061}, "h323": {None, 1720}}
_LARGEST_PORT = 65535
_CRC_HOST = "zoomcrc.com"
_CRC_ADDRESSES = {"162.255.37.11", "162.255.36.11", "213.19.144.110"}
"""Addresses that Zoom's invitations print for H.323 rooms to call (zoom-api 10)."""
_TRANSPORT = Pattern(r";transport=(\w+)", re.IGNORECASE)
_MEETING = Pattern(r"\d{9,11}(?!\d)")
_SPACED_MEETING = Pattern(r"\d(?:[ -]?\d){8,10}")
_MASK = "***"

_PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)

_PRIVATE_BITS = {
    version: tuple((int(n.network_address), int(n.netmask)) for n in _PRIVATE_NETWORKS if n.version == version)
    for version in (4, 6)
}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


_THE_ROOM = Pattern(r"\b([Tt]he|[Aa]) room\b")


class Protocol(StrEnum):
    """What Zoom rings with: a room's protocol (its ``call_type``), or the telephone network.

    Attributes:
        label: How it is written in a sentence.
        device: What Zoom's rosters call whoever joined by it (zoom-api 4).
        header_group: The field of a room's callout that holds names and headers.
        noun: What is rung by it.
    """

    _value_: str
    label: str
    device: str
    header_group: str
    noun: str

    def __new__(
        cls, word: str, label: str = "", device: str = "", header_group: str = "", noun: str = "room"
    ) -> Self:
        """Build a member from its row in the table below."""
        protocol = str.__new__(cls, word)
        protocol._value_ = word
        protocol.label, protocol.device, protocol.header_group = label, device, header_group
        protocol.noun = noun
        return protocol

    SIP = "sip", "SIP", "H.323/SIP", "sip_headers"
    H323 = "h323", "H.323", "H.323/SIP", "h323_headers"
    PHONE = "phone", "phone", "Phone", "", "phone"

    def told(self, text: str) -> str:
        """Return a text about a room as it is told of what this protocol rings: of a phone, for one."""
        return text if self.noun == "room" else _THE_ROOM.sub(rf"\1 {self.noun}", text)


class RoomAddress(Discreet, frozen=True, gc=False):
    """A valid room address.

    Attributes:
        protocol: SIP or H.323.
        text: The address for Zoom, byte for byte as it was given. May hold a passcode: never print it.
        shown: The address with any passcode masked; it parses to the same room.
        user: The part before ``@``, unescaped, without a password; None if there is none.
        host: Host name or literal address, lower case, without brackets; None for an alias of digits.
        port: As given, else None.
        extension: What follows ``##``, with any passcode masked; None if there is none.
        warnings: One for each form that zoom-api 10 calls unconfirmed, and one for a private address.
    """

    unshown: ClassVar = frozenset({"text"})

    protocol: Protocol
    text: str
    shown: str
    user: str | None
    host: str | None
    port: int | None
    extension: str | None = None
    warnings: tuple[Notice, ...] = ()

    @property
    def normalised(self) -> str:
        """The address in one spelling for everything that rings the same room, for the guard and for events.

        It has no scheme, parameters, default port (SIP's or TLS's), password or upper case; a passcode is masked.
        """
        user = "" if self.user is None else quote(self.user.casefold(), safe=_UNESCAPED_IN_USER)
        host = self.host or ""
        if ":" in host:
            host = f"[{host}]"
        port = "" if self.port in _DEFAULT_PORTS[self.protocol] else f":{self.port}"
        tail = "" if self.extension is None else f"##{self.extension.casefold()}"
        at = "@" if user and host else ""
        return f"{user}{at}{host}{port}{tail}"

    @property
    def ip(self) -> IpAddress | None:
        """The host as an IP address, if it is one."""
        try:
            return ipaddress.ip_address(self.host or "")
        except ValueError:
            return None

    @property
    def transport(self) -> str | None:
        """The transport that a SIP address asks for, lower case: ``tls`` for ``sips:``, else its parameter."""
        if self.shown[:5].lower() == "sips:":
            return "tls"
        asked = _TRANSPORT.search(self.shown, self.shown.rfind("@") + 1)
        return None if asked is None else asked[1].lower()

    def __str__(self) -> str:
        return self.shown

    @classmethod
    def parse(cls, protocol: Protocol, text: str) -> RoomAddress:
        """Parse an address as typed.

        Forms that Zoom's documents show pass silently: an IPv4 address, ``user@host``.
        Unconfirmed forms (zoom-api 10) pass unchanged, each with a warning.

        Raises:
            UsageError: Neither Zoom nor the room could understand it.
        """
        return _Parser(protocol, text).parse()

    @classmethod
    def parse_typed(cls, protocol: Protocol, text: str) -> RoomAddress:
        """Parse an address that a person gave, perhaps with what was copied along; as ``parse`` otherwise."""
        return cls.parse(protocol, address_in(text))


def warnings_of_private_address(ip: IpAddress) -> tuple[Notice, ...]:
    """Return a warning if Zoom's cloud cannot route to the address (zoom-api 10)."""
    plain = (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip
    return _private(int(plain), plain.version, str(ip))


def _private(bits: int, version: int, shown: str) -> tuple[Notice, ...]:
    """Return the warning about an address as a number; ``ipaddress`` takes ten times as long for a batch's rows."""
    for network, mask in _PRIVATE_BITS[version]:
        if bits & mask == network:
            why = "is a private address; Zoom's cloud can reach it only through a Virtual Room Connector"
            return (Notice("private-address", f"{shown} {why}"),)
    return ()


_TOKEN = Pattern(
    r"(?:[Bb]earer\s+)?(?:eyJ[\w-]{8,}(?:\.[\w-]+)+\.?"
    r"|(?=[A-Za-z]*\d)(?=[a-z\d]*[A-Z])(?=[A-Z\d]*[a-z])[A-Za-z\d]{28,})"
)
"""A JWT, or a long word of small and capital letters and digits, which no host is."""


class _Parser:
    """Parses one address and collects its warnings.

    It works on the masked text, so that no part of it that ends up in a message can be a passcode.
    """

    def __init__(self, protocol: Protocol, text: str) -> None:
        self.protocol = protocol
        self.given = text
        self.masked = _masked(text)
        self.warnings: list[Notice] = []

    def parse(self) -> RoomAddress:
        self._refuse_unreadable()
        rest, extension = self._split_extension(self.masked)
        rest = self._without_scheme(rest)
        rest = self._without_parameters(rest)
        user, host_port = self._split_user(rest)
        if user is not None and host_port.count(":") > 1 and not host_port.startswith("["):
            self._warn_of_bare_ipv6(rest, host_port)
        host, port = self._split_port(host_port)
        if user is None and self._is_alias(host):
            self._warn(
                "alias-unconfirmed",
                f"{host} is an alias of digits; Zoom documents only IP addresses and URIs",
            )
            user, host_name = host, None
        else:
            host_name = self._host(host)
        if host_name is not None and (host_name in _CRC_ADDRESSES or f".{host_name}".endswith(f".{_CRC_HOST}")):
            self._warn_of_dial_in(host_name, user or extension or "")
        return RoomAddress(
            protocol=self.protocol,
            text=self.given,
            shown=self.masked,
            user=user,
            host=host_name,
            port=port,
            extension=extension,
            warnings=tuple(self.warnings),
        )

    def _warn_of_dial_in(self, host: str, meeting: str) -> None:
        number = _MEETING.match(meeting)
        target = f"--meeting {number[0]}" if number else "--meeting or --session"
        self._warn(
            "own-dial-in-address",
            f"{host} is Zoom's own dial-in, which rooms call to join; Zoom rings the room's own address: "
            f"give that one, and say with {target} what to ring it into",
        )

    def _warn_of_bare_ipv6(self, text: str, host: str) -> None:
        try:
            ip = ipaddress.IPv6Address(host)
        except ValueError:
            return
        user = text.removesuffix(f"@{host}")
        self._warn("ipv6-without-brackets", f"an IPv6 address after the @ belongs in brackets: {user}@[{ip}]")

    def _refuse_unreadable(self) -> None:
        text = self.given
        if not text.strip():
            raise UsageError(
                "the address is empty (address-missing)",
                fix="Give the room's address, such as room@example.com or 203.0.113.10.",
            )
        size = max(len(text), len(self.masked))
        if size > _LONGEST:
            raise self._invalid(f"has {size} characters; an address has at most {_LONGEST}")
        self._refuse_meeting()
        if _TOKEN.fullmatch(text.strip()):
            raise UsageError(
                f"what is given as the {self.protocol.label} address looks like a token (address-invalid)",
                fix="Give the room's address, such as room@example.com. A token goes into a file that "
                "ZOOMCALL_TOKEN_FILE names, never on a command line.",
            )
        for character in "" if _is_plain(text) else text:
            if character.isspace() or not character.isprintable():
                raise self._invalid("contains a space, line break or control character")
            if not character.isascii():
                raise self._invalid(
                    f"contains {character!r}; addresses are ASCII",
                    fix="Write the host in punycode (xn--…) and escape the user part (%C3%BC).",
                )

        if _is_ambiguous(text):
            raise self._invalid("is ambiguous: it has more than one @, or one after its ##")

    def _refuse_meeting(self) -> None:
        number = number_of_link(self.given)
        what = "is a join link"
        if number is None and _SPACED_MEETING.fullmatch(self.given) and not self.given.isdigit():
            number, what = re.sub(r"\D", "", self.given), "is a meeting's number"
        if number is not None:
            fix = f"Give the address of the room, and the meeting with --meeting {number}."
            raise self._invalid(f"{what}, not a room's address", fix=fix)

    def _invalid(self, what: str, fix: str | None = None) -> UsageError:
        return UsageError(
            f"the {self.protocol.label} address {quoted(self.masked)} {what} (address-invalid)",
            fix=fix or "Write it like room@example.com or 203.0.113.10.",
        )

    def _warn(self, identifier: str, message: str) -> None:
        self.warnings.append(Notice(identifier, message))

    def _split_extension(self, text: str) -> tuple[str, str | None]:
        rest, marks, extension = text.partition("##")
        if not marks:
            return text, None
        if not extension:
            raise self._invalid("ends in ## without an extension")
        self._warn("extension-unconfirmed", "Zoom's documents do not confirm the form host##extension")
        return rest, extension

    def _without_scheme(self, text: str) -> str:
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme not in _OWN_SCHEMES or not colon:
            if (colon and scheme in _FOREIGN_SCHEMES) or "://" in text:
                raise self._invalid("is a link, not a room's address")
            return text
        if rest.partition(":")[0].lower() in _OWN_SCHEMES and ":" in rest:
            raise self._invalid("names a scheme twice")
        is_h323 = scheme == "h323"
        if is_h323 and self.protocol is Protocol.SIP:
            raise self._invalid("is an H.323 URL", fix="Ring it with `zoomcall invite h323`.")
        if not is_h323 and self.protocol is Protocol.H323:
            raise self._invalid("is a SIP URI", fix="Ring it with `zoomcall invite sip`.")
        self._warn(
            "scheme-unconfirmed",
            f"Zoom's documents show no address that starts with {scheme}:; it is sent as given",
        )
        return rest

    def _without_parameters(self, text: str) -> str:
        semicolon = text.find(";", text.rfind("@") + 1)
        if semicolon < 0:
            return text
        self._warn(
            "parameters-unconfirmed",
            f"Zoom's documents show no parameters like {quoted(text[semicolon:])}; they are sent as given",
        )
        return text[:semicolon]

    def _split_user(self, text: str) -> tuple[str | None, str]:
        user, at, host = text.rpartition("@")
        if not at:
            return None, text
        name = user.partition(":")[0]
        if not name:
            raise self._invalid("has nothing before the @")
        if not host:
            raise self._invalid("has nothing after the @")
        if not _USER.match(user):
            raise self._invalid("has characters before the @ that no SIP or H.323 address can contain")
        if "%" not in user:
            return name, host
        if _BROKEN_ESCAPE.search(user):
            raise self._invalid("contains a % that does not start an escape like %20")
        try:
            name = unquote(name, errors="strict")
        except UnicodeDecodeError:
            raise self._invalid("contains an escape that is not UTF-8") from None
        if not name.isprintable():
            raise self._invalid("hides a control character in an escape")
        return name, host

    def _split_port(self, text: str) -> tuple[str, int | None]:
        if bracketed := _BRACKETED.fullmatch(text):
            host, port_text = bracketed[1], bracketed[2]
            if ":" not in host:
                raise self._invalid("has something other than an IPv6 address in its brackets")
        elif text.count(":") == 1:
            host, _, port_text = text.partition(":")
        else:
            host, port_text = text, None
        if port_text is None:
            return host, None
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) <= _LARGEST_PORT):
            raise self._invalid(f"has the port {quoted(port_text, 20)}; ports are 1 to 65535")
        self._warn(
            "port-unconfirmed", "Zoom's documents do not confirm a port after the address; it is sent as given"
        )
        return host, int(port_text)

    @staticmethod
    def _is_alias(host: str) -> bool:
        return bool(_ALIAS.match(host))

    def _host(self, host: str) -> str:
        if ":" in host:
            if "%" in host:
                raise self._invalid("contains a zone (%…), which is valid on one machine only")
            try:
                ip: IpAddress = ipaddress.IPv6Address(host)
            except ValueError:
                raise self._invalid("does not contain a valid IPv6 address") from None
            if ip.is_unspecified or ip.is_multicast:
                raise self._invalid("does not name a single device")
            self._warn("ipv6-unconfirmed", "Zoom's documents do not confirm IPv6 addresses")
            self.warnings.extend(warnings_of_private_address(ip))
            return str(ip)
        name = host.rstrip(".") if host.endswith(".") and not host.endswith("..") else host
        if _NUMBERS.match(name):
            ipv4 = _IPV4.match(name)
            if ipv4 is None:
                raise self._invalid(f"contains {quoted(name)}, which is not a valid IPv4 address")
            bits = int.from_bytes(map(int, ipv4.groups()), "big")
            if bits in {0, _BROADCAST} or bits >> 28 == _MULTICAST:
                raise self._invalid("does not name a single device")
            self.warnings.extend(_private(bits, 4, name))
            return name
        if len(name) > 253 or not _HOST_NAME.match(name):
            raise self._invalid(f"contains {quoted(name)}, which is not a valid host name")
        return name.lower()


_SCHEME = "(?:sips?|h323):"
_EXTENSION_PASSCODE = Pattern(r"(##[^#]*#).+", re.DOTALL)
_USER_PASSWORD = Pattern(rf"^({_SCHEME}[^:@]*|(?!{_SCHEME})[^:@]*):.*@", re.IGNORECASE | re.DOTALL)
_CRC_PASSCODE = Pattern(
    rf"^((?:{_SCHEME})?[^.%@:]*)[.%].*@(?=(?:[\w-]+\.)*{re.escape(_CRC_HOST)})", re.IGNORECASE | re.DOTALL
)


_NUMBER_PASSCODE = Pattern(rf"^((?:{_SCHEME})?\d{{9,11}})\.[^@]*\d@", re.IGNORECASE)
_DOLLAR_PASSCODES = Pattern(r"^([^@]*?\$\$)[^@]+@", re.DOTALL)


def _masked(text: str) -> str:
    """Mask what may be a passcode.

    That is what comes after ``##meeting#`` or ``user:``, between ``room$$`` and ``@``, and after the dot in
    ``meeting.passcode@zoomcrc.com``.
    """
    if _is_ambiguous(text):
        return _MASK
    masked = text
    if "##" in text:
        masked = _EXTENSION_PASSCODE.sub(rf"\1{_MASK}", masked)
    if "@" in text:
        if ":" in text:
            masked = _USER_PASSWORD.sub(rf"\1:{_MASK}@", masked)
        if "$$" in text:
            masked = _DOLLAR_PASSCODES.sub(rf"\1{_MASK}@", masked)
        if _NUMBER_PASSCODE.match(text):
            masked = _NUMBER_PASSCODE.sub(rf"\1.{_MASK}@", masked)
        if _CRC_HOST in text.lower():
            masked = _CRC_PASSCODE.sub(rf"\1.{_MASK}@", masked)
    return masked


def _is_ambiguous(text: str) -> bool:
    """Return whether it can be read in several ways, so that nobody can tell where a passcode begins and ends."""
    before, _, after = text.partition("##")
    if "@" in before:
        return text.count("@") > 1
    if "@" not in after:
        return False
    name = re.sub(rf"\A{_SCHEME}", "", before, count=1, flags=re.IGNORECASE)
    return ":" in name or _CRC_HOST in after.lower()


def _is_plain(text: str) -> bool:
    """Return whether a text is ASCII without spaces and control characters."""
    return text.isascii() and text.isprintable() and " " not in text
