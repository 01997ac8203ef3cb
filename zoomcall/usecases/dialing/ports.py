"""What dialling needs: Zoom, a journal, and a listener."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.call import State, TimelineEntry
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallId, NewCall, Standing
from zoomcall.usecases.dialing.evidence import EvidenceJournal
from zoomcall.usecases.dialing.polling import Polled


class CallEndpoints(Polled, Protocol):
    """Zoom, as far as a call needs it."""

    def call_out(self, request: CalloutRequest, *, deadline: datetime | None = None) -> ZoomAnswer:
        """Send the PATCH, once."""

    def remove_participant(
        self, session_id: str, participant_uuid: str, *, deadline: datetime | None = None
    ) -> ZoomAnswer:
        """Remove a participant from a session: hang up."""


class CallJournal(EvidenceJournal, Protocol):
    """What this machine has dialled."""

    def claim(self, call: NewCall, *, is_forced: bool) -> CallId:
        """Record a dial, or raise ``Duplicate``."""

    def settle(self, call_id: CallId, standing: Standing) -> None:
        """Write down what is known now."""

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        """Note that the room was hung up."""


class Listener(Protocol):
    """Receives what happens during a call."""

    def warn(self, notice: Notice) -> None:
        """Receive a warning; the call goes on."""

    def detail(self, text: str) -> None:
        """Receive a detail, for ``-v``."""

    def progress(self, state: State, elapsed: timedelta) -> None:
        """Receive the call's state, a few times a second."""

    def entry(self, entry: TimelineEntry) -> None:
        """Receive a new line of the timeline."""
