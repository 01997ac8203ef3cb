from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loopback import REMOTE, Loopback, Peer, answering, free_port

from zoomcall.adapters.http import Http
from zoomcall.adapters.network_probe import NetworkProbe
from zoomcall.domain.network_path import Place, Way
from zoomcall.errors import NetworkFault, NetworkWord, UsageError

ZOOMS = b'{"code":124,"message":"Invalid access token."}'


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def probing() -> Iterator[NetworkProbe]:
    """Close every connection before the server ends, which would wait for them."""
    with Http() as http:
        yield NetworkProbe(http)


@pytest.fixture
def probe() -> Iterator[NetworkProbe]:
    with probing() as opened:
        yield opened


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def fault_of(act: Callable[[], object]) -> NetworkFault:
    with pytest.raises(NetworkFault) as caught:
        act()
    return caught.value


def test_without_a_proxy_the_host_itself_is_connected_to(probe: NetworkProbe) -> None:
    zoom = Place("api.zoom.us", 443)
    assert probe.way("https://api.zoom.us/v2") == Way(target=zoom, is_https=True, first=zoom)
    here = Place("127.0.0.1", 8080)
    assert probe.way("http://127.0.0.1:8080/v2") == Way(target=here, is_https=False, first=here)


def test_with_a_proxy_the_proxy_is_connected_to(probe: NetworkProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@proxy.example:3128")
    way = probe.way("https://api.zoom.us/v2")
    assert (way.target, way.first) == (Place("api.zoom.us", 443), Place("proxy.example", 3128))
    assert way.proxy == "http://proxy.example:3128"
    assert "hidden" not in repr(way)


def test_a_proxy_that_is_no_url_cannot_be_used(probe: NetworkProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy")
    with pytest.raises(UsageError, match="not a valid proxy URL"):
        probe.way("https://api.zoom.us/v2")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_has_nothing_to_look_up(probe: NetworkProbe, address: str) -> None:
    assert probe.addresses(Place(address, 443)) is None


def test_a_name_has_addresses(probe: NetworkProbe) -> None:
    found = probe.addresses(Place("localhost", 443))
    assert found is not None
    assert {"127.0.0.1", "::1"} & set(found)


@pytest.mark.parametrize("name", [REMOTE, "a" * 64 + ".invalid", "a..b"])
def test_a_name_that_does_not_resolve_is_a_fault_of_dns(probe: NetworkProbe, name: str) -> None:
    fault = fault_of(lambda: probe.addresses(Place(name, 443)))
    assert fault.word is NetworkWord.DNS
    assert name in fault.message


def test_a_knock_sends_no_credential_and_tells_the_answer() -> None:
    with Loopback(answering(401, ZOOMS, "Date: Sat, 21 Nov 2026 10:00:00 GMT")) as server, probing() as probe:
        knock = probe.knock(f"{server.url}/v2/users/me", deadline=soon())
    assert b"authorization" not in server.requests[0].lower()
    assert (knock.answer.status, knock.answer.code, knock.answer.is_zooms) == (401, 124, True)
    assert knock.answer.server_time == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert knock.certificate is None
    assert 0 < knock.seconds < 5


def test_a_knock_tells_the_certificate(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with Loopback(answering(401, ZOOMS), tls=certificate[0]) as server, probing() as probe:
        knock = probe.knock(f"{server.url}/v2/users/me", deadline=soon())
    assert knock.certificate is not None
    assert knock.certificate.issuer == "loopback"
    assert knock.certificate.protocol == "TLSv1.3"
    assert knock.certificate.expires_at is not None
    assert timedelta(minutes=50) < knock.certificate.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert probe.trusted == f"SSL_CERT_FILE ({certificate[1]})"


def test_a_knock_passes_through_a_proxy(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(b"HTTP/1.1 200 Connected\r\n\r\n")
        peer.start_tls(certificate[0])
        answering(401, ZOOMS)(peer)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with Loopback(script) as proxy, probing() as probe:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        knock = probe.knock(f"https://{REMOTE}/v2/users/me", deadline=soon())
    assert knock.answer.code == 124
    assert knock.certificate is not None


def test_a_knock_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(answering(403)) as proxy, probing() as probe:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        fault = fault_of(lambda: probe.knock(f"https://{REMOTE}/v2/users/me", deadline=soon()))
    assert fault.word is NetworkWord.PROXY
    assert proxy.connections == 1


def test_a_knock_at_a_closed_port_is_a_fault_of_the_connection(probe: NetworkProbe) -> None:
    fault = fault_of(lambda: probe.knock(f"http://127.0.0.1:{free_port()}/", deadline=soon()))
    assert fault.word is NetworkWord.CONNECT


def test_a_knock_at_an_untrusted_server_is_a_fault_of_tls(certificate: tuple[ssl.SSLContext, Path]) -> None:
    with Loopback(answering(401), tls=certificate[0]) as server, probing() as probe:
        fault = fault_of(lambda: probe.knock(f"{server.url}/", deadline=soon()))
    assert fault.word is NetworkWord.TLS
    assert "not trusted" in fault.message


def test_a_knock_ends_in_time() -> None:
    with Loopback(Peer.hold) as server, probing() as probe:
        fault = fault_of(lambda: probe.knock(f"{server.url}/", deadline=datetime.now(UTC)))
    assert fault.word is NetworkWord.TIMEOUT
