"""The output formats: one function for each, which writes an answer to stdout."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from zoomcall.cli.answer import Answer
from zoomcall.cli.options import CommandSpec, OutputFormat
from zoomcall.cli.render.text import write_page
from zoomcall.cli.streams import Look
from zoomcall.domain.cause import Notice
from zoomcall.domain.exit_status import ExitStatus

if TYPE_CHECKING:
    from zoomcall.domain.credential import HeldCredential

ERROR_SCHEMA = "zoomcall.error/1"


class Frame(Struct, frozen=True, kw_only=True):
    """What surrounds an answer.

    Attributes:
        spec: The command; None if none was understood.
        held: The credential in use.
        notices: The warnings so far.
        look: What stdout may show.
    """

    spec: CommandSpec | None
    held: HeldCredential | None
    notices: tuple[Notice, ...]
    look: Look


Write = Callable[[Answer, Frame, IO[str]], None]


def writer_of(output: OutputFormat) -> Write:
    """Return what writes an answer in a format."""
    match output:
        case OutputFormat.TEXT:
            return _write_text
        case OutputFormat.JSON:
            return _write_json
        case OutputFormat.JSON_LINES:
            return _write_json_line


def _write_text(answer: Answer, frame: Frame, stream: IO[str]) -> None:
    if answer.raw is not None:
        stream.write(answer.raw)
    else:
        write_page(answer.page, stream, frame.look)


def _write_json(answer: Answer, frame: Frame, stream: IO[str]) -> None:
    _write_document(answer, frame, stream, is_line=False)


def _write_json_line(answer: Answer, frame: Frame, stream: IO[str]) -> None:
    _write_document(answer, frame, stream, is_line=True)


def _write_document(answer: Answer, frame: Frame, stream: IO[str], *, is_line: bool) -> None:
    from zoomcall.cli.render.json import dumps, envelope

    if answer.raw is not None and frame.spec is not None and frame.spec.is_raw:
        stream.write(answer.raw)
        return
    is_command = frame.spec is not None and not (answer.status is ExitStatus.USAGE and answer.result is None)
    document = envelope(
        schema=frame.spec.schema if frame.spec is not None and is_command else ERROR_SCHEMA,
        status=answer.status,
        held=frame.held,
        warnings=frame.notices,
        error=answer.error,
        result=answer.result if is_command else None,
    )
    stream.write(dumps(document, is_line=is_line) + "\n")
