import contextlib
import os
import pty
import re
import shlex
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO

import keyring.core
import pytest
from keyring_backends import Remembering
from keyring_session import KeyringSession, keyring_session
from shell import SENTINEL, ProcessShell, Result, Shell, Terminal, read_terminal
from tokens import OAUTH_CLAIMS, OAUTH_HEADER, SESSION_CLAIMS, jwt

from zoomcall.adapters.config_file import ConfigFile
from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.domain.profile import Config
from zoomcall.emulator.running import Emulator

PAIR = ("--kind", "videosdk", "--api-key", "K1")
APP = ("--kind", "s2s", "--account-id", "A1", "--client-id", "C1")
UNCHECKED = ("--no-verify", "--store", "file")
LINE = SENTINEL.encode() + b"\n"


@pytest.fixture(autouse=True)
def fresh_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(Remembering, "secrets", {})


def log_in(
    zoomcall: Shell, *arguments: str, secret: bytes = LINE, environ: Mapping[str, str] | None = None
) -> Result:
    return zoomcall(
        "auth", "login", *arguments, "--secret-stdin", stdin=secret, environ=environ, reveals=("files",)
    )


def config_of(zoomcall: Shell) -> Config:
    return ConfigFile(zoomcall.config_dir / "config.toml").read()


def secret_files(zoomcall: Shell) -> dict[str, bytes]:
    folder = zoomcall.config_dir / "secrets"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def bases(emulator: Emulator) -> dict[str, str]:
    return {"ZOOMCALL_API_BASE": emulator.ready["api_base"], "ZOOMCALL_OAUTH_BASE": emulator.ready["oauth_base"]}


# Logging in


def test_the_first_login_is_current_and_named_default(zoomcall: Shell) -> None:
    result = log_in(zoomcall, *PAIR, *UNCHECKED, "--json")
    document = result.json()
    assert result.code == 0
    assert document["profile"] == "default"
    assert document["credential"] == {"kind": "videosdk", "source": "file"}
    assert document["result"] == {
        "profile": "default",
        "kind": "videosdk",
        "key_id": "K1",
        "store": "file",
        "verified": False,
        "current": True,
        "replaced": False,
    }
    assert config_of(zoomcall).current == "default"


