"""The emulated account: its sessions and meetings, their attendees, and every event so far."""

from __future__ import annotations

import base64
import random
import secrets
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.target import Api
from zoomcall.domain.time_words import stamp
from zoomcall.emulator.fates import DISCONNECTED_BY_LOCAL, Fate, Stage, Step, fate_of, phone_fate_of
from zoomcall.emulator.keys import TOKEN_LIFETIME, Grant, GrantType, Keys, make_oauth_token
from zoomcall.emulator.room_lists import DEVICES, MANAGED_ROOMS, Device, ManagedRoom
from zoomcall.emulator.sign_ins import SignIns
from zoomcall.errors import UsageError

SESSION_NAME = "Morning stand-up"
SCHEDULED = 2
"""Zoom's ``type`` of a scheduled meeting."""
MEETING_MINUTES = 60

_PEOPLE = (("Jill Chill", "Windows"), ("Ada Example", "Mac"))
_DOCUMENTATION_NET = "203.0.113."
_EVENT_PREFIXES = {
    Api.SESSION: "session.user_room_system_callout_",
    Api.MEETING: "meeting.participant_room_system_callout_",
}
_PHONE_EVENT_PREFIXES = {
    Api.SESSION: "session.user_phone_callout_",
    Api.MEETING: "meeting.participant_phone_callout_",
}
_FROM_NUMBER = 13167900000
_SESSION_KEY = "morning"
_USER_KEY = "jill"


class EventIds(StrEnum):
    """Whether the events of one call share their ``message_id``; Zoom promises neither (zoom-api 0.11)."""

    PER_CALL = "per-call"
    PER_EVENT = "per-event"


class Presence(StrEnum):
    """How an attendee comes and goes; each is the end of one of Zoom's event names (zoom-api 5.2)."""

    JOINED = "joined"
    LEFT = "left"
    JOINED_WAITING_ROOM = "joined_waiting_room"
    ADMITTED = "admitted"
    LEFT_WAITING_ROOM = "left_waiting_room"


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
        is_waiting: Whether the host has yet to admit the attendee from the waiting room.
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
    is_waiting: bool = False

    @property
    def is_present(self) -> bool:
        """Whether the attendee has not left; the waiting room counts."""
        return self.left_at is None


