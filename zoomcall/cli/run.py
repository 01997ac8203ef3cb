"""One run of a command: its options, streams, clock, warnings, and what is known so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from zoomcall.cli.render.page import Line, Page, Tone
from zoomcall.cli.render.text import write_page
from zoomcall.cli.settings import Settings
from zoomcall.cli.streams import Streams
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import HeldCredential
from zoomcall.domain.shown_text import printable
from zoomcall.errors import UsageError
from zoomcall.knowledge.facts import Facts

if TYPE_CHECKING:
    from zoomcall.cli.wiring import Wiring


class OutputFormat(StrEnum):
    """``-o``."""

    TEXT = "text"
    JSON = "json"
    JSON_LINES = "jsonl"


class CommandSpec(Struct, frozen=True, kw_only=True):
    """What the frame must know of a command.

    Attributes:
        schema: Of its JSON document, like ``zoomcall.token.mint/1``.
        has_json_lines: ``-o jsonl`` is allowed.
        ignores_output_variable: ``ZOOMCALL_OUTPUT`` does not count.
        is_raw: Its answer is one text for a machine (a script, a schema), whatever the format.
    """

    schema: str
    has_json_lines: bool = False
    ignores_output_variable: bool = False
    is_raw: bool = False


class CommonOptions(Struct, frozen=True, kw_only=True):
    """The flags of every leaf command (contract 1)."""

    profile: str | None = None
    output: str | None = None
    is_json: bool = False
    is_quiet: bool = False
    is_verbose: bool = False
    is_debug: bool = False
    is_input_off: bool = False


class Run(Struct, kw_only=True, dict=True):
    """What a command function is given.

    Attributes:
        spec: The command.
        options: The common flags.
        streams: Standard input, output, error.
        settings: The environment.
        facts: What is known for explaining a failure; commands and wiring add to it with ``learn``.
        held: The credential in hand, once resolved; it stands in the envelope.
        notices: Warnings so far.
    """

    spec: CommandSpec
    options: CommonOptions
    streams: Streams
    settings: Settings
    facts: Facts = field(default_factory=Facts)
    held: HeldCredential | None = None
    notices: list[Notice] = field(default_factory=list)

    @cached_property
    def output(self) -> OutputFormat:
        """The format that is asked for.

        Raises:
            UsageError: ``-o`` or ``ZOOMCALL_OUTPUT`` names none.
        """
        default = self._default_output()  # a bad variable is told, whatever the flags say
        if self.options.is_json and self.options.output not in {None, "json"}:
            raise UsageError(f"--json and -o {self.options.output} contradict each other")
        if self.options.is_json:
            return OutputFormat.JSON
        if self.options.output is not None:
            return self._format(self.options.output, "-o", lines_allowed=self.spec.has_json_lines)
        return default

    def _default_output(self) -> OutputFormat:
        if not self.settings.output or self.spec.ignores_output_variable:
            return OutputFormat.TEXT
        chosen = self._format(self.settings.output, "ZOOMCALL_OUTPUT", lines_allowed=True)
        is_lines = chosen is OutputFormat.JSON_LINES and not self.spec.has_json_lines
        return OutputFormat.JSON if is_lines else chosen

    def _format(self, text: str, name: str, *, lines_allowed: bool) -> OutputFormat:
        allowed = [word.value for word in OutputFormat if lines_allowed or word is not OutputFormat.JSON_LINES]
        if text not in allowed:
            raise UsageError(
                f"{name} {text!r} is no output format of this command", fix=f"Use {' or '.join(allowed)}."
            )
        return OutputFormat(text)

    @cached_property
    def wiring(self) -> Wiring:
        """The composition root: adapters, built when they are first needed."""
        from zoomcall.cli.wiring import Wiring

        return Wiring(self)

    def close(self) -> None:
        """Close what the wiring opened, if it was ever needed."""
        if "wiring" in self.__dict__:
            self.wiring.close()

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked."""
        is_off = self.options.is_input_off or self.settings.is_input_off
        return self.streams.is_stdin_terminal and not is_off

    def now(self) -> datetime:
        """This machine's clock, aware, UTC."""
        return datetime.now(UTC)

    def learn(self, **facts: Any) -> None:
        """Add to the facts by which a failure will be explained (fields of ``Facts``)."""
        self.facts = replace(self.facts, **facts)

    def notice(self, *notices: Notice) -> None:
        """Warn: once each, on stderr in text form, always in the JSON document."""
        for notice in notices:
            if notice in self.notices:
                continue
            self.notices.append(notice)
            if self.output is OutputFormat.TEXT and not self.options.is_quiet:
                self.say((Line(f"warning: {notice.message} ({notice.id})", Tone.WARNING),))

    def notice_all(self, notices: Iterable[Notice]) -> None:
        """Warn of each."""
        self.notice(*notices)

    def warn_if_outvoted(self, names: Sequence[str]) -> None:
        """Warn, where stored secrets are changed, of variables that go before them."""
        if names:
            verb = "win" if len(names) > 1 else "wins"
            message = f"{' and '.join(names)} in the environment {verb} over profiles, except one named with -p"
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
