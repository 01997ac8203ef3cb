"""Whose a credential is, by what it says itself and by what Zoom says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.credential import (
    AccessToken,
    Bearer,
    CredentialKind,
    HeldCredential,
    ServerToServerApp,
    SignedInUser,
    VideoSdkKey,
)
from zoomcall.domain.live import User
from zoomcall.domain.sign_in import tokens_of_item
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind, read_token
from zoomcall.errors import ErrorKind
from zoomcall.usecases.zoom_clock import Clocks
from zoomcall.usecases.zoom_roles import Account, WebhookLogs

PROBE_SPAN = timedelta(minutes=1)
TOLERATED_SKEW = timedelta(seconds=10)


class IdentityEndpoints(Clocks, Account, WebhookLogs, Protocol):
    """The endpoints that test a credential; a Video SDK credential has none cheaper than the webhook log."""


class Identity(Struct, frozen=True, kw_only=True):
    """What is known of a credential.

    Attributes:
        user: Its user, for OAuth.
        clock_skew: How far this machine's clock is ahead of Zoom's, to the second; None if not asked.
        expires_at: When the token expires; None for a key pair, which does not expire.
        scopes: What the token may do, if the token endpoint told it.
    """

    user: User | None = None
    clock_skew: timedelta | None = None
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None


def api_of(held: HeldCredential, asked: Api | None) -> Api:
    """Return the API that a credential is for: the one asked for, else by its kind, profile or token."""
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
    """Return whether a credential that sessions refused may be for meetings: an opaque token, with no API named."""
    return asked is None and held.api is None and _bearer_kind(held) is TokenKind.OPAQUE


def examine_offline(held: HeldCredential) -> Identity:
    """Return what the credential says of itself."""
    match held.credential:
        case Bearer(token):
            return Identity(expires_at=read_token(token.reveal()).expiry.at)
        case VideoSdkKey() | ServerToServerApp():
            return Identity()
        case SignedInUser(client_id, item):
            tokens = tokens_of_item(item, client_id)
            return Identity(
                expires_at=None if tokens is None else tokens.access.expires_at,
                scopes=None if tokens is None else tokens.access.scopes,
            )


def examine(
    held: HeldCredential,
    *,
    api: Api,
    zoom: IdentityEndpoints,
    token: Callable[[], AccessToken],
    now: Callable[[], datetime],
    warn: Warn,
) -> Identity:
    """Ask Zoom whose the credential is.

    Args:
        held: The credential.
        api: Which API to ask.
        zoom: Zoom.
        token: Returns the token that ``zoom`` sends.
        now: The clock.
        warn: Receives what the user should know.

    Raises:
        ZoomRefused: Zoom refused the credential.
        NetworkFault: No answer came.
    """
    user = ask(zoom, api, now=now, warn=warn)
    skew, used = _skew(zoom, warn), token()
    match held.credential:
        case VideoSdkKey():
            expires_at = None
        case ServerToServerApp() | Bearer() | SignedInUser():
            expires_at = used.expires_at
    return Identity(user=user, clock_skew=skew, expires_at=expires_at, scopes=used.scopes)


class Acceptance(Struct, frozen=True, kw_only=True):
    """How Zoom accepted a credential.

    Attributes:
        user: Its user, for OAuth.
        refusal: The request's refusal, for a reason other than the credential.
    """

    user: User | None = None
    refusal: ZoomRefused | None = None


def try_out(
    zoom: IdentityEndpoints, api: Api, *, now: Callable[[], datetime], deadline: datetime | None = None
) -> Acceptance:
    """Make one request to see whether Zoom accepts the credential; other refusals count as accepted.

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


def ask(zoom: IdentityEndpoints, api: Api, *, now: Callable[[], datetime], warn: Warn) -> User | None:
    """Try a credential, and warn if the request was refused for another reason; raises as ``try_out`` does."""
    acceptance = try_out(zoom, api, now=now)
    if acceptance.refusal is not None:
        warn(Notice("credential-limited", f"the credential is accepted, but {acceptance.refusal.message}"))
    return acceptance.user


def skew_of(server_time: datetime, local_time: datetime) -> timedelta:
    """Return how far this machine's clock is ahead of Zoom's, to the second.

    Args:
        server_time: From the ``Date`` header.
        local_time: At the same moment.
    """
    # Zoom's Date has whole seconds: its true time is half a second later on average.
    return timedelta(seconds=round((local_time - server_time).total_seconds() - 0.5))


def skew_words(skew: timedelta) -> str:
    """Describe which clock is ahead."""
    seconds = int(skew.total_seconds())
    return f"this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} Zoom's"


def _skew(zoom: IdentityEndpoints, warn: Warn) -> timedelta | None:
    if zoom.last_clock is None:
        return None
    skew = skew_of(*zoom.last_clock)
    if abs(skew) > TOLERATED_SKEW:
        warn(Notice("clock-skew", skew_words(skew)))
    return skew


def _bearer_kind(held: HeldCredential) -> TokenKind | None:
    return read_token(held.credential.token.reveal()).kind if isinstance(held.credential, Bearer) else None
