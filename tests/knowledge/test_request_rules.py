from __future__ import annotations

from typing import Any

import pytest

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.target import Api, encode_id
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.request_rules import RULES
from zoomcall.knowledge.route import route_of

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
BASE = "https://api.zoom.us/v2"
MEETING = f"{BASE}/live_meetings/84098077904/events"
SESSION = f"{BASE}/videosdk/sessions/KkMHZ4y8QhSUWAHi5sWvfg%3D%3D/events"


def judged(
    url: str,
    *,
    method: str = "PATCH",
    status: int | None = None,
    code: int | None = None,
    is_ours: bool = False,
    **known: Any,
) -> dict[str, Finding | Checked]:
    request = RequestFacts(method=method, url=url, is_ours=is_ours)
    answer = None
    if status is not None:
        answer = ZoomAnswer(method=method, path="/", status=status, code=code, is_zooms=code is not None)
    facts = Facts(request=request, answer=answer, **known)
    return {result.id: result for rule in RULES if (result := rule(facts)) is not None}


def found(url: str, **known: Any) -> dict[str, Certainty]:
    return {name: result.certainty for name, result in judged(url, **known).items() if isinstance(result, Finding)}


@pytest.mark.parametrize(
    "url", [MEETING, SESSION, f"{MEETING}/", f"{SESSION}?x=1#y", "/live_meetings/84098077904/events"]
)
def test_a_correct_request_is_found_fine(url: str) -> None:
    assert found(url) == {}
    assert "path-event-singular" in judged(url)


@pytest.mark.parametrize("status", [None, 200, 404])
@pytest.mark.parametrize("url", [MEETING[:-1], SESSION[:-1]])
def test_event_in_the_singular_is_certain_where_it_explains_the_answer(url: str, status: int | None) -> None:
    assert found(url, status=status) == {"path-event-singular": CERTAIN}


def test_event_in_the_singular_is_only_possible_where_zoom_refused_the_token() -> None:
    assert found(MEETING[:-1], status=401, code=124) == {"path-event-singular": POSSIBLE}


@pytest.mark.parametrize("url", [f"{BASE}/webinars/1/event", f"{BASE}/meetings/1/event", f"{BASE}/users/me/events"])
def test_other_paths_may_end_as_they_like(url: str) -> None:
    assert "path-event-singular" not in judged(url)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "post"])
def test_a_wrong_method_is_certain(method: str) -> None:
    assert found(MEETING, method=method) == {"wrong-method": CERTAIN}


@pytest.mark.parametrize("method", ["PATCH", "patch"])
def test_patch_is_the_right_method(method: str) -> None:
    assert judged(MEETING, method=method)["wrong-method"] == Checked("wrong-method", "PATCH")


def test_a_read_may_be_a_get() -> None:
    assert "wrong-method" not in judged(f"{BASE}/videosdk/sessions/abc/users", method="GET")


@pytest.mark.parametrize("identifier", ["abc", "a/b==", "a+b=", "/abc==", "a//b=="])
def test_an_id_encoded_by_the_rule_is_fine(identifier: str) -> None:
    for is_ours in (True, False):
        result = judged(f"{BASE}/videosdk/sessions/{encode_id(identifier)}/events", is_ours=is_ours)
        assert isinstance(result["session-id-encoding"], Checked)


@pytest.mark.parametrize("raw", ["a/b==", "/abc==", "a//b", "a%252Fb%253D%253D", "%2Fabc", "a%2F%2Fb"])
def test_an_id_encoded_against_the_rule_is_found(raw: str) -> None:
    url = f"{BASE}/videosdk/sessions/{raw}/events"
    assert found(url)["session-id-encoding"] is LIKELY
    assert found(url, status=404, code=2300)["session-id-encoding"] is CERTAIN
    assert found(url, status=404, code=3001)["session-id-encoding"] is CERTAIN


