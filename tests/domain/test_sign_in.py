"""What a sign-in leaves, and what proves who began it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import Proof, UserTokens, tokens_of_item

TOKENS = UserTokens(
    Secret("refresh-1"),
    AccessToken(
        text=Secret("access-1"),
        kind=CredentialKind.OAUTH,
        expires_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
        scopes=("meeting:read:meeting", "user:read:user"),
    ),
)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    proof = Proof(Secret("s"), Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
    assert proof.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_state_and_verifier_are_drawn_apart() -> None:
    words = iter(["one", "two"])
    assert Proof.draw(lambda: next(words)) == Proof(Secret("one"), Secret("two"))


def test_what_is_stored_can_be_read_again() -> None:
    item = TOKENS.as_item("app")
    assert tokens_of_item(item, "app") == TOKENS
    assert "\n" not in item.reveal()


def test_what_zoom_did_not_tell_stays_unknown() -> None:
    bare = UserTokens(Secret("r"), AccessToken(text=Secret("a"), kind=CredentialKind.OAUTH))
    assert tokens_of_item(bare.as_item("app"), "app") == bare


def test_another_apps_tokens_are_not_taken() -> None:
    assert tokens_of_item(TOKENS.as_item("another app"), "app") is None


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"refresh_token": None},
        {"access_token": 5},
        {"expires_at": "soon"},
        {"expires_at": 10**30},
        {"scope": 5},
    ],
)
def test_whatever_else_is_stored_there_is_not_taken(change: dict[str, Any]) -> None:
    item = json.loads(TOKENS.as_item("app").reveal()) | change
    assert tokens_of_item(Secret(json.dumps(item)), "app") is None


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "5", '"text"', "{}", "[" * 100_000])
def test_what_is_no_item_is_not_taken(text: str) -> None:
    assert tokens_of_item(Secret(text), "app") is None
