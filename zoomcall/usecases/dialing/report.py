"""The outcome of a call."""

from __future__ import annotations

from msgspec import Struct, field

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.call import Evidence, Reason, Sent, State, TimelineEntry
from zoomcall.domain.journal import CallId, CallRecord
from zoomcall.domain.roster import Participant
from zoomcall.errors import ErrorKind, Interrupted, NetworkFault, ZoomcallError


class Unproven(ZoomcallError):
    """The request reached or may have reached Zoom, and nothing proves the outcome.

    Args:
        message: Why not.
        fix: What would prove it.
        fault: What happened to the PATCH, if it got no answer.
    """

    kind = ErrorKind.PENDING

    def __init__(self, message: str, *, fault: NetworkFault | None = None, fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.fault = fault


class Broken(ZoomcallError):
    """A bug, before anything was sent."""

    def __init__(self, bug: Exception) -> None:
        super().__init__(f"zoomcall itself failed {blame(bug)}")


def blame(bug: Exception) -> str:
    """Return the words that name a bug and say how to report it."""
    return f"({type(bug).__name__}): this is a bug; `zoomcall explain exit:1` shows how to report it"


class CallReport(Struct, kw_only=True):
    """What is known of one call; it grows during the call, and no other call shares it.

    Attributes:
        state: The state so far.
        sent: Whether the PATCH reached Zoom, and so whether the room may be ringing.
        http_status: Of Zoom's answer to the PATCH.
        evidence: What proved the outcome.
        reason: Zoom's reason for a failure.
        participant: The room in the roster.
        timeline: What was seen, in order.
        failure: What went wrong, unless state and reason say it all.
        answer: Zoom's answer to the PATCH.
        population: How many people were in the session or meeting before.
        call_id: Its id in the journal; None if nothing was written.
        earlier: The call of this machine because of which it was not rung.
        is_removed: Whether a late joiner was removed; None without ``--on-timeout remove``.
        bug: What failed in this program, if something did.
    """

    state: State = State.NOT_SENT
    sent: Sent = Sent.NO
    http_status: int | None = None
    evidence: Evidence | None = None
    reason: Reason | None = None
    participant: Participant | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)
    failure: ZoomcallError | None = None
    answer: ZoomAnswer | None = None
    population: int | None = None
    call_id: CallId | None = None
    earlier: CallRecord | None = None
    is_removed: bool | None = None
    bug: Exception | None = None


def interrupted_early(*, is_terminated: bool) -> Interrupted:
    """Return the failure of a call that a signal ended before anything was sent."""
    word = "terminated" if is_terminated else "interrupted"
    message = f"{word} before anything was sent: nothing rings because of this command"
    return Interrupted(message, is_terminated=is_terminated)
