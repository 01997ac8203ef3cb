"""Makes calls with one credential, several at a time if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoomcall.usecases.dialing.call import Call
from zoomcall.usecases.dialing.equipment import Equipment

if TYPE_CHECKING:
    from zoomcall.usecases.dialing.order import DialOrder
    from zoomcall.usecases.dialing.ports import Listener
    from zoomcall.usecases.dialing.report import CallReport
    from zoomcall.usecases.dialing.stop import Stop


class Dialler(Equipment, frozen=True, kw_only=True):
    """Rings rooms; any thread may call ``dial``."""

    def dial(self, order: DialOrder, listener: Listener, stop: Stop) -> CallReport:
        """Ring a room and report the outcome; failures and a stop are in the report, not raised.

        A stop ends the call at once, whatever it is waiting for, and the report says what may still ring.
        """
        return Call(order, self, listener, stop).run()
