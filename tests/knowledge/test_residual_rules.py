"""What is left to say where no rule found a cause."""

from __future__ import annotations

from typing import Any

import pytest

from zoomcall.domain.answer import FieldError, ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Facts, RequestFacts, Signature
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.residual_rules import (
    key_pair_refused,
    no_cause_known,
    token_request_refused,
    token_superseded,
)

LIKELY, POSSIBLE = Certainty.LIKELY, Certainty.POSSIBLE
FINE = (Checked("signature-mismatch", "x"), Checked("path-unknown", "x"))
SESSION = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
MEETING = "https://api.zoom.us/v2/live_meetings/84098077904/events"
TOKEN = "https://zoom.us/oauth/token"


def answer(**changes: Any) -> ZoomAnswer:
    facts = {"method": "PATCH", "path": "/v2/x", "status": 401, "code": 124, "is_zooms": True}
    return ZoomAnswer(**(facts | changes))


def token_answer(**changes: Any) -> ZoomAnswer:
    return answer(**({"method": "POST", "path": "", "status": 400, "code": 1, "is_oauth": True} | changes))


def refused(checked: tuple[Checked, ...] = (), **known: Any) -> Finding | None:
    return key_pair_refused(Facts(**({"kind": ErrorKind.AUTH, "answer": answer()} | known)), checked)


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind is not ErrorKind.AUTH] + [None])
def test_only_a_refused_credential_blames_the_key_pair(kind: ErrorKind | None) -> None:
    assert refused(kind=kind) is None


def test_a_key_pair_is_blamed_the_more_the_more_was_found_fine() -> None:
    nothing, fine, of_request = refused(), refused(FINE), refused((FINE[1],))
    assert nothing is not None
    assert fine is not None
    assert of_request is not None
    assert (nothing.certainty, of_request.certainty, fine.certainty) == (POSSIBLE, POSSIBLE, LIKELY)
    assert nothing.evidence == "Zoom refused the credential (124); nothing about it could be checked here"
    assert fine.evidence.startswith(
        "Zoom refused the credential (124), although what can be checked here is right ("
    )


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"answer": None}, "the credential was refused;"),
        ({"answer": answer(code=None)}, "Zoom refused the credential (HTTP 401);"),
        ({"answer": answer(code=0)}, "Zoom refused the credential (0);"),
        ({"answer": answer(is_code_guessed=True)}, "Zoom refused the credential (HTTP 401);"),
        (
            {"answer": token_answer(code="invalid_client")},
            "the token endpoint refused the credential (invalid_client)",
        ),
    ],
)
def test_the_refusal_is_quoted(known: dict[str, Any], words: str) -> None:
    told = refused(**known)
    assert told is not None
    assert told.evidence.startswith(words)


@pytest.mark.parametrize(
    ("known", "checked", "is_told"),
    [
        ({}, FINE, True),
        ({}, (), False),
        ({"signature": Signature.VALID}, FINE, False),
        ({"signature": Signature.INVALID}, FINE, False),
        ({"secret": Secret("s")}, FINE, False),
        ({"bearer": None}, FINE, False),
    ],
)
def test_a_signature_that_was_not_checked_is_told(
    known: dict[str, Any], checked: tuple[Checked, ...], *, is_told: bool
) -> None:
    told = refused(checked, **({"bearer": Secret("t")} | known))
    assert told is not None
    assert told.evidence.endswith("its signature was not checked, because the secret is not known") is is_told


@pytest.mark.parametrize(
    ("answered", "bearer", "is_fine"), [(None, None, False), (None, Secret("t"), True), ("other", None, True)]
)
def test_bearer_before_a_variable_says_nothing_for_the_credential(
    answered: str | None, bearer: Secret | None, *, is_fine: bool
) -> None:
    checked = Checked("bearer-missing" if answered is None else "issuer-not-api-key", "x")
    told = refused((checked,), bearer=bearer)
    assert told is not None
    assert told.certainty is (LIKELY if is_fine else POSSIBLE)


