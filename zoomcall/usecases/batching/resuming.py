"""What a run that was cut short knows of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from zoomcall.domain.batch import BatchRow, KeptRow, RowKey
from zoomcall.domain.call import Sent, State, TimelineEntry
from zoomcall.domain.journal import CallRecord
from zoomcall.domain.roster import Participant
from zoomcall.usecases.dialing.report import CallReport, Unproven


class Resumption(Struct, frozen=True, kw_only=True):
    """How a row goes on.

    Attributes:
        kept: Its result, if it is settled.
        call: Its newest call, if that may have reached the room and is not settled.
    """

    kept: KeptRow | None = None
    call: CallRecord | None = None


def resume(
    rows: Iterable[BatchRow],
    kept: Iterable[KeptRow],
    calls_of: Callable[[BatchRow], tuple[CallRecord, ...]],
    since: datetime,
) -> Mapping[int, Resumption]:
    """Return how rows go on that need not simply be rung, by their number.

    Joined rows keep their result. A call that was made since the run began and whose outcome is not known is
    looked up. Every other row is rung: it never was, or its room declined, missed or failed the call.
    """
    settled: dict[RowKey, KeptRow] = {each.key: each for each in kept}
    found: dict[int, Resumption] = {}
    for row in rows:
        before = settled.get(row.key)
        if before is not None and before.state is State.JOINED:
            found[row.number] = Resumption(kept=before)
            continue
        newest = next((call for call in calls_of(row) if call.at >= since), None)
        if newest is not None and (newest.state.is_open or newest.state is State.JOINED):
            found[row.number] = Resumption(call=newest)
    return found


def report_of(call: CallRecord) -> CallReport:
    """Return what the journal knows of a call as the call itself would have reported it."""
    report = CallReport(
        state=call.state,
        sent=call.sent,
        http_status=call.http_status,
        evidence=call.evidence,
        reason=call.reason,
        call_id=call.id,
    )
    if call.participant_id is not None:
        report.participant = Participant(id=call.participant_id, uuid=call.participant_uuid)
    if call.http_status is not None and call.sent is Sent.YES:
        report.timeline.append(TimelineEntry(State.ACCEPTED, call.at, "zoom"))
    if call.evidence is not None and call.settled_at is not None:
        report.timeline.append(TimelineEntry(call.state, call.settled_at, call.evidence.source))
    if call.state.is_open:
        report.state = State.PENDING if call.state is not State.WAITING_ROOM else call.state
        report.failure = Unproven(
            f"an earlier run rang {call.shown}, and nothing shows the outcome",
            fix="Look at the room; --retry-unknown rings it again.",
        )
    return report
