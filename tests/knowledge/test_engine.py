from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shell import SENTINEL
from tokens import (
    API_CLAIMS,
    API_KEY,
    API_SECRET,
    NOW,
    NOW_SECONDS,
    OAUTH_CLAIMS,
    OAUTH_HEADER,
    SESSION_CLAIMS,
    jwt,
)

from zoomcall.domain.answer import FieldError, ZoomAnswer
from zoomcall.domain.cause import Cause, Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge import token_rules
from zoomcall.knowledge.engine import all_but_token_rules, judge, judge_bearer
from zoomcall.knowledge.facts import Facts, RequestFacts, Signature
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.texts import Family, cause_texts

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
SESSION = "/v2/videosdk/sessions/abc/events"
MEETING = "/v2/live_meetings/84098077904/events"
EXPIRED = jwt(API_CLAIMS | {"exp": NOW_SECONDS - 10})
USERS_TOKEN = jwt(OAUTH_CLAIMS | {"exp": NOW_SECONDS - 10}, OAUTH_HEADER, signature=b"zooms")
REFUSED = ZoomAnswer(
    method="PATCH", path=SESSION, status=401, code=124, message="Invalid access token.", is_zooms=True
)
MINTED = Facts(
    bearer=Secret(jwt(API_CLAIMS)),
    api=Api.SESSION,
    credential_kind=CredentialKind.VIDEOSDK,
    api_key=API_KEY,
    secret=Secret(API_SECRET),
    signature=Signature.VALID,
    is_minted_here=True,
    local_time=NOW,
    zoom_time=NOW,
    request=RequestFacts(method="PATCH", url=f"https://api.zoom.us{SESSION}", is_ours=True),
    answer=REFUSED,
)


def ids(facts: Facts) -> dict[str, Certainty]:
    return {cause.id: cause.certainty for cause in judge(facts).causes}


@pytest.mark.parametrize("api", [None, *Api])
@pytest.mark.parametrize("kind", [None, *CredentialKind])
@pytest.mark.parametrize("token", [jwt(API_CLAIMS), EXPIRED, USERS_TOKEN, jwt(SESSION_CLAIMS), "opaque", ""])
def test_only_rules_of_tokens_have_anything_to_say_of_a_token_alone(
    api: Api | None, kind: CredentialKind | None, token: str
) -> None:
    facts = replace(MINTED, request=None, answer=None, bearer=Secret(token), api=api, credential_kind=kind)
    more = replace(facts, scopes=("user:read",), basic=Secret("id"), grant="refresh_token", zoom_time=None)
    for rule in all_but_token_rules():
        assert rule(facts) is rule(more) is None


@pytest.mark.parametrize(
    "known", [{"population": 0}, {"has_crc_plan": False}, {"kind": ErrorKind.NO_OP}, {"answer": REFUSED}]
)
def test_whatever_else_is_known_is_judged_too(known: dict[str, Any]) -> None:
    facts = replace(MINTED, request=None, answer=None)
    assert judge(replace(facts, **known)) != judge(facts)


def test_a_key_pair_is_blamed_when_nothing_else_is_left() -> None:
    judgement = judge(MINTED)
    assert [(cause.id, cause.certainty) for cause in judgement.causes] == [("key-pair-refused", LIKELY)]
    evidence = judgement.causes[0].evidence
    assert {"algorithm", "signature", "clock", "issuer"} <= set(re.findall(r"\w+", evidence))
    assert {"wrong-algorithm", "token-expired", "clock-skew", "issuer-not-api-key"} <= {
        checked.id for checked in judgement.checked
    }
    assert "API keys" in judgement.causes[0].fix


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"bearer": Secret(EXPIRED)}, "token-expired"),
        ({"zoom_time": NOW + timedelta(hours=1)}, "clock-skew"),
        ({"bearer": Secret(jwt(SESSION_CLAIMS))}, "session-jwt"),
        ({"bearer": Secret(jwt(API_CLAIMS | {"exp": NOW_SECONDS * 1000}))}, "exp-in-milliseconds"),
        ({"bearer": Secret(jwt(API_CLAIMS, {"alg": "HS512"}))}, "wrong-algorithm"),
        ({"signature": Signature.INVALID}, "signature-mismatch"),
        ({"secret": Secret(API_SECRET + " ")}, "secret-has-whitespace"),
        ({"bearer": Secret(jwt(OAUTH_CLAIMS, OAUTH_HEADER))}, "oauth-token-on-videosdk"),
    ],
)
def test_a_key_pair_is_not_blamed_beside_a_cause_that_was_found(change: dict[str, Any], expected: str) -> None:
    found = ids(replace(MINTED, **change))
    assert next(iter(found)) == expected
    assert "key-pair-refused" not in found


