"""The composition root: the one room that knows every adapter, and builds each when it is first needed."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zoomcall.domain.api_base import API_BASE, OAUTH_BASE, ApiBase
from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.cause import Certainty, Notice
from zoomcall.domain.credential import (
    AccessToken,
    Bearer,
    CredentialKind,
    HeldCredential,
    ServerToServerApp,
    VideoSdkKey,
)
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api, SessionNameTarget, SessionTarget
from zoomcall.errors import NotConfigured, UsageError, WrongCredential, ZoomcallError, blaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zoomcall.adapters.config_writer import ConfigWriter
    from zoomcall.adapters.event_file import EventRecord
    from zoomcall.adapters.http import Http
    from zoomcall.adapters.journal import Journal
    from zoomcall.adapters.keyring_store import KeyringStore
    from zoomcall.adapters.network_probe import NetworkProbe
    from zoomcall.adapters.secret_files import SecretFiles
    from zoomcall.adapters.webhook_receiver import WebhookReceiver
    from zoomcall.adapters.webhook_sender import WebhookSender
    from zoomcall.adapters.websocket_feed import TokenSupply, WebsocketFeed
    from zoomcall.adapters.zoom_oauth import ZoomOAuth
    from zoomcall.adapters.zoom_rest import ZoomRest
    from zoomcall.cli.run import Run
    from zoomcall.domain.event import CalloutEvent
    from zoomcall.domain.journal import CallRecord
    from zoomcall.domain.profile import KeyringRead, Profile
    from zoomcall.domain.webhook import Delivery, WebhookEvent
    from zoomcall.usecases.dialing.pushed_events import FollowedFeed, PushFeed
    from zoomcall.usecases.resolving import Choice, ConfigReader
    from zoomcall.usecases.webhook_secret import HeldWebhookSecret

TOKEN_LIFETIME = timedelta(minutes=10)
_EVENTS_BACKLOG = 1_000_000  # bytes: a file that grew for months must not hold up a verdict
_RENEW_BEFORE = timedelta(minutes=1)
_WEBSOCKET_TOKEN_LIMIT = timedelta(seconds=5)
_KEYRING_LIMIT = timedelta(seconds=3)
_KEYRING_LIMIT_INTERACTIVE = timedelta(seconds=60)


class Wiring:
    """Builds adapters for one run.

    Args:
        run: The run that they serve.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tokens: dict[Api, AccessToken] = {}
        self._token_lock = threading.Lock()
        self._open = ExitStack()

    @cached_property
    def config_dir(self) -> Path:
        """The folder of ``config.toml`` and of ``--store file``."""
        if self._run.settings.config_dir is not None:
            return self._run.settings.config_dir
        from zoomcall.adapters.folders import config_folder

        return config_folder()

    @cached_property
    def config(self) -> ConfigReader:
        """The profiles, to read."""
        from zoomcall.adapters.config_file import ConfigFile

        return ConfigFile(self.config_dir / "config.toml")

    @cached_property
    def config_writer(self) -> ConfigWriter:
        """The profiles, to edit."""
        from zoomcall.adapters.config_writer import ConfigWriter

        return ConfigWriter(self.config_dir / "config.toml")

    @cached_property
    def keyring(self) -> KeyringStore:
        """The OS keyring, every call within its limit."""
        from zoomcall.adapters.keyring_store import KeyringStore

        run = self._run

        def ask() -> None:
            if run.is_interactive and not run.options.is_quiet:
                run.streams.stderr.write("Unlock the keyring to go on.\n")
                run.streams.stderr.flush()

        return KeyringStore(limit=self.keyring_limit, on_wait=ask)

    @property
    def keyring_limit(self) -> timedelta:
        """How long one call to the keyring may take."""
        usual = _KEYRING_LIMIT_INTERACTIVE if self._run.is_interactive else _KEYRING_LIMIT
        return self._run.settings.keyring_timeout or usual

    @property
    def keyring_read(self) -> KeyringRead | None:
        """How the keyring took the newest question; None if it was asked nothing."""
        return self.keyring.last_read if "keyring" in self.__dict__ else None

    @cached_property
    def secret_files(self) -> SecretFiles:
        """The store behind ``--store file``."""
        from zoomcall.adapters.secret_files import SecretFiles

        return SecretFiles(self.config_dir)

    def stored_secret(self, profile: Profile) -> Secret | None:
        """Read a profile's secret from its store."""
        from zoomcall.domain.profile import Store

        if profile.store is Store.FILE:
            return self.secret_files.read(profile.name)
        return self.keyring.read(profile.name, profile.keyring_backend)

    @staticmethod
    def secret_of_file(path: Path, origin: str) -> tuple[Secret, tuple[Notice, ...]]:
        """Read a secret from a file that the user names."""
        from zoomcall.adapters.secret_files import read_secret_file

        return read_secret_file(path, origin=origin)

    def choice(self, api: Api | None) -> Choice:
        """Find the credential that counts, by its public parts: no secret is read."""
        from zoomcall.usecases.resolving import choose

        return choose(
            self._run.settings.environ,
            profile=self._run.options.profile,
            api=api,
            config=self.config,
            warn=self._run.notice,
        )

    def credential_for(self, api: Api | None, *, profile: str | None = None) -> HeldCredential:
        """Take the credential that counts in hand; it stands in the envelope from then on.

        Args:
            api: Which API it must serve; None if any will do.
            profile: Whose it must be, where ``-p`` names none.
        """
        from zoomcall.usecases.resolving import resolve

        run = self._run
        held = resolve(
            run.settings.environ,
            profile=run.options.profile or profile,
            api=api,
            config=self.config,
            read_secret_file=self.secret_of_file,
            read_stored_secret=self.stored_secret,
            warn=run.notice,
        )
        self.hold(held)
        credential = held.credential
        place = f"profile {held.profile}" if held.profile else held.label.name
        run.detail(f"credential: {credential.kind} from {held.label.source} ({place})")
        for hidden in held.hidden:
            run.detail(f"not used: {hidden.kind} from {hidden.source} ({hidden.name})")
        return held

    def hold(self, held: HeldCredential) -> None:
        """Speak with this credential from now on, and know it where a failure is explained."""
        run = self._run
        run.held = held
        run.learn(credential_kind=held.credential.kind, is_api_key_explicit=held.is_explicit)
        match held.credential:
            case VideoSdkKey(api_key, secret):
                run.learn(api_key=api_key, secret=secret)
            case ServerToServerApp(_, _, secret):
                run.learn(secret=secret)
            case Bearer(token):
                run.learn(bearer=token)

    @property
    def _held(self) -> HeldCredential:
        return self._run.held or self.credential_for(None)

    @property
    def api_base(self) -> ApiBase:
        """Where REST is served: the environment's word, else the profile's, else Zoom's."""
        if self._run.settings.api_base is not None:
            return self._run.settings.api_base
        if self._run.held is not None:
            return self._run.held.api_base or API_BASE
        return self._profile_api_base() or API_BASE

    def _profile_api_base(self) -> ApiBase | None:
        """Give the base of the profile that would count, if there is one: for requests that are only shown."""
        from zoomcall.domain.api_base import parse_base
        from zoomcall.domain.profile import Profile

        try:
            holder = self.choice(None).holder
        except ZoomcallError:
            return None
        if not isinstance(holder, Profile) or holder.api_base is None:
            return None
        return parse_base(
            holder.api_base, variable=f"api_base of profile {holder.name!r}", is_any_host_allowed=True
        )

    @property
    def oauth_base(self) -> ApiBase:
        """Where tokens are issued."""
        held = self._run.held
        return self._run.settings.oauth_base or (held.oauth_base if held else None) or OAUTH_BASE

    @cached_property
    def http(self) -> Http:
        """The HTTP client."""
        from zoomcall.adapters.http import Http

        return Http(trace=self._run.trace if self._run.options.is_debug else None)

    @cached_property
    def probe(self) -> NetworkProbe:
        """What tells of the way to Zoom."""
        from zoomcall.adapters.network_probe import NetworkProbe

        return NetworkProbe(self.http)

    @staticmethod
    def versions() -> tuple[tuple[str, str], ...]:
        """Name what is installed, with versions."""
        from zoomcall.adapters.installation import installed_versions

        return installed_versions()

    @staticmethod
    def check_report_place(path: Path) -> None:
        """See that a report can be put at ``path``, before there is one.

        Raises:
            UsageError: It cannot.
        """
        from zoomcall.adapters.report_file import check_report_place

        check_report_place(path)

    @staticmethod
    def write_report(path: Path, text: str) -> None:
        """Put a report at ``path``, whole or not at all.

        Raises:
            UsageError: It cannot be written.
        """
        from zoomcall.adapters.report_file import write_report

        write_report(path, text)

    def close(self) -> None:
        """Stop what listens or follows, and close the HTTP client, if there is one."""
        self._open.close()
        if "http" in self.__dict__:
            self.http.close()

    @cached_property
    def oauth(self) -> ZoomOAuth:
        """The token endpoint."""
        from zoomcall.adapters.zoom_oauth import ZoomOAuth

        return ZoomOAuth(self.http, self.oauth_base)

    @cached_property
    def zoom(self) -> ZoomRest:
        """Zoom's REST, spoken to with the credential in hand."""
        from zoomcall.adapters.zoom_rest import ZoomRest

        renew = self.renewed_token if isinstance(self._held.credential, ServerToServerApp) else None
        return ZoomRest(self.http, self.api_base, self.token, renew=renew)

    def token(self, api: Api, *, deadline: datetime | None = None) -> AccessToken:
        """Give a token that is good for a while: kept in memory, made anew before it expires."""
        with self._token_lock:
            token = self._tokens.get(api)
            if token is None or _is_old(token, self._run.now()):
                token = self._tokens[api] = self.mint(TOKEN_LIFETIME, deadline=deadline)
                self._run.learn(bearer=token.text, scopes=token.scopes)
            return token

    def renewed_token(self, api: Api, deadline: datetime | None = None) -> AccessToken:
        """Give a new token though the old one seems good: Zoom has just refused it."""
        with self._token_lock:
            self._tokens.pop(api, None)
        return self.token(api, deadline=deadline)

    def mint(self, lifetime: timedelta, *, deadline: datetime | None = None) -> AccessToken:
        """Make a bearer from the credential in hand; Zoom is asked for one until ``deadline`` at the latest."""
        from zoomcall.domain.token import read_token
        from zoomcall.usecases.minting import mint_api_jwt

        match self._held.credential:
            case VideoSdkKey() as key:
                from zoomcall.adapters.jwt import sign_hs256

                self._run.learn(is_minted_here=True)
                with blaming(self._held.label.variable):
                    return mint_api_jwt(key, now=self._run.now(), lifetime=lifetime, sign=sign_hs256)
            case ServerToServerApp() as app:
                return self.oauth.account_credentials(app, deadline=deadline)
            case Bearer(text):
                expiry = read_token(text.reveal()).expiry
                return AccessToken(text=text, kind=CredentialKind.TOKEN, expires_at=expiry.at)

    def key_pair_of_profile(self) -> VideoSdkKey | None:
        """Give the profile's key pair, by which a token is judged; a profile that has none is a warning."""
        credential = self.credential_for(None).credential
        if isinstance(credential, VideoSdkKey):
            return credential
        message = f"a {credential.kind} profile holds no API secret to check a signature by"
        self._run.notice(Notice("signature-unchecked", message))
        return None

    @staticmethod
    def check_signature(token: str, secret: Secret) -> bool:
        """Say whether a secret made the HS256 signature of a JWT."""
        from zoomcall.adapters.jwt import check_hs256

        return check_hs256(token, secret)

    def refuse_wrong_bearer(self, api: Api) -> None:
        """Stop before the wire when a bearer as given is certain to be refused for its kind or its damage.

        Raises:
            WrongCredential: It is.
        """
        credential = self._held.credential
        if not isinstance(credential, Bearer):
            return
        from zoomcall.knowledge.engine import judge_bearer

        fatal = [
            cause for cause in judge_bearer(self._run.facts, api).causes if cause.certainty is Certainty.CERTAIN
        ]
        if fatal:
            raise WrongCredential(f"Zoom is certain to refuse this token for a {api}, so it was not sent")

    def session_named(self, target: SessionNameTarget, *, deadline: datetime | None = None) -> SessionTarget:
        """Look a live session up by its name."""
        from zoomcall.usecases.sessions import find_live_session

        self.credential_for(Api.SESSION)
        self.refuse_wrong_bearer(Api.SESSION)
        today = self._run.now().date()
        found = find_live_session(target.name, zoom=self.zoom, today=today, deadline=deadline, origin=target.origin)
        return SessionTarget(found.id, found.name)

    def followed_events(self, path: Path) -> FollowedFeed:
        """Follow a file of webhook events from now on.

        What is in it already cannot tell of a call that is still to be made, unless its time is still to come.

        Raises:
            UsageError: The file cannot be read, or its folder is not there.
        """
        from zoomcall.adapters.event_file import EventFollower
        from zoomcall.domain.event import read_event
        from zoomcall.usecases.dialing.pushed_events import FollowedFeed

        follower = EventFollower(path, backlog=_EVENTS_BACKLOG, warn=self._run.notice)
        if not path.exists():
            self._run.notice(Notice("event-file-missing", f"{path} is not there yet; it is read once it is"))

        def read() -> list[CalloutEvent]:
            events = (read_event(event.body) for event in follower.poll())
            return [event for event in events if event is not None]

        feed = FollowedFeed(EvidenceSource.WEBHOOK, read)
        begun = self._run.now()
        feed.publish(event for event in read() if event.at > begun)
        feed.start()
        self._open.callback(feed.stop)
        return feed

    def received_events(self, host: str, port: int) -> PushFeed:
        """Receive Zoom's webhooks from now on, until the command ends.

        Raises:
            UsageError: The extra is missing, or the place cannot be listened at.
            NotConfigured: There is no webhook secret.
        """
        from zoomcall.domain.event import read_event
        from zoomcall.usecases.dialing.pushed_events import PushFeed

        feed = PushFeed(EvidenceSource.WEBHOOK)

        def publish(deliveries: tuple[Delivery, ...]) -> None:
            events = (read_event(delivery.event.body) for delivery in deliveries)
            feed.publish(event for event in events if event is not None)

        def refuse(refusal: object, peer: str) -> None:
            self._run.detail(f"a request from {peer} was refused: {refusal}")

        receiver = self.webhook_receiver_class()(
            self.webhook_secret().secret, host, port, publish, on_refusal=refuse
        )
        receiver.start()
        self._open.callback(receiver.stop)
        self._run.detail(f"listening for Zoom's webhooks at {receiver.url}")
        return feed

    def webhook_secret(self) -> HeldWebhookSecret:
        """Find the webhook secret that counts: of ``-p``, of the environment, of the current profile."""
        from zoomcall.usecases.webhook_secret import find_webhook_secret

        run = self._run
        held = find_webhook_secret(
            run.settings.environ,
            profile=run.options.profile,
            config=self.config,
            read_secret_file=self.secret_of_file,
            read_stored_secret=self._stored_webhook_secret,
            warn=run.notice,
        )
        run.detail(f"webhook secret: from {held.source} ({held.name})")
        return held

    def _stored_webhook_secret(self, profile: Profile) -> Secret | None:
        from zoomcall.domain.profile import Store

        account = profile.webhook_account
        if profile.store is Store.FILE:
            return self.secret_files.read(account)
        return self.keyring.read(account, profile.keyring_backend) or self.keyring.read(account)

    @property
    def websocket_subscription(self) -> str | None:
        """Zoom's id of the subscription that meeting events come by: the environment's word, else the profile's."""
        return self._run.settings.websocket_subscription_id or self._held.websocket_subscription_id

    def websocket_events(self, subscription_id: str) -> PushFeed:
        """Take meeting events from Zoom's websocket from now on, until the command ends.

        Raises:
            UsageError: The extra is missing.
            ZoomcallError: There is no connection.
        """
        from zoomcall.domain.api_base import websocket_url
        from zoomcall.usecases.dialing.pushed_events import PushFeed

        url = websocket_url(self.api_base)
        if url is None:
            raise NotConfigured(f"where {self.api_base} has its websockets is not known")
        feed = PushFeed(EvidenceSource.WEBSOCKET)
        websocket = self._websocket_feed_class()(
            url,
            subscription_id,
            self._websocket_tokens(),
            on_events=feed.publish,
            on_trouble=feed.stumble,
            on_end=feed.give_up,
            trace=self._run.trace if self._run.options.is_debug else None,
            now=self._run.now,
        )
        self._open.callback(websocket.stop)
        websocket.start()
        return feed

    def _websocket_tokens(self) -> tuple[TokenSupply, ...]:
        """Give tokens for the websocket: Zoom's page says one thing, code that works another (zoom-api 6)."""
        credential = self._held.credential
        if not isinstance(credential, ServerToServerApp):
            return (lambda: self.token(Api.MEETING),)
        app = credential
        return (
            lambda: self.oauth.client_credentials(app, deadline=self._run.now() + _WEBSOCKET_TOKEN_LIMIT),
            lambda: self.token(Api.MEETING),
        )

    @staticmethod
    def _websocket_feed_class() -> type[WebsocketFeed]:
        with _webhook_extra("Zoom's websocket needs"):
            from zoomcall.adapters.websocket_feed import WebsocketFeed
        return WebsocketFeed

    @staticmethod
    def webhook_receiver_class() -> type[WebhookReceiver]:
        """Give the receiver, which needs an extra.

        Raises:
            UsageError: It is not installed.
        """
        with _webhook_extra("Receiving webhooks needs"):
            from zoomcall.adapters.webhook_receiver import WebhookReceiver
        return WebhookReceiver

    @staticmethod
    def event_record(path: Path, warn: Callable[[Notice], None]) -> EventRecord:
        """Give the file that events are kept in, to be opened."""
        from zoomcall.adapters.event_file import EventRecord

        return EventRecord(path, warn)

    def events_of_file(self, path: Path) -> tuple[WebhookEvent, ...]:
        """Read every event of a file."""
        from zoomcall.adapters.event_file import read_events

        return read_events(path, self._run.notice)

    def webhook_sender(self, url: str) -> WebhookSender:
        """Give another endpoint, to send events to."""
        from zoomcall.adapters.webhook_sender import WebhookSender

        return WebhookSender(self.http, url)

    def speak_for(self, call: CallRecord) -> None:
        """Take the credential in hand that a call of the journal was made with.

        Raises:
            UsageError: The call was made at another API base.
        """
        self.credential_for(call.target.api, profile=call.profile)
        if call.target.api_base != self.api_base:
            raise UsageError(
                f"call {call.id} was made at {call.target.api_base}, and this command speaks to {self.api_base}",
                fix="Name the profile that made it with -p, or set ZOOMCALL_API_BASE as it was.",
            )

    def journal_to_read(self) -> Journal:
        """Open the journal for looking back: without it there is nothing to look at."""
        return self._journal_in(self._state_dir())

    def journal(self) -> Journal:
        """Open the journal; with credentials from the environment an unwritable folder is only a warning."""
        try:
            return self._journal_in(self._state_dir())
        except NotConfigured as error:
            if self._held.profile is not None:
                raise
            self._run.notice(
                Notice(
                    "journal-off",
                    f"{error.message}. The guard against ringing a room twice is off for this call",
                )
            )
            return self._journal_in(None)

    def _journal_in(self, folder: Path | None) -> Journal:
        from zoomcall.adapters.journal import Journal

        journal = Journal(folder)
        self._open.callback(journal.close)
        return journal

    def _state_dir(self) -> Path:
        if self._run.settings.state_dir is not None:
            return self._run.settings.state_dir
        from zoomcall.adapters.folders import state_folder

        return state_folder()

    def learn_clock(self) -> None:
        """Note Zoom's clock, as its last answer told it."""
        zoom = self.__dict__.get("zoom")
        if zoom is not None and zoom.last_clock is not None:
            server_time, local_time = zoom.last_clock
            self._run.learn(zoom_time=server_time, local_time=local_time)


def _is_old(token: AccessToken, now: datetime) -> bool:
    return (
        token.kind is not CredentialKind.TOKEN
        and token.expires_at is not None
        and token.expires_at - now < _RENEW_BEFORE
    )


@contextmanager
def _webhook_extra(what_needs: str) -> Iterator[None]:
    """Say how to install the extra where importing something of it fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"aiohttp", "yarl"}:
            raise
        fix = f"{what_needs} that extra, which is not installed."
        raise UsageError("pip install 'zoomcall[webhook]'", fix=fix) from error
