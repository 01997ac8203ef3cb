"""Probes one place of a room: connects, looks at the certificate, and asks by SIP OPTIONS; it never rings."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct

from zoomcall.adapters.sip_options import Inquiry, final_reply, is_reply, may_be_sip, next_reply, no_sip
from zoomcall.adapters.tls import certificate_end, tls_context
from zoomcall.domain.address import RoomAddress
from zoomcall.domain.network_path import Certificate
from zoomcall.domain.room_probe import Carrier, Probed, SipReply, Spot, TlsSight
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import shortage_of

_T1 = 0.5
_T2 = 4.0
_MOST_BYTES = 65_536
_MOST_DATAGRAMS = 200
_LONGEST = 100
_UNROUTABLE = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name."""
_SEEN_LATER = {10, 62, 64}
"""OpenSSL's refusals of a certificate that has expired, or is for another host or address."""
_FLAWS = {
    9: "is not valid yet",
    18: "is self-signed",
    19: "is signed by an authority that this machine does not know",
    20: "is signed by an authority that this machine does not know",
}


class RoomProbe:
    """Probes places; threads may share it.

    Args:
        now: The wall clock, for certificates.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    @cached_property
    def _verifying(self) -> ssl.SSLContext:
        return tls_context()

    def prepare(self) -> None:
        """Load the trusted certificates, once for all probes.

        Raises:
            UsageError: A variable names certificates that cannot be used.
        """
        _ = self._verifying

    def probe(self, spot: Spot, address: RoomAddress, *, seconds: float) -> Probed:
        """Probe one place.

        Args:
            spot: The place.
            address: The room's address, whose user OPTIONS asks for.
            seconds: How long the probe may take.

        Raises:
            Shortage: The system has no more of something for this process.
        """
        began = time.monotonic()
        line = _Line(spot, Inquiry.to_room(address, spot), began + seconds)
        try:
            outcome = self._probe(line)
        except (OSError, ValueError) as error:  # ssl.SSLError and TimeoutError are OSErrors
            shortage = shortage_of(error)
            if shortage is not None:
                raise shortage from error
            words, is_unroutable = _why(error, seconds)
            outcome = _Outcome(failure=words, is_unroutable=is_unroutable)
        return Probed(
            spot=spot,
            seconds=time.monotonic() - began,
            failure=outcome.failure,
            is_unroutable=outcome.is_unroutable,
            remark=outcome.remark,
            reply=outcome.reply,
            tls=outcome.tls,
        )

    def _probe(self, line: _Line) -> _Outcome:
        match line.spot.carrier:
            case Carrier.UDP:
                return _by_datagrams(line)
            case Carrier.TCP:
                with line.connected() as sock:
                    return _by_stream(line, sock)
            case Carrier.TLS:
                return self._by_tls(line)
            case Carrier.H323:
                with line.connected():
                    return _Outcome()

    def _by_tls(self, line: _Line) -> _Outcome:
        try:
            with line.connected() as sock, line.shaken(sock, self._verifying) as secured:
                sight = _sight(secured, ())
                return _with_sight(_by_stream(line, secured), sight.with_flaws_of(line.spot.host, self._now()))
        except ssl.SSLCertVerificationError as refusal:
            flaws = () if refusal.verify_code in _SEEN_LATER else (_flaw(refusal),)
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE  # it is looked at here, and nothing secret is sent
        with line.connected() as sock, line.shaken(sock, unverified) as secured:
            der = secured.getpeercert(binary_form=True) or b""
            outcome = _by_stream(line, secured)
        sight = self._read(line, der, flaws).with_flaws_of(line.spot.host, self._now())
        return _with_sight(outcome, sight if sight.flaws else _without_reason(sight))

    @staticmethod
    def _read(line: _Line, der: bytes, flaws: tuple[str, ...]) -> TlsSight:
        """Read a certificate that was refused, by a handshake that trusts this one certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        with contextlib.suppress(OSError, ValueError):
            context.load_verify_locations(cadata=der)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.verify_flags |= _NO_CHECK_TIME
            with line.connected() as sock, line.shaken(sock, context) as secured:
                return _sight(secured, flaws)
        return TlsSight(certificate=Certificate(), names=(), flaws=flaws)


class _Outcome(Struct, frozen=True, kw_only=True):
    failure: str | None = None
    is_unroutable: bool = False
    remark: str | None = None
    reply: SipReply | None = None
    tls: TlsSight | None = None


