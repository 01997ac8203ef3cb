"""Sources of pushed events: a growing file, a webhook receiver, Zoom's websocket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zoomcall.cli.connection import Connection
from zoomcall.cli.extras import extra
from zoomcall.cli.voice import Voice
from zoomcall.domain.api_base import websocket_url
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import ServerToServerApp
from zoomcall.domain.event import Event, read_any_event
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured
from zoomcall.usecases.dialing.pushed_events import FollowedFeed, PushFeed

if TYPE_CHECKING:
    from zoomcall.adapters.webhook_receiver import WebhookReceiver
    from zoomcall.adapters.websocket_feed import TokenSupply, WebsocketFeed
    from zoomcall.domain.webhook import Delivery

_BACKLOG = 1_000_000  # bytes: a file that grew for months must not hold up a verdict
_TOKEN_LIMIT = timedelta(seconds=5)


class EventSources:
    """Opens sources of events; each runs until the command ends.

    Args:
        voice: Receives their warnings and details.
        closing: Stops them.
        now: The clock.
    """

    def __init__(self, voice: Voice, closing: ExitStack, now: Callable[[], datetime]) -> None:
        self._voice = voice
        self._closing = closing
        self._now = now

    def followed(self, path: Path) -> FollowedFeed:
        """Follow a file of webhook events from now on.

        An event that is already there cannot belong to a later call, unless it is dated in the future.

        Raises:
            UsageError: The file cannot be read, or its folder does not exist.
        """
        from zoomcall.adapters.event_file import EventFollower

        follower = EventFollower(path, backlog=_BACKLOG, warn=self._voice.notice)
        if not path.exists():
            self._voice.notice(Notice("event-file-missing", f"waiting for {path}, which does not exist yet"))

        def read() -> list[Event]:
            return _events(event.body for event in follower.poll())

        feed = FollowedFeed(EvidenceSource.WEBHOOK, read, self._now)
        feed.publish(read())
        feed.start()
        self._closing.callback(feed.stop)
        return feed

    def received(self, host: str, port: int, secret: Secret) -> PushFeed:
        """Receive Zoom's webhooks from now on.

        Raises:
            UsageError: The extra is missing, or the address cannot be listened on.
        """
        feed = PushFeed(EvidenceSource.WEBHOOK, self._now)

        def publish(deliveries: tuple[Delivery, ...]) -> None:
            feed.publish(_events(delivery.event.body for delivery in deliveries))

        def refuse(refusal: object, peer: str) -> None:
            self._voice.detail(f"refused a request from {peer}: {refusal}")

        receiver = webhook_receiver_class()(
            secret, host, port, publish, on_refusal=refuse, warn=self._voice.notice, now=self._now
        )
        receiver.start()
        self._closing.callback(receiver.stop)
        self._voice.detail(f"listening for Zoom's webhooks at {receiver.url}")
        return feed

    def websocket(self, connection: Connection, subscription_id: str) -> PushFeed:
        """Receive meeting events from Zoom's websocket from now on.

        Raises:
            UsageError: The extra is missing.
            ZoomcallError: It cannot be connected to.
        """
        url = websocket_url(connection.api_base)
        if url is None:
            raise NotConfigured(f"the websocket address of {connection.api_base} is not known")
        feed = PushFeed(EvidenceSource.WEBSOCKET, self._now)
        websocket = _websocket_feed_class()(
            url,
            subscription_id,
            self._websocket_tokens(connection),
            on_events=feed.publish,
            on_trouble=feed.stumble,
            on_end=feed.give_up,
            trace=self._voice.trace if self._voice.options.is_debug else None,
            now=self._now,
        )
        self._closing.callback(websocket.stop)
        websocket.start()
        return feed

    def _websocket_tokens(self, connection: Connection) -> tuple[TokenSupply, ...]:
        """Return the tokens to try: Zoom's documentation says one thing, working code another (zoom-api 6)."""
        app = connection.held.credential
        if not isinstance(app, ServerToServerApp):
            return (connection.token,)
        return (
            lambda: connection.oauth.client_credentials(app, deadline=self._now() + _TOKEN_LIMIT),
            connection.token,
        )


def _events(bodies: Iterable[object]) -> list[Event]:
    return [event for event in map(read_any_event, bodies) if event is not None]


def webhook_receiver_class() -> type[WebhookReceiver]:
    """Return the receiver's class; raise ``UsageError`` if its extra is missing."""
    with extra("webhook", "the webhook receiver"):
        from zoomcall.adapters.webhook_receiver import WebhookReceiver
    return WebhookReceiver


def _websocket_feed_class() -> type[WebsocketFeed]:
    with extra("webhook", "Zoom's websocket"):
        from zoomcall.adapters.websocket_feed import WebsocketFeed
    return WebsocketFeed
