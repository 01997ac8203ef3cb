"""Finds the credential of a pasted request, and every secret in a paste."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from zoomcall.domain.secret import Secret
from zoomcall.knowledge.facts import Authorization
from zoomcall.knowledge.placeholder import is_name_of_secret, is_redaction, is_stand_in
from zoomcall.usecases.pasted.pieces import PastedRequest

MASK = "***"

_SHORTEST_OWN, _SHORTEST_FOUND = 6, 8
_MOST_SECRETS = 20_000
_LONGEST_SECRET = 16_384
_USER_OPTIONS = {"-u", "-U", "--user", "--proxy-user"}
_OF_COOKIES = {"domain", "path", "expires", "max-age", "samesite"}
_SCHEME = re.compile(r"^\s*(?:(?:bearer|basic)[\s:=]+)+", re.IGNORECASE)

_BEARER = re.compile(r"bearer(?P<gap>\s*[:=]\s*|\s+|)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"basic\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_PLAIN_PAIR = re.compile(r"[\w${}.<>%-]{2,}:[\w${}.<>%-]{2,}")
_OTHER_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z-]{1,20})\s+(?P<rest>\S{16,})")
_NAMED_SCHEME = re.compile(
    r"(?P<scheme>JWT|Token|OAuth2?|Api[ _-]?Key)\s+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL
)
_QUOTES = "\"'\u201c\u201d"
_TOKEN_PARAMETERS = {"access_token", "token", "jwt"}

_SECRET_HEADER = re.compile(
    r"authorization|cookie|api-?key|token|secret|passw|passcode|signature|credential", re.IGNORECASE
)
_NAME = (
    r"(?:proxy-)?authori[sz]ation|x-api-key|(?:set-)?cookie|client[_-]?secret|api[_-]?secret|sdk[_-]?secret|secret"
    r"|passcode|password|passwd|pass|pwd|access[_-]?token|refresh[_-]?token|id[_-]?token|bearer|token|zak|jwt"
    r"|session[_-]?key|api[_-]?key|signature|client[_-]?credentials?|private[_-]?key|webhook[_-]?secret"
)
_NAMED = re.compile(
    rf"(?:{_NAME})\w{{0,12}}"
    r"(?:[\"'\u201d\]]{1,2}[ \t]{0,4}(?:=>|[:=,])|[ \t]{0,4}(?:=>|[:=]))[ \t]{0,4}[({]?"
    r"(?:new \w{1,40}\()?(?:[A-Za-z$@]{1,2}(?=\\?[\"'`\u201c]))?"
    r"(?:\\?\"(?P<double>(?:[^\"\\\n]|\\.)*)|'(?P<single>(?:[^'\\\n]|\\.)*)|`(?P<back>[^`\n]*)"
    r"|\u201c(?P<curly>[^\u201d\n]*)|(?P<bare>[^\s\"'`&,;]+))",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(
    r"(?:authori[sz]ation|cookie|x-api-key)[ \t]{0,4}:[ \t]{0,4}(?P<value>[^\"'`\n]+)", re.IGNORECASE
)
_OPTION = re.compile(
    r"(?:^|[\s^`])(?P<name>-u|-U|-b|--user|--proxy-user|--oauth2-bearer|--cookie|--pass|--proxy-pass|-E|--cert)"
    r"(?:[ \t]+|=|(?=[\"'\w]))"
    r"(?:\^?\"(?P<double>(?:[^\"\\\n]|\\.)*)|\$?'(?P<single>[^'\n]*)|(?P<bare>[^\s\"']+))",
    re.MULTILINE,
)
_SCHEMED = re.compile(
    r"\b(?:bearer|basic)[\s:=]+[\"'\u201c]?(?P<value>\{\{[^{}\n]*\}\}|[^\s\"'`,;)}\u201d]+)",
    re.IGNORECASE,
)
_PARAMETER_NAME = rf"[?&;](?:\w{{0,24}}(?:{_NAME})\w{{0,12}}|code|tk|sig)="
_QUERY = re.compile(_PARAMETER_NAME + r"(?P<value>[^&\s\"'`#]+)", re.IGNORECASE)
_PARAMETER = re.compile(
    _PARAMETER_NAME
    + r"(?P<value>.+?)(?=&(?:account_id|client_id|from|grant_type|page_size|redirect_uri|to|type)=|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_CODE_IN_WORDS = re.compile(r"\bauthorization code\W{1,8}(?P<value>(?=[\w-]*[\d_])[\w-]{8,})", re.IGNORECASE)
_USERINFO = re.compile(r"://(?P<value>[^/\s@\"']{1,300})@")
_JWT = re.compile(r"\b(?P<value>ey[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)")


class Credential(Struct, frozen=True):
    """How a request says whose it is.

    Attributes:
        kind: How.
        shown: The Authorization header's value with its secret masked; empty without one.
        bearer: The token, as it was given.
        basic: ``user:password``.
    """

    kind: Authorization
    shown: str = ""
    bearer: Secret | None = None
    basic: Secret | None = None


def credential_of(request: PastedRequest) -> Credential:
    """Read a request's credential; what stands in for a token is none."""
    key, value = request.header("x-api-key"), request.header("authorization")
    if key is not None:
        is_key = bool(key.strip()) and not is_stand_in(key)
        return Credential(Authorization.TOKEN, bearer=Secret(key) if is_key else None)
    if value is not None:
        return _of_header(value)
    if request.basic is not None:
        return Credential(Authorization.BASIC, f"Basic {MASK}", basic=_basic(request.basic))
    query = parse_qsl(request.url.partition("?")[2][:8192], keep_blank_values=True)
    if any(name in _TOKEN_PARAMETERS for name, _ in query):
        return Credential(Authorization.IN_QUERY)
    return Credential(Authorization.ABSENT if request.is_whole else Authorization.UNKNOWN)


