"""Mints API JWTs: their claims, lifetime and warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import AccessToken, CredentialKind, VideoSdkKey
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.time_words import span
from zoomcall.domain.token import ADVISED_LIFETIME
from zoomcall.errors import UsageError

BACK_DATING = timedelta(seconds=30)
"""How far ``iat`` is in the past, for clocks that are slightly ahead of Zoom's (zoom-api 1.2)."""

USUAL_LIFETIME = timedelta(minutes=10)
LONGEST_LIFETIME = timedelta(days=7)

_SHORTEST_SECRET = 32

Sign = Callable[[Mapping[str, str | int], Secret], Secret]


def mint_api_jwt(key: VideoSdkKey, *, now: datetime, lifetime: timedelta, sign: Sign) -> AccessToken:
    """Mint a bearer token for the Video SDK's REST API (zoom-api 1.1).

    Args:
        key: The API key pair.
        now: This machine's clock.
        lifetime: From now until it expires.
        sign: Signs claims with a secret (HS256).
    """
    expiry = int((now + lifetime).timestamp())
    claims: dict[str, str | int] = {"iss": key.api_key, "iat": int((now - BACK_DATING).timestamp()), "exp": expiry}
    return AccessToken(
        text=sign(claims, key.api_secret),
        kind=CredentialKind.VIDEOSDK,
        expires_at=datetime.fromtimestamp(expiry, UTC),
    )


def parse_lifetime(text: str, *, name: str = "--ttl") -> timedelta:
    """Parse a token's lifetime of at least a second.

    Raises:
        UsageError: It is not a duration, too short, or more than a week.
    """
    lifetime = parse_duration(text, name=name, longest=LONGEST_LIFETIME, may_be_zero=True)
    if lifetime < timedelta(seconds=1):
        raise UsageError(f"{name}: {quoted(text)} would expire immediately", fix="Use at least 1s.")
    return lifetime


def warnings_of(key: VideoSdkKey, lifetime: timedelta) -> tuple[Notice, ...]:
    """Return what to know about a token before it is used."""
    notices = []
    if lifetime > ADVISED_LIFETIME:
        text = f"the token is valid for {span(lifetime)} and cannot be revoked; Zoom advises at most one hour"
        notices.append(Notice("lifetime-too-long", text))
    length = len(key.api_secret.reveal().encode("utf-8", "surrogatepass"))
    if length < _SHORTEST_SECRET:
        text = f"the API secret has {length} bytes; HS256 needs at least 32 (RFC 7518). Is it complete?"
        notices.append(Notice("secret-short", text))
    return tuple(notices)
