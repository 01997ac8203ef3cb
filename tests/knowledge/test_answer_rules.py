from __future__ import annotations

from typing import Any

import pytest
from tokens import API_CLAIMS, OAUTH_CLAIMS, OAUTH_HEADER, jwt

from zoomcall.domain.answer import FieldError, RateLimit, ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.answer_rules import RULES, answer_rows
from zoomcall.knowledge.engine import judge
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.finding import Finding

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
SESSION = "/v2/videosdk/sessions/abc/events"
MEETING = "/v2/live_meetings/84098077904/events"
USERS_TOKEN = jwt(OAUTH_CLAIMS, OAUTH_HEADER, signature=b"zooms")
SCOPES = "Invalid access token, does not contain scopes:[{}]"


def said(
    status: int,
    code: int | str | None = None,
    message: str | None = None,
    *,
    path: str = SESSION,
    method: str = "PATCH",
    is_zooms: bool = True,
    **more: Any,
) -> ZoomAnswer:
    return ZoomAnswer(
        method=method, path=path, status=status, code=code, message=message, is_zooms=is_zooms, **more
    )


def judged(answer: ZoomAnswer | None, *, is_ours: bool = True, **known: Any) -> dict[str, Finding]:
    if answer is not None:
        known.setdefault("request", RequestFacts(method=answer.method, url=answer.path, is_ours=is_ours))
    facts = Facts(answer=answer, **known)
    results = [result for rule in (*RULES, *answer_rows()) if (result := rule(facts)) is not None]
    findings: dict[str, Finding] = {}
    for result in results:
        if isinstance(result, Finding):
            findings[result.id] = result
    return findings


def found(answer: ZoomAnswer | None, **known: Any) -> dict[str, Certainty]:
    return {name: finding.certainty for name, finding in judged(answer, **known).items()}


def fine(answer: ZoomAnswer | None, **known: Any) -> set[str]:
    facts = Facts(answer=answer, **known)
    return {result.id for rule in RULES if isinstance(result := rule(facts), Checked)}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said(400, 200, "This API is only available for Video SDK accounts."), {"wrong-account-kind": CERTAIN}),
        (said(400, 200, "Something else."), {}),
        (said(400, 1010, "User does not belong to this account: x."), {"wrong-account-kind": CERTAIN}),
        (said(404, 1001, "User does not exist: x."), {"wrong-account-kind": LIKELY}),
        (said(404, 1401, "No Video SDK app created by this account."), {"wrong-account-kind": LIKELY}),
        (said(400, 1502, "The date range must be within the last seven days."), {}),
        (said(400, 300, "Meeting id does not exist.", path=MEETING), {"meeting-unknown": CERTAIN}),
        (said(400, 300, "Invalid meeting id.", path=MEETING), {"meeting-unknown": CERTAIN}),
        (said(400, 300, "MEETING DOES NOT EXIST.", path=MEETING), {"meeting-unknown": CERTAIN}),
        (said(404, 3001, "Meeting 1 is not found or has expired.", path=MEETING), {"meeting-unknown": CERTAIN}),
        (said(400, 12702, "Can not access a meeting a year ago.", path=MEETING), {"meeting-unknown": CERTAIN}),
        (said(400, 300, "Session ID does not exist."), {"session-unknown": CERTAIN}),
        (said(400, 300, "Invalid session ID."), {"session-unknown": CERTAIN}),
        (
            said(404, 3001, "Session does not exist: abc."),
            {"session-unknown": LIKELY, "session-not-live": POSSIBLE},
        ),
        (
            said(404, 3001, "Session is not found or has expired."),
            {"session-not-live": LIKELY, "session-unknown": POSSIBLE},
        ),
        (said(400, 12702, "Can not access a session a year ago."), {"session-not-live": CERTAIN}),
        (said(403, 2311, "No Permission, does not have Conference Room Connector plan."), {"no-crc-plan": CERTAIN}),
        (said(400, 2307, "Failed to generate SIP URI."), {}),
        (
            said(400, 300, "This API is not available for this account, please contact Zoom support."),
            {"api-not-available": CERTAIN, "no-crc-plan": POSSIBLE},
        ),
        (said(400, 300, "No permission.", path=MEETING), {"not-host": LIKELY, "no-crc-plan": POSSIBLE}),
        (
            said(400, 300, "No permission."),
            {"not-host": POSSIBLE, "no-crc-plan": POSSIBLE, "wrong-account-kind": POSSIBLE},
        ),
        (said(400, 3000, "Cannot access meeting information.", path=MEETING), {"not-host": LIKELY}),
        (said(400, 3000, "Session name already exists. Try a different session name."), {}),
        (said(400, 3003, "You are not the meeting host.", path=MEETING), {"not-host": LIKELY}),
        (said(400, 3161, "Your user account is not allowed …", path=MEETING), {"not-host": LIKELY}),
        (said(429, 429, "You have reached the maximum per-second rate limit …"), {"rate-limited": CERTAIN}),
        (said(503, None, None), {}),
    ],
    ids=lambda value: f"{value.code} {value.message}" if isinstance(value, ZoomAnswer) else "",
)
def test_zooms_answer_is_read(answer: ZoomAnswer, expected: dict[str, Certainty]) -> None:
    assert found(answer) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_client", {"key-pair-refused": CERTAIN}),
        (4702, {"key-pair-refused": CERTAIN}),
        (4717, {"key-pair-refused": CERTAIN}),
        (4740, {"token-superseded": CERTAIN}),
        (4741, {"token-superseded": LIKELY}),
        ("invalid_request", {}),
    ],
)
def test_the_token_endpoints_answer_is_read(code: int | str, expected: dict[str, Certainty]) -> None:
    answer = said(
        400, code, "Invalid client_id or client_secret", path="/oauth/token", method="POST", is_oauth=True
    )
    assert found(answer) == expected


