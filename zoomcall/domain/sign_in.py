"""What a user's sign-in with the browser leaves, and the secrets that prove who began it (RFC 7636, RFC 8252)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Self

from msgspec import Struct

from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.secret import Secret

DEFAULT_PATH = "/callback"
"""Of the redirect."""


class UserApp(Struct, frozen=True):
    """An app that users sign in to.

    Attributes:
        client_id: Its id.
        client_secret: None for a public client, which proves itself with PKCE alone.
    """

    client_id: str
    client_secret: Secret | None = None


class UserTokens(Struct, frozen=True):
    """The tokens of one sign-in, stored as one item so that no crash can part them.

    Attributes:
        refresh_token: Good for one renewal, which brings the next (zoom-api 2.1).
        access: What Zoom's REST API gets.
    """

    refresh_token: Secret
    access: AccessToken

    def as_item(self, client_id: str) -> Secret:
        """Return the tokens as the text that is stored for an app."""
        access = self.access
        item = {
            "client_id": client_id,
            "refresh_token": self.refresh_token.reveal(),
            "access_token": access.text.reveal(),
            "expires_at": None if access.expires_at is None else int(access.expires_at.timestamp()),
            "scope": None if access.scopes is None else " ".join(access.scopes),
        }
        import json

        return Secret(json.dumps(item, separators=(",", ":")))


def tokens_of_item(item: Secret, client_id: str) -> UserTokens | None:
    """Read what ``as_item`` wrote; None if it is something else, or of another app."""
    import json

    try:
        stored = json.loads(item.reveal())
        if stored["client_id"] != client_id:
            return None
        expires_at, scope = stored["expires_at"], stored["scope"]
        return UserTokens(
            Secret(_text(stored["refresh_token"])),
            AccessToken(
                text=Secret(_text(stored["access_token"])),
                kind=CredentialKind.OAUTH,
                expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
                scopes=None if scope is None else tuple(_text(scope).split()),
            ),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, OSError):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


class Proof(Struct, frozen=True):
    """What ties the answer of a sign-in to whoever began it.

    Attributes:
        state: Comes back with the code.
        verifier: Exchanges the code; nobody else has it.
    """

    state: Secret
    verifier: Secret

    @classmethod
    def draw(cls, random_text: Callable[[], str]) -> Proof:
        """Draw both; ``random_text`` returns 43 to 128 characters of base64url (RFC 7636, 4.1)."""
        return cls(Secret(random_text()), Secret(random_text()))

    @property
    def challenge(self) -> str:
        """The verifier's S256 challenge (RFC 7636, 4.2)."""
        import base64
        import hashlib

        digest = hashlib.sha256(self.verifier.reveal().encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class DeviceCode(Struct, frozen=True, kw_only=True):
    """What a user confirms on another machine (RFC 8628).

    Attributes:
        device_code: Exchanges for tokens once the user has confirmed.
        user_code: What the user types.
        address: Where.
        seconds: How long it is good.
        interval: How many seconds to wait between two looks.
    """

    device_code: Secret
    user_code: str
    address: str
    seconds: float
    interval: float


class Page(Enum):
    """What the browser shows at the end: a title, and what to do next."""

    title: str
    text: str

    def __new__(cls, title: str, text: str) -> Self:
        """Build a member from its two sentences."""
        page = object.__new__(cls)
        page._value_ = (title, text)
        page.title, page.text = title, text
        return page

    SIGNED_IN = "You are signed in", "Close this page and go back to the terminal."
    DENIED = "You are not signed in", "The app was not allowed to act for you. Nothing was stored."
    STRANGE = (
        "You are not signed in",
        "This page belongs to another sign-in. Close it, and begin again in the terminal.",
    )
    REFUSED = "You are not signed in", "Zoom did not accept the sign-in. The terminal says why."
