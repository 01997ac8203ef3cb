"""Zoom's REST API: endpoints and their answers (zoom-api 3, 4, 7)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote

from msgspec import Struct

from zoomcall.domain.roster import ROOM_DEVICE
from zoomcall.domain.target import Api
from zoomcall.domain.time_words import stamp
from zoomcall.emulator import scopes
from zoomcall.emulator.callouts import json_object, params_of, read_callout, read_phone_callout
from zoomcall.emulator.delivery_log import DeliveryLog
from zoomcall.emulator.keys import bearer_of, invalid_token, judge_api_jwt, judge_grant
from zoomcall.emulator.limits import Label, Limiter
from zoomcall.emulator.messages import (
    Refusal,
    Reply,
    Request,
    invalid_field,
    json_reply,
    refusal,
    unknown_endpoint,
)
from zoomcall.emulator.paging import Pager
from zoomcall.emulator.scopes import Scopes, check_scopes
from zoomcall.emulator.world import MEETING_MINUTES, SCHEDULED, Attendee, Call, Venue, VenueKey, World

_DIAL_IN_LIFETIME = 7200
_CRC_CODE_LIFETIME = 43200
_LONGEST_SPAN = timedelta(days=31)
_LOG_SPAN = timedelta(days=7)
_REFUSED_METHODS = {
    # documented, but not available to this account
    Api.SESSION: re.compile(r"(recording|stream_ingestion)\.\w+|(audio|video|share)\.(un)?block"),
    Api.MEETING: re.compile(r"participant\.invite|(recording|ai_companion)\.\w+|waiting_room\.update"),
}
# zoom-api 3; repeated here on purpose, so that a mistake in the client shows
_CALLOUT_METHODS = {
    Api.SESSION: "user.invite.room_system_callout",
    Api.MEETING: "participant.invite.room_system_callout",
}
_PHONE_METHODS = {Api.SESSION: "user.invite.callout", Api.MEETING: "participant.invite.callout"}
_REMOVAL_METHODS = {Api.SESSION: "user.remove", Api.MEETING: "participant.remove"}
_ID = "{id}"


class Switchboard(Protocol):
    """Rings rooms and removes attendees."""

    def place(self, call: Call) -> None:
        """Start ringing a room."""
        ...

    def remove(self, venue: VenueKey, attendee_uuid: str) -> None:
        """Remove an attendee."""
        ...


class _Visit(Struct, frozen=True):
    """An authorized request."""

    request: Request
    identifier: str
    now: datetime


class _Endpoint(Struct, frozen=True):
    method: str
    path: tuple[str, ...]
    api: Api
    label: Label
    scopes: Scopes
    answer: Callable[[Rest, _Visit], Reply]


_Row = tuple[str, Label, Scopes, Callable[["Rest", _Visit], Reply]]


def _endpoints(api: Api, *rows: _Row) -> tuple[_Endpoint, ...]:
    return tuple(
        _Endpoint(method, ("", "v2", *path.split("/")), api, label, needed, answer)
        for (method, _, path), label, needed, answer in ((row[0].partition(" "), *row[1:]) for row in rows)
    )


class Rest:
    """Answers every request below ``/v2``.

    Args:
        world: The account.
        switchboard: Rings rooms.
        limiter: Counts requests.
        log: The attempts to deliver events.
        has_crc_plan: Whether the account has a Conference Room Connector plan; ``sip_dialing`` returns 403/2311
            without one.
    """

    def __init__(
        self,
        world: World,
        switchboard: Switchboard,
        limiter: Limiter,
        log: DeliveryLog,
        *,
        has_crc_plan: bool = True,
    ) -> None:
        self._world = world
        self._switchboard = switchboard
        self._limiter = limiter
        self._log = log
        self._pager = Pager()
        self.has_crc_plan = has_crc_plan

    def answer(self, request: Request, *, now: datetime) -> Reply:
        """Answer one request.

        Raises:
            Refusal: Zoom refuses it.
        """
        endpoint, identifier = self._route(request)
        self._admit(request, endpoint, now)
        return endpoint.answer(self, _Visit(request, identifier, now))

    def _route(self, request: Request) -> tuple[_Endpoint, str]:
        segments = request.path.split("/")
        for endpoint in self._ENDPOINTS:
            if endpoint.method != request.method or len(endpoint.path) != len(segments):
                continue
            pairs = list(zip(endpoint.path, segments, strict=True))
            if all(wanted in {_ID, segment} for wanted, segment in pairs):
                raw = next((segment for wanted, segment in pairs if wanted == _ID), None)
                return endpoint, "" if raw is None else decode_id(raw)
        raise unknown_endpoint()

    def _admit(self, request: Request, endpoint: _Endpoint, now: datetime) -> None:
        opaque = request.header("x-api-key")  # takes precedence over a bearer (zoom-api 1.1)
        token = bearer_of(request.header("Authorization")) if opaque is None else opaque
        keys = self._world.keys
        grant = self._world.grant_of(token)
        if endpoint.api is Api.SESSION and token == keys.build_key.reveal():
            pass
        elif opaque is not None:
            raise invalid_token()
        elif endpoint.api is Api.MEETING or grant is not None:
            judge_grant(grant, endpoint.api, now=now)
        else:
            judge_api_jwt(token, keys, now=now)
        self._limiter.admit(endpoint.label, now=now)
        if grant is not None:
            check_scopes(endpoint.scopes, grant.scopes)

    def _do_nothing(self, _: _Visit) -> Reply:
        return Reply(200)

    def _control(self, visit: _Visit, venue: Venue) -> Reply:
        document = json_object(visit.request)
        method = document.get("method")
        api = venue.key.api
        is_phone = method == _PHONE_METHODS[api]
        if is_phone or method == _CALLOUT_METHODS[api]:
            read = read_phone_callout if is_phone else read_callout
            call = read(params_of(document), venue.key)
            fate = call.fate
            if fate is not None and fate.is_noop:
                return Reply(200)
            self._switchboard.place(call)
            return Reply(202)
        if method == _REMOVAL_METHODS[api]:
            attendee_uuid = params_of(document).get("participant_uuid")
            if not isinstance(attendee_uuid, str) or not attendee_uuid:
                raise invalid_field("params.participant_uuid")
            self._switchboard.remove(venue.key, attendee_uuid)
            return Reply(202)
        if isinstance(method, str) and _REFUSED_METHODS[api].fullmatch(method):
            raise refusal(400, 300, "This API is not available for this account, please contact Zoom support.")
        raise invalid_field("method")

    @staticmethod
    def _dial_in(visit: _Visit, venue: Venue) -> dict[str, Any]:
        passcode = ""
        if visit.request.body:
            passcode = str(json_object(visit.request).get("passcode", ""))
        code = secrets.token_hex(4)
        return {
            "sip_dialing": f"{venue.number}.{passcode}....{code}@zoomcrc.com",
            "participant_identifier_code": code,
            "expire_in": _DIAL_IN_LIFETIME,
        }

    def _live_session(self, visit: _Visit) -> Venue:
        venue = self._world.ask_for(VenueKey(Api.SESSION, visit.identifier), now=visit.now)
        if venue is None or not venue.is_live:
            raise _session_gone()
        return venue

    def _session_of_type(self, visit: _Visit) -> Venue:
        match visit.request.query.get("type", "live"):
            case "live":
                return self._live_session(visit)
            case "past":
                venue = self._world.venue(VenueKey(Api.SESSION, visit.identifier))
                if venue is None or venue.ended_at is None:
                    raise refusal(404, 3001, "Session ID is invalid or has not ended.")
                return venue
            case "scheduled":
                raise _session_gone()
            case _:
                raise invalid_field("type")

    def _sessions(self, visit: _Visit) -> Reply:
        query = visit.request.query
        first, last = _span(query)
        kind = query.get("type", "live")
        if kind not in {"live", "past"}:
            raise invalid_field("type")
        name = query.get("session_name")
        if kind == "live":
            venues = self._world.list_for(name, now=visit.now)
        else:
            venues = tuple(
                venue
                for venue in self._world.venues(Api.SESSION)
                if venue.ended_at is not None
                and (name is None or venue.name == name)
                and first <= venue.created_at.astimezone(UTC).date() <= last
            )
        rows = [_session_row(venue, visit.now) for venue in venues]
        listing = self._pager.page(visit.request, "sessions", rows, now=visit.now)
        return json_reply(200, {"from": first.isoformat(), "to": last.isoformat(), **listing})

    def _session(self, visit: _Visit) -> Reply:
        venue = self._session_of_type(visit)
        row = _session_row(venue, visit.now)
        row |= {"session_number": venue.number, "created_at": stamp(venue.created_at), "settings": {}}
        return json_reply(200, row)

    def _users(self, visit: _Visit) -> Reply:
        venue = self._session_of_type(visit)
        rows = [_attendee_row(attendee) for attendee in (venue.present if venue.is_live else venue.attendees)]
        return json_reply(200, self._pager.page(visit.request, "users", rows, now=visit.now))

    def _control_session(self, visit: _Visit) -> Reply:
        venue = self._live_session(visit)
        if not venue.present:  # an empty session is not live (zoom-api 3.2)
            raise _session_gone()
        return self._control(visit, venue)

    def _session_dial_in(self, visit: _Visit) -> Reply:
        venue = self._live_session(visit)
        if not self.has_crc_plan:
            raise refusal(403, 2311, "No Permission, does not have Conference Room Connector plan.")
        return json_reply(201, self._dial_in(visit, venue))

    def _webhook_logs(self, visit: _Visit) -> Reply:
        query = visit.request.query
        first, last = (_moment(query.get(name, ""), name) for name in ("from", "to"))
        if first > last:
            raise refusal(400, 1501, "The 'to' date must be after the 'from' date.")
        if first > visit.now + timedelta(minutes=1):
            raise refusal(400, 1504, "The 'from' date must be before the current date(UTC).")
        if first < visit.now - _LOG_SPAN - timedelta(minutes=1):
            raise refusal(400, 1502, "The date range must be within the last seven days.")
        kind = query.get("type", "2")
        if kind not in {"1", "2", "3"}:
            raise invalid_field("type")
        number = query.get("retry_num")
        if number not in {None, "0", "1", "2", "3"}:
            raise refusal(400, 1506, "The 'retry_num' value must be an integer within the range of 0 to 3.")
        wanted = query.get("event")
        attempts = [
            attempt
            for attempt in self._log.attempts(now=visit.now)
            if first <= attempt.at < last + timedelta(seconds=1)
            and wanted in {None, attempt.event.name}
            and number in {None, str(attempt.retry_number)}
            and (kind == "1" or attempt.is_acknowledged == (kind == "3"))
        ]
        page = self._pager.page(visit.request, "webhook_logs", attempts, now=visit.now)
        page["webhook_logs"] = [attempt.row for attempt in page["webhook_logs"]]
        return json_reply(200, page)

    def _some_meeting(self, visit: _Visit) -> Venue:
        venue = self._world.venue(VenueKey(Api.MEETING, visit.identifier))
        if venue is None or venue.ended_at is not None:
            raise refusal(404, 3001, f"Meeting {visit.identifier} is not found or has expired.")
        return venue

    def _meeting(self, visit: _Visit) -> Reply:
        venue = self._some_meeting(visit)
        return json_reply(
            200,
            {
                "uuid": venue.uuid,
                "id": venue.number,
                "host_id": venue.host_id,
                "topic": venue.name,
                "type": SCHEDULED,
                "status": "started" if venue.is_live else "waiting",
                "start_time": stamp(venue.created_at),
                "duration": MEETING_MINUTES,
                "timezone": "UTC",
                "created_at": stamp(venue.created_at),
                "join_url": f"https://zoom.us/j/{venue.number}",
                "settings": {"waiting_room": venue.has_waiting_room},
            },
        )

    def _participants(self, visit: _Visit) -> Reply:
        kind = visit.request.query.get("type", "live")
        if kind not in {"live", "past"}:
            raise invalid_field("type")
        venue = self._world.venue(VenueKey(Api.MEETING, visit.identifier))
        is_there = venue is not None and (venue.is_live if kind == "live" else venue.ended_at is not None)
        if venue is None or not is_there:
            raise refusal(404, 3001, f"Meeting {visit.identifier} is not found or has expired.")
        rows = [_participant_row(attendee) for attendee in (venue.present if venue.is_live else venue.attendees)]
        return json_reply(200, self._pager.page(visit.request, "participants", rows, now=visit.now))

    def _control_meeting(self, visit: _Visit) -> Reply:
        if not re.fullmatch(r"[0-9]{9,11}", visit.identifier):
            raise refusal(400, 300, "Invalid meeting id.")
        return self._control(visit, self._some_meeting(visit))

    def _meeting_dial_in(self, visit: _Visit) -> Reply:
        answer = self._dial_in(visit, self._some_meeting(visit))
        return json_reply(200, {**answer, "paid_crc_plan_participant": self.has_crc_plan})

    def _me(self, _: _Visit) -> Reply:
        keys = self._world.keys
        return json_reply(
            200,
            {
                "id": keys.user_id,
                "first_name": "Jill",
                "last_name": "Chill",
                "display_name": "Jill Chill",
                "email": "jill.chill@example.com",
                "type": 2,
                "role_name": "Owner",
                "account_id": keys.account_id,
                "status": "active",
                "timezone": "UTC",
            },
        )

    def _devices(self, visit: _Visit) -> Reply:
        rows = [device.row for device in self._world.devices]
        return json_reply(200, self._pager.page(visit.request, "devices", rows, now=visit.now))

    def _managed_rooms(self, visit: _Visit) -> Reply:
        rows = [room.row for room in self._world.managed_rooms]
        return json_reply(200, self._pager.page(visit.request, "managed_rooms", rows, now=visit.now))

    def _managed_room(self, visit: _Visit) -> Reply:
        room = next((each for each in self._world.managed_rooms if each.device_id == visit.identifier), None)
        if room is None:
            raise refusal(404, 60061003, "The room does not exist.")
        return json_reply(200, {**room.row, **room.state})

    def _crc_code(self, visit: _Visit) -> Reply:
        text = visit.request.query.get("expires_in", str(_CRC_CODE_LIFETIME))
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 30):
            raise invalid_field("expires_in")
        return json_reply(
            200,
            {
                "participant_identifier_code": secrets.token_hex(4),
                "expire_in": int(text),
                "paid_crc_plan_participant": self.has_crc_plan,
            },
        )

    def _crc_usage(self, visit: _Visit) -> Reply:
        first, last = _span(visit.request.query)
        rooms = sum(
            attendee.device == ROOM_DEVICE
            for api in Api
            for venue in self._world.venues(api)
            for attendee in venue.present
        )
        today = visit.now.astimezone(UTC)
        usage = []
        if first <= today.date() <= last:
            hour = {"hour": f"{today.hour:02}", "max_usage": rooms, "total_usage": rooms}
            usage.append({"date_time": stamp(today), "crc_ports_hour_usage": [hour]})
        document = {"from": first.isoformat(), "to": last.isoformat(), "crc_ports_usage": usage}
        return json_reply(200, document)

    _ENDPOINTS: ClassVar[tuple[_Endpoint, ...]] = (
        *_endpoints(
            Api.SESSION,
            ("GET videosdk/sessions", Label.RESOURCE_INTENSIVE, scopes.NONE, _sessions),
            ("GET videosdk/sessions/{id}", Label.HEAVY, scopes.NONE, _session),
            ("GET videosdk/sessions/{id}/users", Label.HEAVY, scopes.NONE, _users),
            ("PATCH videosdk/sessions/{id}/events", Label.MEDIUM, scopes.NONE, _control_session),
            ("PATCH videosdk/sessions/{id}/event", Label.MEDIUM, scopes.NONE, _do_nothing),
            ("POST videosdk/sessions/{id}/sip_dialing", Label.LIGHT, scopes.NONE, _session_dial_in),
            ("GET videosdk/report/webhook_logs", Label.MEDIUM, scopes.NONE, _webhook_logs),
        ),
        *_endpoints(
            Api.MEETING,
            ("GET users/me", Label.LIGHT, scopes.READ_USER, _me),
            ("GET meetings/{id}", Label.LIGHT, scopes.READ_MEETING, _meeting),
            ("POST meetings/{id}/sip_dialing", Label.MEDIUM, scopes.DIAL_IN, _meeting_dial_in),
            ("GET metrics/meetings/{id}/participants", Label.HEAVY, scopes.READ_PARTICIPANTS, _participants),
            ("PATCH live_meetings/{id}/events", Label.MEDIUM, scopes.CONTROL_MEETING, _control_meeting),
            ("PATCH live_meetings/{id}/event", Label.MEDIUM, scopes.NONE, _do_nothing),
            ("GET h323/devices", Label.MEDIUM, scopes.READ_DEVICES, _devices),
            ("GET crc/managed_rooms", Label.LIGHT, scopes.READ_MANAGED_ROOMS, _managed_rooms),
            ("GET crc/managed_rooms/{id}", Label.MEDIUM, scopes.READ_MANAGED_ROOM, _managed_room),
            ("GET crc/participant_identifier_code", Label.LIGHT, scopes.READ_CRC_CODE, _crc_code),
            ("GET metrics/crc", Label.HEAVY, scopes.READ_CRC_USAGE, _crc_usage),
        ),
    )


def decode_id(raw: str) -> str:
    """Decode an id in a path, encoded once, or twice if it starts with ``/`` or contains ``//``.

    Raises:
        Refusal: 404/2300, it is encoded the wrong number of times (zoom-api 3.5).
    """
    once = _unquote(raw)
    if re.search(r"%[0-9A-Fa-f]{2}", once):
        twice = _unquote(once)
        if _is_awkward(twice):
            return twice
        raise unknown_endpoint()
    if not once or _is_awkward(once):
        raise unknown_endpoint()
    return once


def _unquote(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _is_awkward(identifier: str) -> bool:
    return identifier.startswith("/") or "//" in identifier


def _session_gone() -> Refusal:
    return refusal(404, 3001, "Session is not found or has expired.")


def _span(query: Mapping[str, str]) -> tuple[date, date]:
    first, last = (_day(query.get(name, ""), name) for name in ("from", "to"))
    if not timedelta() <= last - first <= _LONGEST_SPAN:
        raise invalid_field("from")
    return first, last


def _day(text: str, name: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise invalid_field(name) from None


def _moment(text: str, name: str) -> datetime:
    if not text:
        raise invalid_field(name)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise refusal(400, 1503, "The dates must follow the format: `yyyy-MM-dd'T'HH:mm:ss'Z'`.") from None


def _session_row(venue: Venue, now: datetime) -> dict[str, Any]:
    started = venue.started_at or venue.created_at
    seconds = int(((venue.ended_at or now) - started).total_seconds())
    row: dict[str, Any] = {
        "id": venue.key.identifier,
        "session_name": venue.name,
        "start_time": stamp(started),
        "duration": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "user_count": len(venue.present if venue.is_live else venue.attendees),
        "has_voip": True,
        "has_video": True,
        "has_pstn": False,
        "has_screen_share": False,
        "has_recording": False,
        "session_key": "",
    }
    if venue.ended_at is not None:
        row["end_time"] = stamp(venue.ended_at)
    return row


def _attendee_row(attendee: Attendee) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": attendee.id,
        "name": attendee.name,
        "device": attendee.device,
        "ip_address": attendee.ip_address,
        "location": "",
        "network_type": "Wired",
        "join_time": stamp(attendee.joined_at),
        "user_key": "",
        "audio_call": [],
        "participant_uuid": attendee.uuid,
        "is_original_host": attendee.is_host,
    }
    if attendee.left_at is not None:
        row["leave_time"] = stamp(attendee.left_at)
    return row


def _participant_row(attendee: Attendee) -> dict[str, Any]:
    row = {
        "id": attendee.id,
        "user_id": attendee.id,
        "user_name": attendee.name,
        "device": attendee.device,
        "ip_address": attendee.ip_address,
        "location": "",
        "network_type": "Wired",
        "join_time": stamp(attendee.joined_at),
        "status": "in_waiting_room" if attendee.is_waiting else "in_meeting",
        "role": "host" if attendee.is_host else "attendee",
        "participant_uuid": attendee.uuid,
    }
    if attendee.left_at is not None:
        row["leave_time"] = stamp(attendee.left_at)
    if attendee.sip_uri is not None:
        row |= {"sip_uri": attendee.sip_uri, "from_sip_uri": attendee.sip_uri}
    return row
