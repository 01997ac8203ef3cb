"""What the bytes of a text file say."""

from __future__ import annotations

_UTF16_MARKS = {b"\xff\xfe", b"\xfe\xff"}


def text_of(data: bytes) -> str:
    """Return UTF-8 as text, or UTF-16 with its mark, which Windows PowerShell writes by ``>``.

    Raises:
        UnicodeDecodeError: It is neither.
    """
    return data.decode("utf-16" if data[:2] in _UTF16_MARKS else "utf-8-sig")


def utf8_of(data: bytes) -> bytes:
    """Return a file's bytes in UTF-8, without a mark; what is neither UTF-8 nor UTF-16 stays as it is."""
    if data[:2] not in _UTF16_MARKS:
        return data.removeprefix(b"\xef\xbb\xbf")
    try:
        return text_of(data).encode()
    except UnicodeDecodeError:
        return data
