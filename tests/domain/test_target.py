from __future__ import annotations

import contextlib
import time
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomcall.domain.pasted_value import session_id_in
from zoomcall.domain.target import (
    Api,
    MeetingNumber,
    MeetingTarget,
    SessionId,
    SessionNameTarget,
    SessionTarget,
    encode_id,
    events_path,
    link_host,
    number_of_link,
    parse_meeting_number,
    parse_session_id,
    parse_session_name,
)
from zoomcall.errors import UsageError

PASSCODE = "Zq81kTw0"
INVITATION = """Ada invites you to a scheduled Zoom meeting.

Join Zoom Meeting
https://us02web.zoom.us/j/98765432101?pwd=x

Meeting ID: 987 6543 2101
Passcode: 1122334455

---

One tap mobile
+13462487799,,98765432101#,,,,*1122334455# US (Houston)

Join by SIP
\u2022 98765432101@zoomcrc.com
"""


@pytest.mark.parametrize(
    ("identifier", "encoded"),
    [
        ("KkMHZ4y8QhSUWAHi5sWvfg==", "KkMHZ4y8QhSUWAHi5sWvfg%3D%3D"),
        ("sfk/aOFJSJSYhGwk1hnxgw==", "sfk%2FaOFJSJSYhGwk1hnxgw%3D%3D"),
        ("a+b/c=", "a%2Bb%2Fc%3D"),
        ("ab/", "ab%2F"),
        ("/ajXp112QmuoKj4854875==", "%252FajXp112QmuoKj4854875%253D%253D"),
        ("a//b==", "a%252F%252Fb%253D%253D"),
        ("//", "%252F%252F"),
        ("a%2Fb", "a%252Fb"),
        ("a..b", "a..b"),
        ("a?b#c", "a%3Fb%23c"),
        ("ü", "%C3%BC"),
    ],
)
def test_an_id_is_encoded_once_or_twice_by_zooms_rule(identifier: str, encoded: str) -> None:
    assert encode_id(identifier) == encoded


session_ids = st.one_of(st.text("abcXYZ019+/=-_.%", min_size=1, max_size=40), st.text(min_size=1, max_size=40))


@given(session_ids)
def test_a_session_id_stays_one_segment_of_the_path_and_comes_back(text: str) -> None:
    try:
        identifier = parse_session_id(text)
    except UsageError:
        assume(condition=False)
        raise
    encoded = encode_id(identifier)
    is_double = text.startswith("/") or "//" in text
    assert not set(encoded) & set("/?#;= \\")
    assert encoded.isascii()
    assert encoded.strip(".")
    assert (unquote(unquote(encoded)) if is_double else unquote(encoded)) == text
    assert events_path(SessionTarget(identifier)) == f"/videosdk/sessions/{encoded}/events"


@given(st.text())
def test_any_text_is_a_session_id_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        identifier = parse_session_id(text)
        assert identifier == text
        assert identifier.isprintable()
        assert " " not in identifier


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a b", " a", "a\n", "a\x00", "\u202ea", "a" * 513, "\ud800"]
)
def test_what_is_no_session_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_session_id(text)
    assert caught.value.message.isprintable()
    assert "session list" in str(caught.value.fix)


@given(st.text())
def test_any_text_is_a_session_name_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        name = parse_session_name(text)
        assert name == text
        assert name.isprintable()
        assert len(name) <= 200


def test_a_session_name_has_at_most_200_characters() -> None:
    assert parse_session_name("ü" * 200) == "ü" * 200
    for text in ("", " ", "x" * 201, "a\nb", "\u202ea"):
        with pytest.raises(UsageError) as caught:
            parse_session_name(text)
        assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "84098077904",
        "840 9807 7904",
        "840-9807-7904",
        " 840\u00a09807\u00a07904\n",
        "https://zoom.us/j/84098077904",
        "https://zoom.us/j/84098077904?pwd=abc#success",
        "https://us02web.zoom.us/j/84098077904?pwd=abc",
        "https://example.zoom.us/s/84098077904?zak=x",
        "https://example.zoom.us/w/84098077904?tk=x&pwd=y",
        "https://app.zoom.us/wc/84098077904/join?pwd=y",
        "https://zoom.us/wc/join/84098077904",
        "https://zoom.us/j/84098077904/",
        "zoommtg://zoom.us/join?action=join&confno=84098077904&pwd=abc",
        "zoom.us/j/84098077904?pwd=abc",
    ],
)
def test_a_meeting_number_is_kept_of_whatever_zoom_prints(text: str) -> None:
    assert parse_meeting_number(text) == "84098077904"


