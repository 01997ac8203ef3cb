from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tokens import (
    API_CLAIMS,
    API_KEY,
    API_SECRET,
    MEETING_SDK_CLAIMS,
    NOW,
    NOW_SECONDS,
    OAUTH_CLAIMS,
    OAUTH_HEADER,
    SESSION_CLAIMS,
    ZAK_CLAIMS,
    ZAK_HEADER,
    jwt,
    without,
)

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Authorization, Facts, RequestFacts, Signature
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.token_rules import RULES, secret_surplus, signature_flaw, token_whitespace

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE

FINE = jwt(API_CLAIMS)
OAUTH = jwt(OAUTH_CLAIMS, OAUTH_HEADER, signature=b"zooms")
S2S = jwt(OAUTH_CLAIMS | {"type": 3}, OAUTH_HEADER, signature=b"zooms")
REFRESH = jwt(OAUTH_CLAIMS | {"type": 1}, OAUTH_HEADER, signature=b"zooms")
SESSION = jwt(SESSION_CLAIMS)
MEETING_SDK = jwt(MEETING_SDK_CLAIMS)
ZAK = jwt(ZAK_CLAIMS, ZAK_HEADER)
LEGACY = jwt(without(API_CLAIMS, "iat"))
OPAQUE = "zbk_0123456789abcdef"
REQUEST = RequestFacts(method="PATCH", url="/videosdk/sessions/x/events")

OUR_REQUEST = replace(REQUEST, is_ours=True)


def judged(bearer: str | None, **known: Any) -> dict[str, Finding | Checked]:
    facts = Facts(**({"bearer": None if bearer is None else Secret(bearer), "local_time": NOW} | known))
    results = [result for rule in RULES if (result := rule(facts)) is not None]
    assert len({result.id for result in results}) == len(results)
    return {result.id: result for result in results}


def found(bearer: str | None, **known: Any) -> dict[str, Certainty]:
    return {
        name: result.certainty for name, result in judged(bearer, **known).items() if isinstance(result, Finding)
    }


def claims(**changes: Any) -> str:
    return jwt(API_CLAIMS | changes)


def skewed(seconds: float) -> dict[str, Any]:
    return {"zoom_time": NOW, "local_time": NOW + timedelta(seconds=seconds)}


EXPLICIT = {"api_key": API_KEY, "is_api_key_explicit": True}
PAIR = {"api_key": API_KEY, "secret": Secret(API_SECRET)}


@pytest.mark.parametrize(
    ("cause", "certainty", "bearer", "known"),
    [
        ("token-malformed", CERTAIN, "not.a.jwt", {}),
        ("token-malformed", CERTAIN, FINE.rsplit(".", 1)[0], {}),
        ("token-malformed", CERTAIN, FINE[:-4], {}),
        ("token-malformed", CERTAIN, "schl\u00fcssel", {}),
        ("token-malformed", CERTAIN, jwt([]), {}),
        ("token-malformed", LIKELY, "$ZOOM_TOKEN", {}),
        ("token-malformed", POSSIBLE, jwt(b'{"iss":"K","exp":1,"exp":1795255800}'), {}),
        ("token-whitespace", CERTAIN, f"{FINE} ", {}),
        ("token-whitespace", CERTAIN, f"{FINE}\n\n", {}),
        ("token-whitespace", CERTAIN, f'"{FINE}"', {}),
        ("token-whitespace", CERTAIN, f"{OPAQUE[:8]} {OPAQUE[8:]}", {}),
        ("bearer-doubled", CERTAIN, f"Bearer Bearer {FINE}", {}),
        ("bearer-missing", CERTAIN, FINE, {"request": REQUEST}),
        ("token-expired", CERTAIN, claims(exp=NOW_SECONDS - 180), {}),
        ("token-expired", CERTAIN, claims(exp=NOW_SECONDS), {}),
        ("token-expired", CERTAIN, claims(exp=-5), {}),
        ("token-expired", CERTAIN, jwt(OAUTH_CLAIMS | {"exp": NOW_SECONDS - 1}, OAUTH_HEADER), {}),
        ("token-expired", CERTAIN, claims(exp=NOW_SECONDS - 1), skewed(-3600)),
        ("token-not-yet-valid", CERTAIN, claims(iat=NOW_SECONDS + 3600, exp=NOW_SECONDS + 7200), {}),
        ("token-not-yet-valid", LIKELY, claims(iat=NOW_SECONDS + 5), {}),
        ("token-not-yet-valid", CERTAIN, claims(iat=NOW_SECONDS + 5), skewed(0)),
        ("token-not-yet-valid", CERTAIN, claims(nbf=NOW_SECONDS + 300), {}),
        ("token-not-yet-valid", CERTAIN, claims(iat=NOW_SECONDS * 1000), {}),
        ("clock-skew", CERTAIN, claims(iat=NOW_SECONDS + 270), skewed(300)),
        ("clock-skew", CERTAIN, claims(exp=NOW_SECONDS - 100), skewed(-300)),
        ("clock-skew", LIKELY, claims(iat=NOW_SECONDS + 1), skewed(3)),
        ("clock-skew", POSSIBLE, FINE, skewed(300)),
        ("clock-skew", POSSIBLE, None, skewed(-300)),
        ("clock-skew", POSSIBLE, OPAQUE, skewed(31)),
        ("exp-in-milliseconds", CERTAIN, claims(exp=(NOW_SECONDS + 600) * 1000), {}),
        ("exp-in-milliseconds", CERTAIN, claims(exp=10**11 + 1), {}),
        ("exp-in-milliseconds", CERTAIN, claims(exp=10**300), {}),
        ("exp-not-integer", CERTAIN, claims(exp=str(NOW_SECONDS + 600)), {}),
        ("exp-not-integer", CERTAIN, claims(exp=NOW_SECONDS + 600.5), {}),
        ("exp-not-integer", CERTAIN, claims(exp=NOW_SECONDS + 600.0), {}),
        ("exp-not-integer", CERTAIN, claims(exp=True), {}),
        ("exp-not-integer", CERTAIN, claims(exp=None), {}),
        ("exp-not-integer", CERTAIN, claims(exp=[1]), {}),
        ("exp-not-integer", CERTAIN, claims(exp={"a": 1}), {}),
        ("exp-not-integer", POSSIBLE, claims(iat="yesterday"), {}),
        ("exp-missing", CERTAIN, jwt(without(API_CLAIMS, "exp")), {}),
        ("iss-missing", CERTAIN, jwt(without(API_CLAIMS, "iss")), {}),
        ("iss-missing", CERTAIN, claims(iss=""), {}),
        ("iss-missing", CERTAIN, claims(iss=7), {}),
        ("iss-missing", CERTAIN, jwt({}), {}),
        ("issuer-not-api-key", POSSIBLE, FINE, {"api_key": "another"}),
        ("issuer-not-api-key", CERTAIN, FINE, {"api_key": "another", "is_api_key_explicit": True}),
        ("issuer-not-api-key", CERTAIN, claims(iss=API_KEY.lower()), EXPLICIT),
        ("issuer-not-api-key", CERTAIN, claims(iss=f"{API_KEY}\n"), EXPLICIT),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, {"alg": "none"}, signature=b""), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, {"alg": "HS512"}), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, {"alg": "hs256"}), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, {"typ": "JWT"}), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, signature=bytes(256)), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, signature=bytes(512)), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, signature=bytes(64)), {}),
        ("wrong-algorithm", CERTAIN, jwt(API_CLAIMS, signature=bytes(20)), {}),
        ("signature-mismatch", CERTAIN, FINE, {"signature": Signature.INVALID}),
        ("signature-mismatch", CERTAIN, FINE, {"signature": Signature.INVALID, "api_key": API_KEY}),
        ("signature-mismatch", LIKELY, FINE, {"signature": Signature.INVALID, "api_key": "another"}),
        (
            "signature-mismatch",
            CERTAIN,
            FINE,
            {"signature": Signature.INVALID, "api_key": "another", "is_api_key_explicit": True},
        ),
        ("secret-has-whitespace", LIKELY, FINE, {"secret": Secret(f"{API_SECRET}\n")}),
        ("secret-has-whitespace", LIKELY, None, {"secret": Secret("two words")}),
        ("secret-in-quotes", LIKELY, FINE, {"secret": Secret(f"'{API_SECRET}'")}),
        ("secret-in-quotes", CERTAIN, FINE, {"secret": Secret(f'"{API_SECRET}"'), "is_minted_here": True}),
        (
            "secret-in-quotes",
            CERTAIN,
            FINE,
            {"secret": Secret(f"\u201c{API_SECRET}\u201d"), "is_minted_here": True},
        ),
        ("secret-in-quotes", CERTAIN, FINE, {"secret": Secret(f'{API_SECRET}"'), "is_minted_here": True}),
        ("invisible-character", CERTAIN, FINE, {"secret": Secret(f"{API_SECRET}\u200b"), "is_minted_here": True}),
        ("invisible-character", LIKELY, FINE, {"secret": Secret(f"\ufeff{API_SECRET}")}),
        ("invisible-character", LIKELY, None, {"secret": Secret(f"{API_SECRET[:5]}\u2060{API_SECRET[5:]}")}),
        ("placeholder-unfilled", CERTAIN, FINE, {"secret": Secret("${API_SECRET}"), "is_minted_here": True}),
        ("placeholder-unfilled", LIKELY, FINE, {"secret": Secret("<your secret>")}),
        ("assignment-in-value", LIKELY, FINE, {"secret": Secret(f"ZOOMCALL_API_SECRET={API_SECRET}")}),
        ("assignment-in-value", LIKELY, FINE, {"secret": Secret(f"export API_SECRET='{API_SECRET}'")}),
        ("comment-in-value", LIKELY, FINE, {"secret": Secret(f"{API_SECRET} # of staging")}),
        ("digest-as-hex", CERTAIN, jwt(API_CLAIMS, signature=b"0f" * 32), {}),
        ("digest-as-hex", CERTAIN, f"{FINE.rpartition('.')[0]}.{'0f' * 32}", {}),
        ("local-time-as-utc", LIKELY, claims(iat=NOW_SECONDS + 19_800, exp=NOW_SECONDS + 23_400), {}),
        ("local-time-as-utc", LIKELY, claims(iat=NOW_SECONDS + 28_740, exp=NOW_SECONDS + 30_000), {}),
        ("local-time-as-utc", LIKELY, claims(nbf=NOW_SECONDS + 20_700, iat=None), {}),
        ("local-time-as-utc", POSSIBLE, claims(iat=NOW_SECONDS - 28_800, exp=NOW_SECONDS - 25_200), {}),
        ("secret-has-whitespace", CERTAIN, FINE, {"secret": Secret(" x"), "is_minted_here": True}),
        ("secret-has-whitespace", CERTAIN, FINE, {"secret": Secret("x "), "signature": Signature.VALID}),
        ("key-secret-swapped", CERTAIN, claims(iss=API_SECRET), PAIR),
        ("key-secret-swapped", CERTAIN, FINE, {"api_key": API_SECRET, "secret": Secret(API_KEY)}),
        ("key-secret-swapped", CERTAIN, FINE, PAIR | {"is_signed_with_key": True}),
        ("key-secret-swapped", LIKELY, claims(iss="x"), {"api_key": "same", "secret": Secret("same")}),
        ("key-secret-swapped", POSSIBLE, claims(iss="x"), {"api_key": API_SECRET[1:], "secret": Secret(API_KEY)}),
        (
            "key-secret-swapped",
            LIKELY,
            claims(iss=API_SECRET[1:]),
            {"api_key": API_SECRET[1:], "secret": Secret(API_KEY), "kind": ErrorKind.AUTH, "is_minted_here": True},
        ),
        ("lifetime-too-long", POSSIBLE, claims(exp=NOW_SECONDS + 86_400), {}),
        ("lifetime-too-long", POSSIBLE, jwt({"iss": API_KEY, "exp": NOW_SECONDS + 4000}), {}),
        ("session-jwt", CERTAIN, SESSION, {}),
        ("session-jwt", CERTAIN, SESSION, {"api": Api.SESSION}),
        ("session-jwt", CERTAIN, jwt(API_CLAIMS | {"app_key": "k", "tpc": "t"}), {}),
        ("meeting-sdk-jwt", CERTAIN, MEETING_SDK, {}),
        ("meeting-sdk-jwt", CERTAIN, jwt({"sdkKey": "k", "mn": 1}), {"api": Api.MEETING}),
        ("oauth-token-on-videosdk", CERTAIN, OAUTH, {"api": Api.SESSION}),
        ("oauth-token-on-videosdk", CERTAIN, S2S, {"api": Api.SESSION}),
        ("api-jwt-on-meetings", CERTAIN, FINE, {"api": Api.MEETING}),
        ("refresh-token", CERTAIN, REFRESH, {}),
        ("refresh-token", CERTAIN, jwt(OAUTH_CLAIMS | {"tokenType": "refresh_token"}, OAUTH_HEADER), {}),
        ("zak-token", CERTAIN, ZAK, {}),
        ("zak-token", CERTAIN, jwt({"aud": "clientsm"}), {}),
        ("legacy-jwt-app", LIKELY, FINE, {"api": Api.MEETING}),
        ("legacy-jwt-app", POSSIBLE, LEGACY, {}),
        ("legacy-jwt-app", POSSIBLE, FINE, {"kind": ErrorKind.AUTH}),
        ("opaque-token", POSSIBLE, OPAQUE, {}),
        ("opaque-token", POSSIBLE, f"Bearer {OPAQUE}\n", {"api": Api.MEETING}),
    ],
)
def test_a_cause_is_found(cause: str, certainty: Certainty, bearer: str | None, known: dict[str, Any]) -> None:
    assert found(bearer, **known).get(cause) is certainty


