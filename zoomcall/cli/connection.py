"""Zoom with one credential: its bases, its token, its requests, and the facts that explain their failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from zoomcall.domain.api_base import API_BASE, OAUTH_BASE, ApiBase, cluster_of, host_of
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import (
    AccessToken,
    Bearer,
    CredentialKind,
    HeldCredential,
    ServerToServerApp,
    SignedInUser,
    VideoSdkKey,
)
from zoomcall.errors import UsageError, WrongCredential, blaming

if TYPE_CHECKING:
    from zoomcall.adapters.http import Http
    from zoomcall.adapters.kept_token import KeptToken
    from zoomcall.adapters.zoom_oauth import ZoomOAuth
    from zoomcall.adapters.zoom_rest import ZoomRest
    from zoomcall.domain.target import Api
    from zoomcall.knowledge.facts import Facts
    from zoomcall.usecases.renewing import SignInKeeper, Unbroken

TOKEN_LIFETIME = timedelta(minutes=10)


class Connection:
    """One credential in use; threads may share it.

    Args:
        held: The credential.
        api: The API that it is used with; None if a command needs none.
        http: Returns the HTTP client.
        api_base: The REST base that the environment sets, if any.
        oauth_base: The base for token requests that the environment sets, if any.
        now: The clock.
        keeper: Where the tokens of a user who signed in are kept; None for other credentials.
        unbroken: Returns where their renewal goes on to its end.
        kept: Where a server-to-server token is kept for later commands; None if it is not to be kept.
    """

    def __init__(
        self,
        held: HeldCredential,
        api: Api | None,
        *,
        http: Callable[[], Http],
        api_base: ApiBase | None,
        oauth_base: ApiBase | None,
        now: Callable[[], datetime],
        keeper: SignInKeeper | None = None,
        unbroken: Callable[[], Unbroken] | None = None,
        kept: KeptToken | None = None,
    ) -> None:
        self.held = held
        self.api = api
        self.api_base = api_base or held.api_base or API_BASE
        self.oauth_base = oauth_base or held.oauth_base or OAUTH_BASE
        self._http = http
        self._now = now
        self._keeper = keeper
        self._unbroken = unbroken
        self._kept = kept
        self._kept_token: AccessToken | None = None
        self._has_looked = False
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._refused: AccessToken | None = None

    @cached_property
    def oauth(self) -> ZoomOAuth:
        """The token endpoint.

        Raises:
            UsageError: It belongs to another of Zoom's clusters than the API.
        """
        api, oauth = cluster_of(host_of(self.api_base)), cluster_of(host_of(self.oauth_base))
        if api and oauth and api != oauth:
            raise UsageError(
                f"requests go to {api}, but tokens would come from {oauth} (cluster-mismatch)",
                fix=f"Set ZOOMCALL_OAUTH_BASE=https://{api} too, or unset ZOOMCALL_API_BASE.",
            )
        from zoomcall.adapters.zoom_oauth import ZoomOAuth

        return ZoomOAuth(self._http(), self.oauth_base)

    @cached_property
    def zoom(self) -> ZoomRest:
        """Zoom's REST API."""
        from zoomcall.adapters.zoom_rest import ZoomRest

        is_renewable = isinstance(self.held.credential, ServerToServerApp | SignedInUser)
        renew = self.renewed_token if is_renewable else None
        return ZoomRest(self._http(), self.api_base, lambda _: self._token_for_zoom(), renew=renew)

    def _token_for_zoom(self) -> AccessToken:
        """Return a token for a request: at first the one that an earlier command kept, if it is still good."""
        with self._lock:
            if self._kept is not None and self._token is None and self._refused is None and not self._has_looked:
                self._has_looked = True
                found = self._kept.read()
                if found is not None and not _is_old(found, self._now()):
                    self._token = self._kept_token = found
        return self.token()

    def keep_token(self) -> None:
        """Keep the newest token for later commands, if it came from Zoom just now."""
        token = self._token
        if self._kept is not None and token is not None and token is not self._kept_token:
            self._kept_token = token
            self._kept.write(token)

    def token(self, *, deadline: datetime | None = None) -> AccessToken:
        """Return a token that stays valid for a while; it is kept in memory and replaced before it expires.

        Raises:
            ZoomcallError: The token endpoint refused, or could not be reached by ``deadline``.
        """
        with self._lock:
            if self._token is None or _is_old(self._token, self._now()):
                self._token = self.mint(TOKEN_LIFETIME, deadline=deadline)
            return self._token

    def renewed_token(self, refused: AccessToken, deadline: datetime | None) -> AccessToken:
        """Return a newer token than the one that Zoom has just refused; another thread may have got it already."""
        with self._lock:
            if self._token is refused:
                self._token, self._refused = None, refused
        return self.token(deadline=deadline)

    def mint(self, lifetime: timedelta, *, deadline: datetime | None = None) -> AccessToken:
        """Make a token from the credential; a request to the token endpoint ends at ``deadline``."""
        match self.held.credential:
            case VideoSdkKey() as key:
                from zoomcall.adapters.jwt import sign_hs256
                from zoomcall.usecases.minting import mint_api_jwt

                with blaming(self.held.label.variable):
                    return mint_api_jwt(key, now=self._now(), lifetime=lifetime, sign=sign_hs256)
            case ServerToServerApp() as app:
                return self.oauth.account_credentials(app, deadline=deadline)
            case Bearer(text):
                from zoomcall.domain.token import read_token

                expiry = read_token(text.reveal()).expiry
                return AccessToken(text=text, kind=CredentialKind.TOKEN, expires_at=expiry.at)
            case SignedInUser() as user:
                return self._token_of_user(user, deadline)

    def _token_of_user(self, user: SignedInUser, deadline: datetime | None) -> AccessToken:
        from zoomcall.usecases.renewing import usable_token

        assert self._keeper is not None  # noqa: S101 - a user's tokens are always in a store
        assert self._unbroken is not None  # noqa: S101 - as they are
        return usable_token(
            user,
            self._keeper,
            refused=self._refused,
            renew=lambda app, refresh_token: self.oauth.renew(app, refresh_token, deadline=deadline),
            now=self._now,
            unbroken=self._unbroken(),
        )

    @property
    def facts(self) -> Facts:
        """What is known of the credential, its newest token and the clocks, to explain a failure."""
        from zoomcall.knowledge.facts import Facts

        held, token = self.held, self._token
        zoom = self.__dict__.get("zoom")
        zoom_time, local_time = (None, self._now()) if zoom is None or zoom.last_clock is None else zoom.last_clock
        facts = Facts(
            api=self.api,
            credential_kind=held.credential.kind,
            is_api_key_explicit=held.is_explicit,
            secret_place=held.place,
            bearer=None if token is None else token.text,
            scopes=None if token is None else token.scopes,
            zoom_time=zoom_time,
            local_time=local_time,
        )
        match held.credential:
            case VideoSdkKey(api_key, secret):
                return replace(facts, api_key=api_key, secret=secret, is_minted_here=token is not None)
            case ServerToServerApp(_, _, secret):
                return replace(facts, secret=secret)
            case Bearer(text):
                return replace(facts, bearer=text)
            case SignedInUser():
                return replace(facts, grant="refresh_token")

    def refuse_wrong_bearer(self, api: Api) -> None:
        """Check, before anything is sent, that a given token can serve an API, by its kind and form, not its age.

        Raises:
            WrongCredential: Zoom is certain to refuse it.
        """
        if not isinstance(self.held.credential, Bearer):
            return
        from zoomcall.knowledge.engine import judge_bearer

        judgement = judge_bearer(replace(self.facts, zoom_time=None, local_time=None), api)
        if any(cause.certainty is Certainty.CERTAIN for cause in judgement.causes):
            raise WrongCredential(f"Zoom is certain to refuse this token for a {api}, so it was not sent")


def _is_old(token: AccessToken, now: datetime) -> bool:
    return not token.kind.is_bearer and token.ends_soon(now)
