"""``call``: what this machine has dialled, how it ended, and hanging up, against the local Zoom."""

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from emulator.hand_made import eventually
from shell import Shell

from zoomcall.domain.target import Api
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import Attendee, VenueKey
from zoomcall.usecases.dialing import polling
from zoomcall.usecases.dialing.polling import Polls, Rhythm

NO_LOG = Fault(
    method="GET",
    path_part="webhook_logs",
    reply=Reply(404, b'{"code":1401,"message":"No Video SDK app created by this account."}'),
    times=1000,
)


SLOWLY = pytest.mark.parametrize("emulator", [0.6], indirect=True)
"""So that three seconds lie between a call and who comes by it: Zoom's times are whole seconds."""


@pytest.fixture
def session(emulator: Emulator) -> VenueKey:
    return VenueKey(Api.SESSION, emulator.ready["session_id"])


def ring(shell: Shell, address: str, *flags: str, code: int = 0) -> None:
    """Ring a room and leave it at Zoom's 202, or wait if the flags say so."""
    waits = () if "--wait" in flags else ("--no-wait",)
    assert shell("invite", "sip", address, *waits, *flags).code == code


def place_of(shell: Shell, *arguments: str) -> dict[str, object]:
    result: dict[str, object] = shell("call", "status", *arguments, "--json").json()["result"]["now"]
    return result


def room_in(emulator: Emulator, key: VenueKey, name: str) -> Attendee:
    venue = emulator.world.venue(key)
    assert venue is not None
    [room] = [attendee for attendee in venue.present if attendee.name == name]
    return room


@pytest.fixture
def meeting(emulator: Emulator) -> VenueKey:
    return VenueKey(Api.MEETING, emulator.ready["meeting_id"])


