"""The stored tokens of a profile whose user signed in with the browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.profile import Profile
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured
from zoomcall.own_files import locked

_LOCK_NAME = "sign-in.lock"
_LOCK_LIMIT = timedelta(seconds=150)
"""Longer than one renewal can take, with every attempt and wait of it."""


class StoredSignIn:
    """Reads and replaces the tokens.

    Args:
        profile: The profile.
        store: Where its secrets are.
        folder: Where the lock file is: the folder of ``config.toml``.
    """

    def __init__(self, profile: Profile, store: KeyringStore | SecretFiles, folder: Path) -> None:
        self._profile = profile
        self._store = store
        self._folder = folder

    @property
    def login_line(self) -> str:
        """The command that signs in again."""
        return self._profile.login_line

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from renewing.

        Raises:
            NotConfigured: Another process held the lock all the time, or it cannot be had.
        """
        path = self._folder / _LOCK_NAME
        try:
            with locked(path, _LOCK_LIMIT):
                yield
        except TimeoutError as error:
            raise NotConfigured(
                f"another zoomcall has been renewing a sign-in for {_LOCK_LIMIT.total_seconds():.0f} s",
                fix="Try again; end the other process if it hangs.",
            ) from error
        except OSError as error:
            raise NotConfigured(
                f"{path} cannot be locked: {error.strerror or error}",
                fix="Make the folder writable, or set ZOOMCALL_CONFIG_DIR.",
            ) from error

    def read(self) -> Secret | None:
        """Return the stored tokens; None if there are none."""
        return self._store.read(self._profile.name, self._profile.keyring_backend)

    def read_client_secret(self) -> Secret | None:
        """Return the app's own secret; None for a public client."""
        return self._store.read(self._profile.client_account, self._profile.keyring_backend)

    def write(self, item: Secret) -> None:
        """Store the tokens in one step.

        Raises:
            NotConfigured: They cannot be stored.
        """
        self._store.write(self._profile.name, item, self._profile.keyring_backend)
