"""``zoomcall auth``: store, show, choose and remove credentials.

Results (they may grow):

- ``login`` ``{profile, kind, key_id, store, verified, current, replaced}``
- ``logout`` ``{profile, removed, was_current, profiles}``
- ``status`` ``{profile, kind, source, key_id, for, api_base, current, hidden}``
- ``list`` ``{current, profiles: [{profile, kind, key_id, store, for, api_base, current, problem}]}``
- ``switch`` ``{profile, kind, previous}``
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.connection import Connection
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.run import Run
from zoomcall.cli.secret_input import secret_source
from zoomcall.domain.api_base import API_BASE, GOV_API_BASE, GOV_OAUTH_BASE
from zoomcall.domain.credential import CredentialKind, CredentialLabel, HeldCredential, ServerToServerApp
from zoomcall.domain.profile import (
    DEFAULT_PROFILE,
    Config,
    Profile,
    Store,
    parse_profile_name,
)
from zoomcall.domain.secret_text import parse_key
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import UsageError
from zoomcall.usecases.identity import api_of, ask
from zoomcall.usecases.resolving import environment_labels
from zoomcall.usecases.signing_in import WHICH_KEYS, Login, Logout, SecretStore
from zoomcall.usecases.signing_in import login as sign_in
from zoomcall.usecases.signing_in import logout as sign_out

app = typer.Typer(help="Store, show, choose and remove credentials.")


class Kind(StrEnum):
    """``--kind``."""

    VIDEOSDK = "videosdk"
    S2S = "s2s"
    TOKEN = "token"  # noqa: S105 - a word, not a token


class Cluster(StrEnum):
    """``--cluster``."""

    GLOBAL = "global"
    GOV = "gov"


@command(
    app,
    "login",
    CommandSpec(schema="zoomcall.auth.login/1"),
    examples=(
        "zoomcall auth login --kind videosdk --api-key KEY",
        "zoomcall auth login --kind s2s --account-id ID --client-id ID --secret-file secret.txt",
        "vault read zoom | zoomcall auth login --kind videosdk --api-key KEY --secret-stdin -p prod",
        "zoomcall auth login --kind videosdk --api-key KEY --store file",
    ),
)
def login(
    run: Run,
    *,
    kind: Annotated[Kind | None, typer.Option(help="Which kind of credential.")] = None,
    api_key: Annotated[str | None, typer.Option(metavar="KEY", help="Of a Video SDK account: the API key.")] = None,
    account_id: Annotated[str | None, typer.Option(metavar="ID", help="Of a server-to-server OAuth app.")] = None,
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="Of a server-to-server OAuth app.")] = None,
    websocket_subscription_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of the app's websocket event subscription, for meetings."),
    ] = None,
    api: Annotated[Api | None, typer.Option("--for", help="What a token is for.")] = None,
    cluster: Annotated[Cluster, typer.Option(help="gov: Zoom for Government.")] = Cluster.GLOBAL,
    store: Annotated[Store, typer.Option(help="Where to keep the secret.")] = Store.KEYRING,
    is_secret_piped: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input.")
    ] = False,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", metavar="FILE", help="Read the secret from a file.")
    ] = None,
    is_unchecked: Annotated[bool, typer.Option("--no-verify", help="Store it without asking Zoom.")] = False,
) -> Answer:
    """Check a credential with Zoom and store it; the first becomes the current profile.

    A Video SDK account has two key pairs: the API key and secret are meant, not the SDK key and secret. No flag
    takes a secret: it is asked for without showing it, or read from standard input or a file.
    """
    name = _named(run) or DEFAULT_PROFILE
    chosen = CredentialKind((kind or _ask_kind(run)).value)
    if not run.options.is_quiet:
        run.say(tuple(Line(text, Tone.DIM) for text in WHICH_KEYS[chosen]))
    keys = _keys(run, chosen, api_key=api_key, account_id=account_id, client_id=client_id)
    if api is not None and chosen is not CredentialKind.TOKEN:
        raise UsageError(f"--for is for tokens; --kind {chosen} serves one of Zoom's APIs only")
    if websocket_subscription_id is not None and chosen is not CredentialKind.S2S:
        raise UsageError("--websocket-subscription-id goes with --kind s2s: Zoom's websockets carry meeting events")
    draft = Profile(
        name=name,
        kind=chosen,
        store=store,
        **keys,
        api_base=GOV_API_BASE if cluster is Cluster.GOV else None,
        oauth_base=GOV_OAUTH_BASE if cluster is Cluster.GOV else None,
        api=api,
        websocket_subscription_id=websocket_subscription_id
        and parse_key(websocket_subscription_id, name="--websocket-subscription-id"),
    )
    done = sign_in(
        draft,
        ask_secret=secret_source(run, chosen.noun, is_piped=is_secret_piped, file=secret_file),
        check=None if is_unchecked else lambda held: _check(run, held),
        config=run.wiring.config_writer,
        open_store=lambda place: _store(run, place),
        warn=run.notice,
    )
    run.wiring.held = done.held
    _warn_if_outvoted(run)
    result = {
        "profile": done.profile.name,
        "kind": done.profile.kind,
        "key_id": done.profile.key_id,
        "store": done.profile.store,
        "verified": done.is_verified,
        "current": done.is_current,
        "replaced": done.has_replaced,
    }
    return Answer(page=_login_page(done, is_unchecked=is_unchecked), result=result)


@command(
    app,
    "logout",
    CommandSpec(schema="zoomcall.auth.logout/1"),
    examples=("zoomcall auth logout", "zoomcall auth logout -p prod"),
)
def logout(run: Run) -> Answer:
    """Remove a profile and its secret: the one named with -p, else the current one."""
    done = sign_out(
        _named(run),
        config=run.wiring.config_writer,
        open_store=lambda place: _store(run, place),
        warn=run.notice,
    )
    _warn_if_outvoted(run)
    result = {
        "profile": done.name,
        "removed": done.was_found,
        "was_current": done.was_current,
        "profiles": list(done.others),
    }
    return Answer(page=_logout_page(done), result=result)


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
        Api | None, typer.Option("--for", help="Which credential, where the environment holds several.")
    ] = None,
) -> Answer:
    """Show which credential counts and that its secret can be had, without asking Zoom.

    Exit code 3: there is none, or its secret cannot be had.
    """
    connection = run.wiring.connect(api)
    held = connection.held
    is_current = held.profile is not None and run.wiring.config.read().current == held.profile
    result = {
        "profile": held.profile,
        "kind": held.credential.kind,
        "source": held.label.source,
        "key_id": held.credential.key_id,
        "for": held.api,
        "api_base": connection.api_base,
        "current": is_current,
        "hidden": [_label_json(label) for label in held.hidden],
    }
    return Answer(page=_status_page(connection, is_current=is_current), result=result)


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.auth.list/1"),
    examples=("zoomcall auth list", "zoomcall auth list --json"),
)
def list_(run: Run) -> Answer:
    """List the stored profiles."""
    config = run.wiring.config.read()
    rows = [_profile_json(config, name) for name in config.names]
    result = {"current": config.current if config.current in config.names else None, "profiles": rows}
    return Answer(page=_list_page(rows), result=result)


@command(app, "switch", CommandSpec(schema="zoomcall.auth.switch/1"), examples=("zoomcall auth switch prod",))
def switch(run: Run, name: Annotated[str, typer.Argument(metavar="NAME", help="The profile.")]) -> Answer:
    """Make another profile the current one."""
    before = run.wiring.config.read()
    profile = before.profile(name)
    run.wiring.config_writer.switch(name)
    _warn_if_outvoted(run)
    result = {"profile": name, "kind": profile.kind, "previous": before.current}
    return Answer(page=(Line(f"{name} is the current profile now", Tone.GOOD),), result=result)


def _named(run: Run) -> str | None:
    """Give the profile that a flag or variable names."""
    if run.options.profile is not None:
        return parse_profile_name(run.options.profile, origin="-p")
    if run.settings.profile is not None:
        return parse_profile_name(run.settings.profile, origin="ZOOMCALL_PROFILE")
    return None


def _store(run: Run, place: Store) -> SecretStore:
    return run.wiring.secret_files if place is Store.FILE else run.wiring.keyring


def _check(run: Run, held: HeldCredential) -> None:
    """Ask Zoom the one thing that shows whether it accepts the credential."""
    api = api_of(held, None)
    connection = run.wiring.connection_of(held, api)
    connection.refuse_wrong_bearer(api)
    if isinstance(held.credential, ServerToServerApp):
        connection.token()
    else:
        ask(connection.zoom, api, now=run.now, warn=run.notice)


def _warn_if_outvoted(run: Run) -> None:
    run.warn_if_outvoted([label.name for label in environment_labels(run.settings.environ)])


def _ask_kind(run: Run) -> Kind:
    if not run.is_interactive:
        raise UsageError("there is no --kind", fix="Add --kind videosdk, --kind s2s or --kind token.")
    run.say(
        (
            Line("Which kind of credential?", Tone.TITLE),
            Line("API key and secret of a Video SDK account, for sessions", label="videosdk"),
            Line("server-to-server OAuth app, for meetings", label="s2s"),
            Line("a token as it is", label="token"),
        )
    )
    answer = _ask(run, "Kind")
    if answer not in set(Kind):
        raise UsageError(f"{quoted(answer)} is no kind of credential", fix=f"Type one of {', '.join(Kind)}.")
    return Kind(answer)


def _keys(run: Run, kind: CredentialKind, **given: str | None) -> dict[str, str]:
    """Give the public parts that a kind has, asked for where they are missing and somebody is there to ask."""
    foreign = [name for name, text in given.items() if text is not None and name not in kind.keys]
    if foreign:
        raise UsageError(f"{_flag(foreign[0])} does not go with --kind {kind}")
    missing = [_flag(name) for name in kind.keys if given[name] is None]
    if missing and not run.is_interactive:
        raise UsageError(f"--kind {kind} needs {' and '.join(missing)}")
    texts = {name: given[name] for name in kind.keys}
    return {
        name: parse_key(_ask(run, _words(name)) if text is None else text, name=_flag(name))
        for name, text in texts.items()
    }


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _words(name: str) -> str:
    return {"api_key": "API key", "account_id": "Account ID", "client_id": "Client ID"}[name]


def _ask(run: Run, words: str) -> str:
    """Ask for a line that may be seen; the question is no answer, so it goes to stderr."""
    run.streams.stderr.write(f"{words}: ")
    run.streams.stderr.flush()
    try:
        return run.streams.stdin.readline().strip()
    except KeyboardInterrupt:
        run.streams.stderr.write("\n")  # what follows has a line of its own
        raise


def _login_page(done: Login, *, is_unchecked: bool) -> Page:
    profile = done.profile
    if done.is_verified:
        verified = Line("yes, Zoom accepted it", Tone.GOOD, label="verified")
    else:
        reason = "not asked (--no-verify)" if is_unchecked else "no, Zoom could not say"
        verified = Line(reason, Tone.WARNING, label="verified")
    return (
        Line(f"logged in as profile {profile.name}", Tone.GOOD),
        *_key_lines(profile.kind, profile.key_id),
        Line(f"in the {profile.store}" if profile.store is Store.KEYRING else "in a file", label="secret"),
        verified,
        Line("yes" if done.is_current else f"no (zoomcall auth switch {profile.name})", label="current"),
    )


def _logout_page(done: Logout) -> Page:
    if done.name is None:
        return (Line("no profile is current, so there was nothing to remove"),)
    if not done.was_found:
        return (Line(f"there is no profile {done.name}, so there was nothing to remove"),)
    lines = [Line(f"profile {done.name} and its secret are removed", Tone.GOOD)]
    if done.was_current:
        others = f"; left: {', '.join(done.others)} (zoomcall auth switch NAME)" if done.others else ""
        lines.append(Line(f"no profile is current now{others}"))
    return tuple(lines)


def _status_page(connection: Connection, *, is_current: bool) -> Page:
    held = connection.held
    place = (
        f"profile {held.profile}{', the current one' if is_current else ''}" if held.profile else held.label.name
    )
    lines = [
        *_key_lines(held.credential.kind, held.credential.key_id),
        Line(f"{held.label.source} ({place})", label="source"),
        Line(connection.api_base, label="api"),
        *(Line(_label_text(label), Tone.DIM, label="not used") for label in held.hidden),
    ]
    return tuple(lines)


def _key_lines(kind: CredentialKind, key_id: str | None) -> tuple[Line, ...]:
    key = (Line(key_id, label="key"),) if key_id else ()
    return (Line(kind.value, label="kind"), *key)


def _label_json(label: CredentialLabel) -> dict[str, str]:
    return {"kind": label.kind, "source": label.source, "name": label.name}


def _label_text(label: CredentialLabel) -> str:
    return f"{label.kind} from {label.source} ({label.name})"


def _profile_json(config: Config, name: str) -> dict[str, Any]:
    profile = config.profiles.get(name)
    return {
        "profile": name,
        "kind": profile and profile.kind,
        "key_id": profile and profile.key_id,
        "store": profile and profile.store,
        "for": profile and profile.api,
        "api_base": profile and (profile.api_base or API_BASE),
        "current": name == config.current,
        "problem": config.broken.get(name),
    }


def _list_page(rows: list[dict[str, Any]]) -> Page:
    if not rows:
        return (Line("no profile is stored (zoomcall auth login)"),)
    return (
        Table(
            ("current", "profile", "kind", "key", "secret", "problem"),
            tuple(
                (
                    "*" if row["current"] else "",
                    row["profile"],
                    row["kind"] or "",
                    row["key_id"] or "",
                    row["store"] or "",
                    row["problem"] or "",
                )
                for row in rows
            ),
        ),
    )
