"""Finds out what a token is and why Zoom would refuse it, without asking Zoom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec.structs import replace

from zoomcall.domain.cause import Certainty, Judgement
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind, TokenReading, read_token
from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError
from zoomcall.knowledge.engine import judge
from zoomcall.knowledge.facts import Facts, Signature

LARGEST_INPUT = 4_000_000
MASK = "***"

_SECRET_CLAIMS = {"session_key", "sk", "password", "passcode", "pwd", "secret"}
_MOST_PIECES = 20
_LONG = 8
_FIX = "Pass only the token, for example: zoomcall token mint | zoomcall token inspect -"

SignatureCheck = Callable[[str, Secret], bool]
"""Returns whether a secret made a token's HS256 signature."""


class Inspection(Discreet, frozen=True, kw_only=True):
    """What is known of a token.

    Attributes:
        kind: What it is.
        target: The API that it was judged for; None if no API takes its kind, or if there is no telling.
        header: The JOSE header; None without one.
        claims: The claims, with secrets masked; None without any.
        reading: The token itself.
        signature: Whether the secret at hand made the signature.
        judgement: What is wrong with it, and what was found right.
    """

    unshown: ClassVar = frozenset({"claims"})

    kind: TokenKind
    target: Api | None
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None
    reading: TokenReading
    signature: Signature
    judgement: Judgement

    @property
    def is_hopeless(self) -> bool:
        """Whether Zoom is certain to refuse the token."""
        return any(cause.certainty is Certainty.CERTAIN for cause in self.judgement.causes)


def inspect(
    text: str,
    *,
    api: Api | None,
    now: datetime,
    zoom_time: datetime | None = None,
    api_key: str | None = None,
    is_api_key_explicit: bool = False,
    secret: Secret | None = None,
    check: SignatureCheck | None = None,
) -> Inspection:
    """Judge a token.

    A bad token is judged: damaged, with control characters, in quotation marks, on several lines. What nobody can
    have meant as a token is an error: nothing at all, JSON, prose, and (in ``text_of_bytes``) binary data.

    Args:
        text: The token as it was given.
        api: The API that it should serve; None: the one for its kind.
        now: This machine's clock.
        zoom_time: Zoom's clock at the same moment, if known.
        api_key: The API key that the issuer should be.
        is_api_key_explicit: That key was chosen for this token.
        secret: The API secret that should have made the signature.
        check: Checks the signature.

    Raises:
        UsageError: The text is not a token, not even a damaged one.
    """
    facts = Facts(
        bearer=Secret(text),
        api=api,
        api_key=api_key,
        is_api_key_explicit=is_api_key_explicit,
        secret=secret,
        local_time=now,
        zoom_time=zoom_time,
    )
    return _inspect(read_token(text), facts, check)


def _inspect(reading: TokenReading, facts: Facts, check: SignatureCheck | None) -> Inspection:
    _refuse_other_things(reading)
    facts, secret = with_signature(facts, reading, check), facts.secret
    return Inspection(
        kind=reading.kind,
        target=facts.api or reading.kind.api,
        header=reading.header and _masked(reading.header, secret),
        claims=reading.claims and _masked(reading.claims, secret),
        reading=reading,
        signature=facts.signature,
        judgement=judge(facts),
    )


def text_of_bytes(data: bytes) -> str:
    """Read standard input as text.

    Args:
        data: At most one byte more than ``LARGEST_INPUT``.

    Raises:
        UsageError: It is larger, or not UTF-8 text.
    """
    if len(data) > LARGEST_INPUT:
        raise UsageError(f"standard input is larger than {LARGEST_INPUT:,} bytes; no token is that long", fix=_FIX)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise UsageError(
            "standard input is UTF-16 text", fix="Write it as UTF-8 or ASCII, without a byte order mark."
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError("standard input is binary, not text", fix=_FIX) from None
    if "\0" in text:
        raise UsageError("standard input is binary, not text: it has NUL bytes", fix=_FIX)
    return text


def _refuse_other_things(reading: TokenReading) -> None:
    if not reading.text:
        raise UsageError("no token: the input is empty", fix=_FIX)
    given = reading.given.reveal().lstrip()
    if given[:1] in {"{", "["} and '"' in given:
        raise UsageError(
            "the input is JSON, not a token",
            fix="Pass only the value, such as that of access_token, without its quotes.",
        )
    if not reading.is_jwt and len(given.split(maxsplit=_MOST_PIECES)) > _MOST_PIECES:
        raise UsageError(f"the input is text of more than {_MOST_PIECES} words, not a token", fix=_FIX)


def with_signature(facts: Facts, reading: TokenReading, check: SignatureCheck | None) -> Facts:
    """Add whether the secret at hand made the token's signature, and if not, whether the API key did."""
    is_checkable = reading.kind is TokenKind.API_JWT and reading.algorithm == "HS256"
    if not is_checkable or facts.secret is None or check is None:
        return facts
    token = reading.text.reveal()
    if check(token, facts.secret):
        return replace(facts, signature=Signature.VALID)
    is_signed_with_key = bool(facts.api_key) and check(token, Secret(facts.api_key or ""))
    return replace(facts, signature=Signature.INVALID, is_signed_with_key=is_signed_with_key)


def _masked(members: Mapping[str, Any], secret: Secret | None) -> dict[str, Any]:
    """Copy a header or claims with their secrets masked."""
    hidden = secret.reveal().strip() if secret is not None else ""

    def mask(value: Any) -> Any:
        match value:
            case str():
                is_secret = value.strip() == hidden or (len(hidden) >= _LONG and hidden in value)
                return MASK if hidden and is_secret else value
            case list():
                return [mask(item) for item in value]
            case dict():
                return {mask(name): MASK if name in _SECRET_CLAIMS else mask(item) for name, item in value.items()}
            case _:
                return value

    masked: dict[str, Any] = mask(dict(members))
    return masked
