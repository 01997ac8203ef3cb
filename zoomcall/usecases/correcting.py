"""Corrects a request that somebody pasted: the zoomcall command, and what goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
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
from zoomcall.domain.shown_text import shown_value
from zoomcall.domain.target import (
    Api,
    MeetingNumber,
    MeetingTarget,
    ResolvedTarget,
    SessionId,
    SessionTarget,
    encode_id,
    events_path,
    parse_meeting_number,
    parse_session_id,
)
from zoomcall.errors import UsageError
from zoomcall.knowledge.callout_body import PHONE_METHODS, CalloutBody, read_body
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.placeholder import has_placeholder, stands_for_id
from zoomcall.knowledge.route import Route, route_of

_Id = TypeVar("_Id", SessionId, MeetingNumber)

_ADDRESS, _NUMBER = "ADDRESS", "PHONE_NUMBER"
_SESSION, _MEETING = SessionId("SESSION_ID"), MeetingNumber("MEETING_NUMBER")
_PHONE_OPTIONS = ("require_greeting", "require_pressing_one")
_CLIENT, _ACCOUNT = "CLIENT_ID", "ACCOUNT_ID"
_CODES_OF_USERS = {"invalid_grant", "invalid_redirect_uri", 4709, 4711, 4733, 4734, 4735}
_TARGET = re.compile(r"/(sessions?|(?:live_?-?)?meetings?)/(.+?)/events?/*$", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_MOST_NAMED = 4
_SALVAGED = re.compile(
    r"\b(call_type|device_ip)[\"'\\]{0,3}\s{0,4}[:=]\s{0,4}[\"'\\]{0,3}([^\"'\\,{}\[\]&\s]{1,512})"
)


class PlainRequest(Struct, frozen=True, kw_only=True):
    """A GET with a bearer token; ``path`` is below the API base."""

    path: str


class PhoneRequest(Struct, frozen=True, kw_only=True):
    """The PATCH that rings a phone into a target."""

    target: ResolvedTarget
    params: Mapping[str, Any]

    method = "PATCH"

    @property
    def path(self) -> str:
        """The path below the API base."""
        return events_path(self.target)

    @property
    def shown_body(self) -> dict[str, Any]:
        """The JSON body, which holds no secret."""
        return {"method": PHONE_METHODS[self.target.api], "params": dict(self.params)}


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A server-to-server app's request for a token."""

    client_id: str
    account_id: str


class Correction(Struct, frozen=True, kw_only=True):
    """The request that was meant.

    Attributes:
        words: The command, without the program's name; empty if there is none for this.
        request: What goes over the wire.
        base: Where it goes.
        api: Which API's token it takes; None for the token endpoint.
        gaps: What the paste does not show, and its stand-in, in words.
    """

    words: tuple[str, ...]
    request: CalloutRequest | PhoneRequest | PlainRequest | TokenRequest
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
    if route.is_token_endpoint:
        return _token_request(facts, route)
    body = read_body(request.body) if request.body else None
    is_callout = route.is_callout or _TARGET.search(route.path) or (body is not None and body.is_callout)
    if not is_callout:
        return _read(route)
    if body is not None and body.is_other:
        raise CannotCorrect("it does something other than ring a room or a phone")
    if body is not None and body.is_phone:
        return _phone(request.body, body, route)
    return _callout(request.body, body, route)


def _token_request(facts: Facts, route: Route) -> Correction:
    text = f"{route.query}&{(facts.request.body if facts.request else '') or ''}"
    grant = re.search(r"grant_type[\"':= ]+([\w:-]+)", text)
    is_of_user = grant is not None and grant[1] in {"authorization_code", "refresh_token"}
    is_of_user = is_of_user or (facts.answer is not None and facts.answer.code in _CODES_OF_USERS)
    if is_of_user or "device_code" in text:
        raise CannotCorrect("zoomcall gets its tokens by account_credentials only")
    account = re.search(r"account_id[\"':= ]+([A-Za-z0-9_-]{8,64})", text)
    client = re.match(
        r"\s*([A-Za-z0-9_-]{6,64})\s*(?::|$)", facts.basic.reveal() if facts.basic is not None else ""
    )
    gaps = [] if account else [f"the account id: replace {_ACCOUNT} with it"]
    gaps += [] if client else [f"the client id: replace {_CLIENT} with it"]
    return Correction(
        words=("token", "mint", "--for", Api.MEETING.value),
        request=TokenRequest(
            client_id=client[1] if client else _CLIENT, account_id=account[1] if account else _ACCOUNT
        ),
        base=_base(route, OAUTH_BASE, GOV_OAUTH_BASE),
        api=None,
        gaps=tuple(gaps),
    )


