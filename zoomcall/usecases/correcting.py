"""Corrects a request that somebody pasted: the zoomcall command, and what goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar
from urllib.parse import unquote, unquote_plus, urlsplit

from msgspec import Struct

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import API_BASE, GOV_API_BASE, GOV_OAUTH_BASE, OAUTH_BASE, ApiBase, is_loopback
from zoomcall.domain.callout import (
    MOST_HEADERS,
    Callout,
    CalloutRequest,
    SipHeader,
    parse_display_name,
    parse_from_uri,
)
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.shown_text import shown_value
from zoomcall.domain.target import (
    Api,
    MeetingNumber,
    MeetingTarget,
    ResolvedTarget,
    SessionId,
    SessionTarget,
    encode_id,
    parse_meeting_number,
    parse_session_id,
)
from zoomcall.errors import UsageError
from zoomcall.knowledge.callout_body import CalloutBody, read_body
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.placeholder import has_placeholder, stands_for_id
from zoomcall.knowledge.route import Route, route_of

_Text = TypeVar("_Text", bound=str)
_Parsed = TypeVar("_Parsed")

_TARGET = Pattern(r"/(sessions?|(?:live_?-?)?meetings?)/(.+?)/events?/*$", re.IGNORECASE)
_GRANT_OF_USERS = Pattern(r"grant_type[\"':= ]+(?:authorization_code|refresh_token)\b|device_code")
_CODES_OF_USERS = {"invalid_grant", "invalid_redirect_uri", 4709, 4711, 4733, 4734, 4735}
_ACCOUNT_ID = Pattern(r"account_id[\"':= ]+([A-Za-z0-9_-]{8,64})")
_CLIENT_ID = Pattern(r"\s*([A-Za-z0-9_-]{6,64})\s*(?::|$)")
_SALVAGED = Pattern(r"\b(call_type|device_ip)[\"'\\]{0,3}\s{0,4}[:=]\s{0,4}[\"'\\]{0,3}([^\"'\\,{}\[\]&\s]{1,512})")
_SCHEMES = {"sip": Protocol.SIP, "sips": Protocol.SIP, "h323": Protocol.H323}
_MOST_NAMED = 4
_NAMES: Mapping[str, Callable[[str], str]] = {
    "from_display_name": partial(parse_display_name, flag="--from-name"),
    "to_display_name": partial(parse_display_name, flag="--to-name"),
    "from_uri": parse_from_uri,
}


class PlainRequest(Struct, frozen=True, kw_only=True):
    """A GET with a bearer token; ``path`` is below the API base."""

    path: str


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A server-to-server app's request for a token."""

    client_id: str
    account_id: str


class Correction(Struct, frozen=True, kw_only=True):
    """The request that was meant.

    Attributes:
        words: The command, without the program's name.
        request: What goes over the wire.
        base: Where it goes.
        api: Which API's token it takes; None for the token endpoint.
        gaps: What the paste does not show, and its stand-in, in words.
    """

    words: tuple[str, ...]
    request: CalloutRequest | PlainRequest | TokenRequest
    base: ApiBase
    api: Api | None
    gaps: tuple[str, ...] = ()


class CannotCorrect(Exception):
    """No corrected request can be built; the text says why."""


def correct(facts: Facts) -> Correction:
    """Build the request that was meant.

    Raises:
        CannotCorrect: There is no telling what was meant.
    """
    request, route = facts.request, route_of(facts)
    if request is None or route is None:
        raise CannotCorrect("there is no request to correct")
    return _Corrector(request, route).correction(facts)


