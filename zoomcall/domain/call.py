"""What becomes of a call: states, reasons, evidence, and the exit status that follows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    """Where a call stands (contract 3, ``state``)."""

    PLANNED = "planned"
    NOT_SENT = "not-sent"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    JOINED = "joined"
    DECLINED = "declined"
    MISSED = "missed"
    FAILED = "failed"
    NO_OP = "noop"
    PENDING = "pending"

    @property
    def is_final(self) -> bool:
        """Whether evidence has settled the call."""
        return self in {State.JOINED, State.DECLINED, State.MISSED, State.FAILED}


class Sent(StrEnum):
    """May the room be ringing?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class EvidenceSource(StrEnum):
    """What proves an outcome (contract 3, ``evidence.source``)."""

    ROSTER = "roster"
    WEBHOOK_LOG = "webhook-log"
    WEBHOOK = "webhook"
    WEBSOCKET = "websocket"


class Match(StrEnum):
    """How the evidence was tied to the call (contract 6.5)."""

    EXACT = "exact"
    ONLY_CANDIDATE = "only-candidate"


class Evidence(Struct, frozen=True):
    """What proved the outcome."""

    source: EvidenceSource
    match: Match


class Reason(Struct, frozen=True):
    """Zoom's ``reason_type`` (zoom-api 5.3)."""

    code: int

    @property
    def name(self) -> str:
        """The contract's word: Zoom's name in lower case with dashes, or ``unknown``."""
        return _REASON_NAMES.get(self.code, "unknown")


_REASON_NAMES = {
    0: "other-failed-reason",
    1: "encryption-fail",
    2: "disconnected-by-remote",
    3: "retry",
    4: "bad-seq",
    5: "call-limit",
    6: "not-registered",
    7: "timeout",
    8: "bad-addr",
    9: "unreachable",
    10: "disconnect-by-local",
    11: "server-internal-error",
    12: "exceed-free-port",
    13: "connect-error",
    14: "proxy-connect-error",
}


class TimelineEntry(Struct, frozen=True):
    """One thing seen of a call: ``source`` is ``zoom`` for its answer, else an evidence source."""

    state: State
    at: datetime
    source: str
