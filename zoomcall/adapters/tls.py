"""Which certificates are trusted: the system's, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""

from __future__ import annotations

import os
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import UsageError

_HASHED = Pattern(r"[0-9a-f]{8}\.\d\Z")


class TrustStore(Struct, frozen=True, kw_only=True):
    """Where the trusted certificates are.

    Attributes:
        name: Where they are, in words.
        file: A bundle of certificates.
        directory: A folder of hashed certificates; without file and directory, the system's own store is used.
        is_named: Whether the environment names them.
    """

    name: str
    file: str | None = None
    directory: str | None = None
    is_named: bool = False


def trust_store() -> TrustStore:
    """Find the trusted certificates.

    A directory of hashed certificates is preferred, because only the needed ones are read: parsing a whole
    bundle takes about 30 ms.
    """
    named = {name: text for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if (text := os.environ.get(name))}
    if named:
        shown = " and ".join(f"{name} ({text})" for name, text in named.items())
        file, directory = named.get("SSL_CERT_FILE"), named.get("SSL_CERT_DIR")
        return TrustStore(name=shown, file=file, directory=directory, is_named=True)
    if sys.platform not in {"darwin", "win32"}:
        defaults = ssl.get_default_verify_paths()
        if _is_hashed(defaults.openssl_capath):
            return TrustStore(name=defaults.openssl_capath, directory=defaults.openssl_capath)
        if Path(defaults.openssl_cafile).is_file():
            return TrustStore(name=defaults.openssl_cafile, file=defaults.openssl_cafile)
    return TrustStore(name="the system's certificate store")


def tls_context() -> ssl.SSLContext:
    """Return the context that verifies every server; nothing can switch that off.

    Raises:
        UsageError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` cannot be used.
    """
    store = trust_store()
    if store.is_named:
        return _named_context(store.file, store.directory)
    if store.file or store.directory:
        return ssl.create_default_context(cafile=store.file, capath=store.directory)
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _named_context(file: str | None, directory: str | None) -> ssl.SSLContext:
    if directory is not None and not any(Path(part).is_dir() for part in directory.split(os.pathsep)):
        raise UsageError(
            f"SSL_CERT_DIR: {directory} is not a directory",
            fix="Name a directory of hashed certificates (openssl rehash DIR), or unset it.",
        )
    try:
        return ssl.create_default_context(cafile=file, capath=directory)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a NUL in the name is a ValueError
        raise UsageError(
            f"SSL_CERT_FILE: {file} cannot be used ({_why(error)})",
            fix="Name a file of PEM certificates, or unset it to trust the system's certificates.",
        ) from error


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "it contains no PEM certificate"
    return getattr(error, "strerror", None) or str(error)


def _is_hashed(directory: str) -> bool:
    try:
        return any(_HASHED.match(path.name) for path in Path(directory).iterdir())
    except OSError:
        return False


_EPOCH = datetime.fromtimestamp(0, UTC)


def certificate_end(text: str) -> datetime:
    """Return when a certificate expires; Windows' own conversion ends with the year 3000, certificates may not."""
    return _EPOCH + timedelta(seconds=ssl.cert_time_to_seconds(text))


_OUT_OF_DATE = {9: "is not valid yet", 10: "has expired"}
"""OpenSSL's numbers for certificates that the clock refuses."""
_UNREAD = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FIX = "If a proxy or your own authority signs it, name that certificate in SSL_CERT_FILE."


def refusal_of(at: str, error: ssl.SSLCertVerificationError, now: datetime) -> tuple[str, str, str | None]:
    """Return why a certificate was refused, how to fix that, and the cause's id if it is the clock.

    Args:
        at: Whose certificate it is, in words.
        error: OpenSSL's refusal.
        now: This machine's clock.
    """
    said = one_line(error.verify_message)
    dated = _OUT_OF_DATE.get(error.verify_code) or next(
        (words for words in _OUT_OF_DATE.values() if words.removeprefix("is ").removeprefix("has ") in said), None
    )
    if dated is None:
        return f"the certificate of {at} is not trusted: {said}", _hint_of_trust(), None
    message = f"the certificate of {at} {dated} by this machine's clock, which says {now:%Y-%m-%d %H:%M} UTC"
    return (
        message,
        "If that is wrong, set the clock over the network (NTP). Otherwise renew the certificate.",
        "clock-wrong",
    )


def _hint_of_trust() -> str:
    """Return how to have a certificate trusted, with the variable that was meant to do that but does not."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if directory and not any(map(_is_hashed, directory.split(os.pathsep))):
        return (
            f"SSL_CERT_DIR ({directory}) has no hashed names, so nothing in it is found: run `openssl rehash "
            f"{directory}`, or name the certificate's file in SSL_CERT_FILE."
        )
    unread = next((name for name in _UNREAD if os.environ.get(name)), None)
    if unread is not None and not file:
        return f"zoomcall does not read {unread}; set SSL_CERT_FILE={os.environ[unread]} instead."
    return _FIX
