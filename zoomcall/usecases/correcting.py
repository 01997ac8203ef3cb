"""The request that somebody meant: as a command of this program's, and as what goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from msgspec import Struct

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import API_BASE, GOV_API_BASE, GOV_OAUTH_BASE, OAUTH_BASE, ApiBase, is_loopback
from zoomcall.domain.callout import Callout, CalloutRequest, SipHeader, parse_display_name, parse_from_uri
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

_ADDRESS, _SESSION, _MEETING = "ADDRESS", "SESSION_ID", "MEETING_NUMBER"
_NUMBER = "PHONE_NUMBER"
_PHONE_OPTIONS = ("require_greeting", "require_pressing_one")
_CLIENT, _ACCOUNT = "CLIENT_ID", "ACCOUNT_ID"
_TARGET = re.compile(r"/(sessions?|(?:live_?-?)?meetings?)/(.+?)/events?/*$", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
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
        """The JSON body; there is no secret in it."""
        return {"method": PHONE_METHODS[self.target.api], "params": dict(self.params)}


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A server-to-server app's request for a token."""

    client_id: str
    account_id: str


class Correction(Struct, frozen=True, kw_only=True):
    """What was meant.

    Attributes:
        words: The command, without the program's name; empty if it has none for this.
        request: What goes over the wire.
        base: Where it goes.
        api: Whose token it takes; None for the token endpoint.
        gaps: What stands in for something that the paste does not show, in words.
    """

    words: tuple[str, ...]
    request: CalloutRequest | PhoneRequest | PlainRequest | TokenRequest
    base: ApiBase
    api: Api | None
    gaps: tuple[str, ...] = ()


class CannotCorrect(Exception):
    """Nothing can be built out of the request; the text says why."""


