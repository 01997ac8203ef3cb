"""The HTTP clients of the command line, kept as data: which option does what to a request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from zoomcall.knowledge.texts import read_rows


class HttpClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One program of ``clients.toml``.

    Attributes:
        program: A pattern of its name.
        letters: One-letter options that take a value.
        valued: Long options that take a value, between blanks.
        short: The long options of letters.
        roles: What an option does to the request.
        has_items: Words after the URL are headers, fields and parameters, as HTTPie takes them.
    """

    program: str
    letters: str
    valued: str
    short: Mapping[str, str]
    roles: Mapping[str, str]
    has_items: bool = False

    def takes_value(self, option: str) -> bool:
        """Return whether a long option takes a value."""
        return option in self.valued.split()


@cache
def http_clients() -> tuple[HttpClient, ...]:
    """Return every known client."""
    return read_rows("clients.toml", HttpClient)
