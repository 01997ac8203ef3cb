"""Every length and number that has a limit: the last one that is allowed, and the first one that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import parse_base
from zoomcall.domain.batch import BadRow, bad_rows
from zoomcall.domain.callout import SipHeader, parse_display_name, parse_from_uri, parse_headers
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.event import read_event
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.profile import parse_profile_name
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.room import BookEntry, parse_room_name
from zoomcall.domain.secret_text import LARGEST_SECRET, parse_key, secret_of_bytes
from zoomcall.domain.shown_text import one_line, shown_file, without_secrets_of
from zoomcall.domain.signature import moment_of
from zoomcall.domain.target import parse_meeting_number, parse_session_id, parse_session_name
from zoomcall.domain.webhook import parse_hook_url
from zoomcall.errors import UsageError


def sip(text: str) -> object:
    return RoomAddress.parse(Protocol.SIP, text)


def duration(text: str) -> object:
    return parse_duration(text, name="--timeout", longest=timedelta(days=1))


@pytest.mark.parametrize(
    ("parse", "longest", "of"),
    [
        (parse_session_id, 512, "a{}"),
        (parse_session_name, 200, "a{}"),
        (lambda text: parse_display_name(text, flag="--to-name"), 64, "a{}"),
        (parse_from_uri, 256, "sip:{}"),
        (lambda text: SipHeader.parse(f"{text}=1"), 32, "X-{}"),
        (lambda text: SipHeader.parse(f"X={text}"), 256, "{}"),
        (sip, 512, "{}@example.com"),
        (lambda text: parse_base(text, variable="B", is_any_host_allowed=True), 2000, "https://zoom.us/{}"),
        (duration, 40, "{}.5e1"),
        (lambda text: parse_profile_name(text, origin="-p"), 64, "{}"),
        (parse_room_name, 100, "{}"),
        (lambda text: BookEntry.parse("a", {"protocol": "sip", "address": "a@b.c", "note": text}), 1000, "{}"),
        (lambda text: parse_key(text, name="the key"), 256, "{}"),
        (PhoneNumber.parse, 64, "+1 {}316 790 0000"),
    ],
)
def test_a_text_has_at_most_so_many_characters(parse: Callable[[str], object], longest: int, of: str) -> None:
    filler = " " if parse == PhoneNumber.parse else "0" if parse is duration else "a"

    def text(size: int) -> str:
        return of.format(filler * (size - len(of.format(""))))

    for size in (len(of.format("")) + 1, longest - 1, longest):
        parse(text(size))
    for size in (longest + 1, longest + 2, 2 * longest):
        with pytest.raises(UsageError):
            parse(text(size))


@pytest.mark.parametrize(("port", "is_taken"), [(0, False), (1, True), (65535, True), (65536, False)])
def test_a_port_is_1_to_65535(port: int, *, is_taken: bool) -> None:
    def is_valid(parse: Callable[[str], object], text: str) -> bool:
        try:
            parse(text)
        except UsageError:
            return False
        return True

    base = f"https://zoom.us:{port}"
    assert is_valid(sip, f"room@example.com:{port}") is is_taken
    assert is_valid(lambda text: parse_base(text, variable="B", is_any_host_allowed=False), base) is is_taken
    assert is_valid(lambda text: parse_hook_url(text, origin="--forward-to"), base) is is_taken


def test_there_are_at_most_ten_headers() -> None:
    assert len(parse_headers(("X-A=1",) * 10)) == 10
    with pytest.raises(UsageError):
        parse_headers(("X-A=1",) * 11)


@pytest.mark.parametrize(
    ("size", "warned"), [(252, ()), (253, ()), (254, ("header-long",)), (256, ("header-long",))]
)
def test_a_header_is_long_from_257_bytes_on(size: int, warned: tuple[str, ...]) -> None:
    assert tuple(notice.id for notice in SipHeader("X-A", "a" * size).warnings) == warned
    assert tuple(notice.id for notice in SipHeader("X-A", "\u00fc" * (size // 2)).warnings) == (
        warned if size % 2 == 0 else ()
    )


@pytest.mark.parametrize(("digits", "is_taken"), [(8, False), (9, True), (10, True), (11, True), (12, False)])
def test_a_link_or_an_invitation_has_a_number_of_9_to_11_digits(digits: int, *, is_taken: bool) -> None:
    number = "9" * digits
    for text in (f"https://zoom.us/j/{number}", f"Meeting ID: {number}", f"{number}@zoomcrc.com"):
        try:
            assert (parse_meeting_number(text) == number) is is_taken
        except UsageError:
            assert not is_taken


def test_an_invitation_is_read_for_20000_characters() -> None:
    line = "Meeting ID: 987654321"
    filler = "a" * (20_000 - len(line) - 1)
    assert parse_meeting_number(f"{filler}\n{line}") == "987654321"
    with pytest.raises(UsageError):
        parse_meeting_number(f"{filler}aa\n{line}0\n")


def test_a_secret_has_at_most_a_million_bytes() -> None:
    assert LARGEST_SECRET == 1_000_000
    assert len(secret_of_bytes(b"a" * LARGEST_SECRET)[0].reveal()) == LARGEST_SECRET
    with pytest.raises(ValueError, match="1,000,000"):
        secret_of_bytes(b"a" * (LARGEST_SECRET + 1))


@pytest.mark.parametrize("bad", [1, 2])
def test_an_error_counts_bad_rows_and_has_each_as_a_detail(bad: int) -> None:
    rows = [BadRow(number, number + 1, "is bad") for number in range(1, bad + 1)]
    error = bad_rows(rows, 60, "nothing was rung", fix="Correct them.")
    assert error.message == f"{bad} of 60 rows {'is' if bad == 1 else 'are'} bad, and nothing was rung"
    assert [(each.row, each.line, each.message) for each in error.details] == [
        (number, number + 1, "is bad") for number in range(1, bad + 1)
    ]
    assert str(error.details[0]) == "line 2 (row 1): is bad"


def answer(document: object, **headers: str) -> RawAnswer:
    body = (document if isinstance(document, str) else json.dumps(document)).encode()
    return RawAnswer(method="GET", path="/", status=400, body=body, headers=tuple(headers.items()))


def test_zooms_message_is_kept_for_2000_characters() -> None:
    assert answer({"code": 300, "message": "a" * 2000}).read().message == "a" * 2000
    assert answer({"code": 300, "message": "a" * 2001}).read().message == "a" * 1997 + "..."


def test_50_field_errors_are_kept() -> None:
    errors = [{"field": "a", "message": "b"}] * 51
    assert len(answer({"code": 300, "errors": errors[:50]}).read().field_errors) == 50
    assert len(answer({"code": 300, "errors": errors}).read().field_errors) == 50


@pytest.mark.parametrize(("digits", "is_a_number"), [(1, True), (9, True), (10, False)])
def test_a_code_in_a_text_has_at_most_nine_digits(digits: int, *, is_a_number: bool) -> None:
    for code in ("3" * digits, "-" + "3" * digits):
        assert answer({"code": code, "message": "x"}).read().code == (int(code) if is_a_number else code)
        broken = answer(f'{{"code":{code},"message":"x"')
        assert broken.read().code == (int(code) if is_a_number else None)


def test_a_broken_answer_is_read_for_65536_characters() -> None:
    tail = '"code":300,"message":"x"'
    blanks = " " * (65_536 - len(tail) - 1)
    assert answer("{" + blanks + tail).read().code == 300
    assert answer("{" + blanks + " " * len(tail) + tail).read().code is None
    assert answer({"code": 1, "message": " " * 65_535 + "x"}).read().message == "x"
    assert answer({"code": 1, "message": " " * 65_536 + "x"}).read().message is None
    assert answer(" " * 65_535 + "x").read().excerpt == "x"
    assert answer(" " * 65_536 + "x").read().excerpt == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("9999999", 9_999_999),
        ("10000000", None),
        ("0.000001", 1e-6),
        ("0.0000001", None),
        ("\u0661", None),
    ],
)
def test_a_wait_has_at_most_seven_digits_and_six_places(text: str, seconds: float | None) -> None:
    wait = answer("", **{"retry-after": text, "date": "Sat, 21 Nov 2026 09:58:00 GMT"}).retry_after
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def event(**changes: object) -> dict[str, object]:
    """Return a call that failed, in a session, with changes to its time or its reason."""
    return {
        "event": "session.user_room_system_callout_failed",
        "event_ts": changes.get("event_ts", 1_763_719_200_000),
        "payload": {
            "object": {
                "session_id": "s",
                "reason_type": changes.get("reason_type", 5),
                "participant": {"call_type": "sip", "device_ip": "a@b.c"},
            }
        },
    }


@pytest.mark.parametrize(
    ("value", "is_taken"), [(0, False), (1, True), (253_402_300_799_000, True), (253_402_300_799_001, False)]
)
def test_an_event_is_of_a_year_that_a_calendar_has(value: int, *, is_taken: bool) -> None:
    assert (read_event(event(event_ts=value)) is not None) is is_taken


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        (2**31, True),
        (2**31 + 1, False),
        (-(2**31), True),
        (-(2**31) - 1, False),
        ("999999", True),
        ("9999999", False),
    ],
)
def test_a_reason_is_of_a_size_that_a_database_takes(value: object, *, is_taken: bool) -> None:
    found = read_event(event(reason_type=value))
    assert found is not None
    assert (found.reason is not None) is is_taken


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (10**20 - 1, "9" * 20),
        (10**20, None),
        (1, None),
        (10, "10"),
        (0, None),
    ],
)
def test_a_phones_number_has_two_to_twenty_digits(value: int, digits: str | None) -> None:
    content = {"id": "1", "participant": {"phone_number": value}}
    found = read_event(
        {"event": "meeting.participant_phone_callout_ringing", "event_ts": 1, "payload": {"object": content}}
    )
    assert (found.device if found else None) == digits


def test_a_number_that_is_too_long_to_be_written_is_no_phones() -> None:
    for value in (10**5000, -(10**5000), -15555550100):
        content = {"id": "1", "participant": {"phone_number": value}}
        event = {
            "event": "meeting.participant_phone_callout_ringing",
            "event_ts": 1,
            "payload": {"object": content},
        }
        assert read_event(event) is None


@pytest.mark.parametrize(
    ("text", "is_taken"), [("1", True), ("9" * 11, True), ("9" * 12, False), ("9" * 13, False)]
)
def test_a_timestamp_is_before_the_year_10000(text: str, *, is_taken: bool) -> None:
    assert (moment_of(text) is not None) is is_taken


def test_a_line_has_200_characters() -> None:
    assert one_line("a" * 200) == "a" * 200
    assert one_line("a" * 201) == "a" * 197 + "..."


@pytest.mark.parametrize(
    ("name", "is_shown"),
    [
        ("rooms.csv", True),
        (r"C:\Users\ada lovelace\rooms (1).csv", True),
        ("a." * 60, True),
        ("a." * 60 + "b", False),
        ("a" * 31, True),
        ("a" * 32, False),
        ("eyJhbGciOi.eyJ", False),
        ("Bearer x", False),
        ("curl https", False),
        ("987654321.1234@zoomcrc.com", False),
        ("r\u00f6\u00f6ms.csv", True),
        ("rooms?.csv", False),
        ("", False),
    ],
)
def test_a_files_name_is_shown_unless_it_may_be_a_secret(name: str, *, is_shown: bool) -> None:
    assert (shown_file(name) == name) is is_shown
    assert is_shown or shown_file(name).startswith("the argument (not shown")


@pytest.mark.parametrize(("size", "is_shown"), [(12, False), (11, True)])
def test_what_repeats_twelve_characters_of_a_secret_is_left_out(size: int, *, is_shown: bool) -> None:
    secret = "0123456789" * 4
    text = without_secrets_of(f"it is '{secret[:size]}...', it is '{secret[:size]}...' again", [secret])
    assert text.count("(not shown)") == (0 if is_shown else 2)
    assert text.count(secret[:size]) == (2 if is_shown else 0)
    assert text.endswith("...' again")


def test_an_argument_is_a_secret_from_twelve_characters_on() -> None:
    assert without_secrets_of("no eyJhbGciOiJ", ["eyJhbGciOiJ"]) == "no eyJhbGciOiJ"
    assert without_secrets_of("no eyJhbGciOiJI", ["eyJhbGciOiJI"]) == "no (not shown)"
