"""Rules about the bearer token: its kind, claims, times, signature and spelling (contract 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import surplus_of
from zoomcall.domain.shown_text import shown_key, shown_value
from zoomcall.domain.target import Api
from zoomcall.domain.time_words import distance, span, stamp
from zoomcall.domain.token import ADVISED_LIFETIME, TimeClaim, TimeFault, TokenKind, TokenReading, read_token
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Authorization, Facts, RequestFacts, Signature
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.route import route_of
from zoomcall.knowledge.texts import cause_texts

_BACK_DATING = timedelta(seconds=60)
_QUARTER = timedelta(minutes=15)
_ODD_ZONES = {23, 35, 51}
"""Time zones off the half hour, in quarters: Nepal, Eucla, the Chatham Islands."""
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)
_LATENESS = timedelta(seconds=120)
"""How much earlier than its making a token may have been dated, or later than that looked at."""
_SLACK = timedelta(seconds=5)
_SMALL_SKEW = timedelta(seconds=30)
_MINT = "zoomcall token mint --for session"
_FIX_OF_RSA = (
    "Sign with HMAC-SHA256 and the text of the API secret (in Apex, Crypto.generateMac with HmacSHA256), not with "
    "a private key."
)
_OURS, _ZOOMS = "this machine's clock", "Zoom's clock"
_FIX_OF_BASIC = "Encode id:secret without a line break at its end: printf %s id:secret | base64, not echo."
_LIKE_A_KEY = Pattern(r"(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9_-]{16,}")
_OTHER_SCHEME = Pattern(r"[A-Za-z][\w -]{1,11} (?=\S)")
_QUOTED = Pattern(r"bearer [\"'\u201c].*[\"'\u201d]", re.IGNORECASE)
_HOLDS_SCHEME = Pattern(r"auth|bearer|header|credential", re.IGNORECASE)
_UNSURE = {_OURS: timedelta(seconds=60), _ZOOMS: timedelta(seconds=2)}


def token_malformed(facts: Facts) -> Finding | Checked | None:
    """Look for something that is no token of any kind, or for a JWT with a piece missing."""
    reading = _token(facts)
    if reading is None:
        return None
    if reading.malformation is not None:
        certainty = Certainty.POSSIBLE if _is_perhaps_joined(facts) else Certainty.CERTAIN
        return Finding("token-malformed", certainty, reading.malformation)
    if reading.oddities:
        certainty = Certainty.POSSIBLE if reading.is_jwt else Certainty.LIKELY
        return Finding("token-malformed", certainty, "; ".join(reading.oddities))
    return Checked("token-malformed", "header, claims and signature are readable") if reading.is_jwt else None


def _is_perhaps_joined(facts: Facts) -> bool:
    """Return whether only Bearer was read of a program, which may join a token that was not."""
    text = facts.bearer.reveal() if facts.bearer is not None else ""
    is_bare = not re.sub(r"bearer", "", text, count=1, flags=re.IGNORECASE).strip(" :\"'")
    return is_bare and facts.request is not None and not facts.request.is_whole


def token_whitespace(facts: Facts) -> Finding | Checked | None:
    """Look for spaces, line breaks or quotation marks around or inside the token."""
    reading = _token(facts)
    if reading is None:
        return _in_quotes(facts.request)
    if not reading.wrapping:
        return Checked("token-whitespace", "no spaces, line breaks or quotation marks in it")
    evidence = f"{_list(reading.wrapping)} came with the token; Zoom reads that as part of it"
    if facts.secret_place is not None and facts.credential_kind is CredentialKind.TOKEN:
        fix = f"Remove {_list(reading.wrapping)} from {facts.secret_place}."
        return Finding("token-whitespace", Certainty.CERTAIN, evidence, fix)
    return Finding("token-whitespace", Certainty.CERTAIN, evidence)


def _in_quotes(request: RequestFacts | None) -> Finding | None:
    """Look for quotation marks around a variable, or for a program that prints them with what the variable gets."""
    if request is None or request.authorization is not Authorization.BEARER_VARIABLE:
        return None
    if _QUOTED.fullmatch(request.header("authorization") or ""):
        evidence = "the header puts quotation marks around the token; Zoom reads them as part of it"
        return Finding("token-whitespace", Certainty.LIKELY, evidence)
    if not request.is_printed_in_quotes:
        return None
    evidence = "jq prints a text in quotation marks, and with them it got into the variable; Zoom reads them too"
    return Finding("token-whitespace", Certainty.LIKELY, evidence, fix="Use jq -r, which prints the text alone.")


def bearer_doubled(facts: Facts) -> Finding | Checked | None:
    """Look for ``Bearer`` more than once."""
    reading = _token(facts)
    if reading is None or reading.bearers < 2:
        return None
    return Finding("bearer-doubled", Certainty.CERTAIN, f"Bearer appears {reading.bearers} times before the token")


def bearer_missing(facts: Facts) -> Finding | Checked | None:
    """Look for an ``Authorization`` header without ``Bearer``, in a request that this program did not build."""
    request, route = facts.request, route_of(facts)
    if request is None or request.is_ours or request.header("x-api-key") is not None:
        return None
    if route is not None and route.is_token_endpoint:
        return None
    match request.authorization:
        case Authorization.BEARER_VARIABLE:
            return Checked("bearer-missing", "the Authorization header starts with Bearer")
        case Authorization.VARIABLE:
            return _bare_variable(facts, request)
        case Authorization.ABSENT:
            evidence = "the request has no Authorization header"
            return Finding("bearer-missing", Certainty.CERTAIN, evidence, is_absence=True)
        case Authorization.BASIC:
            evidence = "the Authorization header uses Basic; the API takes Bearer and a token"
            return Finding("bearer-missing", Certainty.CERTAIN, evidence)
        case Authorization.IN_QUERY:
            evidence = "the token is in the query string; the API takes it in the Authorization header"
            return Finding(
                "token-in-url", Certainty.CERTAIN if facts.kind is ErrorKind.AUTH else Certainty.LIKELY, evidence
            )
        case Authorization.UNKNOWN | Authorization.TOKEN:
            return _bare_token(facts, request)


def _bare_token(facts: Facts, request: RequestFacts) -> Finding | Checked | None:
    reading = _token(facts)
    if reading is None:
        return None
    if reading.bearers:
        return Checked("bearer-missing", "the Authorization header starts with Bearer")
    shown = request.header("authorization")
    if shown and shown != "***":
        evidence = f"the header is Authorization: {shown}; Bearer and one space belong before the token"
    else:
        evidence = "the Authorization header has the token without the word Bearer before it"
    return Finding("bearer-missing", Certainty.CERTAIN, evidence)


def _bare_variable(facts: Facts, request: RequestFacts) -> Finding | None:
    """Judge a header that is a variable, which may or may not contain the word Bearer (zoom-api 7.3)."""
    shown = (request.header("authorization") or "").strip()
    if shown.lower().startswith("bearer"):
        evidence = f"the header is Authorization: {shown}; one space belongs after Bearer"
        return Finding("bearer-missing", Certainty.LIKELY, evidence)
    if scheme := _OTHER_SCHEME.match(shown):
        evidence = f"the header's scheme is {scheme[0].strip()}; Zoom takes Bearer, one space and the token"
        return Finding("bearer-missing", Certainty.CERTAIN, evidence)
    is_expression = shown == "***"  # of which even the name is not shown
    name = shown.strip("{}") if shown and not is_expression else "a variable"
    evidence = (
        f"the Authorization header is just {name}; unless that contains Bearer and a space before the token, "
        "Zoom sees no token"
    )
    if is_expression or _HOLDS_SCHEME.search(name):
        is_refused = facts.kind is ErrorKind.AUTH
        return Finding("bearer-missing", Certainty.POSSIBLE, evidence) if is_refused else None
    return Finding("bearer-missing", Certainty.LIKELY, evidence)


def token_expired(facts: Facts) -> Finding | Checked | None:
    """Look for an ``exp`` that has passed."""
    reading, clock = _jwt(facts), _clock(facts)
    if reading is None or clock is None or reading.expiry.at is None:
        return None
    now, name = clock
    end = reading.expiry.at
    evidence = f"exp is {stamp(end)}, {distance(end, now)} by {name}"
    if end > now:
        return Checked("token-expired", evidence)
    offset = _zone_offset(facts)
    if offset is not None:
        evidence += f"; {_zone_words(offset)}"
    return Finding("token-expired", Certainty.CERTAIN, evidence)


def token_not_yet_valid(facts: Facts) -> Finding | Checked | None:
    """Look for an ``nbf`` or ``iat`` in the future."""
    reading, clock = _jwt(facts), _clock(facts)
    if reading is None or clock is None:
        return None
    now, name = clock
    claims = {"nbf": reading.start, "iat": reading.issued}
    for claim, time in claims.items():
        if time.fault is TimeFault.MILLISECONDS:
            evidence = f"{claim} is {shown_value(time.value)}: read as seconds, that is thousands of years ahead"
            fix = f"Divide {claim} by 1000 and drop the fraction: it counts seconds, not milliseconds."
            return Finding("token-not-yet-valid", Certainty.CERTAIN, evidence, fix, _MINT)
        if time.at is not None and time.at > now:
            certainty = Certainty.CERTAIN if time.at - now > _UNSURE[name] else Certainty.LIKELY
            evidence = f"{claim} is {stamp(time.at)}, {distance(time.at, now)} by {name}"
            offset = _zone_offset(facts)
            if offset is not None:
                fix = cause_texts()["local-time-as-utc"].fix
                return Finding("token-not-yet-valid", certainty, f"{evidence}; {_zone_words(offset)}", fix, _MINT)
            return Finding("token-not-yet-valid", certainty, evidence)
    known = [f"{claim} is {stamp(time.at)}" for claim, time in claims.items() if time.at is not None]
    return Checked("token-not-yet-valid", f"{_list(known)}, in the past by {name}") if known else None


def clock_skew(facts: Facts) -> Finding | Checked | None:
    """Compare this machine's clock with Zoom's; certain where a time in the token lies between the two."""
    skew = facts.skew
    if skew is None or facts.local_time is None or facts.zoom_time is None:
        return None
    direction = "ahead of" if skew > timedelta() else "behind"
    seconds = abs(round(skew.total_seconds()))
    evidence = f"this machine's clock is {seconds} second{'' if seconds == 1 else 's'} {direction} Zoom's"
    reading = _jwt(facts)
    if reading is not None:
        end = reading.expiry.at
        if end is not None and facts.local_time < end <= facts.zoom_time:
            return Finding("clock-skew", Certainty.CERTAIN, f"{evidence}: exp is still ahead here but past there")
        for claim, time in (("iat", reading.issued), ("nbf", reading.start)):
            if time.at is not None and facts.zoom_time < time.at <= facts.local_time:
                certainty = Certainty.CERTAIN if time.at - facts.zoom_time > _UNSURE[_ZOOMS] else Certainty.LIKELY
                return Finding("clock-skew", certainty, f"{evidence}: {claim} is past here but still ahead there")
    if abs(skew) < _SMALL_SKEW:
        return Checked("clock-skew", "the clocks agree" if not seconds else evidence)
    return Finding("clock-skew", Certainty.POSSIBLE, evidence)


def exp_in_milliseconds(facts: Facts) -> Finding | Checked | None:
    """Look for an ``exp`` in milliseconds."""
    reading = _jwt(facts)
    if reading is None or reading.expiry.fault is not TimeFault.MILLISECONDS:
        return None
    evidence = f"exp is {shown_value(reading.expiry.value)}; a time in seconds has 10 digits"
    return Finding("exp-in-milliseconds", Certainty.CERTAIN, evidence)


def exp_not_integer(facts: Facts) -> Finding | Checked | None:
    """Look for an ``exp`` that is not a whole number; possible also for ``iat`` and ``nbf``."""
    reading = _jwt(facts)
    if reading is None:
        return None
    if _is_no_integer(reading.expiry):
        evidence = f"exp is {_sort_of(reading.expiry.value)}"
        return Finding("exp-not-integer", Certainty.CERTAIN, evidence)
    for claim, time in (("iat", reading.issued), ("nbf", reading.start)):
        if _is_no_integer(time):
            return Finding("exp-not-integer", Certainty.POSSIBLE, f"{claim} is {_sort_of(time.value)}")
    return None


def exp_missing(facts: Facts) -> Finding | Checked | None:
    """Look for an API JWT without ``exp``."""
    reading = _api_jwt(facts)
    if reading is None or reading.expiry.fault is not TimeFault.ABSENT:
        return None
    return Finding("exp-missing", Certainty.CERTAIN, f"the claims are {_names(reading)}: there is no exp")


def iss_missing(facts: Facts) -> Finding | Checked | None:
    """Look for an API JWT without ``iss``."""
    reading = _api_jwt(facts)
    if reading is None or reading.issuer is not None:
        return None
    claims = reading.claims or {}
    evidence = (
        "iss is empty or not a string" if "iss" in claims else f"the claims are {_names(reading)}: there is no iss"
    )
    return Finding("iss-missing", Certainty.CERTAIN, evidence)


def issuer_not_api_key(facts: Facts) -> Finding | Checked | None:
    """Compare ``iss`` with the API key at hand; certain only if that key was chosen with ``-p``."""
    reading = _api_jwt(facts)
    if reading is None or reading.issuer is None or not facts.api_key:
        return None
    issuer, key = reading.issuer, facts.api_key
    if issuer == key:
        return Checked("issuer-not-api-key", f"iss is the API key at hand ({shown_key(key)})")
    certainty = Certainty.CERTAIN if facts.is_api_key_explicit else Certainty.POSSIBLE
    if issuer.strip() == key:
        evidence = "iss is the API key with a space or line break around it"
    elif issuer.casefold() == key.casefold():
        evidence = (
            f"iss is {shown_value(issuer)}, which differs from the API key at hand only in upper and lower case"
        )
    elif facts.secret is not None and issuer.strip() == facts.secret.reveal().strip():
        evidence = "iss is the secret, not the API key"
    else:
        evidence = f"iss is {shown_value(issuer)}, but the API key at hand is {shown_key(key)}"
    return Finding("issuer-not-api-key", certainty, evidence)


def wrong_algorithm(facts: Facts) -> Finding | Checked | None:
    """Look for an API JWT that is not signed with HS256."""
    reading = _api_jwt(facts)
    if reading is None:
        return None
    if reading.algorithm == "HS256":
        maker = reading.foreign_signature
        if maker is None:
            return Checked("wrong-algorithm", "HS256")
        evidence = f"the header says HS256, but the signature has {len(reading.signature)} bytes, as {maker} makes"
        return Finding("wrong-algorithm", Certainty.CERTAIN, evidence, _FIX_OF_RSA, _MINT)
    named = (
        "the header names no algorithm" if reading.algorithm is None else f"alg is {shown_value(reading.algorithm)}"
    )
    return Finding("wrong-algorithm", Certainty.CERTAIN, f"{named}; Zoom takes only HS256")


def signature_mismatch(facts: Facts) -> Finding | Checked | None:
    """Look for a signature by another secret; only likely if the issuer is not the key of the secret at hand."""
    match facts.signature:
        case Signature.INVALID:
            if facts.flaw is not None:
                return None
            reading = _api_jwt(facts)
            is_of_key = facts.api_key is None or (reading is not None and reading.issuer == facts.api_key)
            is_in_doubt = not is_of_key and not facts.is_api_key_explicit
            evidence = "the signature was not made with the API secret at hand"
            return Finding("signature-mismatch", Certainty.LIKELY if is_in_doubt else Certainty.CERTAIN, evidence)
        case Signature.VALID:
            return Checked("signature-mismatch", "the signature was made with the API secret at hand")
        case Signature.UNCHECKED:
            return None


def secret_surplus(facts: Facts) -> Finding | Checked | None:
    """Look for what came along with the secret; certain if the token is signed with it."""
    if facts.secret is None:
        return None
    surplus = surplus_of(facts.secret.reveal())
    if surplus is None:
        return Checked("secret-has-whitespace", "no spaces, line breaks or quotation marks in the secret")
    if facts.basic is not None:
        evidence = f"the client secret in the Basic credential {surplus.what}"
        is_blank = surplus.cause == "secret-has-whitespace"
        fix = _FIX_OF_BASIC if is_blank else surplus.fix_at("the client secret before it is encoded")
        return Finding(surplus.cause, Certainty.CERTAIN, evidence, fix)
    place = facts.secret_place
    is_used = (
        facts.is_minted_here or facts.signature is Signature.VALID or facts.credential_kind is CredentialKind.S2S
    )
    return Finding(
        surplus.cause,
        Certainty.CERTAIN if is_used else Certainty.LIKELY,
        f"{place or 'the secret at hand'} {surplus.what}",
        surplus.fix_at(place) if place else None,
    )


def signature_flaw(facts: Facts) -> Finding | Checked | None:
    """Tell how the signature was made, where trying it out has proven that."""
    flaw = facts.flaw
    return None if flaw is None else Finding(flaw.id, flaw.certainty, flaw.evidence, flaw.fix, flaw.command)


def digest_as_hex(facts: Facts) -> Finding | Checked | None:
    """Look for a signature that is a digest in hexadecimal digits."""
    reading = _api_jwt(facts)
    if reading is None or reading.hex_digest is None:
        return None
    evidence = "the signature is 64 hexadecimal digits; base64url of the digest's 32 bytes belongs there"
    return Finding("digest-as-hex", Certainty.CERTAIN, evidence)


def local_time_as_utc(facts: Facts) -> Finding | Checked | None:
    """Look for an ``iat`` that is off by a time zone's offset: likely ahead, where nothing else explains it."""
    offset = _zone_offset(facts)
    if offset is None:
        return None
    certainty = Certainty.LIKELY if offset > timedelta() else Certainty.POSSIBLE
    return Finding("local-time-as-utc", certainty, _zone_words(offset))


