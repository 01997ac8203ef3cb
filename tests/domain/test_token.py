from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokens import OAUTH_HEADER, jwt, part

from zoomcall.domain import token as tokens_module
from zoomcall.domain.target import Api
from zoomcall.domain.token import TimeFault, TokenKind, read_token

EXPIRY = 1_795_255_800
API = {"iss": "KEY", "iat": EXPIRY - 600, "exp": EXPIRY}
API_JWT = jwt(API)
OAUTH = {"ver": 9, "auid": "a", "iss": "zm:cid:CLIENT", "aud": "https://oauth.zoom.us", "uid": "u", "exp": EXPIRY}


@pytest.mark.parametrize(
    ("header", "claims", "kind", "api"),
    [
        (None, API, TokenKind.API_JWT, Api.SESSION),
        (None, {"iss": "KEY", "exp": EXPIRY}, TokenKind.API_JWT, Api.SESSION),
        (None, {"exp": EXPIRY}, TokenKind.API_JWT, Api.SESSION),
        ({"alg": "HS512"}, API, TokenKind.API_JWT, Api.SESSION),
        (None, API | {"tokenExp": EXPIRY}, TokenKind.API_JWT, Api.SESSION),
        (None, {"app_key": "K", "tpc": "t", "role_type": 1, "version": 1}, TokenKind.SESSION_JWT, None),
        (None, API | {"app_key": "K", "tpc": "t"}, TokenKind.SESSION_JWT, None),
        (None, {"app_key": "K", "exp": EXPIRY}, TokenKind.SESSION_JWT, None),
        (None, API | {"app_key": "K"}, TokenKind.API_JWT, Api.SESSION),
        (None, API | {"iss": "my zm:cid:x"}, TokenKind.API_JWT, Api.SESSION),
        (None, {"tpc": "t", "role_type": 0}, TokenKind.SESSION_JWT, None),
        (None, {"appKey": "K", "mn": "1", "role": 0}, TokenKind.MEETING_SDK_JWT, None),
        (None, {"sdkKey": "K", "tokenExp": EXPIRY}, TokenKind.MEETING_SDK_JWT, None),
        (OAUTH_HEADER, OAUTH | {"type": 0}, TokenKind.OAUTH, Api.MEETING),
        (OAUTH_HEADER, OAUTH, TokenKind.OAUTH, Api.MEETING),
        (OAUTH_HEADER, {"aud": "https://oauth.zoom.us", "exp": EXPIRY}, TokenKind.OAUTH, Api.MEETING),
        (OAUTH_HEADER, OAUTH | {"type": True}, TokenKind.OAUTH, Api.MEETING),
        (OAUTH_HEADER, OAUTH | {"type": 1}, TokenKind.REFRESH_TOKEN, None),
        (OAUTH_HEADER, OAUTH | {"type": 3}, TokenKind.S2S, Api.MEETING),
        (OAUTH_HEADER, {"ver": 8, "auid": "a", "uid": "u", "type": 3}, TokenKind.S2S, Api.MEETING),
        ({"alg": "HS256", "zm_skm": "zm_o2m"}, {"iss": "web", "aud": "clientsm"}, TokenKind.ZAK, None),
        ({"alg": "HS256"}, {"iss": "web", "aud": "clientsm", "sk": "0"}, TokenKind.ZAK, None),
    ],
)
def test_claims_tell_the_kind_and_the_api(header: object, claims: object, kind: TokenKind, api: Api | None) -> None:
    reading = read_token(jwt(claims, header))
    assert (reading.kind, reading.kind.api) == (kind, api)
    assert reading.malformation is None
    assert reading.claims == claims


def test_one_bearer_and_one_line_break_are_dropped_silently() -> None:
    for written in (API_JWT, f"Bearer {API_JWT}", f"bearer {API_JWT}\n", f"{API_JWT}\r\n"):
        reading = read_token(written)
        assert reading.text.reveal() == API_JWT
        assert reading.wrapping == ()
        assert reading.bearers == written.lower().count("bearer")


