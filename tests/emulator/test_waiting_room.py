"""Meetings with and without a waiting room, through real sockets."""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator.hand_made import Answer, Caller, eventually, oauth_caller
from emulator.test_sockets import connected, next_frame
from emulator.test_webhooks import Endpoint
from loopback import Loopback
from shell import ProcessShell, Shell
from sip.endpoints import Sipp, methods

from zoomcall.emulator.running import Emulator
from zoomcall.emulator.trouble import parse_faults
from zoomcall.emulator.world import EventIds

LOBBY, PLAIN = "lobby_meeting_id", "meeting_id"
WAITED = ["joined_waiting_room", "admitted", "left_waiting_room", "joined"]


class Meeting:
    """One meeting of a local Zoom: what is sent to it, and what it tells."""

    def __init__(self, zoom: Emulator, key: str) -> None:
        self.zoom = zoom
        self.number = zoom.ready[key]
        self._call = oauth_caller(zoom)

    def patch(self, method: str, **params: Any) -> Answer:
        target = f"/v2/live_meetings/{self.number}/events"
        return self._call("PATCH", target, {"method": method, "params": params})

    def ring(self, address: str, call_type: str = "sip", **params: Any) -> None:
        answer = self.patch(
            "participant.invite.room_system_callout", call_type=call_type, device_ip=address, **params
        )
        assert answer.status == 202

    @property
    def settings(self) -> Any:
        return self._call("GET", f"/v2/meetings/{self.number}").json()["settings"]

    @property
    def rooms(self) -> list[dict[str, Any]]:
        rows = self._call("GET", f"/v2/metrics/meetings/{self.number}/participants?type=live").json()
        return [row for row in rows["participants"] if row["device"] == "H.323/SIP"]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [(row["user_name"], row["status"]) for row in self.rooms]

    @property
    def told(self) -> list[str]:
        """Every event so far, without what their names begin with."""
        return [
            event.name.removeprefix("meeting.participant_").removeprefix("room_system_callout_")
            for event in self.zoom.world.events
        ]

    def comes_to(self, *statuses: tuple[str, str]) -> None:
        eventually(lambda: self.statuses == list(statuses))


@pytest.fixture
def enter(make_zoom: Callable[..., Emulator]) -> Callable[..., Meeting]:
    """Run a local Zoom, a hundred times faster than the real one, and return one of its meetings."""
    return lambda key=LOBBY, **settings: Meeting(make_zoom(**({"time_scale": 0.01} | settings)), key)


@pytest.mark.parametrize(("key", "has_waiting_room"), [(LOBBY, True), (PLAIN, False)])
def test_a_meeting_tells_whether_it_has_a_waiting_room(
    enter: Callable[..., Meeting], key: str, has_waiting_room: bool
) -> None:
    assert enter(key).settings == {"waiting_room": has_waiting_room}


def test_both_meetings_are_live_with_their_host_in_them(enter: Callable[..., Meeting]) -> None:
    for key in (LOBBY, PLAIN):
        meeting = enter(key)
        assert meeting._call("GET", f"/v2/meetings/{meeting.number}").json()["status"] == "started"
        rows = meeting._call("GET", f"/v2/metrics/meetings/{meeting.number}/participants").json()["participants"]
        assert [(row["user_name"], row["role"], row["status"]) for row in rows] == [
            ("Jill Chill", "host", "in_meeting")
        ]


@pytest.mark.parametrize("call_type", ["sip", "h323"])
def test_a_lobby_room_stays_in_the_waiting_room(enter: Callable[..., Meeting], call_type: str) -> None:
    meeting = enter()
    meeting.ring("lobby@room.example.com", call_type)
    meeting.comes_to(("lobby", "in_waiting_room"))
    time.sleep(0.2)
    assert meeting.statuses == [("lobby", "in_waiting_room")]
    assert meeting.told == ["ringing", "accepted", "joined_waiting_room"]


