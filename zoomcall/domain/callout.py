"""The request to Zoom: ring one room or phone into one target, with names and headers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from zoomcall.domain.address import RoomAddress
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import Destination
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api, ResolvedTarget, events_path
from zoomcall.errors import UsageError

ROOM_METHODS: Mapping[Api, str] = {
    Api.SESSION: "user.invite.room_system_callout",
    Api.MEETING: "participant.invite.room_system_callout",
}

PHONE_METHODS: Mapping[Api, str] = {
    Api.SESSION: "user.invite.callout",
    Api.MEETING: "participant.invite.callout",
}

REMOVE_METHODS: Mapping[Api, str] = {Api.SESSION: "user.remove", Api.MEETING: "participant.remove"}

LONGEST_NAME = 64
LONGEST_FROM_URI = 256
LONGEST_HEADER_KEY = 32
LONGEST_HEADER_VALUE = 256
MOST_HEADERS = 10

_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})
_TOKEN = Pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class SipHeader(Struct, frozen=True, gc=False):
    """One additional SIP header (zoom-api 3.1: key at most 32, value at most 256)."""

    key: str
    value: str

    @classmethod
    def parse(cls, text: str) -> SipHeader:
        """Parse ``K=V``.

        Raises:
            UsageError: It has no ``=``, or breaks one of Zoom's limits (header-rule).
        """
        key, equals, value = text.partition("=")
        fix = "Write it like --header X-Ref=42."
        if not equals:
            raise UsageError(f"the header {quoted(text)} has no '=' (header-rule)", fix=fix)
        if not _TOKEN.match(key):
            raise UsageError(f"the header name {quoted(key)} is not a valid SIP token (header-rule)", fix=fix)
        if len(key) > LONGEST_HEADER_KEY:
            raise UsageError(
                f"the header name {quoted(key)} has {len(key)} characters;"
                f" Zoom allows {LONGEST_HEADER_KEY} (header-rule)"
            )
        size = len(value.encode("utf-8", "replace"))
        if size > LONGEST_HEADER_VALUE:
            raise UsageError(
                f"the value of header {key} has {size} bytes; Zoom allows {LONGEST_HEADER_VALUE} (header-rule)"
            )
        if not value.replace("\t", "").isprintable():
            raise UsageError(f"the value of header {key} contains a line break or control character (header-rule)")
        return cls(sys.intern(key), value)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Where it departs from what Zoom's text recommends but does not require."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[Notice]:
        if not self.key.upper().startswith("X-"):
            yield Notice("header-without-x", f"header {self.key}: Zoom says that names should start with X-")
        if len(self.key) + len(self.value.encode("utf-8", "replace")) > LONGEST_HEADER_VALUE:
            yield Notice(
                "header-long",
                f"header {self.key}: name and value together exceed 256 bytes;"
                " Zoom's documents leave open whether it accepts that",
            )


def parse_display_name(text: str, *, flag: str) -> str:
    """Parse a display name of at most 64 characters.

    Raises:
        UsageError: It is empty, too long, or contains a control character (header-rule).
    """
    if not text.strip():
        raise UsageError(f"{flag} is empty (header-rule)", fix=f"Give a name, or leave {flag} out.")
    if len(text) > LONGEST_NAME:
        raise UsageError(
            f"{flag} {quoted(text)} has {len(text)} characters; Zoom allows {LONGEST_NAME} (header-rule)"
        )
    if not text.isprintable():
        raise UsageError(f"{flag} {quoted(text)} contains a line break or control character (header-rule)")
    return text


def parse_choice(text: str, *, field: str) -> bool:
    """Parse yes or no.

    Raises:
        UsageError: It is neither.
    """
    word = text.lower()
    if word not in _YES | _NO:
        raise UsageError(f"{field} {quoted(text)} is neither yes nor no")
    return word in _YES


def parse_from_uri(text: str) -> str:
    """Parse the SIP URI that the room sees as the caller's.

    Raises:
        UsageError: It does not start with ``sip:`` or ``sips:``, is too long, or contains spaces (header-rule).
    """
    if not re.match(r"sips?:.", text):
        raise UsageError(
            f"--from-uri {quoted(text)} does not start with sip: or sips: (header-rule)",
            fix="Write it like sip:name@company.example.",
        )
    if len(text) > LONGEST_FROM_URI:
        raise UsageError(f"--from-uri has {len(text)} characters; Zoom allows {LONGEST_FROM_URI} (header-rule)")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise UsageError(f"--from-uri {quoted(text)} contains a space or control character (header-rule)")
    return text


def parse_headers(texts: tuple[str, ...]) -> tuple[SipHeader, ...]:
    """Parse all ``--header`` values.

    Raises:
        UsageError: There are more than ten, or one is invalid (header-rule).
    """
    if len(texts) > MOST_HEADERS:
        raise UsageError(f"{len(texts)} headers given; Zoom allows {MOST_HEADERS} (header-rule)")
    return tuple(SipHeader.parse(text) for text in texts)


class Callout(Struct, frozen=True, kw_only=True, gc=False):
    """One room or phone to ring, with the names and headers to send.

    Attributes:
        address: The room or phone.
        from_name: The caller's name, displayed by the room (rooms only).
        to_name: The room's name, displayed in the session.
        from_uri: The caller's SIP URI (SIP only).
        headers: Additional SIP headers (SIP only).
        room_name: The room's name in the address book, if it was found there; not sent.
        has_greeting: Whether Zoom greets whoever answers (phones only); None leaves it to Zoom.
        has_to_press_one: Whether that person has to press 1 to join (phones only); None leaves it to Zoom.
    """

    address: Destination
    from_name: str | None = None
    to_name: str | None = None
    from_uri: str | None = None
    headers: tuple[SipHeader, ...] = ()
    room_name: str | None = None
    has_greeting: bool | None = None
    has_to_press_one: bool | None = None

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """The warnings about the address and the headers."""
        return (*self.address.warnings, *(w for header in self.headers for w in header.warnings))

    def body(self, api: Api, *, is_masked: bool = False) -> dict[str, Any]:
        """Return the PATCH's JSON body (zoom-api 3, 3.1).

        Args:
            api: The API, which decides the method's name.
            is_masked: Whether to mask a passcode in the address, as anything but the wire requires.
        """
        match self.address:  # each kind of destination has a method and fields of its own
            case RoomAddress():
                return self._room_body(self.address, api, is_masked=is_masked)
            case PhoneNumber():
                return self._phone_body(self.address, api)

    def _phone_body(self, number: PhoneNumber, api: Api) -> dict[str, Any]:
        params: dict[str, Any] = {} if self.to_name is None else {"invitee_name": self.to_name}
        params["phone_number"] = number.text
        options = {"require_greeting": self.has_greeting, "require_pressing_one": self.has_to_press_one}
        given = {name: value for name, value in options.items() if value is not None}
        if given:
            params["invite_options"] = given
        return {"method": PHONE_METHODS[api], "params": params}

    def _room_body(self, address: RoomAddress, api: Api, *, is_masked: bool) -> dict[str, Any]:
        params: dict[str, Any] = {
            "call_type": address.protocol.value,
            "device_ip": address.shown if is_masked else address.text,
        }
        headers: dict[str, Any] = {}
        if self.from_name is not None:
            headers["from_display_name"] = self.from_name
        if self.to_name is not None:
            headers["to_display_name"] = self.to_name
        if self.from_uri is not None:
            headers["from_uri"] = self.from_uri
        if self.headers:
            headers["additional_headers"] = [{"key": h.key, "value": h.value} for h in self.headers]
        if headers:
            params[address.protocol.header_group] = headers
        return {"method": ROOM_METHODS[api], "params": params}


class CalloutRequest(Struct, frozen=True):
    """The PATCH for one callout into one target."""

    target: ResolvedTarget
    callout: Callout

    method = "PATCH"

    @property
    def path(self) -> str:
        """The path below the API base."""
        return events_path(self.target)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body for the wire; may contain a passcode."""
        return self.callout.body(self.target.api)

    @property
    def shown_body(self) -> dict[str, Any]:
        """The JSON body with any passcode masked."""
        return self.callout.body(self.target.api, is_masked=True)
