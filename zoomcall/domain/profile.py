"""Profiles: stored credentials without their secrets, and the configuration file that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from zoomcall.domain.credential import (
    Credential,
    CredentialKind,
    CredentialLabel,
    CredentialSource,
    assemble,
)
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.sign_in import tokens_of_item
from zoomcall.domain.target import Api
from zoomcall.errors import NotConfigured, UsageError

if TYPE_CHECKING:
    from zoomcall.domain.secret import Secret

DEFAULT_PROFILE = "default"
_NAME = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CHECK_DIGITS = 5  # hexadecimal: too few to tell the secret from the million others that have the same
_CHECK_ROUNDS = 5_000

STORED_KINDS = tuple(kind for kind in CredentialKind if kind.offer is not None)
"""The kinds that are stored; the fields of ``Profile`` named in ``kind.keys`` are their public parts."""


class Store(StrEnum):
    """Where a profile's secret is kept."""

    KEYRING = "keyring"
    FILE = "file"


def parse_profile_name(text: str, *, origin: str) -> str:
    """Check a profile's name; ``NAME`` and ``NAME/…`` are accounts in the keyring and files in the store.

    Args:
        text: The name.
        origin: The flag or variable that it came from.

    Raises:
        UsageError: It is not a valid profile name.
    """
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{origin}: {quoted(text)} is not a valid profile name",
            fix="Use up to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit.",
        )
    return text


class Profile(Struct, frozen=True, kw_only=True):
    """A stored credential without its secret.

    Attributes:
        name: Its name.
        kind: One of ``STORED_KINDS``.
        store: Where the secret is.
        api_key: For kind ``videosdk``, else empty.
        account_id: For kind ``s2s``, else empty.
        client_id: For kinds ``s2s`` and ``oauth``, else empty.
        keyring_backend: The dotted name of the keyring backend that stored the secret.
        api_base: Another cluster's API, unchecked, as the file has it; None for zoom.us.
        oauth_base: That cluster's token endpoint, likewise.
        api: The API that a ``token`` is for, if the file says so (``for``).
        websocket_subscription_id: Zoom's id of a websocket event subscription, of kind ``s2s`` only.
        secret_check: Ties the profile to its secret, see ``tied_to``; None if an older version stored it.
    """

    name: str
    kind: CredentialKind
    store: Store
    api_key: str = ""
    account_id: str = ""
    client_id: str = ""
    keyring_backend: str | None = None
    api_base: str | None = None
    oauth_base: str | None = None
    api: Api | None = None
    websocket_subscription_id: str | None = None
    secret_check: str | None = None

    @property
    def key_id(self) -> str | None:
        """The public part that tells one key from another."""
        return self.api_key or self.client_id or None

    @property
    def label(self) -> CredentialLabel:
        """Kind, source and name."""
        return CredentialLabel(kind=self.kind, source=CredentialSource(self.store.value), name=self.name)

    @property
    def login_line(self) -> str:
        """The command that stores it again."""
        from zoomcall.domain.api_base import GOV_OAUTH_BASE

        cluster = " --cluster gov" if self.oauth_base == GOV_OAUTH_BASE else ""
        store = " --store file" if self.store is Store.FILE else ""
        app = f" --client-id {self.client_id}" if self.kind is CredentialKind.OAUTH else ""
        return f"zoomcall auth login --kind {self.kind}{app}{cluster}{store} -p {self.name}"

    @property
    def webhook_account(self) -> str:
        """The account of its webhook secret; that of its own secret is its name."""
        return f"{self.name}/webhook"

    @property
    def token_account(self) -> str:
        """The account of the token that was last made from its secret."""
        return f"{self.name}/token"

    @property
    def client_account(self) -> str:
        """The account of the client secret of an app that users sign in to, if it has one."""
        return f"{self.name}/client"

    def tied_to(self, secret: Secret) -> Profile:
        """Return the profile with a check of its secret, so that it is never used with that of another key.

        The check says little about the secret: 20 bits of a slow hash over kind, keys and secret. Whoever reads
        it can neither confirm a guess, since one guess in a million passes, nor try many quickly. A user's tokens
        change with every renewal and name their app themselves.
        """
        return replace(self, secret_check=None if self.kind is CredentialKind.OAUTH else self._check_of(secret))

    def owns(self, secret: Secret) -> bool:
        """Return whether a stored secret is the one that was stored with this profile, as far as is known."""
        if self.kind is CredentialKind.OAUTH:
            return tokens_of_item(secret, self.client_id) is not None
        import hmac

        return self.secret_check is None or hmac.compare_digest(
            self.secret_check.encode(), self._check_of(secret).encode()
        )

    def _check_of(self, secret: Secret) -> str:
        import hashlib

        salt = "\n".join(("zoomcall profile", self.kind, *(getattr(self, key) for key in self.kind.keys)))
        password = secret.reveal().encode("utf-8", "surrogateescape")
        return hashlib.pbkdf2_hmac("sha256", password, salt.encode(), _CHECK_ROUNDS).hex()[:_CHECK_DIGITS]

    def credential(self, secret: Secret) -> Credential:
        """Build the credential from the profile and its secret."""
        return assemble(self.kind, {key: getattr(self, key) for key in self.kind.keys}, secret)


class KeyringRead(Struct, frozen=True, kw_only=True):
    """How one read from the keyring went.

    Attributes:
        backend: The dotted name of the backend that was asked; None if none could be loaded.
        taken: How long it took.
        error: Why it failed, if it did.
    """

    backend: str | None
    taken: timedelta
    error: NotConfigured | None = None


class Config(Struct, frozen=True, kw_only=True):
    """The content of the configuration file.

    Attributes:
        current: The current profile's name, whether or not that profile exists.
        profiles: The usable profiles, by name.
        broken: Why each of the others cannot be used, by name, in one sentence.
        place: The file, for messages.
    """

    current: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    place: str = "config.toml"

    @property
    def names(self) -> tuple[str, ...]:
        """Every profile's name, in order."""
        return tuple(sorted({*self.profiles, *self.broken}))

    def profile(self, name: str) -> Profile:
        """Return one profile.

        Raises:
            NotConfigured: There is none with that name, or it cannot be used.
        """
        if name in self.profiles:
            return self.profiles[name]
        if name in self.broken:
            raise NotConfigured(
                f"{self.place}: {self.broken[name]}",
                fix="Fix the file, or log in again.",
                command=f"zoomcall auth login -p {name}",
            )
        if self.names:
            raise NotConfigured(
                f"there is no profile {name!r}; known: {', '.join(self.names)}",
                fix="Name one of these, or store a new one with `zoomcall auth login -p NAME`.",
            )
        raise NotConfigured(
            f"there is no profile {name!r}; none is stored yet",
            fix="Store a credential.",
            command=f"zoomcall auth login -p {name}",
        )
