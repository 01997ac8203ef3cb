"""What Windows does otherwise, faked at the edge: its files, signals, consoles, keyring and shells."""

import errno
import io
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import keyring.core
import msgspec
import pytest
from platformdirs import windows
from platforms import CredentialManager, Region, on_windows, refuse_folders
from shell import SENTINEL, Shell

from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.adapters.tls import certificate_end
from zoomcall.adapters.toml_file import read_text
from zoomcall.cli import browser, emulate, interrupts
from zoomcall.cli.render import text as text_rendering
from zoomcall.cli.settings import Settings
from zoomcall.cli.streams import Streams
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import secret_of_bytes
from zoomcall.domain.text_files import text_of, utf8_of
from zoomcall.emulator import child
from zoomcall.usecases.dialing.stop import Stop

LONG = "".join(chr(33 + number % 90) for number in range(5000))


@pytest.fixture
def own_files(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``zoomcall.own_files`` on Windows."""
    module = on_windows(monkeypatch, "zoomcall.own_files")
    refuse_folders(monkeypatch)
    return module


# Files


def test_files_are_replaced_and_read(own_files: ModuleType, tmp_path: Path) -> None:
    own_files.make_private_folder(tmp_path / "secrets")
    path = tmp_path / "secrets" / "file"
    own_files.replace_file(path, b"old")
    own_files.replace_file(path, b"new\r\n")

    descriptor = own_files.open_own(path, os.O_RDONLY)
    assert os.read(descriptor, 10) == b"new\r\n"
    os.close(descriptor)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("refusals", [1, 5])
def test_a_file_that_a_virus_scanner_has_open_is_replaced_once_it_is_closed(
    own_files: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    replaced, left = Path.replace, [None] * refusals
    monkeypatch.setattr(own_files, "_PAUSE", 0)

    def refuse(fresh: Path, path: Path) -> Path:
        if left:
            left.pop()
            raise PermissionError(13, "Access is denied", str(fresh), 5, str(path))
        return replaced(fresh, path)

    monkeypatch.setattr(Path, "replace", refuse)
    own_files.replace_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_file_that_stays_open_is_an_error_after_a_second(
    own_files: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(moments) / 4)
    monkeypatch.setattr(own_files, "_PAUSE", 0)
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", _refuse_access)

    with pytest.raises(PermissionError):
        own_files.replace_file(path, b"new")
    assert next(moments) in range(5, 8)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def _refuse_access(*_: object) -> None:
    raise PermissionError(13, "Access is denied")


def test_elsewhere_a_refused_rename_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoomcall import own_files

    asked: list[object] = []
    monkeypatch.setattr(Path, "replace", lambda *paths: asked.append(paths) or _refuse_access())
    with pytest.raises(PermissionError):
        own_files.replace_file(tmp_path / "file", b"new")
    assert len(asked) == 1


def test_a_secret_that_a_scanner_has_open_is_removed_once_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SecretFiles(tmp_path)
    store.write("prod", Secret(SENTINEL))
    unlink, refusals = Path.unlink, [None]
    monkeypatch.setattr(sys, "platform", "win32")

    def refuse(path: Path) -> None:
        if refusals:
            _refuse_access(refusals.pop())
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert store.remove("prod")
    assert store.read("prod") is None


def test_a_file_about_to_be_renamed_is_not_swept_away(own_files: ModuleType, tmp_path: Path) -> None:
    fresh, left = tmp_path / f".file.{'a' * 12}", tmp_path / f".file.{'b' * 12}"
    for path in (fresh, left):
        path.write_bytes(b"data")
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))

    own_files.sweep(tmp_path, "file")
    assert list(tmp_path.iterdir()) == [fresh]


def test_one_process_has_the_lock_at_a_time(own_files: ModuleType, tmp_path: Path) -> None:
    path, soon = tmp_path / "lock", timedelta(milliseconds=1)
    with own_files.locked(path, soon), pytest.raises(TimeoutError), own_files.locked(path, soon):
        pass
    with own_files.locked(path, soon):
        assert own_files.lock_failure(tmp_path) is None


def test_locks_of_windows_keep_out_other_descriptors_alone(tmp_path: Path) -> None:
    region = Region()
    with (tmp_path / "file").open("wb") as first, (tmp_path / "file").open("rb") as second:
        region.locking(first.fileno(), region.LK_NBLCK, 1)
        region.locking(first.fileno(), region.LK_NBLCK, 1)
        with pytest.raises(PermissionError):
            region.locking(second.fileno(), region.LK_NBLCK, 1)


def test_files_that_the_user_names_are_read_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named_files = on_windows(monkeypatch, "zoomcall.named_files", select=None)
    named_files.write_named(tmp_path / "file", b"a\r\nb", mode=0o600)
    assert named_files.read_named(tmp_path / "file", most=10, limit=timedelta(1))[0] == b"a\r\nb"


def test_folders_are_in_local_app_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr(windows, "get_win_folder", lambda name: asked.append(name) or str(tmp_path / "Local"))
    places = windows.Windows("zoomcall", appauthor=False)

    assert Path(places.user_config_dir) == Path(places.user_state_dir) == tmp_path / "Local" / "zoomcall"
    assert set(asked) == {"CSIDL_LOCAL_APPDATA"}


def test_quotes_of_cmds_set_are_no_part_of_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ZOOMCALL_CONFIG_DIR": '"C:\\Program Files\\zoom"'}
    assert Settings.read(given).config_dir == Path('"C:\\Program Files\\zoom"'), "a path may have them elsewhere"
    monkeypatch.setattr(sys, "platform", "win32")
    assert Settings.read(given).config_dir == Path("C:\\Program Files\\zoom")


# What PowerShell writes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_however_powershell_wrote_it(encoding: str, tmp_path: Path) -> None:
    written = 'name = "Zürich"\r\n'.encode(encoding)
    path = tmp_path / "config.toml"
    path.write_bytes(written)

    assert read_text(path, fix="") == text_of(written) == utf8_of(written).decode() == 'name = "Zürich"\r\n'


def test_what_is_neither_stays_as_it_is() -> None:
    assert utf8_of(b"\xff\xfe\x00") == b"\xff\xfe\x00"
    assert utf8_of(b"caf\xe9") == b"caf\xe9"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_secret_is_read_however_powershell_wrote_it(encoding: str) -> None:
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    assert secret_of_bytes(f"{mark}{SENTINEL}\r\n".encode(encoding)) == (Secret(SENTINEL), False)


def test_a_batch_that_powershell_redirected_is_reported(zoomcall: Shell, tmp_path: Path) -> None:
    flags = ("--dry-run", "-o", "json", "--session", "abc==")
    printed = zoomcall("invite", "batch", "-", *flags, stdin=b"a@room.example\n")
    assert printed.stderr == ""
    path = tmp_path / "batch.json"
    path.write_bytes(printed.stdout.replace("\n", "\r\n").encode("utf-16"))

    read = zoomcall("report", str(path), "--json")
    assert (len(msgspec.json.decode(read.stdout)["result"]["rows"]), read.stderr) == (1, "")


# The Credential Manager


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> CredentialManager:
    """Windows' Credential Manager, empty."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    found = CredentialManager()
    found.install(monkeypatch)
    return found


def _store() -> KeyringStore:
    return KeyringStore(limit=timedelta(seconds=20))


@pytest.mark.parametrize("length", [1, 1200, 1201, 2400, 5000])
def test_a_secret_of_any_length_is_kept(manager: CredentialManager, length: int) -> None:
    store = _store()
    assert store.write("prod", Secret(LONG[:length])) == "keyring.backends.Windows.WinVaultKeyring"
    store.write("prod/token", Secret(SENTINEL))
    assert store.read("prod") == Secret(LONG[:length])
    assert store.remove("prod")
    assert store.read("prod") is None
    assert store.read("prod/token") == Secret(SENTINEL)
    assert store.remove("prod/token")
    assert not manager.items, "nothing of a secret may be left"


@pytest.mark.parametrize(("old", "new"), [(5000, 2000), (2000, 5000), (5000, 10), (10, 5000), (5000, 5000)])
def test_a_write_that_is_killed_anywhere_leaves_the_old_secret_or_the_new(
    manager: CredentialManager, old: int, new: int
) -> None:
    before, after = Secret(LONG[:old]), Secret("~" + LONG[: new - 1])
    store, found = _store(), []
    for moment in range(40):
        manager.writes_left = None
        store.write("prod", before)
        manager.writes_left = moment
        try:
            store.write("prod", after)
        except BaseException:  # noqa: BLE001 - a kill, or the error made out of it
            found.append(store.read("prod"))
            continue
        assert manager.writes_left is not None
        if manager.writes_left > 0:
            break
    manager.writes_left = None

    assert store.read("prod") == after
    assert found[0] == before
    assert set(map(_revealed, found)) <= {before.reveal(), after.reveal()}
    assert store.remove("prod")
    assert not manager.items


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def test_a_secret_without_one_of_its_parts_is_an_error(manager: CredentialManager) -> None:
    store = _store()
    store.write("prod", Secret(LONG))
    del manager.items[next(target for target in manager.items if "part-a1" in target)]
    with pytest.raises(Exception, match="a part of the secret is missing"):
        store.read("prod")


def test_the_line_that_removes_a_secret_is_one_for_windows_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", r"C:\Program Files\Python\python.exe")
    assert _store().removal("prod") == r'"C:\Program Files\Python\python.exe" -m keyring del zoomcall prod'


# Signals and processes


def test_ctrl_break_ends_a_call_as_sigterm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "ENDING", (signal.SIGTERM, signal.SIGUSR1))  # Linux has no SIGBREAK
    stop, handlers = Stop(), _handlers(monkeypatch)
    interrupts.stop_on_signals(stop)
    handlers[signal.SIGUSR1](signal.SIGUSR1, None)
    assert (stop.is_set, stop.is_terminated) == (True, True)


