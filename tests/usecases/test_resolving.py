from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations
from pathlib import Path

import pytest
from fakes import FakeConfig
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shell import SENTINEL

from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import (
    Bearer,
    CredentialKind,
    CredentialLabel,
    CredentialSource,
    HeldCredential,
    ServerToServerApp,
    VideoSdkKey,
)
from zoomcall.domain.profile import Config, Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import CorruptConfig, NotConfigured, UsageError, ZoomcallError
from zoomcall.usecases.resolving import environment_labels, resolve

PAIR = {"ZOOMCALL_API_KEY": "EK", "ZOOMCALL_API_SECRET": "env-secret"}
APP = {"ZOOMCALL_ACCOUNT_ID": "EA", "ZOOMCALL_CLIENT_ID": "EC", "ZOOMCALL_CLIENT_SECRET": "env-client-secret"}
TOKEN = {"ZOOMCALL_TOKEN": "env-token"}

PAIR_LABEL = CredentialLabel(CredentialKind.VIDEOSDK, CredentialSource.ENV, "ZOOMCALL_API_SECRET")
APP_LABEL = CredentialLabel(CredentialKind.S2S, CredentialSource.ENV, "ZOOMCALL_CLIENT_SECRET")
TOKEN_LABEL = CredentialLabel(CredentialKind.TOKEN, CredentialSource.ENV, "ZOOMCALL_TOKEN")

VIDEO = Profile(
    name="video", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="PK", keyring_backend="b.K"
)
MEET = Profile(name="meet", kind=CredentialKind.S2S, store=Store.FILE, account_id="PA", client_id="PC")
GIVEN = Profile(name="given", kind=CredentialKind.TOKEN, store=Store.FILE, api=Api.MEETING)
STORED = Config(current="video", profiles={each.name: each for each in (VIDEO, MEET, GIVEN)})


@dataclass
class World:
    """What resolving may look at, and what it did look at."""

    environ: Mapping[str, str] = field(default_factory=dict)
    config: FakeConfig = field(default_factory=lambda: FakeConfig(STORED))
    files: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def resolve(self, *, profile: str | None = None, api: Api | None = None) -> HeldCredential:
        def read_secret_file(path: Path, origin: str) -> tuple[Secret, tuple[Notice, ...]]:
            self.opened.append(origin)
            return Secret(self.files[str(path)]), (Notice("from-the-file", origin),)

        def read_stored_secret(stored: Profile) -> Secret | None:
            self.opened.append(stored.name)
            return Secret(f"secret of {stored.name}") if stored.name != "given" else None

        return resolve(
            self.environ,
            profile=profile,
            api=api,
            config=self.config,
            read_secret_file=read_secret_file,
            read_stored_secret=read_stored_secret,
            warn=self.notices.append,
        )

    def warnings(self) -> list[str]:
        return [notice.id for notice in self.notices]