@pytest.mark.parametrize(
    ("given", "wrapping", "bearers"),
    [
        (f"{API_JWT}\n\n", ("a line break",), 0),
        (f" {API_JWT}", ("a space",), 0),
        (f"Bearer  {API_JWT}", ("a space",), 1),
        (f"{API_JWT[:40]}\n{API_JWT[40:]}", ("a line break",), 0),
        (f"{API_JWT[:40]}\r\n  {API_JWT[40:]}", ("a line break", "a space"), 0),
        (f'"{API_JWT}"', ("a quotation mark",), 0),
        (f"'Bearer {API_JWT}'\n", ("a quotation mark",), 1),
        (f"\u201c{API_JWT}\u201d", ("a quotation mark",), 0),
        (f"\ufeff{API_JWT}", ("an invisible character",), 0),
        (f"{API_JWT}\u200b", ("an invisible character",), 0),
        (f"{API_JWT}\u00a0", ("a space",), 0),
        (f"Authorization: Bearer {API_JWT}", ("the header name",), 1),
        (f"Bearer Bearer {API_JWT}", (), 2),
        (f"Bearer bearer BEARER {API_JWT}", (), 3),
    ],
)
def test_everything_else_around_a_token_is_dropped_and_told(
    given: str, wrapping: tuple[str, ...], bearers: int
) -> None:
    reading = read_token(given)
    assert reading.text.reveal() == API_JWT
    assert (reading.wrapping, reading.bearers) == (wrapping, bearers)
    assert reading.kind is TokenKind.API_JWT


@pytest.mark.parametrize("given", ["zbk_0123456789", "abc.def", "a.b.c.d", "abc-._~+/def==", "Bearer x"])
def test_what_is_not_three_base64_parts_is_opaque(given: str) -> None:
    reading = read_token(given)
    assert (reading.kind, reading.malformation, reading.oddities) == (TokenKind.OPAQUE, None, ())


def test_an_encrypted_jwt_is_opaque() -> None:
    assert read_token(f"{part({'alg': 'dir', 'enc': 'A256GCM'})}..aaaa.bbbb.cccc").kind is TokenKind.OPAQUE


@pytest.mark.parametrize("given", ["$ZOOM_TOKEN", "<token>", "{{token}}", "key:value"])
def test_an_opaque_token_with_odd_punctuation_is_told(given: str) -> None:
    reading = read_token(given)
    assert reading.kind is TokenKind.OPAQUE
    assert "RFC 6750" in reading.oddities[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "contains no token"),
        ("Bearer ", "contains no token"),
        ("..", "contains no token"),
        ("abc\x00def", "control character (U+0000) at position 4"),
        ("abc\x7f", "control character (U+007F)"),
        ("schlüssel", "non-ASCII character (U+00FC)"),
        ("not.a.jwt", "header, is not JSON"),
        ("a.bb.cc", "header, is not complete base64url"),
        (API_JWT.rsplit(".", 1)[0], "2 of 3 parts"),
        (API_JWT.split(".")[0], "1 of 3 parts"),
        ("eyJhbGciOiJIUzI1Ni", "1 of 3 parts"),
        (API_JWT + "." + API_JWT, "more than 3 parts"),
        (API_JWT.replace(".", "!.", 1), "that are not base64url"),
        (API_JWT + "!", "that are not base64url"),
        (jwt(API, [1]), "header, is not a JSON object"),
        (jwt([1, 2]), "claims, is not a JSON object"),
        (jwt("text"), "claims, is not a JSON object"),
        (jwt(b"\xff\xfe"), "claims, is not JSON"),
        (jwt(b'{"exp": NaN}'), "claims, is not JSON"),
        (jwt(b'{"exp": -Infinity}'), "claims, is not JSON"),
        (jwt(b'{"exp": 1e999}'), "claims, is not JSON"),
        (jwt(b'{"exp": ' + b"9" * 5000 + b"}"), "claims, is not JSON"),
        (jwt(b'{"a": ' * 100_000), "claims, is nested too deep"),
        (jwt(b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"), "claims, is nested too deep"),
        (jwt(API, signature=b""), "signature, is missing"),
        (jwt(API, signature=b"short"), "5 bytes; HS256 makes 32"),
        (API_JWT[:-2], "signature, is not complete base64url"),
    ],
)
def test_damage_is_told_in_words(given: str, words: str) -> None:
    malformation = read_token(given).malformation
    assert malformation is not None
    assert words in malformation


