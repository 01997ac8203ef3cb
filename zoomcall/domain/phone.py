"""A telephone number, as Zoom's ``phone_number`` takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from zoomcall.domain.address import Protocol
from zoomcall.domain.cause import Notice
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber as ParsedNumber

_LONGEST = 64
_LONGEST_EXTENSION = 11
_NUMBER = r"[+\uff0b]?[\d\s().\[\]/\-\u2010-\u2015\u2212]*"
_WHOLE = Pattern(
    rf"\s*(?:tel:)?(?P<number>{_NUMBER})"
    rf"(?:(?:;ext=|[,;]?\s*(?:ext(?:ension)?\.?|x|#))\s*(?P<extension>\d{{1,{_LONGEST_EXTENSION}}}))?\s*\Z",
    re.IGNORECASE,
)
_ZOOM_FORM = Pattern(rf"\+?(\d+)-(\d{{1,{_LONGEST_EXTENSION}}})", re.ASCII)
_IPV4 = Pattern(r"\d{1,3}(?:\.\d{1,3}){3}")
_NATIONAL_LENGTH = 10
_SAMPLES = {"1800000000", "6032331333", "13167900000", "15555550100"}
"""The numbers in Zoom's own documents (zoom-api 3.1, 5.2): they pass, although some exist nowhere."""


class PhoneNumber(Struct, frozen=True, kw_only=True):
    """A number that can be dialled from anywhere.

    Attributes:
        digits: Country code, area code and number.
        extension: Its digits; None if there is none.
        warnings: What may be wrong with it.
    """

    protocol: ClassVar = Protocol.PHONE
    ip: ClassVar = None

    digits: str
    extension: str | None = None
    warnings: tuple[Notice, ...] = ()

    @property
    def text(self) -> str:
        """The number for Zoom (zoom-api 3.1): digits, and the extension after a hyphen."""
        return self.digits if self.extension is None else f"{self.digits}-{self.extension}"

    @property
    def shown(self) -> str:
        """The same: there is nothing to mask."""
        return self.text

    @property
    def normalised(self) -> str:
        """The one spelling of the number, for the guard."""
        return self.text

    def __str__(self) -> str:
        return self.shown

    @classmethod
    def parse(cls, text: str) -> PhoneNumber:
        """Parse a number as typed: with its country code, with or without ``+``, spaces, dashes and brackets.

        A possible number that no numbering plan has, such as Zoom's own samples, passes with a warning.

        Raises:
            UsageError: It is not a number, or cannot be one in its country.
        """
        return _Parser(text).parse()


class _Parser:
    """Parses one number and collects its warnings."""

    def __init__(self, text: str) -> None:
        self.given = text
        self.warnings: list[Notice] = []

    def parse(self) -> PhoneNumber:
        number, extension = self._split()
        has_plus = number.lstrip().startswith(("+", "\uff0b"))
        digits = _digits(number)
        if not has_plus and digits.startswith("00"):  # how most countries dial abroad
            has_plus, digits = True, digits[2:]
        if digits.startswith("0"):
            raise self._invalid("starts with 0, so its country code is missing")
        parsed = self._parsed(digits)
        from phonenumbers import PhoneNumberFormat, format_number, is_valid_number

        digits = format_number(parsed, PhoneNumberFormat.E164)[1:]
        if not is_valid_number(parsed):
            message = f"+{digits} is in no country's numbering plan; it is sent as given"
            self._warn("number-unconfirmed", message)
        if not has_plus:
            self._warn_of_missing_country(digits)
        return PhoneNumber(digits=digits, extension=extension, warnings=tuple(self.warnings))

    def _split(self) -> tuple[str, str | None]:
        """Split off the extension, after a word for it or, as Zoom writes it, after a last hyphen."""
        text = self.given
        if not text.strip():
            raise UsageError(
                "the phone number is empty (address-missing)",
                fix="Give it with its country code, like +15555550100.",
            )
        if "@" in text or _IPV4.fullmatch(text.strip()):
            raise self._invalid(
                "is a room's address",
                fix="Ring a room with `zoomcall invite sip` or `zoomcall invite h323`.",
            )
        match = _WHOLE.match(text) if len(text) <= _LONGEST else None
        if match is None or not _digits(match["number"]):
            raise self._invalid("is not a phone number")
        number, extension = match["number"], match["extension"]
        if extension is not None:
            return number, _digits(extension)
        head, _, tail = number.rpartition("-")
        if not tail.isdigit() or not _is_possible(_digits(head)):
            return number, None
        is_whole = _is_possible(_digits(number))
        if is_whole and not _ZOOM_FORM.fullmatch(number.strip()):
            return number, None
        if is_whole:
            message = f"{_digits(tail)} is sent as an extension; if it belongs to the number, leave out the hyphen"
            self._warn("extension-assumed", message)
        return head, _digits(tail)

    def _parsed(self, digits: str) -> ParsedNumber:
        """Parse the digits; the 0 of ``+49 (0)30``, which is dialled at home alone, is dropped by the library."""
        from phonenumbers import (
            NumberParseException,
            ValidationResult,
            is_possible_number_with_reason,
            parse,
        )

        try:
            parsed = parse(f"+{digits}")
        except NumberParseException:
            raise self._invalid("has no known country code, or too few digits") from None
        found = is_possible_number_with_reason(parsed)
        if digits not in _SAMPLES and found != ValidationResult.IS_POSSIBLE:
            many = "many" if found == ValidationResult.TOO_LONG else "few"
            raise self._invalid(f"has too {many} digits for the country code {parsed.country_code}")
        return parsed

    def _warn_of_missing_country(self, digits: str) -> None:
        """Warn of a number of North America that another country would get, because its 1 is missing."""
        import phonenumbers

        if len(digits) != _NATIONAL_LENGTH or digits.startswith("1"):
            return
        at_home = phonenumbers.parse(f"+1{digits}")
        if phonenumbers.is_valid_number(at_home):
            country = phonenumbers.parse(f"+{digits}").country_code
            message = f"{digits} is rung in the country with code {country}; for North America, write +1{digits}"
            self._warn("country-code-assumed", message)

    def _invalid(self, what: str, fix: str | None = None) -> UsageError:
        return UsageError(
            f"the phone number {quoted(self.given)} {what} (address-invalid)",
            fix=fix or "Write it with its country code, like +15555550100, and an extension like +15555550100-156.",
        )

    def _warn(self, identifier: str, message: str) -> None:
        self.warnings.append(Notice(identifier, message))


def _digits(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())


def _is_possible(digits: str) -> bool:
    """Return whether a country may have such a number, or Zoom has it for a sample."""
    import phonenumbers

    digits = digits.removeprefix("00")
    if digits in _SAMPLES:
        return True
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
