"""The emulated account's keys, and the bearers that they accept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import string
import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.emulator.messages import Refusal, refusal

TOKEN_LIFETIME = timedelta(hours=1)

_LARGEST_EXP = 10**11  # a larger number must be milliseconds (zoom-api 1.3)
_PART = re.compile(r"[A-Za-z0-9_-]+\Z")


class GrantType(StrEnum):
    """The grant that an OAuth token was issued for (zoom-api 2.1)."""

    ACCOUNT = "account_credentials"
    CLIENT = "client_credentials"
    CODE = "authorization_code"
    REFRESH = "refresh_token"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"

    @property
    def is_of_user(self) -> bool:
        """Whether a user signed in to get it."""
        return self in {GrantType.CODE, GrantType.REFRESH, GrantType.DEVICE}


class Grant(Struct, frozen=True):
    """What an issued OAuth token permits."""

    type: GrantType
    scopes: tuple[str, ...]
    expires_at: datetime
    client_id: str


class Keys(Struct, frozen=True, kw_only=True):
    """The account's ids and secrets; new ones for each run."""

    account_id: str
    user_id: str
    api_key: str
    api_secret: Secret
    client_id: str
    client_secret: Secret
    public_client_id: str
    webhook_secret: Secret
    build_key: Secret

    @classmethod
    def make(cls, *, webhook_secret: Secret | None = None) -> Keys:
        """Draw new keys, except for a webhook secret that is passed in."""
        return cls(
            account_id=draw_word(22),
            user_id=draw_word(22),
            api_key=draw_word(32),
            api_secret=Secret(draw_word(64)),
            client_id=draw_word(22),
            client_secret=Secret(draw_word(43)),
            public_client_id=draw_word(22),
            webhook_secret=webhook_secret or Secret(draw_word(43)),
            build_key=Secret(draw_word(54)),
        )


def draw_word(length: int) -> str:
    """Draw letters and digits only, so that no key looks like a flag."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def make_oauth_token(keys: Keys, grant: Grant, *, now: datetime) -> str:
    """Return a token that looks like Zoom's (zoom-api 1.1); it is valid only because the world remembers it."""
    issued_at = int(now.timestamp())
    header = {"sv": "000001", "alg": "HS512", "v": "2.0", "kid": str(uuid.uuid4())}
    claims = {
        "aud": "https://oauth.zoom.us",
        "uid": keys.user_id,
        "ver": 9,
        "auid": secrets.token_hex(32),
        "nbf": issued_at,
        "code": secrets.token_urlsafe(32),
        "iss": f"zm:cid:{grant.client_id}",
        "gno": 0,
        "exp": int(grant.expires_at.timestamp()),
        "type": 0 if grant.type.is_of_user else 3,
        "iat": issued_at,
        "aid": keys.account_id,
    }
    signature = base64.urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode()
    return f"{_encode(header)}.{_encode(claims)}.{signature}"


def bearer_of(authorization: str | None) -> str:
    """Return the token of an ``Authorization`` header.

    Raises:
        Refusal: 401/124, the header is not ``Bearer``, one space and one token.
    """
    scheme, blank, token = (authorization or "").partition(" ")
    if scheme != "Bearer" or not blank or not token or any(character.isspace() for character in token):
        raise invalid_token()
    return token


def invalid_token() -> Refusal:
    """Return the refusal of a token, without a reason, as Zoom does."""
    return refusal(401, 124, "Invalid access token.")


def _expired_token() -> Refusal:
    return refusal(401, 124, "Access token is expired.")


def judge_grant(grant: Grant | None, api: Api, *, now: datetime) -> None:
    """Check that an OAuth token is accepted for ``api``.

    A valid OAuth token on ``/videosdk`` gets the error for a wrong kind of account (zoom-api 7.2), and a
    ``client_credentials`` token the error of zoom-api 2.1.

    Raises:
        Refusal: The token is not accepted.
    """
    if grant is None:
        raise invalid_token()
    if now >= grant.expires_at:
        raise _expired_token()
    if grant.type is GrantType.CLIENT:
        raise refusal(400, 200, "Invalid api key or secret.")
    if api is Api.SESSION:
        raise refusal(400, 200, "This API is only available for Video SDK accounts.")


def judge_api_jwt(token: str, keys: Keys, *, now: datetime) -> None:
    """Check a Video SDK API JWT (zoom-api 1.1): HS256 with the API secret, issuer, whole seconds, not expired.

    Raises:
        Refusal: 401/124.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise invalid_token()
    header, claims = _decode(parts[0]), _decode(parts[1])
    expected = hmac.new(
        keys.api_secret.reveal().encode(), f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256
    ).digest()
    signature = base64.urlsafe_b64encode(expected).rstrip(b"=")
    if header.get("alg") != "HS256" or not hmac.compare_digest(signature, parts[2].encode("utf-8", "replace")):
        raise invalid_token()
    if claims.get("iss") != keys.api_key:
        raise invalid_token()
    second = now.timestamp()
    for name in ("iat", "nbf"):
        if name in claims and not _is_past(claims[name], second):
            raise invalid_token()
    expires = claims.get("exp")
    if not isinstance(expires, int) or isinstance(expires, bool) or expires > _LARGEST_EXP:
        raise invalid_token()
    if expires <= second:
        raise _expired_token()


def _is_past(value: Any, second: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= second


def _encode(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _decode(part: str) -> dict[str, Any]:
    if not _PART.match(part):
        raise invalid_token()
    try:
        document = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise invalid_token() from None
    if not isinstance(document, dict):
        raise invalid_token()
    return document
