"""Which deliveries are repeats of earlier ones (contract 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zoomcall.domain.repeats import Mark, Repeats, keys_of, mark_of
from zoomcall.domain.webhook import Delivery, WebhookEvent, compact_json

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
BODY = {"event": "session.user_room_system_callout_ringing", "n": 1}


def delivery(*, request_id: str = "r1", signed_at: datetime = AT, number: int = 1) -> Delivery:
    body = BODY | {"n": number}
    compact = compact_json(body)
    assert compact is not None
    return Delivery(
        event=WebhookEvent(body=body, received_at=AT, request_id=request_id),
        request_id=request_id,
        received_at=AT,
        timestamp=str(int(signed_at.timestamp())),
        compact=compact,
        raw=compact.encode(),
        headers=(),
    )


def mark(*, request_id: str | None = "r1", received_at: datetime | None = AT) -> Mark:
    found = mark_of(WebhookEvent(body=BODY, received_at=received_at, request_id=request_id))
    assert found is not None
    return found


LATER = AT + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("again", "is_repeat"),
    [
        (delivery(), True),
        (delivery(request_id="r2"), True),
        (delivery(signed_at=LATER), True),
        (delivery(request_id="r2", signed_at=LATER), False),
        (delivery(number=2), False),
    ],
)
def test_a_repeat_was_signed_at_once_with_the_first_or_has_its_id(again: Delivery, *, is_repeat: bool) -> None:
    repeats = Repeats()
    assert not repeats.has(delivery())
    repeats.add(keys_of(delivery()))
    assert repeats.has(again) is is_repeat


def test_the_repeat_of_a_repeat_is_one_too() -> None:
    repeats = Repeats()
    repeats.add(keys_of(delivery()))
    assert repeats.has(delivery(signed_at=LATER))
    assert repeats.has(delivery(request_id="r2", signed_at=LATER))


def test_what_is_no_repeat_is_not_remembered_by_asking() -> None:
    repeats = Repeats()
    assert not repeats.has(delivery())
    assert not repeats.has(delivery())


@pytest.mark.parametrize(
    ("earlier", "again", "is_repeat"),
    [
        (mark(), delivery(signed_at=LATER), True),
        (mark(request_id=None), delivery(signed_at=LATER), False),
        (mark(request_id=None), delivery(request_id="r2", signed_at=AT - timedelta(minutes=5)), True),
        (mark(request_id=None), delivery(request_id="r2", signed_at=AT - timedelta(seconds=301)), False),
        (mark(request_id=None), delivery(request_id="r2", signed_at=AT + timedelta(minutes=5)), True),
        (mark(request_id=None), delivery(request_id="r2", signed_at=AT + timedelta(seconds=301)), False),
        (mark(request_id=None, received_at=None), delivery(), False),
        (mark(received_at=None), delivery(), True),
        (mark(), delivery(request_id="r2", number=2), False),
    ],
)
def test_what_an_earlier_receiver_recorded_is_a_repeat(earlier: Mark, again: Delivery, *, is_repeat: bool) -> None:
    assert Repeats([earlier]).has(again) is is_repeat


def test_an_event_too_deep_to_be_written_leaves_no_mark() -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert mark_of(WebhookEvent(body=deep)) is None
    while deep:
        deep = deep["a"]  # type: ignore[assignment] # taken apart, so that freeing it needs no stack
