"""Zoom's OAuth endpoints (zoom-api 2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from msgspec.structs import replace

from zoomcall.adapters.http import Http, HttpRequest
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.credential import AccessToken, CredentialKind, ServerToServerApp
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import DeviceCode, Proof, UserApp, UserTokens

_LONGEST_LIFE_SECONDS = 400 * 24 * 3600
_DEVICE_SECONDS = 900
_DEVICE_INTERVAL = 5
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PRIVATE = ("code", "code_verifier", "refresh_token", "device_code", "token")
"""The parameters that are secrets."""


class ZoomOAuth:
    """The token endpoint and its neighbours.

    Args:
        http: The client.
        oauth_base: Where they are served; the ``api_url`` of an answer is never followed.
    """

    def __init__(self, http: Http, oauth_base: ApiBase) -> None:
        self._http = http
        self._base = oauth_base

    def account_credentials(self, app: ServerToServerApp, *, deadline: datetime | None = None) -> AccessToken:
        """Get a server-to-server token.

        Raises:
            ZoomRefused: Zoom refused the app, or its answer contains no token.
            NetworkFault: No answer came.
        """
        form = {"grant_type": "account_credentials", "account_id": app.account_id}
        return _access_token(self._post_as_server(app, form, deadline), CredentialKind.S2S)

    def client_credentials(self, app: ServerToServerApp, *, deadline: datetime | None = None) -> AccessToken:
        """Get the app's own token, which serves websockets and little else (zoom-api 1.1, 6).

        Raises:
            ZoomRefused: Zoom refused the app, or its answer contains no token.
            NetworkFault: No answer came.
        """
        answer = self._post_as_server(app, {"grant_type": "client_credentials"}, deadline)
        return _access_token(answer, CredentialKind.S2S)

    def sign_in_address(self, app: UserApp, *, redirect_uri: str, proof: Proof) -> str:
        """Return the page on which a user allows the app to act for them."""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "state": proof.state.reveal(),
            "code_challenge": proof.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._base}/oauth/authorize?{urlencode(query)}"

    def exchange(self, app: UserApp, *, code: Secret, redirect_uri: str, proof: Proof) -> UserTokens:
        """Get the tokens of a user who has signed in.

        Raises:
            ZoomRefused: Zoom refused the code, or its answer contains no tokens.
            NetworkFault: No answer came.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": proof.verifier.reveal(),
        }
        return _user_tokens(self._post_as_user_app("token", app, form))

    def renew(self, app: UserApp, refresh_token: Secret, *, deadline: datetime | None = None) -> UserTokens:
        """Get the next tokens, which ends the refresh token, unless the answer brings no other (RFC 6749, 6).

        Raises:
            ZoomRefused: Zoom refused the refresh token, or its answer contains no tokens.
            NetworkFault: No answer came.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return _user_tokens(self._post_as_user_app("token", app, form, deadline=deadline), refresh_token)

    def revoke(self, app: UserApp, token: Secret) -> None:
        """End a sign-in.

        Raises:
            ZoomRefused: Zoom refused.
            NetworkFault: No answer came.
        """
        answer = self._post_as_user_app("revoke", app, {"token": token.reveal()})
        if answer.status != 200:
            raise ZoomRefused(answer.read())

    def ask_device_code(self, app: UserApp) -> DeviceCode:
        """Get a code to be confirmed on another machine.

        Raises:
            ZoomRefused: Zoom refused the app, or its answer contains no code.
            NetworkFault: No answer came.
        """
        answer = self._post_as_user_app(f"devicecode?client_id={quote_plus(app.client_id)}", app, {})
        body = (answer.json_object() if answer.status == 200 else None) or {}
        device_code, user_code, address = (
            _visible(body.get(name)) for name in ("device_code", "user_code", "verification_uri")
        )
        if device_code is None or user_code is None or address is None:
            raise ZoomRefused(answer.read())
        return DeviceCode(
            device_code=Secret(device_code),
            user_code=user_code,
            address=_visible(body.get("verification_uri_complete")) or address,
            seconds=_seconds(body.get("expires_in"), _DEVICE_SECONDS),
            interval=_seconds(body.get("interval"), _DEVICE_INTERVAL),
        )

    def poll_device(self, app: UserApp, asked: DeviceCode) -> UserTokens:
        """Get the tokens of a user who has confirmed the code.

        Raises:
            ZoomRefused: The user has not yet, or will not; or the answer contains no tokens.
            NetworkFault: No answer came.
        """
        form = {"grant_type": _DEVICE_GRANT, "device_code": asked.device_code.reveal()}
        return _user_tokens(self._post_as_user_app("token", app, form))

    def _post_as_server(self, app: ServerToServerApp, form: dict[str, str], deadline: datetime | None) -> RawAnswer:
        return self._post("token", form, secret=(app.client_id, app.client_secret), deadline=deadline)

    def _post_as_user_app(
        self, path: str, app: UserApp, form: dict[str, str], *, deadline: datetime | None = None
    ) -> RawAnswer:
        if app.client_secret is None:
            return self._post(path, form | {"client_id": app.client_id}, secret=None, deadline=deadline)
        return self._post(path, form, secret=(app.client_id, app.client_secret), deadline=deadline)

    def _post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        secret: tuple[str, Secret] | None,
        deadline: datetime | None,
    ) -> RawAnswer:
        private = [form[name] for name in _PRIVATE if name in form]
        basic = None
        if secret is not None:
            client_id, client_secret = secret
            private.append(client_secret.reveal())
            pair = base64.b64encode(f"{client_id}:{client_secret.reveal()}".encode()).decode()
            basic = Secret(f"Basic {pair}")
        return self._http.send(
            HttpRequest(
                method="POST",
                url=f"{self._base}/oauth/{path}",
                authorization=basic,
                content_type="application/x-www-form-urlencoded",
                # In the body, because Zoom has begun to refuse these parameters in the query (zoom-api 2.1).
                body=urlencode(form).encode(),
                conceal=tuple((text, "***") for text in private),
                is_repeatable=True,
                is_oauth=True,
            ),
            deadline=deadline,
        )


def _access_token(answer: RawAnswer, kind: CredentialKind) -> AccessToken:
    body = (answer.json_object() if answer.status == 200 else None) or {}
    text = _visible(body.get("access_token"))
    if text is None:
        raise ZoomRefused(answer.read())
    scope = body.get("scope")
    return AccessToken(
        text=Secret(text),
        kind=kind,
        expires_at=_expiry(answer, body.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else None,
    )


def _user_tokens(answer: RawAnswer, present: Secret | None = None) -> UserTokens:
    access = _access_token(answer, CredentialKind.OAUTH)
    given = (answer.json_object() or {}).get("refresh_token")
    if given is None and present is not None:
        return UserTokens(present, access)
    refresh_token = _visible(given)
    if refresh_token is None:
        refusal = ZoomRefused(replace(answer.read(), is_zooms=True))
        refusal.message = "Zoom's token endpoint sent an access token without a usable refresh token"
        raise refusal
    return UserTokens(Secret(refresh_token), access)


def _visible(value: object) -> str | None:
    """Return a text of Zoom's that has nothing in it but visible ASCII; None for anything else."""
    return value if isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) else None


def _expiry(answer: RawAnswer, seconds: object) -> datetime | None:
    if answer.received_at is None or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return answer.received_at + timedelta(seconds=seconds) if 0 < seconds < _LONGEST_LIFE_SECONDS else None


def _seconds(value: object, usual: float) -> float:
    """Return a number of seconds of Zoom's, if it is one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < _LONGEST_LIFE_SECONDS else usual  # type: ignore[operator, arg-type]
