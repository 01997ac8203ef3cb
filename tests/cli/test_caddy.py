"""The Caddy configurations of docs/webhooks.md, with the real Caddy in front of the real receiver."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from loopback import free_port
from shell import ProcessShell, Shell
from zoom_events import SECRET, bytes_of, callout, zoom_headers

DOCS = Path(__file__).parents[2] / "docs" / "webhooks.md"
SEVERAL_SITES, ONE_MACHINE = re.findall(r"```caddyfile\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@contextlib.contextmanager
def receiver(zoomcall: ProcessShell, folder: Path) -> Iterator[str]:
    """Run the receiver, and yield its host and port."""
    ready = folder / "ready.json"
    flags = ("--ready-file", str(ready), "--record", str(folder / "events.jsonl"))
    with zoomcall.start("webhook", "serve", *flags) as running:
        wait_until(ready.exists)
        yield json.loads(ready.read_bytes())["url"].removeprefix("http://")
        running.process.terminate()
        running.finish()


@contextlib.contextmanager
def caddy(configuration: str, folder: Path, name: str, port: int) -> Iterator[Path]:
    """Run Caddy in a folder of its own, and yield the certificate of its authority."""
    (folder / "Caddyfile").write_text(configuration)
    environ = {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(
            ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            root = folder / "caddy-data" / "pki" / "authorities" / "local" / "root.crt"
            wait_until(lambda: process.poll() is not None or (root.exists() and is_serving(name, port, root)))
            assert process.poll() is None, (folder / "caddy.log").read_text()
            yield root
        finally:
            process.terminate()
            process.wait(20)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_serving(name: str, port: int, root: Path) -> bool:
    """Return whether Caddy has a certificate for the name by now."""
    with contextlib.suppress(OSError):  # ssl.SSLError is one
        plain = socket.create_connection(("127.0.0.1", port), timeout=5)
        with plain, ssl.create_default_context(cafile=str(root)).wrap_socket(plain, server_hostname=name):
            return True
    return False


class Https:
    """Zoom's end: a client that trusts one authority and finds a name at a port of this machine."""

    def __init__(self, name: str, port: int, root: Path) -> None:
        self._name = name
        self._port = port
        self._context = ssl.create_default_context(cafile=str(root))

    def send(
        self, body: bytes, headers: Mapping[str, str], *, path: str, method: str = "POST"
    ) -> tuple[int, bytes]:
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        connection = http.client.HTTPConnection(self._name, self._port)
        with self._context.wrap_socket(plain, server_hostname=self._name) as connection.sock:
            assert isinstance(connection.sock, ssl.SSLSocket)
            assert connection.sock.version() in {"TLSv1.2", "TLSv1.3"}
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()


def check_all(https: Https, path: str, record: Path) -> None:
    """Do what Zoom does, and what others may try."""
    challenge = bytes_of({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}})
    status, answer = https.send(challenge, zoom_headers(challenge), path=path)
    assert status == 200
    assert json.loads(answer)["plainToken"] == "plain"
    assert https.send(challenge, {}, path=path)[0] == 401
    odd = b'{ "event":"e",\r\n "topic" : "\\uD83D\\uDE92 \xe2\x80\x99" }\n'
    assert https.send(odd, zoom_headers(odd, request_id="odd"), path=path)[0] == 200
    assert https.send(odd, zoom_headers(odd, request_id="odd"), path=path)[0] == 200
    event = bytes_of(callout("accepted"))
    assert https.send(event, zoom_headers(event, request_id="event"), path=path)[0] == 200
    assert https.send(event + b" ", zoom_headers(event), path=path)[0] == 401
    assert https.send(event, zoom_headers(event, age=3600), path=path)[0] == 401
    assert https.send(b"", {}, path=path, method="GET")[0] == 405
    large = b"x" * 2_000_000
    with contextlib.suppress(ConnectionError, ssl.SSLError):  # Caddy may close before all of it is sent
        assert https.send(large, zoom_headers(b""), path=path)[0] in {413, 502}
    assert [json.loads(line)["request_id"] for line in record.read_bytes().splitlines()] == ["odd", "event"]


@pytest.fixture
def served(zoomcall: Shell, zoomcall_process: ProcessShell, tmp_path: Path) -> Iterator[str]:
    zoomcall.set(ZOOMCALL_WEBHOOK_SECRET=SECRET)
    with receiver(zoomcall_process, tmp_path) as place:
        yield place


def test_the_configuration_of_the_docs_leads_zoom_to_the_receiver(served: str, tmp_path: Path) -> None:
    port = free_port()
    # Local certificates and other ports stand in for a public name: the site itself is the docs' own.
    options = (
        "{\n\tlocal_certs\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n"
        f"\tstorage file_system caddy-data\n\thttps_port {port}\n\thttp_port {free_port()}\n}}\n"
    )
    site = SEVERAL_SITES.replace("127.0.0.1:8787", served)
    with caddy(options + site, tmp_path, "hooks.example.com", port) as root:
        https = Https("hooks.example.com", port, root)
        check_all(https, "/zoom", tmp_path / "events.jsonl")
        event = bytes_of(callout())
        assert https.send(event, zoom_headers(event), path="/")[0] == 404
        assert https.send(event, zoom_headers(event), path="/other")[0] == 404


def test_the_trial_on_one_machine_works_as_the_docs_say(served: str, tmp_path: Path, zoomcall: Shell) -> None:
    port = free_port()
    configuration = ONE_MACHINE.replace("127.0.0.1:8787", served).replace("8443", str(port))
    event = tmp_path / "event.json"
    event.write_text(json.dumps(callout(), indent=2))
    with caddy(configuration, tmp_path, "localhost", port) as root:
        check_all(Https("localhost", port, root), "/", tmp_path / "events.jsonl")
        replay = ("webhook", "replay", str(event), "--to", f"https://localhost:{port}")
        trusted = zoomcall(*replay, environ={"SSL_CERT_FILE": str(root)})
        assert trusted.code == 0
        assert trusted.stdout == f"https://localhost:{port} accepted 1 of 1 events\n"
        assert zoomcall(*replay, "--json").json()["error"]["network"] == "tls"
