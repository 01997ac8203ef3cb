from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused, classify
from zoomcall.errors import ErrorKind

SCOPES = "Invalid access token, does not contain scopes:[meeting:update:in_meeting_controls]."

REFUSALS = [
    # HTTP, Zoom's code, Zoom's text, the contract's name
    (401, 124, "Invalid access token.", "auth"),
    (401, 124, "Access token is expired.", "auth"),
    (400, 124, "Invalid access token.", "auth"),
    (403, 124, "Invalid access token.", "auth"),
    (401, 300, "No permission.", "auth"),
    (401, 1001, "User does not exist.", "auth"),
    (400, 200, "Invalid api key or secret.", "auth"),
    (400, 200, "INVALID API KEY OR SECRET", "auth"),
    (400, 200, "This API is only available for Video SDK accounts.", "not-entitled"),
    (400, 200, "Something else.", "rejected"),
    (400, 200, None, "rejected"),
    (400, 300, "Meeting id does not exist.", "no-session"),
    (400, 300, "Invalid meeting id.", "no-session"),
    (400, 300, "Meeting does not exist.", "no-session"),
    (400, 300, "Session ID does not exist.", "no-session"),
    (400, 300, "Invalid session ID.", "no-session"),
    (400, 300, "invalid SESSION id", "no-session"),
    (400, 300, "No permission.", "not-entitled"),
    (400, 300, "no permission", "not-entitled"),
    (400, 300, "This API is not available for this account, please contact Zoom support.", "not-entitled"),
    (400, 300, "Request Body should be a valid JSON object.", "rejected"),
    (400, 300, "Validation Failed.", "rejected"),
    (400, 300, "", "rejected"),
    (400, 300, None, "rejected"),
    (404, 3001, "Meeting 84098077904 is not found or has expired.", "no-session"),
    (404, 3001, "Session is not found or has expired.", "no-session"),
    (404, 3001, "Session does not exist: abc.", "no-session"),
    (404, 3001, None, "no-session"),
    (400, 104, SCOPES, "not-entitled"),
    (400, 4711, SCOPES, "not-entitled"),
    (400, 4700, SCOPES, "not-entitled"),
    *((400, code, None, "not-entitled") for code in (104, 4700, 4711, 2311, 3000, 3003, 3161, 1010)),
    (400, 105, None, "rejected"),
    (400, None, SCOPES, "not-entitled"),
    (400, 99999, SCOPES, "not-entitled"),
    (403, 2311, "No Permission, does not have Conference Room Connector plan.", "not-entitled"),
    (400, 3000, "Cannot access meeting information.", "not-entitled"),
    (400, 3003, "You are not the meeting host.", "not-entitled"),
    (400, 3161, "Your user account is not allowed meeting hosting and scheduling.", "not-entitled"),
    (400, 1010, "User does not belong to this account: abc.", "not-entitled"),
    (404, 2300, "This API endpoint is not recognized.", "rejected"),
    (404, 1001, "User does not exist: abc.", "rejected"),
    (400, 12702, "Can not access a session a year ago.", "rejected"),
    (400, 3309, "Not enough cloud storage available.", "rejected"),
    (400, 2307, "Failed to generate SIP URI.", "rejected"),
    (404, 1401, "No Video SDK app created by this account.", "rejected"),
    (405, 405, "Method not allowed.", "rejected"),
    (415, 415, "Unsupported media type.", "rejected"),
    (403, 9999, "Something new.", "rejected"),
    (429, 429, "You have reached the maximum per-second rate limit for this API.", "rate-limited"),
    (429, 300, "No permission.", "rate-limited"),
    (500, 300, "No permission.", "zoom-fault"),
    (500, 124, "Invalid access token.", "zoom-fault"),
    (503, None, None, "zoom-fault"),
]


def answered(
    status: int, code: int | str | None = None, message: str | None = None, *, method: str = "PATCH"
) -> ZoomAnswer:
    return ZoomAnswer(method=method, path="/v2/x", status=status, code=code, message=message, is_zooms=True)


def foreign(status: int, *, method: str = "PATCH") -> ZoomAnswer:
    return ZoomAnswer(method=method, path="/v2/x", status=status, excerpt="<html>")


def of_token_endpoint(status: int, code: int | str | None = None, *, is_zooms: bool = True) -> ZoomAnswer:
    return ZoomAnswer(
        method="POST", path="/oauth/token", status=status, code=code, is_zooms=is_zooms, is_oauth=True
    )


@pytest.mark.parametrize("method", ["PATCH", "GET", "POST"])
@pytest.mark.parametrize(("status", "code", "message", "kind"), REFUSALS)
def test_a_refusal_of_zooms_has_the_contracts_name(
    method: str, status: int, code: int | None, message: str | None, kind: str
) -> None:
    answer = answered(status, code, message, method=method)
    assert classify(answer) == kind
    assert ZoomRefused(answer).kind == kind


