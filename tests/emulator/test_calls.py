"""What fates do to rosters and events over time, through a real socket."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any

import pytest
from emulator.hand_made import TEN_O_CLOCK, Caller, eventually

from zoomcall.domain.address import Protocol
from zoomcall.domain.target import Api
from zoomcall.emulator.calls import Exchange
from zoomcall.emulator.fates import Stage, Step
from zoomcall.emulator.keys import Keys
from zoomcall.emulator.running import Emulator, utc_now
from zoomcall.emulator.world import Call, VenueKey

SESSION = VenueKey(Api.SESSION, "KkMH")


def callout(address: str, protocol: str = "sip", **headers: Any) -> dict[str, Any]:
    params = {"call_type": protocol, "device_ip": address}
    if headers:
        params[f"{protocol}_headers"] = headers
    return {"method": "user.invite.room_system_callout", "params": params}


@pytest.fixture
def fast(make_zoom: Callable[..., Emulator]) -> Emulator:
    """Run a local Zoom a hundred times faster than the real one."""
    zoom = make_zoom(time_scale=0.01)
    zoom.open_session("Calls", identifier="KkMH")
    return zoom


@pytest.fixture
def dial(fast: Emulator, videosdk: Caller) -> Callable[..., None]:
    """Ring rooms into its session."""
    call = type(videosdk)(fast.base, videosdk.headers)

    def send(*arguments: Any, **headers: Any) -> None:
        answer = call("PATCH", "/v2/videosdk/sessions/KkMH/events", callout(*arguments, **headers))
        assert answer.status == 202

    return send


def stages(zoom: Emulator) -> list[str]:
    return [event.name.rpartition("_")[2] for event in zoom.world.events]


def reasons(zoom: Emulator) -> list[int | None]:
    return [event.body["payload"]["object"].get("reason_type") for event in zoom.world.events]


def rooms(zoom: Emulator) -> list[str]:
    return [somebody.name for somebody in zoom.world.venue(SESSION).present if somebody.device == "H.323/SIP"]


@pytest.mark.parametrize("protocol", ["sip", "h323"])
@pytest.mark.parametrize(
    ("user", "expected", "reason"),
    [
        ("answer", ["ringing", "accepted"], None),
        ("slow-answer", ["ringing", "accepted"], None),
        ("decline", ["ringing", "rejected"], None),
        ("no-answer", ["ringing", "missed"], None),
        ("fail-12", ["failed"], 12),
        ("fail-77", ["failed"], 77),
        ("room", ["failed"], 9),
    ],
)
def test_each_fate_makes_its_events(
    fast: Emulator, dial: Callable[..., None], protocol: str, user: str, expected: list[str], reason: int | None
) -> None:
    dial(f"{user}@room.example.com", protocol)
    eventually(lambda: len(stages(fast)) == len(expected))
    assert stages(fast) == expected
    assert reasons(fast)[-1] == reason
    assert rooms(fast) == (["answer"] if user == "answer" else ["slow-answer"] if user == "slow-answer" else [])


def test_a_room_on_loopback_is_out_of_reach_as_long_as_there_is_no_sip_leg(
    fast: Emulator, dial: Callable[..., None]
) -> None:
    dial("room@127.0.0.1:5070")
    eventually(lambda: stages(fast) == ["failed"])
    assert reasons(fast) == [9]


def test_a_dropped_call_joins_and_leaves(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("drop-20@room.example.com")
    eventually(lambda: [somebody.name for somebody in fast.world.venue(SESSION).attendees][2:] == ["drop-20"])
    eventually(lambda: rooms(fast) == [])
    assert stages(fast) == ["ringing", "accepted"]
    assert fast.world.venue(SESSION).attendees[-1].left_at == TEN_O_CLOCK


def test_times_are_multiplied_by_the_scale(make_zoom: Callable[..., Emulator], videosdk: Caller) -> None:
    zoom = make_zoom(time_scale=0.1, clock=utc_now, keys=Keys.make())
    key = zoom.open_session("Calls", identifier="KkMH").key
    body = callout("slow-answer@room.example.com")
    call = type(videosdk)(zoom.base, {"x-api-key": zoom.world.keys.build_key.reveal()})
    before = utc_now()
    assert call("PATCH", "/v2/videosdk/sessions/KkMH/events", body).status == 202
    eventually(lambda: len(zoom.world.venue(key).present) == 3)
    rang, joined = (event.at - before for event in zoom.world.events)
    assert timedelta(seconds=0.02) <= rang < joined
    assert timedelta(seconds=0.5) <= joined < timedelta(seconds=5)


def test_a_joined_room_shows_the_name_that_was_sent_for_it(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("answer@room.example.com", to_display_name="Boardroom 7")
    eventually(lambda: rooms(fast) == ["Boardroom 7"])
    assert fast.world.events[0].body["payload"]["object"]["inviter_name"] == "Jill Chill"


def test_the_caller_is_named_in_the_event(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("fail-9@room.example.com", from_display_name="Front desk")
    eventually(lambda: fast.world.events)
    assert fast.world.events[0].body["payload"]["object"]["inviter_name"] == "Front desk"


@pytest.mark.parametrize(
    ("address", "ip"), [("answer@198.51.100.7", "198.51.100.7"), ("answer@[2001:db8::7]", "2001:db8::7")]
)
def test_a_literal_address_is_the_joined_rooms_own(
    fast: Emulator, dial: Callable[..., None], address: str, ip: str
) -> None:
    dial(address)
    eventually(lambda: rooms(fast))
    assert fast.world.venue(SESSION).present[-1].ip_address == ip


def test_a_host_name_becomes_some_address(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("answer@room.example.com")
    eventually(lambda: rooms(fast))
    assert fast.world.venue(SESSION).present[-1].ip_address.startswith("203.0.113.")


def test_an_address_that_nobody_understands_can_still_be_fated(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("answer@no such host")
    eventually(lambda: rooms(fast) == ["answer"])


def test_only_a_sip_room_has_a_uri(fast: Emulator, dial: Callable[..., None]) -> None:
    dial("answer@room.example.com")
    eventually(lambda: len(rooms(fast)) == 1)
    dial("answer@room.example.com", "h323")
    eventually(lambda: len(rooms(fast)) == 2)
    assert [somebody.sip_uri for somebody in fast.world.venue(SESSION).present[-2:]] == [
        "answer@room.example.com",
        None,
    ]


def test_a_call_answered_after_the_session_ended_fails_with_reason_10(
    fast: Emulator, dial: Callable[..., None]
) -> None:
    fast.world.subscribe(lambda event: fast.end(SESSION) if event.name.endswith("_ringing") else None)
    dial("slow-answer@room.example.com")
    eventually(lambda: stages(fast) == ["ringing", "failed"])
    assert reasons(fast)[-1] == 10
    assert rooms(fast) == []


def test_a_removed_room_leaves_and_its_leg_hangs_up(fast: Emulator) -> None:
    hung_up: list[str] = []

    class Leg:
        def __init__(self) -> None:
            self.has_joined = asyncio.Event()
            self.has_ended = asyncio.Event()

        async def ring(self, call: Call) -> AsyncGenerator[Step, None]:
            try:
                yield Step(Stage.ACCEPTED, timedelta())
                self.has_joined.set()
                await asyncio.Event().wait()
            finally:
                hung_up.append(call.address)
                self.has_ended.set()

    async def play() -> None:
        legs = {address: Leg() for address in ("one@room.example.com", "two@room.example.com")}
        exchange = Exchange(fast.world, clock=utc_now, find_leg=lambda call: legs[call.address])
        calls = [
            Call(venue=SESSION, message_id=address, protocol=Protocol.SIP, address=address) for address in legs
        ]
        for call in calls:
            exchange.place(call)
        for leg in legs.values():
            await leg.has_joined.wait()
        exchange.remove(SESSION, fast.world.stay_of(calls[0]))
        await legs["one@room.example.com"].has_ended.wait()
        assert hung_up == ["one@room.example.com"]
        assert rooms(fast) == ["two"]
        await exchange.close()

    asyncio.run(play())
    assert hung_up == ["one@room.example.com", "two@room.example.com"]


def test_a_room_that_hangs_up_leaves(fast: Emulator) -> None:
    class Leg:
        async def ring(self, call: Call) -> AsyncGenerator[Step, None]:
            yield Step(Stage.ACCEPTED, timedelta())
            yield Step(Stage.LEFT, timedelta())

    async def play() -> None:
        exchange = Exchange(fast.world, clock=utc_now, find_leg=lambda _: Leg())
        left = asyncio.Event()
        fast.world.subscribe(lambda _: asyncio.get_running_loop().call_soon(left.set))
        exchange.place(
            Call(
                venue=SESSION,
                message_id="m",
                protocol=Protocol.SIP,
                address="room@127.0.0.1",
            )
        )
        await left.wait()
        await exchange.close()

    asyncio.run(play())
    assert rooms(fast) == []
    assert fast.world.venue(SESSION).attendees[-1].name == "room"


def test_many_calls_at_once_each_get_their_own_fate(fast: Emulator, dial: Callable[..., None]) -> None:
    for _ in range(20):
        dial("answer@room.example.com")
        dial("decline@room.example.com")
    eventually(lambda: len(stages(fast)) == 80)
    assert len(rooms(fast)) == 20
    assert stages(fast).count("rejected") == 20
    ids = {event.body["payload"]["object"]["message_id"] for event in fast.world.events}
    assert len(ids) == 40
