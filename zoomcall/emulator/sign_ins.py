"""Users who sign in to an app: their codes, refresh tokens and device codes (zoom-api 2.1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from zoomcall.emulator.keys import draw_word

CODE_LIFETIME = timedelta(minutes=5)
DEVICE_LIFETIME = timedelta(minutes=15)


class Consent(Struct, frozen=True, kw_only=True):
    """What a user allowed, until its code is exchanged.

    Attributes:
        client_id: The app.
        redirect_uri: Where the code went; it must be repeated when the code is exchanged.
        challenge: The PKCE challenge (S256); None without PKCE.
        expires_at: When the code is too old.
    """

    client_id: str
    redirect_uri: str
    challenge: str | None
    expires_at: datetime

    def is_proven_by(self, verifier: str | None) -> bool:
        """Return whether a PKCE verifier belongs to the challenge (RFC 7636, 4.6)."""
        if self.challenge is None or verifier is None:
            return self.challenge is None and verifier is None
        digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
        return secrets.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), self.challenge)


class DeviceState(StrEnum):
    """What became of a device code; the words are the token endpoint's errors, save the last."""

    PENDING = "authorization_pending"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    ALLOWED = "allowed"


class _Device(Struct):
    client_id: str
    user_code: str
    expires_at: datetime
    state: DeviceState = DeviceState.PENDING


class SignIns:
    """Every code and refresh token that is still good. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consents: dict[str, Consent] = {}
        self._refresh_tokens: dict[str, str] = {}  # one for each app: a new sign-in ends the older one
        self._devices: dict[str, _Device] = {}

    def allow(self, client_id: str, redirect_uri: str, challenge: str | None, *, now: datetime) -> str:
        """Return a new code."""
        code = draw_word(32)
        with self._lock:
            self._consents[code] = Consent(
                client_id=client_id,
                redirect_uri=redirect_uri,
                challenge=challenge,
                expires_at=now + CODE_LIFETIME,
            )
        return code

    def exchange(self, code: str, *, now: datetime) -> Consent | None:
        """Return what a code stands for, once; None if it is unknown, spent or too old."""
        with self._lock:
            consent = self._consents.pop(code, None)
        return None if consent is None or now >= consent.expires_at else consent

    def begin(self, client_id: str) -> str:
        """Return an app's first refresh token, which ends every older one."""
        with self._lock:
            self._refresh_tokens[client_id] = draw_word(48)
            return self._refresh_tokens[client_id]

    def renew(self, client_id: str, refresh_token: str) -> str | None:
        """Return the next refresh token, which ends the present one; None if that is not the newest."""
        with self._lock:
            if self._refresh_tokens.get(client_id) != refresh_token:
                return None
            self._refresh_tokens[client_id] = draw_word(48)
            return self._refresh_tokens[client_id]

    def end(self, client_id: str) -> None:
        """Forget an app's refresh token."""
        with self._lock:
            self._refresh_tokens.pop(client_id, None)

    def owner_of(self, refresh_token: str) -> str | None:
        """Return the app whose newest refresh token this is."""
        with self._lock:
            return next((app for app, token in self._refresh_tokens.items() if token == refresh_token), None)

    def begin_device(self, client_id: str, *, now: datetime) -> tuple[str, str]:
        """Return a new device code, and the code that its user types."""
        device_code, user_code = draw_word(32), draw_word(8).upper()
        with self._lock:
            self._devices[device_code] = _Device(client_id, user_code, now + DEVICE_LIFETIME)
        return device_code, user_code

    def answer_device(self, user_code: str, *, is_allowed: bool) -> bool:
        """Note a user's answer; return whether anything was asked with that code."""
        with self._lock:
            device = next((each for each in self._devices.values() if each.user_code == user_code), None)
            if device is not None:
                device.state = DeviceState.ALLOWED if is_allowed else DeviceState.DENIED
        return device is not None

    def poll_device(self, client_id: str, device_code: str, *, now: datetime) -> DeviceState:
        """Return what became of a device code, which an allowed one does not outlive."""
        with self._lock:
            device = self._devices.get(device_code)
            if device is None or device.client_id != client_id or now >= device.expires_at:
                return DeviceState.EXPIRED
            if device.state is DeviceState.ALLOWED:
                del self._devices[device_code]
            return device.state