def _zone_offset(facts: Facts) -> timedelta | None:
    """Return the offset of the time zone by which ``iat`` is off, if it is just that."""
    reading, clock = _jwt(facts), _clock(facts)
    if reading is None or clock is None or facts.is_minted_here or abs(facts.skew or _SLACK) > _LATENESS:
        return None
    made = reading.issued.at or reading.start.at
    if made is None:
        return None
    off = made - clock[0]
    if off < timedelta() and (reading.expiry.at is None or reading.expiry.at > clock[0]):
        return None
    quarters = round((off + _LATENESS / 2) / _QUARTER)
    offset = quarters * _QUARTER
    is_zone = quarters % 2 == 0 or quarters in _ODD_ZONES
    if not (is_zone and _WEST <= offset <= _EAST and quarters and -_LATENESS <= off - offset <= _SLACK):
        return None
    return offset


def _zone_words(offset: timedelta) -> str:
    minutes = abs(offset) // timedelta(minutes=1)
    zone = f"{'+' if offset > timedelta() else '-'}{minutes // 60:02}:{minutes % 60:02}"
    if offset > timedelta():
        return f"it is ahead by just the offset of the time zone {zone}: local time was counted as UTC"
    return (
        f"it was issued {minutes // 60} h {minutes % 60:02} min ago, the offset of the time zone {zone}: "
        "if it is new, local time was counted as UTC"
    )


