"""``whoami`` where Zoom accepts the credential, refuses it, or does not answer."""

from typing import Any

import pytest
from loopback import Loopback, free_port
from shell import SENTINEL, Shell
from tokens import API_CLAIMS, jwt

from zoomcall.emulator.running import Emulator

S2S = ("ZOOMCALL_ACCOUNT_ID", "ZOOMCALL_CLIENT_ID", "ZOOMCALL_CLIENT_SECRET")


def who(shell: Shell, *arguments: str, **environ: str | None) -> tuple[int, dict[str, Any]]:
    result = shell("whoami", "--json", *arguments, environ=environ)
    return result.code, result.json()["result"]


def test_a_pair_that_zoom_accepts_is_told_with_what_it_hid(shell: Shell, emulator: Emulator) -> None:
    code, result = who(shell, "--for", "session")
    assert code == 0
    assert result == {
        "kind": "videosdk",
        "key_id": emulator.ready["api_key"],
        "user": None,
        "api_base": emulator.ready["api_base"],
        "clock_skew_seconds": 0,
        "expires_at": None,
        "scopes": None,
        "hidden": [{"kind": "s2s", "source": "env", "name": "ZOOMCALL_CLIENT_SECRET"}],
    }


def test_an_app_is_told_with_user_scopes_and_expiry(shell: Shell) -> None:
    code, result = who(shell, "--for", "meeting")
    assert code == 0
    assert result["user"]["email"].endswith("@example.com")
    assert "user:read:user:admin" in result["scopes"]
    assert result["expires_at"].endswith("Z")


def test_of_a_refused_pair_is_told_what_is_known(shell: Shell, emulator: Emulator) -> None:
    arguments = {"ZOOMCALL_API_SECRET": SENTINEL} | dict.fromkeys(S2S)
    code, result = who(shell, **arguments)
    assert code == 4
    assert (result["kind"], result["key_id"]) == ("videosdk", emulator.ready["api_key"])
    assert (result["user"], result["clock_skew_seconds"], result["hidden"]) == (None, 0, [])
    text = shell("whoami", environ=arguments)
    assert "accepted: no\nclock: +0 s" in text.stdout
    assert "key-pair-refused" in text.stderr


def test_of_a_refused_app_the_clock_is_told_by_the_token_endpoint(shell: Shell, emulator: Emulator) -> None:
    code, result = who(shell, "--for", "meeting", ZOOMCALL_CLIENT_SECRET=SENTINEL)
    assert (code, result["key_id"], result["clock_skew_seconds"]) == (4, emulator.ready["client_id"], 0)


def test_a_key_that_is_most_likely_the_secret_is_not_told(shell: Shell, emulator: Emulator) -> None:
    swapped = {
        "ZOOMCALL_API_KEY": emulator.ready["api_secret"],
        "ZOOMCALL_API_SECRET": emulator.ready["api_key"],
    }
    shell.hide(emulator.ready["api_secret"])
    code, result = who(shell, "--for", "session", **swapped)
    assert (code, result["key_id"]) == (4, None)
    assert "key:" not in shell("whoami", "--for", "session", environ=swapped).stdout


def test_of_a_refused_token_the_expiry_is_told(shell: Shell) -> None:
    code, result = who(shell, "--for", "meeting", ZOOMCALL_TOKEN=jwt(API_CLAIMS))
    assert (code, result["kind"]) == (4, "token")
    assert result["expires_at"].endswith("Z")
    assert [hidden["kind"] for hidden in result["hidden"]] == ["videosdk", "s2s"]


def test_where_nobody_answers_the_credential_is_told_all_the_same(shell: Shell) -> None:
    nowhere = {"ZOOMCALL_API_BASE": f"http://127.0.0.1:{free_port()}/v2"}
    code, result = who(shell, "--for", "session", **nowhere)
    assert (code, result["kind"], result["clock_skew_seconds"]) == (10, "videosdk", None)


def test_offline_nobody_is_asked(shell: Shell) -> None:
    with Loopback() as server:
        code, result = who(shell, "--for", "session", "--offline", ZOOMCALL_API_BASE=f"{server.url}/v2")
        assert server.connections == 0
    assert (code, result["clock_skew_seconds"]) == (0, None)


def test_several_credentials_and_nothing_that_chooses_is_a_usage_error(shell: Shell) -> None:
    result = shell("whoami", environ={"ZOOMCALL_SESSION": None})
    assert result.code == 2
    assert "ZOOMCALL_API_KEY (videosdk) and ZOOMCALL_ACCOUNT_ID (s2s)" in result.stderr


@pytest.mark.parametrize(
    ("target", "kind"),
    [("ZOOMCALL_SESSION_NAME", "videosdk"), ("ZOOMCALL_MEETING", "s2s"), ("ZOOMCALL_SESSION", "videosdk")],
)
def test_the_target_in_the_environment_chooses(shell: Shell, emulator: Emulator, target: str, kind: str) -> None:
    value = {"ZOOMCALL_MEETING": emulator.ready["meeting_id"]}.get(target, emulator.ready["session_name"])
    result = shell("whoami", "--json", environ={"ZOOMCALL_SESSION": None, target: value})
    assert (result.code, result.json()["result"]["kind"]) == (0, kind)


def test_targets_of_both_kinds_choose_nothing(shell: Shell) -> None:
    assert shell("whoami", environ={"ZOOMCALL_MEETING": "85746065432"}).code == 2
