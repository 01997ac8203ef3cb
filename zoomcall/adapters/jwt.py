"""HS256 with PyJWT: makes API JWTs and checks their signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping

import jwt
from jwt.algorithms import HMACAlgorithm

from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured


class _AnyLength(HMACAlgorithm):
    """HS256 without PyJWT's warning on stderr about short secrets; we have one of our own."""

    def check_key_length(self, key: bytes) -> str | None:  # noqa: ARG002 - PyJWT's signature
        return None


def _signer() -> jwt.PyJWS:
    signer = jwt.PyJWS(algorithms=["HS256"])
    signer.unregister_algorithm("HS256")
    signer.register_algorithm("HS256", _AnyLength(HMACAlgorithm.SHA256))
    return signer


_SIGNER = _signer()


def sign_hs256(claims: Mapping[str, str | int], secret: Secret) -> Secret:
    """Return a signed JWT.

    Raises:
        NotConfigured: The secret cannot sign: it is empty, a key file or a JSON Web Key.
    """
    payload = json.dumps(claims, separators=(",", ":")).encode()
    try:
        return Secret(_SIGNER.encode(payload, _bytes_of(secret), algorithm="HS256"))
    except jwt.InvalidKeyError:
        raise NotConfigured(
            "the API secret is empty, a key file or a JSON Web Key, none of which can sign a token",
            fix='Use the API secret, the text in the block "API keys" of the Build App page.',
        ) from None


def check_hs256(token: str, secret: Secret) -> bool:
    """Return whether ``secret`` made the signature of a JWT whose header says HS256."""
    try:
        _SIGNER.decode(token, _bytes_of(secret), algorithms=["HS256"])
    except (jwt.InvalidTokenError, jwt.InvalidKeyError):
        return False
    return True


def _bytes_of(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