@pytest.mark.parametrize(
    ("environ", "profile", "api", "winner", "hidden"),
    [
        # nothing in the environment: the current profile, then what names another
        ({}, None, None, VIDEO.label, []),
        ({"ZOOMCALL_PROFILE": "meet"}, None, None, MEET.label, [VIDEO.label]),
        ({"ZOOMCALL_PROFILE": "meet"}, "video", None, VIDEO.label, [MEET.label]),
        ({}, "meet", None, MEET.label, [VIDEO.label]),
        ({}, "meet", Api.MEETING, MEET.label, [VIDEO.label]),
        # the environment beats profiles, but for -p
        (PAIR, None, None, PAIR_LABEL, [VIDEO.label]),
        (APP, None, None, APP_LABEL, [VIDEO.label]),
        (TOKEN, None, None, TOKEN_LABEL, [VIDEO.label]),
        ({**PAIR, "ZOOMCALL_PROFILE": "meet"}, None, None, PAIR_LABEL, [MEET.label, VIDEO.label]),
        (PAIR, "meet", None, MEET.label, [PAIR_LABEL, VIDEO.label]),
        ({**PAIR, **APP, **TOKEN}, "video", None, VIDEO.label, [TOKEN_LABEL, PAIR_LABEL, APP_LABEL]),
        # several in the environment
        ({**PAIR, **APP}, None, Api.SESSION, PAIR_LABEL, [APP_LABEL, VIDEO.label]),
        ({**PAIR, **APP}, None, Api.MEETING, APP_LABEL, [PAIR_LABEL, VIDEO.label]),
        ({**PAIR, **TOKEN}, None, None, TOKEN_LABEL, [PAIR_LABEL, VIDEO.label]),
        ({**PAIR, **APP, **TOKEN}, None, Api.SESSION, TOKEN_LABEL, [PAIR_LABEL, APP_LABEL, VIDEO.label]),
        ({**PAIR, **APP, **TOKEN}, None, Api.MEETING, TOKEN_LABEL, [PAIR_LABEL, APP_LABEL, VIDEO.label]),
        # an empty variable counts as unset
        ({**PAIR, "ZOOMCALL_TOKEN": "", "ZOOMCALL_PROFILE": ""}, None, None, PAIR_LABEL, [VIDEO.label]),
        ({"ZOOMCALL_API_KEY": "", "ZOOMCALL_API_SECRET": ""}, None, None, VIDEO.label, []),
    ],
)
def test_precedence(
    environ: dict[str, str],
    profile: str | None,
    api: Api | None,
    winner: CredentialLabel,
    hidden: list[CredentialLabel],
) -> None:
    world = World(environ)
    held = world.resolve(profile=profile, api=api)
    assert held.label == winner
    assert list(held.hidden) == hidden
    assert held.is_explicit == (profile is not None)
    is_stored = winner in {VIDEO.label, MEET.label}
    assert held.profile == (winner.name if is_stored else None)
    assert world.opened == ([winner.name] if is_stored else [])


def test_each_kind_is_made_of_its_own_variables() -> None:
    assert World(PAIR).resolve().credential == VideoSdkKey("EK", Secret("env-secret"))
    assert World(APP).resolve().credential == ServerToServerApp("EA", "EC", Secret("env-client-secret"))
    assert World(TOKEN).resolve().credential == Bearer(Secret("env-token"))


def test_a_profile_brings_what_is_stored_with_it() -> None:
    gov = replace(VIDEO, api_base="https://api.zoomgov.com/v2/", oauth_base="https://zoomgov.com")
    held = World(config=FakeConfig(Config(current="video", profiles={"video": gov}))).resolve()
    assert held.credential == VideoSdkKey("PK", Secret("secret of video"))
    assert (held.api_base, held.oauth_base) == ("https://api.zoomgov.com/v2", "https://zoomgov.com")


def test_a_base_in_the_file_is_trusted_no_more_than_one_in_a_variable() -> None:
    odd = replace(VIDEO, api_base="https://evil.example.com/v2")
    config = Config(current="video", profiles={"video": odd})
    world = World(config=FakeConfig(config))
    with pytest.raises(UsageError, match="api_base of profile 'video'"):
        world.resolve()
    assert world.opened == []
    allowed = World({"ZOOMCALL_ALLOW_API_BASE": "1"}, FakeConfig(config))
    assert allowed.resolve().api_base == "https://evil.example.com/v2"


