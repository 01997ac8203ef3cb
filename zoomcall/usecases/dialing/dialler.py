"""Makes calls with one credential, several at a time if need be."""

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
        zoom: Zoom, with one credential.
        journal: The calls of this machine.
        polls: Rosters and logs, read with the same credential.
        feeds: Sources of pushed events, already running.
        missing: Why other sources of pushed events are not available.
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
        """Ring a room and report the outcome; failures and a stop are in the report, not raised.

        A stop ends the call at once, whatever it is waiting for, and the report says what may still ring.
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
