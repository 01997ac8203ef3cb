"""Finds the active credential: a named profile, the environment, or the current profile (contract 5, 11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.api_base import ApiBase, parse_base
from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.credential import (
    Credential,
    CredentialKind,
    CredentialLabel,
    CredentialSource,
    HeldCredential,
    assemble,
)
from zoomcall.domain.profile import STORED_KINDS, Config, Profile, parse_profile_name
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import parse_bearer, parse_key, surplus_of
from zoomcall.domain.target import Api
from zoomcall.errors import CorruptConfig, NotConfigured, UsageError, blaming

ReadSecretFile = Callable[[Path, str], tuple[Secret, tuple[Notice, ...]]]
ReadStoredSecret = Callable[[Profile], Secret | None]


class ConfigReader(Protocol):
    """Reads ``config.toml``."""

    def read(self) -> Config:
        """Return the profiles; raise ``NotConfigured`` if the file cannot be used."""


# A bearer takes precedence over the other kinds; a user's sign-in is never in the environment.
_READ_ORDER = sorted((kind for kind in CredentialKind if kind.secret_variable), key=lambda kind: not kind.is_bearer)


class InEnvironment(Struct, frozen=True):
    """A complete credential in variables, whose secret has not been read.

    Attributes:
        label: Kind, source and the variable with the secret.
        shadowed: The variable with a file of the same secret, if that is set too.
    """

    label: CredentialLabel
    shadowed: CredentialLabel | None = None

    @property
    def kind(self) -> CredentialKind:
        """Its kind."""
        return self.label.kind


class Choice(Struct, frozen=True, kw_only=True):
    """The active credential, before any secret is read.

    Attributes:
        holder: Where it is.
        is_explicit: Whether it was chosen with ``-p``.
        hidden: What it overrides.
    """

    holder: Profile | InEnvironment
    is_explicit: bool = False
    hidden: tuple[CredentialLabel, ...] = ()

    @property
    def label(self) -> CredentialLabel:
        """Kind, source and name."""
        return self.holder.label


def resolve(
    environ: Mapping[str, str],
    *,
    profile: str | None,
    api: Api | None,
    config: ConfigReader,
    read_secret_file: ReadSecretFile,
    read_stored_secret: ReadStoredSecret,
    warn: Warn,
) -> HeldCredential:
    """Return the active credential, including its secret.

    Args:
        environ: The environment; an empty variable counts as unset.
        profile: ``-p``.
        api: The API that it must serve: the target's, or ``--for``; None if any will do.
        config: The profiles.
        read_secret_file: Reads a file that a variable names.
        read_stored_secret: Reads a profile's secret from its store; called only for the active credential.
        warn: Called with warnings for the user.

    Raises:
        NotConfigured: There is none, only a part of one, none that serves ``api``, or its secret cannot be read.
        UsageError: A variable or name is invalid, or ``api`` is needed to choose.
    """
    choice = choose(environ, profile=profile, api=api, config=config, warn=warn)
    match choice.holder:
        case Profile() as stored:
            return _take_stored(environ, choice, stored, read_stored_secret)
        case InEnvironment() as found:
            return HeldCredential(
                credential=_read_environment(environ, found, read_secret_file, warn),
                label=choice.label,
                place=place_of(environ, found.label.name, found.label.source),
                hidden=choice.hidden,
            )


def choose(
    environ: Mapping[str, str], *, profile: str | None, api: Api | None, config: ConfigReader, warn: Warn
) -> Choice:
    """Return the active credential without reading a secret; arguments and errors are as in ``resolve``."""
    if profile is not None:
        return _choose_named(environ, parse_profile_name(profile, origin="-p"), api, config.read())
    preferred = environ.get("ZOOMCALL_PROFILE") or None
    if preferred is not None:
        parse_profile_name(preferred, origin="ZOOMCALL_PROFILE")
    found = _whole_credentials(environ)
    if found:
        return _choose_in_environment(environ, found, api, _labels_behind(environ, config, warn), warn)
    return _choose_stored(preferred, api, config.read())


def environment_labels(environ: Mapping[str, str]) -> tuple[CredentialLabel, ...]:
    """Return the complete credentials of the environment, which override the current profile."""
    return _labels(_partial_credentials(environ))


def _choose_named(environ: Mapping[str, str], name: str, api: Api | None, stored: Config) -> Choice:
    profile = stored.profile(name)
    _require_service(profile.label, api, stored)
    outvoted = [*environment_labels(environ), *_stored_labels(environ, stored)]
    return Choice(
        holder=profile, is_explicit=True, hidden=tuple(label for label in outvoted if label != profile.label)
    )


def _api_of_target(environ: Mapping[str, str]) -> Api | None:
    """Return the API of the target that the environment names, if it names one."""
    is_session = bool(environ.get("ZOOMCALL_SESSION") or environ.get("ZOOMCALL_SESSION_NAME"))
    is_meeting = bool(environ.get("ZOOMCALL_MEETING"))
    if is_session == is_meeting:
        return None
    return Api.SESSION if is_session else Api.MEETING


def _choose_in_environment(
    environ: Mapping[str, str],
    found: tuple[InEnvironment, ...],
    api: Api | None,
    behind: tuple[CredentialLabel, ...],
    warn: Warn,
) -> Choice:
    serving = [each for each in found if api is None or api in each.kind.serves]
    if len(serving) > 1 and api is None and not serving[0].kind.is_bearer:
        wanted = _api_of_target(environ)
        serving = [each for each in serving if wanted is None or wanted in each.kind.serves] or serving
    if api is not None and not serving:
        raise _no_service(", ".join(_shown(each.label) for each in found), api)
    if len(serving) > 1 and not serving[0].kind.is_bearer:
        names = " and ".join(f"{(*each.kind.key_variables, each.label.name)[0]} ({each.kind})" for each in serving)
        raise UsageError(
            f"the environment holds two credentials, {names}, and it is not clear which to use",
            fix="Add --for session or --for meeting, or unset one of them.",
        )
    winner = serving[0]
    if winner.shadowed is not None:
        warn(file_ignored(winner.label.name, winner.shadowed.name))
    others = (label for label in _labels(found) if label != winner.label)
    return Choice(holder=winner, hidden=(*others, *behind))


def _choose_stored(preferred: str | None, api: Api | None, stored: Config) -> Choice:
    name = preferred or stored.current
    if name is None:
        raise _nothing_chosen(stored, api)
    with blaming("ZOOMCALL_PROFILE" if preferred else None):
        profile = stored.profile(name)
        _require_service(profile.label, api, stored)
    current = stored.profiles.get(stored.current or "")
    return Choice(holder=profile, hidden=() if current is None or current == profile else (current.label,))


def _nothing_chosen(stored: Config, api: Api | None) -> NotConfigured:
    if stored.names:
        return NotConfigured(
            f"no current profile; profiles: {', '.join(stored.names)}",
            fix="Choose one, or name one with -p.",
            command=f"zoomcall auth switch {stored.names[0]}",
        )
    wanted = "" if api is None else f" for a {api}"
    pairs = {
        Api.SESSION: "ZOOMCALL_API_KEY and ZOOMCALL_API_SECRET",
        Api.MEETING: "ZOOMCALL_ACCOUNT_ID, ZOOMCALL_CLIENT_ID and ZOOMCALL_CLIENT_SECRET",
    }
    variables = " or ".join(text for key, text in pairs.items() if api in {None, key})
    return NotConfigured(
        f"no credential{wanted}: none in the environment, and no stored profile",
        fix=f"Log in, or set {variables}. Without an account: zoomcall emulate.",
        command="zoomcall auth login" if api is None else f"zoomcall auth login --kind {_kinds_for(api)[0]}",
    )


def _kinds_for(api: Api | None) -> tuple[CredentialKind, ...]:
    return tuple(kind for kind in STORED_KINDS if api is None or api in kind.serves)


def _require_service(label: CredentialLabel, api: Api | None, stored: Config) -> None:
    if api is not None and api not in label.kind.serves:
        able = [name for name, profile in stored.profiles.items() if api in profile.kind.serves]
        raise _no_service(_shown(label), api, sorted(able))


def _no_service(held: str, api: Api, able: Iterable[str] = ()) -> NotConfigured:
    *most, last = _kinds_for(api)
    kinds = f"{', '.join(most)} or {last}" if most else last
    others = list(able)
    return NotConfigured(
        f"a {api} needs a credential of kind {kinds}, but there is only {held}",
        fix=f"Use another profile: -p {' or -p '.join(others)}." if others else f"Log in with kind {kinds}.",
        command=None if others else f"zoomcall auth login --kind {_kinds_for(api)[0]} -p {api}",
    )


def _shown(label: CredentialLabel) -> str:
    return f"{label.variable or f'profile {label.name!r}'} of kind {label.kind}"


def _labels_behind(environ: Mapping[str, str], config: ConfigReader, warn: Warn) -> tuple[CredentialLabel, ...]:
    """Return the profiles that the environment overrides; an unreadable file is only a warning then."""
    try:
        return _stored_labels(environ, config.read())
    except CorruptConfig:
        raise
    except NotConfigured as error:
        warn(Notice("config-unreadable", error.message))
        return ()


def _stored_labels(environ: Mapping[str, str], stored: Config) -> tuple[CredentialLabel, ...]:
    names = dict.fromkeys(name for name in (environ.get("ZOOMCALL_PROFILE"), stored.current) if name)
    return tuple(stored.profiles[name].label for name in names if name in stored.profiles)


def _labels(found: Iterable[InEnvironment]) -> tuple[CredentialLabel, ...]:
    return tuple(label for each in found for label in (each.label, each.shadowed) if label is not None)


def _partial_credentials(environ: Mapping[str, str]) -> tuple[InEnvironment, ...]:
    """Return the complete credentials; leave out incomplete ones."""
    return tuple(found for kind in _READ_ORDER if (found := _look(environ, kind)) and not _missing(environ, kind))


def _whole_credentials(environ: Mapping[str, str]) -> tuple[InEnvironment, ...]:
    """Return the complete credentials.

    Raises:
        NotConfigured: One is incomplete.
        UsageError: A key is invalid.
    """
    for kind in _READ_ORDER:
        missing = _missing(environ, kind)
        given = [name for name in (*kind.key_variables, *_secret_variables(kind)) if environ.get(name)]
        if given and missing:
            raise NotConfigured(
                f"{' and '.join(given)} is set, but {' and '.join(missing)} is not",
                fix=f"Set {' and '.join(missing)} too, or unset {' and '.join(given)}.",
            )
        for name in kind.key_variables:
            if environ.get(name):
                parse_key(environ[name], name=name)
    return _partial_credentials(environ)


def _secret_variables(kind: CredentialKind) -> tuple[str, ...]:
    """Return the variable of a kind's secret, and the variable that names a file with it."""
    return () if kind.secret_variable is None else (kind.secret_variable, f"{kind.secret_variable}_FILE")


