"""The token of a server-to-server app, kept for its lifetime beside its secret (contract 5)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zoomcall.domain.kept_token import item_of, token_of_item
from zoomcall.errors import NotConfigured, ZoomcallError
from zoomcall.own_files import locked

if TYPE_CHECKING:
    from zoomcall.adapters.config_file import ConfigFile
    from zoomcall.adapters.keyring_store import KeyringStore
    from zoomcall.adapters.secret_files import SecretFiles
    from zoomcall.domain.credential import AccessToken, ServerToServerApp
    from zoomcall.domain.profile import Profile

_LOCK_LIMIT = timedelta(seconds=1)


class KeptToken:
    """Reads and replaces the token of one profile. It spares a request and is never missed: no failure is told.

    Args:
        profile: The profile's name.
        app: The credential in use, which the profile may not be any more when something is read or written.
        oauth_base: Where its tokens come from.
        config: Reads the profiles.
        store: Where the profile's secrets are.
    """

    def __init__(
        self,
        profile: str,
        app: ServerToServerApp,
        oauth_base: str,
        *,
        config: ConfigFile,
        store: KeyringStore | SecretFiles,
    ) -> None:
        self._name = profile
        self._app = app
        self._oauth_base = oauth_base
        self._config = config
        self._store = store

    def read(self) -> AccessToken | None:
        """Return the token, perhaps expired; None if there is none of this app, secret and token endpoint."""
        try:
            profile = self._owner()
            if profile is None:
                return None
            item = self._store.read(profile.token_account, profile.keyring_backend)
        except (ZoomcallError, OSError):
            return None
        return None if item is None else token_of_item(item, self._owner_text(profile))

    def write(self, token: AccessToken) -> None:
        """Keep a token, unless the profile is another by now; a login or logout cannot happen in between."""
        path = Path(self._config.path)
        try:
            with locked(path.with_name(path.name + ".lock"), _LOCK_LIMIT):
                profile = self._owner()
                item = None if profile is None else item_of(token, self._owner_text(profile))
                if profile is not None and item is not None:
                    self._store.write(profile.token_account, item, profile.keyring_backend)
        except (NotConfigured, OSError):
            return

    def _owner(self) -> Profile | None:
        """Return the profile if the app in use is still its, and that can be checked."""
        profile = self._config.read().profiles.get(self._name)
        if profile is None or profile.secret_check is None or not profile.owns(self._app.client_secret):
            return None
        is_same = (profile.account_id, profile.client_id) == (self._app.account_id, self._app.client_id)
        return profile if is_same else None

    def _owner_text(self, profile: Profile) -> str:
        return "\n".join((self._app.account_id, self._app.client_id, profile.secret_check or "", self._oauth_base))