class _Corrector:
    """Reads what was meant out of one request, and notes what it does not show."""

    def __init__(self, request: RequestFacts, route: Route) -> None:
        self._route, self._text = route, request.body or ""
        self._gaps: list[str] = []
        self._body = read_body(self._text) if self._text else CalloutBody()
        if self._body.members is None:  # no JSON, or broken
            plain = unquote_plus(self._text) if re.search(r"%[0-9A-Fa-f]{2}", self._text) else self._text
            self._body = CalloutBody(members={"params": dict(_SALVAGED.findall(plain))})

    def correction(self, facts: Facts) -> Correction:
        if self._route.is_token_endpoint:
            return self._token_request(facts)
        if not (_TARGET.search(self._route.path) or self._body.is_callout):
            return self._reading()
        if self._body.is_other:
            raise CannotCorrect("it does something other than ring a room or a phone")
        request = CalloutRequest(self._target(), self._phone() if self._body.is_phone else self._room())
        return self._corrected(_words(request), request, request.target.api)

    def _corrected(
        self, words: tuple[str, ...], request: CalloutRequest | PlainRequest | TokenRequest, api: Api | None
    ) -> Correction:
        return Correction(words=words, request=request, base=self._base(api), api=api, gaps=tuple(self._gaps))

    def _base(self, api: Api | None) -> ApiBase:
        """Keep the cluster or a local server; replace anything else by Zoom's usual base."""
        host = self._route.host
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if name == "zoomgov.com" or name.endswith(".zoomgov.com"):
            return GOV_OAUTH_BASE if api is None else GOV_API_BASE
        if name and is_loopback(name):
            return ApiBase(f"http://{host}" + ("" if api is None else self._route.base))
        return OAUTH_BASE if api is None else API_BASE

    def _unshown(self, name: str, stand_in: _Text) -> _Text:
        self._gaps.append(f"the {name}: replace {stand_in} with it")
        return stand_in

    def _token_request(self, facts: Facts) -> Correction:
        text = f"{self._route.query}&{self._text}"
        is_code_of_users = facts.answer is not None and facts.answer.code in _CODES_OF_USERS
        if is_code_of_users or _GRANT_OF_USERS.search(text):
            raise CannotCorrect("zoomcall gets its tokens by account_credentials only")
        account = _ACCOUNT_ID.search(text)
        client = _CLIENT_ID.match("" if facts.basic is None else facts.basic.reveal())
        request = TokenRequest(
            account_id=account[1] if account else self._unshown("account id", "ACCOUNT_ID"),
            client_id=client[1] if client else self._unshown("client id", "CLIENT_ID"),
        )
        return self._corrected(("token", "mint", "--for", Api.MEETING.value), request, None)

    def _reading(self) -> Correction:
        """Correct a request that only reads."""
        route, base = self._route, "/videosdk/sessions"
        if route.api is Api.SESSION and route.method == "GET":
            if route.path.rstrip("/") == base:
                path = base + (f"?{route.query}" if route.query else "")
                return self._corrected(("session", "list"), PlainRequest(path=path), Api.SESSION)
            if route.raw_id and route.tail in {None, "users"}:
                target = self._session(route.raw_id)
                path = f"{base}/{encode_id(target.id)}/users?type=live"
                return self._corrected(("session", "show", target.id), PlainRequest(path=path), Api.SESSION)
        raise CannotCorrect("zoomcall has no command for this endpoint")

    def _target(self) -> ResolvedTarget:
        match = _TARGET.search(self._route.path)
        if match is None:
            raise CannotCorrect("the path names neither a session nor a meeting")
        if match[1].lower().startswith("session"):
            return self._session(match[2])
        stand_in = MeetingNumber("MEETING_NUMBER")
        return MeetingTarget(self._id(unquote(match[2]), parse_meeting_number, stand_in, "meeting number"))

    def _session(self, raw: str) -> SessionTarget:
        return SessionTarget(
            self._id(unquote(unquote(raw)), parse_session_id, SessionId("SESSION_ID"), "session id")
        )

    def _id(self, text: str, parse: Callable[[str], _Text], stand_in: _Text, name: str) -> _Text:
        found = self._unshown(name, stand_in) if stands_for_id(text) else _kept(parse, text)
        if found is None:
            raise CannotCorrect(f"the path has no {name}")
        return found

    def _phone(self) -> Callout:
        """Return the phone, with what else Zoom reads (zoom-api 3.1)."""
        number = str(self._body.meant("phone_number") or "").strip()
        address = None if has_placeholder(number) else _kept(PhoneNumber.parse, number)
        params = self._body.params or {}
        options = params.get("invite_options")
        options = options[0] if isinstance(options, list) and options else options
        options = options if isinstance(options, dict) else {}
        name = params.get("invitee_name", options.get("invitee_name"))
        greeting, press_one = options.get("require_greeting"), options.get("require_pressing_one")
        return Callout(
            address=address or PhoneNumber(digits=self._unshown("phone number", "PHONE_NUMBER")),
            to_name=name if isinstance(name, str) else None,
            has_greeting=greeting if isinstance(greeting, bool) else None,
            has_to_press_one=press_one if isinstance(press_one, bool) else None,
        )

    def _room(self) -> Callout:
        """Return the room, with the names and headers that Zoom would take; note the others."""
        address, given = self._address(), self._body.headers
        is_sip = address.protocol is Protocol.SIP
        names = {
            name: _kept(parse, given.get(name)) for name, parse in _NAMES.items() if is_sip or name != "from_uri"
        }
        rows = given.get("additional_headers")
        parsed = [_kept(SipHeader.parse, _header(row)) for row in rows if is_sip] if isinstance(rows, list) else []
        headers = [header for header in parsed if header is not None][:MOST_HEADERS]
        lost = len(rows) - len(headers) if isinstance(rows, list) else 1 if rows else 0
        left = [name for name in _NAMES if given.get(name) and names.get(name) is None]
        left += [f"{lost} of additional_headers"] if lost else []
        left += [shown_value(place) for place in self._body.unread[:_MOST_NAMED]]
        note = "left out of the corrected request, because Zoom does not take it so"
        self._gaps += [f"{name}: {note}" for name in left]
        return Callout(
            address=address,
            from_name=names["from_display_name"],
            to_name=names["to_display_name"],
            from_uri=names.get("from_uri"),
            headers=tuple(headers),
        )

    def _address(self) -> RoomAddress:
        given, protocol = self._body.meant("device_ip"), self._body.protocol
        given = given[0] if isinstance(given, list) and len(given) == 1 else given
        if not isinstance(given, str) or not given.strip() or has_placeholder(given):
            given = self._unshown("room's address", "ADDRESS")
            if protocol is None:
                protocol = Protocol.SIP
                self._gaps.append("whether the room is SIP or H.323; SIP is assumed")
        protocol = _SCHEMES.get(given.strip().partition(":")[0].lower(), protocol)
        protocol = protocol or (Protocol.SIP if "@" in given else None)
        if protocol is None:
            raise CannotCorrect("nothing tells whether the room is SIP or H.323")
        address = _kept(partial(RoomAddress.parse, protocol), given.strip())
        if address is None:
            raise CannotCorrect("the room's address is invalid")
        return address


