from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from zoom_events import SECRET, callout, signature_of

from zoomcall.domain.secret import Secret
from zoomcall.domain.webhook import WebhookEvent, parse_object
from zoomcall.errors import NetworkFault, NetworkWord
from zoomcall.usecases.replaying import Replay, Replayed, replay

NOW = datetime(2026, 11, 21, 10, 0, 0, 900_000, tzinfo=UTC)
EVENTS = tuple(WebhookEvent(body=callout(word)) for word in ("ringing", "accepted", "missed"))


class FakeEndpoint:
    """Answers with the given statuses; a fault is raised."""

    def __init__(self, *answers: int | NetworkFault) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[bytes, dict[str, str]]] = []
        self.told: list[Replayed] = []

    def send(self, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        self.requests.append((body, dict(headers)))
        answer = self.answers.pop(0)
        if isinstance(answer, NetworkFault):
            raise answer
        return answer

    def replay(self) -> Replay:
        ids = (f"new-{number}" for number in count())
        return replay(
            EVENTS,
            secret=Secret(SECRET),
            send=self.send,
            now=lambda: NOW,
            new_id=lambda: next(ids),
            tell=self.told.append,
        )


def test_each_event_is_signed_anew_with_a_new_id() -> None:
    endpoint = FakeEndpoint(200, 204, 200)
    done = endpoint.replay()
    assert done.refused == ()
    for number, ((body, headers), event) in enumerate(zip(endpoint.requests, EVENTS, strict=True)):
        assert parse_object(body) == event.body
        timestamp = str(int(NOW.timestamp()))
        assert headers == {
            "x-zm-request-timestamp": timestamp,
            "x-zm-signature": signature_of(body, timestamp),
            "x-zm-request-id": f"new-{number}",
        }


def test_a_refusal_does_not_stop_the_others() -> None:
    endpoint = FakeEndpoint(200, 500, 302)
    done = endpoint.replay()
    assert [row.http_status for row in done.rows] == [200, 500, 302]
    assert [row.event.rpartition("_")[2] for row in done.refused] == ["accepted", "missed"]
    assert endpoint.told == list(done.rows)


def test_a_fault_of_the_network_stops_it() -> None:
    fault = NetworkFault("nobody there", word=NetworkWord.CONNECT, may_have_arrived=False)
    done = FakeEndpoint(200, fault).replay()
    assert (len(done.rows), done.unsent, done.fault) == (1, 2, fault)