@pytest.mark.parametrize(("digits", "is_taken"), [(8, False), (9, True), (10, True), (11, True), (12, False)])
def test_a_meeting_number_has_nine_to_eleven_digits(digits: int, *, is_taken: bool) -> None:
    number = "1234567890123"[:digits]
    for text in (number, f"https://zoom.us/j/{number}"):
        if is_taken:
            assert parse_meeting_number(text) == number
        else:
            with pytest.raises(UsageError):
                parse_meeting_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "my-room",
        "4444AAAiAAAAAiAiAiiAii==",
        "٨٤٠٩٨٠٧٧٩٠٤",
        "840_980_77904",
        "84098077904x",
        "+84098077904",
        "840980779.04",
        "https://zoom.us/my/vanity",
        "https://zoom.us/",
        "https://[zoom.us/j/84098077904",
        "zoommtg://zoom.us/join?confno=abc",
        "8409807\x007904",
    ],
)
def test_what_is_no_meeting_number_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_meeting_number(text)
    assert caught.value.message.isprintable()
    assert "join link" in str(caught.value.fix)


links = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["https://zoom.us", "zoommtg://zoom.us", "zoom.us", "https://[x", ""]),
    st.sampled_from(["/j/", "/s/", "/my/", "/join?confno=", "", "/wc/"]),
    st.sampled_from(["", "1", "12345678", "123456789012", "abc", "84098077904"]),
    st.sampled_from(["?pwd=", "&pwd=", "?tk=a&pwd=", "?", "#", "/?pwd="]),
    st.just(PASSCODE),
    st.text("&=#%/?.x1", max_size=3),
)


@given(links)
def test_the_passcode_of_a_join_link_is_never_shown(link: str) -> None:
    try:
        shown = parse_meeting_number(link)
    except UsageError as error:
        shown = MeetingNumber(f"{error!r} {error} {error.fix} {error.command}")
    assert PASSCODE not in shown


@given(st.one_of(st.text(), st.text("0123456789 -/:?j=&confno.")))
def test_any_text_is_a_meeting_number_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        number = parse_meeting_number(text)
        assert number.isascii()
        assert number.isdigit()
        assert 9 <= len(number) <= 11


@pytest.mark.parametrize(
    "unit", ["1", "a", " ", "a.", "a.b/", "/j/", "https://zoom.us/j/1", "://", "&confno=", "-"]
)
def test_a_megabyte_is_refused_at_once_and_not_repeated(unit: str) -> None:
    big = unit * (1_000_000 // len(unit))
    begun = time.process_time()
    for parse in (parse_session_id, parse_session_name, parse_meeting_number):
        with pytest.raises(UsageError) as caught:
            parse(big)
        assert len(caught.value.message) < 300
    assert time.process_time() - begun < 5


def test_each_target_knows_its_api_and_its_words() -> None:
    meeting = MeetingTarget(MeetingNumber("84098077904"))
    assert (meeting.api, str(meeting)) == (Api.MEETING, "meeting 84098077904")
    assert events_path(meeting) == "/live_meetings/84098077904/events"
    session = SessionTarget(SessionId("id=="), "Standup")
    assert (session.api, str(session)) == (Api.SESSION, "session Standup")
    assert str(SessionTarget(SessionId("id=="))) == "session id=="
    assert SessionNameTarget("Standup").api is Api.SESSION


@pytest.mark.parametrize(
    "text",
    [
        "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fus04web.zoom.us%2Fj%2F98765432101%3Fpwd%3Dx&data=05",
        "https://www.google.com/url?q=https://zoom.us/j/98765432101&sa=D",
        "https://www.google.com/url?sa=D&q=https%3A%2F%2Fzoom.us%2Fj%2F98765432101",
        "https://urldefense.com/v3/__https://zoom.us/j/98765432101?pwd=x__;!!abc$",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__zoom.us_j_98765432101&d=DwM",
        "https://slack-redir.net/link?url=https%3A%2F%2Fapp.zoom.us%2Fwc%2F98765432101%2Fjoin",
        "https://zoom.us/launch/jc/98765432101",
        "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fv%3Dhttps%253A%252F%252Fzoom.us%252Fj%252F98765432101",
        "zoommtg://zoom.us/join?action=join&confno=98765432101&pwd=x",
        "98765432101.123456@zoomcrc.com",
        "sip:98765432101@zoomcrc.com",
        "Meeting ID: 987 6543 2101",
        "Meeting ID: 987 6543 2101 Passcode: 1122334455",
        "meeting number 987-6543-2101",
        "ID de r\u00e9union : 987 6543 2101",
        "\u4f1a\u8bae\u53f7\uff1a987 6543 2101",
        "#987 6543 2101",
        '"987 6543 2101"',
        "<https://us02web.zoom.us/j/98765432101?pwd=x>",
        '"id": 98765432101,',
        "98765432101?pwd=x",
        "987 6543 2101 (passcode 1122334455)",
        "https://api.zoom.us/v2/live_meetings/98765432101/events",
        INVITATION,
        "Meeting ID: 987 6543 2101\nPasscode: 1122334455\nPhone: 3462487799\n",
    ],
)
def test_the_number_is_found_in_whatever_wraps_it(text: str) -> None:
    assert parse_meeting_number(text) == "98765432101"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.google.com/url?q=https://example.com/j/none",
        "https://zoom.us/my/ada",
        "https://zoom.us/launch/jc/",
        "https://a.example/?u=%2Fj%2F98765432101",
        "Dial 3462487799 from a phone",
        "Passcode: 1122334455\nPhone: 3462487799\n",
        "Meeting ID: 1234567",
        "Meeting ID: 987 6543 2101 33",
        "Meeting ID: 987 6543 2101\nMeeting ID: 987 6543 2102\n",
    ],
)
def test_a_link_without_a_number_stays_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_meeting_number(text)


