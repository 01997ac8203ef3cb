"""What becomes of profiles and secrets when logins are killed, meet each other, or find odd files."""

import errno
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import SENTINEL, ProcessShell, Result, Shell

from zoomcall.adapters.config_file import ConfigFile
from zoomcall.adapters.config_writer import ConfigWriter
from zoomcall.adapters.jwt import check_hs256
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured
from zoomcall.usecases.signing_in import login, logout

NEW = "sentinel0SECRET2never2shown"
LOGIN = ("auth", "login", "--kind", "videosdk", "--no-verify", "--store", "file", "--secret-stdin")

_DYING = """
import os, pathlib, sys
name, when, countdown = sys.argv.pop(1), sys.argv.pop(1), [int(sys.argv.pop(1))]
owner, call = (os, "fsync") if name == "fsync" else (pathlib.Path, name)
real = getattr(owner, call)
def dying(*arguments, **options):
    countdown[0] -= 1
    if countdown[0] == 0 and when == "before":
        os.kill(os.getpid(), 9)
    result = real(*arguments, **options)
    if countdown[0] == 0:
        os.kill(os.getpid(), 9)
    return result
setattr(owner, call, dying)
from zoomcall.__main__ import main
main()
"""


def log_in(zoomcall: Shell, key: str, secret: str = SENTINEL) -> Result:
    return zoomcall(*LOGIN, "--api-key", key, stdin=secret.encode(), reveals=("files",))


def mint(zoomcall: Shell) -> Result:
    return zoomcall("token", "mint", reveals=("output", "files"))


KILLS = [
    *[("fsync", "before", count) for count in (1, 2, 3, 4)],
    *[("replace", when, count) for count in (1, 2) for when in ("before", "after")],
]


@pytest.mark.parametrize(("name", "when", "count"), KILLS)
def test_a_login_killed_anywhere_never_signs_with_the_secret_of_another_key(
    zoomcall: Shell, zoomcall_process: ProcessShell, name: str, when: str, count: int
) -> None:
    assert log_in(zoomcall, "K1").code == 0
    command = (sys.executable, "-c", _DYING, name, when, str(count))
    dying = ProcessShell(zoomcall_process.shell, command)
    killed = dying(*LOGIN, "--api-key", "K2", stdin=NEW.encode(), reveals=("files",))
    assert killed.code == -9
    result = mint(zoomcall)
    if result.code == 0:
        (key,) = [each.api_key for each in ConfigFile(zoomcall.config_dir / "config.toml").read().profiles.values()]
        assert check_hs256(result.stdout.strip(), Secret({"K1": SENTINEL, "K2": NEW}[key]))
    else:
        assert result.code == 3
        assert "was not stored with its key" in result.stderr
        assert "zoomcall auth login --kind videosdk --store file -p default" in result.stderr
    for path in zoomcall.config_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert log_in(zoomcall, "K2", NEW).code == 0
    assert mint(zoomcall).code == 0
    names = {path.name for path in zoomcall.config_dir.rglob("*")}
    assert names == {"config.toml", "config.toml.lock", "secrets", "profile+default"}


def test_a_key_that_was_changed_by_hand_signs_nothing(zoomcall: Shell) -> None:
    log_in(zoomcall, "K1")
    path = zoomcall.config_dir / "config.toml"
    path.write_text(path.read_text().replace("K1", "K2"))
    for arguments in (("token", "mint"), ("auth", "status"), ("whoami",)):
        result = zoomcall(*arguments, reveals=("files",))
        assert (result.code, result.stdout) == (3, "")
        assert "was not stored with its key" in result.stderr


def test_a_profile_of_an_older_version_keeps_working(zoomcall: Shell) -> None:
    log_in(zoomcall, "K1")
    path = zoomcall.config_dir / "config.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("secret_check")))
    assert len(path.read_text().splitlines()) == len(lines) - 1
    assert mint(zoomcall).code == 0