def test_claims_that_can_be_read_keep_their_kind_though_the_signature_is_damaged() -> None:
    reading = read_token(jwt(API, signature=b"short"))
    assert (reading.kind, reading.claims) == (TokenKind.API_JWT, API)


def test_a_token_without_algorithm_needs_no_signature() -> None:
    assert read_token(jwt(API, {"alg": "none"}, signature=b"")).malformation is None


def test_zooms_own_signatures_are_not_measured() -> None:
    assert read_token(jwt(OAUTH, OAUTH_HEADER, signature=b"any")).malformation is None


def test_plain_base64_is_odd_and_still_read() -> None:
    claims = {"iss": "k?>~", "exp": EXPIRY}
    plain = base64.b64encode(json.dumps(claims).encode()).decode()
    assert plain.endswith("=") or "+" in plain or "/" in plain
    head, _, tail = jwt(claims).split(".")
    reading = read_token(f"{head}.{plain}.{tail}")
    assert reading.claims == claims
    assert "plain base64" in reading.oddities[0]


def test_a_repeated_claim_is_odd_and_the_last_one_counts() -> None:
    reading = read_token(jwt(b'{"iss": "a", "exp": 1, "exp": 2}'))
    assert reading.claims == {"iss": "a", "exp": 2}
    assert "exp occurs more than once" in reading.oddities[0]


@pytest.mark.parametrize(
    ("value", "at", "fault"),
    [
        (EXPIRY, datetime(2026, 11, 21, 10, 10, tzinfo=UTC), None),
        (0, datetime(1970, 1, 1, tzinfo=UTC), None),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), None),
        (-(10**300), datetime(1, 1, 1, tzinfo=UTC), None),
        (10**11, datetime(5138, 11, 16, 9, 46, 40, tzinfo=UTC), None),
        (10**11 + 1, None, TimeFault.MILLISECONDS),
        (EXPIRY * 1000, None, TimeFault.MILLISECONDS),
        (EXPIRY * 1000.5, None, TimeFault.MILLISECONDS),
        (10**300, None, TimeFault.MILLISECONDS),
        (EXPIRY + 0.0, None, TimeFault.NOT_AN_INTEGER),
        (str(EXPIRY), None, TimeFault.NOT_AN_INTEGER),
        (True, None, TimeFault.NOT_AN_INTEGER),
        (None, None, TimeFault.NOT_AN_INTEGER),
        ([EXPIRY], None, TimeFault.NOT_AN_INTEGER),
    ],
)
def test_a_time_is_a_whole_number_of_seconds(value: Any, at: datetime | None, fault: TimeFault | None) -> None:
    for name in ("exp", "iat", "nbf"):
        reading = read_token(jwt({"iss": "KEY", name: value}))
        claim = {"exp": reading.expiry, "iat": reading.issued, "nbf": reading.start}[name]
        assert (claim.value, claim.at, claim.fault) == (value, at, fault)


def test_an_absent_time_is_absent() -> None:
    for text in (jwt({"iss": "KEY"}), "opaque"):
        assert read_token(text).expiry.fault is TimeFault.ABSENT


def test_issuer_and_algorithm_are_texts_or_nothing() -> None:
    for value in (None, 7, "", "  ", ["KEY"]):
        reading = read_token(jwt({"iss": value}, {"alg": value, "typ": "JWT"}))
        assert (reading.issuer, reading.algorithm) == (None, None)


def test_a_reading_hides_the_token() -> None:
    reading = read_token(f"Bearer {jwt(API | {'session_key': 'SENTINEL-key'})}")
    assert "SENTINEL" not in repr(reading)
    assert reading.text.reveal() not in f"{reading!r} {reading}"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "." * 1_000_000,
        "Bearer " * 150_000,
        '"' * 1_000_000,
        "Authorization: " * 70_000,
        "a b" * 330_000,
        jwt(b'{"a":' + b"[" * 700_000),
        jwt(b'{"a":' + b"1" * 700_000 + b"}"),
        jwt({str(number): number for number in range(50_000)}),
        jwt(b'{"a":[' + b"[],".join([b""] * 200_000) + b"[]]}"),
    ],
    ids=range(10),
)
def test_a_megabyte_is_read_in_a_moment(text: str) -> None:
    start = time.process_time()
    read_token(text)
    assert time.process_time() - start < 5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["iss", "exp", "iat", "nbf", "aud", "type", "app_key", "tpc", "appKey", "mn", "role_type"])