def test_a_token_request_refused_without_a_reason_blames_the_app_only_if_it_is_ours() -> None:
    answer = said(400, "invalid_request", "Bad Request", path="/oauth/token", method="POST", is_oauth=True)
    [ours] = judge(Facts(answer=answer, credential_kind=CredentialKind.S2S)).causes
    assert ours.id == "key-pair-refused"
    theirs = RequestFacts(method="POST", url="https://zoom.us/oauth/token")
    [cause] = judge(Facts(answer=answer, request=theirs, credential_kind=CredentialKind.S2S)).causes
    assert cause.id == "not-understood-by-zoom"
    assert "account_id" in cause.fix


@pytest.mark.parametrize(
    ("code", "words", "at_the_token_endpoint", "elsewhere"),
    [
        (4700, "Token cannot be empty.", "not-understood-by-zoom", "bearer-missing"),
        (4724, "Invalid JWT in header.", "basic-missing", "token-malformed"),
        (4741, "Token has been revoked.", "token-superseded", "token-superseded"),
    ],
)
def test_a_number_is_told_as_that_of_the_endpoint_that_said_it(
    code: int, words: str, at_the_token_endpoint: str, elsewhere: str
) -> None:
    answer = said(401, code, words, is_oauth=True)
    token_request = RequestFacts(method="POST", url="https://zoom.us/oauth/token")
    [cause, *_] = judge(Facts(answer=answer, request=token_request)).causes
    assert cause.id == at_the_token_endpoint
    assert cause.evidence.startswith("the token endpoint says")
    other = RequestFacts(method="GET", url="https://api.zoom.us/v2/users/me")
    [cause, *others] = judge(Facts(answer=answer, request=other)).causes
    assert cause.id == elsewhere
    assert "scope-missing" not in {each.id for each in others}
    assert cause.evidence.startswith("Zoom says")


@pytest.mark.parametrize(
    ("host", "beside", "command", "place"),
    [
        ("api.zoom.us", (), "zoomcall auth login --kind s2s", "marketplace.zoom.us"),
        ("api.zoomgov.com", (), "zoomcall auth login --kind s2s --cluster gov", "marketplace.zoomgov.com"),
        ("api.zoomgov.com", ("zoom.us",), "zoomcall auth login --kind s2s", "https://api.zoom.us/v2"),
    ],
)
def test_advice_is_for_the_cluster_that_is_meant(
    host: str, beside: tuple[str, ...], command: str, place: str
) -> None:
    request = RequestFacts(method="GET", url=f"https://{host}/v2/users/me", hosts_beside=beside)
    [cause, *_] = judge(Facts(request=request, answer=said(401, 124, "Invalid access token."))).causes
    assert cause.command == command
    assert place in cause.fix


