import os
import stat
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import SENTINEL

from zoomcall.adapters.secret_files import SecretFiles, read_secret_file
from zoomcall.domain.cause import Notice
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured


@pytest.fixture
def store(tmp_path: Path) -> SecretFiles:
    return SecretFiles(tmp_path / "config")


def named(path: Path, *, origin: str) -> tuple[Secret, tuple[Notice, ...]]:
    return read_secret_file(path, origin=origin, limit=timedelta(seconds=20))


def only_file(store: SecretFiles) -> Path:
    (path,) = store._folder.iterdir()
    return path


def test_a_secret_is_kept_for_its_owner_alone(store: SecretFiles) -> None:
    assert store.read("prod") is None
    assert store.write("prod", Secret(SENTINEL)) is None
    assert store.read("prod") == Secret(SENTINEL)
    assert stat.S_IMODE(only_file(store).stat().st_mode) == 0o600
    assert stat.S_IMODE(store._folder.stat().st_mode) == 0o700


def test_the_mode_does_not_hang_on_the_umask(store: SecretFiles) -> None:
    older = os.umask(0)
    try:
        store.write("prod", Secret(SENTINEL))
    finally:
        os.umask(older)
    assert stat.S_IMODE(only_file(store).stat().st_mode) == 0o600
    assert stat.S_IMODE(store._folder.stat().st_mode) == 0o700


def test_a_folder_that_others_could_enter_is_closed_to_them(store: SecretFiles) -> None:
    store._folder.mkdir(parents=True, mode=0o755)
    store.write("prod", Secret(SENTINEL))
    assert stat.S_IMODE(store._folder.stat().st_mode) == 0o700


def test_what_is_said_to_remove_a_secret_does(store: SecretFiles) -> None:
    for account in ("prod", "prod/webhook"):
        store.write(account, Secret(SENTINEL))
        subprocess.run(store.removal(account), shell=True, check=True)  # noqa: S602 - as a person would
        assert store.read(account) is None


def test_accounts_never_share_a_file(store: SecretFiles) -> None:
    accounts = ["prod", "prod/webhook", "prod.webhook", "prod_webhook", "CON", "..x"]
    for account in accounts:
        store.write(account, Secret(account))
    assert [store.read(account) for account in accounts] == [Secret(account) for account in accounts]
    assert len(list(store._folder.iterdir())) == len(accounts)


def test_a_secret_is_replaced_and_removed(store: SecretFiles) -> None:
    store.write("prod", Secret("old"))
    store.write("prod", Secret("new"))
    assert store.read("prod") == Secret("new")
    assert store.remove("prod")
    assert not store.remove("prod")
    assert store.read("prod") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_others_can_touch_is_refused_with_its_mode_and_the_cure(store: SecretFiles, mode: int) -> None:
    store.write("prod", Secret(SENTINEL))
    path = only_file(store)
    path.chmod(mode)
    with pytest.raises(NotConfigured, match=f"{mode:04o}") as caught:
        store.read("prod")
    assert str(path) in caught.value.message
    assert caught.value.command == f"chmod 600 '{path}'"
    assert SENTINEL not in repr(caught.value)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_folder_that_others_can_write_is_refused(store: SecretFiles, mode: int) -> None:
    store.write("prod", Secret(SENTINEL))
    store._folder.chmod(mode)
    with pytest.raises(NotConfigured, match="others can change "):
        store.read("prod")


def test_what_others_could_read_can_still_be_replaced_and_removed(store: SecretFiles) -> None:
    store.write("prod", Secret("old"))
    only_file(store).chmod(0o644)
    assert store.previous("prod") == Secret("old")
    store.write("prod", Secret("new"))
    assert store.read("prod") == Secret("new")
    only_file(store).chmod(0o644)
    assert store.remove("prod")


def test_there_is_nothing_to_put_back_where_nothing_was_or_rubbish(store: SecretFiles) -> None:
    assert store.previous("prod") is None
    store.write("prod", Secret("x"))
    only_file(store).write_bytes(b"\xff\x00")
    assert store.previous("prod") is None


def test_a_file_of_the_store_that_is_no_secret_is_named(store: SecretFiles) -> None:
    store.write("prod", Secret("x"))
    path = only_file(store)
    path.write_bytes(b"")
    with pytest.raises(NotConfigured, match="is empty"):
        store.read("prod")
    path.unlink()
    path.mkdir(mode=0o700)
    for attempt in (store.read, store.previous, store.remove, lambda name: store.write(name, Secret("y"))):
        with pytest.raises(NotConfigured) as caught:
            attempt("prod")
        assert str(path) in caught.value.message


def test_a_crash_while_storing_leaves_the_older_secret(store: SecretFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("prod", Secret("old"))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            store.write("prod", Secret("new"))
    assert only_file(store).read_bytes() == b"old\n"


def test_a_store_that_cannot_be_written_is_not_configured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotConfigured, match="cannot be written"):
        SecretFiles(tmp_path / "file").write("prod", Secret(SENTINEL))


