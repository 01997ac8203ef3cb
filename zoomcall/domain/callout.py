"""What Zoom is asked to do: ring one room into one target, with names and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.cause import Notice
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api, ResolvedTarget, events_path
from zoomcall.errors import UsageError

ROOM_METHODS: Mapping[Api, str] = {
    Api.SESSION: "user.invite.room_system_callout",
    Api.MEETING: "participant.invite.room_system_callout",
}

LONGEST_NAME = 64
LONGEST_FROM_URI = 256
LONGEST_HEADER_KEY = 32
LONGEST_HEADER_VALUE = 256
MOST_HEADERS = 10

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class SipHeader(Struct, frozen=True):
    """One additional SIP header (zoom-api 3.1: key at most 32, value at most 256)."""

    key: str
    value: str

    @classmethod
    def parse(cls, text: str) -> SipHeader:
        """Take ``K=V``.

        Raises:
            UsageError: It has no ``=``, or breaks one of Zoom's limits (header-rule).
        """
        key, equals, value = text.partition("=")
        fix = "Write it like --header X-Ref=42."
        if not equals:
            raise UsageError(f"the header {quoted(text)} has no '=' (header-rule)", fix=fix)
        if not _TOKEN.match(key):
            raise UsageError(f"the header name {quoted(key)} is no SIP token (header-rule)", fix=fix)
        if len(key) > LONGEST_HEADER_KEY:
            raise UsageError(
                f"the header name {quoted(key)} has {len(key)} characters;"
                f" Zoom takes {LONGEST_HEADER_KEY} (header-rule)"
            )
        size = len(value.encode("utf-8", "replace"))
        if size > LONGEST_HEADER_VALUE:
            raise UsageError(
                f"the value of header {key} has {size} bytes; Zoom takes {LONGEST_HEADER_VALUE} (header-rule)"
            )
        if any(not character.isprintable() and character != "\t" for character in value):
            raise UsageError(f"the value of header {key} holds a line break or control character (header-rule)")
        return cls(key, value)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What Zoom's text advises without refusing."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[Notice]:
        if not self.key.upper().startswith("X-"):
            yield Notice("header-without-x", f"header {self.key}: Zoom's text says that names should start with X-")
        if len(self.key) + len(self.value.encode("utf-8", "replace")) > LONGEST_HEADER_VALUE:
            yield Notice(
                "header-long",
                f"header {self.key}: name and value exceed 256 bytes together;"
                " Zoom's text does not settle if it takes that",
            )


def parse_display_name(text: str, *, flag: str) -> str:
    """Take a display name of at most 64 characters.

    Raises:
        UsageError: It is empty, too long, or holds a control character (header-rule).
    """
    if not text.strip():
        raise UsageError(f"{flag} is empty (header-rule)", fix=f"Give a name, or leave {flag} out.")
    if len(text) > LONGEST_NAME:
        raise UsageError(
            f"{flag} {quoted(text)} has {len(text)} characters; Zoom takes {LONGEST_NAME} (header-rule)"
        )
    if not text.isprintable():
        raise UsageError(f"{flag} {quoted(text)} holds a line break or control character (header-rule)")
    return text


def parse_from_uri(text: str) -> str:
    """Take the SIP URI that the room sees as the caller's.

    Raises:
        UsageError: It does not start with ``sip:`` or ``sips:``, is too long, or holds blanks (header-rule).
    """
    if not re.match(r"sips?:.", text):
        raise UsageError(
            f"--from-uri {quoted(text)} does not start with sip: or sips: (header-rule)",
            fix="Write it like sip:name@company.example.",
        )
    if len(text) > LONGEST_FROM_URI:
        raise UsageError(f"--from-uri has {len(text)} characters; Zoom takes {LONGEST_FROM_URI} (header-rule)")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise UsageError(f"--from-uri {quoted(text)} holds a blank or control character (header-rule)")
    return text


def parse_headers(texts: tuple[str, ...]) -> tuple[SipHeader, ...]:
    """Take all ``--header`` values.

    Raises:
        UsageError: There are more than ten, or one is wrong (header-rule).
    """
    if len(texts) > MOST_HEADERS:
        raise UsageError(f"{len(texts)} headers given; Zoom takes {MOST_HEADERS} (header-rule)")
    return tuple(SipHeader.parse(text) for text in texts)


class Callout(Struct, frozen=True, kw_only=True):
    """One room to ring, with what the room and the session are told.

    Attributes:
        address: The room.
        from_name: The caller's name, shown on the room's screen.
        to_name: The room's name, shown in the session.
        from_uri: The caller's SIP URI (SIP only).
        headers: Additional SIP headers (SIP only).
    """

    address: RoomAddress
    from_name: str | None = None
    to_name: str | None = None
    from_uri: str | None = None
    headers: tuple[SipHeader, ...] = ()

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """The address's and the headers'."""
        return (*self.address.warnings, *(w for header in self.headers for w in header.warnings))

    def body(self, api: Api, *, is_masked: bool = False) -> dict[str, Any]:
        """Give the PATCH's JSON body (zoom-api 3, 3.1).

        Args:
            api: Which of the two methods to name.
            is_masked: Whether a passcode in the address is masked, for anything but the wire.
        """
        params: dict[str, Any] = {
            "call_type": self.address.protocol.value,
            "device_ip": self.address.shown if is_masked else self.address.text,
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
            params["sip_headers" if self.address.protocol is Protocol.SIP else "h323_headers"] = headers
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
        """The JSON body for the wire; may hold a passcode."""
        return self.callout.body(self.target.api)

    @property
    def shown_body(self) -> dict[str, Any]:
        """The JSON body with any passcode masked."""
        return self.callout.body(self.target.api, is_masked=True)
