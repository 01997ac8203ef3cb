from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes import FakeConfig, FakeStore
from shell import SENTINEL

from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import CredentialKind, CredentialSource
from zoomcall.domain.profile import Config, Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured, UsageError
from zoomcall.usecases.webhook_secret import (
    HeldWebhookSecret,
    chosen_profile,
    find_webhook_secret,
    remove_webhook_secret,
    store_webhook_secret,
)

VIDEO = Profile(
    name="video", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="PK", keyring_backend="b.K"
)
MEET = Profile(name="meet", kind=CredentialKind.S2S, store=Store.FILE, account_id="PA", client_id="PC")
BARE = Profile(name="bare", kind=CredentialKind.TOKEN, store=Store.FILE)
STORED = Config(current="video", profiles={each.name: each for each in (VIDEO, MEET, BARE)})

ENV = {"ZOOMCALL_WEBHOOK_SECRET": "env-secret"}
ENV_FILE = {"ZOOMCALL_WEBHOOK_SECRET_FILE": "/run/secret"}
PREFERRED = {"ZOOMCALL_PROFILE": "meet"}


@dataclass
class World:
    """Every place to look at, and a record of those looked at."""

    environ: Mapping[str, str] = field(default_factory=dict)
    config: FakeConfig = field(default_factory=lambda: FakeConfig(STORED))
    opened: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def find(self, profile: str | None = None) -> HeldWebhookSecret:
        def read_secret_file(path: Path, origin: str) -> tuple[Secret, tuple[Notice, ...]]:
            self.opened.append(origin)
            return Secret(f"secret-in-{path}"), (Notice("from-the-file", origin),)

        def read_stored_secret(stored: Profile) -> Secret | None:
            self.opened.append(stored.name)
            return None if stored.name == "bare" else Secret(f"secret of {stored.name}")

        return find_webhook_secret(
            self.environ,
            profile=profile,
            config=self.config,
            read_secret_file=read_secret_file,
            read_stored_secret=read_stored_secret,
            warn=self.notices.append,
        )


@pytest.mark.parametrize(
    ("environ", "profile", "expected", "opened"),
    [
        ({}, None, ("secret of video", CredentialSource.KEYRING, "video"), ["video"]),
        ({}, "meet", ("secret of meet", CredentialSource.FILE, "meet"), ["meet"]),
        (PREFERRED, None, ("secret of meet", CredentialSource.FILE, "meet"), ["meet"]),
        (PREFERRED, "video", ("secret of video", CredentialSource.KEYRING, "video"), ["video"]),
        (ENV | PREFERRED, None, ("env-secret", CredentialSource.ENV, "ZOOMCALL_WEBHOOK_SECRET"), []),
        (ENV | ENV_FILE, "meet", ("secret of meet", CredentialSource.FILE, "meet"), ["meet"]),
        (
            ENV_FILE | PREFERRED,
            None,
            ("secret-in-/run/secret", CredentialSource.ENV_FILE, "ZOOMCALL_WEBHOOK_SECRET_FILE"),
            ["ZOOMCALL_WEBHOOK_SECRET_FILE"],
        ),
        ({"ZOOMCALL_WEBHOOK_SECRET": ""}, None, ("secret of video", CredentialSource.KEYRING, "video"), ["video"]),
    ],
)
def test_the_named_profile_beats_the_environment_and_that_the_current_profile(
    environ: dict[str, str], profile: str | None, expected: tuple[str, CredentialSource, str], opened: list[str]
) -> None:
    world = World(environ)
    held = world.find(profile)
    assert (held.secret.reveal(), held.source, held.name) == expected
    assert world.opened == opened


def test_the_environments_secret_needs_no_profile() -> None:
    world = World(ENV)
    world.find()
    assert world.config.reads == 0


def test_both_variables_are_one_too_many() -> None:
    world = World(ENV | ENV_FILE)
    assert world.find().source is CredentialSource.ENV
    assert [notice.id for notice in world.notices] == ["secret-file-ignored"]


def test_what_the_file_warns_of_is_told() -> None:
    world = World(ENV_FILE)
    world.find()
    assert [notice.id for notice in world.notices] == ["from-the-file"]


