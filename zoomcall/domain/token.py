"""Bearer tokens, read without a secret: their kind, their claims and their damage (zoom-api 1)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import shown_value
from zoomcall.domain.target import Api
from zoomcall.domain.value import Discreet

MILLISECONDS_FROM = 10**11
"""A time claim above this is not in seconds: in seconds it would be in the year 5138 or later."""

ADVISED_LIFETIME = timedelta(hours=1)
"""The longest lifetime that Zoom advises for an API JWT (zoom-api 1.1)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_DEEPEST = 32
_LONGEST_NUMBER = 400

_LINE_BREAKS = "\n\r\v\f\u2028\u2029"
_BLANKS = " \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_WRAPPING = {
    "a line break": Pattern(f"[{_LINE_BREAKS}]"),
    "a space": Pattern(f"[{_BLANKS}]"),
    "an invisible character": Pattern(f"[{_INVISIBLE}]"),
    "a quotation mark": Pattern(f"[{_QUOTES}]"),
}
_ANY_WRAPPING = Pattern(f"[{_LINE_BREAKS}{_BLANKS}{_INVISIBLE}{_QUOTES}]")
_LEADING_WRAPPING = Pattern(f"{_ANY_WRAPPING.pattern}+")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=")
"""What RFC 6750 allows in a bearer token."""
_HEADER_NAME = Pattern(r"authorization[ \t]*:[ \t]?", re.IGNORECASE)
_BEARER = Pattern(r"bearer[ \t]", re.IGNORECASE)

_UNPRINTABLE = Pattern(r"[^\x21-\x7e]")
_BASE64_PART = Pattern(r"[A-Za-z0-9_+/-]+={0,2}")
_HEX_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")
_SIGNATURES = {
    16: "MD5",
    20: "HMAC-SHA1",
    28: "HMAC-SHA224",
    48: "HMAC-SHA384",
    64: "HMAC-SHA512 or an elliptic curve",
    96: "an elliptic curve",
    **{bits // 8: f"a private key of RSA ({bits} bits)" for bits in (1024, 2048, 3072, 4096)},
}
_ODD_IN_BEARER = Pattern(r"[^A-Za-z0-9._~+/=-]")


class TokenKind(StrEnum):
    """The kinds of token, told apart by header and claims (zoom-api 1.1, 1.3)."""

    API_JWT = "api-jwt"
    SESSION_JWT = "session-jwt"
    MEETING_SDK_JWT = "meeting-sdk-jwt"
    OAUTH = "oauth"
    S2S = "s2s"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105 - a kind, not a token
    ZAK = "zak"
    OPAQUE = "opaque"
    MALFORMED = "malformed"

    @property
    def api(self) -> Api | None:
        """The API that accepts such a token; None if neither does, or if that cannot be determined."""
        match self:
            case TokenKind.API_JWT:
                return Api.SESSION
            case TokenKind.OAUTH | TokenKind.S2S:
                return Api.MEETING
            case TokenKind.SESSION_JWT | TokenKind.MEETING_SDK_JWT | TokenKind.REFRESH_TOKEN | TokenKind.ZAK:
                return None
            case TokenKind.OPAQUE | TokenKind.MALFORMED:
                return None


class TimeFault(StrEnum):
    """Why a time claim is not a time."""

    ABSENT = "absent"
    MILLISECONDS = "milliseconds"
    NOT_AN_INTEGER = "not-an-integer"


class TimeClaim(Struct, frozen=True):
    """One of ``exp``, ``iat`` and ``nbf``.

    Attributes:
        value: The claim itself; None if it is absent.
        at: The time that it names; None if it names none.
        fault: Why it names none.
    """

    value: Any
    at: datetime | None
    fault: TimeFault | None


class TokenReading(Discreet, frozen=True, kw_only=True):
    """What can be read of a token without a secret.

    Attributes:
        given: The text as it was given.
        text: The token alone, without header name, ``Bearer``, spaces, line breaks and quotation marks.
        kind: What it is, judged by its claims where it has any.
        bearers: How many times ``Bearer`` came before it.
        wrapping: What was removed around and inside it that Zoom would reject, in words like ``a line break``.
        malformation: Why Zoom could not accept it, in words; None if Zoom might.
        oddities: What a strict reader rejects and a lenient one may accept, in words.
        header: The JOSE header; None if it cannot be read.
        claims: The payload; None if it cannot be read.
        signature: The signature's bytes; empty if they cannot be read.
    """

    unshown: ClassVar = frozenset({"claims", "signature"})

    given: Secret
    text: Secret
    kind: TokenKind
    bearers: int = 0
    wrapping: tuple[str, ...] = ()
    malformation: str | None = None
    oddities: tuple[str, ...] = ()
    header: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] | None = None
    signature: bytes = b""

    @property
    def hex_digest(self) -> bytes | None:
        """The 32 bytes of a digest that was put into the token as 64 hexadecimal digits."""
        digits = self.signature if len(self.signature) != 48 else self.text.reveal().rpartition(".")[2].encode()
        return bytes.fromhex(digits.decode()) if _HEX_DIGEST.fullmatch(digits) else None

    @property
    def foreign_signature(self) -> str | None:
        """What makes a signature of this size, if that is not HMAC-SHA256."""
        return None if self.hex_digest is not None else _SIGNATURES.get(len(self.signature))

    @property
    def is_jwt(self) -> bool:
        """Whether its claims can be read."""
        return self.claims is not None

    @property
    def algorithm(self) -> str | None:
        """``alg``, if it is a string."""
        return _text(self.header, "alg")

    @property
    def issuer(self) -> str | None:
        """``iss``, if it is a string that is not blank."""
        return _text(self.claims, "iss")

    @property
    def expiry(self) -> TimeClaim:
        """``exp``."""
        return _time(self.claims, "exp")

    @property
    def issued(self) -> TimeClaim:
        """``iat``."""
        return _time(self.claims, "iat")

    @property
    def start(self) -> TimeClaim:
        """``nbf``."""
        return _time(self.claims, "nbf")


