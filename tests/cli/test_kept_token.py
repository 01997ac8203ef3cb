"""A server-to-server token that is kept for later commands (contract 5)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Shell, environ_of

from zoomcall.emulator.running import Emulator

Ring = Callable[[], tuple[str, ...]]


@pytest.fixture
def item(zoomcall: Shell) -> Path:
    return zoomcall.config_dir / "secrets" / "profile+default+token"


@pytest.fixture
def ring(zoomcall: Shell, emulator: Emulator) -> Ring:
    """Sign in an app, and return what rings a room into a meeting and tells which requests that took."""
    log_in(zoomcall, emulator, emulator.ready["client_id"])
    invite = ("invite", "sip", "answer@room.example.com", "--no-wait", "--force", "--meeting")

    def sent() -> tuple[str, ...]:
        before = len(emulator.requests)
        result = zoomcall(*invite, emulator.ready["meeting_id"], reveals=("files",))
        assert result.code == 0, result.stderr
        return tuple(request.method for request in emulator.requests[before:])

    return sent


def log_in(zoomcall: Shell, emulator: Emulator, client_id: str) -> None:
    ready = emulator.ready
    zoomcall.set(ZOOMCALL_API_BASE=ready["api_base"], ZOOMCALL_OAUTH_BASE=ready["oauth_base"])
    keys = ("--account-id", ready["account_id"], "--client-id", client_id, "--secret-stdin")
    secret = ready["client_secret"].encode()
    line = ("auth", "login", "--kind", "s2s", *keys, "--store", "file", "--no-verify")
    assert zoomcall(*line, stdin=secret, reveals=("files",)).code == 0


def test_a_second_invite_within_the_hour_sends_two_requests(ring: Ring, item: Path) -> None:
    assert ring() == ("POST", "GET", "PATCH")
    assert item.stat().st_mode & 0o777 == 0o600
    assert ring() == ("GET", "PATCH")


def test_a_refused_token_is_renewed_once_and_kept(ring: Ring, item: Path) -> None:
    ring()
    kept = json.loads(item.read_text())
    item.write_text(json.dumps(kept | {"token": "revoked"}))
    assert ring() == ("GET", "POST", "GET", "PATCH")
    assert ring() == ("GET", "PATCH")


def test_a_token_that_ends_within_a_minute_is_not_used(ring: Ring, item: Path) -> None:
    ring()
    kept = json.loads(item.read_text())
    item.write_text(json.dumps(kept | {"expires_at": kept["expires_at"] - 3600 + 50}))
    assert ring() == ("POST", "GET", "PATCH")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"owner": 1}', "\0", "[" * 100_000])
def test_what_is_no_token_is_not_used(ring: Ring, item: Path, text: str) -> None:
    ring()
    item.write_text(text)
    assert ring() == ("POST", "GET", "PATCH")


@pytest.mark.parametrize("key", ["account_id", "client_id", "secret_check"])
def test_the_token_of_another_app_or_secret_is_not_used(ring: Ring, item: Path, zoomcall: Shell, key: str) -> None:
    ring()
    kept = json.loads(item.read_text())
    owner = kept["owner"].split("\n")
    owner[("account_id", "client_id", "secret_check").index(key)] = "other"
    item.write_text(json.dumps(kept | {"owner": "\n".join(owner)}))
    assert ring() == ("POST", "GET", "PATCH")


def test_a_profile_whose_secret_cannot_be_checked_keeps_no_token(ring: Ring, item: Path, zoomcall: Shell) -> None:
    config = zoomcall.config_dir / "config.toml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("secret_check")))
    ring()
    assert not item.exists()


def test_logout_removes_it(ring: Ring, item: Path, zoomcall: Shell) -> None:
    ring()
    assert item.exists()
    assert zoomcall("auth", "logout").code == 0
    assert not item.exists()


def test_a_token_of_the_environments_app_is_not_kept(emulator: Emulator, zoomcall: Shell) -> None:
    line = ("invite", "sip", "answer@room.example.com", "--no-wait", "--meeting", emulator.ready["meeting_id"])
    assert zoomcall(*line, environ=environ_of(emulator)).code == 0
    assert not (zoomcall.config_dir / "secrets").exists()


def test_a_lock_that_is_held_costs_the_token_and_nothing_else(ring: Ring, item: Path, zoomcall: Shell) -> None:
    lock = zoomcall.config_dir / "config.toml.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    assert ring() == ("POST", "GET", "PATCH")
    assert not item.exists()
