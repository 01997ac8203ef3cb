from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.callout import (
    Callout,
    CalloutRequest,
    SipHeader,
    parse_display_name,
    parse_from_uri,
    parse_headers,
)
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.target import Api, MeetingNumber, MeetingTarget, SessionId, SessionTarget
from zoomcall.errors import UsageError

SIP_ROOM = RoomAddress.parse(Protocol.SIP, "room@example.com")
H323_ROOM = RoomAddress.parse(Protocol.H323, "203.0.113.10")


def test_the_body_for_a_sip_room_in_a_session_is_zooms() -> None:
    callout = Callout(
        address=SIP_ROOM,
        from_uri=parse_from_uri("sip:zoomcall@example.com"),
        headers=parse_headers(("X-Ref=42",)),
    )
    assert callout.body(Api.SESSION) == {
        "method": "user.invite.room_system_callout",
        "params": {
            "call_type": "sip",
            "device_ip": "room@example.com",
            "sip_headers": {
                "from_uri": "sip:zoomcall@example.com",
                "additional_headers": [{"key": "X-Ref", "value": "42"}],
            },
        },
    }


def test_the_body_for_an_h323_room_in_a_meeting_is_zooms() -> None:
    assert Callout(address=H323_ROOM, to_name="Room 1").body(Api.MEETING) == {
        "method": "participant.invite.room_system_callout",
        "params": {
            "call_type": "h323",
            "device_ip": "203.0.113.10",
            "h323_headers": {"to_display_name": "Room 1"},
        },
    }


@pytest.mark.parametrize(("address", "headers"), [(SIP_ROOM, "sip_headers"), (H323_ROOM, "h323_headers")])
def test_both_names_stand_beside_each_other(address: RoomAddress, headers: str) -> None:
    body = Callout(address=address, from_name="Reception", to_name="Board room").body(Api.SESSION)
    assert body["params"][headers] == {"from_display_name": "Reception", "to_display_name": "Board room"}


@pytest.mark.parametrize("address", [SIP_ROOM, H323_ROOM])
def test_nothing_is_sent_that_nobody_asked_for(address: RoomAddress) -> None:
    assert Callout(address=address).body(Api.SESSION)["params"] == {
        "call_type": address.protocol.value,
        "device_ip": address.text,
    }


def test_a_name_of_nothing_but_letters_like_null_stays_a_name() -> None:
    assert Callout(address=SIP_ROOM, to_name="0").body(Api.SESSION)["params"]["sip_headers"] == {
        "to_display_name": "0"
    }


def test_the_passcode_goes_to_zoom_and_nowhere_else() -> None:
    text = "203.0.113.10##84098077904#135790"
    request = CalloutRequest(
        SessionTarget(SessionId("a/b==")), Callout(address=RoomAddress.parse(Protocol.H323, text))
    )
    assert request.body["params"]["device_ip"] == text
    assert request.shown_body["params"]["device_ip"] == "203.0.113.10##84098077904#***"
    assert "135790" not in repr(request)
    assert "135790" not in repr(request.callout.warnings)


def test_the_request_goes_to_the_events_of_its_target() -> None:
    callout = Callout(address=SIP_ROOM)
    session = CalloutRequest(SessionTarget(SessionId("sfk/aOFJ==")), callout)
    meeting = CalloutRequest(MeetingTarget(MeetingNumber("84098077904")), callout)
    assert (session.method, session.path) == ("PATCH", "/videosdk/sessions/sfk%2FaOFJ%3D%3D/events")
    assert (meeting.method, meeting.path) == ("PATCH", "/live_meetings/84098077904/events")
    assert session.body["method"] == "user.invite.room_system_callout"
    assert meeting.body["method"] == "participant.invite.room_system_callout"


def test_the_warnings_of_address_and_headers_come_together() -> None:
    callout = Callout(
        address=RoomAddress.parse(Protocol.SIP, "sip:room@example.com"),
        headers=parse_headers(("Subject=x", "X-Ref=42", "X-Long=" + "x" * 256)),
    )
    assert [notice.id for notice in callout.warnings] == ["scheme-unconfirmed", "header-without-x", "header-long"]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("X-Ref=42", "X-Ref", "42"),
        ("X-Empty=", "X-Empty", ""),
        ("X-Eq=a=b", "X-Eq", "a=b"),
        ("X-Space= a b ", "X-Space", " a b "),
        ("X-Tab=a\tb", "X-Tab", "a\tb"),
        ("X-Text=Grüße", "X-Text", "Grüße"),
        ("K" * 32 + "=v", "K" * 32, "v"),
        ("X-A=" + "v" * 256, "X-A", "v" * 256),
        ("X-A=" + "ü" * 128, "X-A", "ü" * 128),
    ],
)
def test_a_header_within_the_limits_is_taken_as_it_is(text: str, key: str, value: str) -> None:
    assert SipHeader.parse(text) == SipHeader(key, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X-Ref",
        "=42",
        "X Ref=42",
        " X-Ref=42",
        "X-Ref =42",
        "X-Réf=42",
        "X:Ref=42",
        "X-Ref\n=42",
        "K" * 33 + "=v",
        "X-A=" + "v" * 257,
        "X-A=" + "ü" * 128 + "v",
        "X-A=a\r\nVia: evil",
        "X-A=a\nb",
        "X-A=a\x00b",
        "X-A=a\x7fb",
        "X-A=a\u2028b",
        "X-A=\u202ea",
        "X-A=\ud800",
    ],
)
def test_a_header_beyond_the_limits_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="header-rule") as caught:
        SipHeader.parse(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("text", "identifiers"),
    [
        ("X-Ref=42", []),
        ("x-ref=42", []),
        ("Subject=42", ["header-without-x"]),
        ("X-A=" + "v" * 253, []),
        ("X-A=" + "v" * 254, ["header-long"]),
    ],
)
def test_what_zoom_only_advises_is_a_warning(text: str, identifiers: list[str]) -> None:
    assert [notice.id for notice in SipHeader.parse(text).warnings] == identifiers


