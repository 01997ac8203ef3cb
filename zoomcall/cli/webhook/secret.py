"""``zoomcall webhook secret``: store or remove a profile's webhook secret."""

from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.results.webhook import WebhookSecretRemoveResult, WebhookSecretSetResult
from zoomcall.cli.run import Run
from zoomcall.cli.secret_input import secret_source
from zoomcall.domain.profile import Profile, Store
from zoomcall.usecases.signing_in import SecretStore
from zoomcall.usecases.webhook_secret import (
    FILE_VARIABLE,
    VARIABLE,
    WHERE_ZOOM_SHOWS_IT,
    chosen_profile,
    remove_webhook_secret,
    store_webhook_secret,
)

app = typer.Typer(help="Store or remove a profile's webhook secret.")


@command(
    app,
    "set",
    CommandSpec(schema="zoomcall.webhook.secret.set/1"),
    examples=(
        "zoomcall webhook secret set",
        "zoomcall webhook secret set -p prod --secret-file secret.txt",
        "vault read zoom-webhook | zoomcall webhook secret set --secret-stdin",
    ),
)
def set_(
    run: Run,
    *,
    is_secret_piped: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input.")
    ] = False,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", metavar="FILE", help="Read the secret from a file.")
    ] = None,
) -> Answer:
    """Store a profile's webhook secret token: for the profile named with -p, or the current one.

    No flag takes the secret: it is read from a hidden prompt, standard input or a file.
    """
    profile = _profile(run)
    if not run.options.is_quiet:
        run.say((Line(WHERE_ZOOM_SHOWS_IT, Tone.DIM),))
    ask = secret_source(run, "webhook secret", is_piped=is_secret_piped, file=secret_file)
    done = store_webhook_secret(profile, ask_secret=ask, open_store=lambda place: _store(run, place))
    _warn_if_outvoted(run)
    verb = "replaced" if done.was_there else "stored"
    place = "the keyring" if done.store is Store.KEYRING else "a file"
    return Answer(
        page=(Line(f"{verb} the webhook secret of profile {done.profile}, in {place}", Tone.GOOD),),
        result=WebhookSecretSetResult(profile=done.profile, store=done.store, replaced=done.was_there),
    )


@command(
    app,
    "remove",
    CommandSpec(schema="zoomcall.webhook.secret.remove/1"),
    examples=("zoomcall webhook secret remove", "zoomcall webhook secret remove -p prod"),
)
def remove(run: Run) -> Answer:
    """Remove a profile's webhook secret: of the profile named with -p, or the current one."""
    done = remove_webhook_secret(_profile(run), open_store=lambda place: _store(run, place))
    _warn_if_outvoted(run)
    if done.was_there:
        line = Line(f"removed the webhook secret of profile {done.profile}", Tone.GOOD)
    else:
        line = Line(f"profile {done.profile} had no webhook secret, so there was nothing to remove")
    result = WebhookSecretRemoveResult(profile=done.profile, store=done.store, removed=done.was_there)
    return Answer(page=(line,), result=result)


def _profile(run: Run) -> Profile:
    config = run.wiring.config.read()
    return chosen_profile(run.settings.environ, profile=run.options.profile, config=config)


def _store(run: Run, place: Store) -> SecretStore:
    return run.wiring.secret_files if place is Store.FILE else run.wiring.keyring


def _warn_if_outvoted(run: Run) -> None:
    run.warn_if_outvoted([name for name in (VARIABLE, FILE_VARIABLE) if run.settings.environ.get(name)])
