"""What becomes of a call: its states, Zoom's reasons, the evidence, and the exit code that each leads to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from msgspec import Meta, Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.target import Api


class _StateRow(Struct, frozen=True, kw_only=True):
    """What follows from a state.

    Attributes:
        exit: The exit code of a command that leaves a call there, unless its error is more specific.
        is_final: Evidence has settled the call.
        blocks_redial: The room has joined or may still ring, so another dial would be a duplicate.
        is_there: The room is in the session or meeting, or in its waiting room, and can be removed.
        under_way: What a person is told while waiting.
        outcome: What a person is told in the end; ``{}`` stands for the room.
    """

    exit: ExitStatus
    is_final: bool = False
    blocks_redial: bool = False
    is_there: bool = False
    under_way: str = ""
    outcome: str = ""


class State(StrEnum):
    """A call's state (contract 3, ``state``) and everything that follows from it: a new state is a row here."""

    _value_: str
    exit: ExitStatus
    is_final: bool
    blocks_redial: bool
    is_there: bool
    under_way: str
    outcome: str

    def __new__(cls, word: str, row: _StateRow | None = None) -> Self:
        """Build a member from its row in the table below."""
        assert row is not None, word  # noqa: S101 - none only where a state is looked up by its word
        state = str.__new__(cls, word)
        state._value_ = word
        state.exit, state.is_final = row.exit, row.is_final
        state.blocks_redial, state.is_there, state.under_way = row.blocks_redial, row.is_there, row.under_way
        state.outcome = row.outcome or f"{{}}: {word}"
        return state

    PLANNED = "planned", _StateRow(exit=ExitStatus.OK)
    NOT_SENT = (
        "not-sent",
        _StateRow(exit=ExitStatus.INTERNAL, under_way="nothing is rung yet; waiting until somebody is in"),
    )
    REFUSED = "refused", _StateRow(exit=ExitStatus.REJECTED)
    ACCEPTED = (
        "accepted",
        _StateRow(exit=ExitStatus.PENDING, blocks_redial=True, under_way="accepted by Zoom, waiting for the room"),
    )
    RINGING = (
        "ringing",
        _StateRow(exit=ExitStatus.PENDING, blocks_redial=True, under_way="the room is ringing"),
    )
    ANSWERED = (
        "answered",
        _StateRow(
            exit=ExitStatus.PENDING,
            blocks_redial=True,
            under_way="the room answered; waiting to see it in the meeting",
        ),
    )
    WAITING_ROOM = (
        "waiting-room",
        _StateRow(
            exit=ExitStatus.WAITING_ROOM,
            blocks_redial=True,
            is_there=True,
            under_way="the room is in the waiting room: a host must admit it",
            outcome="{} is still in the waiting room",
        ),
    )
    JOINED = "joined", _StateRow(exit=ExitStatus.OK, is_final=True, blocks_redial=True, is_there=True)
    DECLINED = "declined", _StateRow(exit=ExitStatus.DECLINED, is_final=True, outcome="{} declined the call")
    MISSED = "missed", _StateRow(exit=ExitStatus.NO_ANSWER, is_final=True, outcome="{} did not answer")
    FAILED = "failed", _StateRow(exit=ExitStatus.CALL_FAILED, is_final=True, outcome="the call to {} failed")
    NO_OP = "noop", _StateRow(exit=ExitStatus.NO_OP)
    PENDING = (
        "pending",
        _StateRow(
            exit=ExitStatus.PENDING,
            blocks_redial=True,
            under_way="no answer from Zoom; watching whether the room joins",
        ),
    )

    @property
    def is_open(self) -> bool:
        """Whether the room may still ring: nothing has settled the call yet."""
        return self.blocks_redial and not self.is_final