def test_a_key_pair_is_blamed_above_what_is_only_possible() -> None:
    long_lived = jwt(API_CLAIMS | {"exp": NOW_SECONDS + 10**6})
    assert list(ids(replace(MINTED, bearer=Secret(long_lived))).items()) == [
        ("key-pair-refused", LIKELY),
        ("lifetime-too-long", POSSIBLE),
    ]


def test_a_key_pair_is_never_blamed_for_what_is_no_refusal_of_the_credential() -> None:
    for status, code, message in [(404, 3001, "Session does not exist: abc."), (400, 300, "?"), (200, None, None)]:
        answer = replace(REFUSED, status=status, code=code, message=message)
        assert "key-pair-refused" not in ids(replace(MINTED, answer=answer))


def test_without_a_token_at_hand_a_refused_key_pair_is_only_possible() -> None:
    assert ids(Facts(answer=REFUSED)) == {"key-pair-refused": POSSIBLE}


def test_an_opaque_token_is_refused_for_its_key() -> None:
    facts = Facts(bearer=Secret("zbk_0123456789"), credential_kind=CredentialKind.TOKEN, answer=REFUSED)
    assert next(iter(ids(facts))) == "key-pair-refused"
    assert "API keys" not in judge(facts).causes[0].fix


def test_a_server_to_server_token_may_be_superseded() -> None:
    token = jwt(OAUTH_CLAIMS | {"type": 3}, OAUTH_HEADER, signature=b"zooms")
    facts = Facts(
        bearer=Secret(token),
        credential_kind=CredentialKind.S2S,
        local_time=NOW,
        answer=replace(REFUSED, path=MEETING),
    )
    assert ids(facts) == {"key-pair-refused": LIKELY, "token-superseded": POSSIBLE}
    assert "client id" in judge(facts).causes[0].fix


def test_a_bad_client_secret_is_certain() -> None:
    answer = ZoomAnswer(
        method="POST",
        path="/oauth/token",
        status=400,
        code="invalid_client",
        message="Invalid client_id or client_secret",
        is_zooms=True,
        is_oauth=True,
    )
    assert ids(Facts(answer=answer, credential_kind=CredentialKind.S2S)) == {"key-pair-refused": CERTAIN}


def test_the_forums_request_is_explained_by_its_path() -> None:
    """DF/82419: a user's token, long expired today, on the singular path, and a quiet 200."""
    request = RequestFacts(method="PATCH", url="https://api.zoom.us/v2/live_meetings/84098077904/event")
    answer = ZoomAnswer(method="PATCH", path="/v2/live_meetings/84098077904/event", status=200)
    facts = Facts(bearer=Secret(f"Bearer {USERS_TOKEN}"), local_time=NOW, request=request, answer=answer)
    assert list(ids(facts).items()) == [
        ("path-event-singular", CERTAIN),
        ("success-not-202", CERTAIN),
        ("user-managed-app", POSSIBLE),
    ]


def test_a_token_that_zoom_took_is_not_blamed() -> None:
    answer = replace(REFUSED, status=404, code=3001, message="Session does not exist: abc.")
    found = judge(replace(MINTED, bearer=Secret(EXPIRED), answer=answer))
    assert [cause.id for cause in found.causes] == ["session-unknown", "session-not-live"]
    assert "wrong-algorithm" not in {checked.id for checked in found.checked}


def test_the_same_token_is_blamed_before_anything_is_sent() -> None:
    found = ids(replace(MINTED, bearer=Secret(EXPIRED), answer=None, is_minted_here=False))
    assert found == {"token-expired": CERTAIN}


