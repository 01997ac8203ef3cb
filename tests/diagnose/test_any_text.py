"""Any text and any bytes end in a diagnosis or in a clear "not understood", and soon."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from diagnose.cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import Shell
from tokens import NOW

from zoomcall.errors import UsageError
from zoomcall.usecases.diagnosing import Diagnosis, diagnose
from zoomcall.usecases.pasted.paste import LARGEST_PASTE, text_of_paste

SECONDS = 2.0
TEXTS = tuple(case.text for case in CASES)
PIECES = (
    "curl ",
    "curl.exe ",
    "-X PATCH ",
    "-H ",
    "-d ",
    "--data-raw ",
    "-u ",
    "-G ",
    "\\\n",
    "^\n",
    "`\n",
    "\n",
    "\n\n",
    "'",
    '"',
    '\\"',
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "$'",
    "$(",
    "@{",
    "@'",
    "<",
    ">",
    "|",
    "&",
    ";",
    ":",
    ",",
    "=",
    "+",
    "#",
    "//",
    "/*",
    '"""',
    "f'",
    "\u201c",
    "\u2019",
    "https://api.zoom.us/v2/videosdk/sessions/a%2Fb/events",
    "/live_meetings/84098077904/event",
    "https://zoom.us/oauth/token?grant_type=x",
    "Authorization: Bearer ",
    "eyJhbGciOiJIUzI1NiJ9.e30.x",
    "Basic Og==",
    "{sessionId}",
    "$TOKEN",
    "<token>",
    "x-api-key: ",
    "PATCH ",
    " HTTP/1.1",
    "HTTP/1.1 401\n",
    "Date: Sat, 21 Nov 2026 10:00:00 GMT\n",
    '{"code":124,"message":"Invalid access token."}',
    "(401) Unauthorized",
    "a 200",
    '{"method":"user.invite.room_system_callout","params":{"call_type":"sip","device_ip":"a@b"}}',
    '"device_ip"',
    "device_ip",
    "grant_type",
    "fetch(",
    "axios.patch(",
    "requests.patch(",
    "new HttpRequestMessage(HttpMethod.Patch, ",
    "Invoke-RestMethod -Uri ",
    "await ",
    "var x = ",
    "JSON.stringify(",
    "json=",
    "new { ",
    "${a}",
    "%s",
    "\0",
    "\ud800",
    "\U0001f600",
    "\r",
    "0",
    "1e999",
    '{"log":{"entries":[',
    '{"request":{',
)


def judged(text: str) -> Diagnosis | None:
    """Return the diagnosis; None if the text is not understood."""
    try:
        return diagnose(text, now=NOW)
    except UsageError as error:
        complaint = error
    assert complaint.message
    assert complaint.fix
    return None


@given(st.text())
def test_any_text_is_judged_or_refused(text: str) -> None:
    judged(text)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_jumble_of_what_people_paste_is_judged_or_refused(text: str) -> None:
    judged(text)


