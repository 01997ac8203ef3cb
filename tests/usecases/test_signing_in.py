import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from fakes import FakeConfig, FakeStore
from msgspec.structs import replace
from shell import SENTINEL
from tokens import API_CLAIMS, OAUTH_CLAIMS, OAUTH_HEADER, jwt

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import CredentialKind, HeldCredential, VideoSdkKey
from zoomcall.domain.profile import Config, Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NetworkWord, NotConfigured, UsageError
from zoomcall.usecases.signing_in import WHICH_KEYS, Login, Logout, login, logout

PAIR = Profile(name="prod", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="K1")
APP = Profile(name="mtg", kind=CredentialKind.S2S, store=Store.KEYRING, account_id="A", client_id="C")
BEARER = Profile(name="bearer", kind=CredentialKind.TOKEN, store=Store.FILE)
OLD = Secret("old")
LOCKED = NotConfigured("the keyring cannot be used: it is locked", fix="Unlock it.")


@dataclass
class Room:
    """Config, stores and warnings around one sign-in or sign-out."""

    config: FakeConfig = field(default_factory=FakeConfig)
    keyring: FakeStore = field(default_factory=lambda: FakeStore(backend="a.Keyring"))
    files: FakeStore = field(default_factory=FakeStore)
    notices: list[Notice] = field(default_factory=list)
    checked: list[HeldCredential] = field(default_factory=list)
    opened: list[Store] = field(default_factory=list)

    def open_store(self, store: Store) -> FakeStore:
        self.opened.append(store)
        return self.keyring if store is Store.KEYRING else self.files

    def login(
        self,
        draft: Profile,
        *,
        secret: str = SENTINEL,
        answer: BaseException | None = None,
        is_checked: bool = True,
        ask: Callable[[], Secret] | None = None,
    ) -> Login:
        def check(held: HeldCredential) -> None:
            self.checked.append(held)
            if answer is not None:
                raise answer

        return login(
            draft,
            ask_secret=ask or (lambda: Secret(secret)),
            check=check if is_checked else None,
            config=self.config,
            open_store=self.open_store,
            warn=self.notices.append,
        )

    def logout(self, name: str | None = None) -> Logout:
        return logout(
            name,
            config=self.config,
            open_store=self.open_store,
            revoke=lambda *_: None,
            warn=self.notices.append,
        )

    def having(self, *profiles: Profile) -> "Room":
        for profile in profiles:
            self.config.put(profile)
            self.open_store(profile.store).secrets[profile.name] = "old"
        return self

    @property
    def state(self) -> tuple[Config, dict[str, str], dict[str, str]]:
        return self.config.config, dict(self.keyring.secrets), dict(self.files.secrets)

    def warnings(self) -> list[str]:
        return [notice.id for notice in self.notices]


@pytest.fixture
def room() -> Room:
    return Room()


def refusal(status: int, code: int | str | None, *, is_oauth: bool = False, message: str = "") -> ZoomRefused:
    answer = ZoomAnswer(
        method="GET", path="/x", status=status, code=code, message=message, is_zooms=True, is_oauth=is_oauth
    )
    return ZoomRefused(answer)


NO_ANSWER = NetworkFault("no answer", word=NetworkWord.DNS, may_have_arrived=False)


def test_a_login_checks_then_stores_secret_and_profile(room: Room) -> None:
    done = room.login(PAIR)
    stored = replace(PAIR.tied_to(Secret(SENTINEL)), keyring_backend="a.Keyring")
    (held,) = room.checked
    assert done == Login(profile=stored, held=held, is_verified=True, is_current=True, has_replaced=False)
    assert room.config.config == Config(current="prod", profiles={"prod": stored})
    assert room.keyring.secrets == {"prod": SENTINEL}
    assert held.credential == VideoSdkKey("K1", Secret(SENTINEL))
    assert held.profile == "prod"
    assert room.warnings() == []


def test_the_second_login_is_not_current(room: Room) -> None:
    room.login(PAIR)
    assert not room.login(APP).is_current
    assert room.config.config.current == "prod"


