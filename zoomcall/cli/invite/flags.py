"""The flags that every kind of invite has: target, names, waiting, evidence."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.run import Run
from zoomcall.cli.settings import LONGEST_TIMEOUT
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import UsageError

DEFAULT_TIMEOUT = timedelta(seconds=90)


class EvidenceChoice(StrEnum):
    """``--evidence``: every available source, or only one."""

    AUTO = "auto"
    ROSTER = "roster"
    WEBHOOK_LOG = "webhook-log"
    WEBHOOK = "webhook"
    WEBSOCKET = "websocket"

    @property
    def source(self) -> EvidenceSource | None:
        """The only source that it allows; None for all of them."""
        return None if self is EvidenceChoice.AUTO else EvidenceSource(self.value)

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """The sources that it allows."""
        return frozenset(EvidenceSource) if self.source is None else frozenset({self.source})


class OnTimeout(StrEnum):
    """``--on-timeout``."""

    LEAVE = "leave"
    REMOVE = "remove"


class CallFlags(Struct, frozen=True, kw_only=True):
    """The flags that every kind of invite has, a batch included."""

    session: Annotated[str | None, typer.Option(metavar="ID", help="Video SDK session, by id.")] = None
    session_name: Annotated[str | None, typer.Option(metavar="NAME", help="Live Video SDK session, by name.")] = (
        None
    )
    meeting: Annotated[str | None, typer.Option(metavar="NUMBER", help="Zoom meeting, by number or join link.")] = (
        None
    )
    from_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Caller's name, shown on the room's screen.")
    ] = None
    to_name: Annotated[str | None, typer.Option(metavar="NAME", help="Room's name in the session.")] = None
    book: Annotated[Path | None, typer.Option(metavar="FILE", help="Address book that @NAME is looked up in.")] = (
        None
    )
    is_waiting: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Wait until the outcome is proven, or return after Zoom's 202."),
    ] = True
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to wait after Zoom's answer, in seconds or like 90s, 10m or 1h; 90s by default.",
            show_default=False,
        ),
    ] = None
    evidence: Annotated[EvidenceChoice, typer.Option(help="What may prove the outcome.")] = EvidenceChoice.AUTO
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Follow the events that `webhook serve --record FILE` writes."),
    ] = None
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Receive Zoom's webhooks here during the call.")
    ] = None
    on_timeout: Annotated[OnTimeout, typer.Option(help="Leave a room that joins late, or remove it.")] = (
        OnTimeout.LEAVE
    )
    is_preflight_off: Annotated[
        bool, typer.Option("--no-preflight", help="Ring even if the session seems empty or not live.")
    ] = False
    is_forced: Annotated[
        bool, typer.Option("--force", help="Ring even if an earlier call may still be ringing.")
    ] = False
    is_if_absent: Annotated[
        bool, typer.Option("--if-absent", help="Exit 0 without ringing if the room is in already.")
    ] = False
    when_live: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Wait this long for somebody to be in the session or meeting."),
    ] = None
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Print the request and send nothing.")] = False

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port of ``--listen``.

        Raises:
            UsageError: It is not ``HOST:PORT``.
        """
        if self.listen is None:
            return None
        match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):([0-9]{1,5})", self.listen)
        if match is None or int(match[2]) > 65535:
            raise UsageError(
                f"--listen {quoted(self.listen)} is not HOST:PORT", fix="Write it like 127.0.0.1:8080."
            )
        return match[1].strip("[]"), int(match[2])

    def wait(self, run: Run) -> timedelta:
        """Return how long to wait for the outcome.

        Raises:
            UsageError: ``--timeout`` is not a duration.
        """
        if self.timeout is not None:
            return parse_duration(self.timeout, name="--timeout", longest=LONGEST_TIMEOUT)
        return run.settings.timeout or DEFAULT_TIMEOUT

    @property
    def wait_for_live(self) -> timedelta | None:
        """``--when-live``; None without it.

        Raises:
            UsageError: It is not a duration.
        """
        if self.when_live is None:
            return None
        return parse_duration(self.when_live, name="--when-live", longest=LONGEST_TIMEOUT)

    def refuse_contradictions(self, api: Api) -> None:
        """Check the flags against each other, and against what Zoom offers for sessions or meetings only.

        Raises:
            UsageError: They contradict each other, or Zoom does not offer it.
        """
        source = self.evidence.source
        if source is not None and api not in source.serves:
            raise UsageError(f"--evidence {source}: {source.missing_for_others}")
        is_fed = self.events is not None or self.listen is not None
        if source is EvidenceSource.WEBHOOK and not is_fed:
            raise UsageError(
                "--evidence webhook needs a source of events", fix="Add --events FILE or --listen HOST:PORT."
            )
        if is_fed and source not in {None, EvidenceSource.WEBHOOK}:
            flag = "--listen" if self.events is None else "--events"
            raise UsageError(f"{flag} and --evidence {self.evidence} contradict each other")
        if is_fed and not self.is_waiting:
            raise UsageError(
                "--no-wait returns before any event can arrive", fix="Leave out --events and --listen."
            )


class InviteFlags(CallFlags, frozen=True, kw_only=True):
    """The flags of an invite of one room."""

    is_curl: Annotated[
        bool, typer.Option("--curl", help="Print a shell line that sends the request with curl.")
    ] = False