def _missing(environ: Mapping[str, str], kind: CredentialKind) -> list[str]:
    missing = [name for name in kind.key_variables if not environ.get(name)]
    secrets = _secret_variables(kind)
    if secrets and not any(environ.get(name) for name in secrets):
        missing.append(f"{secrets[0]} (or {secrets[1]})")
    return missing


def _look(environ: Mapping[str, str], kind: CredentialKind) -> InEnvironment | None:
    sources = zip(_secret_variables(kind), (CredentialSource.ENV, CredentialSource.ENV_FILE), strict=False)
    found = [CredentialLabel(kind, source, name) for name, source in sources if environ.get(name)]
    return InEnvironment(*found) if found else None


def _read_environment(
    environ: Mapping[str, str], found: InEnvironment, read_secret_file: ReadSecretFile, warn: Warn
) -> Credential:
    name = found.label.name
    secret = read_variable(environ, name, found.label.source, read_secret_file, warn)
    kind = found.kind
    if kind.is_bearer:
        secret, has_surplus = parse_bearer(secret.reveal(), name=name)
        if has_surplus:
            warn(Notice("token-trimmed", f"{name}: removed a line break or the word Bearer from around the token"))
    else:
        warn_of_surplus(secret, place_of(environ, found.label.name, found.label.source), warn)
    keys = {key: environ[variable] for key, variable in zip(kind.keys, kind.key_variables, strict=True)}
    return assemble(kind, keys, secret)


