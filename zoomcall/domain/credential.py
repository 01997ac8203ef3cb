"""Who speaks to Zoom: kinds of credential, where they come from, which target they serve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api


class CredentialKind(StrEnum):
    """Contract 5."""

    VIDEOSDK = "videosdk"
    S2S = "s2s"
    TOKEN = "token"  # noqa: S105 - a word, not a token
    OAUTH = "oauth"


class CredentialSource(StrEnum):
    """Where the secret was found (contract 3, ``credential.source``)."""

    ENV = "env"
    ENV_FILE = "env-file"
    KEYRING = "keyring"
    FILE = "file"


class VideoSdkKey(Struct, frozen=True):
    """The API key pair of a Video SDK account (not the SDK pair)."""

    api_key: str
    api_secret: Secret

    @property
    def kind(self) -> CredentialKind:
        """``videosdk``."""
        return CredentialKind.VIDEOSDK

    @property
    def key_id(self) -> str | None:
        """The public part."""
        return self.api_key


class ServerToServerApp(Struct, frozen=True):
    """A server-to-server OAuth app."""

    account_id: str
    client_id: str
    client_secret: Secret

    @property
    def kind(self) -> CredentialKind:
        """``s2s``."""
        return CredentialKind.S2S

    @property
    def key_id(self) -> str | None:
        """The public part."""
        return self.client_id


class Bearer(Struct, frozen=True):
    """A bearer token as given: an OAuth token or a Build API key."""

    token: Secret

    @property
    def kind(self) -> CredentialKind:
        """``token``."""
        return CredentialKind.TOKEN

    @property
    def key_id(self) -> str | None:
        """It has none."""
        return None


Credential = VideoSdkKey | ServerToServerApp | Bearer

SERVES: Mapping[Api, tuple[CredentialKind, ...]] = {
    Api.SESSION: (CredentialKind.VIDEOSDK, CredentialKind.TOKEN),
    Api.MEETING: (CredentialKind.S2S, CredentialKind.TOKEN, CredentialKind.OAUTH),
}


class CredentialLabel(Struct, frozen=True):
    """A credential's kind, source and name, without its secret: for ``hidden`` and messages.

    Attributes:
        kind: Its kind.
        source: Where it is.
        name: The variable or the profile that holds it.
    """

    kind: CredentialKind
    source: CredentialSource
    name: str

    @property
    def variable(self) -> str | None:
        """The variable that holds it; None for a profile."""
        return self.name if self.source in {CredentialSource.ENV, CredentialSource.ENV_FILE} else None


class HeldCredential(Struct, frozen=True, kw_only=True):
    """A credential in hand.

    Attributes:
        credential: The credential itself.
        label: Kind, source and name.
        profile: The profile's name, None from the environment.
        is_explicit: It was chosen with ``-p``.
        hidden: Credentials that it outvoted.
        api: What a ``token`` is for, if its profile tells.
        api_base: The profile's own API base; None for the usual one.
        oauth_base: The profile's own base of the token endpoint; None for the usual one.
        websocket_subscription_id: The profile's websocket event subscription, if it names one.
    """

    credential: Credential
    label: CredentialLabel
    profile: str | None = None
    is_explicit: bool = False
    hidden: tuple[CredentialLabel, ...] = ()
    api: Api | None = None
    api_base: ApiBase | None = None
    oauth_base: ApiBase | None = None
    websocket_subscription_id: str | None = None


class AccessToken(Struct, frozen=True, kw_only=True):
    """A bearer ready for the wire.

    Attributes:
        text: The token.
        kind: The credential kind it was made from.
        expires_at: When Zoom stops taking it; None if unknown (opaque tokens).
        scopes: Granted scopes where the token endpoint told them; None if unknown.
    """

    text: Secret
    kind: CredentialKind
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None
