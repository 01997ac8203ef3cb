"""The base of every value with a field that may hold a secret."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """A value whose ``repr`` leaves out the fields that may hold a secret.

    Attributes:
        unshown: The fields' names.
    """

    unshown: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.unshown)
        return f"{type(self).__name__}({', '.join(shown)})"