def _read(route: Route) -> Correction:
    """Correct a request that only reads."""
    if route.api is Api.SESSION and route.method == "GET":
        if re.fullmatch(r"/videosdk/sessions/*", route.path):
            path = "/videosdk/sessions" + (f"?{route.query}" if route.query else "")
            return _reading(("session", "list"), path, route)
        if route.raw_id and route.tail in {None, "users"}:
            target, gaps = _session(route.raw_id)
            path = f"/videosdk/sessions/{encode_id(target.id)}/users?type=live"
            return _reading(("session", "show", target.id), path, route, gaps)
    raise CannotCorrect("zoomcall has no command for this endpoint")


def _reading(words: tuple[str, ...], path: str, route: Route, gaps: tuple[str, ...] = ()) -> Correction:
    request, base = PlainRequest(path=path), _api_base(route)
    return Correction(words=words, request=request, base=base, api=Api.SESSION, gaps=gaps)


def _callout(text: str | None, body: CalloutBody | None, route: Route) -> Correction:
    target, gaps = _target(route, text)
    callout, more = _room(text, body)
    request = CalloutRequest(target, callout)
    dropped = _dropped(body, callout) if body is not None else ()
    base, gaps = _api_base(route), (*gaps, *more, *dropped)
    return Correction(words=_words(request), request=request, base=base, api=target.api, gaps=gaps)


def _phone(text: str | None, body: CalloutBody, route: Route) -> Correction:
    """Correct a request that rings a phone."""
    target, gaps = _target(route, text)
    number = _phone_number(body.meant("phone_number"))
    if number is None:
        gaps = (*gaps, f"the phone number: replace {_NUMBER} with it")
    params = {"phone_number": number or _NUMBER, **_phone_params(body.params or {})}
    return Correction(
        words=(),
        request=PhoneRequest(target=target, params=params),
        base=_api_base(route),
        api=target.api,
        gaps=(*gaps, "a zoomcall command: there is none for phones"),
    )


def _phone_number(given: object) -> str | None:
    number = str(given or "").strip()
    extension = re.fullmatch(r"\+?(\d{7,15}-\d{1,6})", number)
    return None if has_placeholder(number) else extension[1] if extension else re.sub(r"\D", "", number) or None


