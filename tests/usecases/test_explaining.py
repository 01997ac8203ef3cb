from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from shell import SENTINEL
from tokens import API_CLAIMS, API_KEY, NOW, jwt

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import Reason, State
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import (
    Duplicate,
    ErrorKind,
    Interrupted,
    NetworkFault,
    NetworkWord,
    NoSession,
    NotConfigured,
    WrongCredential,
    ZoomcallError,
)
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.usecases.dialing.call import Unproven
from zoomcall.usecases.explaining import causes_of_outcome, doc_of_outcome, explain_failure
from zoomcall.usecases.topics import pages

SESSION = "/v2/videosdk/sessions/abc/events"
REQUEST = RequestFacts(method="PATCH", url=f"https://api.zoom.us{SESSION}")
TOKEN = jwt(API_CLAIMS, secret=SENTINEL)


def refused(status: int, code: int | str | None = None, message: str | None = None, **more: Any) -> ZoomRefused:
    known = {"method": "PATCH", "path": SESSION, "is_zooms": code is not None} | more
    return ZoomRefused(ZoomAnswer(status=status, code=code, message=message, **known))


def topic_of(doc: str | None) -> str:
    assert doc is not None
    return doc.removeprefix("explain ")


REFUSALS = [
    refused(401, 124, "Invalid access token."),
    refused(
        400, 104, "Invalid access token, does not contain scopes:[meeting:write]", path="/v2/live_meetings/1/events"
    ),
    refused(400, 300, "No permission."),
    refused(400, 300, "Validation Failed."),
    refused(400, 200, "This API is only available for Video SDK accounts."),
    refused(404, 3001, "Session does not exist: abc."),
    refused(404, 2300, "This API endpoint is not recognized."),
    refused(403, 2311, "No Permission, does not have Conference Room Connector plan."),
    refused(404, 1001, "User does not exist: me."),
    refused(400, 31337, "Out of cheese."),
    refused(200),
    refused(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later."),
    refused(503),
    refused(302),
    refused(
        400,
        "invalid_client",
        "Invalid client_id or client_secret",
        path="/oauth/token",
        method="POST",
        is_oauth=True,
    ),
    refused(400, "invalid_request", "Bad request", path="/oauth/token", method="POST", is_oauth=True),
]
FAILURES = [
    *REFUSALS,
    *(NetworkFault("it broke", word=word, may_have_arrived=False) for word in NetworkWord),
    NotConfigured("no credential"),
    WrongCredential("certain to be refused"),
    NoSession("nobody is in it"),
    Duplicate("call 7 may still ring", call_id=7, until=NOW),
    Interrupted("stopped", is_terminated=False),
    Interrupted("stopped", is_terminated=True),
    ZoomcallError("a bug"),
]


def name_of(error: ZoomcallError) -> str:
    return f"{type(error).__name__}: {error.message}"


@pytest.mark.parametrize("error", FAILURES, ids=name_of)
def test_every_failure_leads_to_a_page_that_exists(error: ZoomcallError) -> None:
    assert pages(topic_of(explain_failure(error, Facts()).doc))


@pytest.mark.parametrize("error", FAILURES, ids=name_of)
def test_every_failure_says_what_mends_it(error: ZoomcallError) -> None:
    explained = explain_failure(error, Facts())
    assert explained.title
    assert explained.fix or all(cause.fix for cause in explained.causes)
    assert explained.fix or explained.causes


@pytest.mark.parametrize("error", REFUSALS, ids=name_of)
def test_a_refusal_has_causes(error: ZoomRefused) -> None:
    explained = explain_failure(error, Facts())
    if error.kind in {"auth", "not-entitled", "no-session", "no-op", "rejected"}:
        assert explained.causes
    assert explained.http_status == error.answer.status
    assert explained.zoom_code == error.answer.code
    assert explained.zoom_message == error.answer.message


@pytest.mark.parametrize(
    ("error", "doc"),
    [
        (refused(401, 124, "Invalid access token."), "explain 124"),
        (refused(404, 3001, "Session does not exist."), "explain 3001"),
        (refused(400, 200, "Invalid api key or secret."), "explain zoom:200"),
        (refused(429, 429), "explain zoom:429"),
        (refused(200), "explain noop"),
        (refused(200, 300, "No permission."), "explain noop"),
        (refused(400, 31337), "explain exit:13"),
        (refused(503), "explain exit:11"),
        (NotConfigured("no credential"), "explain exit:3"),
        (NetworkFault("x", word=NetworkWord.TLS, may_have_arrived=False), "explain network:tls"),
    ],
)
def test_a_failure_names_its_page(error: ZoomcallError, doc: str) -> None:
    assert explain_failure(error, Facts()).doc == doc


def test_our_own_request_is_checked_and_not_blamed() -> None:
    explained = explain_failure(refused(200), Facts(request=REQUEST, population=1))
    assert [cause.id for cause in explained.causes] == ["success-not-202"]
    assert "path-event-singular" in {checked.id for checked in explained.checked}


def test_the_request_of_the_answer_is_judged_and_not_the_one_that_was_planned() -> None:
    error = refused(
        404, 2300, "This API endpoint is not recognized.", method="GET", path="/videosdk/sessions/abc/users"
    )
    [cause] = explain_failure(error, Facts(request=REQUEST)).causes
    assert cause.id == "path-unknown"
    assert "/videosdk/sessions/abc/users" in cause.evidence
    assert "no /v2" in cause.evidence


def test_an_answer_of_before_is_not_blamed_for_this_failure() -> None:
    facts = Facts(answer=refused(401, 124).answer, population=0, api=Api.SESSION)
    explained = explain_failure(NoSession("nobody is in it"), facts)
    assert [cause.id for cause in explained.causes] == ["nobody-in-session"]
    assert explained.http_status is None


def test_a_request_that_was_not_sent_is_not_said_to_be_fine() -> None:
    assert explain_failure(NoSession("nobody is in it"), Facts(request=REQUEST, population=0)).checked == ()


def test_the_clocks_of_the_answer_count() -> None:
    error = refused(401, 124, server_time=NOW + timedelta(hours=1), local_time=NOW)
    explained = explain_failure(
        error, Facts(bearer=Secret(TOKEN), is_minted_here=True, local_time=NOW, zoom_time=NOW)
    )
    assert [cause.id for cause in explained.causes] == ["clock-skew", "token-expired"]


def test_a_fix_stands_once() -> None:
    error = NoSession("nobody is in it", fix="Join first.", command="zoomcall session list")
    assert explain_failure(error, Facts(population=0)).fix is None
    unsure = explain_failure(error, Facts(api=Api.SESSION))
    assert (unsure.fix, unsure.command) == ("Join first.", "zoomcall session list")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("tls", "SSL_CERT_FILE"), ("proxy", "HTTPS_PROXY"), ("dns", "HTTPS_PROXY"), ("connect", "443")],
)
def test_a_network_fault_has_the_fix_of_its_word(word: str, hint: str) -> None:
    explained = explain_failure(NetworkFault("x", word=NetworkWord(word), may_have_arrived=False), Facts())
    assert explained.network == word
    assert hint in (explained.fix or "")
    assert explained.causes == ()


