"""What a command function is given: its voice, the clock, and what it may build."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from zoomcall.cli.voice import Voice
from zoomcall.knowledge.facts import Facts

if TYPE_CHECKING:
    from zoomcall.cli.wiring import Wiring
    from zoomcall.domain.credential import HeldCredential


class Run(Voice):
    """One run of a command."""

    @cached_property
    def wiring(self) -> Wiring:
        """The composition root: adapters, built when they are first needed."""
        from zoomcall.cli.wiring import Wiring

        return Wiring(self, self.now)

    @property
    def held(self) -> HeldCredential | None:
        """The credential in use, once one was chosen; it stands in the envelope."""
        return self.wiring.held if "wiring" in self.__dict__ else None

    @property
    def facts(self) -> Facts:
        """What is known for explaining a failure of the connection that was opened last."""
        return self.wiring.facts if "wiring" in self.__dict__ else Facts()

    def close(self) -> None:
        """Close what the wiring opened, if it was ever needed."""
        if "wiring" in self.__dict__:
            self.wiring.close()

    @staticmethod
    def now() -> datetime:
        """This machine's clock, aware, UTC."""
        return datetime.now(UTC)
