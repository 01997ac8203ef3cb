"""HS256 (RFC 7515): makes API JWTs and checks their signatures, with the HMAC of Python's standard library."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import digest
from zoomcall.domain.token import read_token
from zoomcall.errors import NotConfigured

_HEADER = {"alg": "HS256", "typ": "JWT"}
_KEY_FILE = Pattern(r"\s*(-----BEGIN |---- BEGIN |(ssh|ecdsa|sk-(ssh|ecdsa))-\S+ \S)")
"""How key files begin: PEM, and SSH's public keys of both forms."""


def sign_hs256(claims: Mapping[str, str | int], secret: Secret) -> Secret:
    """Return a signed JWT.

    Raises:
        NotConfigured: The secret cannot sign: it is empty, a key file or a JSON Web Key.
    """
    if not _can_sign(secret):
        raise NotConfigured(
            "the API secret is empty, a key file or a JSON Web Key, none of which can sign a token",
            fix='Use the API secret, the text in the block "API keys" of the Build App page.',
        )
    signed = f"{_part(_json(_HEADER))}.{_part(_json(claims))}"
    return Secret(f"{signed}.{_signature(signed, secret)}")


def check_hs256(token: str, secret: Secret) -> bool:
    """Return whether ``secret`` made the signature of a JWT whose header says HS256."""
    if read_token(token).algorithm != "HS256" or not _can_sign(secret):
        return False
    signed, _, signature = token.rpartition(".")
    return hmac.compare_digest(_signature(signed, secret), signature.rstrip("="))


def _can_sign(secret: Secret) -> bool:
    text = secret.reveal()
    if not text or _KEY_FILE.match(text):
        return False
    try:
        key = json.loads(text)
    except (ValueError, RecursionError):
        return True
    return not (isinstance(key, dict) and "kty" in key)


def _signature(signed: str, secret: Secret) -> str:
    return _part(digest(secret.reveal().encode("utf-8", "surrogatepass"), signed.encode()))


def _json(members: Mapping[str, str | int]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