def key_secret_swapped(facts: Facts) -> Finding | Checked | None:
    """Look for an API key and API secret that are swapped."""
    reading = _api_jwt(facts)
    if facts.secret is None or facts.credential_kind not in {None, CredentialKind.VIDEOSDK}:
        return None
    if reading is None and facts.credential_kind is None:
        return None
    secret = facts.secret.reveal().strip()
    if reading is not None and reading.issuer is not None and reading.issuer.strip() == secret:
        return Finding(
            "key-secret-swapped", Certainty.CERTAIN, "iss, where the API key belongs, is the secret at hand"
        )
    if facts.is_signed_with_key:
        return Finding(
            "key-secret-swapped", Certainty.CERTAIN, "the token was signed with the API key, not the secret"
        )
    if facts.api_key and facts.api_key == secret:
        return Finding("key-secret-swapped", Certainty.LIKELY, "the API key and the secret at hand are identical")
    if facts.api_key and len(facts.api_key) > len(secret) and _LIKE_A_KEY.fullmatch(secret):
        evidence = (
            f"the API key has {len(facts.api_key)} characters and the secret, which looks like a key, "
            f"{len(secret)}; the secret is usually the longer one"
        )
        certainty = Certainty.LIKELY if facts.kind is ErrorKind.AUTH else Certainty.POSSIBLE
        return Finding("key-secret-swapped", certainty, evidence)
    return None


