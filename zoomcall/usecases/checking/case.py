"""What the checks of one run share: what they ask, and what each leaves for those after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.credential import AccessToken, CredentialLabel, HeldCredential
from zoomcall.domain.live import Meeting, SipDialing
from zoomcall.domain.network_path import Knock, Place, Way
from zoomcall.domain.profile import KeyringRead
from zoomcall.domain.target import Api, SessionId, Target
from zoomcall.domain.zoom_list import ListedRoom
from zoomcall.errors import ZoomcallError
from zoomcall.knowledge.facts import Facts
from zoomcall.usecases.checking.verdicts import Blocked, CheckId, CheckStatus, CheckVerdict
from zoomcall.usecases.identity import Acceptance, IdentityEndpoints, api_of
from zoomcall.usecases.resolving import Choice
from zoomcall.usecases.webhook_secret import HeldWebhookSecret
from zoomcall.usecases.zoom_roles import Rosters, Sessions


class Probe(Protocol):
    """Examines the way to a host, one step at a time."""

    def way(self, base: str) -> Way:
        """Return how a base is reached; raise ``UsageError`` if a proxy variable cannot be used."""

    def addresses(self, place: Place) -> tuple[str, ...] | None:
        """Look up a host's addresses; ``NetworkFault`` if it has none, None if it is an address itself."""

    def knock(self, url: str, *, deadline: datetime) -> Knock:
        """Make one request without a credential, once."""

    @property
    def trusted(self) -> str:
        """Where the trusted certificates are."""


class CheckEndpoints(IdentityEndpoints, Sessions, Rosters, Protocol):
    """The endpoints that checks ask."""

    def session_sip_dialing(self, session_id: str, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in code for a session."""

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        """Get a meeting."""

    def meeting_sip_dialing(self, number: str, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in code for a meeting."""

    def crc_code(self, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in code for no meeting in particular."""

    def h323_devices(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the rooms that the account's administrator registered."""

    def managed_rooms(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the rooms that an API connector manages."""


class ActiveConnection(Protocol):
    """A connection to Zoom with one credential."""

    @property
    def held(self) -> HeldCredential:
        """The credential."""

    @property
    def api_base(self) -> ApiBase:
        """Where REST is served."""

    @property
    def oauth_base(self) -> ApiBase:
        """Where tokens are issued."""

    @property
    def zoom(self) -> CheckEndpoints:
        """Zoom, asked with the credential."""

    @property
    def facts(self) -> Facts:
        """What is known for explaining a failure."""

    def refuse_wrong_bearer(self, api: Api) -> None:
        """Raise ``WrongCredential`` for a bearer token that Zoom is certain to refuse."""

    def token(self) -> AccessToken:
        """Return a valid token."""


class Tools(Protocol):
    """What checks ask, besides the clock."""

    @property
    def shown_api_base(self) -> ApiBase:
        """Where REST is served, as far as that is known without a credential."""

    @property
    def shown_oauth_base(self) -> ApiBase:
        """Where tokens are issued, as far as that is known without a credential."""

    @property
    def probe(self) -> Probe:
        """Examines the way to Zoom."""

    @property
    def keyring_limit(self) -> timedelta:
        """How long one call to the keyring may take."""

    @property
    def keyring_read(self) -> KeyringRead | None:
        """How the keyring answered the latest question; None if it was asked nothing."""

    def choice(self, api: Api | None) -> Choice:
        """Find the active credential without reading its secret."""

    def connect(self, api: Api | None) -> ActiveConnection:
        """Open a connection with the active credential."""

    def webhook_secret(self) -> HeldWebhookSecret:
        """Find the webhook secret."""

    def versions(self) -> tuple[tuple[str, str], ...]:
        """Return the names and versions of what is installed."""


class CheckupOrder(Struct, frozen=True, kw_only=True):
    """What to check.

    Attributes:
        api: Which API the credential must serve; None if any will do.
        target: The session or meeting that was named.
        only: The checks to report.
        is_offline: Nobody is asked.
    """

    api: Api | None = None
    target: Target | None = None
    only: frozenset[CheckId] = frozenset(CheckId)
    is_offline: bool = False


class Case(Struct, kw_only=True):
    """One run of the checks; each check reads here what earlier checks have found.

    Attributes:
        order: What to check.
        tools: What to ask.
        now: This machine's clock.
        limit: How long one check may take.
        patience: How long Zoom may take to answer one check.
        verdicts: The checks that are done.
        chosen: The active credential, its secret perhaps unread.
        connection: Zoom, as the active credential sees it; None if its secret could not be read.
        knocks: What came of a request without a credential to each host, the API's first; None if offline.
        acceptance: What Zoom said of the credential.
        session: The session that was named, by id or by name.
    """

    order: CheckupOrder
    tools: Tools
    now: Callable[[], datetime]
    limit: timedelta
    patience: timedelta
    verdicts: dict[str, CheckVerdict] = {}
    chosen: CredentialLabel | None = None
    connection: ActiveConnection | None = None
    knocks: Mapping[Way, Knock | ZoomcallError | None] = {}
    acceptance: Acceptance = Acceptance()
    session: SessionId | None = None

    @property
    def line(self) -> ActiveConnection:
        """Zoom, as the active credential sees it.

        Raises:
            Blocked: There is no credential.
        """
        if self.connection is None:
            raise Blocked(CheckId.CREDENTIAL)
        return self.connection

    @property
    def held(self) -> HeldCredential:
        """The active credential.

        Raises:
            Blocked: There is none.
        """
        return self.line.held

    @property
    def bases(self) -> tuple[ApiBase, ApiBase]:
        """Where REST is served, and where tokens are issued."""
        if self.connection is None:
            return self.tools.shown_api_base, self.tools.shown_oauth_base
        return self.connection.api_base, self.connection.oauth_base

    @property
    def api(self) -> Api:
        """The API that the active credential is for."""
        return api_of(self.held, self.order.api)

    @property
    def facts(self) -> Facts:
        """What is known now, for explaining."""
        if self.connection is None:
            return Facts(api=self.order.api, local_time=self.now())
        return replace(self.connection.facts, api=self.api)

    @property
    def deadline(self) -> datetime:
        """When a request that starts now must be over."""
        return self.now() + self.patience

    def need(self, other: CheckId) -> None:
        """Continue only if another check found nothing that makes this one pointless.

        Raises:
            Blocked: It failed, or it was skipped.
        """
        if self.verdicts[other].status in {CheckStatus.FAILED, CheckStatus.SKIPPED}:
            raise Blocked(other)
