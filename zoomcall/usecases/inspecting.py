"""Finds out what a token is and why Zoom would refuse it, without asking Zoom."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec.structs import replace

from zoomcall.domain.cause import Cause, Certainty, Judgement
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import surplus_of
from zoomcall.domain.signature import digest
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind, TokenReading, read_token
from zoomcall.domain.value import Discreet
from zoomcall.errors import UsageError
from zoomcall.knowledge.engine import judge
from zoomcall.knowledge.facts import Facts, Signature
from zoomcall.knowledge.texts import cause_texts

LARGEST_INPUT = 4_000_000
MASK = "***"

_SECRET_CLAIMS = {"session_key", "sk", "password", "passcode", "pwd", "secret"}
_MOST_PIECES = 20
_LONG = 8
_MINT = "zoomcall token mint --for session"
_FIX_OF_KEY = "Sign with the text of the API secret as the portal shows it, not {}."
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
    text = _token_in_json(text) or text
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


def _token_in_json(text: str) -> str | None:
    """Return the token in a token endpoint's answer; None if there is none, or if the text is no JSON object."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    from zoomcall.domain.webhook import parse_object  # rarely needed

    answer = parse_object(text.encode("utf-8", "surrogatepass"))
    for members in [answer, *(answer or {}).values()]:
        if isinstance(members, dict):
            found = (members.get(name) for name in ("access_token", "token", "jwt"))
            token = next((each for each in found if isinstance(each, str) and each), None)
            if token is not None:
                return token
    return None


def _refuse_other_things(reading: TokenReading) -> None:
    if not reading.text:
        raise UsageError("no token: the input is empty", fix=_FIX)
    given = reading.given.reveal().lstrip("\ufeff \t\r\n")
    if given[:1] in {"{", "["} and '"' in given:
        raise UsageError(
            "the input is JSON without an access_token",
            fix="Pass the answer that holds access_token, or the token alone.",
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
    surplus = surplus_of(facts.secret.reveal())
    if surplus is not None and surplus.bare and check(token, surplus.bare):
        return replace(facts, signature=Signature.VALID, secret=surplus.bare)
    flaw = _flaw(reading, surplus.bare if surplus is not None and surplus.bare else facts.secret)
    if flaw is not None:
        return replace(facts, signature=Signature.INVALID, flaw=flaw)
    is_signed_with_key = bool(facts.api_key) and check(token, Secret(facts.api_key or ""))
    return replace(facts, signature=Signature.INVALID, is_signed_with_key=is_signed_with_key)


def _flaw(reading: TokenReading, secret: Secret) -> Cause | None:
    """Try what programs do wrong when they sign: what makes the signature match is certain to be the reason."""
    message = reading.text.reveal().rpartition(".")[0].encode()
    text = secret.reveal()
    if digest(_bytes_of(text), message) == reading.hex_digest:
        evidence = "the signature is the right digest, but in hexadecimal digits"
        return Cause("digest-as-hex", Certainty.CERTAIN, evidence, cause_texts()["digest-as-hex"].fix, _MINT)
    if digest(_bytes_of(text), message) == reading.signature:
        evidence = "the signature is the right digest, but in plain base64 (+, / or =) instead of base64url"
        return Cause("token-malformed", Certainty.LIKELY, evidence, cause_texts()["token-malformed"].fix, _MINT)
    for cause, evidence, key in _wrong_keys(text):
        if digest(_bytes_of(key), message) == reading.signature:
            said = f"the signature matches the API secret {evidence}"
            return Cause(cause, Certainty.CERTAIN, said, _FIX_OF_KEY.format(evidence), _MINT)
    return None


def _bytes_of(key: str | bytes) -> bytes:
    return key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key


def _wrong_keys(secret: str) -> Iterator[tuple[str, str, str | bytes]]:
    """Yield what a program may have made of the secret before it signed, with the cause's id and in words."""
    for line_break, word in (
        ("\n", "a line break"),
        ("\r\n", "a line break (\\r\\n)"),
        ("\r", "\\r"),
        (" ", "a space"),
    ):
        yield "secret-has-whitespace", f"with {word} at its end", f"{secret}{line_break}"
    yield "secret-has-whitespace", "with a space before it", f" {secret}"
    for mark in "\"'":
        yield "secret-in-quotes", "in quotation marks", f"{mark}{secret}{mark}"
    yield "invisible-character", "with a byte order mark before it", f"\ufeff{secret}"
    yield "invisible-character", "with a zero-width space at its end", f"{secret}\u200b"
    standard = secret.replace("-", "+").replace("_", "/").rstrip("=")
    for kept in range(len(standard), max(len(standard) - 2, 0), -1):
        with contextlib.suppress(ValueError):
            yield "secret-decoded", "decoded from base64", base64.b64decode(standard[:kept] + "=" * (-kept % 4))
    with contextlib.suppress(ValueError):
        yield "secret-decoded", "decoded from hexadecimal digits", bytes.fromhex(secret)
    yield "secret-decoded", "encoded in base64 once more", base64.b64encode(_bytes_of(secret))
    yield "signature-mismatch", "in upper case", secret.upper()
    yield "signature-mismatch", "in lower case", secret.lower()


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
