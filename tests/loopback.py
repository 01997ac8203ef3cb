"""A server on loopback that does to each connection what a test scripts, well-behaved or not."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

REMOTE = "api.zoom.invalid"
"""A host that is not loopback, so proxies are asked for it, and that nobody has."""

_PATIENCE_SECONDS = 10.0


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: Loopback) -> None:
        self.sock = sock
        self._server = server
        self._file = sock.makefile("rb")

    def read(self) -> bytes:
        """Read one request with its body and keep it; empty once the client has hung up."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                return b""
            head += line
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        request = head + self._file.read(length)
        self._server.requests.append(request)
        return request

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on."""
        self._file.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self._file = self.sock.makefile("rb")

    def say(self, text: bytes) -> None:
        """Send bytes as they are; a client that has left is not missed."""
        with contextlib.suppress(OSError):
            self.sock.sendall(text)

    def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        """Send a whole answer."""
        self.say(head(status, f"Content-Length: {len(body)}", *headers) + body)

    def reset(self) -> None:
        """Close with a reset instead of a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def hold(self) -> None:
        """Do nothing until the test is over."""
        self._server.is_over.wait(_PATIENCE_SECONDS)

    def drip(self, text: bytes, seconds: float) -> None:
        """Send a byte at a time, until the test is over."""
        for byte in text:
            self.say(bytes([byte]))
            if self._server.is_over.wait(seconds):
                return

    def close(self) -> None:
        """Close both ways."""
        self._file.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


Script = Callable[[Peer], None]


class Loopback:
    """A server; the first connection gets the first script, and the last script gets all that follow.

    Args:
        scripts: What to do with each connection.
        tls: Speak TLS with this context.
        port: 0 draws a free one.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._scripts = scripts
        self._tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve)]

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(sock, script))
            self._threads.append(thread)
            thread.start()

    def _talk(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(_PATIENCE_SECONDS)
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:  # the client does not trust it
                sock.close()
                return
        peer = Peer(sock, self)
        with contextlib.suppress(OSError):
            script(peer)
        peer.close()


def head(status: int, *headers: str) -> bytes:
    """Return the start of an answer, up to its body."""
    return "\r\n".join((f"HTTP/1.1 {status} Whatever", *headers, "", "")).encode("latin-1")


def answering(status: int, body: bytes = b"", *headers: str) -> Script:
    """Make a script that answers every request of a connection alike."""

    def script(peer: Peer) -> None:
        while peer.read():
            peer.answer(status, body, *headers)

    return script


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def self_signed(folder: Path, *, off_by: timedelta = timedelta()) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1 and ``REMOTE`` that no system trusts: the server's context, the PEM file.

    Args:
        folder: Where the file goes.
        off_by: How far from now the time is at which it is valid.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC) + off_by
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName(REMOTE)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem
