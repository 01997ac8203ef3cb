"""``completion --install``: what it writes and asks, and that the real shells complete afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Shell

BASH, ZSH, FISH = (
    ".local/share/bash-completion/completions/zoomcall",
    ".local/share/zsh/site-functions/_zoomcall",
    ".config/fish/completions/zoomcall.fish",
)
STARTUP = {"bash": ".bashrc", "zsh": ".zshrc"}
FILES = {"bash": BASH, "zsh": ZSH, "fish": FISH}
BEGIN, END = "# >>> zoomcall completion >>>", "# <<< zoomcall completion <<<"


@pytest.fixture
def home(zoomcall: Shell) -> Path:
    return Path(zoomcall.environ["HOME"])


def contents(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("bash", ("bash", "-ic", "complete -p zoomcall")),
        ("zsh", ("zsh", "-ic", "print $_comps[zoomcall]")),
        ("fish", ("fish", "-c", "complete -C 'zoomcall token mi'")),
    ],
)
def test_a_new_shell_completes(zoomcall: Shell, home: Path, shell: str, asked: tuple[str, ...]) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # fish completes only commands that exist
    environ = {"HOME": str(home), "PATH": path, "TERM": "dumb"}
    before = subprocess.run(
        asked, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert "mint" not in before.stdout
    assert "_zoomcall" not in before.stdout
    result = zoomcall("completion", shell, "--install", "--yes")
    assert (result.code, result.stderr) == (0, "")
    assert f"completion for {shell} is installed; open a new {shell} to use it" in result.stdout
    assert str(home / FILES[shell]) in result.stdout
    done = subprocess.run(asked, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    assert ("mint" if shell == "fish" else "_zoomcall") in done.stdout
    (home / FILES[shell]).unlink()
    gone = subprocess.run(asked, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert FILES[shell] not in gone.stderr


@pytest.mark.parametrize("shell", FILES)
def test_done_again_it_changes_nothing(zoomcall: Shell, home: Path, shell: str) -> None:
    zoomcall("completion", shell, "--install", "--yes")
    first, times = contents(home), {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    again = zoomcall("completion", shell, "--install")
    assert (again.code, again.stderr) == (0, "")
    assert f"completion for {shell} is installed and up to date\n" in again.stdout
    assert contents(home) == first
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == times


def test_it_shows_what_it_would_write_and_writes_only_after_a_yes(zoomcall: Shell, home: Path) -> None:
    terminal = ("stdin", "stderr")
    for answer in (b"\n", b"n\n", b"nonsense\n", b""):
        refused = zoomcall("completion", "bash", "--install", stdin=answer, terminal=terminal)
        assert (refused.code, refused.stdout) == (0, "nothing was written\n")
        assert contents(home) == {}
    agreed = zoomcall("completion", "bash", "--install", stdin=b"y\n", terminal=("stdin",))
    assert agreed.code == 0
    for words in (f"write: {home / BASH}", f"add to: {home}/.bashrc", BEGIN, END, "Write this? [y/N] "):
        assert words in agreed.stderr
    assert f"undo: delete {home / BASH}\n" in agreed.stdout
    assert f"undo: from {home}/.bashrc delete the lines from {BEGIN!r} to {END!r}\n" in agreed.stdout
    assert set(contents(home)) == {BASH, ".bashrc"}


def test_where_nobody_can_be_asked_nothing_is_written(zoomcall: Shell, home: Path) -> None:
    for arguments, terminal in (((), ()), (("--no-input",), ("stdin",))):
        result = zoomcall("completion", "zsh", "--install", *arguments, terminal=terminal)
        assert result.code == 2
        assert "Add --yes" in result.stderr
        assert f"add to: {home}/.zshrc" in result.stdout
        assert contents(home) == {}


def test_a_start_up_file_keeps_its_lines_its_mode_and_no_old_block(zoomcall: Shell, home: Path) -> None:
    startup = home / ".bashrc"
    startup.write_bytes(f"export A=\xff\n{BEGIN}\n. /old/place\n{END}\nalias b=c".encode("latin-1"))
    startup.chmod(0o600)
    assert zoomcall("completion", "bash", "--install", "--yes").code == 0
    text = startup.read_bytes()
    assert text.startswith(b"export A=\xff\n# >>>")
    assert text.endswith(f"{END}\nalias b=c".encode())
    assert b"/old/place" not in text
    assert text.count(BEGIN.encode()) == 1
    assert startup.stat().st_mode & 0o777 == 0o600
    startup.write_text("no new line at its end")
    assert zoomcall("completion", "bash", "--install", "--yes").code == 0
    assert startup.read_text().startswith(f"no new line at its end\n{BEGIN}\n")


def test_half_a_block_is_left_to_the_user(zoomcall: Shell, home: Path) -> None:
    (home / ".zshrc").write_text(f"{BEGIN}\n")
    result = zoomcall("completion", "zsh", "--install", "--yes")
    assert result.code == 3
    assert "only a part of the lines" in result.stderr
    assert contents(home) == {".zshrc": f"{BEGIN}\n".encode()}


@pytest.mark.parametrize(
    "place", [".bashrc", BASH, ".local/share/bash-completion", ".local/share/bash-completion/completions"]
)
def test_a_link_is_not_followed(zoomcall: Shell, home: Path, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    if place in {".bashrc", BASH}:
        elsewhere.write_text("mine\n")
    else:
        elsewhere.mkdir()
    link = home / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    result = zoomcall("completion", "bash", "--install", "--yes")
    assert result.code == 3
    assert f"{link} cannot be used: it is a symbolic link" in result.stderr
    assert link.is_symlink()
    assert elsewhere.read_text() == "mine\n" if elsewhere.is_file() else list(elsewhere.iterdir()) == []
    assert not (home / ".bashrc").exists() or place == ".bashrc"


def test_the_shell_is_that_of_the_parent_or_else_the_users_own(zoomcall: Shell, home: Path) -> None:
    run = f"{sys.executable} -m zoomcall completion --install --json; true"
    environ = zoomcall.environ | {"SHELL": "/usr/bin/fish"}
    for parent, shell in ((("zsh", "-fc"), "zsh"), (("sh", "-c"), "fish")):
        done = subprocess.run(
            (*parent, run), env=environ, capture_output=True, check=True, stdin=subprocess.DEVNULL
        )
        assert json.loads(done.stdout)["result"]["shell"] == shell
    assert contents(home) == {}


def test_a_shell_that_cannot_be_told_is_asked_for(
    zoomcall: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    result = zoomcall("completion", "--install", "--yes", environ={"SHELL": "/bin/tcsh"})
    assert result.code == 2
    assert "Name it: bash, zsh, fish, powershell." in result.stderr
    assert contents(home) == {}


def test_powershell_is_asked_where_its_profile_is(zoomcall: Shell, home: Path, tmp_path: Path) -> None:
    profile = home / "Documents" / "It's mine" / "profile.ps1"
    pwsh = tmp_path / "bin" / "pwsh"
    pwsh.parent.mkdir()
    pwsh.write_text(f'#!/bin/sh\n[ "$5" = \'$PROFILE\' ] && echo "{profile}"\n')
    pwsh.chmod(0o755)
    environ = {"PATH": f"{pwsh.parent}:{os.environ['PATH']}"}
    document = zoomcall("completion", "powershell", "--install", "--yes", "--json", environ=environ).json()
    script = profile.with_name("zoomcall-completion.ps1")
    assert [(each["path"], each["change"]) for each in document["result"]["files"]] == [
        (str(script), "new"),
        (str(profile), "new"),
    ]
    assert document["result"]["is_written"] is True
    name = str(script).replace("'", "''")
    assert f"if (Test-Path '{name}') {{ . '{name}' }}" in profile.read_text().splitlines()
    assert script.read_text() == zoomcall("completion", "powershell").stdout


def test_without_powershell_its_way_is_told(zoomcall: Shell, tmp_path: Path) -> None:
    result = zoomcall("completion", "powershell", "--install", "--yes", environ={"PATH": str(tmp_path)})
    assert result.code == 2
    assert "zoomcall completion powershell" in result.stderr


def test_without_a_shell_it_says_how(zoomcall: Shell) -> None:
    result = zoomcall("completion")
    assert (result.code, result.stdout) == (2, "")
    assert "(bash, zsh, fish, powershell)" in result.stderr
    assert "  run: zoomcall completion --install\n" in result.stderr
    assert "--yes belongs to --install" in zoomcall("completion", "bash", "--yes").stderr
