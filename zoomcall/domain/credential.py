"""Credentials for Zoom: their kinds, where they come from, and the targets that they serve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from msgspec import Meta, Struct

from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api


class _KindRow(Struct, frozen=True, kw_only=True):
    """What follows from a kind of credential.

    Attributes:
        serves: The APIs that accept it, the usual one first.
        keys: Its public parts: the names of a profile's fields and, in upper case, the ends of their variables.
        variable: The variable that holds its secret; a second one, which ends in ``_FILE``, names a file.
        noun: What its secret is called.
        is_bearer: Its secret is what Zoom gets; in the environment it takes precedence.
        offer: What ``auth login`` calls it; None if it does not accept it.
    """

    serves: tuple[Api, ...]
    keys: tuple[str, ...] = ()
    variable: str | None = None
    noun: str
    is_bearer: bool = False
    offer: str | None = None


class CredentialKind(StrEnum):
    """The kinds of credential (contract 5) and everything that follows from each: a new kind is a row here."""

    _value_: str
    serves: tuple[Api, ...]
    keys: tuple[str, ...]
    noun: str
    is_bearer: bool
    offer: str | None
    secret_variable: str | None

    def __new__(cls, word: str, row: _KindRow | None = None) -> Self:
        """Build a member from its row in the table below."""
        assert row is not None, word  # noqa: S101 - none only where a kind is looked up by its word
        kind = str.__new__(cls, word)
        kind._value_ = word
        kind.serves, kind.keys, kind.secret_variable = row.serves, row.keys, row.variable
        kind.noun, kind.is_bearer, kind.offer = row.noun, row.is_bearer, row.offer
        return kind

    VIDEOSDK = (
        "videosdk",
        _KindRow(
            serves=(Api.SESSION,),
            keys=("api_key",),
            variable="ZOOMCALL_API_SECRET",
            noun="API secret",
            offer="a Video SDK session, with the API key and secret of the account",
        ),
    )
    S2S = (
        "s2s",
        _KindRow(
            serves=(Api.MEETING,),
            keys=("account_id", "client_id"),
            variable="ZOOMCALL_CLIENT_SECRET",
            noun="client secret",
            offer="a meeting, with the account ID, client ID and secret of an admin's server-to-server app",
        ),
    )
    TOKEN = (
        "token",
        _KindRow(
            serves=(Api.SESSION, Api.MEETING),
            variable="ZOOMCALL_TOKEN",
            noun="token",
            is_bearer=True,
            offer="either, with a token that you have already",
        ),
    )
    OAUTH = (
        "oauth",
        _KindRow(
            serves=(Api.MEETING,),
            keys=("client_id",),
            noun="refresh token",
            offer="a meeting, as a user who signs in with the browser",
        ),
    )

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variables of its public parts."""
        return tuple(f"ZOOMCALL_{key.upper()}" for key in self.keys)


class CredentialSource(StrEnum):
    """Where the secret was found (contract 3, ``credential.source``)."""

    ENV = "env"
    ENV_FILE = "env-file"
    KEYRING = "keyring"
    FILE = "file"


class VideoSdkKey(Struct, frozen=True):
    """The API key and secret of a Video SDK account (not the SDK key and secret)."""

    api_key: str
    api_secret: Secret
    kind: ClassVar[CredentialKind] = CredentialKind.VIDEOSDK

    @property
    def key_id(self) -> str | None:
        """The public part."""
        return self.api_key


class ServerToServerApp(Struct, frozen=True):
    """A server-to-server OAuth app."""

    account_id: str
    client_id: str
    client_secret: Secret
    kind: ClassVar[CredentialKind] = CredentialKind.S2S

    @property
    def key_id(self) -> str | None:
        """The public part."""
        return self.client_id


class Bearer(Struct, frozen=True):
    """A bearer token as given: an OAuth token or a Build API key."""

    token: Secret
    kind: ClassVar[CredentialKind] = CredentialKind.TOKEN
    key_id: ClassVar[str | None] = None


class SignedInUser(Struct, frozen=True):
    """A user who has signed in to an app with the browser; ``item`` holds the tokens (``domain.sign_in``)."""

    client_id: str
    item: Secret
    kind: ClassVar[CredentialKind] = CredentialKind.OAUTH

    @property
    def key_id(self) -> str | None:
        """The public part."""
        return self.client_id


Credential = VideoSdkKey | ServerToServerApp | Bearer | SignedInUser


def assemble(kind: CredentialKind, keys: Mapping[str, str], secret: Secret) -> Credential:
    """Build a credential from its public parts and its secret.

    Args:
        kind: Its kind.
        keys: Its public parts, by the names in ``kind.keys``.
        secret: Its secret; a token must have no whitespace around it.
    """
    match kind:
        case CredentialKind.VIDEOSDK:
            return VideoSdkKey(keys["api_key"], secret)
        case CredentialKind.S2S:
            return ServerToServerApp(keys["account_id"], keys["client_id"], secret)
        case CredentialKind.TOKEN:
            return Bearer(secret)
        case CredentialKind.OAUTH:
            return SignedInUser(keys["client_id"], secret)


class CredentialLabel(Struct, frozen=True):
    """A credential's kind, source and name, without its secret: for ``hidden`` and messages."""

    kind: Annotated[CredentialKind, Meta(description="The kind of credential.")]
    source: Annotated[CredentialSource, Meta(description="Where its secret is.")]
    name: Annotated[str, Meta(description="The variable or profile that holds it.")]

    @property
    def variable(self) -> str | None:
        """The variable that holds it; None for a profile."""
        return self.name if self.source in {CredentialSource.ENV, CredentialSource.ENV_FILE} else None

    def __str__(self) -> str:
        return f"{self.kind} from {self.source} ({self.name})"


class HeldCredential(Struct, frozen=True, kw_only=True):
    """The credential in use.

    Attributes:
        credential: The credential itself.
        label: Kind, source and name.
        place: The variable that holds the secret, or the file that a variable names; None for a profile.
        profile: The profile's name; None for a credential from the environment.
        is_explicit: Whether it was chosen with ``-p``.
        hidden: Credentials that it overrides.
        api: The API that a ``token`` is for, if its profile says so.
        api_base: The profile's own API base; None for the usual one.
        oauth_base: The profile's own base of the token endpoint; None for the usual one.
        websocket_subscription_id: The profile's websocket event subscription, if it names one.
    """

    credential: Credential
    label: CredentialLabel
    place: str | None = None
    profile: str | None = None
    is_explicit: bool = False
    hidden: tuple[CredentialLabel, ...] = ()
    api: Api | None = None
    api_base: ApiBase | None = None
    oauth_base: ApiBase | None = None
    websocket_subscription_id: str | None = None


RENEW_BEFORE = timedelta(minutes=1)
"""How long before its end a token is renewed."""


class AccessToken(Struct, frozen=True, kw_only=True):
    """A bearer ready for the wire.

    Attributes:
        text: The token.
        kind: The kind of credential that it was made from.
        expires_at: When Zoom stops accepting it; None if unknown (opaque tokens).
        scopes: The granted scopes, if the token endpoint listed them; None if unknown.
    """

    text: Secret
    kind: CredentialKind
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None

    def ends_soon(self, now: datetime) -> bool:
        """Return whether it is too old to begin anything with."""
        return self.expires_at is not None and self.expires_at - now < RENEW_BEFORE
