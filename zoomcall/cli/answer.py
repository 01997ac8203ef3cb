"""What a command returns: for a person, for a program, for the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.cli.page import Page
from zoomcall.domain.cause import Explained
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.value import Discreet

if TYPE_CHECKING:
    from zoomcall.domain.address import Protocol


class ErrorReport(Explained, Struct, frozen=True, kw_only=True):
    """A failure, explained, with what the command line adds.

    Attributes:
        status: The exit status that goes with it; the contract's ``kind`` is its word.
        dialled: One sentence: whether anything may ring.
    """

    status: ExitStatus
    dialled: str | None = None

    def told_of(self, protocol: Protocol) -> Self:
        """Return the same about what a protocol rings: about a phone instead of a room."""
        told = protocol.told
        causes = tuple(replace(cause, evidence=told(cause.evidence), fix=told(cause.fix)) for cause in self.causes)
        return replace(
            self,
            title=told(self.title),
            causes=causes,
            fix=None if self.fix is None else told(self.fix),
            dialled=None if self.dialled is None else told(self.dialled),
        )


class Answer(Discreet, frozen=True, kw_only=True):
    """A command's answer.

    Attributes:
        page: What a person reads on stdout.
        result: The contract's ``result``, a type of ``cli/results/``.
        status: The exit status.
        error: Why it is not 0.
        gist: What stands on stderr in place of the error, if the page has told that in full.
        raw: The exact text for stdout in place of ``page``, whatever the output format (``token mint`` in text
            form, ``completion``, ``--curl``, ``schema``).
    """

    unshown: ClassVar = frozenset({"raw"})

    page: Page = ()
    result: Struct | None = None
    status: ExitStatus = ExitStatus.OK
    error: ErrorReport | None = None
    gist: str | None = None
    raw: str | None = None
