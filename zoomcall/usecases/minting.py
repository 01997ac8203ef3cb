"""Mints API JWTs: their claims, lifetime and warnings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import AccessToken, CredentialKind, VideoSdkKey
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
_LIFETIME = re.compile(r"([0-9]{1,9}) *(s|m|h|d|)", re.ASCII | re.IGNORECASE)
_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

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
    """Parse a lifetime like ``90s``, ``10m``, ``1h``, ``2d``, or a number of seconds.

    Raises:
        UsageError: It is not a lifetime, or it is zero or more than a week.
    """
    shown = quoted(text)
    match = _LIFETIME.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{name}: {shown} is not a lifetime", fix="Write it like 90s, 10m, 1h or 7d.")
    number, unit = match.groups()
    lifetime = timedelta(**{_UNITS[unit.lower()]: int(number)})
    if not lifetime:
        raise UsageError(f"{name}: {shown} would expire immediately", fix="Use at least 1s.")
    if lifetime > LONGEST_LIFETIME:
        raise UsageError(
            f"{name}: {shown} is longer than the maximum of {span(LONGEST_LIFETIME)}",
            fix="Use at most 7d, or better 1h: a token cannot be revoked.",
        )
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