_Reader = Callable[..., TokenReading]


_VOID = Pattern(r"undefined|null|none|nil|nan|\[object ?[A-Za-z]+\]", re.IGNORECASE)


def read_token(text: str) -> TokenReading:
    """Read a token without checking its signature.

    One line break at its end and one ``Bearer `` before it are dropped silently; more of them, quotation marks and
    spaces are dropped too, and listed in ``bearers`` and ``wrapping``. Three dot-separated base64 parts are read as
    a JWT, and are malformed if they are not one. Any other text is opaque (a Build API key, zoom-api 1.3), unless
    it begins like a JWT, or contains control or non-ASCII characters, which an HTTP header cannot carry.

    Args:
        text: Any text at all.
    """
    given = Secret(text)
    token, bearers, wrapping = _unwrap(text)
    secret = Secret(token)

    def reading(kind: TokenKind, **known: Any) -> TokenReading:
        return TokenReading(given=given, text=secret, kind=kind, bearers=bearers, wrapping=wrapping, **known)

    stray = _UNPRINTABLE.search(token)
    if stray is not None:
        what = "control" if stray[0] < " " or stray[0] == "\x7f" else "non-ASCII"
        where = f"a {what} character (U+{ord(stray[0]):04X}) at position {stray.start() + 1}"
        why = f"it contains {where}, which an HTTP header cannot carry"
        return reading(TokenKind.MALFORMED, malformation=why)
    if not any(character.isalnum() for character in token):
        return reading(TokenKind.MALFORMED, malformation="it contains no token")
    if "." not in token and _VOID.fullmatch(token):
        why = f"it is the word {token}: the variable for the token was not set"
        return replace(reading(TokenKind.MALFORMED, malformation=why), wrapping=())
    parts = token.split(".", 5)
    if len(parts) != 3 or not (_BASE64_PART.fullmatch(parts[0]) and _BASE64_PART.fullmatch(parts[1])):
        return _read_other(parts, token, reading)
    if parts[2] and not _BASE64_PART.fullmatch(parts[2]):
        return _read_other(parts, token, reading)
    return _read_jwt(parts, reading)


