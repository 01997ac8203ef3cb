"""Rules about a callout's body and content type (contract 4), for requests that this program did not build."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.callout import (
    LONGEST_FROM_URI,
    LONGEST_HEADER_KEY,
    LONGEST_HEADER_VALUE,
    LONGEST_NAME,
    MOST_HEADERS,
    ROOM_METHODS,
)
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import shown_value
from zoomcall.domain.target import Api
from zoomcall.errors import UsageError
from zoomcall.knowledge.callout_body import FORM_FAULT, PHONE_METHODS, CalloutBody, read_body
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.placeholder import has_placeholder
from zoomcall.knowledge.route import Route, route_of
from zoomcall.knowledge.texts import cause_texts

_NEXT = "which would be the next problem"
_PHONE = Pattern(r"\+?[\d ().-]{3,40}")
_SHORTEST_NUMBER = 7
_OWN_HOST = Pattern(
    r"(?:[\w-]+\.)*(?:zoomcrc\.com|zmeu\.us|zoomcrcgov\.com)(?![\w-]|\.\w)|^(?:162\.255\.3[67]\.11|213\.19\.144\.110)\b",
    re.IGNORECASE,
)
_FIX_OF_NOTATION = (
    'Write sip_headers as an object, and its additional_headers as a list: [{"key": "X-Name", "value": "text"}].'
)
_FIX_OF_FORM = (
    "Turn the object into JSON before it is sent (json= in requests, JSON.stringify, ConvertTo-Json, json_encode), "
    "with Content-Type: application/json."
)
_ID = Pattern(r"\s*\((?:address-invalid|header-rule)\)\s*$")


def content_type(facts: Facts) -> Finding | Checked | None:
    """Look for a body that is not declared to be JSON."""
    request, status = _callout(facts), _status(facts)
    if request is None or request.body == "" or status == 202:
        return None
    stated = request.header("content-type")
    if stated is None and (request.body is None or not request.is_whole):
        return None
    if request.body is None and not request.is_whole:
        return None  # a program's header, which may be meant for another body
    if stated is not None and has_placeholder(stated):
        return None
    media = (stated or "").partition(";")[0].strip().lower()
    if media == "application/json":
        return Checked("content-type", media)
    words = ("valid json object", "unsupported content type", "unsupported media type")
    is_refused_for_it = status == 415 or any(_says(facts, said) for said in words)
    certainty = Certainty.CERTAIN if is_refused_for_it else Certainty.LIKELY
    told = (
        f"the body is declared as {shown_value(media)}" if media else "no Content-Type header says what the body is"
    )
    return _finding(facts, "content-type", certainty, told)


def body_not_json(facts: Facts) -> Finding | Checked | None:
    """Look for a body that is missing or unreadable."""
    request = _callout(facts)
    if request is None or request.body is None or _status(facts) == 202 or request.method == "GET":
        return None
    if not request.body.strip():
        return _finding(facts, "body-not-json", Certainty.LIKELY, "there is no body", is_absence=True)
    body = read_body(request.body)
    if body.fault is not None:
        fix = _FIX_OF_FORM if body.fault == FORM_FAULT else None
        told = f"the body is not a JSON object: {body.fault}"
        return _finding(facts, "body-not-json", Certainty.CERTAIN, told, fix)
    return Checked("body-not-json", "a JSON object") if body.members is not None else None


def wrong_callout_method(facts: Facts) -> Finding | Checked | None:
    """Look for the method of the other API, the one for phones, or one that does not exist."""
    body, route = _body(facts), route_of(facts)
    if body is None or route is None or route.api is None or body.is_other:
        return None
    method, right = body.method, (PHONE_METHODS if body.is_phone else ROOM_METHODS)[route.api]
    if method is not None and has_placeholder(method):
        return None
    if method == right:
        return Checked("wrong-callout-method", method)
    fix = f"Name the method {right}."
    if method is None:
        evidence = "the body names no method"
        return _finding(facts, "wrong-callout-method", Certainty.LIKELY, evidence, fix, is_absence=True)
    return _finding(facts, "wrong-callout-method", Certainty.CERTAIN, _fault_of_method(method, route), fix)


def _fault_of_method(method: str, route: Route) -> str:
    kind = "session" if route.api is Api.SESSION else "meeting"
    if method in PHONE_METHODS.values():
        return f"the body names {method}, which rings phones, but its params name a room"
    for known in (ROOM_METHODS, PHONE_METHODS):
        for api, name in known.items():
            if method == name and api is not route.api:
                return f"the body names {method}, which is for {api.value}s, but the path is for a {kind}"
    return f"the body names {shown_value(method)}, which is not one of Zoom's callout methods"


def device_field_name(facts: Facts) -> Finding | Checked | None:
    """Look for an address or a phone number in a field that Zoom does not read."""
    if (phone := _phone(facts)) is not None:
        misplaced = phone.misplaced("phone_number")
        if misplaced is None or phone.number:
            return Checked("device-field-name", "phone_number, inside params") if phone.number else None
        evidence = f"the number is in {shown_value(misplaced[0])}; Zoom reads params.phone_number"
        fix = "Name the field phone_number, inside params."
        return _finding(facts, "device-field-name", Certainty.CERTAIN, evidence, fix)
    body = _room(facts)
    if body is None or body.address:
        return None if body is None else Checked("device-field-name", "device_ip, inside params")
    misplaced = body.misplaced("device_ip")
    if misplaced is None:
        return None
    evidence = f"the address is in {shown_value(misplaced[0])}; Zoom reads params.device_ip"
    return _finding(facts, "device-field-name", Certainty.CERTAIN, evidence)


def address_missing(facts: Facts) -> Finding | Checked | None:
    """Look for a request without any address or number."""
    if (phone := _phone(facts)) is not None:
        if phone.number or phone.misplaced("phone_number") is not None:
            return None
        evidence = "phone_number is empty" if "phone_number" in (phone.params or {}) else "there is no phone_number"
        fix = "Put the number, with country and area code, in params.phone_number."
        return _finding(facts, "address-missing", Certainty.CERTAIN, evidence, fix, is_absence=True)
    body = _room(facts)
    if body is None or body.misplaced("device_ip") is not None:
        return None
    if body.address and (not isinstance(body.address, str) or body.address.strip()):
        return None  # what it is instead is for address_invalid
    if body.params is None:
        is_object = body.members is None or isinstance(body.members.get("params", {}), dict)
        evidence = "the body has no params" if is_object else "params is not an object"
    elif "device_ip" in body.params:
        evidence = "device_ip is empty"
    else:
        evidence = f"params has {_listed(body.params)}, but no device_ip"
    return _finding(facts, "address-missing", Certainty.CERTAIN, evidence, is_absence=True)


def headers_misplaced(facts: Facts) -> Finding | Checked | None:
    """Look for names and SIP headers outside ``params.sip_headers``, where Zoom does not read them."""
    body = _room(facts)
    if body is None:
        return None
    places = body.misplaced_headers
    if not places:
        has_any = any(name in (body.params or {}) for name in ("sip_headers", "h323_headers"))
        return Checked("headers-misplaced", "sip_headers or h323_headers, inside params") if has_any else None
    told = ", ".join(shown_value(place) for place in places[:4])
    evidence = f"{told}: Zoom reads that only in params.sip_headers or params.h323_headers"
    return _finding(facts, "headers-misplaced", Certainty.CERTAIN, evidence)


def own_dial_in_address(facts: Facts) -> Finding | Checked | None:
    """Look for an address by which rooms dial in to Zoom (zoom-api 10)."""
    body = _room(facts)
    if body is None or not isinstance(body.address, str) or has_placeholder(body.address):
        return None
    host = _OWN_HOST.search(body.address)
    if host is None:
        return None
    evidence = f"device_ip ends in {host[0].lower()}, which is Zoom's own: it leads into the meeting itself"
    return _finding(facts, "own-dial-in-address", Certainty.LIKELY, evidence)


def private_address(facts: Facts) -> Finding | Checked | None:
    """Look for an address that Zoom's cloud cannot reach, where somebody says that the room does not ring."""
    body = _room(facts)
    if body is None or not isinstance(body.address, str) or facts.request is None:
        return None
    if not facts.request.is_said_not_to_ring or has_placeholder(body.address):
        return None
    try:
        warnings = RoomAddress.parse(body.protocol or Protocol.SIP, body.address).warnings
    except UsageError:
        return None
    told = next((warning.message for warning in warnings if warning.id == "private-address"), None)
    return _finding(facts, "private-address", Certainty.LIKELY, told) if told else None