@pytest.mark.parametrize(
    ("cause", "bearer", "known"),
    [
        ("token-malformed", FINE, {}),
        ("token-malformed", OPAQUE, {}),
        ("token-malformed", OAUTH, {}),
        ("token-malformed", jwt(API_CLAIMS, {"alg": "none"}, signature=b""), {}),
        ("token-whitespace", f"Bearer {FINE}\r\n", {}),
        ("token-whitespace", f"Bearer Bearer {FINE}", {}),
        ("bearer-doubled", f"Bearer {FINE}", {"request": REQUEST}),
        ("bearer-missing", FINE, {}),
        ("bearer-missing", f"bearer {FINE}", {"request": REQUEST}),
        ("bearer-missing", FINE, {"request": OUR_REQUEST}),
        ("bearer-missing", None, {"request": REQUEST}),
        (
            "bearer-missing",
            FINE,
            {"request": RequestFacts(method="GET", url="/x", headers=(("X-API-Key", "k"),))},
        ),
        ("token-expired", claims(exp=NOW_SECONDS + 1), {}),
        ("token-expired", claims(exp=NOW_SECONDS - 1), {"local_time": None}),
        ("token-expired", claims(exp=NOW_SECONDS + 1), skewed(3600)),
        ("token-expired", OPAQUE, {}),
        ("token-not-yet-valid", claims(iat=NOW_SECONDS, nbf=NOW_SECONDS), {}),
        ("token-not-yet-valid", claims(iat=NOW_SECONDS), skewed(-3600)),
        ("token-not-yet-valid", LEGACY, {}),
        ("clock-skew", FINE, {}),
        ("clock-skew", FINE, {"zoom_time": NOW, "local_time": None}),
        ("clock-skew", FINE, skewed(29)),
        ("clock-skew", FINE, skewed(-29)),
        ("clock-skew", OPAQUE, skewed(0)),
        ("exp-in-milliseconds", claims(exp=10**11), {}),
        ("exp-in-milliseconds", claims(exp=str(NOW_SECONDS * 1000)), {}),
        ("exp-in-milliseconds", OPAQUE, {}),
        ("exp-not-integer", FINE, {}),
        ("exp-not-integer", jwt(without(API_CLAIMS, "exp")), {}),
        ("exp-not-integer", claims(exp=NOW_SECONDS * 1000), {}),
        ("exp-missing", FINE, {}),
        ("exp-missing", claims(exp=None), {}),
        ("exp-missing", jwt(without(OAUTH_CLAIMS, "exp"), OAUTH_HEADER), {}),
        ("iss-missing", FINE, {}),
        ("iss-missing", SESSION, {}),
        ("iss-missing", OPAQUE, {}),
        ("issuer-not-api-key", FINE, EXPLICIT),
        ("issuer-not-api-key", FINE, {}),
        ("issuer-not-api-key", OAUTH, EXPLICIT),
        ("issuer-not-api-key", jwt(without(API_CLAIMS, "iss")), EXPLICIT),
        ("wrong-algorithm", FINE, {}),
        ("wrong-algorithm", OAUTH, {}),
        ("signature-mismatch", FINE, {"signature": Signature.VALID}),
        ("signature-mismatch", FINE, {}),
        ("secret-has-whitespace", FINE, {"secret": Secret(API_SECRET)}),
        ("secret-has-whitespace", FINE, {"secret": Secret('it"s')}),
        ("secret-in-quotes", FINE, {"secret": Secret('it"s')}),
        ("secret-in-quotes", FINE, {"secret": Secret(f"{API_SECRET}\n")}),
        ("invisible-character", FINE, {"secret": Secret("schl\u00fcssel")}),
        ("placeholder-unfilled", FINE, {"secret": Secret("a$b{c}")}),
        ("assignment-in-value", FINE, {"secret": Secret("c2VjcmV0X2tleQ==")}),
        ("assignment-in-value", FINE, {"secret": Secret("a_b=c")}),
        ("comment-in-value", FINE, {"secret": Secret("abc#def")}),
        ("digest-as-hex", FINE, {}),
        ("digest-as-hex", jwt(API_CLAIMS, signature=bytes(64)), {}),
        ("local-time-as-utc", FINE, {}),
        ("local-time-as-utc", claims(iat=NOW_SECONDS + 19_800 + 400), {}),
        ("local-time-as-utc", claims(iat=NOW_SECONDS + 900), {}),
        ("local-time-as-utc", claims(iat=NOW_SECONDS + 54_000, exp=NOW_SECONDS + 60_000), {}),
        ("local-time-as-utc", claims(iat=NOW_SECONDS - 3600, exp=NOW_SECONDS + 600), {}),
        ("local-time-as-utc", claims(iat=NOW_SECONDS + 3600), skewed(3600)),
        ("secret-has-whitespace", FINE, {}),
        ("key-secret-swapped", FINE, PAIR),
        ("key-secret-swapped", FINE, {"api_key": API_KEY, "secret": Secret("wrong"), "kind": ErrorKind.AUTH}),
        (
            "key-secret-swapped",
            FINE,
            {"api_key": API_KEY * 2, "secret": Secret("not-the-right-secret"), "kind": ErrorKind.AUTH},
        ),
        ("key-secret-swapped", OAUTH, {"api_key": API_SECRET, "secret": Secret(API_KEY)}),
        ("key-secret-swapped", claims(iss=API_SECRET), {"api_key": API_KEY}),
        ("key-secret-swapped", FINE, PAIR | {"credential_kind": CredentialKind.S2S}),
        ("lifetime-too-long", claims(exp=NOW_SECONDS + 3600), {}),
        ("lifetime-too-long", jwt(OAUTH_CLAIMS | {"exp": NOW_SECONDS + 86_400}, OAUTH_HEADER), {}),
        ("session-jwt", FINE, {}),
        ("session-jwt", claims(app_key="k"), {}),
        ("meeting-sdk-jwt", claims(tokenExp=NOW_SECONDS), {}),
        ("meeting-sdk-jwt", claims(appKey="k"), {}),
        ("oauth-token-on-videosdk", OAUTH, {}),
        ("oauth-token-on-videosdk", OAUTH, {"api": Api.MEETING}),
        ("oauth-token-on-videosdk", FINE, {"api": Api.SESSION}),
        ("api-jwt-on-meetings", FINE, {}),
        ("api-jwt-on-meetings", FINE, {"api": Api.SESSION}),
        ("api-jwt-on-meetings", S2S, {"api": Api.MEETING}),
        ("refresh-token", S2S, {}),
        ("refresh-token", jwt(OAUTH_CLAIMS | {"tokenType": "access_token"}, OAUTH_HEADER), {}),
        ("refresh-token", jwt(OAUTH_CLAIMS | {"type": "1"}, OAUTH_HEADER), {}),
        ("zak-token", claims(sk="x"), {}),
        ("legacy-jwt-app", FINE, {}),
        ("legacy-jwt-app", FINE, {"kind": ErrorKind.AUTH, "api_key": API_KEY}),
        ("legacy-jwt-app", FINE, {"kind": ErrorKind.AUTH, "is_minted_here": True}),
        ("legacy-jwt-app", LEGACY, {"signature": Signature.VALID}),
        ("legacy-jwt-app", OAUTH, {"api": Api.MEETING}),
        ("opaque-token", FINE, {}),
        ("opaque-token", "not.a.jwt", {}),
        ("opaque-token", OPAQUE, {"credential_kind": CredentialKind.S2S}),
    ],
)
def test_a_near_miss_stays_silent(cause: str, bearer: str | None, known: dict[str, Any]) -> None:
    assert cause not in found(bearer, **known)


