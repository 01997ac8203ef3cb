"""Asks Zoom how its managed rooms are at the moment; the list of them is read once for all rooms (zoom-api 4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from zoomcall.domain.address import RoomAddress
from zoomcall.domain.room import key_of
from zoomcall.domain.zoom_list import ListedRoom, RoomState, ZoomList
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.usecases.room_checking.verdicts import RoomVerdict, Subject, of_state, unasked

_LASTING = {ErrorKind.NOT_ENTITLED, ErrorKind.AUTH, ErrorKind.NOT_CONFIGURED, ErrorKind.RATE_LIMITED}
"""What Zoom would say of every other room too."""


class ManagedRooms(Protocol):
    """Zoom's managed rooms."""

    def managed_rooms(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        """List them."""

    def managed_room(self, room_id: str, *, deadline: datetime | None = None) -> RoomState:
        """Return the state of one."""


class ZoomStates:
    """Reports what Zoom knows of a room; threads may share it.

    Args:
        zoom: Zoom.
        account: Whose rooms it shows.
        explain: Says in words why Zoom does not show something.
    """

    def __init__(self, zoom: ManagedRooms, *, account: str | None, explain: Callable[[ZoomcallError], str]) -> None:
        self._zoom = zoom
        self._account = account
        self._explain = explain
        self._lock = threading.Lock()
        self._rooms: tuple[ListedRoom, ...] | None = None
        self._obstacle: str | None = None

    def __call__(self, subject: Subject, *, deadline: datetime) -> tuple[RoomVerdict, RoomState | None]:
        """Report what Zoom knows of a room."""
        began = time.monotonic()
        try:
            if self._obstacle is not None:
                return unasked(self._obstacle), None
            room_id = self._id_of(subject, deadline)
            if room_id is None:
                return unasked("not one of the account's managed rooms", is_aside=True), None
            state = self._zoom.managed_room(room_id, deadline=deadline)
        except ZoomcallError as error:
            why = f"Zoom does not show its state: {self._explain(error)}"
            if error.kind in _LASTING:
                self._obstacle = why
            return unasked(why, time.monotonic() - began), None
        return of_state(state, time.monotonic() - began), state

    def _id_of(self, subject: Subject, deadline: datetime) -> str | None:
        """Return a room's ID by where it came from, else by its address or name, if one managed room has that."""
        entry = subject.entry
        origin = None if entry is None else entry.origin
        if origin is not None and (origin.list, origin.account) == (ZoomList.MANAGED, self._account):
            return origin.id
        rooms = self._listed(deadline)
        ip = subject.address.ip if isinstance(subject.address, RoomAddress) else None
        by_address = [room for room in rooms if ip is not None and room.address == str(ip)]
        by_name = [room for room in rooms if subject.name is not None and key_of(room.name) == key_of(subject.name)]
        return next((found[0].id for found in (by_address, by_name) if len(found) == 1), None)

    def _listed(self, deadline: datetime) -> tuple[ListedRoom, ...]:
        with self._lock:
            if self._rooms is None:
                self._rooms = self._zoom.managed_rooms(deadline=deadline)
            return self._rooms


def no_states(why: str) -> Callable[..., tuple[RoomVerdict, RoomState | None]]:
    """Return what reports, for every room, why Zoom cannot be asked."""
    return lambda _subject, *, deadline: (unasked(why, is_aside=True), None)  # noqa: ARG005 - as StateReader has it
