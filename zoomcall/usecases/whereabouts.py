"""Where the room of a call is now: in, gone, or not known, and why (contract 1, ``call status``)."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.call import State
from zoomcall.domain.place import Now, Place
from zoomcall.domain.roster import Participant, is_exact
from zoomcall.domain.target import Api, MeetingNumber, SessionId
from zoomcall.errors import ErrorKind, NetworkFault
from zoomcall.usecases.dialing.ports import CallEndpoints, CallJournal
from zoomcall.usecases.zoom_clock import CLOCK_GRAIN, lead
from zoomcall.usecases.zoom_roles import PastRosters

if TYPE_CHECKING:
    from zoomcall.domain.journal import CallRecord, TargetKey

ReadRoster = Callable[[], tuple[Participant, ...]]
"""Reads who is in the target; what it raises, it raises every time."""

HUNG_UP = "hung up from this machine"
_LEFT = "on its own, or removed by somebody else"
_WAITING = "it is in the waiting room: a host must admit it"


class PastEndpoints(CallEndpoints, PastRosters, Protocol):
    """Zoom, as far as looking back at calls needs it."""


def settled_place(call: CallRecord) -> Now | None:
    """Return where the room of a call is, if nobody has to be asked; None otherwise."""
    if call.removed_at is not None:
        return Now(state=Place.LEFT, since=call.removed_at, why=HUNG_UP)
    if not call.state.blocks_redial:
        return Now(state=Place.UNKNOWN, why=f"this call did not bring it in ({call.state})")
    return None


def place_of(call: CallRecord, *, roster: ReadRoster, zoom: PastEndpoints, journal: CallJournal) -> Now:
    """Find the room of a call that may be in.

    Raises:
        ZoomRefused: The roster cannot be read.
        NetworkFault: No answer came.
    """
    try:
        present = roster()
    except ZoomRefused as refusal:
        if refusal.kind is not ErrorKind.NO_SESSION:
            raise
        return _after_the_end(call, refusal, zoom)
    if not call.state.is_there:
        return Now(state=Place.UNKNOWN, why="nothing shows that it joined")
    rows = [row for row in present if row.may_be_rung(call.protocol)]
    found = _known(call, rows) if call.participant_id is not None else _likely(call, rows, zoom, journal)
    if isinstance(found, str):
        return Now(state=Place.UNKNOWN, why=found)
    if found is None or found.leave_time is not None:
        return Now(state=Place.LEFT, since=None if found is None else found.leave_time, why=_LEFT)
    why = _WAITING if found.is_waiting else None
    return Now(state=Place.IN, since=found.join_time, why=why, is_waiting=found.is_waiting)


def _known(call: CallRecord, rows: Sequence[Participant]) -> Participant | None:
    own = [row for row in rows if call.participant_id in row.ids]
    return next((row for row in own if row.leave_time is None), own[-1] if own else None)


def _likely(
    call: CallRecord, rows: Sequence[Participant], zoom: PastEndpoints, journal: CallJournal
) -> Participant | str | None:
    """Return the room of a call that only an event showed to be in: None if it is gone, or why that is open."""
    since = call.at - lead(zoom) - CLOCK_GRAIN
    others = journal.credited_to_others(call.id)
    able = [
        row
        for row in rows
        if row.leave_time is None
        and row.ids.isdisjoint(others)
        and (row.join_time is None or row.join_time >= since)
    ]
    exact = [row for row in able if is_exact(row, call.dial)]
    if len(exact) == 1 or not able:
        return exact[0] if exact else None
    if len(able) == 1 and not any(rival.participant_id is None for rival in journal.rivals(call.id, since=call.at)):
        return able[0]
    return "an event showed that it joined, and which participant it is cannot be told"


def _after_the_end(call: CallRecord, refusal: ZoomRefused, zoom: PastEndpoints) -> Now:
    """Return when the room left a session or meeting that has ended, if Zoom still tells."""
    why = f"the {call.target.api} has ended"
    if not call.state.is_there:
        return Now(state=Place.UNKNOWN, why=f"{why}, and nothing shows that it joined", ended=refusal)
    try:
        past = _who_was_in(zoom, call.target)
    except (ZoomRefused, NetworkFault):
        past = ()
    own = [row.leave_time for row in past if call.participant_id in row.ids and row.leave_time is not None]
    return Now(state=Place.LEFT, since=max(own, default=None), why=why, ended=refusal)


def _who_was_in(zoom: PastRosters, target: TargetKey) -> tuple[Participant, ...]:
    if target.api is Api.SESSION:
        return zoom.past_session_users(SessionId(target.id))
    return zoom.past_meeting_participants(MeetingNumber(target.id))


def rung_here(rooms: Iterable[Participant], calls: Sequence[CallRecord]) -> dict[str, CallRecord]:
    """Return, by participant id, the call that each room in a roster came by, as far as that is certain.

    Args:
        rooms: Room systems that are there.
        calls: This machine's calls into the same session or meeting, newest first.
    """
    able = [call for call in calls if call.removed_at is None and call.state.blocks_redial]
    found: dict[str, CallRecord] = {}
    for room in rooms:
        credited = [call for call in able if call.participant_id in room.ids]
        exact = [call for call in able if call.participant_id is None and is_exact(room, call.dial)]
        if credited or len({(call.protocol, call.address) for call in exact}) == 1:
            found[room.id] = (credited or exact)[0]
    return found


def roster_command(api: Api, identifier: str) -> str:
    """Return the command that shows who is in a session or meeting."""
    return shlex.join(("zoomcall", api.value, "show", identifier))


def way_on(call_id: int | None, api: Api, identifier: str) -> tuple[str, str]:
    """Return what to do about a call of unknown outcome before its room is rung again, and a command for it."""
    roster = roster_command(api, identifier)
    if call_id is None:
        return "Look at the room, or see who is in, before you ring again.", roster
    return f"Look at the room, see who is in (`{roster}`), or watch the call on, before you ring again.", (
        f"zoomcall call wait {call_id}"
    )


def state_after(call: CallRecord, place: Now) -> State:
    """Return a call's state once its place is known: a room that left the waiting room has only answered."""
    has_left = call.state is State.WAITING_ROOM and place.state is Place.LEFT and call.removed_at is None
    return State.ANSWERED if has_left else call.state