@pytest.mark.parametrize(
    ("environ", "given", "missing"),
    [
        ({"ZOOMCALL_API_KEY": "K"}, "ZOOMCALL_API_KEY", "ZOOMCALL_API_SECRET"),
        ({"ZOOMCALL_API_SECRET": SENTINEL}, "ZOOMCALL_API_SECRET", "ZOOMCALL_API_KEY"),
        ({"ZOOMCALL_API_SECRET_FILE": "/f"}, "ZOOMCALL_API_SECRET_FILE", "ZOOMCALL_API_KEY"),
        ({"ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET": ""}, "ZOOMCALL_API_KEY", "ZOOMCALL_API_SECRET"),
        ({**APP, "ZOOMCALL_CLIENT_ID": ""}, "ZOOMCALL_ACCOUNT_ID and ZOOMCALL_CLIENT_SECRET", "ZOOMCALL_CLIENT_ID"),
        ({"ZOOMCALL_ACCOUNT_ID": "A"}, "ZOOMCALL_ACCOUNT_ID", "ZOOMCALL_CLIENT_ID and ZOOMCALL_CLIENT_SECRET"),
        ({**TOKEN, "ZOOMCALL_API_KEY": "K"}, "ZOOMCALL_API_KEY", "ZOOMCALL_API_SECRET"),
    ],
)
def test_half_a_credential_is_not_configured_and_the_missing_half_is_named(
    environ: dict[str, str], given: str, missing: str
) -> None:
    world = World(environ)
    with pytest.raises(NotConfigured) as caught:
        world.resolve()
    assert caught.value.message.startswith(f"{given} is set, but {missing}")
    assert SENTINEL not in f"{caught.value.message} {caught.value.fix}"
    assert world.opened == []


def test_half_a_credential_is_no_matter_with_a_named_profile() -> None:
    held = World({"ZOOMCALL_API_KEY": "K", "ZOOMCALL_CLIENT_SECRET": "S"}).resolve(profile="meet")
    assert (held.label, held.hidden) == (MEET.label, (VIDEO.label,))


@pytest.mark.parametrize(
    "environ",
    [
        {**PAIR, "ZOOMCALL_API_KEY": "a b"},
        {**PAIR, "ZOOMCALL_API_KEY": "a\n"},
        {**APP, "ZOOMCALL_ACCOUNT_ID": "a\x07"},
        {**APP, "ZOOMCALL_CLIENT_ID": "é"},
        {"ZOOMCALL_TOKEN": f"{SENTINEL} x"},
        {"ZOOMCALL_TOKEN": f"{SENTINEL}\nx"},
        {**PAIR, "ZOOMCALL_API_SECRET": f"{SENTINEL}\udcff"},
        {**PAIR, "ZOOMCALL_PROFILE": "a/b"},
        {"ZOOMCALL_PROFILE": "a b"},
    ],
)
def test_a_bad_value_is_a_usage_error_that_names_the_variable_and_no_secret(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="ZOOMCALL_") as caught:
        World(environ).resolve()
    assert SENTINEL not in f"{caught.value.message} {caught.value.fix} {caught.value!r}"
    assert caught.value.__cause__ is None


def test_two_pairs_and_nothing_to_choose_by_is_a_usage_error_that_names_both() -> None:
    with pytest.raises(
        UsageError, match=r"ZOOMCALL_API_KEY \(videosdk\) and ZOOMCALL_ACCOUNT_ID \(s2s\)"
    ) as caught:
        World({**PAIR, **APP}).resolve()
    assert "--for session" in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("environ", "api", "kinds"),
    [(PAIR, Api.MEETING, "s2s, token or oauth"), (APP, Api.SESSION, "videosdk or token")],
)
def test_an_environment_that_cannot_serve_the_target_is_not_passed_over_for_a_profile(
    environ: dict[str, str], api: Api, kinds: str
) -> None:
    world = World(environ)
    with pytest.raises(
        NotConfigured, match=f"a {api} needs a credential of kind {kinds}, but there is only ZOOMCALL"
    ):
        world.resolve(api=api)
    assert world.opened == []


@pytest.mark.parametrize("profile", [None, "video"])
def test_a_profile_that_cannot_serve_the_target_is_told_and_one_that_can_is_named(profile: str | None) -> None:
    world = World()
    with pytest.raises(NotConfigured, match="needs a credential of kind s2s, token or oauth") as caught:
        world.resolve(profile=profile, api=Api.MEETING)
    assert "profile 'video' of kind videosdk" in caught.value.message
    assert caught.value.fix == "Use another profile: -p given or -p meet."
    assert world.opened == []


