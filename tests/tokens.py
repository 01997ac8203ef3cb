"""Tokens made by hand, from base64 and HMAC alone: what the program says of them is measured against these."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

API_KEY = "handKEY0123456789AbCd"
API_SECRET = "handSECRET0123456789abcdefGHIJKLMNOP"

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NOW_SECONDS = 1_795_255_200

API_CLAIMS = {"iss": API_KEY, "iat": NOW_SECONDS - 30, "exp": NOW_SECONDS + 600}
SESSION_CLAIMS = {
    "app_key": "handSDK",
    "tpc": "standup",
    "role_type": 1,
    "version": 1,
    "session_key": "handSESSIONKEY",
    "iat": NOW_SECONDS - 30,
    "exp": NOW_SECONDS + 1800,
}
MEETING_SDK_CLAIMS = {
    "appKey": "handSDK",
    "sdkKey": "handSDK",
    "mn": "123456789",
    "role": 0,
    "iat": NOW_SECONDS - 30,
    "exp": NOW_SECONDS + 1800,
    "tokenExp": NOW_SECONDS + 1800,
}
OAUTH_HEADER = {"alg": "HS512", "sv": "000001", "v": "2.0", "kid": "2c5a0e2e-0000-4000-8000-000000000000"}
OAUTH_CLAIMS = {
    "ver": 9,
    "auid": "0123456789abcdef",
    "code": "c",
    "iss": "zm:cid:handCLIENT",
    "gno": 0,
    "type": 0,
    "tid": 0,
    "aud": "https://oauth.zoom.us",
    "uid": "u",
    "nbf": NOW_SECONDS - 60,
    "exp": NOW_SECONDS + 3540,
    "iat": NOW_SECONDS - 60,
    "aid": "a",
}
ZAK_HEADER = {"typ": "JWT", "sv": "000001", "zm_skm": "zm_o2m", "alg": "HS256"}
ZAK_CLAIMS = {
    "aud": "clientsm",
    "uid": "u",
    "iss": "web",
    "sk": "handSK",
    "sty": 100,
    "wcd": "us05",
    "clt": 0,
    "mnum": "123456789",
    "exp": NOW_SECONDS + 7200,
    "iat": NOW_SECONDS - 30,
    "aid": "a",
    "cid": "",
}


def part(value: object) -> str:
    """Encode one part: JSON, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwt(claims: object, header: object = None, *, secret: str = API_SECRET, signature: bytes | None = None) -> str:
    """Make a JWT, signed by HS256 whatever its header says, unless the signature is given."""
    signed = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    if signature is None:
        signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(signature)}"


def without(claims: dict[str, object], *names: str) -> dict[str, object]:
    """Leave claims out."""
    return {name: value for name, value in claims.items() if name not in names}
