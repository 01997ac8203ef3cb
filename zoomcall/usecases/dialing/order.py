"""What somebody who rings a room asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.callout import Callout
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.target import ResolvedTarget, SessionTarget


class DialOrder(Struct, frozen=True, kw_only=True):
    """What the user asked for.

    Attributes:
        target: Where to ring the room into.
        callout: The room, names and headers.
        api_base: For the journal.
        profile: For the journal.
        timeout: How long to wait for the outcome, from Zoom's answer.
        is_waiting: ``--wait``.
        is_preflight_off: ``--no-preflight``.
        is_forced: ``--force``.
        patience: The moment beyond which no retry before the wait goes on.
        evidence: What may prove the outcome.
        is_late_joiner_removed: ``--on-timeout remove``: watch on for a while and remove the room if it joins late.
    """

    target: ResolvedTarget
    callout: Callout
    api_base: str
    profile: str | None
    timeout: timedelta
    is_waiting: bool = True
    is_preflight_off: bool = False
    is_forced: bool = False
    patience: datetime | None = None
    evidence: frozenset[EvidenceSource] = frozenset(EvidenceSource)
    is_late_joiner_removed: bool = False

    @property
    def key(self) -> TargetKey:
        """The target as the journal compares it."""
        identifier = self.target.id if isinstance(self.target, SessionTarget) else self.target.number
        return TargetKey(api_base=self.api_base, api=self.target.api, id=identifier)