def test_every_rule_has_its_near_miss_and_its_find() -> None:
    marks = {
        mark.args[0]: [row[0] for row in mark.args[1]]
        for test in (test_a_cause_is_found, test_a_near_miss_stays_silent)
        for mark in test.pytestmark
    }
    of_secret = {
        "secret-has-whitespace",
        "secret-in-quotes",
        "invisible-character",
        "placeholder-unfilled",
        "assignment-in-value",
        "comment-in-value",
    }
    of_several = {secret_surplus, signature_flaw}
    causes = {rule.__name__.replace("_", "-") for rule in RULES if rule not in of_several} | of_secret
    assert all(causes == set(rows) for rows in marks.values())
    assert len(RULES) == 28


@pytest.mark.parametrize("bearer", [FINE, f"Bearer {FINE}\n", OAUTH, S2S])
def test_a_fine_token_has_no_fault_for_its_own_api(bearer: str) -> None:
    assert found(bearer) == {}
    assert found(bearer, zoom_time=NOW) == {}


def test_what_is_fine_is_told() -> None:
    checked = judged(FINE, **PAIR, **skewed(2), api=Api.SESSION, signature=Signature.VALID)
    assert {name: result.evidence for name, result in checked.items()} == {
        "token-malformed": "header, claims and signature are readable",
        "token-whitespace": "no spaces, line breaks or quotation marks in it",
        "token-expired": "exp is 2026-11-21T10:10:00Z, in 10 minutes by Zoom's clock",
        "token-not-yet-valid": "iat is 2026-11-21T09:59:30Z, in the past by Zoom's clock",
        "clock-skew": "this machine's clock is 2 seconds ahead of Zoom's",
        "issuer-not-api-key": "iss is the API key at hand (hand...)",
        "wrong-algorithm": "HS256",
        "signature-mismatch": "the signature was made with the API secret at hand",
        "secret-has-whitespace": "no spaces, line breaks or quotation marks in the secret",
        "oauth-token-on-videosdk": "it is an API JWT, which the Video SDK API takes",
    }