def correct(facts: Facts) -> Correction:
    """Build the request that was meant.

    Raises:
        CannotCorrect: What was meant cannot be told.
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
        raise CannotCorrect("it does something else in the session or meeting than ringing a room or a phone")
    if body is not None and body.is_phone:
        return _phone(request.body, body, route)
    return _callout(request.body, body, route)


def _token_request(facts: Facts, route: Route) -> Correction:
    text = f"{route.query}&{(facts.request.body if facts.request else '') or ''}"
    grant = re.search(r"grant_type[\"':= ]+([\w:-]+)", text)
    if (grant is not None and grant[1] in {"authorization_code", "refresh_token"}) or "device_code" in text:
        raise CannotCorrect("zoomcall has its tokens by account_credentials alone")
    account = re.search(r"account_id[\"':= ]+([A-Za-z0-9_-]{8,64})", text)
    client = facts.basic.reveal().partition(":")[0].strip() if facts.basic is not None else ""
    is_client_known = bool(re.fullmatch(r"[A-Za-z0-9_-]{6,64}", client))
    gaps = [] if account else [f"the account id: put it in place of {_ACCOUNT}"]
    gaps += [] if is_client_known else [f"the client id: put it in place of {_CLIENT}"]
    return Correction(
        words=("token", "mint", "--for", Api.MEETING.value),
        request=TokenRequest(
            client_id=client if is_client_known else _CLIENT, account_id=account[1] if account else _ACCOUNT
        ),
        base=_base(route, OAUTH_BASE, GOV_OAUTH_BASE),
        api=None,
        gaps=tuple(gaps),
    )


def _read(route: Route) -> Correction:
    """Correct a request that only reads."""
    base = _base(route, API_BASE, GOV_API_BASE)
    if route.api is Api.SESSION and route.method == "GET":
        if re.fullmatch(r"/videosdk/sessions/*", route.path):
            path = "/videosdk/sessions" + (f"?{route.query}" if route.query else "")
            return Correction(
                words=("session", "list"), request=PlainRequest(path=path), base=base, api=Api.SESSION
            )
        if route.raw_id and route.tail in {None, "users"}:
            target, gaps = _session(route.raw_id)
            path = f"/videosdk/sessions/{encode_id(target.id)}/users?type=live"
            return Correction(
                words=("session", "show", target.id),
                request=PlainRequest(path=path),
                base=base,
                api=Api.SESSION,
                gaps=gaps,
            )
    raise CannotCorrect("zoomcall has no command for this endpoint")


def _callout(text: str | None, body: CalloutBody | None, route: Route) -> Correction:
    target, gaps = _target(route, text)
    callout, more = _room(text, body)
    request = CalloutRequest(target, callout)
    return Correction(
        words=_words(target, callout),
        request=request,
        base=_base(route, API_BASE, GOV_API_BASE),
        api=target.api,
        gaps=(*gaps, *more),
    )


def _phone(text: str | None, body: CalloutBody, route: Route) -> Correction:
    """Correct a request that rings a phone, with what Zoom reads of its params (zoom-api 3.1)."""
    target, gaps = _target(route, text)
    given = body.phone_number
    digits = re.sub(r"\D", "", given) if isinstance(given, str) and not has_placeholder(given) else ""
    if not digits:
        gaps = (*gaps, f"the phone's number: put it in place of {_NUMBER}")
    elif extension := re.fullmatch(r"\+?(\d{7,15}-\d{1,6})", str(given).strip()):
        digits = extension[1]
    params: dict[str, Any] = {"phone_number": digits or _NUMBER}
    given_options = (body.params or {}).get("invite_options")
    if isinstance(given_options, list):
        given_options = given_options[0] if given_options else None
    options = given_options if isinstance(given_options, dict) else {}
    name = (body.params or {}).get("invitee_name", options.get("invitee_name"))
    if isinstance(name, str):
        params["invitee_name"] = name
    kept = {name: options[name] for name in _PHONE_OPTIONS if isinstance(options.get(name), bool)}
    if kept:
        params["invite_options"] = kept
    return Correction(
        words=(),
        request=PhoneRequest(target=target, params=params),
        base=_base(route, API_BASE, GOV_API_BASE),
        api=target.api,
        gaps=(*gaps, "a command of zoomcall's for it: there is none for phones"),
    )


def _target(route: Route, body: str | None) -> tuple[ResolvedTarget, tuple[str, ...]]:
    match = _TARGET.search(f"{route.path}")
    raw = route.raw_id if route.is_callout else match[2] if match else None
    api = _api(route, match, body)
    if raw is None:
        raise CannotCorrect("the path names no session and no meeting")
    if api is Api.SESSION:
        return _session(raw)
    number = unquote(raw)
    if stands_for_id(number):
        return MeetingTarget(MeetingNumber(_MEETING)), (f"the meeting's number: put it in place of {_MEETING}",)
    try:
        return MeetingTarget(parse_meeting_number(number)), ()
    except UsageError:
        raise CannotCorrect("the path holds no meeting number") from None


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
    if stands_for_id(identifier):
        return SessionTarget(SessionId(_SESSION)), (f"the session's id: put it in place of {_SESSION}",)
    try:
        return SessionTarget(parse_session_id(identifier)), ()
    except UsageError:
        raise CannotCorrect("the path holds no session id") from None


def _room(text: str | None, body: CalloutBody | None) -> tuple[Callout, tuple[str, ...]]:
    """Give the room, with the names and headers that Zoom would take."""
    given, protocol = _address(text, body)
    gaps: list[str] = []
    if given is None or not given.strip() or has_placeholder(given):
        given = _ADDRESS
        gaps.append(f"the room's address: put it in place of {_ADDRESS}")
        if protocol is None:
            protocol = Protocol.SIP
            gaps.append("whether it is a SIP or an H.323 room; it is taken for SIP")
    address = _parsed(given.strip(), protocol)
    group = (body.params or {}).get(f"{address.protocol}_headers") if body is not None else None
    return _with_names(Callout(address=address), group if isinstance(group, dict) else {}), tuple(gaps)


def _address(text: str | None, body: CalloutBody | None) -> tuple[str | None, Protocol | None]:
    if body is not None and body.members is not None:
        misplaced = body.misplaced_address
        found = body.address or (misplaced[1] if misplaced is not None else None)
        return (found if isinstance(found, str) else None), body.protocol
    text = text or ""
    salvaged = dict(_SALVAGED.findall(unquote_plus(text) if _ESCAPE.search(text) else text))
    protocol = read_body(f'{{"params":{{"call_type":"{salvaged.get("call_type", "")}"}}}}').protocol
    return salvaged.get("device_ip"), protocol


def _parsed(text: str, protocol: Protocol | None) -> RoomAddress:
    scheme = text.partition(":")[0].lower()
    if scheme in {"sip", "sips"}:
        protocol = Protocol.SIP
    elif scheme == "h323":
        protocol = Protocol.H323
    elif protocol is None and "@" in text:
        protocol = Protocol.SIP
    if protocol is None:
        raise CannotCorrect("whether it is a SIP or an H.323 room cannot be told")
    try:
        return RoomAddress.parse(protocol, text)
    except UsageError:
        raise CannotCorrect("the room's address is none") from None


def _with_names(callout: Callout, group: Mapping[str, Any]) -> Callout:
    """Add the names and headers that keep Zoom's rules; the others are left out."""
    is_sip = callout.address.protocol is Protocol.SIP
    rows = group.get("additional_headers")
    return Callout(
        address=callout.address,
        from_name=_kept(parse_display_name, group.get("from_display_name"), flag="--from-name"),
        to_name=_kept(parse_display_name, group.get("to_display_name"), flag="--to-name"),
        from_uri=_kept(parse_from_uri, group.get("from_uri")) if is_sip else None,
        headers=_headers(rows) if is_sip and isinstance(rows, list) else (),
    )


def _kept(parse: Any, value: object, **names: str) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        kept: str = parse(value, **names)
    except UsageError:
        return None
    return kept


def _headers(rows: list[Any]) -> tuple[SipHeader, ...]:
    headers = []
    for row in rows:
        if not isinstance(row, dict) or "=" in str(row.get("key", "=")):
            continue
        try:
            headers.append(SipHeader.parse(f"{row['key']}={row.get('value', '')}"))
        except UsageError:
            continue
    return tuple(headers[:10])


def _words(target: ResolvedTarget, callout: Callout) -> tuple[str, ...]:
    words = ["invite", callout.address.protocol.value, callout.address.shown]
    match target:
        case SessionTarget():
            words += ["--session", target.id]
        case MeetingTarget():
            words += ["--meeting", target.number]
    options = (("--from-name", callout.from_name), ("--to-name", callout.to_name), ("--from-uri", callout.from_uri))
    for flag, value in options:
        if value is not None:
            words += [f"{flag}={value}"] if value.startswith("-") else [flag, value]
    for header in callout.headers:
        words += ["--header", f"{header.key}={header.value}"]
    return tuple(words)


def _base(route: Route, usual: ApiBase, gov: ApiBase) -> ApiBase:
    """Keep the cluster, and a local server; anything else is Zoom's usual base."""
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
