"""The emulated WebSocket, compared with literal frames."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from emulator.hand_made import CLIENT, FORM, TEN_O_CLOCK, Caller, eventually

from zoomcall.domain.target import Api
from zoomcall.emulator.keys import GrantType
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

GREETING = {"module": "build_connection", "success": True, "content": ""}
CLIENT_GRANT = b"grant_type=client_credentials"
ACCOUNT_GRANT = b"grant_type=account_credentials&account_id=HandMadeAccount"


def a_token(zoom: Emulator, grant: bytes = CLIENT_GRANT) -> str:
    answer = Caller(zoom.base)("POST", "/oauth/token", grant, Authorization=CLIENT, Content_Type=FORM)
    return str(answer.json()["access_token"])


def call_into_the_meeting(zoom: Emulator, address: str) -> None:
    body = {
        "method": "participant.invite.room_system_callout",
        "params": {"call_type": "sip", "device_ip": address},
    }
    caller = Caller(zoom.base, {"Authorization": f"Bearer {a_token(zoom, ACCOUNT_GRANT)}"})
    assert caller("PATCH", f"/v2/live_meetings/{zoom.ready['meeting_id']}/events", body).status == 202


def call_into_the_session(zoom: Emulator, address: str) -> None:
    body = {"method": "user.invite.room_system_callout", "params": {"call_type": "sip", "device_ip": address}}
    zoom.open_session("Other", identifier="KkMH")
    caller = Caller(zoom.base, {"Authorization": "Bearer hand-made-build-key"})
    assert caller("PATCH", "/v2/videosdk/sessions/KkMH/events", body).status == 202


@asynccontextmanager
async def connected(zoom: Emulator, **query: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    given = {"subscriptionId": zoom.ready["websocket_subscription_id"], "access_token": a_token(zoom)} | query
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(zoom.base.replace("http", "ws") + "/ws", params=given) as socket,
    ):
        yield socket


async def next_frame(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return json.loads((await socket.receive(timeout=5)).data)


async def is_closed(socket: aiohttp.ClientWebSocketResponse) -> bool:
    message = await socket.receive(timeout=5)
    return message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


@pytest.mark.parametrize("grant", [CLIENT_GRANT, ACCOUNT_GRANT])
def test_either_kind_of_token_gets_a_connection(zoom: Emulator, grant: bytes) -> None:
    async def play() -> None:
        async with connected(zoom, access_token=a_token(zoom, grant)) as socket:
            assert await next_frame(socket) == GREETING
            assert zoom.sockets.is_connected

    asyncio.run(play())
    eventually(lambda: not zoom.sockets.is_connected)
    assert [(received.path, received.status) for received in zoom.requests][-1] == ("/ws", 101)


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ({"access_token": "nonsense"}, "Invalid Token"),
        ({"access_token": ""}, "Invalid Token"),
        ({"subscriptionId": "another"}, "Invalid subscriptionId"),
        ({"subscriptionId": ""}, "Invalid subscriptionId"),
    ],
)
def test_a_wrong_token_or_subscription_is_refused_in_a_frame(
    zoom: Emulator, query: dict[str, str], content: str
) -> None:
    async def play() -> None:
        async with connected(zoom, **query) as socket:
            assert await next_frame(socket) == {"module": "build_connection", "success": False, "content": content}
            assert await is_closed(socket)

    asyncio.run(play())


def test_an_expired_token_is_refused(make_zoom: Callable[..., Emulator]) -> None:
    hours = iter([0, 0, 2, 2, 2, 2])
    zoom = make_zoom(clock=lambda: TEN_O_CLOCK + timedelta(hours=next(hours, 2)))
    token = a_token(zoom)
    eventually(lambda: next(hours, 2) == 2)

    async def play() -> None:
        async with connected(zoom, access_token=token) as socket:
            assert (await next_frame(socket))["content"] == "Invalid Token"

    asyncio.run(play())


def test_the_account_may_take_one_kind_of_token_alone(zoom: Emulator) -> None:
    zoom.sockets.grants = frozenset({GrantType.ACCOUNT})

    async def play() -> None:
        async with connected(zoom) as socket:
            assert (await next_frame(socket))["content"] == "Invalid Token"
        async with connected(zoom, access_token=a_token(zoom, ACCOUNT_GRANT)) as socket:
            assert await next_frame(socket) == GREETING

    asyncio.run(play())


def test_a_meetings_events_come_as_text_in_a_frame_and_a_sessions_do_not(zoom: Emulator) -> None:
    async def play() -> list[Any]:
        async with connected(zoom) as socket:
            await next_frame(socket)
            await asyncio.to_thread(call_into_the_session, zoom, "answer@room.example.com")
            await asyncio.to_thread(call_into_the_meeting, zoom, "decline@room.example.com")
            return [await next_frame(socket), await next_frame(socket)]

    frames = asyncio.run(play())
    meeting = VenueKey(Api.MEETING, zoom.ready["meeting_id"])
    assert [set(frame) for frame in frames] == [{"module", "success", "content"}] * 2
    assert [frame["module"] for frame in frames] == ["message", "message"]
    assert [json.loads(frame["content"]) for frame in frames] == [
        event.body for event in zoom.world.events if event.venue == meeting
    ]
    assert json.loads(frames[1]["content"])["event"] == "meeting.participant_room_system_callout_rejected"


def test_a_heartbeat_is_answered_and_other_words_are_not(zoom: Emulator) -> None:
    async def play() -> None:
        async with connected(zoom) as socket:
            await next_frame(socket)
            for text in ("", "nonsense", "[]", '{"module":"pulse"}'):
                await socket.send_str(text)
            await socket.send_bytes(b"\0")
            await socket.send_str('{"module": "heartbeat"}')
            assert await next_frame(socket) == {"module": "heartbeat", "success": True, "content": ""}

    asyncio.run(play())


def test_without_heartbeats_a_connection_is_closed(zoom: Emulator) -> None:
    assert zoom.sockets.beat_limit == timedelta(seconds=90)
    zoom.sockets.beat_limit = timedelta(seconds=0.5)

    async def play() -> float:
        clock = asyncio.get_running_loop()
        async with connected(zoom) as socket:
            await next_frame(socket)
            started = clock.time()
            for _ in range(3):
                await asyncio.sleep(0.3)
                await socket.send_str('{"module":"heartbeat"}')
                await next_frame(socket)
            assert await is_closed(socket)
            return clock.time() - started

    assert asyncio.run(play()) >= 1.2


def test_a_newer_connection_closes_the_older(zoom: Emulator) -> None:
    async def play() -> None:
        async with connected(zoom) as older:
            await next_frame(older)
            async with connected(zoom) as newer:
                assert await next_frame(newer) == GREETING
                assert await is_closed(older)
                await asyncio.to_thread(call_into_the_meeting, zoom, "fail-9@room.example.com")
                assert (await next_frame(newer))["module"] == "message"

    asyncio.run(play())


def test_events_without_a_connection_are_lost(zoom: Emulator) -> None:
    call_into_the_meeting(zoom, "fail-9@room.example.com")
    eventually(lambda: zoom.world.events)

    async def play() -> Any:
        async with connected(zoom) as socket:
            await next_frame(socket)
            await asyncio.to_thread(call_into_the_meeting, zoom, "fail-8@room.example.com")
            return await next_frame(socket)

    assert '"reason_type":8' in asyncio.run(play())["content"]


def test_a_connection_can_be_cut(zoom: Emulator) -> None:
    async def play() -> None:
        async with connected(zoom) as socket:
            await next_frame(socket)
            zoom.drop_websocket()
            message = await socket.receive(timeout=5)
            assert message.type in {aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSED}
            assert socket.close_code == 1006

    asyncio.run(play())
    zoom.drop_websocket()


def test_anything_but_a_websocket_is_a_400(zoom: Emulator) -> None:
    answer = Caller(zoom.base)("GET", "/ws?subscriptionId=x&access_token=y")
    assert answer.status == 400


def test_the_end_closes_the_connection(make_zoom: Callable[..., Emulator]) -> None:
    zoom = make_zoom()

    async def play() -> None:
        async with connected(zoom) as socket:
            await next_frame(socket)
            await asyncio.to_thread(zoom.close)
            assert await is_closed(socket)

    asyncio.run(play())