def lifetime_too_long(facts: Facts) -> Finding | Checked | None:
    """Look for an API JWT that is valid for longer than Zoom advises: only a warning."""
    reading, clock = _api_jwt(facts), _clock(facts)
    if reading is None or reading.expiry.at is None:
        return None
    start = reading.issued.at or (clock[0] if clock is not None else None)
    if start is None or reading.expiry.at - start <= ADVISED_LIFETIME + _BACK_DATING:
        return None
    evidence = f"it is valid for {span(reading.expiry.at - start)}; Zoom advises at most one hour"
    return Finding("lifetime-too-long", Certainty.POSSIBLE, evidence)


def session_jwt(facts: Facts) -> Finding | Checked | None:
    """Look for a Video SDK session token in place of a REST token."""
    names = ("app_key", "tpc", "role_type", "version", "user_identity", "user_key")
    return _sdk_jwt(_of_kind(facts, TokenKind.SESSION_JWT), "session-jwt", "session", names)


def meeting_sdk_jwt(facts: Facts) -> Finding | Checked | None:
    """Look for a Meeting SDK token in place of a REST token."""
    names = ("appKey", "sdkKey", "mn", "role", "tokenExp")
    return _sdk_jwt(_of_kind(facts, TokenKind.MEETING_SDK_JWT), "meeting-sdk-jwt", "meeting", names)


