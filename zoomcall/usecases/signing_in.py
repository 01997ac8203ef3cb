"""Stores and removes credentials (contract 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.credential import CredentialKind, HeldCredential
from zoomcall.domain.profile import Config, Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import parse_bearer
from zoomcall.domain.sign_in import UserApp, tokens_of_item
from zoomcall.domain.token import read_token
from zoomcall.errors import ErrorKind, NetworkFault, NotConfigured, UsageError, ZoomcallError
from zoomcall.usecases.resolving import ConfigReader

AskSecret = Callable[[], Secret]

WHICH_KEYS: Mapping[CredentialKind, tuple[str, ...]] = {
    CredentialKind.VIDEOSDK: (
        (
            "Zoom gives a Video SDK account two key pairs. This is the API key and API secret, for REST calls;"
            " the SDK key and SDK secret only let people join, and would be refused."
        ),
        (
            "Find it in Zoom's web portal: Plans and Billing, Plan Management, Advanced, Zoom CPaaS, Manage,"
            " Build App, in the block called API keys."
        ),
    ),
    CredentialKind.S2S: (
        "These are the account id, client id and client secret of a server-to-server OAuth app.",
        "Find them on marketplace.zoom.us: Manage, your app, App Credentials.",
    ),
    CredentialKind.TOKEN: (
        (
            "This is a bearer token that goes to Zoom as it is: an OAuth access token, or a Build API key"
            " (Platform Studio, Credentials, API Keys). Zoom's OAuth tokens expire after an hour."
        ),
    ),
    CredentialKind.OAUTH: (
        "You sign in on Zoom's page, and allow an OAuth app (a user's or an admin's) to act for you.",
        (
            "Find its client ID on marketplace.zoom.us: Manage, your app, App Credentials; Use Public Client OAuth"
            " shows the one that needs no secret. The app's redirect URL must be http://127.0.0.1/callback."
        ),
    ),
}
"""Which credential is meant, and where Zoom shows it (zoom-api 1.4)."""


class ConfigKeeper(ConfigReader, Protocol):
    """Edits the profiles too; an edit is made completely or not at all, and returns the new state."""

    def editing(self) -> AbstractContextManager[None]:
        """Keep every other writer away; raise ``NotConfigured`` if the profiles cannot be edited."""

    def put(self, profile: Profile) -> Config:
        """Add or replace a profile; the first becomes current."""

    def remove(self, name: str) -> Config:
        """Remove a profile."""


class SecretStore(Protocol):
    """Stores secrets by account, which is a profile's name."""

    def previous(self, account: str, backend: str | None = None) -> Secret | None:
        """Return the stored secret, to be put back if need be; None if there is none."""

    def write(self, account: str, secret: Secret) -> str | None:
        """Store a secret and return the name of the backend that took it, if it has a name."""

    def remove(self, account: str, backend: str | None = None) -> bool:
        """Remove a secret; return whether there was one."""

    def removal(self, account: str, backend: str | None = None) -> str:
        """Return a command line that removes a secret without this program."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no account, as far as it can tell."""

    def clear(self) -> None:
        """Remove what it has of any account, as far as it can tell."""


_UNANSWERED = Notice(
    "not-stored", "the credential was not checked, so nothing was stored; --no-verify stores it unchecked"
)

OpenStore = Callable[[Store], SecretStore]

Revoke = Callable[[Profile, UserApp, Secret], None]
"""Ends a sign-in at Zoom, by one of its tokens."""

CredentialCheck = Callable[[HeldCredential], None]
"""Tries a credential with one request, and raises the error that comes of it: a Video SDK pair and a token for
sessions read ``webhook_logs``, a server-to-server app gets a token, a token for meetings reads ``users/me``."""


class Login(Struct, frozen=True, kw_only=True):
    """What a login did.

    Attributes:
        profile: As it was stored.
        held: The credential itself.
        is_verified: Zoom accepted it.
        is_current: It is now the current profile.
        has_replaced: A profile with this name existed before.
    """

    profile: Profile
    held: HeldCredential
    is_verified: bool
    is_current: bool
    has_replaced: bool


class Logout(Struct, frozen=True, kw_only=True):
    """What a logout did.

    Attributes:
        name: The profile's name; None if none was named and none is current.
        was_found: The profile existed.
        was_current: It was the current one; now none is.
        is_revoked: A user's sign-in was ended at Zoom; None if there was none.
        others: The remaining profiles.
    """

    name: str | None
    was_found: bool = False
    was_current: bool = False
    is_revoked: bool | None = None
    others: tuple[str, ...] = ()