claim_sets = st.dictionaries(names | st.text(max_size=6), json_values, max_size=6)


@given(st.text() | st.text(alphabet='eyJhbG.Bearr "\n+/=_-'))
def test_any_text_is_read(text: str) -> None:
    reading = read_token(text)
    assert reading.given.reveal() == text
    assert (reading.kind is TokenKind.MALFORMED) <= (reading.malformation is not None)
    again = read_token(reading.text.reveal())
    assert again.wrapping == ()


@given(json_values | claim_sets, json_values | claim_sets, st.binary(max_size=40))
def test_any_jwt_is_read(header: Any, claims: Any, signature: bytes) -> None:
    reading = read_token(f"{part(header)}.{part(claims)}.{part(signature)}")
    for claim in (reading.expiry, reading.issued, reading.start):
        assert (claim.at is None) == (claim.fault is not None)
    json.dumps(reading.claims, allow_nan=False)
    assert reading.kind in TokenKind


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_in_a_jwt_are_read(header: bytes, claims: bytes) -> None:
    assert read_token(f"{part(header)}.{part(claims)}.{part(b'x')}").kind in TokenKind


DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("signature", "is_digest", "maker"),
    [
        (DIGEST.encode(), True, None),
        (DIGEST.upper().encode(), True, None),
        (DIGEST[:-1].encode() + b"g", False, "HMAC-SHA512 or an elliptic curve"),
        (base64.urlsafe_b64decode(DIGEST), True, None),
        (b"\x00" * 15, False, None),
        (b"\x00" * 16, False, "MD5"),
        (b"\x00" * 17, False, None),
        (b"\x00" * 20, False, "HMAC-SHA1"),
        (b"\x00" * 28, False, "HMAC-SHA224"),
        (b"\x00" * 32, False, None),
        (b"\x00" * 47, False, None),
        (b"\xff" * 48, False, "HMAC-SHA384"),
        (b"\x00" * 49, False, None),
        (b"\x00" * 64, False, "HMAC-SHA512 or an elliptic curve"),
        (b"\x00" * 96, False, "an elliptic curve"),
        (b"\x00" * 128, False, "RSA (1024 bits)"),
        (b"\x00" * 256, False, "RSA (2048 bits)"),
        (b"\x00" * 384, False, "RSA (3072 bits)"),
        (b"\x00" * 512, False, "RSA (4096 bits)"),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_the_size_of_a_signature_tells_what_made_it(
    signature: bytes, *, is_digest: bool, maker: str | None
) -> None:
    reading = read_token(jwt(API, signature=signature))
    assert reading.hex_digest == (bytes.fromhex(DIGEST) if is_digest else None)
    assert (reading.foreign_signature or "").endswith(maker or "")
    assert (reading.foreign_signature is None) is (maker is None)
    is_explained = is_digest or maker is not None or len(signature) == 32
    assert (reading.malformation is None) is is_explained


def test_a_signature_that_was_encoded_twice_is_told() -> None:
    once = base64.urlsafe_b64encode(b"\xff" * 32)
    for signature in (once, once.rstrip(b"=")):
        assert "in base64 twice" in (read_token(jwt(API, signature=signature)).malformation or "")
    for signature in (once[1:], b"!" * 43, b"a" * 42, b"a" * 45):
        assert f"has {len(signature)} bytes" in (read_token(jwt(API, signature=signature)).malformation or "")


def test_only_hs256_of_an_api_jwt_has_a_size() -> None:
    short = b"short"
    assert read_token(jwt(API, {"alg": "HS512"}, signature=short)).malformation is None
    assert read_token(jwt({"app_key": "K", "tpc": "t"}, signature=short)).malformation is None
    assert read_token(jwt(API, {"alg": "NONE"}, signature=b"")).malformation is None
    assert read_token(jwt(API, {"alg": None}, signature=b"")).malformation is not None


@pytest.mark.parametrize(("depth", "is_read"), [(31, True), (32, False)])
def test_json_may_be_31_levels_deep(depth: int, *, is_read: bool) -> None:
    for value in (b"[" * depth + b"]" * depth, b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)):
        reading = read_token(jwt(b'{"a":' + value + b"}"))
        assert (reading.malformation is None) is is_read


