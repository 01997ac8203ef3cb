"""What a call rings: a room system or a phone."""

from __future__ import annotations

from functools import lru_cache

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.phone import PhoneNumber

Destination = RoomAddress | PhoneNumber


def parse_destination(protocol: Protocol, text: str) -> Destination:
    """Parse a destination of the given protocol.

    Raises:
        UsageError: The text is not a valid one.
    """
    match protocol:
        case Protocol.SIP | Protocol.H323:
            return RoomAddress.parse(protocol, text)
        case Protocol.PHONE:
            return PhoneNumber.parse(text)


known_destination = lru_cache(maxsize=4096)(parse_destination)
"""The same for what Zoom or the journal names again and again while many calls are judged."""
