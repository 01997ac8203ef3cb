"""Delivers events to a webhook endpoint: signed, validated and retried the way Zoom does it (zoom-api 5.4)."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from msgspec import Struct, field

from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import (
    REQUEST_ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    encrypted_token,
    sign,
)
from zoomcall.domain.webhook import URL_VALIDATION, parse_object
from zoomcall.emulator.delivery_log import (
    BAD_CERTIFICATE,
    CONNECTION_REFUSED,
    NOT_SENT,
    READ_TIMEOUT,
    Attempt,
    DeliveryLog,
    event_text,
    trace_of,
)
from zoomcall.emulator.world import Event

ACKNOWLEDGE_WITHIN = timedelta(seconds=3)
RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=20), timedelta(minutes=60))
REVALIDATE_EVERY = timedelta(hours=72)
MOST_FAILED_REVALIDATIONS = 6
VALIDATE_WITHIN = timedelta(seconds=10)
_VALIDATION_PAUSE = timedelta(seconds=0.25)
_MAIL_AFTER = {2, 4}
_USER_AGENT = "Zoom Marketplace/1.0a"
_LARGEST_ANSWER = 64 * 1024

Tell = Callable[[str], None]


class _Outcome(Struct, frozen=True, kw_only=True):
    """The result of one POST; ``why`` says what went wrong if there was no answer."""

    status: int = NOT_SENT
    failed_reason: int | None = None
    why: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_retried(self) -> bool:
        """Whether Zoom sends the event again: not after 3xx and 4xx."""
        return self.status == NOT_SENT or self.status >= 500


class Courier:
    """The event subscription of one endpoint. Lives on one event loop.

    The times of retries and revalidations are scaled. The three seconds that an endpoint has to answer and the
    first validation are not, because the endpoint is real. Events that occur before the first validation succeeds
    are delivered after it: at Zoom, an endpoint is validated long before anyone calls.

    Args:
        url: The endpoint, on loopback.
        secret: The webhook secret token.
        log: Where each attempt is recorded.
        clock: Zoom's clock.
        time_scale: Factor for the scaled times.
        tell: Called with what the account's owner would be told.
    """

    def __init__(
        self,
        url: str,
        secret: Secret,
        log: DeliveryLog,
        *,
        clock: Callable[[], datetime],
        time_scale: float = 1.0,
        tell: Tell = lambda _: None,
    ) -> None:
        self._url = url
        self._secret = secret
        self._log = log
        self._clock = clock
        self._time_scale = time_scale
        self._tell = tell
        self._is_subscribed = False
        self._early: list[Event] | None = []
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Validate the endpoint, and keep trying for a while if that fails."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=ACKNOWLEDGE_WITHIN.total_seconds()),
            trust_env=False,
        )
        started = asyncio.get_running_loop().time()
        why = await self._validate()
        self._is_subscribed = why is None
        self._spawn(self._keep_subscription(started, why))

    async def close(self) -> None:
        """Stop delivering."""
        self._is_subscribed = False
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def deliver(self, event: Event) -> None:
        """Start delivering an event; until the endpoint is validated, only record it."""
        if self._is_subscribed:
            self._spawn(self._deliver(event))
            return
        self._log.add(Attempt(event=event, at=self._clock(), endpoint=self._url))
        if self._early is not None:
            self._early.append(event)

    async def _keep_subscription(self, started: float, why: str | None) -> None:
        clock = asyncio.get_running_loop()
        ends_at = started + VALIDATE_WITHIN.total_seconds()
        while why is not None and clock.time() < ends_at:
            await asyncio.sleep(_VALIDATION_PAUSE.total_seconds())
            why = await self._validate()
        early, self._early = self._early or (), None
        if why is not None:
            self._tell(
                f"the webhook endpoint {self._url} was not validated within"
                f" {VALIDATE_WITHIN.total_seconds():g} s ({why}): no events will be delivered"
            )
            return
        self._is_subscribed = True
        self._tell(f"the webhook endpoint {self._url} is validated: events will be delivered")
        for event in early:
            self.deliver(event)
        await self._revalidate()
        self._is_subscribed = False

    async def _revalidate(self) -> None:
        """Validate again every three days; return once that has failed too often in a row."""
        failures = 0
        while failures < MOST_FAILED_REVALIDATIONS:
            await asyncio.sleep(REVALIDATE_EVERY.total_seconds() * self._time_scale)
            why = await self._validate()
            failures = 0 if why is None else failures + 1
            if failures in _MAIL_AFTER:
                self._tell(f"the webhook endpoint {self._url} failed {failures} revalidations in a row ({why})")
        self._tell(
            f"the webhook endpoint {self._url} failed {failures} revalidations in a row:"
            " its subscription is disabled, and no more events will be delivered"
        )

    async def _validate(self) -> str | None:
        """Ask the endpoint to prove that it knows the secret; return what is wrong with its answer, or None."""
        plain = secrets.token_urlsafe(16)
        body = {
            "payload": {"plainToken": plain},
            "event_ts": int(self._clock().timestamp() * 1000),
            "event": URL_VALIDATION,
        }
        outcome = await self._post(
            json.dumps(body, separators=(",", ":")).encode(), secrets.token_hex(16), secrets.token_hex(16)
        )
        if outcome.status == NOT_SENT:
            return outcome.why
        if outcome.status != 200:
            return f"it answered HTTP {outcome.status}"
        answer: dict[str, Any] = parse_object(outcome.body) or {}
        if answer.get("plainToken") != plain:
            return "its answer is not JSON with the plainToken"
        if answer.get("encryptedToken") != encrypted_token(self._secret, plain):
            return "its encryptedToken is wrong: it has a different webhook secret"
        return None

    async def _deliver(self, event: Event) -> None:
        body = event_text(event).encode("utf-8", "replace")
        for number, pause in enumerate((timedelta(0), *RETRY_AFTER)):
            await asyncio.sleep(pause.total_seconds() * self._time_scale)
            if not self._is_subscribed:
                return
            outcome = await self._post(body, event.request_id, trace_of(event))
            self._log.add(
                Attempt(
                    event=event,
                    at=self._clock(),
                    endpoint=self._url,
                    status=outcome.status,
                    failed_reason=outcome.failed_reason,
                    response_headers=outcome.headers,
                    response_body=outcome.body.decode("utf-8", "replace"),
                    retry_number=number,
                )
            )
            if not outcome.is_retried:
                return

    async def _post(self, body: bytes, request_id: str, trace: str) -> _Outcome:
        assert self._session is not None  # noqa: S101 - it has been started
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": _USER_AGENT,
            "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
            SIGNATURE_HEADER: sign(self._secret, timestamp, body),
            TIMESTAMP_HEADER: timestamp,
            REQUEST_ID_HEADER: request_id,
        }
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                content = await _read(response.content)
                return _Outcome(status=response.status, headers=dict(response.headers), body=content)
        except TimeoutError:
            seconds = ACKNOWLEDGE_WITHIN.total_seconds()
            return _Outcome(failed_reason=READ_TIMEOUT, why=f"it did not answer within {seconds:g} s")
        except aiohttp.ClientConnectorCertificateError:
            return _Outcome(failed_reason=BAD_CERTIFICATE, why="its certificate is not trusted")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ConnectionRefusedError):
                return _Outcome(failed_reason=CONNECTION_REFUSED, why="it refused the connection")
            return _Outcome(why=f"cannot connect to it ({type(error.os_error).__name__})")
        except (aiohttp.ClientError, OSError) as error:
            return _Outcome(why=f"its answer is incomplete ({type(error).__name__})")

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _read(stream: aiohttp.StreamReader) -> bytes:
    """Read an answer, or as much of it as the log shows."""
    content = bytearray()
    while len(content) < _LARGEST_ANSWER and (piece := await stream.read(_LARGEST_ANSWER)):
        content += piece
    return bytes(content[:_LARGEST_ANSWER])
