"""What is known of one request, its token and its answer: facts in, findings out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Cause
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind, NetworkWord


class Signature(StrEnum):
    """The result of checking the token's signature with the secret at hand."""

    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


class Authorization(StrEnum):
    """How a request says who sends it."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    TOKEN = "token"  # noqa: S105 - a word, not a token
    BEARER_VARIABLE = "bearer-variable"
    VARIABLE = "variable"
    BASIC = "basic"
    IN_QUERY = "in-query"


class Part(StrEnum):
    """A part of a request or answer that was perhaps not read whole."""

    METHOD = "method"
    URL = "URL"
    AUTHORIZATION = "authorization"
    HEADERS = "headers"
    BODY = "body"
    STATUS = "status"


class Reading(StrEnum):
    """How well a part was read (contract 4)."""

    WHOLE = "whole"
    IN_PART = "in part"
    GUESSED = "guessed"
    STAND_IN = "stand-in"


class RequestFacts(Struct, frozen=True, kw_only=True):
    """A request as it was sent, or as somebody wrote it down.

    Attributes:
        method: Upper case; empty if unknown.
        url: Absolute, or a path below the API base.
        headers: In order, with names as written and secrets masked; one that is sent empty, or not sent
            although it should be, has an empty value.
        body: As text; None if unknown, empty if there is none.
        is_ours: This program built it, so method, path and body are as documented.
        is_whole: What is missing here was not sent.
        authorization: How it says who sends it; the token itself is in ``Facts.bearer``.
        has_verbatim_variable: The variable in its Authorization header is in quotation marks in which a shell
            does not expand it.
        claims: Names of the claims that the code around it puts in a token.
        has_millisecond_expiry: That code sets exp from a clock in milliseconds.
        readings: How each part was read; whole, where nothing is said of it.
        blocked_by: What a browser says that blocked it; empty if none did.
        network_fault: Where the program that sent it says that the connection failed, and its words.
        is_said_not_to_ring: Somebody says beside it that the room does not ring.
        is_printed_in_quotes: The variable in its Authorization header gets what jq prints in quotation marks.
        shell_fault: What a shell did to it, in words; empty if nothing.
        is_shell_fault_shown: An error message shows that it did.
        hosts_beside: Zoom's other hosts that are named around it.
        links_beside: Join links around it, each as Zoom's host and the meeting's number.
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
    readings: Mapping[Part, Reading] = {}
    blocked_by: str = ""
    network_fault: tuple[NetworkWord, str] | None = None
    is_said_not_to_ring: bool = False
    is_printed_in_quotes: bool = False
    shell_fault: str = ""
    is_shell_fault_shown: bool = False
    hosts_beside: tuple[str, ...] = ()
    links_beside: tuple[tuple[str, str], ...] = ()

    def reading(self, part: Part) -> Reading:
        """Return how well a part was read."""
        return self.readings.get(part, Reading.WHOLE)

    def header(self, name: str) -> str | None:
        """Return the first header with that name (in lower case)."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that rules may look at; None means unknown.

    Attributes:
        bearer: The token as it was given, with nothing removed.
        basic: ``user:password`` of Basic authentication, as it was given.
        api: The API that the token is for; None: the one for its kind.
        credential_kind: What the token was made from.
        api_key: The API key of the profile or environment, which should be the issuer.
        is_api_key_explicit: It was chosen with ``-p``, so that any other issuer is certainly wrong.
        secret: The secret at hand, only to look at what came along with it.
        secret_place: The variable or file that holds it, in words; None for a profile.
        signature: Whether that secret made the signature.
        is_signed_with_key: The signature was made with the API key as a secret.
        flaw: How a signature was made that the secret at hand did not make as it stands, where that is proven.
        is_minted_here: This program has just made the token from that secret.
        local_time: This machine's clock.
        zoom_time: Zoom's clock at the same moment, from a ``Date`` header.
        request: The request.
        answer: Zoom's answer.
        scopes: The token's scopes, where the token endpoint named them.
        population: How many people are in the session.
        has_crc_plan: Whether there is a Conference Room Connector, judged by a dial-in code.
        grant: The grant type of this program's own token request, if it is for a user.
        kind: The kind of failure to explain.
    """

    bearer: Secret | None = None
    basic: Secret | None = None
    api: Api | None = None
    credential_kind: CredentialKind | None = None
    api_key: str | None = None
    is_api_key_explicit: bool = False
    secret: Secret | None = None
    secret_place: str | None = None
    signature: Signature = Signature.UNCHECKED
    is_signed_with_key: bool = False
    flaw: Cause | None = None
    is_minted_here: bool = False
    local_time: datetime | None = None
    zoom_time: datetime | None = None
    request: RequestFacts | None = None
    answer: ZoomAnswer | None = None
    scopes: tuple[str, ...] | None = None
    population: int | None = None
    has_crc_plan: bool | None = None
    grant: str | None = None
    kind: ErrorKind | None = None

    @property
    def skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of Zoom's."""
        if self.local_time is None or self.zoom_time is None:
            return None
        return self.local_time - self.zoom_time
