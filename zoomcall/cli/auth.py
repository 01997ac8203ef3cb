"""``zoomcall auth``: store, show, choose and remove credentials."""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.answer import Answer
from zoomcall.cli.asking import ask_line, asked_again
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.results.auth import (
    AuthLoginResult,
    AuthStatusResult,
    AuthSwitchResult,
)
from zoomcall.cli.run import Run
from zoomcall.domain.api_base import GOV_API_BASE, GOV_OAUTH_BASE
from zoomcall.domain.credential import CredentialKind, HeldCredential, ServerToServerApp, SignedInUser
from zoomcall.domain.profile import (
    DEFAULT_PROFILE,
    STORED_KINDS,
    Profile,
    Store,
    parse_profile_name,
)
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import parse_key
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.sign_in import DEFAULT_PATH
from zoomcall.domain.target import Api
from zoomcall.errors import NotConfigured, UsageError
from zoomcall.usecases.identity import api_of, ask
from zoomcall.usecases.resolving import environment_labels
from zoomcall.usecases.signing_in import WHICH_KEYS, AskSecret, SecretStore
from zoomcall.usecases.signing_in import login as sign_in

app = typer.Typer()


class Kind(StrEnum):
    """``--kind``."""

    VIDEOSDK = "videosdk"
    S2S = "s2s"
    OAUTH = "oauth"
    TOKEN = "token"  # noqa: S105 - a word, not a token


class Cluster(StrEnum):
    """``--cluster``."""

    GLOBAL = "global"
    GOV = "gov"


class LoginFlags(Struct, frozen=True, kw_only=True):
    """The flags of ``auth login``."""

    kind: Annotated[Kind | None, typer.Option(help="Kind of credential.")] = None
    api_key: Annotated[str | None, typer.Option(metavar="KEY", help="API key of a Video SDK account.")] = None
    account_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Account ID of a server-to-server OAuth app.")
    ] = None
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="Client ID of an OAuth app.")] = None
    websocket_subscription_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Websocket event subscription of the app, for meetings.")
    ] = None
    api: Annotated[Api | None, typer.Option("--for", help="What a token is for.")] = None
    cluster: Annotated[Cluster, typer.Option(help="Zoom's cluster; gov is Zoom for Government.")] = Cluster.GLOBAL
    store: Annotated[Store, typer.Option(help="Where to keep the secret.")] = Store.KEYRING
    is_secret_piped: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input.")
    ] = False
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", metavar="FILE", help="Read the secret from a file.")
    ] = None
    redirect_path: Annotated[
        str, typer.Option(metavar="PATH", help="Path of the redirect URL that an app for --kind oauth has.")
    ] = DEFAULT_PATH
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port of that URL; 0 picks a free one.")
    ] = 0
    is_browserless: Annotated[
        bool, typer.Option("--no-browser", help="Print the address to sign in at, and open no browser.")
    ] = False
    is_on_device: Annotated[
        bool, typer.Option("--device", help="Sign in on another device, if the app allows that.")
    ] = False
    is_unchecked: Annotated[bool, typer.Option("--no-verify", help="Store it without asking Zoom.")] = False


@command(
    app,
    "login",
    CommandSpec(schema="zoomcall.auth.login/1"),
    examples=(
        "zoomcall auth login --kind videosdk --api-key KEY",
        "zoomcall auth login --kind s2s --account-id A --client-id C --secret-file F",
        "pass zoom | zoomcall auth login --kind videosdk --api-key K --secret-stdin",
        "zoomcall auth login --kind oauth --client-id ID",
        "zoomcall auth login --kind videosdk --api-key KEY --store file",
    ),
)
def login(run: Run, flags: LoginFlags) -> Answer:
    """Check a credential with Zoom and store it; the first one becomes the current profile.

    A Video SDK account has two key pairs: use the API key and secret, not the SDK key and secret. No flag takes a
    secret: it is read from a hidden prompt, standard input or a file. With --kind oauth a user signs in on Zoom's
    page; only a confidential app has a secret too.
    """
    is_given = flags.is_secret_piped or flags.secret_file is not None
    if run.is_interactive and flags.store is Store.KEYRING and not is_given:
        _try_keyring(run, flags)
    draft = _draft(run, flags)
    _refuse_foreign_flags(flags, draft.kind)
    ask_secret, client_secret = _secrets(run, draft, flags)
    done = sign_in(
        draft,
        ask_secret=ask_secret,
        check=None if flags.is_unchecked else lambda held: _check(run, held),
        config=run.wiring.config_writer,
        open_store=lambda place: store_at(run, place),
        warn=run.notice,
        client_secret=client_secret,
    )
    run.wiring.held = done.held
    warn_if_outvoted(run)
    result = AuthLoginResult(
        profile=done.profile.name,
        kind=done.profile.kind,
        key_id=done.profile.key_id,
        store=done.profile.store,
        verified=done.is_verified,
        current=done.is_current,
        replaced=done.has_replaced,
    )
    return Answer(page=_login_page(result, is_unchecked=flags.is_unchecked), result=result)


