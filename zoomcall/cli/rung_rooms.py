"""Ties the rooms of a roster to the calls of this machine that brought them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from zoomcall.cli.render.json import time_text
from zoomcall.cli.results.session import RungRoom
from zoomcall.cli.run import Run
from zoomcall.domain.address import Protocol
from zoomcall.domain.journal import CallRecord, TargetKey
from zoomcall.domain.roster import Participant
from zoomcall.errors import NotConfigured
from zoomcall.usecases.whereabouts import rung_here

_UNKNOWN = "-"


def rung_rooms(run: Run, target: TargetKey, present: Sequence[Participant]) -> dict[str, CallRecord]:
    """Return, by participant id, the call of this machine that each room came by; none if there is no journal."""
    rooms = [row for row in present if any(map(row.may_be_rung, Protocol))]
    if not rooms:
        return {}
    try:
        calls = run.wiring.journal_to_read().calls(target=target)
    except NotConfigured as error:
        run.detail(f"which rooms this machine rang is not known: {error.message}")
        return {}
    return rung_here(rooms, calls)


def rung_room(call: CallRecord | None) -> RungRoom | None:
    """Return a call as JSON shows it beside its room."""
    if call is None:
        return None
    return RungRoom(call_id=call.id, protocol=call.protocol, address=call.shown)


def rung_words(call: CallRecord | None) -> str:
    """Return a call as a table shows it beside its room."""
    return _UNKNOWN if call is None else f"{call.protocol} {call.shown} (call {call.id})"


def time_words(moment: datetime | None) -> str:
    """Return a time as a table shows it."""
    return _UNKNOWN if moment is None else time_text(moment)
