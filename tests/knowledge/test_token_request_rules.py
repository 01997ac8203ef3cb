"""What a request to the token endpoint, and its refusal, show: each with its certainty and its border."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.secret import Secret
from zoomcall.knowledge.facts import Authorization, Facts, RequestFacts
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.token_request_rules import RULES

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
TOKEN = "https://zoom.us/oauth/token"
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
GRANT = "grant_type=account_credentials&account_id=ABC"


def facts(
    body: str | None = GRANT,
    *,
    url: str = TOKEN,
    answer: dict[str, Any] | None = None,
    basic: str | None = None,
    **request: Any,
) -> Facts:
    facts_of_request = {
        "method": "POST",
        "url": url,
        "body": body,
        "headers": FORM,
        "authorization": Authorization.BASIC,
        "is_whole": True,
    }
    told = None
    if answer is not None:
        defaults = {"method": "POST", "path": "/oauth/token", "status": 400, "is_zooms": True, "is_oauth": True}
        told = ZoomAnswer(**(defaults | answer))
    return Facts(
        request=RequestFacts(**(facts_of_request | request)),
        answer=told,
        basic=None if basic is None else Secret(basic),
    )


def judged(*args: Any, **known: Any) -> dict[str, Finding | Checked]:
    given = facts(*args, **known)
    return {found.id: found for rule in RULES if (found := rule(given)) is not None}


def found(*args: Any, **known: Any) -> dict[str, tuple[Certainty, str]]:
    return {
        name: (each.certainty, each.evidence)
        for name, each in judged(*args, **known).items()
        if isinstance(each, Finding)
    }


def test_a_right_request_is_found_fine() -> None:
    assert {name: each.evidence for name, each in judged().items()} == {
        "token-request-form": "application/x-www-form-urlencoded",
        "basic-missing": "the Authorization header starts with Basic",
        "grant-type": "account_credentials",
    }
    assert judged(is_ours=True) == {}
    assert judged(url="https://api.zoom.us/v2/users/me") == {}


@pytest.mark.parametrize(
    ("body", "headers", "answer", "certainty"),
    [
        (json.dumps({"grant_type": "account_credentials"}), (), None, LIKELY),
        ("  {", (), None, LIKELY),
        (GRANT, (("content-type", "Application/JSON; charset=utf-8"),), None, LIKELY),
        ("", (("content-type", "application/json"),), None, None),
        (None, (("content-type", "application/json"),), None, LIKELY),
        (GRANT, (), None, None),
        ("{", (), {"code": "unsupported_grant_type"}, CERTAIN),
        ("{", (), {"code": 4705}, CERTAIN),
        ("{", (), {"code": 4706}, CERTAIN),
        ("{", (), {"code": 4707}, LIKELY),
        ("{", (), {"status": 199}, LIKELY),
        ("{", (), {"status": 200}, None),
        ("{", (), {"status": 299}, None),
        ("{", (), {"status": 300}, LIKELY),
    ],
)
def test_parameters_belong_in_a_form(
    body: str | None,
    headers: tuple[tuple[str, str], ...],
    answer: dict[str, Any] | None,
    certainty: Certainty | None,
) -> None:
    told = found(body, headers=headers, answer=answer).get("token-request-form")
    assert (told[0] if told else None) is certainty


@pytest.mark.parametrize(
    ("known", "certainty", "evidence"),
    [
        ({"headers": (("Authorization", "Basic id:secret"),)}, CERTAIN, "as they are, not in base64"),
        ({"basic": "id-secret"}, LIKELY, "there is no colon"),
        ({"authorization": Authorization.ABSENT}, CERTAIN, "no Authorization header"),
        ({"authorization": Authorization.ABSENT, "body": f"{GRANT}&client_secret=x"}, POSSIBLE, "are in the body"),
        ({"authorization": Authorization.ABSENT, "body": '{"client_secret": "x"}'}, POSSIBLE, "are in the body"),
        ({"authorization": Authorization.TOKEN}, LIKELY, "has a bearer token"),
        ({"authorization": Authorization.BEARER_VARIABLE}, LIKELY, "has a bearer token"),
    ],
)
def test_who_asks_belongs_in_basic_authorization(
    known: dict[str, Any], certainty: Certainty, evidence: str
) -> None:
    body = known.pop("body", GRANT)
    told = found(body, **known)["basic-missing"]
    assert told[0] is certainty
    assert evidence in told[1]
    assert "basic-missing" not in found(body, **known, answer={"status": 200})


@pytest.mark.parametrize("how", [Authorization.UNKNOWN, Authorization.VARIABLE, Authorization.IN_QUERY])
def test_who_asks_is_not_judged_where_it_is_not_shown(how: Authorization) -> None:
    assert "basic-missing" not in judged(authorization=how)


def test_basic_with_a_colon_in_base64_is_fine() -> None:
    assert isinstance(judged(basic="id:secret")["basic-missing"], Checked)


@pytest.mark.parametrize(
    ("body", "known", "certainty", "evidence"),
    [
        ("account_id=A", {}, LIKELY, "the token request has no grant_type"),
        ("grant_type=password", {}, CERTAIN, "grant_type is password, which Zoom does not know"),
        ("grant_type=", {}, CERTAIN, "grant_type is , which Zoom does not know"),
        ("grant_type=client_credentials", {}, LIKELY, "is for chatbots and WebSockets"),
        ("grant_type=account_credentials", {}, LIKELY, "comes without an account_id"),
        ("grant_type=account_credentials&account_id=", {}, LIKELY, "comes without an account_id"),
        ("", {"url": f"{TOKEN}?grant_type=password"}, CERTAIN, "grant_type is password"),
        (None, {"url": f"{TOKEN}?account_id=A"}, LIKELY, "has no grant_type"),
        ('{"grant_type": "password"}', {}, CERTAIN, "grant_type is password"),
    ],
)
def test_a_grant_that_rings_no_room_is_told(
    body: str | None, known: dict[str, Any], certainty: Certainty, evidence: str
) -> None:
    told = found(body, **known)["grant-type"]
    assert told[0] is certainty
    assert evidence in told[1]


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (None, {}),
        ("", {}),
        ("{", {}),
        ("account_id=A", {"is_whole": False}),
        ("account_id=A", {"answer": {"status": 200}}),
        ("grant_type={{grant}}", {}),
        ("grant_type=account_credentials", {"answer": {"status": 200}}),
        ("grant_type=refresh_token", {}),
        ("grant_type=authorization_code", {}),
        ("grant_type=urn:ietf:params:oauth:grant-type:device_code", {}),
        ("grant_type=account_credentials", {"url": f"{TOKEN}?account_id=A"}),
    ],
)
def test_a_grant_that_is_right_or_not_shown_is_no_fault(body: str | None, known: dict[str, Any]) -> None:
    assert "grant-type" not in found(body, **known)


REFUSALS: list[tuple[str | None, dict[str, Any], str | None, Certainty | None]] = [
    (GRANT, {"code": "invalid_redirect_uri"}, "redirect-uri-mismatch", CERTAIN),
    (GRANT, {"code": 4709}, "redirect-uri-mismatch", CERTAIN),
    (GRANT, {"code": 1, "message": "Bad Redirect"}, "redirect-uri-mismatch", CERTAIN),
    (GRANT, {"code": 4706, "message": "client id is missing"}, "basic-missing", CERTAIN),
    (GRANT, {"code": "invalid_request", "message": "Missing client"}, "basic-missing", CERTAIN),
    (GRANT, {"code": 4724}, "basic-missing", LIKELY),
    (GRANT, {"code": 4725}, None, None),
    (GRANT, {"code": 4706, "message": "client"}, "grant-type", LIKELY),
    (GRANT, {"code": 4706, "message": "missing"}, "grant-type", LIKELY),
    (GRANT, {"code": 4705}, "grant-type", LIKELY),
    (GRANT, {"code": "unsupported_grant_type"}, "grant-type", LIKELY),
    ("grant_type=x", {"code": 4705}, "grant-type", CERTAIN),
    ("", {"code": 4705}, "grant-type", LIKELY),
    (None, {"code": 4705}, "grant-type", LIKELY),
    ('{"grant_type": "refresh_token"}', {"code": 4705}, None, None),
    ('{"grant_type": "x"}', {"code": 4705}, "grant-type", CERTAIN),
    (GRANT, {"code": "invalid_request", "message": "Unsupported grant type"}, "grant-type", LIKELY),
    (GRANT, {"code": "invalid_grant", "message": "Unsupported grant type"}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": 4732}, None, None),
    (GRANT, {"code": 4733}, "authorization-code-spent", CERTAIN),
    (GRANT, {"code": 4734}, "authorization-code-spent", CERTAIN),
    (GRANT, {"code": 4735}, "refresh-token-spent", LIKELY),
    (GRANT, {"code": 4711}, "refresh-token-spent", LIKELY),
    (GRANT, {"code": 4736}, None, None),
    (GRANT, {"code": "expired_token"}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": "invalid_grant", "message": "Refresh token"}, "refresh-token-spent", LIKELY),
    ("grant_type=refresh_token", {"code": "invalid_grant"}, "refresh-token-spent", LIKELY),
    (GRANT, {"code": "invalid_token", "message": "authorization code"}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": "invalid_request", "message": "code verifier"}, "authorization-code-spent", LIKELY),
    ("grant_type=authorization_code", {"code": "invalid_request"}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": "invalid_request", "message": "Invalid Token!"}, "refresh-token-spent", LIKELY),
    (GRANT, {"code": "invalid_request"}, None, None),
    (GRANT, {"code": "invalid_token"}, None, None),
    (GRANT, {"code": "invalid_grant"}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": "invalid_grant", "status": 401}, "authorization-code-spent", LIKELY),
    (GRANT, {"code": "invalid_grant", "status": 402}, None, None),
    (GRANT, {"code": "invalid_grant", "status": 399}, None, None),
    (GRANT, {"code": "invalid_grant", "is_oauth": False}, None, None),
]


@pytest.mark.parametrize(("body", "answer", "cause", "certainty"), REFUSALS)
def test_a_refusal_is_told_apart_by_code_words_and_grant(
    body: str | None, answer: dict[str, Any], cause: str | None, certainty: Certainty | None
) -> None:
    given = facts(body, answer=answer)
    told = RULES[0](given)
    assert (None if told is None else told.id) == cause
    if cause is not None:
        assert isinstance(told, Finding)
        assert told.certainty is certainty
        said = answer["code"] if "message" not in answer else f"{answer['code']}: {answer['message']}"
        assert told.evidence.startswith(f"the token endpoint says {said}")


def test_a_refused_grant_says_what_was_sent() -> None:
    written = RULES[0](facts(GRANT, answer={"code": 4705}))
    assert isinstance(written, Finding)
    assert written.evidence == (
        "the token endpoint says 4705; it found no grant_type that it knows in a form body,"
        " although account_credentials was sent"
    )
    refused = RULES[0](facts("grant_type=x", answer={"code": 4705}))
    assert isinstance(refused, Finding)
    assert refused.evidence == "the token endpoint says 4705; grant_type is x"


def test_the_evidence_is_the_status_where_the_code_was_guessed() -> None:
    told = RULES[0](facts(answer={"code": "invalid_grant", "is_code_guessed": True}))
    assert isinstance(told, Finding)
    assert told.evidence.startswith("the token endpoint says 400")


@pytest.mark.parametrize(
    ("code", "is_quoted"),
    [('"abc"', True), ("'abc", True), ("abc\u201d", True), ("abc", False), ("''", False), ("'{{code}}'", False)],
)
def test_quotation_marks_around_a_code_are_told(code: str, *, is_quoted: bool) -> None:
    told = RULES[0](facts(f"grant_type=authorization_code&code={code}", answer={"code": 4733}))
    assert isinstance(told, Finding)
    assert ("in quotation marks" in told.evidence) is is_quoted
    assert (told.fix or "").startswith("Send the code without") is is_quoted
    in_query = RULES[0](facts("", url=f"{TOKEN}?code={code}", answer={"code": 4733}))
    assert isinstance(in_query, Finding)
    assert ("in quotation marks" in in_query.evidence) is is_quoted
