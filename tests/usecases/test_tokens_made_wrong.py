"""What programs do wrong when they make a token, each beside what only looks like it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
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
    jwt,
    part,
    without,
)

from zoomcall.domain.secret import Secret
from zoomcall.usecases.inspecting import Inspection, inspect


def inspected(token: str, *, secret: str = API_SECRET) -> Inspection:
    def check(text: str, key: Secret) -> bool:
        signed, _, signature = text.rpartition(".")
        return part(hmac.digest(key.reveal().encode(), signed.encode(), hashlib.sha256)) == signature

    return inspect(token, api=None, now=NOW, api_key=API_KEY, secret=Secret(secret), check=check)


def told(inspection: Inspection) -> dict[str, str]:
    return {cause.id: cause.certainty.value for cause in inspection.judgement.causes}


def dated(issued: timedelta, lifetime: timedelta = timedelta(minutes=10)) -> str:
    start = NOW_SECONDS + int(issued.total_seconds())
    return jwt(API_CLAIMS | {"iat": start, "exp": start + int(lifetime.total_seconds())})


def of_zoom(**claims: Any) -> str:
    return jwt(without(OAUTH_CLAIMS, "type") | claims, OAUTH_HEADER, signature=bytes(64))


def with_signature(of: str, signature: str) -> str:
    return f"{of.rpartition('.')[0]}.{signature}"


# Claims whose signature, in plain base64, has a sign that base64url has not.
FINE = next(
    token
    for token in (jwt(API_CLAIMS | {"iat": NOW_SECONDS - second}) for second in range(1, 60))
    if "_" in token.rpartition(".")[2]
)
DIGEST = hmac.digest(API_SECRET.encode(), FINE.rpartition(".")[0].encode(), hashlib.sha256)
HEX_SECRET = "c0ffee00" * 5


@pytest.mark.parametrize(
    ("token", "cause", "certainty"),
    [
        (jwt(API_CLAIMS, signature=bytes(256)), "wrong-algorithm", "certain"),
        (jwt(API_CLAIMS, {"alg": "ES256", "typ": "JWT"}, signature=bytes(64)), "wrong-algorithm", "certain"),
        (with_signature(FINE, DIGEST.hex()), "digest-as-hex", "certain"),
        (with_signature(FINE, DIGEST.hex().upper()), "digest-as-hex", "certain"),
        (with_signature(FINE, base64.b64encode(DIGEST).decode()), "token-malformed", "likely"),
        (dated(timedelta(hours=5, minutes=30)), "local-time-as-utc", "likely"),
        (dated(timedelta(hours=5, minutes=45)), "local-time-as-utc", "likely"),
        (dated(-timedelta(hours=8)), "local-time-as-utc", "possible"),
        (of_zoom(tokenType="refresh_token"), "refresh-token", "certain"),
        (of_zoom(tokenType="refreshToken", ver=6), "refresh-token", "certain"),
        (jwt(without(SESSION_CLAIMS, "app_key", "version")), "session-jwt", "certain"),
        (jwt(without(MEETING_SDK_CLAIMS, "sdkKey", "mn", "role")), "meeting-sdk-jwt", "certain"),
    ],
)
def test_the_reason_is_told(token: str, cause: str, certainty: str) -> None:
    found = told(inspected(token))
    assert found[cause] == certainty
    assert "signature-mismatch" not in found or cause == "wrong-algorithm"


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        (FINE, "wrong-algorithm"),
        (jwt(API_CLAIMS, signature=bytes(32)), "wrong-algorithm"),
        (with_signature(FINE, DIGEST.hex()[:62]), "digest-as-hex"),
        (FINE, "token-malformed"),
        (dated(timedelta(minutes=17)), "local-time-as-utc"),
        (dated(timedelta(hours=5, minutes=38)), "local-time-as-utc"),
        (dated(-timedelta(hours=8, minutes=13)), "local-time-as-utc"),
        (dated(-timedelta(minutes=5)), "local-time-as-utc"),
        (of_zoom(tokenType="access_token"), "refresh-token"),
        (of_zoom(type=True), "refresh-token"),
        (jwt(API_CLAIMS | {"tpc": "standup"}), "session-jwt"),
        (jwt(API_CLAIMS | {"appKey": "handSDK"}), "meeting-sdk-jwt"),
    ],
)
def test_what_only_looks_like_it_is_not_blamed(token: str, cause: str) -> None:
    assert cause not in told(inspected(token))


def test_a_secret_in_hexadecimal_digits_was_decoded() -> None:
    signed = FINE.rpartition(".")[0]
    decoded = hmac.digest(bytes.fromhex(HEX_SECRET), signed.encode(), hashlib.sha256)
    assert told(inspected(with_signature(FINE, part(decoded)), secret=HEX_SECRET))["secret-decoded"] == "certain"
    other = hmac.digest(bytes.fromhex(HEX_SECRET[2:]), signed.encode(), hashlib.sha256)
    assert "secret-decoded" not in told(inspected(with_signature(FINE, part(other)), secret=HEX_SECRET))
