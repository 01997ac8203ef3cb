"""What evidence sources send to waiting calls."""

from __future__ import annotations

import queue
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource

if TYPE_CHECKING:
    from zoomcall.domain.event import Event
    from zoomcall.domain.roster import Participant


class RosterSeen(Struct, frozen=True):
    """A roster, as just read."""

    participants: tuple[Participant, ...]
    source: ClassVar[EvidenceSource] = EvidenceSource.ROSTER


class EventsSeen(Struct, frozen=True):
    """Events that arrived together; some may be old or unrelated."""

    source: EvidenceSource
    events: tuple[Event, ...]


class Exhausted(Struct, frozen=True):
    """A source that has no more evidence to come, and why."""

    source: EvidenceSource
    why: str


class Hiccup(Struct, frozen=True):
    """A failure that will be tried again."""

    source: EvidenceSource
    why: str


class Looked(Struct, frozen=True):
    """The answer to ``Feed.look_again``: everything seen by then was sent before."""


Seen = RosterSeen | EventsSeen
News = Seen | Exhausted | Hiccup
Signal = News | Looked
Signals = queue.SimpleQueue[Signal | None]
"""The queue of one call; None wakes its reader on a stop."""


class Feed(Protocol):
    """Evidence sources, running in a thread of their own."""

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """Which evidence they send."""

    @property
    def delay(self) -> timedelta:
        """How long what they have seen by now may take to be sent."""

    def subscribe(self, signals: Signals) -> None:
        """Put into a call's queue what is seen from now on, and which sources are exhausted."""

    def unsubscribe(self, signals: Signals) -> None:
        """Send nothing more to a call's queue; never block."""

    def look_again(self, signals: Signals) -> None:
        """Look at every source once more, then put ``Looked`` into a call's queue; never block."""

    def favour_events(self) -> None:
        """Prefer events to the roster from now on: they do arrive."""