@pytest.mark.parametrize(
    ("bearer", "known", "cause", "words"),
    [
        (claims(exp=NOW_SECONDS - 180), {}, "token-expired", "3 minutes ago by this machine's clock"),
        (claims(exp=NOW_SECONDS - 180), skewed(9), "token-expired", "3 minutes ago by Zoom's clock"),
        (claims(iat=NOW_SECONDS + 270), skewed(300), "clock-skew", "300 seconds ahead of Zoom's: iat is past here"),
        (
            claims(exp=NOW_SECONDS - 100),
            skewed(-300),
            "clock-skew",
            "300 seconds behind Zoom's: exp is still ahead",
        ),
        (claims(iss=API_KEY.lower()), EXPLICIT, "issuer-not-api-key", "upper and lower case"),
        (claims(iss=API_KEY + " "), EXPLICIT, "issuer-not-api-key", "space or line break"),
        (claims(exp="soon"), {}, "exp-not-integer", "the text soon"),
        (claims(exp=10**300), {}, "exp-in-milliseconds", "000..."),
        (f'"{FINE}"\n\n', {}, "token-whitespace", "a line break and a quotation mark"),
        (jwt(API_CLAIMS, {"alg": "none"}, signature=b""), {}, "wrong-algorithm", "alg is none"),
        (SESSION, {}, "session-jwt", "app_key, tpc, role_type and version in the claims"),
        (jwt({"a\nb": 1}), {}, "iss-missing", r"'a\nb'"),
    ],
)
def test_evidence_says_what_was_seen(bearer: str, known: dict[str, Any], cause: str, words: str) -> None:
    assert words in judged(bearer, **known)[cause].evidence