def _unwrap(text: str) -> tuple[str, int, tuple[str, ...]]:
    """Return the token alone, how many ``Bearer`` came before it, and what else was removed."""
    rest = text.removesuffix("\n")
    if rest != text:
        rest = rest.removesuffix("\r")
    if _PLAIN.issuperset(rest):
        return rest, 0, ()
    wrapping: list[str] = []
    bearers = 0
    position = 0
    if match := _BEARER.match(rest):
        bearers, position = 1, match.end()
    removed: list[str] = []
    while True:
        if match := _LEADING_WRAPPING.match(rest, position):
            removed.append(match[0])
        elif match := _BEARER.match(rest, position):
            bearers += 1
        elif match := _HEADER_NAME.match(rest, position):
            wrapping.append("the header name")
        else:
            break
        position = match.end()
    rest = rest[position:]
    token = _ANY_WRAPPING.sub("", rest)
    for word, pattern in _WRAPPING.items():
        if pattern.search(rest) or any(pattern.search(piece) for piece in removed):
            wrapping.append(word)
    return token, bearers, tuple(dict.fromkeys(wrapping))


def _read_other(parts: list[str], token: str, reading: _Reader) -> TokenReading:
    """Read text that is not three base64 parts: an opaque token, or a damaged JWT."""
    header = _peek(parts[0])
    is_encrypted = len(parts) == 5 and "enc" in header
    if is_encrypted or not (token.startswith("eyJ") or "alg" in header):
        odd = "".join(sorted(set(_ODD_IN_BEARER.findall(token))))
        oddities = (f"it contains {odd}, which RFC 6750 does not allow in a bearer token",) if odd else ()
        return reading(TokenKind.OPAQUE, oddities=oddities)
    match len(parts):
        case 1 | 2:
            why = f"has {len(parts)} of 3 parts: it was cut off, or not all of it was copied"
        case 3:
            why = "has parts that are not base64url"
        case _:
            why = "has more than 3 parts"
    return reading(TokenKind.MALFORMED, malformation=f"it begins like a JWT but {why}", header=header or None)


def _peek(part: str) -> Mapping[str, Any]:
    try:
        return _decode(part)[0]
    except ValueError:
        return {}


def _read_jwt(parts: list[str], reading: _Reader) -> TokenReading:
    try:
        header, repeated_in_header = _decode(parts[0])
    except ValueError as error:
        return reading(TokenKind.MALFORMED, malformation=f"its first part, the header, {error}")
    try:
        claims, repeated_in_claims = _decode(parts[1])
    except ValueError as error:
        return reading(TokenKind.MALFORMED, malformation=f"its second part, the claims, {error}", header=header)
    oddities = []
    if any(character in part for part in parts for character in "+/="):
        oddities.append("it is encoded in plain base64 (+, / or =) instead of base64url")
    if repeated := [*repeated_in_header, *repeated_in_claims]:
        oddities.append(
            f"{shown_value(repeated[0])} occurs more than once, and readers disagree on which one counts"
        )
    kind = _kind_of(header, claims)
    return reading(
        kind,
        malformation=_damage_of_signature(kind, header, parts[2]),
        oddities=tuple(oddities),
        header=header,
        claims=claims,
        signature=_bytes_of(parts[2]),
    )


def _bytes_of(part: str) -> bytes:
    try:
        return _decode_base64(part)
    except binascii.Error:
        return b""


