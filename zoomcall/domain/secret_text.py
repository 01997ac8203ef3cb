"""Secrets as read from files, pipes and prompts, and the public keys that belong to them."""

from __future__ import annotations

from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

LARGEST_SECRET = 1_000_000
_LONGEST_KEY = 256
_NEWLINES = ("\r\n", "\n", "\r")


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
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is binary, not text") from None
    bare = text.strip()
    if not bare:
        raise ValueError("is empty")
    if any(character in bare for character in "\r\n"):
        raise ValueError("has more than one line")
    if not bare.isprintable():
        raise ValueError("contains control characters")
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


def _masked(text: str) -> str:
    """Return only a public key's shape: somebody may have pasted the secret in its place."""
    return quoted("".join("*" if character.isalnum() else character for character in text), 40)
