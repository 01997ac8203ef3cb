"""Shows a roster, and ties its rooms to the calls of this machine that brought them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from zoomcall.cli.page import Table
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


def roster_row(row: Participant, call: CallRecord | None) -> dict[str, Any]:
    """Return what JSON shows of a participant of any session or meeting, and of the call that it came by."""
    rung = None if call is None else RungRoom(call_id=call.id, protocol=call.protocol, address=call.shown)
    return {
        "id": row.id,
        "participant_uuid": row.uuid,
        "name": row.name,
        "device": row.device or None,
        "is_room_system": row.is_room_system,
        "ip_address": row.ip_address,
        "join_time": row.join_time,
        "rung": rung,
    }


def roster_table(
    present: Iterable[Participant], rung: Mapping[str, CallRecord], *, has_waiting_room: bool
) -> Table:
    """Return who is there as a table, with the calls of this machine that rooms came by."""
    heads = ["NAME", "DEVICE", "WHERE", "ADDRESS", "JOINED", "RUNG AS"]
    rows = [
        [
            row.name or _UNKNOWN,
            row.device or _UNKNOWN,
            "waiting room" if row.is_waiting else "in",
            row.sip_uri or row.ip_address or _UNKNOWN,
            time_words(row.join_time),
            _rung_words(rung.get(row.id)),
        ]
        for row in present
    ]
    if not has_waiting_room:
        for line in (heads, *rows):
            del line[2]
    return Table(tuple(heads), tuple(map(tuple, rows)), times=frozenset({heads.index("JOINED")}))


def _rung_words(call: CallRecord | None) -> str:
    return _UNKNOWN if call is None else f"{call.protocol} {call.shown} (call {call.id})"


def time_words(moment: datetime | None) -> str:
    """Return a time as a table shows it."""
    return _UNKNOWN if moment is None else time_text(moment)
