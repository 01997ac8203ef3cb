from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.address import Protocol
from zoomcall.domain.destination import parse_destination
from zoomcall.domain.phone import PhoneNumber
from zoomcall.errors import UsageError

SPELLINGS = st.text(alphabet="+0123456789 -().x#@;ext=:/tel\u0664\uff0b", max_size=30) | st.text(max_size=30)


def ids(number: PhoneNumber) -> list[str]:
    return [notice.id for notice in number.warnings]


@pytest.mark.parametrize(
    ("sample", "unconfirmed"),
    [
        ("15555550100", ["number-unconfirmed"]),
        ("13167900000", []),
        ("1800000000", ["number-unconfirmed"]),
        ("6032331333-156", ["number-unconfirmed", "country-code-assumed"]),
    ],
)
def test_zooms_own_samples_pass_unchanged(sample: str, unconfirmed: list[str]) -> None:
    number = PhoneNumber.parse(sample)
    assert number.text == sample
    assert ids(number) == unconfirmed


@pytest.mark.parametrize(
    "spelling",
    [
        "+13167900000",
        "13167900000",
        "0013167900000",
        " +1 (316) 790-0000 ",
        "+1.316.790.0000",
        "1-316-790-0000",
        "+1/316/790/0000",
        "+1 [316] 790\u20130000",
        "tel:+1-316-790-0000",
        "\uff0b13167900000",
        "+\u0661\u0663\u0661\u0666\u0667\u0669\u0660\u0660\u0660\u0660\u0660",
    ],
)
def test_every_spelling_of_a_number_is_the_same_number(spelling: str) -> None:
    number = PhoneNumber.parse(spelling)
    assert (number.text, number.shown, number.normalised) == ("13167900000", "13167900000", "13167900000")
    assert number.warnings == ()


@pytest.mark.parametrize(
    ("spelling", "digits"),
    [("+49 (0)30 123456", "4930123456"), ("+39 (0)6 123456", "3906123456"), ("0049 30 123456", "4930123456")],
)
def test_a_zero_that_is_dialled_at_home_alone_is_dropped(spelling: str, digits: str) -> None:
    assert PhoneNumber.parse(spelling).text == digits


@pytest.mark.parametrize(
    "spelling",
    [
        "+13167900000-156",
        "+1 316-790-0000-156",
        "+1 316 790 0000 x156",
        "+1 316 790 0000 ext. 156",
        "+1 316 790 0000 extension 156",
        "+1 316 790 0000 #156",
        "tel:+13167900000;ext=156",
    ],
)
def test_an_extension_goes_after_a_hyphen(spelling: str) -> None:
    number = PhoneNumber.parse(spelling)
    assert (number.text, number.shown) == ("13167900000-156", "13167900000-156")
    assert number.warnings == ()


def test_an_extension_that_may_belong_to_the_number_is_told() -> None:
    number = PhoneNumber.parse("+4930123456-78")
    assert number.text == "4930123456-78"
    assert ids(number) == ["extension-assumed"]
    assert PhoneNumber.parse("+49 30 123456-78").text == "493012345678"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty (address-missing)"),
        (" \t", "is empty (address-missing)"),
        ("030 123456", "its country code is missing (address-invalid)"),
        ("12345", "too few digits for the country code 1"),
        ("+1 316 790 00000 00000", "too many digits for the country code 1"),
        ("+999 123 456 789", "no known country code"),
        ("+42", "no known country code"),
        ("1-800-FLOWERS", "is not a phone number"),
        ("hello", "is not a phone number"),
        ("+", "is not a phone number"),
        ("1" * 65, "is not a phone number"),
        ("13167900000@sip.example.com", "is a room's address"),
        ("203.0.113.10", "is a room's address"),
        ("+1316790\n0000\x00", "is not a phone number"),
    ],
)
def test_what_is_no_number_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        PhoneNumber.parse(text)
    assert words in caught.value.message
    assert caught.value.fix is not None


def test_a_number_without_a_plus_that_another_country_would_get_is_told() -> None:
    assert "country-code-assumed" in ids(PhoneNumber.parse("603-233-1333"))
    assert "country-code-assumed" not in ids(PhoneNumber.parse("+603-233-1333"))


@given(SPELLINGS)
def test_a_number_is_digits_and_is_parsed_again_from_what_is_shown(text: str) -> None:
    try:
        number = PhoneNumber.parse(text)
    except UsageError:
        return
    assert re.fullmatch(r"[1-9][0-9]{3,16}(-[0-9]{1,11})?", number.text)
    again = parse_destination(Protocol.PHONE, number.shown)
    assert (again.text, again.normalised) == (number.text, number.normalised)