@pytest.mark.parametrize(
    "text", ["98765.1122334455@zoomcrc.com", "1234.1122334455@x", "room.1122334455@zoomcrc.com"]
)
def test_no_passcode_of_a_dial_string_is_shown(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_meeting_number(text)
    assert "1122334455" not in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://us02web.zoom.us/j/98765432101", "us02web.zoom.us"),
        ("https://agency.zoomgov.com/j/98765432101", "agency.zoomgov.com"),
        ("https://www.google.com/url?q=https://agency.zoomgov.com/j/98765432101", "agency.zoomgov.com"),
        ("agency.zoomgov.com/j/98765432101", "agency.zoomgov.com"),
        ("98765432101", None),
    ],
)
def test_a_link_leads_to_a_host(link: str, host: str | None) -> None:
    assert link_host(link) == host


SESSION = "7jA8dJkf8b/s+456Y8LPWg=="


@pytest.mark.parametrize(
    "text",
    [
        SESSION,
        f" {SESSION}\n",
        f"Session ID: {SESSION}",
        f"session: {SESSION}",
        f"session_id={SESSION}",
        f'"id": "{SESSION}",',
        f"'{SESSION}'",
        f"\u201c{SESSION}\u201d",
        f"\ufeff{SESSION}",
        "7jA8dJkf8b%2Fs%2B456Y8LPWg%3D%3D",
        "https://api.zoom.us/v2/videosdk/sessions/7jA8dJkf8b%2Fs%2B456Y8LPWg%3D%3D/events",
        "/videosdk/sessions/7jA8dJkf8b%252Fs%252B456Y8LPWg%253D%253D/users?type=live",
    ],
)
def test_a_session_id_is_taken_out_of_what_was_copied_along(text: str) -> None:
    assert session_id_in(text) == SESSION


@pytest.mark.parametrize("text", ["id==", "a%2", "100%25 sure", "session one", "idle/s+4==", "https://x.example/a"])
def test_what_only_looks_like_a_label_or_an_escape_stays(text: str) -> None:
    assert session_id_in(text) == text


def test_an_invitation_leads_to_the_host_of_its_link() -> None:
    text = "Join Zoom Meeting\nhttps://agency.zoomgov.com/j/98765432101\n\nHelp: https://support.zoom.com/x\n"
    assert link_host(text) == "agency.zoomgov.com"
    assert link_host("Meeting ID: 987 6543 2101") is None


@pytest.mark.parametrize(("wraps", "is_found"), [(0, True), (1, True), (2, True), (3, True), (4, False)])
@pytest.mark.parametrize("is_filtered", [False, True])
def test_a_link_may_be_wrapped_three_times(wraps: int, *, is_found: bool, is_filtered: bool) -> None:
    link = "https://zoom.us/j/98765432101"
    for _ in range(wraps - is_filtered):
        link = f"https://safe.example/?url={quote(link, safe='')}"
    if is_filtered and wraps:
        link = f"https://urldefense.com/v3/__{link}__;!!x"
    assert (number_of_link(link) == "98765432101") is is_found
    assert link_host(link) == "zoom.us" or not is_found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("https://zoom.us/join?confno=987-654 3210", "9876543210"),
        ("https://zoom.us/wc/join/9876543210", "9876543210"),
        ("https://zoom.us/launch/jc/9876543210/x", "9876543210"),
        ("Meeting ID = 987 654 3210", "9876543210"),
        ("Besprechung: 987 654 3210", "9876543210"),
        ("987 654 3210 (Board)", "9876543210"),
        ("zoom meeting id 987 654 3210, passcode 1", "9876543210"),
        ("sip:9876543210.123456@zoomcrc.com", "9876543210"),
        ("Tel: 030 1234567\nMeeting ID: 987 654 3210", "9876543210"),
    ],
)
def test_a_number_stands_where_zoom_and_its_users_put_it(text: str, number: str) -> None:
    assert parse_meeting_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "a line\nBesprechung: 987 654 3210",
        "987 654 3210 11 12 13",
        "https://zoom.us/x/9876543210",
        "https://zoom.us/j/9876543210a",
        "a https://zoom.us/j/987654321 https://zoom.us/j/987654322",
        "https://[zoom.us/j/987654321",
    ],
)
def test_a_number_elsewhere_is_not_a_meetings(text: str) -> None:
    with pytest.raises(UsageError):
        parse_meeting_number(text)


@pytest.mark.parametrize("text", ['abc"', '"abc', "'abc", "abc'", '"'])
def test_one_quotation_mark_alone_stays(text: str) -> None:
    assert session_id_in(text) == text


@pytest.mark.parametrize("text", ['"abc"', "'\"abc\"'", '"abc",', 'Session ID: "abc"', "\u200babc"])
def test_a_session_id_is_taken_out_of_its_quotation_marks(text: str) -> None:
    assert session_id_in(text) == "abc"
