"""A callout's body as somebody wrote it, read without trusting it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.callout import ROOM_METHODS
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.target import Api
from zoomcall.knowledge.placeholder import has_placeholder

PHONE_METHODS: Mapping[Api, str] = {Api.SESSION: "user.invite.callout", Api.MEETING: "participant.invite.callout"}

FORM_FAULT = "it is a form (name=value), not JSON"
_LONGEST = 256 * 1024
_OTHER_METHODS = Pattern(
    r"(?:recording|stream_ingestion|ai_companion|waiting_room)\.\w+|(?:audio|video|share)\.(?:un)?block"
    r"|user\.remove|participant\.invite"
)
_FORM = Pattern(r"[\w.\[\]-]{1,60}=[^{]*")
_BARE_NAME = Pattern(r"\s*\{\s*[A-Za-z_]\w*\s*:")
_STRINGS = Pattern(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"')

_ADDRESS_NAMES = frozenset(
    """
    address device deviceaddress deviceid deviceip deviceips deviceuri deviceurl endpoint h323 h323address h323ip
    host ip ipaddress roomaddress roomip roomuri sip sipaddress sipuri sipurl uri
    """.split()  # noqa: SIM905 - names read best as text
)
HEADER_GROUPS = ("sip_headers", "h323_headers")
HEADER_FIELDS = ("from_display_name", "to_display_name", "from_uri", "additional_headers")
_IN_GROUP = tuple(f"{group}." for group in HEADER_GROUPS)
_NESTS = {"invite_options", "options", "invitee", "device", "room", "participant", "invite", *HEADER_GROUPS}
_OTHER_NAMES = {
    "device_ip": _ADDRESS_NAMES,
    "phone_number": {"phone", "phonenumber", "phoneno", "number", "tel", "telephone", "to", "callee"},
    "call_type": {"calltype", "type", "protocol", "callprotocol"},
}


class CalloutBody(Struct, frozen=True, kw_only=True):
    """A body.

    Attributes:
        fault: Why it is not a JSON object; None if it is one, or if there is no telling.
        members: Its members; None if it is not an object.
    """

    fault: str | None = None
    members: Mapping[str, Any] | None = None

    @property
    def method(self) -> str | None:
        """The word that says what to do; None if there is none."""
        method = (self.members or {}).get("method")
        return method if isinstance(method, str) and method.strip() else None

    @property
    def params(self) -> Mapping[str, Any] | None:
        """What to do it with; None if there is nothing."""
        params = (self.members or {}).get("params")
        return params if isinstance(params, dict) and params else None

    @property
    def is_shown(self) -> bool:
        """Whether its params are shown, and not a variable."""
        params = (self.members or {}).get("params")
        return not (isinstance(params, str) and has_placeholder(params))

    @property
    def is_other(self) -> bool:
        """Whether it asks for something other than a callout."""
        return self.method is not None and bool(_OTHER_METHODS.fullmatch(self.method))

    @property
    def is_callout(self) -> bool:
        """Whether it names one of the methods that ring a room or a phone."""
        return self.method in {*ROOM_METHODS.values(), *PHONE_METHODS.values()}

    @property
    def is_phone(self) -> bool:
        """Whether it is meant to ring a phone."""
        is_named = self.method in PHONE_METHODS.values()
        return "phone_number" in (self.params or {}) or (
            is_named and self.misplaced("device_ip") is None and not self.address
        )

    @property
    def address(self) -> object:
        """The value of ``params.device_ip``; None if it is missing."""
        return (self.params or {}).get("device_ip")

    def misplaced(self, field: str) -> tuple[str, Any] | None:
        """Return the place and value of something like a field outside ``params``, or under another name."""
        for path, name, value in self._deep_fields():
            bare = re.sub(r"[^a-z0-9]", "", name.lower())
            sort = str | int if field == "phone_number" else str
            is_meant = bare in _OTHER_NAMES[field] and (path, name) != ("params.", field)
            if is_meant and isinstance(value, sort) and str(value or "").strip():
                return f"{path}{name}", value
        return None

    def meant(self, field: str) -> Any:
        """Return what is meant for a field of ``params``, wherever it is; None if there is nothing."""
        return (self.params or {}).get(field) or (self.misplaced(field) or ("", None))[1]

    @property
    def misplaced_headers(self) -> tuple[str, ...]:
        """The places of names and headers that are not inside ``params.sip_headers`` or ``params.h323_headers``."""
        return tuple(
            f"{path}{name}"
            for path, name, value in self._deep_fields()
            if value
            and (
                (name in HEADER_FIELDS and not path.endswith(_IN_GROUP))
                or (name in HEADER_GROUPS and path != "params.")
            )
        )

    @property
    def headers(self) -> Mapping[str, Any]:
        """The names and headers that are meant, wherever they are."""
        found: dict[str, Any] = {}
        for path, name, value in self._deep_fields():
            if name in HEADER_GROUPS and isinstance(value, dict):
                found = {**value, **found}
            elif name in HEADER_FIELDS and not path.endswith(_IN_GROUP):
                found.setdefault(name, value)
        if "additional_headers" in found:
            found["additional_headers"] = _rows(found["additional_headers"])
        return found

    @property
    def unread(self) -> tuple[str, ...]:
        """The places of fields that mean nothing to a callout of a room, wherever they are."""
        known = {"device_ip", "call_type", *HEADER_GROUPS, *HEADER_FIELDS}
        return tuple(
            f"{path}{name}"
            for path, name, value in self._deep_fields()
            if value not in (None, "", {}, [])
            and (name not in known or (name in HEADER_GROUPS and not isinstance(value, dict)))
            and not (name in _NESTS and isinstance(value, dict | list))
            and re.sub(r"[^a-z0-9]", "", name.lower()) not in _ADDRESS_NAMES | _OTHER_NAMES["call_type"]
        )

    @property
    def number(self) -> object:
        """The value of ``params.phone_number``; None if it is missing."""
        return (self.params or {}).get("phone_number")

    def _deep_fields(self) -> Iterator[tuple[str, str, object]]:
        """Yield every field but the method, including those in ``invite_options``, where one client nests them."""
        for path, name, value in self._fields():
            yield path, name, value
            inner = value[:1] if isinstance(value, list) else [value]
            for members in inner:
                if name in _NESTS and isinstance(members, dict):
                    yield from ((f"{path}{name}.", key, item) for key, item in members.items())

    @property
    def call_type(self) -> object:
        """The value of ``params.call_type``; None if it is missing."""
        return (self.params or {}).get("call_type")

    @property
    def protocol(self) -> Protocol | None:
        """The protocol that is meant, however it is spelt; None if there is no telling."""
        given = self.meant("call_type")
        if isinstance(given, str):
            match re.sub(r"[^a-z0-9]", "", given.lower()):
                case "sip" | "sips":
                    return Protocol.SIP
                case "h323":
                    return Protocol.H323
                case _:
                    pass
        params = self.params or {}
        if isinstance(params.get("sip_headers"), dict):
            return Protocol.SIP
        return Protocol.H323 if isinstance(params.get("h323_headers"), dict) else None

    def _fields(self) -> Iterator[tuple[str, str, object]]:
        """Yield every field that may be meant for ``params``: the path to it, its name and its value."""
        place, params = self._nested_params
        for name, value in params.items():
            yield place, name, value
        for name, value in (self.members or {}).items():
            if name not in {"method", "params"}:
                yield "", name, value

    @property
    def _nested_params(self) -> tuple[str, Mapping[str, Any]]:
        """Return the path to the params and what is in them, though they may be in a list or in a string."""
        members = self.members or {}
        for name, value in members.items():
            if "params" not in members and isinstance(value, dict) and isinstance(value.get("params"), dict):
                return f"{name}.params.", value["params"]
        given = members.get("params")
        if isinstance(given, str) and not has_placeholder(given):
            try:
                inner = json.loads(given[:_LONGEST])
            except (ValueError, RecursionError):
                inner = None
            return "params (a string).", inner if isinstance(inner, dict) else {}
        if isinstance(given, list):
            return "params[0].", given[0] if given and isinstance(given[0], dict) else {}
        return "params.", self.params or {}


def _rows(given: object) -> object:
    """Return additional headers as a list of keys and values, however they are written."""
    if isinstance(given, dict):
        is_one = {"key", "value"} == given.keys()
        given = [given] if is_one else [{"key": key, "value": value} for key, value in given.items()]
    if not isinstance(given, list):
        return given
    rows = []
    for row in given:
        if isinstance(row, dict) and "key" not in row and isinstance(row.get("name"), str):
            rows.append({"key": row["name"], "value": row.get("value", "")})
        else:
            rows.append(row)
    return rows


@lru_cache(maxsize=4)
def read_body(text: str) -> CalloutBody:
    """Read a body; this never fails, whatever it is."""
    text = text[:_LONGEST]
    try:
        value = json.loads(text)
    except RecursionError:
        return CalloutBody(fault="it is nested too deeply")
    except ValueError as error:
        return CalloutBody(fault=_fault(text, error))
    if not isinstance(value, dict):
        sort = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}.get(
            type(value), "a number"
        )
        return CalloutBody(fault=f"it is {sort}, not an object")
    return CalloutBody(members=value)


def _fault(text: str, error: ValueError) -> str | None:
    """Return why a text is not JSON; None if something in it stands in for what is not shown."""
    if has_placeholder(_STRINGS.sub('""', text).replace("{}", "")):
        return None
    bare = text.strip()
    if not bare:
        return "it is empty"
    if bare[0] in "'\u2018" and bare.lstrip("'\u2018").startswith(("{", "[")):
        return "it begins with a single quote, which Windows' cmd takes as part of the body"
    if _FORM.fullmatch(bare):
        return FORM_FAULT
    if _BARE_NAME.match(text):
        return "the quotation marks around its names are gone; Windows shells remove those that are not escaped"
    if re.match(r"[\[{]\s*'", bare):
        return "its names are in single quotes; JSON takes only double quotes"
    if re.match("[\\[{]\\s*[\u201c\u201d]", bare):
        return "its names are in curly quotation marks"
    return _place(text, error)


def _place(text: str, error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return "it cannot be read as JSON"
    position = error.pos
    # Python 3.13 stops at the comma, older versions at the brace after it.
    comma = position if text[position : position + 1] == "," else len(text[:position].rstrip()) - 1
    if text[comma : comma + 1] == "," and text[comma + 1 :].lstrip()[:1] in {"}", "]"}:
        return f"there is an extra comma at character {comma + 1}"
    if position >= len(text.rstrip()):
        return "it ends before its closing brace"
    return f"it cannot be read as JSON past character {position + 1} (line {error.lineno}): {error.msg.lower()}"
