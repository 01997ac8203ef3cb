"""Results of ``token``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from zoomcall.cli.render.json import Time
from zoomcall.domain.cause import Cause, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind
from zoomcall.domain.value import Discreet
from zoomcall.knowledge.facts import Signature


class TokenMintResult(Discreet, frozen=True, kw_only=True):
    """A bearer token."""

    unshown: ClassVar = frozenset({"token"})

    token: Annotated[str, Meta(description="The token.")]
    kind: Annotated[CredentialKind, Meta(description="The kind of credential it was made from.")]
    expires_at: Annotated[Time | None, Meta(description="When it expires, if known.")]


class TokenInspectResult(Discreet, frozen=True, kw_only=True):
    """What a token is, and why Zoom would refuse it."""

    unshown: ClassVar = frozenset({"claims"})

    kind: Annotated[TokenKind, Meta(description="The kind of token.")]
    target: Annotated[Api | None, Meta(description="The API that it was judged for.")]
    header: Annotated[Mapping[str, Any] | None, Meta(description="The header of a JWT.")]
    claims: Annotated[Mapping[str, Any] | None, Meta(description="The claims of a JWT.")]
    issued_at: Annotated[Time | None, Meta(description="When it was issued.")]
    expires_at: Annotated[Time | None, Meta(description="When it expires.")]
    signature: Annotated[Signature, Meta(description="Whether it was made with the API secret at hand.")]
    findings: Annotated[tuple[Cause, ...], Meta(description="What is wrong, the likeliest first.")]
    checked: Annotated[tuple[Checked, ...], Meta(description="What was checked and found fine.")]
