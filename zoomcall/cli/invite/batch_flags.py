"""The flags of ``invite batch``."""

import re
from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.invite.flags import CallFlags
from zoomcall.domain.call import State
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

_RATE = Pattern(r"([0-9]+(?:\.[0-9]+)?)(?:/(s|sec|second|m|min|minute))?\Z")
_HIGHEST_RATE = 1000.0
RINGS_NO_MORE = frozenset({State.DECLINED, State.MISSED, State.FAILED, State.NO_OP, State.REFUSED, State.NOT_SENT})
"""The states in which a room certainly does not ring any more, so that ringing it again is safe."""


class BatchFlags(CallFlags, frozen=True, kw_only=True):
    """The flags of ``invite batch``."""

    rate: Annotated[str, typer.Option(metavar="N/s", help="How many calls begin in a second.")] = "20/s"
    burst: Annotated[int, typer.Option(metavar="N", min=1, help="How many may begin at once.")] = 1
    parallel: Annotated[
        int, typer.Option(metavar="N", min=1, max=500, help="How many calls may be unresolved at once.")
    ] = 20
    attempts: Annotated[int, typer.Option(metavar="N", min=1, max=20, help="How often to ring a room.")] = 1
    retry_on: Annotated[
        str, typer.Option(metavar="STATES", help="After which states to ring it again, comma-separated.")
    ] = "missed,failed"
    retry_delay: Annotated[str, typer.Option(metavar="TIME", help="The pause before that.")] = "30"
    max_duration: Annotated[str | None, typer.Option(metavar="TIME", help="Ring nothing more after this long.")] = (
        None
    )
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the run here, to resume it or report on it.")
    ] = None
    is_resumed: Annotated[bool, typer.Option("--resume", help="Finish the run of --journal.")] = False
    is_unknown_retried: Annotated[
        bool, typer.Option("--retry-unknown", help="With --resume: ring rows again whose outcome is unknown.")
    ] = False
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Ring only the I-th of N parts.")] = None
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Ring only rows with this tag.")] = None
    are_bad_skipped: Annotated[bool, typer.Option("--skip-bad", help="Ring the other rows if some are bad.")] = (
        False
    )
    report: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=FILE", help="Write a report: junit, csv, html or metrics; repeatable."),
    ] = None

    @property
    def calls_a_second(self) -> float:
        """``--rate``, of one shard.

        Raises:
            UsageError: It is not a rate.
        """
        match = _RATE.fullmatch(self.rate.strip())
        rate = 0.0 if match is None else float(match[1]) / (60 if (match[2] or "s").startswith("m") else 1)
        if not 0 < rate <= _HIGHEST_RATE:
            raise UsageError(
                f"--rate {quoted(self.rate)} is not a rate between 0 and 1000 a second", fix="Write it like 20/s."
            )
        part = self.part
        return rate if part is None else rate / part[1]

    @property
    def part(self) -> tuple[int, int] | None:
        """``--shard``: which part, of how many.

        Raises:
            UsageError: It is not ``I/N``.
        """
        if self.shard is None:
            return None
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", self.shard.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(
                f"--shard {quoted(self.shard)} is not I/N",
                fix="Write the first of four parts as 1/4, the last as 4/4.",
            )
        return int(match[1]), int(match[2])

    def has(self, number: int) -> bool:
        """Return whether a row, numbered from 1, is of the part that ``--shard`` chooses."""
        part = self.part
        return part is None or (number - 1) % part[1] == part[0] - 1

    def refuse_alone(self) -> None:
        """Check the flags that need another one.

        Raises:
            UsageError: The other one is missing.
        """
        if self.is_resumed and self.journal is None:
            raise UsageError("--resume needs the journal of the run", fix="Name it with --journal FILE.")
        if self.is_unknown_retried and not self.is_resumed:
            raise UsageError("--retry-unknown is about a run that goes on", fix="Add --resume.")
        if self.is_resumed and self.is_dry:
            raise UsageError("--resume and --dry-run contradict each other")

    @property
    def states_to_retry(self) -> frozenset[State]:
        """``--retry-on``.

        Raises:
            UsageError: A word is not a state, or a room in that state may still ring.
        """
        words = [word.strip() for word in self.retry_on.split(",") if word.strip()]
        known = {state.value: state for state in RINGS_NO_MORE}
        for word in words:
            if word not in known:
                raise UsageError(
                    f"--retry-on {quoted(word)} is not a state after which a room may be rung again",
                    fix=f"Use {', '.join(sorted(known))}.",
                )
        return frozenset(known[word] for word in words)
