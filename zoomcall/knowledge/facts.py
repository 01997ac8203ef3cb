"""What is known of one request, its token and its answer: facts in, findings out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api


class Signature(StrEnum):
    """Whether the token's signature was checked with the secret at hand."""

    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


class Authorization(StrEnum):
    """How a request says whose it is."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    TOKEN = "token"  # noqa: S105 - a word, not a token
    BEARER_VARIABLE = "bearer-variable"
    VARIABLE = "variable"
    BASIC = "basic"
    IN_QUERY = "in-query"


class RequestFacts(Struct, frozen=True, kw_only=True):
    """A request as it stands on the wire, or as somebody wrote it down.

    Attributes:
        method: Upper case; empty if it is not known.
        url: Absolute, or a path below the API base.
        headers: In order, names as written, secrets in their values masked; one that is sent empty, or not
            at all though it should be, has an empty value.
        body: As text; None if it is not known, empty if there is none.
        is_ours: This program built it, so that method, path and body are as documented.
        is_whole: What is not here was not sent.
        authorization: How it says whose it is; a token itself is in ``Facts.bearer``.
        has_verbatim_variable: The variable in its Authorization header stands in quotation marks in which a
            shell does not replace it.
        claims: Names of the claims that the code beside it puts into a token.
        has_millisecond_expiry: That code takes exp from a clock of milliseconds.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    is_ours: bool = False
    is_whole: bool = False
    authorization: Authorization = Authorization.UNKNOWN
    has_verbatim_variable: bool = False
    claims: tuple[str, ...] = ()
    has_millisecond_expiry: bool = False

    def header(self, name: str) -> str | None:
        """Give the first header of that name (lower case)."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that rules may look at. None means: not known.

    Attributes:
        bearer: The token as it was given, before anything was dropped from it.
        basic: ``user:password`` of Basic authentication, as it was given.
        api: The API that the token is for; None: the one that its kind serves.
        credential_kind: What the token was made from.
        api_key: The profile's or environment's API key, which the issuer should be.
        is_api_key_explicit: It was chosen with ``-p``, so an issuer unlike it is certain to be wrong.
        secret: The secret at hand, to look at its whitespace only.
        signature: What checking the signature with that secret said.
        is_signed_with_key: The API key, used as a secret, made the signature.
        is_minted_here: This program made the token from that secret a moment ago.
        local_time: This machine's clock.
        zoom_time: Zoom's clock at the same moment, from a ``Date`` header.
        request: The request.
        answer: Zoom's answer.
        scopes: Scopes of the token where the token endpoint told them.
        population: How many are in the session.
        has_crc_plan: Whether there is a Conference Room Connector, as a dial-in code shows.
        kind: The exit name of the failure to be explained.
    """

    bearer: Secret | None = None
    basic: Secret | None = None
    api: Api | None = None
    credential_kind: CredentialKind | None = None
    api_key: str | None = None
    is_api_key_explicit: bool = False
    secret: Secret | None = None
    signature: Signature = Signature.UNCHECKED
    is_signed_with_key: bool = False
    is_minted_here: bool = False
    local_time: datetime | None = None
    zoom_time: datetime | None = None
    request: RequestFacts | None = None
    answer: ZoomAnswer | None = None
    scopes: tuple[str, ...] | None = None
    population: int | None = None
    has_crc_plan: bool | None = None
    kind: str | None = None

    @property
    def skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of Zoom's."""
        if self.local_time is None or self.zoom_time is None:
            return None
        return self.local_time - self.zoom_time