def read_variable(
    environ: Mapping[str, str], name: str, source: CredentialSource, read_secret_file: ReadSecretFile, warn: Warn
) -> Secret:
    """Read the secret in a variable, or in the file that a variable names.

    Raises:
        NotConfigured: The file cannot be used.
        UsageError: The variable is not valid UTF-8.
    """
    if source is CredentialSource.ENV_FILE:
        secret, notices = read_secret_file(Path(environ[name]), name)
        for notice in notices:
            warn(notice)
        return secret
    try:
        environ[name].encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} is not valid UTF-8", fix="Copy the secret again.") from None
    return Secret(environ[name])


def file_ignored(variable: str, file_variable: str) -> Notice:
    """Return the warning that a secret and a file with it are both given."""
    return Notice("secret-file-ignored", f"{variable} and {file_variable} are both set; the file is not read")


def place_of(environ: Mapping[str, str], name: str, source: CredentialSource) -> str:
    """Return where a secret of the environment is, in words: a variable, or the file that it names."""
    return f"{environ[name]} ({name})" if source is CredentialSource.ENV_FILE else name


def warn_of_surplus(secret: Secret, place: str, warn: Warn) -> None:
    """Warn of what was copied along with a secret, which is used unchanged.

    Raises:
        UsageError: It is not a secret but a placeholder for one.
    """
    surplus = surplus_of(secret.reveal())
    if surplus is None:
        return
    if surplus.bare is None:
        raise UsageError(f"{place} {surplus.what} ({surplus.cause})", fix=surplus.fix_at(place))
    warn(Notice(surplus.cause, f"{place} {surplus.what}, and is used unchanged; Zoom's secrets have none"))