def test_the_kind_of_token_is_blamed_where_the_account_is_refused() -> None:
    answer = replace(REFUSED, status=400, code=200, message="This API is only available for Video SDK accounts.")
    token = Secret(jwt(OAUTH_CLAIMS, OAUTH_HEADER, signature=b"zooms"))
    assert ids(Facts(bearer=token, answer=answer)) == {
        "oauth-token-on-videosdk": CERTAIN,
        "wrong-account-kind": CERTAIN,
    }
    opaque = Facts(bearer=Secret("zbk_0123456789"), answer=answer)
    assert ids(opaque) == {"wrong-account-kind": CERTAIN}


def test_a_live_no_op_says_that_the_request_was_fine() -> None:
    answer = ZoomAnswer(method="PATCH", path=SESSION, status=200)
    judgement = judge(replace(MINTED, answer=answer, population=2))
    assert [cause.id for cause in judgement.causes] == ["success-not-202"]
    assert {"path-event-singular", "wrong-method", "session-id-encoding", "nobody-in-session"} == {
        checked.id for checked in judgement.checked
    }


@pytest.mark.parametrize(
    ("kind", "known", "expected"),
    [
        (ErrorKind.AUTH, {}, "key-pair-refused"),
        (ErrorKind.NOT_ENTITLED, {"api": Api.SESSION}, "api-not-available"),
        (ErrorKind.NOT_ENTITLED, {"api": Api.MEETING}, "scope-missing"),
        (ErrorKind.NO_SESSION, {"api": Api.SESSION}, "session-not-live"),
        (ErrorKind.NO_SESSION, {}, "session-not-live"),
        (ErrorKind.NO_SESSION, {"api": Api.MEETING}, "meeting-unknown"),
        (ErrorKind.NO_SESSION, {"population": 0}, "nobody-in-session"),
        (ErrorKind.NO_OP, {}, "success-not-202"),
        (ErrorKind.REJECTED, {}, "not-understood-by-zoom"),
    ],
)
def test_no_refusal_is_without_a_cause(kind: ErrorKind, known: dict[str, Any], expected: str) -> None:
    assert list(ids(Facts(kind=kind, **known))) == [expected]


def test_an_unknown_refusal_is_told_in_zooms_words() -> None:
    answer = replace(
        REFUSED,
        status=400,
        code=31337,
        message="Out of cheese.",
        field_errors=(FieldError("cheese", "is missing"),),
    )
    [cause] = judge(replace(MINTED, answer=answer)).causes
    assert (cause.id, cause.certainty) == ("not-understood-by-zoom", POSSIBLE)
    assert "31337" in cause.evidence
    assert "Out of cheese. (cheese: is missing)" in cause.evidence


def test_a_refusal_with_possible_causes_gets_no_other() -> None:
    answer = replace(REFUSED, status=400, code=300, message="No permission.")
    assert ids(replace(MINTED, answer=answer)) == {
        "wrong-account-kind": POSSIBLE,
        "no-crc-plan": POSSIBLE,
        "not-host": POSSIBLE,
    }


def test_a_refusal_that_has_a_cause_gets_no_other() -> None:
    answer = replace(REFUSED, status=404, code=2300, message="This API endpoint is not recognized.")
    assert "not-understood-by-zoom" not in ids(replace(MINTED, answer=answer))


def test_causes_are_ranked_by_certainty_and_then_by_their_place() -> None:
    answer = replace(REFUSED, status=404, code=2300, message="This API endpoint is not recognized.")
    request = RequestFacts(method="POST", url="https://api.zoom.us/videosdk/sessions/a%252Fb/event")
    found = ids(Facts(request=request, answer=answer))
    assert list(found.items()) == [
        ("path-event-singular", CERTAIN),
        ("session-id-encoding", CERTAIN),
        ("wrong-method", CERTAIN),
        ("path-unknown", CERTAIN),
    ]


