"""Serves many calls, at the same time if need be, with one credential."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from zoomcall.usecases.dialing.call import Call
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls
from zoomcall.usecases.dialing.ports import CallEndpoints, CallJournal, Listener
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.signals import Feed
from zoomcall.usecases.dialing.stop import Stop


class Dialler:
    """Rings rooms; any thread may call ``dial``.

    Args:
        zoom: Zoom, spoken to with one credential.
        journal: What this machine has dialled.
        polls: Looks at Zoom with the same credential.
        feeds: Evidence that comes by itself, at work already.
        missing: Why some of it cannot be had.
        now: The clock.
    """

    def __init__(
        self,
        *,
        zoom: CallEndpoints,
        journal: CallJournal,
        polls: Polls,
        feeds: Sequence[Feed] = (),
        missing: Sequence[str] = (),
        now: Callable[[], datetime],
    ) -> None:
        self._zoom = zoom
        self._journal = journal
        self._polls = polls
        self._feeds = tuple(feeds)
        self._missing = tuple(missing)
        self._now = now

    def dial(self, order: DialOrder, listener: Listener, stop: Stop) -> CallReport:
        """Ring a room and return what became of it; failures and a stop are in the report, not raised.

        A stop ends the call within a moment, whatever it waits for, and the report says what may still ring.
        """
        call = Call(
            order,
            zoom=self._zoom,
            journal=self._journal,
            polls=self._polls,
            feeds=self._feeds,
            missing=self._missing,
            now=self._now,
            listener=listener,
            stop=stop,
        )
        return call.run()