class Departure(Struct, frozen=True, kw_only=True):
    """What became of one profile when all were to be removed.

    Attributes:
        name: Its name.
        kind: Its kind; None if it cannot be read.
        store: Where its secret was; None if it cannot be read.
        done: What the logout did; None if it failed.
        left: What the user should know of it.
        problem: Why it was kept.
    """

    name: str
    kind: CredentialKind | None
    store: Store | None
    done: Logout | None = None
    left: tuple[Notice, ...] = ()
    problem: NotConfigured | None = None


def login(
    draft: Profile,
    *,
    ask_secret: AskSecret,
    check: CredentialCheck | None,
    config: ConfigKeeper,
    open_store: OpenStore,
    warn: Warn,
    client_secret: Secret | None = None,
) -> Login:
    """Check a credential and store it: the secret and the profile, or neither.

    Args:
        draft: The profile to store.
        ask_secret: Returns the secret; asked once it is known that it can be stored.
        check: Asks Zoom; None stores the credential unchecked.
        config: The profiles.
        open_store: Opens a store of secrets.
        warn: Receives what the user should know.
        client_secret: Of the app that a user signs in to, if it is a confidential one.

    Raises:
        ZoomRefused: Zoom refused the credential; nothing is stored.
        NetworkFault: Zoom could not be asked; nothing is stored.
        NotConfigured: The secret or the profile cannot be stored; neither is.
        UsageError: The name differs from another only by case, or nothing tells what a token is for.
    """
    with config.editing():  # shows, before anyone types, that the profile can be stored
        older = _older(draft.name, config.read())
    store = open_store(draft.store)
    _previous_secret(store, draft, older)  # so does this of the secret; it also asks to unlock the keyring
    draft, secret = _with_secret(draft, ask_secret(), is_checked=check is not None, warn=warn)
    is_verified = check is not None and _is_accepted(_held(draft, secret), check, warn)
    with config.editing():
        before = config.read()
        older = _older(draft.name, before)
        draft = _with_subscription(draft, older)
        previous = _previous_secret(store, draft, older)
        _tie(older, previous, config)
        changes = [_Change(draft.name, secret, previous)]
        if draft.kind is CredentialKind.OAUTH:  # first, since it is of no use alone
            account = draft.client_account
            changes.insert(0, _Change(account, client_secret, store.previous(account)))
        profile, after = _store_all(draft.tied_to(secret), changes, config, store, warn)
        has_replaced = profile.name in before.names
        if has_replaced:
            warn(Notice("profile-replaced", f"profile {profile.name!r} already existed and was replaced"))
        _move_rest(older, profile, open_store, warn)
    return Login(
        profile=profile,
        held=_held(profile, secret),
        is_verified=is_verified,
        is_current=after.current == profile.name,
        has_replaced=has_replaced,
    )


def _older(name: str, before: Config) -> Profile | None:
    """Return the profile to be replaced; refuse a name that a keyring or file system may confuse with another."""
    for known in before.names:
        if known != name and known.lower() == name.lower():
            raise UsageError(
                f"profile {name!r} differs from {known!r} only by case, which not every keyring distinguishes",
                fix=f"Use -p {known} to replace it, or another name.",
            )
    return before.profiles.get(name)


def _with_subscription(draft: Profile, older: Profile | None) -> Profile:
    """Keep the websocket subscription of the same app, unless another is named."""
    is_same_app = older is not None and (older.kind, older.client_id) == (draft.kind, draft.client_id)
    if older is None or not is_same_app or draft.websocket_subscription_id is not None:
        return draft
    return replace(draft, websocket_subscription_id=older.websocket_subscription_id)


def _previous_secret(store: SecretStore, draft: Profile, older: Profile | None) -> Secret | None:
    """Return the secret stored before."""
    backend = older.keyring_backend if older is not None and older.store is draft.store else None
    return store.previous(draft.name, backend)


def _with_secret(draft: Profile, secret: Secret, *, is_checked: bool, warn: Warn) -> tuple[Profile, Secret]:
    if not draft.kind.is_bearer:
        return draft, secret
    token, has_surplus = parse_bearer(secret.reveal(), name="the token")
    if has_surplus:
        warn(Notice("token-trimmed", "the word Bearer before the token was dropped"))
    api = draft.api or read_token(token.reveal()).kind.api
    if api is None and is_checked:
        raise UsageError(
            "nothing tells which of Zoom's APIs this token is for, so it cannot be checked",
            fix="Add --for session or --for meeting, or --no-verify.",
        )
    return replace(draft, api=api), token


def _held(profile: Profile, secret: Secret) -> HeldCredential:
    return HeldCredential(
        credential=profile.credential(secret),
        label=profile.label,
        profile=profile.name,
        is_explicit=True,
        api=profile.api,
        api_base=None if profile.api_base is None else ApiBase(profile.api_base),
        oauth_base=None if profile.oauth_base is None else ApiBase(profile.oauth_base),
    )


