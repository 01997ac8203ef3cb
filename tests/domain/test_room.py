import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.address import Protocol
from zoomcall.domain.callout import SipHeader
from zoomcall.domain.room import (
    FIELDS,
    Book,
    BookEntry,
    Change,
    key_of,
    parse_room_name,
    parse_room_protocol,
)
from zoomcall.errors import UsageError, ZoomcallError

SIP = {"protocol": "sip", "address": "board@example.com"}
PASSCODE = {"protocol": "h323", "address": "203.0.113.10##84098077904#4321"}


def entry(name: str, **fields: object) -> BookEntry:
    return BookEntry.parse(name, {**SIP, **fields})


def test_names_are_compared_without_regard_to_case_and_composition() -> None:
    assert key_of("Böard ROOM") == key_of("bo\u0308ard room") == key_of("BÖARD room")
    assert key_of("Straße") == key_of("STRASSE")
    assert key_of("Board") != key_of("Board 2")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("@Board", "starts with @"),
        ("-x", "starts with -"),
        ("a" * 101, "101 characters"),
        ("a\nb", "control character"),
        ("a\x1b[0m", "control character"),
        ("\ud800", "control character"),
    ],
)
def test_what_can_be_no_name_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_room_name(name)


def test_a_name_is_kept_as_written_without_blanks_around_it() -> None:
    assert parse_room_name("  Board Room ") == "Board Room"


@pytest.mark.parametrize(("text", "protocol"), [("sip", Protocol.SIP), (" H323 ", Protocol.H323)])
def test_a_protocol_is_read_in_any_case(text: str, protocol: Protocol) -> None:
    assert parse_room_protocol(text) is protocol


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UsageError, match="'fax' is not sip or h323"):
        parse_room_protocol("fax")


def test_an_entry_has_what_was_given_and_rings_it() -> None:
    given = {
        "from_name": "Desk",
        "to_name": "Board",
        "header": ["X-A=1", "X-B=a=b"],
        "note": " n ",
        "tag": "a; b;a",
    }
    found = entry("Board", **given)
    assert found.headers == (SipHeader("X-A", "1"), SipHeader("X-B", "a=b"))
    assert (found.note, found.tags) == ("n", ("a", "b"))
    callout = found.callout
    assert (callout.address.text, callout.from_name, callout.to_name) == ("board@example.com", "Desk", "Board")
    assert (callout.headers, callout.room_name) == (found.headers, "Board")
    assert BookEntry.parse("Board", found.fields()) == found
    assert set(found.fields()) == set(FIELDS)


def test_what_was_copied_around_an_address_is_taken_off() -> None:
    assert entry("Board", address='"Board" <sip:board@example.com>').address.text == "sip:board@example.com"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": None}, "the address of room 'Board' is missing"),
        ({"protocol": ""}, "the protocol of room 'Board' is missing"),
        ({"address": "no room"}, "address-invalid"),
        ({"protocol": "h323", "address": "203.0.113.10", "header": ["X-A=1"]}, "only SIP rooms take headers"),
        ({"header": ["X-A"]}, "header-rule"),
        ({"header": [1]}, "header must be a list of texts"),
        ({"to_name": "a" * 65}, "header-rule"),
        ({"note": "a" * 1001}, "the note has 1001 characters"),
        ({"note": "\ud800"}, "lone surrogate"),
        ({"note": True}, "note must be text"),
        ({"tag": ["a;b"]}, "the tag 'a;b'"),
        ({"tag": {}}, "tag must be a list"),
    ],
)
def test_what_cannot_be_rung_is_no_entry(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        entry("Board", **fields)


def test_a_passcode_is_kept_and_not_shown() -> None:
    found = BookEntry.parse("Lab", PASSCODE)
    assert found.has_passcode
    assert found.fields()["address"] == PASSCODE["address"]
    assert found.fields(is_masked=True)["address"] == "203.0.113.10##84098077904#***"
    assert "4321" not in repr(found)
    assert not entry("Board").has_passcode


def test_a_passcode_that_somebody_copied_masked_is_refused() -> None:
    with pytest.raises(UsageError, match="is masked"):
        BookEntry.parse("Lab", {**PASSCODE, "address": "203.0.113.10##84098077904#***"})


def test_a_change_says_what_it_is_about() -> None:
    before, after = entry("Board"), entry("Board 2", note="n")
    assert (Change(None, after).word, Change(before, None).word) == ("add", "remove")
    assert (Change(before, after).word, Change(before, after).fields) == ("change", ("name", "note"))
    assert Change(before, None).entry == before


def test_changes_keep_the_order_of_the_book() -> None:
    a, b, c = entry("a"), entry("b"), entry("c")
    book = Book((a, b, c), {}, "book.toml")
    renamed, changed, added = entry("B2"), entry("A", note="n"), entry("d")
    after = book.after([Change(b, renamed), Change(a, changed), Change(None, added), Change(c, None)])
    assert after.entries == (changed, renamed, added)


def test_a_room_is_found_in_any_case_and_with_the_sign_of_the_book() -> None:
    book = Book((entry("Board Room"),), {"Odd": "why"}, "book.toml")
    assert book.find("board room") == book.find("@BOARD ROOM ") == book.entries[0]
    assert book.find("board") is None
    assert (book.problem_of("ODD"), book.problem_of("Board Room")) == ("why", None)


@given(
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30) | st.lists(st.text(max_size=9)) | st.integers()),
)
def test_any_values_are_an_entry_or_a_usage_error(name: str, fields: dict[str, object]) -> None:
    try:
        found = BookEntry.parse(name, {"protocol": "sip", "address": "a@example.com", **fields})
    except ZoomcallError:
        return
    assert BookEntry.parse(found.name, found.fields()) == found
