"""The token endpoint, according to zoom-api 2.1, over a real socket."""

import base64
import json
from typing import Any

import pytest
from emulator.hand_made import CLIENT, FORM, Answer, Caller

from zoomcall.emulator.running import Emulator

GRANT = b"grant_type=account_credentials&account_id=HandMadeAccount"


def ask(zoom: Emulator, body: Any = GRANT, target: str = "/oauth/token", **headers: Any) -> Answer:
    return Caller(zoom.base, {"Authorization": CLIENT, "Content-Type": FORM})("POST", target, body, **headers)


def part(token: str, index: int) -> Any:
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_token_looks_like_zooms(zoom: Emulator) -> None:
    document = ask(zoom).json()
    assert (document["token_type"], document["expires_in"]) == ("bearer", 3600)
    assert "meeting:update:in_meeting_controls:admin" in document["scope"].split(" ")
    header, claims = part(document["access_token"], 0), part(document["access_token"], 1)
    assert (header["alg"], header["sv"], header["v"]) == ("HS512", "000001", "2.0")
    assert (claims["iss"], claims["type"], claims["aud"]) == (
        "zm:cid:HandMadeClient",
        3,
        "https://oauth.zoom.us",
    )
    assert (claims["iat"], claims["exp"]) == (1795255200, 1795258800)
    assert "scope" not in claims


def test_two_tokens_live_side_by_side(zoom: Emulator) -> None:
    tokens = [ask(zoom).json()["access_token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    for token in tokens:
        assert Caller(zoom.base)("GET", "/v2/users/me", Authorization=f"Bearer {token}").status == 200


def test_the_regional_base_is_a_dead_end(zoom: Emulator) -> None:
    assert ask(zoom).json()["api_url"] == f"{zoom.base}/regional"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic " + base64.b64encode(b"HandMadeClient:wrong").decode(),
        "Basic " + base64.b64encode(b"wrong:hand-made-client-secret").decode(),
        "Basic " + base64.b64encode(b"HandMadeKey:hand-made-secret-0123456789abcdef").decode(),
        "Basic !!!",
        "Basic",
        CLIENT.replace("Basic", "Bearer"),
    ],
)
def test_a_wrong_client_is_a_400(zoom: Emulator, header: str | None) -> None:
    answer = ask(zoom, Authorization=header)
    assert answer.status == 400
    assert answer.json() == {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}


@pytest.mark.parametrize(
    ("body", "target", "kind", "error"),
    [
        pytest.param(
            b"", "/oauth/token?" + GRANT.decode(), FORM, "unsupported_grant_type", id="in the query string"
        ),
        pytest.param(
            b'{"grant_type":"account_credentials","account_id":"HandMadeAccount"}',
            "/oauth/token",
            "application/json",
            "unsupported_grant_type",
            id="as JSON",
        ),
        pytest.param(GRANT, "/oauth/token", None, "unsupported_grant_type", id="without a content type"),
        pytest.param(b"grant_type=password", "/oauth/token", FORM, "unsupported_grant_type", id="password"),
        pytest.param(b"grant_type=account_credentials", "/oauth/token", FORM, "invalid_request", id="no account"),
        pytest.param(
            b"grant_type=account_credentials&account_id=Other", "/oauth/token", FORM, "invalid_request", id="other"
        ),
    ],
)
def test_a_request_of_the_wrong_shape_is_a_400(
    zoom: Emulator, body: Any, target: str, kind: str | None, error: str
) -> None:
    answer = ask(zoom, body, target, Content_Type=kind)
    assert answer.status == 400
    assert answer.json()["error"] == error
    assert answer.json()["reason"]