def _take_stored(
    environ: Mapping[str, str], choice: Choice, profile: Profile, read_stored_secret: ReadStoredSecret
) -> HeldCredential:
    api_base = _base(environ, profile, "api_base", profile.api_base)
    oauth_base = _base(environ, profile, "oauth_base", profile.oauth_base)
    secret = read_stored_secret(profile)
    if secret is None:
        raise NotConfigured(
            f"the {profile.store} holds no secret for profile {profile.name!r}",
            fix="Log in again.",
            command=profile.login_line,
        )
    if not profile.owns(secret):
        raise NotConfigured(
            f"the secret that the {profile.store} holds for profile {profile.name!r} was not stored with its key,"
            " so it is not used",
            fix="Log in again. A login was interrupted, or the secret or config.toml was changed by other means.",
            command=profile.login_line,
        )
    return HeldCredential(
        credential=profile.credential(secret),
        label=choice.label,
        profile=profile.name,
        is_explicit=choice.is_explicit,
        hidden=choice.hidden,
        api=profile.api,
        api_base=api_base,
        oauth_base=oauth_base,
        websocket_subscription_id=profile.websocket_subscription_id,
    )


def _base(environ: Mapping[str, str], profile: Profile, key: str, text: str | None) -> ApiBase | None:
    if text is None:
        return None
    is_any_host_allowed = environ.get("ZOOMCALL_ALLOW_API_BASE", "").lower() in {"1", "true", "yes", "on"}
    return parse_base(text, variable=f"{key} of profile {profile.name!r}", is_any_host_allowed=is_any_host_allowed)