def test_an_id_that_was_given_encoded_is_found_in_our_own_request() -> None:
    url = f"{BASE}/videosdk/sessions/{encode_id('sfk%2FaOFJ%3D%3D')}/users"
    result = judged(url, method="GET", status=404, code=3001, is_ours=True)["session-id-encoding"]
    assert isinstance(result, Finding)
    assert result.certainty is LIKELY
    assert "sfk%2FaOFJ%3D%3D" in result.evidence


def test_the_id_of_a_meeting_is_not_looked_at() -> None:
    assert "session-id-encoding" not in judged(f"{BASE}/live_meetings/a%252Fb/events")


def test_an_unknown_path_is_what_zoom_says_it_is() -> None:
    url = f"{BASE}/videosdk/rooms/abc"
    assert found(url, status=404, code=2300) == {"path-unknown": LIKELY}
    assert "path-unknown" not in judged(url, status=404, code=3001)
    assert "path-unknown" not in judged(MEETING, status=202)


def test_a_missing_version_is_seen_on_hosts_of_zooms_alone() -> None:
    assert found("https://api.zoom.us/live_meetings/1/events") == {"path-unknown": CERTAIN}
    assert found("https://api.zoom.us/live_meetings/1/events", status=404, code=2300) == {"path-unknown": CERTAIN}
    assert "path-unknown" not in judged("https://api.zoom.us.example/live_meetings/1/events")
    assert "path-unknown" not in judged("/live_meetings/1/events")
    assert "path-unknown" not in judged("https://zoom.us/oauth/token", method="POST")


def test_an_unknown_path_of_our_own_points_at_the_api_base() -> None:
    with_version = judged("/v2/videosdk/sessions/abc/events", status=404, code=2300, is_ours=True)["path-unknown"]
    without = judged("/videosdk/sessions/abc/events", status=404, code=2300, is_ours=True)["path-unknown"]
    assert isinstance(with_version, Finding)
    assert isinstance(without, Finding)
    assert "ZOOMCALL_API_BASE" in (with_version.fix or "")
    assert "no /v2" in without.evidence


def test_token_parameters_in_the_query_are_found() -> None:
    url = "https://zoom.us/oauth/token?grant_type=account_credentials&account_id=x"
    assert found(url, method="POST") == {"oauth-query-string": LIKELY}
    assert found(url, method="POST", status=400) == {"oauth-query-string": LIKELY}
    assert found(url, method="POST", status=429) == {"oauth-query-string": POSSIBLE}
    assert found(url, method="POST", status=200) == {}
    assert found("https://zoom.us/oauth/token", method="POST", status=400) == {}
    assert found(url, method="POST", status=400, is_ours=True) == {}
    assert found("https://zoom.us/oauth/authorize?grant_type=x") == {}


@pytest.mark.parametrize(
    ("url", "api", "raw_id", "tail"),
    [
        (SESSION, Api.SESSION, "KkMHZ4y8QhSUWAHi5sWvfg%3D%3D", "events"),
        (f"{BASE}/videosdk/sessions//abc==/users", Api.SESSION, "/abc==", "users"),
        (f"{BASE}/videosdk/sessions", Api.SESSION, None, None),
        (f"{BASE}/videosdk/report/webhook_logs?type=1", Api.SESSION, None, None),
        (MEETING, Api.MEETING, "84098077904", "events"),
        (f"{BASE}/metrics/meetings/1/participants", Api.MEETING, "1", "participants"),
        (f"{BASE}/users/me", Api.MEETING, None, None),
        ("https://zoom.us/oauth/token", None, None, None),
        ("https://gateway.example/zoom/v2/live_meetings/1/events", Api.MEETING, "1", "events"),
        ("", None, None, None),
    ],
)
def test_a_route_is_read(url: str, api: Api | None, raw_id: str | None, tail: str | None) -> None:
    route = route_of(Facts(request=RequestFacts(method="PATCH", url=url)))
    assert route is not None
    assert (route.api, route.raw_id, route.tail) == (api, raw_id, tail)


def test_without_a_request_the_answers_own_is_taken() -> None:
    answer = ZoomAnswer(method="PATCH", path="/v2/live_meetings/1/event", status=200)
    route = route_of(Facts(answer=answer))
    assert route is not None
    assert route.is_callout
    assert route_of(Facts()) is None