def _try_keyring(run: Run, flags: LoginFlags) -> None:
    """Open the keyring before anyone types, and offer the file in its place if there is none."""
    try:
        run.wiring.keyring.previous(named(run) or DEFAULT_PROFILE)
    except NotConfigured as error:
        kind = "" if flags.kind is None else f" --kind {flags.kind}"
        error.command = f"zoomcall auth login{kind} --store file"
        raise


def _secrets(run: Run, draft: Profile, flags: LoginFlags) -> tuple[AskSecret, Secret | None]:
    """Return what returns the secret, and the secret of the app that a user signs in to, if it has one."""
    from zoomcall.cli.secret_input import secret_source

    is_by_user = draft.kind is CredentialKind.OAUTH
    noun = "client secret" if is_by_user else draft.kind.noun
    if not is_by_user:
        return secret_source(run, noun, is_piped=flags.is_secret_piped, file=flags.secret_file), None
    from zoomcall.cli.browser import Way, signed_in

    way = Way(
        path=flags.redirect_path,
        port=flags.port,
        is_browserless=flags.is_browserless,
        is_on_device=flags.is_on_device,
    )
    client_secret = None
    if flags.is_secret_piped or flags.secret_file is not None:
        client_secret = secret_source(run, noun, is_piped=flags.is_secret_piped, file=flags.secret_file)()
    return partial(signed_in, run, draft, client_secret, way), client_secret


def _refuse_foreign_flags(flags: LoginFlags, kind: CredentialKind) -> None:
    given = {
        "--redirect-path": flags.redirect_path != DEFAULT_PATH,
        "--port": bool(flags.port),
        "--no-browser": flags.is_browserless,
        "--device": flags.is_on_device,
    }
    foreign = [name for name, is_given in given.items() if is_given]
    if foreign and kind is not CredentialKind.OAUTH:
        raise UsageError(f"{foreign[0]} needs --kind oauth")


def _draft(run: Run, flags: LoginFlags) -> Profile:
    """Return the profile to store, for which whatever is missing has been asked."""
    name = named(run) or DEFAULT_PROFILE
    kind = CredentialKind((flags.kind or _ask_kind(run)).value)
    if not run.options.is_quiet:
        run.say(tuple(Line(text, Tone.DIM) for text in WHICH_KEYS[kind]))
    keys = _keys(run, kind, {key: getattr(flags, key) for stored in STORED_KINDS for key in stored.keys})
    if flags.api is not None and len(kind.serves) == 1:
        raise UsageError(f"--for is for tokens; --kind {kind} serves only one of Zoom's APIs")
    subscription = flags.websocket_subscription_id
    if subscription is not None and kind is not CredentialKind.S2S:
        raise UsageError("--websocket-subscription-id needs --kind s2s: Zoom's websockets carry meeting events")
    return Profile(
        name=name,
        kind=kind,
        store=flags.store,
        **keys,
        api_base=GOV_API_BASE if flags.cluster is Cluster.GOV else None,
        oauth_base=GOV_OAUTH_BASE if flags.cluster is Cluster.GOV else None,
        api=flags.api,
        websocket_subscription_id=subscription and parse_key(subscription, name="--websocket-subscription-id"),
    )


@command(
    app,
    "status",
    CommandSpec(schema="zoomcall.auth.status/1"),
    examples=("zoomcall auth status", "zoomcall auth status -p prod --json"),
)
def status(
    run: Run,
    *,
    api: Annotated[
        Api | None, typer.Option("--for", help="Which credential to use if the environment has several.")
    ] = None,
) -> Answer:
    """Show the active credential, and whether its secret is readable, without asking Zoom.

    Exit code 3: there is no credential, or its secret cannot be read.
    """
    connection = run.wiring.connect(api)
    held = connection.held
    is_current = held.profile is not None and run.wiring.config.read().current == held.profile
    result = AuthStatusResult(
        profile=held.profile,
        kind=held.credential.kind,
        source=held.label.source,
        key_id=held.credential.key_id,
        api=held.api,
        api_base=connection.api_base,
        current=is_current,
        hidden=held.hidden,
    )
    return Answer(page=_status_page(result, held.label.name), result=result)


