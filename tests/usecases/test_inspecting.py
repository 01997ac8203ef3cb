from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    part,
)

from zoomcall.domain.cause import Certainty
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind
from zoomcall.errors import UsageError
from zoomcall.knowledge.facts import Signature
from zoomcall.usecases.inspecting import LARGEST_INPUT, Inspection, inspect, text_of_bytes

FINE = jwt(API_CLAIMS)
OAUTH = jwt(OAUTH_CLAIMS, OAUTH_HEADER, signature=b"zooms")


def check(token: str, secret: Secret) -> bool:
    signed, _, signature = token.rpartition(".")
    return part(hmac.new(secret.reveal().encode(), signed.encode(), hashlib.sha256).digest()) == signature


def inspected(text: str, **known: Any) -> Inspection:
    return inspect(text, **({"api": None, "now": NOW} | known))


def causes(inspection: Inspection) -> list[str]:
    return [cause.id for cause in inspection.judgement.causes]


@pytest.mark.parametrize(
    ("text", "kind", "target", "found"),
    [
        (FINE, TokenKind.API_JWT, Api.SESSION, []),
        (f"Bearer {FINE}\n", TokenKind.API_JWT, Api.SESSION, []),
        (OAUTH, TokenKind.OAUTH, Api.MEETING, []),
        (jwt(SESSION_CLAIMS), TokenKind.SESSION_JWT, None, ["session-jwt"]),
        (jwt(MEETING_SDK_CLAIMS), TokenKind.MEETING_SDK_JWT, None, ["meeting-sdk-jwt"]),
        (jwt(ZAK_CLAIMS, ZAK_HEADER), TokenKind.ZAK, None, ["zak-token"]),
        ("zbk_0123456789", TokenKind.OPAQUE, None, ["opaque-token"]),
        ("not.a.jwt", TokenKind.MALFORMED, None, ["token-malformed"]),
    ],
)
def test_a_token_is_judged_for_the_api_of_its_kind(
    text: str, kind: TokenKind, target: Api | None, found: list[str]
) -> None:
    inspection = inspected(text)
    assert (inspection.kind, inspection.target, causes(inspection)) == (kind, target, found)


def test_a_token_is_judged_for_the_api_that_is_asked_for() -> None:
    assert causes(inspected(OAUTH, api=Api.SESSION)) == ["oauth-token-on-videosdk"]
    assert causes(inspected(FINE, api=Api.MEETING)) == ["api-jwt-on-meetings", "legacy-jwt-app"]
    assert inspected(FINE, api=Api.MEETING).target is Api.MEETING


@pytest.mark.parametrize(
    ("text", "is_hopeless"),
    [
        (FINE, False),
        ("zbk_0123456789", False),
        (jwt(API_CLAIMS | {"exp": NOW_SECONDS + 90_000}), False),
        (jwt(API_CLAIMS | {"exp": NOW_SECONDS - 1}), True),
        (f"{FINE} \n", True),
    ],
)
def test_only_certain_causes_make_it_hopeless(text: str, is_hopeless: bool) -> None:
    assert inspected(text).is_hopeless is is_hopeless


def test_the_worst_comes_first() -> None:
    long = jwt(API_CLAIMS | {"iss": "another", "iat": NOW_SECONDS - 90_000, "exp": NOW_SECONDS - 1})
    assert causes(inspected(long, api_key=API_KEY))[0] == "token-expired"


def test_zooms_clock_counts_where_it_is_known() -> None:
    early = NOW - timedelta(hours=1)
    assert causes(inspected(FINE, zoom_time=early)) == ["clock-skew", "token-not-yet-valid"]
    assert causes(inspected(FINE, zoom_time=NOW)) == []


@pytest.mark.parametrize(
    ("text", "secret", "signature"),
    [
        (FINE, API_SECRET, Signature.VALID),
        (f"Bearer {FINE}\n", API_SECRET, Signature.VALID),
        (f'"{FINE}"', API_SECRET, Signature.VALID),
        (FINE, "another", Signature.INVALID),
        (FINE, None, Signature.UNCHECKED),
        (OAUTH, API_SECRET, Signature.UNCHECKED),
        (jwt(SESSION_CLAIMS), API_SECRET, Signature.UNCHECKED),
        (jwt(API_CLAIMS, {"alg": "HS512"}), API_SECRET, Signature.UNCHECKED),
        ("opaque", API_SECRET, Signature.UNCHECKED),
    ],
)
def test_the_signature_of_an_api_jwt_is_checked_with_the_secret(
    text: str, secret: str | None, signature: Signature
) -> None:
    inspection = inspected(text, secret=None if secret is None else Secret(secret), check=check)
    assert inspection.signature is signature
    assert ("signature-mismatch" in causes(inspection)) is (signature is Signature.INVALID)


