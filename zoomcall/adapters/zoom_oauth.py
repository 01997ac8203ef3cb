"""Zoom's token endpoint (zoom-api 2)."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from zoomcall.adapters.http import Http, HttpRequest
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.credential import AccessToken, CredentialKind, ServerToServerApp
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.secret import Secret

_LONGEST_LIFE_SECONDS = 400 * 24 * 3600


class ZoomOAuth:
    """The token endpoint.

    Args:
        http: The client.
        oauth_base: Where it is served; the ``api_url`` of an answer is never followed.
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
        return self._token(app, form, deadline)

    def client_credentials(self, app: ServerToServerApp, *, deadline: datetime | None = None) -> AccessToken:
        """Get the app's own token, which serves websockets and little else (zoom-api 1.1, 6).

        Raises:
            ZoomRefused: Zoom refused the app, or its answer contains no token.
            NetworkFault: No answer came.
        """
        return self._token(app, {"grant_type": "client_credentials"}, deadline)

    def _token(self, app: ServerToServerApp, form: dict[str, str], deadline: datetime | None) -> AccessToken:
        pair = f"{app.client_id}:{app.client_secret.reveal()}".encode()
        answer = self._http.send(
            HttpRequest(
                method="POST",
                url=f"{self._base}/oauth/token",
                authorization=Secret(f"Basic {base64.b64encode(pair).decode()}"),
                content_type="application/x-www-form-urlencoded",
                # In the body, because Zoom has begun to refuse these parameters in the query (zoom-api 2.1).
                body=urlencode(form).encode(),
                conceal=((app.client_secret.reveal(), "***"),),
                is_repeatable=True,
                is_oauth=True,
            ),
            deadline=deadline,
        )
        return _access_token(answer)


def _access_token(answer: RawAnswer) -> AccessToken:
    body = answer.json_object() if answer.status == 200 else None
    text = body.get("access_token") if body is not None else None
    if not isinstance(text, str) or not re.fullmatch(r"[\x21-\x7e]+", text) or body is None:
        raise ZoomRefused(answer.read())
    scope = body.get("scope")
    return AccessToken(
        text=Secret(text),
        kind=CredentialKind.S2S,
        expires_at=_expiry(answer, body.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else None,
    )


def _expiry(answer: RawAnswer, seconds: object) -> datetime | None:
    if answer.received_at is None or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return answer.received_at + timedelta(seconds=seconds) if 0 < seconds < _LONGEST_LIFE_SECONDS else None
