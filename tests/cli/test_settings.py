from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.cli.settings import Settings
from zoomcall.errors import UsageError

VARIABLES = (
    "ZOOMCALL_OUTPUT",
    "ZOOMCALL_TIMEOUT",
    "ZOOMCALL_PROFILE",
    "ZOOMCALL_API_BASE",
    "ZOOMCALL_OAUTH_BASE",
    "ZOOMCALL_ALLOW_API_BASE",
    "ZOOMCALL_CONFIG_DIR",
    "ZOOMCALL_STATE_DIR",
    "ZOOMCALL_KEYRING_TIMEOUT",
    "ZOOMCALL_NO_INPUT",
    "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID",
)


def test_an_empty_environment_says_nothing() -> None:
    settings = Settings.read({})
    assert settings == Settings(environ={})
    assert (settings.timeout, settings.profile, settings.api_base, settings.state_dir) == (None, None, None, None)
    assert settings.is_input_off is False


def test_an_empty_variable_counts_as_unset() -> None:
    everything = dict.fromkeys((*VARIABLES, "ZOOMCALL_TOKEN", "ZOOMCALL_SESSION"), "")
    assert Settings.read(everything) == Settings.read({})


def test_each_variable_is_read_into_its_place() -> None:
    settings = Settings.read(
        {
            "ZOOMCALL_OUTPUT": "json",
            "ZOOMCALL_TIMEOUT": "12.5",
            "ZOOMCALL_PROFILE": "prod",
            "ZOOMCALL_API_BASE": "http://127.0.0.1:8080/v2/",
            "ZOOMCALL_OAUTH_BASE": "http://127.0.0.1:8080",
            "ZOOMCALL_CONFIG_DIR": "/tmp/config",  # noqa: S108 - only read
            "ZOOMCALL_STATE_DIR": "state",
            "ZOOMCALL_BOOK": "book.toml",
            "ZOOMCALL_KEYRING_TIMEOUT": "0.5",
            "ZOOMCALL_NO_INPUT": "1",
            "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": "ZhPGtK84QbapRWXzEBW7MA",
            "OTHER": "kept",
        }
    )
    assert settings.websocket_subscription_id == "ZhPGtK84QbapRWXzEBW7MA"
    assert (settings.output, settings.profile, settings.is_input_off) == ("json", "prod", True)
    assert (settings.timeout, settings.keyring_timeout) == (timedelta(seconds=12.5), timedelta(seconds=0.5))
    assert (settings.api_base, settings.oauth_base) == ("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080")
    assert (settings.config_dir, settings.state_dir) == (Path("/tmp/config"), Path("state"))  # noqa: S108 - only read
    assert settings.book == Path("book.toml")
    assert settings.environ["OTHER"] == "kept"


def test_a_tilde_is_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert Settings.read({"ZOOMCALL_STATE_DIR": "~/state"}).state_dir == Path("/home/ada/state")


@pytest.mark.parametrize("name", ["ZOOMCALL_CONFIG_DIR", "ZOOMCALL_STATE_DIR", "ZOOMCALL_BOOK"])
@pytest.mark.parametrize("value", ["~no-such-user-anywhere/x", "a\0b"])
def test_a_folder_that_can_be_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        Settings.read({name: value})


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on", "On"])
def test_a_switch_is_on(value: str) -> None:
    assert Settings.read({"ZOOMCALL_NO_INPUT": value}).is_input_off


@pytest.mark.parametrize("value", ["0", "false", "No", "OFF", ""])
def test_a_switch_is_off(value: str) -> None:
    assert not Settings.read({"ZOOMCALL_NO_INPUT": value}).is_input_off


@pytest.mark.parametrize("name", ["ZOOMCALL_NO_INPUT", "ZOOMCALL_ALLOW_API_BASE"])
@pytest.mark.parametrize("value", ["2", "maybe", " ", "1 0", "\x1b[31m"])
def test_a_switch_that_is_neither_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        Settings.read({name: value})
    assert caught.value.message.isprintable()
    assert caught.value.fix


def test_another_api_base_needs_its_switch() -> None:
    environ = {"ZOOMCALL_API_BASE": "https://proxy.example/v2"}
    with pytest.raises(UsageError, match="ZOOMCALL_API_BASE"):
        Settings.read(environ)
    with pytest.raises(UsageError, match="ZOOMCALL_API_BASE"):
        Settings.read({**environ, "ZOOMCALL_ALLOW_API_BASE": "0"})
    allowed = Settings.read({**environ, "ZOOMCALL_ALLOW_API_BASE": "1"})
    assert allowed.api_base == "https://proxy.example/v2"


@pytest.mark.parametrize("name", ["ZOOMCALL_API_BASE", "ZOOMCALL_OAUTH_BASE"])
def test_a_base_that_is_none_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Settings.read({name: "http://zoom.us"})


@pytest.mark.parametrize("name", ["TIMEOUT", "KEYRING_TIMEOUT"])
@pytest.mark.parametrize(("text", "seconds"), [("7.5", 7.5), ("90s", 90), ("10m", 600), ("1h", 3600), (" 3\n", 3)])
def test_a_variable_takes_a_duration(name: str, text: str, seconds: float) -> None:
    settings = Settings.read({f"ZOOMCALL_{name}": text})
    assert settings.timeout == timedelta(seconds=seconds) or settings.keyring_timeout == timedelta(seconds=seconds)


@pytest.mark.parametrize("name", ["TIMEOUT", "KEYRING_TIMEOUT"])
@pytest.mark.parametrize("text", ["0", "25h", "soon", "1_000", "\u0663"])
def test_what_is_no_duration_is_refused_by_its_variable(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"ZOOMCALL_{name}: "):
        Settings.read({f"ZOOMCALL_{name}": text})


def settings_or_message(environ: dict[str, str]) -> Settings | str:
    try:
        return Settings.read(environ)
    except UsageError as error:
        return error.message


@given(
    st.dictionaries(
        st.sampled_from(VARIABLES),
        st.one_of(
            st.text(),
            st.sampled_from(["~x/y", "1", "https://[", "http://localhost", "json", "nan"]),
            st.text("~/.\0ab", max_size=8),
        ),
    )
)
def test_any_environment_is_settings_or_a_usage_error(environ: dict[str, str]) -> None:
    match settings_or_message(environ):
        case Settings() as settings:
            assert all(settings.environ.values())
            assert settings.timeout is None or settings.timeout > timedelta()
        case message:
            assert message.isprintable()
            assert any(name in message for name in environ)


def test_nothing_is_taken_from_the_process_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ZOOMCALL_TIMEOUT", "not a number")
    assert Settings.read({}).timeout is None


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ünlesbar", "x" * 300])
def test_a_subscription_that_can_be_none_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID") as caught:
        Settings.read({"ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": value})
    assert caught.value.message.isprintable()
