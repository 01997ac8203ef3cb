"""``zoomcall schema``: the JSON Schema of every JSON output."""

import json
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.run import Run
from zoomcall.cli.schemas.documents import document, every_document
from zoomcall.cli.schemas.shapes import shape_named, shapes
from zoomcall.errors import UsageError

app = typer.Typer()


def _words() -> list[str]:
    """Return the words that may follow, for completion."""
    return list(dict.fromkeys(word for shape in shapes() for word in shape.name.split(".")))


@command(
    app,
    "schema",
    CommandSpec(schema="zoomcall.schema/1", ignores_output_variable=True, is_raw=True),
    examples=("zoomcall schema", "zoomcall schema invite sip", "zoomcall schema error"),
)
def schema(
    run: Run,  # noqa: ARG001 - every command takes it
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]...",
            show_default=False,
            help="Command whose output to describe; by default every command.",
            autocompletion=_words,
        ),
    ] = None,
) -> Answer:
    """Print the JSON Schema of a command's output.

    Without COMMAND, it is one schema for every output, with the commands and the exit codes.
    """
    if not words:
        return Answer(raw=_text(every_document()))
    shape = shape_named(" ".join(words))
    if shape is None:
        known = ", ".join(shape.name.replace(".", " ") for shape in shapes())
        raise UsageError(f"{' '.join(words)!r} has no JSON output", fix=f"Name one of: {known}.")
    return Answer(raw=_text(document(shape)))


def _text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
