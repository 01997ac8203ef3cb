from __future__ import annotations

import pytest

from zoomcall.usecases.pasted.http_message import read_http_requests, read_mentioned_requests
from zoomcall.usecases.pasted.pieces import PastedRequest

PATH = "/v2/videosdk/sessions/abc/events"


def read(text: str) -> PastedRequest:
    [request] = read_http_requests(text)
    return request


def test_a_whole_request() -> None:
    text = f'PATCH {PATH} HTTP/1.1\nHost: api.zoom.us\nContent-Type: application/json\n\n{{"a": 1}}\n'
    request = read(text)
    assert (request.method, request.url) == ("PATCH", f"https://api.zoom.us{PATH}")
    assert request.headers == (("Host", "api.zoom.us"), ("Content-Type", "application/json"))
    assert (request.body, request.is_whole) == ('{"a": 1}', True)
    assert text[request.end :] == "\n"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1:8080", f"http://127.0.0.1:8080{PATH}"),
        ("localhost", f"http://localhost{PATH}"),
        ("api.zoomgov.com", f"https://api.zoomgov.com{PATH}"),
        ("{{host}}", PATH),
        ("a b", PATH),
    ],
)
def test_the_host_header_completes_the_url(host: str, url: str) -> None:
    assert read(f"PATCH {PATH} HTTP/1.1\nHost: {host}\n\n").url == url


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 401 Unauthorized\n",
        "< HTTP/2 401\n",
        "Response:\n",
        "### next\n",
        "401 Unauthorized\n",
        '401 {"code":124}\n',
        "```\n",
    ],
)
@pytest.mark.parametrize("body", ['{"a": {"b": "}"}}', '{"a": 1,}', "grant_type=x", '{"a": "not closed'])
def test_the_body_ends_before_the_answer(body: str, answer: str) -> None:
    text = f"PATCH {PATH} HTTP/1.1\nA: b\n\n{body}\n{answer}rest"
    request = read(text)
    assert request.body == body
    assert text[request.end :].lstrip("\n").startswith(answer.rstrip("\n"))


def test_an_answer_behind_a_blank_line_is_no_body() -> None:
    request = read('GET /v2/users/me HTTP/1.1\nA: b\n\n{"code":124,"message":"Invalid access token."}')
    assert request.body == ""


def test_without_a_body_it_is_only_known_of_a_whole_request() -> None:
    assert read(f"PATCH {PATH} HTTP/1.1\nA: b\n\n").body == ""
    assert read(f"PATCH {PATH} HTTP/1.1\nContent-Length: 12\n\n").body is None
    assert read(f"PATCH {PATH}\nA: b\n").body is None
    assert read(f"PATCH {PATH}").body is None


def test_a_request_line_alone_is_not_whole() -> None:
    assert not read(f"patch https://api.zoom.us{PATH}").is_whole


def test_headers_may_be_indented_or_folded() -> None:
    request = read(f"    PATCH {PATH} HTTP/1.1\n    A: b\n    C: d\n\n")
    assert request.headers == (("A", "b"), ("C", "d"))
    assert read(f"PATCH {PATH} HTTP/1.1\nA: b\n  c\nD: e\n\n").headers == (("A", "b\nc"), ("D", "e"))


def test_a_body_may_follow_without_a_blank_line() -> None:
    assert read(f'PATCH {PATH} HTTP/1.1\nA: b\n{{"a": 1}}').body == '{"a": 1}'


def test_a_transcript_of_curl_shows_no_body() -> None:
    text = (
        f"* Connected\n> PATCH {PATH} HTTP/2\n> Host: api.zoom.us\n> authorization: Bearer x\n>\n< HTTP/2 202\n<\n"
    )
    request = read(text)
    assert request.header("authorization") == "Bearer x"
    assert request.body is None


@pytest.mark.parametrize(
    "text", ["GET it done", "PATCH", "I PATCH /v2/x now", "POSTED /v2/x", "GET well\nsoon", "PUT /tmp/x in y"]
)
def test_prose_is_no_request(text: str) -> None:
    assert list(read_http_requests(text)) == []


@pytest.mark.parametrize(
    ("text", "method", "url"),
    [
        (f"when I PATCH https://api.zoom.us{PATH}, it fails", "PATCH", f"https://api.zoom.us{PATH}"),
        (f"a POST request to `{PATH}`.", "POST", PATH),
        ("(see https://api.zoom.us/v2/live_meetings/123456789/event)", "", None),
        ("PATCH /videosdk/sessions/{sessionId}", "PATCH", "/videosdk/sessions/{sessionId}"),
    ],
)
def test_a_request_that_is_spoken_of(text: str, method: str, url: str | None) -> None:
    [request] = read_mentioned_requests(text)
    assert request.method == method
    assert request.url == (url or "https://api.zoom.us/v2/live_meetings/123456789/event")
    assert not request.is_whole
