"""Zoom's callout events (zoom-api 5.1, 5.2): what a webhook, log row or websocket frame reports about one call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Reason, State
from zoomcall.domain.destination import Destination, known_destination
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.raw_answer import well_formed
from zoomcall.domain.target import Api
from zoomcall.errors import UsageError

_NAME = Pattern(r"(session\.user|meeting\.participant)_(room_system|phone)_callout_([a-z]+)")
_APIS = {"session.user": Api.SESSION, "meeting.participant": Api.MEETING}
_ANSWERED = {Api.SESSION: State.JOINED, Api.MEETING: State.ANSWERED}
_STATES = {
    "ringing": State.RINGING,
    "accepted": State.ANSWERED,
    "rejected": State.DECLINED,
    "missed": State.MISSED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}
_WHEREABOUTS = {
    "joined": State.JOINED,
    "admitted": State.JOINED,
    "joined_waiting_room": State.WAITING_ROOM,
    "put_in_waiting_room": State.WAITING_ROOM,
    "left_waiting_room": State.ANSWERED,
}
_PROTOCOLS = {"sip": Protocol.SIP, "h323": Protocol.H323, "h.323": Protocol.H323}
RINGING_IN_SESSION = "session.user_room_system_callout_ringing"
"""Zoom's name for the event that most calls into a session begin with."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_LATEST = 253_402_300_799_000
_LARGEST_REASON = 2**31
_NUMBER = Pattern(r"\+?([1-9][0-9]{1,19})")
_LARGEST_NUMBER = 10**20


class CalloutEvent(Struct, frozen=True, kw_only=True):
    """One event of one call.

    Attributes:
        state: The state it reports; Zoom's ``accepted`` is ``joined``.
        api: The API that sent it.
        target_id: The session's id, or the meeting's number.
        protocol: Zoom's ``call_type``, or that it is about a phone.
        device: Zoom's ``device_ip``, which may differ from the one that was sent, or the digits of its
            ``phone_number``, which as an integer has no extension.
        at: ``event_ts``, by Zoom's clock.
        reason: Why the call failed, if Zoom says so.
        message_id: Zoom's id of the call, the same in all its events.
    """

    state: State
    api: Api
    target_id: str
    protocol: Protocol
    device: str
    at: datetime
    reason: Reason | None = None
    message_id: str | None = None

    def rings(self, address: Destination) -> bool:
        """Return whether its device is the room at ``address``, in whatever spelling, or the phone."""
        if self.protocol is not address.protocol:
            return False
        if not isinstance(address, RoomAddress):
            return self.device == address.digits
        if self.device == address.text:
            return True
        try:
            return _spelling(known_destination(self.protocol, self.device.strip())) == _spelling(address)
        except UsageError:
            return False


@lru_cache(maxsize=4096)
def _spelling(address: Destination) -> str:
    return address.normalised


class ParticipantEvent(Struct, frozen=True, kw_only=True):
    """Where one participant of a meeting is now (zoom-api 5.2).

    Attributes:
        state: ``joined``, ``waiting-room``, or ``answered`` for one that left the waiting room.
        target_id: The meeting's number.
        name: As displayed in the meeting.
        uuid: Its ``participant_uuid``, if Zoom sent it.
        at: ``event_ts``: Zoom's clock.
    """

    state: State
    target_id: str
    name: str
    uuid: str | None
    at: datetime


Event = CalloutEvent | ParticipantEvent


def is_callout_name(name: str) -> bool:
    """Return whether an event of this name is about the call of a room system or a phone."""
    return _NAME.fullmatch(name) is not None


def read_event(document: object) -> CalloutEvent | None:
    """Read Zoom's JSON; None if it is not a callout event, or lacks what ties it to a call."""
    if not isinstance(document, Mapping):
        return None
    name = document.get("event")
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or match[3] not in _STATES or match.group(2, 3) == ("room_system", "canceled"):
        return None
    api, state = _APIS[match[1]], _STATES[match[3]]
    if state is State.ANSWERED:
        state = _ANSWERED[api]
    content = _mapping(_mapping(document.get("payload")).get("object"))
    participant = _mapping(content.get("participant"))
    protocol, device = _rung(match[2], participant)
    target_id = _target_id(api, content)
    at = _moment(document.get("event_ts"))
    if device is None or protocol is None or target_id is None or at is None:
        return None
    message_id = content.get("message_id")
    return CalloutEvent(
        state=state,
        api=api,
        target_id=target_id,
        protocol=protocol,
        device=device,
        at=at,
        reason=_reason(content.get("reason_type")) if state is State.FAILED else None,
        message_id=well_formed(message_id) if isinstance(message_id, str) and message_id else None,
    )


def read_participant_event(document: object) -> ParticipantEvent | None:
    """Read Zoom's JSON; None if it does not report where a participant of a meeting is."""
    if not isinstance(document, Mapping):
        return None
    name = document.get("event")
    state = _WHEREABOUTS.get(name.removeprefix("meeting.participant_")) if isinstance(name, str) else None
    content = _mapping(_mapping(document.get("payload")).get("object"))
    participant = _mapping(content.get("participant"))
    target_id, at = _target_id(Api.MEETING, content), _moment(document.get("event_ts"))
    if state is None or target_id is None or at is None:
        return None
    display_name, uuid = participant.get("user_name"), participant.get("participant_uuid")
    return ParticipantEvent(
        state=state,
        target_id=target_id,
        name=display_name if isinstance(display_name, str) else "",
        uuid=uuid if isinstance(uuid, str) and uuid else None,
        at=at,
    )


def read_any_event(document: object) -> Event | None:
    """Read Zoom's JSON; None if it is neither a callout event nor reports where a participant is."""
    return read_event(document) or read_participant_event(document)


def read_event_text(text: str) -> CalloutEvent | None:
    """Read Zoom's JSON from text; None as for ``read_event``, or if the text is not JSON."""
    event = read_any_event_text(text)
    return event if isinstance(event, CalloutEvent) else None


def read_any_event_text(text: str) -> Event | None:
    """Read Zoom's JSON from text; None as for ``read_any_event``, or if it is not JSON."""
    try:
        return read_any_event(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _target_id(api: Api, content: Mapping[str, object]) -> str | None:
    value = content.get("session_id") if api is Api.SESSION else content.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _rung(kind: str, participant: Mapping[str, object]) -> tuple[Protocol | None, str | None]:
    """Return what rings, and where."""
    if kind == "phone":
        return Protocol.PHONE, _phone_digits(participant.get("phone_number"))
    device = participant.get("device_ip")
    protocol = _PROTOCOLS.get(str(participant.get("call_type")).lower())
    return protocol, device if isinstance(device, str) else None


def _phone_digits(value: object) -> str | None:
    """Return a ``phone_number``: an integer by Zoom's schema (zoom-api 0.12), and harmless as a text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int) and abs(value) >= _LARGEST_NUMBER:
        return None
    match = _NUMBER.fullmatch(str(value))
    return None if match is None else match[1]


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LATEST:
        return None
    return _EPOCH + timedelta(milliseconds=value)


def _reason(value: object) -> Reason | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,6}", value, re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST_REASON:
        return None
    return Reason(value)