@settings(max_examples=300)
@given(st.data())
def test_any_case_may_be_cut_and_stitched(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    filling = data.draw(st.one_of(st.sampled_from(PIECES), st.sampled_from(TEXTS), st.text(max_size=5)))
    judged(text[:start] + filling + text[end:])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-16")), st.binary(min_size=200)))
def test_any_bytes_end_in_a_diagnosis_or_in_exit_2(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    shell = Shell(tmp_path_factory.mktemp("shell") / "a")
    result = shell("diagnose", "--json", stdin=data)
    document = result.json()
    assert result.code in {0, 2, 4, 5, 6, 7, 8, 9, 11, 13}
    assert (document["schema"] == "zoomcall.error/1") == (result.code == 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.data())
def test_any_har_is_judged_or_refused(data: st.DataObject) -> None:
    def part(name: str, usual: Any) -> Any:
        return data.draw(st.one_of(st.just(usual), json_values), label=name)

    entry = {
        "startedDateTime": part("startedDateTime", "2026-11-21T10:00:00Z"),
        "time": part("time", 10),
        "request": part(
            "request",
            {
                "method": part("method", "PATCH"),
                "url": part("url", "https://api.zoom.us/v2/videosdk/sessions/abc/events"),
                "headers": part("headers", [{"name": part("name", "Authorization"), "value": part("value", "x")}]),
                "postData": part("postData", {"text": part("text", "{}"), "params": part("params", [])}),
            },
        ),
        "response": part(
            "response",
            {
                "status": part("status", 401),
                "headers": part("answer headers", []),
                "content": part("content", {"encoding": part("encoding", "base64"), "text": part("body", "e30=")}),
            },
        ),
    }
    judged(json.dumps({"log": {"entries": part("entries", [entry])}}))


def filled(pattern: str) -> str:
    return (pattern * (LARGEST_PASTE // len(pattern) + 1))[:LARGEST_PASTE]


def long_har(count: int) -> str:
    entry = (
        '{"request":{"method":"GET","url":"https://api.zoom.us/v2/users/me","headers":[{"name":"a","value":"b"}]}}'
    )
    return '{"log":{"entries":[' + ",".join([entry] * count) + "]}}"


def jumble(size: int) -> str:
    choose = random.Random(20261121)  # noqa: S311 - the same jumble in every run
    return "".join(choose.choices([piece for piece in PIECES if piece not in {"\0", "\ud800"}], k=size // 9))


CALL = "curl -X PATCH https://api.zoom.us/v2/videosdk/sessions/a/events -H 'Authorization: Bearer x' -d '{}'\n"
FETCH = 'fetch("https://api.zoom.us/v2/videosdk/sessions/a/events", '
LARGE: dict[str, Callable[[], str]] = {
    "letters": lambda: filled("a"),
    "line breaks": lambda: filled("\n")[1:] + "x",
    "blanks": lambda: filled(" ")[1:] + "x",
    "methods": lambda: filled("GET "),
    "request lines": lambda: filled("GET /v2/videosdk/sessions/a/events\n"),
    "headers": lambda: "PATCH /v2/videosdk/sessions/a/events HTTP/1.1\n" + filled("X-A: b\n")[:-60],
    "folded headers": lambda: "PATCH /v2/videosdk/sessions/a/events HTTP/1.1\nA: b\n" + filled(" c\n")[:-60],
    "curl words": lambda: filled("curl "),
    "curl commands": lambda: filled(CALL),
    "open quotes": lambda: filled("curl -X '"),
    "quotes": lambda: filled('"'),
    "escapes": lambda: filled('\\"'),
    "braces": lambda: "https://api.zoom.us/v2/videosdk/" + filled("{")[:-40],
    "lists": lambda: '{"request":' + filled("[")[:-20],
    "objects": lambda: '{"request":' + filled('{"a":')[:-20],
    "code with braces": lambda: FETCH + filled("{a:")[:-80],
    "code with brackets": lambda: FETCH + filled("(")[:-80],
    "code with sums": lambda: FETCH + filled('+ "a" ')[:-80],
    "code with comments": lambda: FETCH + filled("/* ")[:-80],
    "programs": lambda: filled(
        'var x = new HttpClient(); x.PatchAsync("/videosdk/sessions/" + id + "/events", y);\n'
    ),
    "here-strings": lambda: 'Invoke-RestMethod "https://zoom.us/videosdk/"' + filled('@"\n')[:-60],
    "codes": lambda: filled('{"code":124,"message":"x" '),
    "statuses": lambda: filled("HTTP/1.1 401\n"),
    "prose": lambda: filled("the error is that I was getting an answer with status and error "),
    "tokens": lambda: filled("token: abcdefgh\n"),
    "half tokens": lambda: filled("eyJhbGci."),
    "one token": lambda: "Authorization: Bearer eyJ" + filled("a")[:-40],
    "a cookie": lambda: CALL.strip() + " -b '" + filled("a=bcdefghi; ")[:-200] + "'",
    "pseudo-headers": lambda: filled(":path /v2/videosdk/sessions\n"),
    "blocks of Bruno's": lambda: filled("get {\n"),
    "blocks of YAML": lambda: "url: https://zoom.us/oauth/token\n" + filled("body: |\n a\n\n")[:-40],
    "a HAR file": lambda: long_har(45_000),
    "a long body": lambda: http_with(filled("a")[:-300]),
    "a jumble": lambda: jumble(LARGEST_PASTE),
}


def http_with(body: str) -> str:
    return f"PATCH https://api.zoom.us/v2/videosdk/sessions/a/events\nAuthorization: Bearer x\n\n{{{body}"


@contextmanager
def untraced() -> Iterator[None]:
    """Measure the program, not the program under coverage, which takes twice as long."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.mark.parametrize("name", LARGE)
def test_five_megabytes_are_judged_in_two_seconds(name: str) -> None:
    data = LARGE[name]().encode()[:LARGEST_PASTE]
    assert len(data) > LARGEST_PASTE * 0.85
    with untraced():
        began = time.process_time()
        judged(text_of_paste(data, origin="the test"))
        assert time.process_time() - began < SECONDS


def test_more_than_five_megabytes_are_refused(zoomcall: Shell) -> None:
    result = zoomcall("diagnose", stdin=b"a" * (LARGEST_PASTE + 1))
    assert result.code == 2
    assert "larger than 5,242,880 bytes" in result.stderr


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_run_opened_or_reached(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise AssertionError("a paste made the program act")

    judged(text)  # whatever is imported or read once is by now
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    judged(text)