def test_whatever_the_cause_its_advice_is_for_the_cluster_that_is_meant() -> None:
    request = RequestFacts(method="POST", url="https://zoomgov.com/oauth/token")
    answer = said(400, 4724, "Invalid JWT in header.", is_oauth=True)
    [cause, *_] = judge(Facts(request=request, answer=answer)).causes
    assert cause.id == "basic-missing"
    assert "zoom.us" not in f"{cause.fix} {cause.command}".replace("zoomgov.com", "")


def test_the_token_endpoints_codes_mean_nothing_elsewhere() -> None:
    assert found(said(400, "invalid_client", "Invalid client_id or client_secret")) == {}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("params.device_ip", {"address-invalid": CERTAIN}),
        ("params.call_type", {"call-type-invalid": CERTAIN}),
        ("params.sip_headers.from_uri", {"header-rule": CERTAIN}),
        ("params.sip_headers.additional_headers[0].key", {"header-rule": CERTAIN}),
        ("page_size", {}),
    ],
)
def test_the_field_that_zoom_names_is_found(field: str, expected: dict[str, Certainty]) -> None:
    answer = said(400, 300, "Validation Failed.", field_errors=(FieldError(field, "Invalid field."),))
    assert found(answer) == expected
    assert all(field in finding.evidence for finding in judged(answer).values())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said(400, 300, "Request Body should be a valid JSON object."), "body-not-json"),
        (said(405, None, "Method not allowed."), "wrong-method"),
        (said(415, None, "Unsupported media type."), "content-type"),
        (
            said(400, 300, "Validation Failed.", field_errors=(FieldError("method", "Invalid field."),)),
            "wrong-callout-method",
        ),
    ],
)
def test_what_this_program_builds_itself_is_not_blamed(answer: ZoomAnswer, expected: str) -> None:
    assert expected in found(answer, is_ours=False)
    assert found(answer, is_ours=True) == {}


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_that_is_not_202_is_certain(status: int) -> None:
    assert found(said(status)) == {"success-not-202": CERTAIN}
    assert found(said(status, path="/v2/live_meetings/1/event")) == {"success-not-202": CERTAIN}


def test_success_is_202_on_a_callout_and_200_on_a_read() -> None:
    assert found(said(202)) == {}
    assert "success-not-202" in fine(said(202))
    assert found(said(200, path="/v2/videosdk/sessions/abc/users", method="GET")) == {}
    assert found(said(200, path="/v2/anything"), kind=ErrorKind.NO_OP) == {"success-not-202": CERTAIN}


def test_the_body_of_a_no_op_is_read_too() -> None:
    assert found(said(200, 300, "No permission.", path=MEETING)) == {
        "success-not-202": CERTAIN,
        "not-host": LIKELY,
        "no-crc-plan": POSSIBLE,
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (SCOPES.format("meeting:write:admin"), "meeting:write:admin (classic)"),
        (
            SCOPES.format("meeting:update:in_meeting_controls, meeting:write"),
            "meeting:write (classic); meeting:update:in_meeting_controls (granular)",
        ),
        (
            'Invalid access token, does not contain scopes:["meeting:write","meeting:master',
            "meeting:write, meeting:master",
        ),
        (SCOPES.format("user:read:user:admin"), "user:read:user:admin (granular)"),
    ],
)
@pytest.mark.parametrize("code", [104, 4711, 4700, None])
def test_missing_scopes_are_named(code: int | None, message: str, shown: str) -> None:
    finding = judged(said(400, code, message, path=MEETING))["scope-missing"]
    assert finding.certainty is CERTAIN
    assert shown in finding.evidence


