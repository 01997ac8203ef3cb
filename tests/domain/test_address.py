from __future__ import annotations

import contextlib
import ipaddress
import time
import unicodedata
from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from zoomcall.domain.address import IpAddress, Protocol, RoomAddress, warnings_of_private_address
from zoomcall.errors import UsageError

PASSCODE = "Zq81kTw0"
UNPRINTABLE = ["\n", "\r", "\t", " ", "\x00", "\x1b", "\x7f", "\u202e", "\u00a0", "\u2028", "\ud800", "ü"]
ROOM_PROTOCOLS = (Protocol.SIP, Protocol.H323)
PROTOCOLS = st.sampled_from(ROOM_PROTOCOLS)
PUNCTUATION = "@:;#.%/?&=+*-_~!,()'$[]\\\"<>|^`{}"

hosts = st.one_of(
    st.sampled_from(["example.com", "room-1.example.com", "xn--bcher-kva.example", "x", "a_b.example"]),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
    st.sampled_from(["zoomcrc.com", "global.zoomcrc.com", "ZOOMCRC.com."]),
)
users = st.text("abcXYZ019._-+;=&/%20'", min_size=1, max_size=12)
around = st.text(PUNCTUATION + "ab1", max_size=4)
passcodes = st.builds("{}{}{}".format, around, st.just(PASSCODE), around)
schemes = st.sampled_from(["", "sip:", "SIP:", "sips:", "h323:", "sip:sip:", "h323:sip:", "tel:", "//"])
ports = st.sampled_from(["", ":5060", ":5061", ":1720", ":8443", ":0", ":00506099", ":x"])
parameters = st.sampled_from(["", ";transport=tcp", ";a=b@c", ";transport=TLS;x"])


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Put an address together from parts that are each plausible."""
    user = draw(st.one_of(st.just(""), users.map("{}@".format)))
    extension = draw(st.sampled_from(["", "##123", "##a;b", "##123#***", "##"]))
    return draw(schemes) + user + draw(hosts) + draw(ports) + draw(parameters) + extension


@st.composite
def addresses_with_passcode(draw: st.DrawFn) -> str:
    """Hide a passcode in each place where one may stand (zoom-api 10)."""
    passcode = draw(passcodes)
    scheme, host, port, parameter = draw(schemes), draw(hosts), draw(ports), draw(parameters)
    user = draw(st.one_of(st.just(""), users))
    meeting = draw(st.text("0123456789 ab", max_size=11))
    form = draw(st.sampled_from(["extension", "password", "crc"]))
    match form:
        case "extension":
            at = f"{user}@" if user else ""
            return f"{scheme}{at}{host}{port}{parameter}##{meeting}#{passcode}"
        case "password":
            return f"{scheme}{user.replace(':', '')}:{passcode}@{host}{port}{parameter}"
        case _:
            dot = draw(st.sampled_from([".", "%2E", "%2e"]))
            crc = draw(st.sampled_from(["zoomcrc.com", "global.zoomcrc.com", "ZoomCRC.com", "zoomcrc.com."]))
            return f"{scheme}{meeting.strip()}{dot}{passcode}@{crc}{port}{parameter}"


def everything_said(protocol: Protocol, text: str) -> str:
    """Return everything of an address that a user could be shown, accepted or refused."""
    try:
        address = RoomAddress.parse(protocol, text)
    except UsageError as error:
        return f"{error} {error!r} {error.message} {error.fix} {error.command} {error.args}"
    notices = " ".join(f"{notice.id} {notice.message}" for notice in address.warnings)
    return f"{address} {address!r} {address.shown} {address.normalised} {address.user} {address.host} {notices}"


def accepted(protocol: Protocol, text: str) -> RoomAddress:
    try:
        return RoomAddress.parse(protocol, text)
    except UsageError:
        assume(condition=False)
        raise


def normalised(protocol: Protocol, *texts: str) -> set[str]:
    return {RoomAddress.parse(protocol, text).normalised for text in texts}


@given(PROTOCOLS, st.text())
@example(Protocol.SIP, "\ud800@example.com")
@example(Protocol.SIP, "fe80::1%eth0")
@example(Protocol.SIP, "a%ff@example.com")
@example(Protocol.H323, "\x00")
def test_any_text_is_an_address_or_a_usage_error(protocol: Protocol, text: str) -> None:
    with contextlib.suppress(UsageError):
        RoomAddress.parse(protocol, text)


@given(PROTOCOLS, st.one_of(addresses(), addresses_with_passcode()))
def test_an_accepted_address_is_plain_ascii_and_goes_out_as_it_was_given(protocol: Protocol, text: str) -> None:
    address = accepted(protocol, text)
    assert address.text == text
    for seen in (address.text, address.shown, address.normalised, address.host or ""):
        assert seen.isascii()
        assert seen.isprintable()
        assert " " not in seen
    assert (address.user or "").isprintable()
    assert address.host != ""
    assert address.port is None or 0 < address.port < 65536
    assert not address.host or set(address.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-:")


@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
@pytest.mark.parametrize("character", UNPRINTABLE)
@pytest.mark.parametrize("form", ["ro{}om@example.com", "{}room@x.example", "room@example.com{}", "203.0.113.1{}0"])
def test_a_character_that_is_no_printable_ascii_is_refused(protocol: Protocol, character: str, form: str) -> None:
    with pytest.raises(UsageError) as caught:
        RoomAddress.parse(protocol, form.format(character))
    assert all(unicodedata.category(seen) not in {"Cc", "Cf", "Cs"} for seen in caught.value.message)
    assert caught.value.fix


@pytest.mark.parametrize("escape", ["%0A", "%00", "%0d%0A", "%1b", "%E2%80%AE", "%C2%85", "%ff", "%C3"])
def test_a_control_character_hidden_in_an_escape_is_refused(escape: str) -> None:
    with pytest.raises(UsageError):
        RoomAddress.parse(Protocol.SIP, f"ro{escape}om@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@example.com",
        "room@",
        "a@b@example.com",
        ":pw@example.com",
        "room@exa mple.com",
        "room@-example.com",
        "room@example..com",
        "room@" + "a" * 64 + ".example",
        "room@" + "a." * 127 + "example",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4.5",
        "0.0.0.0",  # noqa: S104 - a room's address, bound by nobody
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[ff02::1]",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "[example.com]",
        "[203.0.113.10]",
        "[1234]",
        "example.com:",
        "example.com:0",
        "example.com:65536",
        "example.com:00506099",
        "example.com:-1",
        "example.com:5060x",
        "room%2@example.com",
        "room%zz@example.com",
        "https://example.com",
        "ftp://example.com",
        "mailto:room@example.com",
        "tel:+15555550100",
        "203.0.113.10##",
        "sip:",
        "sip:sip:room@example.com",
        ".",
        "+",
        "..",
    ],
)
def test_what_no_room_could_be_reached_by_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(UsageError, match=r"address-(invalid|missing)") as caught:
        RoomAddress.parse(Protocol.SIP, text)
    assert caught.value.fix


def test_a_sip_uri_is_sent_to_the_sip_command_and_an_h323_url_to_the_other() -> None:
    with pytest.raises(UsageError) as caught:
        RoomAddress.parse(Protocol.H323, "sip:room@example.com")
    assert "invite sip" in str(caught.value.fix)
    with pytest.raises(UsageError) as caught:
        RoomAddress.parse(Protocol.SIP, "h323:room@example.com")
    assert "invite h323" in str(caught.value.fix)


@pytest.mark.parametrize(
    "unit", ["a", "##", "@", ":", "a.", "a:b@", "1", "%41", ";", "[", "sip:", "1.x@zoomcrc.", "##1#@:", "a:##"]
)
@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
def test_a_megabyte_is_refused_at_once_and_not_repeated(protocol: Protocol, unit: str) -> None:
    begun = time.process_time()
    with pytest.raises(UsageError) as caught:
        RoomAddress.parse(protocol, unit * (1_000_000 // len(unit)))
    assert time.process_time() - begun < 5
    assert len(caught.value.message) < 300


@given(PROTOCOLS, addresses_with_passcode())
@example(Protocol.H323, f"203.0.113.10;a##123#{PASSCODE}")
@example(Protocol.H323, f"203.0.113.10##123#{PASSCODE};x")
@example(Protocol.SIP, f"alice:pa@{PASSCODE}@example.com")
@example(Protocol.SIP, f":{PASSCODE}@example.com")
@example(Protocol.SIP, f":##{PASSCODE}#@example.com")
@example(Protocol.SIP, f"a:1##{PASSCODE}#@example.com")
@example(Protocol.SIP, f"a:{PASSCODE}##1@example.com")
@example(Protocol.SIP, f".##{PASSCODE}#@zoomcrc.com")
@example(Protocol.SIP, f".{PASSCODE}:@zoomcrc.com;a=b@c")
@example(Protocol.SIP, f"1.##{PASSCODE}#@zoomcrc.com;a=b@c")
@example(Protocol.SIP, f"alice:x@{PASSCODE}##1#y@example.com")
@example(Protocol.H323, f"203.0.113.10##1#a@{PASSCODE}")
@example(Protocol.SIP, f"sip:sip:{PASSCODE}@example.com")
@example(Protocol.SIP, f"123%2E{PASSCODE}@zoomcrc.com")
@example(Protocol.SIP, f"123.a@{PASSCODE}@zoomcrc.com")
def test_a_passcode_is_never_shown_whatever_becomes_of_the_address(protocol: Protocol, text: str) -> None:
    assert PASSCODE.lower() not in everything_said(protocol, text).lower()


@pytest.mark.parametrize(
    ("protocol", "text", "shown"),
    [
        (Protocol.H323, f"203.0.113.10##84098077904#{PASSCODE}", "203.0.113.10##84098077904#***"),
        (Protocol.H323, f"203.0.113.10##84098077904#{PASSCODE}#1#{PASSCODE}", "203.0.113.10##84098077904#***"),
        (Protocol.SIP, f"alice:{PASSCODE}@example.com", "alice:***@example.com"),
        (Protocol.SIP, f"sip:alice:{PASSCODE}@example.com:5060", "sip:alice:***@example.com:5060"),
        (Protocol.SIP, f"9678722567.{PASSCODE}@zoomcrc.com", "9678722567.***@zoomcrc.com"),
        (Protocol.SIP, f"9678722567.{PASSCODE}.code@global.zoomcrc.com", "9678722567.***@global.zoomcrc.com"),
        (Protocol.SIP, "room@example.com", "room@example.com"),
        (Protocol.SIP, "first.last@example.com", "first.last@example.com"),
        (Protocol.H323, "203.0.113.10##123", "203.0.113.10##123"),
    ],
)
def test_what_is_shown_hides_the_passcode_alone(protocol: Protocol, text: str, shown: str) -> None:
    address = RoomAddress.parse(protocol, text)
    assert address.shown == str(address) == shown
    assert address.text == text


@given(PROTOCOLS, st.one_of(addresses(), addresses_with_passcode()))
@example(Protocol.SIP, "a:@" + "b" * 60 + ("." + "c" * 60) * 3 + ";" + "d" * 265)
def test_what_is_shown_is_an_address_again_and_the_same_one(protocol: Protocol, text: str) -> None:
    address = accepted(protocol, text)
    again = RoomAddress.parse(protocol, address.shown)
    assert again.shown == address.shown
    assert again.normalised == address.normalised
    assert (again.user, again.host, again.port) == (address.user, address.host, address.port)


@given(PROTOCOLS, st.one_of(addresses(), addresses_with_passcode()))
@example(Protocol.SIP, "a%40b@example.com")
@example(Protocol.SIP, "a%20b@example.com")
@example(Protocol.SIP, "stra%C3%9Fe@example.com")
@example(Protocol.SIP, "sips:room@example.com:5060")
@example(Protocol.SIP, "a#b@example.com")
def test_normalising_twice_is_normalising_once(protocol: Protocol, text: str) -> None:
    once = accepted(protocol, text).normalised
    assert RoomAddress.parse(protocol, once).normalised == once


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "room@example.com",
            "ROOM@Example.COM",
            "sip:room@example.com",
            "SIP:room@example.com",
            "sips:room@example.com",
            "room@example.com.",
            "room@example.com:5060",
            "room@example.com:05060",
            "room@example.com;transport=tcp",
            "sip:room@example.com:5060;transport=udp",
            "sips:room@example.com:5061",
            "sip:room@example.com:5061;transport=tls",
            "%72oom@example.com",
            "ro%6Fm@example.com",
            "ro%6fm@example.com",
            "room:secret@example.com",
            "sip:room:other@example.com;transport=tls",
        ],
        ["203.0.113.10", "sip:203.0.113.10", "203.0.113.10:5060", "203.0.113.10.", "203.0.113.10;transport=tcp"],
        ["[2001:db8::1]", "2001:db8::1", "[2001:DB8:0::1]", "2001:0db8:0:0:0:0:0:1", "[2001:db8::1]:5060"],
        ["room@[2001:db8::1]", "room@2001:db8::1", "sip:room@[2001:DB8::0:1]:5060"],
        ["84098", "sip:84098", "84098;user=phone"],
        ["9678722567.aaa@zoomcrc.com", "sip:9678722567.bbb@ZoomCRC.com", "9678722567.ccc.1@zoomcrc.com:5060"],
        ["b%C3%BCro@example.com", "B%c3%bcro@example.com"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_every_spelling_of_a_sip_room_is_the_same_room(spellings: list[str]) -> None:
    assert len(normalised(Protocol.SIP, *spellings)) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        ["203.0.113.10", "h323:203.0.113.10", "H323:203.0.113.10", "203.0.113.10:1720", "203.0.113.10."],
        ["203.0.113.10##123#a", "203.0.113.10##123#b", "203.0.113.10:1720##123#c#d", "h323:203.0.113.10##123#e"],
        ["room@example.com", "h323:Room@EXAMPLE.com:1720"],
        ["84098", "h323:84098"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_every_spelling_of_an_h323_room_is_the_same_room(spellings: list[str]) -> None:
    assert len(normalised(Protocol.H323, *spellings)) == 1


def test_different_rooms_are_told_apart() -> None:
    texts = (
        "room@example.com",
        "room2@example.com",
        "room@example.org",
        "room@www.example.com",
        "room@example.com:5070",
        "example.com",
        "203.0.113.10",
        "room@203.0.113.10",
        "203.0.113.11",
        "[2001:db8::1]",
        "[2001:db8::2]",
        "84098",
        "+84098",
        "203.0.113.10##123",
        "203.0.113.10##124",
        "9678722567.aaa@zoomcrc.com",
        "9678722568.aaa@zoomcrc.com",
        "a%3Ab@example.com",
        "a%3Ac@example.com",
        "a%40b@example.com",
        "a%2540b@example.com",
    )
    assert len(normalised(Protocol.SIP, *texts)) == len(texts)


@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
@pytest.mark.parametrize("text", ["203.0.113.10", "room@example.com", "7357@test.plcm.vc", "8.8.8.8"])
def test_the_forms_that_zoom_documents_pass_in_silence(protocol: Protocol, text: str) -> None:
    assert RoomAddress.parse(protocol, text).warnings == ()


@pytest.mark.parametrize(
    ("protocol", "text", "identifiers"),
    [
        (Protocol.SIP, "sip:room@example.com", {"scheme-unconfirmed"}),
        (Protocol.SIP, "sips:room@example.com", {"scheme-unconfirmed"}),
        (Protocol.H323, "h323:room@example.com", {"scheme-unconfirmed"}),
        (Protocol.SIP, "room@example.com;transport=tcp", {"parameters-unconfirmed"}),
        (Protocol.SIP, "room@example.com:5060", {"port-unconfirmed"}),
        (Protocol.H323, "203.0.113.10##123", {"extension-unconfirmed"}),
        (Protocol.H323, "84098", {"alias-unconfirmed"}),
        (Protocol.SIP, "+15555550100", {"alias-unconfirmed"}),
        (Protocol.SIP, "[2001:db8::1]", {"ipv6-unconfirmed"}),
        (Protocol.SIP, "10.100.111.237", {"private-address"}),
        (Protocol.SIP, "room@192.168.0.7", {"private-address"}),
        (Protocol.H323, "[fd00::1]", {"ipv6-unconfirmed", "private-address"}),
        (
            Protocol.SIP,
            "sip:room@10.0.0.1:5070;transport=tls",
            {"scheme-unconfirmed", "parameters-unconfirmed", "port-unconfirmed", "private-address"},
        ),
    ],
)
def test_an_unconfirmed_form_passes_as_it_stands_with_a_warning(
    protocol: Protocol, text: str, identifiers: set[str]
) -> None:
    address = RoomAddress.parse(protocol, text)
    assert {notice.id for notice in address.warnings} == identifiers
    assert address.text == text


def test_sip_and_a_number_is_an_alias_behind_its_scheme() -> None:
    address = RoomAddress.parse(Protocol.SIP, "sip:84098")
    assert (address.user, address.host, address.port) == ("84098", None, None)


@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
@pytest.mark.parametrize("text", ["room@84098", "room@+15555550100", "84098@84098"])
def test_a_number_after_a_user_is_not_an_alias(protocol: Protocol, text: str) -> None:
    with pytest.raises(UsageError, match="address-invalid"):
        RoomAddress.parse(protocol, text)


def test_a_host_and_port_are_no_scheme() -> None:
    address = RoomAddress.parse(Protocol.H323, "room:1721")
    assert (address.user, address.host, address.port) == (None, "room", 1721)


@given(PROTOCOLS, st.ip_addresses())
def test_a_literal_address_is_known_as_one(protocol: Protocol, ip: IpAddress) -> None:
    assume(not ip.is_unspecified and not ip.is_multicast and str(ip) != "255.255.255.255")
    address = RoomAddress.parse(protocol, str(ip) if ip.version == 4 else f"[{ip}]")
    assert address.ip == ip
    is_warned = any(notice.id == "private-address" for notice in address.warnings)
    assert is_warned == bool(warnings_of_private_address(ip))


@pytest.mark.parametrize(
    ("text", "is_private"),
    [
        ("::a00:1", False),  # the bits of 10.0.0.1, but another network
        ("9.255.255.255", False),
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("100.63.255.255", False),
        ("100.64.0.0", True),
        ("100.128.0.0", False),
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("172.15.255.255", False),
        ("172.16.0.0", True),
        ("172.31.255.255", True),
        ("172.32.0.0", False),
        ("192.168.255.255", True),
        ("192.169.0.0", False),
        ("::1", True),
        ("fc00::1", True),
        ("fe80::1", True),
        ("2001:db8::1", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_private_networks_are_known_to_their_edges(text: str, is_private: bool) -> None:
    assert bool(warnings_of_private_address(ipaddress.ip_address(text))) is is_private


def test_a_host_name_is_no_literal_address() -> None:
    assert RoomAddress.parse(Protocol.SIP, "room@example.com").ip is None
    assert RoomAddress.parse(Protocol.SIP, "84098").ip is None


@pytest.mark.parametrize(("user", "host"), [*product(["room", "a.b", "7357"], ["example.com", "203.0.113.10"])])
def test_user_and_host_are_read_apart(user: str, host: str) -> None:
    address = RoomAddress.parse(Protocol.SIP, f"sip:{user}:pw@{host}:5070;transport=tls")
    assert (address.user, address.host, address.port) == (user, host, 5070)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("room$$1234$$5678@conf.example.com", "room$$***@conf.example.com"),
        ("1001$$1234@conf.example.com", "1001$$***@conf.example.com"),
        ("sip:1001$$1234$$5678@conf.example.com", "sip:1001$$***@conf.example.com"),
        ("98765432101.1234@gateway.example.com", "98765432101.***@gateway.example.com"),
        ("98765432101.1234.5678@203.0.113.5", "98765432101.***@203.0.113.5"),
        ("sip:98765432101.1234@zoomcrc.com", "sip:98765432101.***@zoomcrc.com"),
    ],
)
def test_passcodes_of_other_services_are_masked_too(text: str, shown: str) -> None:
    address = RoomAddress.parse(Protocol.SIP, text)
    assert (address.shown, address.text) == (shown, text)
    assert "1234" not in address.normalised


@pytest.mark.parametrize(
    "text", ["board.room@example.com", "1.2.3@example.com", "a$b@example.com", "12345.67@example.com"]
)
def test_what_is_no_passcode_is_not_masked(text: str) -> None:
    assert RoomAddress.parse(Protocol.SIP, text).shown == text


@pytest.mark.parametrize("host", ["zoomcrc.com", "global.zoomcrc.com", "162.255.37.11"])
def test_zooms_own_dial_in_is_warned_of(host: str) -> None:
    warned = [notice.id for notice in RoomAddress.parse(Protocol.SIP, f"98765432101@{host}").warnings]
    assert "own-dial-in-address" in warned


@pytest.mark.parametrize("host", ["notzoomcrc.com", "zoomcrc.com.example.com", "162.255.37.12"])
def test_other_hosts_are_not(host: str) -> None:
    assert "own-dial-in-address" not in [n.id for n in RoomAddress.parse(Protocol.SIP, f"9876@{host}").warnings]


def test_an_ipv6_address_after_the_at_belongs_in_brackets() -> None:
    [warning] = [
        notice
        for notice in RoomAddress.parse(Protocol.SIP, "board@2001:db8::10").warnings
        if notice.id == "ipv6-without-brackets"
    ]
    assert "board@[2001:db8::10]" in warning.message
    bracketed = RoomAddress.parse(Protocol.SIP, "board@[2001:db8::10]")
    assert "ipv6-without-brackets" not in [notice.id for notice in bracketed.warnings]


@pytest.mark.parametrize(
    "text",
    [
        "Board Room <sip:room@example.com>",
        '"Board" <room@example.com>',
        "<room@example.com>",
        '"Room" <sip:room@example.com>;transport=tls',
        "To: <sip:room@example.com>;tag=1",
        " room@example.com\n",
        "SIP: room@example.com",
        "SIP address: room@example.com",
        "sip:room@example.com",
        "sip://room@example.com",
        '"room@example.com",',
        "\u201croom@example.com\u201d",
        "\ufeffroom@example.com\u200b",
        "room@example.com (Board room, 4th floor)",
        '"device_ip": "room@example.com",',
        "device_ip=room@example.com",
    ],
)
def test_the_address_is_taken_out_of_what_was_copied_along(text: str) -> None:
    assert RoomAddress.parse_typed(Protocol.SIP, text).normalised == "room@example.com"


@pytest.mark.parametrize("text", ["user:pw@example.com", "a.b@example.com", "sip:room@x;transport=tls", "h.323@x"])
def test_an_address_alone_is_left_as_it_is(text: str) -> None:
    assert RoomAddress.parse_typed(Protocol.SIP, text).text == text


@pytest.mark.parametrize("text", [" room@example.com", "Room <sip:room@example.com>", "SIP: room@example.com"])
def test_an_address_in_a_request_is_not_taken_out(text: str) -> None:
    with pytest.raises(UsageError, match="address-invalid"):
        RoomAddress.parse(Protocol.SIP, text)


@pytest.mark.parametrize(
    "text",
    [
        "https://us02web.zoom.us/j/98765432101?pwd=Zq81kTw0",
        "zoom.us/j/98765432101",
        "zoommtg://zoom.us/join?confno=98765432101&pwd=Zq81kTw0",
        "https://www.google.com/url?q=https://zoom.us/j/98765432101",
        "987 6543 2101",
        "987-6543-2101",
    ],
)
@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
def test_a_meeting_in_place_of_an_address_is_answered_with_its_flag(protocol: Protocol, text: str) -> None:
    with pytest.raises(UsageError, match="not a room's address") as caught:
        RoomAddress.parse_typed(protocol, text)
    assert "--meeting 98765432101" in (caught.value.fix or "")
    assert PASSCODE not in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.parametrize("text", ["98765432101@zoomcrc.com", "162.255.37.11##98765432101#Zq81kTw0"])
def test_zooms_own_dial_in_is_answered_with_the_flag_of_its_meeting(text: str) -> None:
    [warning] = [n for n in RoomAddress.parse(Protocol.H323, text).warnings if n.id == "own-dial-in-address"]
    assert "--meeting 98765432101" in warning.message
    assert PASSCODE not in warning.message


@given(PROTOCOLS, st.one_of(st.text(), addresses().map("SIP: <{}>;x".format)))
def test_any_typed_text_is_an_address_or_a_usage_error(protocol: Protocol, text: str) -> None:
    with contextlib.suppress(UsageError):
        RoomAddress.parse_typed(protocol, text)


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJl",
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2ln_mF0-XJl",
        "bk7Qm2Vx9Lp4Rt8Wz1Yn6Cd3Hf5Js0Kg",
    ],
)
@pytest.mark.parametrize("protocol", ROOM_PROTOCOLS)
def test_what_looks_like_a_token_is_refused_and_not_repeated(protocol: Protocol, text: str) -> None:
    with pytest.raises(UsageError, match="looks like a token") as failure:
        RoomAddress.parse_typed(protocol, text)
    told = f"{failure.value} {failure.value.fix}"
    assert not any(piece in told for piece in text.removeprefix("Bearer ").split("."))


@pytest.mark.parametrize(
    "text",
    [
        "eyjafjallajokull.example.com",
        "BoardroomEastWingBuilding12",
        "boardroom0east1wing2building3.example.com",
        "Boardroom-East-Wing-Building-12-Floor-3",
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2ln@rooms.example.com",
    ],
)
def test_a_long_name_is_no_token(text: str) -> None:
    assert RoomAddress.parse_typed(Protocol.SIP, text).text == text