def test_a_network_fault_may_bring_its_own_fix() -> None:
    error = NetworkFault("x", word=NetworkWord.PROXY, may_have_arrived=False, fix="Install the extra socks.")
    assert explain_failure(error, Facts()).fix == "Install the extra socks."


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        (NetworkFault("x", word=NetworkWord.DNS, may_have_arrived=False), True),
        (NetworkFault("x", word=NetworkWord.RESET, may_have_arrived=True), True),
        (Unproven("x", fault=NetworkFault("x", word=NetworkWord.RESET, may_have_arrived=True)), False),
        (refused(429, 429), True),
        (refused(503, method="GET", path="/v2/users/me"), True),
        (refused(503), False),
        (refused(302, method="GET"), False),
        (refused(401, 124), False),
        (refused(404, 3001), False),
        (NotConfigured("x"), False),
        (Duplicate("x", call_id=1, until=NOW), True),
        (Duplicate("x", call_id=1, until=None), False),
    ],
)
def test_only_what_cannot_ring_twice_is_retryable(error: ZoomcallError, is_retryable: bool) -> None:
    assert explain_failure(error, Facts()).is_retryable is is_retryable


def test_the_time_to_try_again_is_told() -> None:
    assert explain_failure(refused(429, 429, retry_at=NOW), Facts()).retry_at == NOW
    assert explain_failure(Duplicate("x", call_id=1, until=NOW), Facts()).retry_at == NOW
    assert explain_failure(refused(401, 124), Facts()).retry_at is None


