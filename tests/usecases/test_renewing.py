"""One renewal a period, and nobody signed out, however many ask at once."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.adapters.sign_in_keeper import StoredSignIn
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.credential import RENEW_BEFORE, AccessToken, CredentialKind, SignedInUser
from zoomcall.domain.profile import Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import UserApp, UserTokens, tokens_of_item
from zoomcall.errors import NotConfigured
from zoomcall.usecases import renewing
from zoomcall.usecases.renewing import Unbroken, usable_token

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
PROFILE = Profile(name="me", kind=CredentialKind.OAUTH, store=Store.FILE, client_id="app")


def tokens(number: int, *, good_for: timedelta = timedelta(hours=1)) -> UserTokens:
    access = AccessToken(text=Secret(f"access-{number}"), kind=CredentialKind.OAUTH, expires_at=NOW + good_for)
    return UserTokens(Secret(f"refresh-{number}"), access)


class Zoom:
    """Takes only the newest refresh token, and notes whether the one before was stored first."""

    def __init__(self, newest: int = 1) -> None:
        self.newest = newest
        self.renewals = 0
        self.apps: list[UserApp] = []
        self._lock = threading.Lock()

    def renew(self, app: UserApp, refresh_token: Secret) -> UserTokens:
        with self._lock:
            self.apps.append(app)
            if refresh_token.reveal() != f"refresh-{self.newest}":
                raise ZoomRefused(ZoomAnswer(method="POST", path="/oauth/token", status=401, is_oauth=True))
            self.newest += 1
            self.renewals += 1
            return tokens(self.newest)


class Keeper:
    """Keeps the tokens in memory, and can be told to fail."""

    login_line = "zoomcall auth login -p me"

    def __init__(self, item: Secret | None, client_secret: Secret | None = None) -> None:
        self.item, self.client_secret = item, client_secret
        self.is_full: Iterator[bool] = itertools.repeat(False)
        self.reads = 0
        self.is_locked = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.is_locked = True
        yield
        self.is_locked = False

    def read(self) -> Secret | None:
        self.reads += 1
        return self.item

    def read_client_secret(self) -> Secret | None:
        return self.client_secret

    def write(self, item: Secret) -> None:
        if next(self.is_full):
            raise NotConfigured("the keyring cannot be used: it is locked", fix="Unlock it.")
        self.item = item


def use(
    held: UserTokens,
    keeper: Keeper | StoredSignIn,
    zoom: Zoom,
    refused: AccessToken | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    unbroken: Unbroken | None = None,
) -> str:
    user = SignedInUser("app", held.as_item("app"))
    used = usable_token(user, keeper, refused=refused, renew=zoom.renew, now=now, unbroken=unbroken or Unbroken())
    return used.text.reveal()


def test_a_token_that_is_good_for_a_while_is_used_as_it_is() -> None:
    keeper, zoom = Keeper(None), Zoom()
    assert use(tokens(1, good_for=RENEW_BEFORE), keeper, zoom) == "access-1"
    assert (zoom.renewals, keeper.reads) == (0, 0)


def test_a_token_that_ends_soon_is_renewed_and_the_next_stored_first() -> None:
    old = tokens(1, good_for=RENEW_BEFORE - timedelta(seconds=1))
    keeper, zoom = Keeper(old.as_item("app")), Zoom()
    assert use(old, keeper, zoom) == "access-2"
    assert keeper.item is not None
    assert tokens_of_item(keeper.item, "app") == tokens(2)


def test_a_refused_token_is_renewed_even_if_it_looks_good() -> None:
    held = tokens(1)
    keeper, zoom = Keeper(held.as_item("app")), Zoom()
    assert use(held, keeper, zoom, refused=held.access) == "access-2"


def test_what_another_process_has_renewed_is_used() -> None:
    keeper, zoom = Keeper(tokens(2).as_item("app")), Zoom(newest=2)
    assert use(tokens(1, good_for=timedelta(0)), keeper, zoom) == "access-2"
    assert zoom.renewals == 0


def test_a_confidential_app_shows_its_secret() -> None:
    old = tokens(1, good_for=timedelta(0))
    zoom = Zoom()
    use(old, Keeper(old.as_item("app"), Secret("of the app")), zoom)
    assert zoom.apps == [UserApp("app", Secret("of the app"))]


def test_a_spent_refresh_token_names_the_login() -> None:
    old = tokens(1, good_for=timedelta(0))
    with pytest.raises(ZoomRefused) as caught:
        use(old, Keeper(old.as_item("app")), Zoom(newest=7))
    assert caught.value.command == Keeper.login_line


def test_the_login_of_a_confidential_app_needs_its_secret() -> None:
    old = tokens(1, good_for=timedelta())
    keeper = Keeper(old.as_item("app"), Secret("s"))
    with pytest.raises(ZoomRefused) as caught:
        use(old, keeper, Zoom(newest=2))
    assert caught.value.command == f"{Keeper.login_line} --secret-file FILE"
    keeper.is_full = itertools.chain([False], itertools.repeat(True))
    with pytest.raises(NotConfigured) as full:
        use(old, keeper, Zoom())
    assert full.value.command == f"{Keeper.login_line} --secret-file FILE"


@pytest.mark.parametrize("item", [None, tokens(1).as_item("another app")])
def test_whoever_was_signed_out_meanwhile_is_told(item: Secret | None) -> None:
    with pytest.raises(NotConfigured, match="signed out"):
        use(tokens(1, good_for=timedelta(0)), Keeper(item), Zoom())


def test_tokens_that_cannot_be_stored_are_not_used() -> None:
    old = tokens(1, good_for=timedelta(0))
    keeper = Keeper(old.as_item("app"))
    keeper.is_full = itertools.chain([False], itertools.repeat(True))
    with pytest.raises(NotConfigured) as caught:
        use(old, keeper, Zoom())
    assert caught.value.command == Keeper.login_line
    assert "sign in again" in (caught.value.fix or "")


def test_a_store_that_takes_nothing_is_told_before_the_refresh_token_is_spent() -> None:
    old, zoom = tokens(1, good_for=timedelta(0)), Zoom()
    keeper = Keeper(old.as_item("app"))
    keeper.is_full = itertools.repeat(True)
    with pytest.raises(NotConfigured, match="locked") as caught:
        use(old, keeper, zoom)
    assert (caught.value.fix, zoom.renewals) == ("Unlock it.", 0)


def test_a_store_that_fails_for_a_moment_loses_nothing() -> None:
    old = tokens(1, good_for=timedelta(0))
    keeper = Keeper(old.as_item("app"))
    keeper.is_full = iter([False, True, True, False])
    assert use(old, keeper, Zoom()) == "access-2"
    assert keeper.item == tokens(2).as_item("app")


def test_ctrl_c_loses_no_tokens_and_keeps_others_away_until_they_are_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class SlowZoom(Zoom):
        def renew(self, app: UserApp, refresh_token: Secret) -> UserTokens:
            assert may_answer.wait(10)
            return super().renew(app, refresh_token)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    may_answer, unbroken = threading.Event(), Unbroken()
    old = tokens(1, good_for=timedelta(0))
    keeper = Keeper(old.as_item("app"))
    with monkeypatch.context() as patched:
        patched.setattr(renewing, "_wait_for", interrupt)
        with pytest.raises(KeyboardInterrupt):
            use(old, keeper, SlowZoom(), unbroken=unbroken)
    assert keeper.is_locked
    may_answer.set()
    unbroken.close()
    assert keeper.item == tokens(2).as_item("app")
    assert not keeper.is_locked


def test_without_another_thread_it_is_renewed_in_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    old = tokens(1, good_for=timedelta(0))
    assert use(old, Keeper(old.as_item("app")), Zoom()) == "access-2"


def test_thirty_at_once_renew_once(tmp_path: Path) -> None:
    old, zoom = tokens(1, good_for=timedelta(0)), Zoom()
    StoredSignIn(PROFILE, SecretFiles(tmp_path), tmp_path).write(old.as_item("app"))
    start, used = threading.Barrier(30), []

    def work() -> None:
        keeper = StoredSignIn(PROFILE, SecretFiles(tmp_path), tmp_path)
        start.wait(10)
        used.append(use(old, keeper, zoom))

    threads = [threading.Thread(target=work) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert used == ["access-2"] * 30
    assert zoom.renewals == 1


def test_a_folder_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    (tmp_path / "sign-in.lock").symlink_to(tmp_path / "elsewhere")
    keeper = StoredSignIn(PROFILE, SecretFiles(tmp_path), tmp_path)
    with pytest.raises(NotConfigured, match="symbolic link"), keeper.alone():
        pass


def test_the_next_tokens_go_where_the_profiles_secret_is(tmp_path: Path) -> None:
    class Store(SecretFiles):
        def write(self, account: str, secret: Secret, backend: str | None = None) -> str | None:
            places.append((account, backend))
            return super().write(account, secret, backend)

    places: list[tuple[str, str | None]] = []
    store = Store(tmp_path)
    old = tokens(1, good_for=timedelta(seconds=30))
    SecretFiles(tmp_path).write("me", old.as_item("app"))
    use(old, StoredSignIn(replace(PROFILE, keyring_backend="a.Backend"), store, tmp_path), Zoom())
    assert places == [("me", "a.Backend")] * 2