@pytest.mark.parametrize("message", [None, "Invalid access token", SCOPES.format("")])
def test_where_zoom_names_no_scope_the_endpoints_are(message: str | None) -> None:
    finding = judged(said(400, 104, message, path=MEETING))["scope-missing"]
    assert "meeting:write:admin" in finding.evidence
    assert "meeting:update:in_meeting_controls:admin" in finding.evidence
    unknown = judged(said(400, 104, message, path="/v2/phone/users"))["scope-missing"]
    assert "named none" in unknown.evidence


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [
        (
            "meeting:write",
            "also takes meeting:update:in_meeting_controls, meeting:update:in_meeting_controls:admin",
        ),
        ("meeting:write:admin", "also takes meeting:update:in_meeting_controls:admin, meeting:update"),
        ("meeting:update:in_meeting_controls", "also takes meeting:write, meeting:write:admin, meeting:master"),
    ],
)
def test_classic_and_granular_scopes_are_named_whichever_zoom_names(scopes: str, shown: str) -> None:
    finding = judged(said(400, 104, SCOPES.format(scopes), path=MEETING))["scope-missing"]
    assert shown in finding.evidence
    unknown = judged(said(400, 104, SCOPES.format(scopes), path="/v2/phone/users"))["scope-missing"]
    assert "also takes" not in unknown.evidence


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [
        ("h323:read:admin, h323:master", "a user-managed app cannot hold them"),
        ("meeting:write, meeting:write:admin", "a user-managed app can hold the others"),
        ("phone:read", "Any kind of app can hold it"),
    ],
)
def test_the_kinds_of_app_that_can_hold_a_scope_are_named(scopes: str, shown: str) -> None:
    finding = judged(said(400, 104, SCOPES.format(scopes), path="/v2/phone/users"))["scope-missing"]
    assert shown in (finding.fix or "")


def test_a_dial_in_code_shows_the_plan() -> None:
    assert found(None, has_crc_plan=False) == {"no-crc-plan": CERTAIN}
    assert "no-crc-plan" in fine(None, has_crc_plan=True)
    assert found(None) == {}


def test_scopes_out_of_broken_json_are_named() -> None:
    broken = '{"code":104,"message":"Invalid access token, does not contain scopes:["meeting:write"]"}'
    finding = judged(said(400, 104, None, path=MEETING, excerpt=broken))["scope-missing"]
    assert "meeting:write (classic)" in finding.evidence


def test_the_token_endpoints_scope_codes_are_no_missing_scope() -> None:
    answer = said(400, 4700, "Token cannot be empty", path="/oauth/token", method="POST", is_oauth=True)
    assert "scope-missing" not in found(answer)


def test_known_scopes_are_held_against_the_endpoint() -> None:
    request = RequestFacts(method="PATCH", url=f"https://api.zoom.us{MEETING}", is_ours=True)
    assert found(None, request=request, scopes=("user:read",)) == {"scope-missing": LIKELY}
    assert found(None, request=request, scopes=("meeting:write:admin",)) == {}
    assert "scope-missing" in fine(None, request=request, scopes=("meeting:write:admin",))
    assert found(None, request=request) == {}
    session = RequestFacts(method="PATCH", url=f"https://api.zoom.us{SESSION}", is_ours=True)
    assert found(None, request=session, scopes=("user:read",)) == {}
    assert found(said(401, 124, path=MEETING), scopes=("user:read",), kind=ErrorKind.AUTH) == {}


def test_a_user_managed_app_is_possible_where_admin_scopes_alone_are_wanted() -> None:
    admin = said(400, 104, SCOPES.format("meeting:write:admin, meeting:master"), path=MEETING)
    assert found(admin) == {"scope-missing": CERTAIN, "user-managed-app": POSSIBLE}
    assert "only" in (judged(admin)["scope-missing"].fix or "")
    both = said(400, 104, SCOPES.format("meeting:write, meeting:write:admin"), path=MEETING)
    assert found(both) == {"scope-missing": CERTAIN}
    assert found(admin, credential_kind=CredentialKind.S2S) == {"scope-missing": CERTAIN}


