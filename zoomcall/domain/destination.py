"""What a call rings: a room system so far; a phone is one more member here and one more row in ``Protocol``."""

from __future__ import annotations

from zoomcall.domain.address import Protocol, RoomAddress

Destination = RoomAddress


def parse_destination(protocol: Protocol, text: str) -> Destination:
    """Parse a destination of the given protocol.

    Raises:
        UsageError: The text is not a valid one.
    """
    match protocol:
        case Protocol.SIP | Protocol.H323:
            return RoomAddress.parse(protocol, text)
