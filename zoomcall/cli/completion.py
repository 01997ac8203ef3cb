"""``zoomcall completion``: the completion script for a shell, printed or installed."""

from collections.abc import Iterator
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.asking import unconfirmed
from zoomcall.cli.command import command
from zoomcall.cli.completions.bash import bash_script
from zoomcall.cli.completions.fish import fish_script
from zoomcall.cli.completions.powershell import powershell_script
from zoomcall.cli.completions.tree import read_tree
from zoomcall.cli.completions.zsh import zsh_script
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.results.completion import CompletionFile, CompletionResult
from zoomcall.cli.run import Run
from zoomcall.domain.file_change import FileChange
from zoomcall.errors import NotConfigured, UsageError

SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script, "powershell": powershell_script}

app = typer.Typer()


@command(
    app,
    "completion",
    CommandSpec(schema="zoomcall.completion/1", ignores_output_variable=True, is_raw=True),
    examples=(
        "zoomcall completion --install",
        "zoomcall completion zsh --install --yes",
        "zoomcall completion bash > zoomcall.bash",
        "zoomcall completion powershell | Out-String | Invoke-Expression",
    ),
)
def completion(
    run: Run,
    shell: Annotated[
        str | None,
        typer.Argument(
            metavar="[bash|zsh|fish|powershell]",
            show_default=False,
            help="The shell; with --install by default the one that you use.",
        ),
    ] = None,
    *,
    install: Annotated[
        bool, typer.Option("--install", help="Install it, once you have seen what is written.")
    ] = False,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="With --install: write without asking.")] = False,
) -> Answer:
    """Print the completion script for a shell, or install it.

    --install writes the script where the shell looks for such files; bash, zsh and PowerShell also get a line or
    two in their start-up files, between marks. It shows all of it and asks before it writes. What is up to date
    stays as it is; after an update of zoomcall, install it again.
    """
    if shell is not None and shell not in SCRIPTS:
        raise UsageError(f"no completion for {shell!r}", fix=f"Name one of {', '.join(SCRIPTS)}.")
    if install:
        return _install(run, shell or run.wiring.shell_setup.shell_at_hand(), is_confirmed=is_confirmed)
    if is_confirmed:
        raise UsageError("--yes belongs to --install")
    if shell is None:
        raise UsageError(
            "no shell is named",
            fix=f"Name the shell whose script to print ({', '.join(SCRIPTS)}), or install it for yours.",
            command="zoomcall completion --install",
        )
    return Answer(raw=SCRIPTS[shell](read_tree()))


def _install(run: Run, shell: str, *, is_confirmed: bool) -> Answer:
    """Install the script once that is confirmed: by ``--yes``, or by somebody who saw what would be written."""
    setup, script = run.wiring.shell_setup, SCRIPTS[shell](read_tree())
    changes = setup.plan(shell, script)
    files = tuple(map(CompletionFile.of, changes))
    if not any(change.is_needed for change in changes):
        result = CompletionResult(shell=shell, is_written=False, files=files)
        told = Line(f"completion for {shell} is installed and up to date", Tone.GOOD)
        return Answer(page=(told, *_undo(changes)), result=result)
    unwritten = CompletionResult(shell=shell, is_written=False, files=files)
    plan = (Line(f"completion for {shell}", Tone.TITLE), *_plan(changes))
    if not is_confirmed:
        kept = unconfirmed(run, plan, unwritten, question="Write this?", done="written", purpose="write it")
        if kept is not None:
            return kept
        if setup.plan(shell, script) != changes:
            raise NotConfigured("the files have changed meanwhile; nothing was written", fix="Try again.")
    setup.apply(changes)
    told = Line(f"completion for {shell} is installed; open a new {shell} to use it", Tone.GOOD)
    page: Page = (*(plan if is_confirmed else ()), told, *_undo(changes))
    return Answer(page=page, result=CompletionResult(shell=shell, is_written=True, files=files))


def _plan(changes: tuple[FileChange, ...]) -> Iterator[Line]:
    """Say which files are written, and which lines are added to them."""
    for change in changes:
        if not change.lines:
            word = "replace" if change.is_there else "write"
            yield Line(str(change.path), indent=2, label=word if change.is_needed else "keep")
            continue
        yield Line(str(change.path), indent=2, label="add to" if change.is_needed else "keep")
        yield from (Line(line, Tone.COMMAND, indent=6) for line in change.lines)


def _undo(changes: tuple[FileChange, ...]) -> Iterator[Line]:
    """Say how to take everything back."""
    for change in changes:
        first, last = (change.lines[0], change.lines[-1]) if change.lines else ("", "")
        part = f"from {change.path} delete the lines from {first!r} to {last!r}"
        yield Line(part if change.lines else f"delete {change.path}", Tone.DIM, indent=2, label="undo")
