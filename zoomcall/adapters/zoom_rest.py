"""Zoom's REST API, one method per endpoint; its JSON becomes values here and goes no further."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from zoomcall.adapters.http import MOST_TRIES, Http, HttpRequest
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.callout import REMOVE_METHODS, CalloutRequest
from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.live import LiveSession, Meeting, SipDialing, User, WebhookLog
from zoomcall.domain.raw_answer import RawAnswer, iso_time, well_formed
from zoomcall.domain.roster import Participant
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api, ResolvedTarget, SessionId, encode_id, events_path
from zoomcall.domain.time_words import stamp
from zoomcall.domain.zoom_list import ListedRoom, RoomState, ZoomList
from zoomcall.errors import NetworkFault, WrongCredential

PAGE_SIZE = 300
_MOST_PAGES = 100

TokenSupply = Callable[[Api], AccessToken]
Renewal = Callable[[AccessToken, datetime | None], AccessToken]
Json = Mapping[str, Any]
_RENEWABLE = {CredentialKind.S2S, CredentialKind.OAUTH}


class ZoomRest:
    """Zoom's REST API.

    Every method raises ``NetworkFault`` when no answer came. Every method but the PATCHes raises ``ZoomRefused``
    for an answer that is not the documented one. The PATCHes return any answer, because its meaning for a call is
    not decided here. Nothing waits beyond ``deadline``, a moment on this machine's clock.

    Args:
        http: The client.
        api_base: Where the API is served.
        token_supply: Returns the bearer for one of the two APIs.
        renew: Returns a newer token, by a deadline, than one that Zoom refused with 401/124; None if there is none.
        tries: How often a request may be tried.
    """

    def __init__(
        self,
        http: Http,
        api_base: ApiBase,
        token_supply: TokenSupply,
        *,
        renew: Renewal | None = None,
        tries: int = MOST_TRIES,
    ) -> None:
        self._http = http
        self._base = api_base
        self._token_supply = token_supply
        self._renew = renew
        self._tries = tries
        self._last_clock: tuple[datetime, datetime] | None = None

    @cached_property
    def once(self) -> ZoomRest:
        """The same API with each request tried once only, for those who ask again in a while anyway."""
        return ZoomRest(self._http, self._base, self._token_supply, renew=self._renew, tries=1)

    @property
    def last_clock(self) -> tuple[datetime, datetime] | None:
        """Zoom's clock (whole seconds) and this machine's at the same moment, from the latest dated answer."""
        return self._last_clock

    def me(self, *, deadline: datetime | None = None) -> User:
        """Return the owner of the OAuth token (``GET /users/me``)."""
        body = self._get(Api.MEETING, "/users/me", deadline=deadline)
        return User(
            id=_text(body, "id"),
            email=_text(body, "email"),
            name=_text(body, "display_name")
            or " ".join(filter(None, (_text(body, "first_name"), _text(body, "last_name"))))
            or None,
            account_id=_text(body, "account_id"),
            role=_text(body, "role_name"),
        )

    def sessions(
        self,
        *,
        from_date: date,
        to_date: date,
        is_live: bool = True,
        name: str | None = None,
        deadline: datetime | None = None,
    ) -> tuple[LiveSession, ...]:
        """List sessions of at most a month (``GET /videosdk/sessions``, zoom-api 4; 10 to 20 calls a minute).

        Args:
            from_date: First day, UTC.
            to_date: Last day, UTC.
            is_live: Whether to list live sessions or past ones.
            name: A name to search for; None for all sessions.
            deadline: When to give up.
        """
        query = [
            ("from", from_date.isoformat()),
            ("to", to_date.isoformat()),
            ("type", "live" if is_live else "past"),
        ]
        if name is not None:
            query.append(("session_name", name))
        rows = self._pages(Api.SESSION, "/videosdk/sessions", "sessions", query, deadline)
        return _unique(_session(row) for row in rows)

    def session(self, session_id: str, *, is_live: bool = True, deadline: datetime | None = None) -> LiveSession:
        """Return one session (``GET /videosdk/sessions/{id}``)."""
        query = [("type", "live" if is_live else "past")]
        body = self._get(Api.SESSION, f"/videosdk/sessions/{encode_id(session_id)}", query, deadline=deadline)
        return _named_session(session_id, body)

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """List who is in a live session (``GET /videosdk/sessions/{id}/users``)."""
        return self._session_users(session_id, "live", deadline)

    def past_session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """List who was in a session that has ended, with the time at which each left (zoom-api 4)."""
        return self._session_users(session_id, "past", deadline)

    def _session_users(self, session_id: str, kind: str, deadline: datetime | None) -> tuple[Participant, ...]:
        path = f"/videosdk/sessions/{encode_id(session_id)}/users"
        rows = self._pages(Api.SESSION, path, "users", [("type", kind)], deadline)
        return tuple(_participant(row) for row in rows)

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        """Return a meeting (``GET /meetings/{number}``)."""
        body = self._get(Api.MEETING, f"/meetings/{number}", deadline=deadline)
        settings = body.get("settings")
        has_waiting_room = settings.get("waiting_room") if isinstance(settings, dict) else None
        return Meeting(
            status=_text(body, "status"),
            has_waiting_room=has_waiting_room if isinstance(has_waiting_room, bool) else None,
        )

    def meeting_participants(self, number: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        """List who is in a live meeting (``GET /metrics/meetings/{number}/participants``, needs a dashboard)."""
        return self._participants(number, "live", deadline)

    def past_meeting_participants(
        self, number: str, *, deadline: datetime | None = None
    ) -> tuple[Participant, ...]:
        """List who was in a meeting that has ended, with the time at which each left (zoom-api 4)."""
        return self._participants(number, "past", deadline)

    def _participants(self, number: str, kind: str, deadline: datetime | None) -> tuple[Participant, ...]:
        path = f"/metrics/meetings/{number}/participants"
        rows = self._pages(Api.MEETING, path, "participants", [("type", kind)], deadline)
        return tuple(_participant(row) for row in rows)

    def call_out(
        self,
        request: CalloutRequest,
        *,
        deadline: datetime | None = None,
        on_first_byte: Callable[[], None] = lambda: None,
    ) -> ZoomAnswer:
        """Ask Zoom to ring a room, and return its answer, whatever it is. Only 202 is success.

        The request is sent again only after a fault that proves that it did not arrive, after 429, and once after
        401/124 with a renewed token (contract 6.3). ``on_first_byte`` is called just before anything is sent.
        """
        address = request.callout.address
        conceal = () if address.shown == address.text else ((address.text, address.shown),)
        return self._patch(request.target.api, request.path, request.body, conceal, deadline, on_first_byte)

    def remove_participant(
        self, target: ResolvedTarget, participant_uuid: str, *, deadline: datetime | None = None
    ) -> ZoomAnswer:
        """Remove a participant from a session or meeting, and return Zoom's answer, whatever it is (zoom-api 3)."""
        body = {"method": REMOVE_METHODS[target.api], "params": {"participant_uuid": participant_uuid}}
        return self._patch(target.api, events_path(target), body, (), deadline)

    def session_sip_dialing(self, session_id: str, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in string for a live session, which proves a CRC plan and rings nobody (zoom-api 4)."""
        return self._sip_dialing(Api.SESSION, f"/videosdk/sessions/{encode_id(session_id)}/sip_dialing", deadline)

    def meeting_sip_dialing(self, number: str, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in string for a meeting, and whether its account has a CRC plan."""
        return self._sip_dialing(Api.MEETING, f"/meetings/{number}/sip_dialing", deadline)

    def crc_code(self, *, deadline: datetime | None = None) -> SipDialing:
        """Get a dial-in code for half a minute, and whether the token's owner has a CRC plan (zoom-api 4)."""
        path = "/crc/participant_identifier_code"
        return _dialing(self._get(Api.MEETING, path, [("expires_in", "30")], deadline=deadline))

    def h323_devices(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the room systems that the account's administrator registered (``GET /h323/devices``)."""
        rows = self._pages(Api.MEETING, ZoomList.DEVICES.path, "devices", [], deadline)
        return tuple(_listed(ZoomList.DEVICES, "id", "ip", _text(row, "protocol") or "", row) for row in rows)

    def managed_rooms(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List the rooms that an API connector manages (``GET /crc/managed_rooms``); they register by SIP."""
        rows = self._pages(Api.MEETING, ZoomList.MANAGED.path, None, [], deadline)
        return tuple(_listed(ZoomList.MANAGED, "device_id", "ip_address", "SIP", row) for row in rows)

    def managed_room(self, room_id: str, *, deadline: datetime | None = None) -> RoomState:
        """Return what Zoom knows of a managed room now (``GET /crc/managed_rooms/{id}``)."""
        body = self._get(Api.MEETING, f"{ZoomList.MANAGED.path}/{encode_id(room_id)}", deadline=deadline)
        return RoomState(
            connection=_text(body, "connection_status"),
            sip=_text(body, "sip_status"),
            call=_text(body, "call_status"),
        )

    def webhook_logs(
        self,
        *,
        from_time: datetime,
        to_time: datetime,
        event: str | None = None,
        is_sample: bool = False,
        deadline: datetime | None = None,
    ) -> tuple[WebhookLog, ...]:
        """List deliveries of events, failed and successful (``GET /videosdk/report/webhook_logs``).

        Args:
            from_time: Timezone-aware, within the last 7 days.
            to_time: Timezone-aware.
            event: The one event to list; None for all.
            is_sample: Whether one page is enough, however many deliveries there are.
            deadline: When to give up.
        """
        query = [("from", stamp(from_time)), ("to", stamp(to_time)), ("type", "1")]
        if event is not None:
            query.append(("event", event))
        rows = self._pages(Api.SESSION, "/videosdk/report/webhook_logs", "webhook_logs", query, deadline)
        if is_sample:
            rows = itertools.islice(rows, PAGE_SIZE)
        logs = (_webhook_log(row) for row in rows)
        return tuple(log for log in logs if log is not None)

    def _sip_dialing(self, api: Api, path: str, deadline: datetime | None) -> SipDialing:
        return _dialing(_object(self._send(api, "POST", path, body={}, deadline=deadline)))

    def _get(
        self, api: Api, path: str, query: Iterable[tuple[str, str]] = (), *, deadline: datetime | None
    ) -> Json:
        return _object(self._send(api, "GET", path, query=tuple(query), deadline=deadline))

    def _pages(
        self, api: Api, path: str, key: str | None, query: list[tuple[str, str]], deadline: datetime | None
    ) -> Iterator[Json]:
        """Yield the rows of every page, except those that are not objects.

        Without a ``key`` they are in the only array that the document has.
        """
        query = [*query, ("page_size", str(PAGE_SIZE))]
        seen: set[str] = set()
        token: str | None = None
        for _ in range(_MOST_PAGES):
            paged = query if token is None else [*query, ("next_page_token", token)]
            answer = self._send(api, "GET", path, query=tuple(paged), deadline=deadline)
            body = _object(answer)
            rows = _only_array(body) if key is None else body.get(key, answer)
            if rows is not None and not isinstance(rows, list):
                raise _foreign(answer)
            yield from (row for row in rows or () if isinstance(row, dict))
            token = _text(body, "next_page_token")
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
        raise _foreign(answer)  # endless pages: half a roster must not pass for a whole one

    def _patch(
        self,
        api: Api,
        path: str,
        body: Json,
        conceal: tuple[tuple[str, str], ...],
        deadline: datetime | None,
        on_first_byte: Callable[[], None] | None = None,
    ) -> ZoomAnswer:
        answer = self._send(
            api, "PATCH", path, body=body, conceal=conceal, deadline=deadline, on_first_byte=on_first_byte
        )
        return answer.read()

    def _send(
        self,
        api: Api,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        body: Json | None = None,
        conceal: tuple[tuple[str, str], ...] = (),
        deadline: datetime | None,
        on_first_byte: Callable[[], None] | None = None,
    ) -> RawAnswer:
        token = _bearer(self._token_supply, api)
        request = HttpRequest(
            method=method,
            url=f"{self._base}{path}",
            query=query,
            authorization=_authorization(token),
            content_type=None if body is None else "application/json",
            body=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
            conceal=conceal,
            is_repeatable=method == "GET",
            on_first_byte=on_first_byte,
        )
        answer = self._http.send(request, deadline=deadline, tries=self._tries)
        renew = self._renew
        if renew is not None and token.kind in _RENEWABLE and _is_token_refused(answer):
            renewed = _bearer(lambda _: renew(token, deadline), api)
            fresh = replace(request, authorization=_authorization(renewed))
            answer = self._http.send(fresh, deadline=deadline, tries=self._tries)
        if answer.server_time is not None and answer.received_at is not None:
            self._last_clock = (answer.server_time, answer.received_at)
        return answer


def _bearer(supply: TokenSupply, api: Api) -> AccessToken:
    """Get a token; if that fails, the request that needs it has not been sent."""
    try:
        return supply(api)
    except NetworkFault as fault:
        lost = NetworkFault(fault.message, word=fault.word, may_have_arrived=False, fix=fault.fix)
    raise lost


def _authorization(token: AccessToken) -> Secret:
    text = token.text.reveal()
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise WrongCredential(
            "the token contains a space, a line break or a character that no token has (token-whitespace)"
            if text
            else "the token is empty",
            fix="Copy the token again, in one piece.",
            command="zoomcall token inspect -",
        )
    return Secret(f"Bearer {text}")


def _is_token_refused(answer: RawAnswer) -> bool:
    return answer.status == 401 and answer.read().code == 124


def _object(answer: RawAnswer) -> Json:
    body = answer.json_object() if 200 <= answer.status < 300 and answer.is_whole else None
    read = answer.read()
    if body is None or read.is_zooms:  # a documented success has no code and message
        raise ZoomRefused(read)
    return body


def _only_array(body: Json) -> object:
    arrays = [value for value in body.values() if isinstance(value, list)]
    if not arrays and body.get("total_records") == 0:
        return arrays
    return arrays[0] if len(arrays) == 1 else body


def _foreign(answer: RawAnswer) -> ZoomRefused:
    return ZoomRefused(replace(answer.read(), is_zooms=False))


def _text(row: Json, key: str) -> str | None:
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return well_formed(value) if isinstance(value, str) and value else None


def _number(row: Json, key: str) -> int | None:
    value = row.get(key)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _session(row: Json) -> LiveSession | None:
    identifier = _text(row, "id") or _text(row, "session_id")
    return None if identifier is None else _named_session(identifier, row)


def _named_session(identifier: str, row: Json) -> LiveSession:
    return LiveSession(
        id=SessionId(identifier),
        name=_text(row, "session_name") or "",
        user_count=_number(row, "user_count"),
        start_time=iso_time(row.get("start_time")),
        key=_text(row, "session_key"),
    )


def _unique(sessions: Iterable[LiveSession | None]) -> tuple[LiveSession, ...]:
    return tuple({session.id: session for session in sessions if session is not None}.values())


def _participant(row: Json) -> Participant:
    uuid = _text(row, "participant_uuid")
    name = _text(row, "name") or _text(row, "user_name") or ""
    join_time = iso_time(row.get("join_time"))
    # A participant without any id is there all the same, and must be recognised in the next poll.
    other = _text(row, "user_id") or _text(row, "id") or (None if uuid else f"{name} {row.get('join_time')}")
    return Participant(
        id=uuid or other or "",
        uuid=uuid,
        other_ids=frozenset({other}) if uuid and other else frozenset(),
        is_waiting=row.get("status") == "in_waiting_room",
        name=name,
        device=_text(row, "device") or "",
        ip_address=_text(row, "ip_address"),
        sip_uri=_text(row, "sip_uri"),
        from_sip_uri=_text(row, "from_sip_uri"),
        join_time=join_time,
        leave_time=iso_time(row.get("leave_time")),
    )


def _listed(source: ZoomList, id_key: str, address_key: str, protocol: str, row: Json) -> ListedRoom:
    return ListedRoom(
        list=source,
        id=_text(row, id_key) or "",
        name=_text(row, "name") or "",
        protocol=protocol,
        address=(_text(row, address_key) or "").strip(),
    )


def _dialing(body: Json) -> SipDialing:
    has_plan = body.get("paid_crc_plan_participant")
    return SipDialing(has_crc_plan=has_plan if isinstance(has_plan, bool) else None)


def _webhook_log(row: Json) -> WebhookLog | None:
    event = _text(row, "event")
    if event is None:
        return None
    body = row.get("request_body")
    return WebhookLog(
        event=event,
        request_body=body if isinstance(body, str) else json.dumps(body) if isinstance(body, dict) else "",
        status=_number(row, "status"),
    )