class _Line(Struct, frozen=True):
    """One place, what to ask there, and until when (``time.monotonic``)."""

    spot: Spot
    inquiry: Inquiry
    deadline: float

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: None.
        """
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Connect by TCP."""
        with socket.create_connection((self.spot.ip, self.spot.port), self.left()) as sock:
            yield sock

    @contextlib.contextmanager
    def shaken(self, sock: socket.socket, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
        """Speak TLS on a connection."""
        sock.settimeout(self.left())
        with context.wrap_socket(sock, server_hostname=self.spot.host) as secured:
            yield secured


def _by_datagrams(line: _Line) -> _Outcome:
    family = socket.AF_INET6 if ":" in line.spot.ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((line.spot.ip, line.spot.port))  # so that the kernel reports a closed port
        request = line.inquiry.text("UDP", _local(sock))
        junk: bytes | None = None
        interval, heard = _T1, 0
        began = time.monotonic()
        while True:
            try:
                sock.send(request)
                until = min(time.monotonic() + interval, line.deadline)
                while heard < _MOST_DATAGRAMS and (seconds := until - time.monotonic()) > 0:
                    sock.settimeout(seconds)
                    data = sock.recv(_MOST_BYTES)
                    heard += 1
                    reply = final_reply(data, line.inquiry)
                    if reply is not None:
                        return _Outcome(reply=reply)
                    junk = junk or (None if is_reply(data) or not data.strip() else data)
            except TimeoutError:
                pass
            if time.monotonic() >= line.deadline or heard >= _MOST_DATAGRAMS:
                break
            interval = min(2 * interval, _T2)  # RFC 3261, timer E
    seconds = time.monotonic() - began
    if junk is not None:
        return _Outcome(failure=no_sip(junk))
    return _Outcome(failure=f"no answer to OPTIONS in {seconds:.0f} s")


def _by_stream(line: _Line, sock: socket.socket) -> _Outcome:
    """Ask on a connection, which proves by itself that something is there."""
    transport = "TLS" if isinstance(sock, ssl.SSLSocket) else "TCP"
    data, total = b"", 0
    began = time.monotonic()
    try:
        sock.settimeout(line.left())
        sock.sendall(line.inquiry.text(transport, _local(sock)))
        while total < _MOST_BYTES:
            sock.settimeout(line.left())
            piece = sock.recv(_MOST_BYTES)
            if not piece:
                return _Outcome(remark=no_sip(data) if data else "it hung up without an answer to OPTIONS")
            total += len(piece)
            data = (data + piece).lstrip(b"\r\n")
            if len(data) >= 24 and not may_be_sip(data):
                return _Outcome(remark=no_sip(data))
            reply, data = next_reply(data, line.inquiry)
            if reply is not None:
                return _Outcome(reply=reply)
    except TimeoutError:
        if data:
            return _Outcome(remark=no_sip(data))
        return _Outcome(remark=f"no answer to OPTIONS in {time.monotonic() - began:.0f} s")
    except OSError as error:
        if shortage_of(error) is not None:
            raise
        return _Outcome(remark=f"it broke the connection without an answer to OPTIONS ({_why(error, 0)[0]})")
    return _Outcome(remark="it sends without end, and no answer to OPTIONS")


def _local(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _why(error: Exception, seconds: float) -> tuple[str, bool]:
    """Return why a place cannot be reached, and whether that is for want of a way there."""
    if isinstance(error, TimeoutError):
        return (f"no answer in {seconds:.0f} s", False)
    if isinstance(error, ConnectionRefusedError):
        return ("connection refused", False)
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").replace("_", " ").lower()
        return (f"it does not speak TLS ({reason})" if reason else "it does not speak TLS", False)
    words = getattr(error, "strerror", None) or type(error).__name__
    return (one_line(words, _LONGEST), getattr(error, "errno", None) in _UNROUTABLE)


def _flaw(refusal: ssl.SSLCertVerificationError) -> str:
    return _FLAWS.get(refusal.verify_code) or f"is not trusted: {one_line(refusal.verify_message, _LONGEST)}"


def _without_reason(sight: TlsSight) -> TlsSight:
    """Say of a refused certificate whose details could not be read that it was refused."""
    flaw = "is out of date, or is for another host"
    return TlsSight(certificate=sight.certificate, names=sight.names, flaws=(flaw,))


def _with_sight(outcome: _Outcome, sight: TlsSight) -> _Outcome:
    return _Outcome(failure=outcome.failure, remark=outcome.remark, reply=outcome.reply, tls=sight)


def _sight(secured: ssl.SSLSocket, flaws: tuple[str, ...]) -> TlsSight:
    shown: dict[str, Any] = secured.getpeercert() or {}
    issuer = {key: value for row in shown.get("issuer", ()) for key, value in row}
    end = shown.get("notAfter")
    names = (name for kind, name in shown.get("subjectAltName", ()) if kind in {"DNS", "IP Address"})
    return TlsSight(
        certificate=Certificate(
            issuer=one_line(issuer.get("organizationName") or issuer.get("commonName") or "", _LONGEST) or None,
            expires_at=None if end is None else certificate_end(end),
            protocol=secured.version(),
        ),
        names=tuple(one_line(name, _LONGEST) for name in names),
        flaws=flaws,
    )
