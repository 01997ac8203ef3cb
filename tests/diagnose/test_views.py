"""What happened to a text on its way into a paste is undone, and every place leads back to its line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.usecases.pasted.balanced import end_of_json, is_curly_throughout, json_of, straightened
from zoomcall.usecases.pasted.shell_words import CURLY_NOTE
from zoomcall.usecases.pasted.views import View, decoded, viewed

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
SENT = f"> PATCH {URL} HTTP/1.1\n> Host: b\n"

UNDONE = {
    "marks of a mail": ("> a\n> b", "a\nb"),
    "one quoted line alone": ("> a", "a"),
    "marks of a mail in a mail": (">> a\n> b\n", "a\nb\n"),
    "a log of seconds": ("2026-11-21 10:00:00 a\n2026-11-21 10:00:01   b", "a\n  b"),
    "a log of times": ("[10:00:00] a\n[10:00:01] b", "a\nb"),
    "a log of containers": ("web-1  | a\nweb-1  | b\n", "a\nb\n"),
    "a listing": ("  1 | a\n  2 |   b\n", "a\n  b\n"),
    "a log with levels": ("INFO: a\n[ERROR] b", "a\nb"),
    "syslog": ("Nov 21 10:00:00 host app[1]: a\nNov 21 10:00:01 host app[1]: b", "a\nb"),
    "klog": ("I1121 10:00:00.000000       1 main.go:10] a\nW1121 10:00:00.000000       1 main.go:11] b", "a\nb"),
    "a margin that is left": ("10:00:00   a\n10:00:01    b\n", "a\n b\n"),
    "a diff": ("@@ -1 +1 @@\n-old\n+new\n same", "new\nsame"),
    "a page": ("<p>a<br>b</p>c &amp; d&nbsp;e", "a\nb\nc & d e"),
    "entities": ("&lt;a&gt; &#38; &#x26;", "<a> & &"),
    "colours": ("\x1b[31ma\x1b[0mb", "ab"),
    "slashes of PHP": ('{"a":"https:\\/\\/api.zoom.us\\/v2"}', '{"a":"https://api.zoom.us/v2"}'),
    "OkHttp": (
        "--> PATCH https://a/b\nX: y\n--> END PATCH\n<-- 401 Unauthorized https://a/b (5ms)\nZ: w\n<-- END HTTP",
        "PATCH https://a/b\nX: y\nHTTP/1.1 401\nZ: w\n",
    ),
    "http.client": (
        r"""send: b'PATCH /v2/live_meetings/1/events HTTP/1.1\r\nHost: api.zoom.us\r\n'