def test_nothing_at_all_is_not_configured_and_the_fix_fits_the_target() -> None:
    for api, words in (
        (Api.SESSION, "ZOOMCALL_API_KEY and ZOOMCALL_API_SECRET"),
        (Api.MEETING, "ZOOMCALL_ACCOUNT_ID, ZOOMCALL_CLIENT_ID and ZOOMCALL_CLIENT_SECRET"),
    ):
        with pytest.raises(NotConfigured, match="no credential") as caught:
            World(config=FakeConfig()).resolve(api=api)
        assert caught.value.fix == f"Log in, or set {words}. Without an account: zoomcall emulate."
        kind = next(kind for kind in CredentialKind if api in kind.serves)
        assert caught.value.command == f"zoomcall auth login --kind {kind}"


def test_profiles_of_which_none_is_current_are_named() -> None:
    with pytest.raises(NotConfigured, match="no current profile; profiles: given, meet, video"):
        World(config=FakeConfig(replace(STORED, current=None))).resolve()


@pytest.mark.parametrize(
    "world",
    [
        World({"ZOOMCALL_PROFILE": "gone"}),
        World(config=FakeConfig(replace(STORED, current="gone"))),
    ],
)
def test_a_profile_that_is_not_there_is_not_configured(world: World) -> None:
    with pytest.raises(NotConfigured, match="no profile 'gone'; known: given, meet, video"):
        world.resolve()
    with pytest.raises(NotConfigured, match="no profile 'gone'"):
        World(PAIR).resolve(profile="gone")


def test_a_malformed_name_after_p_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="-p: 'a/b' is not a valid profile name"):
        World().resolve(profile="a/b")


def test_a_store_without_the_secret_is_not_configured_and_tells_how_to_log_in() -> None:
    with pytest.raises(NotConfigured, match="the file holds no secret for profile 'given'") as caught:
        World().resolve(profile="given")
    assert caught.value.command == "zoomcall auth login --kind token --store file -p given"


def test_a_secret_that_was_stored_with_another_key_is_never_used() -> None:
    ours, theirs = VIDEO.tied_to(Secret("secret of video")), VIDEO.tied_to(Secret("another"))
    assert World(config=FakeConfig(Config(current="video", profiles={"video": ours}))).resolve().profile == "video"
    with pytest.raises(NotConfigured, match="was not stored with its key") as caught:
        World(config=FakeConfig(Config(current="video", profiles={"video": theirs}))).resolve()
    assert caught.value.command == "zoomcall auth login --kind videosdk -p video"
    assert "secret of video" not in caught.value.message


class Unusable(FakeConfig):
    def read(self) -> Config:
        raise NotConfigured("config.toml cannot be read: Permission denied")


class Corrupt(FakeConfig):
    def read(self) -> Config:
        raise CorruptConfig("config.toml cannot be used: line 3")


def test_a_corrupt_file_stops_everything() -> None:
    for world, profile in (
        (World(config=Corrupt()), None),
        (World(PAIR, Corrupt()), None),
        (World(PAIR, Corrupt()), "v"),
    ):
        with pytest.raises(CorruptConfig, match="line 3"):
            world.resolve(profile=profile)


def test_a_file_that_cannot_be_read_stops_profiles_and_only_warns_beside_the_environment() -> None:
    with pytest.raises(NotConfigured, match="Permission denied"):
        World(config=Unusable()).resolve()
    with pytest.raises(NotConfigured, match="Permission denied"):
        World(PAIR, Unusable()).resolve(profile="video")
    world = World(PAIR, Unusable())
    assert world.resolve().hidden == ()
    assert world.warnings() == ["config-unreadable"]
    assert "Permission denied" in world.notices[0].message


def test_a_secret_in_a_file_is_read_from_the_file_its_variable_names() -> None:
    environ = {"ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET_FILE": "/run/s"}
    world = World(environ, files={"/run/s": "file-secret"})
    held = world.resolve()
    assert held.credential == VideoSdkKey("K", Secret("file-secret"))
    assert held.label.source is CredentialSource.ENV_FILE
    assert held.label.name == "ZOOMCALL_API_SECRET_FILE"
    assert world.warnings() == ["from-the-file"]