def _sdk_jwt(reading: TokenReading | None, cause: str, venue: str, names: tuple[str, ...]) -> Finding | None:
    if reading is None:
        return None
    told = _list([name for name in names if name in (reading.claims or {})])
    evidence = f"{told} in the claims: the token is for joining a {venue} in the SDK, not for REST"
    return Finding(cause, Certainty.CERTAIN, evidence)


def refresh_token(facts: Facts) -> Finding | Checked | None:
    """Look for a refresh token in place of an access token."""
    reading = _of_kind(facts, TokenKind.REFRESH_TOKEN)
    if reading is None:
        return None
    told = "its tokenType claim says so" if "tokenType" in (reading.claims or {}) else "its type claim is 1"
    evidence = f"{told}: only the token endpoint takes it, in exchange for an access token"
    return Finding("refresh-token", Certainty.CERTAIN, evidence)


def zak_token(facts: Facts) -> Finding | Checked | None:
    """Look for a ZAK in place of an access token."""
    reading = _of_kind(facts, TokenKind.ZAK)
    if reading is None:
        return None
    told = "zm_skm in the header" if "zm_skm" in (reading.header or {}) else "aud is clientsm"
    evidence = f"{told}: the token is for Zoom's clients, to start or join a meeting as a user"
    return Finding("zak-token", Certainty.CERTAIN, evidence)


