"""Zoom's webhooks: bodies, signatures made without the program's own code, and a plain client."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECRET = "example-secret-token"


def callout(
    word: str = "ringing", device: str = "10.100.111.237", *, protocol: str = "h323", **more: Any
) -> dict[str, Any]:
    """Return the JSON of a room system's callout event in a session."""
    content = {
        "id": 713592696,
        "uuid": "4444AAAiAAAAAiAiAiiAii==",
        "session_id": "4444AAAiAAAAAiAiAiiAii==",
        "session_name": "My Session",
        "host_id": "ICuPoX4ERtikRcKqkVxunQ",
        "message_id": "atsXxhSEQWit9t+U02HXNQ==",
        "inviter_name": "Jill Chill",
        "participant": {"call_type": protocol, "device_ip": device},
        **more,
    }
    return {
        "event": f"session.user_room_system_callout_{word}",
        "event_ts": 1626230691572,
        "payload": {"account_id": "dzVA4QmMQfyISoRcpFO8CA", "object": content},
    }


def bytes_of(body: Mapping[str, Any]) -> bytes:
    """Return JSON as Zoom formats it."""
    return json.dumps(body, separators=(",", ":")).encode()


def signature_of(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    """Sign a body."""
    message = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def zoom_headers(
    body: bytes, *, secret: str = SECRET, request_id: str | None = None, age: int = 0
) -> dict[str, str]:
    """Return the headers of a delivery; an empty request id leaves its header out."""
    timestamp = str(int(time.time()) - age)
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Zoom Marketplace/1.0a",
        "x-zm-request-timestamp": timestamp,
        "x-zm-signature": signature_of(body, timestamp, secret),
    }
    request_id = str(uuid.uuid4()) if request_id is None else request_id
    return headers | ({"x-zm-request-id": request_id} if request_id else {})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return its JSON."""
        return json.loads(self.body)


def request(
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/",
    seconds: float = 20.0,
) -> Reply:
    """Send one request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def deliver(url: str, body: Mapping[str, Any] | bytes, *, request_id: str | None = None, age: int = 0) -> Reply:
    """Deliver an event as Zoom does."""
    raw = body if isinstance(body, bytes) else bytes_of(body)
    return request(url, raw, zoom_headers(raw, request_id=request_id, age=age))