def call_type_invalid(facts: Facts) -> Finding | Checked | None:
    """Look for a call type other than ``sip`` and ``h323``."""
    body = _room(facts)
    if body is None or body.params is None:
        return None
    given = body.call_type
    if given in {"sip", "h323"} if isinstance(given, str) else False:
        return Checked("call-type-invalid", str(given))
    if given is None or given == "":
        misplaced = body.misplaced("call_type")
        if misplaced is not None and _is_beside_address(body, misplaced[0]):
            return None  # the same level is named for the address
        told = f"; Zoom does not read {shown_value(misplaced[0])}" if misplaced is not None else ""
        evidence = f"params has no call_type{told}"
        return _finding(facts, "call-type-invalid", Certainty.LIKELY, evidence, is_absence=True)
    if not isinstance(given, str):
        return _finding(facts, "call-type-invalid", Certainty.CERTAIN, "call_type is not a string")
    if has_placeholder(given):
        return None
    certainty = Certainty.LIKELY if given.strip().lower() in {"sip", "h323"} else Certainty.CERTAIN
    return _finding(
        facts, "call-type-invalid", certainty, f"call_type is {shown_value(given)}; Zoom knows sip and h323"
    )


def _is_beside_address(body: CalloutBody, place: str) -> bool:
    """Return whether a field is with the address in an object in which Zoom reads neither."""
    address, level = body.misplaced("device_ip"), place.rpartition(".")[0]
    return address is not None and level == address[0].rpartition(".")[0] and level != "params"


