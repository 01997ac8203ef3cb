"""What a command writes to stderr on the way: pages, warnings, details and traces."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from zoomcall.cli.options import CommandSpec, CommonOptions, OutputFormat, chosen_format
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.streams import Streams
from zoomcall.domain.cause import Notice
from zoomcall.domain.shown_text import printable

if TYPE_CHECKING:
    from zoomcall.cli.settings import Settings


class Voice:
    """Writes to stderr what the flags allow."""

    def __init__(self, *, spec: CommandSpec, options: CommonOptions, streams: Streams, settings: Settings) -> None:
        self.spec = spec
        self.options = options
        self.streams = streams
        self.settings = settings
        self.notices: list[Notice] = []

    @cached_property
    def output(self) -> OutputFormat:
        """The output format; reading it may raise ``UsageError``."""
        return chosen_format(self.spec, self.options, self.settings)

    @property
    def is_interactive(self) -> bool:
        """Whether the user can be asked for input."""
        is_off = self.options.is_input_off or self.settings.is_input_off
        return self.streams.is_stdin_terminal and not is_off

    def is_agreed(self, question: str) -> bool:
        """Ask a question, to which anything but yes is no."""
        self.streams.stderr.write(f"{printable(question)} [y/N] ")
        self.streams.stderr.flush()
        return self.streams.stdin.readline().strip().lower() in {"y", "yes"}

    def notice(self, *notices: Notice) -> None:
        """Warn, once each: on stderr in text form, and always in the JSON document."""
        for notice in notices:
            if notice in self.notices:
                continue
            self.notices.append(notice)
            if not self.output.is_document and not self.options.is_quiet:
                self.say((Line(f"warning: {notice.message} ({notice.id})", Tone.WARNING),))

    def warn_if_outvoted(self, names: Iterable[str]) -> None:
        """Warn, when stored secrets change, of variables that override them."""
        given = list(names)
        if given:
            verb = "override" if len(given) > 1 else "overrides"
            message = f"{' and '.join(given)} in the environment {verb} profiles, except one named with -p"
            self.notice(Notice("environment-wins", message))

    def detail(self, text: str) -> None:
        """Write a detail, with ``-v``."""
        if self.options.is_verbose or self.options.is_debug:
            self.say((Line(text, Tone.DIM),))

    def trace(self, text: str) -> None:
        """Write a request or an answer, with ``--debug``; the caller has removed every secret."""
        if self.options.is_debug:
            self.streams.stderr.write(f"debug: {printable(text)}\n")
            self.streams.stderr.flush()

    def say(self, page: Page) -> None:
        """Write a page to stderr."""
        from zoomcall.cli.render.text import write_page

        stream = self.streams.stderr
        write_page(page, stream, self.streams.look_of(stream))
        stream.flush()
