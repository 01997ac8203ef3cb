import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain import secret_text
from zoomcall.domain.secret_text import (
    LARGEST_SECRET,
    parse_bearer,
    parse_key,
    refuse_surplus,
    secret_of_bytes,
    surplus_of,
)
from zoomcall.errors import UsageError


@pytest.mark.parametrize(
    ("data", "text", "has_surplus"),
    [
        (b"s3cret", "s3cret", False),
        (b"s3cret\n", "s3cret", False),
        (b"s3cret\r\n", "s3cret", False),
        (b"s3cret\n\n", "s3cret", True),
        (b" s3cret", "s3cret", True),
        (b"s3cret \n", "s3cret", True),
        (b"\xef\xbb\xbfs3cret\r\n", "s3cret", False),
    ],
)
def test_whitespace_around_a_secret_goes_and_more_than_a_newline_is_told(
    data: bytes, text: str, has_surplus: bool
) -> None:
    secret, surplus = secret_of_bytes(data)
    assert (secret.reveal(), surplus) == (text, has_surplus)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\xff\xfe\x00", "is binary"),
        (b"a\x00b", "control characters"),
        (b"one\ntwo\n", "more than one line"),
        (b"x" * (LARGEST_SECRET + 1), "larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        secret_of_bytes(data)
    assert "two" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_bare_secret_or_a_value_error(data: bytes) -> None:
    try:
        secret, _ = secret_of_bytes(data)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017 - which ValueError it is, is the point
    else:
        assert secret.reveal()
        assert secret.reveal() == secret.reveal().strip()


def test_a_key_is_visible_ascii() -> None:
    assert parse_key("Ab-1_x", name="--api-key") == "Ab-1_x"


@pytest.mark.parametrize("text", ["", "a b", "a\n", "\ta", "schlüssel", "a\x7f", "\udcff", "k" * 257])
def test_any_other_key_is_refused_and_its_letters_are_not_shown(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--api-key ") as caught:
        parse_key(text, name="--api-key")
    assert "schl" not in caught.value.message
    assert "kkkk" not in caught.value.message


@given(st.text())
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        assert parse_key(text, name="x") == text
    except UsageError as error:
        error.message.encode()


@pytest.mark.parametrize(
    ("text", "token", "was_trimmed"),
    [
        ("abc.def", "abc.def", False),
        ("abc.def\n", "abc.def", True),
        ("abc.def\r\n", "abc.def", True),
        ("Bearer abc.def", "abc.def", True),
        ("bearer abc.def\n", "abc.def", True),
    ],
)
def test_a_newline_and_the_word_bearer_are_dropped_from_a_token(text: str, token: str, was_trimmed: bool) -> None:
    secret, trimmed = parse_bearer(text, name="ZOOMCALL_TOKEN")
    assert (secret.reveal(), trimmed) == (token, was_trimmed)


@pytest.mark.parametrize(
    "text", ["", "\n", "Bearer ", "abc def", "abc\ndef", "abc\n\n", "Bearer Bearer abc", "ab\x00c", "ä"]
)
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(UsageError, match=r"^ZOOMCALL_TOKEN contains ") as caught:
        parse_bearer(text, name="ZOOMCALL_TOKEN")
    assert "abc" not in caught.value.message


@pytest.mark.parametrize("text", ["API Key: abcDEF123", "Client ID: abcDEF123", "secret token: abcDEF123"])
def test_a_label_of_zooms_page_is_told_from_a_blank(text: str) -> None:
    surplus = surplus_of(text)
    assert surplus is not None
    assert surplus.cause == "assignment-in-value"
    assert surplus.bare is not None
    assert surplus.bare.reveal() == "abcDEF123"


def test_a_blank_inside_a_key_is_no_label() -> None:
    surplus = surplus_of("api key abcDEF123")
    assert surplus is not None
    assert surplus.cause == "secret-has-whitespace"


def test_the_place_of_an_invisible_character_is_counted_from_one() -> None:
    for text, place in (("ab\u200bcd", "3 of 5"), ("a\u200bcd", "2 of 4"), ("a\u200bc\u200b", "2 of 4")):
        surplus = surplus_of(text)
        assert surplus is not None
        assert surplus.what.endswith(f"as character {place}")


@pytest.mark.parametrize("text", ["${API_KEY}", "API_KEY=abc", "abc # mine", "a\u200bb", "'abc'"])
def test_whatever_else_came_along_is_refused_where_blanks_are_allowed(text: str) -> None:
    with pytest.raises(UsageError):
        refuse_surplus(text, "the name", may_have_blanks=True)


def test_the_blank_that_is_told_is_the_carriage_return_or_the_last_one_at_an_end() -> None:
    found = [surplus_of(text) for text in ("a b\tc", "a\r b\tc", "a b\t", "\ta b", " a")]
    assert [(each.what if each else None) for each in found] == [
        "contains a space",
        "contains a carriage return (\\r)",
        "ends with a tab",
        "begins with a space",
        "begins with a space",
    ]


def test_blanks_alone_may_be_allowed() -> None:
    refuse_surplus(" abc ", "--name", may_have_blanks=True)
    with pytest.raises(UsageError):
        refuse_surplus(" abc ", "--name")
    with pytest.raises(UsageError):
        refuse_surplus('"abc"', "--name", may_have_blanks=True)


@given(st.from_regex(r"[A-Za-z0-9_.:/~+-]*[0-9][A-Za-z0-9_.:/~+-]*", fullmatch=True))
def test_no_pattern_finds_anything_in_a_plain_value(text: str) -> None:
    assert surplus_of(text) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret_text, "_is_plain", lambda _: False)
        assert surplus_of(text) is None


@pytest.mark.parametrize(
    "text", ["xxxx", "your-api-key", "changeme", "KEY=s3cret", "s3cret # prod", "'s3cret'", "$K3Y"]
)
def test_what_is_not_plain_is_looked_at(text: str) -> None:
    assert surplus_of(text) is not None
