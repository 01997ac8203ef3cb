"""Waits on loopback for the browser to come back from a sign-in (RFC 8252, 7.3)."""

from __future__ import annotations

import html
import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from socketserver import TCPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from zoomcall.domain.sign_in import Page
from zoomcall.errors import UsageError

HOST = "127.0.0.1"
_DONE = "/done"
_HTTP_PORT = 80  # which browsers leave out of the Host header
_LOOK_SECONDS = 0.2  # Windows delivers Ctrl-C only between two waits
_ANSWER_SECONDS = 150.0  # longer than an exchange can take, with every attempt and wait of it
_LINGER_SECONDS = 3.0
_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif }}
main {{ max-width: 30rem; margin: 15vh auto 0; padding: 0 1.25rem }}
h1 {{ font-size: 1.5rem; line-height: 1.25 }}
</style>
<main><h1>{title}</h1><p>{text}</p></main>
</html>
"""
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class RedirectListener:
    """Serves the redirect's path on 127.0.0.1 until the browser has been answered; a context manager.

    The browser is sent on to a page without the code in its address, so that its history does not keep it. Any
    other request, for a favicon for example, gets 404 and uses nothing up.

    Args:
        path: The redirect's path, as the app has it registered.
        port: The port; 0 picks a free one.

    Raises:
        UsageError: The path cannot be used, or the port is taken.
    """

    def __init__(self, path: str, port: int) -> None:
        if not path.startswith("/") or path == _DONE or not path.isprintable() or set(path) & set("?# \\"):
            raise UsageError(f"--redirect-path {path!r} is not a path", fix="Use a path like /callback.")
        self._path = path
        self._brought: SimpleQueue[Mapping[str, str] | Exception] = SimpleQueue()
        self._page: Page | None = None
        self._is_decided = threading.Event()
        self._is_shown = threading.Event()
        try:
            self._server = _Server((HOST, port), self)
        except OSError as error:
            raise UsageError(
                f"cannot listen on {HOST} port {port}: {error.strerror or error}",
                fix="Omit --port to pick a free one.",
            ) from error
        self._thread = threading.Thread(target=self._serve, name="redirect-listener", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            self._server.server_close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_decided.is_set():
            self._is_shown.wait(_LINGER_SECONDS)
        self._is_decided.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> None:
        try:
            self._server.serve_forever(_LOOK_SECONDS)
        except (OSError, MemoryError) as error:
            self._brought.put(error)

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent back to."""
        return f"http://{HOST}:{self.port}{self._path}"

    def wait(self, limit: timedelta) -> Mapping[str, str] | None:
        """Return what the browser brought; None if it did not come in time.

        Raises:
            OSError: The system no longer lets this process listen.
            MemoryError: Or gives it no memory.
        """
        deadline = time.monotonic() + limit.total_seconds()
        while (left := deadline - time.monotonic()) > 0:
            try:
                brought = self._brought.get(timeout=min(left, _LOOK_SECONDS))
            except Empty:
                continue
            if isinstance(brought, Exception):
                raise brought
            return brought
        return None

    def show(self, page: Page) -> None:
        """Answer the browser, which has been waiting."""
        self._page = page
        self._is_decided.set()

    def answer(self, target: str, host: str | None) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Return status, headers and body for a GET.

        Args:
            target: The request's path and query.
            host: Its ``Host`` header, which a name that was made to lead here would not have.
        """
        parts = urlsplit(target)
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True))
        if host != f"{HOST}:{self.port}" and (host, self.port) != (HOST, _HTTP_PORT):
            return 404, _HEADERS, b""
        if parts.path == self._path and pairs.keys() & {"code", "error", "state"}:
            self._brought.put(pairs)
            self._is_decided.wait(_ANSWER_SECONDS)
            return 303, (*_HEADERS, ("Location", _DONE)), b""
        if parts.path == _DONE and self._page is not None:
            text = _HTML.format(title=html.escape(self._page.title), text=html.escape(self._page.text))
            return 200, (*_HEADERS, ("Content-Type", "text/html; charset=utf-8")), text.encode()
        return 404, _HEADERS, b""

    def note_shown(self) -> None:
        """Note that the browser has the last page."""
        self._is_shown.set()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = sys.platform != "win32"  # there, another program could take the port over
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], listener: RedirectListener) -> None:
        self.listener = listener
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which may take long and is not used."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own; without another thread, answer here, one browser after the other."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            self.process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10.0
    server_version, sys_version = "zoomcall", ""

    def do_GET(self) -> None:
        listener = self.server.listener
        status, headers, body = listener.answer(self.path, self.headers.get("Host"))
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if status == 200:
            listener.note_shown()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: what is requested holds the code."""
