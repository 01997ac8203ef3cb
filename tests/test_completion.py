"""Completion, asked of the real shells."""

import os
import pty
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shell import ProcessShell, Shell

Complete = Callable[[str], set[str]]

BOOK = """\
# name = "No room"
[[room]]
name = "Board room"
protocol = "sip"
address = "a@example.com"
origin = {list = "h323-devices", id = "1", name = "Listed"}

[[room]]
name = 'Lab'  # left of the lift
[[room]]
name = "Büro"
[[room]]
name = "b\\"ad"
"""
CONFIG = """\
current = "prod"
[profiles.prod]
kind = "s2s"
[profiles.test-2]
kind = "videosdk"
"""

_BASH = """\
source "$SCRIPT"
_zoomcall
printf '%s\\n' "${COMPREPLY[@]}"
"""
_ZSH = r"""
PS1= RPS1=
unsetopt zle_bracketed_paste prompt_sp 2>/dev/null
autoload -U compinit && compinit -D -u
source $SCRIPT
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- $hits >> $HITS
    builtin compadd "$@"
}
finish() { print -r end >> $HITS }
zle -N finish
bindkey '^I' complete-word '^X^X' finish
print -r ready >> $HITS
"""
_SECONDS = 30


class Bash:
    """Runs the function as readline would call it."""

    def __init__(self, script: Path, folder: Path) -> None:
        self._environ = {"PATH": os.environ["PATH"], "SCRIPT": str(script), "HOME": str(folder)}
        self._folder = folder

    def __call__(self, line: str) -> set[str]:
        # readline ends words at = and : as well.
        parts = re.findall(r"(?:\\.|[^ ])+|(?<= )$", line)
        words = [word for part in parts for word in re.split("([=:@])", part) if word or not part]
        if line.endswith(("=", ":", "@")):
            words.append("")
        quoted = " ".join(shlex.quote(word) for word in words)
        done = subprocess.run(
            ["bash", "--norc", "-c", f"COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}\n{_BASH}"],
            env=self._environ,
            cwd=self._folder,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return set(filter(None, done.stdout.splitlines()))


class Fish:
    """Asks fish's own ``complete -C``."""

    def __init__(self, script: Path, folder: Path) -> None:
        self._environ = {"PATH": os.environ["PATH"], "SCRIPT": str(script), "HOME": str(folder)}
        self._folder = folder

    def __call__(self, line: str) -> set[str]:
        done = subprocess.run(
            ["fish", "--no-config", "-c", 'source $SCRIPT; complete -C "$LINE"'],
            env={**self._environ, "LINE": line},
            cwd=self._folder,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return {hit.partition("\t")[0].rpartition("=")[2] for hit in done.stdout.splitlines()}


class Zsh:
    """Types into a zsh on a terminal and writes down what it adds as a match."""

    def __init__(self, script: Path, folder: Path) -> None:
        self._hits = folder.parent / "hits"
        self._hits.touch()
        self._terminal, inner = pty.openpty()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TERM": "dumb",
            "SCRIPT": str(script),
            "HITS": str(self._hits),
        }
        setup = folder.parent / "setup.zsh"
        setup.write_text(_ZSH, encoding="utf-8")
        command = ["zsh", "-f", "-i"]
        self._process = subprocess.Popen(
            command, env=environ, cwd=folder, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
        )
        os.close(inner)
        self._type(f"source {setup}\n", until="ready")

    def __call__(self, line: str) -> set[str]:
        self._hits.write_text("", encoding="utf-8")
        # Ctrl-U empties the line first.
        return set(self._type(f"\x15{line}\t\x18\x18", until="end").splitlines()) - {"end", ""}

    def _type(self, keys: str, until: str) -> str:
        os.write(self._terminal, keys.encode())
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            written = self._hits.read_text(encoding="utf-8")
            if written.endswith(f"{until}\n"):
                return written
            time.sleep(0.02)
        raise AssertionError(f"zsh did not answer to {keys!r}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def complete(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complete]:
    """Complete a line in one of the shells, in a folder with one file."""
    base = tmp_path_factory.mktemp(request.param)
    folder = base / "here"
    folder.mkdir()
    (folder / "rooms.csv").touch()
    settings = folder / ".config" / "zoomcall"
    settings.mkdir(parents=True)
    (settings / "book.toml").write_text(BOOK, encoding="utf-8")
    (settings / "config.toml").write_text(CONFIG, encoding="utf-8")
    script = base / f"script.{request.param}"
    printed = ProcessShell(Shell(base / "shell"))("completion", request.param)
    assert printed.code == 0
    script.write_text(printed.stdout, encoding="utf-8")
    if request.param == "bash":
        yield Bash(script, folder)
    elif request.param == "fish":
        yield Fish(script, folder)
    else:
        zsh = Zsh(script, folder)
        yield zsh
        zsh.close()


def test_a_command_completes(complete: Complete) -> None:
    assert complete("zoomcall tok") == {"token"}


def test_every_command_is_offered(complete: Complete) -> None:
    offered = complete("zoomcall ")
    assert {"auth", "token", "invite", "session", "explain", "emulate", "schema", "completion"} <= offered


def test_a_command_of_a_group_completes(complete: Complete) -> None:
    assert complete("zoomcall token ") == {"mint", "inspect"}


def test_a_flag_completes(complete: Complete) -> None:
    assert complete("zoomcall invite sip --se") == {"--session", "--session-name"}


def test_a_flag_is_not_offered_where_it_does_not_belong(complete: Complete) -> None:
    assert complete("zoomcall token mint --se") == set()


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("zoomcall token mint -o ", {"text", "json"}),
        ("zoomcall token mint --output j", {"json"}),
        ("zoomcall token mint --output=j", {"json"}),
        ("zoomcall invite sip -o ", {"text", "json", "jsonl"}),
        ("zoomcall completion ", {"bash", "zsh", "fish", "powershell"}),
        ("zoomcall explain clock", {"clock-skew", "clock-wrong"}),
    ],
)
def test_values_complete(complete: Complete, line: str, values: set[str]) -> None:
    assert {value.removeprefix("--output=") for value in complete(line)} == values


def test_a_topic_with_a_colon_completes(complete: Complete) -> None:
    assert {topic.removeprefix("zoom:") for topic in complete("zoomcall explain zoom:12")} == {"124", "12702"}


def test_files_complete_where_a_file_is_wanted(complete: Complete) -> None:
    assert complete("zoomcall emulate --ready-file ro") == {"rooms.csv"}


def test_another_programs_files_complete(complete: Complete) -> None:
    assert complete("zoomcall emulate -- cat ro") == {"rooms.csv"}


def test_a_quoted_value_is_one_word(complete: Complete) -> None:
    assert complete("zoomcall auth login --kind ") == {"videosdk", "s2s", "token", "oauth"}


def test_a_flags_value_is_no_command(complete: Complete) -> None:
    assert complete("zoomcall token mint -p inspect --tt") == {"--ttl"}


def test_no_files_are_offered_for_an_address(complete: Complete) -> None:
    assert complete("zoomcall invite sip r") == set()


def plain(words: set[str]) -> set[str]:
    """Return words as they would be read from the line, without an @ before them."""
    return {word.replace("\\", "").removeprefix("@") for word in words}


@pytest.mark.parametrize("command", ["show", "edit", "remove", "check"])
def test_the_books_rooms_complete(complete: Complete, command: str) -> None:
    assert plain(complete(f"zoomcall room {command} L")) == {"Lab"}


def test_rooms_complete_by_their_names_and_after_an_at(complete: Complete) -> None:
    assert {"Board room", "Lab"} <= plain(complete("zoomcall invite room "))
    assert plain(complete("zoomcall invite room Bo")) == {"Board room"}
    assert plain(complete("zoomcall invite room lab")) == {"Lab"}
    assert plain(complete("zoomcall room check Lab Bo")) == {"Board room"}
    assert plain(complete("zoomcall invite sip @Bo")) == {"Board room"}
    assert plain(complete("zoomcall room check @La")) == {"Lab"}
    assert complete("zoomcall room add L") == set()


def test_a_name_with_a_blank_is_one_word(complete: Complete) -> None:
    assert plain(complete(r"zoomcall room show Board\ ro")) == {"Board room"}
    assert len(complete("zoomcall room show Bo")) == 1


def test_profiles_complete(complete: Complete) -> None:
    assert complete("zoomcall whoami -p ") == {"prod", "test-2"}
    assert complete("zoomcall auth switch pr") == {"prod"}


def test_an_unknown_shell_is_refused_with_the_three_that_there_are(zoomcall: Shell) -> None:
    result = zoomcall("completion", "tcsh")
    assert result.code == 2
    assert result.stdout == ""
    assert "'tcsh'" in result.stderr
    assert "bash, zsh, fish" in result.stderr


@pytest.mark.parametrize(
    ("shell", "name"), [("bash", "zoomcall.bash"), ("zsh", "_zoomcall"), ("fish", "zoomcall.fish")]
)
def test_the_shipped_script_is_the_printed_one(zoomcall: Shell, shell: str, name: str) -> None:
    shipped = Path(__file__).parent.parent / "completions" / name
    assert zoomcall("completion", shell).stdout == shipped.read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_the_same_in_every_process(zoomcall_process: ProcessShell, shell: str) -> None:
    scripts = {zoomcall_process("completion", shell, environ={"PYTHONHASHSEED": seed}).stdout for seed in "1234"}
    assert len(scripts) == 1


def test_the_output_variable_does_not_touch_the_script(zoomcall: Shell) -> None:
    printed = zoomcall("completion", "bash", environ={"ZOOMCALL_OUTPUT": "json"})
    assert printed.stdout == zoomcall("completion", "bash").stdout
