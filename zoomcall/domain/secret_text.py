"""Secrets as read from files, pipes and prompts, and the public keys that belong to them."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.text_files import text_of
from zoomcall.errors import UsageError

LARGEST_SECRET = 1_000_000
_LONGEST_KEY = 256
_NEWLINES = ("\r\n", "\n", "\r")
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_PLACEHOLDER = Pattern(
    r"""\$\{[^{}]*\} | \$\([^()]*\) | \$(?:env:)?[A-Za-z_]\w* | %[A-Za-z_]\w*% | \{\{.*\}\} | \{%.*%\} | <[^<>]+>
    | (?:your|my)(?:[-_ ][a-z]+)+ | change[-_ ]?(?:me|it) | x{4,} | \.{3,} | \u2026 | \*{3,} | todo
    | none | null | nil | undefined""",
    re.VERBOSE | re.IGNORECASE,
)
_ASSIGNMENT = Pattern(
    r"(?:export\s+|set\s+|\$env:|-e\s+)?(?P<name>(?=\w*(?:secret|key|token|_id|zoom|session|meeting))[a-z]\w*"
    r"|(?:api|sdk|account|client|webhook|secret)[ -](?:key|secret|id|token))"
    r"\s*(?:=(?!=)|:\s)\s*(?P<value>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL = Pattern(r"[\x00-\x1f\x7f-\x9f]")
_COMMENT = Pattern(r"(?P<value>\S+)\s+#.*", re.DOTALL)
_DIGITS = frozenset("0123456789")
_PLAIN = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/~+")
_NEVER_A_TOKEN = {"placeholder-unfilled", "assignment-in-value", "comment-in-value", "invisible-character"}
_BLANKS = {" ": "a space", "\t": "a tab", "\n": "a line break", "\r": "a carriage return (\\r)"}


class Surplus(Struct, frozen=True, kw_only=True):
    """What came along with a value that should have stood alone, or came in its place.

    Attributes:
        cause: A cause id of contract 4.
        what: What is wrong, to follow the value's place: ``is in quotation marks``.
        fix: How to fix it; ``{place}`` is the value's place.
        bare: The value alone; None if there is none.
    """

    cause: str
    what: str
    fix: str
    bare: Secret | None

    def fix_at(self, place: str) -> str:
        """Return how to fix it in a variable or file."""
        return self.fix.format(place=place)


def surplus_of(text: str) -> Surplus | None:
    """Find what came along with a value: none of Zoom's keys, secrets and ids looks like this.

    Args:
        text: The value, whole.
    """
    if _is_plain(text):
        return None
    bare = text.strip()
    naked = bare.strip(_QUOTES)
    if _PLACEHOLDER.fullmatch(naked):
        fix = (
            "Put the value itself into {place}: whatever should have filled it in did not run, or has no such name."
        )
        return Surplus(
            cause="placeholder-unfilled", what="is a placeholder that nothing filled in", fix=fix, bare=None
        )
    hidden = [character for character in bare if not (character.isprintable() or character.isspace())]
    if hidden:
        return _invisible(bare, hidden[0])
    if match := _ASSIGNMENT.fullmatch(bare):
        what = f"repeats the name of a variable ({match['name']}=...) before the value"
        fix = "Leave only what comes after the = in {place}."
        return Surplus(cause="assignment-in-value", what=what, fix=fix, bare=Secret(match["value"].strip(_QUOTES)))
    if match := _COMMENT.fullmatch(bare):
        fix = "Remove the comment from {place}; the env files of Docker and systemd take it as part of the value."
        return Surplus(
            cause="comment-in-value",
            what="has a comment (# ...) after the value",
            fix=fix,
            bare=Secret(match["value"].strip(_QUOTES)),
        )
    return _quotation_marks(bare, naked) or _whitespace(text, bare)


def _is_plain(text: str) -> bool:
    """Return whether a value is such that no pattern has to be compiled: plain characters, a digit among them."""
    characters = set(text)
    return characters <= _PLAIN and not characters.isdisjoint(_DIGITS)


def _invisible(text: str, first: str) -> Surplus:
    name = unicodedata.name(first, "").lower()
    shown = f"U+{ord(first):04X}{f' ({name})' if name else ''}"
    return Surplus(
        cause="invisible-character",
        what=f"contains {shown}, which cannot be seen, as character {text.index(first) + 1} of {len(text)}",
        fix="Type the value of {place} anew, or copy it from Zoom's page through a plain text editor.",
        bare=Secret("".join(character for character in text if character.isprintable())),
    )


def _quotation_marks(bare: str, naked: str) -> Surplus | None:
    is_open, is_closed = bare[:1] in tuple(_QUOTES), bare[-1:] in tuple(_QUOTES)
    if not naked or not (is_open or is_closed):
        return None
    where = (
        "is in quotation marks"
        if is_open and is_closed
        else f"{'begins' if is_open else 'ends'} with a quotation mark"
    )
    fix = "Remove the quotation marks from {place}; unlike a shell, Docker's --env-file keeps them in the value."
    return Surplus(cause="secret-in-quotes", what=where, fix=fix, bare=Secret(naked))


def _whitespace(text: str, bare: str) -> Surplus | None:
    blanks = [character for character in text if character.isspace()]
    if not blanks:
        return None
    ends = text != bare
    first = next((each for each in blanks if each == "\r"), blanks[-1] if ends else blanks[0])
    shown = _BLANKS.get(first, f"a blank (U+{ord(first):04X})")
    where = ("ends with" if text != text.rstrip() else "begins with") if ends else "contains"
    fix = f"Remove {shown} from {{place}}" + (
        "; a file with Windows line ends puts it there." if first == "\r" else "."
    )
    return Surplus(
        cause="secret-has-whitespace", what=f"{where} {shown}", fix=fix, bare=Secret("".join(text.split()))
    )


def secret_of_bytes(data: bytes) -> tuple[Secret, bool]:
    """Return the secret in a file's or pipe's bytes, without the whitespace around it.

    Args:
        data: At most one byte more than ``LARGEST_SECRET``.

    Returns:
        The secret, and whether more than one newline at its end was dropped.

    Raises:
        ValueError: It cannot be a secret; the text says why, like ``is empty``, and never repeats it.
    """
    if len(data) > LARGEST_SECRET:
        raise ValueError(f"is larger than {LARGEST_SECRET:,} bytes, too large for a secret")
    try:
        text = text_of(data)
    except UnicodeDecodeError:
        raise ValueError("is binary, not text") from None
    bare = text.strip()
    if not bare:
        raise ValueError("is empty")
    if any(character in bare for character in "\r\n"):
        raise ValueError("has more than one line")
    if not bare.isprintable():
        surplus = None if _CONTROL.search(bare) else surplus_of(bare)
        raise ValueError("contains control characters" if surplus is None else f"{surplus.what} ({surplus.cause})")
    return Secret(bare), without_newline(text) != bare


def without_newline(text: str) -> str:
    """Return the text without one newline at its end."""
    for newline in _NEWLINES:
        if text.endswith(newline):
            return text.removesuffix(newline)
    return text


def parse_key(text: str, *, name: str) -> str:
    """Check the public part of a credential: an API key, an account id, a client id.

    Args:
        text: The key.
        name: The flag, variable or setting that it came from.

    Raises:
        UsageError: It is empty, too long, or contains anything but visible ASCII.
    """
    if not text:
        raise UsageError(f"{name} is empty")
    refuse_surplus(text, name)
    if len(text) > _LONGEST_KEY:
        raise UsageError(f"{name} has {len(text)} characters; none of Zoom's keys is that long")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise UsageError(
            f"{name} {_masked(text)} contains a space, control or non-ASCII character",
            fix="Copy the key again, and nothing around it.",
        )
    return text


def parse_bearer(text: str, *, name: str) -> tuple[Secret, bool]:
    """Return a bearer token, without one newline at its end and one leading ``Bearer``.

    Args:
        text: The token.
        name: Where it came from.

    Returns:
        The token, and whether anything was dropped.

    Raises:
        UsageError: Nothing is left, or it contains what no ``Authorization`` header can carry.
    """
    token = without_newline(text)
    surplus = surplus_of(token)
    if surplus is not None and surplus.cause in _NEVER_A_TOKEN:
        raise UsageError(f"{name} {surplus.what} ({surplus.cause})", fix=surplus.fix_at(name))
    if token[:7].lower() == "bearer ":
        token = token[7:]
    if not token:
        raise UsageError(f"{name} contains no token")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(
            f"{name} contains a space, line break, control or non-ASCII character inside the token",
            fix="Copy the token again, as one line; `zoomcall token inspect -` shows what is wrong with it.",
        )
    return Secret(token), token != text


def refuse_surplus(text: str, name: str, *, may_have_blanks: bool = False) -> None:
    """Check that a value came alone.

    Args:
        text: The value.
        name: The flag, variable or setting that it came from.
        may_have_blanks: Whether whitespace is no fault.

    Raises:
        UsageError: It is in quotation marks, or anything else of ``surplus_of``.
    """
    surplus = surplus_of(text)
    if surplus is not None and not (may_have_blanks and surplus.cause == "secret-has-whitespace"):
        raise UsageError(f"{name} {surplus.what} ({surplus.cause})", fix=surplus.fix_at(name))


def _masked(text: str) -> str:
    """Return only a public key's shape: somebody may have pasted the secret in its place."""
    return quoted("".join("*" if character.isalnum() else character for character in text), 40)