def test_a_token_signed_with_the_key_shows_a_swapped_pair() -> None:
    token = jwt(API_CLAIMS, secret=API_KEY)
    inspection = inspected(token, api_key=API_KEY, secret=Secret(API_SECRET), check=check)
    assert causes(inspection)[:2] == ["key-secret-swapped", "signature-mismatch"]


def test_an_issuer_is_measured_by_the_key_at_hand() -> None:
    for is_explicit in (False, True):
        inspection = inspected(FINE, api_key="another", is_api_key_explicit=is_explicit)
        assert causes(inspection) == ["issuer-not-api-key"]
        assert inspection.is_hopeless is is_explicit


def test_secrets_in_claims_are_masked() -> None:
    inspection = inspected(jwt(SESSION_CLAIMS | {"deep": [{"pwd": "hidden", "tpc": "shown"}]}))
    assert inspection.claims is not None
    assert inspection.claims["session_key"] == "***"
    assert inspection.claims["deep"] == [{"pwd": "***", "tpc": "shown"}]
    zak = inspected(jwt(ZAK_CLAIMS, ZAK_HEADER))
    assert zak.claims is not None
    assert zak.claims["sk"] == "***"
    assert "SESSIONKEY" not in repr(inspection)


def test_the_secret_at_hand_is_masked_wherever_it_stands() -> None:
    token = jwt({"iss": API_SECRET, "note": f"<{API_SECRET}>", API_SECRET: 1}, {"alg": "HS256", "kid": API_SECRET})
    inspection = inspected(token, api_key=API_KEY, secret=Secret(f"{API_SECRET}\n"), check=check)
    assert inspection.claims == {"iss": "***", "note": "***", "***": 1}
    assert inspection.header == {"alg": "HS256", "kid": "***"}
    assert API_SECRET not in f"{inspection.judgement}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("Bearer \r\n", "is empty"),
        (' \t"" \n', "is empty"),
        ('{"token_type": "bearer"}', "is JSON"),
        ('\n[ "eyJ..." ]', "is JSON"),
        ("a short text that goes on and on and on " * 3, "more than 20 words"),
    ],
)
def test_what_nobody_can_have_meant_as_a_token_is_an_error(text: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        inspected(text)
    assert words in raised.value.message
    assert raised.value.fix


def test_a_jwt_that_was_folded_into_many_lines_is_a_token_still() -> None:
    folded = "\n".join(FINE[start : start + 5] for start in range(0, len(FINE), 5))
    assert folded.count("\n") > 20
    assert causes(inspected(folded)) == ["token-whitespace"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x7fELF\x02\x01\x01\x00\xff\xff", "binary"),
        (b"eyJ\x00abc", "NUL"),
        ("eyJabc".encode("utf-16"), "UTF-16"),
        (b"a" * (LARGEST_INPUT + 1), "larger than 4,000,000 bytes"),
    ],
)
def test_what_is_no_text_is_an_error(data: bytes, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        text_of_bytes(data)
    assert words in raised.value.message
    assert raised.value.fix


def test_text_is_kept_as_it_is() -> None:
    assert text_of_bytes("\ufeffschl\u00fcssel\r\n".encode()) == "\ufeffschl\u00fcssel\r\n"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
names = st.sampled_from(["iss", "exp", "iat", "nbf", "aud", "type", "app_key", "tpc", "appKey", "mn", "sk"])
tokens = st.dictionaries(names, json_values, max_size=6).map(jwt)


@given(st.text() | tokens, st.sampled_from([None, *Api]), st.none() | st.text(max_size=9), st.none() | st.text())
def test_any_text_is_inspected_or_a_usage_error(
    text: str, api: Api | None, key: str | None, secret: str | None
) -> None:
    hidden = None if secret is None else Secret(secret.encode("utf-8", "replace").decode())
    try:
        inspection = inspected(text, api=api, api_key=key, secret=hidden, check=lambda *_: False)
    except UsageError:
        return
    json.dumps([inspection.header, inspection.claims], allow_nan=False)
    assert inspection.judgement.causes or inspection.kind not in {TokenKind.MALFORMED, TokenKind.OPAQUE}


def signed_with(key: bytes, claims: dict[str, Any] | None = None, *, as_hex: bool = False) -> str:
    signed = jwt(claims or API_CLAIMS).rpartition(".")[0]
    digest = hmac.new(key, signed.encode(), hashlib.sha256)
    return f"{signed}.{part(digest.hexdigest().encode() if as_hex else digest.digest())}"


BYTES = API_SECRET.encode()


@pytest.mark.parametrize(
    ("token", "cause", "words"),
    [
        (signed_with(base64.b64decode(API_SECRET)), "secret-decoded", "decoded from base64"),
        (signed_with(base64.b64encode(BYTES)), "secret-decoded", "encoded in base64 once more"),
        (signed_with(BYTES + b"\n"), "secret-has-whitespace", "line break at its end"),
        (signed_with(BYTES + b"\r\n"), "secret-has-whitespace", r"line break \(\\r\\n\) at its end"),
        (signed_with(BYTES + b" "), "secret-has-whitespace", "a space at its end"),
        (signed_with(b" " + BYTES), "secret-has-whitespace", "a space before it"),
        (signed_with(b'"' + BYTES + b'"'), "secret-in-quotes", "in quotation marks"),
        (signed_with(b"'" + BYTES + b"'"), "secret-in-quotes", "in quotation marks"),
        (signed_with(b"\xef\xbb\xbf" + BYTES), "invisible-character", "byte order mark"),
        (signed_with(BYTES, as_hex=True), "digest-as-hex", "hexadecimal digits"),
        (signed_with(BYTES.upper()), "signature-mismatch", "in upper case"),
    ],
)
def test_how_a_signature_was_made_wrong_is_proven(token: str, cause: str, words: str) -> None:
    inspection = inspected(token, api_key=API_KEY, secret=Secret(API_SECRET), check=check)
    first = inspection.judgement.causes[0]
    assert (first.id, first.certainty) == (cause, Certainty.CERTAIN)
    assert re.search(words, first.evidence)
    assert "signature-mismatch" not in causes(inspection)[1:]
    assert inspection.signature is Signature.INVALID


@pytest.mark.parametrize(
    "held", [f'"{API_SECRET}"', f"{API_SECRET}\r", f"ZOOMCALL_API_SECRET={API_SECRET}", f"{API_SECRET}\u200b"]
)
def test_a_token_is_not_blamed_for_what_came_along_with_the_secret_at_hand(held: str) -> None:
    inspection = inspected(FINE, api_key=API_KEY, secret=Secret(held), check=check)
    assert inspection.signature is Signature.VALID
    assert not inspection.is_hopeless


@pytest.mark.parametrize("held", [f'"{API_SECRET}"', f"{API_SECRET}\r"])
def test_a_token_that_was_signed_with_it_is(held: str) -> None:
    inspection = inspected(signed_with(held.encode()), api_key=API_KEY, secret=Secret(held), check=check)
    assert inspection.is_hopeless


def test_nothing_proven_is_a_mismatch() -> None:
    inspection = inspected(signed_with(b"another"), api_key=API_KEY, secret=Secret(API_SECRET), check=check)
    assert causes(inspection)[0] == "signature-mismatch"


@pytest.mark.parametrize("size", [128, 256, 384, 512])
def test_a_signature_of_a_private_key_is_not_a_damaged_token(size: int) -> None:
    first = inspected(jwt(API_CLAIMS, signature=bytes(size))).judgement.causes[0]
    assert (first.id, first.certainty) == ("wrong-algorithm", Certainty.CERTAIN)
    assert "RSA" in first.evidence
    assert "HMAC-SHA256" in first.fix


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"access_token": FINE, "token_type": "bearer", "expires_in": 3599}),
        json.dumps({"token_type": "bearer", "access_token": FINE}, indent=2) + "\n",
        json.dumps({"token": FINE}),
        json.dumps({"jwt": f"Bearer {FINE}"}),
        json.dumps({"data": {"access_token": FINE}}),
        json.dumps({"refresh_token": OAUTH, "access_token": FINE}),
        "\ufeff" + json.dumps({"access_token": FINE}),
    ],
)
def test_the_answer_of_a_token_endpoint_is_taken_for_its_token(text: str) -> None:
    assert inspected(text).reading.text == Secret(FINE)


@pytest.mark.parametrize(
    "text", ['{"error": "invalid_client"}', '{"access_token": null}', '{"access_token": 7}', '["a"]']
)
def test_json_without_a_token_is_a_usage_error_that_repeats_nothing(text: str) -> None:
    with pytest.raises(UsageError, match="JSON") as caught:
        inspected(text)
    assert "invalid_client" not in caught.value.message
