import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import truststore
from loopback import self_signed

from zoomcall.adapters.tls import refusal_of, tls_context, trust_store
from zoomcall.errors import UsageError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def system_paths(monkeypatch: pytest.MonkeyPatch, *, file: Path, directory: Path) -> None:
    paths = SimpleNamespace(openssl_cafile=str(file), openssl_capath=str(directory))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(sys, "platform", "linux")


def is_verifying(context: ssl.SSLContext) -> bool:
    return context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def test_a_hashed_directory_of_the_system_is_read_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, pem = self_signed(tmp_path)
    directory = tmp_path / "hashed"
    directory.mkdir()
    (directory / "0123abcd.0").write_bytes(pem.read_bytes())
    system_paths(monkeypatch, file=pem, directory=directory)
    context = tls_context()
    assert is_verifying(context)
    assert context.cert_store_stats()["x509"] == 0


def test_without_hashes_the_systems_bundle_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pem = self_signed(tmp_path)
    system_paths(monkeypatch, file=pem, directory=tmp_path)
    context = tls_context()
    assert is_verifying(context)
    assert context.cert_store_stats()["x509"] == 1


def test_without_either_truststore_looks_for_the_systems_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_paths(monkeypatch, file=tmp_path / "none", directory=tmp_path / "none")
    context = tls_context()
    assert isinstance(context, truststore.SSLContext)
    assert is_verifying(context)


def test_other_systems_use_their_own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(tls_context(), truststore.SSLContext)


def test_ssl_cert_file_replaces_the_systems_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pem = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = tls_context()
    assert is_verifying(context)
    assert context.cert_store_stats()["x509"] == 1


def test_ssl_cert_dir_replaces_the_systems_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    context = tls_context()
    assert is_verifying(context)
    assert context.cert_store_stats()["x509"] == 0


def test_empty_variables_count_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setenv("SSL_CERT_DIR", "")
    system_paths(monkeypatch, file=self_signed(tmp_path)[1], directory=tmp_path)
    assert tls_context().cert_store_stats()["x509"] == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\x00\xff"])
def test_an_unusable_ssl_cert_file_is_a_usage_error_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "certificates.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(UsageError, match=r"SSL_CERT_FILE: .*certificates\.pem"):
        tls_context()


def test_a_directory_for_ssl_cert_file_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        tls_context()


def test_a_missing_ssl_cert_dir_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"SSL_CERT_DIR: .*none is not a directory"):
        tls_context()


def test_what_is_trusted_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pem = self_signed(tmp_path)
    hashed = tmp_path / "hashed"
    hashed.mkdir()
    system_paths(monkeypatch, file=pem, directory=hashed)
    assert trust_store().name == str(pem)
    (hashed / "0123abcd.0").write_bytes(pem.read_bytes())
    assert trust_store().name == str(hashed)
    system_paths(monkeypatch, file=tmp_path / "none", directory=tmp_path / "none")
    assert trust_store().name == "the system's certificate store"
    monkeypatch.setenv("SSL_CERT_FILE", "/a.pem")
    monkeypatch.setenv("SSL_CERT_DIR", "/certs")
    assert trust_store().name == "SSL_CERT_FILE (/a.pem) and SSL_CERT_DIR (/certs)"


NOW = datetime(2032, 1, 1, 12, 30, tzinfo=UTC)


def refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (10, "certificate has expired", "has expired by this machine's clock, which says 2032-01-01 12:30 UTC"),
        (9, "certificate is not yet valid", "is not valid yet by this machine's clock"),
        (0, "\u201clocalhost\u201d certificate is expired", "has expired by this machine's clock"),
    ],
)
def test_a_certificate_out_of_date_puts_the_clock_first(code: int, said: str, words: str) -> None:
    message, fix, cause = refusal_of("localhost:443", refused(code, said), NOW)
    assert words in message
    assert fix.startswith("If that is wrong, set the clock")
    assert cause == "clock-wrong"


@pytest.mark.parametrize("code", [18, 19, 20, 21, 62])
def test_another_refusal_has_nothing_to_do_with_the_clock(code: int) -> None:
    message, fix, cause = refusal_of("localhost:443", refused(code, "unable to get local issuer certificate"), NOW)
    assert "not trusted: unable to get" in message
    assert "name that certificate in SSL_CERT_FILE" in fix
    assert cause is None


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_variable_that_is_not_read_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/etc/our-ca.pem")
    _, fix, _ = refusal_of("localhost:443", refused(20, "unable to get local issuer certificate"), NOW)
    assert f"does not read {name}; set SSL_CERT_FILE=/etc/our-ca.pem" in fix
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/other.pem")
    assert name not in refusal_of("localhost:443", refused(20, "x"), NOW)[1]


def test_a_folder_without_hashed_names_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    (tmp_path / "ca.pem").touch()
    assert f"openssl rehash {tmp_path}" in refusal_of("localhost:443", refused(20, "x"), NOW)[1]
    (tmp_path / "0123abcd.0").touch()
    assert "rehash" not in refusal_of("localhost:443", refused(20, "x"), NOW)[1]
