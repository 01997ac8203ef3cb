"""Forwards events to another endpoint, in the background and within limits."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.signature import REQUEST_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from zoomcall.domain.webhook import Delivery
from zoomcall.errors import ZoomcallError

MOST_WAITING = 1000
_SENDERS = 4

_FORWARDED = frozenset({SIGNATURE_HEADER, TIMESTAMP_HEADER, REQUEST_ID_HEADER, "content-type"})

Send = Callable[[Delivery], int]


def headers_to_forward(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Return the headers that the endpoint needs to check and read the event.

    No other: what a proxy or Zoom adds for this receiver, like ``Authorization`` or ``Cookie``, is its secret.
    """
    return tuple(
        (name, value)
        for name, value in delivery.headers
        if name.lower() in _FORWARDED and value.isascii() and value.isprintable()
    )


class Forwarder:
    """Forwards events in background threads, without blocking the caller or the end of the process.

    Their order is not preserved. Once ``most_waiting`` events wait, new ones are dropped.

    Args:
        send: Sends one event and returns the HTTP status of the answer.
        warn: Called with warnings for the user.
        most_waiting: How many events may wait.
    """

    def __init__(self, send: Send, *, warn: Warn, most_waiting: int = MOST_WAITING) -> None:
        self._send = send
        self._warn = warn
        self._waiting: queue.Queue[Delivery] = queue.Queue(most_waiting)
        self._lock = threading.Lock()
        self._sent = 0
        self._lost = 0

    @property
    def sent(self) -> int:
        """The number of events answered with 2xx."""
        return self._sent

    @property
    def lost(self) -> int:
        """The number of events that were dropped, refused, or could not be sent."""
        return self._lost

    def start(self) -> None:
        """Start sending."""
        for number in range(_SENDERS):
            threading.Thread(target=self._run, name=f"forward-{number}", daemon=True).start()

    def offer(self, delivery: Delivery) -> None:
        """Queue an event without blocking."""
        try:
            self._waiting.put_nowait(delivery)
        except queue.Full:
            self._lose(f"more than {self._waiting.maxsize} events wait to be forwarded; new ones are dropped")

    def finish(self, seconds: float) -> int:
        """Wait up to ``seconds`` for the events in the queue, and return how many are still unsent."""
        deadline = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._waiting.unfinished_tasks

    def _run(self) -> None:
        while True:
            delivery = self._waiting.get()
            try:
                status = self._send(delivery)
                if 200 <= status < 300:
                    with self._lock:
                        self._sent += 1
                else:
                    self._lose(f"the --forward-to endpoint answered {status}")
            except ZoomcallError as error:
                self._lose(f"cannot forward an event: {error.message}")
            except Exception as error:  # noqa: BLE001 - one event must not end the thread that sends the others
                self._lose(f"cannot forward an event ({type(error).__name__})")
            finally:
                self._waiting.task_done()

    def _lose(self, why: str) -> None:
        with self._lock:
            self._lost += 1
        self._warn(Notice("event-not-forwarded", why))
