"""Stand-ins that several tests share, each in its section."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from zoomcall.domain.address import Protocol
from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.call import Sent, State, TimelineEntry
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallId, CallRecord, NewCall, Presence, Standing, TargetKey
from zoomcall.domain.live import Meeting, WebhookLog
from zoomcall.domain.profile import Config, Profile
from zoomcall.domain.roster import Participant
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import ResolvedTarget

# Profiles and secrets


@dataclass
class FakeConfig:
    """Profiles in memory; ``error`` is raised by every edit, after ``on_error``; ``calls`` has its locking."""

    config: Config = field(default_factory=Config)
    error: BaseException | None = None
    reads: int = 0
    on_error: Callable[[], None] = lambda: None
    calls: list[tuple[str, str]] = field(default_factory=list)

    def read(self) -> Config:
        self.reads += 1
        return self.config

    @contextmanager
    def editing(self) -> Iterator[None]:
        self.calls.append(("lock", ""))
        yield
        self.calls.append(("unlock", ""))

    def put(self, profile: Profile) -> Config:
        current = self.config.current if self.config.current in self.config.names else profile.name
        broken = {name: why for name, why in self.config.broken.items() if name != profile.name}
        return self._become(
            replace(
                self.config,
                current=current,
                profiles={**self.config.profiles, profile.name: profile},
                broken=broken,
            )
        )

    def remove(self, name: str) -> Config:
        return self._become(
            replace(
                self.config,
                current=None if self.config.current == name else self.config.current,
                profiles={key: each for key, each in self.config.profiles.items() if key != name},
                broken={key: each for key, each in self.config.broken.items() if key != name},
            )
        )

    def switch(self, name: str) -> Config:
        self.config.profile(name)
        return self._become(replace(self.config, current=name))

    def _become(self, config: Config) -> Config:
        if self.error is not None:
            self.on_error()
            raise self.error
        self.config = config
        return config


@dataclass
class FakeStore:
    """Secrets in memory; an error is raised by the calls that it is named for."""

    secrets: dict[str, str] = field(default_factory=dict)
    backend: str | None = None
    errors: dict[str, BaseException] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def read(self, account: str, backend: str | None = None) -> Secret | None:
        self._note("read", account)
        text = self.secrets.get(account)
        return None if text is None else Secret(text)

    def previous(self, account: str, backend: str | None = None) -> Secret | None:
        self._note("previous", account)
        text = self.secrets.get(account)
        return None if text is None else Secret(text)

    def write(self, account: str, secret: Secret) -> str | None:
        self._note("write", account)
        self.secrets[account] = secret.reveal()
        return self.backend

    def remove(self, account: str, backend: str | None = None) -> bool:
        self._note("remove", account)
        return self.secrets.pop(account, None) is not None

    def removal(self, account: str, backend: str | None = None) -> str:
        return f"remove {account}"

    @property
    def is_empty(self) -> bool:
        return not self.secrets

    def clear(self) -> None:
        self.secrets.clear()

    def _note(self, call: str, account: str) -> None:
        self.calls.append((call, account))
        if call in self.errors:
            raise self.errors[call]


# Dialling: Zoom, the journal, and who is told


T = TypeVar("T")


@dataclass
class FakeZoom:
    """Zoom as dialling sees it: each list is used up from its front, its last item again and again.

    An item that is an exception is raised. ``log`` holds every request, in order.
    """

    rosters: list[tuple[Participant, ...] | BaseException] = field(default_factory=list)
    answers: list[ZoomAnswer | BaseException] = field(default_factory=list)
    logs: list[tuple[WebhookLog, ...] | BaseException] = field(default_factory=list)
    removals: list[ZoomAnswer | BaseException] = field(default_factory=list)
    pasts: list[tuple[Participant, ...] | BaseException] = field(default_factory=list)
    last_clock: tuple[datetime, datetime] | None = None
    has_waiting_room: bool | None = None
    on_call_out: Callable[[], None] = lambda: None
    log: list[str] = field(default_factory=list)
    requests: list[CalloutRequest] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    deadlines: list[datetime | None] = field(default_factory=list)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        return self._read_roster(f"session {session_id}", deadline)

    def meeting_participants(self, number: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        return self._read_roster(f"meeting {number}", deadline)

    def past_session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        return _next_of(self.pasts)

    def past_meeting_participants(
        self, number: str, *, deadline: datetime | None = None
    ) -> tuple[Participant, ...]:
        return _next_of(self.pasts)

    def webhook_logs(
        self,
        *,
        from_time: datetime,
        to_time: datetime,
        event: str | None = None,
        is_sample: bool = False,
        deadline: datetime | None = None,
    ) -> tuple[WebhookLog, ...]:
        assert from_time <= to_time
        self.log.append("webhook_logs")
        self.windows.append((from_time, to_time))
        self.deadlines.append(deadline)
        return _next_of(self.logs)

    def call_out(
        self,
        request: CalloutRequest,
        *,
        deadline: datetime | None = None,
        on_first_byte: Callable[[], None] = lambda: None,
    ) -> ZoomAnswer:
        self.log.append("PATCH")
        self.deadlines.append(deadline)
        self.requests.append(request)
        self.on_call_out()
        on_first_byte()
        return _next_of(self.answers)

    def remove_participant(
        self, target: ResolvedTarget, participant_uuid: str, *, deadline: datetime | None = None
    ) -> ZoomAnswer:
        self.log.append("remove")
        self.removed.append(participant_uuid)
        return _next_of(self.removals)

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        return Meeting(has_waiting_room=self.has_waiting_room)

    def _read_roster(self, target: str, deadline: datetime | None) -> tuple[Participant, ...]:
        self.log.append(f"roster of {target}")
        self.deadlines.append(deadline)
        return _next_of(self.rosters)


_TURN = threading.Lock()


def _next_of(items: list[T | BaseException]) -> T:
    with _TURN:  # calls ask for several things at the same time
        item = items.pop(0) if len(items) > 1 else items[0]
    if isinstance(item, BaseException):
        raise item
    return item


@dataclass
class FakeJournal:
    """The journal in a list; an error is raised by the calls that it is named for."""

    others: tuple[CallRecord, ...] = ()
    earlier: tuple[CallRecord, ...] = ()
    credited: frozenset[str] = frozenset()
    errors: dict[str, BaseException] = field(default_factory=dict)
    claims: list[tuple[NewCall, bool]] = field(default_factory=list)
    presences: list[Presence | None] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)
    removed: list[CallId] = field(default_factory=list)

    @property
    def last(self) -> tuple[State, Sent] | None:
        """State and ``sent`` as they were written down last."""
        return (self.standings[-1].state, self.standings[-1].sent) if self.standings else None

    def claim(self, call: NewCall, *, is_forced: bool, present: Presence | None = None) -> CallId:
        self._raise("claim")
        self.claims.append((call, is_forced))
        self.presences.append(present)
        return CallId(len(self.claims))

    def calls(
        self,
        *,
        target: TargetKey | None = None,
        room: tuple[Protocol, str] | None = None,
        limit: int | None = None,
    ) -> tuple[CallRecord, ...]:
        found = (call for call in self.earlier if target in {None, call.target})
        return tuple(call for call in found if room in {None, (call.protocol, call.address)})[:limit]

    def call(self, call_id: CallId) -> CallRecord | None:
        return next((call for call in self.earlier if call.id == call_id), None)

    def settle(self, call_id: CallId, standing: Standing) -> None:
        assert call_id == len(self.claims)
        self._raise("settle")
        self.standings.append(standing)

    def rivals(self, call_id: CallId, *, since: datetime) -> tuple[CallRecord, ...]:
        self._raise("rivals")
        return self.others

    def credited_to_others(self, call_id: CallId) -> frozenset[str]:
        return self.credited

    def take_credit(self, call_id: CallId, participant_id: str) -> bool:
        self._raise("take_credit")
        self.credits.append(participant_id)
        return True

    def take_message(self, call_id: CallId, message_id: str) -> bool:
        return True

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        self._raise("mark_removed")
        self.removed.append(call_id)

    def _raise(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]


@dataclass
class FakeListener:
    """Keeps what it is told; each progress calls ``on_progress``."""

    notices: list[Notice] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    entries: list[TimelineEntry] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    on_progress: Callable[[], None] = lambda: None

    def warn(self, notice: Notice) -> None:
        self.notices.append(notice)

    def detail(self, text: str) -> None:
        self.details.append(text)

    def progress(self, state: State, elapsed: timedelta) -> None:
        self.states.append(state)
        self.on_progress()

    def entry(self, entry: TimelineEntry) -> None:
        self.entries.append(entry)
