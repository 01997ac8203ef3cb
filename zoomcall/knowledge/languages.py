"""What tells in which language a program is written, and what its libraries call what, kept as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from zoomcall.knowledge.texts import read_rows


class _Language(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    clues: tuple[str, ...]
    is_caseless: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.clues), re.MULTILINE | (re.IGNORECASE if self.is_caseless else re.NOFLAG))


@cache
def language_clues() -> Mapping[str, re.Pattern[str]]:
    """Return for each language of ``languages.toml`` a pattern of what is only written in it."""
    return {row.name: row.pattern for row in read_rows("languages.toml", _Language)}


class _Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    does: str
    names: tuple[str, ...]


@cache
def library_words() -> Mapping[str, re.Pattern[str]]:
    """Return patterns of the ends of dotted names in ``library_words.toml``, by what they do."""
    rows = read_rows("library_words.toml", _Words)
    return {row.does: re.compile(rf"(?:^|\.)(?:{'|'.join(row.names)})$") for row in rows}