reply: 'HTTP/1.1 401 Unauthorized\r\n'
header: Date: x""",
        "PATCH /v2/live_meetings/1/events HTTP/1.1\nHost: api.zoom.us\nHTTP/1.1 401 Unauthorized\nDate: x",
    ),
    "curl --trace": (
        "=> Send header, 20 bytes (0x14)\n0000: PATCH /a HTTP/1.1\n=> Send data\n",
        "PATCH /a HTTP/1.1\n",
    ),
    "HTTP/2": (
        ":method: PATCH\n:authority: api.zoom.us\n:scheme: https\n:path: /v2/a\nauthorization: x",
        "PATCH https://api.zoom.us/v2/a\nauthorization: x",
    ),
    "HTTP/2 without a host": (":method PATCH\n:path /v2/a\n", "PATCH /v2/a\n"),
    "a table": (
        "method,url,status\nPATCH,https://a,401\nGET,https://b,200\n",
        "method: PATCH\nurl: https://a\nstatus: 401",
    ),
    "a table of what went well": (
        "url,method,status\nhttps://a,PATCH,202\n",
        "url: https://a\nmethod: PATCH\nstatus: 202",
    ),
    "a table with semicolons": ("name;url;method\nx;https://a;PATCH\n", "url: https://a\nmethod: PATCH\nname: x"),
    "a link in a link": (
        "https://safe/?url=https%3A%2F%2Fapi.zoom.us%2Fv2&x=1",
        "https://safe/?url=https://api.zoom.us/v2&x=1",
    ),
    "a whole text in quotation marks": ('"curl https://api.zoom.us -d \\"a\\""', 'curl https://api.zoom.us -d "a"'),
    "a member of a log's line": (
        '{"message": "PATCH https://api.zoom.us/v2\\n{\\"code\\": 124, \\"message\\": \\"x\\"}"}',
        '{"message": ""\nPATCH https://api.zoom.us/v2\n{"code": 124, "message": "x"}\n}',
    ),
    "an answer in a log's line": (
        'log: {\\"code\\":124,\\"message\\":\\"Invalid\\"}',
        'log: {"code":124,"message":"Invalid"}',
    ),
    "curly quotation marks": ("\u201ca\u201d \u2018b\u2019", "\"a\" 'b'"),
}
LEFT = {
    "one quoted line among others": "> a\nb",
    "curl's transcript": f"{SENT}< HTTP/1.1 200",
    "curl's transcript without an answer": f"{SENT}> ",
    "one line of a log": "2026-11-21 10:00:00 a\nb",
    "half of a log": "2026-11-21 10:00:00 a\n2026-11-21 10:00:01 b\nc\nd",
    "an answer that is a page": "<!doctype html><p>a</p>",
    "a tag in a sentence": "<b>a</b>",
    "a table of two columns": "method,url\nPATCH,a\n",
    "a table about something else": "a,b,c\n1,2,3\n",
    "what a shell's command quotes": 'curl -d {\\"code\\":124,\\"message\\":\\"x\\"}',
    "curly and straight quotation marks": '"a" \u201cb\u201d',
    "escapes outside quotation marks": 'a\\u00e9 zoom \\"x\\"',
}


@pytest.mark.parametrize("what", UNDONE)
def test_what_happened_to_a_text_is_undone(what: str) -> None:
    before, after = UNDONE[what]
    assert viewed(View(before, before)).text == after


@pytest.mark.parametrize("what", LEFT)
def test_other_texts_are_left_as_they_are(what: str) -> None:
    assert viewed(View(LEFT[what], LEFT[what])).text == LEFT[what]


def test_curly_quotation_marks_are_told() -> None:
    assert viewed(View("\u201ca\u201d", "\u201ca\u201d")).notes == (CURLY_NOTE,)


@pytest.mark.parametrize("mark", ["> ", "10:00:00 ", "<p>", "app | "])
def test_every_place_of_a_view_leads_back_to_its_line(mark: str) -> None:
    text = "".join(f"{mark}word{number} &amp; more\n" for number in range(5))
    view = viewed(View(text, text))
    assert "&amp;" not in view.text
    for number in range(5):
        assert view.line(view.text.index(f"word{number}")) == number + 1


edits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.text("xy\n", max_size=3)), max_size=5)


@given(st.text("ab\n", max_size=40), edits)
def test_an_edited_view_keeps_the_rest_and_knows_its_lines(text: str, steps: list[tuple[int, int, str]]) -> None:
    changes: list[tuple[int, int, str]] = []
    kept, position = [*range(len(text))], 0
    for gap, length, new in steps:
        start, end = position + gap, position + gap + length
        if end <= len(text):
            changes.append((start, end, new))
            position = end
    for start, end, new in reversed(changes):
        kept[start:end] = [-1] * len(new)
    view = View(text, text).edited(changes, "a note")
    shown = [(sign, text.count("\n", 0, place) + 1) for place, sign in enumerate(text)]
    assert [(view.text[at], view.line(at)) for at, place in enumerate(kept) if place >= 0] == [
        shown[place] for place in kept if place >= 0
    ]
    assert "".join(sign for sign, place in zip(view.text, kept, strict=True) if place < 0) == "".join(
        new for _, _, new in changes
    )
    assert view.notes == (("a note",) if changes else ())


def test_a_pattern_is_replaced_where_that_changes_something() -> None:
    view = View("a1b2", "a1b2")
    assert view.without(re.compile(r"\d")).text == "ab"
    assert view.without(re.compile(r"\d"), lambda found: f"<{found[0]}>").text == "a<1>b<2>"
    assert view.without(re.compile("[ab]"), lambda found: found[0]) is view


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\xc3\xa9", "a\u00e9"),
        (b"\xef\xbb\xbfa", "a"),
        (b"\xff\xfea\0b\0", "ab"),
        (b"\xfe\xff\0a\0b", "ab"),
        ("abcdefgh\n".encode("utf-16-le"), "abcdefgh\n"),
        ("abcdefgh\n".encode("utf-16-be"), "abcdefgh\n"),
        (b"a\0b\0c\0d\0", "a\0b\0c\0d\0"),  # too short to tell
        (b"a\x91b\x94", "a\u2018b\u201d"),
        (b"a\x90b", "a\ufffdb"),
        (b"a\x93\xc3\xa9", "a\ufffd\u00e9"),
        (b"\x93\xe2\x82\xac", "\ufffd\u20ac"),
        (b"\xe9", "\ufffd"),
    ],
)
def test_bytes_are_decoded_as_they_were_written(data: bytes, text: str) -> None:
    assert decoded(data) == text


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("{}", 0, 2),
        ("a [1, {}] b", 2, 9),
        ('{"}": "]"} }', 0, 10),
        (r'{"a": "\"}"} x', 0, 12),
        ("{[}", 0, None),
        ("{", 0, None),
        ("x} {", 0, 2),
        ("", 0, None),
    ],
)
def test_where_json_ends(text: str, start: int, end: int | None) -> None:
    assert end_of_json(text, start) == end


def test_marks_of_word_processors() -> None:
    assert straightened("\u201ca\u201d \u201eb\u201f \u2018c\u2019\u00a0d") == '"a" "b" \'c\' d'
    assert [is_curly_throughout(text) for text in ("\u201ca\u201d", '\u201ca"', "a")] == [True, False, False]
    assert (json_of("[1]"), json_of("[1"), json_of("[1", 5), json_of("[" * 100_000)) == ([1], None, 5, None)
