"""The token endpoint (zoom-api 2.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from urllib.parse import parse_qs

from zoomcall.emulator.keys import GrantType, Keys
from zoomcall.emulator.messages import Refusal, Reply, Request, json_reply
from zoomcall.emulator.world import World

_FORM = "application/x-www-form-urlencoded"


def answer_token_request(request: Request, world: World, *, api_url: str, now: datetime) -> Reply:
    """Answer ``POST /oauth/token``.

    The grants are ``account_credentials`` and ``client_credentials``. Only parameters in the form body count.

    Args:
        request: The request.
        world: Issues the token.
        api_url: The regional base URL to return.
        now: Zoom's clock.

    Raises:
        Refusal: 400 with ``reason`` and ``error``.
    """
    _check_client(request.header("Authorization"), world.keys)
    form = _form(request)
    try:
        kind = GrantType(form.get("grant_type", ""))
    except ValueError:
        raise _refusal("unsupported grant type", "unsupported_grant_type") from None
    if kind is GrantType.ACCOUNT and form.get("account_id") != world.keys.account_id:
        raise _refusal("Bad Request", "invalid_request")
    token, grant = world.issue_token(kind, now=now)
    return json_reply(
        200,
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int((grant.expires_at - now).total_seconds()),
            "scope": " ".join(grant.scopes),
            "api_url": api_url,
        },
    )


def _check_client(authorization: str | None, keys: Keys) -> None:
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    expected = f"{keys.client_id}:{keys.client_secret.reveal()}".encode()
    if scheme != "Basic" or not hmac.compare_digest(pair, expected):
        raise _refusal("Invalid client_id or client_secret", "invalid_client")


def _form(request: Request) -> dict[str, str]:
    if request.media_type != _FORM:
        return {}
    return {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def _refusal(reason: str, error: str) -> Refusal:
    return Refusal(json_reply(400, {"reason": reason, "error": error}))