def _kept(parse: Callable[[str], _Parsed], given: object) -> _Parsed | None:
    """Return what a text means, None if it is none or invalid."""
    try:
        return parse(given) if isinstance(given, str) else None
    except UsageError:
        return None


def _header(row: object) -> str | None:
    """Return an additional header as one text."""
    if not isinstance(row, dict) or "=" in str(row.get("key", "=")):
        return None
    return f"{row['key']}={row.get('value', '')}"


def _words(request: CalloutRequest) -> tuple[str, ...]:
    callout = request.callout
    words = ["invite", callout.address.protocol.value, callout.address.shown]
    match request.target:
        case SessionTarget(identifier):
            words += ["--session", identifier]
        case MeetingTarget(number):
            words += ["--meeting", number]
    flags = [("--from-name", callout.from_name), ("--to-name", callout.to_name), ("--from-uri", callout.from_uri)]
    flags += [("--header", f"{header.key}={header.value}") for header in callout.headers]
    for flag, value in flags:
        if value is not None:
            words += [f"{flag}={value}"] if value.startswith("-") else [flag, value]
    for name, is_on in (("greeting", callout.has_greeting), ("press-one", callout.has_to_press_one)):
        words += [] if is_on is None else [f"--{name}" if is_on else f"--no-{name}"]
    return tuple(words)