class Venue(Struct, frozen=True, kw_only=True):
    """A snapshot of a session or meeting.

    Attributes:
        key: Identifies it.
        uuid: A session's id again, or a meeting's own UUID.
        number: Zoom's number.
        name: A session's name, or a meeting's topic.
        host_id: The host's user id.
        started_at: None for a meeting or session that has not started.
        ended_at: None until it ends.
        attendees: In order of arrival, including those who have left.
        has_waiting_room: Whether rooms wait for the host to admit them.
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
    has_waiting_room: bool = False

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
        protocol: SIP, H.323, or a phone.
        address: ``device_ip`` or ``phone_number`` as received.
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

    @property
    def fate(self) -> Fate | None:
        """What becomes of it; None if the room itself decides."""
        return phone_fate_of(self.address) if self.protocol is Protocol.PHONE else fate_of(self.address)


class Event(Struct, frozen=True, kw_only=True):
    """One of Zoom's webhook events.

    Attributes:
        name: Like ``session.user_room_system_callout_ringing``.
        at: When it happened.
        request_id: ``x-zm-request-id``, the same for every attempt to deliver it.
        body: The JSON document.
        venue: Where it happened.
        about: The call, or the attendee, that it is about.
    """

    name: str
    at: datetime
    request_id: str
    body: dict[str, Any]
    venue: VenueKey
    about: str


class _Plan(Struct, frozen=True):
    """A session that goes live a while after somebody first asks for it."""

    delay: timedelta
    asked_at: datetime | None = None


Listener = Callable[[Event], None]


class World:
    """Everything that the emulated account's servers know. Thread-safe; what it returns never changes.

    Args:
        keys: The account's keys.
        scopes: The scopes of new OAuth tokens.
        token_lifetime: How long OAuth tokens are valid.
        event_ids: Whether the events of one call share their ``message_id``.

    Attributes:
        devices: The list of H.323/SIP devices, which a test may replace.
        managed_rooms: The rooms that an API connector manages.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        scopes: Sequence[str] = (),
        token_lifetime: timedelta = TOKEN_LIFETIME,
        event_ids: EventIds = EventIds.PER_CALL,
    ) -> None:
        self.keys = keys
        self.scopes = tuple(scopes)
        self._token_lifetime = token_lifetime
        self._event_ids = event_ids
        self._lock = threading.RLock()
        self._venues: dict[VenueKey, Venue] = {}
        self.sign_ins = SignIns()
        self._plans: dict[VenueKey, _Plan] = {}
        self._grants: dict[str, Grant] = {}
        self._events: list[Event] = []
        self._listeners: list[Listener] = []
        self.devices: tuple[Device, ...] = DEVICES
        self.managed_rooms: tuple[ManagedRoom, ...] = MANAGED_ROOMS
        self._stays: dict[str, str] = {}  # from the message_id of a joined call to its attendee's uuid

    def venue(self, key: VenueKey) -> Venue | None:
        """Look up a session or meeting."""
        return self._venues.get(key)

    def ask_for(self, key: VenueKey, *, now: datetime) -> Venue | None:
        """Look up a session or meeting for a client; a planned session goes live a while after the first time."""
        with self._lock:
            plan = self._plans.get(key)
            if plan is not None and plan.asked_at is None:
                self._plans[key] = replace(plan, asked_at=now)
            self._begin_planned(now)
            return self._venues.get(key)

    def _begin_planned(self, now: datetime) -> None:
        for key, plan in tuple(self._plans.items()):
            if plan.asked_at is not None and now >= plan.asked_at + plan.delay:
                begun = plan.asked_at + plan.delay
                self._venues[key] = replace(
                    self._venues[key], started_at=begun, attendees=_crowd(len(_PEOPLE), begun)
                )
                del self._plans[key]

    def list_for(self, name: str | None, *, now: datetime) -> tuple[Venue, ...]:
        """Return the live sessions of a name, or all of them, for a client, who so asks for each of them."""
        with self._lock:
            found = [venue.key for venue in self.venues(Api.SESSION) if name is None or venue.name == name]
            venues = (self.ask_for(key, now=now) for key in found)
            return tuple(venue for venue in venues if venue is not None and venue.is_live)

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

    def plan_session(self, name: str, *, now: datetime, delay: timedelta) -> Venue:
        """Plan a session that goes live, with some users in it, a while after somebody first asks for it."""
        identifier = make_session_id()
        venue = Venue(
            key=VenueKey(Api.SESSION, identifier),
            uuid=identifier,
            number=_number(),
            name=name,
            host_id=secrets.token_urlsafe(16),
            created_at=now,
            started_at=None,
        )
        self._plans[venue.key] = _Plan(delay)
        return self._add(venue)

    def open_meeting(
        self,
        topic: str,
        *,
        now: datetime,
        number: int | None = None,
        is_started: bool = True,
        people: int = 1,
        has_waiting_room: bool = False,
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
            has_waiting_room=has_waiting_room,
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
            self._venues[key] = venue = replace(self._venues[key], ended_at=now)
            for attendee in venue.present:
                self.leave(key, attendee.uuid, now=now)

    def join(
        self,
        key: VenueKey,
        *,
        now: datetime,
        name: str,
        device: str = ROOM_DEVICE,
        ip_address: str | None = None,
        sip_uri: str | None = None,
        is_waiting: bool = False,
    ) -> Attendee:
        """Add an attendee who was not rung: another room, or a person."""
        attendee = _attendee(name, device, now, ip_address=ip_address, sip_uri=sip_uri, is_waiting=is_waiting)
        with self._lock:
            self._enter(key, attendee, now)
            self._tell_arrival(key, attendee, now)
        return attendee

    def _enter(self, key: VenueKey, attendee: Attendee, now: datetime) -> None:
        venue = self._venues[key]
        self._venues[key] = replace(
            venue, started_at=venue.started_at or now, attendees=(*venue.attendees, attendee)
        )

    def _tell_arrival(self, key: VenueKey, attendee: Attendee, now: datetime) -> None:
        presence = Presence.JOINED_WAITING_ROOM if attendee.is_waiting else Presence.JOINED
        self._tell(key, attendee, presence, now)

    def admit(self, key: VenueKey, attendee_uuid: str, *, now: datetime) -> None:
        """Let an attendee out of the waiting room into the meeting; a uuid that is not in there is ignored."""
        with self._lock:
            attendee = self._change(key, attendee_uuid, is_waiting=False)
            if attendee is not None and attendee.is_waiting:
                for presence in (Presence.ADMITTED, Presence.LEFT_WAITING_ROOM, Presence.JOINED):
                    self._tell(key, attendee, presence, now)

    def leave(self, key: VenueKey, attendee_uuid: str, *, now: datetime) -> None:
        """Mark an attendee as gone; an unknown uuid is ignored."""
        with self._lock:
            attendee = self._change(key, attendee_uuid, left_at=now)
            if attendee is not None:
                self._tell(key, attendee, Presence.LEFT_WAITING_ROOM if attendee.is_waiting else Presence.LEFT, now)

    def _change(self, key: VenueKey, attendee_uuid: str, **changes: Any) -> Attendee | None:
        """Change an attendee who has not left, and return who it was before; None if there is none."""
        venue = self._venues[key]
        before = next((attendee for attendee in venue.present if attendee.uuid == attendee_uuid), None)
        if before is not None:
            after = replace(before, **changes)
            attendees = tuple(after if attendee is before else attendee for attendee in venue.attendees)
            self._venues[key] = replace(venue, attendees=attendees)
        return before

    def advance(self, call: Call, step: Step, *, now: datetime) -> None:
        """Apply ``step`` to ``call``: emit its event, and let the room join or leave.

        Where there is a waiting room, the room is placed in it. A call answered after its venue has ended fails
        with reason 10.
        """
        with self._lock:
            venue = self._venues[call.venue]
            if step.stage is Stage.LEFT:
                stay = self._stays.pop(call.message_id, None)
                if stay is not None:
                    self.leave(call.venue, stay, now=now)
                return
            is_phone = call.protocol is Protocol.PHONE
            if step.stage is Stage.ACCEPTED and venue.ended_at is not None:
                stage = Stage.CANCELED if is_phone else Stage.FAILED
                step = Step(stage, step.after, DISCONNECTED_BY_LOCAL)
            attendee = None
            if step.stage is Stage.ACCEPTED:
                attendee = _attendee(
                    _shown_name(call),
                    call.protocol.device,
                    now,
                    ip_address=_literal_ip(call),
                    sip_uri=call.address if call.protocol is Protocol.SIP else None,
                    is_waiting=venue.has_waiting_room,
                )
                self._enter(call.venue, attendee, now)
                self._stays[call.message_id] = attendee.uuid
            message_id = call.message_id if self._event_ids is EventIds.PER_CALL else make_message_id()
            if is_phone:
                self._emit(_phone_event(self.keys.account_id, venue, call, step.stage, now))
            else:
                self._emit(_callout_event(self.keys.account_id, venue, call, step, now, message_id))
            if attendee is not None:
                self._tell_arrival(call.venue, attendee, now)

    def stay_of(self, call: Call) -> str | None:
        """Return the uuid of a call's attendee; None before the room joins and after it hangs up."""
        return self._stays.get(call.message_id)

    def _tell(self, key: VenueKey, attendee: Attendee, presence: Presence, now: datetime) -> None:
        if key.api is Api.MEETING:
            self._emit(_presence_event(self.keys.account_id, self._venues[key], attendee, presence, now))

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

    def issue_token(self, kind: GrantType, *, now: datetime, client_id: str | None = None) -> tuple[str, Grant]:
        """Issue an OAuth token, to the confidential app if no other is named."""
        grant = Grant(kind, self.scopes, now + self._token_lifetime, client_id or self.keys.client_id)
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

    def sign_out(self, token: str) -> bool:
        """End the sign-in that an access or refresh token is of; return whether there was one."""
        grant = self._grants.get(token)
        owner = self.sign_ins.owner_of(token) if grant is None else grant.client_id
        if owner is None:
            return False
        self.sign_ins.end(owner)
        with self._lock:
            self._grants = {
                text: its
                for text, its in self._grants.items()
                if not (its.client_id == owner and its.type.is_of_user)
            }
        return True


def make_session_id() -> str:
    """Draw an id like Zoom's, with a slash inside, a plus and two equal signs; encoded once (zoom-api 3.5)."""
    while True:
        identifier = base64.b64encode(secrets.token_bytes(16)).decode()
        if "/" in identifier and "+" in identifier and "//" not in identifier and not identifier.startswith("/"):
            return identifier


def make_message_id() -> str:
    """Draw a ``message_id``."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _number() -> int:
    return secrets.choice(range(10**10, 10**11))


def _crowd(people: int, now: datetime) -> tuple[Attendee, ...]:
    crowd = []
    for index in range(people):
        name, device = _PEOPLE[index] if index < len(_PEOPLE) else (f"Guest {index + 1}", "iOS")
        crowd.append(replace(_attendee(name, device, now), is_host=index == 0))
    return tuple(crowd)


def _attendee(
    name: str,
    device: str,
    now: datetime,
    *,
    ip_address: str | None = None,
    sip_uri: str | None = None,
    is_waiting: bool = False,
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
        is_waiting=is_waiting,
    )


def _shown_name(call: Call) -> str:
    return call.to_name or call.address.partition("@")[0] or call.address


def _literal_ip(call: Call) -> str | None:
    if call.protocol is Protocol.PHONE:
        return None
    try:
        ip = RoomAddress.parse(call.protocol, call.address).ip
    except UsageError:  # how Zoom would read such an address is unknown
        return None
    return None if ip is None else str(ip)


def _callout_event(account_id: str, venue: Venue, call: Call, step: Step, now: datetime, message_id: str) -> Event:
    name = _EVENT_PREFIXES[venue.key.api] + step.stage
    subject: dict[str, Any] = {"id": venue.number, "uuid": venue.uuid}
    if venue.key.api is Api.SESSION:
        subject |= {"session_id": venue.key.identifier, "session_name": venue.name}
    subject |= {
        "host_id": venue.host_id,
        "message_id": message_id,
        "inviter_name": call.from_name or _PEOPLE[0][0],
    }
    if step.stage is Stage.FAILED:
        subject["reason_type"] = step.reason
    subject["participant"] = {"call_type": call.protocol.value, "device_ip": call.address}
    return _event(name, account_id, venue, subject, call.message_id, now)


def _phone_event(account_id: str, venue: Venue, call: Call, stage: Stage, now: datetime) -> Event:
    """Build an event of a phone call: its numbers are integers, and nothing names the call (zoom-api 5.2)."""
    participant: dict[str, Any] = {
        "invitee_name": call.to_name or "",
        "phone_number": int(call.address.partition("-")[0]),
    }
    if venue.key.api is Api.SESSION:
        subject: dict[str, Any] = {
            "session_id": venue.key.identifier,
            "session_name": venue.name,
            "session_key": _SESSION_KEY,
            "user_key": _USER_KEY,
        }
        if stage is not Stage.CANCELED:
            subject |= {"id": venue.number, "uuid": venue.uuid, "host_id": venue.host_id}
        participant["from_number"] = _FROM_NUMBER
    else:
        subject = {"id": venue.number, "uuid": venue.uuid, "host_id": venue.host_id}
        stage = Stage.FAILED if stage is Stage.CANCELED else stage
    subject["participant"] = participant
    name = _PHONE_EVENT_PREFIXES[venue.key.api] + stage
    return _event(name, account_id, venue, subject, call.message_id, now)


def _presence_event(account_id: str, venue: Venue, attendee: Attendee, presence: Presence, now: datetime) -> Event:
    times = {Presence.JOINED: "join_time", Presence.LEFT: "leave_time"}
    subject = {
        "id": str(venue.number),
        "uuid": venue.uuid,
        "host_id": venue.host_id,
        "topic": venue.name,
        "type": SCHEDULED,
        "start_time": stamp(venue.started_at or venue.created_at),
        "timezone": "UTC",
        "duration": MEETING_MINUTES,
        "participant": {
            "user_id": attendee.id,
            "user_name": attendee.name,
            "id": venue.host_id if attendee.is_host else "",
            "participant_uuid": attendee.uuid,
            times.get(presence, "date_time"): stamp(now),
            "email": "",
        },
    }
    return _event(f"meeting.participant_{presence}", account_id, venue, subject, attendee.uuid, now)


def _event(name: str, account_id: str, venue: Venue, subject: dict[str, Any], about: str, now: datetime) -> Event:
    body = {
        "event": name,
        "event_ts": int(now.timestamp() * 1000),
        "payload": {"account_id": account_id, "object": subject},
    }
    return Event(name=name, at=now, request_id=str(uuid.uuid4()), body=body, venue=venue.key, about=about)