@pytest.mark.parametrize("method", ["PATCH", "GET"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (199, "zoom-fault"),
        (300, "zoom-fault"),
        (301, "zoom-fault"),
        (302, "zoom-fault"),
        (304, "zoom-fault"),
        (307, "zoom-fault"),
        (308, "zoom-fault"),
        (400, "zoom-fault"),
        (401, "auth"),
        (403, "zoom-fault"),
        (404, "zoom-fault"),
        (407, "zoom-fault"),
        (418, "zoom-fault"),
        (429, "rate-limited"),
        (500, "zoom-fault"),
        (502, "zoom-fault"),
        (504, "zoom-fault"),
        (101, "zoom-fault"),
        (599, "zoom-fault"),
        (999, "zoom-fault"),
    ],
)
def test_what_something_in_between_answered_has_the_contracts_name(method: str, status: int, kind: str) -> None:
    assert classify(foreign(status, method=method)) == kind


@pytest.mark.parametrize(
    "answer",
    [
        foreign(200),
        foreign(201),
        foreign(204),
        answered(200),
        answered(200, 200, "No permission."),
        answered(200, 124, "Invalid access token."),
        answered(200, 3001, "Session does not exist."),
        answered(201, 300, "No permission."),
        answered(299, 429, "Too many"),
    ],
)
def test_a_2xx_to_the_patch_that_is_no_202_is_a_no_op_whatever_its_body_says(answer: ZoomAnswer) -> None:
    assert classify(answer) == "no-op"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_client", "auth"),
        (400, "invalid_request", "auth"),
        (400, "unsupported_grant_type", "auth"),
        (400, None, "auth"),
        (401, "invalid_client", "auth"),
        (401, None, "auth"),
        (400, 4711, "auth"),
        (403, "forbidden", "rejected"),
        (404, 2300, "rejected"),
        (429, None, "rate-limited"),
        (429, "slow_down", "rate-limited"),
        (500, None, "zoom-fault"),
        (503, "server_error", "zoom-fault"),
        (302, None, "zoom-fault"),
        (200, None, "zoom-fault"),
        (201, None, "zoom-fault"),
    ],
)
def test_the_token_endpoints_answers_have_the_contracts_names(
    status: int, code: int | str | None, kind: str
) -> None:
    assert classify(of_token_endpoint(status, code)) == kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "auth"), (401, "auth"), (403, "zoom-fault"), (429, "rate-limited"), (502, "zoom-fault")],
)
def test_a_foreign_answer_to_the_token_request_is_told_apart_all_the_same(status: int, kind: str) -> None:
    assert classify(of_token_endpoint(status, is_zooms=False)) == kind


@given(
    st.builds(
        ZoomAnswer,
        method=st.sampled_from(["PATCH", "GET", "POST", "DELETE"]),
        path=st.text(),
        status=st.integers(0, 999).filter(lambda status: status != 202),
        code=st.one_of(st.none(), st.integers(), st.text()),
        message=st.one_of(st.none(), st.text()),
        is_zooms=st.booleans(),
        is_oauth=st.booleans(),
    )
)
def test_every_answer_has_one_of_the_contracts_names_and_a_sentence(answer: ZoomAnswer) -> None:
    kind = classify(answer)
    assert kind in {
        ErrorKind.AUTH,
        ErrorKind.NOT_ENTITLED,
        ErrorKind.NO_SESSION,
        ErrorKind.NO_OP,
        ErrorKind.RATE_LIMITED,
        ErrorKind.ZOOM_FAULT,
        ErrorKind.REJECTED,
    }
    if 300 <= answer.status < 400 or answer.status >= 500:
        assert kind is ErrorKind.ZOOM_FAULT
    assert str(answer.status) in str(ZoomRefused(answer))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (answered(401, 124, "Invalid access token."), "Zoom answered HTTP 401: 124 Invalid access token."),
        (answered(400, None, "Bad"), "Zoom answered HTTP 400: Bad"),
        (foreign(403), "HTTP 403 came back from something other than Zoom"),
        (foreign(429), "HTTP 429 came back without Zoom's JSON"),
        (foreign(500), "HTTP 500 came back without Zoom's JSON"),
        (foreign(200, method="GET"), "HTTP 200 came back from something other than Zoom"),
        (foreign(200), "Zoom answered HTTP 200, not 202, which does not confirm the call"),
        (answered(200, 0, "ok"), "Zoom answered HTTP 200, not 202, which does not confirm the call (0 ok)"),
        (of_token_endpoint(400, "invalid_client"), "Zoom's token endpoint answered HTTP 400: invalid_client"),
    ],
)
def test_a_refusal_says_who_answered_what(answer: ZoomAnswer, sentence: str) -> None:
    assert str(ZoomRefused(answer)) == sentence
