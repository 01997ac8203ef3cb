"""The webhook secret token: where to find it, and how a profile stores it (contract 5)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from zoomcall.domain.cause import Warn
from zoomcall.domain.credential import CredentialSource
from zoomcall.domain.profile import Config, Profile, Store, parse_profile_name
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured, blaming
from zoomcall.usecases.resolving import (
    ConfigReader,
    ReadSecretFile,
    ReadStoredSecret,
    file_ignored,
    place_of,
    read_variable,
    warn_of_surplus,
)
from zoomcall.usecases.signing_in import AskSecret, OpenStore

VARIABLE = "ZOOMCALL_WEBHOOK_SECRET"
FILE_VARIABLE = "ZOOMCALL_WEBHOOK_SECRET_FILE"
WHERE_ZOOM_SHOWS_IT = "Zoom shows it as the secret token of the app, on the page where you add event subscriptions."


class NoWebhookSecret(NotConfigured):
    """There is no webhook secret, although everything that could hold one is readable."""


class HeldWebhookSecret(Struct, frozen=True):
    """The active webhook secret.

    Attributes:
        secret: The secret token.
        source: Where it was found.
        name: The variable or profile that holds it.
    """

    secret: Secret
    source: CredentialSource
    name: str


class WebhookSecretChange(Struct, frozen=True, kw_only=True):
    """A change to a profile's webhook secret.

    Attributes:
        profile: The profile's name.
        store: Where the secret is, or was, stored.
        was_there: Whether there was one before.
    """

    profile: str
    store: Store
    was_there: bool


def find_webhook_secret(
    environ: Mapping[str, str],
    *,
    profile: str | None,
    config: ConfigReader,
    read_secret_file: ReadSecretFile,
    read_stored_secret: ReadStoredSecret,
    warn: Warn,
) -> HeldWebhookSecret:
    """Return the first webhook secret: of a named profile, of the environment, or of the current profile.

    Args:
        environ: The environment; an empty variable counts as unset.
        profile: ``-p``.
        config: The profiles.
        read_secret_file: Reads a file that a variable names.
        read_stored_secret: Reads a profile's webhook secret from its store.
        warn: Called with warnings for the user.

    Raises:
        NotConfigured: There is none, or it cannot be read.
        UsageError: A variable or name is invalid.
    """
    if profile is None:
        found = _in_environment(environ, read_secret_file, warn)
        if found is not None:
            return found
    profiles = config.read()
    if profile is None and not environ.get("ZOOMCALL_PROFILE") and profiles.current is None:
        raise _none_anywhere(profiles.names)
    stored = chosen_profile(environ, profile=profile, config=profiles)
    secret = read_stored_secret(stored)
    if secret is None:
        raise NoWebhookSecret(
            f"no webhook secret: the {stored.store} holds none for profile {stored.name!r}"
            + ("" if profile else f", and {VARIABLE} is not set"),
            fix=f"Store it, or set {VARIABLE} or {FILE_VARIABLE}. {WHERE_ZOOM_SHOWS_IT}",
            command=f"zoomcall webhook secret set -p {stored.name}",
        )
    return HeldWebhookSecret(secret, CredentialSource(stored.store.value), stored.name)


def _none_anywhere(names: tuple[str, ...]) -> NoWebhookSecret:
    how = f"Set {VARIABLE} or {FILE_VARIABLE}, or store it in a profile"
    return NoWebhookSecret(
        "no webhook secret: none in the environment, and no profile is current",
        fix=f"{how}{'' if names else ', after zoomcall auth login'}. {WHERE_ZOOM_SHOWS_IT}",
        command=f"zoomcall webhook secret set{f' -p {names[0]}' if names else ''}",
    )


def chosen_profile(environ: Mapping[str, str], *, profile: str | None, config: Config) -> Profile:
    """Return the named profile, or the current one.

    Raises:
        NotConfigured: There is no such profile, or none is current.
        UsageError: The name is invalid.
    """
    if profile is not None:
        return config.profile(parse_profile_name(profile, origin="-p"))
    named = environ.get("ZOOMCALL_PROFILE")
    if named:
        parse_profile_name(named, origin="ZOOMCALL_PROFILE")
        with blaming("ZOOMCALL_PROFILE"):
            return config.profile(named)
    if config.current is not None:
        return config.profile(config.current)
    raise NoWebhookSecret(
        "no webhook secret: none in the environment, and no profile is current",
        fix=f"Set {VARIABLE} or {FILE_VARIABLE}, or log in and store it with `zoomcall webhook secret set`. "
        + WHERE_ZOOM_SHOWS_IT,
        command="zoomcall auth login",
    )


def _in_environment(
    environ: Mapping[str, str], read_secret_file: ReadSecretFile, warn: Warn
) -> HeldWebhookSecret | None:
    sources = ((CredentialSource.ENV, VARIABLE), (CredentialSource.ENV_FILE, FILE_VARIABLE))
    given = [(source, name) for source, name in sources if environ.get(name)]
    if not given:
        return None
    if len(given) > 1:
        warn(file_ignored(VARIABLE, FILE_VARIABLE))
    source, name = given[0]
    secret = read_variable(environ, name, source, read_secret_file, warn)
    warn_of_surplus(secret, place_of(environ, name, source), warn)
    return HeldWebhookSecret(secret, source, name)


def store_webhook_secret(profile: Profile, *, ask_secret: AskSecret, open_store: OpenStore) -> WebhookSecretChange:
    """Store a webhook secret in the same place as a profile's own secret.

    Args:
        profile: The profile.
        ask_secret: Returns the secret; called once the store has proved to work.
        open_store: Returns the store.

    Raises:
        NotConfigured: The store cannot be used.
    """
    store = open_store(profile.store)
    account = profile.webhook_account
    previous = store.previous(account, profile.keyring_backend)
    store.write(account, ask_secret())
    return WebhookSecretChange(profile=profile.name, store=profile.store, was_there=previous is not None)


def remove_webhook_secret(profile: Profile, *, open_store: OpenStore) -> WebhookSecretChange:
    """Remove a profile's webhook secret, if there is one.

    Raises:
        NotConfigured: The store cannot be used.
    """
    was_there = open_store(profile.store).remove(profile.webhook_account, profile.keyring_backend)
    return WebhookSecretChange(profile=profile.name, store=profile.store, was_there=was_there)
