"""Text that hides itself."""

from __future__ import annotations

from typing import Never


class Secret:
    """A secret, token or passcode that never shows by accident.

    ``repr``, ``str`` and formatting return a mask; copying and pickling are refused. Only ``reveal`` returns
    the text.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the text itself, for nothing but the wire or a keyring."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, format_spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.__text == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is never pickled or copied")