def test_ctrl_break_ends_sending_and_calls_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "ENDING", (signal.SIGTERM, signal.SIGUSR1))
    sending, calls, handlers = Stop(), Stop(), _handlers(monkeypatch)
    interrupts.stop_in_steps(sending, calls)
    handlers[signal.SIGUSR1](signal.SIGUSR1, None)
    assert sending.is_terminated
    assert calls.is_terminated


def _handlers(patch: pytest.MonkeyPatch) -> dict[int, Callable[..., Any]]:
    handlers: dict[int, Callable[..., Any]] = {}
    patch.setattr(signal, "signal", handlers.__setitem__)
    return handlers


def test_ctrl_break_is_known_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", 21, raising=False)
    assert on_windows(monkeypatch, "zoomcall.cli.interrupts").ENDING == (signal.SIGTERM, 21)


def test_a_console_signals_the_command_of_emulate_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", 21, raising=False)
    fake = on_windows(monkeypatch, "zoomcall.emulator.child")
    relay, sent = fake._Relay(), []
    relay._process = type("Process", (), {"send_signal": staticmethod(sent.append)})
    for number in (signal.SIGINT, 21, signal.SIGTERM):
        relay._receive(number, None)
    assert sent == [signal.SIGTERM]


def test_a_command_of_emulate_is_found_as_a_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "npm.cmd"
    script.touch(mode=0o755)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("shutil.which", {"npm": str(script)}.get)
    assert child._found(("npm", "test")) == [str(script), "test"]
    assert child._found(("no-such-program",)) == ["no-such-program"]


