"""What calls need: Zoom, a journal, and a listener."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from zoomcall.usecases.zoom_clock import Clocks
from zoomcall.usecases.zoom_roles import Meetings, Rosters, WebhookLogs

if TYPE_CHECKING:  # looking back at calls needs no request
    from zoomcall.domain.address import Protocol as RoomProtocol
    from zoomcall.domain.answer import ZoomAnswer
    from zoomcall.domain.call import State, TimelineEntry
    from zoomcall.domain.callout import CalloutRequest
    from zoomcall.domain.cause import Notice
    from zoomcall.domain.journal import CallId, CallRecord, NewCall, Presence, Standing, TargetKey
    from zoomcall.domain.target import ResolvedTarget


class CallEndpoints(Clocks, Rosters, WebhookLogs, Meetings, Protocol):
    """Zoom, as far as calls need it."""

    def call_out(
        self,
        request: CalloutRequest,
        *,
        deadline: datetime | None = None,
        on_first_byte: Callable[[], None] = lambda: None,
    ) -> ZoomAnswer:
        """Send the PATCH, once; call ``on_first_byte`` just before."""

    def remove_participant(
        self, target: ResolvedTarget, participant_uuid: str, *, deadline: datetime | None = None
    ) -> ZoomAnswer:
        """Remove a participant from a session or meeting: hang up."""


class CallJournal(Protocol):
    """The calls of this machine."""

    def claim(self, call: NewCall, *, is_forced: bool, present: Presence | None = None) -> CallId:
        """Record a call about to be made, or raise ``Duplicate``; ``present`` is who was in a moment ago."""

    def settle(self, call_id: CallId, standing: Standing) -> None:
        """Record what is known of a call now."""

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        """Record that the room was hung up."""

    def calls(
        self,
        *,
        target: TargetKey | None = None,
        room: tuple[RoomProtocol, str] | None = None,
        limit: int | None = None,
    ) -> tuple[CallRecord, ...]:
        """Return the calls into a target and to a room (by normalised address), the newest first."""

    def call(self, call_id: CallId) -> CallRecord | None:
        """Return one call."""

    def rivals(self, call_id: CallId, *, since: datetime) -> tuple[CallRecord, ...]:
        """Return the other calls into the target that were unresolved at ``since`` or later."""

    def credited_to_others(self, call_id: CallId) -> frozenset[str]:
        """Return the participants tied to other calls."""

    def take_credit(self, call_id: CallId, participant_id: str) -> bool:
        """Tie a participant to a call, unless it is tied to another."""

    def take_message(self, call_id: CallId, message_id: str) -> bool:
        """Tie Zoom's id of a call to this one and no other, unless this one has another id."""


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