OAUTH, APP, BEARER = (
    "Get a new OAuth access token",
    "On marketplace.zoom.us, check that the app",
    "Get a new token; check",
)
S2S, INSPECT = "zoomcall auth login --kind s2s", "zoomcall token inspect -"


def request(url: str, **changes: Any) -> RequestFacts:
    return RequestFacts(**({"method": "PATCH", "url": url} | changes))


@pytest.mark.parametrize(
    ("known", "fix", "command"),
    [
        ({"api": Api.MEETING}, OAUTH, S2S),
        ({"request": request(MEETING)}, OAUTH, S2S),
        ({"request": request(MEETING), "credential_kind": CredentialKind.VIDEOSDK}, OAUTH, S2S),
        ({"request": request(MEETING), "credential_kind": CredentialKind.TOKEN}, OAUTH, S2S),
        ({"request": request(MEETING), "credential_kind": CredentialKind.S2S}, APP, S2S),
        ({"request": request(MEETING), "credential_kind": CredentialKind.OAUTH}, BEARER, INSPECT),
        ({"request": request(SESSION)}, None, None),
        ({"request": request(SESSION), "credential_kind": CredentialKind.VIDEOSDK}, None, None),
        ({"request": request(SESSION), "credential_kind": CredentialKind.TOKEN}, BEARER, INSPECT),
        ({"request": request(SESSION), "credential_kind": CredentialKind.S2S}, APP, S2S),
        ({"request": request("https://example.com/x")}, None, None),
        ({"answer": None}, BEARER, INSPECT),
        ({}, BEARER, INSPECT),
        ({"answer": answer(path="/v2/videosdk/sessions/a/events")}, None, None),
        ({"api": Api.SESSION}, None, None),
        ({"bearer": Secret("t")}, None, None),
        ({"credential_kind": CredentialKind.VIDEOSDK}, None, None),
    ],
)
def test_the_fix_is_that_of_the_credential(known: dict[str, Any], fix: str | None, command: str | None) -> None:
    told = refused(**known)
    assert told is not None
    assert (told.fix or "").startswith(fix or "")
    assert (told.fix is None, told.command) == (fix is None, command)


@pytest.mark.parametrize(
    ("known", "evidence"),
    [
        (
            {"answer": token_answer(code="authorization_pending")},
            "says authorization_pending: the user has not confirmed",
        ),
        ({"answer": token_answer(code="slow_down")}, "says slow_down: the user has not confirmed"),
        ({"answer": token_answer(code=7, message="m")}, "the token endpoint says 7: m, and nothing against"),
        ({"answer": token_answer(code=7)}, "the token endpoint says 7, and nothing against"),
        ({"answer": token_answer(code=None, message="m")}, "the token endpoint says m, and nothing against"),
        ({"answer": token_answer(code=None)}, "the token endpoint answered 400; its reason and error"),
        ({"answer": token_answer(status=401)}, "the token endpoint says 1"),
        ({"answer": token_answer(status=402)}, None),
        ({"answer": token_answer(status=399)}, None),
        ({"answer": token_answer(path="/oauth/token")}, None),
        ({"answer": token_answer(path="/oauth/token"), "request": request(TOKEN)}, "the token endpoint says 1"),
        ({"answer": token_answer(is_oauth=False), "request": request(TOKEN)}, "the token endpoint says 1"),
        ({"answer": token_answer(), "request": request(TOKEN, is_ours=True)}, None),
        ({"answer": token_answer(is_oauth=False), "request": request(SESSION)}, None),
        ({"answer": None}, None),
        *(
            ({"answer": token_answer(code=code)}, None)
            for code in ("invalid_client", "unauthorized_client", 4702, 4704, 4717, 4738, 4740, 4741)
        ),
        *(
            ({"answer": token_answer(code=code)}, f"the token endpoint says {code}")
            for code in ("a", "z", 4701, 4703, 4705, 4716, 4718, 4737, 4739, 4742)
        ),
    ],
)
def test_somebodys_token_request_that_was_refused_is_told_in_zooms_words(
    known: dict[str, Any], evidence: str | None
) -> None:
    facts = Facts(**({"kind": ErrorKind.AUTH} | known))
    told = token_request_refused(facts, ())
    assert (told is None) is (evidence is None)
    if told is not None and evidence is not None:
        assert told.id == "not-understood-by-zoom"
        assert evidence in told.evidence
        assert key_pair_refused(facts, ()) is None


