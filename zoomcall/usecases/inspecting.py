"""Tells what a token is and why Zoom would refuse it, without asking Zoom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

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
_FIX = "Give the token alone, for example: zoomcall token mint | zoomcall token inspect -"

Check = Callable[[str, Secret], bool]


class Inspection(Discreet, frozen=True, kw_only=True):
    """What can be told of a token.

    Attributes:
        kind: What it is.
        target: The API that it was judged for; None if no API takes its kind, or if that cannot be told.
        header: The JOSE header; None without one.
        claims: The claims, what is secret in them masked; None without any.
        reading: The token itself.
        signature: Whether the secret at hand made the signature.
        judgement: What is wrong with it, and what was found fine.
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
    check: Check | None = None,
) -> Inspection:
    """Judge a token.

    What may be a token and is a bad one is judged: damaged, with control characters, in quotation marks, on
    several lines. What nobody can have meant as one is an error: nothing at all, JSON, prose, and (in
    ``text_of_bytes``) what is no text.

    Args:
        text: The token as it was given.
        api: The API it shall serve; None: the one that its kind serves.
        now: This machine's clock.
        zoom_time: Zoom's clock at the same moment, where it is known.
        api_key: The API key that the issuer should be.
        is_api_key_explicit: That key was chosen for this token.
        secret: The API secret that should have made the signature.
        check: Says whether a secret made a token's signature by HS256.

    Raises:
        UsageError: The text is no token, however damaged.
    """
    reading = read_token(text)
    _refuse_other_things(reading)
    signature, is_signed_with_key = check_signature(reading, secret, api_key, check)
    facts = Facts(
        bearer=reading.given,
        api=api,
        api_key=api_key,
        is_api_key_explicit=is_api_key_explicit,
        secret=secret,
        signature=signature,
        is_signed_with_key=is_signed_with_key,
        local_time=now,
        zoom_time=zoom_time,
    )
    return Inspection(
        kind=reading.kind,
        target=api or reading.kind.api,
        header=reading.header and _masked(reading.header, secret),
        claims=reading.claims and _masked(reading.claims, secret),
        reading=reading,
        signature=signature,
        judgement=judge(facts),
    )


def text_of_bytes(data: bytes) -> str:
    """Read standard input as text.

    Args:
        data: At most ``LARGEST_INPUT`` bytes and one more.

    Raises:
        UsageError: It is larger, or no UTF-8 text.
    """
    if len(data) > LARGEST_INPUT:
        raise UsageError(f"standard input is larger than {LARGEST_INPUT:,} bytes, which no token is", fix=_FIX)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise UsageError(
            "standard input is UTF-16 text", fix="Write it as UTF-8 or ASCII, without a byte order mark."
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError("standard input is binary, not text", fix=_FIX) from None
    if "\0" in text:
        raise UsageError("standard input is binary, not text: it holds NUL bytes", fix=_FIX)
    return text


def _refuse_other_things(reading: TokenReading) -> None:
    if not reading.text:
        raise UsageError("there is no token: the input is empty", fix=_FIX)
    given = reading.given.reveal().lstrip()
    if given[:1] in {"{", "["} and '"' in given:
        raise UsageError(
            "the input is JSON, not a token",
            fix="Give the value alone, like that of access_token, without its quotes.",
        )
    if not reading.is_jwt and len(given.split(maxsplit=_MOST_PIECES)) > _MOST_PIECES:
        raise UsageError(f"the input is text of more than {_MOST_PIECES} words, not a token", fix=_FIX)


def check_signature(
    reading: TokenReading, secret: Secret | None, api_key: str | None, check: Check | None
) -> tuple[Signature, bool]:
    """Say whether the secret made the signature, and if not, whether the key did."""
    is_checkable = reading.kind is TokenKind.API_JWT and reading.algorithm == "HS256"
    if not is_checkable or secret is None or check is None:
        return Signature.UNCHECKED, False
    token = reading.text.reveal()
    if check(token, secret):
        return Signature.VALID, False
    return Signature.INVALID, bool(api_key) and check(token, Secret(api_key or ""))


def _masked(members: Mapping[str, Any], secret: Secret | None) -> dict[str, Any]:
    """Copy a header or claims without what is secret in them."""
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