def _is_accepted(held: HeldCredential, check: CredentialCheck, warn: Warn) -> bool:
    """Ask Zoom whether it accepts the credential; False if Zoom could not tell.

    Any refusal for another reason shows that it does: scopes and plans do not matter here. A limit or a fault shows
    nothing, so the credential is stored with a warning. Only a token proves a server-to-server app.
    """
    try:
        check(held)
    except ZoomRefused as error:
        if error.kind is ErrorKind.AUTH:
            error.fix = " ".join(WHICH_KEYS[held.label.kind])
            warn(Notice("not-stored", "Zoom refused the credential, so nothing was stored"))
            raise
        if held.label.kind is CredentialKind.S2S:
            warn(_UNANSWERED)
            raise
        if error.kind in {ErrorKind.RATE_LIMITED, ErrorKind.ZOOM_FAULT}:
            warn(Notice("credential-unchecked", f"Zoom could not check the credential: {error.message}"))
            return False
    except NetworkFault:
        warn(_UNANSWERED)
        raise
    return True


def _tie(older: Profile | None, previous: Secret | None, config: ConfigKeeper) -> None:
    """Tie a profile of an older version to its secret before the secret is replaced.

    If the process is killed before the profile is replaced as well, the older key then refuses the new secret.
    """
    if older is not None and older.secret_check is None and previous is not None:
        config.put(older.tied_to(previous))


class _Change(Struct, frozen=True):
    """One account's new secret and its present one; None if it has none."""

    account: str
    secret: Secret | None
    previous: Secret | None


def _store_all(
    profile: Profile, changes: Sequence[_Change], config: ConfigKeeper, store: SecretStore, warn: Warn
) -> tuple[Profile, Config]:
    """Store the secrets, the profile's own last, and then the profile; undo all of it if one step fails."""
    backend = None
    try:
        for change in changes:
            if change.secret is not None:
                backend = store.write(change.account, change.secret)
            elif change.previous is not None:
                store.remove(change.account)
        profile = replace(profile, keyring_backend=backend)
        return profile, config.put(profile)
    except BaseException as error:
        left = [change for change in changes if not _is_put_back(store, change.account, change.previous)]
        if left:
            where = f"the secret that this login was given may still be in the {profile.store}"
            if all(change.previous is None for change in left):
                _tell_left(error, where, store.removal(left[-1].account, profile.keyring_backend), warn)
            else:
                where += "; until the next login the profile cannot be used"
                _tell_left(error, where, profile.login_line, warn)
        raise


def _is_put_back(store: SecretStore, account: str, previous: Secret | None) -> bool:
    """Undo a write if possible, and return whether it was."""
    try:
        if store.previous(account) == previous:
            return True
        if previous is None:
            store.remove(account)
        else:
            store.write(account, previous)
    except NotConfigured:
        return False
    return True


def _tell_left(error: BaseException, what: str, command: str, warn: Warn) -> None:
    """Say what an undo left, with the command that puts it right; an error that has a fix carries it."""
    if isinstance(error, ZoomcallError):
        error.fix = " ".join((f"{what[0].upper()}{what[1:]}.", error.fix or "")).strip()
        error.command = command
    else:
        warn(Notice("undo-failed", f"{what}: {command}"))


def _move_rest(older: Profile | None, profile: Profile, open_store: OpenStore, warn: Warn) -> None:
    """Forget what the replaced profile leaves; out of a different store the webhook secret moves along."""
    if older is None:
        return
    left, account = open_store(older.store), older.webhook_account
    if older.store is profile.store:
        if {older.kind, profile.kind} != {CredentialKind.OAUTH}:  # from app to app the login itself has seen to it
            for each in _more_accounts(older):
                _forget(each, older, left, warn)
        return
    try:
        webhook_secret = left.previous(account, older.keyring_backend)
        if webhook_secret is not None:
            open_store(profile.store).write(account, webhook_secret)
        for each in (older.name, account, *_more_accounts(older)):
            left.remove(each, older.keyring_backend)
    except NotConfigured as error:
        removal = left.removal(older.name, older.keyring_backend)
        warn(Notice("old-secret-left", f"a secret may still be in the {older.store} ({error.message}): {removal}"))


def _more_accounts(profile: Profile) -> tuple[str, ...]:
    match profile.kind:
        case CredentialKind.OAUTH:
            return (profile.client_account,)
        case CredentialKind.S2S:
            return (profile.token_account,)
        case CredentialKind.VIDEOSDK | CredentialKind.TOKEN:
            return ()


