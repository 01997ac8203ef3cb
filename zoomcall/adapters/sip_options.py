"""SIP OPTIONS: the request, and the answer as it comes out of a datagram or a stream (RFC 3261 11)."""

from __future__ import annotations

import re
import secrets
from urllib.parse import quote

from msgspec import Struct

from zoomcall import __version__
from zoomcall.domain.address import RoomAddress
from zoomcall.domain.room_probe import SipReply, Spot
from zoomcall.domain.shown_text import one_line, quoted

_LONGEST = 100
_IN_USER = "-_.!~*'()&=+$,;?/"
_MASK = "***"
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?: ([^\r\n]*))?\r?\n", re.IGNORECASE)
_STARTS = re.compile(rb"(?:SIP/2\.0 |[A-Z]{2,20} )", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,7})", re.IGNORECASE | re.MULTILINE)


class Inquiry(Struct, frozen=True):
    """An OPTIONS request; ``Via`` and ``Contact`` depend on the socket."""

    uri: str
    call_id: str
    branch: str
    tag: str

    @classmethod
    def to_room(cls, address: RoomAddress, spot: Spot) -> Inquiry:
        """Ask a room, without any passcode of its address."""
        user = address.user if address.user is not None and _MASK not in address.user else None
        host = f"[{address.host}]" if ":" in (address.host or "") else address.host or spot.ip
        port = "" if address.port is None else f":{address.port}"
        who = "" if user is None or address.host is None else f"{quote(user, safe=_IN_USER)}@"
        uri = f"sip:{who}{host}{port}"
        return cls(uri, secrets.token_hex(12), f"z9hG4bK{secrets.token_hex(8)}", secrets.token_hex(6))

    def text(self, transport: str, local: str) -> bytes:
        """Return the request as it goes out of a socket."""
        lines = (
            f"OPTIONS {self.uri} SIP/2.0",
            f"Via: SIP/2.0/{transport} {local};rport;branch={self.branch}",
            "Max-Forwards: 70",
            f'From: "zoomcall" <sip:zoomcall@{local}>;tag={self.tag}',
            f"To: <{self.uri}>",
            f"Call-ID: {self.call_id}",
            "CSeq: 1 OPTIONS",
            f"Contact: <sip:zoomcall@{local}>",
            "Accept: application/sdp",
            f"User-Agent: zoomcall/{__version__}",
            "Content-Length: 0",
            "",
            "",
        )
        return "\r\n".join(lines).encode("ascii", "replace")


def is_reply(data: bytes) -> bool:
    """Return whether a message is an answer in SIP, whatever it answers."""
    return _STATUS.match(data) is not None


def may_be_sip(data: bytes) -> bool:
    """Return whether a stream begins as a message in SIP does."""
    return _STARTS.match(data) is not None


def next_reply(data: bytes, inquiry: Inquiry) -> tuple[SipReply | None, bytes]:
    """Return the final answer among whole messages at the beginning of a stream, and what is left of it."""
    while (end := _HEAD_END.search(data)) is not None:
        length = _LENGTH.search(data[: end.end()])
        total = end.end() + (int(length[1]) if length else 0)
        if len(data) < total and final_reply(data, inquiry) is None:
            break
        reply = final_reply(data[: end.end()], inquiry)
        data = data[max(total, 1) :].lstrip(b"\r\n")
        if reply is not None:
            return reply, data
    return None, data


def final_reply(data: bytes, inquiry: Inquiry) -> SipReply | None:
    """Return the final answer to our request, if the message is one."""
    first = _STATUS.match(data)
    if first is None or int(first[1]) < 200:
        return None
    head = _HEAD_END.split(data, maxsplit=1)[0]
    call_id = _header(head, b"call-id|i")
    if call_id is not None and call_id != inquiry.call_id:
        return None
    server = _header(head, b"server") or _header(head, b"user-agent")
    reason = one_line((first[2] or b"").decode("utf-8", "replace"), _LONGEST)
    return SipReply(status=int(first[1]), reason=reason, server=server)


def _header(head: bytes, name: bytes) -> str | None:
    found = re.search(rb"^(?:" + name + rb")[ \t]*:([^\r\n]*)", head, re.IGNORECASE | re.MULTILINE)
    return None if found is None else one_line(found[1].decode("utf-8", "replace"), _LONGEST) or None


def no_sip(data: bytes) -> str:
    """Return what to say of an answer that is not a whole one in SIP."""
    if data[:200].upper().startswith(b"SIP/2.0"[: len(data)]):
        return "its answer to OPTIONS does not end"
    return f"what answers is not SIP: {quoted(one_line(data[:200].decode('utf-8', 'replace'), 40), 60)}"
