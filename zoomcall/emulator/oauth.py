"""Tokens: how an app gets them, renews them and gives them up (zoom-api 2.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from urllib.parse import parse_qs

from zoomcall.emulator.keys import GrantType, Keys
from zoomcall.emulator.messages import Refusal, Reply, Request, json_reply
from zoomcall.emulator.sign_ins import DEVICE_LIFETIME, Consent, DeviceState
from zoomcall.emulator.world import World

_FORM = "application/x-www-form-urlencoded"
_DEVICE_INTERVAL = 5


def answer_token_request(request: Request, world: World, *, api_url: str, now: datetime) -> Reply:
    """Answer ``POST /oauth/token``. Only parameters in the form body count.

    Args:
        request: The request.
        world: Issues the token.
        api_url: The regional base URL to return.
        now: Zoom's clock.

    Raises:
        Refusal: 400 or 401 with ``reason`` and ``error``.
    """
    form = form_of(request)
    client_id = _client(request.header("Authorization"), form, world.keys)
    try:
        kind = GrantType(form.get("grant_type", ""))
    except ValueError:
        raise _refusal("unsupported grant type", "unsupported_grant_type") from None
    refresh_token = _granted(kind, client_id, form, world, now=now)
    token, grant = world.issue_token(kind, now=now, client_id=client_id)
    document = {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": int((grant.expires_at - now).total_seconds()),
        "scope": " ".join(grant.scopes),
        "api_url": api_url,
    }
    return json_reply(200, document if refresh_token is None else document | {"refresh_token": refresh_token})


def answer_revocation(request: Request, world: World) -> Reply:
    """Answer ``POST /oauth/revoke``: the sign-in that the token is of ends.

    Raises:
        Refusal: 400, the app is unknown, or the token is.
    """
    form = form_of(request)
    _client(request.header("Authorization"), form, world.keys)
    if not world.sign_out(form.get("token") or request.query.get("token", "")):
        raise _refusal("Invalid Token!", "invalid_request")
    return json_reply(200, {"status": "success"})


def answer_device_request(request: Request, world: World, *, base: str, now: datetime) -> Reply:
    """Answer ``POST /oauth/devicecode``.

    Raises:
        Refusal: 400, the app is unknown.
    """
    named = {"client_id": request.query.get("client_id", ""), **form_of(request)}
    client_id = _client(request.header("Authorization"), named, world.keys)
    device_code, user_code = world.sign_ins.begin_device(client_id, now=now)
    return json_reply(
        200,
        {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": f"{base}/oauth/device",
            "verification_uri_complete": f"{base}/oauth/device?user_code={user_code}",
            "expires_in": int(DEVICE_LIFETIME.total_seconds()),
            "interval": _DEVICE_INTERVAL,
        },
    )


def form_of(request: Request) -> dict[str, str]:
    """Return the parameters of a form body; none if it is not declared as one."""
    if request.media_type != _FORM:
        return {}
    return {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def _client(authorization: str | None, form: dict[str, str], keys: Keys) -> str:
    """Return the app that asks: the public one says its id in the form, the confidential one proves it."""
    if authorization is None and form.get("client_id") == keys.public_client_id:
        return keys.public_client_id
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    expected = f"{keys.client_id}:{keys.client_secret.reveal()}".encode()
    if scheme != "Basic" or not hmac.compare_digest(pair, expected):
        raise _refusal("Invalid client_id or client_secret", "invalid_client")
    return keys.client_id


def _granted(kind: GrantType, client_id: str, form: dict[str, str], world: World, *, now: datetime) -> str | None:
    """Check what an app grounds its request on; return the next refresh token of a user's sign-in."""
    sign_ins = world.sign_ins
    match kind:
        case GrantType.ACCOUNT | GrantType.CLIENT:
            _check_account(kind, client_id, form, world.keys)
            return None
        case GrantType.CODE:
            _check_consent(sign_ins.exchange(form.get("code", ""), now=now), client_id, form)
            return sign_ins.begin(client_id)
        case GrantType.REFRESH:
            renewed = sign_ins.renew(client_id, form.get("refresh_token", ""))
            if renewed is None:
                raise _refusal("Invalid Token!", "invalid_request", status=401)
            return renewed
        case GrantType.DEVICE:
            state = sign_ins.poll_device(client_id, form.get("device_code", ""), now=now)
            if state is not DeviceState.ALLOWED:
                raise _refusal(f"Device code: {state.value.replace('_', ' ')}", state.value)
            return sign_ins.begin(client_id)


def _check_account(kind: GrantType, client_id: str, form: dict[str, str], keys: Keys) -> None:
    if client_id == keys.public_client_id:
        raise _refusal("unsupported grant type", "unsupported_grant_type")
    if kind is GrantType.ACCOUNT and form.get("account_id") != keys.account_id:
        raise _refusal("Bad Request", "invalid_request")


def _check_consent(consent: Consent | None, client_id: str, form: dict[str, str]) -> None:
    if consent is None or consent.client_id != client_id:
        raise _refusal("Invalid authorization code", "invalid_grant")
    if consent.redirect_uri != form.get("redirect_uri"):
        raise _refusal("Redirect URI mismatch.", "invalid_request")
    if not consent.is_proven_by(form.get("code_verifier")):
        raise _refusal("Invalid code verifier", "invalid_grant")


def _refusal(reason: str, error: str, *, status: int = 400) -> Refusal:
    return Refusal(json_reply(status, {"reason": reason, "error": error}))
