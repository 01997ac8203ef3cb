from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from zoomcall.usecases.pasted.tool_files import read_har

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"


def entry(url: str = URL, **parts: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-11-21T11:00:00.500+01:00",
        "time": 1500,
        "request": {"method": "PATCH", "url": url, "headers": [{"name": "Authorization", "value": "Bearer x"}]},
        "response": {"status": 404, "headers": [{"name": "Date", "value": "Sat, 21 Nov 2026 10:00:02 GMT"}]},
    } | parts


def har(*entries: object) -> str:
    return json.dumps({"log": {"entries": entries}})


def test_a_request_and_its_answer() -> None:
    content = {"text": '{"code":3001,"message":"Session is not found or has expired."}'}
    posted = {"method": "PATCH", "url": URL, "headers": [], "postData": {"text": "{}"}}
    read = read_har(har(entry(request=posted, response={"status": 404, "headers": [], "content": content})))
    assert read is not None
    [request] = read
    assert (request.method, request.url, request.body) == ("PATCH", URL, "{}")
    assert request.sent_at == datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC)
    assert request.answer is not None
    assert request.answer.read().code == 3001
    assert request.answer.received_at == datetime(2026, 11, 21, 10, 0, 2, tzinfo=UTC)


def test_only_what_goes_to_zoom_is_read() -> None:
    read = read_har(
        har(entry("https://example.com/a"), entry(), entry("http://127.0.0.1:1/videosdk/sessions/x/users"))
    )
    assert read is not None
    assert [request.url for request in read] == [URL, "http://127.0.0.1:1/videosdk/sessions/x/users"]


def test_a_preflight_of_the_browser_is_left_out() -> None:
    assert read_har(har(entry(request={"method": "OPTIONS", "url": URL, "headers": []}))) == ()


def test_browsers_leave_the_authorization_header_out_of_their_files() -> None:
    read = read_har(har(entry(request={"method": "PATCH", "url": URL, "headers": []})))
    assert read is not None
    assert not read[0].is_whole
    assert "browsers" in read[0].not_understood[0]


def test_an_entry_by_itself_and_a_list_of_entries_will_do() -> None:
    for text in (json.dumps(entry()), json.dumps({"entries": [entry()]}), "\ufeff" + har(entry())):
        read = read_har(text)
        assert read is not None
        assert len(read) == 1


def test_parameters_of_a_form_are_put_together() -> None:
    params = [{"name": "a", "value": "b c"}, {"name": "d", "value": "e"}]
    request = {
        "method": "POST",
        "url": "https://zoom.us/oauth/token",
        "headers": [],
        "postData": {"params": params},
    }
    read = read_har(har(entry(request=request)))
    assert read is not None
    assert read[0].body == "a=b+c&d=e"


@pytest.mark.parametrize("status", [0, True, "404", None, 999, -1, 404.0])
def test_what_is_no_status_is_no_answer(status: object) -> None:
    read = read_har(har(entry(response={"status": status})))
    assert read is not None
    assert read[0].answer is None


@pytest.mark.parametrize(
    "part",
    [{"time": True}, {"time": -1}, {"time": 1e300}, {"time": "x"}, {"startedDateTime": "9999-12-31T23:59:59Z"}],
)
def test_odd_times_are_no_trouble(part: dict[str, Any]) -> None:
    assert read_har(har(entry(**part)))


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"request": 1', '{"log": {"entries": 3}, "request": 1}', '{"request": []}', '"request"'],
)
def test_other_texts_are_no_har(text: str) -> None:
    assert read_har(text) is None


def test_broken_base64_is_an_empty_body() -> None:
    read = read_har(har(entry(response={"status": 401, "content": {"encoding": "base64", "text": "a"}})))
    assert read is not None
    assert read[0].answer is not None
    assert read[0].answer.body == b""
