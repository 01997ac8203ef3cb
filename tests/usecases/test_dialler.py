"""Many calls in one process: each ends as it would alone, and a stop ends them all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from fakes import FakeListener, FakeZoom
from msgspec.structs import replace

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.call import EvidenceSource, State
from zoomcall.domain.callout import Callout
from zoomcall.domain.live import WebhookLog
from zoomcall.domain.roster import ROOM_DEVICE, Participant
from zoomcall.domain.target import SessionId, SessionTarget
from zoomcall.errors import NetworkFault, NetworkWord
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.stop import Stop

TICK = timedelta(milliseconds=2)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SESSION = SessionTarget(SessionId("abc/def=="), "Standup")
PERSON = Participant(id="u1", name="Ada", device="Mac")
ACCEPTED = ZoomAnswer(method="PATCH", path="/x", status=202, code=None, message=None, is_zooms=False)
FAULT = NetworkFault("reset", word=NetworkWord.RESET, may_have_arrived=True)
ORDER = DialOrder(
    target=SESSION,
    callout=Callout(address=RoomAddress.parse(Protocol.SIP, "room@example.com")),
    api_base="https://api.zoom.us/v2",
    profile=None,
    timeout=timedelta(milliseconds=150),
)


def callout(address: str) -> Callout:
    return Callout(address=RoomAddress.parse(Protocol.SIP, address))


def logged(word: str, device: str, at: datetime) -> WebhookLog:
    """Return a row of the webhook log: an event of a call into the session."""
    content = {"session_id": SESSION.id, "message_id": f"M {device}"}
    name = f"session.user_room_system_callout_{word}"
    body = {
        "event": name,
        "event_ts": int(at.timestamp() * 1000) + 1,
        "payload": {"object": {**content, "participant": {"call_type": "sip", "device_ip": device}}},
    }
    return WebhookLog(event=name, request_body=json.dumps(body), status=200)


# One after the other


@pytest.mark.parametrize("is_named", [True, False])
def test_a_room_that_joined_since_the_shared_roster_was_read_is_not_taken_for_the_next_calls_room(
    *, is_named: bool
) -> None:
    zoom = FakeZoom(rosters=[(PERSON,)], answers=[ACCEPTED], logs=[()])
    journal = Journal(None)
    now = partial(datetime.now, UTC)
    polls = Polls(zoom, now=now, rhythm=Rhythm(first=TICK, early=TICK, interval=timedelta(minutes=1)))
    dialler = Dialler(zoom=zoom, journal=journal, polls=polls, now=now)
    first = Participant(id="r1", uuid="R1", name="Room", device=ROOM_DEVICE)
    second = replace(first, id="r2", uuid="R2")

    def dial(address: str, source: EvidenceSource, **more: Any) -> State:
        order = replace(ORDER, callout=callout(address), evidence=frozenset({source}), **more)
        return dialler.dial(order, FakeListener(), Stop()).state

    def answer() -> None:
        zoom.logs = [(logged("accepted", "one@example.com", now()),)]
        zoom.rosters = [(PERSON, first)] if is_named else [FAULT, (PERSON, first)]

    zoom.on_call_out = answer
    assert dial("one@example.com", EvidenceSource.WEBHOOK_LOG, timeout=timedelta(minutes=1)) is State.JOINED
    before = len(zoom.log)
    if is_named:
        zoom.on_call_out = lambda: setattr(zoom, "rosters", [(PERSON, first), (PERSON, first, second)])
        assert dial("two@example.com", EvidenceSource.ROSTER, timeout=timedelta(minutes=1)) is State.JOINED
    else:
        zoom.on_call_out = lambda: None
        assert dial("two@example.com", EvidenceSource.ROSTER) is State.PENDING
    assert next(entry for entry in zoom.log[before:] if entry != "webhook_logs") == "PATCH", "it looked itself"
    journal.close()
