"""Who a credential is, as far as it tells itself and as Zoom sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import AccessToken, Bearer, CredentialKind, HeldCredential
from zoomcall.domain.live import User
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind, read_token
from zoomcall.errors import ErrorKind
from zoomcall.usecases.zoom_clock import Clocks
from zoomcall.usecases.zoom_roles import Account, WebhookLogs

PROBE_SPAN = timedelta(minutes=1)
TOLERATED_SKEW = timedelta(seconds=10)


class Zoom(Clocks, Account, WebhookLogs, Protocol):
    """What examining needs of Zoom; the webhook log is the cheapest request of a Video SDK credential."""


class Identity(Struct, frozen=True, kw_only=True):
    """What is known of a credential.

    Attributes:
        user: Whose it is, for OAuth.
        clock_skew: How far this machine's clock is ahead of Zoom's, to the second; None if not asked.
        expires_at: When the token expires; None for a key pair, which has no end of its own.
        scopes: What the token may do, where the token endpoint told it.
    """

    user: User | None = None
    clock_skew: timedelta | None = None
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None


def api_of(held: HeldCredential, asked: Api | None) -> Api:
    """Say which API a credential speaks to: as asked, else as its kind, profile or token tells."""
    if asked is not None:
        return asked
    credential = held.credential
    match credential.kind:
        case CredentialKind.VIDEOSDK:
            return Api.SESSION
        case CredentialKind.S2S | CredentialKind.OAUTH:
            return Api.MEETING
        case CredentialKind.TOKEN:
            kind = _bearer_kind(held)
            return held.api or (kind.api if kind else None) or Api.SESSION


def may_be_for_meetings(held: HeldCredential, asked: Api | None) -> bool:
    """Say whether nothing tells which API a credential is for: an opaque token, which sessions refused."""
    return asked is None and held.api is None and _bearer_kind(held) is TokenKind.OPAQUE


def examine_offline(held: HeldCredential) -> Identity:
    """Tell what the credential tells of itself."""
    if not isinstance(held.credential, Bearer):
        return Identity()
    return Identity(expires_at=read_token(held.credential.token.reveal()).expiry.at)


def examine(
    held: HeldCredential,
    *,
    api: Api,
    zoom: Zoom,
    token: Callable[[Api], AccessToken],
    now: Callable[[], datetime],
    warn: Callable[[Notice], None],
) -> Identity:
    """Tell who the credential is.

    Args:
        held: The credential.
        api: Which API to ask.
        zoom: Zoom.
        token: Gives the token that ``zoom`` speaks with.
        now: The clock.
        warn: Takes what the user should know.

    Raises:
        ZoomRefused: Zoom refused the credential.
        NetworkFault: No answer came.
    """
    user = ask(zoom, api, now=now, warn=warn)
    is_pair = held.credential.kind is CredentialKind.VIDEOSDK
    used = token(api)
    return Identity(
        user=user,
        clock_skew=_skew(zoom, warn),
        expires_at=None if is_pair else used.expires_at,
        scopes=used.scopes,
    )


class Acceptance(Struct, frozen=True, kw_only=True):
    """That Zoom accepts a credential.

    Attributes:
        user: Whose it is, for OAuth.
        refusal: What Zoom refused all the same, for another reason than the credential.
    """

    user: User | None = None
    refusal: ZoomRefused | None = None


def try_out(zoom: Zoom, api: Api, *, now: Callable[[], datetime], deadline: datetime | None = None) -> Acceptance:
    """Make one request that shows whether Zoom accepts the credential; any refusal but of it counts as accepted.

    Raises:
        ZoomRefused: Zoom refused the credential, or could not answer.
        NetworkFault: No answer came.
    """
    try:
        if api is Api.MEETING:
            return Acceptance(user=zoom.me(deadline=deadline))
        moment = now()
        zoom.webhook_logs(from_time=moment - PROBE_SPAN, to_time=moment, deadline=deadline)
    except ZoomRefused as error:
        if error.kind in {ErrorKind.AUTH, ErrorKind.RATE_LIMITED, ErrorKind.ZOOM_FAULT}:
            raise
        return Acceptance(refusal=error)
    return Acceptance()


def ask(zoom: Zoom, api: Api, *, now: Callable[[], datetime], warn: Callable[[Notice], None]) -> User | None:
    """Try a credential out, and warn of what is refused all the same; errors as of ``try_out``."""
    acceptance = try_out(zoom, api, now=now)
    if acceptance.refusal is not None:
        warn(Notice("credential-limited", f"the credential is accepted, but {acceptance.refusal.message}"))
    return acceptance.user


def skew_of(server_time: datetime, local_time: datetime) -> timedelta:
    """Say how far this machine's clock is ahead of Zoom's, to the second.

    Args:
        server_time: Of the ``Date`` header.
        local_time: At the same moment.
    """
    # Zoom's Date has whole seconds: its true time is half a second later on the average.
    return timedelta(seconds=round((local_time - server_time).total_seconds() - 0.5))


def skew_words(skew: timedelta) -> str:
    """Say which clock is ahead."""
    seconds = int(skew.total_seconds())
    return f"this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} Zoom's"


def _skew(zoom: Zoom, warn: Callable[[Notice], None]) -> timedelta | None:
    if zoom.last_clock is None:
        return None
    skew = skew_of(*zoom.last_clock)
    if abs(skew) > TOLERATED_SKEW:
        warn(Notice("clock-skew", skew_words(skew)))
    return skew


def _bearer_kind(held: HeldCredential) -> TokenKind | None:
    return read_token(held.credential.token.reveal()).kind if isinstance(held.credential, Bearer) else None