def test_hostile_words_of_zooms_are_made_harmless() -> None:
    message = f"\x1b]0;owned\x07 token {TOKEN}\u202e of {SENTINEL}\n[bold]x[/bold]"
    error = refused(400, f"\x1b{SENTINEL}", message, tracking_id="v=2\x1b[2J")
    facts = Facts(bearer=Secret(TOKEN), secret=Secret(SENTINEL), api_key=API_KEY)
    explained = explain_failure(error, facts)
    texts = [explained.title, explained.zoom_message, explained.tracking_id, str(explained.zoom_code)]
    texts += [text for cause in explained.causes for text in (cause.evidence, cause.fix)]
    for text in texts:
        assert text is not None
        assert text.isprintable()
        assert SENTINEL not in text
        assert TOKEN not in text
    assert explained.zoom_message == "]0;owned token *** of *** [bold]x[/bold]"
    assert explained.tracking_id == "v=2[2J"


def test_a_wrong_bearer_is_explained_without_having_been_sent() -> None:
    facts = Facts(
        bearer=Secret(TOKEN), api=Api.MEETING, credential_kind=CredentialKind.TOKEN, local_time=NOW, request=REQUEST
    )
    explained = explain_failure(WrongCredential("not sent"), facts)
    assert explained.causes[0].id == "api-jwt-on-meetings"
    assert explained.doc == "explain api-jwt-on-meetings"
    assert explained.http_status is None


def test_what_is_not_proven_has_a_cause() -> None:
    class Unproven(ZoomcallError):
        kind = ErrorKind.PENDING

    assert [cause.id for cause in explain_failure(Unproven("nothing proved it"), Facts()).causes] == [
        "outcome-unproven"
    ]


@pytest.mark.parametrize("code", range(15))
def test_every_reason_has_a_fix_for_the_technician(code: int) -> None:
    [cause] = causes_of_outcome(State.FAILED, Reason(code))
    assert cause.id == f"reason-{Reason(code).name}"
    assert cause.certainty is Certainty.LIKELY
    assert f"reason {code} " in cause.evidence
    assert len(cause.fix) > 10
    assert not cause.fix.lower().startswith("hint")
    assert [page.topic for page in pages(f"cause:{cause.id}")] == [f"reason:{code}"]


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (State.DECLINED, None, ["room-declined"]),
        (State.MISSED, None, ["room-no-answer"]),
        (State.FAILED, Reason(99), ["reason-unknown"]),
        (State.FAILED, None, ["reason-unknown"]),
        (State.NO_OP, None, ["success-not-202"]),
        (State.PENDING, None, ["outcome-unproven"]),
        (State.JOINED, None, []),
        (State.ACCEPTED, None, []),
        (State.RINGING, None, []),
        (State.PLANNED, None, []),
    ],
)
def test_outcomes_have_their_causes(state: State, reason: Reason | None, expected: list[str]) -> None:
    causes = causes_of_outcome(state, reason)
    assert [cause.id for cause in causes] == expected
    assert all(pages(f"cause:{cause.id}") for cause in causes)


def test_outcomes_name_pages_that_exist() -> None:
    for state in State:
        for reason in (None, Reason(9), Reason(99)):
            assert pages(topic_of(doc_of_outcome(state, reason)))
    assert doc_of_outcome(State.FAILED, Reason(9)) == "explain reason:9"
    assert doc_of_outcome(State.FAILED, Reason(99)) == "explain state:failed"


def test_evidence_of_outcomes_fits_the_reason() -> None:
    [cause] = causes_of_outcome(State.FAILED, Reason(99))
    assert re.search(r"\b99\b", cause.evidence)


def test_the_facts_of_a_failure_are_left_as_they_were() -> None:
    facts = Facts(request=REQUEST)
    explain_failure(refused(200), facts)
    assert facts == replace(Facts(), request=REQUEST)


@pytest.mark.parametrize("code", [9, 13])
def test_a_private_address_is_not_asked_whether_it_is_public(code: int) -> None:
    [private] = causes_of_outcome(State.FAILED, Reason(code), is_private=True)
    assert "is private" in private.fix
    assert "whether the address is public" not in private.fix
    [public] = causes_of_outcome(State.FAILED, Reason(code))
    assert public.fix != private.fix


def test_a_private_address_explains_no_other_reason() -> None:
    assert causes_of_outcome(State.FAILED, Reason(1), is_private=True) == causes_of_outcome(State.FAILED, Reason(1))


def test_a_certificate_out_of_date_has_the_clock_as_its_cause() -> None:
    error = NetworkFault(
        "expired", word=NetworkWord.TLS, may_have_arrived=False, fix="Set it.", cause="clock-wrong"
    )
    explained = explain_failure(error, Facts())
    assert [(cause.id, cause.certainty, cause.fix) for cause in explained.causes] == [
        ("clock-wrong", Certainty.LIKELY, "Set it.")
    ]