def _of_header(value: str) -> Credential:
    if value.strip().lower() == "bearer":
        return Credential(Authorization.TOKEN, "Bearer", bearer=Secret("Bearer "))
    if is_redaction(value):
        return Credential(Authorization.UNKNOWN, value.strip())
    if match := _BASIC.fullmatch(value):
        is_plain = _PLAIN_PAIR.fullmatch(match["rest"].strip()) is not None
        shown = f"Basic {MASK}:{MASK}" if is_plain else f"Basic {MASK}"
        return Credential(Authorization.BASIC, shown, basic=_basic(_decoded(match["rest"])))
    bearer = _BEARER.fullmatch(value)
    if bearer and (bearer["gap"] or is_stand_in(bearer["rest"]) or bearer["rest"].startswith("ey")):
        lead, rest = value[: bearer.start("rest")], bearer["rest"]
        is_right = bool(bearer["gap"]) and not bearer["gap"].strip()
        if is_stand_in(rest):
            kind = Authorization.BEARER_VARIABLE if is_right else Authorization.VARIABLE
            return Credential(kind, f"{lead}{_shown(rest)}")
        if is_right and "\n" in bearer["gap"]:
            value = f"Bearer \n{rest}"  # a header that was folded over two lines
        return Credential(Authorization.TOKEN, f"{lead}{MASK}", bearer=Secret(value if is_right else rest))
    if (match := _NAMED_SCHEME.fullmatch(value)) and is_stand_in(match["rest"]):
        return Credential(Authorization.VARIABLE, f"{match['scheme']} {_shown(match['rest'])}")
    if is_stand_in(value):
        return Credential(Authorization.VARIABLE, _shown(value))
    other = _OTHER_SCHEME.fullmatch(value)
    return Credential(
        Authorization.TOKEN, f"{MASK} {MASK}" if other else MASK, bearer=Secret(other["rest"] if other else value)
    )


def _shown(stand_in: str) -> str:
    """Show a variable by its name, in its quotation marks; what is only partly hidden is hidden as a whole."""
    if len(stand_in) > 2 and stand_in[0] in _QUOTES and stand_in[-1] in _QUOTES:
        return f"{stand_in[0]}{_shown(stand_in[1:-1])}{stand_in[-1]}"
    return stand_in.strip() if is_name_of_secret(stand_in) else MASK


def _basic(text: str | None) -> Secret | None:
    return None if text is None or (":" not in text and is_stand_in(text)) else Secret(text)


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value.strip().encode("ascii"), validate=True).decode("utf-8")
    except ValueError:
        return None


