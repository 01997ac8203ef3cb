"""Which certificates are trusted: the system's, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""

from __future__ import annotations

import os
import re
import ssl
import sys
from pathlib import Path

from zoomcall.errors import UsageError

_HASHED = re.compile(r"[0-9a-f]{8}\.\d\Z")


def tls_context() -> ssl.SSLContext:
    """Build the context that verifies every server; there is no way to switch that off.

    A directory of hashed certificates is preferred, because it is read only as far as it is needed:
    parsing a whole bundle costs about 30 ms.

    Raises:
        UsageError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names nothing usable.
    """
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or directory:
        return _named_context(file or None, directory or None)
    if sys.platform not in {"darwin", "win32"}:
        defaults = ssl.get_default_verify_paths()
        if _is_hashed(defaults.openssl_capath):
            return ssl.create_default_context(capath=defaults.openssl_capath)
        if Path(defaults.openssl_cafile).is_file():
            return ssl.create_default_context(cafile=defaults.openssl_cafile)
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _named_context(file: str | None, directory: str | None) -> ssl.SSLContext:
    if directory is not None and not any(Path(part).is_dir() for part in directory.split(os.pathsep)):
        raise UsageError(
            f"SSL_CERT_DIR: {directory} is no directory",
            fix="Name a directory of hashed certificates (openssl rehash DIR), or unset it.",
        )
    try:
        return ssl.create_default_context(cafile=file, capath=directory)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a NUL in the name is a ValueError
        raise UsageError(
            f"SSL_CERT_FILE: {file} cannot be used ({_why(error)})",
            fix="Name a file of PEM certificates, or unset it to trust the system's.",
        ) from error


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "it holds no PEM certificate"
    return getattr(error, "strerror", None) or str(error)


def _is_hashed(directory: str) -> bool:
    try:
        return any(_HASHED.match(path.name) for path in Path(directory).iterdir())
    except OSError:
        return False