def test_the_store_that_is_asked_for_is_used_and_no_other(room: Room) -> None:
    room.login(replace(PAIR, store=Store.FILE))
    assert room.files.secrets == {"prod": SENTINEL}
    assert room.opened == [Store.FILE]


def test_without_verifying_nobody_is_asked(room: Room) -> None:
    done = room.login(PAIR, is_checked=False)
    assert not done.is_verified
    assert room.checked == []
    assert room.keyring.secrets == {"prod": SENTINEL}


def test_the_other_bases_are_what_is_asked_and_stored(room: Room) -> None:
    gov = replace(PAIR, api_base="https://api.zoomgov.com/v2", oauth_base="https://zoomgov.com")
    room.login(gov)
    assert (room.checked[0].api_base, room.checked[0].oauth_base) == (gov.api_base, gov.oauth_base)
    assert room.config.config.profiles["prod"].api_base == gov.api_base


@pytest.mark.parametrize(
    ("draft", "answer"),
    [
        (PAIR, refusal(401, 124)),
        (PAIR, refusal(400, 200, message="Invalid api key or secret.")),
        (BEARER, refusal(401, 124)),
        (APP, refusal(400, "invalid_client", is_oauth=True)),
        (APP, refusal(429, None, is_oauth=True)),
        (APP, refusal(503, None, is_oauth=True)),
        (PAIR, NO_ANSWER),
        (APP, NO_ANSWER),
    ],
)
def test_a_refused_or_unanswered_check_stores_nothing_and_says_so(
    room: Room, draft: Profile, answer: ZoomRefused | NetworkFault
) -> None:
    before = room.state
    with pytest.raises(type(answer)) as caught:
        room.login(replace(draft, api=Api.SESSION), answer=answer)
    assert caught.value is answer
    assert room.state == before
    assert room.warnings() == ["not-stored"]


def test_of_a_refused_pair_it_is_said_which_pair_is_meant_and_where_it_is_found(room: Room) -> None:
    with pytest.raises(ZoomRefused) as caught:
        room.login(PAIR, answer=refusal(401, 124))
    fix = caught.value.fix or ""
    assert "API key and API secret" in fix
    assert "SDK key" in fix
    assert "Plan Management" in fix


@pytest.mark.parametrize("answer", [refusal(403, 104), refusal(400, 4711), refusal(404, 2300), refusal(400, 300)])
def test_any_refusal_but_of_the_credential_speaks_for_it(room: Room, answer: ZoomRefused) -> None:
    assert room.login(PAIR, answer=answer).is_verified


@pytest.mark.parametrize("answer", [refusal(429, None), refusal(503, None)])
def test_a_limit_or_fault_proves_nothing_and_the_login_says_so(room: Room, answer: ZoomRefused) -> None:
    done = room.login(PAIR, answer=answer)
    assert not done.is_verified
    assert room.keyring.secrets == {"prod": SENTINEL}
    assert room.warnings() == ["credential-unchecked"]


def test_every_kind_is_told_where_it_is_found() -> None:
    assert set(WHICH_KEYS) == set(CredentialKind)


@pytest.mark.parametrize(
    ("claims", "header", "api"), [(API_CLAIMS, None, Api.SESSION), (OAUTH_CLAIMS, OAUTH_HEADER, Api.MEETING)]
)
def test_a_token_tells_what_it_is_for(
    room: Room, claims: dict[str, object], header: dict[str, object] | None, api: Api
) -> None:
    token = jwt(claims, header) if header else jwt(claims)
    assert room.login(BEARER, secret=token).profile.api is api
    assert room.checked[0].api is api


def test_what_the_user_says_of_a_token_counts(room: Room) -> None:
    assert room.login(replace(BEARER, api=Api.MEETING), secret="opaque").profile.api is Api.MEETING


def test_a_token_that_tells_nothing_needs_a_word_if_it_is_to_be_checked(room: Room) -> None:
    with pytest.raises(UsageError, match="which of Zoom's APIs") as caught:
        room.login(BEARER, secret="opaque")
    assert "--for session or --for meeting" in (caught.value.fix or "")
    assert room.files.secrets == {}
    assert room.login(BEARER, secret="opaque", is_checked=False).profile.api is None


