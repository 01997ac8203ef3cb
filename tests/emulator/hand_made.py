"""Hand-made keys and a token for a fixed hour, and a client that sends bytes unchanged."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from zoomcall.domain.secret import Secret
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.running import Emulator

TEN_O_CLOCK = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
"""The hour that the hand-made tokens are for."""

GOOD_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwfQ"
    ".uuWDLrU6WP-aMxfyRvQQN6vF2ggMKFeX11WQN0odae8"
)
"""HS256 with the hand-made secret; iss is HandMadeKey, iat 30 s before the hour, exp 10 minutes after it."""

HAND_MADE_KEYS = Keys(
    account_id="HandMadeAccount",
    user_id="HandMadeUser",
    api_key="HandMadeKey",
    api_secret=Secret("hand-made-secret-0123456789abcdef"),
    client_id="HandMadeClient",
    client_secret=Secret("hand-made-client-secret"),
    public_client_id="HandMadePublicClient",
    webhook_secret=Secret("hand-made-webhook-secret"),
    build_key=Secret("hand-made-build-key"),
)

CLIENT = "Basic " + base64.b64encode(b"HandMadeClient:hand-made-client-secret").decode()
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, int, str]:
        document = self.json()
        return self.status, document["code"], document["message"]


@dataclass
class Caller:
    """Sends each request unchanged, over a connection of its own."""

    base: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, target: str, body: bytes | Mapping[str, Any] | None = None, **headers: str | None
    ) -> Answer:
        """Send one request; ``None`` removes a header, and ``x_api_key`` means ``x-api-key``."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, Mapping):
            body = json.dumps(body).encode()
            given = {"Content-Type": "application/json"} | given
        parts = urlsplit(self.base)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in {**self.headers, **given}.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


def oauth_caller(zoom: Emulator) -> Caller:
    """Call it with a server-to-server token."""
    answer = Caller(zoom.base)(
        "POST",
        "/oauth/token",
        b"grant_type=account_credentials&account_id=HandMadeAccount",
        Authorization=CLIENT,
        Content_Type=FORM,
    )
    return Caller(zoom.base, {"Authorization": f"Bearer {answer.json()['access_token']}"})


def eventually(probe: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Return the first true value that ``probe`` returns."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
    return value
