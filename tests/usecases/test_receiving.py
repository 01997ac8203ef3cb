from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from zoom_events import callout

from zoomcall.domain.cause import Notice
from zoomcall.domain.webhook import Delivery, WebhookEvent
from zoomcall.usecases.receiving import Reception

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def delivery(request_id: str) -> Delivery:
    event = WebhookEvent(body=callout(), received_at=NOW, request_id=request_id)
    return Delivery(
        event=event,
        request_id=request_id,
        received_at=NOW,
        timestamp="1795255200",
        compact="{}",
        raw=b"{}",
        headers=(),
    )


class FakeRecord:
    """Keeps events in a list that others also write to."""

    def __init__(self, happened: list[str], error: OSError | None = None) -> None:
        self._happened = happened
        self._error = error

    def append(self, deliveries: Sequence[Delivery]) -> None:
        if self._error is not None:
            raise self._error
        self._happened.extend(f"kept {each.request_id}" for each in deliveries)


def test_events_are_kept_before_anyone_hears_of_them() -> None:
    happened: list[str] = []
    reception = Reception(
        FakeRecord(happened),
        pass_on=[lambda each: happened.append(f"passed on {each.request_id}")],
        warn=lambda _: None,
    )
    reception.take([delivery("a"), delivery("b")])
    assert happened == ["kept a", "kept b", "passed on a", "passed on b"]
    assert reception.kept == 2


def test_events_that_are_not_kept_are_not_passed_on() -> None:
    happened: list[str] = []
    notices: list[Notice] = []
    record = FakeRecord(happened, OSError(28, "No space left on device"))
    reception = Reception(record, pass_on=[lambda _: happened.append("passed on")], warn=notices.append)
    with pytest.raises(OSError, match="No space left"):
        reception.take([delivery("a")])
    assert happened == []
    assert reception.kept == 0
    assert [notice.id for notice in notices] == ["event-not-kept"]
    assert "No space left on device" in notices[0].message


def test_without_a_record_events_are_passed_on() -> None:
    passed: list[Delivery] = []
    Reception(None, pass_on=[passed.append], warn=lambda _: None).take([delivery("a")])
    assert [each.request_id for each in passed] == ["a"]
