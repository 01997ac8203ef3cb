"""The emulated account: its sessions and meetings, their attendees, and every event so far."""

from __future__ import annotations

import base64
import random
import secrets
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.target import Api
from zoomcall.emulator.fates import DISCONNECTED_BY_LOCAL, Stage, Step
from zoomcall.emulator.keys import TOKEN_LIFETIME, Grant, GrantType, Keys, make_oauth_token
from zoomcall.errors import UsageError

SESSION_NAME = "Morning stand-up"

_PEOPLE = (("Jill Chill", "Windows"), ("Ada Example", "Mac"))
_DOCUMENTATION_NET = "203.0.113."
_EVENT_PREFIXES = {
    Api.SESSION: "session.user_room_system_callout_",
    Api.MEETING: "meeting.participant_room_system_callout_",
}


class VenueKey(Struct, frozen=True):
    """Identifies a session (by id) or a meeting (by number)."""

    api: Api
    identifier: str


class Attendee(Struct, frozen=True, kw_only=True):
    """Someone in a venue, now or in the past.

    Attributes:
        id: Zoom's short id, for this stay only.
        uuid: Zoom's ``participant_uuid``.
        name: As displayed.
        device: One of Zoom's words (zoom-api 4).
        ip_address: As Zoom's servers see it.
        joined_at: When the attendee joined.
        left_at: When the attendee left.
        sip_uri: Contact and From URI; for SIP rooms only.
        is_host: Whether the attendee is the host.
    """

    id: str
    uuid: str
    name: str
    device: str
    ip_address: str
    joined_at: datetime
    left_at: datetime | None = None
    sip_uri: str | None = None
    is_host: bool = False

    @property
    def is_present(self) -> bool:
        """Whether the attendee has not left."""
        return self.left_at is None