@pytest.mark.parametrize("mode", [0o400, 0o444, 0o600])
def test_a_file_that_the_user_names_is_read_whatever_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(SENTINEL + "\n")
    path.chmod(mode)
    assert named(path, origin="--secret-file") == (Secret(SENTINEL), ())


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_that_others_can_write_it_is_a_warning(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(SENTINEL)
    path.chmod(mode)
    secret, (notice,) = named(path, origin="--secret-file")
    assert secret == Secret(SENTINEL)
    assert notice.id == "secret-file-writable"
    assert f"{mode:04o}" in notice.message


def test_more_whitespace_than_a_newline_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"  {SENTINEL}\n\n")
    secret, (notice,) = named(path, origin="ZOOMCALL_API_SECRET_FILE")
    assert secret == Secret(SENTINEL)
    assert notice.id == "secret-has-whitespace"
    assert notice.message.startswith("ZOOMCALL_API_SECRET_FILE: ")
    assert SENTINEL not in notice.message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\x80\x00", "is binary"),
        (f"{SENTINEL}\n{SENTINEL}".encode(), "more than one line"),
        (b"s" * 1_000_001, "larger than"),
    ],
)
def test_content_that_is_no_secret_is_named_by_its_file_and_not_shown(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(NotConfigured, match=why) as caught:
        named(path, origin="--secret-file")
    assert caught.value.message.startswith(f"--secret-file: {path} ")
    assert SENTINEL not in caught.value.message
    assert caught.value.__suppress_context__


def test_a_file_that_is_missing_a_folder_or_a_loop_is_not_configured(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path / "none", tmp_path, loop):
        with pytest.raises(NotConfigured, match="cannot be read"):
            named(path, origin="--secret-file")


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(NotConfigured, match="larger than"):
        named(Path("/dev/zero"), origin="--secret-file")


def test_a_pipe_will_do(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o666)
    writing = threading.Thread(target=pipe.write_text, args=(SENTINEL + "\n",))
    writing.start()
    assert named(pipe, origin="--secret-file") == (Secret(SENTINEL), ())
    writing.join()


@given(st.binary(max_size=100))
def test_any_bytes_are_a_secret_or_not_configured(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-secret"
    path.write_bytes(data)
    try:
        secret, _ = named(path, origin="--secret-file")
    except NotConfigured:
        return
    assert secret.reveal() == data.decode("utf-8-sig").strip()


def test_a_pipe_that_nobody_writes_to_is_named_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotConfigured, match=r"pipe cannot be read: nothing was written to it within 0\.1 s"):
        read_secret_file(pipe, origin="ZOOMCALL_API_SECRET_FILE", limit=timedelta(seconds=0.1))


def links(store: SecretFiles, path: Path) -> Path:
    target = store._folder.parent / "target"
    target.write_text(SENTINEL)
    target.chmod(0o600)
    path.symlink_to(target)
    return target


def test_the_store_neither_reads_nor_replaces_a_link(store: SecretFiles) -> None:
    store.write("prod", Secret("mine"))
    path = only_file(store)
    path.unlink()
    target = links(store, path)
    attempts = (store.read, store.previous, store.remove, lambda name: store.write(name, Secret("new")))
    for attempt in attempts:
        with pytest.raises(NotConfigured, match="it is a symbolic link") as caught:
            attempt("prod")
        assert caught.value.message.startswith(str(path))
        assert "regular file of your own" in (caught.value.fix or "")
    assert path.is_symlink()
    assert target.read_text() == SENTINEL


def test_a_folder_that_is_a_link_is_neither_filled_nor_changed(store: SecretFiles, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    store._folder.parent.mkdir()
    store._folder.symlink_to(elsewhere)
    with pytest.raises(NotConfigured, match="it is a symbolic link, not a folder"):
        store.write("prod", Secret(SENTINEL))
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    assert list(elsewhere.iterdir()) == []


def test_a_pipe_in_the_store_is_not_waited_for(store: SecretFiles) -> None:
    store.write("prod", Secret("mine"))
    path = only_file(store)
    path.unlink()
    os.mkfifo(path, 0o600)
    for attempt in (store.read, store.previous):
        with pytest.raises(NotConfigured, match="it is a named pipe"):
            attempt("prod")


def test_a_secret_of_another_user_is_not_used(store: SecretFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("prod", Secret(SENTINEL))
    owner = only_file(store).stat().st_uid
    monkeypatch.setattr("zoomcall.own_files._ROOT", -1)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(NotConfigured, match="it belongs to another user"):
        store.read("prod")


@pytest.mark.parametrize("step", ["write", "remove"])
def test_what_a_killed_login_left_goes_with_the_next_of_any_profile(store: SecretFiles, step: str) -> None:
    store.write("prod", Secret("mine"))
    left = store._folder / f".profile+other.{'0' * 12}"
    left.write_text(SENTINEL)
    if step == "write":
        store.write("prod", Secret("new"))
    else:
        store.remove("prod")
    assert not left.exists()


def test_every_folder_that_is_made_is_the_owners_alone(store: SecretFiles) -> None:
    store.write("prod", Secret(SENTINEL))
    assert stat.S_IMODE(store._folder.parent.stat().st_mode) == 0o700