def address_invalid(facts: Facts) -> Finding | Checked | None:
    """Look for an invalid address or phone number."""
    if (phone := _phone(facts)) is not None:
        return _number(facts, phone.number)
    body = _room(facts)
    if body is None or not body.address:
        return None
    if not isinstance(body.address, str):
        sort = "a list" if isinstance(body.address, list) else "not a string"
        fix = "Write one address as text, in quotation marks: one request rings one room."
        return _finding(facts, "address-invalid", Certainty.CERTAIN, f"device_ip is {sort}", fix)
    if not body.address.strip() or has_placeholder(body.address):
        return None
    protocols = [body.protocol] if body.protocol is not None else [Protocol.SIP, Protocol.H323]
    fault: UsageError | None = None
    for protocol in protocols:
        try:
            address = RoomAddress.parse(protocol, body.address)
        except UsageError as error:
            fault = fault or error
        else:
            return Checked("address-invalid", address.shown)
    told = _ID.sub("", fault.message) if fault is not None else "it cannot be read"
    return _finding(facts, "address-invalid", Certainty.CERTAIN, told, fault.fix if fault is not None else None)


def _number(facts: Facts, number: object) -> Finding | Checked | None:
    """Judge a phone number: digits with country and area code, an extension after a hyphen (zoom-api 3.1)."""
    if not number or _stands_in(number):
        return None
    fix = "Write country code, area code and number in digits, like 15555550100, with an extension after a hyphen."
    if not isinstance(number, str):
        return _finding(facts, "address-invalid", Certainty.LIKELY, "phone_number is not a string", fix)
    if _PHONE.fullmatch(number) and sum(character.isdigit() for character in number) >= _SHORTEST_NUMBER:
        return Checked("address-invalid", "phone_number is a phone number")
    return _finding(facts, "address-invalid", Certainty.CERTAIN, f"phone_number is {shown_value(number)}", fix)


def header_rule(facts: Facts) -> Finding | Checked | None:
    """Look for a name or header that breaks Zoom's limits (zoom-api 3.1)."""
    body = _room(facts)
    if body is None or body.params is None:
        return None
    faults = list(_faults_of_headers(body.params))
    if faults:
        fix = _FIX_OF_NOTATION if any(" is not a" in fault for fault in faults) else None
        return _finding(facts, "header-rule", Certainty.CERTAIN, "; ".join(faults[:3]), fix)
    for name, protocol in (("sip_headers", Protocol.SIP), ("h323_headers", Protocol.H323)):
        if name in body.params and body.protocol not in {None, protocol}:
            evidence = f"{name} comes with call_type {body.protocol}; Zoom reads it only for {protocol}"
            return _finding(facts, "header-rule", Certainty.LIKELY, evidence)
    has_any = any(name in body.params for name in ("sip_headers", "h323_headers"))
    return Checked("header-rule", "within Zoom's limits") if has_any else None


