"""A DNS server on loopback, over UDP and TCP, that answers from records that a test writes."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from typing import Any, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from sip.endpoints import free_port

_LARGEST_DATAGRAM = 512


class NameServer:
    """Serves while it is open.

    Args:
        records: By name and type, such as ``{"example.com A": ["192.0.2.1"]}``; a name with a CNAME is followed.
        rcode: Answer everything with this code.
        is_silent: Never answer.
        junk: Answer everything with these bytes.
    """

    def __init__(
        self,
        records: Mapping[str, list[str]] | None = None,
        *,
        rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
        is_silent: bool = False,
        junk: bytes | None = None,
    ) -> None:
        self._records = records or {}
        self._rcode = rcode
        self._is_silent = is_silent
        self._junk = junk
        self.questions: list[str] = []
        server = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                answer = server.answer(data, most=_LARGEST_DATAGRAM)
                if answer is not None:
                    sock.sendto(answer, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, struct.error):
                    (size,) = struct.unpack("!H", self.request.recv(2))
                    answer = server.answer(self.request.recv(size), most=65535)
                    if answer is not None:
                        self.request.sendall(struct.pack("!H", len(answer)) + answer)

        self.port = free_port()
        at = ("127.0.0.1", self.port)
        self._servers: list[Any] = [
            socketserver.ThreadingUDPServer(at, Datagram),
            socketserver.ThreadingTCPServer(at, Stream),
        ]

    @property
    def place(self) -> str:
        """What ``--dns`` takes."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for each in self._servers:
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()

    def answer(self, data: bytes, *, most: int) -> bytes | None:
        """Answer one question."""
        if self._is_silent:
            return None
        if self._junk is not None:
            return self._junk
        question = dns.message.from_wire(data)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        reply.set_rcode(self._rcode)
        asked = question.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        name = asked.name.to_text(omit_final_dot=True).lower()
        self.questions.append(f"{name} {kind}")
        self._fill(reply, name, kind)
        wire = reply.to_wire(max_size=65535)
        if len(wire) > most:
            short = dns.message.make_response(question)
            short.flags |= dns.flags.TC
            return short.to_wire()
        return wire

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        seen = set()
        while name not in seen and (alias := self._records.get(f"{name} CNAME")):
            seen.add(name)
            reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        found = self._records.get(f"{name} {kind}")
        if found:
            reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, *found))
        elif not seen and not any(known.partition(" ")[0] == name for known in self._records):
            reply.set_rcode(dns.rcode.NXDOMAIN if self._rcode == dns.rcode.NOERROR else self._rcode)


def silent_port() -> socket.socket:
    """Return a UDP socket that takes everything and never answers."""
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock
