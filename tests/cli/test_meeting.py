"""``meeting show``, and the rooms that this machine rang in ``session show``, against the local Zoom."""

import pytest
from shell import Shell

from zoomcall.domain.target import Api
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.world import VenueKey

SCOPE = "dashboard:read:list_meeting_participants:admin"
NO_SCOPE = f'{{"code":4711,"message":"Invalid access token, does not contain scopes:[{SCOPE}]."}}'


def rows_of(shell: Shell, *arguments: str, key: str = "participants") -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in shell(*arguments, "--json").json()["result"][key]}


def test_who_is_in_a_meeting_is_shown_and_what_this_machine_rang(shell: Shell, emulator: Emulator) -> None:
    number = emulator.ready["lobby_meeting_id"]
    into = ("--meeting", number, "--timeout", "2")
    assert shell("invite", "sip", "answer@a.example.com", *into, "--to-name", "A", "--timeout", "20").code == 0
    assert shell("invite", "sip", "lobby@b.example.com", *into).code == 27
    emulator.join(VenueKey(Api.MEETING, number), "Somebody's room")
    rows = rows_of(shell, "meeting", "show", number)
    rung = {name: row["rung"] for name, row in rows.items()}
    assert rung == {
        "Jill Chill": None,
        "A": {"call_id": 1, "protocol": "sip", "address": "answer@a.example.com"},
        "lobby": {"call_id": 2, "protocol": "sip", "address": "lobby@b.example.com"},
        "Somebody's room": None,
    }
    assert [name for name, row in rows.items() if row["is_waiting"]] == ["lobby"]
    head, *lines = shell("meeting", "show", number).stdout.split("\n\n")[1].splitlines()
    assert head.split("\t") == ["NAME", "DEVICE", "WHERE", "ADDRESS", "JOINED", "RUNG AS"]
    told = {line.split("\t")[0]: (line.split("\t")[2], line.split("\t")[5]) for line in lines}
    assert told["lobby"] == ("waiting room", "sip lobby@b.example.com (call 2)")
    assert told["Somebody's room"] == ("in", "-")


def test_a_room_that_was_hung_up_and_came_back_is_not_this_machines(shell: Shell, emulator: Emulator) -> None:
    number = emulator.ready["meeting_id"]
    ring = ("invite", "sip", "answer@a.example.com", "--meeting", number, "--to-name", "A")
    assert shell(*ring).code == 0
    assert shell("call", "hangup", "1").code == 0
    emulator.join(VenueKey(Api.MEETING, number), "A")
    assert rows_of(shell, "meeting", "show", number)["A"]["rung"] is None


def test_a_session_shows_what_this_machine_rang_into_it(shell: Shell, emulator: Emulator) -> None:
    assert shell("invite", "sip", "answer@a.example.com", "--to-name", "A").code == 0
    emulator.join(VenueKey(Api.SESSION, emulator.ready["session_id"]), "Somebody's room")
    rows = rows_of(shell, "session", "show", key="users")
    assert rows["A"]["rung"] == {"call_id": 1, "protocol": "sip", "address": "answer@a.example.com"}
    assert rows["Somebody's room"]["rung"] is None
    assert "sip answer@a.example.com (call 1)" in shell("session", "show").stdout


@pytest.mark.parametrize("form", ["{0}{1}", "{0} {1}", "{0}-{1}", "https://zoom.us/j/{0}{1}?pwd=abc"])
def test_a_meeting_is_named_as_for_an_invite(shell: Shell, emulator: Emulator, form: str) -> None:
    number = emulator.ready["meeting_id"]
    text = form.format(number[:3], number[3:])
    asked = shell("meeting", "show", text, "--json")
    assert (asked.code, asked.json()["result"]["meeting"]) == (0, {"number": number})
    by_variable = shell("meeting", "show", "--json", environ={"ZOOMCALL_MEETING": number})
    assert by_variable.json()["result"]["meeting"] == {"number": number}


def test_without_the_scope_it_is_exit_5_and_the_scope_is_named(shell: Shell, emulator: Emulator) -> None:
    emulator.add_fault(Fault(method="GET", path_part="participants", reply=Reply(400, NO_SCOPE.encode()), times=10))
    result = shell("meeting", "show", emulator.ready["meeting_id"], "--json")
    causes = result.json()["error"]["causes"]
    assert (result.code, causes[0]["id"]) == (5, "scope-missing")
    assert SCOPE in str(causes[0])


@pytest.mark.parametrize(("text", "code"), [("12345678901", 6), ("room", 2), ("", 2), (None, 2)])
def test_a_meeting_that_is_not_there_or_not_named_is_told(shell: Shell, text: str | None, code: int) -> None:
    result = shell("meeting", "show", *(() if text is None else (text,)), "--json")
    assert result.code == code


def test_an_unreadable_journal_does_not_hide_who_is_in(shell: Shell, emulator: Emulator) -> None:
    state = shell.folder / "no-state"
    state.write_text("a file where the folder should be")
    emulator.join(VenueKey(Api.MEETING, emulator.ready["meeting_id"]), "Room")
    environ = {"ZOOMCALL_STATE_DIR": str(state)}
    result = shell("meeting", "show", emulator.ready["meeting_id"], "-v", environ=environ)
    assert result.code == 0
    assert "Room\tH.323/SIP\tin" in result.stdout
    assert "is not known" in result.stderr