def test_a_variable_wins_over_the_file_beside_it_and_says_so() -> None:
    world = World({**PAIR, "ZOOMCALL_API_SECRET_FILE": "/run/s"})
    held = world.resolve()
    assert held.credential == VideoSdkKey("EK", Secret("env-secret"))
    assert held.hidden[0] == CredentialLabel(
        CredentialKind.VIDEOSDK, CredentialSource.ENV_FILE, "ZOOMCALL_API_SECRET_FILE"
    )
    assert world.opened == []
    assert world.warnings() == ["secret-file-ignored"]


def test_the_files_of_losers_are_not_read() -> None:
    environ = {"ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET_FILE": "/none", **TOKEN}
    world = World(environ)
    assert world.resolve().label == TOKEN_LABEL
    assert world.opened == []


@pytest.mark.parametrize("text", [" s3cret", "s3cret\n", "s3cret "])
def test_whitespace_around_a_secret_in_a_variable_stays_and_is_told(text: str) -> None:
    world = World({**PAIR, "ZOOMCALL_API_SECRET": text})
    assert world.resolve().credential == VideoSdkKey("EK", Secret(text))
    assert world.warnings() == ["secret-has-whitespace"]
    assert "s3cret" not in world.notices[0].message


@pytest.mark.parametrize("text", ["Bearer opaque", "opaque\n", "Bearer opaque\r\n"])
def test_a_newline_and_bearer_around_a_token_are_dropped_and_told(text: str) -> None:
    world = World({"ZOOMCALL_TOKEN": text})
    assert world.resolve().credential == Bearer(Secret("opaque"))
    assert world.warnings() == ["token-trimmed"]


def test_a_token_in_a_file_loses_the_word_bearer_too() -> None:
    world = World({"ZOOMCALL_TOKEN_FILE": "/t"}, files={"/t": "Bearer opaque"})
    assert world.resolve().credential == Bearer(Secret("opaque"))


def test_the_environments_complete_credentials_can_be_named_without_a_look_at_them() -> None:
    assert environment_labels({**APP, **TOKEN, "ZOOMCALL_API_KEY": "K"}) == (TOKEN_LABEL, APP_LABEL)


VARIABLES = [*PAIR, *APP, *TOKEN, "ZOOMCALL_API_SECRET_FILE", "ZOOMCALL_TOKEN_FILE", "ZOOMCALL_PROFILE"]


@given(
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(["", "x", "video", "meet", "a b", "\x00"])),
    st.sampled_from([None, "video", "meet", "gone"]),
    st.sampled_from([None, *Api]),
)
def test_any_environment_gives_a_credential_that_serves_or_the_rooms_own_error(
    environ: dict[str, str], profile: str | None, api: Api | None
) -> None:
    world = World(environ, files=dict.fromkeys(("x", "video", "meet", "a b", "\x00"), "file"))
    try:
        held = world.resolve(profile=profile, api=api)
    except ZoomcallError as error:
        assert type(error) in {UsageError, NotConfigured}  # noqa: PT017 - which error it is, is the point
        return
    assert api is None or api in held.credential.kind.serves
    assert held.label.kind is held.credential.kind
    assert held.label not in held.hidden
    assert len(set(held.hidden)) == len(held.hidden)
    assert len(world.opened) <= 1
    if profile is not None:
        assert held.profile == profile


def test_every_combination_of_credentials_has_one_winner_for_each_api() -> None:
    sets = chain.from_iterable(combinations([PAIR, APP, TOKEN], size) for size in (1, 2, 3))
    for chosen in sets:
        environ = {name: value for each in chosen for name, value in each.items()}
        for api in Api:
            able = [each for each in (TOKEN, PAIR if api is Api.SESSION else APP) if each in chosen]
            if not able:
                with pytest.raises(NotConfigured):
                    World(environ).resolve(api=api)
            else:
                assert World(environ).resolve(api=api).label.name in able[0]
