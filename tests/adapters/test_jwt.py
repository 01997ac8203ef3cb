from __future__ import annotations

import warnings

import pytest
from tokens import jwt

from zoomcall.adapters.jwt import check_hs256, sign_hs256
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured

CLAIMS = {"iss": "KEY", "iat": 1_795_255_170, "exp": 1_795_255_800}
RFC_7515_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize("secret", [RFC_7515_KEY, "short", "schlüssel-日本語", " with a blank\n", "123", "null"])
def test_a_token_is_the_one_that_a_hand_would_make(secret: str) -> None:
    token = sign_hs256(CLAIMS, Secret(secret))
    assert token.reveal() == jwt(CLAIMS, secret=secret)
    assert check_hs256(token.reveal(), Secret(secret))


def test_a_token_of_a_known_secret_is_a_known_text() -> None:
    token = sign_hs256({"iss": "KEY", "iat": 1, "exp": 2}, Secret("0123456789abcdef0123456789abcdef"))
    assert token.reveal() == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJLRVkiLCJpYXQiOjEsImV4cCI6Mn0."
        "1XnUEgHJEd5jqILutRInoPjOcTbIDQ-48pyW_0UirI4"
    )


@pytest.mark.parametrize("secret", ["other", "short\n", "", PEM, '{"kty": "oct", "k": "c2hvcnQ"}'])
def test_another_secret_did_not_make_the_signature(secret: str) -> None:
    assert not check_hs256(jwt(CLAIMS, secret="short"), Secret(secret))


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": "RS256"}, {"typ": "JWT"}])
def test_another_algorithm_is_never_checked_as_hs256(header: object) -> None:
    assert not check_hs256(jwt(CLAIMS, header, secret="short"), Secret("short"))


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.b.c.d", "schlüssel.a.b"])
def test_what_is_no_jwt_has_no_signature(text: str) -> None:
    assert not check_hs256(text, Secret("short"))


def test_a_short_secret_draws_no_warning_of_pyjwts() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_hs256(sign_hs256(CLAIMS, Secret("x")).reveal(), Secret("x"))
    assert caught == []


@pytest.mark.parametrize("secret", ["", PEM, '{"kty": "oct", "k": "c2hvcnQ"}'])
def test_an_unusable_secret_is_an_error_without_it(secret: str) -> None:
    with pytest.raises(NotConfigured) as raised:
        sign_hs256(CLAIMS, Secret(secret))
    assert raised.value.__cause__ is None
    assert not secret or secret not in str(raised.value)