def shown_headers(request: PastedRequest, credential: Credential) -> tuple[tuple[str, str], ...]:
    """Return a request's headers with the secrets in them masked."""
    return tuple((name, _shown_header(name, value, credential)) for name, value in request.headers)


def _shown_header(name: str, value: str, credential: Credential) -> str:
    if name.lower() == "authorization":
        return credential.shown
    return MASK if value and _SECRET_HEADER.search(name) else value


def shown_url(url: str) -> str:
    """Return a URL with the secrets in it masked."""
    url = re.sub(r"://[^/@]*@", f"://{MASK}@", url)
    return _PARAMETER.sub(lambda match: match[0][: match.start("value") - match.start()] + MASK, url)


class Scrubber:
    """Takes the secrets of a paste, its request and its credential out of everything that is said of them."""

    def __init__(self, text: str, request: PastedRequest | None, credential: Credential | None) -> None:
        found: dict[str, None] = {}
        for shortest, secrets in (
            (_SHORTEST_OWN, _of_request(request, credential)),
            (_SHORTEST_FOUND, _of_text(text)),
        ):
            for needle in (one for secret in secrets for piece in _parts(secret) for one in _spellings(piece)):
                if shortest <= len(needle) <= _LONGEST_SECRET and not _is_harmless(needle):
                    found[needle] = None
                if len(found) >= _MOST_SECRETS:
                    break
        self._needles = sorted(found, key=len, reverse=True)

    def __call__(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the texts without any secret."""
        cleaned = tuple(texts)
        joined = "\0".join(cleaned)
        for needle in self._needles:
            if needle in joined:
                cleaned = tuple(text.replace(needle, MASK) for text in cleaned)
        return tuple(_JWT.sub(MASK, text) for text in cleaned)

    def text(self, text: str) -> str:
        """Return one text without any secret."""
        return self((text,))[0]


def _is_harmless(needle: str) -> bool:
    """Return whether nothing is given away by a text: it is short, or names where the secret is."""
    bare = _SCHEME.sub("", needle)
    pieces = (piece for piece in re.split(r"[\s:]+", bare) if piece)
    return len(bare) < _SHORTEST_OWN or all(is_name_of_secret(piece) for piece in pieces)


def _spellings(secret: str) -> tuple[str, ...]:
    """Return a secret as it may be repeated."""
    return secret, secret.strip(), " ".join(secret.split()), unquote(secret), re.sub(r"\\(.)", r"\1", secret)


def _of_request(request: PastedRequest | None, credential: Credential | None) -> Iterator[str]:
    for secret in (credential.bearer, credential.basic) if credential is not None else ():
        yield secret.reveal() if secret is not None else ""
    if request is not None:
        yield request.basic or ""
        yield from (value for name, value in request.headers if _SECRET_HEADER.search(name))
        yield from (match["value"] for match in _PARAMETER.finditer(request.url))


def _of_text(text: str) -> Iterator[str]:
    """Find secrets wherever they stand, by the names before them and by their looks."""
    for pattern in (_NAMED, _HEADER_LINE, _OPTION, _SCHEMED, _QUERY, _CODE_IN_WORDS, _USERINFO, _JWT):
        for match in pattern.finditer(text):
            groups = match.groupdict()
            is_user = groups.pop("name", None) in _USER_OPTIONS
            value = next((group for group in groups.values() if group), "")
            if not is_user or ":" in value:  # else a name alone, for which curl asks the password
                yield value[:_LONGEST_SECRET]


def _parts(value: str) -> Iterator[str]:
    """Yield a value and its pieces that are secrets by themselves: a password, a cookie's value, a signature."""
    bare = _SCHEME.sub("", value.strip())
    yield from (value, bare)
    user, colon, password = bare.partition(":")
    if colon and "/" not in user:
        yield password
    if "=" in bare:
        for piece in bare.split(";")[:200]:
            name, _, inner = piece.partition("=")
            if name.strip().lower() not in _OF_COOKIES:
                yield inner.strip()
    head, dot, signature = bare.rpartition(".")
    if dot and head.count(".") == 1:
        yield signature
    decoded = _decoded(bare) if 8 <= len(bare) <= 4096 and re.fullmatch(r"[A-Za-z0-9+/=]+", bare) else None
    if decoded and ":" in decoded:
        yield decoded
        yield decoded.partition(":")[2].strip()
