import base64
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from shell import SENTINEL

from zoomcall.adapters import redirect_listener, sign_in_keeper
from zoomcall.adapters.http import MOST_TRIES, MOST_WAITING_SECONDS, Clock, Http, Timeouts
from zoomcall.adapters.zoom_oauth import ZoomOAuth
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.api_base import OAUTH_BASE
from zoomcall.domain.credential import AccessToken, CredentialKind, ServerToServerApp
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import Proof, UserApp
from zoomcall.errors import ErrorKind, NetworkFault, NetworkWord

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
APP = ServerToServerApp("acc+1 &x", "client-1", Secret(SENTINEL))
GOOD = {
    "access_token": "made-up-token",
    "token_type": "bearer",
    "expires_in": 3599,
    "scope": "meeting:read user:read",
    "api_url": "https://api-eu.zoom.us",
}


class FakeEndpoint:
    """The token endpoint at the end of a faked wire."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = replies
        self.requests: list[httpx.Request] = []
        self.lines: list[str] = []
        clock = Clock(now=lambda: NOW, sleep=lambda _: None, chance=lambda: 0.0)
        http = Http(transport=httpx.MockTransport(self.answer), clock=clock, trace=self.lines.append)
        self.oauth = ZoomOAuth(http, OAUTH_BASE)

    def answer(self, request: httpx.Request) -> httpx.Response:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)


def refusal_of(endpoint: FakeEndpoint) -> ZoomRefused:
    with pytest.raises(ZoomRefused) as caught:
        endpoint.oauth.account_credentials(APP)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.answer) + "".join(endpoint.lines)
    assert SENTINEL not in told
    assert "made-up-token" not in told
    return caught.value


def test_a_token_is_asked_for_in_the_form_body() -> None:
    endpoint = FakeEndpoint(httpx.Response(200, json=GOOD))
    assert endpoint.oauth.account_credentials(APP) == AccessToken(
        text=Secret("made-up-token"),
        kind=CredentialKind.S2S,
        expires_at=NOW + timedelta(seconds=3599),
        scopes=("meeting:read", "user:read"),
    )
    [request] = endpoint.requests
    assert (request.method, str(request.url)) == ("POST", "https://zoom.us/oauth/token")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"client-1:{SENTINEL}".encode()).decode()
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.content.decode()) == [
        ("grant_type", "account_credentials"),
        ("account_id", "acc+1 &x"),
    ]
    assert "made-up-token" not in "".join(endpoint.lines)


def test_the_api_url_of_the_answer_is_never_called() -> None:
    endpoint = FakeEndpoint(httpx.Response(200, json=GOOD))
    endpoint.oauth.account_credentials(APP)
    assert [request.url.host for request in endpoint.requests] == ["zoom.us"]


@pytest.mark.parametrize(
    ("more", "expires_at", "scopes"),
    [
        ({"expires_in": None, "scope": None}, None, None),
        ({"expires_in": "3599", "scope": ["x"]}, None, None),
        ({"expires_in": True, "scope": ""}, None, ()),
        ({"expires_in": 1e300}, None, ("meeting:read", "user:read")),
        ({"expires_in": -5}, None, ("meeting:read", "user:read")),
    ],
)
def test_what_the_answer_mistypes_is_unknown(
    more: dict[str, Any], expires_at: datetime | None, scopes: tuple[str, ...] | None
) -> None:
    token = FakeEndpoint(httpx.Response(200, json={**GOOD, **more})).oauth.account_credentials(APP)
    assert (token.expires_at, token.scopes) == (expires_at, scopes)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    "body",
    ['{"reason":"Invalid client_id or client_secret","error":"invalid_client"}', "<html>", "", '{"code":4738}'],
)
def test_any_400_or_401_is_a_refused_credential(status: int, body: str) -> None:
    refusal = refusal_of(FakeEndpoint(httpx.Response(status, text=body)))
    assert refusal.kind is ErrorKind.AUTH
    assert refusal.answer.is_oauth


def test_the_refusals_words_are_kept() -> None:
    body = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
    refusal = refusal_of(FakeEndpoint(httpx.Response(400, json=body)))
    assert (refusal.answer.code, refusal.answer.message) == ("invalid_client", "Invalid client_id or client_secret")


def test_a_refusal_that_repeats_the_secret_is_struck_out() -> None:
    refusal = refusal_of(
        FakeEndpoint(httpx.Response(400, json={"reason": f"bad {SENTINEL}", "error": "invalid_client"}))
    )
    assert refusal.answer.message == "bad ***"


def test_a_rate_limit_is_one_after_three_tries() -> None:
    endpoint = FakeEndpoint(httpx.Response(429))
    assert refusal_of(endpoint).kind is ErrorKind.RATE_LIMITED
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": 5}),
        httpx.Response(200, json={"access_token": "made-up-token two"}),
        httpx.Response(200, json=["made-up-token"]),
        httpx.Response(200, text="access_token=made-up-token"),
        httpx.Response(200, json={"error": "x", "reason": "y"}),
        httpx.Response(204),
        httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
        httpx.Response(404, text="<html>"),
        httpx.Response(503),
    ],
)
def test_any_other_answer_without_a_token_is_a_fault_of_zooms(reply: httpx.Response) -> None:
    assert refusal_of(FakeEndpoint(reply)).kind is ErrorKind.ZOOM_FAULT


def test_asking_twice_does_no_harm() -> None:
    endpoint = FakeEndpoint(httpx.ReadTimeout("x"), httpx.Response(502), httpx.Response(200, json=GOOD))
    endpoint.oauth.account_credentials(APP)
    assert len(endpoint.requests) == 3


def test_no_answer_is_a_fault_of_the_network() -> None:
    endpoint = FakeEndpoint(httpx.ConnectError("x"))
    with pytest.raises(NetworkFault) as caught:
        endpoint.oauth.account_credentials(APP)
    assert caught.value.word is NetworkWord.CONNECT
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))


def test_the_apps_own_token_is_asked_for_without_an_account() -> None:
    endpoint = FakeEndpoint(httpx.Response(200, json=GOOD))
    token = endpoint.oauth.client_credentials(APP)
    assert (token.text, token.kind) == (Secret("made-up-token"), CredentialKind.S2S)
    [request] = endpoint.requests
    assert (request.method, str(request.url)) == ("POST", "https://zoom.us/oauth/token")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"client-1:{SENTINEL}".encode()).decode()
    assert parse_qsl(request.content.decode()) == [("grant_type", "client_credentials")]
    assert "made-up-token" not in "".join(endpoint.lines)


USER_APP = UserApp("client-2")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.Response(200, json=GOOD), ErrorKind.ZOOM_FAULT),
        (httpx.Response(200, json=GOOD | {"refresh_token": ""}), ErrorKind.ZOOM_FAULT),
        (httpx.Response(200, json=GOOD | {"refresh_token": 5}), ErrorKind.ZOOM_FAULT),
        (httpx.Response(200, text="<html>made-up-token</html>"), ErrorKind.ZOOM_FAULT),
        (httpx.Response(503, text=f"<html>{SENTINEL}</html>"), ErrorKind.ZOOM_FAULT),
        (httpx.Response(429, text=f"{SENTINEL} code-1"), ErrorKind.RATE_LIMITED),
        (httpx.Response(400, json={"reason": f"{SENTINEL} code-1", "error": "invalid_grant"}), ErrorKind.AUTH),
    ],
)
def test_a_code_that_brings_no_tokens_is_refused_and_nothing_private_told(
    reply: httpx.Response, kind: ErrorKind
) -> None:
    endpoint, proof = FakeEndpoint(reply), Proof(Secret("state-1"), Secret(SENTINEL))
    code = Secret("code-1")
    with pytest.raises(ZoomRefused) as caught:
        endpoint.oauth.exchange(USER_APP, code=code, redirect_uri="http://127.0.0.1:1/", proof=proof)
    assert caught.value.kind is kind
    has_token = "access_token" in reply.text
    assert ("without a usable refresh token" in caught.value.message) is has_token
    assert caught.value.answer.is_zooms is (has_token or kind is ErrorKind.AUTH)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.answer) + "".join(endpoint.lines)
    assert not [text for text in (SENTINEL, "code-1", "made-up-token") if text in told]


def test_a_renewal_that_brings_no_other_refresh_token_keeps_the_present_one() -> None:
    present = Secret(SENTINEL)
    kept = FakeEndpoint(httpx.Response(200, json=GOOD)).oauth.renew(USER_APP, present)
    assert (kept.refresh_token, kept.access.text) == (present, Secret("made-up-token"))
    replaced = FakeEndpoint(httpx.Response(200, json=GOOD | {"refresh_token": "next"})).oauth.renew(
        USER_APP, present
    )
    assert replaced.refresh_token == Secret("next")


def test_a_device_code_is_not_traced() -> None:
    answer = {"device_code": SENTINEL, "user_code": "ABCD", "verification_uri": "https://zoom.us/oauth/device"}
    endpoint = FakeEndpoint(httpx.Response(200, json=answer))
    assert endpoint.oauth.ask_device_code(USER_APP).device_code == Secret(SENTINEL)
    assert SENTINEL not in "".join(endpoint.lines)


def test_whoever_waits_for_tokens_waits_longer_than_they_can_take() -> None:
    longest = MOST_TRIES * Timeouts().total + MOST_WAITING_SECONDS
    assert longest < redirect_listener._ANSWER_SECONDS
    assert timedelta(seconds=longest) < sign_in_keeper._LOCK_LIMIT
