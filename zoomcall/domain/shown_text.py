"""How foreign text is shown: printable, on one line, shortened, quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

from zoomcall.domain.pattern import Pattern

_PASSCODES = (
    (Pattern(r"(?<!\d)(\d{9,11})\.(?!\*{3})[^@\s]*\d(?=@)"), r"\1.***"),
    (Pattern(r"(\$\$)(?!\*{3})[^@\s]+(?=@)"), r"\1***"),
    (Pattern(r"(##\d+#)(?!\*{3})[^\s#]+"), r"\1***"),
    (Pattern(r"([?&](?:pwd|passcode|tk|zak)=)(?!\*{3})[^&#\s]+", re.IGNORECASE), r"\1***"),
)
_FILE_NAME = Pattern(r"[\w./\\:~ ()@+-]{1,120}")
_NO_FILE_NAME = Pattern(r"eyJ|bearer|curl |[A-Za-z0-9_+-]{32,}|\d{9,11}[.:]\d{4,}@|^v0=", re.IGNORECASE)


def printable(text: str) -> str:
    """Return text without what could steer a terminal, hide a part of it, or break its line.

    There is one rule for every place that shows foreign text, Python's own ``str.isprintable``: what it refuses
    is dropped, and whitespace of any kind becomes a space, so that words stay apart. That drops control,
    formatting and bidirectional characters and lone surrogates, and also private and unassigned code points:
    terminals, log viewers and XML parsers do not agree on those. Names in JSON results stay whole, escaped.
    """
    if text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character.isprintable()
    )


def one_line(text: str, longest: int = 200) -> str:
    """Return the printable text with each run of spaces as one, and at most ``longest`` characters of it."""
    return shortened(" ".join(printable(text).split()), longest)


def shortened(text: str, longest: int) -> str:
    """Return at most ``longest`` characters of a text; three dots stand for the rest."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def quoted(text: str, longest: int = 80) -> str:
    """Return what a user gave, as an error names it: in quotation marks, with escapes for the unprintable."""
    return repr(shortened(without_passcodes(text), longest))


def without_passcodes(text: str) -> str:
    """Mask the passcodes of dial strings and join links in a text."""
    for pattern, mask in _PASSCODES:
        text = pattern.sub(mask, text)
    return text


def shown_value(value: object, longest: int = 80) -> str:
    """Return a value as evidence names it: bare where it is printable ASCII, else quoted and all in ASCII."""
    text = shortened(str(value), longest)
    return text if text.isascii() and text.isprintable() else ascii(text)


def shown_key(key: str) -> str:
    """Return the first few characters of a key: somebody may have put the secret in its place."""
    return shown_value(key[: min(4, len(key) // 2)] + "...")


_NOT_SHOWN = "(not shown)"
_SHORTEST_ECHO = 12


def without_secrets_of(text: str, given: Iterable[str]) -> str:
    """Return a text without what it repeats of arguments that look like a secret, a token or a command with one.

    Args:
        text: An error's text, which may quote an argument, shortened.
        given: The arguments.
    """
    parts = {part for argument in given for part in (argument, *argument.split(), argument.rpartition("=")[2])}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) < _SHORTEST_ECHO or not _NO_FILE_NAME.search(part):
            continue
        at = 0
        while (at := text.find(part[:_SHORTEST_ECHO], at)) >= 0:
            length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text[at:], part, strict=False)))
            text = f"{text[:at]}{_NOT_SHOWN}{text[at + length :]}"
            at += len(_NOT_SHOWN)
    return text


def shown_file(name: str) -> str:
    """Return the name of a file that cannot be read, unless it may be what the file should have held."""
    if _FILE_NAME.fullmatch(name) and not _NO_FILE_NAME.search(name):
        return name
    return "the argument (not shown: it does not look like a file's name)"