_CROWD = """
import pathlib, sys
from zoomcall.adapters.config_writer import ConfigWriter
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured
from zoomcall.usecases.signing_in import login, logout
folder, number = pathlib.Path(sys.argv[1]), sys.argv[2]
for turn in range(5):
    config, store = ConfigWriter(folder / "config.toml"), SecretFiles(folder)
    key = f"K{number}.{turn}"
    name = "shared" if turn % 2 else f"own{number}"
    draft = Profile(name=name, kind=CredentialKind.VIDEOSDK, store=Store.FILE, api_key=key)
    login(draft, ask_secret=lambda: Secret(f"secret of {key}"), check=None, config=config,
          open_store=lambda _: store, warn=lambda _: None)
    try:
        config.switch("shared")
    except NotConfigured as error:
        assert "no profile" in error.message, error
    if turn == 3 and number == "0":
        logout("shared", config=config, open_store=lambda _: store, revoke=None, warn=lambda _: None)
"""


def test_a_crowd_that_logs_in_and_out_leaves_every_key_with_its_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CROWD, str(tmp_path)]
    crowd = [subprocess.Popen([*command, str(number)]) for number in range(6)]
    assert [process.wait(120) for process in crowd] == [0] * 6
    config, store = ConfigFile(tmp_path / "config.toml").read(), SecretFiles(tmp_path)
    assert config.broken == {}
    assert {f"own{number}" for number in range(6)} <= set(config.names)
    for name, profile in config.profiles.items():
        secret = store.read(name)
        assert secret == Secret(f"secret of {profile.api_key}")
        assert profile.owns(secret)
    assert not list(tmp_path.rglob(".*"))


