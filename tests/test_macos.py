"""What macOS does otherwise, faked at the edge: its disks, keychain, folders and shells."""

import fcntl
import os
import platform
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import keyring.core
import pytest
from keyring.backends import macOS
from platformdirs.macos import MacOS
from platforms import on_macos

from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.errors import NotConfigured

ROOT = Path(__file__).parent.parent
FULL_SYNC = 51
_NOT_IN_BASH_3 = re.compile(
    r"mapfile|readarray|declare -A|local -A|local -n|\$\{\w+(?:,,|\^\^|@)|\|&|&>>|;;&|\[\[ -v |printf '?%\(|coproc"
)
_NOT_IN_BSD_SED = re.compile(r"\\[+?|ntwsSbB]|sed -[a-z]*[rzs]")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_drive_has_to_empty_its_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_known: bool) -> None:
    done: list[object] = []

    def control(descriptor: int, command: int) -> int:
        if not is_known:
            raise OSError(45, "Operation not supported")
        done.append(command)
        return 0

    monkeypatch.setattr(fcntl, "F_FULLFSYNC", FULL_SYNC, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", control)
    own_files = on_macos(monkeypatch, "zoomcall.own_files")
    monkeypatch.setattr(os, "fsync", lambda _: done.append("fsync"))

    own_files.replace_file(tmp_path / "file", b"data")
    assert done == ([FULL_SYNC, FULL_SYNC] if is_known else ["fsync", "fsync"])


def test_both_folders_are_in_application_support(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    places, expected = MacOS("zoomcall", appauthor=False), tmp_path / "Library" / "Application Support" / "zoomcall"
    assert Path(places.user_config_dir) == Path(places.user_state_dir) == expected


def test_a_device_that_cannot_be_polled_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    select = __import__("select")
    poll = SimpleNamespace(register=lambda *_: None, poll=lambda _: [(0, select.POLLNVAL)])
    monkeypatch.setattr(select, "poll", lambda: poll)
    named_files = on_macos(monkeypatch, "zoomcall.named_files")
    assert named_files.read_named(Path(os.devnull), most=10, limit=timedelta(1))[0] == b""


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("KeychainDenied", "it is locked"),  # the user clicked Deny
        ("Error", "KeyringError: Can't get password from keychain"),
    ],
)
def test_a_keychain_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch, failure: str, told: str) -> None:
    error = type("Error", (Exception,), {})
    denied = type("KeychainDenied", (error,), {})
    kinds = {"Error": error, "KeychainDenied": denied, "NotFound": type("NotFound", (error,), {})}

    def refuse(*_: object) -> None:
        raise kinds[failure](-128, "denied")

    monkeypatch.setattr(macOS, "api", SimpleNamespace(find_generic_password=refuse, **kinds), raising=False)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.macOS.Keyring")
    with pytest.raises(NotConfigured) as caught:
        KeyringStore(limit=timedelta(seconds=20)).read("prod")
    assert told in caught.value.message


def test_completions_use_nothing_that_macos_bash_does_not_know() -> None:
    script = (ROOT / "completions" / "zoomcall.bash").read_text(encoding="utf-8")
    assert _NOT_IN_BASH_3.findall(script) == []
    assert _NOT_IN_BASH_3.findall("mapfile -t words; echo ${word,,}") == ["mapfile", "${word,,"]
    used = [line for line in script.splitlines() if "compopt" in line]
    assert all("2>/dev/null" in line for line in used), "bash 3.2 has no compopt"


@pytest.mark.parametrize("name", ["zoomcall.bash", "_zoomcall", "zoomcall.fish"])
def test_completions_use_nothing_that_the_sed_of_macos_does_not_know(name: str) -> None:
    lines = [
        line for line in (ROOT / "completions" / name).read_text(encoding="utf-8").splitlines() if "sed -" in line
    ]
    assert lines
    assert [found for line in lines for found in _NOT_IN_BSD_SED.findall(line)] == []
    assert _NOT_IN_BSD_SED.findall(r"sed -E 's/a\+/b/'") == [r"\+"]


@pytest.mark.parametrize("name", ["zoomcall.bash", "_zoomcall", "zoomcall.fish"])
def test_completions_look_where_macos_keeps_the_names(name: str) -> None:
    script = (ROOT / "completions" / name).read_text(encoding="utf-8")
    assert "$HOME/Library/Application Support/zoomcall" in script