def oauth_token_on_videosdk(facts: Facts) -> Finding | Checked | None:
    """Look for an OAuth token where a Video SDK API JWT is needed."""
    reading = _jwt(facts)
    if reading is None or facts.api is not Api.SESSION:
        return None
    if reading.kind in {TokenKind.OAUTH, TokenKind.S2S}:
        sort = "a server-to-server" if reading.kind is TokenKind.S2S else "a user's"
        evidence = f"it is {sort} OAuth token (iss {shown_value(reading.issuer or 'zm:cid:...')})"
        return Finding("oauth-token-on-videosdk", Certainty.CERTAIN, evidence)
    if reading.kind is TokenKind.API_JWT:
        return Checked("oauth-token-on-videosdk", "it is an API JWT, which the Video SDK API takes")
    return None


def api_jwt_on_meetings(facts: Facts) -> Finding | Checked | None:
    """Look for a Video SDK API JWT where an OAuth token is needed."""
    reading = _jwt(facts)
    if reading is None or facts.api is not Api.MEETING:
        return None
    if reading.kind is TokenKind.API_JWT:
        evidence = f"its claims are {_names(reading)}, as in an API JWT; the API for meetings takes OAuth tokens"
        return Finding("api-jwt-on-meetings", Certainty.CERTAIN, evidence)
    if reading.kind in {TokenKind.OAUTH, TokenKind.S2S}:
        return Checked("api-jwt-on-meetings", "it is an OAuth token, which the API for meetings takes")
    return None


