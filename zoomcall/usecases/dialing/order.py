"""What the user asks for when ringing a room."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.callout import Callout
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.target import ResolvedTarget


class DialOrder(Struct, frozen=True, kw_only=True):
    """One call to make.

    Attributes:
        target: The session or meeting to ring the room into.
        callout: The room, names and headers.
        api_base: For the journal.
        profile: For the journal.
        timeout: How long to wait for the outcome after Zoom's answer.
        is_waiting: ``--wait``.
        is_preflight_off: ``--no-preflight``.
        is_forced: ``--force``.
        is_if_absent: ``--if-absent``: a room that is in already is a success.
        patience: The deadline for retries before and during the PATCH.
        evidence: Which sources may prove the outcome.
        is_late_joiner_removed: ``--on-timeout remove``: after the timeout, keep watching and remove a late joiner.
    """

    target: ResolvedTarget
    callout: Callout
    api_base: str
    profile: str | None
    timeout: timedelta
    is_waiting: bool = True
    is_preflight_off: bool = False
    is_forced: bool = False
    is_if_absent: bool = False
    patience: datetime | None = None
    evidence: frozenset[EvidenceSource] = frozenset(EvidenceSource)
    is_late_joiner_removed: bool = False

    @property
    def key(self) -> TargetKey:
        """The target as the journal compares it."""
        return TargetKey.of(self.target, self.api_base)