def test_the_secret_lies_in_its_file_and_nowhere_else(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED)
    (holder,) = [path for path in zoomcall.written_files() if SENTINEL.encode() in path.read_bytes()]
    assert holder.parent.name == "secrets"
    for path in (holder, zoomcall.config_dir / "config.toml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (holder.parent, zoomcall.config_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_which_pair_is_meant_is_said_on_stderr_and_muted_by_quiet(zoomcall: Shell) -> None:
    spoken = log_in(zoomcall, *PAIR, *UNCHECKED)
    assert "API key and API secret" in spoken.stderr
    assert "SDK key" in spoken.stderr
    assert "Build App" in spoken.stderr
    assert "two key pairs" not in spoken.stdout
    assert log_in(zoomcall, *PAIR, *UNCHECKED, "-q").stderr == ""


@pytest.mark.parametrize("kind", ["videosdk", "s2s", "token"])
def test_zoom_is_asked_before_anything_is_stored(zoomcall: Shell, emulator: Emulator, kind: str) -> None:
    ready = emulator.ready
    token = zoomcall(
        "token",
        "mint",
        environ={"ZOOMCALL_API_KEY": ready["api_key"], "ZOOMCALL_API_SECRET": ready["api_secret"]},
        reveals=("output",),
    ).stdout
    arguments, good = {
        "videosdk": (("--kind", "videosdk", "--api-key", ready["api_key"]), ready["api_secret"]),
        "s2s": (
            ("--kind", "s2s", "--account-id", ready["account_id"], "--client-id", ready["client_id"]),
            ready["client_secret"],
        ),
        "token": (("--kind", "token"), token),
    }[kind]
    bad = token[:-4] + "AAA\n" if kind == "token" else SENTINEL
    refused = log_in(
        zoomcall, *arguments, "--store", "file", "--json", secret=bad.encode(), environ=bases(emulator)
    )
    assert refused.code == 4
    assert [warning["id"] for warning in refused.json()["warnings"]] == ["not-stored"]
    assert refused.json()["error"]["causes"]
    assert refused.json()["credential"] == {"kind": None, "source": None}
    assert secret_files(zoomcall) == {}
    assert config_of(zoomcall).names == ()
    zoomcall.hide(good.strip())
    accepted = log_in(
        zoomcall, *arguments, "--store", "file", "--json", secret=good.encode(), environ=bases(emulator)
    )
    assert accepted.code == 0
    assert accepted.json()["result"]["verified"] is True
    assert secret_files(zoomcall) == {"profile+default": good.strip().encode() + b"\n"}


def test_what_was_stored_serves_the_other_commands(zoomcall: Shell, emulator: Emulator) -> None:
    ready = emulator.ready
    log_in(
        zoomcall,
        *("--kind", "videosdk", "--api-key", ready["api_key"], "--store", "file"),
        secret=ready["api_secret"].encode(),
        environ=bases(emulator),
    )
    who = zoomcall("whoami", "--json", environ=bases(emulator)).json()
    assert who["result"]["key_id"] == ready["api_key"]
    assert who["credential"] == {"kind": "videosdk", "source": "file"}


def test_nothing_listening_is_exit_10_and_stores_nothing(zoomcall: Shell) -> None:
    environ = {"ZOOMCALL_API_BASE": "http://127.0.0.1:1", "ZOOMCALL_OAUTH_BASE": "http://127.0.0.1:1"}
    for arguments in (PAIR, APP):
        result = log_in(zoomcall, *arguments, "--store", "file", environ=environ)
        assert result.code == 10
        assert "nothing was stored" in result.stderr
    assert secret_files(zoomcall) == {}


@pytest.mark.parametrize("claims", [SESSION_CLAIMS, {**OAUTH_CLAIMS, "type": 1}])
def test_a_token_of_a_wrong_kind_is_not_even_sent(zoomcall: Shell, claims: dict[str, object]) -> None:
    token = jwt(claims, OAUTH_HEADER if "type" in claims else None)
    environ = {"ZOOMCALL_API_BASE": "http://127.0.0.1:1"}
    arguments = ("--kind", "token", "--for", "session", "--store", "file")
    result = log_in(zoomcall, *arguments, secret=token.encode(), environ=environ)
    assert result.code == 4
    assert secret_files(zoomcall) == {}


def test_the_government_cloud_is_kept_in_the_profile(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "--cluster", "gov")
    profile = config_of(zoomcall).profiles["default"]
    assert (profile.api_base, profile.oauth_base) == ("https://api.zoomgov.com/v2", "https://zoomgov.com")
    assert zoomcall("auth", "status", "--json").json()["result"]["api_base"] == "https://api.zoomgov.com/v2"
    log_in(zoomcall, *PAIR, *UNCHECKED)
    assert config_of(zoomcall).profiles["default"].api_base is None


def test_a_login_is_named_by_flag_or_variable(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    log_in(zoomcall, *APP, *UNCHECKED, environ={"ZOOMCALL_PROFILE": "mtg"})
    assert config_of(zoomcall).names == ("mtg", "prod")
    assert config_of(zoomcall).current == "prod"


def test_a_login_over_a_profile_says_so(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED)
    again = log_in(zoomcall, "--kind", "videosdk", "--api-key", "K2", *UNCHECKED, "--json").json()
    assert again["result"]["replaced"] is True
    assert [warning["id"] for warning in again["warnings"]] == ["profile-replaced"]


def test_a_secret_comes_from_a_file_too(zoomcall: Shell, tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_bytes(b"  " + LINE + b"\n")
    path.chmod(0o444)
    result = zoomcall(
        "auth", "login", *PAIR, *UNCHECKED, "--secret-file", str(path), "--json", reveals=("files",)
    ).json()
    assert result["ok"]
    assert [warning["id"] for warning in result["warnings"]] == ["secret-has-whitespace"]
    assert secret_files(zoomcall) == {"profile+default": LINE}


@pytest.mark.parametrize("name", ["none", "."])
def test_a_secret_file_that_cannot_be_read_is_exit_3(zoomcall: Shell, tmp_path: Path, name: str) -> None:
    result = zoomcall("auth", "login", *PAIR, *UNCHECKED, "--secret-file", str(tmp_path / name))
    assert result.code == 3
    assert str(tmp_path) in result.stderr


@pytest.mark.parametrize("stdin", [b"", b"\n", b"\xff\x00", b"one\ntwo\n", b"x" * 1_000_001])
def test_standard_input_that_is_no_secret_is_exit_2(zoomcall: Shell, stdin: bytes) -> None:
    result = log_in(zoomcall, *PAIR, secret=stdin)
    assert result.code == 2
    assert "standard input" in result.stderr
    assert "two" not in result.stderr.replace("two key pairs", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "--kind is required"),
        (("--api-key", "K1"), "--kind is required"),
        (("--kind", "oauth"), "oauth"),
        (("--kind", "videosdk"), "--kind videosdk needs --api-key"),
        (("--kind", "s2s", "--client-id", "C"), "--kind s2s needs --account-id"),
        ((*PAIR, "--client-id", "C"), "--client-id does not go with --kind videosdk"),
        ((*PAIR, "--for", "meeting"), "--for is for tokens"),
        (("--kind", "videosdk", "--api-key", "a b"), "--api-key"),
        (("--kind", "videosdk", "--api-key", ""), "--api-key is empty"),
        ((*PAIR, "-p", "a/b"), "-p: 'a/b' is not a valid profile name"),
        (PAIR, "no API secret given"),
        (APP, "no client secret given"),
        (("--kind", "token"), "no token given"),
        ((*PAIR, "--secret-stdin", "--secret-file", "x"), "contradict each other"),
        ((*PAIR, "--store", "cloud"), "cloud"),
        ((*PAIR, "--cluster", "moon"), "moon"),
    ],
)
def test_what_is_missing_or_wrong_outside_a_terminal_is_exit_2(
    zoomcall: Shell, arguments: tuple[str, ...], complaint: str
) -> None:
    result = zoomcall("auth", "login", *arguments)
    assert result.code == 2
    assert complaint in result.stderr
    assert zoomcall("auth", "login", *arguments, "--json").json()["exit_code"] == 2


def test_no_flag_takes_a_secret(zoomcall: Shell) -> None:
    for flag in ("--secret", "--api-secret", "--client-secret", "--token", "--password"):
        assert zoomcall("auth", "login", *PAIR, flag, "x").code == 2


# Asking in a terminal


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Type a secret where one is asked for; gives the questions."""
    questions: list[str] = []

    def answer(question: str, **_: object) -> str:
        questions.append(question)
        return f" {SENTINEL}"

    monkeypatch.setattr("getpass.getpass", answer)
    return questions


def test_in_a_terminal_everything_is_asked_for(zoomcall: Shell, typed: list[str]) -> None:
    result = zoomcall("auth", "login", *UNCHECKED, stdin=b"s2s\nA1\nC1\n", terminal=("stdin",), reveals=("files",))
    assert result.code == 0
    for question in ("Kind: ", "Account ID: ", "Client ID: "):
        assert question in result.stderr
        assert question not in result.stdout
    assert typed == ["Client secret (not shown): "]
    assert config_of(zoomcall).profiles["default"].client_id == "C1"
    assert secret_files(zoomcall) == {"profile+default": LINE}


@pytest.mark.parametrize("answer", ["2", "s2s", "sdk\n2"])
def test_a_kind_is_chosen_by_number_or_word_and_asked_for_again(
    zoomcall: Shell, typed: list[str], answer: str
) -> None:
    stdin = f"{answer}\nA1\nC1\n".encode()
    result = zoomcall("auth", "login", *UNCHECKED, stdin=stdin, terminal=("stdin",), reveals=("files",))
    assert result.code == 0, result.stderr
    assert typed == ["Client secret (not shown): "]
    assert result.stderr.count("is none of them") == answer.count("sdk")
    for number, kind in enumerate(("videosdk", "s2s", "oauth", "token"), 1):
        assert re.search(rf"^{number}: .*\({kind}\)$", result.stderr, re.MULTILINE)


def test_a_wrong_answer_is_asked_for_again(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = iter(["", "two words", f" {SENTINEL}"])
    monkeypatch.setattr("getpass.getpass", lambda _question, *, stream: next(secrets))  # noqa: ARG005 - its signature
    stdin = b"\nnonsense\n1\nA B\n\nK1\n"
    result = zoomcall("auth", "login", *UNCHECKED, stdin=stdin, terminal=("stdin",), reveals=("files",))
    assert result.code == 0, result.stderr
    assert config_of(zoomcall).profiles["default"].api_key == "K1"
    for words in (
        "'nonsense' is none of them",
        "API key contains a space",
        "API key is empty",
        "no secret: what was",
    ):
        assert words in result.stderr


def test_the_third_wrong_answer_ends_it(zoomcall: Shell) -> None:
    for answers in (b"a\nb\nc\n1\n", b"1\na b\nc d\ne f\nK1\n"):
        result = zoomcall("auth", "login", *UNCHECKED, stdin=answers, terminal=("stdin",))
        assert result.code == 2
        assert "no answer was given" not in result.stderr


def test_what_was_pasted_behind_a_wrong_answer_is_not_left_to_the_shell(zoomcall_process: ProcessShell) -> None:
    line = f"{sys.executable} -m zoomcall auth login --kind s2s --store file; echo next; cat"
    pid, terminal = pty.fork()
    if not pid:
        os.execve("/bin/sh", ["sh", "-c", line], zoomcall_process.shell.environ)  # noqa: S606 - it is what is tried

    def read_until(words: bytes, count: int) -> bytes:
        shown = b""
        while shown.count(words) < count:
            piece = read_terminal(terminal)
            assert piece, shown
            shown += piece
        return shown

    read_until(b"Account ID: ", 1)
    os.write(terminal, b"two words\npasted-1\npasted-2\n")
    shown = read_until(b"Account ID: ", 1)
    os.write(terminal, b"\x04")  # the end of the input
    shown = read_until(b"next", 1)
    assert b"no answer was given, so nothing was stored" in shown
    os.write(terminal, b"\x04")
    rest = b""
    while piece := read_terminal(terminal):
        rest += piece
    os.waitpid(pid, 0)
    assert b"pasted" not in rest


def test_no_input_asks_for_nothing(zoomcall: Shell, typed: list[str]) -> None:
    for how in ({"environ": {"ZOOMCALL_NO_INPUT": "1"}}, {}):
        flags = () if how else ("--no-input",)
        for arguments in ((), PAIR):
            result = zoomcall("auth", "login", *arguments, *flags, terminal=("stdin",), **how)
            assert result.code == 2
    assert typed == []


def test_an_unknown_kind_or_an_empty_answer_is_exit_2(zoomcall: Shell) -> None:
    for stdin in (b"sdk\n", b"\n", b"", b"videosdk\n\n"):
        assert zoomcall("auth", "login", "--store", "file", stdin=stdin, terminal=("stdin",)).code == 2


@pytest.mark.parametrize(("end", "code"), [(KeyboardInterrupt, 130), (EOFError, 2)])
def test_whoever_leaves_the_question_reads_the_answer_on_a_line_of_its_own(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, end: type[BaseException], code: int
) -> None:
    def leave(question: str, *, stream: IO[str]) -> str:
        stream.write(question)
        raise end

    monkeypatch.setattr("getpass.getpass", leave)
    result = zoomcall("auth", "login", *PAIR, *UNCHECKED, terminal=("stdin",))
    assert result.code == code
    assert "(not shown): \nerror: " in result.stderr


def test_a_secret_is_not_read_from_standard_input_where_it_would_be_seen(zoomcall: Shell) -> None:
    result = zoomcall("auth", "login", *PAIR, "--secret-stdin", terminal=("stdin",))
    assert result.code == 2
    assert "would show the secret" in result.stderr


def test_nobody_is_asked_for_anything_when_the_keyring_is_missing(zoomcall: Shell, typed: list[str]) -> None:
    for arguments, again in ((PAIR, " --kind videosdk"), ((), "")):
        result = zoomcall("auth", "login", *arguments, terminal=("stdin",))
        assert result.code == 3
        assert "Kind" not in result.stderr
        assert f"  run: zoomcall auth login{again} --store file\n" in result.stderr
    assert typed == []


def test_a_real_terminal_never_shows_the_secret(zoomcall_process: ProcessShell) -> None:
    command = [sys.executable, "-m", "zoomcall", "auth", "login", *PAIR, *UNCHECKED]
    code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    with subprocess.Popen(
        [sys.executable, "-c", code, *command],
        env=zoomcall_process.shell.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        shown = b""
        while b"(not shown): " not in shown:
            piece = os.read(process.stdout.fileno(), 1000)
            assert piece, shown
            shown += piece
        process.stdin.write(LINE)
        process.stdin.flush()
        while piece := os.read(process.stdout.fileno(), 1000):
            shown += piece
        process.stdin.close()
        assert process.wait(30) == 0
    assert b"logged in as profile default" in shown
    assert SENTINEL.encode() not in shown
    assert secret_files(zoomcall_process.shell) == {"profile+default": LINE}


# Status, list, switch, logout


def test_status_without_a_credential_is_exit_3(zoomcall: Shell) -> None:
    result = zoomcall("auth", "status")
    assert result.code == 3
    assert "no credential" in result.stderr
    assert "zoomcall auth login" in result.stderr
    assert not zoomcall.config_dir.exists()


def test_status_names_the_winner_and_what_it_hid(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED)
    assert zoomcall("auth", "status", "--json").json()["result"] == {
        "profile": "default",
        "kind": "videosdk",
        "source": "file",
        "key_id": "K1",
        "for": None,
        "api_base": "https://api.zoom.us/v2",
        "current": True,
        "hidden": [],
    }
    environ = {"ZOOMCALL_TOKEN": "given-token"}
    result = zoomcall("auth", "status", "--json", environ=environ).json()["result"]
    assert (result["profile"], result["source"], result["current"]) == (None, "env", False)
    assert result["hidden"] == [{"kind": "videosdk", "source": "file", "name": "default"}]
    text = zoomcall("auth", "status", environ=environ).stdout
    assert "env (ZOOMCALL_TOKEN)" in text
    assert "videosdk from file (default)" in text


def test_status_of_a_secret_that_is_gone_is_exit_3(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED)
    (zoomcall.config_dir / "secrets" / "profile+default").unlink()
    result = zoomcall("auth", "status")
    assert result.code == 3
    assert "holds no secret for profile 'default'" in result.stderr


def test_status_of_a_secret_that_others_can_read_is_exit_3(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED)
    (zoomcall.config_dir / "secrets" / "profile+default").chmod(0o644)
    result = zoomcall("auth", "status")
    assert result.code == 3
    assert "chmod 600" in result.stderr
    assert log_in(zoomcall, *PAIR, *UNCHECKED).code == 0
    assert zoomcall("auth", "status").code == 0


def test_list_shows_every_profile_and_what_is_wrong_with_it(zoomcall: Shell) -> None:
    assert zoomcall("auth", "list", "--json").json()["result"] == {"current": None, "profiles": []}
    assert "no profiles are stored" in zoomcall("auth", "list").stdout
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    with (zoomcall.config_dir / "config.toml").open("a") as file:
        file.write("[profiles.later]\nkind = 'quantum'\n")
    listed = zoomcall("auth", "list", "--json").json()["result"]
    assert listed["current"] == "prod"
    assert [(row["profile"], row["kind"], row["current"]) for row in listed["profiles"]] == [
        ("later", None, False),
        ("prod", "videosdk", True),
    ]
    assert "profiles.later.kind must be one of" in listed["profiles"][0]["problem"]
    assert "*\tprod\tvideosdk\tK1\tfile\t" in zoomcall("auth", "list").stdout


def test_switch_makes_another_profile_current(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg")
    result = zoomcall("auth", "switch", "mtg", "--json").json()["result"]
    assert result == {"profile": "mtg", "kind": "s2s", "previous": "prod"}
    assert zoomcall("auth", "status", "--json").json()["profile"] == "mtg"


@pytest.mark.parametrize("name", ["pord", "a/b", ""])
def test_switching_to_an_unknown_profile_is_exit_3_and_names_the_known(zoomcall: Shell, name: str) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    result = zoomcall("auth", "switch", name)
    assert result.code == 3
    assert "known: prod" in result.stderr
    assert config_of(zoomcall).current == "prod"


def test_that_the_environment_wins_over_a_switch_or_login_is_told(zoomcall: Shell) -> None:
    environ = {"ZOOMCALL_TOKEN": "given-token"}
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    for result in (
        log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg", environ=environ),
        zoomcall("auth", "switch", "mtg", environ=environ),
        zoomcall("auth", "logout", environ=environ),
    ):
        assert result.code == 0
        assert "ZOOMCALL_TOKEN in the environment overrides profiles" in result.stderr


def test_of_several_variables_that_win_each_is_named(zoomcall: Shell) -> None:
    environ = {
        "ZOOMCALL_TOKEN": "given-token",
        "ZOOMCALL_API_KEY": "key",
        "ZOOMCALL_API_SECRET": "a-secret-of-mine",
    }
    result = log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg", environ=environ)
    assert "ZOOMCALL_TOKEN and ZOOMCALL_API_SECRET in the environment override profiles" in result.stderr


def test_logout_removes_the_profile_and_its_secret(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg")
    result = zoomcall("auth", "logout", "--json").json()["result"]
    assert result == {"profile": "prod", "removed": True, "was_current": True, "profiles": ["mtg"], "all": None}
    assert set(secret_files(zoomcall)) == {"profile+mtg"}
    assert zoomcall("auth", "status").code == 3
    text = zoomcall("auth", "logout", "-p", "mtg").stdout
    assert "removed profile mtg and its secret" in text
    assert "current" not in text
    assert secret_files(zoomcall) == {}


def test_that_no_profile_is_current_after_a_logout_is_said_with_those_that_are_left(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg")
    assert "no profile is current now; left: mtg" in zoomcall("auth", "logout").stdout


def test_logout_of_all_removes_every_profile_and_secret_and_tells_each(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", "-p", "ring", stdin=LINE)
    log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg")
    (zoomcall.config_dir / "secrets" / "profile+killed").write_text("of a login that was killed")
    document = zoomcall("auth", "logout", "--all", "--yes", "--json").json()
    result = document["result"]
    assert [(row["profile"], row["store"], row["removed"]) for row in result["all"]] == [
        ("mtg", "file", True),
        ("ring", "keyring", True),
    ]
    assert (result["removed"], result["was_current"], result["profiles"]) == (True, True, [])
    assert (secret_files(zoomcall), Remembering.secrets, config_of(zoomcall).names) == ({}, {}, ())


def test_logout_of_all_asks_first_and_needs_yes_where_nobody_can_be_asked(zoomcall: Shell) -> None:
    log_in(zoomcall, *PAIR, *UNCHECKED, "-p", "prod")
    unasked = zoomcall("auth", "logout", "--all", reveals=("files",))
    assert (unasked.code, "Add --yes" in unasked.stderr) == (2, True)
    asked = zoomcall("auth", "logout", "--all", stdin=b"n\n", terminal=("stdin",), reveals=("files",))
    assert (asked.code, "Remove them all?" in asked.stderr, asked.stdout) == (0, True, "nothing was removed\n")
    assert config_of(zoomcall).names == ("prod",)
    agreed = zoomcall("auth", "logout", "--all", stdin=b"y\n", terminal=("stdin",))
    assert (agreed.code, "removed profile prod and its secret" in agreed.stdout) == (0, True)
    assert config_of(zoomcall).names == ()


def test_logout_of_all_keeps_what_it_cannot_remove_and_removes_the_others(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", "-p", "ring", stdin=LINE)
    log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg")
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Locked")
    result = zoomcall("auth", "logout", "--all", "--yes")
    assert (result.code, "1 of 2 profiles were kept; ring" in result.stderr) == (3, True)
    assert "removed profile mtg" in result.stdout
    assert config_of(zoomcall).names == ("ring",)


@pytest.mark.parametrize("arguments", [("--all", "-p", "prod"), ("--yes",)])
def test_flags_of_logout_that_do_not_go_together(zoomcall: Shell, arguments: tuple[str, ...]) -> None:
    assert zoomcall("auth", "logout", *arguments).code == 2


def test_logout_of_all_where_there_is_none_writes_nothing(zoomcall: Shell) -> None:
    result = zoomcall("auth", "logout", "--all")
    assert (result.code, "no profiles are stored" in result.stdout) == (0, True)
    assert not zoomcall.config_dir.exists()


@pytest.mark.parametrize("arguments", [(), ("-p", "pord")])
def test_logout_of_none_is_exit_0_with_a_note(zoomcall: Shell, arguments: tuple[str, ...]) -> None:
    result = zoomcall("auth", "logout", *arguments)
    assert result.code == 0
    assert "nothing to remove" in result.stdout
    assert not zoomcall.config_dir.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("auth", "status"),
        ("auth", "list"),
        ("auth", "switch", "prod"),
        ("auth", "logout"),
        ("auth", "login", *PAIR, *UNCHECKED, "--secret-stdin"),
    ],
)
def test_a_corrupt_file_is_exit_3_with_its_line_and_stays_as_it_is(
    zoomcall: Shell, arguments: tuple[str, ...]
) -> None:
    zoomcall.config_dir.mkdir()
    path = zoomcall.config_dir / "config.toml"
    path.write_text("current = 'prod'\n[profiles.prod\n")
    result = zoomcall(*arguments, stdin=LINE)
    assert result.code == 3
    assert f"{path} cannot be used" in result.stderr
    assert "line 2" in result.stderr
    assert path.read_text() == "current = 'prod'\n[profiles.prod\n"
    assert secret_files(zoomcall) == {}


def test_an_unwritable_folder_is_exit_3(zoomcall: Shell, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    environ = {"ZOOMCALL_CONFIG_DIR": str(plain / "sub")}
    result = log_in(zoomcall, *PAIR, *UNCHECKED, environ=environ)
    assert result.code == 3
    assert str(plain) in result.stderr


def test_a_profile_that_cannot_be_written_leaves_no_secret_behind(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoomcall.adapters import config_writer

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(config_writer, "replace_file", full)
    result = log_in(zoomcall, *PAIR, *UNCHECKED)
    assert result.code == 3
    assert "No space left on device" in result.stderr
    assert secret_files(zoomcall) == {}
    assert config_of(zoomcall).names == ()


# The keyring


def test_the_secret_goes_to_the_keyring_and_comes_back(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    result = zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", "-p", "prod", stdin=LINE)
    assert result.code == 0
    assert Remembering.secrets == {("zoomcall", "prod"): SENTINEL}
    assert config_of(zoomcall).profiles["prod"].keyring_backend == "keyring_backends.Remembering"
    assert zoomcall("auth", "status", "--json").json()["credential"] == {"kind": "videosdk", "source": "keyring"}
    assert zoomcall("auth", "logout").code == 0
    assert Remembering.secrets == {}


@pytest.mark.parametrize(
    ("backend", "cause"),
    [
        ("keyring.backends.fail.Keyring", "there is none on this machine"),
        ("keyring.backends.null.Keyring", "it is switched off"),
        ("keyring_backends.Locked", "it is locked"),
        ("keyring_backends.Telltale", "RuntimeError"),
        ("keyring_backends.Forgetting", "it did not keep the secret"),
    ],
)
def test_a_login_without_a_usable_keyring_is_exit_3_with_cause_and_ways_out(
    zoomcall: Shell, backend: str, cause: str
) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND=backend)
    result = zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", stdin=LINE)
    assert result.code == 3
    assert cause in result.stderr
    for way_out in ("--store file", "environment", "secret file"):
        assert way_out in result.stderr
    assert config_of(zoomcall).names == ()


def test_the_keyring_is_left_alone_where_the_environment_or_a_file_serves(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", stdin=LINE)
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Locked")
    assert zoomcall("auth", "status").code == 3
    assert zoomcall("auth", "status", environ={"ZOOMCALL_TOKEN": "given-token"}).code == 0
    assert log_in(zoomcall, *APP, *UNCHECKED, "-p", "mtg").code == 0
    assert zoomcall("auth", "status", "-p", "mtg").code == 0


def test_a_logout_with_a_locked_keyring_is_exit_3_and_keeps_the_profile(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", stdin=LINE)
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Locked")
    result = zoomcall("auth", "logout")
    assert result.code == 3
    assert "delete [profiles.default]" in result.stderr
    assert config_of(zoomcall).names == ("default",)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@pytest.mark.parametrize("backend", ["Sleeping", "SleepingWhenLoaded"])
def test_a_keyring_that_sleeps_for_a_minute_ends_the_process_in_time_with_exit_3(
    zoomcall_process: ProcessShell, backend: str
) -> None:
    environ = {
        "PYTHON_KEYRING_BACKEND": f"keyring_backends.{backend}",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "ZOOMCALL_KEYRING_TIMEOUT": "1",
    }
    with at_most(12):
        result = zoomcall_process(
            "auth", "login", *PAIR, "--no-verify", "--secret-stdin", stdin=LINE, environ=environ
        )
    assert result.code == 3
    assert "did not answer within 1 s" in result.stderr


def test_a_person_in_a_terminal_is_told_to_unlock_the_keyring(zoomcall: Shell) -> None:
    zoomcall.set(PYTHON_KEYRING_BACKEND="keyring_backends.Sleeping", ZOOMCALL_KEYRING_TIMEOUT="1.5")
    result = zoomcall("auth", "login", *PAIR, terminal=("stdin",))
    assert result.code == 3
    assert "nlock the keyring" in result.stderr.split("error:")[0]
    silent = zoomcall("auth", "login", *PAIR, "--no-verify", "--secret-stdin", stdin=LINE)
    assert silent.code == 3
    assert "nlock the keyring" not in silent.stderr.split("error:")[0]


@pytest.mark.parametrize(
    ("terminal", "environ", "seconds"),
    [
        ((), {}, 3),
        (("stdin",), {}, 60),
        (("stdin",), {"ZOOMCALL_NO_INPUT": "1"}, 3),
        ((), {"ZOOMCALL_KEYRING_TIMEOUT": "7.5"}, 7.5),
        (("stdin",), {"ZOOMCALL_KEYRING_TIMEOUT": "7.5"}, 7.5),
    ],
)
def test_the_limit_is_3_seconds_and_60_where_a_person_can_unlock(
    zoomcall: Shell,
    monkeypatch: pytest.MonkeyPatch,
    terminal: tuple[Terminal, ...],
    environ: dict[str, str],
    seconds: float,
) -> None:
    limits: list[float] = []

    class Store:
        def __init__(self, *, limit: timedelta, on_wait: object) -> None:
            limits.append(limit.total_seconds())

        def read(self, *_: object) -> None:
            return

    monkeypatch.setattr("zoomcall.adapters.keyring_store.KeyringStore", Store)
    zoomcall.config_dir.mkdir()
    (zoomcall.config_dir / "config.toml").write_text("current = 'a'\n[profiles.a]\nkind = 'token'\n")
    assert zoomcall("auth", "status", terminal=terminal, environ=environ).code == 3
    assert limits == [seconds]


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_a_limit_that_is_none_is_exit_2(zoomcall: Shell, text: str) -> None:
    result = zoomcall("auth", "status", environ={"ZOOMCALL_KEYRING_TIMEOUT": text})
    assert result.code == 2
    assert "ZOOMCALL_KEYRING_TIMEOUT" in result.stderr


def real(session: KeyringSession) -> dict[str, str | None]:
    return {**session.environ, "PYTHON_KEYRING_BACKEND": None}


def test_a_real_secret_service_keeps_the_secret_from_login_to_logout(
    zoomcall_process: ProcessShell, emulator: Emulator, tmp_path: Path
) -> None:
    ready = emulator.ready
    with keyring_session(tmp_path / "k") as session:
        environ = {**real(session), **bases(emulator)}
        login = (
            "auth",
            "login",
            "--kind",
            "videosdk",
            "--api-key",
            ready["api_key"],
            "--secret-stdin",
            "-p",
            "prod",
        )
        zoomcall_process.shell.hide(ready["api_secret"])
        stored = zoomcall_process(*login, "--json", stdin=ready["api_secret"].encode(), environ=environ)
        assert stored.code == 0
        assert stored.json()["result"]["store"] == "keyring"
        assert session.lookup(service="zoomcall", username="prod") == ready["api_secret"]
        assert config_of(zoomcall_process.shell).profiles["prod"].keyring_backend == (
            "keyring.backends.SecretService.Keyring"
        )
        who = zoomcall_process("whoami", "--json", environ=environ).json()
        assert who["credential"] == {"kind": "videosdk", "source": "keyring"}
        assert zoomcall_process("auth", "logout", environ=environ).code == 0
        assert session.lookup(service="zoomcall", username="prod") is None


def test_what_is_said_to_remove_a_secret_from_a_real_keyring_does(tmp_path: Path) -> None:
    store = KeyringStore(limit=timedelta(seconds=3))
    with keyring_session(tmp_path / "k") as session:
        for account, backend in (("prod", None), ("prod/webhook", "keyring.backends.SecretService.Keyring")):
            session.store("made-up", service="zoomcall", username=account)
            subprocess.run(shlex.split(store.removal(account, backend)), env=dict(session.environ), check=True)
            assert session.lookup(service="zoomcall", username=account) is None


def test_a_real_secret_service_that_is_locked_hung_or_gone_is_exit_3_in_time(
    zoomcall_process: ProcessShell, tmp_path: Path
) -> None:
    login = ("auth", "login", *PAIR, "--no-verify", "--secret-stdin")
    with keyring_session(tmp_path / "k") as session:
        environ = real(session)
        assert zoomcall_process(*login, stdin=LINE, environ=environ).code == 0
        with session.frozen(), at_most(15):
            hung = zoomcall_process("auth", "status", environ=environ)
        session.lock()
        with at_most(15):
            locked = zoomcall_process("auth", "status", environ=environ)
            locked_login = zoomcall_process(*login, stdin=LINE, environ=environ)
    gone = zoomcall_process("auth", "status", environ=environ)
    for result, cause in (
        (hung, "did not answer within 3 s"),
        (locked, "it is locked"),
        (locked_login, "it is locked"),
        (gone, "is not available"),
    ):
        assert result.code == 3
        assert cause in result.stderr
        assert "--store file" in result.stderr


def test_without_a_session_bus_a_login_is_exit_3_with_the_ways_out(zoomcall_process: ProcessShell) -> None:
    environ = {"PYTHON_KEYRING_BACKEND": None, "DBUS_SESSION_BUS_ADDRESS": None, "XDG_RUNTIME_DIR": "/nonexistent"}
    result = zoomcall_process("auth", "login", *PAIR, "--secret-stdin", stdin=LINE, environ=environ)
    assert result.code == 3
    assert "there is none on this machine" in result.stderr
    assert "--store file" in result.stderr


# The websocket subscription


SUBSCRIPTION = ("--websocket-subscription-id", "ZhPGtK84QbapRWXzEBW7MA")


def test_an_apps_websocket_subscription_is_stored_and_kept_by_a_later_login(zoomcall: Shell) -> None:
    assert log_in(zoomcall, *APP, *UNCHECKED, *SUBSCRIPTION).code == 0
    assert config_of(zoomcall).profiles["default"].websocket_subscription_id == "ZhPGtK84QbapRWXzEBW7MA"
    assert log_in(zoomcall, *APP, *UNCHECKED).code == 0
    assert config_of(zoomcall).profiles["default"].websocket_subscription_id == "ZhPGtK84QbapRWXzEBW7MA"
    assert log_in(zoomcall, *APP, *UNCHECKED, SUBSCRIPTION[0], "other").code == 0
    assert config_of(zoomcall).profiles["default"].websocket_subscription_id == "other"


def test_another_app_does_not_inherit_the_subscription(zoomcall: Shell) -> None:
    log_in(zoomcall, *APP, *UNCHECKED, *SUBSCRIPTION)
    log_in(zoomcall, "--kind", "s2s", "--account-id", "A1", "--client-id", "C2", *UNCHECKED)
    assert config_of(zoomcall).profiles["default"].websocket_subscription_id is None


@pytest.mark.parametrize("kind", [PAIR, ("--kind", "token", "--for", "meeting")])
def test_only_an_app_has_a_subscription(zoomcall: Shell, kind: tuple[str, ...]) -> None:
    result = log_in(zoomcall, *kind, *UNCHECKED, *SUBSCRIPTION)
    assert result.code == 2
    assert "--websocket-subscription-id needs --kind s2s" in result.stderr
    assert config_of(zoomcall).profiles == {}


def test_a_subscription_that_can_be_none_is_refused(zoomcall: Shell) -> None:
    result = log_in(zoomcall, *APP, *UNCHECKED, "--websocket-subscription-id", "two words")
    assert result.code == 2
    assert "--websocket-subscription-id" in result.stderr
