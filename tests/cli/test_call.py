"""``call``: what this machine has dialled, how it ended, and hanging up, against the local Zoom."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from emulator.hand_made import eventually
from shell import Shell

from zoomcall.domain.target import Api
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

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


# hangup


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
    assert names_in(emulator, session) == before


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