def test_a_user_managed_app_is_possible_behind_a_no_op() -> None:
    quiet = said(200, path=MEETING)
    kind = ErrorKind.NO_OP
    assert "user-managed-app" in found(quiet, kind=kind, scopes=("meeting:write",))
    assert "user-managed-app" in found(quiet, kind=kind, bearer=Secret(USERS_TOKEN))
    assert "user-managed-app" not in found(quiet, kind=kind, scopes=("meeting:write:admin",))
    assert "user-managed-app" not in found(quiet, kind=kind)
    assert "user-managed-app" not in found(quiet, kind=kind, bearer=Secret(jwt(API_CLAIMS)))
    assert "user-managed-app" not in found(said(200), kind=kind, scopes=("meeting:write",))


@pytest.mark.parametrize(
    ("kind", "certainty"), [(None, CERTAIN), (ErrorKind.NO_SESSION, CERTAIN), (ErrorKind.NO_OP, LIKELY)]
)
def test_an_empty_session_is_found(kind: ErrorKind | None, certainty: Certainty) -> None:
    assert found(None, population=0, kind=kind) == {"nobody-in-session": certainty}


def test_a_session_with_people_is_fine_and_meetings_are_not_asked() -> None:
    assert found(None, population=2) == {}
    assert fine(None, population=2) == {"nobody-in-session"}
    assert found(None, population=0, api=Api.MEETING) == {}
    assert found(None) == {}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "You have reached the maximum per-second rate limit for this API. Try again later.",
            "429: the per-second limit was reached",
        ),
        ("You have reached the maximum daily rate limit for this API.", "429: the daily limit was reached"),
        ("Too many concurrent requests.", "429; Zoom counts this request as Medium"),
    ],
)
def test_a_rate_limit_says_which(message: str, words: str) -> None:
    assert words in judged(said(429, 429, message))["rate-limited"].evidence


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (RateLimit(kind="QPS"), "429: the per-second limit was reached; Zoom counts this request as Medium"),
        (
            RateLimit(category="Heavy", kind="Daily-limit"),
            "the daily limit was reached; Zoom counts this request as Heavy",
        ),
        (RateLimit(category="Heavy"), "429; Zoom counts this request as Heavy"),
    ],
)
def test_a_rate_limit_is_told_from_zooms_headers_too(headers: RateLimit, words: str) -> None:
    assert words in judged(said(429, rate_limit=headers))["rate-limited"].evidence


def test_zooms_own_word_that_a_token_has_expired_counts() -> None:
    assert found(said(401, 124, "Access token is expired.")) == {"token-expired": CERTAIN}
    assert found(said(401, 124, "Invalid access token.")) == {}


@pytest.mark.parametrize(("status", "certainty"), [(403, LIKELY), (407, CERTAIN), (302, CERTAIN), (502, LIKELY)])
def test_an_answer_that_is_not_zooms_is_told_from_zooms(status: int, certainty: Certainty) -> None:
    assert found(said(status, is_zooms=False, excerpt="<html>")) == {"foreign-answer": certainty}
    assert "foreign-answer" not in found(said(status))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_limit_or_a_fault_without_a_word_may_be_zooms_own(status: int) -> None:
    assert "foreign-answer" not in found(said(status, is_zooms=False))
    assert "foreign-answer" in found(said(status, is_zooms=False, excerpt="<html>"))


def test_a_page_in_place_of_an_empty_200_is_not_zooms() -> None:
    kind = ErrorKind.NO_OP
    assert "foreign-answer" in found(said(200, is_zooms=False, excerpt="<html>Log in"), kind=kind)
    assert "foreign-answer" not in found(said(200, is_zooms=False), kind=kind)
    assert "foreign-answer" in found(said(200, is_zooms=False, method="GET"), kind=ErrorKind.ZOOM_FAULT)


@pytest.mark.parametrize(
    ("code", "message", "is_about_scopes"),
    [
        (104, "Empty.", True),
        (4711, "Empty.", True),
        (4700, "Refused.", True),
        (4700, "Token cannot be empty.", False),
        (103, "Refused.", False),
        (4712, "Refused.", False),
        (4701, "Refused.", False),
    ],
)
def test_which_refusals_are_about_scopes(code: int, message: str, *, is_about_scopes: bool) -> None:
    refused = said(400, code, message, path=MEETING)
    assert ("scope-missing" in judged(refused)) is is_about_scopes
