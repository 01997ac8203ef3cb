"""What a call rings: a room system. A phone beside it is one more member here and one more line of ``Protocol``."""

from __future__ import annotations

from zoomcall.domain.address import Protocol, RoomAddress

Destination = RoomAddress


def parse_destination(protocol: Protocol, text: str) -> Destination:
    """Read a destination of the given protocol.

    Raises:
        UsageError: ``text`` is not one.
    """
    match protocol:
        case Protocol.SIP | Protocol.H323:
            return RoomAddress.parse(protocol, text)