def _faults_of_headers(params: Mapping[str, Any]) -> Iterator[str]:
    for group in ("sip_headers", "h323_headers"):
        if group not in params:
            continue
        headers = params[group]
        if headers is None or _stands_in(headers):
            continue
        if not isinstance(headers, dict):
            yield f"{group} is not an object"
            continue
        for name in ("from_display_name", "to_display_name"):
            yield from _faults_of_text(name, headers.get(name), LONGEST_NAME)
        if group == "sip_headers":
            yield from _faults_of_text("from_uri", headers.get("from_uri"), LONGEST_FROM_URI, ("sip:", "sips:"))
            yield from _faults_of_additional(headers.get("additional_headers"))


def _faults_of_text(name: str, value: object, longest: int, starts: tuple[str, ...] = ("",)) -> Iterator[str]:
    if value is None or _stands_in(value):
        return
    if not isinstance(value, str):
        yield f"{name} is not a string"
    elif not value.startswith(starts):
        yield f"{name} does not start with {' or '.join(starts)}"
    elif len(value) > longest:
        yield f"{name} has {len(value)} characters; Zoom allows {longest}"


def _faults_of_additional(value: object) -> Iterator[str]:
    if value is None or _stands_in(value):
        return
    if not isinstance(value, list):
        yield "additional_headers is not a list"
        return
    if len(value) > MOST_HEADERS:
        yield f"additional_headers has {len(value)} entries; Zoom allows {MOST_HEADERS}"
    for place, header in enumerate(value, 1):
        if _stands_in(header):
            continue
        if not isinstance(header, dict) or not {"key", "value"} <= header.keys():
            yield f"entry {place} of additional_headers is not a key and a value"
            continue
        key, text = str(header["key"]), str(header["value"])
        if len(key) > LONGEST_HEADER_KEY and not _stands_in(key):
            yield f"the key of entry {place} has {len(key)} characters; Zoom allows {LONGEST_HEADER_KEY}"
        size = len(text.encode("utf-8", "replace"))
        if size > LONGEST_HEADER_VALUE and not _stands_in(text):
            yield f"the value of entry {place} has {size} bytes; Zoom allows {LONGEST_HEADER_VALUE}"


def _stands_in(value: object) -> bool:
    return isinstance(value, str) and has_placeholder(value)


def _callout(facts: Facts) -> RequestFacts | None:
    """Return somebody else's request to an events endpoint, if it is one."""
    route = route_of(facts)
    if facts.request is None or facts.request.is_ours or route is None:
        return None
    is_meant = route.is_callout or (bool(facts.request.body) and read_body(facts.request.body or "").is_callout)
    return facts.request if is_meant else None


def _body(facts: Facts) -> CalloutBody | None:
    request = _callout(facts)
    if request is None or not request.body:
        return None
    body = read_body(request.body)
    return body if body.members is not None else None


def _room(facts: Facts) -> CalloutBody | None:
    """Return the body if it is meant to ring a room."""
    body = _body(facts)
    if body is None or not body.is_shown or body.is_other or body.is_phone:
        return None
    is_unnamed = body.method is not None and has_placeholder(body.method)
    is_bare = body.call_type is None and not body.address and body.misplaced("device_ip") is None
    return None if is_unnamed and is_bare else body


def _phone(facts: Facts) -> CalloutBody | None:
    """Return the body if it is meant to ring a phone."""
    body = _body(facts)
    return body if body is not None and body.is_shown and body.is_phone else None


def _finding(
    facts: Facts,
    identifier: str,
    certainty: Certainty,
    evidence: str,
    fix: str | None = None,
    *,
    is_absence: bool = False,
) -> Finding:
    """Make a finding; it is only possible where Zoom refused before it looked at the body."""
    answer, command = facts.answer, cause_texts()[identifier].command
    if answer is not None and (answer.status == 401 or answer.code in {124, 2300, 3001}):
        certainty, evidence = Certainty.POSSIBLE, f"{evidence}, {_NEXT}"
    return Finding(identifier, certainty, evidence, fix, command, is_absence=is_absence)


def _status(facts: Facts) -> int | None:
    return None if facts.answer is None else facts.answer.status


def _says(facts: Facts, words: str) -> bool:
    return facts.answer is not None and words in (facts.answer.message or "").lower()


def _listed(members: Mapping[str, Any]) -> str:
    names = [shown_value(name) for name in list(members)[:6]]
    return ", ".join(names) + (", ..." if len(members) > 6 else "")


RULES: tuple[Rule, ...] = (
    content_type,
    body_not_json,
    wrong_callout_method,
    device_field_name,
    call_type_invalid,
    address_missing,
    address_invalid,
    private_address,
    own_dial_in_address,
    headers_misplaced,
    header_rule,
)
"""Every cause that a callout's body can show."""