def test_whitespace_in_the_variable_is_used_as_it_stands_with_a_word() -> None:
    world = World({"ZOOMCALL_WEBHOOK_SECRET": f"{SENTINEL}\n"})
    assert world.find().secret.reveal() == f"{SENTINEL}\n"
    assert [notice.id for notice in world.notices] == ["secret-has-whitespace"]
    assert SENTINEL not in world.notices[0].message


def test_a_secret_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(UsageError, match="not valid UTF-8") as caught:
        World({"ZOOMCALL_WEBHOOK_SECRET": "\udcff" + SENTINEL}).find()
    assert SENTINEL not in str(caught.value)


@pytest.mark.parametrize("profile", [None, "bare"])
def test_a_profile_without_one_names_the_ways_out(profile: str | None) -> None:
    world = World({"ZOOMCALL_PROFILE": "bare"})
    with pytest.raises(NotConfigured, match="'bare'") as caught:
        world.find(profile)
    assert caught.value.command == "zoomcall webhook secret set -p bare"
    assert "ZOOMCALL_WEBHOOK_SECRET_FILE" in (caught.value.fix or "")


def test_no_profile_at_all_names_the_ways_out() -> None:
    world = World(config=FakeConfig())
    with pytest.raises(NotConfigured, match="no profile is current") as caught:
        world.find()
    assert "ZOOMCALL_WEBHOOK_SECRET" in (caught.value.fix or "")
    assert "after zoomcall auth login" in (caught.value.fix or "")
    assert caught.value.command == "zoomcall webhook secret set"


@pytest.mark.parametrize(("environ", "profile"), [({}, "nobody"), ({"ZOOMCALL_PROFILE": "nobody"}, None)])
def test_an_unknown_profile_is_not_configured(environ: dict[str, str], profile: str | None) -> None:
    with pytest.raises(NotConfigured, match="no profile 'nobody'"):
        World(environ).find(profile)


@pytest.mark.parametrize(("environ", "profile"), [({}, "../x"), ({"ZOOMCALL_PROFILE": "../x"}, None)])
def test_a_name_that_is_no_profiles_is_refused(environ: dict[str, str], profile: str | None) -> None:
    with pytest.raises(UsageError, match="not a valid profile name"):
        World(environ).find(profile)


# Storing one


def test_it_is_stored_beside_the_profiles_own() -> None:
    store = FakeStore()
    done = store_webhook_secret(VIDEO, ask_secret=lambda: Secret("new"), open_store=lambda _: store)
    assert store.secrets == {"video/webhook": "new"}
    assert (done.profile, done.store, done.was_there) == ("video", Store.KEYRING, False)
    again = store_webhook_secret(VIDEO, ask_secret=lambda: Secret("newer"), open_store=lambda _: store)
    assert again.was_there
    assert store.secrets == {"video/webhook": "newer"}


def test_nobody_is_asked_for_what_cannot_be_stored() -> None:
    store = FakeStore(errors={"previous": NotConfigured("no keyring")})
    asked: list[str] = []

    def ask() -> Secret:
        asked.append("asked")
        return Secret("new")

    with pytest.raises(NotConfigured, match="no keyring"):
        store_webhook_secret(VIDEO, ask_secret=ask, open_store=lambda _: store)
    assert asked == []


def test_it_is_stored_where_the_profile_keeps_its_secret() -> None:
    places: list[Store] = []

    def open_store(place: Store) -> FakeStore:
        places.append(place)
        return FakeStore()

    store_webhook_secret(MEET, ask_secret=lambda: Secret("new"), open_store=open_store)
    remove_webhook_secret(VIDEO, open_store=open_store)
    assert places == [Store.FILE, Store.KEYRING]


def test_it_is_removed_and_the_profiles_own_stays() -> None:
    store = FakeStore()
    store.secrets = {"video": "api", "video/webhook": "hook"}
    assert remove_webhook_secret(VIDEO, open_store=lambda _: store).was_there
    assert store.secrets == {"video": "api"}
    assert not remove_webhook_secret(VIDEO, open_store=lambda _: store).was_there


def test_the_profile_is_the_named_the_preferred_or_the_current_one() -> None:
    assert chosen_profile({}, profile=None, config=STORED) == VIDEO
    assert chosen_profile(PREFERRED, profile=None, config=STORED) == MEET
    assert chosen_profile(PREFERRED, profile="bare", config=STORED) == BARE
