"""What holds for every command: streams, formats, terminals, variables, and how it ends."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from shell import ProcessShell, Shell, read_terminal

from zoomcall import __version__
from zoomcall.cli.completions.tree import Node, read_tree
from zoomcall.errors import Terminated

LEAVES = [node for node in read_tree().walk() if not node.children]
COMMON = {
    *("-p", "--profile", "-o", "--output", "--json", "-q", "--quiet", "-v", "--verbose", "--debug", "--no-input"),
    *("-h", "--help"),
}
ESCAPE = "\x1b["


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: " ".join(leaf.path))
def test_every_command_has_the_common_flags_and_an_example(zoomcall: Shell, leaf: Node) -> None:
    assert {name for flag in leaf.flags for name in flag.names} >= COMMON
    shown = zoomcall(*leaf.path, "--help")
    assert shown.code == 0
    assert f"zoomcall {' '.join(leaf.path)}" in shown.stdout.partition("Examples:")[2]


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_one_line(zoomcall: Shell, zoomcall_process: ProcessShell, flag: str) -> None:
    assert zoomcall_process(flag).stdout == f"zoomcall {__version__}\n"
    assert zoomcall(flag).stdout == f"zoomcall {__version__}\n"


def test_no_command_is_the_help(zoomcall: Shell) -> None:
    assert zoomcall().stdout == zoomcall("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), "no such command 'nonsense'"),
        (("tokn",), "Did you mean 'token'"),
        (("token",), "missing command"),
        (("token", "--nonsense"), "no such option: --nonsense"),
        (("invite", "sip"), "missing argument 'ADDRESS'"),
        (("explain", "-o"), "'-o' requires an argument"),
        (("explain", "-o", "xml"), "'xml' is not an output format"),
    ],
    ids=str,
)
def test_a_command_line_that_cannot_be_read_is_exit_2(
    zoomcall: Shell, arguments: tuple[str, ...], words: str
) -> None:
    result = zoomcall(*arguments)
    assert result.code == 2
    assert result.stdout == ""
    assert words in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense", "--json"),
        ("--json", "explain"),
        ("token", "--json"),
        ("invite", "sip", "-o", "json"),
        ("invite", "sip", "--output=json"),
        ("invite", "sip", "-ojson"),
        ("invite", "sip", "-o", "jsonl"),
        ("explain", "--json", "-o", "text"),
        ("explain", "-o", "jsonl"),
        ("explain", "--nonsense", "--json"),
    ],
    ids=str,
)
def test_an_unreadable_command_line_is_a_json_document_too(zoomcall: Shell, arguments: tuple[str, ...]) -> None:
    result = zoomcall(*arguments)
    assert result.code == 2
    assert result.stderr == ""
    assert result.json()["schema"] == "zoomcall.error/1"


@pytest.mark.parametrize("arguments", [("no room",), ("--nonsense",)], ids=str)
def test_what_is_wrong_in_lines_is_one_line(zoomcall: Shell, arguments: tuple[str, ...]) -> None:
    for result in (
        zoomcall("invite", "sip", "--session", "x", *arguments, "-o", "jsonl"),
        zoomcall("invite", "sip", "--session", "x", *arguments, environ={"ZOOMCALL_OUTPUT": "jsonl"}),
    ):
        (document,) = result.lines()
        assert (result.code, document["schema"]) == (2, "zoomcall.error/1")


@pytest.mark.parametrize("words", [("token", "mint"), ("completion",), ("schema",), ("emulate",)], ids=" ".join)
def test_the_output_variable_does_not_touch_what_another_program_takes(
    zoomcall: Shell, words: tuple[str, ...]
) -> None:
    result = zoomcall(*words, "--nonsense", environ={"ZOOMCALL_OUTPUT": "json"})
    assert (result.code, result.stdout) == (2, "")
    assert "no such option: --nonsense" in result.stderr


def test_a_json_flag_after_the_dashes_is_not_the_programs_own(zoomcall: Shell) -> None:
    result = zoomcall("invite", "sip", "--", "--json")
    assert result.code == 2
    assert result.stdout == ""


def test_the_output_variable_sets_the_default(zoomcall: Shell) -> None:
    zoomcall.set(ZOOMCALL_OUTPUT="json")
    assert zoomcall("explain", "124").json()["schema"] == "zoomcall.explain/1"
    assert zoomcall("explain", "124", "-o", "text").stdout.startswith("Zoom's code 124")
    assert zoomcall("explain", "124", environ={"ZOOMCALL_OUTPUT": ""}).stdout.startswith("Zoom's code 124")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZOOMCALL_OUTPUT", "xml"),
        ("ZOOMCALL_TIMEOUT", "abc"),
        ("ZOOMCALL_TIMEOUT", "-1"),
        ("ZOOMCALL_TIMEOUT", "nan"),
        ("ZOOMCALL_TIMEOUT", "1e9"),
        ("ZOOMCALL_KEYRING_TIMEOUT", "0"),
        ("ZOOMCALL_NO_INPUT", "maybe"),
        ("ZOOMCALL_ALLOW_API_BASE", "maybe"),
        ("ZOOMCALL_API_BASE", "not a url"),
        ("ZOOMCALL_API_BASE", "https://zoom.us.example.com/v2"),
        ("ZOOMCALL_API_BASE", "http://api.zoom.us/v2"),
        ("ZOOMCALL_OAUTH_BASE", "ftp://zoom.us"),
    ],
)
def test_a_bad_value_in_a_variable_is_exit_2_and_named(zoomcall: Shell, name: str, value: str) -> None:
    result = zoomcall("explain", "124", environ={name: value})
    assert result.code == 2
    assert name in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("flags", [("--json",), ("-o", "json"), ("-o", "text")])
def test_a_bad_output_variable_is_told_whatever_the_flags_say(zoomcall: Shell, flags: tuple[str, ...]) -> None:
    result = zoomcall("explain", "124", *flags, environ={"ZOOMCALL_OUTPUT": "xml"})
    assert result.code == 2
    assert "ZOOMCALL_OUTPUT 'xml'" in result.stderr + result.stdout
    assert "Use text or json." in result.stderr + result.stdout


def test_the_output_variable_names_what_the_command_takes(zoomcall: Shell) -> None:
    zoomcall.set(ZOOMCALL_OUTPUT="yaml")
    assert "Use text or json.\n" in zoomcall("session", "list").stderr
    assert "Use text, json or jsonl.\n" in zoomcall("invite", "sip", "a@example.com", "--session", "x").stderr


@pytest.mark.parametrize("text", [" json ", "JSON", "jsonl"])
def test_the_output_variable_is_trimmed_and_serves_every_command(zoomcall: Shell, text: str) -> None:
    zoomcall.set(ZOOMCALL_OUTPUT=text)
    assert zoomcall("explain", "124").json()["ok"] is True
    assert zoomcall("explain", "blubber").json()["exit_code"] == 2


@pytest.mark.parametrize(
    "name", ["ZOOMCALL_TIMEOUT", "ZOOMCALL_OUTPUT", "ZOOMCALL_API_BASE", "ZOOMCALL_CONFIG_DIR"]
)
def test_an_empty_variable_counts_as_unset(zoomcall: Shell, name: str) -> None:
    assert zoomcall("explain", "124", environ={name: ""}).code == 0


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-x"])
@pytest.mark.parametrize(
    "command", [("token", "mint"), ("invite", "sip", "a@b.example", "--session", "x", "--dry-run")]
)
def test_a_profile_that_can_be_none_is_refused_wherever_it_stands(
    zoomcall: Shell, command: tuple[str, ...], name: str
) -> None:
    environ = {"ZOOMCALL_API_KEY": "K", "ZOOMCALL_API_SECRET": "S" * 32}
    result = zoomcall(*command, f"--profile={name}", environ=environ)
    assert (result.code, result.stdout) == (2, "")
    assert f"-p: {name!r} is not a valid profile name" in result.stderr


def test_a_pipe_gets_neither_colour_nor_folding(zoomcall: Shell) -> None:
    text = zoomcall("explain", "124", environ={"COLUMNS": "20"}).stdout
    assert ESCAPE not in text
    assert max(map(len, text.splitlines())) > 100


def test_a_help_page_is_folded_for_a_terminal_and_never_in_a_pipe(zoomcall: Shell) -> None:
    narrow = {"COLUMNS": "70", "TERM": "xterm"}
    piped = zoomcall("invite", "sip", "--help", environ=narrow).stdout
    assert "Wait until the outcome is proven, or return after Zoom's 202.  [default: wait]\n" in piped
    drawn = zoomcall("invite", "sip", "--help", terminal=("stdout",), environ=narrow).stdout
    assert max(map(len, drawn.partition("Examples:")[0].splitlines())) <= 70
    assert drawn.split() == piped.split()


def test_a_terminal_gets_the_same_words_folded(zoomcall: Shell) -> None:
    drawn = zoomcall("explain", "124", terminal=("stdout",), environ={"COLUMNS": "60", "TERM": "xterm"}).stdout
    assert ESCAPE in drawn
    bare = zoomcall(
        "explain", "124", terminal=("stdout",), environ={"COLUMNS": "60", "TERM": "xterm", "NO_COLOR": "1"}
    ).stdout
    assert ESCAPE not in bare.replace(f"{ESCAPE}1m", "").replace(f"{ESCAPE}2m", "").replace(f"{ESCAPE}0m", "")
    words = zoomcall("explain", "124").stdout.split()
    assert (
        zoomcall("explain", "124", terminal=("stdout",), environ={"COLUMNS": "60", "TERM": "dumb"}).stdout.split()
        == words
    )


def test_colour_can_be_forced_into_a_pipe_without_folding(zoomcall: Shell) -> None:
    text = zoomcall("explain", "124", environ={"FORCE_COLOR": "1", "COLUMNS": "20"}).stdout
    assert ESCAPE in text
    assert max(map(len, text.splitlines())) > 100


def test_json_is_never_coloured(zoomcall: Shell) -> None:
    result = zoomcall("explain", "124", "--json", terminal=("stdout",), environ={"FORCE_COLOR": "1"})
    assert ESCAPE not in result.stdout


def test_brackets_and_control_characters_of_others_steer_nothing(zoomcall: Shell) -> None:
    hostile = "[xyzzyqqq]\x1b[31m\x07\u202e"
    for terminal in ((), ("stdout", "stderr")):
        result = zoomcall("explain", hostile, terminal=terminal, environ={"NO_COLOR": "1"})
        assert result.code == 2
        assert "[xyzzyqqq]" in result.stderr
        assert not [mark for mark in ("\x1b[31m", "\x07", "\u202e") if mark in result.stderr]


def test_quiet_mutes_warnings_and_not_the_answer(zoomcall: Shell, sentinel: str) -> None:
    environ = {"ZOOMCALL_API_KEY": "key", "ZOOMCALL_API_SECRET": sentinel}
    loud = zoomcall("token", "mint", "--ttl", "2h", environ=environ, reveals=("output",))
    quiet = zoomcall("token", "mint", "--ttl", "2h", "-q", environ=environ, reveals=("output",))
    assert "warning: " in loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout.count(".") == 2


def test_quiet_does_not_mute_an_error(zoomcall: Shell) -> None:
    result = zoomcall("token", "mint", "-q")
    assert result.code == 3
    assert result.stderr.startswith("error: ")


def test_a_warning_stands_in_the_document(zoomcall: Shell, sentinel: str) -> None:
    environ = {"ZOOMCALL_API_KEY": "key", "ZOOMCALL_API_SECRET": sentinel}
    result = zoomcall("token", "mint", "--ttl", "2h", "--json", environ=environ, reveals=("output",))
    assert result.stderr == ""
    assert [warning["id"] for warning in result.json()["warnings"]] == ["lifetime-too-long"]


def crash(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def fail(*_arguments: object) -> None:
        raise LookupError(text)

    monkeypatch.setattr("zoomcall.cli.explain.pages", fail)


def test_a_bug_is_exit_1_and_one_line_without_its_details(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, sentinel: str
) -> None:
    crash(monkeypatch, sentinel)
    result = zoomcall("explain", "124")
    assert result.code == 1
    assert result.stderr.startswith("error: zoomcall itself failed (LookupError)")
    assert result.stderr.count("\n") == 1
    assert zoomcall("explain", "124", "--json").json()["exit_name"] == "internal"


def test_a_bug_shows_its_traceback_with_debug(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(monkeypatch, "the reason")
    result = zoomcall("explain", "124", "--debug")
    assert "Traceback" in result.stderr
    assert "the reason" in result.stderr


@pytest.mark.parametrize(("signal", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_an_interrupt_while_a_command_is_still_being_read_is_told_apart_and_said(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, signal: type[BaseException], code: int
) -> None:
    def interrupt(_name: str) -> None:
        raise signal

    monkeypatch.setattr("zoomcall.cli.commands.load", interrupt)
    result = zoomcall("explain", "124")
    assert result.code == code
    assert result.stderr.startswith("error: interrupted")


@pytest.mark.parametrize("arguments", [["explain", "124"], ["--version"], ["--help"], ["token", "mint", "--help"]])
def test_a_full_disk_is_an_error_and_no_traceback(zoomcall_process: ProcessShell, arguments: list[str]) -> None:
    full = Path("/dev/full")
    with full.open("wb") as stdout, zoomcall_process.start(*arguments, stdout=stdout) as running:
        assert running.process.stderr is not None
        stderr = running.process.stderr.read().decode()
        code = running.process.wait(30)
    assert code == 1
    assert stderr.startswith("error: the answer cannot be written")
    assert "Traceback" not in stderr


def test_what_stderr_does_not_take_changes_nothing(zoomcall_process: ProcessShell) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        zoomcall_process.start("explain", "xyzzyqqq", stderr=full) as running,
    ):
        assert running.process.wait(30) == 2
    with zoomcall_process.start("explain", "124", "--json", "--debug") as running:
        assert running.process.stderr is not None
        running.process.stderr.close()
        assert running.process.stdout is not None
        document = json.loads(running.process.stdout.read())
        assert (running.process.wait(30), document["ok"]) == (0, True)


def test_nothing_is_left_open_at_the_end(zoomcall: Shell) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "zoomcall", "explain", "124"]
    done = subprocess.run(command, env=zoomcall.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_survived(zoomcall: Shell, closed: str) -> None:
    line = f'"{sys.executable}" -m zoomcall explain 124 {closed}'
    done = subprocess.run(["sh", "-c", line], env=zoomcall.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_an_old_encoding_escapes_what_it_lacks(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process("explain", "xyzzyqqq\u2603", environ={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert result.code == 2
    assert "\\u2603" in result.stderr


def test_a_real_terminal_shows_colour_on_stdout_only(zoomcall: Shell) -> None:
    terminal, inner = pty.openpty()
    environ = {**zoomcall.environ, "TERM": "xterm"}
    command = [sys.executable, "-m", "zoomcall", "explain", "124"]
    with subprocess.Popen(command, env=environ, stdout=inner, stderr=subprocess.PIPE) as process:
        os.close(inner)
        shown = b""
        while chunk := read_terminal(terminal):
            shown += chunk
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(terminal)
    assert process.returncode == 0
    assert ESCAPE.encode() in shown


MISPLACED = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJLIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
LIKE_A_SECRET = "Zk3nT9vQ1xR7mB5cW8yL2pD6hJ4fG0sAq"


@pytest.mark.parametrize("misplaced", [MISPLACED, LIKE_A_SECRET])
@pytest.mark.parametrize(
    "words",
    [
        ("diagnose", "{}"),
        ("webhook", "verify", "{}"),
        ("webhook", "replay", "{}", "--to", "http://127.0.0.1:1"),
        ("webhook", "replay", "x.json", "--to", "{}"),
        ("webhook", "secret", "set", "{}"),
        ("token", "inspect", "{}", "{}"),
        ("token", "inspect", "--for", "{}"),
        ("token", "mint", "--ttl", "{}"),
        ("auth", "login", "--kind", "token", "--secret-file", "{}"),
        ("auth", "login", "--kind={}"),
        ("invite", "sip", "a@example.com", "--session", "x", "--timeout", "{}"),
        ("invite", "sip", "a@example.com", "--session", "x", "--header", "Authorization: Bearer {}"),
        ("explain", "{}"),
        ("call", "status", "{}"),
        ("whoami", "-p", "{}"),
        ("{}",),
    ],
)
def test_no_error_repeats_an_argument_that_looks_like_a_secret(
    zoomcall: Shell, words: tuple[str, ...], misplaced: str
) -> None:
    arguments = [word.format(misplaced) for word in words]
    for more in ((), ("--json",)):
        result = zoomcall(*arguments, *more)
        assert result.code in {2, 3}
        assert misplaced[:16] not in result.stdout + result.stderr


@pytest.mark.parametrize("argument", ["no-such-file.json", "reports/2026-11-30.txt"])
def test_an_error_names_a_file_that_looks_like_one(zoomcall: Shell, argument: str) -> None:
    assert argument in zoomcall("diagnose", argument).stderr
