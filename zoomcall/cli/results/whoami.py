"""Result of ``whoami``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.domain.credential import CredentialKind, CredentialLabel
from zoomcall.domain.live import User


class WhoamiResult(Struct, frozen=True, kw_only=True):
    """Who the credential is."""

    kind: Annotated[CredentialKind, Meta(description="The kind of credential.")]
    key_id: Annotated[str | None, Meta(description="The public part: API key or client id.")]
    user: Annotated[User | None, Meta(description="The user an OAuth token belongs to.")]
    api_base: Annotated[str, Meta(description="The URL that API requests start with.")]
    clock_skew_seconds: Annotated[int | None, Meta(description="This machine's clock minus Zoom's.")]
    expires_at: Annotated[Time | None, Meta(description="When the credential or its token expires.")]
    scopes: Annotated[tuple[str, ...] | None, Meta(description="The scopes that were granted, if known.")]
    hidden: Annotated[tuple[CredentialLabel, ...], Meta(description="Credentials that were found and not used.")]
