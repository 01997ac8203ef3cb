"""What a batch's rows mean, and which of them are bad."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.batch import BadRow, BatchRow, RawRow
from zoomcall.domain.callout import Callout
from zoomcall.domain.cause import Notice
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.target import (
    Api,
    MeetingTarget,
    SessionNameTarget,
    SessionTarget,
    Target,
    parse_meeting_number,
    parse_session_id,
)
from zoomcall.errors import UsageError
from zoomcall.usecases.batching.reading import Defaults, read_rows

DAY = timedelta(days=1)
TARGET: Target = SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw=="))


def find_room(name: str) -> Callout:
    if name != "Hall":
        raise UsageError(f"there is no room {name!r} in the address book")
    return Callout(address=RoomAddress.parse(Protocol.H323, "203.0.113.10"), to_name="Town hall")


DEFAULTS = Defaults(
    target=TARGET,
    timeout=timedelta(seconds=90),
    from_name=None,
    to_name=None,
    parse_timeout=lambda text, name: parse_duration(text, name=name, longest=DAY),
    find_room=find_room,
)


def read(
    *fields: dict[str, Any],
    defaults: Defaults = DEFAULTS,
    tag: str | None = None,
    notices: list[Notice] | None = None,
) -> list[BatchRow | BadRow]:
    raw: Iterable[RawRow | BadRow] = (RawRow(number, number + 1, row) for number, row in enumerate(fields, 1))
    return list(read_rows(raw, defaults, tag=tag, warn=([] if notices is None else notices).append))


def row(defaults: Defaults = DEFAULTS, **fields: Any) -> BatchRow:
    [only] = read({"protocol": "sip", "address": "a@example.com"} | fields, defaults=defaults)
    assert isinstance(only, BatchRow), only
    return only


def bad(defaults: Defaults = DEFAULTS, **fields: Any) -> str:
    [only] = read({"protocol": "sip", "address": "a@example.com"} | fields, defaults=defaults)
    assert isinstance(only, BadRow), only
    return only.message


def test_a_row_without_more_takes_everything_from_the_flags() -> None:
    defaults = replace(DEFAULTS, from_name="Front desk", to_name="Room")
    only = row(defaults)

    assert (only.number, only.line, only.target, only.timeout) == (1, 2, TARGET, timedelta(seconds=90))
    assert (only.callout.from_name, only.callout.to_name) == ("Front desk", "Room")


def test_what_a_row_says_itself_goes_before_the_flags() -> None:
    only = row(
        replace(DEFAULTS, from_name="Front desk"),
        meeting=84098077904,
        from_name="Boss",
        to_name="Hall",
        timeout="2m",
        name="Big hall",
        note="3rd floor",
        tag="hq",
        from_uri="sip:desk@example.com",
        header="X-A=1; X-B=2",
    )

    assert only.target == MeetingTarget(parse_meeting_number("840 9807 7904"))
    assert (only.callout.from_name, only.callout.to_name) == ("Boss", "Hall")
    assert only.timeout == timedelta(minutes=2)
    assert (only.name, only.note, only.tag) == ("Big hall", "3rd floor", "hq")
    assert only.callout.from_uri == "sip:desk@example.com"
    assert len(only.callout.headers) == 2


def test_a_header_in_json_may_hold_a_semicolon() -> None:
    [header] = row(header=["X-A=1;2"]).callout.headers

    assert header == row(header=["X-A=1;2"]).callout.headers[0]
    assert "1;2" in str(header)
    assert len(row(header="X-A=1;X-B=2").callout.headers) == 2


def test_empty_cells_are_as_if_they_were_not_there() -> None:
    assert row(session="", meeting=" ", from_name="", timeout="").target == TARGET


def test_a_session_may_be_named() -> None:
    assert row(session_name="Standup").target == SessionNameTarget("Standup")


@pytest.mark.parametrize("fields", [{"room": "Hall"}, {"address": "@Hall"}, {"room": "@Hall"}])
def test_a_room_of_the_address_book_brings_its_protocol_and_names(fields: dict[str, Any]) -> None:
    [only] = read(fields)

    assert isinstance(only, BatchRow), only
    assert only.callout.address.protocol is Protocol.H323
    assert only.callout.to_name == "Town hall"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"address": ""}, "the address is missing"),
        ({"address": "a b@example.com"}, "contains a space"),
        ({"protocol": ""}, "the protocol of 'a@example.com' is missing"),
        ({"protocol": "skype"}, "protocol 'skype' is not sip, h323 or phone"),
        ({"room": "Hall"}, "address and room are both given"),
        ({"address": "@Cellar"}, "no room 'Cellar'"),
        ({"session": "x", "meeting": "84098077904"}, "session and meeting are both given"),
        ({"meeting": "12"}, "meeting"),
        ({"timeout": "soon"}, "timeout"),
        ({"header": "nonsense"}, "nonsense"),
        ({"header": [1]}, "header must be a list of texts"),
        ({"protocol": "h323", "address": "203.0.113.10", "header": "X-A=1"}, "only SIP rooms take"),
        ({"protocol": "h323", "address": "203.0.113.10", "from_uri": "sip:a@example.com"}, "only SIP rooms take"),
        ({"name": {"first": "x"}}, "name must be text, not dict"),
        ({"note": True}, "note must be text, not bool"),
        ({"note": "\ud800"}, "half of a character"),
    ],
)
def test_a_bad_row_says_what_is_wrong(fields: dict[str, Any], message: str) -> None:
    assert message in bad(**fields)


def test_without_any_target_a_row_is_bad() -> None:
    assert "no target" in bad(replace(DEFAULTS, target=None))


def test_the_same_room_into_the_same_target_is_a_bad_row_whatever_the_spelling() -> None:
    rows = read(
        {"protocol": "sip", "address": "a@example.com", "name": "one"},
        {"protocol": "SIP", "address": "sip:A@EXAMPLE.com", "name": "two"},
        {"protocol": "sip", "address": "a@example.com", "session_name": "Standup"},
        {"protocol": "h323", "address": "a@example.com"},
    )

    assert [type(each) for each in rows] == [BatchRow, BadRow, BatchRow, BatchRow]
    assert isinstance(rows[1], BadRow)
    assert "is row 1 already" in rows[1].message


def test_a_tag_chooses_rows_and_the_others_need_not_even_be_right() -> None:
    rows = read(
        {"protocol": "sip", "address": "a@example.com", "tag": "hq"},
        {"protocol": "fax", "address": "b@example.com", "tag": "lab"},
        {"protocol": "sip", "address": "c@example.com"},
        tag="hq",
    )

    assert [each.number for each in rows] == [1]


def test_an_unknown_column_is_warned_of_once_with_the_one_that_may_be_meant() -> None:
    notices: list[Notice] = []
    room = {"protocol": "sip", "adress": "x", "": "", "colour": ""}
    read(room | {"address": "a@example.com"}, room | {"address": "b@example.com"}, notices=notices)

    assert sorted(notice.message for notice in notices) == [
        "line 2: 'adress' is not a known column and is ignored; did you mean address?",
        "line 2: 'colour' is not a known column and is ignored",
    ]


def test_a_row_may_be_a_phone_which_takes_no_callers_name() -> None:
    defaults = replace(DEFAULTS, from_name="Front desk", to_name="Jill")
    only = row(defaults, protocol="phone", address="+1 (555) 555-0100")
    assert only.callout.body(Api.SESSION)["params"] == {"invitee_name": "Jill", "phone_number": "15555550100"}
    assert "only rooms take from_name" in bad(protocol="phone", address="15555550100", from_name="Ada")
    assert "is not a phone number" in bad(protocol="phone", address="hello")


# Phones

PHONE = {"protocol": "phone", "address": "+16032331333"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [*((word, True) for word in ("yes", "TRUE", "on", "1", True)), *((word, False) for word in ("No", "0", False))],
)
def test_a_phone_is_greeted_and_asked_to_press_one_as_its_row_says(given: object, *, meant: bool) -> None:
    found = row(**PHONE, greeting=given).callout
    assert (found.has_greeting, found.has_to_press_one) == (meant, None)
    assert row(**PHONE, press_one=given).callout.has_to_press_one is meant


def test_a_row_that_says_nothing_leaves_both_to_zoom() -> None:
    found = row(**PHONE, greeting="").callout
    assert (found.has_greeting, found.has_to_press_one) == (None, None)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({**PHONE, "greeting": "maybe"}, "greeting 'maybe' is neither yes nor no"),
        (
            {"protocol": "sip", "address": "a@example.com", "press_one": "no"},
            "only phones take greeting and press",
        ),
    ],
)
def test_what_a_row_says_of_both_has_to_be_yes_or_no_and_about_a_phone(fields: dict[str, Any], why: str) -> None:
    [bad] = read(fields)
    assert isinstance(bad, BadRow)
    assert why in bad.message
