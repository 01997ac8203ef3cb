import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from zoomcall.domain.credential import (
    Bearer,
    CredentialKind,
    CredentialSource,
    ServerToServerApp,
    SignedInUser,
    VideoSdkKey,
)
from zoomcall.domain.profile import Config, Profile, Store, parse_profile_name
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured, UsageError

SECRET = Secret("made-up")


@pytest.mark.parametrize("name", ["default", "a", "7", "prod.eu-1_x", "A" * 64])
def test_letters_digits_dots_dashes_and_underscores_make_a_name(name: str) -> None:
    assert parse_profile_name(name, origin="-p") == name


@pytest.mark.parametrize("name", ["", "a/b", "prod/webhook", ".", "..", "-p", "_x", "a b", "a\n", "é", "A" * 65])
def test_anything_else_is_no_name_and_the_flag_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=r"^ZOOMCALL_PROFILE: ") as caught:
        parse_profile_name(name, origin="ZOOMCALL_PROFILE")
    assert len(caught.value.message) < 500


@given(st.text())
def test_any_text_is_a_safe_name_or_refused(text: str) -> None:
    try:
        name = parse_profile_name(text, origin="-p")
    except UsageError:
        return
    assert name == text
    assert not set(name) & set("/\\+ \n")


def test_a_profile_and_its_secret_make_a_credential() -> None:
    pair = Profile(name="a", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="K")
    app = Profile(name="a", kind=CredentialKind.S2S, store=Store.FILE, account_id="A", client_id="C")
    bearer = Profile(name="a", kind=CredentialKind.TOKEN, store=Store.FILE)
    user = Profile(name="a", kind=CredentialKind.OAUTH, store=Store.FILE, client_id="C")
    assert pair.credential(SECRET) == VideoSdkKey("K", SECRET)
    assert app.credential(SECRET) == ServerToServerApp("A", "C", SECRET)
    assert bearer.credential(SECRET) == Bearer(SECRET)
    assert user.credential(SECRET) == SignedInUser("C", SECRET)
    assert [pair.key_id, app.key_id, bearer.key_id] == ["K", "C", None]


def test_the_source_is_where_the_secret_is_kept() -> None:
    sources = [Profile(name="a", kind=CredentialKind.TOKEN, store=store).label.source for store in Store]
    assert sources == [CredentialSource.KEYRING, CredentialSource.FILE]


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    known = Profile(name="prod", kind=CredentialKind.TOKEN, store=Store.FILE)
    config = Config(profiles={"prod": known}, broken={"odd": "it is odd"})
    with pytest.raises(NotConfigured, match=r"no profile 'pord'; known: odd, prod"):
        config.profile("pord")
    with pytest.raises(NotConfigured, match="none is stored yet") as caught:
        Config().profile("pord")
    assert caught.value.command == "zoomcall auth login -p pord"


def test_a_broken_profile_is_answered_with_what_is_broken() -> None:
    with pytest.raises(NotConfigured, match="the-file: it is odd"):
        Config(broken={"odd": "it is odd"}, place="the-file").profile("odd")


PAIR = Profile(name="a", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="K1")


def test_a_profile_owns_the_secret_that_it_is_tied_to_and_no_other() -> None:
    tied = PAIR.tied_to(Secret("one"))
    assert tied.owns(Secret("one"))
    assert not tied.owns(Secret("two"))


@pytest.mark.parametrize(
    "other",
    [
        replace(PAIR, api_key="K2"),
        Profile(name="a", kind=CredentialKind.S2S, store=Store.KEYRING, account_id="K1", client_id=""),
        Profile(name="a", kind=CredentialKind.TOKEN, store=Store.KEYRING),
    ],
)
def test_another_key_or_kind_does_not_own_it(other: Profile) -> None:
    check = PAIR.tied_to(Secret("one")).secret_check
    assert not replace(other, secret_check=check).owns(Secret("one"))


def test_a_profile_of_an_older_version_owns_what_it_finds() -> None:
    assert PAIR.owns(Secret("any"))


def test_the_check_survives_another_name_store_or_cluster() -> None:
    tied = PAIR.tied_to(Secret("one"))
    assert replace(tied, name="b", store=Store.FILE, api_base="https://api.zoomgov.com/v2").owns(Secret("one"))


def test_the_check_confirms_no_guess() -> None:
    """Of so many guesses many have the same check, so that whoever reads it does not know the secret."""
    assert len(PAIR.tied_to(Secret("one")).secret_check or "") * 4 == 20


def test_a_check_that_an_earlier_version_stored_is_still_right() -> None:
    stored = Profile(name="a", kind=CredentialKind.VIDEOSDK, store=Store.FILE, api_key="K", secret_check="a9619")
    assert stored.tied_to(Secret("s3cret")) == stored
    assert stored.owns(Secret("s3cret"))


@pytest.mark.parametrize(("store", "flag"), [(Store.FILE, " --store file"), (Store.KEYRING, "")])
def test_the_line_that_logs_in_again_names_kind_store_and_profile(store: Store, flag: str) -> None:
    profile = Profile(name="a", kind=CredentialKind.S2S, store=store)
    assert profile.login_line == f"zoomcall auth login --kind s2s{flag} -p a"


@pytest.mark.parametrize("odd", ["", "\udcff", "ü", "\0", "x" * 100_000])
def test_any_secret_has_a_check(odd: str) -> None:
    assert PAIR.tied_to(Secret(odd)).owns(Secret(odd))


def test_a_check_that_is_none_owns_nothing() -> None:
    assert not replace(PAIR, secret_check="grüße").owns(Secret("one"))
