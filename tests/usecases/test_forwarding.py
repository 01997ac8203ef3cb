import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from zoom_events import bytes_of, callout

from zoomcall.domain.cause import Notice
from zoomcall.domain.webhook import Delivery, WebhookEvent
from zoomcall.errors import NetworkFault, NetworkWord
from zoomcall.usecases.forwarding import Forwarder, headers_to_forward

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def delivery(request_id: str = "a", **headers: str) -> Delivery:
    return Delivery(
        event=WebhookEvent(body=callout(), received_at=NOW, request_id=request_id),
        request_id=request_id,
        received_at=NOW,
        timestamp="1795255200",
        compact="{}",
        raw=bytes_of(callout()),
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
    )


class FakeEndpoint:
    """Answers each event with what ``answer`` returns or raises."""

    def __init__(self, answer: Callable[[Delivery], int] = lambda _: 200, *, most_waiting: int = 100) -> None:
        self.ids: list[str] = []
        self.notices: list[Notice] = []
        self._answer = answer
        self.forwarder = Forwarder(self._send, warn=self.notices.append, most_waiting=most_waiting)
        self.forwarder.start()

    def _send(self, each: Delivery) -> int:
        status = self._answer(each)
        self.ids.append(each.request_id)
        return status


def test_what_the_endpoint_needs_goes_along_and_nothing_else() -> None:
    kept = {
        "X_Zm_Signature": "v0=1",
        "X_Zm_Request_Timestamp": "1795255200",
        "x_zm_request_id": "a",
        "Content_Type": "application/json",
    }
    dropped = {
        "Authorization": "Basic eA==",
        "Cookie": "session=1",
        "X_Api_Key": "x",
        "traceparent": "00",
        "User_Agent": "Zoom Marketplace/1.0a",
        "Content_Encoding": "gzip",
        "Host": "example.com",
        "Content_Length": "3",
        "transfer_encoding": "chunked",
        "Connection": "close",
        "Expect": "100-continue",
        "accept_encoding": "gzip",
        "X_Forwarded_For": "192.0.2.1",
        "X_Real_Ip": "192.0.2.1",
        "Proxy_Authorization": "x",
        "Via": "1.1 caddy",
    }
    forwarded = dict(headers_to_forward(delivery(**kept, **dropped)))
    assert forwarded == {name.replace("_", "-"): value for name, value in kept.items()}


@pytest.mark.parametrize("value", ["é", "a\nb"])
def test_a_header_that_cannot_be_sent_stays_behind(value: str) -> None:
    assert headers_to_forward(delivery(x_zm_request_id=value, content_type="text/plain")) == (
        ("content-type", "text/plain"),
    )


def test_events_are_sent_on() -> None:
    endpoint = FakeEndpoint()
    for number in range(20):
        endpoint.forwarder.offer(delivery(str(number)))
    assert endpoint.forwarder.finish(10) == 0
    assert sorted(endpoint.ids, key=int) == [str(number) for number in range(20)]
    assert (endpoint.forwarder.sent, endpoint.forwarder.lost, endpoint.notices) == (20, 0, [])


def test_an_endpoint_that_hangs_holds_nobody_up() -> None:
    gate = threading.Event()
    endpoint = FakeEndpoint(lambda _: 200 if gate.wait(20) else 500, most_waiting=5)
    began = time.monotonic()
    for number in range(50):
        endpoint.forwarder.offer(delivery(str(number)))
    assert time.monotonic() - began < 10
    assert endpoint.forwarder.finish(0.1) > 0
    assert {notice.id for notice in endpoint.notices} == {"event-not-forwarded"}
    gate.set()
    assert endpoint.forwarder.finish(10) == 0
    assert endpoint.forwarder.sent + endpoint.forwarder.lost == 50
    assert 5 <= endpoint.forwarder.sent <= 9 + 1


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_refusal_is_told(status: int) -> None:
    endpoint = FakeEndpoint(lambda _: status)
    endpoint.forwarder.offer(delivery())
    assert endpoint.forwarder.finish(10) == 0
    assert endpoint.forwarder.lost == 1
    assert str(status) in endpoint.notices[0].message


@pytest.mark.parametrize(
    "fault",
    [
        NetworkFault("nobody listens at 127.0.0.1:1", word=NetworkWord.CONNECT, may_have_arrived=False),
        ValueError("a bug with a secret in its text"),
    ],
)
def test_a_fault_ends_no_thread(fault: Exception) -> None:
    faults = [fault] * 8

    def answer(_: Delivery) -> int:
        if faults:
            raise faults.pop()
        return 200

    endpoint = FakeEndpoint(answer)
    for number in range(9):
        endpoint.forwarder.offer(delivery(str(number)))
    assert endpoint.forwarder.finish(10) == 0
    assert (endpoint.forwarder.sent, endpoint.forwarder.lost) == (1, 8)
    assert all("a secret" not in notice.message for notice in endpoint.notices)
