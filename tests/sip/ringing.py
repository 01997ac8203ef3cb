"""A local Zoom that rings rooms, and what it reports about them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from emulator.hand_made import GOOD_TOKEN, Answer, Caller, eventually

from zoomcall.domain.target import Api
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

SESSION = VenueKey(Api.SESSION, "KkMH")
EVENTS = "/v2/videosdk/sessions/KkMH/events"


class RingingZoom:
    """A local Zoom with a session, into which hand-made requests ring rooms."""

    def __init__(self, emulator: Emulator, trace: list[str]) -> None:
        self.emulator = emulator
        self.trace = trace
        emulator.open_session("Rooms", identifier=SESSION.identifier)
        self._call = Caller(emulator.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})

    def patch(self, method: str, **params: Any) -> Answer:
        answer = self._call("PATCH", EVENTS, {"method": method, "params": params})
        assert answer.status == 202
        return answer

    def ring(self, address: str, **headers: Any) -> None:
        self.patch("user.invite.room_system_callout", call_type="sip", device_ip=address, sip_headers=headers)

    def remove(self, name: str) -> None:
        rows = self._call("GET", "/v2/videosdk/sessions/KkMH/users?type=live").json()["users"]
        self.patch(
            "user.remove", participant_uuid=next(row["participant_uuid"] for row in rows if row["name"] == name)
        )

    @staticmethod
    def in_background(act: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=act)
        thread.start()
        return thread

    @property
    def story(self) -> list[tuple[str, int | None]]:
        return [
            (event.name.rpartition("_")[2], event.body["payload"]["object"].get("reason_type"))
            for event in self.emulator.world.events
        ]

    def comes_to(self, *story: tuple[str, int | None] | str) -> None:
        expected = [(part, None) if isinstance(part, str) else part for part in story]
        eventually(lambda: len(self.story) >= len(expected), seconds=15)
        assert self.story == expected

    @property
    def rooms(self) -> list[str]:
        venue = self.emulator.world.venue(SESSION)
        assert venue is not None
        return [somebody.name for somebody in venue.present if somebody.device == "H.323/SIP"]