def _decode(part: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the JSON object in one part, and the names that occur in it more than once.

    Raises:
        ValueError: There is none; the text completes a sentence about the part.
    """
    repeated: dict[str, None] = {}

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, value in pairs:
            if name in members:
                repeated[name] = None
            members[name] = value
        return members

    try:
        raw = _decode_base64(part)
    except binascii.Error:
        raise ValueError("is not complete base64url: a piece is missing") from None
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=as_object,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - a foreign text, not an argument's type
    if _is_deep(value):
        raise ValueError("is nested too deep")
    return value, tuple(repeated)


def _decode_base64(part: str) -> bytes:
    bare = part.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError
    return value


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        level = deeper
        if not level:
            return False
    return True


def _damage_of_signature(kind: TokenKind, header: Mapping[str, Any], signature: str) -> str | None:
    algorithm = header.get("alg")
    if not signature:
        return None if _is_none(algorithm) else "its third part, the signature, is missing"
    try:
        raw = _decode_base64(signature)
    except binascii.Error:
        return "its third part, the signature, is not complete base64url: a piece is missing"
    is_explained = len(raw) in {32, *_SIGNATURES} or _HEX_DIGEST.fullmatch(raw)
    if kind is TokenKind.API_JWT and algorithm == "HS256" and not is_explained:
        if len(raw.rstrip(b"=")) == 43 and _BASE64_PART.fullmatch(raw.decode("latin-1")):
            return "its third part, the signature, is encoded in base64 twice"
        return f"its third part, the signature, has {len(raw)} bytes; HS256 makes 32"
    return None


def _is_none(algorithm: object) -> bool:
    return isinstance(algorithm, str) and algorithm.lower() == "none"


def _kind_of(header: Mapping[str, Any], claims: Mapping[str, Any]) -> TokenKind:
    issuer = claims.get("iss")
    if claims.get("aud") == "clientsm" or "zm_skm" in header:
        return TokenKind.ZAK
    if _is_zooms_oauth(header, claims):
        kinds = {1: TokenKind.REFRESH_TOKEN, 3: TokenKind.S2S}
        if claims.get("tokenType") in ("refresh_token", "refreshToken"):
            return TokenKind.REFRESH_TOKEN
        number = claims.get("type")
        return kinds.get(number, TokenKind.OAUTH) if type(number) is int else TokenKind.OAUTH
    if "app_key" in claims and ("tpc" in claims or "iss" not in claims):
        return TokenKind.SESSION_JWT
    if claims.keys() & {"appKey", "sdkKey"} and (claims.keys() & {"mn", "tokenExp"} or "iss" not in claims):
        return TokenKind.MEETING_SDK_JWT
    if issuer is None and claims.keys() >= {"tpc", "role_type"}:
        return TokenKind.SESSION_JWT
    return TokenKind.API_JWT


def _is_zooms_oauth(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    issuer = claims.get("iss")
    if isinstance(issuer, str) and issuer.startswith(("zm:cid:", "urn:zoom:connect:clientid:")):
        return True
    if claims.get("aud") in ("https://oauth.zoom.us", "https://oauth.zoomgov.com"):
        return True
    return header.get("alg") == "HS512" and claims.keys() >= {"ver", "auid", "uid"}


def _text(members: Mapping[str, Any] | None, name: str) -> str | None:
    value = (members or {}).get(name)
    return value if isinstance(value, str) and value.strip() else None


def _time(claims: Mapping[str, Any] | None, name: str) -> TimeClaim:
    if claims is None or name not in claims:
        return TimeClaim(None, None, TimeFault.ABSENT)
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return TimeClaim(value, None, TimeFault.NOT_AN_INTEGER)
    if value > MILLISECONDS_FROM:
        return TimeClaim(value, None, TimeFault.MILLISECONDS)
    if isinstance(value, float):
        return TimeClaim(value, None, TimeFault.NOT_AN_INTEGER)
    try:
        return TimeClaim(value, _EPOCH + timedelta(seconds=value), None)
    except OverflowError:
        return TimeClaim(value, _EARLIEST, None)
