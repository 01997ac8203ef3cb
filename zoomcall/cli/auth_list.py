"""``zoomcall auth list``: apart from what signs in."""

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table
from zoomcall.cli.results.auth import AuthListResult, StoredProfile
from zoomcall.cli.run import Run
from zoomcall.domain.api_base import API_BASE
from zoomcall.domain.profile import Config

app = typer.Typer()


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.auth.list/1"),
    examples=("zoomcall auth list", "zoomcall auth list --json"),
)
def list_(run: Run) -> Answer:
    """List the stored profiles."""
    config = run.wiring.config.read()
    profiles = tuple(_stored(config, name) for name in config.names)
    result = AuthListResult(current=config.current if config.current in config.names else None, profiles=profiles)
    return Answer(page=_list_page(profiles), result=result)


def _stored(config: Config, name: str) -> StoredProfile:
    profile = config.profiles.get(name)
    return StoredProfile(
        profile=name,
        kind=None if profile is None else profile.kind,
        key_id=None if profile is None else profile.key_id,
        store=None if profile is None else profile.store,
        api=None if profile is None else profile.api,
        api_base=None if profile is None else profile.api_base or API_BASE,
        current=name == config.current,
        problem=config.broken.get(name),
    )


def _list_page(profiles: tuple[StoredProfile, ...]) -> Page:
    if not profiles:
        return (Line("no profiles are stored (zoomcall auth login)"),)
    rows = (
        ("*" if each.current else "", each.profile, each.kind, each.key_id, each.store, each.problem)
        for each in profiles
    )
    headings = ("current", "profile", "kind", "key", "secret", "problem")
    return (Table(headings, tuple(tuple(cell or "" for cell in row) for row in rows)),)