def test_ten_headers_are_taken_and_eleven_refused() -> None:
    assert len(parse_headers(("X-A=1",) * 10)) == 10
    with pytest.raises(UsageError, match=r"11 headers.*header-rule"):
        parse_headers(("X-A=1",) * 11)


@pytest.mark.parametrize("name", ["a", "x" * 64, "ü" * 64, "Board room", "会議室", " padded "])
def test_a_name_of_up_to_64_characters_is_taken_as_it_is(name: str) -> None:
    assert parse_display_name(name, flag="--to-name") == name


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 65, "a\nb", "a\tb", "a\x1b[31m", "\u202eabc", "\ud800", "a\u2028b"]
)
def test_a_name_that_is_empty_too_long_or_steers_a_screen_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"--to-name.*header-rule") as caught:
        parse_display_name(name, flag="--to-name")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "uri", ["sip:name@company.example", "sips:a@b", "sip:x", "sip:" + "a" * 252, "sips:" + "a" * 251]
)
def test_a_from_uri_with_its_scheme_is_taken_as_it_is(uri: str) -> None:
    assert parse_from_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "sip:",
        "sips:",
        "name@company.example",
        "tel:+15555550100",
        "h323:a@b",
        "sip:" + "a" * 253,
        "sip:a b@c",
        "sip:a@b\n",
        "sip:a@b\r\nVia: evil",
        "sip:\u202ea@b",
        " sip:a@b",
    ],
)
def test_a_from_uri_that_breaks_zooms_rule_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="header-rule") as caught:
        parse_from_uri(uri)
    assert caught.value.message.isprintable()


@given(st.text())
@example("\ud800=\ud800")
def test_any_text_is_a_header_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        header = SipHeader.parse(text)
        assert f"{header.key}={header.value}" == text
        assert 1 <= len(header.key) <= 32
        assert len(header.value.encode()) <= 256
        assert header.value.replace("\t", " ").isprintable()


@given(st.text("X-aß=\t\n 1:", max_size=40), st.text(max_size=300))
def test_a_header_taken_holds_no_line_break(key: str, value: str) -> None:
    try:
        header = SipHeader.parse(f"{key}={value}")
    except UsageError as error:
        assert error.message.isprintable()  # noqa: PT017 - either way is right
        return
    assert (header.key + header.value).replace("\t", " ").isprintable()


@given(st.lists(st.text(max_size=20), max_size=14))
def test_any_texts_are_headers_or_a_usage_error(texts: list[str]) -> None:
    with contextlib.suppress(UsageError):
        assert len(parse_headers(tuple(texts))) == len(texts) <= 10


@given(st.text())
def test_any_text_is_a_name_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        name = parse_display_name(text, flag="--from-name")
        assert name == text
        assert name.isprintable()
        assert 1 <= len(name) <= 64


@given(st.text(), st.sampled_from(["", "sip:", "sips:"]))
def test_any_text_is_a_from_uri_or_a_usage_error(text: str, scheme: str) -> None:
    with contextlib.suppress(UsageError):
        uri = parse_from_uri(scheme + text)
        assert uri == scheme + text
        assert uri.startswith(("sip:", "sips:"))
        assert uri.isprintable()
        assert " " not in uri
        assert len(uri) <= 256


def test_a_megabyte_is_refused_at_once_and_not_repeated() -> None:
    big = "a" * 1_000_000
    begun = time.process_time()
    for refuse in (
        lambda: SipHeader.parse(big),
        lambda: SipHeader.parse(f"{big}=1"),
        lambda: SipHeader.parse(f"X-A={big}"),
        lambda: parse_display_name(big, flag="--to-name"),
        lambda: parse_from_uri(big),
        lambda: parse_from_uri(f"sip:{big}"),
    ):
        with pytest.raises(UsageError) as caught:
            refuse()
        assert len(caught.value.message) < 300
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("api", "method"), [(Api.SESSION, "user.invite.callout"), (Api.MEETING, "participant.invite.callout")]
)
def test_the_body_for_a_phone_is_zooms_byte_for_byte(api: Api, method: str) -> None:
    bare = Callout(address=PhoneNumber.parse("+1 555 555 0100"))
    assert json.dumps(bare.body(api)) == f'{{"method": "{method}", "params": {{"phone_number": "15555550100"}}}}'
    full = Callout(
        address=PhoneNumber.parse("6032331333-156"), to_name="Jill Chill", has_greeting=False, has_to_press_one=True
    )
    assert json.dumps(full.body(api)) == (
        f'{{"method": "{method}", "params": {{"invitee_name": "Jill Chill", "phone_number": "6032331333-156", '
        '"invite_options": {"require_greeting": false, "require_pressing_one": true}}}'
    )


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"has_greeting": True}, {"require_greeting": True}),
        ({"has_to_press_one": False}, {"require_pressing_one": False}),
    ],
)
def test_a_phones_options_are_sent_only_where_they_are_given(
    options: dict[str, bool], sent: dict[str, bool]
) -> None:
    body = Callout(address=PhoneNumber.parse("15555550100"), **options).body(Api.SESSION)
    assert body["params"]["invite_options"] == sent
