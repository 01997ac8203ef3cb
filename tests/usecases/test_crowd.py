"""A town hall: hundreds of rooms are rung into one place, and one watcher serves them all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from fakes import FakeListener, FakeZoom

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.batch import BatchRow
from zoomcall.domain.call import State
from zoomcall.domain.callout import Callout, CalloutRequest
from zoomcall.domain.live import WebhookLog
from zoomcall.domain.roster import ROOM_DEVICE, Participant
from zoomcall.domain.target import (
    MeetingTarget,
    ResolvedTarget,
    SessionTarget,
    parse_meeting_number,
    parse_session_id,
)
from zoomcall.usecases.batching.batch import Batch, RowReport, Terms
from zoomcall.usecases.batching.pacing import Pace
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.stop import Stop

RATE = 20
RINGING = timedelta(seconds=2)
SOON = timedelta(seconds=5)
HOST = Participant(id="host", name="Ada", device="Mac")
SESSION = SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw=="))
MEETING = MeetingTarget(parse_meeting_number("84098077904"))

now = partial(datetime.now, UTC)


class Hall(FakeZoom):
    """A session or meeting whose rooms answer a little after they were rung; it notes when it was looked at.

    A session's answers show in the webhook log, a meeting's in the roster alone.
    """

    def __init__(self, target: ResolvedTarget) -> None:
        super().__init__()
        self._target = target
        self._lock = threading.Lock()
        self._answers: dict[str, datetime] = {}
        self.looks: list[datetime] = []
        self.verdicts: dict[str, datetime] = {}

    def call_out(
        self,
        request: CalloutRequest,
        *,
        deadline: datetime | None = None,
        on_first_byte: Callable[[], None] = lambda: None,
    ) -> ZoomAnswer:
        on_first_byte()
        with self._lock:
            self._answers[request.callout.address.normalised] = now() + RINGING
        return ZoomAnswer(method="PATCH", path="/x", status=202)

    def _answered(self) -> list[tuple[str, datetime]]:
        moment = now()
        with self._lock:
            self.looks.append(moment)
            return [(room, at) for room, at in self._answers.items() if at <= moment]

    def _read_roster(self, target: str, deadline: datetime | None) -> tuple[Participant, ...]:
        rooms = (
            Participant(id=room, uuid=room, name=room, device=ROOM_DEVICE, sip_uri=room, join_time=at)
            for room, at in self._answered()
        )
        return (HOST, *rooms)

    def webhook_logs(self, **_: Any) -> tuple[WebhookLog, ...]:
        return tuple(self._accepted(room, at) for room, at in self._answered())

    def _accepted(self, room: str, at: datetime) -> WebhookLog:
        content = {"session_id": getattr(self._target, "id", ""), "message_id": room}
        content |= {"participant": {"call_type": "sip", "device_ip": room}}
        name = "session.user_room_system_callout_accepted"
        body = {"event": name, "event_ts": int(at.timestamp() * 1000) + 1, "payload": {"object": content}}
        return WebhookLog(event=name, request_body=json.dumps(body))

    @property
    def slowest(self) -> timedelta:
        """How long the slowest verdict came after its room's answer."""
        return max(self.verdicts[room] - answer for room, answer in self._answers.items())


class Quiet:
    def keep(self, report: RowReport) -> None: ...
    def begins(self, row: BatchRow, attempt: int) -> None: ...
    def retries(self, row: BatchRow, call: CallReport, pause: timedelta) -> None: ...
    def ends(self, report: RowReport) -> None: ...
    def passes(self, *, is_stopping: bool) -> None: ...


@pytest.mark.parametrize(("target", "rooms"), [(SESSION, 300), (MEETING, 100)])
def test_hundreds_of_rooms_cost_the_requests_of_one_watcher_and_each_verdict_comes_soon(
    target: ResolvedTarget, rooms: int
) -> None:
    hall, journal, stop = Hall(target), Journal(None), Stop()
    dialler = Dialler(zoom=hall, journal=journal, polls=Polls(hall, now=now), now=now)

    def dial(row: BatchRow) -> CallReport:
        order = DialOrder(
            target=target, callout=row.callout, api_base="https://api.zoom.us/v2", profile=None, timeout=row.timeout
        )
        report = dialler.dial(order, FakeListener(), stop)
        hall.verdicts[row.callout.address.normalised] = now()
        return report

    batch = Batch(
        Terms(parallel=rooms),
        dial=dial,
        pace=Pace(RATE, 1, monotonic=time.monotonic),
        listener=Quiet(),
        sending=stop,
        calls=Stop(),
        monotonic=time.monotonic,
    )
    begun = time.monotonic()
    calls = [report.call for report in batch.run(row(number, target) for number in range(1, rooms + 1))]
    intervals = (time.monotonic() - begun) / Rhythm().interval.total_seconds()
    journal.close()

    assert {call.state for call in calls if call is not None} == {State.JOINED}
    assert len({call.participant.uuid for call in calls if call and call.participant}) == rooms
    assert hall.slowest <= SOON
    # One look an interval for the verdicts, one for the rosters that calls begin with, and a few at the start.
    assert len(hall.looks) <= 2 * intervals + 6


def row(number: int, target: ResolvedTarget) -> BatchRow:
    return BatchRow(
        number=number,
        line=number,
        callout=Callout(address=RoomAddress.parse(Protocol.SIP, f"room{number}@example.com")),
        target=target,
        timeout=timedelta(minutes=1),
    )