@pytest.mark.parametrize(
    ("code", "kind", "is_told"),
    [
        (124, CredentialKind.S2S, True),
        (123, CredentialKind.S2S, False),
        (125, CredentialKind.S2S, False),
        (124, CredentialKind.TOKEN, False),
        (124, CredentialKind.OAUTH, False),
        (124, None, False),
    ],
)
def test_a_newer_token_is_suspected_of_a_refused_app(
    code: int, kind: CredentialKind | None, *, is_told: bool
) -> None:
    told = token_superseded(Facts(answer=answer(code=code), credential_kind=kind), ())
    assert (told is not None) is is_told
    assert token_superseded(Facts(credential_kind=CredentialKind.S2S), ()) is None


@pytest.mark.parametrize(
    ("known", "cause"),
    [
        ({"kind": ErrorKind.NOT_ENTITLED, "api": Api.SESSION}, "api-not-available"),
        ({"kind": ErrorKind.NOT_ENTITLED, "api": Api.MEETING}, "scope-missing"),
        ({"kind": ErrorKind.NOT_ENTITLED}, "scope-missing"),
        ({"kind": ErrorKind.NOT_ENTITLED, "answer": answer()}, "not-understood-by-zoom"),
        ({"kind": ErrorKind.NO_SESSION, "api": Api.MEETING}, "meeting-unknown"),
        ({"kind": ErrorKind.NO_SESSION, "api": Api.SESSION}, "session-not-live"),
        ({"kind": ErrorKind.NO_SESSION, "population": 1}, "session-not-live"),
        ({"kind": ErrorKind.NO_SESSION, "population": 0}, None),
        ({"kind": ErrorKind.NO_OP}, "success-not-202"),
        ({"kind": ErrorKind.REJECTED}, "not-understood-by-zoom"),
        ({"kind": ErrorKind.AUTH}, None),
        ({"kind": None}, None),
        ({"kind": ErrorKind.ZOOM_FAULT}, None),
    ],
)
def test_no_refusal_is_left_without_a_cause(known: dict[str, Any], cause: str | None) -> None:
    told = no_cause_known(Facts(**known), ())
    assert (None if told is None else (told.id, told.certainty)) == (None if cause is None else (cause, POSSIBLE))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "Zoom would not act on the request; no known cause"),
        (answer(status=400, code=300, message="m"), "Zoom answered HTTP 400, code 300: m; no known cause"),
        (answer(status=400, code=None), "Zoom answered HTTP 400; no known cause"),
        (answer(status=400, code=0), "Zoom answered HTTP 400, code 0; no known cause"),
        (
            answer(status=400, code=300, field_errors=tuple(FieldError(f"f{n}", "x") for n in range(6))),
            "Zoom answered HTTP 400, code 300: (f0: x; f1: x; f2: x; f3: x; f4: x); no known cause",
        ),
        (
            answer(status=400, code=300, message="m", field_errors=(FieldError("f", "x"),)),
            "Zoom answered HTTP 400, code 300: m (f: x); no known cause",
        ),
    ],
)
def test_an_unknown_refusal_is_quoted(given: ZoomAnswer | None, words: str) -> None:
    told = no_cause_known(Facts(kind=ErrorKind.REJECTED, answer=given), ())
    assert told is not None
    assert told.evidence.startswith(words)
