"""The error boundary: runs a command, and turns its answer or exception into output and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.commands import ENDLESS, build_root
from zoomcall.cli.interrupts import ENDING
from zoomcall.cli.page import Line
from zoomcall.cli.starting import ClosedPipe, Starter
from zoomcall.cli.streams import Streams
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import Terminated, UsageError, ZoomcallError, shortage_of

if TYPE_CHECKING:
    from zoomcall.cli.options import CommandSpec, CommonOptions, OutputFormat
    from zoomcall.cli.run import Run


def run(
    arguments: Sequence[str], *, streams: Streams | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Run a command line, without the program's name, and return its exit code; tests replace the rest."""
    _raise_when_asked_to_end()
    streams = streams or Streams.of_process()
    boundary = Boundary(list(arguments), streams, os.environ if environ is None else environ)
    try:
        return boundary.run()
    except (BrokenPipeError, ClosedPipe):
        _silence(streams)
        return int(ExitStatus.CLOSED_PIPE)
    except OSError as error:
        _say_last(f"error: the answer cannot be written: {error.strerror or error}")
        _say_last(boundary.gist)
        _silence(streams)
        return int(ExitStatus.INTERNAL)
    finally:
        boundary.close()


class Boundary:
    """Runs one command line; ``Starter`` keeps its ``Run`` as soon as there is one."""

    def __init__(self, arguments: list[str], streams: Streams, environ: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._streams = streams
        self._environ = environ
        self._starter = Starter(self._make_run)
        self._answer = Answer()

    def _make_run(self, spec: CommandSpec, options: CommonOptions) -> Run:
        from zoomcall.cli.run import Run
        from zoomcall.cli.settings import Settings

        return Run(spec=spec, options=options, streams=self._streams, settings=Settings.read(self._environ))

    def run(self) -> int:
        """Run the command, print its answer, and return the exit code."""
        try:
            # Not Typer's own main(), which would turn every interrupt into a silent 130.
            root = build_root()
            width = None if self._streams.look_of(self._streams.stdout).is_terminal else ENDLESS
            with root.make_context(
                "zoomcall", list(self._arguments), obj=self._starter, terminal_width=width
            ) as context:
                outcome = root.invoke(context)
        except typer.Exit as asked:
            outcome = asked.exit_code
        except typer.TyperException as error:
            return self._fail(self._usage_error(error), usage=_usage_hint(error))
        except ZoomcallError as error:
            return self._fail(error)
        except (typer.Abort, EOFError):
            return self._emit(self._report(ExitStatus.INTERRUPTED, "interrupted"))
        except (BrokenPipeError, ClosedPipe):
            raise
        except KeyboardInterrupt as error:
            status = ExitStatus.TERMINATED if isinstance(error, Terminated) else ExitStatus.INTERRUPTED
            return self._emit(self._report(status, "interrupted"))
        except Exception as error:  # noqa: BLE001 - the one place that may
            return self._crash(error)
        if isinstance(outcome, Answer):
            return self._emit_anyhow(outcome)
        self._streams.stdout.flush()
        return int(outcome or 0)

    def _usage_error(self, error: typer.TyperException) -> UsageError:
        """Say what is wrong with the command line, and what was probably meant."""
        from zoomcall.cli.mistypes import meant

        message = _usage_message(error)
        way_on = meant(build_root(), self._arguments, message)
        if way_on is None:
            return UsageError(message)
        title = message.partition(". Did you mean")[0].partition(" (Possible options")[0].partition(" (Did you")[0]
        return UsageError(title, fix=way_on.fix, command=way_on.command)

    @property
    def gist(self) -> str:
        """The last answer in one line, for when it cannot be written: what happened, and what may ring."""
        error = self._answer.error
        if error is not None:
            return f"{error.title}. {error.dialled or ''}".rstrip()
        line = next((line for line in self._answer.page if isinstance(line, Line)), None)
        return "" if line is None else line.text

    def close(self) -> None:
        """Close the connections that the command opened."""
        if self._starter.run is not None:
            self._starter.run.close()

    def _fail(self, error: ZoomcallError, usage: str | None = None) -> int:
        from zoomcall.cli.failing import failure_report
        from zoomcall.knowledge.facts import Facts

        run = self._starter.run
        facts = Facts() if run is None else run.facts
        is_invite = run is not None and run.spec.schema.startswith("zoomcall.invite")
        explained = self._discreet(failure_report(error, facts, is_invite=is_invite))
        if run is not None and run.options.is_debug:
            self._print_traceback(error)
        if usage and not self._format().is_document:
            self._streams.stderr.write(usage + "\n")
        return self._emit(Answer(status=explained.status, error=explained))

    def _discreet(self, report: ErrorReport) -> ErrorReport:
        """Leave out what the report repeats of an argument that may be a secret in the wrong place (contract 3)."""
        from zoomcall.domain.shown_text import without_secrets_of

        def clean(text: str | None) -> str | None:
            return text and without_secrets_of(text, self._arguments)

        causes = tuple(replace(cause, evidence=clean(cause.evidence) or "") for cause in report.causes)
        title, fix, command = clean(report.title) or "", clean(report.fix), clean(report.command)
        details = tuple(replace(each, message=clean(each.message) or "") for each in report.details)
        return replace(report, title=title, fix=fix, command=command, causes=causes, details=details)

    def _crash(self, error: Exception) -> int:
        shortage = shortage_of(error)
        if shortage is not None:
            self.close()  # which may make room for the answer
            has_rung = self._starter.run is not None and self._starter.run.has_rung
            status = ExitStatus.PENDING if has_rung else ExitStatus.NOT_CONFIGURED
            dialled = "Rooms were rung, and may still be ringing." if has_rung else None
            report = ErrorReport(status=status, title=shortage.message, fix=shortage.fix, dialled=dialled)
            return self._emit(Answer(status=status, error=report))
        if isinstance(error, OSError) and self._starter.run is None:
            raise error  # no command has started: a help page could not be written
        if "--debug" in self._arguments:
            self._print_traceback(error)
        how = "`zoomcall explain exit:1` shows how to report it"
        title = f"zoomcall itself failed ({type(error).__name__}): this is a bug; {how}"
        try:
            return self._emit(self._report(ExitStatus.INTERNAL, title))
        except OSError:
            if isinstance(error, OSError):  # what failed before was the output too
                self._answer = Answer()
            raise

    def _print_traceback(self, error: Exception) -> None:
        import traceback

        traceback.print_exception(error, file=self._streams.stderr)

    @staticmethod
    def _report(status: ExitStatus, title: str) -> Answer:
        return Answer(status=status, error=ErrorReport(status=status, title=title))

    def _emit_anyhow(self, answer: Answer) -> int:
        """Print an answer; if the system has no more files or memory for that, close everything else first."""
        try:
            return self._emit(answer)
        except (ImportError, MemoryError, OSError) as error:
            if shortage_of(error) is None:
                raise
        self.close()
        return self._emit(answer)

    def _emit(self, answer: Answer) -> int:
        from zoomcall.cli.render.formats import Frame, writer_of

        self._answer = answer
        run, streams, output = self._starter.run, self._streams, self._format()
        frame = Frame(
            spec=None if run is None else run.spec,
            held=None if run is None else run.held,
            notices=() if run is None else tuple(run.notices),
            look=streams.look_of(streams.stdout),
        )
        writer_of(output)(answer, frame, streams.stdout)
        streams.stdout.flush()
        if answer.error is not None and not output.is_document:
            from zoomcall.cli.render.failure import error_page, gist_page
            from zoomcall.cli.render.text import write_page

            page = error_page(answer.error) if answer.gist is None else gist_page(answer.gist)
            write_page(page, streams.stderr, streams.look_of(streams.stderr))
        streams.stderr.flush()
        return int(answer.status)

    def _format(self) -> OutputFormat:
        from zoomcall.cli.options import guessed_format

        run = self._starter.run
        if run is not None:
            try:
                return run.output
            except UsageError:
                pass
        return guessed_format(self._arguments, self._environ)


def _usage_message(error: typer.TyperException) -> str:
    message = error.format_message().splitlines()[0] if error.format_message() else ""
    return message[:1].lower() + message[1:].rstrip(".") if message else "invalid command line"


def _usage_hint(error: typer.TyperException) -> str | None:
    context: Any = getattr(error, "ctx", None)
    return f"{context.get_usage()}\nTry '{context.command_path} --help' for help." if context is not None else None


def _raise_when_asked_to_end() -> None:
    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    with contextlib.suppress(ValueError):  # raised outside the main thread, where a test may run
        for number in ENDING:
            signal.signal(number, terminate)


def _say_last(text: str) -> None:
    """Write a line directly to stderr, since the streams may be what failed; nothing if there is no text."""
    if not text:
        return
    from zoomcall.domain.shown_text import printable

    with contextlib.suppress(OSError):
        os.write(2, f"{printable(text)}\n".encode(errors="backslashreplace"))


def _silence(streams: Streams) -> None:
    """Keep the interpreter from complaining about a closed pipe when it flushes at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (streams.stdout, streams.stderr):
        if stream in {sys.stdout, sys.stderr}:
            with contextlib.suppress(OSError, ValueError):
                os.dup2(null, stream.fileno())
    os.close(null)