@pytest.mark.parametrize(
    "address",
    [
        "lobby-3@room.example.com",
        "lobby-0@room.example.com",
        "answer@room.example.com",
        "slow-answer@room.example.com",
    ],
)
def test_the_host_admits_every_other_room_that_answers(enter: Callable[..., Meeting], address: str) -> None:
    meeting = enter()
    meeting.ring(address)
    meeting.comes_to((address.partition("@")[0], "in_meeting"))
    assert meeting.told == ["ringing", "accepted", *WAITED]


def test_the_time_in_the_waiting_room_begins_with_the_answer_and_is_scaled(enter: Callable[..., Meeting]) -> None:
    meeting = enter(time_scale=0.1)
    before = time.monotonic()
    meeting.ring("lobby-5@room.example.com")
    meeting.comes_to(("lobby-5", "in_waiting_room"))
    meeting.comes_to(("lobby-5", "in_meeting"))
    assert time.monotonic() - before >= 0.57


@pytest.mark.parametrize("user", ["lobby", "lobby-3", "answer"])
def test_where_there_is_no_waiting_room_a_room_joins(enter: Callable[..., Meeting], user: str) -> None:
    meeting = enter(PLAIN)
    meeting.ring(f"{user}@room.example.com")
    meeting.comes_to((user, "in_meeting"))
    time.sleep(0.1)
    assert meeting.told == ["ringing", "accepted", "joined"]


def test_a_session_has_no_waiting_room(make_zoom: Callable[..., Emulator]) -> None:
    zoom = make_zoom(time_scale=0.01)
    key = zoom.open_session("Calls", identifier="KkMH").key
    caller = Caller(zoom.base, {"Authorization": "Bearer hand-made-build-key"})
    params = {"call_type": "sip", "device_ip": "lobby@room.example.com"}
    body = {"method": "user.invite.room_system_callout", "params": params}
    assert caller("PATCH", "/v2/videosdk/sessions/KkMH/events", body).status == 202
    eventually(lambda: [somebody.name for somebody in zoom.world.venue(key).present][2:] == ["lobby"])
    assert [event.name.rpartition("_")[2] for event in zoom.world.events] == ["ringing", "accepted"]


@pytest.mark.parametrize("user", ["decline", "no-answer", "fail-9"])
def test_a_room_that_does_not_answer_never_waits(enter: Callable[..., Meeting], user: str) -> None:
    meeting = enter()
    meeting.ring(f"{user}@room.example.com")
    eventually(lambda: meeting.told[-1:] in (["rejected"], ["missed"], ["failed"]))
    assert meeting.statuses == []
    assert "joined_waiting_room" not in meeting.told


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("drop-0.2", ["ringing", "accepted", "joined_waiting_room", "left_waiting_room"]),
        ("drop-9", ["ringing", "accepted", *WAITED, "left"]),
    ],
)
def test_a_room_that_hangs_up_leaves_the_place_where_it_is(
    enter: Callable[..., Meeting], user: str, told: list[str]
) -> None:
    meeting = enter(time_scale=0.05)
    meeting.ring(f"{user}@room.example.com")
    eventually(lambda: meeting.told == told)
    time.sleep(0.1)
    assert meeting.told == told
    assert meeting.statuses == []


def test_a_room_is_named_as_asked_and_by_the_uuid_of_the_roster(enter: Callable[..., Meeting]) -> None:
    meeting = enter()
    meeting.ring("lobby-1@room.example.com", sip_headers={"to_display_name": "Boardroom 7"})
    meeting.comes_to(("Boardroom 7", "in_meeting"))
    told = [event.body["payload"]["object"] for event in meeting.zoom.world.events[2:]]
    assert [(subject["id"], subject["participant"]["user_name"]) for subject in told] == [
        (meeting.number, "Boardroom 7")
    ] * 4
    [row] = meeting.rooms
    assert {subject["participant"]["participant_uuid"] for subject in told} == {row["participant_uuid"]}
    assert {subject["participant"]["user_id"] for subject in told} == {row["user_id"]}
    assert not {"call_type", "device_ip"} & set(told[0]["participant"])