def test_a_damaged_token_is_judged_once_it_is_repaired() -> None:
    expired = claims(exp=NOW_SECONDS - 60)
    assert found(f"Bearer Bearer '{expired[:30]}\n {expired[30:]}'") == {
        "token-whitespace": CERTAIN,
        "bearer-doubled": CERTAIN,
        "token-expired": CERTAIN,
    }


def test_an_issuer_that_is_the_secret_is_not_shown() -> None:
    for known in (PAIR | {"is_api_key_explicit": True}, {"api_key": API_SECRET, "secret": Secret(API_SECRET)}):
        results = judged(claims(iss=API_SECRET), **known)
        assert all(API_SECRET not in result.evidence for result in results.values())


def test_nothing_known_is_nothing_found() -> None:
    assert [rule(Facts()) for rule in RULES] == [None] * len(RULES)


known_facts = st.fixed_dictionaries(
    {
        "api": st.sampled_from([None, *Api]),
        "api_key": st.none() | st.text(max_size=5),
        "is_api_key_explicit": st.booleans(),
        "secret": st.none() | st.text(max_size=5).map(Secret),
        "signature": st.sampled_from(Signature),
        "is_minted_here": st.booleans(),
        "zoom_time": st.none() | st.integers(-(10**9), 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
        "request": st.sampled_from([None, REQUEST]),
        "kind": st.sampled_from([None, ErrorKind.AUTH, ErrorKind.REJECTED]),
    }
)
odd_values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.integers())
)
odd_claims = st.dictionaries(
    st.sampled_from(["iss", "exp", "iat", "nbf", "aud", "type", "app_key", "mn"]), odd_values
)