@command(app, "switch", CommandSpec(schema="zoomcall.auth.switch/1"), examples=("zoomcall auth switch prod",))
def switch(run: Run, name: Annotated[str, typer.Argument(metavar="NAME", help="The profile.")]) -> Answer:
    """Switch to another profile."""
    before = run.wiring.config.read()
    profile = before.profile(name)
    run.wiring.config_writer.switch(name)
    warn_if_outvoted(run)
    result = AuthSwitchResult(profile=name, kind=profile.kind, previous=before.current)
    return Answer(page=(Line(f"{name} is now the current profile", Tone.GOOD),), result=result)


def named(run: Run) -> str | None:
    """Return the profile that a flag or variable names."""
    if run.options.profile is not None:
        return parse_profile_name(run.options.profile, origin="-p")
    if run.settings.profile is not None:
        return parse_profile_name(run.settings.profile, origin="ZOOMCALL_PROFILE")
    return None


def store_at(run: Run, place: Store) -> SecretStore:
    """Return the store of secrets at a place."""
    return run.wiring.secret_files if place is Store.FILE else run.wiring.keyring


def _check(run: Run, held: HeldCredential) -> None:
    """Ask Zoom whether it accepts the credential, with one request."""
    if isinstance(held.credential, SignedInUser):
        return  # Zoom has just issued its tokens
    api = api_of(held, None)
    connection = run.wiring.connection_of(held, api)
    connection.refuse_wrong_bearer(api)
    if isinstance(held.credential, ServerToServerApp):
        connection.token()
    else:
        ask(connection.zoom, api, now=run.wiring.now, warn=run.notice)


def warn_if_outvoted(run: Run) -> None:
    """Warn of variables that override what was just stored or removed."""
    run.warn_if_outvoted([label.name for label in environment_labels(run.settings.environ)])


def _ask_kind(run: Run) -> Kind:
    if not run.is_interactive:
        raise UsageError("--kind is required", fix="Add --kind videosdk, --kind s2s, --kind oauth or --kind token.")
    kinds = tuple(CredentialKind(kind.value) for kind in Kind)
    offers = (Line(f"{kind.offer} ({kind})", label=str(number)) for number, kind in enumerate(kinds, 1))
    run.say((Line("What do you want to ring rooms into, and with which credential?", Tone.TITLE), *offers))
    numbers = {str(number): kind for number, kind in enumerate(Kind, 1)}

    def chosen() -> Kind:
        answer = ask_line(run, "Kind")
        if answer in numbers or answer in set(Kind):
            return numbers.get(answer) or Kind(answer)
        raise UsageError(f"{quoted(answer)} is none of them", fix="Type a number or a word in brackets.")

    return asked_again(run, chosen)


def _keys(run: Run, kind: CredentialKind, given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the public parts of a kind; whatever is missing is asked for if somebody can be asked."""
    foreign = [name for name, text in given.items() if text is not None and name not in kind.keys]
    if foreign:
        raise UsageError(f"{_flag(foreign[0])} does not go with --kind {kind}")
    missing = [_flag(name) for name in kind.keys if given[name] is None]
    if missing and not run.is_interactive:
        raise UsageError(f"--kind {kind} needs {' and '.join(missing)}")
    return {
        name: _asked_key(run, _words(name)) if text is None else parse_key(text, name=_flag(name))
        for name, text in ((name, given[name]) for name in kind.keys)
    }


def _asked_key(run: Run, words: str) -> str:
    return asked_again(run, lambda: parse_key(ask_line(run, words), name=words))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _words(name: str) -> str:
    return {"api_key": "API key", "account_id": "Account ID", "client_id": "Client ID"}[name]


def _login_page(result: AuthLoginResult, *, is_unchecked: bool) -> Page:
    if result.verified:
        verified = Line("yes, Zoom accepted it", Tone.GOOD, label="verified")
    else:
        reason = "not asked (--no-verify)" if is_unchecked else "no, Zoom could not say"
        verified = Line(reason, Tone.WARNING, label="verified")
    return (
        Line(f"logged in as profile {result.profile}", Tone.GOOD),
        *_key_lines(result.kind, result.key_id),
        Line("in the keyring" if result.store is Store.KEYRING else "in a file", label="secret"),
        verified,
        Line("yes" if result.current else f"no (zoomcall auth switch {result.profile})", label="current"),
    )


def _status_page(result: AuthStatusResult, name: str) -> Page:
    place = f"profile {result.profile}{', the current one' if result.current else ''}" if result.profile else name
    return (
        *_key_lines(result.kind, result.key_id),
        Line(f"{result.source} ({place})", label="source"),
        Line(result.api_base, label="api"),
        *(Line(str(label), Tone.DIM, label="not used") for label in result.hidden),
    )


def _key_lines(kind: CredentialKind, key_id: str | None) -> tuple[Line, ...]:
    key = (Line(key_id, label="key"),) if key_id else ()
    return (Line(kind.value, label="kind"), *key)