class Venue(Struct, frozen=True, kw_only=True):
    """A snapshot of a session or meeting.

    Attributes:
        key: Identifies it.
        uuid: A session's id again, or a meeting's own UUID.
        number: Zoom's number.
        name: A session's name, or a meeting's topic.
        host_id: The host's user id.
        started_at: None for a meeting that has not started.
        ended_at: None until it ends.
        attendees: In order of arrival, including those who have left.
    """

    key: VenueKey
    uuid: str
    number: int
    name: str
    host_id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None = None
    attendees: tuple[Attendee, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether it has started and not ended."""
        return self.started_at is not None and self.ended_at is None

    @property
    def present(self) -> tuple[Attendee, ...]:
        """The attendees who have not left."""
        return tuple(attendee for attendee in self.attendees if attendee.is_present)


class Call(Struct, frozen=True, kw_only=True):
    """One room that Zoom was asked to ring.

    Attributes:
        venue: Where the room joins.
        message_id: Zoom's own id of the request, which only its events show.
        protocol: SIP or H.323.
        address: ``device_ip`` as received.
        from_name: The caller's name, as shown to the room.
        to_name: The room's name in the venue.
        from_uri: The caller's SIP URI.
        headers: Additional SIP headers.
    """

    venue: VenueKey
    message_id: str
    protocol: Protocol
    address: str
    from_name: str | None = None
    to_name: str | None = None
    from_uri: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Event(Struct, frozen=True, kw_only=True):
    """One of Zoom's webhook events.

    Attributes:
        name: Like ``session.user_room_system_callout_ringing``.
        at: When it happened.
        request_id: ``x-zm-request-id``, the same for every attempt to deliver it.
        body: The JSON document.
        venue: Where it happened.
    """

    name: str
    at: datetime
    request_id: str
    body: dict[str, Any]
    venue: VenueKey


Listener = Callable[[Event], None]


class World:
    """Everything that the emulated account's servers know. Thread-safe; what it returns never changes.

    Args:
        keys: The account's keys.
        scopes: The scopes of new OAuth tokens.
        token_lifetime: How long OAuth tokens are valid.
    """

    def __init__(
        self, keys: Keys, *, scopes: Sequence[str] = (), token_lifetime: timedelta = TOKEN_LIFETIME
    ) -> None:
        self.keys = keys
        self.scopes = tuple(scopes)
        self._token_lifetime = token_lifetime
        self._lock = threading.RLock()
        self._venues: dict[VenueKey, Venue] = {}
        self._grants: dict[str, Grant] = {}
        self._events: list[Event] = []
        self._listeners: list[Listener] = []
        self._stays: dict[str, str] = {}  # from the message_id of a joined call to its attendee's uuid

    def venue(self, key: VenueKey) -> Venue | None:
        """Look up a session or meeting."""
        return self._venues.get(key)

    def venues(self, api: Api) -> tuple[Venue, ...]:
        """Return all sessions or all meetings, oldest first."""
        with self._lock:
            return tuple(venue for venue in self._venues.values() if venue.key.api is api)

    def open_session(
        self, name: str, *, now: datetime, identifier: str | None = None, people: int = len(_PEOPLE)
    ) -> Venue:
        """Start a session with some ordinary users in it.

        Raises:
            UsageError: A session with that id exists.
        """
        identifier = identifier or make_session_id()
        venue = Venue(
            key=VenueKey(Api.SESSION, identifier),
            uuid=identifier,
            number=_number(),
            name=name,
            host_id=secrets.token_urlsafe(16),
            created_at=now,
            started_at=now,
            attendees=_crowd(people, now),
        )
        return self._add(venue)

    def open_meeting(
        self, topic: str, *, now: datetime, number: int | None = None, is_started: bool = True, people: int = 1
    ) -> Venue:
        """Start a meeting with its host in it, or schedule one.

        Raises:
            UsageError: A meeting with that number exists.
        """
        number = number or _number()
        venue = Venue(
            key=VenueKey(Api.MEETING, str(number)),
            uuid=make_session_id(),
            number=number,
            name=topic,
            host_id=secrets.token_urlsafe(16),
            created_at=now,
            started_at=now if is_started else None,
            attendees=_crowd(people, now) if is_started else (),
        )
        return self._add(venue)

    def _add(self, venue: Venue) -> Venue:
        with self._lock:
            if venue.key in self._venues:
                raise UsageError(f"the {venue.key.api} {venue.key.identifier} already exists")
            self._venues[venue.key] = venue
        return venue

    def end(self, key: VenueKey, *, now: datetime) -> None:
        """End a session or meeting; everybody leaves."""
        with self._lock:
            venue = self._venues[key]
            attendees = tuple(_gone(attendee, now) for attendee in venue.attendees)
            self._venues[key] = replace(venue, ended_at=now, attendees=attendees)

    def join(
        self,
        key: VenueKey,
        *,
        now: datetime,
        name: str,
        device: str = ROOM_DEVICE,
        ip_address: str | None = None,
        sip_uri: str | None = None,
    ) -> Attendee:
        """Add an attendee who was not rung: another room, or a person."""
        attendee = _attendee(name, device, now, ip_address=ip_address, sip_uri=sip_uri)
        with self._lock:
            venue = self._venues[key]
            self._venues[key] = replace(
                venue, started_at=venue.started_at or now, attendees=(*venue.attendees, attendee)
            )
        return attendee

    def leave(self, key: VenueKey, attendee_uuid: str, *, now: datetime) -> None:
        """Mark an attendee as gone; an unknown uuid is ignored."""
        with self._lock:
            venue = self._venues[key]
            attendees = tuple(
                _gone(attendee, now) if attendee.uuid == attendee_uuid else attendee for attendee in venue.attendees
            )
            self._venues[key] = replace(venue, attendees=attendees)

    def advance(self, call: Call, step: Step, *, now: datetime) -> None:
        """Apply ``step`` to ``call``: emit its event, and let the room join or leave.

        A call answered after its venue has ended fails with reason 10.
        """
        with self._lock:
            venue = self._venues[call.venue]
            if step.stage is Stage.LEFT:
                stay = self._stays.pop(call.message_id, None)
                if stay is not None:
                    self.leave(call.venue, stay, now=now)
                return
            if step.stage is Stage.ACCEPTED and venue.ended_at is not None:
                step = Step(Stage.FAILED, step.after, DISCONNECTED_BY_LOCAL)
            if step.stage is Stage.ACCEPTED:
                attendee = self.join(
                    call.venue,
                    now=now,
                    name=_shown_name(call),
                    ip_address=_literal_ip(call),
                    sip_uri=call.address if call.protocol is Protocol.SIP else None,
                )
                self._stays[call.message_id] = attendee.uuid
            self._emit(_event(self.keys.account_id, venue, call, step, now))

    def stay_of(self, call: Call) -> str | None:
        """Return the uuid of a call's attendee; None before the room joins and after it hangs up."""
        return self._stays.get(call.message_id)

    def _emit(self, event: Event) -> None:
        self._events.append(event)
        for listener in tuple(self._listeners):
            listener(event)

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event so far, oldest first."""
        with self._lock:
            return tuple(self._events)

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` for each event from now on, in the thread that emits it; it must not block."""
        with self._lock:
            self._listeners.append(listener)

    def issue_token(self, kind: GrantType, *, now: datetime) -> tuple[str, Grant]:
        """Issue an OAuth token."""
        grant = Grant(kind, self.scopes, now + self._token_lifetime)
        token = make_oauth_token(self.keys, grant, now=now)
        with self._lock:
            # an expired token is remembered for a while, to get the error for expired ones
            oldest = now - self._token_lifetime
            self._grants = {old: its for old, its in self._grants.items() if its.expires_at > oldest}
            self._grants[token] = grant
        return token, grant

    def grant_of(self, token: str) -> Grant | None:
        """Return what an issued token permits, or None if it is unknown."""
        return self._grants.get(token)

    def revoke_tokens(self) -> None:
        """Forget every OAuth token issued so far."""
        with self._lock:
            self._grants.clear()


def make_session_id() -> str:
    """Draw an id like Zoom's, with a slash inside, a plus and two equal signs; encoded once (zoom-api 3.5)."""
    while True:
        identifier = base64.b64encode(secrets.token_bytes(16)).decode()
        if "/" in identifier and "+" in identifier and "//" not in identifier and not identifier.startswith("/"):
            return identifier


def _number() -> int:
    return secrets.choice(range(10**10, 10**11))


def _crowd(people: int, now: datetime) -> tuple[Attendee, ...]:
    crowd = []
    for index in range(people):
        name, device = _PEOPLE[index] if index < len(_PEOPLE) else (f"Guest {index + 1}", "iOS")
        crowd.append(replace(_attendee(name, device, now), is_host=index == 0))
    return tuple(crowd)


def _attendee(
    name: str, device: str, now: datetime, *, ip_address: str | None = None, sip_uri: str | None = None
) -> Attendee:
    last = random.randint(1, 254)  # noqa: S311  an address from a documentation network is not a secret
    return Attendee(
        id=str(secrets.randbelow(10**8) + 10**7),
        uuid=str(uuid.uuid4()).upper(),
        name=name,
        device=device,
        ip_address=ip_address or f"{_DOCUMENTATION_NET}{last}",
        joined_at=now,
        sip_uri=sip_uri,
    )


def _gone(attendee: Attendee, now: datetime) -> Attendee:
    return replace(attendee, left_at=now) if attendee.is_present else attendee


def _shown_name(call: Call) -> str:
    return call.to_name or call.address.partition("@")[0] or call.address


def _literal_ip(call: Call) -> str | None:
    try:
        ip = RoomAddress.parse(call.protocol, call.address).ip
    except UsageError:  # how Zoom would read such an address is unknown
        return None
    return None if ip is None else str(ip)


def _event(account_id: str, venue: Venue, call: Call, step: Step, now: datetime) -> Event:
    name = _EVENT_PREFIXES[venue.key.api] + step.stage
    subject: dict[str, Any] = {"id": venue.number, "uuid": venue.uuid}
    if venue.key.api is Api.SESSION:
        subject |= {"session_id": venue.key.identifier, "session_name": venue.name}
    subject |= {
        "host_id": venue.host_id,
        "message_id": call.message_id,
        "inviter_name": call.from_name or _PEOPLE[0][0],
    }
    if step.stage is Stage.FAILED:
        subject["reason_type"] = step.reason
    subject["participant"] = {"call_type": call.protocol.value, "device_ip": call.address}
    body = {
        "event": name,
        "event_ts": int(now.timestamp() * 1000),
        "payload": {"account_id": account_id, "object": subject},
    }
    return Event(name=name, at=now, request_id=str(uuid.uuid4()), body=body, venue=venue.key)
