"""Looking back at open calls: how much of the webhook log is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeZoom

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Sent, State
from zoomcall.domain.journal import CallRecord, NewCall, Standing, TargetKey
from zoomcall.domain.live import WebhookLog
from zoomcall.domain.target import Api
from zoomcall.errors import ZoomcallError
from zoomcall.usecases.call_history import settle

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TARGET = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc/def==")
SLACK = timedelta(seconds=2)
HOUR = timedelta(hours=1)


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal(None)) as journal:
        yield journal


def left_open(journal: Journal, at: datetime, timeout: timedelta) -> CallRecord:
    call_id = journal.claim(
        NewCall(
            target=TARGET,
            target_name=None,
            address=RoomAddress.parse(Protocol.SIP, "room@example.com"),
            to_name=None,
            profile=None,
            timeout=timeout,
            at=at,
        ),
        is_forced=False,
    )
    journal.settle(call_id, Standing(state=State.ACCEPTED, sent=Sent.YES, at=at, http_status=202))
    [call] = journal.calls()
    return call


def declined(at: datetime) -> WebhookLog:
    name = "session.user_room_system_callout_rejected"
    content = {"session_id": TARGET.id, "participant": {"call_type": "sip", "device_ip": "room@example.com"}}
    body = {"event": name, "event_ts": int(at.timestamp() * 1000), "payload": {"object": content}}
    return WebhookLog(event=name, request_body=json.dumps(body), status=200)


def raised(error: ZoomcallError) -> None:
    raise error


@pytest.mark.parametrize(
    ("timeout", "reach"),
    [
        (timedelta(seconds=90), HOUR),
        (HOUR, HOUR),
        (timedelta(hours=3), timedelta(hours=3)),
    ],
)
def test_the_log_is_asked_for_an_hour_after_the_call_or_for_its_timeout_if_that_is_longer(
    journal: Journal, timeout: timedelta, reach: timedelta
) -> None:
    dialled_at = NOW - timedelta(hours=20)
    zoom = FakeZoom(rosters=[()], logs=[()])
    settle(
        left_open(journal, dialled_at, timeout),
        zoom=zoom,
        journal=journal,
        now=NOW,
        on_fault=raised,
        on_unkept=raised,
    )
    assert zoom.windows == [(dialled_at - SLACK, dialled_at + reach + SLACK)]


def test_the_log_is_not_asked_for_what_has_yet_to_come(journal: Journal) -> None:
    dialled_at = NOW - timedelta(minutes=5)
    zoom = FakeZoom(rosters=[()], logs=[()])
    settle(
        left_open(journal, dialled_at, HOUR), zoom=zoom, journal=journal, now=NOW, on_fault=raised, on_unkept=raised
    )
    assert zoom.windows == [(dialled_at - SLACK, NOW + SLACK)]


def test_the_log_is_asked_by_zooms_clock(journal: Journal) -> None:
    dialled_at = NOW - timedelta(hours=20)
    zoom = FakeZoom(rosters=[()], logs=[()], last_clock=(NOW - timedelta(minutes=4), NOW))
    settle(
        left_open(journal, dialled_at, HOUR), zoom=zoom, journal=journal, now=NOW, on_fault=raised, on_unkept=raised
    )
    by_zoom = dialled_at - timedelta(minutes=4)
    assert zoom.windows == [(by_zoom - SLACK, by_zoom + HOUR + SLACK)]


@pytest.mark.parametrize(("age", "is_asked"), [(timedelta(days=6, hours=23), True), (timedelta(days=8), False)])
def test_the_log_is_not_asked_for_calls_of_before_its_reach(
    journal: Journal, age: timedelta, *, is_asked: bool
) -> None:
    zoom = FakeZoom(rosters=[()], logs=[()])
    call = settle(
        left_open(journal, NOW - age, HOUR), zoom=zoom, journal=journal, now=NOW, on_fault=raised, on_unkept=raised
    )
    assert bool(zoom.windows) is is_asked
    assert call.state is State.ACCEPTED


def test_what_the_log_shows_settles_the_call_and_is_written_down(journal: Journal) -> None:
    dialled_at = NOW - timedelta(hours=20)
    zoom = FakeZoom(rosters=[()], logs=[(declined(dialled_at + timedelta(seconds=9)),)])
    call = settle(
        left_open(journal, dialled_at, HOUR), zoom=zoom, journal=journal, now=NOW, on_fault=raised, on_unkept=raised
    )
    assert call.state is State.DECLINED
    assert [record.state for record in journal.calls()] == [State.DECLINED]
