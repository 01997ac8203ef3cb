"""Keeps a user signed in: one renewal a period, however many processes need it at the same time (contract 5)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime
from typing import Protocol

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.credential import AccessToken, SignedInUser
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import UserApp, UserTokens, tokens_of_item
from zoomcall.errors import NotConfigured

Renew = Callable[[UserApp, Secret], UserTokens]

_STORE_TRIES = 3
_LOOK_SECONDS = 0.2  # Windows delivers Ctrl-C only between two waits


class SignInKeeper(Protocol):
    """Where one profile's tokens are."""

    @property
    def login_line(self) -> str:
        """The command that signs in again."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other process from renewing; raise ``NotConfigured`` if that cannot be had."""

    def read(self) -> Secret | None:
        """Return the stored tokens; None if there are none."""

    def read_client_secret(self) -> Secret | None:
        """Return the app's own secret; None for a public client."""

    def write(self, item: Secret) -> None:
        """Store the tokens; raise ``NotConfigured`` if they cannot be."""


def usable_token(
    user: SignedInUser,
    keeper: SignInKeeper,
    *,
    refused: AccessToken | None,
    renew: Renew,
    now: Callable[[], datetime],
    unbroken: Unbroken,
) -> AccessToken:
    """Return an access token that stays valid for a while.

    The next refresh token is stored before the access token that came with it is used, and only one process renews
    at a time: the others then find the new tokens. That the store takes tokens is tried before the present ones are
    spent, and Ctrl-C waits until the next ones are stored. A process that is killed between Zoom's answer and the
    store leaves a spent refresh token, which the next renewal tells.

    Args:
        user: The sign-in as it was read.
        keeper: Where it is stored.
        refused: The access token that Zoom has just refused, if any.
        renew: Asks Zoom for the next tokens.
        now: The clock.
        unbroken: Where the work goes on that must not be broken off.

    Raises:
        ZoomRefused: The refresh token is spent or revoked.
        NetworkFault: Zoom did not answer; the stored tokens are unchanged.
        NotConfigured: The tokens cannot be read, or not be stored.
    """
    known = tokens_of_item(user.item, user.client_id)
    if known is not None and _is_good(known.access, refused, now()):
        return known.access
    with ExitStack() as stack:
        stack.enter_context(keeper.alone())
        item = keeper.read()
        stored = None if item is None else tokens_of_item(item, user.client_id)
        if item is None or stored is None:
            raise NotConfigured(
                "this user has been signed out, or signed in to another app, meanwhile",
                fix="Sign in again.",
                command=keeper.login_line,
            )
        if _is_good(stored.access, refused, now()):
            return stored.access
        app = UserApp(user.client_id, keeper.read_client_secret())
        keeper.write(item)
        lock = stack.pop_all()
        return unbroken.run(lambda: _renewed(app, stored.refresh_token, keeper, renew, lock))


def _renewed(
    app: UserApp, refresh_token: Secret, keeper: SignInKeeper, renew: Renew, lock: AbstractContextManager[object]
) -> AccessToken:
    """Exchange a refresh token, store what came, and give up the lock."""
    login_line = keeper.login_line + ("" if app.client_secret is None else " --secret-file FILE")
    with lock:
        try:
            fresh = renew(app, refresh_token)
        except ZoomRefused as refusal:
            refusal.command = login_line
            raise
        try:
            _store(keeper, fresh.as_item(app.client_id))
        except NotConfigured as error:
            error.fix = (
                f"Zoom has issued new tokens, and the stored ones are spent: sign in again. {error.fix or ''}"
            )
            error.command = login_line
            raise
        return fresh.access


def _store(keeper: SignInKeeper, item: Secret) -> None:
    """Store the tokens; a moment's fault is no reason to lose them."""
    for _ in range(_STORE_TRIES - 1):
        with suppress(NotConfigured, MemoryError):
            return keeper.write(item)
    return keeper.write(item)


class Unbroken:
    """Does work in threads that go on when the main thread is interrupted; ``close`` waits for them.

    A second Ctrl-C interrupts that waiting, and so ends the process.
    """

    def __init__(self) -> None:
        self._begun: list[tuple[threading.Thread, threading.Event]] = []

    def run(self, work: Callable[[], AccessToken]) -> AccessToken:
        """Do work to its end, and return what it returned or raise what it raised.

        Raises:
            KeyboardInterrupt: The main thread was interrupted; the work goes on.
        """
        results: list[AccessToken | BaseException] = []
        end = threading.Event()  # not Thread.join(), which takes a thread for ended once it was interrupted

        def do() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - raised below
                results.append(error)
            finally:
                end.set()

        thread = threading.Thread(target=do, name="renewal", daemon=True)
        self._begun.append((thread, end))
        try:
            thread.start()
        except RuntimeError:  # no more threads
            do()
        _wait_for(thread, end)
        result = results[0] if results else MemoryError()
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        """Wait until all of it is done."""
        for thread, end in self._begun:
            _wait_for(thread, end)


def _wait_for(thread: threading.Thread, end: threading.Event) -> None:
    while not end.is_set() and thread.is_alive():
        end.wait(_LOOK_SECONDS)


def _is_good(token: AccessToken, refused: AccessToken | None, now: datetime) -> bool:
    if refused is not None and token.text == refused.text:
        return False
    return not token.ends_soon(now)
