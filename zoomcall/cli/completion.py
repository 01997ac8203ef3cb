"""``zoomcall completion``: the completion script for a shell."""

from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.completions.bash import bash_script
from zoomcall.cli.completions.fish import fish_script
from zoomcall.cli.completions.powershell import powershell_script
from zoomcall.cli.completions.tree import read_tree
from zoomcall.cli.completions.zsh import zsh_script
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.run import Run
from zoomcall.errors import UsageError

SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script, "powershell": powershell_script}

app = typer.Typer()


@command(
    app,
    "completion",
    CommandSpec(schema="zoomcall.completion/1", ignores_output_variable=True, is_raw=True),
    examples=(
        "zoomcall completion bash > zoomcall.bash",
        "zoomcall completion zsh > ~/.zfunc/_zoomcall",
        "zoomcall completion fish > ~/.config/fish/completions/zoomcall.fish",
        "zoomcall completion powershell | Out-String | Invoke-Expression",
    ),
)
def completion(
    run: Run,  # noqa: ARG001 - every command takes it
    shell: Annotated[
        str, typer.Argument(metavar="bash|zsh|fish|powershell", show_default=False, help="The shell.")
    ],
) -> Answer:
    """Print the completion script for a shell."""
    write = SCRIPTS.get(shell)
    if write is None:
        raise UsageError(f"no completion for {shell!r}", fix=f"Name one of {', '.join(SCRIPTS)}.")
    return Answer(raw=write(read_tree()))