class Fault:
    """Lets the system refuse one kind of call, from its nth on: once, or always."""

    def __init__(self, number: int, nth: int, *, is_lasting: bool) -> None:
        self.error = OSError(number, os.strerror(number))
        self.left = nth
        self.is_lasting = is_lasting
        self.was_hit = False

    def wrap(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            self.left -= 1
            if self.left == 0 or (self.left < 0 and self.is_lasting):
                self.was_hit = True
                raise self.error
            return real(*arguments, **options)

        return call


FAULTS = [
    (os, "open", errno.EMFILE),
    (os, "open", errno.EACCES),
    (os, "fstat", errno.EIO),
    (os, "fsync", errno.ENOSPC),
    (os, "fdopen", errno.ENOMEM),
    (os, "fchmod", errno.EPERM),
    (Path, "lstat", errno.EIO),
    (Path, "mkdir", errno.EROFS),
    (Path, "replace", errno.EIO),
    (Path, "unlink", errno.EIO),
    (fcntl, "flock", errno.ENOLCK),
]


def act_on(folder: Path, act: str) -> list[Notice]:
    config, store = ConfigWriter(folder / "config.toml"), SecretFiles(folder)
    draft = Profile(name="prod", kind=CredentialKind.VIDEOSDK, store=Store.FILE, api_key="K2")
    told: list[Notice] = []
    if act == "login":
        login(
            draft,
            ask_secret=lambda: Secret("second"),
            check=None,
            config=config,
            open_store=lambda _: store,
            warn=told.append,
        )
    elif act == "logout":
        logout("prod", config=config, open_store=lambda _: store, revoke=lambda *_: None, warn=told.append)
    else:
        config.switch("prod")
    return told


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("act", ["login", "logout", "switch"])
@pytest.mark.parametrize(("owner", "name", "number"), FAULTS, ids=str)
def test_whichever_call_the_system_refuses_key_and_secret_belong_together(
    tmp_path: Path, owner: object, name: str, number: int, act: str, is_lasting: bool
) -> None:
    for nth in range(1, 60):
        folder = tmp_path / str(nth)
        config, store = ConfigWriter(folder / "config.toml"), SecretFiles(folder)
        other = Profile(name="other", kind=CredentialKind.TOKEN, store=Store.FILE)
        older = Profile(name="prod", kind=CredentialKind.VIDEOSDK, store=Store.FILE, api_key="K1")
        config.put(other)
        config.put(older.tied_to(Secret("first")))
        store.write("prod", Secret("first"))
        fault = Fault(number, nth, is_lasting=is_lasting)
        error: NotConfigured | None = None
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(owner, name, fault.wrap(getattr(owner, name)))
            try:
                act_on(folder, act)
            except NotConfigured as refusal:
                error = refusal
        if not fault.was_hit:
            return
        after, secret = config.read(), store.read("prod")
        profile = after.profiles.get("prod")
        assert "other" in after.profiles
        if error is None:
            done = {"login": ("K2", Secret("second")), "logout": (None, None), "switch": ("K1", Secret("first"))}
            assert (profile and profile.api_key, secret) == done[act]
            continue
        is_whole = (profile and profile.api_key, secret) == ("K1", Secret("first"))
        assert is_whole or error.command is not None
        assert profile is not None
        assert is_whole or secret is None or not profile.owns(secret)
    pytest.fail("it never came to an end")


def link_elsewhere(path: Path) -> None:
    target = path.parents[2] / "elsewhere"
    target.write_text("# mine\n")
    target.chmod(0o600)
    path.symlink_to(target)


def link_to_a_device(path: Path) -> None:
    path.symlink_to(os.devnull)


ODD = {"link": link_elsewhere, "device": link_to_a_device, "pipe": os.mkfifo, "folder": Path.mkdir}


@pytest.mark.parametrize("name", ["config.toml", "config.toml.lock", "secrets/profile+default"])
@pytest.mark.parametrize("kind", ODD)
def test_a_login_replaces_nothing_odd_and_asks_for_no_secret(zoomcall: Shell, name: str, kind: str) -> None:
    path = zoomcall.config_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make: Callable[[Path], object] = ODD[kind]
    make(path)
    before = path.lstat()
    result = log_in(zoomcall, "K1")
    assert result.code == 3
    assert f"{path} cannot be " in result.stderr or kind in {"pipe", "folder"}
    assert (path.lstat().st_ino, path.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    elsewhere = path.parents[2] / "elsewhere"
    assert kind != "link" or elsewhere.read_text() == "# mine\n"
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_linked_config_is_read_but_not_edited(zoomcall: Shell) -> None:
    log_in(zoomcall, "K1")
    path = zoomcall.config_dir / "config.toml"
    dotfiles = path.rename(zoomcall.folder / "dotfiles.toml")
    path.symlink_to(dotfiles)
    assert mint(zoomcall).code == 0
    text = dotfiles.read_text()
    for arguments in (("auth", "switch", "default"), ("auth", "logout")):
        result = zoomcall(*arguments, reveals=("files",))
        assert result.code == 3
        assert f"{path} cannot be written: it is a symbolic link" in result.stderr
    assert dotfiles.read_text() == text
    assert mint(zoomcall).code == 0


def test_a_secret_of_a_process_substitution_is_read(zoomcall: Shell) -> None:
    reader, writer = os.pipe()
    os.write(writer, SENTINEL.encode() + b"\n")
    os.close(writer)
    result = zoomcall(*LOGIN[:-1], "--api-key", "K1", "--secret-file", f"/dev/fd/{reader}", reveals=("files",))
    os.close(reader)
    assert result.code == 0
    assert mint(zoomcall).code == 0


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("auth", "login", "--kind", "videosdk", "--api-key", "K", "--no-verify", "--secret-file", "PIPE"), {}),
        (("token", "mint"), {"ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET_FILE": "PIPE"}),
        (("token", "mint"), {"ZOOMCALL_TOKEN_FILE": "PIPE"}),
    ],
)
def test_a_pipe_without_a_secret_is_exit_3_in_time(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    from datetime import timedelta

    from zoomcall.cli import wiring

    assert timedelta(seconds=10) >= wiring._SECRET_LIMIT
    monkeypatch.setattr(wiring, "_SECRET_LIMIT", timedelta(seconds=0.1))
    pipe = zoomcall.folder / "pipe"
    os.mkfifo(pipe)
    result = zoomcall(
        *(str(pipe) if each == "PIPE" else each for each in arguments),
        environ={name: str(pipe) if text == "PIPE" else text for name, text in environ.items()},
    )
    assert result.code == 3
    assert f"{pipe} cannot be read: nothing was written to it within 0.1 s" in result.stderr
