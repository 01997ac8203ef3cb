import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.adapters.config_file import ConfigFile, parse_config
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Config, Profile, Store
from zoomcall.domain.target import Api
from zoomcall.errors import NotConfigured

WHOLE = """
current = "prod"
colour = "blue"

[profiles.prod]
kind = "videosdk"
api_key = "K1"
store = "keyring"
keyring_backend = "a.b.C"
note = "ours"

[profiles."eu.1"]
kind = "s2s"
account_id = "A"
client_id = "C"
store = "file"
api_base = "https://api.zoomgov.com/v2"
oauth_base = "https://zoomgov.com"

[profiles.given]
kind = "token"
for = "meeting"
"""


def parsed(text: str) -> Config:
    return parse_config(text, place="config.toml")


def test_profiles_are_read_and_unknown_keys_passed_over() -> None:
    config = parsed(WHOLE)
    assert config.current == "prod"
    assert config.broken == {}
    assert config.profiles["prod"] == Profile(
        name="prod", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="K1", keyring_backend="a.b.C"
    )
    assert config.profiles["eu.1"] == Profile(
        name="eu.1",
        kind=CredentialKind.S2S,
        store=Store.FILE,
        account_id="A",
        client_id="C",
        api_base="https://api.zoomgov.com/v2",
        oauth_base="https://zoomgov.com",
    )
    assert config.profiles["given"] == Profile(
        name="given", kind=CredentialKind.TOKEN, store=Store.KEYRING, api=Api.MEETING
    )


def test_a_file_that_is_not_there_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none" / "config.toml"
    config = ConfigFile(path).read()
    assert (config.current, config.names) == (None, ())
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("current = ", 1),
        ("current = 'a'\n[profiles.x\n", 2),
        ("a = 1\nb = 2\na = 3\n", 3),
        ("a = 1\nb = '''\nc\n\n", 3),
    ],
)
def test_of_corrupt_toml_file_and_line_are_named(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(NotConfigured, match=rf"config\.toml cannot be used: .*line {line}\b"):
        ConfigFile(path).read()
    assert path.read_text() == text


def test_of_bytes_that_are_no_text_the_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"current = 'a'\n# \xff\n")
    with pytest.raises(NotConfigured, match="line 2 is not UTF-8"):
        ConfigFile(path).read()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("current = 5", "current must be text, not a number"),
        ("profiles = 'x'", "profiles must be a table, not text"),
        ("[[profiles]]\nkind = 'token'", "profiles must be a table, not a list"),
    ],
)
def test_a_wrong_type_at_the_top_is_named(text: str, complaint: str) -> None:
    with pytest.raises(NotConfigured, match=complaint):
        parsed(text)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("x = 5", "profiles.x must be a table, not a number"),
        ("x = {}", "profiles.x.kind is missing"),
        ("x = {kind = 7}", "profiles.x.kind must be text, not a number"),
        ("x = {kind = true}", "profiles.x.kind must be text, not true or false"),
        ("x = {kind = 'sso'}", "profiles.x.kind must be one of videosdk, s2s, token, oauth, not 'sso'"),
        ("x = {kind = 'oauth'}", "profiles.x.client_id is missing"),
        ("x = {kind = 'videosdk'}", "profiles.x.api_key is missing"),
        ("x = {kind = 'videosdk', api_key = ['a']}", "profiles.x.api_key must be text, not a list"),
        ("x = {kind = 'videosdk', api_key = 'a b'}", "profiles.x.api_key contains a space (secret-has-whitespace)"),
        ("x = {kind = 's2s', account_id = 'A'}", "profiles.x.client_id is missing"),
        ("x = {kind = 'token', store = 'cloud'}", "profiles.x.store must be one of keyring, file, not 'cloud'"),
        (
            "x = {kind = 's2s', account_id = 'A', client_id = 'C', websocket_subscription_id = 'a b'}",
            "profiles.x.websocket_subscription_id contains a space (secret-has-whitespace)",
        ),
        ("x = {kind = 'token', for = 'both'}", "profiles.x.for must be one of session, meeting, not 'both'"),
        ("x = {kind = 'token', api_base = 1979-05-27}", "profiles.x.api_base must be text, not a date or time"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told_when_it_is_asked_for_and_spoils_no_other(
    table: str, complaint: str
) -> None:
    config = parsed(f"[profiles]\n{table}\ngood = {{kind = 'token'}}")
    assert config.profile("good").kind is CredentialKind.TOKEN
    with pytest.raises(NotConfigured) as caught:
        config.profile("x")
    assert caught.value.message.startswith(f"config.toml: {complaint}")


def test_a_name_that_no_profile_can_have_is_broken_too() -> None:
    assert parsed("[profiles.'a/b']\nkind = 'token'").names == ("a/b",)
    with pytest.raises(NotConfigured, match="'a/b' is not a valid profile name"):
        parsed("[profiles.'a/b']\nkind = 'token'").profile("a/b")


def test_a_folder_a_loop_and_a_file_for_a_folder_are_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    plain = tmp_path / "plain"
    plain.write_text("")
    for path in (tmp_path, loop, plain / "config.toml"):
        with pytest.raises(NotConfigured) as caught:
            ConfigFile(path).read()
        assert caught.value.message.startswith(f"{path} cannot be read: ")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    os.mkfifo(path)
    with pytest.raises(NotConfigured, match="it is a named pipe"):
        ConfigFile(path).read()


def test_a_device_is_not_read() -> None:
    with pytest.raises(NotConfigured, match="it is a device"):
        ConfigFile(Path("/dev/zero")).read()


def test_a_file_beyond_all_reason_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(NotConfigured, match="larger than"):
        ConfigFile(path).read()


def test_a_link_to_a_file_elsewhere_is_read(tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text('current = "prod"')
    path = tmp_path / "config.toml"
    path.symlink_to(elsewhere)
    assert ConfigFile(path).read().current == "prod"
    elsewhere.unlink()
    os.mkfifo(elsewhere)
    with pytest.raises(NotConfigured, match="it is a named pipe"):
        ConfigFile(path).read()


def test_numbers_and_nesting_beyond_reason_are_corrupt() -> None:
    for text in ("a = " + "9" * 10_000, "a = " + "[" * 50_000):
        with pytest.raises(NotConfigured, match="cannot be used"):
            parsed(text)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_config_or_not_configured(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    with contextlib.suppress(NotConfigured):
        ConfigFile(path).read()
    assert path.read_bytes() == data


TOML = st.recursive(
    st.sampled_from(["'x'", "5", "true", "1979-05-27", "'videosdk'", "'token'", "''", "'keyring'", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["kind", "api_key", "for", "store", "x"]), inner, max_size=4).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["current", "profiles", "other"]), TOML))
def test_any_types_anywhere_are_a_config_or_not_configured(tables: dict[str, str]) -> None:
    try:
        config = parsed("\n".join(f"{key} = {value}" for key, value in tables.items()))
    except NotConfigured:
        pass
    else:
        assert set(config.names) == {*config.profiles, *config.broken}


def test_reading_loads_nothing_that_writing_needs() -> None:
    code = "import sys, zoomcall.adapters.config_file; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tomlkit", "keyring", "platformdirs", "tempfile"} & set(done.stdout.split())
