"""What a command says on the way: pages, warnings, details and traces, all on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from zoomcall.cli.options import CommandSpec, CommonOptions, OutputFormat, chosen_format
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.text import write_page
from zoomcall.cli.settings import Settings
from zoomcall.cli.streams import Streams
from zoomcall.domain.cause import Notice
from zoomcall.domain.shown_text import printable


class Voice:
    """Speaks to stderr as the flags allow.

    Args:
        spec: The command.
        options: The common flags.
        streams: Standard input, output, error.
        settings: The environment.
    """

    def __init__(self, *, spec: CommandSpec, options: CommonOptions, streams: Streams, settings: Settings) -> None:
        self.spec = spec
        self.options = options
        self.streams = streams
        self.settings = settings
        self.notices: list[Notice] = []

    @cached_property
    def output(self) -> OutputFormat:
        """The format that is asked for.

        Raises:
            UsageError: ``-o`` or ``ZOOMCALL_OUTPUT`` names none.
        """
        return chosen_format(self.spec, self.options, self.settings)

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked."""
        is_off = self.options.is_input_off or self.settings.is_input_off
        return self.streams.is_stdin_terminal and not is_off

    def notice(self, *notices: Notice) -> None:
        """Warn: once each, on stderr in text form, always in the JSON document."""
        for notice in notices:
            if notice in self.notices:
                continue
            self.notices.append(notice)
            if not self.output.is_document and not self.options.is_quiet:
                self.say((Line(f"warning: {notice.message} ({notice.id})", Tone.WARNING),))

    def warn_if_outvoted(self, names: Iterable[str]) -> None:
        """Warn, where stored secrets are changed, of variables that go before them."""
        given = list(names)
        if given:
            verb = "win" if len(given) > 1 else "wins"
            message = f"{' and '.join(given)} in the environment {verb} over profiles, except one named with -p"
            self.notice(Notice("environment-wins", message))

    def detail(self, text: str) -> None:
        """Say more, with ``-v``."""
        if self.options.is_verbose or self.options.is_debug:
            self.say((Line(text, Tone.DIM),))

    def trace(self, text: str) -> None:
        """Show a request or an answer, with ``--debug``. The caller has removed every secret."""
        if self.options.is_debug:
            self.streams.stderr.write(f"debug: {printable(text)}\n")
            self.streams.stderr.flush()

    def say(self, page: Page) -> None:
        """Write a page to stderr."""
        stream = self.streams.stderr
        write_page(page, stream, self.streams.look_of(stream))
        stream.flush()