class Sent(StrEnum):
    """Whether the request was sent, so that the room may be ringing (contract 3, ``sent``)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class _SourceRow(Struct, frozen=True, kw_only=True):
    """What an evidence source can do.

    Attributes:
        proof: What a proof from it is called.
        serves: The APIs whose calls it reports.
        missing_for_others: Why it does not report the others.
    """

    proof: str
    serves: tuple[Api, ...] = tuple(Api)
    missing_for_others: str = ""


class EvidenceSource(StrEnum):
    """What proves an outcome (contract 3, ``evidence.source``)."""

    _value_: str
    proof: str
    serves: tuple[Api, ...]
    missing_for_others: str

    def __new__(cls, word: str, row: _SourceRow | None = None) -> Self:
        """Build a member from its row in the table below."""
        assert row is not None, word  # noqa: S101 - none only where a source is looked up by its word
        source = str.__new__(cls, word)
        source._value_ = word
        source.proof, source.serves, source.missing_for_others = row.proof, row.serves, row.missing_for_others
        return source

    ROSTER = "roster", _SourceRow(proof="seen in the roster")
    WEBHOOK_LOG = (
        "webhook-log",
        _SourceRow(
            proof="Zoom's event in its webhook log",
            serves=(Api.SESSION,),
            missing_for_others="Zoom keeps that log for Video SDK sessions, not for meetings",
        ),
    )
    WEBHOOK = "webhook", _SourceRow(proof="Zoom's event by webhook")
    WEBSOCKET = (
        "websocket",
        _SourceRow(
            proof="Zoom's event by websocket",
            serves=(Api.MEETING,),
            missing_for_others="Zoom's websockets carry the events of meetings; Zoom does not list them for the"
            " Video SDK",
        ),
    )


class Match(StrEnum):
    """How the evidence was tied to the call (contract 6.5)."""

    EXACT = "exact"
    ONLY_CANDIDATE = "only-candidate"


class Evidence(Struct, frozen=True):
    """What proved the outcome."""

    source: Annotated[EvidenceSource, Meta(description="Where it was seen.")]
    match: Annotated[Match, Meta(description="How it was matched to the call.")]


class ReasonRow(Struct, frozen=True):
    """One of Zoom's reasons: its name as Zoom writes it, and the exit code of a call that failed for it."""

    zoom_name: str
    exit: ExitStatus = ExitStatus.CALL_FAILED


REASONS: Mapping[int, ReasonRow] = {
    0: ReasonRow("Other_Failed_Reason"),
    1: ReasonRow("Encryption_Fail", ExitStatus.ENCRYPTION),
    2: ReasonRow("Disconnected_By_Remote", ExitStatus.DROPPED),
    3: ReasonRow("Retry"),
    4: ReasonRow("Bad_Seq"),
    5: ReasonRow("Call_Limit", ExitStatus.CAPACITY),
    6: ReasonRow("Not_Registered", ExitStatus.BAD_ADDRESS),
    7: ReasonRow("Timeout", ExitStatus.NO_ANSWER),
    8: ReasonRow("Bad_Addr", ExitStatus.BAD_ADDRESS),
    9: ReasonRow("Unreachable", ExitStatus.UNREACHABLE),
    10: ReasonRow("Disconnect_By_Local", ExitStatus.DROPPED),
    11: ReasonRow("Server_Internal_Error"),
    12: ReasonRow("Exceed_Free_Port", ExitStatus.CAPACITY),
    13: ReasonRow("Connect_Error", ExitStatus.UNREACHABLE),
    14: ReasonRow("Proxy_Connect_Error", ExitStatus.UNREACHABLE),
}
"""Zoom's ``reason_type`` (zoom-api 5.3) and what the contract makes of it (contract 2)."""

_UNKNOWN_REASON = ReasonRow("unknown")


class Reason(Struct, frozen=True):
    """Why Zoom says that a call failed: one of ``REASONS``, or a number that nobody knows."""

    code: int

    @property
    def name(self) -> str:
        """The contract's word: Zoom's name in lower case with dashes, or ``unknown``."""
        return self._row.zoom_name.lower().replace("_", "-")

    @property
    def exit(self) -> ExitStatus:
        """The exit code of a call that failed for it."""
        return self._row.exit

    @property
    def _row(self) -> ReasonRow:
        return REASONS.get(self.code, _UNKNOWN_REASON)


def is_canceled(state: State, reason: Reason | None, protocol: Protocol, api: Api) -> bool:
    """Return whether Zoom canceled a call: a session's phone call fails in no other way (zoom-api 5.1)."""
    is_phone = protocol is Protocol.PHONE and api is Api.SESSION
    return is_phone and state is State.FAILED and reason is None


def exit_of(state: State, reason: Reason | None, *, is_canceled: bool = False) -> ExitStatus:
    """Return the exit code of an invite whose call is in ``state``."""
    if is_canceled:
        return ExitStatus.DROPPED
    return reason.exit if state is State.FAILED and reason is not None else state.exit


class TimelineEntry(Struct, frozen=True):
    """One thing observed of a call."""

    state: Annotated[State, Meta(description="The state that it shows.")]
    at: Annotated[datetime, Meta(tz=True, description="Zoom's event_ts if it has one, else when it was seen.")]
    source: Annotated[str, Meta(description="zoom for Zoom's answer to the request, else an evidence source.")]