def test_the_word_bearer_before_a_token_is_dropped_and_told(room: Room) -> None:
    room.login(replace(BEARER, api=Api.SESSION), secret="Bearer opaque")
    assert room.files.secrets == {"bearer": "opaque"}
    assert room.warnings() == ["token-trimmed"]


def test_nobody_is_asked_for_a_secret_that_could_not_be_stored(room: Room) -> None:
    room.keyring.errors["previous"] = LOCKED
    with pytest.raises(NotConfigured):
        room.login(PAIR, ask=lambda: pytest.fail("the keyring is locked, so why ask"))
    assert room.checked == []


@pytest.mark.parametrize("crash", [NotConfigured("config.toml cannot be written"), KeyboardInterrupt()])
def test_a_profile_that_cannot_be_stored_takes_its_secret_with_it(room: Room, crash: BaseException) -> None:
    before = room.state
    room.config.error = crash
    with pytest.raises(type(crash)):
        room.login(PAIR)
    assert room.state == before


@pytest.mark.parametrize("crash", [NotConfigured("config.toml cannot be written"), KeyboardInterrupt()])
def test_an_older_secret_is_put_back_if_the_profile_cannot_be_stored(room: Room, crash: BaseException) -> None:
    room.having(PAIR)
    before = room.state
    room.config.error = crash
    with pytest.raises(type(crash)):
        room.login(replace(PAIR, api_key="K2"))
    assert room.state == before


def test_a_secret_that_cannot_be_stored_leaves_the_profile_as_it_was(room: Room) -> None:
    room.having(PAIR.tied_to(OLD))
    before = room.state
    locked = NotConfigured("the keyring cannot be used: it is locked", fix="Unlock it.")
    room.keyring.errors["write"] = locked
    with pytest.raises(NotConfigured) as caught:
        room.login(replace(PAIR, api_key="K2"))
    assert caught.value is locked
    assert (locked.fix, locked.command) == ("Unlock it.", None)
    assert room.state == before


class Killed(BaseException):
    """What nothing catches, as nothing runs after a kill."""