@pytest.mark.parametrize(
    ("status", "certainty"),
    [
        (199, POSSIBLE),
        (200, CERTAIN),
        (299, CERTAIN),
        (300, POSSIBLE),
        (403, POSSIBLE),
        (404, CERTAIN),
        (405, POSSIBLE),
    ],
)
def test_event_in_the_singular_explains_a_success_and_a_404(status: int, certainty: Certainty) -> None:
    assert found(MEETING[:-1], status=status)["path-event-singular"] is certainty


OAUTH = "https://zoom.us/oauth/token?grant_type=account_credentials"


@pytest.mark.parametrize(
    ("known", "certainty"),
    [
        ({}, LIKELY),
        ({"status": 400}, LIKELY),
        ({"status": 399}, POSSIBLE),
        ({"status": 401}, POSSIBLE),
        ({"status": 199}, POSSIBLE),
        ({"status": 200}, None),
        ({"status": 299}, None),
        ({"status": 300}, POSSIBLE),
        *(({"status": 400, "code": code}, None) for code in (4709, 4733, 4734)),
        *(({"status": 400, "code": code}, LIKELY) for code in (4708, 4710, 4732, 4735)),
        ({"is_ours": True}, None),
    ],
)
def test_a_query_is_at_fault_unless_it_was_read(known: dict[str, Any], certainty: Certainty | None) -> None:
    assert found(OAUTH, method="POST", **known).get("oauth-query-string") is certainty


@pytest.mark.parametrize(
    ("message", "is_told"), [("Bad Code", False), ("redirect", False), ("Invalid Token!", False), ("no", True)]
)
def test_an_answer_that_names_what_was_in_the_query_has_read_it(message: str, *, is_told: bool) -> None:
    answer = ZoomAnswer(method="POST", path="/", status=400, message=message)
    facts = Facts(request=RequestFacts(method="POST", url=OAUTH), answer=answer)
    assert (RULES[0](facts) is not None) is is_told


def test_a_query_is_read_for_2048_characters() -> None:
    before = "https://zoom.us/oauth/token?"
    for filler, is_told in ((2047 - len("grant_type=a"), True), (2048 - len("grant_type"), False)):
        assert ("oauth-query-string" in found(f"{before}{'b' * filler}&grant_type=a", method="POST")) is is_told


@pytest.mark.parametrize(
    ("url", "method", "known", "certainty"),
    [
        ("https://zoom.us/oauth/token", "GET", {}, CERTAIN),
        ("https://zoom.us/oauth/token", "GET", {"is_ours": True}, None),
        ("https://zoom.us/oauth/token", "POST", {}, None),
        (MEETING, "GET", {"status": 401}, POSSIBLE),
        (MEETING, "GET", {"status": 400}, CERTAIN),
        (MEETING, "GET", {"status": 402}, CERTAIN),
        (MEETING, "", {}, None),
        (MEETING, "{{method}}", {}, None),
    ],
)
def test_each_endpoint_has_its_method(
    url: str, method: str, known: dict[str, Any], certainty: Certainty | None
) -> None:
    assert found(url, method=method, **known).get("wrong-method") is certainty


@pytest.mark.parametrize(
    ("raw", "known", "certainty"),
    [
        ("a/b", {"status": 404, "code": 2300}, CERTAIN),
        ("a/b", {"status": 404, "code": 3001}, CERTAIN),
        ("a/b", {"status": 404, "code": 2299}, LIKELY),
        ("a/b", {"status": 404, "code": 3002}, LIKELY),
        ("a/b", {"status": 401}, None),
        ("a%252Fb", {"is_ours": True}, POSSIBLE),
        ("a%252Fb", {"is_ours": True, "status": 404, "code": 3001}, LIKELY),
        ("{encodeURIComponent(encodeURIComponent(id))}", {}, POSSIBLE),
        ("{encodeURIComponent(encodeURIComponent(id))}", {"status": 404, "code": 2300}, LIKELY),
        ("{encodeURIComponent(encodeURIComponent(id))}", {"status": 404, "code": 2301}, POSSIBLE),
        ("{encodeURIComponent(id)}", {}, None),
    ],
)
def test_an_id_is_the_surer_fault_the_better_it_explains_the_answer(
    raw: str, known: dict[str, Any], certainty: Certainty | None
) -> None:
    assert found(f"{BASE}/videosdk/sessions/{raw}/events", **known).get("session-id-encoding") is certainty


