"""Secrets in files: the program's own store, and files that the user names."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from zoomcall.domain.cause import Notice
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import LARGEST_SECRET, secret_of_bytes
from zoomcall.errors import NotConfigured
from zoomcall.named_files import read_named
from zoomcall.own_files import (
    NotOwnFile,
    make_private_folder,
    open_own,
    refuse_odd,
    remove_file,
    replace_file,
    sweep,
)

FOLDER = "secrets"
_PREFIX = "profile"
_HAS_MODES = os.name == "posix"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class SecretFiles:
    """The store for ``--store file``: one file per account, readable only by its owner.

    Args:
        config_folder: The files are in its folder ``secrets``, which is created with the first of them.
    """

    def __init__(self, config_folder: Path) -> None:
        self._folder = config_folder / FOLDER

    def read(self, account: str, backend: str | None = None) -> Secret | None:  # noqa: ARG002 - the stores' signature
        """Return an account's secret; None if there is none.

        Raises:
            NotConfigured: Others may read or change it, it is not a regular file of the user's own, or it cannot be
                read.
        """
        path = self._path(account)
        with _translated(path, "read"):
            try:
                data, mode = _read_own(path)
                if _HAS_MODES:
                    _refuse_if_open_to_others(path, mode)
                return secret_of_bytes(data)[0]
            except FileNotFoundError:
                return None
            except ValueError as error:
                raise NotConfigured(f"{path} {error}", fix="Log in again.") from None

    def previous(self, account: str, backend: str | None = None) -> Secret | None:  # noqa: ARG002 - the stores' signature
        """Return the present secret, so that it can be restored, whoever may read it; None if there is none.

        Raises:
            NotConfigured: It cannot be read, or is not a regular file of the user's own.
        """
        path = self._path(account)
        with _translated(path, "read"):
            try:
                return secret_of_bytes(_read_own(path)[0])[0]
            except (FileNotFoundError, ValueError):
                return None

    def write(self, account: str, secret: Secret, backend: str | None = None) -> str | None:  # noqa: ARG002 - as above
        """Store a secret, replacing an older one.

        Raises:
            NotConfigured: The file cannot be written; an older one is not changed.
        """
        path = self._path(account)
        with _translated(path, "written"):
            make_private_folder(self._folder)
            self.sweep()
            replace_file(path, secret.reveal().encode() + b"\n")
        return None

    def remove(self, account: str, backend: str | None = None) -> bool:  # noqa: ARG002 - the stores' signature
        """Remove a secret and return whether there was one.

        Raises:
            NotConfigured: The file cannot be removed.
        """
        path = self._path(account)
        with _translated(path, "removed"):
            self.sweep()
            try:
                refuse_odd(path)
                remove_file(path)
            except FileNotFoundError:
                return False
        return True

    def removal(self, account: str, backend: str | None = None) -> str:  # noqa: ARG002 - the stores' signature
        """Return a command line that removes an account's secret, also where this program cannot."""
        path = str(self._path(account))
        return f"rm {shlex.quote(path)}" if _HAS_MODES else f'del "{path}"'

    @property
    def is_empty(self) -> bool:
        """Whether it has no account."""
        return not any(self._folder.glob(f"{_PREFIX}+*"))

    def clear(self) -> None:
        """Remove every account's secret, whether a profile knows of it or not.

        Raises:
            NotConfigured: One cannot be removed.
        """
        with _translated(self._folder, "emptied"):
            self.sweep()
            for path in self._folder.glob(f"{_PREFIX}+*"):
                refuse_odd(path)
                path.unlink()

    def sweep(self) -> None:
        """Remove what killed processes left."""
        sweep(self._folder, rf"{_PREFIX}\+.*")

    def _path(self, account: str) -> Path:
        # No profile's name contains a "+", and the prefix avoids the device names that Windows reserves.
        return self._folder / "+".join((_PREFIX, *account.split("/")))


@contextlib.contextmanager
def _translated(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        is_odd = isinstance(error, NotOwnFile)
        raise NotConfigured(
            f"{error.filename if is_odd else path} cannot be {what}: {error.strerror or error}",
            fix=NotOwnFile.fix if is_odd else "Make the folder writable, or set ZOOMCALL_CONFIG_DIR.",
        ) from error


def _read_own(path: Path) -> tuple[bytes, int]:
    """Return a file's bytes, at most one too many, and its mode."""
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        return file.read(LARGEST_SECRET + 1), os.fstat(file.fileno()).st_mode


def _refuse_if_open_to_others(path: Path, mode: int) -> None:
    if mode & _OTHERS:
        raise NotConfigured(
            f"others can read or change {path} (mode {stat.S_IMODE(mode):04o}), so its secret is not used",
            fix="Make it private, and consider creating a new secret at Zoom.",
            command=f"chmod 600 '{path}'",
        )
    mode = path.parent.stat().st_mode
    if mode & _OTHERS_WRITE:
        raise NotConfigured(
            f"others can change {path.parent} (mode {stat.S_IMODE(mode):04o}), so its secrets are not used",
            fix="Make it private.",
            command=f"chmod 700 '{path.parent}'",
        )


def read_secret_file(path: Path, *, origin: str, limit: timedelta) -> tuple[Secret, tuple[Notice, ...]]:
    """Read a secret from a file that the user names, whatever its mode, without the whitespace around it.

    Args:
        path: The file's path; a link is followed, and a pipe is accepted.
        origin: The flag or variable that named it.
        limit: How long a pipe may take.

    Raises:
        NotConfigured: It is missing, unreadable, a folder, a terminal, empty, too large or not one line of text, or
            a pipe that is not written to in time.
    """
    fix = f"Name a file in {origin} that you can read and that contains only the secret."
    try:
        data, mode = read_named(path, most=LARGEST_SECRET + 1, limit=limit)
        secret, has_surplus = secret_of_bytes(data)
    except OSError as error:
        raise NotConfigured(f"{origin}: {path} cannot be read: {error.strerror or error}", fix=fix) from error
    except ValueError as error:
        raise NotConfigured(f"{origin}: {path} {error}", fix=fix) from None
    notices = []
    if has_surplus:
        notices.append(
            Notice(
                "secret-has-whitespace",
                f"{origin}: ignored whitespace around the secret in {path}; the file should contain nothing else",
            )
        )
    if _HAS_MODES and stat.S_ISREG(mode) and mode & _OTHERS_WRITE:
        notices.append(
            Notice(
                "secret-file-writable",
                f"{origin}: others can change {path} (mode {stat.S_IMODE(mode):04o})",
            )
        )
    return secret, tuple(notices)
