"""A change to a file of the user's, which is shown before it is made."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class FileChange(Struct, frozen=True):
    """A file that is to be written.

    Attributes:
        path: The file.
        data: All that it will hold.
        lines: The lines that are added to it; none if it is wholly this program's.
        is_there: Whether it exists.
        is_needed: Whether that changes it.
    """

    path: Path
    data: bytes
    lines: tuple[str, ...]
    is_there: bool
    is_needed: bool
