"""Users who sign in: the consent page, codes, refresh tokens, device codes and revocation (zoom-api 2.1)."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from emulator.hand_made import CLIENT, FORM, Answer, Caller

from zoomcall.emulator.running import Emulator

PUBLIC = "HandMadePublicClient"
REDIRECT = "http://127.0.0.1:8765/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
QUERY = {
    "response_type": "code",
    "client_id": PUBLIC,
    "redirect_uri": REDIRECT,
    "state": "xyz",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def authorize(zoom: Emulator, method: str = "POST", **changes: Any) -> Answer:
    query = {name: value for name, value in (QUERY | changes).items() if value is not None}
    return Caller(zoom.base)(method, f"/oauth/authorize?{urlencode(query)}")


def sent_back(answer: Answer) -> dict[str, str]:
    assert answer.status == 302
    location = urlsplit(answer.headers["Location"])
    assert location._replace(query="").geturl() == REDIRECT
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def token(zoom: Emulator, authorization: str | None = None, **form: str) -> Answer:
    return Caller(zoom.base)(
        "POST", "/oauth/token", urlencode(form).encode(), Content_Type=FORM, Authorization=authorization
    )


def exchange(zoom: Emulator, code: str, authorization: str | None = None, **changes: str) -> Answer:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": PUBLIC,
    }
    return token(zoom, authorization, **(form | changes))


def renew(zoom: Emulator, refresh_token: str) -> Answer:
    return token(zoom, grant_type="refresh_token", refresh_token=refresh_token, client_id=PUBLIC)


def code_of(zoom: Emulator) -> str:
    return sent_back(authorize(zoom))["code"]


def me(zoom: Emulator, access_token: str) -> int:
    return Caller(zoom.base)("GET", "/v2/users/me", Authorization=f"Bearer {access_token}").status


def test_the_page_has_one_button(zoom: Emulator) -> None:
    page = authorize(zoom, "GET")
    assert page.status == 200
    assert page.body.count(b"<button>") == 1
    assert b"<button>Allow</button>" in page.body


def test_the_button_sends_the_browser_back_with_a_code_and_the_state(zoom: Emulator) -> None:
    answer = sent_back(authorize(zoom))
    assert answer["state"] == "xyz"
    assert len(answer["code"]) == 32


def test_a_state_that_was_not_sent_is_not_made_up(zoom: Emulator) -> None:
    assert sent_back(authorize(zoom, state=None)).keys() == {"code"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "nobody's"}, b"Invalid client_id: nobody&#x27;s (4,702)"),
        ({"redirect_uri": "https://example.org/callback"}, b"(4,700)"),
        ({"redirect_uri": "http://[callback"}, b"(4,700)"),
    ],
)
def test_an_app_or_redirect_that_is_unknown_gets_a_page_and_no_redirect(
    zoom: Emulator, changes: dict[str, str], words: bytes
) -> None:
    page = authorize(zoom, **changes)
    assert page.status == 400
    assert words in page.body


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_other_faults_are_sent_back(zoom: Emulator, changes: dict[str, str | None], error: str) -> None:
    assert sent_back(authorize(zoom, **changes)) == {"error": error, "state": "xyz"}


def test_a_code_becomes_tokens_of_the_user(zoom: Emulator) -> None:
    document = exchange(zoom, code_of(zoom)).json()
    assert me(zoom, document["access_token"]) == 200
    assert document["refresh_token"]
    assert "meeting:update:in_meeting_controls:admin" in document["scope"]


def test_a_code_is_good_once(zoom: Emulator) -> None:
    code = code_of(zoom)
    assert exchange(zoom, code).status == 200
    assert exchange(zoom, code).json() == {"reason": "Invalid authorization code", "error": "invalid_grant"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "another-verifier-of-forty-three-characters-0"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8766/callback"}, "invalid_request"),
        ({"client_id": "HandMadeClient"}, "invalid_client"),
    ],
)
def test_a_code_needs_what_it_was_asked_for_with(zoom: Emulator, changes: dict[str, str], error: str) -> None:
    answer = exchange(zoom, code_of(zoom), **changes)
    assert (answer.status, answer.json()["error"]) == (400, error)


def test_a_code_of_one_app_is_not_the_others(zoom: Emulator) -> None:
    assert exchange(zoom, code_of(zoom), CLIENT).json()["error"] == "invalid_grant"


def test_a_confidential_app_needs_no_challenge(zoom: Emulator) -> None:
    answer = authorize(zoom, client_id="HandMadeClient", code_challenge=None, code_challenge_method=None)
    form = {"grant_type": "authorization_code", "code": sent_back(answer)["code"], "redirect_uri": REDIRECT}
    assert token(zoom, CLIENT, **form).status == 200


def test_only_the_newest_refresh_token_is_good(zoom: Emulator) -> None:
    first = exchange(zoom, code_of(zoom)).json()["refresh_token"]
    second = renew(zoom, first).json()["refresh_token"]
    assert second != first
    refused = renew(zoom, first)
    assert (refused.status, refused.json()["reason"]) == (401, "Invalid Token!")
    assert renew(zoom, second).status == 200


def test_signing_in_again_ends_the_older_refresh_token(zoom: Emulator) -> None:
    first = exchange(zoom, code_of(zoom)).json()["refresh_token"]
    second = exchange(zoom, code_of(zoom)).json()["refresh_token"]
    assert renew(zoom, first).status == 401
    assert renew(zoom, second).status == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_sign_in(zoom: Emulator, which: str) -> None:
    document = exchange(zoom, code_of(zoom)).json()
    form = urlencode({"token": document[which], "client_id": PUBLIC}).encode()
    answer = Caller(zoom.base)("POST", "/oauth/revoke", form, Content_Type=FORM)
    assert (answer.status, answer.json()) == (200, {"status": "success"})
    assert me(zoom, document["access_token"]) == 401
    assert renew(zoom, document["refresh_token"]).status == 401
    assert Caller(zoom.base)("POST", "/oauth/revoke", form, Content_Type=FORM).status == 400


def test_a_public_app_gets_no_token_of_its_own(zoom: Emulator) -> None:
    answer = token(zoom, grant_type="account_credentials", account_id="HandMadeAccount", client_id=PUBLIC)
    assert answer.json()["error"] == "unsupported_grant_type"


def device(zoom: Emulator) -> dict[str, Any]:
    answer: dict[str, Any] = Caller(zoom.base)("POST", f"/oauth/devicecode?client_id={PUBLIC}").json()
    return answer


def poll(zoom: Emulator, asked: dict[str, Any]) -> Answer:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return token(zoom, grant_type=grant, device_code=asked["device_code"], client_id=PUBLIC)


@pytest.mark.parametrize(("answer", "error"), [(b"", None), (b"answer=deny", "access_denied")])
def test_a_device_waits_for_its_user(zoom: Emulator, answer: bytes, error: str | None) -> None:
    asked = device(zoom)
    assert poll(zoom, asked).json()["error"] == "authorization_pending"
    target = asked["verification_uri_complete"].removeprefix(zoom.base)
    assert b"<button>Allow</button>" in Caller(zoom.base)("GET", target).body
    assert Caller(zoom.base)("POST", target, answer, Content_Type=FORM).status == 200
    assert poll(zoom, asked).json().get("error") == error
    assert poll(zoom, asked).json()["error"] == (error or "expired_token")


def test_an_unknown_user_code_is_refused(zoom: Emulator) -> None:
    assert Caller(zoom.base)("POST", "/oauth/device?user_code=NOBODYS1", b"", Content_Type=FORM).status == 400
