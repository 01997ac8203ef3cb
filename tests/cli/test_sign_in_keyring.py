"""A sign-in, and a kept token, in a real keyring: what is stored, renewed, moved, replaced and forgotten."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring.core
import pytest
from keyring_session import KeyringSession, keyring_session
from shell import Place, Result, Shell

from zoomcall.cli import browser
from zoomcall.emulator.running import Emulator

LIBRARY = "Python keyring library"
ACCOUNTS = ("default", "default/client", "default/token", "default/webhook")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[KeyringSession]:
    with keyring_session(tmp_path / "k") as running:
        yield running


@pytest.fixture
def home(zoomcall: Shell, emulator: Emulator, session: KeyringSession, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Reach the local Zoom, the keyring, and a browser that allows everything."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    user = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    monkeypatch.setattr(browser, "_open", lambda address: user.open(address, data=b"", timeout=20).close())
    ready = emulator.ready
    zoomcall.set(
        **{name: text for name, text in session.environ.items() if name.startswith(("XDG", "DBUS"))},
        PYTHON_KEYRING_BACKEND=None,
        ZOOMCALL_KEYRING_TIMEOUT="30",
        ZOOMCALL_API_BASE=ready["api_base"],
        ZOOMCALL_OAUTH_BASE=ready["oauth_base"],
        BROWSER="played",
    )
    zoomcall.hide(ready["client_secret"])
    return zoomcall


def log_in(home: Shell, emulator: Emulator, kind: str, *arguments: str) -> Result:
    ready = emulator.ready
    keys = {
        "oauth": ("--client-id", ready["client_id"]),
        "s2s": ("--account-id", ready["account_id"], "--client-id", ready["client_id"]),
        "videosdk": ("--api-key", ready["api_key"]),
    }[kind]
    secret = ready["api_secret" if kind == "videosdk" else "client_secret"].encode()
    reveals: tuple[Place, ...] = ("files",) if "file" in arguments else ()
    line = ("auth", "login", "--kind", kind, *keys, "--secret-stdin", *arguments)
    result = home(*line, stdin=secret, reveals=reveals)
    assert result.code == 0, result.stderr
    return result


def stored(session: KeyringSession) -> set[str]:
    return {name for name in ACCOUNTS if session.lookup(service="zoomcall", username=name) is not None}


def test_a_users_tokens_are_renewed_in_the_keyring_and_gone_after_logout(
    home: Shell, emulator: Emulator, session: KeyringSession
) -> None:
    log_in(home, emulator, "oauth")
    assert stored(session) == {"default", "default/client"}
    item = json.loads(session.lookup(service="zoomcall", username="default") or "")
    old = item | {"expires_at": int(datetime.now(UTC).timestamp())}
    session.store(json.dumps(old), service="zoomcall", username="default", application=LIBRARY)
    assert home("whoami").code == 0
    renewed = json.loads(session.lookup(service="zoomcall", username="default") or "")
    assert renewed["refresh_token"] != item["refresh_token"]
    assert home("auth", "logout").code == 0
    assert stored(session) == set()


def test_a_token_is_kept_in_the_keyring_and_goes_with_its_app(
    home: Shell, emulator: Emulator, session: KeyringSession
) -> None:
    log_in(home, emulator, "s2s")
    invite = ("invite", "sip", "answer@room.example.com", "--no-wait", "--meeting", emulator.ready["meeting_id"])
    assert home(*invite).code == 0
    assert stored(session) == {"default", "default/token"}
    log_in(home, emulator, "oauth")
    assert stored(session) == {"default", "default/client"}
    log_in(home, emulator, "videosdk")
    assert stored(session) == {"default"}


def test_a_sign_in_that_moves_to_a_file_leaves_nothing_in_the_keyring(
    home: Shell, emulator: Emulator, session: KeyringSession
) -> None:
    log_in(home, emulator, "oauth")
    log_in(home, emulator, "oauth", "--store", "file")
    assert stored(session) == set()
    names = sorted(path.name for path in (home.config_dir / "secrets").iterdir())
    assert names == ["profile+default", "profile+default+client"]
    log_in(home, emulator, "oauth", "-p", "other")
    log_in(home, emulator, "oauth")
    assert stored(session) == {"default", "default/client"}
    assert list((home.config_dir / "secrets").iterdir()) == []
