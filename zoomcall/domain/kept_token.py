"""An access token as an item of a secret store, which says whose it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.secret import Secret


def item_of(token: AccessToken, owner: str) -> Secret | None:
    """Return the item; None for a token whose end is not known."""
    if token.expires_at is None:
        return None
    item = {
        "owner": owner,
        "token": token.text.reveal(),
        "expires_at": int(token.expires_at.timestamp()),
        "scope": None if token.scopes is None else " ".join(token.scopes),
    }
    return Secret(json.dumps(item, separators=(",", ":")))


def token_of_item(item: Secret, owner: str) -> AccessToken | None:
    """Read what ``item_of`` wrote; None if it is something else, or somebody else's."""
    try:
        stored = json.loads(item.reveal())
        if stored["owner"] != owner:
            return None
        scope = stored["scope"]
        return AccessToken(
            text=Secret(str(stored["token"])),
            kind=CredentialKind.S2S,
            expires_at=datetime.fromtimestamp(int(stored["expires_at"]), UTC),
            scopes=None if scope is None else tuple(str(scope).split()),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None