@pytest.mark.parametrize(
    ("key", "user", "told"),
    [
        (LOBBY, "lobby", ["ringing", "accepted", "joined_waiting_room", "left_waiting_room"]),
        (LOBBY, "lobby-0", ["ringing", "accepted", *WAITED, "left"]),
        (PLAIN, "answer", ["ringing", "accepted", "joined", "left"]),
    ],
)
def test_a_room_is_removed_by_uuid_wherever_it_is(
    enter: Callable[..., Meeting], key: str, user: str, told: list[str]
) -> None:
    meeting = enter(key)
    meeting.ring(f"{user}@room.example.com")
    eventually(lambda: meeting.told == told[:-1])
    answer = meeting.patch("participant.remove", participant_uuid=meeting.rooms[0]["participant_uuid"])
    assert (answer.status, answer.body) == (202, b"")
    assert meeting.rooms == []
    assert meeting.told == told


def test_a_room_that_was_removed_is_not_admitted_later(enter: Callable[..., Meeting]) -> None:
    meeting = enter(time_scale=0.1)
    meeting.ring("lobby-2@room.example.com")
    meeting.comes_to(("lobby-2", "in_waiting_room"))
    meeting.patch("participant.remove", participant_uuid=meeting.rooms[0]["participant_uuid"])
    time.sleep(0.3)
    assert meeting.rooms == []
    assert "admitted" not in meeting.told


def test_removing_nobody_from_a_meeting_changes_nothing(enter: Callable[..., Meeting]) -> None:
    meeting = enter()
    assert meeting.patch("participant.remove", participant_uuid="nobody").status == 202
    assert meeting.told == []


@pytest.mark.parametrize("params", [{"id": "1"}, {"participant_uuid": ""}, {"participant_uuid": 7}])
def test_a_removal_from_a_meeting_needs_a_uuid(enter: Callable[..., Meeting], params: dict[str, Any]) -> None:
    answer = enter().patch("participant.remove", **params)
    assert answer.refusal == (400, 300, "Validation Failed.")
    assert [error["field"] for error in answer.json()["errors"]] == ["params.participant_uuid"]


def test_a_session_and_a_meeting_remove_by_their_own_methods_only(
    enter: Callable[..., Meeting], make_zoom: Callable[..., Emulator]
) -> None:
    answer = enter().patch("user.remove", participant_uuid="nobody")
    assert [error["field"] for error in answer.json()["errors"]] == ["method"]
    zoom = make_zoom()
    zoom.open_session("Calls", identifier="KkMH")
    caller = Caller(zoom.base, {"Authorization": "Bearer hand-made-build-key"})
    body = {"method": "participant.remove", "params": {"participant_uuid": "nobody"}}
    answer = caller("PATCH", "/v2/videosdk/sessions/KkMH/events", body)
    assert [error["field"] for error in answer.json()["errors"]] == ["method"]


def test_a_removal_needs_the_scope_of_a_callout(enter: Callable[..., Meeting]) -> None:
    meeting = enter(scopes=("meeting:read:meeting:admin",))
    status, code, text = meeting.patch("participant.remove", participant_uuid="nobody").refusal
    assert (status, code) == (400, 4711)
    assert "meeting:update:in_meeting_controls:admin" in text


def test_the_end_of_the_meeting_ends_the_waiting(enter: Callable[..., Meeting]) -> None:
    meeting = enter(time_scale=0.1)
    meeting.ring("lobby-2@room.example.com")
    meeting.comes_to(("lobby-2", "in_waiting_room"))
    key = next(event.venue for event in meeting.zoom.world.events)
    meeting.zoom.end(key)
    time.sleep(0.3)
    assert meeting.told == ["ringing", "accepted", "joined_waiting_room", "left", "left_waiting_room"]


@pytest.mark.parametrize("is_admitted", [False, True])
def test_a_real_room_is_hung_up_out_of_the_waiting_room_too(
    enter: Callable[..., Meeting], tmp_path: Path, is_admitted: bool
) -> None:
    meeting = enter(time_scale=0.1 if is_admitted else 20)
    with Sipp("answer", tmp_path, pause=0.1) as sipp:
        meeting.ring(sipp.address, sip_headers={"to_display_name": "Board"})
        meeting.comes_to(("Board", "in_meeting" if is_admitted else "in_waiting_room"))
        meeting.patch("participant.remove", participant_uuid=meeting.rooms[0]["participant_uuid"])
        assert methods(sipp.finish()) == ["INVITE", "ACK", "BYE"]
    assert meeting.rooms == []
    assert meeting.told[-1] == ("left" if is_admitted else "left_waiting_room")