@pytest.fixture
def lobby(emulator: Emulator) -> VenueKey:
    return VenueKey(Api.MEETING, emulator.ready["lobby_meeting_id"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    rhythm = Rhythm(first=timedelta(seconds=0.02), early=timedelta(seconds=0.03), interval=timedelta(seconds=0.06))
    monkeypatch.setattr(polling, "Polls", partial(Polls, rhythm=rhythm))


def names_in(emulator: Emulator, key: VenueKey) -> list[str]:
    venue = emulator.world.venue(key)
    assert venue is not None
    return [attendee.name for attendee in venue.present]


def call_of(shell: Shell, *arguments: str) -> dict[str, object]:
    result: dict[str, object] = shell("call", "status", *arguments, "--json").json()["result"]["call"]
    return result


# list


def test_a_machine_that_has_dialled_nothing_says_so(shell: Shell) -> None:
    assert shell("call", "list").stdout == "No calls were dialled from this machine.\n"
    assert shell("call", "list", "--json").json()["result"] == {"calls": []}
    result = shell("call", "status")
    assert (result.code, result.stdout) == (2, "")
    assert "no calls have been made from this machine" in result.stderr


def test_calls_are_listed_with_the_newest_first(shell: Shell) -> None:
    ring(shell, "decline@room.example.com", "--wait", code=20)
    ring(shell, "fail-9@room.example.com", "--wait", code=23)
    calls = shell("call", "list", "--json").json()["result"]["calls"]
    assert [(call["id"], call["state"]) for call in calls] == [(2, "failed"), (1, "declined")]
    assert calls[0]["reason"] == {"code": 9, "name": "unreachable"}
    assert calls[0]["evidence"] == {"source": "webhook-log", "match": "exact"}
    newest, *older = shell("call", "list").stdout.splitlines()[1:]
    assert newest.split("\t")[0] == "2"
    assert "failed (9 unreachable)" in newest
    assert len(older) == 1
    [only] = shell("call", "list", "--limit", "1", "--json").json()["result"]["calls"]
    assert only["id"] == 2
    assert shell("call", "list", "--limit", "0").code == 2


def test_listing_asks_nobody(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "answer@room.example.com")
    asked = len(emulator.requests)
    shell("call", "list")
    assert len(emulator.requests) == asked


# status


@pytest.mark.parametrize(
    ("user", "state", "reason"),
    [("decline", "declined", None), ("no-answer", "missed", None), ("fail-6", "failed", 6)],
)
def test_an_open_call_is_settled_by_the_log(
    shell: Shell, emulator: Emulator, user: str, state: str, reason: int | None
) -> None:
    ring(shell, f"{user}@room.example.com")
    assert shell("call", "list", "--json").json()["result"]["calls"][0]["state"] == "accepted"
    call = eventually(lambda: seen if (seen := call_of(shell))["state"] == state else None)
    assert call["evidence"] == {"source": "webhook-log", "match": "exact"}
    assert (call["reason"] or {"code": None})["code"] == reason
    asked = len(emulator.requests)
    assert call_of(shell) == call | {"settled_at": call_of(shell)["settled_at"]}
    assert len(emulator.requests) == asked, "what is settled is not asked for again"


@SLOWLY
def test_where_the_log_cannot_be_read_the_roster_tells_who_came(shell: Shell, emulator: Emulator) -> None:
    emulator.add_fault(NO_LOG)
    ring(shell, "slow-answer@room.example.com", "--to-name", "Board room")
    call = eventually(lambda: seen if (seen := call_of(shell))["state"] == "joined" else None)
    assert call["evidence"] == {"source": "roster", "match": "exact"}
    assert call["participant_uuid"]


def test_who_was_in_before_the_call_did_not_come_by_it(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    emulator.join(session, "Board room")
    ring(shell, "fail-9@room.example.com", "--to-name", "Board room", "--force")
    assert call_of(shell)["state"] != "joined"


@SLOWLY
def test_a_stranger_who_came_since_is_not_the_room(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    emulator.add_fault(NO_LOG)
    ring(shell, "no-answer@room.example.com", "--to-name", "Board room")
    time.sleep(2.1)  # who joins within a second of the call is left out for that alone
    emulator.join(session, "Codec of somebody else")
    result = shell("call", "status", "--json")
    assert result.json()["result"]["call"]["state"] == "accepted"
    assert [warning["id"] for warning in result.json()["warnings"]] == ["not-looked-up"]
    text = shell("call", "status")
    assert "No evidence of the outcome" in text.stdout
    assert "No Video SDK app" in text.stderr


@SLOWLY
def test_a_call_into_a_meeting_is_settled_by_who_is_in(shell: Shell, emulator: Emulator) -> None:
    meeting = emulator.ready["meeting_id"]
    ring(shell, "slow-answer@room.example.com", "--meeting", meeting, "--to-name", "Board room")
    call = eventually(lambda: seen if (seen := call_of(shell))["state"] == "joined" else None)
    assert call["target"] == {"kind": "meeting", "id": meeting, "name": None}
    assert call["evidence"] == {"source": "roster", "match": "exact"}


def test_offline_nobody_is_asked(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "decline@room.example.com")
    asked = len(emulator.requests)
    assert call_of(shell, "--offline")["state"] == "accepted"
    assert len(emulator.requests) == asked


def test_without_a_credential_a_call_is_shown_as_it_was_left(shell: Shell) -> None:
    ring(shell, "decline@room.example.com")
    gone = {"ZOOMCALL_API_KEY": None, "ZOOMCALL_API_SECRET": None}
    result = shell("call", "status", "--json", environ=gone)
    assert (result.code, result.json()["result"]["call"]["state"]) == (0, "accepted")
    assert "not-looked-up" in [warning["id"] for warning in result.json()["warnings"]]


@pytest.mark.parametrize("name", ["1", " 1", "room@example.com", "ROOM@Example.COM", "sip:room@example.com"])
def test_a_call_is_found_by_its_id_and_by_its_address(shell: Shell, name: str) -> None:
    ring(shell, "room@example.com")
    ring(shell, "decline@room.example.com")
    assert call_of(shell, name, "--offline")["id"] == 1


def test_an_address_stands_for_the_newest_call_to_it(shell: Shell) -> None:
    for _ in range(2):
        ring(shell, "decline@room.example.com", "--force")
    assert call_of(shell, "decline@room.example.com", "--offline")["id"] == 2


@pytest.mark.parametrize("name", ["3", "0", "-1", "other@example.com", "", "no call", "9" * 5000])
@pytest.mark.parametrize("command", ["status", "hangup"])
def test_an_unknown_call_is_exit_2(shell: Shell, emulator: Emulator, command: str, name: str) -> None:
    ring(shell, "decline@room.example.com")
    asked = len(emulator.requests)
    result = shell("call", command, "--", name)
    assert (result.code, result.stdout) == (2, "")
    assert "call list" in result.stderr
    assert len(result.stderr) < 1000
    assert len(emulator.requests) == asked


# where the room is now


def test_a_room_that_joined_is_in_since_it_came(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board room")
    joined = room_in(emulator, session, "Board room").joined_at
    since = joined.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    assert place_of(shell) == {"state": "in", "since": since, "why": None}
    assert f"now: in the session since {since}" in shell("call", "status").stdout


def test_a_room_that_left_by_itself_has_left_and_nobody_says_when(
    shell: Shell, emulator: Emulator, session: VenueKey
) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board room")
    emulator.leave(session, room_in(emulator, session, "Board room"))
    assert place_of(shell) == {"state": "left", "since": None, "why": "on its own, or removed by somebody else"}
    assert call_of(shell)["state"] == "joined", "that is what became of the call"
    assert "now: left (on its own, or removed by somebody else)" in shell("call", "status").stdout


def test_a_room_that_was_hung_up_has_left_then_and_nobody_is_asked(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "answer@room.example.com", "--wait")
    assert shell("call", "hangup", "1").code == 0
    asked = len(emulator.requests)
    place = place_of(shell)
    assert (place["state"], place["why"]) == ("left", "hung up from this machine")
    assert place["since"] == call_of(shell)["removed_at"]
    assert len(emulator.requests) == asked


@pytest.mark.parametrize("key", ["session", "meeting"])
def test_after_the_end_zoom_says_when_a_room_left(
    shell: Shell, emulator: Emulator, request: pytest.FixtureRequest, key: str
) -> None:
    venue: VenueKey = request.getfixturevalue(key)
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board", f"--{key}", venue.identifier)
    emulator.leave(venue, room_in(emulator, venue, "Board"))
    emulator.end(venue)
    place = place_of(shell)
    assert (place["state"], place["why"]) == ("left", f"the {key} has ended")
    assert place["since"] is not None


def test_a_room_in_the_waiting_room_is_said_to_be_there(shell: Shell, lobby: VenueKey) -> None:
    ring(shell, "lobby@room.example.com", "--meeting", lobby.identifier, "--wait", "--timeout", "2", code=27)
    place = place_of(shell)
    assert (place["state"], place["why"]) == ("in", "it is in the waiting room: a host must admit it")
    assert "now: in the waiting room since" in shell("call", "status").stdout
    assert shell("call", "status", "--exit-code").code == 27


def test_a_room_that_left_the_waiting_room_has_only_answered(
    shell: Shell, emulator: Emulator, lobby: VenueKey
) -> None:
    into = ("--meeting", lobby.identifier, "--to-name", "Board")
    ring(shell, "lobby@room.example.com", *into, "--wait", "--timeout", "2", code=27)
    emulator.leave(lobby, room_in(emulator, lobby, "Board"))
    result = shell("call", "status", "--exit-code", "--json")
    assert (result.code, result.json()["result"]["call"]["state"]) == (8, "answered")
    assert result.json()["result"]["now"]["state"] == "left"


@pytest.mark.parametrize(
    ("address", "code", "why"),
    [("decline@room.example.com", 20, "declined"), ("noop@room.example.com", 7, "noop")],
)
def test_a_call_that_brought_nobody_in_does_not_tell_where_the_room_is(
    shell: Shell, address: str, code: int, why: str
) -> None:
    ring(shell, address, "--wait", code=code)
    place = place_of(shell)
    assert place == {"state": "unknown", "since": None, "why": f"this call did not bring it in ({why})"}


def test_offline_nobody_knows_where_the_room_is(shell: Shell) -> None:
    ring(shell, "answer@room.example.com", "--wait")
    assert place_of(shell, "--offline")["state"] == "unknown"
    assert "--offline" in str(place_of(shell, "--offline")["why"])


def test_without_the_scope_it_is_not_known_who_is_in_and_the_scope_is_named(
    shell: Shell, emulator: Emulator, meeting: VenueKey
) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--meeting", meeting.identifier)
    refusal = b'{"code":4711,"message":"Invalid access token, does not contain scopes:[dashboard:read:admin]."}'
    emulator.add_fault(Fault(method="GET", path_part="participants", reply=Reply(400, refusal), times=1000))
    place = place_of(shell)
    assert place["state"] == "unknown"
    assert "dashboard:read:admin" in str(place["why"])


@pytest.mark.parametrize(
    ("address", "code"),
    [("answer", 0), ("decline", 20), ("no-answer", 21), ("fail-9", 23), ("fail-12", 24), ("noop", 7)],
)
def test_with_exit_code_the_status_ends_as_the_invite_did(shell: Shell, address: str, code: int) -> None:
    ring(shell, f"{address}@room.example.com", "--wait", code=code)
    assert shell("call", "status").code == 0
    result = shell("call", "status", "--exit-code", "--json")
    assert (result.code, result.json()["ok"]) == (code, code == 0)


def test_with_exit_code_a_refused_call_is_explained_by_its_http_status(shell: Shell, emulator: Emulator) -> None:
    refused = Reply(400, b'{"code":300,"message":"Request body is wrong."}')
    emulator.add_fault(Fault(method="PATCH", path_part="events", reply=refused))
    ring(shell, "answer@room.example.com", code=13)
    result = shell("call", "status", "--exit-code", "--json")
    assert (result.code, result.json()["error"]["kind"]) == (13, "rejected")
    assert result.json()["error"]["causes"]


def test_with_exit_code_an_open_call_is_pending_and_says_how_to_go_on(shell: Shell) -> None:
    ring(shell, "no-answer@room.example.com")
    result = shell("call", "status", "--exit-code", "--json", "--offline")
    assert result.code == 8
    [cause] = result.json()["error"]["causes"]
    assert (cause["id"], cause["command"]) == ("outcome-unproven", "zoomcall call wait 1")
    assert "zoomcall session show" in cause["fix"]


# wait


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("address", "code", "state"),
    [("slow-answer", 0, "joined"), ("decline", 20, "declined"), ("no-answer", 21, "missed")],
)
def test_an_open_call_is_watched_until_it_is_settled(shell: Shell, address: str, code: int, state: str) -> None:
    ring(shell, f"{address}@room.example.com", "--to-name", "Board room")
    result = shell("call", "wait", "--timeout", "20", "--json")
    document = result.json()
    assert (result.code, document["schema"]) == (code, "zoomcall.call.wait/1")
    assert document["result"]["call"]["state"] == state
    assert document["result"]["now"]["state"] == ("in" if state == "joined" else "unknown")
    assert shell("call", "list", "--json").json()["result"]["calls"][0]["state"] == state


@pytest.mark.usefixtures("quick")
def test_a_room_that_was_waited_for_can_be_hung_up(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    before = names_in(emulator, session)
    ring(shell, "slow-answer@room.example.com")
    assert shell("call", "wait", "--timeout", "20").code == 0
    assert shell("call", "hangup", "1").code == 0
    assert names_in(emulator, session) == before


@pytest.mark.usefixtures("quick")
def test_a_room_in_the_waiting_room_is_watched_until_a_host_admits_it(
    shell: Shell, emulator: Emulator, lobby: VenueKey
) -> None:
    into = ("--meeting", lobby.identifier, "--to-name", "Board")
    ring(shell, "lobby@room.example.com", *into, "--wait", "--timeout", "0.5", code=27)
    assert shell("call", "wait", "--timeout", "0.3").code == 27
    admitting = threading.Timer(0.5, lambda: emulator.admit(lobby, room_in(emulator, lobby, "Board")))
    admitting.start()
    result = shell("call", "wait", "1", "--timeout", "20", "--json")
    admitting.join()
    assert (result.code, result.json()["result"]["call"]["state"]) == (0, "joined")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("emulator", [100], indirect=True)
def test_a_call_that_stays_open_is_pending_after_the_timeout(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "no-answer@room.example.com")
    begun = time.monotonic()
    result = shell("call", "wait", "--timeout", "0.3", "--json")
    assert time.monotonic() - begun < 60
    assert (result.code, result.json()["result"]["call"]["state"]) == (8, "accepted")
    assert not any(
        received.request.method == "PATCH"
        for received in emulator.requests[2:]
        if b"remove" in received.request.body
    )


@pytest.mark.usefixtures("quick")
def test_a_settled_call_is_not_watched(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "decline@room.example.com", "--wait", code=20)
    asked = len(emulator.requests)
    assert shell("call", "wait").code == 20
    assert len(emulator.requests) == asked


def test_a_session_that_has_ended_is_not_watched(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    ring(shell, "no-answer@room.example.com")
    emulator.add_fault(NO_LOG)
    emulator.end(session)
    begun = time.monotonic()
    result = shell("call", "wait", "--timeout", "60", "--json")
    assert result.code == 8
    assert "has ended" in result.json()["result"]["now"]["why"]
    assert time.monotonic() - begun < 50


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("emulator", [100], indirect=True)
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_leaves_the_call_open(shell: Shell) -> None:
    ring(shell, "no-answer@room.example.com")
    ringing = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    ringing.start()
    try:
        result = shell("call", "wait", "--timeout", "60", "--json")
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert (result.code, result.json()["result"]["call"]["state"]) == (130, "accepted")
    assert "stays open" in result.json()["error"]["title"]
    assert call_of(shell, "--offline")["state"] == "accepted"


def test_what_zoom_does_not_have_for_meetings_cannot_be_waited_for(shell: Shell, meeting: VenueKey) -> None:
    ring(shell, "no-answer@room.example.com", "--meeting", meeting.identifier)
    assert shell("call", "wait", "--evidence", "webhook-log").code == 2
    assert shell("call", "wait", "--timeout", "never").code == 2
    assert shell("call", "wait", "--evidence", "webhook").code == 2


@pytest.mark.parametrize("command", ["list", "status", "wait", "hangup"])
def test_an_unknown_profile_is_exit_3(shell: Shell, command: str) -> None:
    ring(shell, "decline@room.example.com", "--wait", code=20)
    arguments = () if command in {"list", "wait"} else ("1",)
    assert shell("call", command, *arguments, "-p", "nobody").code == 3


# hangup


def test_a_room_that_left_by_itself_is_not_hung_up_and_that_is_no_error(
    shell: Shell, emulator: Emulator, session: VenueKey
) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board room")
    emulator.leave(session, room_in(emulator, session, "Board room"))
    patches = [received for received in emulator.requests if received.request.method == "PATCH"]
    result = shell("call", "hangup", "1")
    assert result.code == 0
    assert result.stdout == "answer@room.example.com had left already; nothing was hung up (call 1)\n"
    document = shell("call", "hangup", "1", "--json").json()["result"]
    assert (document["removed"], document["calls"][0]["ending"]) == (False, "left")
    assert [each for each in emulator.requests if each.request.method == "PATCH"] == patches


def hung_up(result: Any) -> list[tuple[int, str | None, int]]:
    rows = result.json()["result"]["calls"]
    return [(row["call"]["id"], row["ending"], row["exit_code"]) for row in rows]


def test_several_calls_are_hung_up_and_the_first_failure_decides(
    shell: Shell, emulator: Emulator, session: VenueKey, meeting: VenueKey
) -> None:
    before = names_in(emulator, session)
    ring(shell, "answer@a.example.com", "--wait", "--to-name", "A")
    ring(shell, "answer@b.example.com", "--wait", "--to-name", "B", "--meeting", meeting.identifier)
    ring(shell, "decline@c.example.com", "--wait", code=20)
    result = shell("call", "hangup", "1", "answer@b.example.com", "1", "3", "--json")
    assert hung_up(result) == [(1, "removed", 0), (2, "removed", 0), (3, None, 2)]
    assert (result.code, result.json()["result"]["removed"]) == (2, False)
    assert "is over (declined)" in result.json()["error"]["title"]
    assert names_in(emulator, session) == before
    assert "B" not in names_in(emulator, meeting)
    again = shell("call", "hangup", "1", "2", "--json")
    assert hung_up(again) == [(1, "removed-before", 0), (2, "removed-before", 0)]
    assert (again.code, again.json()["result"]["removed"]) == (0, True)


@pytest.mark.usefixtures("quick")
def test_all_rooms_of_this_machine_are_hung_up_and_nobody_else(
    shell: Shell, emulator: Emulator, lobby: VenueKey, meeting: VenueKey
) -> None:
    emulator.join(lobby, "Somebody's room")
    into = ("--meeting", lobby.identifier)
    ring(shell, "answer@a.example.com", *into, "--wait", "--to-name", "A")
    ring(shell, "lobby@b.example.com", *into, "--wait", "--to-name", "B", "--timeout", "2", code=27)
    ring(shell, "lobby@c.example.com", *into, "--wait", "--to-name", "C", "--timeout", "2", code=27)
    emulator.leave(lobby, room_in(emulator, lobby, "C"))
    ring(shell, "decline@d.example.com", *into)
    ring(shell, "answer@e.example.com", "--meeting", meeting.identifier, "--wait", "--to-name", "E")
    spaced = f"{lobby.identifier[:3]} {lobby.identifier[3:]}"
    result = shell("call", "hangup", "--all", "--meeting", spaced, "--json")
    rows = hung_up(result)
    assert {row for row in rows if row[1] is not None} == {(1, "removed", 0), (2, "removed", 0)}
    assert "Somebody's room" in names_in(emulator, lobby)
    assert not {"A", "B"} & set(names_in(emulator, lobby))
    assert "E" in names_in(emulator, meeting)


def test_all_of_nobody_is_exit_0(shell: Shell, session: VenueKey) -> None:
    result = shell("call", "hangup", "--all")
    assert (result.code, result.stdout) == (0, f"No room of this machine is in session {session.identifier}.\n")
    document = shell("call", "hangup", "--all", "--json").json()["result"]
    assert document == {"call": None, "removed": False, "calls": []}


@pytest.mark.parametrize("emulator", [100], indirect=True)
def test_all_tells_of_a_room_that_may_still_join(shell: Shell) -> None:
    ring(shell, "no-answer@room.example.com")
    result = shell("call", "hangup", "--all", "--json")
    assert (result.code, hung_up(result)) == (8, [(1, None, 8)])
    assert "may still ring" in result.json()["error"]["title"]


@pytest.mark.parametrize(
    "arguments", [(), ("1", "--all"), ("1", "--session", "abc=="), ("--session", "abc==")], ids=str
)
def test_what_is_to_be_hung_up_is_said_once(shell: Shell, emulator: Emulator, arguments: tuple[str, ...]) -> None:
    ring(shell, "answer@room.example.com", "--wait")
    asked = len(emulator.requests)
    assert shell("call", "hangup", *arguments).code == 2
    assert len(emulator.requests) == asked


def test_zooms_refusal_to_remove_is_told_with_its_code(shell: Shell, emulator: Emulator, meeting: VenueKey) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--meeting", meeting.identifier)
    refusal = Reply(400, b'{"code":300,"message":"No permission."}')
    emulator.add_fault(Fault(method="PATCH", path_part="events", reply=refusal))
    result = shell("call", "hangup", "1", "--json")
    assert (result.code, result.json()["error"]["zoom_code"]) == (5, 300)
    assert "No permission." in result.json()["error"]["title"]
    assert call_of(shell, "--offline")["removed_at"] is None


def test_a_room_that_joined_is_removed_and_nobody_else(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    before = names_in(emulator, session)
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board room")
    assert names_in(emulator, session) == [*before, "Board room"]
    result = shell("call", "hangup", "answer@room.example.com")
    assert (result.code, result.stdout) == (0, "answer@room.example.com was hung up (call 1)\n")
    assert names_in(emulator, session) == before
    assert call_of(shell)["removed_at"] is not None
    assert "hung up" in shell("call", "list").stdout


@pytest.mark.parametrize("emulator", [0.5], indirect=True)
def test_a_late_joiner_that_was_removed_is_not_said_to_ring(
    shell: Shell, emulator: Emulator, session: VenueKey
) -> None:
    before = names_in(emulator, session)
    result = shell(
        "invite",
        "sip",
        "slow-answer@room.example.com",
        "--timeout",
        "0.2",
        "--on-timeout",
        "remove",
        "--evidence",
        "roster",
    )
    assert result.code == 8
    assert "The room joined late and was removed; nothing is ringing now." in result.stderr
    assert "may be ringing" not in result.stderr
    assert "Look at the room" not in result.stderr
    assert "fix: Nothing is left to do" in result.stderr
    assert names_in(emulator, session) == before


@pytest.mark.parametrize("emulator", [100], indirect=True)
@pytest.mark.parametrize("key", ["session", "meeting"])
def test_a_pending_invite_names_its_call_and_the_command_that_shows_who_is_in(
    shell: Shell, request: pytest.FixtureRequest, key: str
) -> None:
    venue: VenueKey = request.getfixturevalue(key)
    into = (f"--{key}", venue.identifier, "--timeout", "0.2", "--evidence", "roster")
    result = shell("invite", "sip", "no-answer@room.example.com", *into, "--json")
    [cause] = result.json()["error"]["causes"]
    assert (result.code, cause["id"], cause["command"]) == (8, "outcome-unproven", "zoomcall call wait 1")
    assert f"`zoomcall {key} show {venue.identifier}`" in cause["fix"]


def test_hanging_up_twice_asks_zoom_once(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "answer@room.example.com", "--wait")
    assert shell("call", "hangup", "1").code == 0
    asked = len(emulator.requests)
    result = shell("call", "hangup", "1")
    assert (result.code, result.stdout) == (0, "answer@room.example.com was already hung up (call 1)\n")
    assert len(emulator.requests) == asked


@SLOWLY
@pytest.mark.parametrize("faults", [(), (NO_LOG,)], ids=["by its event", "by the roster"])
def test_a_room_that_joined_after_nobody_waited_is_hung_up(
    shell: Shell, emulator: Emulator, session: VenueKey, faults: tuple[Fault, ...]
) -> None:
    for fault in faults:
        emulator.add_fault(fault)
    ring(shell, "slow-answer@room.example.com", "--to-name", "Board room")
    eventually(lambda: "Board room" in names_in(emulator, session))
    eventually(lambda: shell("call", "hangup", "1").code == 0)
    assert "Board room" not in names_in(emulator, session)


def test_a_room_that_rings_cannot_be_hung_up(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "no-answer@room.example.com")
    result = shell("call", "hangup", "1", "--json")
    assert result.code == 2
    assert "cannot cancel ringing" in result.json()["error"]["title"]
    assert "user.remove" not in [str(received.request.body) for received in emulator.requests]


def test_a_room_in_a_meeting_is_hung_up(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--meeting", emulator.ready["meeting_id"])
    result = shell("call", "hangup", "1")
    assert (result.code, result.stderr) == (0, "")
    body = json.loads(emulator.requests[-1].request.body)
    assert body["method"] == "participant.remove"


def test_a_call_that_is_over_cannot_be_hung_up(shell: Shell) -> None:
    ring(shell, "decline@room.example.com", "--wait", code=20)
    result = shell("call", "hangup", "1")
    assert result.code == 2
    assert "is over (declined)" in result.stderr


def test_a_call_that_turns_out_to_be_over_cannot_be_hung_up(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "decline@room.example.com")
    eventually(lambda: any(event.name.endswith("rejected") for event in emulator.world.events))
    result = shell("call", "hangup", "1")
    assert result.code == 2
    assert "is over (declined)" in result.stderr


def test_of_two_rooms_that_look_alike_none_is_removed(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    ring(shell, "answer@room.example.com")
    eventually(lambda: any(event.name.endswith("accepted") for event in emulator.world.events))
    present = names_in(emulator, session)
    result = shell("call", "hangup", "1")
    assert result.code == 2
    assert "so nobody was removed" in result.stderr
    assert names_in(emulator, session) == present


def test_a_session_that_has_ended_has_nobody_to_remove(shell: Shell, emulator: Emulator, session: VenueKey) -> None:
    ring(shell, "answer@room.example.com", "--wait", "--to-name", "Board room")
    emulator.end(session)
    assert shell("call", "hangup", "1").code == 6
    assert call_of(shell, "--offline")["removed_at"] is None


def test_a_call_of_another_zoom_is_left_alone(shell: Shell, emulator: Emulator) -> None:
    ring(shell, "answer@room.example.com", "--wait")
    with Emulator() as other:
        environ = {"ZOOMCALL_API_BASE": other.ready["api_base"], "ZOOMCALL_OAUTH_BASE": other.ready["oauth_base"]}
        result = shell("call", "hangup", "1", environ=environ)
        assert result.code == 2
        assert emulator.ready["api_base"] in result.stderr
        assert other.requests == []


def test_zooms_clock_counts_for_an_open_call(zoomcall: Shell) -> None:
    ahead = timedelta(minutes=4)
    with Emulator(time_scale=0.1, clock=lambda: datetime.now(UTC) + ahead) as zoom:
        ready = zoom.ready
        zoomcall.set(
            ZOOMCALL_API_BASE=ready["api_base"],
            ZOOMCALL_API_KEY=ready["api_key"],
            ZOOMCALL_API_SECRET=ready["api_secret"],
            ZOOMCALL_SESSION=ready["session_id"],
        )
        ring(zoomcall, "decline@room.example.com")
        eventually(lambda: call_of(zoomcall)["state"] == "declined")
