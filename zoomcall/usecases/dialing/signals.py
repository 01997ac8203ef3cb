"""What evidence sources tell the calls that wait."""

from __future__ import annotations

import queue
from typing import Protocol

from msgspec import Struct

from zoomcall.domain.call import EvidenceSource
from zoomcall.domain.event import CalloutEvent
from zoomcall.domain.roster import Participant


class RosterSeen(Struct, frozen=True):
    """Who was there at one look."""

    participants: tuple[Participant, ...]

    @property
    def source(self) -> EvidenceSource:
        """The roster."""
        return EvidenceSource.ROSTER


class EventsSeen(Struct, frozen=True):
    """Events that came together, old and unrelated ones among them."""

    source: EvidenceSource
    events: tuple[CalloutEvent, ...]


class Exhausted(Struct, frozen=True):
    """A source that can prove nothing any more, and why."""

    source: EvidenceSource
    why: str


class Hiccup(Struct, frozen=True):
    """A look that failed and will be tried again."""

    source: EvidenceSource
    why: str


Seen = RosterSeen | EventsSeen
Signal = Seen | Exhausted | Hiccup
Signals = queue.SimpleQueue[Signal | None]
"""A call's own queue; None wakes its reader because of a stop."""


class Feed(Protocol):
    """Evidence sources at work in a thread of their own."""

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """Which evidence they give."""

    def subscribe(self, signals: Signals) -> None:
        """Put everything that is seen from now on into a call's queue, and which sources have given up."""

    def unsubscribe(self, signals: Signals) -> None:
        """Stop that; never blocks."""

    def favour_events(self) -> None:
        """Take note that a call's events do come: looking for them is worth more than the roster."""