def test_the_end_of_the_emulator_hangs_up_who_waits(enter: Callable[..., Meeting], tmp_path: Path) -> None:
    meeting = enter(time_scale=20)
    with Sipp("answer", tmp_path, pause=0.1) as sipp:
        meeting.ring(sipp.address)
        eventually(lambda: meeting.told[-1:] == ["joined_waiting_room"])
        meeting.zoom.close()
        assert methods(sipp.finish()) == ["INVITE", "ACK", "BYE"]


def test_the_websocket_carries_who_comes_and_goes(enter: Callable[..., Meeting]) -> None:
    meeting = enter()

    async def play() -> list[Any]:
        async with connected(meeting.zoom) as socket:
            await next_frame(socket)
            await asyncio.to_thread(meeting.ring, "lobby-1@room.example.com")
            return [json.loads((await next_frame(socket))["content"]) for _ in range(6)]

    assert asyncio.run(play()) == [event.body for event in meeting.zoom.world.events]


@pytest.fixture
def endpoint() -> Iterator[tuple[Endpoint, str]]:
    """Serve a webhook endpoint and return it with its URL."""
    endpoint = Endpoint()
    with Loopback(endpoint) as loopback:
        yield endpoint, loopback.url


def test_webhooks_carry_who_comes_and_goes_signed(
    enter: Callable[..., Meeting], endpoint: tuple[Endpoint, str]
) -> None:
    received, url = endpoint
    meeting = enter(webhook_url=url)
    meeting.ring("lobby@room.example.com")
    eventually(lambda: len(received.events) == 3)
    headers, body = next(
        (headers, body) for headers, body in received.events if b"participant_joined_waiting_room" in body
    )
    signed = b"v0:" + headers["x-zm-request-timestamp"].encode() + b":" + body
    digest = hmac.new(b"hand-made-webhook-secret", signed, hashlib.sha256).hexdigest()
    assert headers["x-zm-signature"] == f"v0={digest}"
    assert json.loads(body) == meeting.zoom.world.events[2].body


def test_swapped_events_are_swapped_whatever_their_ids(
    enter: Callable[..., Meeting], endpoint: tuple[Endpoint, str]
) -> None:
    received, url = endpoint
    trouble = parse_faults("swapped-events")
    meeting = enter(webhook_url=url, trouble=trouble, event_ids=EventIds.PER_EVENT)
    meeting.ring("decline@room.example.com")
    eventually(lambda: len(received.events) == 2, seconds=0.9)
    bodies = [json.loads(body) for _, body in received.events]
    assert len({body["payload"]["object"]["message_id"] for body in bodies}) == 2


@pytest.mark.parametrize(
    ("flags", "count"), [((), 1), (("--event-ids", "per-call"), 1), (("--event-ids", "per-event"), 2)]
)
def test_the_flag_gives_each_event_an_id_of_its_own(
    zoomcall_process: ProcessShell, endpoint: tuple[Endpoint, str], flags: tuple[str, ...], count: int
) -> None:
    received, url = endpoint
    result = zoomcall_process(
        *("emulate", "--webhook-url", url, *flags, "--"),
        *(sys.executable, "-m", "zoomcall", "invite", "sip", "decline@room.example.com"),
        environ={"ZOOMCALL_WEBHOOK_SECRET": "hand-made-webhook-secret"},
    )
    assert result.code == 20
    ids = {json.loads(body)["payload"]["object"]["message_id"] for _, body in received.events}
    assert (len(received.events), len(ids)) == (2, count)


def test_other_event_ids_are_a_usage_error(zoomcall: Shell) -> None:
    result = zoomcall("emulate", "--event-ids", "none", "--", "true")
    assert result.code == 2
    assert "--event-ids" in result.stderr
