"""The composition root: the one module that knows every adapter; builds each when it is first needed."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoomcall.cli.voice import Voice
from zoomcall.domain.api_base import API_BASE, OAUTH_BASE, ApiBase
from zoomcall.domain.cause import Notice, Warn
from zoomcall.domain.credential import CredentialKind, HeldCredential, ServerToServerApp, VideoSdkKey
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import FolderUnusable, NotConfigured, UsageError, ZoomcallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zoomcall.adapters.config_writer import ConfigWriter
    from zoomcall.adapters.event_file import EventRecord
    from zoomcall.adapters.http import Http
    from zoomcall.adapters.journal import Journal
    from zoomcall.adapters.kept_token import KeptToken
    from zoomcall.adapters.keyring_store import KeyringStore
    from zoomcall.adapters.network_probe import NetworkProbe
    from zoomcall.adapters.redirect_listener import RedirectListener
    from zoomcall.adapters.room_book import RoomBook
    from zoomcall.adapters.room_book_writer import RoomBookWriter
    from zoomcall.adapters.room_probe import RoomProbe
    from zoomcall.adapters.secret_files import SecretFiles
    from zoomcall.adapters.shell_setup import ShellSetup
    from zoomcall.adapters.sign_in_keeper import StoredSignIn
    from zoomcall.adapters.webhook_sender import WebhookSender
    from zoomcall.adapters.zoom_oauth import ZoomOAuth
    from zoomcall.cli.connection import Connection
    from zoomcall.cli.event_sources import EventSources
    from zoomcall.domain.batch import BadRow, RawRow
    from zoomcall.domain.journal import CallRecord
    from zoomcall.domain.profile import Config, KeyringRead, Profile
    from zoomcall.domain.webhook import WebhookEvent
    from zoomcall.knowledge.facts import Facts
    from zoomcall.usecases.dialing.dialler import Dialler
    from zoomcall.usecases.dialing.ports import CallJournal
    from zoomcall.usecases.dialing.signals import Feed
    from zoomcall.usecases.renewing import Unbroken
    from zoomcall.usecases.resolving import Choice, ConfigReader
    from zoomcall.usecases.room_checking.locating import Names
    from zoomcall.usecases.webhook_secret import HeldWebhookSecret

_KEYRING_LIMIT = timedelta(seconds=3)
_KEYRING_LIMIT_INTERACTIVE = timedelta(seconds=60)
_RUN_LOCK_LIMIT = timedelta(seconds=1)
_SECRET_LIMIT = timedelta(seconds=10)
"""How long a pipe that a secret is read from may take."""
_SECRET_LIMIT_INTERACTIVE = timedelta(seconds=60)  # a password manager may have to ask first


class Wiring:
    """Builds adapters for one run.

    Args:
        voice: Flags, environment and streams.
        now: The wall clock.

    Attributes:
        held: The credential of the newest connection, for the envelope.
    """

    def __init__(self, voice: Voice, now: Callable[[], datetime]) -> None:
        self.held: HeldCredential | None = None
        self._voice = voice
        self._wall = now
        self._connections: dict[tuple[Api | None, str | None], Connection] = {}
        self._newest: Connection | None = None
        self._open = ExitStack()

    @cached_property
    def now(self) -> Callable[[], datetime]:
        """The clock of requests, calls and their deadlines, which nobody can set while they are under way."""
        from zoomcall.adapters.clock import SteadyClock

        return SteadyClock(self._wall).now

    @cached_property
    def config_dir(self) -> Path:
        """The folder of ``config.toml`` and of ``--store file``."""
        if self._voice.settings.config_dir is not None:
            return self._voice.settings.config_dir
        from zoomcall.adapters.folders import config_folder

        return config_folder()

    @cached_property
    def config(self) -> ConfigReader:
        """Reads ``config.toml``."""
        from zoomcall.adapters.config_file import ConfigFile

        try:
            return ConfigFile(self.config_dir / "config.toml")
        except FolderUnusable as error:
            return _NoConfig(error)

    @cached_property
    def config_writer(self) -> ConfigWriter:
        """Edits ``config.toml``."""
        from zoomcall.adapters.config_writer import ConfigWriter

        return ConfigWriter(self.config_dir / "config.toml")

    def book(self, named: Path | None) -> RoomBook:
        """The address book: of ``--book``, of ``ZOOMCALL_BOOK``, or in the config folder."""
        from zoomcall.adapters.room_book import RoomBook

        path, origin = self._place_of_book(named)
        return RoomBook(path, is_named=bool(origin or named), origin=origin)

    def book_writer(self, named: Path | None) -> RoomBookWriter:
        """Edits the address book."""
        from zoomcall.adapters.room_book_writer import RoomBookWriter

        path, origin = self._place_of_book(named)
        return RoomBookWriter(path, is_named=bool(origin or named), origin=origin)

    def _place_of_book(self, named: Path | None) -> tuple[Path, str | None]:
        if named is not None:
            return named, None
        by_variable = self._voice.settings.book
        return (self.config_dir / "book.toml", None) if by_variable is None else (by_variable, "ZOOMCALL_BOOK")

    @staticmethod
    def input_file(path: Path, *, most: int) -> bytes:
        """Return what a file, pipe or device holds that a command works on, of at most so many bytes."""
        from zoomcall.adapters.input_file import read_input

        return read_input(path, most=most)

    @staticmethod
    def has_journal(path: Path) -> bool:
        """Return whether a file is a database, as journals are."""
        from zoomcall.adapters.input_file import is_database

        return is_database(path)

    @staticmethod
    def rooms_of_file(path: Path) -> Iterator[RawRow | BadRow]:
        """Yield the rooms in a file of another program, or in an export."""
        from zoomcall.adapters.room_list import read_room_file

        return read_room_file(path)

    @staticmethod
    def rooms_of_stdin(data: bytes) -> Iterator[RawRow | BadRow]:
        """Yield the rooms on standard input."""
        from zoomcall.adapters.room_list import read_room_list

        return read_room_list(data, name="standard input")

    @staticmethod
    def rooms_as_toml(rooms: Iterable[dict[str, Any]]) -> str:
        """Return rooms as the text of an address book."""
        from zoomcall.adapters.room_book_writer import toml_of

        return toml_of(rooms)

    @staticmethod
    def write_rooms(path: Path, text: str) -> None:
        """Write rooms to a file for the user alone; raise ``UsageError`` if it cannot be written."""
        from zoomcall.adapters.room_list import write_room_file

        write_room_file(path, text)

    @cached_property
    def keyring(self) -> KeyringStore:
        """The OS keyring; every call has a time limit."""
        from zoomcall.adapters.keyring_store import KeyringStore

        voice = self._voice

        def ask() -> None:
            if voice.is_interactive and not voice.options.is_quiet:
                voice.streams.stderr.write("Unlock the keyring to continue.\n")
                voice.streams.stderr.flush()

        return KeyringStore(limit=self.keyring_limit, on_wait=ask)

    @property
    def keyring_limit(self) -> timedelta:
        """How long one call to the keyring may take."""
        usual = _KEYRING_LIMIT_INTERACTIVE if self._voice.is_interactive else _KEYRING_LIMIT
        return self._voice.settings.keyring_timeout or usual

    @property
    def keyring_read(self) -> KeyringRead | None:
        """How the last read from the keyring went; None if there was none."""
        return self.keyring.last_read if "keyring" in self.__dict__ else None

    @cached_property
    def secret_files(self) -> SecretFiles:
        """The store of ``--store file``."""
        from zoomcall.adapters.secret_files import SecretFiles

        return SecretFiles(self.config_dir)

    def stored_secret(self, profile: Profile) -> Secret | None:
        """Read a profile's secret from its store."""
        from zoomcall.domain.profile import Store

        if profile.store is Store.FILE:
            return self.secret_files.read(profile.name)
        return self.keyring.read(profile.name, profile.keyring_backend)

    def secret_of_file(self, path: Path, origin: str) -> tuple[Secret, tuple[Notice, ...]]:
        """Read a secret from a file that the user names."""
        from zoomcall.adapters.secret_files import read_secret_file

        limit = _SECRET_LIMIT_INTERACTIVE if self._voice.is_interactive else _SECRET_LIMIT
        return read_secret_file(path, origin=origin, limit=limit)

    def choice(self, api: Api | None) -> Choice:
        """Return the active credential without reading a secret."""
        from zoomcall.usecases.resolving import choose

        return choose(
            self._voice.settings.environ,
            profile=self._voice.options.profile,
            api=api,
            config=self.config,
            warn=self._voice.notice,
        )

    def resolve(self, api: Api | None, *, profile: str | None = None) -> HeldCredential:
        """Return the active credential, including its secret; arguments as in ``connect``."""
        from zoomcall.usecases.resolving import resolve

        voice = self._voice
        held = resolve(
            voice.settings.environ,
            profile=voice.options.profile or profile,
            api=api,
            config=self.config,
            read_secret_file=self.secret_of_file,
            read_stored_secret=self.stored_secret,
            warn=voice.notice,
        )
        credential = held.credential
        place = f"profile {held.profile}" if held.profile else held.label.name
        voice.detail(f"credential: {credential.kind} from {held.label.source} ({place})")
        for hidden in held.hidden:
            voice.detail(f"not used: {hidden}")
        return held

    def connect(self, api: Api | None, *, profile: str | None = None) -> Connection:
        """Return the connection to an API, opened once; its credential goes into the envelope.

        Args:
            api: The API that the credential must serve; None if any will do.
            profile: The profile to use if ``-p`` names none.
        """
        key = (api, profile)
        if key not in self._connections:
            held = self.resolve(api, profile=profile)
            self.held = held
            self._connections[key] = self.connection_of(held, api)
        return self._connections[key]

    def connection_of(self, held: HeldCredential, api: Api | None) -> Connection:
        """Open a connection with a given credential."""
        from zoomcall.cli.connection import Connection

        settings = self._voice.settings
        self._newest = Connection(
            held,
            api,
            http=lambda: self.http,
            api_base=settings.api_base,
            oauth_base=settings.oauth_base,
            now=self.now,
            keeper=self._keeper_of(held),
            unbroken=lambda: self.unbroken,
            kept=self._kept_of(held),
        )
        return self._newest

    @cached_property
    def unbroken(self) -> Unbroken:
        """Where a renewal goes on to its end, though the command is interrupted."""
        from zoomcall.usecases.renewing import Unbroken

        return Unbroken()

    def _kept_of(self, held: HeldCredential) -> KeptToken | None:
        """Return where a profile's server-to-server token is kept; a token of the environment's app never is."""
        app = held.credential
        if held.profile is None or not isinstance(app, ServerToServerApp):
            return None
        from zoomcall.adapters.config_file import ConfigFile
        from zoomcall.adapters.kept_token import KeptToken
        from zoomcall.domain.credential import CredentialSource

        if not isinstance(self.config, ConfigFile):
            return None
        store = self.secret_files if held.label.source is CredentialSource.FILE else self.keyring
        oauth_base = self._voice.settings.oauth_base or held.oauth_base or OAUTH_BASE
        return KeptToken(held.profile, app, oauth_base, config=self.config, store=store)

    def _keeper_of(self, held: HeldCredential) -> StoredSignIn | None:
        if held.profile is None or held.label.kind is not CredentialKind.OAUTH:
            return None
        from zoomcall.adapters.sign_in_keeper import StoredSignIn
        from zoomcall.domain.profile import Store

        profile = self.config.read().profile(held.profile)
        store = self.secret_files if profile.store is Store.FILE else self.keyring
        return StoredSignIn(profile, store, self.config_dir)

    def connection_of_call(self, call: CallRecord) -> Connection:
        """Return the connection that a call of the journal was made with.

        Raises:
            UsageError: The call was made at another API base.
        """
        connection = self.connect(call.target.api, profile=call.profile)
        if call.target.api_base != connection.api_base:
            raise UsageError(
                f"call {call.id} was made through {call.target.api_base}, but this command would use"
                f" {connection.api_base}",
                fix=f"Use -p with the profile that made the call, or set ZOOMCALL_API_BASE={call.target.api_base}.",
            )
        return connection

    @staticmethod
    def redirect_listener(path: str, port: int) -> RedirectListener:
        """Listen for the browser that comes back from a sign-in; raise ``UsageError`` if that is not possible."""
        from zoomcall.adapters.redirect_listener import RedirectListener

        return RedirectListener(path, port)

    def oauth_of(self, profile: Profile) -> ZoomOAuth:
        """Return the OAuth endpoints of a profile, for which no secret is read."""
        from zoomcall.adapters.zoom_oauth import ZoomOAuth
        from zoomcall.domain.api_base import parse_base

        base = self._voice.settings.oauth_base
        if base is None and profile.oauth_base is not None:
            base = parse_base(
                profile.oauth_base, variable=f"oauth_base of profile {profile.name!r}", is_any_host_allowed=False
            )
        return ZoomOAuth(self.http, base or OAUTH_BASE)

    @property
    def facts(self) -> Facts:
        """What the newest connection knows, to explain a failure."""
        from zoomcall.knowledge.facts import Facts

        return Facts() if self._newest is None else self._newest.facts

    @property
    def shown_api_base(self) -> ApiBase:
        """The REST base for requests that are only shown; no secret is read."""
        return self._voice.settings.api_base or self._profile_api_base() or API_BASE

    @property
    def shown_oauth_base(self) -> ApiBase:
        """The base for token requests that are only shown."""
        return self._voice.settings.oauth_base or OAUTH_BASE

    def _profile_api_base(self) -> ApiBase | None:
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

    @cached_property
    def http(self) -> Http:
        """The HTTP client."""
        from zoomcall.adapters.http import Clock, Http

        trace = self._voice.trace if self._voice.options.is_debug else None
        return Http(trace=trace, clock=Clock(now=self.now))

    @cached_property
    def probe(self) -> NetworkProbe:
        """Tests the network path to Zoom."""
        from zoomcall.adapters.network_probe import NetworkProbe

        return NetworkProbe(self.http)

    @staticmethod
    def names(server: tuple[str, int] | None) -> Names:
        """Return DNS: the system's servers, or one that was given."""
        from zoomcall.cli.extras import extra

        with extra("sip", "the look-up of a room's name"):
            from zoomcall.adapters.dns import Dns

            return Dns(server)

    @cached_property
    def shell_setup(self) -> ShellSetup:
        """The start-up files of shells."""
        from zoomcall.adapters.shell_setup import ShellSetup

        return ShellSetup(self._voice.settings.environ)

    @cached_property
    def room_probe(self) -> RoomProbe:
        """Probes rooms."""
        from zoomcall.adapters.room_probe import RoomProbe

        probe = RoomProbe(self.now)
        probe.prepare()
        return probe

    @staticmethod
    def versions() -> tuple[tuple[str, str], ...]:
        """Return what is installed, with versions."""
        from zoomcall.adapters.installation import installed_versions

        return installed_versions()

    @staticmethod
    def check_report_place(path: Path) -> None:
        """Check that a report can be written to ``path``; raise ``UsageError`` if not."""
        from zoomcall.adapters.report_file import check_report_place

        check_report_place(path)

    @staticmethod
    def write_report(path: Path, text: str) -> None:
        """Write a report to ``path``, whole or not at all; raise ``UsageError`` if it cannot be written."""
        from zoomcall.adapters.report_file import write_report

        write_report(path, text)

    def close(self) -> None:
        """Stop receivers and followers, end renewals, keep tokens for later commands, and close the HTTP client."""
        self._open.close()
        if "unbroken" in self.__dict__:
            self.unbroken.close()
        for connection in self._connections.values():
            connection.keep_token()
        if "http" in self.__dict__:
            self.http.close()

    def key_pair_of_profile(self) -> VideoSdkKey | None:
        """Return the profile's key pair, to check a token against; warn and return None if it has none."""
        credential = self.connect(None).held.credential
        if isinstance(credential, VideoSdkKey):
            return credential
        message = f"a profile of kind {credential.kind} has no API secret to check the signature with"
        self._voice.notice(Notice("signature-unchecked", message))
        return None

    @staticmethod
    def check_signature(token: str, secret: Secret) -> bool:
        """Return whether a JWT's HS256 signature was made with a secret."""
        from zoomcall.adapters.jwt import check_hs256

        return check_hs256(token, secret)

    @cached_property
    def event_sources(self) -> EventSources:
        """Opens sources of pushed events."""
        from zoomcall.cli.event_sources import EventSources

        return EventSources(self._voice, self._open, self.now)

    def webhook_secret(self) -> HeldWebhookSecret:
        """Return the active webhook secret: of ``-p``, of the environment, or of the current profile."""
        from zoomcall.usecases.webhook_secret import find_webhook_secret

        voice = self._voice
        held = find_webhook_secret(
            voice.settings.environ,
            profile=voice.options.profile,
            config=self.config,
            read_secret_file=self.secret_of_file,
            read_stored_secret=self._stored_webhook_secret,
            warn=voice.notice,
        )
        voice.detail(f"webhook secret: from {held.source} ({held.name})")
        return held

    def _stored_webhook_secret(self, profile: Profile) -> Secret | None:
        from zoomcall.domain.profile import Store

        account = profile.webhook_account
        if profile.store is Store.FILE:
            return self.secret_files.read(account)
        return self.keyring.read(account, profile.keyring_backend) or self.keyring.read(account)

    @staticmethod
    def event_record(path: Path, warn: Warn) -> EventRecord:
        """Return the file to record events in, not yet open."""
        from zoomcall.adapters.event_file import EventRecord

        return EventRecord(path, warn)

    def events_of_file(self, path: Path) -> tuple[WebhookEvent, ...]:
        """Read every event in a file."""
        from zoomcall.adapters.event_file import read_events

        return read_events(path, self._voice.notice)

    def webhook_sender(self, url: str) -> WebhookSender:
        """Return a sender of events to another endpoint."""
        from zoomcall.adapters.webhook_sender import WebhookSender

        return WebhookSender(self.http, url)

    @staticmethod
    def batch_rows(data: bytes, *, name: str, columns: Sequence[str]) -> Iterator[RawRow | BadRow]:
        """Yield the rows of a batch's input."""
        from zoomcall.adapters.batch_file import read_batch

        return read_batch(data, name=name, columns=columns)

    def dialler(
        self, connection: Connection, journal: CallJournal, feeds: tuple[Feed, ...], missing: Sequence[str]
    ) -> Dialler:
        """Return a dialler for one connection."""
        from zoomcall.usecases.dialing.dialler import Dialler
        from zoomcall.usecases.dialing.polling import Polls

        zoom, now = connection.zoom, self.now
        polls = Polls(zoom, now=now)
        return Dialler(zoom=zoom, journal=journal, polls=polls, feeds=feeds, missing=tuple(missing), now=now)

    def journal_to_read(self) -> Journal:
        """Open the journal; without it there is nothing to look back at."""
        return self._journal_in(self._state_dir(), lambda: False)

    def journal(self, held: HeldCredential, is_hurried: Callable[[], bool] = lambda: False) -> Journal:
        """Open the journal; if the credential is not from a profile, an unusable folder is only a warning."""
        try:
            return self._journal_in(self._state_dir(), is_hurried)
        except FolderUnusable as error:
            if held.profile is not None:
                raise
            self._voice.notice(
                Notice("journal-off", f"{error.message}. Nothing guards against ringing the room twice this time")
            )
            return self._journal_in(None, is_hurried)

    def journal_of_run(self, path: Path, is_hurried: Callable[[], bool] = lambda: False) -> Journal:
        """Open the journal of a batch, which nobody else may resume at the same time.

        Raises:
            NotConfigured: Another process runs it, or the file cannot be used.
        """
        from zoomcall.own_files import locked

        try:
            self._open.enter_context(locked(path.with_name(path.name + ".lock"), _RUN_LOCK_LIMIT))
        except TimeoutError as error:
            raise NotConfigured(
                f"another zoomcall is running the batch of {path}", fix="Wait until it ends, or end it."
            ) from error
        except OSError as error:
            raise NotConfigured(f"the journal {path} cannot be used: {error.strerror}") from error
        return self._journal_in(path.parent, is_hurried, name=path.name)

    def journal_to_report(self, path: Path) -> Journal:
        """Open the journal of a batch to report on it, which may still run."""
        return self._journal_in(path.parent, lambda: False, name=path.name)

    def _journal_in(
        self, folder: Path | None, is_hurried: Callable[[], bool], *, name: str | None = None
    ) -> Journal:
        from zoomcall.adapters.clock import uptime
        from zoomcall.adapters.journal import FILE_NAME, Journal

        journal = Journal(folder, name=name or FILE_NAME, is_hurried=is_hurried, uptime=uptime)
        self._open.callback(journal.close)
        return journal

    def _state_dir(self) -> Path:
        if self._voice.settings.state_dir is not None:
            return self._voice.settings.state_dir
        from zoomcall.adapters.folders import state_folder

        return state_folder()


class _NoConfig:
    """The ``config.toml`` of a user who has no folder for it."""

    def __init__(self, error: FolderUnusable) -> None:
        self._error = error

    def read(self) -> Config:
        """Raise why there is no file."""
        raise self._error
