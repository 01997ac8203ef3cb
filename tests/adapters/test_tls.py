import ssl
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import truststore
from loopback import self_signed

from zoomcall.adapters.tls import tls_context, trust_store
from zoomcall.errors import UsageError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


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
