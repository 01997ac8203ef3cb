"""A local Zoom for one user: it notes every token that it issues, and any that is used before it is stored."""

from __future__ import annotations

import collections
import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from zoomcall.emulator.messages import Refusal, Reply, Request
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import Call

_ADDRESS = re.compile(r"^http://\S+/oauth/authorize\?\S+$", re.MULTILINE)
_DEVICE_INTERVAL = 0.03
_SHORT = timedelta(seconds=30)
_LONG = timedelta(hours=1)
_LOOK_SECONDS = 0.01
_RELOADS = 5


class UserZoom(Emulator):
    """A local Zoom with one user, who confirms every device code when it is asked for a second time.

    Args:
        is_stored: Whether the place has a text, a token, in its store of secrets.

    Attributes:
        rings: How often each room was rung.
        renewals: How many refresh tokens were exchanged for the next.
        refresh_tokens: Each that was issued, the newest last.
        access_tokens: The same of access tokens.
        early: Each use of a token that was not stored.
    """

    def __init__(self, is_stored: Callable[[str], bool]) -> None:
        super().__init__(time_scale=0.1)
        self.rings: collections.Counter[str] = collections.Counter()
        self.renewals = 0
        self.refresh_tokens: list[str] = []
        self.access_tokens: list[str] = []
        self.early: list[str] = []
        self._is_stored = is_stored
        self._ring = self._exchange.place
        self._exchange.place = self._note_and_ring  # type: ignore[method-assign] # counts what it was asked to do

    def _note_and_ring(self, call: Call) -> None:
        self.rings[call.address] += 1
        self._ring(call)

    @property
    def is_signed_in(self) -> bool:
        """Whether the newest refresh token is still good."""
        return bool(self.refresh_tokens) and self.world.sign_ins.owner_of(self.refresh_tokens[-1]) is not None

    @contextmanager
    def short_lives(self) -> Iterator[None]:
        """Issue tokens that end so soon that the next command renews them."""
        self.world._token_lifetime = _SHORT
        yield
        self.world._token_lifetime = _LONG

    def _answer(self, request: Request, now: datetime) -> Reply:
        if request.path.startswith("/v2"):
            self._note_use(request)
            return super()._answer(request, now)
        try:
            reply = super()._answer(request, now)
        except Refusal:
            self._confirm_devices()
            raise
        if request.path == "/oauth/token":
            self._note_tokens(request, json.loads(reply.body))
        elif request.path == "/oauth/devicecode":
            reply = replace(
                reply, body=json.dumps(json.loads(reply.body) | {"interval": _DEVICE_INTERVAL}).encode()
            )
        return reply

    def _note_use(self, request: Request) -> None:
        token = (request.header("Authorization") or "").removeprefix("Bearer ")
        if token in self.access_tokens and not self._is_stored(token):
            self.early.append(f"{request.method} {request.path} came with a token that was not stored yet")

    def _note_tokens(self, request: Request, issued: dict[str, str]) -> None:
        self.renewals += parse_qs(request.body.decode()).get("grant_type") == ["refresh_token"]
        self.refresh_tokens.append(issued["refresh_token"])
        self.access_tokens.append(issued["access_token"])

    def _confirm_devices(self) -> None:
        sign_ins = self.world.sign_ins
        with sign_ins._lock:
            codes = [device.user_code for device in sign_ins._devices.values()]
        for code in codes:
            sign_ins.answer_device(code, is_allowed=True)


@contextmanager
def browser_at(stderr: Path) -> Iterator[None]:
    """Play a user with a browser, who opens what the program prints, allows the app and goes where that leads."""
    is_over = threading.Event()
    user = threading.Thread(target=_browse, args=(stderr, is_over), name="user")
    user.start()
    try:
        yield
    finally:
        is_over.set()
        user.join()


def _browse(stderr: Path, is_over: threading.Event) -> None:
    while not is_over.wait(_LOOK_SECONDS):
        printed = stderr.read_text(errors="replace") if stderr.exists() else ""
        address = _ADDRESS.search(printed)
        if address is not None:
            back = _send("POST", address[0])
            assert back is not None
            _go(back, is_over)
            return


def _go(url: str, is_over: threading.Event) -> None:
    """Follow the redirects, and press Reload if nobody answers."""
    for _ in range(_RELOADS):
        with suppress(OSError, http.client.HTTPException):
            while (onward := _send("GET", url)) is not None:
                url = f"http://{urlsplit(url).netloc}{onward}"
            return
        if is_over.wait(_LOOK_SECONDS):
            return
        time.sleep(_LOOK_SECONDS)


def _send(method: str, url: str) -> str | None:
    """Send a request, and return where its answer leads."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl())
        response = connection.getresponse()
        response.read()
        return response.getheader("Location")
    finally:
        connection.close()