def test_a_cause_is_told_once_with_the_surest_evidence() -> None:
    said = replace(REFUSED, message="Access token is expired.")
    found = judge(replace(MINTED, bearer=Secret(EXPIRED), answer=said))
    assert [cause.id for cause in found.causes] == ["token-expired"]


@pytest.mark.parametrize("order", list(permutations(Certainty)))
def test_of_findings_for_one_cause_the_surest_is_kept_whatever_the_order_of_the_rules(
    order: tuple[Certainty, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(certainty: Certainty) -> Rule:
        return lambda _: Finding("token-expired", certainty, f"it is {certainty}")

    monkeypatch.setattr(token_rules, "RULES", tuple(finds(certainty) for certainty in order))
    [cause] = judge_bearer(Facts(), None).causes
    assert (cause.certainty, cause.evidence) == (CERTAIN, "it is certain")


def test_of_two_findings_that_are_equally_sure_the_first_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("token-expired", LIKELY, evidence) for evidence in ("first", "second")]
    monkeypatch.setattr(token_rules, "RULES", tuple(lambda _, each=each: each for each in findings))
    [cause] = judge_bearer(Facts(), None).causes
    assert cause.evidence == "first"


def test_what_one_rule_finds_and_another_finds_fine_is_not_told_as_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (Checked("token-expired", "fine"), Finding("token-expired", POSSIBLE, "not fine"))
    for order in (said, said[::-1]):
        monkeypatch.setattr(token_rules, "RULES", tuple(lambda _, each=each: each for each in order))
        judgement = judge_bearer(Facts(), None)
        assert [cause.id for cause in judgement.causes] == ["token-expired"]
        assert judgement.checked == ()


def test_what_is_fine_is_told_once_and_in_the_order_of_the_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = list(cause_texts())
    fine = [Checked(name, "first") for name in reversed(ranked)] + [Checked(name, "second") for name in ranked]
    monkeypatch.setattr(token_rules, "RULES", tuple(lambda _, each=each: each for each in fine))
    assert [(one.id, one.evidence) for one in judge_bearer(Facts(), None).checked] == [
        (name, "first") for name in ranked
    ]


def test_a_signature_that_was_not_checked_is_said_to_be_unchecked() -> None:
    unchecked = replace(MINTED, signature=Signature.UNCHECKED, secret=None, is_minted_here=False)
    assert "signature was not checked" in judge(unchecked).causes[0].evidence
    for known in ({"secret": Secret(API_SECRET)}, {"signature": Signature.VALID}):
        [cause] = judge(replace(unchecked, **known)).causes
        assert cause.id == "key-pair-refused"
        assert "not checked" not in cause.evidence


def test_the_clocks_of_the_answer_are_used() -> None:
    answer = replace(REFUSED, server_time=NOW + timedelta(hours=1), local_time=NOW)
    assert ids(replace(MINTED, zoom_time=None, local_time=None, answer=answer)) == {
        "clock-skew": CERTAIN,
        "token-expired": CERTAIN,
    }


def test_clocks_that_are_known_count_before_those_of_the_answer() -> None:
    answer = replace(REFUSED, server_time=NOW + timedelta(hours=1), local_time=NOW)
    assert ids(replace(MINTED, answer=answer)) == {"key-pair-refused": LIKELY}


def test_a_kind_and_an_api_that_are_known_count_before_those_of_the_answer() -> None:
    assert ids(replace(MINTED, bearer=Secret(EXPIRED), kind=ErrorKind.NO_SESSION, population=0)) == {
        "nobody-in-session": CERTAIN
    }
    assert "api-jwt-on-meetings" in ids(replace(MINTED, api=Api.MEETING))


@pytest.mark.parametrize(
    ("method", "path", "status", "found"),
    [
        ("PATCH", SESSION, 202, {}),
        ("GET", "/v2/videosdk/sessions/abc/users", 200, {}),
        ("PATCH", SESSION, 200, {"success-not-202": CERTAIN}),
    ],
)
def test_only_a_callout_that_was_answered_otherwise_than_202_is_a_no_op(
    method: str, path: str, status: int, found: dict[str, Certainty]
) -> None:
    request = RequestFacts(method=method, url=f"https://api.zoom.us{path}", is_ours=True)
    answer = ZoomAnswer(method=method, path=path, status=status)
    assert ids(replace(MINTED, request=request, answer=answer)) == found


def test_a_request_that_was_not_answered_is_not_told_to_be_fine() -> None:
    known = replace(MINTED, kind=ErrorKind.NO_SESSION, population=0)
    families = {cause_texts()[checked.id].family for checked in judge(replace(known, answer=None)).checked}
    assert Family.REQUEST not in families
    answered = replace(known, answer=replace(REFUSED, status=404, code=3001, message="Session does not exist."))
    assert Family.REQUEST in {cause_texts()[checked.id].family for checked in judge(answered).checked}


@pytest.mark.parametrize(
    "known",
    [
        {"kind": ErrorKind.NO_SESSION},
        {"answer": replace(REFUSED, status=404, code=3001, message="Session does not exist.")},
        {"request": RequestFacts(method="PATCH", url=f"https://api.zoom.us{MEETING}")},
        {"population": 0, "has_crc_plan": False},
    ],
)
def test_nothing_else_that_is_known_changes_how_a_bearer_is_judged(known: dict[str, Any]) -> None:
    facts = Facts(bearer=Secret(EXPIRED), local_time=NOW)
    assert judge_bearer(replace(facts, **known), Api.SESSION) == judge_bearer(facts, Api.SESSION)
    assert [cause.id for cause in judge_bearer(replace(facts, **known), Api.SESSION).causes] == ["token-expired"]


def test_a_bearer_is_judged_alone() -> None:
    token = Secret(jwt(OAUTH_CLAIMS, OAUTH_HEADER, signature=b"zooms"))
    facts = replace(MINTED, bearer=token, signature=Signature.UNCHECKED, is_minted_here=False, population=0)
    assert [cause.id for cause in judge_bearer(facts, Api.SESSION).causes] == ["oauth-token-on-videosdk"]
    assert judge_bearer(facts, Api.MEETING).causes == ()
    assert {checked.id for checked in judge_bearer(facts, Api.MEETING).checked} >= {"api-jwt-on-meetings"}


def test_every_cause_has_a_fix_and_only_its_own_command() -> None:
    [cause] = judge(replace(MINTED, answer=replace(REFUSED, status=200))).causes
    assert cause.fix != cause_texts()[cause.id].fix
    assert cause.command is None


def test_nothing_known_finds_nothing() -> None:
    assert judge(Facts()).causes == ()


TEXT = st.text(max_size=60)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
TOKENS = (
    st.none()
    | TEXT
    | st.sampled_from([EXPIRED, USERS_TOKEN, jwt(API_CLAIMS), f"Bearer {jwt(SESSION_CLAIMS)}"])
    | st.dictionaries(
        st.sampled_from(["iss", "exp", "iat", "nbf", "tpc", "aud"]), st.none() | st.integers() | TEXT
    ).map(jwt)
)
PATHS = (
    TEXT
    | st.sampled_from([SESSION, MEETING, MEETING[:-1], "/oauth/token?grant_type=x", "https://api.zoom.us/users/me"])
    | TEXT.map(lambda identifier: f"/v2/videosdk/sessions/{identifier}/events")
)
METHODS = st.sampled_from(["PATCH", "GET", "POST", ""]) | TEXT
CODES = st.none() | st.sampled_from([124, 104, 200, 300, 2300, 3001, 2311, 4711, "invalid_client"]) | st.integers()
MESSAGES = (
    st.none()
    | TEXT
    | st.sampled_from(
        ["No permission.", "Access token is expired.", "Validation Failed.", "does not contain scopes:[a:b"]
    )
)
ANSWERS = st.builds(
    ZoomAnswer,
    method=METHODS,
    path=PATHS,
    status=st.integers(100, 599),
    code=CODES,
    message=MESSAGES,
    field_errors=st.lists(st.builds(FieldError, TEXT, TEXT), max_size=3).map(tuple),
    is_zooms=st.booleans(),
    server_time=TIMES,
    local_time=TIMES,
    excerpt=TEXT,
    is_oauth=st.booleans(),
)
SECRETS = st.none() | (TEXT | st.just(API_SECRET)).map(Secret)
FACTS = st.builds(
    Facts,
    bearer=TOKENS.map(lambda token: token if token is None else Secret(token)),
    api=st.none() | st.sampled_from(Api),
    credential_kind=st.none() | st.sampled_from(CredentialKind),
    api_key=st.none() | TEXT,
    is_api_key_explicit=st.booleans(),
    secret=SECRETS,
    signature=st.sampled_from(Signature),
    is_signed_with_key=st.booleans(),
    is_minted_here=st.booleans(),
    local_time=TIMES,
    zoom_time=TIMES,
    request=st.none() | st.builds(RequestFacts, method=METHODS, url=PATHS, is_ours=st.booleans()),
    answer=st.none() | ANSWERS,
    scopes=st.none() | st.lists(TEXT, max_size=3).map(tuple),
    population=st.none() | st.integers(0, 5),
    kind=st.none() | st.sampled_from(ErrorKind),
)


def all_texts(causes: tuple[Cause, ...]) -> list[str]:
    return [text for cause in causes for text in (cause.evidence, cause.fix, cause.command or "")]


@given(FACTS)
def test_any_facts_are_judged(facts: Facts) -> None:
    judgement = judge(facts)
    certainties = [list(Certainty).index(cause.certainty) for cause in judgement.causes]
    assert certainties == sorted(certainties)
    assert len({cause.id for cause in judgement.causes}) == len(judgement.causes)
    assert {cause.id for cause in judgement.causes} <= set(cause_texts())
    assert {cause.id for cause in judgement.causes}.isdisjoint(checked.id for checked in judgement.checked)
    assert all(cause.fix for cause in judgement.causes)
    assert all(cause.evidence for cause in judgement.causes)
    for text in (*all_texts(judgement.causes), *(checked.evidence for checked in judgement.checked)):
        assert text.isprintable()
        assert len(text) <= 600
    if facts.kind in {"auth", "not-entitled", "no-session", "no-op", "rejected"}:
        assert judgement.causes


@given(FACTS)
def test_what_is_refused_for_its_key_has_no_surer_cause(facts: Facts) -> None:
    found = {cause.id: cause.certainty for cause in judge(facts).causes}
    if found.get("key-pair-refused") is LIKELY:
        assert CERTAIN not in found.values()
        assert [certainty for certainty in found.values() if certainty is LIKELY] == [LIKELY]
    assert found.get("user-managed-app", POSSIBLE) is POSSIBLE


@given(
    FACTS, st.sampled_from(["secret", "bearer", "both"]), st.sampled_from(["message", "excerpt", "path", "code"])
)
def test_no_secret_is_ever_in_what_is_said(facts: Facts, held: str, echoed: str) -> None:
    whole = jwt(API_CLAIMS, secret=SENTINEL)
    text = {"secret": SENTINEL, "bearer": whole, "both": f"{SENTINEL} {whole}"}[held]
    answer = ZoomAnswer(
        method="PATCH",
        path=f"/v2/videosdk/sessions/{text}/event" if echoed == "path" else SESSION,
        status=facts.answer.status if facts.answer else 400,
        code=text if echoed == "code" else 300,
        message=f"Validation Failed {text}." if echoed == "message" else "No permission.",
        field_errors=(FieldError(f"device_ip{text}", text),),
        is_zooms=echoed != "excerpt",
        excerpt=text if echoed == "excerpt" else "",
    )
    facts = replace(
        facts, bearer=Secret(f"Bearer {whole}"), secret=Secret(SENTINEL), answer=answer, api_key=API_KEY
    )
    judgement = judge(facts)
    said = " ".join([*all_texts(judgement.causes), *(checked.evidence for checked in judgement.checked)])
    assert SENTINEL not in said
    assert whole not in said
    assert whole.rpartition(".")[2] not in said


def test_the_moment_of_judging_is_given_and_never_taken_from_the_clock() -> None:
    past = datetime(2001, 1, 1, tzinfo=UTC)
    found = ids(replace(MINTED, local_time=past, zoom_time=past))
    assert "token-not-yet-valid" in found