def legacy_jwt_app(facts: Facts) -> Finding | Checked | None:
    """Look for a token of a JWT app, retired in 2023; never certain, since its claims are those of an API JWT."""
    reading = _api_jwt(facts)
    if reading is None or facts.is_minted_here or facts.signature is Signature.VALID:
        return None
    if reading.issuer is None or (facts.api_key and reading.issuer == facts.api_key):
        return None
    if facts.api is Api.MEETING:
        evidence = "until September 2023, JWT apps made tokens with just iss and exp for the API for meetings"
        return Finding("legacy-jwt-app", Certainty.LIKELY, evidence)
    claims = reading.claims or {}
    if claims.keys() == {"iss", "exp"} or facts.kind is ErrorKind.AUTH:
        evidence = "a Video SDK API JWT and a JWT app's token look alike; nothing here tells them apart"
        return Finding("legacy-jwt-app", Certainty.POSSIBLE, evidence)
    return None


def opaque_token(facts: Facts) -> Finding | Checked | None:
    """Look for a bearer token that is not a JWT: a note, not a fault."""
    reading = _token(facts)
    if reading is None or reading.kind is not TokenKind.OPAQUE:
        return None
    if facts.credential_kind is not None and Api.SESSION not in facts.credential_kind.serves:
        return None
    evidence = (
        "it is not a JWT: a Build API key, or an OAuth token that Zoom did not make one; only Zoom can read it"
    )
    if facts.request is not None and not facts.request.is_ours and facts.kind is None:
        return Checked("opaque-token", evidence)
    return Finding("opaque-token", Certainty.POSSIBLE, evidence)


RULES: tuple[Rule, ...] = (
    token_malformed,
    token_whitespace,
    bearer_doubled,
    bearer_missing,
    token_expired,
    token_not_yet_valid,
    clock_skew,
    exp_in_milliseconds,
    exp_not_integer,
    exp_missing,
    iss_missing,
    issuer_not_api_key,
    wrong_algorithm,
    signature_mismatch,
    secret_surplus,
    signature_flaw,
    digest_as_hex,
    local_time_as_utc,
    key_secret_swapped,
    lifetime_too_long,
    session_jwt,
    meeting_sdk_jwt,
    oauth_token_on_videosdk,
    api_jwt_on_meetings,
    refresh_token,
    zak_token,
    legacy_jwt_app,
    opaque_token,
)
"""Every token and kind cause, in the order of contract 4."""


@lru_cache(maxsize=1)
def _read(bearer: Secret) -> TokenReading:
    return read_token(bearer.reveal())


def _token(facts: Facts) -> TokenReading | None:
    return None if facts.bearer is None else _read(facts.bearer)


def _jwt(facts: Facts) -> TokenReading | None:
    reading = _token(facts)
    return reading if reading is not None and reading.is_jwt else None


def _api_jwt(facts: Facts) -> TokenReading | None:
    return _of_kind(facts, TokenKind.API_JWT)


def _of_kind(facts: Facts, kind: TokenKind) -> TokenReading | None:
    reading = _jwt(facts)
    return reading if reading is not None and reading.kind is kind else None


def _clock(facts: Facts) -> tuple[datetime, str] | None:
    """Return the best known time by Zoom's clock, and whose clock it comes from."""
    if facts.zoom_time is not None:
        return facts.zoom_time, _ZOOMS
    if facts.local_time is not None:
        return facts.local_time, _OURS
    return None


def _is_no_integer(time: TimeClaim) -> bool:
    return time.fault is TimeFault.NOT_AN_INTEGER or (
        time.fault is TimeFault.MILLISECONDS and isinstance(time.value, float)
    )


def _sort_of(value: object) -> str:
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case str():
            return f"the text {shown_value(value)}, not a number"
        case float():
            return f"{shown_value(value)}, not written as an integer"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _names(reading: TokenReading) -> str:
    names = [shown_value(name) for name in (reading.claims or {})]
    return _list(names[:8] + (["..."] if len(names) > 8 else [])) if names else "none"


def _list(words: list[str] | tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
