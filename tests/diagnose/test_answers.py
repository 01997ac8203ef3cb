from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.usecases.pasted.answers import PastedAnswer, read_answer

REFUSED = '{"code":124,"message":"Invalid access token."}'


def pasted(text: str, *, before: str = "", is_oauth: bool = False) -> PastedAnswer | None:
    return read_answer(before, text, method="PATCH", path="/", is_oauth=is_oauth)


def read(text: str, *, before: str = "", is_oauth: bool = False) -> ZoomAnswer:
    answer = pasted(text, before=before, is_oauth=is_oauth)
    assert answer is not None
    return answer.raw.read()


@pytest.mark.parametrize(
    "text",
    [
        f"HTTP/1.1 401 Unauthorized\nContent-Type: application/json\n\n{REFUSED}",
        f"HTTP/2 401 \r\ndate: x\r\n\r\n{REFUSED}".replace("\r", ""),
        f"< HTTP/2 401\n< content-type: application/json\n<\n* Connection left\n{REFUSED}",
        f"HTTP/1.1 100 Continue\n\nHTTP/1.1 401 Unauthorized\n\n{REFUSED}",
        f"HTTP/1.1 200 Connection established\n\nHTTP/1.1 401 Unauthorized\n\n{REFUSED}",
        f"401 {REFUSED}",
        f"401: {REFUSED}",
        f"Response: 401\n{REFUSED}",
        f"HTTP 401\n{REFUSED}",
        f"HTTP Error 401: Unauthorized\n{REFUSED}",
        f"// => 401 {REFUSED}",
        f"# 401 Unauthorized {REFUSED}",
        f"StatusCode: 401, ReasonPhrase: 'Unauthorized', Version: 1.1\n{REFUSED}",
        f"StatusCode: Unauthorized\n{REFUSED}".replace('"', "\u201d"),
        f"The remote server returned an error: (401) Unauthorized.\n{REFUSED}",
        f"Response status code does not indicate success: 401 (Unauthorized).\n{REFUSED}",
        f"Request failed with status code 401\n{REFUSED}",
        f"requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: x\n{REFUSED}",
        f"<Response [401]>\n{REFUSED}",
        f'{{"status": 401, "data": {REFUSED}}}',
        f"I am getting a 401 with {REFUSED}",
        f"and the answer was an error 401: {REFUSED}",
        REFUSED,
        "It says {\u201ccode\u201d:124,\u201cmessage\u201d:\u201cInvalid access token.\u201d}",
        "{ code: 124, message: 'Invalid access token.' }",
        "Zoom keeps telling me Invalid access token.",
        '"{\\"code\\":124,\\"message\\":\\"Invalid access token.\\"}"',
    ],
)
def test_a_refusal_is_read_however_it_is_told(text: str) -> None:
    answer = read(text)
    assert (answer.status, answer.code) == (401, 124)
    assert (answer.message or "").startswith("Invalid access token")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("HTTP/1.1 202 Accepted\nContent-Length: 0\n", 202),
        ("HTTP/2 200", 200),
        ("200", 200),
        ("  200 OK", 200),
        ("\u2192 200", 200),
        ("status: 202", 202),
        ("to which I just get a 200 response and nothing happens", 200),
        ("Zoom answers 200 and nobody is called", 200),
        ("Response code: 204", 204),
        ("StatusCode: OK", 200),
        ("I get error 404.", 404),
        ("status code 502 Bad Gateway", 502),
    ],
)
def test_a_status_alone(text: str, status: int) -> None:
    assert read(text).status == status


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing was said",
        "if (response.status === 401) throw new Error()",
        "assert response.status_code == 202",
        "expect(res.status).toBe(202)",
        "if r.status_code != 202: raise",
        "app.use((req, res) => res.status(200).send())",
        "return { statusCode: 200, body: 'x' };",
        "see RFC 6750 and port 443",
        "the meeting 401234567 is live",
        "room 404@example.com",
        "it takes 300 ms",
        '{"method":"user.invite.room_system_callout","params":{"device_ip":"a@b"}}',
        '{"code": "uoQqucvWDvnwS4", "iss": "zm:cid:x", "exp": 1675191046}',
    ],
)
def test_what_is_no_answer_is_none(text: str) -> None:
    assert pasted(text) is None


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ('{"code":3001,"message":"Session is not found or has expired."}', 404, 3001),
        ('{"code":300,"message":"No permission."}', 400, 300),
        ('{"code":2311,"message":"No Permission, does not have Conference Room Connector plan."}', 403, 2311),
        ('{"code":429,"message":"You have reached the maximum per-second rate limit"}', 429, 429),
        ('{"code":99999,"message":"New."}', 400, 99999),
        ('{"reason":"Invalid client_id or client_secret","error":"invalid_client"}', 400, "invalid_client"),
        ("Meeting 84098077904 is not found or has expired.", 404, 3001),
        ("error code 2300", 404, 2300),
        ("This API is only available for Video SDK accounts", 400, 200),
    ],
)
def test_the_status_follows_from_the_code_where_it_is_not_told(text: str, status: int, code: int | str) -> None:
    answer = pasted(text)
    assert answer is not None
    assert answer.is_inferred
    read_answer_again = answer.raw.read()
    assert (read_answer_again.status, read_answer_again.code) == (status, code)


def test_what_stands_behind_the_request_counts_before_what_stands_in_front() -> None:
    assert read("HTTP/1.1 404\n", before="HTTP/1.1 401\n").status == 404
    assert read("and so on", before="HTTP/1.1 401\n").status == 401


@pytest.mark.parametrize("head", ["HTTP/1.1 100 Continue", "HTTP/2 103", "< HTTP/1.1 100 Continue"])
def test_a_head_that_only_says_to_go_on_is_not_the_answer(head: str) -> None:
    assert pasted(f"{head}\n\n") is None
    assert read(f"HTTP/1.1 401 Unauthorized\n\n{REFUSED}\n\n{head}\n\n").status == 401
    assert read(f"{head}\n\n401 {REFUSED}\n").status == 401


def test_headers_are_found_in_whole_answers_and_in_dumps() -> None:
    moment = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    whole = read(f"HTTP/2 401\ndate: Sat, 21 Nov 2026 10:00:00 GMT\nx-zm-trackingid: v=2.0;clid=us\n\n{REFUSED}")
    assert (whole.server_time, whole.tracking_id) == (moment, "v=2.0;clid=us")
    dump = read("StatusCode: 401, Headers:\n{\n  Date: Sat, 21 Nov 2026 10:00:00 GMT\n  x-zm-trackingid: WEB_1\n}")
    assert (dump.server_time, dump.tracking_id) == (moment, "WEB_1")


def test_broken_json_is_kept_whole() -> None:
    text = '{"code":104, "message":"Invalid access token, does not contain scopes:["meeting:write:admin"]."}'
    assert "meeting:write:admin" in (read(f"HTTP/1.1 400\n\n{text}\n\nmore").message or "")
    assert "meeting:write:admin" in (read(f"400 {text}\nmore").message or "")


def test_a_page_is_no_answer_of_zooms() -> None:
    for text in ("HTTP/1.1 403 Forbidden\n\n<html>no</html>", "403 Forbidden\n<!DOCTYPE html><html>no</html>"):
        answer = pasted(text)
        assert answer is not None
        assert answer.has_body
        assert not answer.raw.read().is_zooms


def test_whether_a_body_was_to_be_seen_is_told() -> None:
    for text, has_body in (("HTTP/1.1 401", False), ("401", False), (f"401 {REFUSED}", True)):
        answer = pasted(text)
        assert answer is not None
        assert answer.has_body is has_body
