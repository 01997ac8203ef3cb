"""What a command function receives: its voice, the clock, and its wiring."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from zoomcall.cli.voice import Voice

if TYPE_CHECKING:
    from zoomcall.cli.wiring import Wiring
    from zoomcall.domain.credential import HeldCredential
    from zoomcall.knowledge.facts import Facts


class Run(Voice):
    """One run of a command.

    Attributes:
        has_rung: Whether a batch has sent a request that may ring a room.
    """

    has_rung = False

    @cached_property
    def wiring(self) -> Wiring:
        """The composition root, built when it is first needed."""
        from zoomcall.cli.wiring import Wiring

        return Wiring(self, self.now)

    @property
    def held(self) -> HeldCredential | None:
        """The credential in use, for the envelope; None if none was needed."""
        return self.wiring.held if "wiring" in self.__dict__ else None

    @property
    def facts(self) -> Facts:
        """What the newest connection knows, to explain a failure."""
        from zoomcall.knowledge.facts import Facts

        return self.wiring.facts if "wiring" in self.__dict__ else Facts()

    def close(self) -> None:
        """Close what the wiring opened."""
        if "wiring" in self.__dict__:
            self.wiring.close()

    @staticmethod
    def now() -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)
