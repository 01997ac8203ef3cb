"""What is seen around a request: code that makes a token, a browser, a network, a shell."""

from __future__ import annotations

from typing import Any

import pytest

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty
from zoomcall.domain.secret import Secret
from zoomcall.errors import ErrorKind, NetworkWord
from zoomcall.knowledge.facts import Authorization, Facts, RequestFacts
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.surrounding_rules import RULES

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
SESSION = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
ANSWER = ZoomAnswer(method="PATCH", path="/", status=400, is_zooms=True, message="not a valid JSON object")


def found(facts: dict[str, Any] | None = None, **request: Any) -> dict[str, tuple[Certainty, str]]:
    asked = RequestFacts(**({"method": "PATCH", "url": SESSION} | request))
    results = [rule(Facts(request=asked, **(facts or {}))) for rule in RULES]
    return {each.id: (each.certainty, each.evidence) for each in results if isinstance(each, Finding)}


@pytest.mark.parametrize(
    ("claims", "how", "cause", "certainty"),
    [
        (("app_key", "exp"), Authorization.UNKNOWN, "session-jwt", LIKELY),
        (("app_key", "iss"), Authorization.UNKNOWN, "session-jwt", POSSIBLE),
        (("app_key",), Authorization.VARIABLE, "session-jwt", POSSIBLE),
        (("tpc", "role_type", "iat"), Authorization.UNKNOWN, "session-jwt", LIKELY),
        (("tpc", "role_type"), Authorization.UNKNOWN, "session-jwt", LIKELY),
        (("tpc",), Authorization.UNKNOWN, None, None),
        (("role_type", "iat"), Authorization.UNKNOWN, None, None),
        (("appKey",), Authorization.UNKNOWN, "meeting-sdk-jwt", LIKELY),
        (("sdkKey", "iss"), Authorization.UNKNOWN, "meeting-sdk-jwt", POSSIBLE),
        (("tokenExp", "x"), Authorization.VARIABLE, "meeting-sdk-jwt", POSSIBLE),
        (("iss", "exp"), Authorization.UNKNOWN, None, None),
        ((), Authorization.UNKNOWN, None, None),
    ],
)
def test_claims_in_code_tell_what_the_token_is_for(
    claims: tuple[str, ...], how: Authorization, cause: str | None, certainty: Certainty | None
) -> None:
    told = found(claims=claims, authorization=how)
    assert {name: each[0] for name, each in told.items()} == ({} if cause is None else {cause: certainty})
    assert found({"bearer": Secret("t")}, claims=claims, authorization=how) == {}
    assert found(claims=claims, authorization=how, url="https://example.com/x") == {}


def test_eight_claims_are_named() -> None:
    names = ("app_key", *"abcdefgh")
    assert found(claims=names)["session-jwt"][1].startswith(
        "the code makes a token with app_key, a, b, c, d, e, f, g,"
    )


@pytest.mark.parametrize(("bearer", "is_told"), [(None, True), (Secret("t"), False)])
def test_a_clock_in_milliseconds_counts_where_no_token_is_shown(bearer: Secret | None, *, is_told: bool) -> None:
    assert ("exp-in-milliseconds" in found({"bearer": bearer}, has_millisecond_expiry=True)) is is_told
    assert "exp-in-milliseconds" not in found()


@pytest.mark.parametrize(
    ("said", "answer", "certainty"),
    [
        ("has been blocked by CORS policy", None, CERTAIN),
        ("blocked by cors policy", ANSWER, CERTAIN),
        ("TypeError: Failed to fetch", None, LIKELY),
        ("net::ERR_NETWORK", ANSWER, LIKELY),
        ("is it CORS?", None, POSSIBLE),
        ("is it CORS?", ANSWER, None),
        ("", None, None),
    ],
)
def test_a_browser_blocks_in_its_own_words(
    said: str, answer: ZoomAnswer | None, certainty: Certainty | None
) -> None:
    told = found({"answer": answer}, blocked_by=said).get("blocked-by-browser")
    assert (told[0] if told else None) is certainty


@pytest.mark.parametrize(
    ("word", "said", "url", "cause", "may_have_arrived"),
    [
        (NetworkWord.TLS, "certificate has expired", SESSION, "clock-wrong", False),
        (NetworkWord.TLS, "self-signed certificate", SESSION, "zoom-not-reached", False),
        (NetworkWord.DNS, "has expired", SESSION, "zoom-not-reached", False),
        (NetworkWord.TIMEOUT, "timed out", SESSION, "zoom-not-reached", True),
        (NetworkWord.RESET, "reset by peer", SESSION, "zoom-not-reached", True),
        (NetworkWord.TIMEOUT, "connect timeout", SESSION, "zoom-not-reached", False),
        (NetworkWord.TIMEOUT, "failed to connect", SESSION, "zoom-not-reached", False),
        (NetworkWord.CONNECT, "refused", SESSION, "zoom-not-reached", False),
        (NetworkWord.TIMEOUT, "timed out", "https://api.zoom.us/v2/users/me", "zoom-not-reached", False),
    ],
)
def test_a_network_fault_says_if_the_room_may_ring(
    word: NetworkWord, said: str, url: str, cause: str, *, may_have_arrived: bool
) -> None:
    request = RequestFacts(method="PATCH", url=url, network_fault=(word, said))
    [told] = [each for rule in RULES if (each := rule(Facts(request=request))) is not None]
    assert isinstance(told, Finding)
    assert told.id == cause
    assert (told.fix or "").startswith("Look at the room first") is may_have_arrived
    assert found({"answer": ANSWER}, network_fault=(word, said)) == {}
    assert found(network_fault=(word, said), is_ours=True) == {}


@pytest.mark.parametrize(
    ("known", "is_shown", "certainty"),
    [
        ({}, False, POSSIBLE),
        ({}, True, CERTAIN),
        ({"answer": ANSWER, "kind": ErrorKind.REJECTED}, False, CERTAIN),
        ({"answer": ZoomAnswer(method="PATCH", path="/", status=400), "kind": ErrorKind.REJECTED}, True, None),
        ({"answer": ZoomAnswer(method="PATCH", path="/", status=202)}, False, POSSIBLE),
    ],
)
def test_a_shell_is_at_fault_unless_another_error_is_shown(
    known: dict[str, Any], *, is_shown: bool, certainty: Certainty | None
) -> None:
    told = found(known, shell_fault="cmd ate the quotes", is_shell_fault_shown=is_shown).get("shell-quoting")
    assert (told[0] if told else None) is certainty
    assert "shell-quoting" not in found(known, is_shell_fault_shown=is_shown)


@pytest.mark.parametrize(
    ("kind", "is_verbatim", "is_told"),
    [
        (ErrorKind.AUTH, True, True),
        (ErrorKind.AUTH, False, False),
        (ErrorKind.REJECTED, True, False),
        (None, True, False),
    ],
)
def test_a_variable_in_single_quotes_explains_a_refused_credential(
    kind: ErrorKind | None, *, is_verbatim: bool, is_told: bool
) -> None:
    told = found({"kind": kind}, has_verbatim_variable=is_verbatim, headers=(("Authorization", "Bearer $T"),))
    assert ("token-malformed" in told) is is_told
    assert not is_told or told["token-malformed"][1].startswith("Bearer $T is in single quotes")