@given(st.text() | odd_claims.map(jwt) | odd_claims.map(lambda each: jwt(each, OAUTH_HEADER)), known_facts)
def test_no_facts_break_a_rule(bearer: str, known: dict[str, Any]) -> None:
    for result in judged(bearer, **known).values():
        assert result.evidence
        assert len(result.evidence) < 1000


def test_a_token_in_quotation_marks_is_mended_where_it_is() -> None:
    facts = Facts(
        bearer=Secret(f'"{FINE}"'),
        local_time=NOW,
        credential_kind=CredentialKind.TOKEN,
        secret_place="ZOOMCALL_TOKEN",
    )
    [finding] = [
        found for rule in RULES if isinstance(found := rule(facts), Finding) and found.id == "token-whitespace"
    ]
    assert finding.fix == "Remove a quotation mark from ZOOMCALL_TOKEN."


@pytest.mark.parametrize(("size", "is_told"), [(19, False), (20, False), (21, True)])
def test_a_key_longer_than_a_secret_that_looks_like_a_key_is_perhaps_swapped(size: int, *, is_told: bool) -> None:
    known = {"api_key": "K" * size, "secret": Secret("Ab" * 10), "credential_kind": CredentialKind.VIDEOSDK}
    assert ("key-secret-swapped" in found(claims(iss="x"), **known)) is is_told


@pytest.mark.parametrize(
    ("header", "is_printed_in_quotes", "certainty"),
    [
        ('Bearer "{token}"', False, Certainty.LIKELY),
        ("Bearer $TOKEN", True, Certainty.LIKELY),
        ("Bearer $TOKEN", False, None),
        ('Bearer {token["access"]}', False, None),
    ],
)
def test_quotation_marks_around_a_variable_are_found(
    header: str, is_printed_in_quotes: bool, certainty: Certainty | None
) -> None:
    request = RequestFacts(
        method="GET",
        url="https://api.zoom.us/v2/users/me",
        headers=(("Authorization", header),),
        authorization=Authorization.BEARER_VARIABLE,
        is_printed_in_quotes=is_printed_in_quotes,
    )
    finding = token_whitespace(Facts(request=request))
    assert (finding.certainty if isinstance(finding, Finding) else None) is certainty