def test_the_sandbox_of_a_second_terminal_is_for_powershell_too() -> None:
    ready = {"api_base": "http://127.0.0.1:1/v2", "session_name": "Mum's $(calc) \u201croom\u201d"}
    text = child.environment_lines(ready, Path("C:/Users/Zo\u00eb"), is_powershell=True)

    assert text.startswith("\ufeff"), "Windows PowerShell reads anything else in a code page"
    lines = text[1:].splitlines()
    assert "$env:ZOOMCALL_TOKEN = $null" in lines
    assert "$env:ZOOMCALL_API_BASE = 'http://127.0.0.1:1/v2'" in lines
    assert "$env:EMULATE_SESSION_NAME = 'Mum''s $(calc) \u201croom\u201d'" in lines
    assert all(re.fullmatch(r"\$env:\w+ = (?:\$null|'(?:[^']|'')*')", line) for line in lines)


@pytest.mark.parametrize(
    ("name", "line"),
    [("zoom.ps1", "Get-Content -Raw 'zoom.ps1' | Invoke-Expression"), ("zoom.env", ". ./zoom.env")],
)
def test_the_line_that_reads_the_sandbox_is_that_of_its_shell(name: str, line: str) -> None:
    assert emulate._sourcing(Path(name)) == line


# Consoles


def test_lines_end_alike_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = _pipe(monkeypatch, io.BytesIO())
    pipe.stdout.write("token\n")
    pipe.stdout.flush()
    assert pipe.stdout.buffer.getvalue() == b"token\n", "$(zoomcall token mint) would keep a carriage return"  # type: ignore[attr-defined]


@pytest.mark.parametrize("code_page", ["cp1252", "cp437", "cp932", "cp65001"])
def test_no_code_page_breaks_an_answer(monkeypatch: pytest.MonkeyPatch, code_page: str) -> None:
    pipe = _pipe(monkeypatch, io.BytesIO(), encoding="utf-8" if code_page == "cp65001" else code_page)
    pipe.stdout.write("\u2713 Zürich \U0001f3e2\n")
    pipe.stdout.flush()


class _Closed(io.BytesIO):
    def write(self, _data: Any) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_closed_pipe_is_known_by_windows_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    pipe = _pipe(monkeypatch, _Closed())
    pipe.stdout.write("answer")
    with pytest.raises(BrokenPipeError):
        pipe.stdout.flush()
    assert sys.stdout is pipe.stdout


def test_elsewhere_that_error_is_no_closed_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = _pipe(monkeypatch, _Closed())
    pipe.stdout.write("answer")
    with pytest.raises(OSError, match="Invalid argument") as caught:
        pipe.stdout.flush()
    assert not isinstance(caught.value, BrokenPipeError)
    pipe.stdout.detach()


def _pipe(patch: pytest.MonkeyPatch, raw: io.BytesIO, encoding: str = "cp1252") -> Streams:
    """Return the streams of a process whose output goes into a pipe, as Windows opens them."""
    patch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline="\r\n"))
    patch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\r\n"))
    return Streams.of_process()


def test_no_browser_opens_in_front_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_OPENS_WINDOWS", True)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert browser._has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    assert not browser._has_screen()


# Times


def test_a_certificate_may_outlive_windows_conversion() -> None:
    assert certificate_end("Dec 31 23:59:59 9999 GMT") == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_time_that_windows_cannot_make_local_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Windows(datetime):
        def astimezone(self, *_: object) -> Any:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(text_rendering, "datetime", Windows)
    assert text_rendering._local_time("3001-01-01T00:00:00Z") == "3001-01-01T00:00:00Z"
