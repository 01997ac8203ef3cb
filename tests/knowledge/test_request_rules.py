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
