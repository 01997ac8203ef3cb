"""Keeps a user signed in: one renewal a period, however many processes need it at the same time (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.credential import AccessToken, SignedInUser
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import UserApp, UserTokens, tokens_of_item
from zoomcall.errors import NotConfigured

Renew = Callable[[UserApp, Secret], UserTokens]


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
) -> AccessToken:
    """Return an access token that stays valid for a while.

    The next refresh token is stored before the access token that came with it is used, and only one process renews
    at a time: the others then find the new tokens. A process that is killed between Zoom's answer and the store
    leaves a spent refresh token, which the next renewal tells.

    Args:
        user: The sign-in as it was read.
        keeper: Where it is stored.
        refused: The access token that Zoom has just refused, if any.
        renew: Asks Zoom for the next tokens.
        now: The clock.

    Raises:
        ZoomRefused: The refresh token is spent or revoked.
        NetworkFault: Zoom did not answer; the stored tokens are unchanged.
        NotConfigured: The tokens cannot be read, or not be stored.
    """
    known = tokens_of_item(user.item, user.client_id)
    if known is not None and _is_good(known.access, refused, now()):
        return known.access
    with keeper.alone():
        item = keeper.read()
        stored = None if item is None else tokens_of_item(item, user.client_id)
        if stored is None:
            raise NotConfigured(
                "this user has been signed out, or signed in to another app, meanwhile",
                fix="Sign in again.",
                command=keeper.login_line,
            )
        if _is_good(stored.access, refused, now()):
            return stored.access
        app = UserApp(user.client_id, keeper.read_client_secret())
        login_line = keeper.login_line + ("" if app.client_secret is None else " --secret-file FILE")
        try:
            fresh = renew(app, stored.refresh_token)
        except ZoomRefused as refusal:
            refusal.command = login_line
            raise
        try:
            keeper.write(fresh.as_item(user.client_id))
        except NotConfigured as error:
            error.fix = (
                f"Zoom has issued new tokens, and the stored ones are spent: sign in again. {error.fix or ''}"
            )
            error.command = login_line
            raise
        return fresh.access


def _is_good(token: AccessToken, refused: AccessToken | None, now: datetime) -> bool:
    if refused is not None and token.text == refused.text:
        return False
    return not token.ends_soon(now)