@pytest.mark.parametrize(
    ("identifier", "known", "words"),
    [
        ("840%2098077904", {}, "the number belongs there without spaces or dashes"),
        ("840-9807-7904", {}, "the number belongs there without spaces or dashes"),
        ("12345678-", {}, "addressed by its number, not its UUID"),
        ("123456789012-", {}, "addressed by its number, not its UUID"),
        ("4444AAAiAAAAAiAiAiiAii%3D%3D", {}, "addressed by its number, not its UUID"),
        ("abc", {"status": 401}, None),
        ("abc", {"status": 202}, None),
        ("abc", {"status": 201}, "addressed by its number, not its UUID"),
        ("84098077904", {}, None),
        ("{meetingId}", {}, None),
        ("abc", {"is_ours": True}, None),
    ],
)
def test_a_meeting_is_addressed_by_its_number(identifier: str, known: dict[str, Any], words: str | None) -> None:
    told = judged(f"{BASE}/live_meetings/{identifier}/events", **known).get("meeting-unknown")
    assert (told is None) is (words is None)
    assert words is None or (told is not None and words in told.evidence)


@pytest.mark.parametrize(
    ("url", "known", "certainty", "words"),
    [
        (
            "https://api.zoom.us/live_meetings/84098077904/events",
            {},
            CERTAIN,
            "/v2 is missing before /live_meetings",
        ),
        ("https://api.zoom.us/v1/live_meetings/84098077904/events", {}, CERTAIN, "starts with /v1, not with /v2"),
        ("https://api.zoom.us/v1/users/me", {"status": 404, "code": 2300}, CERTAIN, "starts with /v1"),
        ("https://api.zoom.us/v1/users/me", {"status": 404}, POSSIBLE, "starts with /v1"),
        ("https://zoom.us/v2/users/me", {}, LIKELY, "the API's host is api.zoom.us"),
        ("https://www.zoomgov.com/v2/users/me", {}, LIKELY, "the API's host is api.zoomgov.com"),
        ("https://zoom.us/v2/users/me", {"status": 404, "code": 1}, None, ""),
        ("https://zoom.us/v2/users/me", {"status": 404}, LIKELY, "the API's host is"),
        (f"{BASE}/videosdk/session/abc/events", {}, CERTAIN, "callouts go to /v2/videosdk/sessions/ID/events"),
        (f"{BASE}/videosdk/session/abc/events", {"status": 401}, POSSIBLE, "callouts go to"),
        (f"{BASE}/videosdk/session/abc/events", {"status": 400}, CERTAIN, "callouts go to"),
        (f"{BASE}/videosdk/session/abc/events", {"status": 202}, None, ""),
        (
            f"{BASE}/users/me",
            {"status": 404, "code": 2300},
            LIKELY,
            "Zoom does not know the path /v2/users/me (2300)",
        ),
        (f"{BASE}/users/me", {"status": 404, "code": 2299}, None, ""),
        (f"{BASE}/users/me", {"status": 404, "code": 2301}, None, ""),
        (MEETING[:-1], {"status": 404, "code": 2300}, None, ""),
        (MEETING, {"status": 404, "code": 2300, "is_ours": True}, LIKELY, "although it is as documented"),
        ("/users/me", {"status": 404, "code": 2300, "is_ours": True}, LIKELY, "there is no /v2 before /users/me"),
    ],
)
def test_an_unknown_path_is_told_with_what_is_wrong_in_it(
    url: str, known: dict[str, Any], certainty: Certainty | None, words: str
) -> None:
    told = judged(url, **known).get("path-unknown")
    assert (told.certainty if isinstance(told, Finding) else None) is certainty
    assert words in (told.evidence if told is not None else "")
