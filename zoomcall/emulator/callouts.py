"""Reads a callout from an ``events`` request, within the limits that Zoom documents (zoom-api 3.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from zoomcall.domain.address import Protocol
from zoomcall.emulator.messages import Request, invalid_field, refusal
from zoomcall.emulator.world import Call, VenueKey, make_message_id

_LONGEST_NAME = 64
_LONGEST_URI = 256
_LONGEST_KEY = 32
_LONGEST_VALUE = 256
_MOST_HEADERS = 10
_CALL_TYPES = (Protocol.SIP, Protocol.H323)
_PHONE_NUMBER = re.compile(r"[1-9][0-9]{1,19}(-[0-9]{1,20})?")


def json_object(request: Request) -> Mapping[str, Any]:
    """Return a request's JSON object.

    Raises:
        Refusal: 415 or 400/300.
    """
    if request.media_type != "application/json":
        raise refusal(415, 300, "Unsupported Content Type")
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise refusal(400, 300, "Request Body should be a valid JSON object.")
    return document


def params_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``params`` of a control request.

    Raises:
        Refusal: 400/300, they are missing or empty.
    """
    params = document.get("params")
    if not isinstance(params, dict) or not params:
        raise invalid_field("params")
    return params


def read_callout(params: Mapping[str, Any], venue: VenueKey) -> Call:
    """Read one callout.

    Unknown fields are ignored, so a call without ``device_ip`` has the address ``""``.

    Raises:
        Refusal: 400/300, a field exceeds a documented limit.
    """
    call_type = params.get("call_type")
    if call_type not in _CALL_TYPES:  # a tuple: JSON may hold values that cannot be hashed
        raise invalid_field("params.call_type")
    protocol = Protocol(call_type)
    field = "sip_headers" if protocol is Protocol.SIP else "h323_headers"
    headers = params.get(field, {})
    if not isinstance(headers, dict):
        raise invalid_field(f"params.{field}")
    from_uri = None
    additional: tuple[tuple[str, str], ...] = ()
    if protocol is Protocol.SIP:
        from_uri = _text(headers, field, "from_uri", _LONGEST_URI)
        if from_uri is not None and not from_uri.startswith(("sip:", "sips:")):
            raise invalid_field("params.sip_headers.from_uri")
        additional = _additional_headers(headers)
    return Call(
        venue=venue,
        message_id=make_message_id(),
        protocol=protocol,
        address=_text({"device_ip": "", **params}, None, "device_ip", None) or "",
        from_name=_text(headers, field, "from_display_name", _LONGEST_NAME),
        to_name=_text(headers, field, "to_display_name", _LONGEST_NAME),
        from_uri=from_uri,
        headers=additional,
    )


def read_phone_callout(params: Mapping[str, Any], venue: VenueKey) -> Call:
    """Read one callout to a phone.

    Raises:
        Refusal: 400/300, a field is not of its documented form.
    """
    number = _text(params, None, "phone_number", None)
    if number is None or _PHONE_NUMBER.fullmatch(number) is None:
        raise invalid_field("params.phone_number")
    options = params.get("invite_options", {})
    if not isinstance(options, dict):
        raise invalid_field("params.invite_options")
    for name in ("require_greeting", "require_pressing_one"):
        if not isinstance(options.get(name, True), bool):
            raise invalid_field(f"params.invite_options.{name}")
    return Call(
        venue=venue,
        message_id=make_message_id(),
        protocol=Protocol.PHONE,
        address=number,
        to_name=_text(params, None, "invitee_name", None),
    )


def _text(fields: Mapping[str, Any], parent: str | None, name: str, longest: int | None) -> str | None:
    value = fields.get(name)
    if value is None and name not in fields:
        return None
    if not isinstance(value, str) or (longest is not None and len(value) > longest):
        raise invalid_field(f"params.{parent}.{name}" if parent else f"params.{name}")
    return value


def _additional_headers(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if "additional_headers" not in headers:
        return ()
    field = "params.sip_headers.additional_headers"
    items = headers["additional_headers"]
    if not isinstance(items, list) or not 1 <= len(items) <= _MOST_HEADERS:
        raise invalid_field(field)
    pairs = []
    for item in items:
        key, value = (item.get("key"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
            raise invalid_field(f"{field}.key")
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
            raise invalid_field(f"{field}.value")
        pairs.append((key, value))
    return tuple(pairs)
