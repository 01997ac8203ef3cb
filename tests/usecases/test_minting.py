from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.credential import CredentialKind, VideoSdkKey
from zoomcall.domain.secret import Secret
from zoomcall.errors import UsageError
from zoomcall.usecases.minting import mint_api_jwt, parse_lifetime, warnings_of

NOW = datetime(2026, 11, 21, 10, 0, 0, 987_000, tzinfo=UTC)
NOW_SECONDS = 1_795_255_200
KEY = VideoSdkKey("KEY", Secret("SENTINEL-api-secret-0123456789abcdef"))


class Signer:
    def __init__(self) -> None:
        self.claims: Mapping[str, str | int] = {}
        self.secret: Secret | None = None

    def __call__(self, claims: Mapping[str, str | int], secret: Secret) -> Secret:
        self.claims, self.secret = claims, secret
        return Secret("signed")


def test_an_api_jwt_has_issuer_back_dated_start_and_expiry() -> None:
    signer = Signer()
    token = mint_api_jwt(KEY, now=NOW, lifetime=timedelta(minutes=10), sign=signer)
    assert signer.claims == {"iss": "KEY", "iat": NOW_SECONDS - 30, "exp": NOW_SECONDS + 600}
    assert signer.secret == KEY.api_secret
    assert token.text == Secret("signed")
    assert token.kind is CredentialKind.VIDEOSDK
    assert token.expires_at == datetime(2026, 11, 21, 10, 10, tzinfo=UTC)


@given(
    st.floats(946_684_800, 4_102_444_800),
    st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=30))]),
    st.integers(1, 604_800),
)
def test_times_are_whole_seconds_in_every_zone(clock: float, zone: tzinfo, seconds: int) -> None:
    now = datetime.fromtimestamp(clock, zone)
    signer = Signer()
    token = mint_api_jwt(KEY, now=now, lifetime=timedelta(seconds=seconds), sign=signer)
    start, end = signer.claims["iat"], signer.claims["exp"]
    assert type(start) is type(end) is int
    assert end - start == seconds + 30
    assert token.expires_at is not None
    assert token.expires_at.timestamp() == end


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("90s", 90),
        ("1h", 3600),
        ("2d", 172_800),
        ("600", 600),
        ("1", 1),
        ("7d", 604_800),
        ("604800", 604_800),
        (" 10 M ", 600),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("10 minutes", 600),
        ("010m", 600),
    ],
)
def test_a_lifetime_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_lifetime(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is not a duration"),
        ("m", "'m' is not a duration"),
        ("-1m", "'-1m' is not a duration"),
        ("\u0661\u0660m", "is not a duration"),
        ("9999999999", "longer than the maximum of 7 days"),
        ("0", "'0' would expire immediately"),
        ("0h", "'0h' would expire immediately"),
        ("8d", "'8d' is longer than the maximum of 7 days"),
        ("604801", "longer than the maximum of 7 days"),
        ("999999999d", "longer than the maximum of 7 days"),
        ("x" * 1_000_000, "..."),
    ],
)
def test_another_lifetime_is_an_error_with_the_value(text: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_lifetime(text)
    assert words in raised.value.message
    assert raised.value.message.startswith("--ttl: ")
    assert raised.value.fix
    assert len(raised.value.message) < 200


@given(st.text())
def test_any_text_is_a_lifetime_or_a_usage_error(text: str) -> None:
    try:
        lifetime = parse_lifetime(text)
    except UsageError:
        return
    assert timedelta(seconds=1) <= lifetime <= timedelta(days=7)


@pytest.mark.parametrize(
    ("secret", "lifetime", "ids"),
    [
        ("s" * 32, timedelta(hours=1), ()),
        ("s" * 32, timedelta(hours=1, seconds=1), ("lifetime-too-long",)),
        ("s" * 31, timedelta(minutes=10), ("secret-short",)),
        ("ü" * 16, timedelta(minutes=10), ()),
        ("s", timedelta(days=7), ("lifetime-too-long", "secret-short")),
    ],
)
def test_long_lives_and_short_secrets_are_warned_of(secret: str, lifetime: timedelta, ids: tuple[str, ...]) -> None:
    notices = warnings_of(VideoSdkKey("KEY", Secret(secret)), lifetime)
    assert tuple(notice.id for notice in notices) == ids