def logout(name: str | None, *, config: ConfigKeeper, open_store: OpenStore, revoke: Revoke, warn: Warn) -> Logout:
    """Remove a profile and its secret: both, or neither.

    Args:
        name: The profile; None for the current one.
        config: The profiles.
        open_store: Opens a store of secrets.
        revoke: Ends a user's sign-in at Zoom, before its tokens are forgotten.
        warn: Receives what the user should know.

    Raises:
        NotConfigured: The secret or the profile cannot be removed; neither is.
    """
    before = config.read()
    if (name or before.current) not in before.names:
        return Logout(name=name or before.current, others=before.names)
    with config.editing():
        return _logout(name, config, open_store, revoke, warn)


def _logout(name: str | None, config: ConfigKeeper, open_store: OpenStore, revoke: Revoke, warn: Warn) -> Logout:
    before = config.read()
    name = name or before.current
    if name is None or name not in before.names:
        return Logout(name=name, others=before.names)
    profile = before.profiles.get(name)
    is_revoked = None
    if profile is None:
        stores = " or ".join(open_store(place).removal(name) for place in Store)
        what = f"profile {name!r} could not be read; its secret may still be stored: {stores}"
        warn(Notice("old-secret-left", what))
        after = config.remove(name)
    else:
        store = open_store(profile.store)
        is_revoked = _revoke(profile, store, revoke, warn)
        after = _remove_both(profile, before, config, store, warn)
        for account in (profile.webhook_account, *_more_accounts(profile)):
            _forget(account, profile, store, warn)
    was_current = before.current == name
    return Logout(name=name, was_found=True, was_current=was_current, is_revoked=is_revoked, others=after.names)


def logout_all(*, config: ConfigKeeper, open_store: OpenStore, revoke: Revoke, warn: Warn) -> tuple[Departure, ...]:
    """Remove every profile and its secret; one that cannot be removed keeps no other.

    Arguments as for ``logout``.

    Raises:
        NotConfigured: The profiles cannot be read, or secrets that belong to none of them not be removed.
    """
    before = config.read()
    departures = tuple(_departure(name, before, config, open_store, revoke, warn) for name in before.names)
    files = open_store(Store.FILE)
    if not files.is_empty:  # a login that was killed may have left a secret without a profile
        with config.editing():
            if not config.read().names:
                files.clear()
    return departures


def _departure(
    name: str, before: Config, config: ConfigKeeper, open_store: OpenStore, revoke: Revoke, warn: Warn
) -> Departure:
    profile = before.profiles.get(name)
    departure = Departure(
        name=name, kind=None if profile is None else profile.kind, store=None if profile is None else profile.store
    )
    left: list[Notice] = []

    def note(notice: Notice) -> None:
        left.append(notice)
        warn(notice)

    try:
        done = logout(name, config=config, open_store=open_store, revoke=revoke, warn=note)
    except NotConfigured as error:
        return replace(departure, left=tuple(left), problem=error)
    return replace(departure, done=done, left=tuple(left))


def _remove_both(profile: Profile, before: Config, config: ConfigKeeper, store: SecretStore, warn: Warn) -> Config:
    try:
        previous = store.previous(profile.name, profile.keyring_backend)
        store.remove(profile.name, profile.keyring_backend)
    except NotConfigured as error:
        error.fix = (
            f"Profile {profile.name!r} was kept because its secret could not be removed. If the store is gone for "
            f"good, delete [profiles.{profile.name}] from {before.place}. {error.fix or ''}"
        ).strip()
        raise
    try:
        return config.remove(profile.name)
    except BaseException as error:
        if previous is not None and not _is_put_back(store, profile.name, previous):
            what = f"the secret of profile {profile.name!r} is gone, but the profile is still listed"
            _tell_left(error, what, f"zoomcall auth logout -p {profile.name}", warn)
        raise


def _revoke(profile: Profile, store: SecretStore, revoke: Revoke, warn: Warn) -> bool | None:
    """End a user's sign-in at Zoom if possible; what cannot be revoked is told, and forgotten all the same.

    Returns:
        Whether it was ended; None if there is none.
    """
    if profile.kind is not CredentialKind.OAUTH:
        return None
    item = store.previous(profile.name, profile.keyring_backend)
    tokens = None if item is None else tokens_of_item(item, profile.client_id)
    if tokens is None:
        return None
    try:
        app = UserApp(profile.client_id, store.previous(profile.client_account, profile.keyring_backend))
        revoke(profile, app, tokens.access.text)
    except (ZoomRefused, NetworkFault, UsageError) as error:
        what = f"the sign-in was not revoked at Zoom ({error.message}); its last token expires within the hour"
        warn(Notice("not-revoked", what))
        return False
    return True


def _forget(account: str, profile: Profile, store: SecretStore, warn: Warn) -> None:
    try:
        store.remove(account, profile.keyring_backend)
    except NotConfigured as error:
        removal = store.removal(account, profile.keyring_backend)
        what = f"a secret may still be in the {profile.store} ({error.message}): {removal}"
        warn(Notice("old-secret-left", what))