@pytest.mark.parametrize("older", [PAIR, PAIR.tied_to(OLD)], ids=["of an older version", "of this one"])
@pytest.mark.parametrize("steps", range(6))
def test_a_kill_anywhere_never_leaves_a_key_with_anothers_secret(room: Room, older: Profile, steps: int) -> None:
    """Count down at every edit of either store, and let nothing happen any more from then on."""
    room.having(older)
    left = steps
    names = ((room.config, "_become"), (room.keyring, "write"), (room.keyring, "remove"))

    def dying(work: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return work(*arguments)

        return call

    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(Killed):
        for owner, name in names:
            patched.setattr(owner, name, dying(getattr(owner, name)))
        room.login(replace(PAIR, api_key="K2"))
    profile, secret = room.config.config.profiles["prod"], room.keyring.secrets["prod"]
    is_whole = (profile.api_key, secret) in {("K1", "old"), ("K2", SENTINEL)}
    assert profile.owns(Secret(secret)) is is_whole
    assert is_whole is (steps != (1 if older.secret_check else 2))


def test_of_two_logins_at_once_the_later_is_whole(room: Room) -> None:
    """While the first waits for its secret, the second logs in."""
    room.having(PAIR)

    def ask() -> Secret:
        room.login(replace(PAIR, api_key="K2"), secret="second")
        return Secret("first")

    room.login(replace(PAIR, api_key="K3"), ask=ask)
    profile = room.config.config.profiles["prod"]
    assert (profile.api_key, room.keyring.secrets["prod"]) == ("K3", "first")
    assert profile.owns(Secret("first"))


def test_a_login_cleans_up_after_one_that_came_meanwhile(room: Room) -> None:
    def ask() -> Secret:
        room.login(replace(PAIR, store=Store.FILE), secret="second")
        return Secret("first")

    assert room.login(PAIR, ask=ask).has_replaced
    assert room.state[1:] == ({"prod": "first"}, {})


def test_a_failed_login_puts_back_what_another_stored_meanwhile(room: Room) -> None:
    room.having(PAIR)

    def ask() -> Secret:
        room.login(replace(PAIR, api_key="K2"), secret="second")
        room.config.error = NotConfigured("config.toml cannot be written")
        return Secret("first")

    with pytest.raises(NotConfigured):
        room.login(replace(PAIR, api_key="K3"), ask=ask)
    profile = room.config.config.profiles["prod"]
    assert (profile.api_key, room.keyring.secrets["prod"]) == ("K2", "second")


def test_secret_and_profile_are_changed_under_one_lock(room: Room) -> None:
    room.config.calls = room.keyring.calls = room.files.calls
    room.login(PAIR)
    room.login(replace(PAIR, store=Store.FILE))
    room.logout()
    depth = 0
    for call, _ in room.config.calls:
        depth += {"lock": 1, "unlock": -1}.get(call, 0)
        assert depth or call in {"unlock", "previous"}
    assert {"write", "remove"} < {call for call, _ in room.config.calls}


def failing_once_written(room: Room, error: BaseException) -> None:
    """Let the profile fail to be written, and from then on the keyring as well."""

    room.config.error = error
    locked = dict.fromkeys(("previous", "write", "remove"), LOCKED)
    room.config.on_error = lambda: room.keyring.errors.update(locked)


def test_what_a_failed_login_could_not_take_back_is_said_with_what_removes_it(room: Room) -> None:
    failing_once_written(room, NotConfigured("config.toml cannot be written", fix="Make it writable."))
    with pytest.raises(NotConfigured) as caught:
        room.login(PAIR)
    assert room.keyring.secrets == {"prod": SENTINEL}
    assert caught.value.command == "remove prod"
    words = "The secret that this login was given may still be in the keyring. Make it writable."
    assert caught.value.fix == words


def test_what_an_interrupted_login_could_not_take_back_is_a_warning(room: Room) -> None:
    failing_once_written(room, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        room.login(PAIR)
    (notice,) = room.notices
    assert notice.id == "undo-failed"
    assert notice.message.endswith("may still be in the keyring: remove prod")


def test_that_an_older_secret_could_not_be_put_back_is_said_with_the_login_line(room: Room) -> None:
    room.having(PAIR.tied_to(OLD))
    failing_once_written(room, NotConfigured("config.toml cannot be written"))
    with pytest.raises(NotConfigured) as caught:
        room.login(replace(PAIR, api_key="K2"))
    assert caught.value.command == "zoomcall auth login --kind videosdk -p prod"
    assert "until the next login the profile cannot be used" in (caught.value.fix or "")
    assert not room.config.config.profiles["prod"].owns(Secret(room.keyring.secrets["prod"]))


def test_that_a_failed_logout_could_not_put_the_secret_back_is_said(room: Room) -> None:
    room.having(PAIR)
    failing_once_written(room, NotConfigured("config.toml cannot be written", fix="Make it writable."))
    with pytest.raises(NotConfigured) as caught:
        room.logout()
    assert room.keyring.secrets == {}
    assert caught.value.command == "zoomcall auth logout -p prod"
    assert (caught.value.fix or "").startswith(
        "The secret of profile 'prod' is gone, but the profile is still listed."
    )


def test_every_secret_that_is_left_is_told_with_what_removes_it(room: Room) -> None:
    room.having(PAIR)
    room.keyring.errors["remove"] = LOCKED
    room.login(replace(PAIR, store=Store.FILE))
    assert room.notices[-1].message.endswith(": remove prod")
    room.config.config = Config(current="odd", broken={"odd": "kind is missing"})
    room.logout()
    assert room.notices[-1].message.endswith(": remove odd or remove odd")


def test_a_login_over_a_profile_replaces_it_and_says_so(room: Room) -> None:
    room.having(PAIR)
    done = room.login(replace(PAIR, api_key="K2"))
    assert done.has_replaced
    assert done.is_current
    assert room.config.config.profiles["prod"].api_key == "K2"
    assert room.keyring.secrets == {"prod": SENTINEL}
    assert room.warnings() == ["profile-replaced"]


def test_a_profile_that_moves_to_another_store_leaves_no_secret_behind(room: Room) -> None:
    room.having(PAIR)
    room.login(replace(PAIR, store=Store.FILE))
    assert room.state[1:] == ({}, {"prod": SENTINEL})


def test_a_secret_that_had_to_be_left_behind_is_told(room: Room) -> None:
    room.having(PAIR)
    room.keyring.errors["remove"] = LOCKED
    room.login(replace(PAIR, store=Store.FILE))
    assert room.files.secrets == {"prod": SENTINEL}
    assert room.warnings() == ["profile-replaced", "old-secret-left"]


def test_the_webhook_secret_moves_with_its_profile_and_goes_with_it(room: Room) -> None:
    room.having(PAIR)
    room.keyring.secrets["prod/webhook"] = "w"
    room.login(PAIR)
    assert room.keyring.secrets["prod/webhook"] == "w"
    room.login(replace(PAIR, store=Store.FILE))
    assert room.state[1:] == ({}, {"prod": SENTINEL, "prod/webhook": "w"})
    room.logout()
    assert room.state[1:] == ({}, {})


def test_a_profile_that_cannot_be_read_is_replaced(room: Room) -> None:
    room.config.config = Config(current="prod", broken={"prod": "odd"})
    assert room.login(PAIR).has_replaced


def test_names_that_differ_by_case_alone_are_not_told_apart_everywhere(room: Room) -> None:
    room.having(PAIR)
    with pytest.raises(UsageError, match="'PROD' differs from 'prod' only by case"):
        room.login(replace(PAIR, name="PROD"))


def test_a_logout_removes_the_current_profile_and_its_secret(room: Room) -> None:
    room.having(PAIR, APP)
    assert room.logout() == Logout(name="prod", was_found=True, was_current=True, others=("mtg",))
    assert room.config.config == Config(current=None, profiles={"mtg": APP})
    assert room.keyring.secrets == {"mtg": "old"}


def test_a_logout_removes_the_named_profile_and_leaves_the_current_one(room: Room) -> None:
    room.having(PAIR, APP)
    assert room.logout("mtg") == Logout(name="mtg", was_found=True, was_current=False, others=("prod",))
    assert room.config.config.current == "prod"


@pytest.mark.parametrize("name", [None, "pord"])
def test_a_logout_of_none_changes_nothing(room: Room, name: str | None) -> None:
    assert room.logout(name) == Logout(name=name)
    assert room.opened == []


def test_a_logout_with_a_locked_keyring_removes_nothing_and_tells_the_way_by_hand(room: Room) -> None:
    room.having(PAIR)
    before = room.state
    room.keyring.errors["previous"] = NotConfigured("it is locked", fix="Unlock it.")
    with pytest.raises(NotConfigured) as caught:
        room.logout()
    assert room.state == before
    assert "delete [profiles.prod] from config.toml" in (caught.value.fix or "")
    assert (caught.value.fix or "").endswith("Unlock it.")


@pytest.mark.parametrize("crash", [NotConfigured("config.toml cannot be written"), KeyboardInterrupt()])
def test_a_logout_that_cannot_write_the_profiles_puts_the_secret_back(room: Room, crash: BaseException) -> None:
    room.having(PAIR)
    before = room.state
    room.config.error = crash
    with pytest.raises(type(crash)):
        room.logout()
    assert room.state == before


def test_a_profile_whose_secret_is_gone_already_can_still_be_removed(room: Room) -> None:
    room.having(PAIR)
    room.keyring.secrets.clear()
    assert room.logout().was_found
    assert room.config.config.names == ()


def test_a_profile_that_cannot_be_read_can_still_be_removed(room: Room) -> None:
    room.config.config = Config(current="odd", broken={"odd": "kind is missing"})
    assert room.logout() == Logout(name="odd", was_found=True, was_current=True)
    assert room.warnings() == ["old-secret-left"]


def test_no_secret_shows_in_anything_that_is_said(room: Room) -> None:
    done = [room.login(PAIR), room.login(replace(PAIR, store=Store.FILE)), room.logout()]
    assert SENTINEL not in repr(done) + repr(room.notices) + repr(room.config) + repr(room.checked)
