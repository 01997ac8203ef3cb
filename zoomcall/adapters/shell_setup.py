"""Puts a completion script where a shell finds it, and lines that load it into the shell's start-up file."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from zoomcall.domain.file_change import FileChange
from zoomcall.errors import NotConfigured, UsageError
from zoomcall.own_files import NotOwnFile, open_own, refuse_odd, replace_file

SHELLS = ("bash", "zsh", "fish", "powershell")
_BEGIN = "# >>> zoomcall completion >>>"
_END = "# <<< zoomcall completion <<<"
_BLOCK = re.compile(rf"^{re.escape(_BEGIN)}\r?\n.*?^{re.escape(_END)}(\r?\n|\Z)".encode(), re.MULTILINE | re.DOTALL)
_SECONDS = 20
_MOST_BYTES = 4_000_000


class ShellSetup:
    """The start-up files of the user's shells."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def shell_at_hand(self) -> str:
        """Return the shell that started this process, or else the user's own (``$SHELL``).

        Raises:
            UsageError: It is none of ``SHELLS``, or cannot be told.
        """
        import shellingham  # type: ignore[import-untyped] # it has no types

        try:
            name = shellingham.detect_shell()[0]
        except (shellingham.ShellDetectionFailure, OSError):
            name = ""
        names = (name, Path(self._environ.get("SHELL", "")).stem.lower())
        found = ["powershell" if each == "pwsh" else each for each in names]
        shell = next((each for each in found if each in SHELLS), None)
        if shell is None:
            raise UsageError("which shell you use cannot be told", fix=f"Name it: {', '.join(SHELLS)}.")
        return shell

    def plan(self, shell: str, script: str) -> tuple[FileChange, ...]:
        """Return what is to be written for a shell, the script first; nothing is written yet.

        Raises:
            NotConfigured: There is no home folder, or a link, a device or a stranger's file in the way.
            UsageError: PowerShell is not there to say where its profile is.
        """
        base, file, startup, load = self._places(shell)
        changes = [self._change(base, file, script.encode(), ())]
        if startup is not None:
            lines = (_BEGIN, *load, _END)
            old = self._read(startup)
            changes.append(self._change(startup.parent, startup, _with_block(old, lines, startup), lines))
        return tuple(changes)

    def apply(self, changes: tuple[FileChange, ...]) -> None:
        """Write what is needed.

        Raises:
            NotConfigured: A file or folder cannot be written.
        """
        for change in changes:
            if not change.is_needed:
                continue
            try:
                change.path.parent.mkdir(parents=True, exist_ok=True)
                mode = stat.S_IMODE(change.path.stat().st_mode) if change.is_there else 0o644
                replace_file(change.path, change.data, mode=mode)
            except OSError as error:
                raise _unusable(change.path, error) from error

    def _places(self, shell: str) -> tuple[Path, Path, Path | None, tuple[str, ...]]:
        """Return the folder under which no link is followed, the script, the start-up file and the lines for it."""
        home = self._home()
        match shell:
            case "bash":
                base = self._folder("XDG_DATA_HOME", ".local/share")
                file = base / "bash-completion" / "completions" / "zoomcall"
                startup = home / (".bash_profile" if sys.platform == "darwin" else ".bashrc")
                return base, file, startup, (_loading(file),)
            case "zsh":
                base = self._folder("XDG_DATA_HOME", ".local/share")
                file = base / "zsh" / "site-functions" / "_zoomcall"
                ready = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }"
                startup = Path(self._environ.get("ZDOTDIR") or home) / ".zshrc"
                return base, file, startup, (ready, _loading(file))
            case "fish":
                base = self._folder("XDG_CONFIG_HOME", ".config")
                return base, base / "fish" / "completions" / "zoomcall.fish", None, ()
            case _:
                profile = self._powershell_profile()
                file = profile.with_name("zoomcall-completion.ps1")
                name = "'" + str(file).replace("'", "''") + "'"
                return profile.parent, file, profile, (f"if (Test-Path {name}) {{ . {name} }}",)

    def _home(self) -> Path:
        try:
            return Path(self._environ["HOME"]) if "HOME" in self._environ else Path.home()
        except RuntimeError as error:
            raise NotConfigured("this user has no home folder", fix="Set HOME.") from error

    def _folder(self, variable: str, usual: str) -> Path:
        named = Path(self._environ.get(variable, ""))
        return named if named.is_absolute() else self._home() / usual

    def _powershell_profile(self) -> Path:
        """Ask PowerShell, since its profile may be in a folder that was moved."""
        program = shutil.which("pwsh", path=self._environ.get("PATH")) or shutil.which("powershell")
        if program is None:
            fix = "Run `zoomcall completion powershell` and load what it prints in your $PROFILE."
            raise UsageError("PowerShell is not there to say where its profile is", fix=fix)
        asked = (program, "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "$PROFILE")
        try:
            done = subprocess.run(  # noqa: S603 - the shell that was asked for
                asked, capture_output=True, text=True, timeout=_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise UsageError("PowerShell did not say where its profile is") from error
        return Path(done.stdout.strip())

    def _change(self, base: Path, path: Path, data: bytes, lines: tuple[str, ...]) -> FileChange:
        for folder in (each for each in path.parents if each.is_relative_to(base) and each != base):
            if folder.is_symlink():
                raise _unusable(path, NotOwnFile(folder, "it is a symbolic link"))
        old = self._read(path)
        return FileChange(path, data, lines, is_there=old is not None, is_needed=old != data)

    @staticmethod
    def _read(path: Path) -> bytes | None:
        """Return what a file of the user's own holds; None if there is none.

        Raises:
            NotConfigured: It is something else, such as a link.
        """
        try:
            refuse_odd(path)
            with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, error) from error
        if len(data) > _MOST_BYTES:
            raise NotConfigured(f"{path} is too long for a start-up file")
        return data


def _loading(file: Path) -> str:
    """Return the line that loads a script, and goes on without a word if that was deleted."""
    name = shlex.quote(str(file))
    return f"if [ -r {name} ]; then . {name}; fi"


def _with_block(old: bytes | None, lines: tuple[str, ...], path: Path) -> bytes:
    """Return a start-up file with the lines in the place of the old ones, or at its end."""
    old = old or b""
    block = "".join(f"{line}\n" for line in lines).encode()
    if _BLOCK.search(old):
        return _BLOCK.sub(lambda _: block, old, count=1)
    if _BEGIN.encode() in old or _END.encode() in old:
        title = f"{path} has only a part of the lines that load the completion"
        raise NotConfigured(title, fix=f"Remove {_BEGIN!r} or {_END!r} from it.")
    return old + (b"" if not old or old.endswith(b"\n") else b"\n") + block


def _unusable(path: Path, error: OSError) -> NotConfigured:
    where = error.filename if isinstance(error, NotOwnFile) else path
    return NotConfigured(
        f"{where} cannot be used: {error.strerror or error}",
        fix="Nothing was written there. Print the script with `zoomcall completion SHELL`, and load it yourself.",
    )