@pytest.mark.parametrize(("digits", "is_read"), [(400, True), (401, False)])
def test_a_number_has_at_most_400_digits(digits: int, *, is_read: bool) -> None:
    reading = read_token(jwt(b'{"exp": ' + b"9" * digits + b"}"))
    assert (reading.malformation is None) is is_read


@pytest.mark.parametrize(
    ("header", "claims", "kind"),
    [
        (OAUTH_HEADER, {"aud": "https://oauth.zoomgov.com"}, TokenKind.OAUTH),
        (OAUTH_HEADER, {"iss": "urn:zoom:connect:clientid:x", "type": 3}, TokenKind.S2S),
        (OAUTH_HEADER, OAUTH | {"tokenType": "refresh_token"}, TokenKind.REFRESH_TOKEN),
        (OAUTH_HEADER, OAUTH | {"tokenType": "refreshToken", "type": 3}, TokenKind.REFRESH_TOKEN),
        (OAUTH_HEADER, OAUTH | {"type": 2}, TokenKind.OAUTH),
        (OAUTH_HEADER, OAUTH | {"type": "3"}, TokenKind.OAUTH),
        (OAUTH_HEADER, {"ver": 8, "auid": "a"}, TokenKind.API_JWT),
        ({"alg": "HS256"}, {"ver": 8, "auid": "a", "uid": "u"}, TokenKind.API_JWT),
        (None, API | {"appKey": "K"}, TokenKind.API_JWT),
        (None, {"appKey": "K"}, TokenKind.MEETING_SDK_JWT),
        (None, API | {"sdkKey": "K", "mn": "1"}, TokenKind.MEETING_SDK_JWT),
        (None, API | {"mn": "1"}, TokenKind.API_JWT),
        (None, API | {"tpc": "t", "role_type": 1}, TokenKind.API_JWT),
        (None, {"tpc": "t"}, TokenKind.API_JWT),
    ],
)
def test_each_claim_that_tells_a_kind_counts(header: object, claims: object, kind: TokenKind) -> None:
    assert read_token(jwt(claims, header)).kind is kind


def test_a_word_for_nothing_is_no_token() -> None:
    for word in ("undefined", "None", "[objectObject]", "NaN"):
        reading = read_token(f'"{word}"\n')
        assert reading.malformation == f"it is the word {word}: the variable for the token was not set"
        assert (reading.kind, reading.wrapping) == (TokenKind.MALFORMED, ())
    assert read_token("nullable").kind is TokenKind.OPAQUE


def test_a_damaged_jwt_keeps_its_header_and_an_encrypted_one_has_five_parts() -> None:
    header = part({"alg": "dir", "enc": "A256GCM"})
    assert read_token(f"{header}..aaaa.bbbb").malformation is not None
    assert read_token(f"{part({'enc': 'A256GCM'})}..a.b.c.d").kind is TokenKind.MALFORMED
    assert read_token(f"{part({'alg': 'HS256'})}.x").header == {"alg": "HS256"}
    assert read_token("eyJ.x").header is None
    assert read_token(f"{part({'typ': 'x'})[3:]}.y.z.a").kind is TokenKind.OPAQUE


def test_a_repeated_name_in_the_header_is_told_first() -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","alg":"HS256"}').decode().rstrip("=")
    reading = read_token(f"{head}.{part(API)}.{API_JWT.rpartition('.')[2]}")
    assert reading.oddities == ("alg occurs more than once, and readers disagree on which one counts",)
    assert read_token(API_JWT).oddities == ()


@given(st.text("abcXYZ019-._~+/="))
def test_no_pattern_finds_anything_around_a_plain_token(text: str) -> None:
    quick = read_token(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens_module, "_PLAIN", frozenset())
        assert read_token(text) == quick
    assert (quick.bearers, quick.wrapping, quick.text.reveal()) == (0, (), text)