def _phone_params(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params besides the number that Zoom reads (zoom-api 3.1)."""
    options = given.get("invite_options")
    if isinstance(options, list):
        options = options[0] if options else None
    if not isinstance(options, dict):
        options = {}
    params: dict[str, Any] = {}
    name = given.get("invitee_name", options.get("invitee_name"))
    if isinstance(name, str):
        params["invitee_name"] = name
    kept = {name: options[name] for name in _PHONE_OPTIONS if isinstance(options.get(name), bool)}
    if kept:
        params["invite_options"] = kept
    return params


def _target(route: Route, body: str | None) -> tuple[ResolvedTarget, tuple[str, ...]]:
    match = _TARGET.search(route.path)
    raw = route.raw_id if route.is_callout else match[2] if match else None
    api = _api(route, match, body)
    if raw is None:
        raise CannotCorrect("the path names neither a session nor a meeting")
    if api is Api.SESSION:
        return _session(raw)
    number, gaps = _identified(unquote(raw), parse_meeting_number, _MEETING, "meeting number")
    return MeetingTarget(number), gaps


def _api(route: Route, match: re.Match[str] | None, body: str | None) -> Api:
    if match is not None:
        return Api.SESSION if match[1].lower().startswith("session") else Api.MEETING
    if route.api is not None:
        return route.api
    return Api.SESSION if "user.invite." in (body or "") else Api.MEETING


def _session(raw: str) -> tuple[SessionTarget, tuple[str, ...]]:
    identifier = unquote(raw)
    if _ESCAPE.search(identifier):
        identifier = unquote(identifier)
    found, gaps = _identified(identifier, parse_session_id, _SESSION, "session id")
    return SessionTarget(found), gaps


def _identified(text: str, parse: Callable[[str], _Id], stand_in: _Id, name: str) -> tuple[_Id, tuple[str, ...]]:
    if stands_for_id(text):
        return stand_in, (f"the {name}: replace {stand_in} with it",)
    try:
        return parse(text), ()
    except UsageError:
        raise CannotCorrect(f"the path has no {name}") from None


def _room(text: str | None, body: CalloutBody | None) -> tuple[Callout, tuple[str, ...]]:
    """Return the room, with the names and headers that Zoom would take."""
    given, protocol = _address(text, body)
    gaps: list[str] = []
    if given is None or not given.strip() or has_placeholder(given):
        given = _ADDRESS
        gaps.append(f"the room's address: replace {_ADDRESS} with it")
        if protocol is None:
            protocol = Protocol.SIP
            gaps.append("whether the room is SIP or H.323; SIP is assumed")
    address = _parsed(given.strip(), protocol)
    return _callout_to(address, body.headers if body is not None else {}), tuple(gaps)


def _address(text: str | None, body: CalloutBody | None) -> tuple[str | None, Protocol | None]:
    if body is not None and body.members is not None:
        found = body.meant("device_ip")
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        return (found if isinstance(found, str) else None), body.protocol
    text = text or ""
    salvaged = dict(_SALVAGED.findall(unquote_plus(text) if _ESCAPE.search(text) else text))
    call_type = salvaged.get("call_type")
    return salvaged.get("device_ip"), CalloutBody(members={"params": {"call_type": call_type}}).protocol


def _parsed(text: str, protocol: Protocol | None) -> RoomAddress:
    scheme = text.partition(":")[0].lower()
    if scheme in {"sip", "sips"}:
        protocol = Protocol.SIP
    elif scheme == "h323":
        protocol = Protocol.H323
    elif protocol is None and "@" in text:
        protocol = Protocol.SIP
    if protocol is None:
        raise CannotCorrect("nothing tells whether the room is SIP or H.323")
    try:
        return RoomAddress.parse(protocol, text)
    except UsageError:
        raise CannotCorrect("the room's address is invalid") from None


def _callout_to(address: RoomAddress, group: Mapping[str, Any]) -> Callout:
    """Build the callout, with the names and headers that follow Zoom's rules and without the others."""
    is_sip = address.protocol is Protocol.SIP
    rows = group.get("additional_headers")
    return Callout(
        address=address,
        from_name=_kept(partial(parse_display_name, flag="--from-name"), group.get("from_display_name")),
        to_name=_kept(partial(parse_display_name, flag="--to-name"), group.get("to_display_name")),
        from_uri=_kept(parse_from_uri, group.get("from_uri")) if is_sip else None,
        headers=_headers(rows) if is_sip and isinstance(rows, list) else (),
    )


def _dropped(body: CalloutBody, callout: Callout) -> tuple[str, ...]:
    """Say what the request has that the corrected one leaves out, so that nothing goes without a word."""
    given = body.headers
    sent = {
        "from_display_name": callout.from_name,
        "to_display_name": callout.to_name,
        "from_uri": callout.from_uri,
    }
    left = [name for name, value in sent.items() if given.get(name) and value is None]
    rows = given.get("additional_headers")
    lost = len(rows) - len(callout.headers) if isinstance(rows, list) else 1 if rows else 0
    left += [f"{lost} of additional_headers"] if lost > 0 else []
    left += [shown_value(place) for place in body.unread[:_MOST_NAMED]]
    return tuple(f"{name}: left out of the corrected request, because Zoom does not take it so" for name in left)


def _kept(parse: Callable[[str], str], value: object) -> str | None:
    try:
        return parse(value) if isinstance(value, str) else None
    except UsageError:
        return None


def _headers(rows: list[Any]) -> tuple[SipHeader, ...]:
    headers = []
    for row in rows:
        if not isinstance(row, dict) or "=" in str(row.get("key", "=")):
            continue
        try:
            headers.append(SipHeader.parse(f"{row['key']}={row.get('value', '')}"))
        except UsageError:
            continue
    return tuple(headers[:MOST_HEADERS])


def _words(request: CalloutRequest) -> tuple[str, ...]:
    callout = request.callout
    words = ["invite", callout.address.protocol.value, callout.address.shown]
    match request.target:
        case SessionTarget(identifier):
            words += ["--session", identifier]
        case MeetingTarget(number):
            words += ["--meeting", number]
    options = (("--from-name", callout.from_name), ("--to-name", callout.to_name), ("--from-uri", callout.from_uri))
    for flag, value in options:
        if value is not None:
            words += [f"{flag}={value}"] if value.startswith("-") else [flag, value]
    for header in callout.headers:
        words += ["--header", f"{header.key}={header.value}"]
    return tuple(words)


def _api_base(route: Route) -> ApiBase:
    return _base(route, API_BASE, GOV_API_BASE)


def _base(route: Route, usual: ApiBase, gov: ApiBase) -> ApiBase:
    """Keep the cluster or a local server; replace anything else by Zoom's usual base."""
    host = route.host
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return usual
    if name == "zoomgov.com" or name.endswith(".zoomgov.com"):
        return gov
    if name and is_loopback(name):
        return ApiBase(f"http://{host}{route.base}" if usual == API_BASE else f"http://{host}")
    return usual
